#!/usr/bin/env bash
# Make a directory with what the image python:3.13-slim has, as far as our Dockerfile needs it: for MESHSPEC_IMAGE_BASE of
# tests/contract/test_image.py. Needs root, debootstrap and Debian's packages.
#
# Not the same as that image: Python is Debian's, whose library is linked to where the image has it.
set -euo pipefail

root=${1:?usage: debian-root.sh DIRECTORY}
debootstrap --variant=minbase --include=python3,python3-venv,python3-pip trixie "$root"
rm -rf "$root/usr/local/lib/python3.13"
ln -s ../../lib/python3.13 "$root/usr/local/lib/python3.13"
ln -s ../../bin/python3.13 "$root/usr/local/bin/python"
ln -s ../../bin/pip3 "$root/usr/local/bin/pip"
