"""Finding and reading the files of a render, and none outside the repository but the one that the operator names.

The rules are Argo CD's: it unpacks a repository (or the part of it that manifest-generate-paths names) into a directory
of its own and runs the plugin in the application's path
(https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from cmp import places
from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.limits import Used
from cmp.places import PLATFORM_NAME, SPEC_NAME

#: What positions call the platform file of the operator: its real place is nobody's business.
MOUNTED_NAME = f"(mounted) {PLATFORM_NAME}"


class Layout(NamedTuple):
    """Where a render reads: absolute paths. ``specs`` and ``platforms`` are sorted; ``root`` bounds all reading."""

    root: str
    path: str
    specs: tuple[str, ...]
    platforms: tuple[str, ...]


def layout(path: str, source_path: str = "") -> Layout:
    """Find what a render of ``path`` reads.

    Args:
        path: the application's directory, or one spec file.
        source_path: the path inside the repository as Argo CD names it (ARGOCD_APP_SOURCE_PATH), or empty.

    Raises:
        SpecError: the path is not there, or holds no spec.
    """
    absolute = os.path.realpath(path)
    if not os.path.exists(absolute):
        raise SpecError(
            [
                Diagnostic(
                    "MS002", f'path "{_clean(path)}" does not exist', help="name the directory that holds meshspec.yaml"
                )
            ]
        )
    where = _layout(path, absolute, source_path)
    if not where.specs and not where.platforms:
        shown = relative(absolute, where.root)
        raise SpecError(
            [
                Diagnostic(
                    "MS001",
                    f'no {SPEC_NAME} in "{shown}" or below it',
                    help=f"write {shown}/{SPEC_NAME} (or *.{SPEC_NAME}); dotfiles are ignored",
                )
            ]
        )
    return where


def _layout(path: str, absolute: str, source_path: str) -> Layout:
    try:
        return Layout(*places.layout(path, source_path))
    except OSError as error:
        root = places.root_of(absolute, source_path)
        place = Pos(relative(os.fsdecode(error.filename), root), 0, 0)
        raise SpecError([Diagnostic("MS002", f"cannot be read: {error.strerror}", place)]) from None


def relative(path: str, root: str) -> str:
    """A path as diagnostics show it: relative to the repository root, with forward slashes."""
    shown = os.path.relpath(path, root).replace(os.sep, "/")
    return _clean(shown)


def is_below(path: str, directories: Iterable[str]) -> bool:
    """Whether a path, relative to the root, lies in one of the directories; ``.`` is the root."""
    return any(directory == "." or path.startswith(f"{directory.rstrip('/')}/") for directory in directories)


def _clean(path: str) -> str:
    # A name may hold line breaks and terminal codes, which could pass for lines of ours.
    return "".join(c if c.isprintable() else "?" for c in path)


def read_text(path: str, root: str, used: Used, encoding: str = "utf-8-sig") -> str:
    """The contents of one file of the repository; ``utf-8`` as the encoding keeps a byte order mark.

    Raises:
        SpecError: the file is outside the repository (also by a symlink), not a regular file, not readable, too large,
            or not UTF-8.
        LimitError: all files of the render are too many, or too large together.
    """
    shown = Pos(relative(path, root), 0, 0)
    real = os.path.realpath(path)
    if not places.is_below_root(real, root):
        raise SpecError(
            [Diagnostic("MS006", "leads outside the repository", shown, "copy the file into the repository")]
        )
    try:
        return _text(path, shown, encoding, used, real)
    except OSError as error:
        linked = "it is a link: what it leads to may not have been sent (manifest-generate-paths, tar exclusions)"
        help = linked if os.path.islink(path) else ""
        raise SpecError([Diagnostic("MS002", f"cannot be read: {error.strerror}", shown, help)]) from None


def read_mounted(path: str, used: Used) -> str:
    """The contents of the operator's platform file. It may be a link, as files of a mounted ConfigMap are.

    Raises:
        SpecError: it cannot be read: without its guard-rails nothing is rendered.
    """
    shown = Pos(MOUNTED_NAME, 0, 0)
    try:
        return _text(path, shown, "utf-8-sig", used)
    except OSError as error:
        help = "mount it where MESHSPEC_PLATFORM says, or take that variable from the container"
        raise SpecError([Diagnostic("MS267", f"cannot be read: {error.strerror}", shown, help)]) from None


def _text(path: str, shown: Pos, encoding: str, used: Used, real: str = "") -> str:
    most = used.limits.file_bytes
    data = places.contents(path, real, most)
    if data is None:
        raise SpecError([Diagnostic("MS002", "is not a regular file", shown, "replace it by a file")])
    if len(data) > most:
        raise SpecError([Diagnostic("MS005", f"is larger than {most} bytes", shown, "split the file")])
    used.file(len(data), shown)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        lines = (error.object[: error.start].decode() + "?").splitlines()  # columns count characters, and no BOM
        where = Pos(shown.file, len(lines), len(lines[-1]))
        raise SpecError([Diagnostic("MS003", "is not UTF-8", where, "save the file as UTF-8")]) from None
