"""Each place of the language with each wrong type, and each map without each key that it needs: what authors are told.

Golden cases are the texts, and ``cmp/schema.json`` says what is wrong there. A place of the language is tried once, in
the first case that has it: the finding has to be on the line of what is wrong, or of the map that lacks a key.

A share of all is tried with every test; ``MESHSPEC_MUTATIONS=all`` tries everything.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest
import yaml

from cmp.diagnostics import Diagnostic, SpecError
from cmp.pipeline import render
from cmp.source import NULLS
from tests.properties.test_mistakes import NOT_READ, is_chosen, is_raw, pattern_of
from tests.support.spec_text import quoted, scalar
from tests.test_cases import CASES, FOLDERS, asked
from tests.test_json_schema import VALIDATOR, Yaml12

Path_ = tuple[str | int, ...]

#: One of so many mutations is tried with every test.
SHARE = 1 if os.environ.get("MESHSPEC_MUTATIONS") == "all" else 8
#: A value of each type that YAML has, which no name, number or address looks like.
WRONG = {
    "map": "{unknown: {unknown: 1}}",
    "list": "[[[x]]]",
    "text": '"?? !"',
    "number": "-7.5",
    "boolean": "true",
}
#: What is said of a key that is not there.
MISSING = ("MS102", "MS107", "MS108")
#: Places where nothing is said on the line of the mistake, and why.
ELSEWHERE = {"pod.dnsConfig: without nameservers": "said at dnsPolicy: None, which needs them"}
#: Cases in which a higher layer replaces what is wrong, so that nothing is said of it. Others have the same places.
REPLACED = (
    *("config-above-the-spec-and-by-environment", "daemon-set-rolls", "higher-layer-replaces-the-other-key"),
    *NOT_READ,
)


class Mutation(NamedTuple):
    """A file of a case in which one value is another text.

    ``lines`` are those on which a finding may be; ``certain`` tells that the schema refuses it, so that there is one.
    """

    case: str
    file: str
    pattern: str
    what: str
    start: int
    end: int
    new: str
    lines: frozenset[int]
    certain: bool


class _Node(NamedTuple):
    path: Path_
    node: yaml.Node
    key: yaml.Node | None


def _nodes(node: yaml.Node, path: Path_ = (), key: yaml.Node | None = None) -> Iterator[_Node]:
    yield _Node(path, node, key)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _nodes(value, (*path, name.value), name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _nodes(value, (*path, index))


def _end(node: yaml.Node) -> int:
    """Where the text of a node ends: PyYAML lets a block reach as far as what comes behind it."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _plain(node: yaml.Node) -> Any:
    """The data as the schema sees it; keys are text."""
    if isinstance(node, yaml.MappingNode):
        return {name.value: _plain(value) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return str(node.value) if getattr(node, "style", None) else yaml.load(node.value or "null", Yaml12)


def _flow(text: str, node: yaml.MappingNode, without: str) -> str:
    """A map on one line, without one of its keys."""
    kept = [(name, value) for name, value in node.value if name.value != without]
    return "{" + ", ".join(f"{quoted(name.value)}: {_one_line(text, value)}" for name, value in kept) + "}"


def _one_line(text: str, node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return _flow(text, node, "")
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(_one_line(text, item) for item in node.value) + "]"
    if getattr(node, "style", None):
        return quoted(node.value)
    return scalar(node.value) if node.value not in NULLS else "null"


@cache
def mutations() -> tuple[Mutation, ...]:
    """The wrong types of all places, and the keys that are needed, each where it comes first; or a share of them."""
    found: list[Mutation] = []
    seen: set[tuple[str, str]] = set()
    for case in FOLDERS:
        if case.startswith("error-") or case in REPLACED:
            continue
        chosen = asked(CASES / case)[1].name
        for file in sorted((CASES / case).rglob("*.yaml")):
            if file.name.endswith(("meshspec.yaml", "meshplatform.yaml")):
                found += _of_file(case, file, chosen, seen)
    return tuple(found)


def _of_file(case: str, file: Path, chosen: str, seen: set[tuple[str, str]]) -> Iterator[Mutation]:
    text = file.read_text(encoding="utf-8")
    if "&" in text or "!!" in text:
        return  # what an anchor repeats is wrong in two places
    name = str(file.relative_to(CASES / case))
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        data = _plain(document)
        for one in _nodes(document):
            if one.path and (is_raw(one.path) or (one.path[0] == "environments" and one.path[1:2] != (chosen,))):
                continue
            pattern = pattern_of(one.path) or data.get("kind", "")
            for what, new in (*(WRONG.items() if one.path else ()), *_lacking(text, one)):
                if (pattern, what) in seen or not _is_tried(pattern, what):
                    continue
                seen.add((pattern, what))
                certain = _refused(data, one.path, new)
                if certain or what not in WRONG:
                    lines = {one.node.start_mark.line + 1, *([one.key.start_mark.line + 1] if one.key else [])}
                    start, end = one.node.start_mark.index, _end(one.node)
                    yield Mutation(case, name, pattern, what, start, end, new, frozenset(lines), certain)


def _is_tried(pattern: str, what: str) -> bool:
    return crc32(f"{pattern} {what}".encode()) % SHARE == 0


def _lacking(text: str, one: _Node) -> Iterator[tuple[str, str]]:
    if isinstance(one.node, yaml.MappingNode) and not is_chosen(one.path):
        for name, _ in one.node.value:
            yield f"without {name.value}", _flow(text, one.node, name.value)


def _refused(data: Any, path: Path_, new: str) -> bool:
    """Whether the schema refuses a document with another value at a path.

    A scalar is its text where text is asked for, quoted or not (ADR 0001): ``true`` is wrong where ``"true"`` is.
    """
    values = [yaml.load(new, Yaml12), *([new] if isinstance(yaml.load(new, Yaml12), bool | float) else [])]
    return not any(VALIDATOR.is_valid(_replaced(data, path, value)) for value in values)


def _replaced(data: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy


def told(one: Mutation) -> list[Diagnostic]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "case"
        shutil.copytree(CASES / one.case, directory)
        file = directory / one.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text[: one.start] + one.new + text[one.end :], encoding="utf-8")
        try:
            render(*asked(directory), {})
        except SpecError as error:
            return error.diagnostics
        return []


def is_missed(one: Mutation) -> str:
    """What was said instead, if nothing is on a line where it may be."""
    found = told(one)
    if not one.certain:  # a key that something needs, and the schema does not know of
        found = [each for each in found if each.code in MISSING]
        if not found:
            return ""
    here = [each for each in found if each.pos and each.pos.line in one.lines and each.pos.file.endswith(one.file)]
    places = ", ".join(f"{each.code} {each.pos}" for each in found[:3])
    return "" if here else f"{one.pattern}: {one.what} ({one.case}, {sorted(one.lines)}): {places or 'nothing'}"


@pytest.mark.parametrize("lacking", [False, True], ids=["wrong types", "missing keys"])
def test_what_is_wrong_is_found_on_its_line(lacking: bool) -> None:
    tried = [one for one in mutations() if (one.what in WRONG) != lacking]
    kinds = Counter(one.what.partition(" ")[0] for one in tried)
    print(f"{len(tried)} tried: {dict(kinds)}")
    assert len(tried) > 100
    known = [one for one in tried if f"{one.pattern}: {one.what}" not in ELSEWHERE]
    wrong = [said for one in known if (said := is_missed(one))]
    assert not wrong, "\n".join(wrong)
