"""What the comments ``#:`` beside fields and types say of them. The program never reads them: a render pays nothing."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

from cmp.spec import types
from cmp.spec.types import Model

#: Keys that no model has, because the merge takes them: of each kind, what may be written and what it means.
DOCUMENT_KEYS: dict[str, dict[str, tuple[str, str]]] = {
    "MeshService": {
        "environments": (
            "map: name → parts of a [MeshService](#meshservice)",
            "What differs by environment, laid over the rest. A spec that has some needs one: `--env prod`.",
        ),
    },
    "MeshApp": {
        "metadata": (
            "map",
            "`name` is that of the application and required; `namespace`, `labels` and `annotations` hold for all "
            "its services.",
        ),
        "platform": ("name", "The name of the MeshPlatform without which nothing is rendered."),
        "defaults": ("parts of a [MeshService](#meshservice)", "What the services have in common, below each."),
        "services": ("map: name → [MeshService](#meshservice) without head", "The services by name; required."),
        "parameters": (
            "list of text",
            "The paths that `--set`, and Argo CD's parameter `set`, may change; they begin with the service's name.",
        ),
        "patches": (
            "list of [`Patch`](#patches)",
            "Changes of the objects of all services, before those that a service asks for itself.",
        ),
        "manifests": (
            "list of [`ManifestFiles`](#manifests)",
            "Objects from files of the repository, written beside those of the services.",
        ),
        "environments": (
            "map: name → parts of a MeshApp",
            "What differs by environment, laid over the rest. A spec that has some needs one: `--env prod`.",
        ),
    },
    "MeshPlatform": {
        "defaults": ("parts of a [MeshService](#meshservice)", "What all services have in common, below each."),
        "environments": ("map: name → parts of a MeshPlatform", "What differs by environment, laid over the rest."),
    },
}


def of_field(model: type[Model], name: str) -> str:
    """The description of a field, from the class that declares it; empty where there is none."""
    owner = owner_of(model, name)
    return _comments(owner.__module__).get(f"{owner.__name__}.{name}", "")


def owner_of(model: type[Model], name: str) -> type[Model]:
    """The class of a model that declares a field."""
    return next(one for one in model.__mro__ if name in inspect.get_annotations(one))


def of_type(annotation: Any) -> str:
    """What people write for one of the language's scalar types, or an empty string for anything else."""
    for name, value in vars(types).items():
        if value == annotation and get_args(value) and not name.startswith("_"):
            return _comments(types.__name__).get(name, name)
    return ""


@cache
def _comments(module: str) -> dict[str, str]:
    """The comments of a module by ``Class.field`` or by name: behind the value, or in the lines above it."""
    text = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
    lines, found = text.splitlines(), {}
    for name, node in _assignments(ast.parse(text)):
        end = node.end_lineno or node.lineno
        beside = lines[end - 1].encode()[node.end_col_offset :].decode().partition("#:")[2]
        first = node.lineno - 1
        while first and lines[first - 1].lstrip().startswith("#:"):
            first -= 1
        above = [line.lstrip().removeprefix("#:") for line in lines[first : node.lineno - 1]]
        found[name] = " ".join(part.strip() for part in [*above, beside] if part.strip())
    return {name: comment for name, comment in found.items() if comment}


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    yield f"{node.name}.{inner.target.id}", inner
