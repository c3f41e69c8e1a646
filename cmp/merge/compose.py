"""From documents to finished trees: environments, defaults, services, versions and parameters laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.limits import DEFAULT, Limits
from cmp.merge.bounds import bounded
from cmp.merge.documents import Documents, Draft
from cmp.merge.layers import finish, merge
from cmp.merge.parameters import layers
from cmp.merge.running import JOB_KEYS, MEANINGLESS, POLICY_KEYS, WORKLOAD_KEYS, Runs, effective, what_runs
from cmp.merge.shapes import PLATFORM_SHAPE, SERVICE_SHAPE
from cmp.node import Node, entries_of

#: Fields of a service that are the defaults of each route and each exposed host.
ROUTE_KEYS = ("timeout", "retries", "cors")
#: A rule with one of these is answered by the proxy: it sends nothing on that could time out.
_ANSWERS = ("redirect", "directResponse")


class Included(NamedTuple):
    """An object of a file that ``manifests`` names, and the item of that list."""

    node: Node
    item: Node


class Tree(NamedTuple):
    """A service or a platform, merged: its name, its values, and the app it is part of, or an empty string.

    ``included`` are the objects of the files that it names.
    """

    name: str
    node: Node
    app: str = ""
    app_pos: Pos | None = None
    runs: Runs = "image"
    included: tuple[Included, ...] = ()


class Composed(NamedTuple):
    """All trees of a render, in the order of their names.

    ``own`` is the part of the platform that the repository's file says something of, where a mounted one lies below:
    that part alone is written.
    """

    services: tuple[Tree, ...]
    platform: Tree | None
    own: Tree | None = None


class SharedLayer(NamedTuple):
    """What the platform files of a render come to: the body below all services, the finished tree, and its own part.

    ``found`` is what is wrong with it.
    """

    body: Node | None
    tree: Tree | None
    own: Tree | None
    found: tuple[Diagnostic, ...]


@lru_cache(maxsize=16)
def shared_layer(platform: Node | None, mounted: Node | None, environment: str) -> SharedLayer:
    """The layer of the platform: made once for all renders of a call that have read its file together.

    Nodes are compared as objects, and never changed once they are read.
    """
    found: list[Diagnostic] = []
    documents = Documents(environment, found)
    said = documents.platform(platform) if platform is not None else None
    above, own = said, None
    if mounted is not None:
        from cmp.merge.mounted import laid, part  # only where an operator mounts a file

        above = laid(documents.platform(mounted), said)
    if above is None:
        return SharedLayer(None, None, None, tuple(found))
    tree = Tree(above.text("metadata", "name") or "", finish(above, PLATFORM_SHAPE, found))
    if mounted is not None and said is not None:
        own = tree._replace(node=part(tree.node, said))
    return SharedLayer(above, tree, own, tuple(found))


def compose(
    specs: Sequence[Node],
    platform: Node | None,
    environment: str,
    parameters: Mapping[str, str],
    problems: list[Diagnostic] | None = None,
    mounted: Node | None = None,
    limits: Limits = DEFAULT,
) -> Composed:
    """Merge documents into one tree per service.

    Args:
        specs: the documents of the spec files.
        platform: the document of the repository's platform file that applies, if any.
        environment: the environment to render for, or an empty string.
        parameters: text by the parameter's name: a path, behind the service's name where there are several services.
        problems: takes what is wrong with documents, layers and parameters; without it, that is raised.
        mounted: the document of the operator's platform file, if any: the layer below the repository's.
        limits: how many services there may be, and how large.

    Raises:
        SpecError: with all that is wrong, where no list takes it; or for services that are too many or too large.
    """
    shared = shared_layer(platform, mounted, environment)
    found = list(shared.found)
    documents = Documents(environment, found)
    below = documents.body(shared.body.get("defaults") if shared.body is not None else None, "defaults")
    drafts = list(bounded((draft for document in specs for draft in documents.services(document, below)), limits))
    documents.check_environment(specs, [one for one in (mounted, platform) if one is not None])
    _unique(drafts, found)
    given = layers([(draft.name, draft.node) for draft in drafts], parameters, found)
    merged = [
        draft._replace(node=reduce(merge, own, draft.node), own=draft.own.union(*map(entries_of, own)))
        for draft, own in zip(drafts, given, strict=True)
    ]
    services = sorted((_finish(draft, found) for draft in merged), key=lambda tree: tree.name)
    if problems is None and found:
        raise SpecError(found)
    if problems is not None:
        problems += found
    return Composed(tuple(services), shared.tree, shared.own)


def _unique(drafts: Sequence[Draft], problems: list[Diagnostic]) -> None:
    seen: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        key = (draft.name, draft.node.text("metadata", "namespace") or "")
        if draft.name and key in seen:
            names = [(one.node.get("metadata", "name") or one.node).pos for one in (draft, seen[key])]
            message = f'service "{draft.name}" is written twice'
            related = ((names[1], "first written here"),)
            problems.append(Diagnostic("MS207", message, names[0], "rename one of the two", "error", related))
        seen.setdefault(key, draft)


def _finish(draft: Draft, problems: list[Diagnostic]) -> Tree:
    """Give versions and jobs the service's workload fields, routes its defaults, and drop what was removed."""
    runs = what_runs(entries_of(draft.node), draft.own)
    entries = effective(entries_of(draft.node), draft.own, runs)
    if runs in ("image", "machines") or "versions" in entries:  # else nothing is split that nobody split
        entries["versions"] = _versions(draft.node, entries, runs, problems)
    if "jobs" in entries:
        entries["jobs"] = _jobs(draft.node, entries)
    if "ports" in entries:
        entries["ports"] = _ports(entries["ports"], entries)
    for key in ("routes", "routes+", "expose", "expose+"):
        block = entries.get(key)
        if block is not None and isinstance(block.value, list):
            entries[key] = block.with_value([_inherit(item, entries) for item in block.value])
    node = finish(draft.node.with_value(entries), SERVICE_SHAPE, problems)
    return Tree(draft.name, node, draft.app, draft.app_pos, runs)


def _ports(given: Node, entries: dict[str, Node]) -> Node:
    """Ports whose traffic policy lies over the service's, where it says something of the same field."""
    if not isinstance(given.value, dict):
        return given
    merged = {}
    for name, port in given.value.items():
        own = entries_of(port)
        shared = {key: entries[key] for key in POLICY_KEYS if key in own and key in entries}
        merged[name] = merge(port.with_value(shared), port) if shared else port
    return given.with_value(merged)


def _versions(service: Node, entries: dict[str, Node], runs: Runs, problems: list[Diagnostic]) -> Node:
    keys = [key for key in WORKLOAD_KEYS if key not in MEANINGLESS[runs]]
    shared = service.with_value({key: entries[key] for key in _with_plus(keys) if key in entries})
    given = entries.get("versions") or Node({}, service.pos, layer="built-in")
    if isinstance(given.value, (str, list)):
        return given
    found = entries_of(given)
    if all(node.value is None for node in found.values()):
        removed = {name: node for name, node in found.items() if name != "v1" or not node.cut}
        found = {"v1": Node({}, given.pos, layer="built-in"), **removed}
    merged = {}
    for name, version in found.items():
        own = Node(version.value, version.pos, version.key, version.layer)
        for key in POLICY_KEYS:
            gone = entries_of(own).get(key)
            if gone is not None and gone.value is None and not gone.implied and key in entries:
                message = f'version "{name}" cannot go without the service\'s {key}, which holds for all versions'
                help = "say it in the versions that want it, and not in the service"
                problems.append(Diagnostic("MS104", message, gone.key or gone.pos, help))
        policy = {key: entries[key] for key in POLICY_KEYS if key in entries and key in entries_of(own)}
        below = shared.with_value({**entries_of(shared), **policy})
        merged[name] = merge(below, own) if isinstance(own.value, dict) else version
    return given.with_value(merged)


#: What keeps the pods of a service apart from each other, by the path below ``pod``: the pods of a job are others.
_NOT_FOR_JOBS = (
    ("topologySpreadConstraints",),
    ("topologySpreadConstraints+",),
    ("affinity", "podAffinity"),
    ("affinity", "podAntiAffinity"),
)


def _jobs(service: Node, entries: dict[str, Node]) -> Node:
    """Jobs over what they have from the service: not its claims, which its pods use and a first sync lacks."""
    given = entries["jobs"]
    if not isinstance(given.value, dict):
        return given
    shared = {key: entries[key] for key in _with_plus(JOB_KEYS) if key in entries}
    volumes, pod = shared.get("volumes"), shared.get("pod")
    if volumes is not None and isinstance(volumes.value, dict):
        kept = {path: one for path, one in volumes.value.items() if one.text("size") is None}
        shared["volumes"] = volumes.with_value(kept)
    if pod is not None and isinstance(pod.value, dict):
        shared["pod"] = _pod_of_job(pod, service.text("metadata", "name") or "")
    below, merged = service.with_value(shared), {}
    for name, job in given.value.items():
        own = Node(job.value, job.pos, job.key, job.layer)
        merged[name] = merge(below, own) if isinstance(job.value, dict) else job
    return given.with_value(merged)


def _pod_of_job(pod: Node, own: str) -> Node:
    for path in _NOT_FOR_JOBS:
        pod = _without(pod, path)
    containers = pod.get("containers")
    if containers is None or not isinstance(containers.value, dict):
        return pod
    kept = {name: _without(one, ("lifecycle",)) for name, one in containers.value.items() if name == own}
    return pod.with_value({**entries_of(pod), "containers": containers.with_value(kept)})


def _without(node: Node, path: tuple[str, ...]) -> Node:
    entries = dict(entries_of(node))
    if path[0] in entries:
        below = entries.pop(path[0])
        if path[1:]:
            entries[path[0]] = _without(below, path[1:])
        return node.with_value(entries)
    return node


def _with_plus(keys: Iterable[str]) -> list[str]:
    return [name for key in keys for name in (key, key + "+")]


def _inherit(item: Node, service: dict[str, Node]) -> Node:
    """Routes take timeout, retries and cors of the service, each whole; null in a route means none."""
    if not isinstance(item.value, dict):
        return item
    entries = dict(item.value)
    answered = any(key in entries and entries[key].value is not None for key in _ANSWERS)
    for key in ("cors",) if answered else ROUTE_KEYS:
        if key not in entries and key in service:
            entries[key] = service[key]
    return item.with_value(entries)
