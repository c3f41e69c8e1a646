"""Each of Istio's Bookinfo scenarios is a change of at most six lines, and means what Istio's own rules mean.

Both sides are put into one normal form (tests/support/rule_sets.py) and compared: every rule, subset, policy and server
that the upstream scenario has is here, and differs only where DIFFERENCES says so. docs/bookinfo.md shows the changes.
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.leaves import NOTHING, Difference, Finding, differences
from tests.support.rule_sets import rule_sets

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "bookinfo-scenarios"
APP = EXAMPLE / "bookinfo" / "meshspec.yaml"
PAGE = TOP / "docs" / "bookinfo.md"
NAMESPACE = "bookinfo"
BASE = "all-v1"
MOST_LINES = 6

#: The ports of the ingress gateway's Service and of its pods, as Istio installs it
#: (istio manifests/charts/gateways/istio-ingress/values.yaml).
LISTENERS = {80: 8080, 443: 8443}


class Scenario(NamedTuple):
    """What says the same as a file of upstream: an environment of the app, or a folder of the example."""

    environment: str = BASE
    folder: str = "bookinfo"


SCENARIOS = {
    "bookinfo-gateway": Scenario(),
    "certmanager-gateway": Scenario(folder="certmanager"),
    "destination-rule-all": Scenario("destination-rule-all"),
    "destination-rule-all-mtls": Scenario("destination-rule-all-mtls"),
    "destination-rule-reviews": Scenario("reviews-random"),
    "egress-rule-google-apis": Scenario("egress-google-apis"),
    "fault-injection-details-v1": Scenario("details-fault"),
    "virtual-service-all-v1": Scenario(),
    "virtual-service-details-v2": Scenario("details-v2"),
    "virtual-service-ratings-db": Scenario("ratings-db"),
    "virtual-service-ratings-mysql": Scenario("ratings-mysql"),
    "virtual-service-ratings-mysql-vm": Scenario("ratings-mysql-vm"),
    "virtual-service-ratings-test-abort": Scenario("ratings-test-abort"),
    "virtual-service-ratings-test-delay": Scenario("ratings-test-delay"),
    "virtual-service-reviews-50-v3": Scenario("reviews-50-v3"),
    "virtual-service-reviews-80-20": Scenario("reviews-80-20"),
    "virtual-service-reviews-90-10": Scenario("reviews-90-10"),
    "virtual-service-reviews-jason-v2-v3": Scenario("reviews-jason-v2-v3"),
    "virtual-service-reviews-test-v2": Scenario("reviews-test-v2"),
    "virtual-service-reviews-v2-v3": Scenario("reviews-v2-v3"),
    "virtual-service-reviews-v3": Scenario("reviews-v3"),
}


DIFFERENCES = (
    Difference(
        "*.retries.attempts",
        NOTHING,
        "2",
        "Retries are written out, because Istio's own default has changed between releases.",
    ),
    Difference(
        "*.retries.retryOn",
        NOTHING,
        "connect-failure,refused-stream",
        "Only what was never sent is repeated; Istio's default also repeats what was answered with"
        " unavailable or cancelled.",
    ),
    Difference(
        "mesh www.googleapis.com.1.*",
        NOTHING,
        "*",
        "Requests that name port 443 get TLS as well, and go where they went.",
    ),
    Difference(
        "policy www.googleapis.com.ports.443.loadBalancer.simple",
        NOTHING,
        "ROUND_ROBIN",
        "A port takes over from its service what it does not say itself; in Istio it falls back to the default.",
    ),
    Difference(
        "policy www.googleapis.com.ports.443.tls.caCertificates",
        NOTHING,
        "/etc/ssl/certs/ca-certificates.crt",
        "Who answers is verified, and the proxy is not left to its release's own idea of that.",
    ),
)


def upstream_directory() -> Path:
    """Where Istio's files for Bookinfo are."""
    corpora = Path(os.environ.get("MESHSPEC_CORPORA", TOP.parent / "shared" / "corpora"))
    directory = corpora / "bookinfo"
    if not directory.is_dir():
        pytest.skip(f"NOT CHECKED: no upstream manifests at {directory}; set MESHSPEC_CORPORA")
    return directory


def documents(file: Path) -> list[Any]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


@cache
def upstream(name: str) -> dict[str, Any]:
    """The normal form of a scenario of upstream: only what the scenario itself says.

    Subsets that it leaves to destination-rule-all.yaml are looked up there, and pods and ports in the manifests that
    Bookinfo is deployed with.
    """
    directory = upstream_directory()
    own = documents(directory / "networking" / f"{name}.yaml")
    around = documents(directory / "platform" / "kube" / "bookinfo.yaml")
    hosts = {one["spec"]["host"] for one in own if one["kind"] == "DestinationRule"}
    usual = documents(directory / "networking" / "destination-rule-all.yaml")
    whole = rule_sets(
        [*own, *around, *(one for one in usual if one["spec"]["host"] not in hosts)], NAMESPACE, LISTENERS
    )
    return {key: whole[key] for key in rule_sets(own, NAMESPACE, LISTENERS)}


def rendered(scenario: Scenario, place: Path, edits: Mapping[str, str] = {}) -> list[Any]:
    """The objects of the platform and of the scenario's folder, after edits of its text."""
    example = place / "example"
    shutil.copytree(EXAMPLE / scenario.folder, example / scenario.folder)
    shutil.copy(EXAMPLE / "meshplatform.yaml", example)
    spec = example / scenario.folder / "meshspec.yaml"
    text = spec.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    spec.write_text(text, encoding="utf-8")
    name = scenario.environment if "environments:" in text else ""
    manifests = render(str(example), Environment(NAMESPACE, name, source_path="."), {}).manifests
    return list(yaml.safe_load_all(emit(manifests, "yaml")))


def findings(name: str, scenario: Scenario, place: Path, edits: Mapping[str, str] = {}) -> list[Finding]:
    return differences(upstream(name), rule_sets(rendered(scenario, place, edits), NAMESPACE, LISTENERS))


def unexplained(found: Iterable[Finding]) -> list[str]:
    return [str(one) for one in found if not any(row.explains(one) for row in DIFFERENCES)]


# The scenarios


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_means_what_upstream_means(name: str, tmp_path: Path) -> None:
    assert unexplained(findings(name, SCENARIOS[name], tmp_path)) == []


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario != Scenario()])
def test_a_scenario_needs_its_change(name: str, tmp_path: Path) -> None:
    """A negative control: the base does not say it."""
    assert unexplained(findings(name, Scenario(), tmp_path)) != []


def test_every_row_of_the_table_is_needed(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = [
        one
        for name, scenario in SCENARIOS.items()
        for one in findings(name, scenario, tmp_path_factory.mktemp("scenario"))
    ]
    assert [row for row in DIFFERENCES if not any(row.explains(one) for one in found)] == []


def test_every_file_of_upstream_is_taken_in() -> None:
    files = {file.stem for file in (upstream_directory() / "networking").glob("*.yaml")}
    assert files == {*SCENARIOS}


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.folder == "bookinfo"])
def test_a_scenario_changes_nothing_else(name: str, tmp_path: Path) -> None:
    """Hosts that upstream's file is not about are routed as in the base."""
    usual = rule_sets(rendered(Scenario(), tmp_path / "base"), NAMESPACE)
    changed = rule_sets(rendered(SCENARIOS[name], tmp_path / "changed"), NAMESPACE)
    about = {host(key) for key in upstream(name)} | {host(key) for key in usual if key not in changed}
    others = {key: value for key, value in usual.items() if host(key) not in about}
    assert others
    assert {key: changed[key] for key in others} == others


def host(key: str) -> str:
    return key.rpartition(" ")[2]


# The changes

EDITS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "another share": (
        "virtual-service-reviews-80-20",
        {"v2: {weight: 20}": "v2: {weight: 21}"},
        [
            "mesh reviews.bookinfo.svc.cluster.local.0.to.0.weight: upstream 80, ours 79",
            "mesh reviews.bookinfo.svc.cluster.local.0.to.1.weight: upstream 20, ours 21",
        ],
    ),
    "another header": (
        "virtual-service-reviews-test-v2",
        {
            "reviews-test-v2: {services: {reviews: {routes: {match: {headers: {end-user: jason}": (
                "reviews-test-v2: {services: {reviews: {routes: {match: {headers: {end-user: jane}"
            )
        },
        [
            "mesh reviews.bookinfo.svc.cluster.local.0.match.headers.end-user.exact: upstream jason, ours jane",
        ],
    ),
    "another fault": (
        "fault-injection-details-v1",
        {"httpStatus: 555": "httpStatus: 556"},
        ["mesh details.bookinfo.svc.cluster.local.0.fault.abort.httpStatus: upstream 555, ours 556"],
    ),
    "another delay": (
        "virtual-service-ratings-test-delay",
        {"delay: 7s": "delay: 7001ms"},
        ["mesh ratings.bookinfo.svc.cluster.local.0.fault.delay.fixedDelay: upstream 7000ms, ours 7001ms"],
    ),
    "a path that is not published": (
        "bookinfo-gateway",
        {", /login": ""},
        [
            "gateway istio=ingressgateway *.0.match.uri.exact: upstream /login, ours /logout",
            "gateway istio=ingressgateway *.1.match.uri.exact: upstream /logout, ours /productpage",
            "gateway istio=ingressgateway *.2.match.uri.exact: upstream /productpage, ours nothing",
            "gateway istio=ingressgateway *.2.match.uri.prefix: upstream nothing, ours /api/v1/products",
            "gateway istio=ingressgateway *.3.match.uri.prefix: upstream /api/v1/products, ours /static",
            "gateway istio=ingressgateway *.4.match.uri.prefix: upstream /static, ours nothing",
            "gateway istio=ingressgateway *.4.to.0.host: upstream productpage.bookinfo.svc.cluster.local, ours nothing",
            "gateway istio=ingressgateway *.4.to.0.labels: upstream , ours nothing",
            "gateway istio=ingressgateway *.4.to.0.port: upstream 9080, ours nothing",
            "gateway istio=ingressgateway *.4.to.0.weight: upstream 100, ours nothing",
        ],
    ),
    "another base": (
        "virtual-service-all-v1",
        {"bookinfo-reviews-v2, weight: 0}": "bookinfo-reviews-v2, weight: 1}"},
        [
            "mesh reviews.bookinfo.svc.cluster.local.0.to.0.weight: upstream 100, ours 99",
            "mesh reviews.bookinfo.svc.cluster.local.0.to.1.host: upstream nothing, ours"
            " reviews.bookinfo.svc.cluster.local",
            "mesh reviews.bookinfo.svc.cluster.local.0.to.1.labels: upstream nothing, ours version=v2",
            "mesh reviews.bookinfo.svc.cluster.local.0.to.1.port: upstream nothing, ours 9080",
            "mesh reviews.bookinfo.svc.cluster.local.0.to.1.weight: upstream nothing, ours 1",
        ],
    ),
}


@pytest.mark.parametrize(("name", "edits", "expected"), EDITS.values(), ids=EDITS)
def test_a_change_of_the_spec_is_found(name: str, edits: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    assert unexplained(findings(name, SCENARIOS[name], tmp_path, edits)) == expected


def environments() -> dict[str, list[str]]:
    """The lines of each environment of the example, by its name."""
    text = APP.read_text(encoding="utf-8").partition("environments:\n")[2]
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name = re.match(r"  ([a-z0-9-]+):", line)
        if name:
            found[name[1]] = []
        found[list(found)[-1]].append(line)
    return found


def change(scenario: Scenario) -> list[str]:
    """The lines that the scenario adds to the base."""
    if scenario.folder != "bookinfo":
        return code(EXAMPLE / scenario.folder / "meshspec.yaml")
    return environments()[scenario.environment] if scenario.environment != BASE else []


def code(file: Path) -> list[str]:
    """The lines of a file that are neither blank nor a comment."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "---"))]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_change_is_short(name: str) -> None:
    assert len(change(SCENARIOS[name])) <= MOST_LINES


def test_every_environment_is_a_scenario() -> None:
    assert set(environments()) == {one.environment for one in SCENARIOS.values()}


def test_the_base_is_the_example_of_bookinfo() -> None:
    base = TOP / "examples" / "bookinfo"
    assert code(APP)[: len(code(base / "meshspec.yaml"))] == code(base / "meshspec.yaml")
    assert code(EXAMPLE / "meshplatform.yaml") == code(base / "meshplatform.yaml")


# The page


def table() -> str:
    rows = [
        f"| `{name}.yaml` | {spelled(scenario)} | {len(change(scenario))} |" for name, scenario in SCENARIOS.items()
    ]
    return "\n".join(["| upstream, `networking/` | here | lines |", "|---|---|---|", *rows])


def spelled(scenario: Scenario) -> str:
    if scenario.folder != "bookinfo":
        return f"a document of its own, `{scenario.folder}/meshspec.yaml`"
    return f"`--env {scenario.environment}`" + (", the base" if scenario == Scenario() else "")


def reasons() -> str:
    rows = [" | ".join([*(f"`{cell.replace('[*]', '*')}`" for cell in row[:3]), row.reason]) for row in DIFFERENCES]
    return "\n".join(["| where | upstream | here | why |", "|---|---|---|---|", *(f"| {row} |" for row in rows)])


def test_the_page_shows_the_changes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    spec = APP.read_text(encoding="utf-8")
    for part in (table(), reasons(), f"```yaml\n{spec[spec.index('environments:') :]}```"):
        assert part in page, "\n" + part


def test_the_page_counts_the_lines_of_upstream() -> None:
    lines = sum(len(code(file)) for file in sorted((upstream_directory() / "networking").glob("*.yaml")))
    assert f"{lines} lines" in PAGE.read_text(encoding="utf-8")
