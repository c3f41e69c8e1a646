"""The forms of the language: one table of path → long form, exclusive keys and list keys.

The merge writes every layer out by it, so that a shorthand replaces only what it stands for; the JSON Schema is
widened by it; the parser sees long form only. A path names keys; ``*`` is any key of a map that is keyed by name,
``[]`` an item of a list. Paths are relative to a service's body, or to a platform.
"""

from __future__ import annotations

from collections.abc import Iterable

from cmp.merge.form import Form
from cmp.merge.shorthands import all_to, call, caller, certificate_or_mode, logged, resources, tag
from cmp.merge.workload_forms import JOBS, WORKLOAD

_TARGET = (("to",), ("destinations",))
_ANSWERS = (("redirect",), ("directResponse",))
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
        Form(f"{at}.redirect", text="path", one_of=(("path",), ("prefixRewrite",))),
        Form(f"{at}.directResponse", text="status"),
        Form(f"{at}.fault.abort", one_of=(("httpStatus",), ("grpcStatus",)), needed=True),
        Form(f"{at}.fault.delay", text="fixedDelay"),
        Form(f"{at}.mirror", listing=True),
        Form(f"{at}.mirror[]", text="version", one_of=_TARGETS, needed=True),
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
        Form(f"{at}[].match[].destinationSubnets", listing=True, filled=True),
        Form(f"{at}[].to", text=all_to, keyed=True),
        Form(f"{at}[].destinations", listing=True),
        Form(f"{at}[].destinations[]", one_of=_TARGETS, needed=True),
    )


_FILES = ("serverCertificate", "privateKey", "caCertificates")


def _server_tls(at: str, *files: tuple[str, ...]) -> tuple[Form, ...]:
    """The forms of TLS at a gateway; the platform's may name files."""
    lists = ("credentialNames", "cipherSuites", "subjectAltNames")
    return (
        Form(at, text=certificate_or_mode, one_of=(("credentialName",), ("credentialNames",), ("issuer",), *files)),
        Form(f"{at}.issuer", text="name"),
        *(Form(f"{at}.{key}", listing=True, filled=True) for key in lists),
    )


def _policy(at: str) -> tuple[Form, ...]:
    """The forms of the traffic policy that a service, a version and a port may have."""
    hashed = f"{at}loadBalancer.consistentHash"
    return (
        Form(f"{at}loadBalancer", text="simple", one_of=(("simple",), ("consistentHash",))),
        Form(f"{at}loadBalancer.zoneAwareLbSetting.failover", listing=True),
        Form(f"{at}loadBalancer.zoneAwareLbSetting.failoverPriority", listing=True),
        Form(f"{at}outlierDetection.outlierDetectionHttpErrorCodes", listing=True),
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
        Form(f"{at}tls.subjectAltNames", listing=True, filled=True),
    )


def _calls(at: str) -> tuple[Form, ...]:
    return (
        Form(at, listing=True),
        Form(f"{at}[]", text=call, one_of=(("service",), ("namespaces",), ("url",)), needed=True),
        Form(f"{at}[].namespaces", listing=True, filled=True),
    )


#: What changes the output, of a service or of the platform.
_OUTPUT = (
    Form("patches", listing=True),
    Form("patches[]", one_of=(("merge",), ("json",)), needed=True),
    Form("patches[].target", text="kind"),
    Form("patches[].merge", raw=True),
    Form("patches[].json", listing=True),
    Form("patches[].json[].value", raw=True),
    Form("manifests", listing=True),
    Form("manifests[]", text="file"),
)

#: When Argo CD applies what a service is written as.
_SYNC = (
    Form("sync.waves", keyed=True),
    Form("sync.options", keyed=True),
    Form("sync.options.*", listing=True),
)

PROXY_MAPS = ("environmentVariables", "excludeInboundPorts", "excludeOutboundPorts")
_TRACERS = ("zipkin", "datadog", "skywalking", "opentelemetry")
#: The kinds of a provider.
PROVIDERS = ("envoyExtAuthzHttp", "envoyExtAuthzGrpc", *_TRACERS, "envoyHttpAls", "envoyTcpAls", "envoyOtelAls")


_IDENTITIES = ("services", "gateway", "principals", "serviceAccounts")
_SOURCE = (*_IDENTITIES, "namespaces", "trustDomains", "ipBlocks", "remoteIpBlocks", "requestPrincipals")
_OPERATION = ("methods", "paths", "hosts", "ports", "notMethods", "notPaths", "notHosts", "notPorts")


def _not(key: str) -> str:
    return f"not{key[0].upper()}{key[1:]}"


def _lists(at: str, keys: Iterable[str], filled: bool = False) -> tuple[Form, ...]:
    return tuple(Form(f"{at}.{key}", listing=True, filled=filled) for key in keys)


def _access() -> tuple[Form, ...]:
    """Who may call. The platform has it too: ``merge.shapes``."""
    rule, source = "access[]", "access[].from[]"
    return (
        Form("access", listing=True),
        Form(rule, text=caller),
        *_lists(rule, ("from", "to"), filled=True),
        Form(source, text="services", one_of=tuple((key,) for key in _IDENTITIES), filled=True),
        *_lists(source, (*_SOURCE, *(_not(key) for key in _SOURCE if key != "gateway")), filled=True),
        Form(f"{rule}.to[]", filled=True),
        *_lists(f"{rule}.to[]", _OPERATION, filled=True),
        Form(f"{rule}.when", keyed=True, filled=True),
        Form(f"{rule}.when.*", text="values", listed="values", one_of=(("values", "notValues"),), needed=True),
        *_lists(f"{rule}.when.*", ("values", "notValues"), filled=True),
        Form(f"{rule}.provider", text="name"),
    )


def _jwt() -> tuple[Form, ...]:
    """Whose tokens are believed. The platform has it too."""
    return (
        Form("jwt", listing=True),
        Form("jwt[]", one_of=(("jwksUri",), ("jwks",))),
        *_lists(
            "jwt[]", ("audiences", "fromHeaders", "fromParams", "fromCookies", "spaceDelimitedClaims"), filled=True
        ),
        Form("jwt[].fromHeaders[]", text="name"),
        Form("jwt[].require", text="everything", one_of=(("everything",), _OPERATION), needed=True),
        *_lists("jwt[].require", _OPERATION, filled=True),
    )


def _telemetry() -> tuple[Form, ...]:
    """What proxies measure, log and trace. The platform has it too."""
    blocks = ("tracing", "accessLogging[]", "metrics[]")
    override = "telemetry.metrics[].overrides[]"
    return (
        *_lists("telemetry", ("accessLogging", "metrics")),
        *(form for block in blocks for form in _lists(f"telemetry.{block}", ("providers",), filled=True)),
        *(Form(f"telemetry.{block}.match", text="mode") for block in blocks[:2]),
        Form("telemetry.tracing", text="randomSamplingPercentage"),
        Form("telemetry.tracing.customTags", keyed=True),
        Form("telemetry.tracing.customTags.*", text="literal", one_of=_TAGS, needed=True),
        *(Form(f"telemetry.tracing.customTags.*.{key}", text="name") for key in ("environment", "header")),
        Form("telemetry.accessLogging[]", text=logged),
        Form("telemetry.accessLogging[].filter", text="expression"),
        *_lists("telemetry.metrics[]", ("remove", "overrides")),
        Form(f"{override}.match", text="metric", one_of=(("metric",), ("customMetric",))),
        Form(f"{override}.tagOverrides", keyed=True),
        Form(f"{override}.tagOverrides.*", text=tag),
    )


_TAGS = (("literal",), ("environment",), ("header",), ("formatter",))
_MONITORING = (
    Form("metrics", text="port"),
    Form("slo", text="availability"),
    Form("slo.latency", listing=True),
    Form("alerts", keyed=True),
    Form("alerts.*", text="expr"),
    Form("dashboard", text="enabled"),
)

SERVICE: tuple[Form, ...] = (
    *WORKLOAD,
    *JOBS,
    Form("", one_of=(("port",), ("ports",))),
    Form("ports", keyed=True),
    Form("ports.*", text="port"),
    *_policy("ports.*."),
    *_policy(""),
    Form("proxyProtocol", text="version"),
    Form("serviceAccount", text="name"),
    Form("rbac", listing=True),
    *_lists("rbac[]", ("apiGroups", "resources", "resourceNames", "verbs"), filled=True),
    Form("versions", keyed=True),
    Form("routes", listing=True),
    Form("routes[]", one_of=(*_TARGET, *_ANSWERS, ("delegate",))),
    *_target("routes[]"),
    Form("routes[].match", listing=True, filled=True),
    Form("routes[].match[].path", listing=True, filled=True),
    Form("routes[].match[].path[]", text="pattern", one_of=_PATHS, needed=True),
    Form("routes[].match[].method", listing=True, filled=True),
    Form("routes[].match[].headers.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].withoutHeaders.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].cookies.*", text="exact", one_of=_STRINGS, needed=True),
    Form("routes[].match[].claims.*", text="exact", one_of=_STRINGS[:3], needed=True),
    Form("routes[].match[].gateways", listing=True, filled=True),
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
    Form("expose[]", text="host", one_of=(*_TARGET, *_ANSWERS)),
    Form("expose[].path", listing=True, filled=True),
    Form("expose[].path[]", text="pattern", one_of=_PATHS, needed=True),
    *_target("expose[]"),
    *_server_tls("expose[].tls"),
    Form("mtls", text="mode"),
    *_access(),
    *_jwt(),
    *_telemetry(),
    *_MONITORING,
    *_calls("calls"),
    Form("proxy.image", text="imageType"),
    Form("proxy.resources", rest=resources),
    *(Form(f"proxy.{key}", keyed=True) for key in PROXY_MAPS),
    Form("sidecar.outboundTrafficPolicy", text="mode"),
    Form("sidecar.ingress", listing=True),
    Form("sidecar.ingress[]", text="port"),
    Form("sidecar.egress", listing=True),
    Form("sidecar.egress[].hosts", listing=True),
    Form(
        "calls[].tls", text="mode", one_of=(("credentialName",), ("caCertificates", "clientCertificate", "privateKey"))
    ),
    Form("calls[].tls.subjectAltNames", listing=True, filled=True),
    Form("ignore", keyed=True),
    Form("parameters", listing=True),
    Form("external", text="hosts"),
    Form("external.hosts", listing=True),
    Form("external.addresses", listing=True),
    Form("external.endpoints", listing=True),
    Form("external.endpoints[]", text="address"),
    Form("external.subjectAltNames", listing=True, filled=True),
    Form("workload", text="kind"),
    Form("service", text="type"),
    Form("service.loadBalancerSourceRanges", listing=True, filled=True),
    Form("service.ipFamilies", listing=True),
    Form("exportTo", listing=True, filled=True),
    *_OUTPUT,
    *_SYNC,
)

PLATFORM: tuple[Form, ...] = (
    Form("gateways", keyed=True),
    Form("gateways.*.hosts", listing=True),
    *_server_tls("gateways.*.tls", _FILES),
    Form("gateways.*.ports", keyed=True),
    Form("gateways.*.ports.*", text="port"),
    *_server_tls("gateways.*.ports.*.tls", _FILES),
    *_calls("calls"),
    Form("istio.tags", keyed=True),
    Form("istio.install", text="enabled"),
    Form("argocd", text="repoURL"),
    Form("argocd.destination", text="server", one_of=(("server",), ("name",)), needed=True),
    Form("argocd.kinds", listing=True),
    Form("argocd.applications", keyed=True),
    Form("argocd.applications.*", text="path"),
    Form("namespaces", keyed=True),
    *_calls("namespaces.*.calls"),
    Form("monitoring.prometheus", text="install"),
    Form("monitoring.grafana", text="install"),
    Form("monitoring.argocd", text="enabled"),
    Form("monitoring.istio", text="enabled"),
    Form("providers", keyed=True),
    Form("providers.*", one_of=tuple((kind,) for kind in PROVIDERS), needed=True),
    Form("catalog", keyed=True),
    Form("catalog.*.ports.*", text="port"),
    Form("policy", listing=True),
    Form("policy[]", one_of=(("require",), ("forbid",), ("allow",)), needed=True),
    Form("policy[].require", listing=True),
    *(Form(f"policy[].{key}", raw=True) for key in ("forbid", "allow", "when", "unless")),
    *_OUTPUT,
)
