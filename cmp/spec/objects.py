"""Scalars that name objects, places in them, and files that hold them."""

from __future__ import annotations

import re

from cmp.spec.validators import refuse, shown


def kind_name(value: str) -> str:
    """A kind of object, such as ClusterIssuer."""
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]{0,62}", value):
        refuse(f"{shown(value)} is not a kind", "an upper-case letter, then letters and digits: ClusterIssuer")
    return value


def metric_name(value: str) -> str:
    """The name of a metric, which becomes a part of a path (apimachinery path.IsValidPathSegmentName)."""
    if value in ("", ".", "..") or re.search("[/%]", value):
        refuse(f"{shown(value)} is not the name of a metric", "a name without / and %")
    return value


def api_version(value: str) -> str:
    """The group and version of a kind, or the version alone."""
    if not re.fullmatch(
        r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?v[1-9][0-9]{0,2}((alpha|beta)[1-9][0-9]{0,2})?", value
    ):
        refuse(f"{shown(value)} is not an apiVersion", "write group/version: networking.k8s.io/v1")
    return value


def object_name(value: str) -> str:
    """The name of an object, in which ``*`` stands for any text."""
    if not re.fullmatch(r"[A-Za-z0-9.:*_-]{1,253}", value):
        refuse(f"{shown(value)} is not the name of an object", "for example reviews-v1, or reviews-*")
    return value


def pointer(value: str) -> str:
    """A JSON Pointer to something inside an object (https://www.rfc-editor.org/rfc/rfc6901)."""
    if not value.startswith("/"):
        refuse(f"{shown(value)} does not begin with a slash", f"write /{value.strip('.').replace('.', '/')}")
    if re.search("~(?![01])", value):
        refuse(f'{shown(value)} has a "~" that is no escape', "write ~0 for ~ and ~1 for /")
    return value


def file_name(value: str) -> str:
    """A file of the repository, relative to the file that names it. Whether it is there is seen when it is read."""
    if not value or not value.isprintable() or value.startswith(("/", "~")) or value.endswith("/"):
        refuse(f"{shown(value)} is not a file", "a path relative to the file that names it, for example app.yaml")
    return value


def file_pattern(value: str) -> str:
    """Files of the repository, relative to the file that names them: ``*`` is any text, ``**`` any directories."""
    file_name(value)
    if any("**" in step and step != "**" for step in value.split("/")):
        refuse(f'in {shown(value)} "**" is only a part of a step', "it stands alone, for any directories: a/**/b.yaml")
    return value
