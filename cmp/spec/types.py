"""The language's scalar types for pydantic: each validator with the JSON Schema that describes what people write."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cmp.spec import kubernetes as k
from cmp.spec import syntax as s
from cmp.spec import validators as v


class Model(BaseModel):
    """Plain data: unknown keys are errors, nothing is computed. Only ``parse`` makes instances.

    ``later`` names keys that the language has here and this release does not build: they are refused with a code of
    their own (MS106), so that nobody takes a feature to come for a spelling mistake.
    """

    model_config = ConfigDict(extra="forbid")

    later: ClassVar[frozenset[str]] = frozenset()


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


Int = Annotated[int, BeforeValidator(v.integer)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(v.integer)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(v.integer)]
Positive = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(v.integer)]
Status = Annotated[int, Field(ge=200, le=599), BeforeValidator(v.integer)]
RedirectCode = Annotated[int, Field(ge=300, le=399), BeforeValidator(v.integer)]
Weight = Annotated[
    int, BeforeValidator(v.percent), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+%?$"})
]
Bool = Annotated[bool, BeforeValidator(v.boolean)]

_MIXED = WithJsonSchema({"type": ["string", "integer"]})
Percent = Annotated[
    int, BeforeValidator(v.percent), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+%?$"})
]
Ratio = Annotated[float, Field(ge=1), BeforeValidator(v.ratio), WithJsonSchema({"type": "number", "minimum": 1})]
_DURATION = WithJsonSchema({"type": "string", "pattern": "^([0-9.]+(ms|s|m|h))+$"})
Duration = Annotated[str, BeforeValidator(v.duration), _DURATION]
DurationOrZero = Annotated[str, BeforeValidator(v.duration_or_zero), _DURATION]
Cpu = Annotated[str, BeforeValidator(v.cpu), WithJsonSchema({"type": ["string", "number"]})]
Memory = Annotated[str, BeforeValidator(v.memory), WithJsonSchema({"type": ["string", "integer"]})]

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Word = Annotated[str, Field(min_length=1), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Label = Annotated[str, AfterValidator(k.label)]
ServiceName = Annotated[str, AfterValidator(k.service_name)]
Subdomain = Annotated[str, AfterValidator(k.subdomain)]
Host = Annotated[str, AfterValidator(s.host)]
Path = Annotated[str, AfterValidator(s.path)]
ProbePath = Annotated[str, AfterValidator(s.probe_path)]
DnsName = Annotated[str, AfterValidator(s.dns_name)]
Pattern = Annotated[str, AfterValidator(s.pattern)]
AccessPath = Annotated[str, AfterValidator(s.access_path)]
Regex = Annotated[str, AfterValidator(s.regex)]
Header = Annotated[str, AfterValidator(s.header)]
Registry = Annotated[str, AfterValidator(k.image_registry)]
Repository = Annotated[str, AfterValidator(k.image_repository)]
Tag = Annotated[str, AfterValidator(k.image_tag), WithJsonSchema({"type": ["string", "number"]})]
Digest = Annotated[str, AfterValidator(k.image_digest)]
HeaderValue = Annotated[str, AfterValidator(s.header_value), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Claim = Annotated[str, AfterValidator(s.claim)]
HostOrIp = Annotated[str, AfterValidator(s.host_or_ip)]
Cidr = Annotated[str, AfterValidator(s.cidr)]
CookieName = Annotated[str, AfterValidator(s.cookie_name)]
GrpcStatus = Annotated[str, AfterValidator(s.grpc_status)]
RetryCondition = Annotated[str, AfterValidator(s.retry_condition)]
Method = Annotated[str, AfterValidator(s.method)]
EnvName = Annotated[str, AfterValidator(k.env_name)]
KeyReference = Annotated[str, AfterValidator(k.key_reference)]
FieldPath = Annotated[str, AfterValidator(k.field_path)]
LabelKey = Annotated[str, AfterValidator(k.label_key)]
SelectorKey = Annotated[str, AfterValidator(k.selector_key)]
LabelValue = Annotated[str, AfterValidator(k.label_value), _MIXED]
Region = Annotated[str, AfterValidator(s.region)]
Locality = Annotated[str, AfterValidator(s.locality)]
Workload = Annotated[str, AfterValidator(s.workload_reference)]
Url = Annotated[str, AfterValidator(s.url)]
Principal = Annotated[str, AfterValidator(s.principal)]
VersionNumber = Annotated[str, AfterValidator(s.version_number), WithJsonSchema({"type": ["string", "number"]})]
MountPath = Annotated[str, AfterValidator(k.mount_path)]
