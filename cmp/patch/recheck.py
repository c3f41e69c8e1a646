"""What the API server would refuse of an object that was not built by us, or not as it is: the rules of its structure.

https://kubernetes.io/docs/reference/using-api/api-concepts/ and pkg/apis/*/validation of Kubernetes
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmp.patch import kinds
from cmp.patch.kinds import Type
from cmp.waves import WAVE

Path = tuple[str | int, ...]
Fault = tuple[Path, str, str]

#: Kinds with a selector that cannot be changed once the object is there.
_SELECTING = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")


def faults(found: Any, type_: Type) -> Iterator[Fault]:
    """What is wrong with an object: its path, a message and what to write instead."""
    yield from _metadata(found)
    yield from _structure(found, type_, ())
    yield from _strategy(found)
    yield from _selected(found)


def _metadata(found: Any) -> Iterator[Fault]:
    """What all objects have, also those of kinds that the table does not have."""
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if not isinstance(_at(found, *path), str | None):
            yield path, f"{'.'.join(path)} is no text", "write it in quotes"
    for key in ("labels", "annotations"):
        there = _at(found, "metadata", key)
        if there is None:
            continue
        if not isinstance(there, dict) or not all(isinstance(value, str) for value in there.values()):
            yield ("metadata", key), f"metadata.{key} is no map of text", "write a map, and its values in quotes"
        elif not re.fullmatch("[+-]?[0-9]{1,9}", there.get(WAVE, "0")):
            yield ("metadata", key), f"{WAVE} is no whole number", "write one in quotes, or leave it out"


def _structure(value: Any, type_: Type, path: Path) -> Iterator[Fault]:
    if isinstance(value, list):
        _, inner = kinds.item(type_)
        for index, item in enumerate(value):
            yield from _structure(item, inner, (*path, index))
    elif isinstance(value, dict):
        known = kinds.fields(type_)
        if known is not None:
            where = f"{_dotted(path)}." if path else ""
            for key in kinds.required(type_):
                if key not in value:
                    yield path, f"{where}{key} is missing", f"add {key}"
            given = [key for key in kinds.exclusive(type_) if key in value]
            if len(given) > 1:
                message = f"{_dotted(path)} has {' and '.join(given)}, which exclude each other"
                yield path, message, f"keep one; a patch removes the other with {given[0]}: null"
        for key, child in value.items():
            yield from _structure(child, kinds.below(type_, key) or kinds.ANYTHING, (*path, key))


def _strategy(found: Any) -> Iterator[Fault]:
    """``Recreate`` and ``OnDelete`` roll nothing (ValidateDeploymentStrategy, ValidateDaemonSetUpdateStrategy)."""
    for key in ("strategy", "updateStrategy"):
        type_ = _at(found, "spec", key, "type")
        if type_ in ("Recreate", "OnDelete") and _at(found, "spec", key, "rollingUpdate") is not None:
            message = f"spec.{key} {type_} has a rollingUpdate"
            yield ("spec", key), message, "a patch removes it with rollingUpdate: null"


def _selected(found: Any) -> Iterator[Fault]:
    """A workload selects its own pods (ValidateDeploymentSpec)."""
    if found.get("kind") not in _SELECTING:
        return
    wanted = _at(found, "spec", "selector", "matchLabels")
    labels = _at(found, "spec", "template", "metadata", "labels") or {}
    for key, value in wanted.items() if isinstance(wanted, dict) else ():
        if labels.get(key) != value:
            message = f'its pods lack the label "{key}: {value}" of its selector'
            yield ("spec", "template", "metadata", "labels"), message, "write it in spec.template.metadata.labels"


def changed(before: Any, after: Any) -> Iterator[Fault]:
    """What a patch may not change: what the object is, and what cannot be changed while it lives."""
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if _at(before, *path) != _at(after, *path):
            help = "say it in the spec, or write another object with `manifests`"
            yield path, f"{'.'.join(path)} cannot be patched: it says which object this is", help
    if before.get("kind") in _SELECTING and _at(before, "spec", "selector") != _at(after, "spec", "selector"):
        help = "labels of the pods are written in spec.template.metadata.labels, or with `pod.labels`"
        yield ("spec", "selector"), "spec.selector cannot be changed once the object is there", help


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _dotted(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
