"""Dashboards are what Grafana's published types say that a dashboard is, and each has a name of its own."""

import json
from typing import Any

import pytest
import yaml

from tests.support.go_program import ask
from tests.test_cases import CASES


def found() -> list[tuple[str, str]]:
    """The dashboards of all cases, by the case and the name of their file."""
    texts = [(file.parent.name, file.read_text(encoding="utf-8")) for file in sorted(CASES.glob("*/expected.yaml"))]
    return [
        (f"{case}/{name}", dashboard)
        for case, text in texts
        if "grafana_dashboard" in text
        for one in yaml.load_all(text, Loader=yaml.CSafeLoader)
        if "grafana_dashboard" in one["metadata"].get("labels", {})
        for name, dashboard in one["data"].items()
    ]


def wrong(*dashboards: str) -> list[str]:
    """What Grafana's types have against each text. The test is skipped where the program cannot be built."""
    answers: list[str] = json.loads(ask("grafana", "Grafana's types of dashboards", json.dumps(dashboards)))
    return answers


def test_dashboards_are_of_grafanas_types() -> None:
    named = found()
    assert len(named) > 4
    answers = wrong(*(text for _, text in named))
    assert {name: answer for (name, _), answer in zip(named, answers, strict=True) if answer} == {}


def change(**keys: Any) -> str:
    """A dashboard of a case whose first panel is changed."""
    dashboard = json.loads(found()[0][1])
    dashboard["panels"][0] |= keys
    return json.dumps(dashboard)


@pytest.mark.parametrize("keys", [{"kind": "a"}, {"gridPos": {"x": "a"}}, {"options": {"legend": {}}}, {"targets": {}}])
def test_grafanas_types_refuse(keys: dict[str, Any]) -> None:
    answer, *_ = wrong(change(**keys))
    assert answer
    assert wrong(change()) == [""]


def test_dashboards_of_one_grafana_are_told_apart() -> None:
    by_case: dict[str, list[str]] = {}
    for name, text in found():
        by_case.setdefault(name.partition("/")[0], []).append(json.loads(text)["uid"])
    for uids in by_case.values():
        assert len(set(uids)) == len(uids)
        assert all(len(uid) <= 40 for uid in uids)


def test_links_lead_to_dashboards_that_are_there() -> None:
    dashboards = [json.loads(text) for name, text in found() if name.startswith("platform-monitoring/")]
    uids = {one["uid"]: {v["name"] for v in one["templating"]["list"]} for one in dashboards}
    links = [
        link["url"]
        for one in dashboards
        for panel in one["panels"]
        for link in panel["fieldConfig"]["defaults"].get("links", [])
    ]
    assert links
    for link in links:
        path, _, query = link.partition("?")
        variables = {part.partition("=")[0].removeprefix("var-") for part in query.split("&")}
        assert variables <= uids[path.removeprefix("/d/")]
