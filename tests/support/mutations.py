"""Specs that differ from the rich one in a value or two: what people write, and what they write by mistake."""

import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from tests.support.spec_text import quoted

_WORDS = r"""
0 1 -1 2 50 99 100 101 200 199 299 306 399 400 418 430 499 599 600 65535 65536 2147483647 2147483648 v1 v2 v3 mesh
0s 1ms 0.5s 0.0001s 24h 2562047h 2562048h 99999999999h 0% 1% 100% 101% 5xx reset eu eu/a eu/a/* eu/* * */a
a A a_b a.b a-b x_y.x x.example.com a_b.example.com *.example.com *.example.org *.com a* *a a..b a. local
1.2.3.4 ::1 10.0.0.0/8 10.0.0.1/32 0.0.0.0/0 ::/0 web web.shop ledger.finance http tcp grpc 80 9000
Host host Cookie X-A :authority @request.auth.claims.a team topology.kubernetes.io/region istio.io/x
/ /a /a/* /a* /* /{*}/b /{**} /a/{**} /%41 /% /beta/* /beta/x /old /old/x GET get TRACE CONNECT PURGE
% %% %A% %A(B)% %A(%)% 100%% %A:2% %A(B)%% %A(B %A()% %START_TIME(%s)% %A("b")% %A(["b"])% %A(b\)% %a%
a** (?P<n>a) (?a)b [[:foo:]] \u00e9 \Z (a{100}){11} \pN \p{Foo} (?i)a a|b [z-a] [^] a++ (?:) \Q( {1} x{2,1}
http://localhost https://a.example.com/jwks tcp://*.example.net:1 http://x.example.net:0 ftp://a
"""
#: Texts at the limits of some field, and beyond.
EDGES = (
    *_WORDS.split(),
    *("", "a b", "é", "a\tb", "a\n", "x" * 64, "x" * 300, f"{'x' * 60}." * 4 + "com", "x" * 900),
)
#: What is no text.
_NODES = (
    *("{}", "[]", "null", "true", "false", "{exact: ''}", "{prefix: ''}", "{regex: ''}", "{present: true}"),
    *("{prefix: /}", "{exact: a}", "{prefix: a}", "{regex: a}", "SIMPLE", "MUTUAL", "DISABLE", "PERMISSIVE"),
    *("PASSTHROUGH", "TLSV1_0", "TLSV1_3", "DENY", "AUDIT", "CUSTOM"),
)
_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%/_")
#: Numbers and the like are written without quotes, which their fields ask for.
VALUES = (*_NODES, *(text if text and set(text) <= _PLAIN and text[0] != "%" else quoted(text) for text in EDGES))


class Place(NamedTuple):
    """Where a node stands in a text, and the key that it is for; the name of a key is a node, too."""

    start: int
    end: int
    key: str
    in_list: bool


def mutants(files: Mapping[str, str], count: int, seed: int) -> Iterator[dict[str, str]]:
    """The files, ``count`` times, each time with one or two values that are others. The same for the same seed."""
    chance = random.Random(seed)
    places = {name: tuple(_places(text)) for name, text in files.items()}
    known = _by_key(files, places)
    for _ in range(count):
        name = chance.choices(list(files), [len(found) for found in places.values()])[0]
        text = files[name]
        for place in sorted(chance.sample(places[name], chance.choice((1, 1, 2))), reverse=True):
            text = text[: place.start] + _instead(text, place, known, chance) + text[place.end :]
        yield {**files, name: text}


def _instead(text: str, place: Place, known: Mapping[str, list[str]], chance: random.Random) -> str:
    own = text[place.start : place.end]
    if place.in_list and chance.random() < 0.2:
        return f"{own}, {own}"
    return chance.choice(known[place.key] if chance.random() < 0.4 else VALUES)


def _places(text: str) -> Iterator[Place]:
    for document in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        for key, value in document.value:
            if key.value not in ("apiVersion", "kind", "platform"):
                yield from _below(value, key.value)


#: One of so many names of keys is tried: most of what comes in their place is an unknown key.
_NAMES = 5


def _below(node: yaml.Node, key: str, in_list: bool = False) -> Iterator[Place]:
    start, end = node.start_mark.index, node.end_mark.index
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if not block:
        yield Place(start, end, key, in_list)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.start_mark.index % _NAMES == 0:
                yield Place(name.start_mark.index, name.end_mark.index, f"{key}=", False)
            yield from _below(value, name.value)
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _below(value, key, not block)


def _by_key(files: Mapping[str, str], places: Mapping[str, tuple[Place, ...]]) -> dict[str, list[str]]:
    """What is written for each key, anywhere, on one line."""
    found: dict[str, list[str]] = {}
    for name, listed in places.items():
        for place in listed:
            own = files[name][place.start : place.end]
            found.setdefault(place.key, []).append(own if "\n" not in own else "null")
    return found
