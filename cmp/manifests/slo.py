"""Objectives as Prometheus' rules: recorded rates, and alerts on how fast they use up what may fail.

https://sre.google/workbook/alerting-on-slos/ (6: Multiwindow, Multi-Burn-Rate Alerts)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cmp.context import burns, istio_metrics
from cmp.context.model import Service
from cmp.manifests.monitoring import owned
from cmp.waves import Manifest

#: Seconds between two evaluations. Sums over recorded rates count by it.
EVERY = 30
#: The window of the recorded rates; it holds several scrapes.
RATE = "5m"
#: Failures below which nobody is called: of few requests, one is a large share.
FAILURES = 5


class Objective(NamedTuple):
    """What is promised, and the queries for it. ``budget`` is the share that may fail."""

    name: str
    said: str
    budget: str
    requests: str
    failures: str


def groups(service: Service) -> Iterator[Manifest]:
    """One group of rules for each objective; groups are evaluated side by side, and rules in a group in order."""
    slo = service.spec.slo
    for objective in objectives(service):
        labels = {**owned(service), "slo": objective.name}
        rules = [*_rates(objective, labels), *_ratios(labels)]
        rules += (
            _alerts(objective, labels, slo.window or burns.DAYS, slo.minFailures, slo.runbook)
            if slo is not None
            else ()
        )
        yield {"name": f"{service.name}-slo-{objective.name}", "interval": f"{EVERY}s", "rules": rules}


def objectives(service: Service) -> Iterator[Objective]:
    """The objectives of a service; their names are those of the time, so that a second renames nothing."""
    slo = service.spec.slo
    if slo is None:
        return
    if slo.availability is not None:
        yield Objective(
            "availability",
            f"{slo.availability:g}% of the requests do not fail",
            burns.budget(slo.availability),
            istio_metrics.requests(service, RATE),
            istio_metrics.failures(service, RATE),
        )
    for one in sorted(slo.latency, key=lambda one: istio_metrics.milliseconds(one.under or "")):
        bound, all_of_them = istio_metrics.milliseconds(one.under or ""), istio_metrics.answered(service, RATE)
        yield Objective(
            f"latency-{bound}ms",
            f"{one.percentile:g}% of the requests that do not fail take less than {one.under}",
            burns.budget(one.percentile or 0),
            all_of_them,
            f"{all_of_them} - {istio_metrics.answered_within(service, bound, RATE)}",
        )


def _rates(objective: Objective, labels: Manifest) -> Iterator[Manifest]:
    """Requests and failures each second. Before the first failure there is no series of them: that is none."""
    none = f"0 * sum({_series('slo:requests:rate5m', labels)})"
    yield {"record": "slo:requests:rate5m", "expr": objective.requests, "labels": labels}
    yield {"record": "slo:failures:rate5m", "expr": f"({objective.failures}) or {none}", "labels": labels}


def _ratios(labels: Manifest) -> Iterator[Manifest]:
    """The share of failures in each window, of all requests in it: a busy minute counts for more than a quiet one."""
    for window in burns.WINDOWS:
        failed, asked = (_over(name, labels, window) for name in ("failures", "requests"))
        yield {"record": f"slo:failure_ratio:rate{window}", "expr": f"{failed} / {asked}", "labels": labels}


def _over(name: str, labels: Manifest, window: str) -> str:
    return f"sum_over_time({_series(f'slo:{name}:rate5m', labels)}[{window}])"


def _series(name: str, labels: Manifest) -> str:
    matchers = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{matchers}}}"


def _alerts(
    objective: Objective, labels: Manifest, days: int, failures: int | None, runbook: str | None
) -> Iterator[Manifest]:
    """Burns that can happen: a share of failures is never above all."""
    least = FAILURES if failures is None else failures
    for burn in burns.BURNS:
        if not burn.possible(objective.budget, days):
            continue
        rate = burn.rate(days)
        over = [
            f"{_series(f'slo:failure_ratio:rate{window}', labels)} > {rate} * {objective.budget}"
            for window in (burn.long, burn.short)
        ]
        if least:
            over.append(f"{EVERY} * {_over('failures', labels, burn.long)} >= {least}")
        yield {
            "alert": "ErrorBudgetBurn",
            "expr": "\nand\n".join(over),
            "labels": {**labels, "severity": burn.severity, "window": burn.long},
            "annotations": {
                "summary": f"{labels['namespace']}/{labels['service']}: {objective.name} burns {rate} times too fast",
                "description": f"{{{{ $value | humanizePercentage }}}} failed in {burn.long}. "
                f"The objective is that {objective.said}, over {days} days; "
                f"{burn.spent}% of what may fail is gone if it goes on for {burn.long}.",
                **({"runbook_url": runbook} if runbook is not None else {}),
            },
        }
