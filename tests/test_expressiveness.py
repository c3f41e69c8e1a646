"""How much of what Istio's documentation shows can be said: tests/expressiveness holds each example with its spelling.

The figure on docs/expressiveness.md counts what renders and means the same. What waits for a part of the language is
not counted until it does. `pytest --update` takes a word `pending` out where it holds, and writes the page.
"""

import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.diagnostics import SpecError
from tests.support.example_facts import facts
from tests.support.istio_examples import KINDS, Example, of_reference, of_samples
from tests.support.spellings import (
    DATA,
    DIFFERENCES,
    Spelling,
    differences,
    read,
    rendered,
    spellings,
    unexplained,
)

PAGE = Path(__file__).parents[1] / "docs" / "expressiveness.md"
ALL = spellings()
SAID = [one for one in ALL if one.says is not None and not one.pending]
PENDING = [one for one in ALL if one.pending]


def name(one: Spelling) -> str:
    return f"{one.kind}-{one.name}-{one.digest}"


def found(one: Spelling, place: Path) -> list[str]:
    assert one.says is not None
    return unexplained(one, rendered(one.says, one.namespace, place))


@pytest.mark.parametrize("one", SAID, ids=name)
def test_a_spelling_means_what_the_example_means(one: Spelling, tmp_path: Path) -> None:
    assert found(one, tmp_path) == []


@pytest.mark.parametrize("one", PENDING, ids=name)
def test_what_waits_does_not_hold_yet(one: Spelling, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Else it is not counted, though it could be."""
    try:
        holds = not found(one, tmp_path)
    except SpecError:
        return
    if holds and request.config.getoption("--update"):
        activate(one)
    assert not holds, f"{one.source}: {one.kind} {one.name} holds: take out pending (pytest --update does)"


def activate(one: Spelling) -> None:
    """Take the word out that says that it waits."""
    waits = re.compile(rf"(  digest: '{one.digest}'\n(?:  namespace: .*\n)?)  pending: .*\n")
    for file in DATA.glob("*.yaml"):
        file.write_text(waits.sub(r"\1", file.read_text(encoding="utf-8")), encoding="utf-8")


def test_each_example_is_there_once() -> None:
    counted = Counter(one.digest for one in ALL)
    assert [digest for digest, number in counted.items() if number > 1] == []
    assert {one.kind for one in ALL} == {*KINDS}


def test_each_example_has_one_verdict() -> None:
    for one in ALL:
        assert (one.says is None) == bool(one.reason), one
        assert one.says is not None or not one.pending, one
        assert bool(one.means) == (one.says is not None) or one.name == "allow-nothing", one


def test_what_differs_is_needed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each row of DIFFERENCES, and each place that one example excepts."""
    rows, places = {*DIFFERENCES}, {(one.digest, where) for one in SAID for where in one.but}
    for one in SAID:
        assert one.says is not None
        objects = rendered(one.says, one.namespace, tmp_path_factory.mktemp("example"))
        for finding in differences(one, objects):
            rows -= {row for row in rows if row.explains(finding)}
            places -= {(one.digest, where) for where in one.but if fnmatchcase(finding.where, where)}
    assert (rows, places) == (set(), set())


@pytest.mark.parametrize("one", SAID, ids=name)
def test_another_spec_does_not_mean_it(one: Spelling, tmp_path: Path) -> None:
    """A control: a service that says nothing lacks something of every example."""
    assert unexplained(one, rendered({"another": {}}, "elsewhere", tmp_path)) != []


# The data against Istio's own text, where it is at hand


def listed(file: str) -> list[Spelling]:
    return read(DATA / file)


def test_the_reference_is_taken_in_whole() -> None:
    assert [one.digest for one in of_reference()] == [one.digest for one in listed("reference.yaml")]


def test_the_samples_are_taken_in_whole() -> None:
    reference = {one.digest for one in listed("reference.yaml")}
    samples = [one.digest for one in of_samples() if one.digest not in reference]
    assert samples == [one.digest for one in listed("samples.yaml")]


def test_the_facts_are_those_of_istios_text() -> None:
    """So nothing is left out of what an example is held against."""
    examples: dict[str, Example] = {one.digest: one for one in [*of_samples(), *of_reference()]}
    for one in ALL:
        if one.digest in examples and one.says is not None:
            expected = facts(one.kind, one.name, examples[one.digest].spec, one.namespace, one.says)
            assert one.means == expected, name(one)


# The page

URLS = {
    "reference.yaml": "https://github.com/istio/api/blob/master/{}",
    "samples.yaml": "https://github.com/istio/istio/blob/master/{}",
    "tasks.yaml": "https://istio.io/latest/docs/tasks/{}/",
}
TITLES = {"reference.yaml": "Reference", "samples.yaml": "Samples", "tasks.yaml": "Tasks"}


def figure() -> str:
    return f"**{len(SAID)} of {len(ALL)} examples can be said: {100 * len(SAID) / len(ALL):.1f} %.**"


def kinds() -> str:
    shown, said = Counter(one.kind for one in ALL), Counter(one.kind for one in SAID)
    rows = [f"| {kind} | {shown[kind]} | {said[kind]} |" for kind in KINDS]
    return "\n".join(["| kind | examples | can be said |", "|---|---|---|", *rows])


def waiting() -> str:
    counted = Counter(one.pending for one in PENDING)
    rows = [f"| {part} | {number} |" for part, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]
    if not rows:
        return "Nothing."
    return "\n".join(["| waits for | examples |", "|---|---|", *rows])


def refused() -> str:
    rows = [f"| {one.kind} `{one.name}` | {one.source} | {one.reason} |" for one in ALL if one.reason]
    return "\n".join(["| example | source | reason |", "|---|---|---|", *rows])


def usual() -> str:
    rows = [f"| `{row.where}` | `{row.theirs}` | `{row.ours}` | {row.reason} |" for row in DIFFERENCES]
    return "\n".join(["| where | upstream | here | why |", "|---|---|---|---|", *rows])


def examples_of(file: str) -> str:
    lines: list[str] = []
    source = ""
    for one in listed(file):
        if one.source != source:
            source = one.source
            page, _, commit = source.partition("@")
            note = f", at commit {commit}" if commit else ""
            lines += ["", f"[{page}]({URLS[file].format(page)}){note}", "", "| example | said as | |", "|---|---|---|"]
        lines.append(f"| {one.kind} `{one.name}` | {said_as(one)} | {verdict(one)} |")
    return "\n".join(lines)


def said_as(one: Spelling) -> str:
    """The spelling, or where it is long the words that it uses."""
    if one.says is None:
        return ""
    text = yaml.safe_dump(one.says, default_flow_style=True, width=10_000, sort_keys=False).strip()[1:-1]
    return f"`{text}`" if len(text) <= 160 else ", ".join(f"`{word}`" for word in words(one.says))


def words(says: dict[str, Any]) -> list[str]:
    """The keys of a spelling down to two levels below each service."""
    found = []
    for body in says.values():
        for key, value in body.items():
            inner = value if isinstance(value, dict) else {}
            found += [f"{key}.{each}" for each in inner] or [key]
    return [*dict.fromkeys(found)]


def verdict(one: Spelling) -> str:
    if one.reason:
        return "no"
    return f"not yet: {one.pending}" if one.pending else "yes" + "".join(f"; {reason}" for reason in one.but.values())


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    parts = {"figure": figure(), "kinds": kinds(), "waiting": waiting(), "refused": refused(), "usual": usual()}
    parts |= {file.removesuffix(".yaml"): examples_of(file) for file in URLS}
    for part, inner in parts.items():
        mark = f"<!-- {part} -->"
        pattern = rf"{mark}\n.*?\n<!-- end -->"
        assert re.search(pattern, text, re.S), mark
        before, after = re.split(pattern, text, maxsplit=1, flags=re.S)
        text = f"{before}{mark}\n{inner}\n<!-- end -->{after}"
    return text


def test_the_page_is_what_the_data_says(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "pytest --update writes it"
