"""A directory of outputs, one file for each application, which a run changes as a whole or not at all.

New contents are written beside the old ones first. Only when all is right are they renamed into their places, files of
applications that are gone removed, and the list of what is ours written: what we did not write is neither replaced nor
removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import NamedTuple

from cmp.files import is_below
from cmp.many.call import CallError
from cmp.many.spool import write_whole

#: The list of our files, in the directory itself.
LIST = ".meshspec-files.json"
_STAGED = ".meshspec-staged"


class Written(NamedTuple):
    """How many files a run has written, left as they were, and removed."""

    written: int
    unchanged: int
    removed: int

    def __str__(self) -> str:
        return f"{self.written} written, {self.unchanged} unchanged, {self.removed} removed"


class OutputDirectory:
    """Where the outputs of a run go. One run at a time: it is locked from ``__enter__`` to ``__exit__``."""

    def __init__(self, path: str, suffix: str) -> None:
        self.path = os.path.realpath(path)
        self._suffix = suffix
        self._names: Sequence[str] = ()
        self._known: dict[str, None] = {}
        self._lock = -1

    def __enter__(self) -> OutputDirectory:
        """Make and lock it.

        Raises:
            CallError: it cannot be used.
        """
        try:
            os.makedirs(self.path, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._known = dict.fromkeys(self._listed())
            shutil.rmtree(self._staged(), ignore_errors=True)  # of a run that was killed
            os.mkdir(self._staged())
        except BlockingIOError:
            raise _refused("another run writes there", "wait until it has ended") from None
        except OSError as error:
            raise _refused(f"it cannot be used: {error.strerror}", "name a directory that can be written") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._staged(), ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)

    def plan(self, names: Sequence[str]) -> None:
        """Say which applications there will be.

        Raises:
            CallError: two of them would have one file, or a file is there already that is not ours, or a link.
        """
        self._names = names
        taken: dict[str, str] = {}
        for name in names:
            file = self._file(name)
            if file in taken:
                raise _refused(f'"{taken[file]}" and "{name}" would both be {file}', "rename one of the directories")
            taken[file] = name
            place = os.path.join(self.path, file)
            if os.path.lexists(place) and (file not in self._known or os.path.isdir(place)):
                raise _refused(
                    f"{file} is there already, and no earlier run wrote it", "name another directory, or remove it"
                )
            if os.path.realpath(place) != place:
                raise _refused(f"{file} is a link, or behind one", "remove the link")

    def keep(self, index: int, text: bytes) -> tuple[int, ...]:
        """Write the new contents of an application's file beside the old ones, unless these are the same.

        Raises:
            CallError: it cannot be written.
        """
        if self._same(os.path.join(self.path, self._file(self._names[index])), text):
            return (0,)
        try:
            descriptor = os.open(self._new(index), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            try:
                write_whole(descriptor, text)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _failed(error) from None
        return (1,)

    def finish(self, kept: Mapping[int, tuple[int, ...]], scope: Sequence[str]) -> Written:
        """Put everything in its place, and remove what is in ``scope`` and no longer there. It is not interrupted.

        The list of our files is written twice: before, with all old and new ones, so that whatever ends this run, the
        next one knows which files are ours.

        Raises:
            CallError: it cannot be written.
        """
        files = {self._file(self._names[index]): index for index in sorted(kept)}
        gone = [file for file in self._known if file not in files and self._is_of(file, scope)]
        changed = [(file, index) for file, index in files.items() if kept[index][0]]
        kept_on = dict.fromkeys(file for file in self._known if file not in set(gone)) | dict.fromkeys(files)
        try:
            for parent in sorted({os.path.dirname(os.path.join(self.path, file)) for file, _ in changed}):
                os.makedirs(parent, exist_ok=True)
            with _Uninterrupted():
                self._list(self._known | kept_on)
                for file, index in changed:
                    os.replace(self._new(index), os.path.join(self.path, file))
                for file in gone:
                    self._remove(file)
                self._list(kept_on)
        except OSError as error:
            raise _failed(error) from None
        return Written(len(changed), len(files) - len(changed), len(gone))

    def _file(self, name: str) -> str:
        return f"{'_root' if name == '.' else name}{self._suffix}"

    def _is_of(self, file: str, scope: Sequence[str]) -> bool:
        """Whether a file is of an application at one of the paths or below it."""
        name = os.path.splitext(file)[0]
        return is_below(name, scope) or name in scope or (name == "_root" and "." in scope)

    def _same(self, place: str, text: bytes) -> bool:
        try:
            if os.stat(place).st_size != len(text):
                return False
            with open(place, "rb") as file:
                return file.read() == text
        except OSError:
            return False

    def _remove(self, file: str) -> None:
        """Remove a file of ours, and the directories that it leaves empty."""
        place = os.path.join(self.path, file)
        try:
            os.unlink(place)
            while (place := os.path.dirname(place)) != self.path:
                os.rmdir(place)
        except OSError:
            return  # somebody else has removed it, or there is more in the directory

    def _listed(self) -> list[str]:
        try:
            with open(os.path.join(self.path, LIST), encoding="utf-8") as file:
                found = json.load(file)
        except FileNotFoundError:
            return []
        except ValueError:
            found = None
        names = found.get("files") if isinstance(found, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) and _is_plain(name) for name in names):
            raise _refused(f"{LIST} is not what a run has written", "restore it, or remove the directory")
        return names

    def _list(self, files: Mapping[str, None]) -> None:
        new = os.path.join(self._staged(), "list")
        with open(new, "w", encoding="utf-8") as file:
            json.dump({"files": sorted(files)}, file, indent=0, ensure_ascii=False)
            file.write("\n")
        os.replace(new, os.path.join(self.path, LIST))

    def _staged(self) -> str:
        return os.path.join(self.path, _STAGED)

    def _new(self, index: int) -> str:
        return os.path.join(self._staged(), str(index))


class _Uninterrupted:
    """SIGINT and SIGTERM come when this is over."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came.append(number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        for number in self._came:
            signal.raise_signal(number)


def _is_plain(name: str) -> bool:
    """Whether a name of the list leads to a file below the directory, and nowhere else."""
    return bool(name) and not name.startswith("/") and ".." not in name.split("/") and "\0" not in name


def _refused(message: str, help: str) -> CallError:
    return CallError(f"--output-dir: {message}", help)


def _failed(error: OSError) -> CallError:
    return _refused(f"it cannot be written: {error.strerror}", "make room there, or name another directory")
