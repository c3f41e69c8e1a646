"""The table of Istio's annotations is Istio's own."""

import re
from typing import NamedTuple

from cmp.context.annotations import DEPRECATED, READ
from tests.support.istio_source import istio_api

_INSTANCE = re.compile(
    r'Instance \{\s*Name:\s*"([^"]+)".*?Deprecated:\s*(\w+),\s*Resources: \[\]ResourceTypes\{(.*?)\}', re.DOTALL
)


class Annotation(NamedTuple):
    name: str
    deprecated: bool
    kinds: tuple[str, ...]


def of_istio() -> list[Annotation]:
    source = (istio_api() / "annotation" / "annotations.gen.go").read_text(encoding="utf-8")
    found = [
        Annotation(name, word == "true", (*re.findall(r"\w+", kinds),))
        for name, word, kinds in _INSTANCE.findall(source)
    ]
    return [one for one in found if "istio.io/" in one.name]


def test_every_annotation_is_listed_with_the_kinds_that_it_is_read_of() -> None:
    found = of_istio()

    assert len(found) > 60
    assert {one.name: () if one.kinds == ("Any",) else one.kinds for one in found} == READ


def test_those_that_are_to_go_are_listed() -> None:
    assert {one.name for one in of_istio() if one.deprecated} == set(DEPRECATED)
