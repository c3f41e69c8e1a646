"""Finding and reading the files of a render, and none outside the repository but the one that the operator names.

The rules are Argo CD's: it unpacks a repository (or the part of it that manifest-generate-paths names) into a directory
of its own and runs the plugin in the application's path
(https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.limits import Used

SPEC_NAME = "meshspec.yaml"
PLATFORM_NAME = "meshplatform.yaml"
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
    directory = absolute if os.path.isdir(absolute) else os.path.dirname(absolute)
    root = _root(directory, source_path)
    if directory == absolute:
        found = sorted(_walk(directory, root))
        specs = tuple(file for file in found if _is_spec(os.path.basename(file)))
        platforms = tuple(file for file in found if os.path.basename(file) == PLATFORM_NAME)
    else:
        specs, platforms = (absolute,), ()
    if not specs and not platforms:
        shown = relative(absolute, root)
        raise SpecError(
            [
                Diagnostic(
                    "MS001",
                    f'no {SPEC_NAME} in "{shown}" or below it',
                    help=f"write {shown}/{SPEC_NAME} (or *.{SPEC_NAME}); dotfiles are ignored",
                )
            ]
        )
    return Layout(root, directory, specs, platforms)


def _is_spec(name: str) -> bool:
    return name == SPEC_NAME or (name.endswith("." + SPEC_NAME) and not name.startswith("."))


def _walk(directory: str, root: str) -> list[str]:
    """Files below a directory. Dotfiles, and directories behind symlinks, are left out, as Argo CD's directories do."""

    def refuse(error: OSError) -> None:  # else its services would vanish from the output, and then from the cluster
        place = Pos(relative(os.fsdecode(error.filename), root), 0, 0)
        raise SpecError([Diagnostic("MS002", f"cannot be read: {error.strerror}", place)])

    found = []
    for base, directories, names in os.walk(directory, onerror=refuse):
        directories[:] = [name for name in directories if not name.startswith(".")]
        found += [os.path.join(base, name) for name in names if _is_spec(name) or name == PLATFORM_NAME]
    return found


def _root(directory: str, source_path: str) -> str:
    """The repository root.

    Inside Argo CD the directory that it unpacked into (``_cmp_server/<uuid>``, cmpserver/plugin/plugin.go), also where
    the application's path is a link or only part of the repository was sent; else ``directory`` less the suffix that it
    shares with the source path; else the nearest parent with a .git.
    """
    unpacked = _unpacked(directory) if source_path else None
    if unpacked is not None:
        return unpacked
    parts = [part for part in source_path.split("/") if part not in ("", ".")]
    if parts:
        root, rest = directory, parts
        while rest and os.path.basename(root) == rest[-1]:
            root, rest = os.path.dirname(root), rest[:-1]
        return root
    if source_path:  # "." : the application is the root itself
        return directory
    at = directory
    while not os.path.exists(os.path.join(at, ".git")):
        parent = os.path.dirname(at)
        if parent == at:
            return directory
        at = parent
    return at


def _unpacked(directory: str) -> str | None:
    at = directory
    while (parent := os.path.dirname(at)) != at:
        if os.path.basename(parent) == "_cmp_server":
            return at
        at = parent
    return None


def platform_above(directory: str, root: str) -> str | None:
    """The nearest meshplatform.yaml from a directory up to the repository root, or None."""
    at = directory
    while True:
        candidate = os.path.join(at, PLATFORM_NAME)
        if os.path.lexists(candidate):
            return candidate
        if at == root or os.path.dirname(at) == at:
            return None
        at = os.path.dirname(at)


def relative(path: str, root: str) -> str:
    """A path as diagnostics show it: relative to the repository root, with forward slashes."""
    shown = os.path.relpath(path, root).replace(os.sep, "/")
    return _clean(shown)


def is_below(path: str, directories: Iterable[str]) -> bool:
    """Whether a path, relative to the root, lies in one of the directories; ``.`` is the root."""
    return any(directory == "." or path.startswith(f"{directory.rstrip('/')}/") for directory in directories)


def is_inside(path: str, root: str) -> bool:
    """Whether a path leads to the root or below it, by symlinks too."""
    real = os.path.realpath(path)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


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
    if not is_inside(path, root):
        raise SpecError(
            [Diagnostic("MS006", "leads outside the repository", shown, "copy the file into the repository")]
        )
    try:
        return _text(os.path.realpath(path), shown, encoding, used)
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


def _text(path: str, shown: Pos, encoding: str, used: Used) -> str:
    most = used.limits.file_bytes
    data = _read(path, most)
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


def _read(path: str, most: int) -> bytes | None:
    # O_NONBLOCK: opening a FIFO that nobody writes to must not hang before fstat can refuse it
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(most + 1)
    finally:
        os.close(descriptor)
