"""Objects from files of the repository: typed, checked, and given what all objects of a render have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmp.context.model import Context, Platform, Service
from cmp.diagnostics import Diagnostic
from cmp.manifests.step import Built
from cmp.merge.compose import Included
from cmp.node import Node
from cmp.patch import kinds
from cmp.patch.recheck import faults
from cmp.patch.secrets import plain_secrets
from cmp.patch.typed import Rules, typed
from cmp.spec.validators import shown
from cmp.waves import OPTIONS, WAVE, Manifest, sync_annotations, wave_of_object

#: What is written like an object, and is read by another program.
_FOREIGN = {
    "meshspec.io": "a spec stands in a file meshspec.yaml or *.meshspec.yaml, beside this one",
    "kustomize.config.k8s.io": "name the files that it lists; `patches` changes what is written",
}

#: Fields that the API server sets; an object with one of them could not be applied, or would never be in sync.
_OF_THE_CLUSTER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")


def included(context: Context, problems: list[Diagnostic]) -> Iterator[Built]:
    """The objects that the files of ``manifests`` hold. What is wrong is added to ``problems``."""
    for owner in context.owners:
        for one in owner.tree.included:
            for node in _listed(one.node):
                found = _object(node, one, problems)
                if found is not None:
                    yield Built(_stamped(found, owner), owner, node.pos, node)


def _listed(node: Node) -> list[Node]:
    """The objects of a List of Kubernetes, and of Lists in it, or the object itself."""
    items = node.get("items")
    if (node.text("kind") or "").endswith("List") and items is not None and isinstance(items.value, list):
        return [one for item in items.value for one in _listed(item)]
    return [node]


def _object(node: Node, included: Included, problems: list[Diagnostic]) -> Manifest | None:
    before = len(problems)
    problems += _unfit(node)
    if len(problems) > before:
        return None
    api, kind = node.text("apiVersion") or "", node.text("kind") or ""
    type_ = kinds.type_of(api, kind) or kinds.ANYTHING
    lenient = included.item.text("validate") == "false"
    problems += plain_secrets(node, kind)
    found = typed(node, type_, problems, Rules(unknown=lenient))
    if len(problems) == before:
        for path, message, help in faults(found, type_):
            at = node.get(*path) or node
            problems.append(Diagnostic("MS233", f"{kind}: {message}", at.pos, help))
    return found if len(problems) == before else None


def _unfit(node: Node) -> Iterator[Diagnostic]:
    """What is no object of Kubernetes, or none that Argo CD can keep."""
    api, kind = node.text("apiVersion"), node.text("kind")
    if not api or not kind:
        missing = "apiVersion" if not api else "kind"
        help = "an object has apiVersion, kind and metadata.name; other files are not named by `manifests`"
        yield Diagnostic("MS233", f"this is no object of Kubernetes: {missing} is missing", node.pos, help)
        return
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,62}", kind) or not re.fullmatch(r"([a-z0-9.-]+/)?[a-z0-9]+", api):
        message = f"{shown(f'{api} {kind}')} is no version and kind of objects"
        yield Diagnostic("MS233", message, (node.get("apiVersion") or node).pos, "write for example v1 and ConfigMap")
        return
    if help := _FOREIGN.get(api.partition("/")[0], ""):
        yield Diagnostic("MS233", f"{kind} is no object of Kubernetes", (node.get("kind") or node).pos, help)
        return
    known = kinds.apis(kind)
    built_in = "." not in api.partition("/")[0] or api.partition("/")[0].endswith(".k8s.io")
    if kinds.type_of(api, kind) is None and known and built_in:
        at = node.get("apiVersion") or node
        yield Diagnostic("MS233", f'Kubernetes has no {kind} in "{api}"', at.pos, f"write {' or '.join(known)}")
    name = node.get("metadata", "name")
    if name is None or not isinstance(name.value, str) or not _is_name(name.value):
        at = name or node.get("metadata") or node
        generated = node.get("metadata", "generateName")
        help = "generateName gives another object at every sync" if generated is not None else "name it"
        message = "metadata.name is missing" if name is None else f'"{name.value}" is no name of an object'
        yield Diagnostic("MS233", f"{kind}: {message}", at.pos, help)

    for key in _OF_THE_CLUSTER:
        found = node.get("metadata", key)
        if found is not None and found.value is not None:
            message = f"{kind}: metadata.{key} is what a cluster wrote"
            yield Diagnostic("MS233", message, found.key or found.pos, "leave it out: this object was read from one")


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 253 and text.isprintable() and text not in (".", "..") and not {*text} & {*"/% "}


def _stamped(found: Manifest, owner: Service | Platform) -> Manifest:
    """What every object of a render has; what the object says itself wins. Cluster-wide kinds have no namespace."""
    metadata = found["metadata"]
    namespaced = kinds.is_namespaced(found["apiVersion"], found["kind"])
    if namespaced:
        metadata.setdefault("namespace", owner.namespace)
    elif namespaced is False:
        metadata.pop("namespace", None)
    part_of = (owner.app if isinstance(owner, Service) else "") or owner.name
    labels, notes = (
        (owner.spec.metadata.labels, owner.spec.metadata.annotations)
        if isinstance(owner, Service)
        else (owner.labels, owner.annotations)
    )
    common = {"app.kubernetes.io/part-of": part_of, "app.kubernetes.io/managed-by": "meshspec"}
    metadata["labels"] = {**common, **labels, **metadata.get("labels", {})}
    own = metadata.get("annotations", {})
    computed = sync_annotations(found, wave_of_object(found))
    if "argocd.argoproj.io/hook" in own:  # a hook is created and deleted by rules of its own
        computed.pop(OPTIONS, None)
        if "argocd.argoproj.io/sync-wave" not in own:
            computed.pop(WAVE, None)
    metadata["annotations"] = {**notes, **computed, **own} or None
    return found
