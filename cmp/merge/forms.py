"""The forms of the language: one table of path → long form, exclusive keys and list keys.

The merge writes every layer out by it, so that a shorthand replaces only what it stands for; the JSON Schema is
widened by it; the parser sees long form only. A path names keys; ``*`` is any key of a map that is keyed by name,
``[]`` an item of a list. Paths are relative to a service's body, or to a platform.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cmp.node import Node

Entries = dict[str, Node]


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
    """

    path: str
    text: str | Callable[[Node], Entries] | None = None
    listing: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    needed: bool = False
    rest: Callable[[Entries], Entries] | None = None
    keyed: bool = False


def image(node: Node) -> Entries:
    """An image reference, registry/repository:tag@digest; a first part with ``.`` or ``:`` is the registry.

    https://pkg.go.dev/github.com/distribution/reference
    """
    rest, at, digest = str(node.value).partition("@")
    head, slash, tail = rest.partition("/")
    registry = head if slash and ("." in head or ":" in head or head == "localhost") else ""
    name = tail if registry else rest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, colon, tag = name, "", ""
    parts = {"registry": registry, "repository": repository, "tag": tag if colon else "", "digest": digest}
    marks = {"registry": slash and registry, "repository": True, "tag": colon, "digest": at}
    return {key: node.with_value(text) for key, text in parts.items() if marks[key]}


def resources(entries: Entries) -> Entries:
    """``cpu`` is a request, because a CPU limit throttles; ``memory`` request and limit, because memory cannot wait."""
    long = {key: node for key, node in entries.items() if key not in ("cpu", "memory")}
    for key, blocks in (("cpu", ("requests",)), ("memory", ("requests", "limits"))):
        if key not in entries:
            continue
        for block in blocks:
            given = long.get(block)
            if given is not None and isinstance(given.value, (str, list)):
                continue  # not a map: left for the parser to refuse
            inner = dict(given.value) if given is not None and isinstance(given.value, dict) else {}
            inner.setdefault(key, entries[key])
            long[block] = (given or entries[key]).with_value(inner)
    return long


PROBE_KINDS = (("http",), ("grpc",), ("tcp",), ("exec",))


def health(entries: Entries) -> Entries:
    """A probe written in place of the three is readiness and liveness."""
    probe = {key: node for key, node in entries.items() if key not in ("readiness", "liveness", "startup")}
    if not any(kind in probe for (kind,) in PROBE_KINDS):
        return entries
    long = {key: node for key, node in entries.items() if key not in probe}
    first = next(iter(probe.values()))
    both = Node(probe, first.key or first.pos, first.key)
    return {"readiness": both, "liveness": both, **long}


def readiness_and_liveness(node: Node) -> Entries:
    """A plain value is the path of both probes, readiness and liveness."""
    return {"readiness": node, "liveness": node}


def file_or_text(node: Node) -> Entries:
    """A plain value is the name of a file; one of several lines, which no name has, is the text itself."""
    return {"text" if "\n" in str(node.value) else "file": node}


def all_to(node: Node) -> Entries:
    """A plain value is the version that gets all requests."""
    return {str(node.value): node.with_value("100")}


def call(node: Node) -> Entries:
    """A plain value with a scheme is an address outside the mesh, else the name of a service."""
    return {"url" if "://" in str(node.value) else "service": node}


def certificate_or_mode(node: Node) -> Entries:
    """A plain value is the name of a certificate's Secret; a word in capitals is a mode."""
    return {"mode" if str(node.value).isupper() else "credentialName": node}


def caller(node: Node) -> Entries:
    """A plain value is a service that may ask for anything."""
    return {"from": node.with_value([node.with_value({"services": node.with_value([node])})])}


_VOLUMES = (
    ("emptyDir",),
    ("size", "storageClass", "accessModes"),
    ("claim",),
    ("secret",),
    ("configMap",),
    ("csi",),
    ("projected",),
)
_SOURCES = (("secret",), ("configMap",), ("serviceAccountToken",), ("downwardAPI",))
_TARGET = (("to",), ("destinations",))
_TARGETS = (("version",), ("service",), ("host",))
_STRINGS = (("exact",), ("prefix",), ("regex",), ("present",))
_PATHS = (("pattern",), ("exact",), ("prefix",), ("regex",))


def _cors(at: str) -> tuple[Form, ...]:
    lists = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders")
    origins = Form(f"{at}.allowOrigins[]", text="exact", one_of=_STRINGS[:3], needed=True)
    return (*(Form(f"{at}.{key}", listing=True) for key in lists), origins)


def _headers(at: str) -> tuple[Form, ...]:
    return tuple(Form(f"{at}.{side}.remove", listing=True) for side in ("request", "response"))


def _target(at: str) -> tuple[Form, ...]:
    """The forms that a route and an exposed host share."""
    return (
        Form(f"{at}.to", text=all_to, keyed=True),
        Form(f"{at}.destinations", listing=True),
        Form(f"{at}.destinations[]", one_of=_TARGETS, needed=True),
        Form(f"{at}.rewrite", text="path", one_of=(("path",), ("regex",))),
        *_cors(f"{at}.cors"),
        *_headers(f"{at}.headers"),
        *_headers(f"{at}.destinations[].headers"),
        Form(f"{at}.retries", text="attempts"),
        Form(f"{at}.retries.retryOn", listing=True),
    )


def _stream(at: str) -> tuple[Form, ...]:
    """The forms of rules for connections."""
    return (
        Form(at, listing=True),
        Form(f"{at}[]", one_of=_TARGET, needed=True),
        Form(f"{at}[].match", listing=True),
        Form(f"{at}[].match[].destinationSubnets", listing=True),
        Form(f"{at}[].to", text=all_to, keyed=True),
        Form(f"{at}[].destinations", listing=True),
        Form(f"{at}[].destinations[]", one_of=_TARGETS, needed=True),
    )


def _probe(at: str) -> tuple[Form, ...]:
    return (Form(at, text="http", one_of=PROBE_KINDS, needed=True), Form(f"{at}.exec", listing=True))


def _policy(at: str) -> tuple[Form, ...]:
    """The forms of the traffic policy that a service, a version and a port may have."""
    hashed = f"{at}loadBalancer.consistentHash"
    return (
        Form(f"{at}loadBalancer", text="simple", one_of=(("simple",), ("consistentHash",))),
        Form(
            hashed,
            one_of=(("httpHeaderName",), ("httpCookie",), ("useSourceIp",), ("httpQueryParameterName",)),
            needed=True,
        ),
        Form(f"{hashed}.httpCookie", text="name"),
        Form(f"{hashed}.httpCookie.attributes", listing=True),
        Form(f"{at}loadBalancer.localityLbSetting", one_of=(("distribute",), ("failover",))),
        Form(f"{at}loadBalancer.localityLbSetting.distribute", listing=True),
        Form(f"{at}loadBalancer.localityLbSetting.failover", listing=True),
        Form(f"{at}loadBalancer.localityLbSetting.failoverPriority", listing=True),
        Form(f"{at}loadBalancer.warmup", text="duration"),
        Form(f"{at}tls", text="mode"),
        Form(f"{at}tls.subjectAltNames", listing=True),
    )


SERVICE: tuple[Form, ...] = (
    Form("", one_of=(("port",), ("ports",))),
    Form("image", text=image, one_of=(("tag",), ("digest",))),
    Form("image.pullSecrets", listing=True),
    Form("command", listing=True),
    Form("args", listing=True),
    Form("ports", keyed=True),
    Form("ports.*", text="port"),
    *_policy("ports.*."),
    *_policy(""),
    Form("proxyProtocol", text="version"),
    Form("replicas", text="count", one_of=(("count",), ("min", "max", "cpu"))),
    Form("resources", rest=resources),
    Form("env", keyed=True),
    Form("env.*", text="value", one_of=(("value",), ("secret",), ("configMap",), ("field",)), needed=True),
    Form("envFrom", listing=True),
    Form("envFrom[]", one_of=(("configMap",), ("secret",)), needed=True),
    Form("config", keyed=True),
    Form("config.*", text=file_or_text, one_of=(("file",), ("text",)), needed=True),
    Form("secrets", keyed=True),
    Form("secrets.*", one_of=(("store",),), needed=True),
    Form("secrets.*.data", keyed=True),
    Form("health", text=readiness_and_liveness, rest=health),
    *_probe("health.readiness"),
    *_probe("health.liveness"),
    *_probe("health.startup"),
    Form("volumes", keyed=True),
    Form("volumes.*", one_of=_VOLUMES, needed=True),
    Form("volumes.*.accessModes", listing=True),
    Form("volumes.*.projected", listing=True),
    Form("volumes.*.projected[]", one_of=_SOURCES, needed=True),
    Form("strategy", text="type", one_of=(("type",), ("rollingUpdate",))),
    Form("serviceAccount", text="name"),
    Form("versions", keyed=True),
    Form("routes", listing=True),
    Form("routes[]", one_of=(*_TARGET, ("redirect",), ("directResponse",), ("delegate",))),
    Form("routes[].redirect", text="path"),
    Form("routes[].directResponse", text="status"),
    Form("routes[].fault.abort", one_of=(("httpStatus",), ("grpcStatus",)), needed=True),
    Form("routes[].fault.delay", text="fixedDelay"),
    Form("routes[].mirror", listing=True),
    Form("routes[].mirror[]", text="version", one_of=_TARGETS, needed=True),
    *_target("routes[]"),
    Form("routes[].match", listing=True),
    Form("routes[].match[].path", listing=True),
    Form("routes[].match[].path[]", text="pattern", one_of=_PATHS, needed=True),
    Form("routes[].match[].method", listing=True),
    Form("routes[].match[].headers.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].withoutHeaders.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].cookies.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].claims.*", text="exact", one_of=_STRINGS[:3], needed=True),
    Form("routes[].match[].gateways", listing=True),
    Form("routes[].match[].authority", text="exact", one_of=_STRINGS[:3], needed=True),
    Form("routes[].match[].scheme", text="exact", one_of=_STRINGS[:3], needed=True),
    *_stream("tcpRoutes"),
    *_stream("tlsRoutes"),
    Form("tlsRoutes[].match[].sniHosts", listing=True),
    *_cors("cors"),
    Form("routes[].match[].queryParams.*", text="exact", one_of=_STRINGS, needed=True),
    Form("retries", text="attempts"),
    Form("retries.retryOn", listing=True),
    Form("expose", listing=True),
    Form("expose[]", text="host", one_of=_TARGET),
    Form("expose[].path", listing=True),
    Form("expose[].path[]", text="pattern", one_of=_PATHS, needed=True),
    *_target("expose[]"),
    Form("mtls", text="mode"),
    Form("access", listing=True),
    Form("access[]", text=caller),
    Form("access[].from", listing=True),
    Form("access[].from[].services", listing=True),
    Form("access[].from[]", text="services", one_of=(("services",), ("gateway",), ("principals",))),
    Form("access[].from[].gateway", listing=True),
    Form("access[].from[].namespaces", listing=True),
    Form("access[].from[].principals", listing=True),
    Form("access[].to", listing=True),
    Form("access[].to[].methods", listing=True),
    Form("access[].to[].paths", listing=True),
    Form("access[].to[].ports", listing=True),
    Form("calls", listing=True),
    Form("calls[]", text=call, one_of=(("service",), ("namespaces",), ("url",)), needed=True),
    Form("calls[].namespaces", listing=True),
    Form("parameters", listing=True),
)

PLATFORM: tuple[Form, ...] = (
    Form("gateways", keyed=True),
    Form("gateways.*.hosts", listing=True),
    Form("gateways.*.tls", text=certificate_or_mode, one_of=(("credentialName",),), needed=True),
    Form("catalog", keyed=True),
    Form("catalog.*.ports.*", text="port"),
)
