"""What shells complete beyond flags and files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cmp.diagnostics import SpecError
from cmp.environment import from_process
from cmp.options import Flag, parse
from cmp.pipeline import environments as known


def environments(line: str, flags: Sequence[Flag]) -> dict[str, str]:
    """The environments of the path on a command line that is being written; none where they cannot be read.

    Args:
        line: the line, from the program's name on. click reads no path from one whose last flag has no value yet.
        flags: those of the verb.
    """
    try:
        words = shlex.split(line)[2:]
    except ValueError:  # a quotation that is still open
        return {}
    asked = [index for index, word in enumerate(words) if word.partition("=")[0] in ("--env", "-e")]
    values = parse(words[: asked[-1]] if asked else words, tuple(flags))
    try:
        return dict.fromkeys(known(str(values["path"]) if values is not None else ".", from_process()), "")
    except SpecError:
        return {}
