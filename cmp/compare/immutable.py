"""Changes that the API server refuses, found before it is asked.

Which fields they are is code of Kubernetes, not part of its schemas: the functions ``Validate...Update`` in
https://github.com/kubernetes/kubernetes/tree/v1.36.1/pkg/apis (apps, batch, core, networking, node, rbac, scheduling,
storage). What is left out of a manifest is compared as what the API server makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from cmp.diagnostics import Severity
from cmp.spec.validators import amount, memory
from cmp.waves import HOOK, OPTIONS, Manifest

Release: TypeAlias = "tuple[int, int]"


class Change(NamedTuple):
    """A field that may not change and did.

    Attributes:
        manifest: the object as it is to be.
        field: the dotted path of the field.
        before, after: its values in the two revisions; None where it is left out.
        first, then: the two steps that lead there instead.
        severity: a warning where it depends on the cluster whether the change is refused.
    """

    manifest: Manifest
    field: str
    before: Any
    after: Any
    first: str
    then: str
    severity: Severity = "error"


class Rule(NamedTuple):
    """The fields of a kind that may not change, and the two steps instead. ``{}`` stands for the object's name."""

    changed: Callable[[Manifest, Manifest, Release], Iterable[str]]
    first: str
    then: str


def refused(before: Iterable[Manifest], after: Iterable[Manifest], kubernetes: Release) -> Iterator[Change]:
    """The changes of objects that both revisions have and that the API server of a release refuses.

    Objects that Argo CD deletes and creates anew (hooks, and what is synced with ``Force=true``) may change.
    """
    old = {_key(one): one for one in before}
    for new in after:
        known, kind = old.get(_key(new)), (_group(new), new["kind"])
        if known is None or kind not in RULES or _is_replaced(new):
            continue
        for rule in RULES[kind]:
            for field in rule.changed(known, new, kubernetes):
                first, then = _told(rule.first, new), _told(rule.then, new)
                severity = _severity(known, field)
                yield Change(new, field, value(known, field), value(new, field), first, then, severity)


def compared(before: Iterable[Manifest], after: Iterable[Manifest]) -> int:
    """The number of objects that both revisions have."""
    return len({*map(_key, before)} & {*map(_key, after)})


def _key(manifest: Manifest) -> tuple[str, str, str, str]:
    metadata = manifest["metadata"]
    return _group(manifest), manifest["kind"], metadata.get("namespace") or "", metadata["name"]


def _group(manifest: Manifest) -> str:
    group, slash, _ = str(manifest["apiVersion"]).partition("/")
    return group if slash else ""


def _is_replaced(manifest: Manifest) -> bool:
    """https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#force-sync ."""
    notes = manifest["metadata"].get("annotations") or {}
    return HOOK in notes or "Force=true" in notes.get(OPTIONS, "").replace(" ", "").split(",")


def _told(text: str, manifest: Manifest) -> str:
    namespace = manifest["metadata"].get("namespace")
    return text.replace("{}", manifest["metadata"]["name"] + (f" -n {namespace}" if namespace else ""))


# -- what differs ------------------------------------------------------------------------------------------------------


def value(manifest: Manifest, path: str) -> Any:
    """The value at a dotted path, or None."""
    found: Any = manifest
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _same(one: Any, other: Any) -> bool:
    """Whether two values are stored alike: a key with nothing in it is as good as none."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(_same(one.get(key), other.get(key)) for key in {*one, *other})
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) or (one in _NOTHING and other in _NOTHING)


_NOTHING: tuple[Any, ...] = (None, {}, [], ())


def _fixed(*paths: str, **defaults: Any) -> Callable[[Manifest, Manifest, Release], Iterator[str]]:
    """These paths; what stands for one that is left out may follow by its last key."""

    def changed(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
        for path in paths:
            default = defaults.get(path.rpartition(".")[2])
            one, other = value(old, path), value(new, path)
            if not _same(default if one is None else one, default if other is None else other):
                yield path

    return changed


_OF_SETS = ("replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy")
#: Fields of a StatefulSet that may change; of the others none may.
_MUTABLE = frozenset((*_OF_SETS, "minReadySeconds"))
#: The release from which on that is so for one more of them.
_HISTORY_SINCE = (1, 33)


def _of_stateful_set(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    mutable = {*_MUTABLE, *(("revisionHistoryLimit",) if kubernetes >= _HISTORY_SINCE else ())}
    keys = sorted({*old["spec"], *new["spec"]} - mutable - {"volumeClaimTemplates"})
    fixed = _fixed(*(f"spec.{key}" for key in keys), podManagementPolicy="OrderedReady", revisionHistoryLimit=10)
    yield from fixed(old, new, kubernetes)


def _claim_templates(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    return _fixed("spec.volumeClaimTemplates")(old, new, kubernetes)


def _of_service(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    """An address once given stays, and so does that there is none; a change from or to ExternalName is free."""
    types = {value(one, "spec.type") for one in (old, new)}
    if "ExternalName" in types:
        return
    before, after = (value(one, "spec.clusterIP") for one in (old, new))
    if before != after and ("None" in (before, after) or None not in (before, after)):
        yield "spec.clusterIP"
    if types == {"LoadBalancer"}:
        yield from _fixed("spec.loadBalancerClass")(old, new, kubernetes)


def _of_claim(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    """A claim may only grow, where its class lets it."""
    keys = ("accessModes", "storageClassName", "volumeMode", "volumeName", "selector", "dataSource", "dataSourceRef")
    yield from _fixed(*(f"spec.{key}" for key in keys), volumeMode="Filesystem")(old, new, kubernetes)
    before, after = _bytes(old), _bytes(new)
    if before is not None and after is not None and after < before:
        yield STORAGE


def _bytes(claim: Manifest) -> int | None:
    """The size of a claim, or None where it says none that Kubernetes would take."""
    try:
        return amount(memory(value(claim, STORAGE)))
    except ValueError:
        return None


STORAGE = "spec.resources.requests.storage"


def _severity(old: Manifest, field: str) -> Severity:
    """A claim without a class got the cluster's own, and saying that afterwards is no change."""
    unnamed = field == "spec.storageClassName" and value(old, field) is None
    return "warning" if unnamed else "error"


def _of_job(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    keys = ("selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy")
    fixed = [f"spec.{key}" for key in (*keys, "successPolicy")]
    if value(new, "spec.completionMode") != "Indexed":
        fixed.append("spec.completions")
    yield from _fixed(*fixed, completionMode="NonIndexed", completions=1)(old, new, kubernetes)


def _of_immutable(old: Manifest, new: Manifest, kubernetes: Release) -> Iterator[str]:
    """Contents that were declared immutable."""
    if old.get("immutable") is True:
        yield from _fixed("immutable", "data", "binaryData", "stringData")(old, new, kubernetes)


# -- the table ---------------------------------------------------------------------------------------------------------

_OTHER_NAME = "put the new contents under another name, and let pods use that"
_OTHER_CLASS = "add one under another name, and let everything use that"
_REMOVE = "remove this one"

RULES: Mapping[tuple[str, str], tuple[Rule, ...]] = {
    ("apps", "Deployment"): (
        Rule(_fixed("spec.selector"), "add a version beside it and let that take the traffic", "remove this version"),
    ),
    ("apps", "DaemonSet"): (Rule(_fixed("spec.selector"), "kubectl delete daemonset {}, which ends its pods", "sync"),),
    ("apps", "ReplicaSet"): (Rule(_fixed("spec.selector"), "add one under another name", _REMOVE),),
    ("apps", "StatefulSet"): (
        Rule(
            _claim_templates,
            "kubectl delete statefulset {} --cascade=orphan, which leaves its pods and their claims",
            "sync: the new one takes the pods over. Claims that are there stay as they are, and are changed one by one",
        ),
        Rule(
            _of_stateful_set,
            "kubectl delete statefulset {} --cascade=orphan, which leaves its pods and their claims",
            "sync: the new one takes over the pods that its selector finds",
        ),
    ),
    ("batch", "Job"): (
        Rule(_of_job, "kubectl delete job {}, or give the job another name", "sync, which runs the new one"),
    ),
    ("", "Service"): (
        Rule(
            _of_service,
            "add a service under another name and move its callers there",
            "remove this one (or, with a gap: kubectl delete service {}, and sync)",
        ),
    ),
    ("", "PersistentVolumeClaim"): (
        Rule(_of_claim, "add a second volume at another path and copy the data there", "remove this one"),
    ),
    ("", "ConfigMap"): (Rule(_of_immutable, _OTHER_NAME, _REMOVE),),
    ("", "Secret"): (
        Rule(_of_immutable, _OTHER_NAME, _REMOVE),
        Rule(_fixed("type", type="Opaque"), _OTHER_NAME, _REMOVE),
    ),
    ("rbac.authorization.k8s.io", "RoleBinding"): (
        Rule(_fixed("roleRef"), "kubectl delete rolebinding {}", "sync, which writes it anew"),
    ),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (
        Rule(_fixed("roleRef"), "kubectl delete clusterrolebinding {}", "sync, which writes it anew"),
    ),
    ("storage.k8s.io", "StorageClass"): (
        Rule(
            _fixed(
                "provisioner",
                "parameters",
                "reclaimPolicy",
                "volumeBindingMode",
                reclaimPolicy="Delete",
                volumeBindingMode="Immediate",
            ),
            _OTHER_CLASS,
            _REMOVE,
        ),
    ),
    ("networking.k8s.io", "IngressClass"): (Rule(_fixed("spec.controller"), _OTHER_CLASS, _REMOVE),),
    ("node.k8s.io", "RuntimeClass"): (Rule(_fixed("handler"), _OTHER_CLASS, _REMOVE),),
    ("scheduling.k8s.io", "PriorityClass"): (
        Rule(
            _fixed("value", "preemptionPolicy", preemptionPolicy="PreemptLowerPriority", value=0),
            _OTHER_CLASS,
            _REMOVE,
        ),
    ),
}
