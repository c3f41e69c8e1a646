"""Path patterns, and what of a service's paths is seen through an exposed host.

A pattern says where a segment ends: ``/a/*`` is ``/a`` and all below it, but not ``/ab``. Istio's prefix match is
textual, so such a pattern becomes an exact and a prefix rule
(https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from cmp.spec.traffic import PathMatch


class PathRule(NamedTuple):
    """A condition on a path in Istio's words."""

    kind: Literal["exact", "prefix", "regex"]
    value: str


class Mapped(NamedTuple):
    """A condition, and the text that replaces what it matched, or None to leave the path alone."""

    rule: PathRule
    replacement: str | None = None


class Span(NamedTuple):
    """Part of the paths of a host: what the client asks for, and what the service is to see instead."""

    outer: PathRule
    inner: PathRule


EVERYTHING = Span(PathRule("prefix", "/"), PathRule("prefix", "/"))


def rules(match: PathMatch) -> tuple[PathRule, ...]:
    """The conditions that a path of the spec stands for."""
    if match.regex is not None:
        return (PathRule("regex", match.regex),)
    if match.exact is not None:
        return (PathRule("exact", match.exact),)
    if match.prefix is not None:
        return (PathRule("prefix", match.prefix),)
    pattern = match.pattern or "/*"
    if pattern == "/*":
        return (PathRule("prefix", "/"),)
    if "{" in pattern:
        return (PathRule("regex", _template(pattern)),)
    if pattern.endswith("/*"):
        return (PathRule("exact", pattern[:-2]), PathRule("prefix", pattern[:-1]))
    if pattern.endswith("*"):
        return (PathRule("prefix", pattern[:-1]),)
    return (PathRule("exact", pattern),)


def _template(pattern: str) -> str:
    """A template as a regular expression: routes have no templates of their own."""
    parts = {"{*}": "[^/]+", "{**}": ".*"}
    return "/".join(parts.get(segment) or re.escape(segment) for segment in pattern.split("/"))


def mapped(matches: Iterable[PathMatch], rewrite: str | None) -> list[Mapped]:
    """Conditions with what replaces them. Below ``/a/`` the replacement ends in a slash too: /a/x becomes /new/x."""
    found = []
    for match in matches:
        both = rules(match)
        for rule in both:
            whole = rewrite is not None and rule.kind == "prefix" and rule.value.endswith("/") and match.prefix is None
            found.append(Mapped(rule, f"{rewrite.rstrip('/')}/" if whole and rewrite is not None else rewrite))
    return found


def spans(matches: Iterable[PathMatch], rewrite: str | None) -> list[Span]:
    """The parts of a host that an ``expose`` item publishes; without paths all of it."""
    listed = list(matches)
    if not listed and rewrite is None:
        return [EVERYTHING]
    conditions = mapped(listed, rewrite) if listed else [Mapped(EVERYTHING.outer, f"{(rewrite or '').rstrip('/')}/")]
    return [Span(rule, rule if text is None else PathRule(rule.kind, text)) for rule, text in conditions]


def seen_through(span: Span, wanted: Mapped | None) -> Mapped | None:
    """A condition of the service as it is asked for through a span; None where no path fits both.

    ``wanted`` None means that the service's rule takes any path.
    """
    outer, inner = span
    if wanted is None:
        return Mapped(outer, None if outer == inner else inner.value)
    rule, text = wanted
    if span == EVERYTHING:
        return wanted
    if inner.kind == "prefix" and rule.kind in ("exact", "prefix") and rule.value.startswith(inner.value):
        rest = rule.value[len(inner.value) :]
        asked = PathRule(rule.kind, outer.value + rest)
        unchanged = None if asked.value == rule.value else rule.value
        return Mapped(asked, text if text is not None else unchanged)
    if rule.kind == "prefix" and inner.value.startswith(rule.value) and inner.kind in ("exact", "prefix"):
        rest = inner.value[len(rule.value) :]
        unchanged = None if outer == inner else inner.value
        return Mapped(outer, text + rest if text is not None else unchanged)
    if rule == inner:
        return Mapped(outer, text if text is not None else None if outer == inner else inner.value)
    return None


def combinable(span: Span, wanted: PathRule) -> bool:
    """Whether both can be one condition: a regular expression has no part that a prefix could cut off."""
    if span == EVERYTHING or span.inner == wanted:
        return True
    return "regex" not in (span.inner.kind, span.outer.kind, wanted.kind)


def covers(a: PathRule, b: PathRule) -> bool:
    """Whether each path that fits ``b`` fits ``a``."""
    if a.kind == "prefix" and b.kind in ("exact", "prefix"):
        return b.value.startswith(a.value)
    return a == b


def overlap(a: PathRule, b: PathRule) -> bool:
    """Whether some path fits both conditions; a regular expression is taken to fit only itself."""
    if "regex" in (a.kind, b.kind):
        return a == b
    if a.kind == b.kind == "exact":
        return a.value == b.value
    if a.kind == "exact":
        return a.value.startswith(b.value)
    if b.kind == "exact":
        return b.value.startswith(a.value)
    return a.value.startswith(b.value) or b.value.startswith(a.value)
