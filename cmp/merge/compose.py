"""From documents to finished trees: environments, defaults, services, versions and parameters laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, Pos, SpecError, did_you_mean
from cmp.merge.layers import empty, expand, finish, merge
from cmp.merge.shapes import APP_SHAPE, PLATFORM_SHAPE, SERVICE_SHAPE, Shape
from cmp.source import Node

API_VERSION = "meshspec.io/v1alpha1"
KINDS = ("MeshService", "MeshApp")
PLATFORM_KIND = "MeshPlatform"

#: Fields of a service that each version has too, and may change.
WORKLOAD_KEYS = ("image", "command", "args", "replicas", "resources", "env", "health", "volumes", "shutdown")
#: Fields of a service that are the defaults of each route and each exposed host.
ROUTE_KEYS = ("timeout", "retries")
APP_KEYS = ("apiVersion", "kind", "metadata", "platform", "services", "defaults", "environments", "parameters")
APP_LATER = ("patches", "manifests")
APP_METADATA = ("name", "namespace", "labels", "annotations")


class Tree(NamedTuple):
    """A service or a platform, merged: its name, its values, and the app it is part of, or an empty string."""

    name: str
    node: Node
    app: str = ""


class Composed(NamedTuple):
    """All trees of a render, in the order of their names."""

    services: tuple[Tree, ...]
    platform: Tree | None


class _Draft(NamedTuple):
    """A service before parameters: its layers merged, not finished."""

    name: str
    node: Node
    app: str


def compose(specs: Iterable[Node], platform: Node | None, environment: str, parameters: Mapping[str, str]) -> Composed:
    """Merge documents into one tree per service.

    Args:
        specs: the documents of the spec files.
        platform: the document of the platform file that applies, if any.
        environment: the environment to render for, or an empty string.
        parameters: text by the parameter's name: a path, behind the service's name where there are several services.

    Raises:
        SpecError: with all that is wrong with documents, layers and parameters.
    """
    work = _Composer(environment)
    tree = work.platform(platform) if platform is not None else None
    below = work.body(tree.get("defaults") if tree is not None else None, "defaults")
    drafts = [draft for document in specs for draft in work.document(document, below)]
    work.check_environment([*specs, *([platform] if platform is not None else [])])
    work.unique(drafts)
    drafts = work.parameters(drafts, parameters)
    services = tuple(sorted((work.finish(draft) for draft in drafts), key=lambda tree: tree.name))
    finished = (
        Tree(tree.text("metadata", "name") or "", work.finished(tree, PLATFORM_SHAPE)) if tree is not None else None
    )
    if work.problems:
        raise SpecError(work.problems)
    return Composed(services, finished)


class _Composer:
    def __init__(self, environment: str) -> None:
        self.problems: list[Diagnostic] = []
        self._environment = environment

    def say(self, code: str, message: str, pos: Pos | None, help: str = "") -> None:
        self.problems.append(Diagnostic(code, message, pos, help))

    def finished(self, node: Node, shape: Shape) -> Node:
        return finish(node, shape, self.problems)

    # -- documents ---------------------------------------------------------------------------------------------------

    def platform(self, document: Node) -> Node | None:
        if self._kind(document, (PLATFORM_KIND,), "in a meshplatform.yaml") is None:
            return None
        return self._over_environment(document, PLATFORM_SHAPE, "platform")

    def document(self, document: Node, below: list[Node]) -> list[_Draft]:
        """The services of one document, each with the defaults of platform and app below it."""
        kind = self._kind(document, KINDS, "in a meshspec.yaml")
        if kind == "MeshService":
            body = self._over_environment(document, SERVICE_SHAPE, "service")
            name = body.text("metadata", "name") or ""
            return [_Draft(name, reduce(merge, [*below, body]), "")]
        if kind == "MeshApp":
            return self._app(self._over_environment(document, APP_SHAPE, "app"), below)
        return []

    def _kind(self, document: Node, kinds: Sequence[str], where: str) -> str | None:
        if not isinstance(document.value, dict):
            self.say("MS103", "a document is a map", document.pos, f"begin it with apiVersion: {API_VERSION}")
            return None
        version, kind = document.text("apiVersion"), document.text("kind")
        if version != API_VERSION:
            at = document.get("apiVersion") or document
            what = f'apiVersion "{version}" is not known' if version else "apiVersion is missing"
            self.say("MS107", what, at.pos, f"write apiVersion: {API_VERSION}")
        if kind not in kinds:
            at = document.get("kind") or document
            what = f'kind "{kind}" is not known {where}' if kind else "kind is missing"
            help = "write it in a meshplatform.yaml" if kind == PLATFORM_KIND else did_you_mean(kind or "", kinds)
            self.say("MS108", what, at.pos, help)
            return None
        return kind if version == API_VERSION else None

    def _over_environment(self, document: Node, shape: Shape, layer: str) -> Node:
        """A document's body in long form, its own part for the environment laid over it."""
        outer = ("apiVersion", "kind", "environments")
        body = document.with_value({key: node for key, node in _entries(document).items() if key not in outer})
        body = expand(body, shape, layer, self.problems)
        for block in self.body(document.get("environments"), "environments"):
            for name, node in _entries(block).items():
                for overlay in self.body(node, f"environments.{name}"):
                    if name == self._environment:
                        body = merge(body, expand(overlay, shape, f"environment {name}", self.problems))
        return body

    def body(self, node: Node | None, what: str) -> list[Node]:
        """A partial body as a layer: none where nothing is written, and a finding where it is not a map.

        What it replaced inside its own document (``cut``) says nothing about the layers below that document.
        """
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, dict):
            self.say("MS103", f"{what}: expected a map", node.pos, "write {key: value}")
            return []
        return [Node(node.value, node.pos, node.key, node.layer)]

    def _app(self, app: Node, below: list[Node]) -> list[_Draft]:
        self._app_keys(_entries(app))
        name = app.text("metadata", "name") or ""
        if not name:
            self.say("MS102", '"metadata.name" is missing', app.pos, "name the application")
        services = app.get("services")
        if services is None or not services.value:
            self.say("MS102", '"services" is missing', app.pos, "write services: {name: {image: ...}}")
        layers = [*below, *self.body(app.get("defaults"), "defaults")]
        return [
            self._service(key, body, [*layers, self._common(app, key)], name)
            for block in self.body(services, "services")
            for key, node in _entries(block).items()
            for body in self._service_body(key, node)
        ]

    def _service_body(self, key: str, node: Node) -> list[Node]:
        if node.value is None and not node.cut:
            self.problems.append(empty(key, node))
        return self.body(node, f"services.{key}")

    def _app_keys(self, entries: dict[str, Node]) -> None:
        inner = _entries(entries.get("metadata"))
        for prefix, found, known in (("", entries, APP_KEYS), ("metadata.", inner, APP_METADATA)):
            for key, node in found.items():
                if prefix == "" and key in APP_LATER:
                    self.say("MS106", f'"{key}" is not built yet', node.key or node.pos, "leave it out for now")
                elif key.removesuffix("+") not in known:
                    self.say("MS101", f'unknown key "{prefix}{key}"', node.key or node.pos, did_you_mean(key, known))

    def _common(self, app: Node, service: str) -> Node:
        """What an app's metadata, platform and parameters say for one of its services."""
        shared: dict[str, Node] = {}
        metadata = app.get("metadata")
        if metadata is not None and isinstance(metadata.value, dict):
            inner = {key: node for key, node in metadata.value.items() if key != "name"}
            shared["metadata"] = metadata.with_value(inner)
        if platform := app.get("platform"):
            shared["platform"] = platform
        paths = [
            item.with_value(path.removeprefix(f"{service}."))
            for item, path in self._declared(app)
            if path.startswith(f"{service}.")
        ]
        if paths:
            shared["parameters+"] = Node(paths, app.pos, layer=app.layer)
        return app.with_value(shared)

    def _service(self, key: str, body: Node, layers: list[Node], app: str) -> _Draft:
        given = body.get("metadata", "name")
        if given is not None and given.value != key:
            self.say("MS104", f'the name of this service is its key, "{key}"', given.pos, "remove metadata.name")
        place = body.key or body.pos
        name = Node({"name": Node(key, place, place, body.layer)}, body.pos, layer=body.layer)
        merged = reduce(merge, [*layers, body, Node({"metadata": name}, body.pos, body.key, body.layer)])
        return _Draft(key, merged, app)

    # -- environments and parameters ---------------------------------------------------------------------------------

    def check_environment(self, documents: Sequence[Node]) -> None:
        """A forgotten or unknown environment must not put the base into production."""
        named: dict[str, Node] = {}
        for document in documents:
            named.update(_entries(document.get("environments")))
        if self._environment and self._environment not in named:
            message = f'environment "{self._environment}" is named by no file of this render'
            self.say("MS111", message, None, did_you_mean(self._environment, list(named)) or "leave --env out")
        if not self._environment and named:
            first = min(named.values(), key=lambda node: node.key or node.pos)
            message = "the spec has environments, and none was chosen"
            choice = " or ".join(f"--env {name}" for name in sorted(named)[:5])
            self.say(
                "MS111", message, first.key or first.pos, f"{choice} (in Argo CD: the plugin parameter environment)"
            )

    def unique(self, drafts: Sequence[_Draft]) -> None:
        seen: dict[tuple[str, str], _Draft] = {}
        for draft in drafts:
            key = (draft.name, draft.node.text("metadata", "namespace") or "")
            if draft.name and key in seen:
                place, first = _name_pos(draft.node), _name_pos(seen[key].node)
                message = f'service "{draft.name}" is written twice'
                self.problems.append(
                    Diagnostic(
                        "MS207", message, place, "rename one of the two", "error", ((first, "first written here"),)
                    )
                )
            seen[key] = draft

    def parameters(self, drafts: list[_Draft], parameters: Mapping[str, str]) -> list[_Draft]:
        """Lay the parameters over the services that declare them."""
        declared: dict[str, list[tuple[int, str]]] = {}
        for index, draft in enumerate(drafts):
            for _, path in self._declared(draft.node):
                declared.setdefault(f"{draft.name}.{path}", []).append((index, path))
                if len(drafts) == 1:
                    declared.setdefault(path, []).append((index, path))
        for name in sorted(parameters):
            if name not in declared:
                help = did_you_mean(name, sorted(declared)) or "declare the path in the spec: parameters: [image.tag]"
                self.say(
                    "MS112", f'parameter "{name}" is not declared by the spec', Pos(f"parameter {name}", 0, 0), help
                )
            for index, path in declared.get(name, ()):
                layer = _nested(path, parameters[name], Pos(f"parameter {name}", 0, 0))
                layer = expand(layer, SERVICE_SHAPE, "parameter", self.problems)
                drafts[index] = drafts[index]._replace(node=merge(drafts[index].node, layer))
        return drafts

    def _declared(self, node: Node) -> list[tuple[Node, str]]:
        part = {key: child for key, child in _entries(node).items() if key in ("parameters", "parameters+")}
        listed = finish(node.with_value(part), SERVICE_SHAPE, []).get("parameters")
        items = listed.value if listed is not None and isinstance(listed.value, list) else []
        return [(item, item.value) for item in items if isinstance(item.value, str)]

    # -- finishing ---------------------------------------------------------------------------------------------------

    def finish(self, draft: _Draft) -> Tree:
        """Give each version the service's workload fields, each route its defaults, and drop what was removed."""
        entries = dict(_entries(draft.node))
        entries["versions"] = self._versions(draft.node, entries)
        for key in ("routes", "routes+", "expose", "expose+"):
            block = entries.get(key)
            if block is not None and isinstance(block.value, list):
                entries[key] = block.with_value([_inherit(item, entries) for item in block.value])
        return Tree(draft.name, self.finished(draft.node.with_value(entries), SERVICE_SHAPE), draft.app)

    def _versions(self, service: Node, entries: dict[str, Node]) -> Node:
        shared = service.with_value({key: entries[key] for key in _with_plus(WORKLOAD_KEYS) if key in entries})
        given = entries.get("versions") or Node({}, service.pos, layer="built-in")
        if isinstance(given.value, (str, list)):
            return given
        found = _entries(given)
        if all(node.value is None for node in found.values()):
            removed = {name: node for name, node in found.items() if name != "v1" or not node.cut}
            found = {"v1": Node({}, given.pos, layer="built-in"), **removed}
        merged = {}
        for name, version in found.items():
            own = Node(version.value, version.pos, version.key, version.layer)
            merged[name] = merge(shared, own) if isinstance(own.value, dict) else version
        return given.with_value(merged)


def _entries(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _with_plus(keys: Iterable[str]) -> list[str]:
    return [name for key in keys for name in (key, key + "+")]


def _inherit(item: Node, service: dict[str, Node]) -> Node:
    """Routes take timeout and retries of the service, each whole; null in a route means none."""
    if not isinstance(item.value, dict):
        return item
    entries = dict(item.value)
    for key in ROUTE_KEYS:
        if key in entries:
            if entries[key].value is None:
                del entries[key]
        elif key in service and service[key].value is not None:
            entries[key] = service[key]
    return item.with_value(entries)


def _nested(path: str, text: str, pos: Pos) -> Node:
    node = Node(text, pos, pos)
    for key in reversed(path.split(".")):
        node = Node({key: node}, pos, pos)
    return node


def _name_pos(node: Node) -> Pos:
    return (node.get("metadata", "name") or node).pos
