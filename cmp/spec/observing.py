"""Syntax of what is measured, logged and alerted on; the same contract as in ``validators``."""

from __future__ import annotations

import re
from typing import Any

from cmp.spec.validators import fraction, refuse, shown


def label_name(value: str) -> str:
    """The name of a metric's label (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels)."""
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", value) or value.startswith("__"):
        refuse(f"{shown(value)} is not the name of a label", "letters, digits and _, for example source_app")
    return value


def span_tag(value: str) -> str:
    """The name of a tag of spans."""
    if not re.fullmatch(r"[A-Za-z0-9_.\-/:]{1,256}", value):
        refuse(f"{shown(value)} is not the name of a tag", "letters, digits and _ . - / :")
    return value


def alert_name(value: str) -> str:
    """The name of an alert: what people read and silence."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,99}", value):
        refuse(f"{shown(value)} is not the name of an alert", "letters and digits, for example TooManyErrors")
    return value


def objective(value: Any) -> int | float:
    """A share of requests that is promised: above nothing and below all, in thousandths of a percent."""
    found = fraction(value)
    if not 0 < found < 100:
        refuse(
            f"{shown(value)} cannot be promised: it leaves nothing to fail, or asks for nothing", "for example 99.9%"
        )
    return found


def days(value: Any) -> int:
    """The time over which an objective holds. In a shorter one the slowest alert would call what is within budget.

    https://sre.google/workbook/alerting-on-slos/ reckons with 30 days, of which its windows are parts.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]?d", value) or not 28 <= int(value[:-1]) <= 90:
        refuse(f"{shown(value)} is not a time from 28 to 90 days", "write for example 30d")
    return int(value[:-1])


def web_page(value: str) -> str:
    """The address of a page for people."""
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", value):
        refuse(f"{shown(value)} is not the address of a page", "for example https://runbooks.example.com/reviews")
    return value


#: What is text in CEL and PromQL. Raw and triple-quoted literals of CEL are not told apart: they are rare.
#: One that is not closed is matched, too, and never tried again from the middle, which would take the square of its
#: length.
LITERALS = r"\"(?:\\.|[^\"\\])*+\"?|'(?:\\.|[^'\\])*+'?"
#: The longest expression that is read. Envoy and Prometheus evaluate it again and again.
LONGEST = 10_000
#: The code of expressions that cannot be.
CODE = "MS254"
CLOSING = {")": "(", "]": "[", "}": "{"}

#: The attributes that an expression may name (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/
#: attributes; istio/proxy source/extensions/filters/http/istio_stats for those of peers), and the words of CEL.
ATTRIBUTES = frozenset(
    (
        *("request", "response", "connection", "source", "destination", "upstream", "xds", "metadata", "filter_state"),
        *("upstream_filter_state", "plugin_name", "plugin_root_id", "plugin_vm_id", "node", "cluster_name"),
        *("cluster_metadata", "listener_direction", "listener_metadata", "route_name", "route_metadata"),
        *("upstream_host_metadata", "downstream_peer", "upstream_peer", "true", "false", "null", "in"),
    )
)
#: How attributes begin that a plugin of Istio's gives to requests
#: (https://istio.io/latest/docs/tasks/observability/metrics/classify-metrics/).
OWN = "istio_"
#: Macros that bind a name of their own (https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros).
BINDING = r"\.(all|exists|exists_one|filter|map)\s*\("


def cel(value: str) -> str:
    """An expression of CEL, as far as it can be told without an engine: Istio takes it unread, and Envoy then fails.

    Words that are no attributes are refused: mostly text without quotes.
    """
    rest = _outside_of_text(value, "expression")
    if re.search(r"(?<![=!<>])=(?!=)", rest):
        refuse(f"{shown(value)}: one = compares nothing", "write ==", CODE)
    if re.search(r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)", rest):
        refuse(f"{shown(value)}: & and | are written twice", "write && or ||", CODE)
    if re.search(BINDING, rest):
        return value
    for match in re.finditer(r"(?<![\w.\"])[A-Za-z_]\w*", re.sub(r"\b[0-9][\w.]*", "0", rest)):
        if match[0] in ATTRIBUTES or match[0].startswith(OWN) or rest[match.end() :].lstrip().startswith("("):
            continue
        if rest[: match.start()].rstrip().endswith("."):
            continue
        message = f'{shown(value)}: "{match[0]}" is no attribute of requests and connections'
        refuse(message, f"write '{match[0]}' for text, in quotes inside the expression", CODE)
    return value


def promql(value: str) -> str:
    """An expression of PromQL, as far as it can be told without an engine.

    https://prometheus.io/docs/prometheus/latest/querying/basics/
    """
    rest = _outside_of_text(value, "query")
    if "$" in rest:
        refuse(
            f"{shown(value)}: variables are for dashboards, and a rule has none",
            "write the value, for example [5m]",
            CODE,
        )
    outside = re.sub(r"\{[^{}]*\}", "", rest)
    if re.search(r"(?<![=!<>])=(?!=)", outside):
        refuse(f"{shown(value)}: one = compares nothing", "write ==", CODE)
    if not re.search(r"[A-Za-z0-9_:}]", rest):
        refuse(f"{shown(value)} asks for nothing", "name a metric", CODE)
    if re.search(r"(\b(and|or|unless|by|without|on|ignoring)|[-+*/%^<>=!,])\s*$", rest, re.IGNORECASE):
        refuse(f"{shown(value)} ends where something has to follow", "write the other side", CODE)
    return value


def _emptied(literal: re.Match[str]) -> str:
    """A literal without its inside, nothing for a comment, and the one quote where none closes it."""
    text = literal[0]
    if text.startswith("#"):
        return ""
    return '""' if len(text) > 1 and text.endswith(text[0]) and not _escaped_end(text) else text[0]


def _escaped_end(text: str) -> bool:
    """Whether the last character has a backslash before it that is not one itself."""
    before = text[1:-1]
    return text[0] != "`" and (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _outside_of_text(value: str, what: str) -> str:
    """An expression without the insides of its literals, if its brackets and quotes are closed."""
    if not value.strip():
        refuse(f"the {what} is empty", "write one, or leave the key out", CODE)
    if len(value) > LONGEST:
        refuse(f"the {what} is longer than {LONGEST} characters", "measure less at once", CODE)
    other = r"|`[^`]*+`?|(?P<comment>#[^\n]*)" if what == "query" else ""
    rest = re.sub(LITERALS + other, _emptied, value)
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        refuse(f"{shown(value)} holds a control character", "remove it", CODE)
    if re.search(r"[\"'`]", rest.replace('""', "")):
        refuse(f"{shown(value)}: a quote is not closed", "close it", CODE)
    opened: list[str] = []
    for sign in rest:
        if sign in CLOSING.values():
            opened.append(sign)
        elif sign in CLOSING and (not opened or opened.pop() != CLOSING[sign]):
            refuse(f"{shown(value)}: {sign} closes nothing", f"remove it, or open {CLOSING[sign]}", CODE)
    if opened:
        refuse(f"{shown(value)}: {opened[-1]} is not closed", "close it", CODE)
    return rest
