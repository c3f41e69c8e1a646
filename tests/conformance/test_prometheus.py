"""Rules and queries are what Prometheus reads, and the alerts of objectives tell what they are there to tell."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import yaml

from cmp.context.telemetry import LABELS
from tests.support.known_metrics import METRICS, selected, unknown
from tests.support.prometheus_oracle import failed, refused, require_promtool
from tests.test_cases import CASES, outcome

require_promtool()  # skips the module, and says so, where promtool cannot be built

FILES = sorted(CASES.glob("*/expected.yaml"))


@cache
def objects() -> list[tuple[str, Any]]:
    return [
        (file.parent.name, one)
        for file in FILES
        for one in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    ]


def rules() -> list[tuple[str, list[Any]]]:
    return [(case, one["spec"]["groups"]) for case, one in objects() if one["kind"] == "PrometheusRule"]


def dashboards() -> list[tuple[str, Any]]:
    labelled = [(case, one) for case, one in objects() if "grafana_dashboard" in one["metadata"].get("labels", {})]
    return [(case, json.loads(text)) for case, one in labelled for text in one["data"].values()]


def queries(dashboard: Any) -> Iterator[str]:
    """The queries of panels, with a service, workload or namespace for what Grafana chooses."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield re.sub(r"\$(service|namespace|workload)\b", "a", target["expr"].replace("$__rate_interval", "5m"))


@pytest.mark.parametrize(("case", "groups"), rules(), ids=[case for case, _ in rules()])
def test_rules_are_accepted(case: str, groups: list[Any]) -> None:
    assert not refused(groups)


@pytest.mark.parametrize(("case", "dashboard"), dashboards(), ids=[case for case, _ in dashboards()])
def test_queries_of_dashboards_are_accepted(case: str, dashboard: Any) -> None:
    recorded = [{"record": f"query:{index}", "expr": query} for index, query in enumerate(queries(dashboard))]
    recorded = [{**one, "record": one["record"].replace(":", "_")} for one in recorded]
    assert recorded
    assert not refused([{"name": "queries", "rules": recorded}])


def test_queries_ask_for_what_is_measured() -> None:
    ours = ("slo", "platform-monitoring")
    asked = [
        rule["expr"]
        for case, groups in rules()
        if any(one in case for one in ours)
        for one in groups
        for rule in one["rules"]
    ]
    asked += [query for _, dashboard in dashboards() for query in queries(dashboard)]
    wrong = {query: found for query in asked if (found := unknown(query))}
    assert not wrong
    named = {metric for query in asked for metric, _ in selected(query)}
    assert {name for name in named if not name.startswith("slo:")} == METRICS.keys()  # and the list has no others


def test_variables_ask_for_what_is_measured() -> None:
    asked = [one for _, dashboard in dashboards() for one in dashboard["templating"]["list"] if one["type"] == "query"]
    assert asked
    for one in asked:
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", one["definition"]).groups()  # type: ignore[union-attr]
        assert one["query"]["query"] == one["definition"]
        assert not refused([{"name": "a", "rules": [{"record": "a", "expr": series.replace("$namespace", "a")}]}])
        assert not unknown(series if "{" in series else f"{series}{{}}")
        assert label in LABELS


@pytest.mark.parametrize(
    "query", ["istio_request_total{}", 'istio_requests_total{app="a"}', "sum by (app) (istio_requests_total{})"]
)
def test_what_is_not_measured_is_found(query: str) -> None:
    assert unknown(query)


def test_panels_are_apart() -> None:
    for _, dashboard in dashboards():
        places = sorted((panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in dashboard["panels"])
        assert all(one != other for one, other in pairwise(places))
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
        assert len(dashboard["uid"]) <= 40
        assert dashboard["panels"]


@pytest.mark.parametrize(
    "expression", ["up = 0", "sum(up", "up >", "up{job='a}", "()", "up)", "rate(a[$__rate_interval])"]
)
def test_promtool_refuses_what_is_refused_here(expression: str) -> None:
    assert refused([{"name": "a", "rules": [{"alert": "A", "expr": expression}]}])
    found, _ = outcome("error-expressions")
    assert f'"{expression}"' in found["expected.err"]


# -- what the alerts of objectives do ----------------------------------------------------------------------------------

MINE = 'destination_service_name="reviews",destination_service_namespace="shop"'
GOOD = f'reporter="destination",{MINE},response_code="200",response_flags="-"'
FAILED = f'reporter="destination",{MINE},response_code="503",response_flags="-"'
LOST = f'reporter="source",{MINE},response_code="503",response_flags="UF,URX"'
#: Series have a value each minute, for as long as the longest window.
MINUTES = 73 * 60


def of(objective: str) -> list[Any]:
    groups = next(groups for case, groups in rules() if case == "slo-availability-and-latency")
    return [group for group in groups if group["name"].endswith(objective)]


def counted(matchers: str, each: float, metric: str = "istio_requests_total") -> dict[str, str]:
    """A counter that rises by so much each minute."""
    return {"series": f"{metric}{{{matchers}}}", "values": f"0+{each}x{MINUTES}"}


def on(groups: list[Any], series: list[dict[str, str]], at: str = "3d", often: bool = False) -> set[str]:
    """The long windows of the alerts that fire: of a query that expects none, promtool says which there are.

    Where the number of failures does not matter, rules are evaluated every five minutes only, which saves minutes.
    """
    if not often:
        groups = [{key: value for key, value in group.items() if key != "interval"} for group in groups]
    query = {"expr": 'ALERTS{alertstate="firing"}', "eval_time": at, "exp_samples": []}
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [query]}
    told = failed(groups, {"evaluation_interval": "30s" if often else "5m", "tests": [test]})
    found = set(re.findall(r'window=\\?"(\w+)', told))
    assert found or not told, told
    return found


def requests(burn: float, each: float = 6000) -> list[dict[str, str]]:
    """Requests of which so many times what may fail fails, of a budget of 0.1%."""
    share = burn * 0.001
    return [
        counted(GOOD, each * (1 - share)),
        counted(FAILED, each * share),
        counted('reporter="destination",destination_service_name="other",response_code="500"', each),
        counted(f'reporter="source",{MINE},response_code="503",response_flags="-"', each * share),
    ]


@pytest.mark.parametrize(
    ("burn", "windows"),
    [
        (0.9, set()),
        (1.1, {"3d"}),
        (3.3, {"3d", "1d"}),
        (6.6, {"3d", "1d", "6h"}),
        (14.0, {"3d", "1d", "6h"}),
        (14.8, {"3d", "1d", "6h", "1h"}),
        (1000, {"3d", "1d", "6h", "1h"}),
    ],
)
def test_alerts_fire_at_their_rates(burn: float, windows: set[str]) -> None:
    assert on(of("availability"), requests(burn)) == windows


@pytest.mark.parametrize(("at", "fires"), [("1h", True), ("1h20m", False)])
def test_an_alert_ends_soon_after_the_failures(at: str, fires: bool) -> None:
    """An hour in which all fails, then none: the long window remembers it, the short one does not."""
    series = [
        {"series": f"istio_requests_total{{{FAILED}}}", "values": "0+600x60 36000x60"},
        {"series": f"istio_requests_total{{{GOOD}}}", "values": "0x60 600+600x60"},
    ]
    assert ("1h" in on(of("availability"), series, at)) == fires


def test_requests_that_never_arrive_fail() -> None:
    """A service without pods reports nothing itself: only its callers' proxies know."""
    assert on(of("availability"), [counted(LOST, 600)]) == {"3d", "1d", "6h", "1h"}


@pytest.mark.parametrize(("failures", "fires"), [(3, False), (9, True)])
def test_few_failures_call_nobody(failures: int, fires: bool) -> None:
    """Requests of one hour, all of which fail, evaluated as often as in a cluster."""
    values = " ".join(f"{count}x10" for count in range(failures + 1))
    series = [{"series": f"istio_requests_total{{{FAILED}}}", "values": values}]
    assert ("1h" in on(of("availability"), series, f"{failures * 10}m", often=True)) == fires


def test_without_requests_nothing_fires() -> None:
    assert on(of("availability"), []) == set()


@pytest.mark.parametrize("bound", ["250", "250.0"])
@pytest.mark.parametrize(("burn", "windows"), [(0.9, set()), (14.8, {"3d", "1d", "6h", "1h"})])
def test_slow_answers(burn: float, windows: set[str], bound: str) -> None:
    """Of 1% that may be slow; Prometheus 3 writes the bounds with a fraction."""
    each, name = 6000, "istio_request_duration_milliseconds"
    series = [
        counted(GOOD, each, f"{name}_count"),
        counted(f'{GOOD},le="{bound}"', each * (1 - burn * 0.01), f"{name}_bucket"),
        counted(f'{GOOD},le="+Inf"', each, f"{name}_bucket"),
        counted(FAILED, each, f"{name}_count"),
        counted(f'{FAILED},le="{bound}"', 0, f"{name}_bucket"),
    ]
    assert on(of("latency-250ms"), series) == windows
