"""Syntax of single Kubernetes values: names, label maps, ports, quantities.

Every check takes a value and returns what is wrong with it, without a path. They are written from the rules the API
server applies (apimachinery ``pkg/util/validation/validation.go`` and ``pkg/api/resource/quantity.go``), not from
what this project emits.
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_1123_LABEL = re.compile(_LABEL)
_DNS_1123_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DNS_1035_LABEL = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED_NAME = re.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PORT_NAME = re.compile("(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_ENV_NAME = re.compile("[-._a-zA-Z][-._a-zA-Z0-9]*")
_CONFIG_KEY = re.compile("[-._a-zA-Z0-9]+")
_ANNOTATIONS_LIMIT = 256 * 1024


def _syntax(pattern: re.Pattern[str], limit: int, what: str) -> Callable[[object], list[str]]:
    """A check that a string matches ``pattern`` as a whole and has at most ``limit`` characters."""

    def check(value: object) -> list[str]:
        if isinstance(value, str) and len(value) <= limit and pattern.fullmatch(value):
            return []
        return [f"{value!r} is not {what} of at most {limit} characters"]

    return check


dns_label = _syntax(_DNS_1123_LABEL, 63, "an RFC 1123 label")
dns_subdomain = _syntax(_DNS_1123_SUBDOMAIN, 253, "an RFC 1123 subdomain")
dns_1035_label = _syntax(_DNS_1035_LABEL, 63, "an RFC 1035 label")
port_name = _syntax(_PORT_NAME, 15, "a port name (IANA_SVC_NAME)")
env_name = _syntax(_ENV_NAME, 32768, "an environment variable name")
config_key = _syntax(_CONFIG_KEY, 253, "a ConfigMap or Secret key")
_qualified = _syntax(_QUALIFIED_NAME, 63, "a qualified name part")


def path_segment(value: object) -> list[str]:
    """IsValidPathSegmentName: the only rule for names of RBAC objects."""
    if isinstance(value, str) and value not in ("", ".", "..") and not set("/%") & set(value):
        return []
    return [f"{value!r} is not a path segment name"]


def qualified_name(key: str) -> list[str]:
    """IsQualifiedName: an optional DNS subdomain, a slash, and a name of at most 63 characters."""
    prefix, slash, name = key.rpartition("/")
    return (dns_subdomain(prefix) if slash else []) + _qualified(name)


def labels(value: object) -> list[str]:
    """ValidateLabels: keys are qualified names, values are empty or look like one without a prefix."""
    found: list[str] = []
    for key, text in value.items() if isinstance(value, Mapping) else ():
        found += [f"label key {key!r}: {error}" for error in qualified_name(key)]
        if not isinstance(text, str):
            found.append(f"value of label {key!r} is not a string: {text!r}")
        elif text and _qualified(text):
            found.append(f"value {text!r} of label {key!r} is not a label value of at most 63 characters")
    return found


def annotations(value: object) -> list[str]:
    """ValidateAnnotations: keys are qualified names in any case, values are strings, 256 KiB altogether."""
    found: list[str] = []
    size = 0
    for key, text in value.items() if isinstance(value, Mapping) else ():
        found += [f"annotation key {key!r}: {error}" for error in qualified_name(key.lower())]
        if not isinstance(text, str):
            found.append(f"value of annotation {key!r} is not a string: {text!r}")
        size += len(f"{key}{text}".encode())
    if size > _ANNOTATIONS_LIMIT:
        found.append(f"annotations take {size} bytes, at most {_ANNOTATIONS_LIMIT}")
    return found


def config_keys(value: object) -> list[str]:
    """IsConfigMapKey for every key of a ConfigMap or Secret."""
    keys = list(value) if isinstance(value, Mapping) else []
    dots = [f"{key!r} is a directory, not a key" for key in keys if key in (".", "..")]
    return dots + [error for key in keys for error in config_key(key)]


def port_reference(value: object) -> list[str]:
    """ValidatePortNumOrName: a port number, or the name of a container port."""
    if isinstance(value, int):
        return [] if 1 <= value <= 65535 else [f"port {value} is not in 1-65535"]
    return port_name(value)


_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)")


def _parts(text: str) -> tuple[Fraction, str] | None:
    """The value and the suffix of a quantity, or None when it does not parse."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix = Fraction(match[1]), match[2]
    if suffix in _DECIMAL:
        return number * Fraction(10) ** _DECIMAL[suffix], suffix
    if suffix in _BINARY:
        return number * 2 ** _BINARY[suffix], suffix
    return number * Fraction(10) ** int(suffix[1:]), suffix


def quantity_value(value: object) -> Fraction | None:
    """The number a quantity stands for, or None when it does not parse."""
    parts = _parts(value) if isinstance(value, str) else None
    return parts[0] if parts else None


def canonical_quantity(text: str) -> str | None:
    """Quantity.String(): no fraction, the largest suffix of the same family that loses nothing; None if no quantity."""
    parts = _parts(text)
    if parts is None:
        return None
    value, suffix = parts
    if value == 0:
        return "0"
    # CanonicalizeBytes: a binary quantity below 1024 has no binary suffix to carry.
    if suffix in _BINARY and abs(value) >= 1024:
        return _scaled(value, {name: Fraction(2) ** power for name, power in ({"": 0} | _BINARY).items()})
    if suffix in _DECIMAL or suffix in _BINARY:
        return _scaled(value, {name: Fraction(10) ** power for name, power in _DECIMAL.items()})
    exponents = {f"e{power}" if power else "": Fraction(10) ** power for power in range(-9, 19, 3)}
    return _scaled(value, exponents)


def _scaled(value: Fraction, units: dict[str, Fraction]) -> str:
    """``value`` in the largest of the units that divides it, rounded up in the smallest when none does."""
    for name, unit in reversed(units.items()):
        if (value / unit).denominator == 1:
            return f"{value / unit}{name}"
    name, unit = next(iter(units.items()))
    return f"{-(-value // unit)}{name}"


def quantity(value: object) -> list[str]:
    """A string quantity in canonical form.

    The API server stores the canonical form, so any other spelling is a permanent difference between what is rendered
    and what is live.
    """
    canonical = canonical_quantity(str(value))
    if canonical is None or isinstance(value, bool):
        return [f"{value!r} is not a quantity"]
    return [] if value == canonical else [f"quantity {value!r} is not canonical, it is stored as {canonical!r}"]


CHECKS: dict[str, Callable[[object], list[str]]] = {
    "quantity": quantity,
    "labels": labels,
    "annotations": annotations,
    "config-keys": config_keys,
    "dns-label": dns_label,
    "dns-subdomain": dns_subdomain,
    "port-name": port_name,
    "port-reference": port_reference,
    "env-name": env_name,
}
"""The checks a patched schema can name (see ``dialect.CHECK``)."""
