"""Documents to drafts: which kind each is, its environment laid over it, and the services it holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, Pos, did_you_mean
from cmp.merge.layers import empty, expand, merge
from cmp.merge.parameters import declared
from cmp.merge.running import SOURCES
from cmp.merge.shapes import APP_SHAPE, PLATFORM_SHAPE, SERVICE_SHAPE, Shape
from cmp.node import Node, entries_of

API_VERSION = "meshspec.io/v1alpha1"
KINDS = ("MeshService", "MeshApp")
PLATFORM_KIND = "MeshPlatform"

#: Keys of an app that hold for each of its services, before what these say themselves.
APP_LISTS = ("patches", "manifests")
APP_KEYS = (
    *("apiVersion", "kind", "metadata", "platform", "services", "defaults", "environments", "parameters"),
    *APP_LISTS,
)
APP_METADATA = ("name", "namespace", "labels", "annotations")


class Draft(NamedTuple):
    """A service before parameters: its layers merged, not finished. ``app`` is the app it is part of, or empty.

    ``own`` are the keys that the service writes itself: what is not among them comes from defaults.
    """

    name: str
    node: Node
    app: str = ""
    app_pos: Pos | None = None
    own: frozenset[str] = frozenset()


class Documents:
    """Reads documents for one environment and adds what is wrong with them to ``problems``."""

    def __init__(self, environment: str, problems: list[Diagnostic]) -> None:
        self._environment = environment
        self._problems = problems

    def _say(self, code: str, message: str, pos: Pos | None, help: str = "") -> None:
        self._problems.append(Diagnostic(code, message, pos, help))

    def platform(self, document: Node) -> Node | None:
        """The body of a platform, or None where the document is none."""
        if self._kind(document, (PLATFORM_KIND,), "in a meshplatform.yaml") is None:
            return None
        return self._over_environment(document, PLATFORM_SHAPE, "platform")

    def services(self, document: Node, below: list[Node]) -> list[Draft]:
        """The services of one document, each with the defaults of platform (``below``) and app below it."""
        kind = self._kind(document, KINDS, "in a meshspec.yaml")
        if kind == "MeshService":
            body = self._over_environment(document, SERVICE_SHAPE, "service")
            name = body.text("metadata", "name") or ""
            return [Draft(name, reduce(merge, [*below, body]), own=_written(body))]
        if kind == "MeshApp":
            return self._app(self._over_environment(document, APP_SHAPE, "app"), below)
        return []

    def body(self, node: Node | None, what: str) -> list[Node]:
        """A partial body as a layer: none where nothing is written, and a finding where it is not a map.

        What it replaced inside its own document (``cut``) says nothing about the layers below that document.
        """
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, dict):
            self._say("MS103", f"{what}: expected a map", node.pos, "write {key: value}")
            return []
        return [Node(node.value, node.pos, node.key, node.layer)]

    def check_environment(self, documents: Sequence[Node], platforms: Sequence[Node]) -> None:
        """A forgotten or unknown environment must not put the base into production."""
        shared = {name for platform in platforms for name in entries_of(platform.get("environments"))}
        named = shared.union(*(entries_of(document.get("environments")) for document in documents))
        if self._environment and self._environment not in named:
            message = f'environment "{self._environment}" is named by no file of this render'
            self._say("MS111", message, None, did_you_mean(self._environment, sorted(named)) or "leave --env out")
            return
        for document in (*documents, *platforms):
            own = document.get("environments")
            names = entries_of(own)
            if own is None or not names or self._environment in {*names, *shared}:
                continue
            message = f'no environment "{self._environment}" here' if self._environment else "no environment was chosen"
            choice = " or ".join(f"--env {name}" for name in sorted(names)[:5])
            help = f"add it (an empty one is {{}}), or use {choice}" if self._environment else choice
            self._say("MS111", message, own.key or own.pos, f"{help} (in Argo CD: the plugin parameter environment)")

    # -- kinds and environments ----------------------------------------------------------------------------------------

    def _kind(self, document: Node, kinds: Sequence[str], where: str) -> str | None:
        if not isinstance(document.value, dict):
            self._say("MS103", "a document is a map", document.pos, f"begin it with apiVersion: {API_VERSION}")
            return None
        version, kind = document.text("apiVersion"), document.text("kind")
        if version != API_VERSION and (kind in kinds or kind is None or version is None):
            at = document.get("apiVersion") or document
            what = f'apiVersion "{version}" is not known' if version else "apiVersion is missing"
            self._say("MS107", what, at.pos, f"write apiVersion: {API_VERSION}")
        if kind not in kinds:
            at = document.get("kind") or document
            what = f'kind "{kind}" is not known {where}' if kind else "kind is missing"
            help = did_you_mean(kind or "", kinds)
            if kind == PLATFORM_KIND:
                help = "write it in a meshplatform.yaml"
            elif version != API_VERSION:
                help = "raw Kubernetes objects belong into other files"
            self._say("MS108", what, at.pos, help)
            return None
        return kind if version == API_VERSION else None

    def _over_environment(self, document: Node, shape: Shape, layer: str) -> Node:
        """A document's body in long form, its own part for the environment laid over it."""
        outer = ("apiVersion", "kind", "environments")
        body = document.with_value({key: node for key, node in entries_of(document).items() if key not in outer})
        body = expand(body, shape, layer, self._problems)
        for block in self.body(document.get("environments"), "environments"):
            for name, node in entries_of(block).items():
                for overlay in self.body(node, f"environments.{name}"):
                    if shape is APP_SHAPE:
                        self._known_services(body, overlay, name)
                    if name == self._environment:
                        body = merge(body, expand(overlay, shape, f"environment {name}", self._problems))
        return body

    def _known_services(self, app: Node, overlay: Node, environment: str) -> None:
        """An environment changes services; what is new there and says nothing that runs is a misspelt name."""
        known = list(entries_of(app.get("services")))
        for name, node in entries_of(overlay.get("services")).items():
            if name not in known and not any(node.get(key) for key in ("image", *SOURCES)):
                message = f'environment "{environment}" changes a service "{name}" that the app does not have'
                self._say("MS101", message, node.key or node.pos, did_you_mean(name, known))

    # -- apps ----------------------------------------------------------------------------------------------------------

    def _app(self, app: Node, below: list[Node]) -> list[Draft]:
        self._app_keys(entries_of(app))
        named = app.get("metadata", "name")
        name, pos = app.text("metadata", "name") or "", named.pos if named is not None else None
        if not name:
            self._say("MS102", '"metadata.name" is missing', app.pos, "name the application")
        services = app.get("services")
        if services is None or not services.value:
            self._say("MS102", '"services" is missing', app.pos, "write services: {name: {image: ...}}")
        layers = [*below, *self.body(app.get("defaults"), "defaults")]
        for item, path in declared(app):
            if path.partition(".")[0] not in entries_of(services):
                help = did_you_mean(path.partition(".")[0], list(entries_of(services)))
                self._say("MS112", f'parameter "{path}" does not begin with a service of this app', item.pos, help)
        return [
            self._service(key, body, [*layers, _common(app, key)])._replace(app=name, app_pos=pos)
            for block in self.body(services, "services")
            for key, node in entries_of(block).items()
            for body in self._service_body(key, node)
        ]

    def _app_keys(self, entries: dict[str, Node]) -> None:
        inner = entries_of(entries.get("metadata"))
        for prefix, found, known in (("", entries, APP_KEYS), ("metadata.", inner, APP_METADATA)):
            for key, node in found.items():
                if key.removesuffix("+") not in known:
                    self._say("MS101", f'unknown key "{prefix}{key}"', node.key or node.pos, did_you_mean(key, known))

    def _service_body(self, key: str, node: Node) -> list[Node]:
        if node.value is None and not node.cut:
            self._problems.append(empty(key, node))
        return self.body(node, f"services.{key}")

    def _service(self, key: str, body: Node, layers: list[Node]) -> Draft:
        given = body.get("metadata", "name")
        if given is not None and given.value != key:
            self._say("MS104", f'the name of this service is its key, "{key}"', given.pos, "remove metadata.name")
        place = body.key or body.pos
        name = Node({"name": Node(key, place, place, body.layer)}, body.pos, layer=body.layer)
        merged = reduce(merge, [*layers, body, Node({"metadata": name}, body.pos, body.key, body.layer)])
        return Draft(key, merged, own=_written(body))


def kept_apart(platform: Node, environment: str) -> tuple[str, ...]:
    """The directories whose specs are applications of their own, as ``argocd.applications`` of the platform says."""
    body = Documents(environment, []).platform(platform)
    entries = entries_of(body.get("argocd", "applications")) if body is not None else {}
    return tuple(path for one in entries.values() if (path := one.text("path")))


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _written(body: Node) -> frozenset[str]:
    return frozenset(key.removesuffix("+") for key, node in entries_of(body).items() if not node.implied)


def _common(app: Node, service: str) -> Node:
    """What an app's metadata, platform and parameters say for one of its services."""
    shared: dict[str, Node] = {}
    metadata = app.get("metadata")
    if metadata is not None and isinstance(metadata.value, dict):
        shared["metadata"] = metadata.with_value({key: node for key, node in metadata.value.items() if key != "name"})
    if platform := app.get("platform"):
        shared["platform"] = platform
    for key in APP_LISTS:
        listed = [*_items(app.get(key)), *_items(app.get(f"{key}+"))]
        if listed:
            shared[f"{key}+"] = Node(listed, app.pos, layer=app.layer)
    prefix = f"{service}."
    paths = [item.with_value(path.removeprefix(prefix)) for item, path in declared(app) if path.startswith(prefix)]
    if paths:
        shared["parameters+"] = Node(paths, app.pos, layer=app.layer)
    return app.with_value(shared)
