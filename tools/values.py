"""What may be written for a field, in the words of those who write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from cmp.merge.form import Form
from cmp.spec.models import MODELS
from cmp.spec.types import Model
from tools import descriptions


def types_of(model: type[Model]) -> dict[str, Any]:
    """The annotations of a model's fields, with all that is said of the types."""
    return get_type_hints(model, include_extras=True)


def models_in(annotation: Any) -> Iterator[tuple[str, type[Model]]]:
    """The models that an annotation speaks of, each with how a path leads there: ``[]`` an item, ``.*`` any name."""
    plain = without_none(annotation)
    if isinstance(plain, type) and issubclass(plain, Model):
        yield "", plain
    elif get_origin(plain) in (tuple, dict):
        step, inside = ("[]", get_args(plain)[0]) if get_origin(plain) is tuple else (".*", get_args(plain)[1])
        for suffix, model in models_in(inside):
            yield f"{step}{suffix}", model


def all_models() -> dict[str, type[Model]]:
    """All models of the language by their names."""
    found: dict[str, type[Model]] = {}
    waiting = list(MODELS.values())
    while waiting:
        model = waiting.pop()
        if model.__name__ not in found:
            found[model.__name__] = model
            waiting += [below for one in types_of(model).values() for _, below in models_in(one)]
    return found


def without_none(annotation: Any) -> Any:
    """An annotation without None as an alternative."""
    if get_origin(annotation) in (Union, UnionType):
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


class Values:
    """Puts annotations into words, with the shorthands of a table of forms and links to where models are described."""

    def __init__(self, forms: Mapping[str, Form], anchors: Mapping[type[Model], str]) -> None:
        self._forms = forms
        self._anchors = anchors

    def of(self, annotation: Any, path: str) -> str:
        """What may be written at a path."""
        plain = without_none(annotation)
        long = self._long(plain, path)
        form = self._forms.get(path)
        if form is None or form.text is None:
            return long
        if callable(form.text):
            return f"text or {long}"
        short = without_none(types_of(plain)[form.text])
        if get_origin(short) is tuple:
            short = get_args(short)[0]
        written = self._long(short, f"{path}.{form.text}")
        return f"{written}, list of them or {long}" if form.listed else f"{written} or {long}"

    def _long(self, plain: Any, path: str) -> str:
        if isinstance(plain, type) and issubclass(plain, Model):
            return f"[map](#{self._anchors[plain]})"
        if get_origin(plain) is tuple:
            return f"list of {self.of(get_args(plain)[0], f'{path}[]')}"
        if get_origin(plain) is dict:
            key, value = get_args(plain)
            return f"map: {self._long(without_none(key), '')} → {self.of(value, f'{path}.*')}"
        if get_origin(plain) is Literal:
            values = [f"`{one}`" for one in get_args(plain)]
            return f"one of {', '.join(values)}" if len(values) > 1 else values[0]
        return descriptions.of_type(plain) or str(getattr(plain, "__name__", plain))
