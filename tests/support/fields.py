"""The fields of the language, found in the models."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from cmp.spec.models import MODELS
from cmp.spec.policy import TrafficPolicy
from cmp.spec.runs import RunFields
from cmp.spec.types import Model


class Field(NamedTuple):
    """A leaf of a model. ``path`` is written as in the table of forms; ``*`` ends the path of a map's key."""

    path: str
    type: Any
    is_key: bool = False


def fields() -> Iterator[Field]:
    """All leaves of both kinds. Of those of versions only the policy's, which has an object of its own.

    What jobs run is built as what versions run: of them, only what is their own.
    """
    for kind, model in MODELS.items():
        for leaf in _leaves(model, kind):
            _, version, own = leaf.path.partition(".versions.*.")
            of_job = leaf.path.partition(".jobs.*.")[2]
            if version and own.partition(".")[0] not in TrafficPolicy.model_fields:
                continue
            if re.split(r"\W", of_job)[0] not in RunFields.model_fields:
                yield leaf


def strings() -> Iterator[Field]:
    """The leaves that are text, or have a syntax of their own."""
    for leaf in fields():
        if leaf.type is str:
            yield leaf


def models() -> dict[str, type[Model]]:
    """All models by their names."""
    found: dict[str, type[Model]] = {}
    for model in MODELS.values():
        _collect(model, found)
    return found


def _collect(annotation: Any, found: dict[str, type[Model]]) -> None:
    if _is_model(annotation) and annotation.__name__ not in found:
        found[annotation.__name__] = annotation
        for field in annotation.model_fields.values():
            _collect(field.annotation, found)
    for inner in get_args(annotation):
        _collect(inner, found)


def inside(annotation: Any) -> Any:
    """An annotation without what only adds to it: ``Annotated``, and None as an alternative."""
    if get_origin(annotation) is Annotated:
        return inside(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return inside(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _leaves(annotation: Any, path: str, is_key: bool = False) -> Iterator[Field]:
    kind = inside(annotation)
    if _is_model(kind):
        for name, field in kind.model_fields.items():
            yield from _leaves(field.annotation, f"{path}.{field.alias or name}")
    elif get_origin(kind) is dict:
        key, value = get_args(kind)
        yield from _leaves(key, f"{path}.*", True)
        yield from _leaves(value, f"{path}.*")
    elif get_origin(kind) is tuple:
        yield from _leaves(get_args(kind)[0], f"{path}[]")
    else:
        yield Field(path, kind, is_key)
