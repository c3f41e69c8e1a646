"""Syntax of names, hosts, paths and other text of the language; the same contract as in ``validators``."""

from __future__ import annotations

import re

from cmp.spec.validators import refuse, shown

LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


def label(value: str) -> str:
    """An RFC 1123 label: names of versions, ports, namespaces, gateways."""
    if not re.fullmatch(LABEL, value):
        refuse(
            *_bad_name(value, "at most 63 lower-case letters, digits and -, with a letter or digit at both ends"),
            "MS206",
        )
    return value


def service_name(value: str) -> str:
    """An RFC 1035 label: a Service's name, from which all others are derived.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
    """
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", value):
        refuse(*_bad_name(value, "at most 63 lower-case letters, digits and -, beginning with a letter"), "MS206")
    return value


def subdomain(value: str) -> str:
    """An RFC 1123 subdomain: names of Secrets, ConfigMaps, ServiceAccounts."""
    if len(value) > 253 or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", value):
        refuse(*_bad_name(value, "at most 253 lower-case letters, digits, - and ."), "MS206")
    return value


def _bad_name(value: str, rule: str) -> tuple[str, str]:
    if len(value) > 63:
        return (
            f"name {shown(value)} has {len(value)} characters; names and labels derived from it allow 63",
            f"shorten it: {rule}",
        )
    fixed = re.sub(r"[^a-z0-9.]+", "-", value.lower()).strip("-.")
    return (
        f"{shown(value)} is not a valid name",
        f"{rule}{f'; for example {fixed}' if fixed and fixed != value else ''}",
    )


def host(value: str) -> str:
    """A DNS name, ``*.`` before one, or ``*`` (istio pkg/config/validation, ValidateWildcardDomain)."""
    name = value.removeprefix("*.")
    labels = name.split(".")
    fine = len(name) <= 255 and all(
        re.fullmatch(r"[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?", part) for part in labels
    )
    if value != "*" and (not fine or labels[-1].isdigit()):
        refuse(
            f"{shown(value)} is not a host name",
            "write a DNS name such as shop.example.com or *.example.com, without scheme, port or path",
        )
    return value.lower()


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


def pattern(value: str) -> str:
    """A path pattern of the language: ``/a`` only that, ``/a/*`` that and all below it, ``/a*`` all that begins so."""
    if "{" in value:
        refuse(f"{shown(value)}: templates in a route's path are not built yet", "use {regex: ...}", "MS106")
    if "*" in value[:-1]:
        refuse(f"{shown(value)}: * may only stand at the end of a path", "write /a/* for all below /a, or {regex: ...}")
    return path(value)


def regex(value: str) -> str:
    """A regular expression in RE2's syntax, at most 1,024 characters (istio validation, validateStringMatchRegexp)."""
    if not value or len(value) > 1024:
        refuse(f"a regular expression has 1 to 1024 characters, this one {len(value)}", "shorten it")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        refuse(f"{shown(value)} is not a regular expression: {error}", "Envoy reads RE2 syntax")
    if re.search(r"\(\?<?[=!]|\\[1-9]|\(\?P=", value):
        refuse(f"{shown(value)} uses a look-around or a back-reference, which RE2 does not have", "match without it")
    return value


def header(value: str) -> str:
    """The name of an HTTP header or query parameter, without a colon; names of headers are lower case in HTTP/2."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}", value):
        refuse(f"{shown(value)} is not a header name", "letters, digits and -")
    return value


def image_registry(value: str) -> str:
    """The host of an image registry, with port and path if it has them.

    https://pkg.go.dev/github.com/distribution/reference
    """
    if not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._-]+)*/?", value):
        refuse(
            f"{shown(value)} is not a registry", "a host, with port and path if it has them: registry.example.com/shop"
        )
    return value


def image_repository(value: str) -> str:
    """The name of an image below its registry: lower case, parts separated by slashes."""
    if not re.fullmatch(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*", value):
        refuse(f"{shown(value)} is not the name of an image", "lower-case letters, digits and . _ - between slashes")
    return value


def image_tag(value: str) -> str:
    """The tag of an image."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", value):
        refuse(
            f"{shown(value)} is not a tag", "at most 128 letters, digits and . _ -, beginning with a letter or digit"
        )
    return value


def image_digest(value: str) -> str:
    """The digest of an image: its algorithm and hex digits."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", value):
        refuse(f"{shown(value)} is not a digest", "sha256: and 64 hex digits")
    return value


def retry_condition(value: str) -> str:
    """A condition of Envoy's retry policy, or an HTTP status (istio pkg/config/validation, validateHTTPRetry).

    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
    """
    if value not in RETRY_CONDITIONS and not re.fullmatch(r"[1-5][0-9]{2}", value):
        refuse(f"{shown(value)} is not a retry condition", "an HTTP status, or one of " + ", ".join(RETRY_CONDITIONS))
    return value


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


def method(value: str) -> str:
    """An HTTP method, in capitals as HTTP has it (RFC 9110, section 9.1)."""
    if not re.fullmatch(r"[A-Z][A-Z_-]{0,31}", value):
        refuse(
            f"{shown(value)} is not an HTTP method",
            f"methods are upper case: {value.upper()}" if value.isalpha() else "for example GET",
        )
    return value


def env_name(value: str) -> str:
    """The name of an environment variable as Kubernetes takes it (validation.IsEnvVarName)."""
    if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", value) or value in (".", "..") or len(value) > 512:
        refuse(
            f"{shown(value)} is not a name for an environment variable",
            "letters, digits, _, - and ., not beginning with a digit",
        )
    return value


def key_reference(value: str) -> str:
    """``name/key``: one key of a Secret or a ConfigMap."""
    name, slash, key = value.partition("/")
    if not slash or not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key):
        refuse(f"{shown(value)} does not name an object and a key", "write name/key, for example reviews-db/password")
    subdomain(name)
    return value


def field_path(value: str) -> str:
    """A field of the pod that Kubernetes gives to environment variables.

    https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
    """
    if value not in FIELD_PATHS and not re.fullmatch(r"metadata\.(labels|annotations)\['[^']{1,317}'\]", value):
        refuse(
            f"{shown(value)} is not a field of the downward API",
            "one of " + ", ".join(FIELD_PATHS) + ", metadata.labels['x']",
        )
    return value


FIELD_PATHS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)


def label_key(value: str) -> str:
    """A label or annotation key: an optional DNS prefix and a name of at most 63 characters.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    selector_key(value)
    if value in RESERVED_KEYS:
        refuse(f'"{value}" is written by meshspec or Argo CD', "choose another key")
    return value


def selector_key(value: str) -> str:
    """A label key as it may stand in a selector: the same syntax, and the reserved ones too."""
    prefix, slash, name = value.rpartition("/")
    if not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", name) or (slash and not prefix):
        refuse(
            f"{shown(value)} is not a label or annotation key",
            "prefix/name, the name of letters, digits, -, _ and .",
            "MS206",
        )
    if prefix:
        subdomain(prefix)
    return value


RESERVED_KEYS = frozenset(
    (
        "app",
        "version",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/name",
        "app.kubernetes.io/version",
        "app.kubernetes.io/managed-by",
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/sync-wave",
        "argocd.argoproj.io/sync-options",
        "networking.istio.io/exportTo",
    )
)


def label_value(value: str) -> str:
    """A label value: empty, or at most 63 letters, digits, ``-``, ``_`` and ``.``."""
    if value and not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value):
        refuse(
            f"{shown(value)} is not a label value",
            "at most 63 letters, digits, -, _ and ., with a letter or digit at both ends",
        )
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
        refuse(f'scheme "{scheme}" is not known', "one of " + ", ".join(SCHEMES))
    if port is None and SCHEMES[scheme] is None:
        refuse(f"{shown(value)} needs a port", f"{value}:5432 for example: {scheme} has no port of its own")
    if port is not None and not 1 <= int(port) <= 65535:
        refuse(f"{shown(value)}: port {port} is not in 1 to 65535", "write the port of the service outside")
    host(name)
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


def principal(value: str) -> str:
    """A workload identity as Istio writes it: trust domain/ns/namespace/sa/account, with one ``*`` at an end."""
    if not value or "*" in value[1:-1] or value.startswith("spiffe://"):
        refuse(f"{shown(value)} is not a principal", "write cluster.local/ns/shop/sa/checkout, without spiffe://")
    return value


def access_path(value: str) -> str:
    """A path pattern of an access rule: ``/a``, ``/a/*``, ``/a*``, ``*/a``, or a template with ``{*}`` and ``{**}``.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """
    if "{" in value or "}" in value:
        rest = value.replace("{*}", "x").replace("{**}", "x")
        if re.search(r"[{}*]", rest) or ("{**}" in value[:-4] and "{" in value.split("{**}", 1)[1]):
            refuse(f"{shown(value)} is not a path template", "{*} stands for one segment, {**} for the rest")
        return path(value)
    if value.startswith("*") and len(value) > 1:
        return "*" + path(value[1:])
    if "*" in value[:-1]:
        refuse(f"{shown(value)}: * stands at one end of a path", "use {*} for one segment")
    return path(value)


def version_number(value: str) -> str:
    """A version to render for: major.minor or major.minor.patch."""
    if not re.fullmatch(r"v?[0-9]+\.[0-9]+(\.[0-9]+)?", value):
        refuse(f"{shown(value)} is not a version", "write for example 1.30.3")
    return value.removeprefix("v")


def mount_path(value: str) -> str:
    """An absolute path in the container, without ``:`` and ``..`` (Kubernetes validates mounts so)."""
    if not value.startswith("/") or ":" in value or ".." in value.split("/") or value == "/" or len(value) > 512:
        refuse(f"{shown(value)} is not a mount path", "an absolute path other than /, without : and ..")
    return value.rstrip("/")
