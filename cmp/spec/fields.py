"""The fields of the language, read off the compiled schema: what is below a field, and what a scalar means to it.

It is there without the models, whose import costs more than a render.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic_core import SchemaValidator, ValidationError

from cmp.spec import _core
from cmp.spec import validators as v

#: Validators whose values have a size.
_NUMBERS = (v.integer, v.ratio, v.percent, v.fraction, v.count_or_percent)
_MEASURED = frozenset((*_NUMBERS, v.cpu, v.memory, v.quantity, v.duration, v.duration_or_zero))

Kind = Literal["block", "names", "list", "any", "scalar"]
_KINDS: dict[str, Kind] = {"model": "block", "dict": "names", "tuple": "list", "any": "any"}


class Field:
    """A field of the language, or an item or entry of one."""

    __slots__ = ("_below", "_definitions", "_schema", "_validator")

    def __init__(self, schema: Any, definitions: dict[str, Any]) -> None:
        """``schema`` is a core schema, ``definitions`` are those that it refers to."""
        self._definitions = definitions
        self._schema = self._bare(schema)
        self._validator: SchemaValidator | None = None
        self._below: dict[str, Field | None] = {}

    def _bare(self, schema: Any) -> Any:
        while schema["type"] in ("default", "nullable", "definition-ref"):
            is_reference = schema["type"] == "definition-ref"
            schema = self._definitions[schema["schema_ref"]] if is_reference else schema["schema"]
        return schema

    def _layers(self) -> Iterator[Any]:
        """The schema, and what is below its validators."""
        schema = self._schema
        yield schema
        while schema["type"].startswith("function-"):
            schema = self._bare(schema["schema"])
            yield schema

    @property
    def _inner(self) -> Any:
        return list(self._layers())[-1]

    @property
    def kind(self) -> Kind:
        """A block has fixed keys, ``names`` is a map with names for keys; ``any`` is not of the language."""
        return _KINDS.get(self._inner["type"], "scalar")

    @property
    def keys(self) -> list[str]:
        """The keys of a block, as people write them."""
        return list(self._fields()) if self.kind == "block" else []

    def child(self, key: str) -> Field | None:
        """What stands under a key, or None where the language has no such key."""
        kind = self.kind
        name = key if kind == "block" else ""  # all names lead to the same
        if name not in self._below:
            found = self._fields().get(key) if kind == "block" else self._inner.get("values_schema")
            self._below[name] = Field(found, self._definitions) if found is not None else None
        return self._below[name]

    @property
    def item(self) -> Field:
        """An item of a list."""
        return Field(self._inner["items_schema"][0], self._definitions)

    def _fields(self) -> dict[str, Any]:
        fields = self._inner["schema"]["fields"]
        return {field.get("validation_alias", name): field["schema"] for name, field in fields.items()}

    @property
    def measured(self) -> bool:
        """Whether its values have a size, so that a bound says something."""
        return any(layer.get("function", {}).get("function") in _MEASURED for layer in self._layers())

    def read(self, text: str) -> tuple[Any, list[Any]]:
        """What a scalar means to this field; or None, and what pydantic has against it."""
        if self._validator is None:
            self._validator = SchemaValidator(self._schema)
        try:
            return self._validator.validate_python(text), []
        except ValidationError as error:
            return None, error.errors(include_url=False)


def service_fields() -> Field:
    """The fields of a service's body."""
    schema = _core.schema("MeshService")
    if schema is None:
        from cmp.spec.models import MODELS  # not the compiled release of pydantic-core: slower, the same answers

        schema = MODELS["MeshService"].__pydantic_core_schema__
    if schema["type"] == "definitions":
        return Field(schema["schema"], {one["ref"]: one for one in schema["definitions"]})
    return Field(schema, {})
