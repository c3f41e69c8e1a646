"""Syntax of what becomes part of Kubernetes objects: names, labels, images, variables, mounts.

The same contract as in ``validators``.
"""

from __future__ import annotations

import re
from typing import Any

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


def call_namespace(value: str) -> str:
    """A namespace, or ``.`` for that of the caller."""
    return value if value == "." else label(value)


def visibility(value: str) -> str:
    """A namespace that sees an object; ``.`` is its own, ``*`` stands for all (istio pkg/config/visibility)."""
    return value if value in (".", "*") else label(value)


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
    if value in RESERVED_KEYS or value.startswith("internal.istio.io/"):
        refuse(f'"{value}" is written by meshspec, Istio or Argo CD', "choose another key")
    return value


def pod_label_key(value: str) -> str:
    """A label key of a pod, other than those that Istio and selectors go by."""
    label_key(value)
    if value in POD_LABELS:
        refuse(f'"{value}" is decided by meshspec and Istio', "leave it out")
    return value


def pod_annotation_key(value: str) -> str:
    """An annotation key of a pod, other than those that change the proxy or lead around it.

    https://istio.io/latest/docs/reference/config/annotations/
    """
    label_key(value)
    if value.startswith(PROXY_ANNOTATIONS):
        refuse(f'"{value}" changes the proxy or leads around it', "say it in proxy")
    return value


POD_LABELS = frozenset(
    (
        "istio.io/dataplane-mode",
        "istio.io/rev",
        "pod-template-hash",
        "security.istio.io/tlsMode",
        "service.istio.io/canonical-name",
        "service.istio.io/canonical-revision",
        "sidecar.istio.io/inject",
    )
)
PROXY_ANNOTATIONS = (
    "inject.istio.io/",
    "proxy.istio.io/",
    "readiness.status.sidecar.istio.io/",
    "sidecar.istio.io/",
    "status.sidecar.istio.io/",
    "traffic.sidecar.istio.io/",
)


def capability(value: str) -> str:
    """A capability of Linux as Kubernetes writes it, without ``CAP_`` (capabilities(7))."""
    if not re.fullmatch(r"(?!CAP_)[A-Z][A-Z_]{1,40}", value):
        refuse(f"{shown(value)} is not a capability", "upper case and without CAP_, for example NET_BIND_SERVICE")
    return value


def selector_key(value: str) -> str:
    """A label key as it may stand in a selector: the same syntax, and the reserved ones too."""
    return _qualified(value, "a label or annotation key")


def qualified_name(value: str) -> str:
    """A name of a protocol or a class, with or without the domain of whoever gave it (validation.IsQualifiedName)."""
    return _qualified(value, "a name with or without a domain")


def _qualified(value: str, what: str) -> str:
    prefix, slash, name = value.rpartition("/")
    if not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", name) or (slash and not prefix):
        refuse(f"{shown(value)} is not {what}", "prefix/name, the name of letters, digits, -, _ and .", "MS206")
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
        "istio.io/dry-run",
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


def mount_path(value: str) -> str:
    """An absolute path in the container, without ``:`` and ``..`` (Kubernetes validates mounts so)."""
    if not value.startswith("/") or ":" in value or ".." in value.split("/") or value == "/" or len(value) > 512:
        refuse(f"{shown(value)} is not a mount path", "an absolute path other than /, without : and ..")
    if value.endswith("/") or "//" in value:
        refuse(f"{shown(value)} has a slash too many", "write /a/b")
    return value


def config_key(value: str) -> str:
    """A key of a Secret or a ConfigMap (validation.IsConfigMapKey)."""
    if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", value) or value in (".", "..") or value.startswith(".."):
        refuse(f"{shown(value)} is not a key of a Secret", "letters, digits, -, _ and .")
    return value


def inner_path(value: str) -> str:
    """A path below a volume: relative, without ``..`` (validation.validateLocalNonReservedPath)."""
    if not value or value.startswith(("/", "..")) or ".." in value.split("/") or "\0" in value or len(value) > 512:
        refuse(f"{shown(value)} is not a path below another", "write a/b, without .. and a slash at the beginning")
    return value


def mode(value: Any) -> int:
    """Permissions in three octal digits, with or without a leading zero; manifests have them as a decimal number.

    https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions
    """
    if not isinstance(value, str) or not re.fullmatch(r"0?[0-7]{3}", value):
        refuse(f"{shown(value)} are not permissions", "three octal digits, for example 0440")
    return int(value, 8)


def variable_prefix(value: str) -> str:
    """What names of variables begin with: letters, digits and _ (validation.IsCIdentifier)."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", value):
        refuse(f"{shown(value)} cannot begin the name of a variable", "letters, digits and _, for example DB_")
    return value
