"""Dashboards of Grafana in JSON.

https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

#: The release of Grafana's model that this is written for; Grafana brings older ones up to date.
SCHEMA = 39
COLUMNS, WIDTH, HEIGHT = 24, 8, 8
#: Grafana's word for a window that holds enough scrapes.
WINDOW = "$__rate_interval"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


class Panel(NamedTuple):
    """One graph: queries by what their lines are called. ``metric`` and ``labels`` are what proxies have to measure.

    ``kind`` is Grafana's: `stat` and `table` ask once and not for every point, which is for long windows. In a table,
    each query is a column, and each set of labels a row. ``link`` is a dashboard and what it is told, by the labels of
    a row.
    """

    title: str
    unit: str
    queries: dict[str, str]
    metric: str = ""
    labels: frozenset[str] = frozenset()
    kind: str = "timeseries"
    width: int = WIDTH
    link: str = ""


class Variable(NamedTuple):
    """What whoever looks at a dashboard chooses: one of the values of a label, in the series that a query names."""

    name: str
    title: str
    label: str
    series: str


def by(labels: str, metric: str, matchers: str) -> str:
    """The rate of a counter, for each value of labels."""
    return f"sum by ({labels}) (rate({metric}{{{matchers}}}[{WINDOW}]))"


def text(uid: str, title: str, tags: list[str], panels: Iterable[Panel], variables: Iterable[Variable] = ()) -> str:
    """A dashboard, a panel on each line, so that changes can be read."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    found = {
        "uid": uid,
        "title": title,
        "tags": tags,
        "schemaVersion": SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": [source, *map(_variable, variables)]},
    }
    lines = [f" {_json(key)}: {_json(value)}" for key, value in found.items()]
    listed = ",\n  ".join(_json(panel) for panel in _placed(panels))
    return "{\n" + ",\n".join([*lines, f' "panels": [\n  {listed}\n ]']) + "\n}\n"


def _variable(one: Variable) -> dict[str, Any]:
    """A choice that is read anew when the time changes: services come and go."""
    query = f"label_values({one.series}, {one.label})"
    return {
        "name": one.name,
        "label": one.title,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"qryType": 1, "query": query, "refId": "A"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
    }


#: How each kind of panel looks: all that Grafana's types ask for, which know fewer defaults than Grafana itself
#: (https://github.com/grafana/grafana-foundation-sdk).
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "timeseries": {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "textMode": "value_and_name",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "table": {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
}
#: What a query of each kind says besides; the others are asked for every point.
_ONCE: Mapping[str, Mapping[str, Any]] = {"stat": {"instant": True}, "table": {"instant": True, "format": "table"}}


def _placed(panels: Iterable[Panel]) -> Iterable[dict[str, Any]]:
    """Panels side by side, in rows that are full or end where the next does not fit."""
    column = row = 0
    for index, panel in enumerate(panels):
        if column + panel.width > COLUMNS:
            column, row = 0, row + HEIGHT
        yield _panel(index, panel, {"x": column, "y": row, "w": panel.width, "h": HEIGHT})
        column += panel.width


def _panel(index: int, panel: Panel, place: Mapping[str, int]) -> dict[str, Any]:
    once, table = _ONCE.get(panel.kind, {}), panel.kind == "table"
    targets = [
        {
            "refId": chr(ord("A") + at),
            "datasource": DATASOURCE,
            "expr": query,
            **({} if table else {"legendFormat": legend}),
            **once,
        }
        for at, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": index + 1,
        "type": panel.kind,
        "title": panel.title,
        "gridPos": place,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, **_linked(panel)}, "overrides": _units(panel)},
        "options": _OPTIONS[panel.kind],
        "targets": targets,
        **({"transformations": _table(panel)} if table else {}),
    }


def _linked(panel: Panel) -> dict[str, Any]:
    return {"links": [{"title": "Dashboard", "url": panel.link}]} if panel.link else {}


def _columns(panel: Panel) -> Iterable[tuple[str, str, str]]:
    """The columns of a table: Grafana's name, ours, and the unit, which stands behind it in brackets."""
    for at, name in enumerate(panel.queries):
        title, _, unit = name.partition(" [")
        yield f"Value #{chr(ord('A') + at)}", title, unit.removesuffix("]")


def _units(panel: Panel) -> list[dict[str, Any]]:
    """The units of a table's columns, which are as different as the columns are."""
    return [
        {"matcher": {"id": "byName", "options": title}, "properties": [{"id": "unit", "value": unit}]}
        for _, title, unit in (_columns(panel) if panel.kind == "table" else ())
        if unit
    ]


def _table(panel: Panel) -> list[dict[str, Any]]:
    """A row for each set of labels, with the values of all queries; that of a single one only says that it is there."""
    named = {name: title for name, title, _ in _columns(panel)}
    single = {"excludeByName": {"Time": True, "Value": True}}
    options = {"excludeByName": {"Time": True}, "renameByName": named} if len(named) > 1 else single
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": options}]


def _json(value: object) -> str:
    return json.dumps(value, separators=(", ", ": "), ensure_ascii=False)
