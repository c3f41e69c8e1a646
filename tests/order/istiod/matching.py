"""Which filter chain, route and policy of Envoy's configuration fits, read from the configuration itself.

Written from https://www.envoyproxy.io/docs/envoy/latest/api-v3/api : only what istiod writes is known, anything else
raises ``UnjudgedError``. It knows nothing of Istio or of our objects, so two configurations can be judged by it alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from cmp.replay.access import UnjudgedError

Config = Mapping[str, Any]


class Connection(NamedTuple):
    """What a filter chain is chosen by.

    Attributes:
        alpn: what the client offers, or the inspector of the listener sees.
        principal: the URI of the client's certificate, if it shows one.
    """

    port: int
    tls: bool = False
    server_name: str = ""
    alpn: tuple[str, ...] = ()
    principal: str = ""


class Http(NamedTuple):
    """A request. ``claims`` are those of a token whose signature is good."""

    headers: Mapping[str, str]
    claims: Mapping[str, str] = {}

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.headers[":path"].partition("?")[0]


def chain_of(listener: Config, connection: Connection) -> Config | None:
    """The filter chain of a connection: criterion by criterion the closest, without going back.

    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto
    """
    left = list(listener["filterChains"])
    for fits in (_port_fits, _name_fits, _transport_fits, _protocol_fits):
        ranks = [(fits(chain["match"], connection), chain) for chain in left]
        best = max((rank for rank, _ in ranks), default=-1)
        left = [chain for rank, chain in ranks if rank == best >= 0]
    for chain in left:
        known(chain["match"], "destinationPort serverNames transportProtocol applicationProtocols")
    if len(left) > 1:
        raise UnjudgedError(f"several filter chains of {listener['name']}")
    default: Config | None = listener.get("defaultFilterChain")
    return left[0] if left else default


def _port_fits(match: Config, connection: Connection) -> int:
    return _closer("destinationPort" in match, match.get("destinationPort") == connection.port)


def _name_fits(match: Config, connection: Connection) -> int:
    names = match.get("serverNames", ())
    fitting = [len(name) for name in names if domain_fits(name, connection.server_name)]
    return max(fitting, default=-1) if names else 0


def _transport_fits(match: Config, connection: Connection) -> int:
    wanted = match.get("transportProtocol", "")
    return _closer(bool(wanted), wanted == ("tls" if connection.tls else "raw_buffer"))


def _protocol_fits(match: Config, connection: Connection) -> int:
    wanted = match.get("applicationProtocols", ())
    return _closer(bool(wanted), bool(set(wanted) & set(connection.alpn)))


def _closer(said: bool, fits: bool) -> int:
    """-1 for what does not fit, and what says nothing is less close than what fits."""
    return (1 if fits else -1) if said else 0


def domain_fits(pattern: str, name: str) -> bool:
    """Whether a name is that of a domain, which may begin with an asterisk."""
    return pattern == name or (pattern.startswith("*") and len(name) >= len(pattern) and name.endswith(pattern[1:]))


def host_of(hosts: Iterable[Config], authority: str) -> Config | None:
    """The virtual host of an authority: the exact name, then the longest with an asterisk."""
    fitting = [
        (domain == authority, len(domain), host)
        for host in hosts
        for domain in host["domains"]
        if domain_fits(domain, authority)
    ]
    return max(fitting, key=lambda one: one[:2])[2] if fitting else None


def route_of(hosts: Iterable[Config], sent: Http) -> Config | None:
    """The first route of the virtual host that fits a request."""
    host = host_of(hosts, sent.headers[":authority"])
    return next((route for route in host["routes"] if _route_fits(route["match"], sent)), None) if host else None


def _route_fits(match: Config, sent: Http) -> bool:
    known(match, "prefix path safeRegex pathSeparatedPrefix headers caseSensitive")
    path = sent.path if match.get("caseSensitive", True) else sent.path.lower()
    fits: Mapping[str, Callable[[Any], bool]] = {
        "prefix": path.startswith,
        "path": lambda text: path == text,
        "pathSeparatedPrefix": lambda text: path == text or path.startswith(f"{text}/"),
        "safeRegex": lambda regex: re.fullmatch(regex["regex"], path) is not None,
    }
    return all(fit(match[name]) for name, fit in fits.items() if name in match) and all(
        header_fits(one, sent) for one in match.get("headers", ())
    )


def header_fits(matcher: Config, sent: Http) -> bool:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto (HeaderMatcher)."""
    known(matcher, "name stringMatch presentMatch invertMatch treatMissingHeaderAsEmpty")
    name = matcher["name"].lower()
    if "presentMatch" in matcher:
        found = (name in sent.headers) == matcher["presentMatch"]
    elif name not in sent.headers and not matcher.get("treatMissingHeaderAsEmpty"):
        return False  # inverted or not
    else:
        found = text_fits(matcher["stringMatch"], sent.headers.get(name, ""))
    return bool(found != matcher.get("invertMatch", False))


def text_fits(matcher: Config, text: str) -> bool:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto ."""
    known(matcher, "exact prefix suffix contains safeRegex ignoreCase")
    text = text.lower() if matcher.get("ignoreCase") else text
    fits: Mapping[str, Callable[[Any], bool]] = {
        "exact": lambda wanted: text == wanted,
        "prefix": text.startswith,
        "suffix": text.endswith,
        "contains": text.__contains__,
        "safeRegex": lambda regex: re.fullmatch(regex["regex"], text) is not None,
    }
    (kind,) = set(matcher) - {"ignoreCase"}
    wanted = matcher[kind]
    return fits[kind](wanted.lower() if matcher.get("ignoreCase") else wanted)


def known(fields: Config, names: str) -> None:
    """Raise for fields that are not among names.

    Raises:
        UnjudgedError: there is one.
    """
    if unknown := sorted(set(fields) - set(names.split())):
        raise UnjudgedError(f"unknown to the reader of Envoy's configuration: {', '.join(unknown)}")
