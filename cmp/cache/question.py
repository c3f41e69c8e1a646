"""What an answer depends on, as a key: the program, the arguments, the environment, and every spec and platform file.

What else a render reads, such as a file of ``config``, is only known behind it, so it stands in the answer with its
digest, and an answer holds while all of these are the same.
"""

import os
import sys

from cmp import __version__, places

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The variables of Argo CD that a render reads. Those of the operator begin with MESHSPEC_ and are all taken.
VARIABLES = ("ARGOCD_APP_NAME", "ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PARAMETERS", "ARGOCD_APP_SOURCE_PATH")
#: These say where answers are kept, and change none.
APART = ("MESHSPEC_CACHE", "MESHSPEC_ENGINE")

Digests = tuple[tuple[str, bytes], ...]


class Question:
    """A call of ``generate``.

    Attributes:
        key: names everything that is known before the render.
        root: the repository root, an absolute path.
        files: the digests of the files in the key, by path.
    """

    __slots__ = ("files", "key", "root")

    def __init__(self, key: str, root: str, files: dict[str, bytes]) -> None:
        self.key = key
        self.root = root
        self.files = files


def question(values: dict[str, object], environ: "Mapping[str, str]") -> Question | None:
    """The question of a call; None where only a render can tell what is wrong with it.

    Args:
        values: the flags and the path, as ``options.parse`` gives them for GENERATE_FLAGS.
        environ: the environment of the caller.
    """
    source_path = environ.get("ARGOCD_APP_SOURCE_PATH", "") if "ARGOCD_APP_NAME" in environ else ""
    try:
        root, directory, specs, platforms = places.layout(str(values["path"]), source_path)
        above = None if platforms else places.platform_above(directory, root)
        files = {path: _digest(path, root) for path in (*specs, *platforms, *([above] if above else ()))}
    except (OSError, ValueError):
        return None
    flags = repr(sorted((key, value) for key, value in values.items() if key != "path"))
    given = [part for pair in variables(environ).items() for part in pair]
    parts = [program(), flags, *given, directory[len(root) :], repr(len(specs))]
    held = [part for path, digest in files.items() for part in (os.fsencode(path[len(root) :]), digest)]
    key = places.digest(_joined([*map(os.fsencode, parts), *held]))
    return Question(key.hex(), root, files)


def _joined(parts: list[bytes]) -> bytes:
    """The parts in one text, in which their borders cannot be mistaken."""
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)


def variables(environ: "Mapping[str, str]") -> dict[str, str]:
    """What a render may read of an environment, by name in order."""
    names = {name for name in environ if name.startswith("MESHSPEC_") and name not in APART}
    names.update(name for name in VARIABLES if name in environ)
    return {name: environ[name] for name in sorted(names)}


def _digest(path: str, root: str) -> bytes:
    """The digest of a file that a render would read.

    Raises:
        OSError: it would not.
    """
    if os.path.islink(path) and not places.is_inside(path, root):
        raise OSError
    data = places.contents(path)
    if data is None:
        raise OSError
    return places.digest(data)


def program() -> str:
    """This program and what it runs on. Another one may answer the same question in another way."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    beside = os.path.dirname(here)
    if os.path.basename(beside) in ("site-packages", "dist-packages"):
        stamps = _stamps(os.path.join(beside, name, "__init__.py") for name in ("cmp", "pydantic_core", "yaml"))
    else:  # somebody is working on it
        stamps = _stamps(
            os.path.join(base, name)
            for base, _, names in os.walk(here)
            for name in names
            if name.endswith((".py", ".json"))
        )
    return f"{__version__} {sys.version} {stamps}"


def _stamps(paths: "Iterable[str]") -> str:
    found = []
    for path in paths:
        try:
            about = os.stat(path)
        except OSError:
            continue
        found.append((path, about.st_mtime_ns, about.st_size))
    return repr(sorted(found))


def remembered(asked: Question, journal: dict[str, bytes]) -> Digests | None:
    """What an answer depends on besides its key; None where a file of the key was changed while it was rendered."""
    if any(journal.get(path, digest) != digest for path, digest in asked.files.items()):
        return None
    inside = asked.root.rstrip(os.sep) + os.sep
    rest = ((path, digest) for path, digest in journal.items() if path not in asked.files)
    return tuple((path[len(inside) :] if path.startswith(inside) else path, digest) for path, digest in rest)


def holds(asked: Question, digests: Digests) -> bool:
    """Whether everything that an answer depends on is as it was."""
    try:
        return all(_is_same(asked.root, name, digest) for name, digest in digests)
    except (OSError, ValueError):
        return False


def _is_same(root: str, name: str, digest: bytes) -> bool:
    path = os.path.join(root, name)
    if name.endswith(os.sep):
        return places.names_below(path[:-1]) == digest
    if os.path.isabs(name):  # the operator's platform file
        data = places.contents(name)
        return data is not None and places.digest(data) == digest
    return places.is_inside(path, root) and _digest(path, root) == digest
