"""Checks of headers: those that are compared, those that are changed, and those of CORS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import targets
from cmp.context.model import Context, Service

if TYPE_CHECKING:
    from cmp.spec.traffic import Cors, Headers, TextMatch


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
                yield from _cookies(service, match.cookies, at)
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
        for headers, path in changes:
            yield from _hosts_kept(service, headers, path)
        yield from _authorities(service)
        for cors, path in _cors(service):
            for index, origin in enumerate(cors.allowOrigins):
                if origin.exact == "":
                    at = (*path, "cors", "allowOrigins", index)
                    yield Finding(
                        "MS104", service, at, "the origin is empty", "write for example https://a.example.com"
                    )
            if cors.maxAge is not None and cors.maxAge.endswith("ms"):
                yield Finding(
                    "MS218", service, (*path, "cors", "maxAge"), "maxAge is whole seconds", "write for example 1h"
                )


#: Characters of a regular expression that Istio takes, less those that pick a cookie out of its header.
MOST_OF_A_COOKIE = 1024 - 32


def _cookies(service: Service, cookies: Mapping[str, TextMatch], at: tuple[Step, ...]) -> Iterator[Finding]:
    """A cookie is compared by a regular expression on its header."""
    for name, text in cookies.items():
        plain = text.exact or text.prefix or ""
        if len(re.escape(name)) + len(re.escape(plain) or text.regex or "") > MOST_OF_A_COOKIE:
            message = f'the cookie "{name[:40]}" would be compared by an expression of more than 1024 characters'
            yield Finding("MS104", service, (*at, "cookies", name), message, "compare a shorter part: {prefix: ...}")


def _authorities(service: Service) -> Iterator[Finding]:
    """One thing is written into the header Host: also where a route sets it and the host that shows it rewrites it."""
    same = "rewrite.authority and the header Host are the same thing"
    told: set[tuple[Step, ...]] = set()
    for target, path in targets(service):
        if target.rewrite is not None and target.rewrite.authority and _host_set(target.headers):
            told.add(path)
            yield Finding("MS105", service, (*path, "headers", "request", "set"), same, "keep one", True)
    for ingress in service.ingress:
        for rule in ingress.rules if ingress.kind == "http" else ():
            at = next((index for index, route in enumerate(service.spec.routes) if route is rule.route), None)
            if at is None or ("routes", at) in told or not (rule.authority and _host_set(rule.headers)):
                continue
            told.add(("routes", at))
            message = f"{same}: this route writes one, and expose the other for {', '.join(ingress.hosts)}"
            yield Finding("MS105", service, ("routes", at), message, "keep one", True)


def _host_set(headers: Headers | None) -> list[str]:
    request = headers.request if headers is not None else None
    return [name for name in request.set if name.lower() == "host"] if request is not None else []


def _hosts_kept(service: Service, headers: Headers, path: tuple[Step, ...]) -> Iterator[Finding]:
    """The header Host can be set in requests, and nothing else be done to it."""
    for side in ("request", "response"):
        change = getattr(headers, side)
        for key in ("set", "add", "remove") if change is not None else ():
            seen: set[str] = set()
            for name in getattr(change, key):
                if name.lower() in seen:
                    message = f'header "{name}" is given twice'
                    yield Finding("MS008", service, (*path, "headers", side, key), message, "keep one")
                seen.add(name.lower())
                if name.lower() == "host" and (side, key) != ("request", "set"):
                    message = f"the header Host cannot be changed by {side}.{key}"
                    yield Finding("MS218", service, (*path, "headers", side, key), message, "use request.set", True)


def _cors(service: Service) -> Iterator[tuple[Cors, tuple[Step, ...]]]:
    if service.spec.cors is not None:
        yield service.spec.cors, ()
    yield from ((target.cors, path) for target, path in targets(service) if target.cors is not None)
