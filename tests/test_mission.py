"""The fragments of an article about a mesh that is kept by GitOps, each from a shorter spec.

The fragments are not part of the project: tests look for them beside the repository (``../shared/corpora/mission``).
What stands for them has the same effect: names of hosts are whole, versions of an API newer, subsets united from the
objects that hold one each.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render

Manifest = dict[str, Any]

TOP = Path(__file__).parents[1]
FRAGMENTS = TOP.parent / "shared" / "corpora" / "mission"
PLATFORM = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: production}\n"
HELD = {
    *("argocd-metrics.yaml", "canary.yaml", "istio-application.yaml", "peer-authentication.yaml"),
    *("reviews-route.yaml", "telemetry.yaml"),
}

if not FRAGMENTS.is_dir():
    pytest.skip(f"NOT HELD AGAINST THE ARTICLE: {FRAGMENTS} is missing", allow_module_level=True)


def fragment(file: str) -> list[Manifest]:
    return list(yaml.safe_load_all((FRAGMENTS / file).read_text(encoding="utf-8")))


def platform(directory: Path, text: str) -> list[Manifest]:
    (directory / "meshplatform.yaml").write_text(PLATFORM + text, encoding="utf-8")
    return render(str(directory), Environment(source_path="."), {}).manifests


def article(kind: str) -> list[Manifest]:
    folder = TOP / "examples" / "article"
    return [
        one for one in render(str(folder), Environment("prod", source_path="."), {}).manifests if one["kind"] == kind
    ]


def test_every_fragment_is_held() -> None:
    assert {file.name for file in FRAGMENTS.glob("*.yaml")} == HELD


@pytest.mark.parametrize(
    ("file", "spec"),
    [
        ("peer-authentication.yaml", "namespaces: {production: {mtls: STRICT}}\n"),
        ("argocd-metrics.yaml", "monitoring: {argocd: true}\n"),
        (
            "telemetry.yaml",
            "namespaces: {production: {telemetry: {metrics: {remove: [source_app, destination_app]}}}}\n",
        ),
    ],
)
def test_one_line_has_the_same_fields(file: str, spec: str, tmp_path: Path) -> None:
    (wanted,) = fragment(file)
    found = yaml.safe_load_all(emit(platform(tmp_path, spec), "yaml"))

    name = wanted["metadata"]["name"]
    (ours,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == (wanted["kind"], name)]
    assert ours["apiVersion"].partition("/")[0] == wanted["apiVersion"].partition("/")[0]
    assert {key: ours["metadata"][key] for key in wanted["metadata"]} == wanted["metadata"]
    assert ours["spec"] == wanted["spec"]


def test_the_control_plane_is_an_application(tmp_path: Path) -> None:
    """The fragment names the directory of the chart, and leaves its repository and the cluster to be filled in."""
    (wanted,) = fragment("istio-application.yaml")
    found = platform(tmp_path, "istio: {version: 1.30.3, install: true}\n")

    ours = next(one for one in found if one["metadata"]["name"] == "istiod")
    spec, other = ours["spec"], wanted["spec"]
    assert (ours["apiVersion"], ours["kind"]) == (wanted["apiVersion"], wanted["kind"])
    assert ours["metadata"]["namespace"] == wanted["metadata"]["namespace"]
    assert spec["project"] == other["project"]
    assert spec["destination"]["namespace"] == other["destination"]["namespace"]
    assert spec["syncPolicy"]["automated"] == other["syncPolicy"]["automated"]
    assert other["source"]["path"].endswith("/istio-discovery")  # the chart that is called istiod
    assert spec["source"]["chart"] == "istiod"
    assert {other["source"]["repoURL"], other["destination"]["server"]} == {"undefined"}


def test_a_canary_by_weight() -> None:
    rule, routes = fragment("canary.yaml")
    (ours,) = article("VirtualService")
    default = ours["spec"]["http"][-1]["route"]

    weights = {one["destination"]["subset"]: one["weight"] for one in default}
    assert weights == {one["destination"]["subset"]: one["weight"] for one in routes["spec"]["http"][0]["route"]}
    (host,) = ours["spec"]["hosts"]
    assert host.partition(".")[0] == routes["spec"]["hosts"][0] == rule["spec"]["host"]
    subsets = {
        one["name"]: dict(one["labels"])
        for found in article("DestinationRule")
        if found["spec"]["host"] == host
        for one in found["spec"].get("subsets") or ()
    }
    assert subsets == {one["name"]: one["labels"] for one in rule["spec"]["subsets"]}
    options = ours["metadata"]["annotations"]["argocd.argoproj.io/sync-options"].split(",")
    assert routes["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] in options


def test_routes_by_prefix_with_a_rewrite() -> None:
    (wanted,) = fragment("reviews-route.yaml")
    (ours,) = article("VirtualService")
    (rule,) = wanted["spec"]["http"]
    mine = ours["spec"]["http"][0]

    assert list(ours["spec"]["hosts"]) == wanted["spec"]["hosts"]
    prefixes = [[match["uri"]["prefix"] for match in one["match"]] for one in (mine, rule)]
    assert prefixes[0] == prefixes[1]
    assert mine["rewrite"]["uri"] == rule["rewrite"]["uri"]
    destinations = [[one["destination"] for one in found["route"]] for found in (mine, rule)]
    assert [{k: v for k, v in one.items() if v is not None} for one in destinations[0]] == destinations[1]
