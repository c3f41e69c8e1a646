"""Text that is almost a spec: the same for the same source of chance."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import yaml

from tests.support.mutations import VALUES
from tests.support.nasty import NASTY
from tests.support.spec_text import quoted

#: Text that readers of YAML, of JSON or of paths have stumbled over.
_RAW = (
    *(b"\0", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xef\xbb\xbf", b"\r"),
    *(b"\x85", b"&a ", b"*a", b"<<: *a\n", b"<<: {a: b}\n", b"!!python/object:os.system ", b"!a ", b"--- "),
    *(b"\n---\n", b"...\n", b"%YAML 1.1\n", b"{", b"}", b"[", b"]", b"[" * 60, b"{a: " * 60, b": ", b"- "),
    *(b"? ", b"|\n", b">+9\n", b"#", b"\t", b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\x00"', b'"\\0"'),
    *(b'"\\U00110000"', b"9" * 400, b"-", b"9" * 5000, b"1e999", b".inf", b"-.nan", b"0x", b"f" * 300, b"1:30"),
    *(b"NO", b"on", b"0b1", b"1_000", b"2001-01-01", b"=", b"~", b"null", b"../" * 40, b"/dev/zero"),
    *(b"/etc/passwd", b"$(A)", b"${A}", b"**/*", b"*a" * 30, b"a" * 3000, b"\n" * 300, b"$patch"),
)


class Place(NamedTuple):
    """Where a node stands in a text, whether it is a key, and the key that it is, or is below."""

    start: int
    end: int
    is_key: bool
    key: str


class Corpus:
    """Parts of specs, to be put into others."""

    def __init__(self, sources: Iterable[bytes]) -> None:
        self.texts = sorted(set(sources))
        self.keys: list[str] = []
        self.values: list[str] = []
        by_key: dict[str, set[str]] = {}
        for data in self.texts:
            text = data.decode(errors="replace")
            for place in places(text):
                part = text[place.start : place.end]
                if "\n" not in part and len(part) < 200:
                    (self.keys if place.is_key else self.values).append(part)
                    if not place.is_key:
                        by_key.setdefault(place.key, set()).add(part)
        self.by_key = {key: sorted(found) for key, found in by_key.items()}
        self.keys = sorted(set(self.keys))
        self.values = sorted(set(self.values))


@lru_cache(maxsize=2000)
def places(text: str) -> tuple[Place, ...]:
    """The scalars, keys, and maps and lists on one line of a YAML text; none where it is not YAML."""
    try:
        return tuple(place for node in yaml.compose_all(text, Loader=yaml.CSafeLoader) for place in _below(node, ""))
    except yaml.YAMLError:
        return ()


def _below(node: yaml.Node, above: str) -> Iterator[Place]:
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        yield Place(node.start_mark.index, node.end_mark.index, False, above)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            yield Place(key.start_mark.index, key.end_mark.index, True, name)
            yield from _below(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _below(value, above)


def damaged(data: bytes, corpus: Corpus, chance: random.Random) -> bytes:
    """A file after one to three changes: of values and keys four times of five, else of lines or bytes."""
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        way = chance.random()
        if way < 0.8:
            data = _nodes(data, corpus, chance)
        elif way < 0.9:
            data = _lines(data, corpus, chance)
        else:
            data = _bytes(data, corpus, chance)
    return data


def _nodes(data: bytes, corpus: Corpus, chance: random.Random) -> bytes:
    text = data.decode(errors="replace")
    found = [place for place in places(text) if not place.is_key or place.start % 4 == 0]
    if not found:
        return _bytes(data, corpus, chance)
    place = chance.choice(found)
    own = text[place.start : place.end]
    if place.is_key:
        new = chance.choice((chance.choice(corpus.keys), f"{own}+", f"? {own}", quoted(chance.choice(NASTY))))
    else:
        alike = corpus.by_key.get(place.key, [])
        new = chance.choice(alike) if alike and chance.random() < 0.5 else _instead(own, corpus, chance)
    return (text[: place.start] + new + text[place.end :]).encode(errors="replace")


def _instead(own: str, corpus: Corpus, chance: random.Random) -> str:
    match chance.randrange(8):
        case 0 | 1:
            return chance.choice(VALUES)
        case 2 | 3:
            return chance.choice(corpus.values)
        case 4:
            return quoted(chance.choice(NASTY))
        case 5:
            return f"{{{chance.choice(corpus.keys)}: {chance.choice(corpus.values)}}}"
        case 6:
            return f"[{own}, {chance.choice(corpus.values)}]"
        case _:
            return chance.choice(_RAW).decode(errors="replace")


def _lines(data: bytes, corpus: Corpus, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at : at + chance.choice((1, 1, 5))]
        case 1:
            lines[at:at] = lines[at : at + chance.choice((1, 5))] * chance.choice((1, 1, 50))
        case 2:
            other = chance.choice(corpus.texts).splitlines(keepends=True) or [b""]
            lines[at:at] = other[chance.randrange(len(other)) :][: chance.choice((1, 5, 30))]
        case 3:
            lines[at] = lines[at].replace(b"  ", b" ", 1) if chance.random() < 0.5 else b"  " + lines[at]
        case _:
            lines.append(b"---\n" + chance.choice(corpus.texts))
    return b"".join(lines)


def _bytes(data: bytes, corpus: Corpus, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(5):
        case 0:
            return data[:at] + chance.randbytes(chance.choice((1, 1, 4))) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + chance.randrange(40) :]
        case 2:
            other = chance.choice(corpus.texts)
            cut = chance.randrange(len(other) + 1)
            return data[:at] + other[cut : cut + chance.choice((5, 50, 500))] + data[at:]
        case _:
            return data[:at] + chance.choice(_RAW) + data[at:]
