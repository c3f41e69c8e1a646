"""Where in a spec a change between two revisions was made, and what its author is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from cmp.compare.gap import Gap
from cmp.compare.gaps import gaps
from cmp.compare.immutable import STORAGE, Change, refused
from cmp.context.model import Context, Platform, Service, Target
from cmp.context.names import claim_name
from cmp.diagnostics import Diagnostic, Pos
from cmp.emit import emit
from cmp.manifests.step import Built
from cmp.node import Node, entries_of
from cmp.waves import Manifest

#: The keys of a spec that steer a field, the nearest first. Of fields that are not listed, the service's name is shown.
STEERING = {
    "spec.volumeClaimTemplates": ("volumes",),
    "spec.serviceName": ("workload", "service"),
    "spec.clusterIP": ("service", "workload"),
    "spec.loadBalancerClass": ("service",),
    "spec.template": ("jobs",),
    "spec.completions": ("jobs",),
    "data": ("config",),
    "roleRef": ("rbac",),
}
#: The keys of a volume that steer a field of its claim.
OF_CLAIM = {"spec.accessModes": "accessModes", "spec.storageClassName": "storageClass", STORAGE: "size"}


def changes(before: Sequence[Manifest], after: Sequence[Built], context: Context) -> list[Diagnostic]:
    """What the API server would refuse of the step from one revision to the next, and what no order makes safe.

    Each is at its place in the new specs.

    Args:
        before: the objects of the revision that the cluster has.
        after: those of the revision that is to come.
        context: what the latter were made from.
    """
    kubernetes = (context.platform.target if context.platform is not None else Target()).kubernetes
    origins = {id(one.manifest): one for one in after}
    now = [one.manifest for one in after]
    found = [_diagnostic(change, origins[id(change.manifest)]) for change in refused(before, now, kubernetes)]
    plain = written(now)
    origins = {id(there): one for there, one in zip(plain, after, strict=True)}
    for gap in gaps(written(before), plain):
        pos = _place_of(gap, origins[id(gap.manifest)]) if gap.manifest is not None else None
        help = f"first {gap.first}; then {gap.then}"
        found.append(Diagnostic(gap.code, gap.message, pos, help, "warning"))
    return found


def written(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Objects as the cluster has them: without what is left out when they are written."""
    return [json.loads(line) for line in emit(manifests, "ndjson").splitlines()]


def _place_of(gap: Gap, origin: Built) -> Pos:
    found = (origin.owner.tree.node.get(name) for name in gap.keys)
    return next((_key(node) for node in found if node is not None), place_of_owner(origin))


def _diagnostic(change: Change, origin: Built) -> Diagnostic:
    manifest = change.manifest
    what = f'{manifest["kind"]} "{manifest["metadata"]["name"]}"'
    message = f"{change.field} of {what} cannot be changed{_values(change)}"
    if change.severity == "warning":
        message += ", unless this is what the cluster chose by itself"
    help = f"first {change.first}; then {change.then}"
    return Diagnostic("MS240", message, place(change, origin), help, change.severity)


def _values(change: Change) -> str:
    """The two values, where they are short. Those of a Secret are not shown."""
    before, after = (
        "unset" if one is None else str(one) if isinstance(one, (str, int)) else ""
        for one in (change.before, change.after)
    )
    short = 0 < len(before) <= 40 and 0 < len(after) <= 40 and change.manifest["kind"] != "Secret"
    return f" from {before} to {after}" if short else ""


def place(change: Change, origin: Built) -> Pos:
    """Where the spec says what was changed: the nearest that can be told."""
    name, owner = change.manifest["metadata"]["name"], origin.owner
    if origin.pos is not None:
        return origin.pos
    for body in _bodies(owner, name):
        if change.manifest["kind"] == "PersistentVolumeClaim":
            for path, volume in entries_of(body.get("volumes")).items():
                if claim_name(owner.name, path) == name:
                    return _key(volume.get(OF_CLAIM.get(change.field, "")) or volume)
        for key in STEERING.get(change.field, ()):
            if (found := body.get(key)) is not None:
                return _key(found)
    return place_of_owner(origin)


def place_of_owner(origin: Built) -> Pos:
    """The name of whose an object is, or where its file says it."""
    node = origin.owner.tree.node
    return origin.pos or (node.get("metadata", "name") or node).pos


def _bodies(owner: Service | Platform, name: str) -> Iterator[Node]:
    """The version that an object is named after, then the other versions, which hold the service's values, then it."""
    versions = entries_of(owner.tree.node.get("versions"))
    yield from (body for _, body in sorted(versions.items(), key=lambda item: name != f"{owner.name}-{item[0]}"))
    yield owner.tree.node


def _key(node: Node) -> Pos:
    return node.key or node.pos
