"""install/: three ways to one sidecar. They say the same, and what the image and plugin.yaml need."""

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.commands import probe
from tests.contract.places import PLUGIN, ROOT
from tests.support.schemas import kubernetes_errors

INSTALL = ROOT / "install"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not there")

#: What matters here of manifests/base/repo-server/argocd-repo-server-deployment.yaml of Argo CD.
REPO_SERVER: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "argocd-repo-server"},
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "argocd-repo-server"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "argocd-repo-server"}},
            "spec": {
                "containers": [
                    {
                        "name": "argocd-repo-server",
                        "image": "quay.io/argoproj/argocd:v3.5.1",
                        "volumeMounts": [
                            {"name": "tmp", "mountPath": "/tmp"},
                            {"name": "plugins", "mountPath": "/home/argocd/cmp-server/plugins"},
                        ],
                    }
                ],
                "initContainers": [
                    {
                        "name": "copyutil",
                        "image": "quay.io/argoproj/argocd:v3.5.1",
                        "volumeMounts": [{"name": "var-files", "mountPath": "/var/run/argocd"}],
                    }
                ],
                "volumes": [{"name": name, "emptyDir": {}} for name in ("tmp", "var-files", "plugins")],
            },
        },
    },
}


def load(name: str) -> Any:
    return yaml.safe_load((INSTALL / name).read_text(encoding="utf-8"))


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A strategic merge as far as these patches need it: lists of named objects are merged by name, or by path."""
    result = dict(base)
    for key, value in patch.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        elif isinstance(value, list) and isinstance(old, list) and isinstance(value[0], dict):
            by = "mountPath" if key == "volumeMounts" else "name"
            items = {item[by]: item for item in old}
            for item in value:
                items[item[by]] = merged(items.get(item[by], {}), item)
            result[key] = list(items.values())
        else:
            result[key] = value
    return result


def by_patch(mounted: bool) -> dict[str, Any]:
    patched = merged(REPO_SERVER, load("repo-server.yaml"))
    return merged(patched, load("mounted-platform/repo-server.yaml")) if mounted else patched


def by_helm(mounted: bool) -> dict[str, Any]:
    """What the chart makes of its values: containers and volumes are added, the token is a field of the pod."""
    values = load("values-mounted-platform.yaml" if mounted else "values.yaml")
    assert values.keys() == {"repoServer"}
    own = values["repoServer"]
    assert own.keys() == {"automountServiceAccountToken", "extraContainers", "volumes"}
    result = copy.deepcopy(REPO_SERVER)
    pod = result["spec"]["template"]["spec"]
    pod["automountServiceAccountToken"] = own["automountServiceAccountToken"]
    pod["containers"] += own["extraContainers"]
    pod["volumes"] += own["volumes"]
    return result


def by_kustomize(mounted: bool, directory: Path, **more: Any) -> dict[str, Any]:
    shutil.copytree(INSTALL, directory / "install")
    (directory / "argocd").mkdir()
    (directory / "argocd" / "base.yaml").write_text(json.dumps(REPO_SERVER))
    components = ["../install", *(["../install/mounted-platform"] if mounted else [])]
    (directory / "argocd" / "kustomization.yaml").write_text(
        json.dumps({"resources": ["base.yaml"], "components": components, **more})
    )
    assert KUBECTL
    done = subprocess.run([KUBECTL, "kustomize", str(directory / "argocd")], capture_output=True, text=True, check=True)
    found = yaml.safe_load(done.stdout)
    assert isinstance(found, dict)
    return found


def normal(value: Any) -> Any:
    """Without the order of lists whose items have names, which patches and charts do not keep."""
    if isinstance(value, dict):
        return {key: normal(child) for key, child in value.items()}
    if isinstance(value, list):
        items = [normal(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def pod(deployment: dict[str, Any]) -> Any:
    return deployment["spec"]["template"]["spec"]


def sidecar(deployment: dict[str, Any]) -> Any:
    (found,) = [one for one in pod(deployment)["containers"] if one["name"] == "meshspec"]
    return found


MOUNTED = pytest.mark.parametrize("mounted", [False, True], ids=["plain", "mounted"])


@MOUNTED
def test_the_values_of_helm_say_what_the_patch_says(mounted: bool) -> None:
    assert normal(by_helm(mounted)) == normal(by_patch(mounted))


@needs_kubectl
@MOUNTED
def test_kustomize_makes_what_the_patch_says(mounted: bool, tmp_path: Path) -> None:
    assert normal(by_kustomize(mounted, tmp_path)) == normal(by_patch(mounted))


@needs_kubectl
def test_the_image_is_replaced_by_its_name(tmp_path: Path) -> None:
    """As docs/install.md does it: kustomize names images after its components have added theirs."""
    images = [{"name": sidecar(by_patch(False))["image"].partition(":")[0], "newName": "r.example/m", "newTag": "2"}]
    assert sidecar(by_kustomize(False, tmp_path, images=images))["image"] == "r.example/m:2"


@needs_kubectl
@MOUNTED
def test_kubectl_patch_makes_what_the_patch_says(mounted: bool, tmp_path: Path) -> None:
    assert KUBECTL
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(REPO_SERVER))
    for name in ("repo-server.yaml", *(["mounted-platform/repo-server.yaml"] if mounted else [])):
        patch = ["--patch-file", str(INSTALL / name), "--local", "-o", "json"]
        done = subprocess.run([KUBECTL, "patch", "-f", str(file), *patch], capture_output=True, text=True, check=True)
        file.write_text(done.stdout)
    assert normal(pod(json.loads(file.read_text()))) == normal(pod(by_patch(mounted)))


@MOUNTED
@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_kubernetes_takes_it(version: str, mounted: bool) -> None:
    assert not kubernetes_errors(by_patch(mounted), version)


def test_the_engine_changes_the_command_and_the_memory() -> None:
    """It stands above argocd-cmp-server, and reaps as tini does; all the rest of the container stays."""
    plain, engaged = sidecar(by_patch(False)), sidecar(merged(by_patch(False), load("engine/repo-server.yaml")))

    assert engaged["command"] == ["/opt/meshspec/bin/cmp", "serve", "--", "/var/run/argocd/argocd-cmp-server"]
    assert engaged["resources"]["requests"] == {**plain["resources"]["requests"], "memory": "256Mi"}
    assert engaged["resources"]["limits"] == plain["resources"]["limits"]
    rest = {"command", "resources"}
    assert {key: one for key, one in engaged.items() if key not in rest} == {
        key: one for key, one in plain.items() if key not in rest
    }


@MOUNTED
def test_the_sidecar_may_do_no_more_than_it_must(mounted: bool) -> None:
    one = sidecar(by_patch(mounted))
    assert one["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 999,
        "runAsGroup": 999,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod(by_patch(mounted))["automountServiceAccountToken"] is False
    assert one["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in one["resources"]["limits"]
    assert "ports" not in one


@MOUNTED
def test_every_mount_has_its_volume_and_tmp_is_not_shared(mounted: bool) -> None:
    deployment = by_patch(mounted)
    names = {volume["name"] for volume in pod(deployment)["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in sidecar(deployment)["volumeMounts"]}
    assert {mount["name"] for mount in mounts.values()} <= names
    own = mounts["/tmp"]["name"]
    others = [one for one in pod(deployment)["containers"] if one["name"] != "meshspec"]
    assert own not in {mount["name"] for one in others for mount in one["volumeMounts"]}
    writable = {path for path, mount in mounts.items() if not mount.get("readOnly")}
    assert writable == {"/tmp", "/home/argocd/cmp-server/plugins"}


def test_paths_are_those_of_the_image() -> None:
    one = sidecar(by_patch(True))
    (started,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)
    assert one["command"] == json.loads(started)
    assert f"USER {one['securityContext']['runAsUser']}:{one['securityContext']['runAsGroup']}" in DOCKERFILE
    program = PLUGIN.command[0]
    assert f"{program} --version" in DOCKERFILE
    for name in ("startupProbe", "livenessProbe"):
        assert one[name]["exec"]["command"] == [program, "probe"]
    assert probe.SOCKETS in {mount["mountPath"] for mount in one["volumeMounts"]}
    assert "COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml" in DOCKERFILE
    assert not [mount for mount in one["volumeMounts"] if mount["mountPath"].endswith("/config")], "it is in the image"
    (variable,) = one["env"]
    assert variable["name"] == "MESHSPEC_PLATFORM"
    assert str(Path(variable["value"]).parent) in {mount["mountPath"] for mount in one["volumeMounts"]}


def test_the_chart_finds_no_template_in_the_values() -> None:
    """It sends them through Go's templates."""
    assert not [file for file in INSTALL.rglob("*.yaml") if "{{" in file.read_text(encoding="utf-8")]


def test_the_image_is_that_of_this_release() -> None:
    from cmp import __version__

    images = {sidecar(make(mounted))["image"] for make in (by_patch, by_helm) for mounted in (False, True)}
    assert images == {f"registry.example.com/platform/meshspec:{__version__}"}
