"""The models by kind, and what an error needs to know of them. Imports pydantic: not on the way of a render."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from cmp.spec.platform import MeshPlatform
from cmp.spec.service import MeshService
from cmp.spec.types import Model

MODELS: dict[str, type[Model]] = {"MeshService": MeshService, "MeshPlatform": MeshPlatform}


def keys_at(kind: str, loc: Sequence[str | int]) -> tuple[list[str], frozenset[str]]:
    """The keys, as people write them, of the model at a location below a kind, and those that are not built yet."""
    model: Any = MODELS[kind]
    for step in loc:
        inside = _inside(model)
        model = _below(inside, step) if inside is not None else _element(model)
    model = _inside(model)
    outer = ["environments"] if not loc else []
    return ([*keys_of(model), *outer], model.later) if model is not None else ([], frozenset())


def keys_of(model: type[Model]) -> list[str]:
    """The keys of a model as people write them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _below(model: type[Model], step: str | int) -> Any:
    for name, field in model.model_fields.items():
        if (field.alias or name) == step:
            return field.annotation
    return None


def _inside(annotation: Any) -> type[Model] | None:
    """The model that an annotation is, or is besides None."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Model):
            return candidate if annotation is candidate or type(None) in get_args(annotation) else None
    return None


def _element(annotation: Any) -> Any:
    """What the values of a map or the items of a list are, also where it may be missing."""
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), Ellipsis)]
    if len(arguments) == 1 and type(None) in get_args(annotation):
        return _element(arguments[0])
    return arguments[-1] if arguments else None
