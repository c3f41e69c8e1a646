"""install/ over the manifests of Argo CD itself: kustomize, kubectl and Helm make one and the same sidecar of them.

The chart argo-cd is no Go module. MESHSPEC_ARGOCD_CHART names its directory or archive; without it a chart of ours
stands in, which puts the same values to the same places by the same functions.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.places import PLUGIN, write
from tests.contract.test_install import INSTALL, load, normal, pod, sidecar
from tests.support.argocd_source import VERSIONS, source
from tests.support.go_program import ask
from tests.support.schemas import kubernetes_errors

#: As templates/argocd-repo-server/deployment.yaml of the chart puts them.
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: argo-cd\nversion: 1.0.0\n",
    "values.yaml": "repoServer: {automountServiceAccountToken: true, extraContainers: [], volumes: []}\n",
    "templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      automountServiceAccountToken: {{ .Values.repoServer.automountServiceAccountToken }}
      containers:
      - {name: repo-server, image: argocd, volumeMounts: [{name: tmp, mountPath: /tmp}]}
      {{- with .Values.repoServer.extraContainers }}
        {{- tpl (toYaml .) $ | nindent 6 }}
      {{- end }}
      volumes:
      {{- with .Values.repoServer.volumes }}
        {{- toYaml . | nindent 6 }}
      {{- end }}
      - {name: plugins, emptyDir: {}}
      - {name: var-files, emptyDir: {}}
      - {name: tmp, emptyDir: {}}
""",
}
Objects = list[dict[str, Any]]
Make = Callable[[str, bool, Path], Objects]


def manifests(version: str) -> Path:
    return source(version) / "manifests" / "namespace-install.yaml"


def by_kustomize(version: str, mounted: bool, directory: Path) -> Objects:
    """As docs/install.md does it; the library of kustomize reads the files."""
    shutil.copytree(INSTALL, directory / "install")
    (directory / "argocd").mkdir()
    (directory / "argocd" / "install.yaml").write_bytes(manifests(version).read_bytes())
    components = ["../install", *(["../install/mounted-platform"] if mounted else [])]
    kustomization = {"namespace": "argocd", "resources": ["install.yaml"], "components": components}
    write(directory / "argocd", {"kustomization.yaml": json.dumps(kustomization)})
    return list(yaml.safe_load_all(ask("kustomize", "kustomize", "", str(directory / "argocd"))))


def by_kubectl(version: str, mounted: bool, directory: Path) -> Objects:
    """The strategic merge of kubectl patch, by the types of client-go."""
    objects = [one for one in yaml.safe_load_all(manifests(version).read_text(encoding="utf-8")) if one]
    for name in ("repo-server.yaml", *(["mounted-platform/repo-server.yaml"] if mounted else [])):
        index = objects.index(repo_server(objects))
        asked = {"object": objects[index], "patch": load(name), "type": "strategic"}
        told = json.loads(ask("kubepatch", "kubectl's patching", json.dumps(asked)))
        assert "error" not in told
        objects[index] = told["object"]
    return objects


def by_helm(version: str, mounted: bool, directory: Path) -> Objects:
    chart = os.environ.get("MESHSPEC_ARGOCD_CHART")
    if not chart:
        write(directory / "chart", CHART)
        chart = str(directory / "chart")
    values = load("values-mounted-platform.yaml" if mounted else "values.yaml")
    asked = {"release": "argocd", "namespace": "argocd", "chart": chart, "values": values}
    (told,) = json.loads(ask("helmcharts", "Helm", json.dumps([asked]), "charts"))
    assert "error" not in told, told
    found: Objects = told["objects"]
    return found


def repo_server(objects: Objects) -> dict[str, Any]:
    (found,) = [
        one for one in objects if one["kind"] == "Deployment" and one["metadata"]["name"].endswith("repo-server")
    ]
    return found


WAYS: dict[str, Make] = {"kustomize": by_kustomize, "kubectl": by_kubectl, "helm": by_helm}
EVERY = [(way, version) for way in WAYS for version in (VERSIONS if way != "helm" else [""])]


@pytest.fixture(params=EVERY, ids=lambda one: "-".join(filter(None, one)))
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture(params=[False, True], ids=["plain", "mounted"])
def rendered(way: tuple[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    name, version = way
    return repo_server(WAYS[name](version, request.param, tmp_path))


def test_the_sidecar_is_the_one_that_is_written(rendered: dict[str, Any]) -> None:
    """Whatever the tool and the release: no tool loses a field, or puts two containers into one."""
    written = pod(load("repo-server.yaml"))["containers"][0]
    more = pod(load("mounted-platform/repo-server.yaml"))["containers"][0]
    found = sidecar(rendered)
    if "env" in found:
        written = {**written, "env": more["env"], "volumeMounts": written["volumeMounts"] + more["volumeMounts"]}

    assert normal(found) == normal(written)


def test_user_root_file_system_and_rights(rendered: dict[str, Any]) -> None:
    context = sidecar(rendered)["securityContext"]

    assert (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]) == (999, 999, True)
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    user = pod(rendered).get("securityContext", {}).get("runAsUser", 999)
    assert user == 999, "sockets are shared with repo-server"


def test_no_token_and_no_namespaces_of_others(rendered: dict[str, Any]) -> None:
    assert pod(rendered)["automountServiceAccountToken"] is False
    for name in ("shareProcessNamespace", "hostPID", "hostNetwork", "hostIPC"):
        assert not pod(rendered).get(name)
    for volume in pod(rendered)["volumes"]:
        assert not {"hostPath", "projected"} & volume.keys(), "which would bring a token back"


def test_mounts_have_volumes_and_none_of_repo_server_s_files(rendered: dict[str, Any]) -> None:
    volumes = {volume["name"]: volume for volume in pod(rendered)["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in sidecar(rendered)["volumeMounts"]}

    assert {mount["name"] for mount in mounts.values()} <= volumes.keys()
    shared = {"/var/run/argocd", "/home/argocd/cmp-server/plugins"}
    assert mounts["/var/run/argocd"]["readOnly"]
    for other in (one for one in pod(rendered)["containers"] if one["name"] != "meshspec"):
        theirs = {mount["name"] for mount in other["volumeMounts"]}
        assert not theirs & {mount["name"] for path, mount in mounts.items() if path not in shared}
    assert len(volumes) == len(pod(rendered)["volumes"]), "a name is there twice"


def test_the_first_process_waits_for_orphans_and_probes_ask_the_socket(rendered: dict[str, Any]) -> None:
    one = sidecar(rendered)

    assert one["command"][:2] == ["/usr/bin/tini", "--"]
    for name in ("startupProbe", "livenessProbe"):
        assert one[name]["exec"]["command"] == [PLUGIN.command[0], "probe"]
    assert "readinessProbe" not in one
    assert one["resources"]["limits"].keys() == {"memory"}
    assert one["resources"]["requests"].keys() == {"cpu", "memory"}


def test_kubernetes_takes_it(rendered: dict[str, Any]) -> None:
    assert not kubernetes_errors(rendered, "1.34")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["kustomize", "kubectl"])
def test_only_the_repo_server_changes(name: str, version: str, tmp_path: Path) -> None:
    def others(objects: Objects) -> Objects:
        return [one for one in objects if one is not repo_server(objects)]

    before = [one for one in yaml.safe_load_all(manifests(version).read_text(encoding="utf-8")) if one]
    after = WAYS[name](version, False, tmp_path)

    assert len(others(after)) == len(others(before))
    assert {one["kind"] for one in after} == {one["kind"] for one in before}
    theirs = {one["name"] for one in pod(repo_server(before))["containers"]}
    assert {one["name"] for one in pod(repo_server(after))["containers"]} == {*theirs, "meshspec"}


@pytest.mark.parametrize("version", VERSIONS)
def test_argo_cd_s_network_policy_holds_for_the_sidecar_s_pod(version: str, tmp_path: Path) -> None:
    """And opens no port but repo-server's own two, of which the sidecar has none."""
    objects = by_kustomize(version, False, tmp_path)
    labels = repo_server(objects)["spec"]["template"]["metadata"]["labels"]
    policies = [one for one in objects if one["kind"] == "NetworkPolicy"]
    chosen = [one["spec"] for one in policies if one["spec"]["podSelector"]["matchLabels"].items() <= labels.items()]
    (policy,) = chosen
    opened = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}

    assert policy["policyTypes"] == ["Ingress"]
    assert opened == {
        port["containerPort"] for one in pod(repo_server(objects))["containers"] for port in one.get("ports", ())
    }
