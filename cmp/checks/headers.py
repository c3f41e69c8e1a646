"""Checks of headers: those that are compared, those that are changed, and those of CORS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import targets
from cmp.context.model import Context, Service

if TYPE_CHECKING:
    from cmp.spec.traffic import Cors, Headers


def check_headers(context: Context) -> Iterator[Finding]:
    """Names of headers have no case: two that differ by it are one."""
    for service in context.services:
        for index, route in enumerate(service.spec.routes):
            for number, match in enumerate(route.match):
                seen: set[str] = set()
                for name in match.headers:
                    if name.lower() in seen:
                        path = ("routes", index, "match", number, "headers", name)
                        yield Finding("MS008", service, path, f'header "{name}" is given twice', "keep one", True)
                    seen.add(name.lower())


def check_sent_headers(context: Context) -> Iterator[Finding]:
    """What Istio's webhook refuses of matches, header changes and CORS."""
    for service in context.services:
        for index, route in enumerate(service.spec.routes):
            for number, match in enumerate(route.match):
                at: tuple[Step, ...] = ("routes", index, "match", number)
                cookie_header = any(name.lower() == "cookie" for name in match.headers)
                if len(match.cookies) > 1 or (match.cookies and cookie_header):
                    message = "one match asks for one cookie: Istio compares the whole header"
                    yield Finding(
                        "MS218", service, (*at, "cookies"), message, "use one cookie, or a regex on the header"
                    )
                if match.ignoreUriCase and any(path.regex for path in match.path):
                    message = "a regular expression says itself whether case counts"
                    yield Finding("MS218", service, (*at, "ignoreUriCase"), message, "write (?i) in the expression")
        changes = [(target.headers, path) for target, path in targets(service) if target.headers is not None]
        for target, path in targets(service):
            for index, one in enumerate(target.destinations):
                if one.headers is not None:
                    changes.append((one.headers, (*path, "destinations", index)))
            authority = target.rewrite.authority if target.rewrite else None
            request = target.headers.request if target.headers else None
            if authority and request and any(name.lower() == "host" for name in request.set):
                message = "rewrite.authority and the header Host are the same thing"
                yield Finding("MS105", service, (*path, "headers", "request", "set"), message, "keep one", True)
        for headers, path in changes:
            yield from _hosts_kept(service, headers, path)
        for cors, path in _cors(service):
            if cors.maxAge is not None and cors.maxAge.endswith("ms"):
                yield Finding(
                    "MS218", service, (*path, "cors", "maxAge"), "maxAge is whole seconds", "write for example 1h"
                )


def _hosts_kept(service: Service, headers: Headers, path: tuple[Step, ...]) -> Iterator[Finding]:
    """The header Host can be set in requests, and nothing else be done to it."""
    for side in ("request", "response"):
        change = getattr(headers, side)
        for key in ("set", "add", "remove") if change is not None else ():
            for name in getattr(change, key):
                if name.lower() == "host" and (side, key) != ("request", "set"):
                    message = f"the header Host cannot be changed by {side}.{key}"
                    yield Finding("MS218", service, (*path, "headers", side, key), message, "use request.set", True)


def _cors(service: Service) -> Iterator[tuple[Cors, tuple[Step, ...]]]:
    if service.spec.cors is not None:
        yield service.spec.cors, ()
    yield from ((target.cors, path) for target, path in targets(service) if target.cors is not None)
