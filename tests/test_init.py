"""``cmp init``: the spec to begin with is one, and so is each line that it has in comments."""

import re
from pathlib import Path

import pytest
import yaml

from cmp.commands.init import starter
from tests.test_command_line import fails, run, spec

GATEWAY = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: main}
gateways: {public: {hosts: "*.example.com", namespace: istio-ingress}}
"""


def init(directory: Path, *flags: str) -> str:
    done = run("init", str(directory), *flags)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(f"{directory}/meshspec.yaml: written.")
    return (directory / "meshspec.yaml").read_text()


def test_what_is_written_renders_and_is_fine(tmp_path: Path) -> None:
    init(tmp_path / "apps" / "My_Shop")
    done = run("validate", str(tmp_path / "apps" / "My_Shop"))

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "1 service, 8 objects: fine\n"


def test_flags_are_values_of_the_spec(tmp_path: Path) -> None:
    text = init(tmp_path / "a", "--name", "web", "--image", "r.example.com/w:2", "--port=9080", "-n", "shop")

    assert yaml.safe_load(text) == {
        "apiVersion": "meshspec.io/v1alpha1",
        "kind": "MeshService",
        "metadata": {"name": "web", "namespace": "shop"},
        "image": "r.example.com/w:2",
        "port": 9080,
    }


@pytest.mark.parametrize(
    ("directory", "name"), [("shop", "shop"), ("My_Shop", "my-shop"), ("2nd", "nd"), ("___", "web"), ("ü" * 9, "web")]
)
def test_the_name_is_the_directory_s(directory: str, name: str, tmp_path: Path) -> None:
    assert yaml.safe_load(init(tmp_path / directory))["metadata"]["name"] == name


def test_the_current_directory_is_usual(tmp_path: Path) -> None:
    done = run("init", cwd=tmp_path, variables={"PYTHONPATH": str(Path(__file__).parents[1])})

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "meshspec.yaml").exists()


def test_what_stands_in_comments_can_be_said(tmp_path: Path) -> None:
    """All of it at once, with the comment signs taken away."""
    text = starter("web", "registry.example.com/web:1.0.0", "8080", "")
    said = re.sub(r"(?m)^( *)# (?=(?:  [A-Z_]+|[a-z]+|namespace): ?(?:[^ ]|$))", r"\1", text)
    keys = yaml.safe_load(said)
    assert {"access", "calls", "expose", "env", "resources", "replicas", "versions", "environments"} <= set(keys)
    assert keys["metadata"]["namespace"] == "shop"
    assert keys["env"]["LOG_LEVEL"] == "info"
    (tmp_path / ".git").mkdir()
    spec(tmp_path, GATEWAY, "meshplatform.yaml")
    done = run("validate", spec(tmp_path / "web", said))

    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.decode().splitlines()] == ["prod", "test"]
    assert "error" not in done.stderr.decode()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "meshspec.yaml").write_text("mine")

    assert "error[MS297]" in fails(1, "init", str(tmp_path))
    assert (tmp_path / "meshspec.yaml").read_text() == "mine"


def test_not_beside_a_platform(tmp_path: Path) -> None:
    spec(tmp_path, GATEWAY, "meshplatform.yaml")

    assert "error[MS297]" in fails(1, "init", str(tmp_path))
    assert not (tmp_path / "meshspec.yaml").exists()


@pytest.mark.parametrize(
    ("flag", "code"),
    [("--port=99999", "MS104"), ("--image=a b", "MS104"), ("--name=A_b", "MS206"), ("--name=a: b", "MS004")],
)
def test_a_wrong_flag_writes_nothing(flag: str, code: str, tmp_path: Path) -> None:
    assert f"error[{code}]" in fails(1, "init", str(tmp_path / "a"), flag)
    assert not (tmp_path / "a").exists()
