"""Evaluation of the CEL rules (x-kubernetes-validations) in a custom resource's schema."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import cel
from cel.stdlib import split, substring

_Schema = Mapping[str, Any]

# Names that are words of the CEL grammar: Kubernetes lets a rule reach such a field as ``__namespace__``.
# https://kubernetes.io/docs/reference/using-api/cel/#escaping
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        "true false null in as break const continue else for function if import let loop package namespace return var "
        "void while",
    )
)
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile("__|[./-]")

_SCHEME = re.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+(%25[^\]]+)?\]|[-\w.~!$&'()*+,;=<>\"]*)(:\d*)?", re.ASCII)
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def is_url(text: str) -> bool:
    """isURL(): what Go's net/url.ParseRequestURI accepts, an absolute URI or an absolute path."""
    match = _SCHEME.fullmatch(text)
    rest = match[2] if match else text
    if not text or _CONTROL.search(text) or not (match or rest.startswith("/")):
        return False
    if not rest.startswith("/"):
        return True  # an opaque URI such as mailto:x
    authority, path = _authority(rest) if match or rest.startswith("//") else ("", rest)
    host = authority.rpartition("@")[2]
    return bool(_HOST.fullmatch(host)) and not _BAD_ESCAPE.search(path.partition("?")[0])


def _authority(rest: str) -> tuple[str, str]:
    """Split ``//host/path?query`` after the host."""
    if not rest.startswith("//") or rest.startswith("///"):
        return "", rest
    authority = re.split("[/?]", rest[2:], maxsplit=1)[0]
    return authority, rest[2 + len(authority) :]


def url(text: str) -> str:
    """url(): an error when the text is no URL. The URL is represented by its text."""
    if not is_url(text):
        raise ValueError(f"{text!r} is not a URL")
    return text


def get_scheme(text: str) -> str:
    """<URL>.getScheme(): empty when there is none."""
    match = _SCHEME.fullmatch(text)
    return match[1].lower() if match else ""


def is_ip(text: str) -> bool:
    """isIP(): an address without zone (apiserver ``pkg/cel/library/ip.go``)."""
    try:
        return "%" not in text and bool(ipaddress.ip_address(text).packed)
    except ValueError:
        return False


_CONTEXT = cel.Context(
    functions={
        "isIP": is_ip,
        "isURL": is_url,
        "getScheme": get_scheme,
        "split": split,
        "substring": substring,
        "url": url,
    }
)


@cache
def _program(rule: str) -> cel.Program:
    return cel.compile(rule)


def _escaped(name: str) -> str:
    """The name a rule uses for a field."""
    return f"__{name}__" if name in _RESERVED else _ESCAPED.sub(lambda match: _ESCAPES[match[0]], name)


def _bound(schema: _Schema, value: Any) -> Any:
    """A value as CEL sees it: field names escaped (keys of maps are not), numbers as doubles."""
    if isinstance(value, dict):
        fields, extra = schema.get("properties", {}), _extra(schema)
        return {_escaped(k) if k in fields else k: _bound(fields.get(k, extra), v) for k, v in value.items()}
    if isinstance(value, list):
        return [_bound(schema.get("items", {}), item) for item in value]
    return float(value) if schema.get("type") == "number" and value is not None else value


def _extra(schema: _Schema) -> _Schema:
    """The schema of a map's values, empty when it has none of its own."""
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, dict) else {}


def _failure(rule: Mapping[str, str], value: Any) -> str | None:
    """Why a rule does not hold for a bound value; an error while evaluating is a failure, as in the API server."""
    text = rule["rule"]
    _CONTEXT.add_variable("self", value)
    try:
        result = _program(text).execute(_CONTEXT)
    except Exception as error:  # the engine raises ValueError, KeyError, RuntimeError, TypeError and more
        return f"{rule.get('message', '')} (rule {text!r} cannot be evaluated: {error})".lstrip()
    if result is True:
        return None
    return rule.get("message") or f"failed rule: {text}"


def cel_errors(schema: _Schema, value: Any, path: str = "") -> Iterator[str]:
    """Evaluate the rules at every node of a value that has its defaults and passed its structural schema.

    Transition rules, which compare with oldSelf, are about updates and are left out. A null has no rules.
    """
    if value is None:
        return
    rules = [rule for rule in schema.get("x-kubernetes-validations", ()) if not re.search(r"\boldSelf\b", rule["rule"])]
    bound = _bound(schema, value) if rules else None
    for rule in rules:
        if failure := _failure(rule, bound):
            yield f"{path}: {failure}"
    if isinstance(value, dict):
        fields, extra = schema.get("properties", {}), _extra(schema)
        for key, item in value.items():
            yield from cel_errors(fields.get(key, extra), item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from cel_errors(schema.get("items", {}), item, f"{path}[{index}]")
