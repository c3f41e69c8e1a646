"""Syntax of hosts, paths, addresses and what else traffic is told by; the same contract as in ``validators``."""

from __future__ import annotations

import re

from cmp.spec.kubernetes import LABEL, label, service_name
from cmp.spec.validators import refuse, shown


def host(value: str) -> str:
    """A DNS name, ``*.`` before one, or ``*`` (istio pkg/config/validation, ValidateWildcardDomain)."""
    labels = value.removeprefix("*.").split(".")
    fine = len(value) <= 253 and all(re.fullmatch(LABEL, part, re.IGNORECASE) for part in labels)
    if value != "*" and (not fine or labels[-1].isdigit()):
        refuse(
            f"{shown(value)} is not a host name",
            "write a DNS name such as shop.example.com or *.example.com, without scheme, port or path",
        )
    return value.lower()


def dns_name(value: str) -> str:
    """A DNS name without wildcard, as ServiceEntries and rewrites take it: RFC 1123 labels, the last not a number."""
    labels = value.split(".")
    if len(value) > 253 or labels[-1].isdigit() or not all(re.fullmatch(LABEL, part) for part in labels):
        refuse(f"{shown(value)} is not a host name", "lower-case letters, digits, - and ., for example api.example.com")
    return value


def path(value: str) -> str:
    """An absolute URL path without query."""
    if not value.startswith("/") or re.search(r"[\s?#\x00-\x1f]", value):
        refuse(
            f"{shown(value)} is not a path",
            f"begin it with /, without query: /{value.lstrip('/').split('?')[0]}"
            if value.strip()
            else "write for example /reviews/*",
        )
    return value


def probe_path(value: str) -> str:
    """The path that a probe asks for; it may have a query."""
    path(value.partition("?")[0])
    return value


def pattern(value: str) -> str:
    """A path pattern of a route: ``/a``, ``/a/*`` (that and all below it), ``/a*``, or a template as in ``access``."""
    if "{" in value or "}" in value:
        if len(re.escape(value)) > 1024:  # it becomes a regular expression
            refuse(
                f"{shown(value)} is too long for a path template", "write a shorter one, or a path without templates"
            )
        return template(value)
    if "*" in value[:-1]:
        refuse(f"{shown(value)}: * may only stand at the end of a path", "write /a/* for all below /a, or {regex: ...}")
    return path(value)


def regex(value: str) -> str:
    """A regular expression in RE2's syntax, at most 1,024 characters (istio validation, validateStringMatchRegexp)."""
    from cmp.spec.re2 import wrong  # only specs with expressions pay for it

    if not value or len(value) > 1024:
        refuse(f"a regular expression has 1 to 1024 characters, this one {len(value)}", "shorten it")
    if found := wrong(value):
        help = "Envoy reads RE2's syntax: without look-around, back-references and possessive repetition"
        refuse(f"{shown(value)} is not a regular expression of RE2: {found}", help)
    return value


def header(value: str) -> str:
    """The name of an HTTP header or query parameter, without a colon; names of headers are lower case in HTTP/2."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}", value):
        refuse(f"{shown(value)} is not a header name", "letters, digits and -")
    return value


def retry_condition(value: str) -> str:
    """A condition of Envoy's retry policy, or an HTTP status (istio pkg/config/validation, validateHTTPRetry).

    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
    """
    if value not in RETRY_CONDITIONS and not re.fullmatch(STATUSES, value):
        refuse(f"{shown(value)} is not a retry condition", "an HTTP status, or one of " + ", ".join(RETRY_CONDITIONS))
    return value


#: The statuses that are registered (https://www.iana.org/assignments/http-status-codes).
STATUSES = "10[0-3]|20[0-8]|226|30[0-578]|40[0-9]|41[0-8]|42[1-689]|431|451|50[0-8]|51[01]"

RETRY_CONDITIONS = (
    "5xx",
    "cancelled",
    "connect-failure",
    "deadline-exceeded",
    "envoy-ratelimited",
    "gateway-error",
    "http3-post-connect-failure",
    "internal",
    "refused-stream",
    "reset",
    "reset-before-request",
    "resource-exhausted",
    "retriable-4xx",
    "retriable-headers",
    "retriable-status-codes",
    "unavailable",
)


def header_value(value: str) -> str:
    """A value that the proxy writes: Envoy's format string, in which a percent sign begins a command.

    Of what Envoy knows, Istio's webhook takes no length behind arguments (istio validation, validateHeaderValue).
    https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#format-strings
    """
    if len(value) > LONGEST_HEADER:
        refuse(f"{shown(value)} is longer than {LONGEST_HEADER} characters", "no server takes headers of that size")
    if "%" in re.sub(rf"%%|%[A-Z0-9_]+({ARGUMENTS}|:[0-9]+)?%", "", value):
        message = f"{shown(value)}: a percent sign begins a command, and this is none that Istio takes"
        refuse(message, "write %% for a percent sign, or a command such as %REQ(x-a)%")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        refuse(f"{shown(value)} holds a control character, which no header may", "remove it")
    return value


#: Envoy refuses requests with more than 60 KiB of headers (max_request_headers_kb), most servers with 8 KiB.
LONGEST_HEADER = 8192
ARGUMENTS = r"\([^)\"\\\[ ][^)\"\\]*\)"


def cookie_name(value: str) -> str:
    """The name of a cookie (RFC 6265: a token)."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}", value):
        refuse(f"{shown(value)} is not the name of a cookie", "letters, digits and - _ .")
    return value


def claim(value: str) -> str:
    """The name of a claim of a token, with dots between nested ones.

    https://istio.io/latest/docs/tasks/security/authentication/jwt-route/
    """
    if not re.fullmatch(r"[^\s.\[\]\x00-\x1f]+(\.[^\s.\[\]\x00-\x1f]+)*|\[[^\s\[\]]+\](\[[^\s\[\]]+\])*", value):
        refuse(
            f"{shown(value)} is not a claim",
            "its name, with dots between nested ones; or each part in brackets: [a.b][c]",
        )
    return value


def host_or_ip(value: str) -> str:
    """A DNS name without wildcard, or an IP address."""
    from ipaddress import ip_address

    try:
        ip_address(value)
    except ValueError:
        dns_name(value)
    return value


def grpc_status(value: str) -> str:
    """The name of a gRPC status (https://grpc.io/docs/guides/status-codes/)."""
    if value not in GRPC_STATUSES:
        refuse(f"{shown(value)} is not a gRPC status", "one of " + ", ".join(GRPC_STATUSES))
    return value


GRPC_STATUSES = (
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)


def method(value: str) -> str:
    """An HTTP method, in capitals as HTTP has it (RFC 9110, section 9.1)."""
    if not re.fullmatch(r"[A-Z][A-Z_-]{0,31}", value):
        refuse(
            f"{shown(value)} is not an HTTP method",
            f"methods are upper case: {value.upper()}" if value.isalpha() else "for example GET",
        )
    return value


def region(value: str) -> str:
    """The first part of a locality."""
    if not value or "/" in value or "*" in value:
        refuse(f"{shown(value)} is not a region", "write it without zone and *")
    return value


def locality(value: str) -> str:
    """``region``, ``region/zone`` or ``region/zone/sub-zone``; the last part may be ``*``.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
    """
    parts = value.split("/")
    if len(parts) > 3 or not all(parts) or "*" in "".join(parts[:-1]) or ("*" in parts[-1] and parts[-1] != "*"):
        refuse(f"{shown(value)} is not a locality", "write region/zone/sub-zone; the last part may be *")
    return value


def workload_reference(value: str) -> str:
    """``name`` or ``name.namespace``: a service, as callers and targets are written."""
    name, dot, namespace = value.partition(".")
    service_name(name)
    if dot:
        if "." in namespace:
            refuse(f"{shown(value)} is not a service", f"name or name.namespace; a host outside is https://{value}")
        label(namespace)
    return value


def url(value: str) -> str:
    """An address outside the mesh: scheme://host or scheme://host:port, without a path."""
    match = re.fullmatch(r"([a-z0-9]+)://([^/:]+)(?::([0-9]{1,5}))?", value)
    if not match:
        short = re.sub(r"^([a-z0-9]+://[^/?#]+).*$", r"\1", value)
        refuse(
            f"{shown(value)} is not scheme://host[:port]",
            f"the path is the application's: {short}" if short != value else "for example https://api.example.com",
        )
    scheme, name, port = match.groups()
    if scheme not in SCHEMES:
        refuse(f'scheme "{scheme}" is not known', "one of " + ", ".join(SCHEMES) + "; for others tcp://host:port")
    if port is None and SCHEMES[scheme] is None:
        refuse(f"{shown(value)} needs a port", f"{value}:5432 for example: {scheme} has no port of its own")
    if port is not None and not 1 <= int(port) <= 65535:
        refuse(f"{shown(value)}: port {port} is not in 1 to 65535", "write the port of the service outside")
    dns_name(name.removeprefix("*.").lower())
    if "." not in name:
        refuse(f"{shown(value)}: {shown(name)} is not a full host name", f"a service is called by its name: {name}")
    return value


#: Protocols that an application may speak to the outside, and the port that is meant where none is written.
SCHEMES: dict[str, int | None] = {
    "http": 80,
    "https": 443,
    "http2": 80,
    "grpc": None,
    "tls": 443,
    "tcp": None,
    "mongo": 27017,
    "redis": 6379,
    "mysql": 3306,
}


def template(value: str) -> str:
    """A path whose segments may be ``{*}``, for any one, or ``{**}``, for any number; behind that stands no other.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """
    segments = path(value).split("/")[1:]
    for index, segment in enumerate(segments):
        if segment in ("{*}", "{**}"):
            if "{**}" in segments[:index]:
                refuse(f"{shown(value)}: no template may stand behind {{**}}", "end the path with {**}")
        elif not re.fullmatch(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]*", segment):
            refuse(f"{shown(value)} is not a path template", "{*} stands for one whole segment, {**} for the rest")
    return value


#: The sets of defaults that a platform may choose.
PROFILES = ("1",)


def profile_name(value: str) -> str:
    """The name of a set of defaults."""
    if value not in PROFILES:
        known = ", ".join(PROFILES)
        refuse(f"{shown(value)} is not a set of defaults that this release has", f"choose one of: {known}")
    return value


def version_number(value: str) -> str:
    """A version to render for: major.minor or major.minor.patch."""
    if not re.fullmatch(r"v?[0-9]+\.[0-9]+(\.[0-9]+)?", value):
        refuse(f"{shown(value)} is not a version", "write for example 1.30.3")
    return value.removeprefix("v")


def provider_service(value: str) -> str:
    """The host of a provider's service, ``namespace/`` before it where several namespaces declare the host.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """
    namespace, slash, name = value.rpartition("/")
    if slash:
        label(namespace)
    if "." not in name:
        refuse(f"{shown(value)} is not a whole host name", "for example otel.monitoring.svc.cluster.local")
    dns_name(name)
    return value
