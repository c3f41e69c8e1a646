"""Each key and each word of the language misspelt once, and each value of another type: what authors are told.

Golden cases are the texts. A place of the language is tried once, in the first case that has it: the finding has to be
on the line of the mistake, and the help has to name what was meant.
"""

import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, SpecError
from cmp.node import Node, Quoted
from cmp.pipeline import render
from cmp.source import read
from tests.test_cases import CASES, FOLDERS, asked
from tests.test_json_schema import keyed, raw

Path_ = tuple[str | int, ...]


#: Places where a mistake is found on another line, or not at all, and why.
ELSEWHERE = {
    "kind": "a document without one is none: the finding is at its beginning",
    "replicas.min": "a higher layer replaces what is wrong",
    "replicas.max": "a higher layer replaces what is wrong",
    "service.ipFamilyPolicy": "defaults for the Service of services that have none",
}
#: A file beside specs that is none.
NOT_READ = ("several-files-and-documents",)
#: Maps from names that people choose, beside those of tests/test_json_schema.py.
NAMED = ("jobs", "providers")


class Place(NamedTuple):
    """A scalar in a file of a case: a key (``is_key``) or a value; ``path`` is that of the value."""

    case: str
    file: str
    path: Path_
    line: int
    column: int
    text: str
    is_key: bool

    @property
    def pattern(self) -> str:
        """The place in the language."""
        return pattern_of(self.path)


def pattern_of(path: Path_) -> str:
    """A place in the language: without indexes, names that people choose, and the layer."""
    steps: list[str] = []
    for index, step in enumerate(path):
        if not isinstance(step, int):
            steps.append("*" if is_chosen(path[:index]) else step.removesuffix("+"))
    return re.sub(r"^(environments\.\*\.|services\.\*\.|defaults\.|versions\.\*\.)+", "", ".".join(steps))


def is_chosen(path: Path_) -> bool:
    """Whether the keys of the map at a path are names that people choose."""
    return keyed(path) or (bool(path) and path[-1] in NAMED)


def is_raw(path: Path_) -> bool:
    """Whether what stands there is not of the language, in an environment too."""
    return raw(path[2:] if path[0] == "environments" else path)


@cache
def places() -> tuple[Place, ...]:
    """All scalars of all specs of cases that are right, one for each place of the language."""
    found: dict[tuple[str, bool], Place] = {}
    for case in FOLDERS:
        if case.startswith("error-") or case in NOT_READ:
            continue
        chosen = asked(CASES / case)[1].name
        for file in sorted((CASES / case).rglob("*.yaml")):
            if not file.name.endswith(("meshspec.yaml", "meshplatform.yaml")):
                continue
            for document in read(file.read_text(encoding="utf-8"), file.name):
                for path, node in _walk(document):
                    if path[0] == "environments" and path[1:2] not in ((), (chosen,)):
                        continue  # what is not chosen is read when it is
                    if node.key is not None and not is_chosen(path[:-1]) and not is_raw(path):
                        place = Place(
                            case, str(file.relative_to(CASES / case)), path, *node.key[1:], str(path[-1]), True
                        )
                        found.setdefault((place.pattern, True), place)
                    if isinstance(node.value, str) and not isinstance(node.value, Quoted) and not is_raw(path):
                        place = Place(case, str(file.relative_to(CASES / case)), path, *node.pos[1:], node.value, False)
                        found.setdefault((place.pattern, False), place)
    return tuple(found.values())


def _walk(node: Node, path: Path_ = ()) -> Iterator[tuple[Path_, Node]]:
    if path:
        yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _walk(child, (*path, index))


def told(place: Place, text: str) -> list[Diagnostic]:
    """What is wrong with a case in which a scalar is another one."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "case"
        shutil.copytree(CASES / place.case, directory)
        file = directory / place.file
        lines = file.read_text(encoding="utf-8").split("\n")
        line, at = lines[place.line - 1], place.column - 1
        at += line[at] in "\"'"
        assert line[at:].startswith(place.text), (place, line)
        lines[place.line - 1] = line[:at] + text + line[at + len(place.text) :]
        file.write_text("\n".join(lines), encoding="utf-8")
        try:
            render(*asked(directory), {})
        except SpecError as error:
            return error.diagnostics
        return []


def misspelt(word: str) -> str:
    """A word with two neighbours swapped, or one letter more; always the same."""
    dice = random.Random(word)
    at = dice.randrange(len(word))
    if len(word) > 3 and at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word + "x"


def on_line(place: Place, found: list[Diagnostic]) -> list[Diagnostic]:
    return [one for one in found if one.pos and one.pos.line == place.line and one.pos.file.endswith(place.file)]


def test_every_misspelt_key_is_found_on_its_line_with_the_right_one() -> None:
    keys = [place for place in places() if place.is_key]
    assert len(keys) > 500
    wrong, unhelpful = [], []
    for place in keys:
        plus = "+" if place.text.endswith("+") else ""
        here = on_line(place, told(place, misspelt(place.text.removesuffix("+")) + plus))
        if not here and place.pattern not in ELSEWHERE:
            wrong.append(f"{place.case}: {place.pattern}")
        elif not any(f'"{place.text.removesuffix("+")}"' in one.help for one in here):
            unhelpful.append(f"{place.case}: {place.pattern}: {[one.help for one in here]}")
    assert not wrong
    right = 1 - len(unhelpful) / len(keys)
    print(f"{len(keys)} keys misspelt, the right one suggested for {right:.1%}")
    assert right >= 0.95, unhelpful


def test_every_value_of_another_type_is_found_on_its_line() -> None:
    values = [place for place in places() if not place.is_key]
    assert len(values) > 500
    wrong = [
        f"{place.case}: {place.pattern}: {place.text}"
        for place in values
        if place.text and place.pattern not in ELSEWHERE and not on_line(place, told(place, "{unknown: {unknown: 1}}"))
    ]
    assert not wrong


def test_every_misspelt_word_is_found_on_its_line_with_the_right_one() -> None:
    wrong, unhelpful, words = [], [], 0
    for place in places():
        if place.is_key or not re.fullmatch("[A-Za-z_]{3,}", place.text):
            continue
        found = told(place, misspelt(place.text))
        if not any("is not one of" in one.message for one in found):
            continue  # a name, and no word of the language
        words += 1
        here = on_line(place, found)
        if not here:
            wrong.append(f"{place.case}: {place.pattern}")
        elif not any(place.text in one.help for one in here):
            unhelpful.append(f"{place.case}: {place.pattern}: {here[0].help}")
    assert words > 40
    assert not wrong
    assert len(unhelpful) <= words // 20, unhelpful
