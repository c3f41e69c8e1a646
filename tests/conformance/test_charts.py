"""Istio's own charts, rendered by Helm with the values that Applications give them.

The charts are those of the release of Istio whose source the other oracles are built from; charts that the platform's
version names are not fetched.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.manifests.argocd import RETRY
from tests.support.go_program import ask
from tests.test_cases import CASES

Manifest = dict[str, Any]

INSTALLING = sorted(file.parent.name for file in CASES.glob("install-*/expected.yaml"))
CHARTS = ("base", "istiod", "cni", "ztunnel", "gateway")
#: Values that are maps of anything: what is in them is not listed by the chart.
OPEN = ("labels", "meshConfig", "sidecarInjectorWebhookAnnotations", "serviceAnnotations", "podDisruptionBudget", "env")
#: Values that a chart reads and does not list.
UNLISTED = {("profile",), ("global", "istioNamespace")}
#: Kinds of the cluster that charts write; all others have a namespace.
WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
}


@cache
def written(case: str) -> list[Manifest]:
    return list(yaml.safe_load_all((CASES / case / "expected.yaml").read_text(encoding="utf-8")))


def of_kind(case: str, kind: str) -> list[Manifest]:
    return [one for one in written(case) if one["kind"] == kind]


@cache
def rendered(case: str) -> list[tuple[Manifest, Manifest]]:
    """Each Application of a case, and what Helm makes of its chart."""
    applications = of_kind(case, "Application")
    questions = [
        {
            "chart": one["spec"]["source"]["chart"],
            "release": one["spec"]["source"]["helm"]["releaseName"],
            "namespace": one["spec"]["destination"]["namespace"],
            "values": one["spec"]["source"]["helm"].get("valuesObject", {}),
        }
        for one in applications
    ]
    answers = json.loads(ask("helmcharts", "Helm", json.dumps(questions), "charts"))
    return list(zip(applications, answers, strict=True))


def test_every_chart_is_installed_by_some_case() -> None:
    found = {one["spec"]["source"]["chart"] for case in INSTALLING for one in of_kind(case, "Application")}

    assert found == set(CHARTS)


@pytest.mark.parametrize("case", INSTALLING)
def test_helm_takes_the_values(case: str) -> None:
    for application, answer in rendered(case):
        assert "error" not in answer, (application["metadata"]["name"], answer["error"])
        assert answer["objects"]


@pytest.mark.parametrize("case", INSTALLING)
def test_the_charts_have_the_values(case: str) -> None:
    for application, answer in rendered(case):
        values = application["spec"]["source"]["helm"].get("valuesObject", {})
        unknown = [path for path in paths(values) if not known(path, answer["defaults"]) and path not in UNLISTED]
        assert not unknown, application["metadata"]["name"]


def paths(values: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(values, dict) or (path and path[-1] in OPEN):
        return [path]
    return [found for key, value in values.items() for found in paths(value, (*path, key))]


def known(path: tuple[str, ...], defaults: Any) -> bool:
    for step in path:
        if not isinstance(defaults, dict) or step not in defaults:
            return isinstance(defaults, dict) and not defaults  # an empty map is one of anything
        defaults = defaults[step]
    return True


@pytest.mark.parametrize("case", INSTALLING)
def test_the_project_allows_what_the_charts_write(case: str) -> None:
    """Neither less, which would fail the sync, nor kinds of the cluster that no chart writes."""
    projects = {one["metadata"]["name"]: one["spec"] for one in of_kind(case, "AppProject")}
    used: dict[str, set[tuple[str, str]]] = {}
    for application, answer in rendered(case):
        name = application["spec"]["project"]
        if name not in projects:
            assert name == "default"
            continue
        allowed = {side: listed(projects[name][f"{side}ResourceWhitelist"]) for side in ("cluster", "namespace")}
        places = [one["namespace"] for one in projects[name]["destinations"]]
        assert application["spec"]["source"]["repoURL"] in projects[name]["sourceRepos"]
        for one in answer["objects"]:
            group = one["apiVersion"].rpartition("/")[0]
            side = "cluster" if one["kind"] in WIDE else "namespace"
            assert (group, one["kind"]) in allowed[side]
            used.setdefault(name, set()).add((group, one["kind"]))
            if side == "namespace":
                assert one["metadata"].get("namespace", application["spec"]["destination"]["namespace"]) in places
    for name, kinds in used.items():
        assert listed(projects[name]["clusterResourceWhitelist"]) - kinds <= {("", "Namespace"), *POLICIES}


#: What charts write for other values than those here (experimental.stableValidationPolicy).
POLICIES = {
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
}


def listed(items: list[Manifest]) -> set[tuple[str, str]]:
    return {(item["group"], item["kind"]) for item in items}


@pytest.mark.parametrize("case", INSTALLING)
def test_gateways_have_the_labels_accounts_and_ports_that_others_know(case: str) -> None:
    for application, answer in rendered(case):
        if application["spec"]["source"]["chart"] != "gateway":
            continue
        one = {found["kind"]: found for found in answer["objects"]}
        labels = one["Deployment"]["spec"]["template"]["metadata"]["labels"]
        name = application["spec"]["source"]["helm"]["releaseName"]
        assert one["Service"]["metadata"]["name"] == name
        assert (
            one["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"]
            == one["ServiceAccount"]["metadata"]["name"]
        )
        served = [
            gateway
            for gateway in of_kind(case, "Gateway")
            if gateway["metadata"]["namespace"] == application["spec"]["destination"]["namespace"]
            and gateway["spec"]["selector"].items() <= labels.items()
        ]
        assert served, f"no Gateway chooses the pods of {name}: {labels}"
        ports = {port["port"] for port in one["Service"]["spec"]["ports"]}
        assert {server["port"]["number"] for gateway in served for server in gateway["spec"]["servers"]} <= ports


def test_tags_and_revisions_are_those_of_the_control_planes() -> None:
    hooks = {
        hook["metadata"]["name"]: hook["metadata"]
        for _, answer in rendered("install-canary")
        for hook in answer["objects"]
        if hook["kind"] == "MutatingWebhookConfiguration"
    }

    assert hooks["istio-revision-tag-stable"]["labels"]["istio.io/rev"] == "1-29-4"
    assert hooks["istio-revision-tag-next"]["labels"]["istio.io/rev"] == "1-30-3"
    assert {"istio-sidecar-injector-1-29-4", "istio-sidecar-injector-1-30-3"} <= set(hooks)
    tags = [
        one["metadata"]
        for _, answer in rendered("install-canary")
        for one in answer["objects"]
        if "istio.io/tag" in one["metadata"].get("labels", {})
    ]
    assert {one["labels"]["istio.io/tag"] for one in tags} == {"next", "stable"}
    for one in tags:
        assert one["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false", one["name"]


def test_what_istiod_writes_itself_is_ignored() -> None:
    """Each webhook that a chart writes has a row of ``ignoreDifferences`` in its Application."""
    for application, answer in rendered("install-istio"):
        ignored = {row["kind"] for row in application["spec"].get("ignoreDifferences", ())}
        hooks = {one["kind"] for one in answer["objects"] if one["kind"].endswith("WebhookConfiguration")}
        assert hooks <= ignored


def test_retries_outlast_a_start() -> None:
    """Nobody waits for an Application to be healthy, so the last one is tried again until the first stands."""
    backoff, waits = RETRY["backoff"], []
    for attempt in range(RETRY["limit"]):
        waits.append(
            min(int(backoff["duration"][:-1]) * backoff["factor"] ** attempt, 60 * int(backoff["maxDuration"][:-1]))
        )

    assert 15 * 60 < sum(waits) < 30 * 60


@pytest.mark.parametrize(
    ("path", "expected"),
    [("services/shop/web", "shop-web"), ("services/shop/Back_End/api", "shop-back-end-api"), ("services/shop", "shop")],
)
def test_names_of_applications(path: str, expected: str) -> None:
    """An ApplicationSet names what it finds by the way that leads there."""
    file = CASES / "argocd-applications" / "expected.yaml"
    found = next(
        one for one in yaml.safe_load_all(Path(file).read_text(encoding="utf-8")) if one["kind"] == "ApplicationSet"
    )
    template = found["spec"]["template"]["metadata"]["name"]
    params = {"path": {"path": path, "segments": path.split("/")}}
    (answer,) = json.loads(ask("helmcharts", "Go", json.dumps([{"template": template, "params": params}]), "names"))

    assert answer.get("text") == expected, answer
