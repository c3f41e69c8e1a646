"""Which applications paths hold, each as Argo CD would render it: for itself."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cmp import files, places
from cmp.environment import Environment
from cmp.many.call import CallError
from cmp.pipeline import platform_of_layout


class Settings(NamedTuple):
    """What applications have in common.

    Attributes:
        root: the repository's root, an absolute path.
        environment: who renders them.
        cluster: the directory of the platform that they are below, or an empty string: there no two of them may write
            the same object.
        empty: whether they may have no objects.
    """

    root: str
    environment: Environment
    cluster: str = ""
    empty: bool = False


class Application(NamedTuple):
    """What is rendered as one.

    Attributes:
        name: its path below the root; of a spec file less what all such files are called. "." is the root.
        path: its directory, below the root.
        specs: the spec files, from that directory.
        platforms: the platform files, likewise.
        settings: what it shares with others.
    """

    name: str
    path: str
    specs: tuple[str, ...]
    platforms: tuple[str, ...]
    settings: Settings

    @property
    def layout(self) -> files.Layout:
        """The files of its render, as ``files.layout`` would find them."""
        root = self.settings.root
        directory = root if self.path == "." else os.path.join(root, self.path)
        specs, platforms = (tuple(os.path.join(directory, name) for name in names) for names in self[2:4])
        return files.Layout(root, directory, specs, platforms)


def applications(paths: Sequence[str], environment: Environment, search: bool) -> tuple[list[Application], list[str]]:
    """The applications of paths, and the paths as they are below the repository's root.

    Args:
        paths: directories and spec files.
        environment: who renders them.
        search: whether a directory may hold many applications, which are then in the order of their names; without it
            each path is one application, in the order in which they are given.

    Raises:
        SpecError: a path is not there or holds no spec, or a platform is broken.
        CallError: the paths are not of one repository.
    """
    layouts = [files.layout(path, environment.source_path) for path in paths]
    if len({where.root for where in layouts}) > 1:
        raise CallError("the paths are of several repositories", "render each repository by a call of its own")
    below = [_below(os.path.realpath(path), where.root) for path, where in zip(paths, layouts, strict=True)]
    found = [
        one
        for path, where in zip(below, layouts, strict=True)
        for one in _applications(path, where, environment, search)
    ]
    if search:
        found.sort(key=lambda one: one.name.split("/"))
    return list({one.name: one for one in found}.values()), sorted(set(below))


def _below(path: str, root: str) -> str:
    return path[len(root) :].strip(os.sep).replace(os.sep, "/") or "."  # both are real paths


def _applications(path: str, where: files.Layout, environment: Environment, search: bool) -> Iterator[Application]:
    above = None if where.platforms else places.platform_above(where.path, where.root)
    home = _below(os.path.dirname(above), where.root) if above is not None else ""
    if os.path.join(where.root, path) in where.specs:
        directory, _, name = path.rpartition("/")
        called = f"{directory}/{name.removesuffix(places.SPEC_NAME).rstrip('.')}".strip("/")
        yield Application(called or ".", directory or ".", (name,), (), Settings(where.root, environment, home))
    elif search:
        yield from _Search(where, environment).found(path, home)
    else:
        yield _Search(where, environment).whole(path, Settings(where.root, environment, home or path))


class _Entry(NamedTuple):
    """An entry of ``argocd.applications``: a directory, whether each spec in it is an application, and how."""

    path: str
    each: bool
    settings: Settings


class _Search:
    """The applications below one directory.

    Where a platform lists ``argocd.applications``, these are they, and the platform is one with all other specs below
    it. Elsewhere each directory with a spec is one, with all below it; a platform beside no spec is one of its own
    objects, if it has some.
    """

    def __init__(self, where: files.Layout, environment: Environment) -> None:
        self._where = where
        self._environment = environment
        self._shared: dict[str, Settings] = {}
        self._specs = [_below(path, where.root) for path in where.specs]
        self._platforms = [_below(path, where.root) for path in where.platforms]
        self._single = {_directory(one) for one in self._specs if one.rpartition("/")[2] == places.SPEC_NAME}

    def found(self, top: str, above: str) -> Iterator[Application]:
        """The applications at a directory and below it; ``above`` is the directory of the platform above, or empty."""
        own = {_directory(path) for path in self._platforms}
        entries = {home: self._entries(home) for home in sorted(own | {above} - {""})}
        loose: dict[str, str] = {}
        for spec in self._specs:
            home = next((one for one in _up(_directory(spec)) if one in entries), "")
            entry = next((one for one in entries.get(home, ()) if files.is_below(spec, [one.path])), None)
            if entry is not None:
                yield self._of_entry(entry, spec, top)
            elif home not in own or not entries[home]:  # else the platform's own application has it
                loose[_directory(spec)] = home
        tops = {one: home for one, home in loose.items() if not any(up in loose for up in _up(one)[1:])}
        for directory, home in tops.items():
            yield self.whole(directory, self._settings(home or directory))
        for home in sorted(own):
            if not any(one in tops for one in _up(home)):
                yield self._of_platform(home, entries[home])

    def whole(self, directory: str, settings: Settings) -> Application:
        """A directory with all below it."""
        specs, platforms = (self._inside(directory, names) for names in (self._specs, self._platforms))
        return Application(directory, directory, specs, platforms, settings)

    def _settings(self, home: str) -> Settings:
        """One object for all applications below a platform."""
        return self._shared.setdefault(home, Settings(self._where.root, self._environment, home))

    def _inside(self, directory: str, names: Sequence[str]) -> tuple[str, ...]:
        if directory == ".":
            return tuple(names)
        start, end = (bisect_left(names, f"{directory}{sign}") for sign in "/0")  # sorted, and "0" comes behind "/"
        found = tuple(name[len(directory) + 1 :] for name in names[start:end])
        return _ONE if found == _ONE else found  # one object for the thousands that hold just that

    def _of_entry(self, entry: _Entry, spec: str, top: str) -> Application:
        if not entry.each:  # one for all of them, or for what was asked of it
            return self.whole(top if files.is_below(top, [entry.path]) else entry.path, entry.settings)
        within = [one for one in _up(_directory(spec)) if one == entry.path or files.is_below(one, [entry.path])]
        return self.whole(next((one for one in within if one in self._single), within[0]), entry.settings)

    def _of_platform(self, home: str, entries: Sequence[_Entry]) -> Application:
        settings = self._settings(home)
        if not entries:
            return Application(home, home, (), (places.PLATFORM_NAME,), settings._replace(empty=True))
        found = self.whole(home, settings)
        below = tuple(entry.path for entry in entries)
        kept = (one for one in found.specs if not files.is_below(os.path.normpath(os.path.join(home, one)), below))
        return found._replace(specs=tuple(kept))

    def _entries(self, home: str) -> list[_Entry]:
        """What the platform of a directory lists as applications."""
        root, given = self._where.root, self._environment
        directory = os.path.normpath(os.path.join(root, home))
        where = files.Layout(root, directory, (), (os.path.join(directory, places.PLATFORM_NAME),))
        platform = platform_of_layout(where, given, {})
        spec = platform.spec.argocd if platform is not None else None
        found = []
        for name, one in sorted(spec.applications.items()) if spec is not None else ():
            environment = given._replace(
                namespace=given.namespace or one.namespace or name,
                name=given.name or one.environment or "",
                parameters={**one.parameters, **given.parameters},
            )
            found.append(_Entry(one.path, one.each is not False, Settings(root, environment, home)))
        return found


#: What most applications hold.
_ONE = (places.SPEC_NAME,)


def _directory(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _up(directory: str) -> list[str]:
    """A directory and those above it, up to the root."""
    steps = [] if directory == "." else directory.split("/")
    return ["/".join(steps[:count]) for count in range(len(steps), 0, -1)] + ["."]
