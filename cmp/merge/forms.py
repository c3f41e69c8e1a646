"""The forms of the language: one table of path → long form, exclusive keys and list keys.

The merge writes every layer out by it, so that a shorthand replaces only what it stands for; the JSON Schema is
widened by it; the parser sees long form only. A path names keys; ``*`` is any key of a map that is keyed by name,
``[]`` an item of a list. Paths are relative to a service's body, or to a platform.
"""

from __future__ import annotations

from cmp.merge.form import Entries, Form
from cmp.merge.workload_forms import WORKLOAD
from cmp.node import Node


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
    *WORKLOAD,
    Form("", one_of=(("port",), ("ports",))),
    Form("ports", keyed=True),
    Form("ports.*", text="port"),
    *_policy("ports.*."),
    *_policy(""),
    Form("proxyProtocol", text="version"),
    Form("serviceAccount", text="name"),
    Form("rbac", listing=True),
    *(Form(f"rbac[].{key}", listing=True) for key in ("apiGroups", "resources", "resourceNames", "verbs")),
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
