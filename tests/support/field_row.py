"""What a row of the tables ``field_rows`` and ``field_rows_pod`` is, and the texts that fields are tried with."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.support.nasty import NASTY

SHORT = tuple(text for text in NASTY if len(text) <= 1100)
# Free text is tried with these; a field with a syntax, which refuses nearly all of them, with fewer.
TEXTS = tuple(dict.fromkeys(("a", "no", "1e3", "1.20", "/a", "A", "", *SHORT[:: max(1, len(SHORT) // 220)])))
SYNTAX = tuple(dict.fromkeys(("a", "no", "1e3", "1.20", "/a", "/", "A", "a.b", "5s", "a/b", "deadbeef", *TEXTS[::4])))
assert len(TEXTS) >= 200


def same(text: str) -> str | None:
    return text


class Row(NamedTuple):
    """How a field is written: ``fields`` of a service or an entry, with ``@`` for the text.

    ``place`` is the kind and the path where ``expected(text)`` stands; ``{}`` in the path means a key, ``[]`` any item.
    A field without a place decides what is built and is written nowhere.
    """

    fields: str
    place: str = ""
    expected: Callable[[str], object] = same
    texts: Sequence[str] = TEXTS


POD = "Deployment:spec.template.spec"
CONTAINER = f"{POD}.containers.[]"
FREE = TEXTS
