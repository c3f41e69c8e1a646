"""``cmp app``: the Application of a path, and that it is the one that the platform writes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.commands.app import HEALTH, app
from cmp.environment import Environment
from cmp.manifests.argocd import CASCADE, PATHS
from cmp.pipeline import render

HEAD = "apiVersion: meshspec.io/v1alpha1\n"
PLATFORM = f"""{HEAD}kind: MeshPlatform
metadata: {{name: production}}
argocd:
  repoURL: https://git.example.com/mesh.git
  targetRevision: main
  project: mesh
  applications:
    shop: services/shop
    ops: {{path: services/ops, each: false, namespace: operations, environment: prod, parameters: {{image.tag: "2"}}}}
gateways: {{public: {{hosts: "*.example.com", namespace: istio-ingress}}}}
"""
SERVICE = f"{HEAD}kind: MeshService\nmetadata: {{name: web}}\nimage: example.com/web:1\nport: 8080\n"
STAGED = f"{SERVICE}parameters: [image.tag]\nenvironments: {{prod: {{}}}}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    files = {
        "meshplatform.yaml": PLATFORM,
        "services/shop/Web_1/meshspec.yaml": SERVICE,
        "services/ops/meshspec.yaml": STAGED,
        "other/meshspec.yaml": SERVICE,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], path: Path, **flags: Any) -> Any:
    assert app(str(path), **flags) == 0, capsys.readouterr().err
    return yaml.safe_load(capsys.readouterr().out)


def written(repository: Path, kind: str, name: str) -> Any:
    found = render(str(repository), Environment(), {}).manifests
    return next(one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if child is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_an_entry_is_printed_as_the_platform_writes_it(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = printed(capsys, repository / "services/ops")

    assert one["spec"] == plain(written(repository, "Application", "ops")["spec"])
    assert one["metadata"]["annotations"][PATHS] == ".;/meshplatform.yaml"


def test_the_directory_of_a_set_is_the_set(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = printed(capsys, repository / "services/shop")

    assert one["kind"] == "ApplicationSet"
    assert one["spec"] == plain(written(repository, "ApplicationSet", "shop")["spec"])


def test_a_path_in_a_set_is_what_the_set_makes_of_it(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = printed(capsys, repository / "services/shop/Web_1")
    template = plain(written(repository, "ApplicationSet", "shop")["spec"]["template"])

    assert one["metadata"]["name"] == "shop-web-1"
    assert one["spec"]["source"].pop("path") == "services/shop/Web_1"
    assert template["spec"]["source"].pop("path") == "{{ .path.path }}"
    assert one["spec"] == template["spec"]


def test_the_platform_may_do_what_projects_of_services_may_not(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = printed(capsys, repository)

    assert (one["metadata"]["name"], one["spec"]["project"]) == ("production", "default")
    assert one["spec"]["source"]["path"] == "."
    assert "finalizers" not in one["metadata"], "removing the root must not remove the mesh"


def test_any_other_path_is_in_no_project_of_the_platform(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = printed(capsys, repository / "other", namespace="elsewhere", revision="v1", name="mine")

    assert one["metadata"]["name"] == "mine"
    assert one["metadata"]["finalizers"] == [CASCADE]
    assert one["spec"]["project"] == "default"
    assert one["spec"]["destination"]["namespace"] == "elsewhere"
    assert one["spec"]["source"]["targetRevision"] == "v1"


def test_without_a_platform_the_repository_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "meshspec.yaml").write_text(STAGED, encoding="utf-8")

    assert app(str(tmp_path), env="prod") == 1
    assert "--repo-url" in capsys.readouterr().err
    flags = {"repo_url": "https://git.example.com/a.git", "env": "prod", "settings": ["image.tag=3"]}
    one = printed(capsys, tmp_path, **flags)
    assert one["spec"]["source"]["plugin"] == {
        "name": "meshspec",
        "parameters": [{"name": "environment", "string": "prod"}, {"name": "set", "map": {"image.tag": "3"}}],
    }


def test_what_cannot_be_rendered_is_not_printed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "other/meshspec.yaml").write_text(SERVICE + "imge: x\n", encoding="utf-8")

    assert app(str(repository / "other")) == 1
    said = capsys.readouterr()
    assert "MS101" in said.err
    assert not said.out


def test_the_health_of_applications_is_an_entry_of_argo_cds_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert app(".", health=True) == 0
    data = yaml.safe_load(capsys.readouterr().out)["data"]

    assert list(data) == ["resource.customizations.health.argoproj.io_Application"]
    assert data == yaml.safe_load(HEALTH)["data"]


def test_what_the_platform_leaves_out_is_checked_by_itself(repository: Path) -> None:
    """A mistake of one team does not stop the platform."""
    (repository / "services/ops/meshspec.yaml").write_text("no: spec\n", encoding="utf-8")

    assert written(repository, "Application", "ops")
