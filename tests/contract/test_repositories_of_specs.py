"""action.yml and .pre-commit-hooks.yaml, for repositories of specs: their scripts are run, without GitHub."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.contract.places import ROOT, STAGED, WEB, write

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PROGRAMS = Path(sys.executable).parent
SCRIPT = ROOT / "install" / "pull-request.sh"
pytestmark = pytest.mark.skipif(not (shutil.which("git") and shutil.which("bash")), reason="git or bash is not there")


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with the service web on main, and an origin to fetch that from."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    write(origin, {"apps/web/meshspec.yaml": WEB, "apps/staged/meshspec.yaml": STAGED})
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", str(origin), "checkout")
    return tmp_path / "checkout"


def pull_request(checkout: Path, path: str = "apps/web", **variables: str) -> tuple[int, str, str]:
    summary = checkout.parent / "summary.md"
    summary.touch()
    runner = {"RUNNER_TEMP": str(checkout.parent), "GITHUB_STEP_SUMMARY": str(summary)}
    usual = {"SPECS": path, "NAMESPACE": "shop", "ENVIRONMENTS": "", "BASE": "main", **variables}
    program = {"PATH": os.environ["PATH"], "MESHSPEC": str(PROGRAMS / "meshspec")}
    done = subprocess.run(
        ["bash", str(SCRIPT)], cwd=checkout, env={**program, **runner, **usual}, capture_output=True, text=True
    )
    assert not (checkout.parent / "meshspec-base").exists()
    return done.returncode, done.stdout + done.stderr, summary.read_text()


def test_a_change_is_shown_as_a_difference_of_objects(checkout: Path) -> None:
    write(checkout, {"apps/web/meshspec.yaml": WEB.replace("web:1", "web:2")})
    code, said, summary = pull_request(checkout)
    assert code == 0, said
    assert re.search(r"(?m)^- .*image: example.com/web:1$", summary)
    assert re.search(r"(?m)^\+ .*image: example.com/web:2$", summary)
    assert summary.startswith(
        "### meshspec: apps/web\n1 changed, of 8 objects; pods are replaced of Deployment shop/web-v1.\n"
    )
    assert (
        "<details><summary>Deployment shop/web-v1</summary>\n\n```diff\n--- before/Deployment/shop/web-v1\n" in summary
    )


def test_no_change_is_said(checkout: Path) -> None:
    assert pull_request(checkout)[2] == "### meshspec: apps/web\nnone of 8 objects differs.\n\n"


def test_a_new_application_is_all_new(checkout: Path) -> None:
    write(checkout, {"apps/new/meshspec.yaml": WEB})
    code, said, summary = pull_request(checkout, "apps/new")
    assert code == 0, said
    assert "8 added, of 8 objects" in summary
    assert "+kind: Deployment" in summary


@pytest.mark.parametrize("environments", ["prod test", ""])
def test_each_environment_is_compared(environments: str, checkout: Path) -> None:
    write(checkout, {"apps/staged/meshspec.yaml": STAGED.replace("replicas: 3", "replicas: 4")})
    code, said, summary = pull_request(checkout, "apps/staged", ENVIRONMENTS=environments)
    assert code == 0, said
    assert "#### prod\n\n1 changed, of 9 objects." in summary
    assert "#### test\n\nnone of 9 objects differs." in summary


def test_a_mistake_is_an_annotation_and_fails(checkout: Path) -> None:
    write(checkout, {"apps/web/meshspec.yaml": WEB + "replica: 2\n"})
    code, said, summary = pull_request(checkout)
    assert (code, summary) == (1, "")
    assert "::error file=apps/web/meshspec.yaml,line=6" in said


def test_what_the_api_server_would_refuse_fails(checkout: Path) -> None:
    """The step from main is checked, not only the new spec."""
    write(checkout, {"apps/web/meshspec.yaml": WEB + "service: {headless: true}\n"})
    code, said, _ = pull_request(checkout)
    assert code == 1
    assert "::error file=apps/web/meshspec.yaml" in said


def test_without_a_base_there_are_checks_alone(checkout: Path) -> None:
    code, _, summary = pull_request(checkout, BASE="")
    assert (code, summary) == (0, "")


def test_names_are_no_commands(checkout: Path) -> None:
    code, _, _ = pull_request(
        checkout, "$(touch pwned)", ENVIRONMENTS="$(touch pwned)", BASE="--upload-pack=touch pwned"
    )
    assert code != 0
    assert not list(checkout.rglob("pwned"))


def test_the_action_gives_the_script_what_it_reads() -> None:
    assert ACTION["runs"]["using"] == "composite"
    steps = ACTION["runs"]["steps"]
    given = set(steps[-1]["env"])
    read = {"MESHSPEC", "SPECS", "NAMESPACE", "ENVIRONMENTS", "BASE"}
    assert given == read
    assert all(re.search(rf"\${{?{name}\b", SCRIPT.read_text()) for name in read)
    assert set(re.findall(r"inputs\.(\w+)", str(steps))) == set(ACTION["inputs"])
    for step in steps:
        assert "uses" in step or step["shell"] == "bash"
        assert "${{" not in step.get("run", ""), "what is put into a script is run"
    for path in re.findall(r"\$GITHUB_ACTION_PATH/([\w./-]+)", str(steps)):
        assert (ROOT / path).is_file()


def hook(directory: Path, *files: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    command = [*shlex.split(HOOK["entry"]), *files]
    return subprocess.run(command, cwd=directory, env=variables, capture_output=True, text=True)


def test_the_hook_checks_every_file_that_it_is_given(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "a b/meshspec.yaml": WEB + "replica: 2\n", "c/meshspec.yaml": WEB})
    assert HOOK["language"] == "python"
    assert re.search(HOOK["files"], "c/meshspec.yaml")
    assert re.search(HOOK["files"], "meshspec.yaml")
    assert not re.search(HOOK["files"], "c/notmeshspec.yaml")
    assert hook(tmp_path, "c/meshspec.yaml").returncode == 0
    both = hook(tmp_path, "a b/meshspec.yaml", "c/meshspec.yaml")
    assert both.returncode == 1
    assert "a b/meshspec.yaml:6:1" in both.stderr
    assert "fine" in both.stdout
