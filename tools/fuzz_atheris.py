"""Let atheris, which watches what parts of the program an input reaches, choose what is rendered.

    python -m tools.fuzz_atheris [--inputs N] [--seed N] [--keep DIRECTORY]

The first byte of an input says what the others are: the text of a spec, the choices from which one grows, or those of
changes to a case. It begins with the files of the golden cases; ``tools.fuzz`` says what may not become of an input.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.fuzz import Input

#: The longest input: a spec of so many bytes reaches every place.
LONGEST = 4096
#: Megabytes. The program's own bound is checked for each input; libFuzzer's is for what leaks.
PROCESS = 1500


class Given(random.Random):
    """A source of chance that holds the bytes of an input, and then zeros: the first choice everywhere."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, bits: int, /) -> int:
        """As many bits of the next bytes."""
        count = -(-bits // 8)
        part = self._data[self._at : self._at + count]
        self._at += count
        return int.from_bytes(part, "little") & ((1 << bits) - 1)

    def random(self) -> float:
        """Two bytes are enough for a choice by weight."""
        return self.getrandbits(16) / (1 << 16)


def meant(number: int, data: bytes) -> Input:
    """The input that bytes stand for."""
    from tools import fuzz

    way, rest = data[:1], data[1:]
    if way == b"\1":
        return fuzz.structured(number, Given(rest))
    if way == b"\2":
        return fuzz.mutated(number, Given(rest))
    return fuzz.written(number, rest)


def _begin(directory: Path) -> None:
    """Inputs to begin with, and the words of the language."""
    from tools import fuzz

    (directory / "corpus").mkdir()
    for number, text in enumerate(fuzz.corpus().texts):
        (directory / "corpus" / f"text-{number}").write_bytes(b"\0" + text[: LONGEST - 1])
    for number in range(200):
        choices = random.Random(number).randbytes(400)
        (directory / "corpus" / f"choices-{number}").write_bytes(bytes((1 + number % 2,)) + choices)
    words = [word for word in fuzz.corpus().keys if word.isascii() and word.isprintable() and '"' not in word]
    (directory / "words").write_text("".join(f'"{word}"\n' for word in words if "\\" not in word))


def _import_all() -> None:
    """All modules, or those that a render imports late would not be watched."""
    import cmp

    for module in pkgutil.walk_packages(cmp.__path__, "cmp."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main() -> None:
    """Run, say what was found, and exit: 0 nothing, 1 something, 2 atheris is not there."""
    parser = argparse.ArgumentParser(description="Render what atheris chooses, and say what must not happen.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="above 0, which would be chosen by the time")
    parser.add_argument("--keep", type=Path, default=Path(".cache", "fuzz"), help="where inputs of findings go")
    given = parser.parse_args()
    try:
        import atheris
    except ImportError:
        print("atheris is not there: it has releases for Linux on x86-64 only", file=sys.stderr)
        sys.exit(2)
    with atheris.instrument_imports(include=["cmp"]):
        _import_all()
    from tools import fuzz
    from tools.bounds import peak

    trials = fuzz.Trials(given.keep.resolve())

    directory = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def one_input(data: bytes) -> None:
        trials.outcome(meant(trials.outcomes.total(), data))
        if trials.outcomes.total() >= given.inputs:
            shutil.rmtree(directory)
            code = trials.told(f"atheris from seed {given.seed}")
            sys.stdout.flush()
            os._exit(code)  # libFuzzer never comes back

    _begin(directory)
    # Linux counts in what the process was forked from, which for a test is all that the tests before it took.
    most = round(peak()) + PROCESS
    flags = [f"-seed={given.seed}", f"-max_len={LONGEST}", f"-rss_limit_mb={most}", "-timeout=60"]
    flags += [f"-dict={directory / 'words'}", "-verbosity=0", str(directory / "corpus")]
    atheris.Setup([sys.argv[0], *flags], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
