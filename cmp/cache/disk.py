"""Answers on disk, one file each. Whatever is wrong with one, or with the directory, is the same as having none.

A file belongs to its user alone, is written beside its place and then renamed, and begins with a digest of the rest.
The directory is divided, so that its size is bounded by looking at a small part of it.
"""

import marshal
import os
import stat

from cmp import places

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.cache.question import Digests

#: Bytes of all answers together, and of one.
MOST = 128 << 20
MOST_OF_ONE = 4 << 20
#: Seconds after which a file that was never renamed was left behind by a process that is no more.
ABANDONED = 600

#: What an answer depends on besides its key, then what is written to stdout and to stderr.
Answer = tuple["Digests", bytes, str]


def directory(environ: "Mapping[str, str]") -> str:
    """Where answers are kept: MESHSPEC_CACHE, or where the user keeps caches. Empty where none are kept.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    chosen = environ.get("MESHSPEC_CACHE", "")
    if not chosen:
        home = environ.get("HOME", "")
        base = environ.get("XDG_CACHE_HOME", "") or (os.path.join(home, ".cache") if os.path.isdir(home) else "")
        chosen = os.path.join(base, "meshspec")
    return chosen if os.path.isabs(chosen) else ""


def is_off(environ: "Mapping[str, str]") -> bool:
    """Whether nothing is to be kept anywhere."""
    return environ.get("MESHSPEC_CACHE") == "off"


def get(top: str, key: str) -> Answer | None:
    """The answer of a key."""
    if not top:
        return None
    try:
        descriptor = os.open(_path(top, key), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            return None
        data = os.read(descriptor, min(about.st_size, MOST_OF_ONE))
        if data[:20] != places.digest(data[20:]):
            return None
        found_key, *answer = marshal.loads(data[20:])
        os.utime(descriptor)  # the longest unused go first
    except (OSError, ValueError, EOFError, TypeError):
        return None
    finally:
        os.close(descriptor)
    return tuple(answer) if found_key == key else None


def put(top: str, key: str, answer: "Answer") -> None:
    """Keep an answer, and let others go where there are too many."""
    body = marshal.dumps((key, *answer))
    data = places.digest(body) + body
    if not top or len(data) > MOST_OF_ONE:
        return
    path = _path(top, key)
    part = os.path.dirname(path)
    try:
        os.makedirs(top, 0o700, exist_ok=True)
        os.makedirs(part, 0o700, exist_ok=True)
        if os.stat(top).st_uid != os.geteuid():
            return  # where others may write, nobody's files are his own
        _write(os.path.join(part, f".{os.getpid()}"), path, data)
        _shrink(part, MOST // 16)
    except OSError:
        return


def _path(top: str, key: str) -> str:
    return os.path.join(top, key[0], key[1:])


def _write(beside: str, path: str, data: bytes) -> None:
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        os.rename(beside, path)
    except OSError:
        os.unlink(beside)
        raise


def _shrink(part: str, most: int) -> None:
    """Delete the longest unused answers of one part of the directory, down to three quarters of what it may hold."""
    with os.scandir(part) as entries:
        files = [(about.st_mtime, about.st_size, entry.path) for entry in entries if (about := _about(entry))]
    files.sort()
    for age, _, path in files:
        if os.path.basename(path).startswith(".") and age < files[-1][0] - ABANDONED:
            _delete(path)
    size = sum(one for _, one, _ in files)
    if size <= most:
        return
    for _, one, path in files:
        if size <= most * 3 // 4:
            break
        _delete(path)
        size -= one


def _about(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:  # another process has deleted it
        return None


def _delete(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
