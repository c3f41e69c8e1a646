"""Syntax of how many pods there are: what they are measured by, and in which time.

The same contract as in ``validators``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cmp.spec.validators import cpu, duration_or_zero, memory, quantity, refuse, scalar, shown


def cpu_target(value: Any) -> str:
    """What an autoscaler keeps CPU at: a share of the request, also above it, or an amount for each pod."""
    return _share_or(value, cpu, "500m")


def memory_target(value: Any) -> str:
    """What an autoscaler keeps memory at: a share of the request, or an amount for each pod."""
    return _share_or(value, memory, "512Mi")


def _share_or(value: Any, amount_of: Callable[[Any], str], example: str) -> str:
    text = scalar(value)
    share = re.fullmatch(_SHARE, text)
    if share is None and not re.fullmatch("[0-9.]+[A-Za-z]+", text):
        refuse(f"{shown(value)} is neither a share nor an amount with its unit", f"write for example 70% or {example}")
    return f"{utilization(value)}%" if share is not None else _above_zero(amount_of(value))


_SHARE = r"(0|[1-9][0-9]{0,3})%?"


def utilization(value: Any) -> int:
    """A share of a request in whole percent; a container may use more than it asks for."""
    text = scalar(value)
    if not re.fullmatch(_SHARE, text):
        refuse(f"expected a percentage, got {shown(value)}", "write for example 70%")
    if text in ("0", "0%"):
        refuse("a target of 0% scales to max at once", "write for example 70%", "MS213")
    return int(text.removesuffix("%"))


def metric_value(value: Any) -> str:
    """What a metric is kept at: a quantity of anything, above 0."""
    return _above_zero(quantity(value))


def _above_zero(found: str) -> str:
    if found == "0":
        refuse("a target of 0 scales to max at once", "write more than 0", "MS213")
    return found


def seconds(value: Any) -> int:
    """A duration in whole seconds, as a number of them."""
    found = duration_or_zero(value)
    if found.endswith("ms") or int(found[:-1]) >= 2**31:
        refuse(f"{shown(value)} is not whole seconds that Kubernetes can count", "write for example 30s")
    return int(found[:-1])
