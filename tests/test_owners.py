"""Several Applications over one path, and which of them would write the same object: ``cmp validate`` on a platform."""

from pathlib import Path

import pytest
import yaml

from tests.test_command_line import SERVICE, fails, run, spec

PLATFORM = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: main}
gateways: {public: {hosts: "*.example.com", namespace: istio-ingress}}
argocd:
  repoURL: https://git.example.com/mesh.git
  applications:
    shop: {path: services, environment: prod}
    test: {path: services, environment: test}
"""
STAGED = SERVICE + "environments: {prod: {replicas: 3}, test: {}}\n"
FIXED = STAGED.replace("{name: web}", "{name: web, namespace: fixed}")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "services").mkdir()
    spec(tmp_path, PLATFORM, "meshplatform.yaml")
    spec(tmp_path / "services" / "web", STAGED)
    return tmp_path


def test_two_environments_of_one_path_are_fine_in_their_namespaces(repository: Path) -> None:
    for path in (repository, repository / "services" / "web"):
        done = run("validate", str(path))
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("path", [".", "services/web", "services"])
def test_a_namespace_that_the_spec_names_is_that_of_both(path: str, repository: Path) -> None:
    spec(repository / "services" / "web", FIXED)
    said = fails(1, "validate", *(["--env", "prod"] if path != "." else []), str(repository / path))

    assert said.startswith("meshplatform.yaml:9:5: error[MS298]: ")
    assert 'in namespace "fixed" and 7 more objects of "services/web" would be written by two Applications' in said
    assert 'of "shop" and "test"' in said
    assert "the other one: meshplatform.yaml:8:5" in said
    assert said.count("MS298") == 1


def test_one_of_the_two_alone_is_rendered_as_ever(repository: Path) -> None:
    """A render sees one Application, and is no place to refuse what another one does."""
    spec(repository / "services" / "web", FIXED)

    assert run("generate", str(repository / "services" / "web"), "--env", "prod").returncode == 0


def test_the_same_namespace_needs_no_render_to_be_refused(repository: Path) -> None:
    spec(repository, PLATFORM.replace("environment: test}", "environment: test, namespace: shop}"), "meshplatform.yaml")

    assert "error[MS263]" in fails(1, "generate", str(repository))


NAMES = [
    ({"services/web_1": "web", "services/web-1": "api"}, 'of "services/web_1" and of "services/web-1"', "shop-web-1"),
    ({"services/test/web": "web", "more/web": "api"}, 'of "more/web" and of "services/test/web"', "shop-test-web"),
    ({"istio/base": "web"}, 'of "istio/base" and of the platform itself', "istio-base"),
]


@pytest.mark.parametrize(("directories", "said", "name"), NAMES)
def test_two_applications_of_one_name(directories: dict[str, str], said: str, name: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    entries = "    shop: services\n    shop-test: more\n    istio: istio\n"
    text = PLATFORM.partition("    shop: {")[0] + entries + "istio: {version: 1.30.3, install: true}\n"
    spec(tmp_path, text.replace("    namespace", "namespace"), "meshplatform.yaml")
    for directory, service in directories.items():
        (tmp_path / directory).mkdir(parents=True)
        spec(tmp_path / directory, SERVICE.replace("name: web", f"name: {service}"))

    found = fails(1, "validate", str(tmp_path))
    assert f'error[MS298]: the Applications {said} would both be called "{name}"' in found
    assert found.count("MS298") == 1


@pytest.mark.parametrize(
    ("flags", "name"), [(["--env", "test"], "test"), (["--env", "prod"], "shop"), (["-n", "test"], "test")]
)
def test_the_application_of_an_environment(flags: list[str], name: str, repository: Path) -> None:
    done = run("app", *flags, str(repository / "services" / "web"))
    found = yaml.safe_load(done.stdout)

    assert (found["metadata"]["name"], found["spec"]["destination"]["namespace"]) == (f"{name}-web", name)
