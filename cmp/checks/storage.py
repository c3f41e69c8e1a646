"""Checks of what is mounted: files from the repository and volumes."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, every_version
from cmp.context.model import Context

#: Bytes of all values of a ConfigMap (validation.ValidateConfigMap).
MAX_CONFIG = 1 << 20
TMP = "/tmp"


def check_config(context: Context) -> Iterator[Finding]:
    """The files of a version fit into one ConfigMap."""
    for service, version, path in every_version(context):
        files = version.config.files if version.config is not None else ()
        size = sum(len(file.text.encode()) for file in files)
        if size > MAX_CONFIG:
            message = f"the files of config have {size} bytes; a ConfigMap holds {MAX_CONFIG}"
            yield Finding("MS005", service, (*path, "config"), message, "put large files into the image or a volume")


def check_mount_paths(context: Context) -> Iterator[Finding]:
    """Nothing is mounted twice at one path or below a file, and no file into a volume that cannot be written to.

    The runtime makes the place for a mount inside of what is mounted there already.
    """
    for service, version, path in every_version(context):
        volumes, files = version.spec.volumes, version.spec.config
        for place in files:
            at = (*path, "config", place)
            if place in volumes or place == TMP:
                yield Finding("MS207", service, at, f'"{place}" is a volume too', "choose another path", True)
        for place in (*files, *volumes):
            at = (*path, "config" if place in files else "volumes", place)
            for above in _above(place):
                if above in files:
                    message = f'"{above}" is a file, and "{place}" cannot be below it'
                    yield Finding("MS104", service, at, message, "mount it somewhere else", True)
                elif above in volumes and volumes[above].readOnly:
                    message = f'"{place}" cannot be mounted into the volume "{above}", which is read-only'
                    yield Finding("MS218", service, at, message, "mount it beside the volume", True)


def _above(path: str) -> Iterator[str]:
    while path.count("/") > 1:
        path = path.rpartition("/")[0]
        yield path
