"""The workflows and their scripts, as far as they can be held to something without GitHub and without a cluster."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.commands.validate import validate
from cmp.environment import Environment
from cmp.pipeline import render
from tests.contract.places import ROOT
from tests.contract.test_install import pod, sidecar
from tests.contract.test_rendered import repo_server
from tests.support.argocd_source import VERSIONS, source
from tests.support.go_program import ask, require

PROGRAMS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
SHELLCHECK = shutil.which("shellcheck", path=PROGRAMS)
KIND = ROOT / "tests" / "kind"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "install").glob("*.sh")), *sorted((ROOT / "tests").rglob("*.sh"))]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# -- linters -----------------------------------------------------------------------------------------------------------


def shellcheck(text: str) -> str:
    command = [str(SHELLCHECK), "--severity", "style", "--shell", "bash", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True).stdout


@pytest.mark.skipif(SHELLCHECK is None, reason="shellcheck is not there")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_pass_their_linter(script: Path) -> None:
    assert shellcheck(script.read_text(encoding="utf-8")) == ""
    assert "SC2086" in shellcheck('#!/bin/bash\nrm $1\nexit "$2"\n'), "the linter finds what it is there to find"


@pytest.mark.skipif(SHELLCHECK is None, reason="shellcheck is not there")
def test_the_steps_of_the_action_pass_the_linter_of_scripts() -> None:
    steps = [step["run"] for step in load(ROOT / "action.yml")["runs"]["steps"] if "run" in step]

    assert len(steps) == 2
    assert not [found for step in steps if (found := shellcheck(f"set -euo pipefail\n{step}").replace(" ", ""))]


def actionlint(directory: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    program = require("actionlint", "actionlint")
    command = [str(program), "-no-color", *map(str, files)]
    return subprocess.run(command, cwd=directory, env={"PATH": PROGRAMS}, capture_output=True, text=True)


def test_workflows_pass_their_linter() -> None:
    """With shellcheck, which it starts for the steps."""
    done = actionlint(ROOT, *WORKFLOWS)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [("matrix.argocd", "matrix.argo", "is not defined"), ("runs-on:", "run-on:", "unexpected key")],
)
def test_the_linter_of_workflows_finds_what_it_is_there_to_find(
    right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    text = (ROOT / ".github" / "workflows" / "argo-cd.yml").read_text(encoding="utf-8")
    (tmp_path / "wrong.yml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert said in actionlint(tmp_path, tmp_path / "wrong.yml").stdout


# -- what belongs together ---------------------------------------------------------------------------------------------


def test_scripts_that_workflows_run_are_there() -> None:
    called = {
        path for file in WORKFLOWS for path in re.findall(r"(?:tests|install|tools)/[\w/.-]+\.sh", file.read_text())
    }

    assert called == {"tests/kind/run.sh"}
    assert all(os.access(ROOT / path, os.X_OK) for path in called)


def test_the_releases_are_the_supported_ones() -> None:
    """The newest minor release of Argo CD and the one before, in the workflow, the docs and the tests."""
    for job in load(ROOT / ".github" / "workflows" / "argo-cd.yml")["jobs"].values():
        assert sorted(job["strategy"]["matrix"]["argocd"]) == sorted(VERSIONS)
    newest, before = sorted(version.removeprefix("v").rpartition(".")[0] for version in VERSIONS)[::-1]
    assert f"these are {newest} and {before}" in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def test_istio_is_the_one_that_the_example_names() -> None:
    platform = load(ROOT / "examples" / "bookinfo" / "meshplatform.yaml")

    assert load(ROOT / ".github" / "workflows" / "argo-cd.yml")["env"]["ISTIO"] == platform["istio"]["version"]


def test_the_gateway_is_the_one_that_the_example_expects() -> None:
    asked = {"release": "istio-ingressgateway", "namespace": "istio-system", "chart": "gateway"}
    asked["values"] = load(KIND / "istio-ingressgateway.yaml")
    (told,) = json.loads(ask("helmcharts", "Helm", json.dumps([asked]), "charts"))
    (deployment,) = [one for one in told["objects"] if one["kind"] == "Deployment"]
    (service,) = [one for one in told["objects"] if one["kind"] == "Service"]
    expected = load(ROOT / "examples" / "bookinfo" / "meshplatform.yaml")["gateways"]["bookinfo"]

    assert pod(deployment)["serviceAccountName"] == expected["serviceAccount"]
    assert expected["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert (service["metadata"]["name"], service["spec"]["type"]) == ("istio-ingressgateway", "ClusterIP")
    assert 80 in {port["port"] for port in service["spec"]["ports"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_argo_cd_on_kind_is_the_installation_of_the_docs(version: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "install", tmp_path / "install")
    shutil.copytree(KIND, tmp_path / "tests" / "kind")
    directory = tmp_path / "tests" / "kind" / "argocd"
    shutil.copyfile(source(version) / "manifests" / "install.yaml", directory / "install.yaml")
    made = ask("kustomize", "kustomize", "", str(directory))
    found = repo_server([one for one in yaml.load_all(made, yaml.CSafeLoader) if one["kind"] == "Deployment"])

    assert sidecar(found)["image"] == "meshspec:test"
    mounts = {one["name"]: {mount["name"] for mount in one["volumeMounts"]} for one in pod(found)["containers"]}
    assert "repositories" in mounts["argocd-repo-server"]
    assert "repositories" not in mounts["meshspec"], "it gets what it is sent, and nothing else"


# -- the script, function by function ----------------------------------------------------------------------------------


def ran(text: str, directory: Path, stubs: str = "") -> subprocess.CompletedProcess[str]:
    """Commands after the functions of run.sh were read. ``stubs`` are functions in place of programs."""
    program = f'MESHSPEC_KIND_SOURCED=1 . "{KIND}/run.sh" v3.6.1 1.30.3\n{stubs}\n{text}'
    environment = {"PATH": PROGRAMS, "TMPDIR": str(directory), "HOME": str(directory)}
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, cwd=directory, env=environment)


FINE = '{"id": "0","podname": "reviews-v3-a"} code=200'


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        (FINE, False),
        (FINE.replace("200", "503"), True),
        ("code=none", True),
        ('{"rating": {"error": "Ratings service is currently unavailable"}} code=200', True),
    ],
)
def test_a_failed_request_is_seen(line: str, fails: bool, tmp_path: Path) -> None:
    stub = f"kubectl() {{ printf '%s\\n' 'code=503' '{FINE}' '{line}'; }}"  # the first is from before the beginning
    done = ran("begun=2; none_failed", tmp_path, stub)

    assert (done.returncode != 0) is fails
    assert ("requests failed" in done.stderr) is fails


def test_what_is_waited_for_may_take_its_time_and_not_more(tmp_path: Path) -> None:
    stub = 'sleep() { :; }\nslow() { echo x >>n; if [ "$(wc -l <n)" -gt 3 ]; then echo yes; fi; }'
    assert ran("until_is yes slow", tmp_path, stub).returncode == 0
    late = ran("patience=0; until_is yes echo no", tmp_path)
    assert late.returncode != 0
    assert "still '' and not 'yes'" in late.stderr


def test_each_commit_of_the_canary_is_one_that_the_cluster_takes(tmp_path: Path) -> None:
    """Its commits are written to directories instead, which are rendered here."""
    stub = """
app=checkout/apps/bookinfo
mkdir -p "$app" && cp "$root"/examples/bookinfo/*.yaml "$app/" && mkdir checkout/.git
count=0
commit() { cp -r checkout "$count"; count=$((count + 1)); }
arrived() { :; }
none_failed() { :; }
sleep() { :; }
lines() { :; }
until_is() { :; }
begun=0
"""
    done = ran("commit first; canary", tmp_path, stub)
    assert done.returncode == 0, done.stderr
    shares = []
    for step in range(5):
        path = str(tmp_path / str(step) / "apps" / "bookinfo")
        objects = render(path, Environment("bookinfo"), {}).manifests
        (routes,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == ("VirtualService", "reviews")]
        shares.append(max(route.get("weight") or 100 for route in routes["spec"]["http"][0]["route"]))
        if step:
            assert validate(path, namespace="bookinfo", against=str(tmp_path / str(step - 1))) == 0
    assert shares == [100, 90, 50, 100, 100]
    deployments = {one["metadata"]["name"] for one in objects if one["kind"] == "Deployment"}
    assert "reviews-v1" not in deployments
    assert "reviews-v3" in deployments
