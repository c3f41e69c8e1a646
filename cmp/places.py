"""Where a render reads, found with ``os`` alone: a cached answer is looked up here before anything else is imported.

What is wrong with a path is said in ``files``; here it is an OSError. What is read can be written down, so that an
answer is given again only while all of it is the same.
"""

import os
import stat

#: Bytes of one file, where the operator says no other bound.
MAX_BYTES = 1 << 20
SPEC_NAME = "meshspec.yaml"
PLATFORM_NAME = "meshplatform.yaml"

#: What is read, by path: the digests of files, and of the names below directories. None while nobody writes it down.
_journal: dict[str, bytes] | None = None


def begin_journal() -> dict[str, bytes]:
    """Write down what is read from now on, in a dictionary of its own: contents by real path, names by ``path/``."""
    global _journal
    _journal = {}
    return _journal


def end_journal() -> None:
    """Write nothing down any more."""
    global _journal
    _journal = None


def digest(data: bytes, size: int = 20) -> bytes:
    """So many bytes that stand for some others."""
    try:
        from _blake2 import blake2b  # the same function, without loading OpenSSL for it
    except ImportError:  # pragma: no cover - another Python than CPython
        from hashlib import blake2b
    return blake2b(data, digest_size=size).digest()


def layout(path: str, source_path: str) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """What a render of ``path`` reads: root, directory, specs, platforms; see ``files.layout``.

    Raises:
        OSError: a directory cannot be read.
    """
    absolute = os.path.realpath(path)
    directory = absolute if os.path.isdir(absolute) else os.path.dirname(absolute)
    root = root_of(directory, source_path)
    if directory != absolute:
        return root, directory, (absolute,), ()
    found = found_below(directory)
    specs = tuple(file for file in found if is_spec(os.path.basename(file)))
    return root, directory, specs, tuple(file for file in found if os.path.basename(file) == PLATFORM_NAME)


def is_spec(name: str) -> bool:
    """Whether a file of this name is a spec: ``meshspec.yaml`` or ``*.meshspec.yaml``."""
    return name == SPEC_NAME or (name.endswith("." + SPEC_NAME) and not name.startswith("."))


def is_ours(name: str) -> bool:
    """Whether a file of this name is a spec or a platform."""
    return name == PLATFORM_NAME or is_spec(name)


def found_below(directory: str) -> list[str]:
    """The specs and platforms below a directory, sorted.

    Dotfiles, and directories behind symlinks, are left out, as Argo CD's directories do.

    Raises:
        OSError: one of the directories cannot be read.
    """
    found = []
    for base, directories, names in os.walk(directory, onerror=_refuse):
        directories[:] = [name for name in directories if not name.startswith(".")]
        found += [os.path.join(base, name) for name in names if is_ours(name)]
    return sorted(found)


def _refuse(error: OSError) -> None:  # else its services would vanish from the output, and then from the cluster
    raise error


def root_of(directory: str, source_path: str) -> str:
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


def is_inside(path: str, root: str) -> bool:
    """Whether a path leads to the root or below it, by symlinks too."""
    return is_below_root(os.path.realpath(path), root)


def is_below_root(real: str, root: str) -> bool:
    """Whether a real path is the root or below it."""
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def contents(path: str, real: str = "", most: int = MAX_BYTES) -> bytes | None:
    """The first ``most`` + 1 bytes of a file, whose real path may be known; None where it is not a regular one.

    Raises:
        OSError: it cannot be read.
    """
    # O_NONBLOCK: opening a FIFO that nobody writes to must not hang before fstat can refuse it
    descriptor = os.open(real or os.path.realpath(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        data = os.read(descriptor, min(about.st_size, most) + 1)
        while len(data) <= most and (part := os.read(descriptor, most + 1 - len(data))):
            data += part  # it grows, or is one of those whose size nobody knows
    finally:
        os.close(descriptor)
    if _journal is not None:
        _journal[path] = digest(data)
    return data


def names_below(directory: str) -> bytes:
    """A digest of the names below a directory, as ``found_below`` goes through it, whatever the files hold.

    Raises:
        OSError: one of the directories cannot be read.
    """
    names = []
    for base, directories, files in os.walk(directory, onerror=_refuse):
        directories[:] = [name for name in directories if not name.startswith(".")]
        names += [os.path.join(base, name) for name in files if not name.startswith(".")]
    relative = sorted(name[len(directory) :] for name in names)
    return digest(b"\0".join(map(os.fsencode, relative)))


def note_search(directory: str) -> None:
    """Write down that the names below a directory decide what is read."""
    if _journal is not None:
        try:
            names = names_below(directory)
        except OSError:
            names = b""  # which nothing is equal to
        _journal[directory.rstrip(os.sep) + os.sep] = names
