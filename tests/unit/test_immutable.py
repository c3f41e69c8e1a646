"""Which changes of an object the API server refuses, and which it takes."""

import copy
from typing import Any

import pytest
import yaml

from cmp.compare.immutable import RULES, compared, refused

BASE = """
Deployment: &workload
  spec:
    replicas: 1
    selector: {matchLabels: {app: web, version: v1}}
    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
DaemonSet: *workload
ReplicaSet: *workload
StatefulSet:
  spec:
    replicas: 1
    serviceName: web
    selector: {matchLabels: {app: web}}
    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
    volumeClaimTemplates:
      - metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
Job:
  spec:
    completions: 2
    template: {spec: {restartPolicy: Never, containers: [{name: web, image: "web:1"}]}}
Service: {spec: {selector: {app: web}, ports: [{port: 80}]}}
PersistentVolumeClaim:
  spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 2Gi}}}
ConfigMap: {immutable: true, data: {a: b}}
Secret: {type: Opaque, stringData: {a: b}}
RoleBinding: &binding {roleRef: {kind: Role, name: web}, subjects: [{kind: ServiceAccount, name: web}]}
ClusterRoleBinding: *binding
StorageClass: {provisioner: csi.example.com, parameters: {a: b}}
IngressClass: {spec: {controller: example.com/a}}
RuntimeClass: {handler: a}
PriorityClass: {value: 5}
"""
GROUPS = {kind: group for group, kind in RULES}


def manifest(kind: str, **body: Any) -> Any:
    group = GROUPS[kind]
    metadata = {"name": "web", "namespace": "shop"}
    return {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata, **body}


def base(kind: str) -> Any:
    return manifest(kind, **copy.deepcopy(yaml.safe_load(BASE)[kind]))


def changed(kind: str, text: str) -> tuple[Any, Any]:
    """The object and the object with other values: YAML by dotted path, where null takes the value away."""
    new = base(kind)
    for path, value in yaml.safe_load(text).items():
        *keys, last = path.split(".")
        at = new
        for key in keys:
            at = at.setdefault(key, {})
        at[last] = value
        if value is None:
            del at[last]
    return base(kind), new


def fields(old: Any, new: Any, kubernetes: tuple[int, int] = (1, 32)) -> list[str]:
    return [change.field for change in refused([old], [new], kubernetes)]


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        *((kind, "spec.selector: {matchLabels: {app: b}}", "spec.selector") for kind in ("Deployment", "DaemonSet")),
        ("ReplicaSet", "spec.selector: {}", "spec.selector"),
        ("StatefulSet", "spec.selector: {matchLabels: {app: b}}", "spec.selector"),
        ("StatefulSet", "spec.serviceName: b", "spec.serviceName"),
        ("StatefulSet", "spec.podManagementPolicy: Parallel", "spec.podManagementPolicy"),
        ("StatefulSet", "spec.volumeClaimTemplates: []", "spec.volumeClaimTemplates"),
        ("StatefulSet", "spec.volumeClaimTemplates: null", "spec.volumeClaimTemplates"),
        ("Job", "spec.template: {spec: {containers: [{name: web, image: 'web:2'}]}}", "spec.template"),
        ("Job", "spec.selector: {matchLabels: {a: b}}", "spec.selector"),
        ("Job", "spec.completions: 3", "spec.completions"),
        ("Job", "spec.completionMode: Indexed", "spec.completionMode"),
        ("Job", "spec.podFailurePolicy: {rules: [{action: Ignore}]}", "spec.podFailurePolicy"),
        ("Service", "spec.clusterIP: None", "spec.clusterIP"),
        ("PersistentVolumeClaim", "spec.accessModes: [ReadWriteMany]", "spec.accessModes"),
        ("PersistentVolumeClaim", "spec.storageClassName: slow", "spec.storageClassName"),
        ("PersistentVolumeClaim", "spec.storageClassName: null", "spec.storageClassName"),
        ("PersistentVolumeClaim", "spec.volumeMode: Block", "spec.volumeMode"),
        (
            "PersistentVolumeClaim",
            "spec.resources: {requests: {storage: 1Gi}}",
            "spec.resources.requests.storage",
        ),
        ("ConfigMap", "data: {a: c}", "data"),
        ("ConfigMap", "immutable: null", "immutable"),
        ("ConfigMap", "binaryData: {a: YQ==}", "binaryData"),
        ("Secret", "type: kubernetes.io/tls", "type"),
        ("RoleBinding", "roleRef: {kind: Role, name: b}", "roleRef"),
        ("ClusterRoleBinding", "roleRef: {kind: Role, name: b}", "roleRef"),
        ("StorageClass", "parameters: {a: c}", "parameters"),
        ("StorageClass", "reclaimPolicy: Retain", "reclaimPolicy"),
        ("IngressClass", "spec.controller: example.com/b", "spec.controller"),
        ("RuntimeClass", "handler: b", "handler"),
        ("PriorityClass", "value: 6", "value"),
        ("PriorityClass", "preemptionPolicy: Never", "preemptionPolicy"),
    ],
)
def test_a_change_that_is_refused(kind: str, text: str, field: str) -> None:
    assert fields(*changed(kind, text)) == [field]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Deployment", "spec.replicas: 3"),
        ("Deployment", "spec.template: {spec: {}}"),
        ("StatefulSet", "spec.replicas: 3"),
        ("StatefulSet", "spec.template: {spec: {}}"),
        ("StatefulSet", "spec.updateStrategy: {type: OnDelete}"),
        ("StatefulSet", "spec.minReadySeconds: 5"),
        ("StatefulSet", "spec.ordinals: {start: 1}"),
        ("StatefulSet", "spec.persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}"),
        ("StatefulSet", "spec.podManagementPolicy: OrderedReady"),
        ("Job", "spec.parallelism: 2"),
        ("Job", "spec.backoffLimit: 2"),
        ("Job", "spec.ttlSecondsAfterFinished: 60"),
        ("Job", "spec.completionMode: NonIndexed"),
        ("Service", "spec.type: NodePort"),
        ("Service", "spec.ports: [{port: 81}]"),
        ("Service", "{spec.type: ExternalName, spec.clusterIP: None}"),
        ("Service", "spec.clusterIP: 10.0.0.1"),  # the one that it was given, or the API server says so
        ("PersistentVolumeClaim", "spec.resources: {requests: {storage: 3Gi}}"),
        ("PersistentVolumeClaim", "spec.resources: {requests: {storage: 2048Mi}}"),
        ("PersistentVolumeClaim", "spec.volumeMode: Filesystem"),
        ("PersistentVolumeClaim", "spec.resources: {requests: {storage: much}}"),  # refused for another reason
        ("Secret", "stringData: {a: c}"),
        ("Secret", "type: null"),
        ("RoleBinding", "subjects: []"),
        ("StorageClass", "allowVolumeExpansion: true"),
        ("StorageClass", "volumeBindingMode: Immediate"),
        ("PriorityClass", "preemptionPolicy: PreemptLowerPriority"),
    ],
)
def test_a_change_that_is_taken(kind: str, text: str) -> None:
    assert fields(*changed(kind, text)) == []


@pytest.mark.parametrize("kind", sorted(GROUPS))
def test_every_kind_of_the_table_may_stay_as_it_is(kind: str) -> None:
    assert fields(base(kind), base(kind)) == []


def test_the_history_of_a_stateful_set_may_change_since_a_release() -> None:
    old, new = changed("StatefulSet", "spec.revisionHistoryLimit: 3")
    assert fields(old, new, (1, 32)) == ["spec.revisionHistoryLimit"]
    assert fields(old, new, (1, 33)) == []
    assert fields(*changed("StatefulSet", "spec.revisionHistoryLimit: 10"), (1, 32)) == []


def test_an_indexed_job_may_have_more_completions() -> None:
    old, new = (manifest("Job", spec={"completionMode": "Indexed", "completions": count}) for count in (2, 3))
    assert fields(old, new) == []


def test_contents_that_were_not_declared_immutable_may_change() -> None:
    for kind in ("ConfigMap", "Secret"):
        assert fields(manifest(kind, data={"a": "b"}), manifest(kind, data={"a": "c"}, immutable=True)) == []
        assert fields(manifest(kind, immutable=True, data={"a": "b"}), manifest(kind, data={"a": "b"})) == ["immutable"]


def test_a_balancer_keeps_its_class() -> None:
    old, new = (manifest("Service", spec={"type": "LoadBalancer", "loadBalancerClass": name}) for name in "ab")
    assert fields(old, new) == ["spec.loadBalancerClass"]
    assert fields(manifest("Service", spec={}), new) == []


def test_an_address_that_is_none_stays_none() -> None:
    old, new = manifest("Service", spec={"clusterIP": "None"}), manifest("Service", spec={})
    assert fields(old, new) == ["spec.clusterIP"]


def test_a_claim_without_a_class_may_be_told_the_one_that_it_got() -> None:
    new, old = changed("PersistentVolumeClaim", "spec.storageClassName: null")
    (change,) = refused([old], [new], (1, 32))
    assert (change.field, change.severity) == ("spec.storageClassName", "warning")


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({"argocd.argoproj.io/hook": "Sync"}, []),
        ({"argocd.argoproj.io/sync-options": "Replace=true,Force=true"}, []),
        ({"argocd.argoproj.io/sync-options": "Replace=true, Force=true"}, []),
        ({"argocd.argoproj.io/sync-options": "Replace=true"}, ["spec.completions"]),
        (None, ["spec.completions"]),
    ],
)
def test_what_argo_cd_deletes_first_may_change(annotations: Any, found: list[str]) -> None:
    old, new = changed("Job", "spec.completions: 3")
    new["metadata"]["annotations"] = annotations
    assert fields(old, new) == found


@pytest.mark.parametrize("key", ["name", "namespace"])
def test_another_object_is_not_compared(key: str) -> None:
    old, new = changed("Service", "spec.clusterIP: None")
    new["metadata"][key] = "other"
    assert fields(old, new) == []
    assert compared([old], [new]) == 0
    assert compared([old, new], [new]) == 1


def test_another_version_of_a_group_is_the_same_object() -> None:
    old, new = changed("Deployment", "spec.selector: {}")
    new["apiVersion"] = "apps/v2"
    assert fields(old, new) == ["spec.selector"]


def test_every_recipe_has_two_steps_that_name_the_object() -> None:
    old, new = changed("StatefulSet", "spec.serviceName: b")
    (change,) = refused([old], [new], (1, 32))
    assert change.first.startswith("kubectl delete statefulset web -n shop --cascade=orphan")
    assert change.then.startswith("sync")
    assert all(rule.first and rule.then for rules in RULES.values() for rule in rules)
