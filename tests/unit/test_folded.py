"""Errors as Argo CD's UI shows them: on one line, behind what Argo CD puts before them, and still to be read.

The text around them is that of repo-server and cmp-server (reposerver/repository/repository.go and
cmpserver/plugin/plugin.go of argo-cd 3.5); the UI renders conditions with ``white-space: normal``.
"""

import re

import pytest

from cmp.commands.generate import UI_LIMIT
from cmp.diagnostics import Diagnostic, Pos, SpecError, folded
from cmp.pipeline import render
from tests.test_cases import CASES, FOLDERS, asked

AROUND = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = "
    'CMP processing failed for application "shop": error generating manifests in cmp: rpc error: code = Unknown desc = '
    "error generating manifests: `cmp generate --output ndjson` failed exit status 1: "
)
REFUSED = [folder for folder in FOLDERS if folder.startswith("error-")]


def shown(text: str) -> str:
    """What a browser makes of it."""
    return re.sub(r"\s+", " ", AROUND + text.strip())


def found(folder: str) -> list[Diagnostic]:
    try:
        render(*asked(CASES / folder), {})
    except SpecError as error:
        return error.diagnostics
    raise AssertionError("nothing is wrong")


@pytest.mark.parametrize("folder", REFUSED)
def test_every_refused_case_reads_well_on_one_line(folder: str) -> None:
    all_of_them = found(folder)
    text = folded(all_of_them, UI_LIMIT)
    lines = text.split("\n")
    more = re.fullmatch(r"and (\d+) more: run cmp validate", lines[-1])
    told = lines[:-1] if more else lines

    assert len(text.encode()) <= 2048
    assert len(told) + (int(more[1]) if more else 0) == len(all_of_them)
    for index, (line, one) in enumerate(zip(told, all_of_them, strict=False)):
        place = f"{one.pos}: " if one.pos else ""
        message = "".join(c if c.isprintable() else " " for c in one.message[:100])
        assert line.startswith(f"{'- ' if index else ''}{place}{one.severity}[{one.code}]: {message}".rstrip())
        assert line.endswith(one.help) or len(one.help) > 400
    assert shown(text).startswith(AROUND + re.sub(" +", " ", lines[0]))
    assert not re.search(r" \^+ | = help: ", shown(text))  # what needs a line of its own
    assert folded(all_of_them, UI_LIMIT) == text


def test_what_a_finding_is_related_to_is_named() -> None:
    one = Diagnostic(
        "MS008", 'key "a" is given twice', Pos("f", 2, 1), "keep one", "error", ((Pos("f", 1, 1), "first"),)
    )

    assert folded([one], UI_LIMIT) == 'f:2:1: error[MS008]: key "a" is given twice; note: first: f:1:1; help: keep one'


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
@pytest.mark.parametrize("count", [1, 2, 500])
def test_it_stays_short_whatever_is_said(letter: str, count: int) -> None:
    many = [Diagnostic("MS101", letter * 5000, Pos("f", line, 1), letter * 5000) for line in range(1, count + 1)]
    text = folded(many, UI_LIMIT)

    assert len(text.encode()) <= 2048
    assert text.startswith(f"f:1:1: error[MS101]: {letter * 100}")
    assert (count == 1) or text.endswith(f"\nand {count - text.count('error[')} more: run cmp validate")


def test_no_message_can_begin_a_line_of_its_own() -> None:
    one = Diagnostic("MS101", "a\n- f:1:1: error[MS999]: b\u2028c\x1b[2J", Pos("f", 1, 1), "d\re")

    assert folded([one], UI_LIMIT) == "f:1:1: error[MS101]: a - f:1:1: error[MS999]: b c [2J; help: d e"
