"""The language's scalar types for pydantic: each validator with the JSON Schema that describes what people write."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cmp.spec import validators as v


class Model(BaseModel):
    """Plain data: unknown keys are errors, nothing is computed. Only ``parse`` makes instances."""

    model_config = ConfigDict(extra="forbid")


Int = Annotated[int, BeforeValidator(v.integer)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(v.integer)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(v.integer)]
Positive = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(v.integer)]
Weight = Annotated[int, Field(ge=0, le=100), BeforeValidator(v.integer)]
Bool = Annotated[bool, BeforeValidator(v.boolean)]

_MIXED = WithJsonSchema({"type": ["string", "integer"]})
Percent = Annotated[
    int, BeforeValidator(v.percent), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+%?$"})
]
Duration = Annotated[
    str, BeforeValidator(v.duration), WithJsonSchema({"type": "string", "pattern": "^([0-9.]+(ms|s|m|h))+$"})
]
Cpu = Annotated[str, BeforeValidator(v.cpu), WithJsonSchema({"type": ["string", "number"]})]
Memory = Annotated[str, BeforeValidator(v.memory), WithJsonSchema({"type": ["string", "integer"]})]

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Word = Annotated[str, Field(min_length=1), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Label = Annotated[str, AfterValidator(v.label)]
ServiceName = Annotated[str, AfterValidator(v.service_name)]
Subdomain = Annotated[str, AfterValidator(v.subdomain)]
Host = Annotated[str, AfterValidator(v.host)]
Path = Annotated[str, AfterValidator(v.path)]
Pattern = Annotated[str, AfterValidator(v.pattern)]
AccessPath = Annotated[str, AfterValidator(v.access_path)]
Regex = Annotated[str, AfterValidator(v.regex)]
Header = Annotated[str, AfterValidator(v.header)]
Method = Annotated[str, AfterValidator(v.method)]
EnvName = Annotated[str, AfterValidator(v.env_name)]
KeyReference = Annotated[str, AfterValidator(v.key_reference)]
FieldPath = Annotated[str, AfterValidator(v.field_path)]
LabelKey = Annotated[str, AfterValidator(v.label_key)]
SelectorKey = Annotated[str, AfterValidator(v.selector_key)]
LabelValue = Annotated[str, AfterValidator(v.label_value), _MIXED]
Workload = Annotated[str, AfterValidator(v.workload_reference)]
Url = Annotated[str, AfterValidator(v.url)]
Principal = Annotated[str, AfterValidator(v.principal)]
VersionNumber = Annotated[str, AfterValidator(v.version_number), WithJsonSchema({"type": ["string", "number"]})]
MountPath = Annotated[str, AfterValidator(v.mount_path)]
