"""What Prometheus asks of pods and Services, told from the monitors by the rules of its operator."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.manifests.prometheus_stack import VERSION
from tests.test_cases import CASES

PAGE = Path(__file__).parents[2] / "docs" / "platform.md"


def written(kind: str, name: str) -> Any:
    text = (CASES / "platform-monitoring" / "expected.yaml").read_text(encoding="utf-8")
    objects = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return next(one["spec"] for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))


def address(ip: str, port: int) -> str:
    """Where a target is asked: relabelings replace what they fit as a whole.

    https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
    """
    found = f"{ip}:{port}"
    for rule in written("PodMonitor", "istio-proxies")["podMetricsEndpoints"][0]["relabelings"]:
        assert (rule["action"], rule["sourceLabels"]) == ("replace", ["__meta_kubernetes_pod_ip"])
        assert rule["targetLabel"] == "__address__"
        if fits := re.fullmatch(rule["regex"], ip):
            found = rule["replacement"].replace("$1", fits[1])
    return found


@pytest.mark.parametrize(
    ("ip", "asked"), [("10.4.0.17", "10.4.0.17:15020"), ("fd00:10:244::2a", "[fd00:10:244::2a]:15020")]
)
def test_the_agent_of_a_proxy_is_asked(ip: str, asked: str) -> None:
    assert address(ip, 15090) == asked


def test_a_pod_is_asked_once() -> None:
    """Of all containers, only proxies have the port: istio manifests/charts, injection-template.yaml and gateway."""
    spec = written("PodMonitor", "istio-proxies")
    assert [one["port"] for one in spec["podMetricsEndpoints"]] == ["http-envoy-prom"]


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        ({"app": "istiod", "istio": "pilot", "istio.io/rev": "default"}, True),
        ({"app": "istiod", "istio": "pilot", "istio.io/rev": "1-30-3"}, True),
        ({"app": "istiod", "istio": "pilot", "istio.io/rev": "1-30-3", "istio.io/tag": "stable"}, False),
        ({"app": "other"}, False),
    ],
)
def test_an_istiod_is_asked_once(labels: dict[str, str], chosen: bool) -> None:
    selector = written("ServiceMonitor", "istiod")["selector"]
    (expression,) = selector["matchExpressions"]
    assert expression["operator"] == "DoesNotExist"
    fits = selector["matchLabels"].items() <= labels.items() and expression["key"] not in labels
    assert fits == chosen


def test_the_page_names_the_version_of_the_chart() -> None:
    assert VERSION in PAGE.read_text(encoding="utf-8")
