"""What is emitted comes back the same from the code with which Argo CD and kubectl read manifests."""

import re
from typing import Any, Literal

import pytest

from cmp.emit import emit
from tests.support.go_oracle import read_as_kubernetes
from tests.support.nasty import NASTY

Format = Literal["yaml", "ndjson"]
Reader = Literal["argocd", "kubectl"]

# Between its two reads Argo CD writes a YAML document as JSON with these raw, and its second read is of YAML.
_LOST_IN_YAML = re.compile("[\x7f-\x9f\ufffe\uffff]")
# A key that is longer than this may be too long to be written.
_KEYS = tuple(text for text in NASTY if len(text) <= 170)

every_format = pytest.mark.parametrize("form", ["yaml", "ndjson"])
every_reader = pytest.mark.parametrize("reader", ["argocd", "kubectl"])


def _carried(texts: tuple[str, ...], form: Format, reader: Reader) -> list[str]:
    """The texts that the reader can be told in this format."""
    return [text for text in texts if (form, reader) != ("yaml", "argocd") or not _LOST_IN_YAML.search(text)]


def _map(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **body}


def _objects(texts: list[str], keys: list[str]) -> list[dict[str, Any]]:
    """Every text as a value of a map, of a list, of a list in a list, as the last of a document, and as a key."""
    return [
        _map("values", {"data": {f"k{index}": text for index, text in enumerate(texts)}}),
        _map("items", {"items": texts, "nested": [[text, [text]] for text in texts]}),
        _map("maps", {"items": [{"a": text, "z": 1} for text in texts]}),
        _map("keys", {"data": dict.fromkeys(keys, "x"), "nested": [{key: {key: [key]}} for key in keys]}),
        *(_map("top", {key: None if key in ("apiVersion", "kind", "metadata") else "x"}) for key in keys),
        *(_map("last", {"z": text}) for text in texts),
    ]


@every_format
@every_reader
def test_nasty_texts_come_back_as_values_and_keys(form: Format, reader: Reader) -> None:
    objects = _objects(_carried(NASTY, form, reader), _carried(_KEYS, form, reader))

    assert read_as_kubernetes(emit(objects, form), reader) == objects


@every_format
def test_the_last_text_of_the_output_keeps_its_newlines(form: Format) -> None:
    """Argo CD cuts one newline off the output, which may not be one of a text."""
    for end in ("", "\n", "\n\n", "\n\n\n"):
        objects = [_map("last", {"z": f"a\nb{end}"})]

        assert read_as_kubernetes(emit(objects, form)) == objects


@every_format
@every_reader
def test_every_character_comes_back(form: Format, reader: Reader) -> None:
    codes = [*range(0x20), *range(0x7F, 0xD800), *range(0xE000, 0x11000), *range(0x1F000, 0x20000), 0xE0001, 0x10FFFF]
    texts = tuple(f"a{chr(code)}b {chr(code)} " for code in codes)
    objects = [_map("characters", {"items": _carried(texts, form, reader)})]

    assert read_as_kubernetes(emit(objects, form), reader) == objects


@every_format
@every_reader
def test_numbers_come_back(form: Format, reader: Reader) -> None:
    numbers = [0, -1, 2**63 - 1, -(2**63), 2**53 + 1, 0.1, -2.5, 1e-7, 1.5e-300, 3.0, True, False, None]
    objects = [_map("numbers", {"items": numbers})]

    read = read_as_kubernetes(emit(objects, form), reader)

    assert read == objects
    assert [type(number) for number in read[0]["items"][:5]] == [int] * 5


@every_format
@pytest.mark.parametrize("character", ["k", "é", "😀", "\n", "\x00", '"', "<", "\u2028", "\u200b", "\U000e0001"])
def test_the_longest_key_that_is_written_is_read(form: Format, character: str) -> None:
    def text(length: int) -> str:
        return emit([_map("key", {"data": {character * length: "x", "z": "y"}})], form)

    longest = 0
    for length in range(1, 1100):
        try:
            text(length)
        except ValueError:
            break
        longest = length

    assert 100 < longest < 1023
    assert read_as_kubernetes(text(longest))[0]["data"] == {character * longest: "x", "z": "y"}


def test_the_texts_said_to_be_lost_in_yaml_are() -> None:
    """Should this fail, Argo CD has learned to read them, and the exception above can go."""
    for character in ("\x7f", "\x80", "\x9f", "\ufffe", "\uffff"):
        with pytest.raises(AssertionError, match="control characters are not allowed"):
            read_as_kubernetes(emit([_map("lost", {"z": character})], "yaml"))

    assert read_as_kubernetes(emit([_map("lost", {"z": "a\x85b"})], "yaml"))[0]["z"] == "a b"
