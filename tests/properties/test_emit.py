"""Whatever objects are emitted, a reader finds those objects."""

import json
import random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.emit import emit
from tests.support.nasty import NASTY

# PyYAML's own reader needs long for a long text, and the machine may be busy.
unhurried = settings(deadline=None)

# Hypothesis seldom hits what YAML minds, so every other character is one of these.
_SPECIAL = st.sampled_from(
    "\n\t\r :#-?'\"\\|>&*!%@`{}[],=<~.0123456789eExXoOyYnN_/\x00\x07\x7f\x85\x9f\xa0\u2028\u2029\ufeff\uffff😀"
)
_CHARACTERS = st.one_of(_SPECIAL, st.characters(exclude_categories=["Cs"]))
_TEXTS = st.one_of(st.sampled_from(NASTY), st.text(_CHARACTERS, max_size=20))
_KEYS = _TEXTS.filter(lambda key: len(key) <= 100)
_NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-(2.0**62), max_value=2.0**62),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=20,
)
_OBJECTS = st.lists(
    st.builds(
        lambda head, body: {**body, **head},
        st.fixed_dictionaries({"apiVersion": _TEXTS, "kind": _TEXTS}, optional={"metadata": _VALUES}),
        st.dictionaries(_KEYS, _VALUES, max_size=5),
    ),
    max_size=3,
)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: _shuffled(item, order) for key, item in items}
    if isinstance(value, list):
        return [_shuffled(item, order) for item in value]
    return value


def _lines(text: str) -> list[Any]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


@unhurried
@given(_OBJECTS)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_pyyaml_reads_the_same_objects(loader: Any, objects: list[dict[str, Any]]) -> None:
    assert list(yaml.load_all(emit(objects, "yaml"), loader)) == _without_none(objects)


@unhurried
@given(_OBJECTS)
def test_each_json_line_is_one_object(objects: list[dict[str, Any]]) -> None:
    assert _lines(emit(objects, "ndjson")) == _without_none(objects)


@unhurried
@given(_OBJECTS)
def test_json_lines_are_yaml_too(objects: list[dict[str, Any]]) -> None:
    """Argo CD parses JSON as YAML. (Read with a dot in small numbers: for PyYAML, 1e-07 is a string.)"""
    texts = [item for item in objects if "e-" not in json.dumps(item)]

    assert [yaml.safe_load(line) for line in emit(texts, "ndjson").split("\n")[:-1]] == _without_none(texts)


@unhurried
@given(_OBJECTS)
def test_both_formats_hold_the_same_objects(objects: list[dict[str, Any]]) -> None:
    assert list(yaml.load_all(emit(objects, "yaml"), yaml.CSafeLoader)) == _lines(emit(objects, "ndjson"))


@unhurried
@given(_OBJECTS, st.randoms())
@pytest.mark.parametrize("form", ["yaml", "ndjson"])
def test_the_order_of_keys_makes_no_difference(form: Any, objects: list[dict[str, Any]], order: random.Random) -> None:
    assert emit(_shuffled(objects, order), form) == emit(objects, form)


@unhurried
@given(_OBJECTS)
@pytest.mark.parametrize("form", ["yaml", "ndjson"])
def test_what_is_read_is_emitted_the_same(form: Any, objects: list[dict[str, Any]]) -> None:
    text = emit(objects, form)

    assert emit(list(yaml.load_all(emit(objects, "yaml"), yaml.CSafeLoader)), form) == text


@settings(deadline=None, max_examples=1000)
@given(st.text(_CHARACTERS, max_size=30))
def test_any_text_is_read_as_itself(text: str) -> None:
    item = {"a": {"b": [text, [text]], "z": text}, "z": text}

    assert list(yaml.safe_load_all(emit([item, item], "yaml"))) == [item, item]


@unhurried
@given(_OBJECTS)
@pytest.mark.parametrize("form", ["yaml", "ndjson"])
def test_nothing_is_written_raw_that_yaml_refuses(form: Any, objects: list[dict[str, Any]]) -> None:
    text = emit(objects, form)

    assert not set(text) & {*map(chr, range(0x0A)), *map(chr, range(0x0B, 0x20)), *map(chr, range(0x7F, 0xA0))} - {"\t"}
    assert not set(text) & set("\u2028\u2029\ufeff\ufffe\uffff")
    text.encode()
