"""How every string field of the language is written, and where its text turns up in the output.

``tests/conformance/test_nasty_fields.py`` fails when a field of the models has no row.
"""

import re
from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import CONTAINER, POD, SYNTAX, TEXTS, Row, same

RULE = "VirtualService:spec.http.[]"
MATCH = f"{RULE}.match.[]"
ROUTE = "routes: [{to: v1, match: {path: /r}, %s}]"
ANSWER = "routes: [{match: {path: /r}, %s}]"
ANY = "routes: [{to: v1, match: {%s}}]"
EXPOSE = "expose: [{host: s#.example.com, %s}]"  # each its own host, else they would be in each other's way


def host(name: str) -> str:
    return f"{name}.ns.svc.cluster.local" if "." not in name else f"{name}.svc.cluster.local"


def principal(account: str) -> str:
    name, _, namespace = account.partition(".")
    return f"cluster.local/ns/{namespace or 'ns'}/sa/{name}"


def unless_all(prefix: str) -> str | None:
    """What begins with / is every path, and needs no condition."""
    return prefix if prefix != "/" else None


def probes() -> Iterator[tuple[str, Row]]:
    for kind in ("readiness", "liveness", "startup"):
        at, probe = f"MeshService.health.{kind}", f"{CONTAINER}.{kind}Probe"
        texts = TEXTS if kind == "readiness" else SYNTAX  # the three are built by the same function
        http = f"health: {{{kind}: {{http: /h, %s}}}}"
        yield f"{at}.http", Row(f"health: {{{kind}: {{http: @}}}}", f"{probe}.httpGet.path", texts=SYNTAX)
        yield f"{at}.grpc", Row(f"health: {{{kind}: {{grpc: @}}}}", texts=SYNTAX)
        yield f"{at}.tcp", Row(f"health: {{{kind}: {{tcp: @}}}}", texts=SYNTAX)
        yield f"{at}.exec[]", Row(f"health: {{{kind}: {{exec: [@]}}}}", f"{probe}.exec.command.[]", same, texts)
        yield f"{at}.port", Row(http % "port: @", texts=SYNTAX)
        yield f"{at}.headers.*=", Row(http % "headers: {@: x}", f"{probe}.httpGet.httpHeaders.[].name", texts=SYNTAX)
        yield f"{at}.headers.*", Row(http % "headers: {X-A: @}", f"{probe}.httpGet.httpHeaders.[].value", same, texts)
        yield (
            f"{at}.service",
            Row(f"health: {{{kind}: {{grpc: '80', service: @}}}}", f"{probe}.grpc.service", same, texts),
        )


def targets() -> Iterator[tuple[str, Row]]:
    """What routes and exposed hosts share."""
    for key, body in (("routes", ROUTE), ("expose", EXPOSE)):
        at, plain = f"MeshService.{key}[]", body.replace("to: v1, ", "")
        texts = TEXTS if key == "routes" else SYNTAX
        listed = plain % "destinations: [{%s, weight: 100}]"
        destination = f"{RULE}.route.[].destination"
        yield f"{at}.to.*=", Row(plain % "to: {@: 100}", f"{destination}.subset", texts=SYNTAX)
        yield f"{at}.destinations[].version", Row(listed % "version: @", f"{destination}.subset", texts=SYNTAX)
        yield f"{at}.destinations[].service", Row(listed % "service: @", f"{destination}.host", host, SYNTAX)
        yield f"{at}.destinations[].host", Row(listed % "host: @", f"{destination}.host", str.lower, SYNTAX)
        yield f"{at}.destinations[].port", Row(listed % "host: a.example.com, port: @", texts=SYNTAX)
        exact = body if key == "routes" else body.replace("%s", "path: [/x], %s")
        yield f"{at}.rewrite.path", Row(exact % "rewrite: {path: @}", f"{RULE}.rewrite.uri", texts=SYNTAX)
        yield (
            f"{at}.rewrite.authority",
            Row(body % "rewrite: {authority: @}", f"{RULE}.rewrite.authority", str.lower, SYNTAX),
        )
        yield f"{at}.timeout", Row(body % "timeout: @", f"{RULE}.timeout", v.duration, SYNTAX)
        retries = body % "retries: {attempts: 2, %s}"
        yield (
            f"{at}.retries.perTryTimeout",
            Row(retries % "perTryTimeout: @", f"{RULE}.retries.perTryTimeout", v.duration, SYNTAX),
        )
        yield f"{at}.retries.backoff", Row(retries % "backoff: @", f"{RULE}.retries.backoff", v.duration, SYNTAX)
        regex = body % "rewrite: {regex: {match: %s, rewrite: %s}}"
        place = f"{RULE}.rewrite.uriRegexRewrite"
        yield f"{at}.rewrite.regex.match", Row(regex % ("@", "x"), f"{place}.match", same, SYNTAX)
        yield f"{at}.rewrite.regex.rewrite", Row(regex % ("x", "@"), f"{place}.rewrite", same, SYNTAX)
        yield f"{at}.retries.retryOn[]", Row(retries % "retryOn: [@]", f"{RULE}.retries.retryOn", same, texts)


def match_paths() -> Iterator[tuple[str, Row]]:
    for key, body in (("routes[].match[]", ANY), ("expose[]", EXPOSE)):
        at = f"MeshService.{key}.path[]"
        yield f"{at}.pattern", Row(body % "path: [{pattern: @}]", f"{MATCH}.uri.exact", texts=SYNTAX)
        yield f"{at}.exact", Row(body % "path: [{exact: @}]", f"{MATCH}.uri.exact", texts=SYNTAX)
        yield f"{at}.prefix", Row(body % "path: [{prefix: @}]", f"{MATCH}.uri.prefix", unless_all, SYNTAX)
        yield f"{at}.regex", Row(body % "path: [{regex: @}]", f"{MATCH}.uri.regex")


def streams() -> Iterator[tuple[str, Row]]:
    """Rules for connections."""
    for key, kind, asked in (("tcpRoutes", "tcp", ""), ("tlsRoutes", "tls", "sniHosts: web.ns.svc.cluster.local, ")):
        at, rule = f"MeshService.{key}[]", f"VirtualService:spec.{kind}.[]"
        ports = f"port: null, ports: {{{kind}: 81}}, "
        match = ports + f"{key}: [{{to: v1, match: {{{asked}%s}}}}]"
        place = f"{rule}.match.[]"
        yield f"{at}.match[].port", Row(match % "port: @", texts=SYNTAX)
        caller = Row(match % "from: @", f"{place}.sourceLabels.app", lambda x: x.partition(".")[0], SYNTAX)
        yield f"{at}.match[].from", caller
        labels = f"{place}.sourceLabels"
        yield f"{at}.match[].sourceLabels.*=", Row(match % "sourceLabels: {@: x}", f"{labels}.{{}}", same, SYNTAX)
        yield f"{at}.match[].sourceLabels.*", Row(match % "sourceLabels: {a: @}", f"{labels}.a", same, SYNTAX)
        subnets = Row(match % "destinationSubnets: [@]", f"{place}.destinationSubnets.[]", same, SYNTAX)
        yield f"{at}.match[].destinationSubnets[]", subnets
        route = ports + f"{key}: [{{match: {{{asked}}}, %s}}]"
        destination = f"{rule}.route.[].destination"
        yield f"{at}.to.*=", Row(route % "to: {@: 100}", f"{destination}.subset", same, SYNTAX)
        listed = route % "destinations: [{%s, weight: 100}]"
        yield f"{at}.destinations[].version", Row(listed % "version: @", f"{destination}.subset", same, SYNTAX)
        yield f"{at}.destinations[].service", Row(listed % "service: @", f"{destination}.host", host, SYNTAX)
        yield f"{at}.destinations[].host", Row(listed % "host: @", f"{destination}.host", str.lower, SYNTAX)
        yield f"{at}.destinations[].port", Row(listed % "host: a.example.com, port: @", texts=SYNTAX)
    names = "port: null, ports: {tls: 81}, tlsRoutes: [{to: v1, match: {sniHosts: [@]}}]"
    sni = Row(names, "VirtualService:spec.tls.[].match.[].sniHosts.[]", str.lower, SYNTAX)
    yield "MeshService.tlsRoutes[].match[].sniHosts[]", sni


def mirrors() -> Iterator[tuple[str, Row]]:
    at, listed = "MeshService.routes[].mirror[]", ROUTE % "mirror: [{%s}]"
    place = f"{RULE}.mirrors.[].destination"
    yield f"{at}.version", Row(ROUTE % "mirror: @", texts=SYNTAX)
    yield f"{at}.service", Row(listed % "service: @", f"{place}.host", host, SYNTAX)
    yield f"{at}.host", Row(listed % "host: @", f"{place}.host", str.lower, SYNTAX)
    yield f"{at}.port", Row(listed % "host: a.example.com, port: @", texts=SYNTAX)


def in_cookie(value: str) -> str:
    return rf"(.*;\s*)?c={value}(;.*)?"


def changes() -> Iterator[tuple[str, Row]]:
    """Changes to headers, of routes, exposed hosts and destinations."""
    for at, body, place in (
        ("routes[]", ROUTE, RULE),
        ("expose[]", EXPOSE, RULE),
        ("routes[].destinations[]", "routes: [{destinations: [{version: v1, %s}]}]", f"{RULE}.route.[]"),
        ("expose[].destinations[]", EXPOSE % "destinations: [{version: v1, %s}]", f"{RULE}.route.[]"),
    ):
        for side in ("request", "response"):
            for key in ("set", "add"):
                field, where = f"MeshService.{at}.headers.{side}.{key}.*", f"{place}.headers.{side}.{key}"
                written = f"headers: {{{side}: {{{key}: {{%s}}}}}}"
                yield f"{field}=", Row(body % (written % "@: x"), f"{where}.{{}}", same, SYNTAX)
                yield field, Row(body % (written % "x-a: @"), f"{where}.x-a", same, SYNTAX)
            removed = body % f"headers: {{{side}: {{remove: [@]}}}}"
            yield (
                f"MeshService.{at}.headers.{side}.remove[]",
                Row(removed, f"{place}.headers.{side}.remove.[]", same, SYNTAX),
            )


def cors() -> Iterator[tuple[str, Row]]:
    for at, body in (("", "%s"), ("routes[].", ROUTE), ("expose[].", EXPOSE)):
        place, field = f"{RULE}.corsPolicy", f"MeshService.{at}cors"
        for kind in ("exact", "prefix", "regex"):
            row = body % f"cors: {{allowOrigins: [{{{kind}: @}}]}}"
            yield f"{field}.allowOrigins[].{kind}", Row(row, f"{place}.allowOrigins.[].{kind}", same, SYNTAX)
        for key in ("allowHeaders", "exposeHeaders"):
            yield f"{field}.{key}[]", Row(body % f"cors: {{{key}: [@]}}", f"{place}.{key}.[]", same, SYNTAX)
        yield f"{field}.maxAge", Row(body % "cors: {maxAge: @}", f"{place}.maxAge", v.duration, SYNTAX)


def match_texts() -> Iterator[tuple[str, Row]]:
    cookies = "MeshService.routes[].match[].cookies.*"
    cookie = f"{MATCH}.headers.cookie.regex"
    yield f"{cookies}=", Row(ANY % "cookies: {@: x}", texts=SYNTAX)
    yield f"{cookies}.exact", Row(ANY % "cookies: {c: {exact: @}}", cookie, lambda x: in_cookie(re.escape(x)), SYNTAX)
    yield (
        f"{cookies}.prefix",
        Row(ANY % "cookies: {c: {prefix: @}}", cookie, lambda x: in_cookie(f"{re.escape(x)}[^;]*"), SYNTAX),
    )
    yield f"{cookies}.regex", Row(ANY % "cookies: {c: {regex: @}}", cookie, lambda x: in_cookie(f"({x})"), SYNTAX)
    for key in ("authority", "scheme"):
        for kind in ("exact", "prefix", "regex"):
            at = f"MeshService.routes[].match[].{key}.{kind}"
            yield at, Row(ANY % f"{key}: {{{kind}: @}}", f"{MATCH}.{key}.{kind}", same, SYNTAX)
    claims, at = "MeshService.routes[].match[].claims.*", "expose: 'claims.example.com', "
    yield f"{claims}=", Row(at + ANY % "claims: {@: x}", texts=SYNTAX)
    for kind in ("exact", "prefix", "regex"):
        yield f"{claims}.{kind}", Row(at + ANY % f"claims: {{a: {{{kind}: @}}}}", texts=SYNTAX)
    yield "MeshService.routes[].match[].gateways[]", Row(ANY % "gateways: [@]", texts=SYNTAX)
    labels, source = "MeshService.routes[].match[].sourceLabels.*", f"{MATCH}.sourceLabels"
    yield f"{labels}=", Row(ANY % "sourceLabels: {@: x}", f"{source}.{{}}", same, SYNTAX)
    yield labels, Row(ANY % "sourceLabels: {a: @}", f"{source}.a", same, SYNTAX)
    caller = Row(ANY % "from: @", f"{source}.app", lambda x: x.partition(".")[0], SYNTAX)
    yield "MeshService.routes[].match[].from", caller
    for key, name in (("headers", "x-a"), ("withoutHeaders", "x-a"), ("queryParams", "x-a")):
        at, place = f"MeshService.routes[].match[].{key}", f"{MATCH}.{key}"
        lower = same if key == "queryParams" else str.lower
        yield f"{at}.*=", Row(ANY % f"{key}: {{@: x}}", f"{place}.{{}}", lower, SYNTAX)
        for kind in ("exact", "prefix", "regex"):
            yield f"{at}.*.{kind}", Row(ANY % f"{key}: {{{name}: {{{kind}: @}}}}", f"{place}.{name}.{kind}")


#: Who may have a traffic policy: how it is written there, and where it turns up.
HOLDERS = {
    "MeshService": ("%s", "DestinationRule:spec.trafficPolicy"),
    "MeshService.versions.*": ("versions: {v1: {%s}}", "DestinationRule:spec.subsets.[].trafficPolicy"),
    "MeshService.ports.*": (
        "port: null, ports: {http: {port: 81, %s}}",
        "DestinationRule:spec.trafficPolicy.portLevelSettings.[]",
    ),
}


def policies() -> Iterator[tuple[str, Row]]:
    """The fields of a traffic policy, for each that may have one."""
    for holder, (body, place) in HOLDERS.items():
        for path, row in policy_fields():
            at = f"{place}.{path.replace('*=', '{}').replace('[]', '.[]')}"
            texts = row.texts if holder == "MeshService" else SYNTAX  # all are built by the same function
            yield f"{holder}.{path}", Row(body % row.fields, at, row.expected, texts)


def tunnels() -> Iterator[tuple[str, Row]]:
    for holder in ("MeshService", "MeshService.versions.*"):
        body, place = HOLDERS[holder]
        written = "port: null, ports: {tcp: 81}, " + body % "tunnel: {targetHost: @, targetPort: 443}"
        budget = Row(
            body % "retryBudget: {budgetInterval: @}", f"{place}.retryBudget.budgetInterval", v.duration, SYNTAX
        )
        yield f"{holder}.retryBudget.budgetInterval", budget
        yield f"{holder}.tunnel.targetHost", Row(written, f"{place}.tunnel.targetHost", same, SYNTAX)


def policy_fields() -> Iterator[tuple[str, Row]]:
    """The fields of one policy by their paths in it, which are the same in the output."""
    hashed, at = "loadBalancer: {consistentHash: {%s}}", "loadBalancer.consistentHash"
    yield f"{at}.httpHeaderName", Row(hashed % "httpHeaderName: @", texts=SYNTAX)
    yield f"{at}.httpQueryParameterName", Row(hashed % "httpQueryParameterName: @", texts=SYNTAX)
    yield f"{at}.httpCookie.name", Row(hashed % "httpCookie: {name: @}")
    cookie, at = hashed % "httpCookie: {name: x, %s}", f"{at}.httpCookie"
    yield f"{at}.path", Row(cookie % "path: @")
    yield f"{at}.ttl", Row(cookie % "ttl: @", "", v.duration_or_zero, SYNTAX)
    yield f"{at}.attributes[].name", Row(cookie % "ttl: 1h, attributes: [{name: @}]")
    yield f"{at}.attributes[].value", Row(cookie % "ttl: 1h, attributes: [{name: a, value: @}]")

    near = "outlierDetection: {consecutive5xxErrors: 5}, loadBalancer: {localityLbSetting: {%s}}"
    at = "loadBalancer.localityLbSetting"
    yield f"{at}.distribute[].from", Row(near % "distribute: [{from: @, to: {x: 100}}]", texts=SYNTAX)
    yield f"{at}.distribute[].to.*=", Row(near % "distribute: [{from: x, to: {@: 100}}]", texts=SYNTAX)
    yield f"{at}.failover[].from", Row(near % "failover: [{from: @, to: x}]", texts=SYNTAX)
    yield f"{at}.failover[].to", Row(near % "failover: [{from: x, to: @}]", texts=SYNTAX)
    yield f"{at}.failoverPriority[]", Row(near % "failoverPriority: [@]")

    tls = "tls: {mode: SIMPLE, caCertificates: /a, %s}"
    pair = "tls: {mode: MUTUAL, caCertificates: /a, clientCertificate: %s, privateKey: %s}"
    yield "tls.caCertificates", Row("tls: {mode: SIMPLE, caCertificates: @}")
    yield "tls.clientCertificate", Row(pair % ("@", "/k"))
    yield "tls.privateKey", Row(pair % ("/c", "@"))
    yield "tls.subjectAltNames[]", Row(tls % "subjectAltNames: [@]")
    yield "tls.sni", Row(tls % "sni: @", "", str.lower, SYNTAX)

    near = "outlierDetection: {interval: 1s}, loadBalancer: {zoneAwareLbSetting: {%s}}"
    at = "loadBalancer.zoneAwareLbSetting"
    yield f"{at}.failover[].from", Row(near % "failover: [{from: @, to: x}]", texts=SYNTAX)
    yield f"{at}.failover[].to", Row(near % "failover: [{from: x, to: @}]", texts=SYNTAX)
    yield f"{at}.failoverPriority[]", Row(near % "failoverPriority: [@]", texts=SYNTAX)
    probes = "connectionPool: {http: {http2KeepAlive: {interval: %s, timeout: %s}}}"
    at = "connectionPool.http.http2KeepAlive"
    yield f"{at}.interval", Row(probes % ("@", "1s"), "", v.duration, SYNTAX)
    yield f"{at}.timeout", Row(probes % ("1s", "@"), "", v.duration, SYNTAX)
    for path, body in (
        ("loadBalancer.warmup.duration", "loadBalancer: {warmup: {duration: @}}"),
        ("connectionPool.tcp.connectTimeout", "connectionPool: {tcp: {connectTimeout: @}}"),
        ("connectionPool.tcp.tcpKeepalive.time", "connectionPool: {tcp: {tcpKeepalive: {time: @}}}"),
        ("connectionPool.tcp.tcpKeepalive.interval", "connectionPool: {tcp: {tcpKeepalive: {interval: @}}}"),
        ("connectionPool.tcp.maxConnectionDuration", "connectionPool: {tcp: {maxConnectionDuration: @}}"),
        ("connectionPool.http.idleTimeout", "connectionPool: {http: {idleTimeout: @}}"),
        ("outlierDetection.interval", "outlierDetection: {interval: @}"),
        ("outlierDetection.baseEjectionTime", "outlierDetection: {baseEjectionTime: @}"),
    ):
        yield path, Row(body, "", v.duration, SYNTAX)
    idle = Row("connectionPool: {tcp: {idleTimeout: @}}", "", v.duration_or_zero, SYNTAX)
    yield "connectionPool.tcp.idleTimeout", idle


SERVICE_ROWS: dict[str, Row] = {
    "MeshService.image.registry": Row("image: {registry: @}", f"{CONTAINER}.image", lambda x: f"{x.rstrip('/')}/web:1"),
    "MeshService.image.repository": Row("image: {repository: @}", f"{CONTAINER}.image", "r.io/{}:1".format),
    "MeshService.image.tag": Row("image: {tag: @}", f"{CONTAINER}.image", "r.io/web:{}".format),
    "MeshService.image.digest": Row("image: {digest: @}", f"{CONTAINER}.image", "r.io/web@{}".format),
    "MeshService.image.pullSecrets[]": Row(
        "image: {pullSecrets: [@]}", f"{POD}.imagePullSecrets.[].name", texts=SYNTAX
    ),
    **dict(policies()),
    **dict(tunnels()),
    "MeshService.command[]": Row("command: [@]", f"{CONTAINER}.command.[]"),
    "MeshService.args[]": Row("args: [@]", f"{CONTAINER}.args.[]"),
    "MeshService.resources.requests.cpu": Row(
        "resources: {requests: {cpu: @}}", f"{CONTAINER}.resources.requests.cpu", v.cpu, SYNTAX
    ),
    "MeshService.resources.requests.memory": Row(
        "resources: {requests: {memory: @}}", f"{CONTAINER}.resources.requests.memory", v.memory, SYNTAX
    ),
    "MeshService.resources.limits.cpu": Row(
        "resources: {limits: {cpu: @}}", f"{CONTAINER}.resources.limits.cpu", v.cpu, SYNTAX
    ),
    "MeshService.resources.limits.memory": Row(
        "resources: {limits: {memory: @}}", f"{CONTAINER}.resources.limits.memory", v.memory, SYNTAX
    ),
    "MeshService.env.*=": Row("env: {@: x}", f"{CONTAINER}.env.[].name", texts=SYNTAX),
    "MeshService.env.*.value": Row("env: {A: @}", f"{CONTAINER}.env.[].value", lambda text: text or None),
    "MeshService.env.*.secret": Row(
        "env: {A: {secret: @}}", f"{CONTAINER}.env.[].valueFrom.secretKeyRef.key", lambda x: x.split("/")[1], SYNTAX
    ),
    "MeshService.env.*.configMap": Row(
        "env: {A: {configMap: @}}",
        f"{CONTAINER}.env.[].valueFrom.configMapKeyRef.name",
        lambda x: x.split("/")[0],
        SYNTAX,
    ),
    "MeshService.env.*.field": Row(
        "env: {A: {field: @}}", f"{CONTAINER}.env.[].valueFrom.fieldRef.fieldPath", texts=SYNTAX
    ),
    **dict(probes()),
    "MeshService.volumes.*=": Row(
        "volumes: {@: {emptyDir: {}}}", f"{CONTAINER}.volumeMounts.[].mountPath", lambda text: text.rstrip("/"), SYNTAX
    ),
    "MeshService.volumes.*.emptyDir.sizeLimit": Row(
        "volumes: {/v: {emptyDir: {sizeLimit: @}}}", f"{POD}.volumes.[].emptyDir.sizeLimit", v.memory, SYNTAX
    ),
    "MeshService.shutdown.grace": Row("shutdown: {grace: @}", texts=SYNTAX),
    "MeshService.metadata.name": Row("metadata: {name: @}", "Service:metadata.name", texts=SYNTAX),
    "MeshService.metadata.namespace": Row("metadata: {namespace: @}", "Service:metadata.namespace", texts=SYNTAX),
    "MeshService.metadata.labels.*=": Row("metadata: {labels: {@: x}}", "Service:metadata.labels.{}", texts=SYNTAX),
    "MeshService.metadata.labels.*": Row("metadata: {labels: {a: @}}", "Service:metadata.labels.a", texts=SYNTAX),
    "MeshService.metadata.annotations.*=": Row(
        "metadata: {annotations: {@: x}}", "Service:metadata.annotations.{}", texts=SYNTAX
    ),
    "MeshService.metadata.annotations.*": Row("metadata: {annotations: {a: @}}", "Service:metadata.annotations.a"),
    "MeshService.platform": Row("platform: @", texts=SYNTAX),
    "MeshService.ports.*=": Row(
        "port: null, ports: {@: {port: 81, protocol: tcp}}", "Service:spec.ports.[].name", texts=SYNTAX
    ),
    "MeshService.serviceAccount.name": Row("serviceAccount: {name: @}", "ServiceAccount:metadata.name", texts=SYNTAX),
    "MeshService.serviceAccount.annotations.*=": Row(
        "serviceAccount: {annotations: {@: x}}", "ServiceAccount:metadata.annotations.{}", texts=SYNTAX
    ),
    "MeshService.serviceAccount.annotations.*": Row(
        "serviceAccount: {annotations: {a: @}}", "ServiceAccount:metadata.annotations.a"
    ),
    "MeshService.versions.*=": Row("versions: {@: {}}", "DestinationRule:spec.subsets.[].name", texts=SYNTAX),
    **dict(targets()),
    "MeshService.routes[].redirect.prefixRewrite": Row(
        "routes: [{match: {path: {prefix: /r}}, redirect: {prefixRewrite: @}}]",
        f"{RULE}.redirect.prefixRewrite",
        texts=SYNTAX,
    ),
    "MeshService.routes[].redirect.path": Row(ANSWER % "redirect: {path: @}", f"{RULE}.redirect.uri"),
    "MeshService.routes[].redirect.authority": Row(
        ANSWER % "redirect: {authority: @}", f"{RULE}.redirect.authority", texts=SYNTAX
    ),
    "MeshService.routes[].directResponse.body": Row(
        ANSWER % "directResponse: {status: 503, body: @}", f"{RULE}.directResponse.body.string"
    ),
    "MeshService.routes[].fault.delay.fixedDelay": Row(
        ROUTE % "fault: {delay: @}", f"{RULE}.fault.delay.fixedDelay", v.duration, SYNTAX
    ),
    "MeshService.routes[].fault.abort.grpcStatus": Row(
        ROUTE % "fault: {abort: {grpcStatus: @}}", f"{RULE}.fault.abort.grpcStatus", texts=SYNTAX
    ),
    **dict(mirrors()),
    **dict(streams()),
    "MeshService.routes[].delegate": Row(
        "routes: [{match: {path: /r}, delegate: @}]",
        f"{RULE}.delegate.name",
        lambda x: f"{x.partition('.')[0]}-delegated",
        SYNTAX,
    ),
    "MeshService.routes[].name": Row(ROUTE % "name: @", texts=SYNTAX),
    **dict(match_paths()),
    **dict(match_texts()),
    **dict(changes()),
    **dict(cors()),
    "MeshService.routes[].match[].method[]": Row(ANY % "method: [@]", f"{MATCH}.method.exact", texts=SYNTAX),
    "MeshService.routes[].match[].port": Row(ANY % "port: @", texts=SYNTAX),
    "MeshService.timeout": Row("timeout: @", f"{RULE}.timeout", v.duration, SYNTAX),
    "MeshService.retries.perTryTimeout": Row(
        "retries: {perTryTimeout: @}", f"{RULE}.retries.perTryTimeout", v.duration, SYNTAX
    ),
    "MeshService.retries.backoff": Row("retries: {backoff: @}", f"{RULE}.retries.backoff", v.duration, SYNTAX),
    "MeshService.retries.retryOn[]": Row("retries: {retryOn: [@]}", f"{RULE}.retries.retryOn"),
    "MeshService.expose[].host": Row("expose: [{host: @}]", "VirtualService:spec.hosts.[]", str.lower, SYNTAX),
    "MeshService.expose[].gateway": Row(EXPOSE % "gateway: @", texts=SYNTAX),
    "MeshService.expose[].port": Row(EXPOSE % "port: @", texts=SYNTAX),
    "MeshService.mtls.ports.*=": Row("mtls: {ports: {@: STRICT}}", texts=SYNTAX),
    "MeshService.calls[].service": Row(
        "calls: [{service: @}]", "Sidecar:spec.egress.[].hosts.[]", lambda x: f"{namespace(x)}/{host(x)}", SYNTAX
    ),
    "MeshService.calls[].namespaces[]": Row(
        "calls: [{namespaces: [@]}]", "Sidecar:spec.egress.[].hosts.[]", "{}/*".format, SYNTAX
    ),
    "MeshService.calls[].url": Row("calls: [{url: @}]", texts=SYNTAX),
    "MeshService.parameters[]": Row("parameters: [@]", texts=SYNTAX),
}


def namespace(reference: str) -> str:
    """The namespace of a service as a Sidecar writes it: a dot for its own."""
    return reference.partition(".")[2] or "."


# A platform holds maps, so one file takes many texts: one entry each. Where it does not, one file takes one.
GATEWAY = "gateways: {g#: {hosts: g#.example.net, namespace: in, %s}}"
ENTRY_ROWS: dict[str, Row] = {
    "MeshPlatform.metadata.labels.*=": Row("metadata: {labels: {@: x}}", "Gateway:metadata.labels.{}", texts=SYNTAX),
    "MeshPlatform.metadata.labels.*": Row("metadata: {labels: {a#: @}}", "Gateway:metadata.labels.[]", texts=SYNTAX),
    "MeshPlatform.metadata.annotations.*=": Row(
        "metadata: {annotations: {@: x}}", "Gateway:metadata.annotations.{}", texts=SYNTAX
    ),
    "MeshPlatform.metadata.annotations.*": Row("metadata: {annotations: {a#: @}}", "Gateway:metadata.annotations.[]"),
    "MeshPlatform.gateways.*=": Row(
        "gateways: {@: {hosts: g#.example.net, namespace: in}}", "Gateway:metadata.name", texts=SYNTAX
    ),
    "MeshPlatform.gateways.*.hosts[]": Row(
        "gateways: {g#: {hosts: [@], namespace: in}}", "Gateway:spec.servers.[].hosts.[]", str.lower, SYNTAX
    ),
    "MeshPlatform.gateways.*.namespace": Row(
        "gateways: {g#: {hosts: g#.example.net, namespace: @}}", "Gateway:metadata.namespace", texts=SYNTAX
    ),
    "MeshPlatform.gateways.*.selector.*=": Row(GATEWAY % "selector: {@: x}", "Gateway:spec.selector.{}", texts=SYNTAX),
    "MeshPlatform.gateways.*.selector.*": Row(GATEWAY % "selector: {a: @}", "Gateway:spec.selector.a", texts=SYNTAX),
    "MeshPlatform.gateways.*.serviceAccount": Row(GATEWAY % "serviceAccount: @", texts=SYNTAX),
    "MeshPlatform.gateways.*.tls.credentialName": Row(
        GATEWAY % "tls: {credentialName: @}", "Gateway:spec.servers.[].tls.credentialName", texts=SYNTAX
    ),
    "MeshPlatform.catalog.*=": Row("catalog: {@: {}}", texts=SYNTAX),
    "MeshPlatform.catalog.*.ports.*=": Row("catalog: {c#: {ports: {@: 80}}}", texts=SYNTAX),
    "MeshPlatform.catalog.*.serviceAccount": Row("catalog: {c#: {serviceAccount: @}}", texts=SYNTAX),
}
SINGLE_ROWS: dict[str, Row] = {
    "MeshPlatform.metadata.name": Row("metadata: {name: @}", texts=SYNTAX),
    "MeshPlatform.profile": Row("profile: @", texts=SYNTAX),
    "MeshPlatform.istio.version": Row("istio: {version: @}", texts=SYNTAX),
    "MeshPlatform.istio.kubernetes": Row("istio: {kubernetes: @}", texts=SYNTAX),
    "MeshPlatform.istio.trustDomain": Row("istio: {trustDomain: @}", texts=SYNTAX),
    "MeshPlatform.istio.clusterDomain": Row("istio: {clusterDomain: @}", texts=SYNTAX),
}
