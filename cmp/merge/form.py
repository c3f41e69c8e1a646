"""What a row of the table of forms says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cmp.merge.shorthands import Entries
from cmp.node import Node


class Form(NamedTuple):
    """How the value at ``path`` may be written.

    Attributes:
        path: where it stands.
        text: what a scalar stands for: the key of the long form that takes it, or a function that writes the long form.
        listing: the value is a list; one item may stand for a list of one, and ``key+`` adds to it.
        one_of: keys that exclude each other. A group is a tuple of keys that go together.
        needed: one of those keys has to be there.
        rest: rewrites a map with shorthand keys into the long form.
        keyed: the value is a map from names to things, where an empty thing is written ``{}``.
        listed: what a list stands for: the key of the long form that takes it.
        filled: the value limits something, so that an empty one would mean anything: it is refused, and not left out.
        raw: the value is not of the language: it stays as it is written, with its nulls.
    """

    path: str
    text: str | Callable[[Node], Entries] | None = None
    listing: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    needed: bool = False
    rest: Callable[[Entries], Entries] | None = None
    keyed: bool = False
    listed: str | None = None
    filled: bool = False
    raw: bool = False

    @property
    def takes_text(self) -> bool:
        """Whether a scalar stands for itself."""
        return self.text is None and not self.listing
