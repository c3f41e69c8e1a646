"""What the matches of routes say: where they hold, whether they take everything, and the name of their rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cmp.context import paths
from cmp.context.model import HttpMatch, Port
from cmp.context.names import digest
from cmp.context.paths import EVERYTHING, Mapped, Span

if TYPE_CHECKING:
    from cmp.spec.traffic import Match, Route, Target, TextMatch


class Place(NamedTuple):
    """Where rules are written for: a port of the service, as the mesh sees it or through a gateway.

    ``only`` is the port's number where rules have to say it; ``item`` is what exposes the service at the gateway.
    """

    port: Port
    only: int | None = None
    gateway: str | None = None
    item: Target | None = None


MESH = "mesh"


def holds(match: Match, place: Place) -> bool:
    """Whether a match can fit there: callers are known in the mesh only, claims of tokens at gateways only."""
    if match.port not in (None, place.port.name, str(place.port.number)):
        return False
    if match.gateways and (place.gateway or MESH) not in match.gateways:
        return False
    return not (by_source(match) if place.gateway is not None else match.claims)


def takes_all(match: Match, place: Place) -> bool:
    """Whether a match fits every request of a place."""
    everything = not match.path or any(EVERYTHING.outer in paths.rules(path) for path in match.path)
    return holds(match, place) and everything and not has_conditions(match)


def has_conditions(match: Match) -> bool:
    """Whether a match asks for more than a path and a place."""
    texts = (match.headers, match.withoutHeaders, match.cookies, match.queryParams, match.authority, match.scheme)
    return any(texts) or bool(match.method or match.claims) or by_source(match)


def covers(one: HttpMatch, other: HttpMatch) -> bool:
    """Whether each request that fits ``other`` fits ``one``, which asks for a part of the same, or for nothing."""
    if one.path is not None and (other.path is None or not paths.covers(one.path, other.path)):
        return False
    if (one.method, one.port, one.source) != (
        one.method and other.method,
        one.port and other.port,
        one.source and other.source,
    ):
        return False
    if one.spec is None:
        return True
    if other.spec is None:
        return not _asked(one.spec)
    folded = other.spec.ignoreUriCase and not one.spec.ignoreUriCase and one.path is not None
    return not folded and _asked(one.spec) <= _asked(other.spec)


def _asked(match: Match) -> set[tuple[object, ...]]:
    """What a match asks for beside its path, method, port and place."""
    found: set[tuple[object, ...]] = set(match.sourceLabels.items())
    for kind in ("headers", "withoutHeaders", "cookies", "queryParams", "claims"):
        texts = _texts(getattr(match, kind))
        found |= {(kind, name.lower() if "eaders" in kind else name, text) for name, text in texts.items()}
    single = {"authority": match.authority, "scheme": match.scheme}
    return found | set(_texts({kind: text for kind, text in single.items() if text is not None}).items())


def by_source(match: Match) -> bool:
    """Whether a match asks who calls."""
    return match.from_ is not None or bool(match.sourceLabels)


def conditions(match: Match | None, replacement: str | None, spans: list[Span]) -> Iterator[Mapped]:
    """The conditions on the path under which a match holds, as clients ask through the spans."""
    path = match.path if match is not None else ()
    wanted: Sequence[Mapped | None] = paths.mapped(path, replacement)
    if not path:
        wanted = (None,) if replacement is None else (Mapped(EVERYTHING.outer, f"{replacement.rstrip('/')}/"),)
    for one in wanted:
        for span in spans:
            if one is None or paths.combinable(span, one.rule):  # else a check reports it
                condition = paths.seen_through(span, one)
                if condition is not None:
                    yield condition


def rule_name(route: Route) -> str:
    """The name of a route's rules: its own, else a digest of what it matches."""
    return route.name or digest(repr([_signature(match) for match in route.match]))


def _signature(match: Match) -> list[object]:
    """What a match says, as plain data in a fixed order: the name of a rule is a digest of it.

    What a match does not say is not in it, so that keys that the language gets later rename no rule.
    """
    texts = [_texts(match.headers), _texts(match.queryParams)]
    base = [[tuple(rule) for path in match.path for rule in paths.rules(path)], *texts, match.method, match.port]
    more = {
        "withoutHeaders": _texts(match.withoutHeaders),
        "cookies": _texts(match.cookies),
        "authority": _texts({"": match.authority} if match.authority else {}),
        "scheme": _texts({"": match.scheme} if match.scheme else {}),
        "ignoreUriCase": match.ignoreUriCase,
        "from": match.from_,
        "sourceLabels": match.sourceLabels,
        "claims": _texts(match.claims),
        "gateways": match.gateways,
    }
    return [*base, *((key, value) for key, value in more.items() if value)]


def _texts(texts: Mapping[str, TextMatch]) -> dict[str, object]:
    return {key: (text.exact, text.prefix, text.regex, text.present) for key, text in texts.items()}
