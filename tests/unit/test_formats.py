"""Findings for programs and for terminals."""

import io
import json
import re

import pytest

from cmp.catalogue import CATALOGUE
from cmp.commands.formats import as_github, as_sarif, coloured
from cmp.diagnostics import Diagnostic, Pos, render

FOUND = [
    Diagnostic("MS203", 'no version "v3"', Pos("a b/ü.yaml", 3, 7), 'did you mean "v2"?'),
    Diagnostic(
        "MS207", "100% twice:\nhere", Pos("a.yaml", 2, 1), "", "error", ((Pos("b.yaml", 1, 2), "the first one"),)
    ),
    Diagnostic("MS302", "nothing leads there", Pos("a.yaml", 9, 5), "take it out", "warning"),
    Diagnostic("MS112", "not declared", Pos("parameter a,b", 0, 0), "declare it"),
    Diagnostic("MS001", "nothing"),
]


def test_sarif_names_rules_and_places() -> None:
    document = json.loads(as_sarif(FOUND))
    (run,) = document["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]

    assert document["version"] == "2.1.0"
    assert [rules[one["ruleIndex"]]["id"] for one in results] == [one["ruleId"] for one in results]
    assert [one["ruleId"] for one in results] == [one.code for one in FOUND]
    assert [one["level"] for one in results] == ["error", "error", "warning", "error", "error"]
    assert all(one["message"]["text"] for one in results)
    assert all(rule["fullDescription"]["text"] == CATALOGUE[rule["id"]].text for rule in rules)
    place = results[0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "a%20b/%C3%BC.yaml"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert results[1]["relatedLocations"][0]["message"] == {"text": "the first one"}
    assert "locations" not in results[3]
    assert "locations" not in results[4]


def test_sarif_without_findings_has_a_run() -> None:
    """A host that gets none takes old findings for still open."""
    assert json.loads(as_sarif([]))["runs"][0]["results"] == []


def test_github_gets_one_command_a_line() -> None:
    assert as_github(FOUND).splitlines() == [
        '::error file=a b/ü.yaml,line=3,col=7,title=MS203::no version "v3"%0Adid you mean "v2"?',
        "::error file=a.yaml,line=2,col=1,title=MS207::100%25 twice:%0Ahere",
        "::warning file=a.yaml,line=9,col=5,title=MS302::nothing leads there%0Atake it out",
        "::error title=MS112::parameter a,b: not declared%0Adeclare it",
        "::error title=MS001::nothing",
    ]


def test_a_name_of_a_file_cannot_begin_another_command() -> None:
    name = "a\n::error file=b,line=1::x"
    (line,) = as_github([Diagnostic("MS001", name, Pos(name, 1, 1))]).splitlines()

    assert line.startswith("::error file=a%0A%3A%3Aerror file=b%2Cline=1%3A%3Ax,line=1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_and_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    text = render(FOUND, {"a.yaml": "\n" * 8 + "ab: def\n"})
    shown = coloured(text, Terminal())

    assert shown != text
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == text
    assert "\x1b[33mwarning[MS302]" in shown
    assert "\x1b[31merror[MS203]" in shown
    assert "\x1b[1;31m^^^\x1b[0m" in shown


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert coloured("a: error[MS001]: x", Terminal()) == "a: error[MS001]: x"


def test_what_is_no_terminal_gets_no_colours() -> None:
    assert coloured("a: error[MS001]: x", io.StringIO()) == "a: error[MS001]: x"
