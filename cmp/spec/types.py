"""The language's scalar types for pydantic: each validator with the JSON Schema that describes what people write."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cmp.spec import addresses as a
from cmp.spec import identity as i
from cmp.spec import kubernetes as k
from cmp.spec import measures as m
from cmp.spec import objects as o
from cmp.spec import observing as q
from cmp.spec import schedules as c
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


Int = Annotated[int, BeforeValidator(v.integer)]  #: whole number
PortNumber = Annotated[str, AfterValidator(v.port_number)]  #: a port from 1 to 65535, as a key
#: whole number, below zero too
WaveNumber = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), BeforeValidator(v.integer)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(v.integer)]  #: whole number from 1 to 65535
Count = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(v.integer)]  #: whole number from 0
Positive = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(v.integer)]  #: whole number from 1
Status = Annotated[int, Field(ge=200, le=599), BeforeValidator(v.integer)]  #: HTTP status from 200 to 599
AnyStatus = Annotated[int, Field(ge=100, le=599), BeforeValidator(v.integer)]  #: HTTP status, 100 to 599
RedirectCode = Annotated[int, Field(ge=300, le=399), BeforeValidator(v.integer)]  #: HTTP status from 300 to 399
#: percentage (`10%`)
Weight = Annotated[
    int, BeforeValidator(v.percent), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+%?$"})
]
Bool = Annotated[bool, BeforeValidator(v.boolean)]  #: `true` or `false`

_MIXED = WithJsonSchema({"type": ["string", "integer"]})
#: percentage (`10%`)
Percent = Annotated[
    int, BeforeValidator(v.percent), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+%?$"})
]
#: percentage, also of parts (`10%`, `0.1%`)
Fraction = Annotated[
    int | float,
    BeforeValidator(v.fraction),
    WithJsonSchema({"type": ["string", "number"], "pattern": "^[0-9]+([.][0-9]{1,3})?%?$"}),
]
#: decimal number of 1 or more (`1.5`)
Ratio = Annotated[float, Field(ge=1), BeforeValidator(v.ratio), WithJsonSchema({"type": "number", "minimum": 1})]
_DURATION = WithJsonSchema({"type": "string", "pattern": "^([0-9.]+(ms|s|m|h))+$"})
Duration = Annotated[str, BeforeValidator(v.duration), _DURATION]  #: duration (`500ms`, `5s`, `1m30s`)
DurationOrZero = Annotated[str, BeforeValidator(v.duration_or_zero), _DURATION]  #: duration (`500ms`, `5s`, `0s`)
#: CPU quantity (`100m`, `2`)
Cpu = Annotated[str, BeforeValidator(v.cpu), WithJsonSchema({"type": ["string", "number"]})]
#: quantity of bytes (`256Mi`, `1Gi`)
Memory = Annotated[str, BeforeValidator(v.memory), WithJsonSchema({"type": ["string", "integer"]})]
_SHARE = WithJsonSchema({"type": ["string", "integer"]})
#: percentage of a request (`70%`), or CPU quantity with its unit (`500m`)
CpuTarget = Annotated[str, BeforeValidator(m.cpu_target), _SHARE]
#: percentage of a request (`80%`), or quantity of bytes with its unit (`512Mi`)
MemoryTarget = Annotated[str, BeforeValidator(m.memory_target), _SHARE]
Utilization = Annotated[int, BeforeValidator(m.utilization), _SHARE]  #: percentage of a request (`70%`)
#: quantity above 0 (`100`, `500m`, `10k`)
MetricValue = Annotated[str, BeforeValidator(m.metric_value), WithJsonSchema({"type": ["string", "number"]})]
#: decimal number (`0.05`)
Tolerance = Annotated[str, BeforeValidator(v.quantity), WithJsonSchema({"type": ["string", "number"]})]
Seconds = Annotated[int, BeforeValidator(m.seconds), _DURATION]  #: duration in whole seconds (`30s`, `5m`)
Period = Annotated[int, Field(ge=1, le=1800), BeforeValidator(v.integer)]  #: whole number from 1 to 1800
Window = Annotated[int, Field(ge=0, le=3600), BeforeValidator(v.integer)]  #: whole number from 0 to 3600
ApiVersion = Annotated[str, AfterValidator(o.api_version)]  #: group and version (`networking.k8s.io/v1`)
MetricName = Annotated[str, AfterValidator(o.metric_name)]  #: name of a metric

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]  #: text
Word = Annotated[str, Field(min_length=1), WithJsonSchema({"type": ["string", "number", "boolean"]})]  #: text
Label = Annotated[str, AfterValidator(k.label)]  #: name
#: name that begins with a letter
ServiceName = Annotated[str, AfterValidator(k.service_name)]
Subdomain = Annotated[str, AfterValidator(k.subdomain)]  #: name of a Kubernetes object
KindName = Annotated[str, AfterValidator(o.kind_name)]  #: kind of object (`ClusterIssuer`)
GatewayHost = Annotated[str, AfterValidator(a.gateway_host)]  #: host name, or `namespace/` before it
Host = Annotated[str, AfterValidator(s.host)]  #: host name (`a.example.com`, `*.example.com`, `*`)
Path = Annotated[str, AfterValidator(s.path)]  #: path (`/a/b`)
ProbePath = Annotated[str, AfterValidator(s.probe_path)]  #: path (`/ready`)
DnsName = Annotated[str, AfterValidator(s.dns_name)]  #: host name
Pattern = Annotated[str, AfterValidator(s.pattern)]  #: path pattern (`/a`, `/a/*`, `/a*`, `/a/{*}/b`)
#: path pattern (`/a`, `/a/*`, `/a*`, `*/a`, `/a/{*}/b`, `/a/{**}`)
AccessPath = Annotated[str, AfterValidator(i.access_path)]
Regex = Annotated[str, AfterValidator(s.regex)]  #: regular expression in RE2 syntax
Header = Annotated[str, AfterValidator(s.header)]  #: header or parameter name
Registry = Annotated[str, AfterValidator(k.image_registry)]  #: host of a registry, with port and path if it has them
Repository = Annotated[str, AfterValidator(k.image_repository)]  #: name of an image (`shop/reviews`)
Tag = Annotated[str, AfterValidator(k.image_tag), WithJsonSchema({"type": ["string", "number"]})]  #: tag of an image
Digest = Annotated[str, AfterValidator(k.image_digest)]  #: digest of an image (`sha256:` and 64 hex digits)
#: text, where `%%` is a percent sign
HeaderValue = Annotated[str, AfterValidator(s.header_value), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Claim = Annotated[str, AfterValidator(s.claim)]  #: name of a claim (`groups`, `a.b` for what is nested)
HostOrIp = Annotated[str, AfterValidator(s.host_or_ip)]  #: host name or IP address
Cidr = Annotated[str, AfterValidator(a.cidr)]  #: IP address or block of them (`10.0.0.0/8`)
CookieName = Annotated[str, AfterValidator(s.cookie_name)]  #: name of a cookie
GrpcStatus = Annotated[str, AfterValidator(s.grpc_status)]  #: name of a gRPC status (`UNAVAILABLE`)
#: condition of Envoy or HTTP status (`reset`, `5xx`, `503`)
RetryCondition = Annotated[str, AfterValidator(s.retry_condition)]
#: cipher suite of TLS up to 1.2, by OpenSSL's name (`ECDHE-RSA-AES128-GCM-SHA256`)
CipherSuite = Annotated[str, AfterValidator(v.cipher_suite)]
Method = Annotated[str, AfterValidator(s.method)]  #: HTTP method (`GET`)
EnvName = Annotated[str, AfterValidator(k.env_name)]  #: name of a variable
KeyReference = Annotated[str, AfterValidator(k.key_reference)]  #: `name/key`
FieldPath = Annotated[str, AfterValidator(k.field_path)]  #: field of the pod (`metadata.name`, `status.podIP`)
LabelKey = Annotated[str, AfterValidator(k.label_key)]  #: label or annotation key
SelectorKey = Annotated[str, AfterValidator(k.selector_key)]  #: label or annotation key
LabelValue = Annotated[str, AfterValidator(k.label_value), _MIXED]  #: label value
Region = Annotated[str, AfterValidator(s.region)]  #: region
#: `region`, `region/zone` or `region/zone/sub-zone`; the last part may be `*`
Locality = Annotated[str, AfterValidator(s.locality)]
Place = Annotated[str, AfterValidator(a.place)]  #: `region`, `region/zone` or `region/zone/sub-zone`
OutsideHost = Annotated[str, AfterValidator(a.outside_host)]  #: full host name, or `*.` before one
Address = Annotated[str, AfterValidator(a.address)]  #: IP address, host name or `unix:///path`
CallNamespace = Annotated[str, AfterValidator(k.call_namespace)]  #: namespace, or `.` for that of the caller
Visibility = Annotated[str, AfterValidator(k.visibility)]  #: namespace, `.` or `*`
#: `Deployment`, `StatefulSet`, `DaemonSet`, `WorkloadGroup` or `None`
WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "WorkloadGroup", "None"]
#: name, with or without a domain and `/` before it (`kubernetes.io/h2c`)
QualifiedName = Annotated[str, AfterValidator(k.qualified_name)]
#: whole number of seconds up to a day
AffinitySeconds = Annotated[int, Field(ge=1, le=86400), BeforeValidator(v.integer)]
Workload = Annotated[str, AfterValidator(s.workload_reference)]  #: `name` or `name.namespace`
Url = Annotated[str, AfterValidator(s.url)]  #: `scheme://host` or `scheme://host:port`
#: a whole host name, or `namespace/` before it
ProviderService = Annotated[str, AfterValidator(s.provider_service)]
#: `127.0.0.1:port`, `0.0.0.0:port`, `[::1]:port`, `[::]:port` or `unix:///path`
LocalEndpoint = Annotated[str, AfterValidator(a.local_endpoint)]
SeenHost = Annotated[str, AfterValidator(a.seen_host)]  #: `namespace/host`; `.` and `*` for a namespace, `*` for a host
IpAddress = Annotated[str, AfterValidator(a.ip_address)]  #: an IPv4 or IPv6 address
#: `trust-domain/ns/namespace/sa/account`, with one `*` at an end
Principal = Annotated[str, AfterValidator(i.principal)]
IpBlock = Annotated[str, AfterValidator(i.ip_block)]  #: IP address or block of them (`10.0.0.0/8`)
Account = Annotated[str, AfterValidator(i.account)]  #: ServiceAccount (`name`, `namespace/name`)
TrustDomain = Annotated[str, AfterValidator(i.trust_domain)]  #: trust domain, with one `*` at an end
RequestPrincipal = Annotated[str, AfterValidator(i.request_principal)]  #: `issuer/subject`, with one `*` at an end
AccessHost = Annotated[str, AfterValidator(i.access_host)]  #: host (`a.example.com`, `*.example.com`, `a.*`, `a:8080`)
ConditionKey = Annotated[str, AfterValidator(i.condition_key)]  #: attribute of a request
Issuer = Annotated[str, AfterValidator(i.issuer)]  #: issuer of tokens
JwksUri = Annotated[str, AfterValidator(i.jwks_uri)]  #: URL of keys (`https://id.example.com/jwks`)
Jwks = Annotated[str, AfterValidator(i.jwks)]  #: JSON Web Key Set
ClaimHeader = Annotated[str, AfterValidator(i.claim_header)]  #: header of letters, digits, `-` and `_`
#: `true`
Required = Annotated[str, AfterValidator(i.required), WithJsonSchema({"enum": ["true", True]})]
#: version (`1.30` or `1.30.3`)
VersionNumber = Annotated[str, AfterValidator(s.version_number), WithJsonSchema({"type": ["string", "number"]})]
#: name of a set of defaults (`1`)
ProfileName = Annotated[str, AfterValidator(s.profile_name), WithJsonSchema({"enum": ["1", 1]})]
#: key of a Secret or a ConfigMap (`password`)
ConfigKey = Annotated[str, AfterValidator(k.config_key)]
#: file of the repository (`app.yaml`, `../shared/app.yaml`)
FileName = Annotated[str, AfterValidator(o.file_name)]
#: permissions in octal digits (`0440`)
Mode = Annotated[
    int, BeforeValidator(k.mode), WithJsonSchema({"type": ["string", "integer"], "pattern": "^0?[0-7]{3}$"})
]
InnerPath = Annotated[str, AfterValidator(k.inner_path)]  #: path below another (`a/b`)
#: whole number of seconds from 600
TokenSeconds = Annotated[int, Field(ge=600, le=2**32), BeforeValidator(v.integer)]
#: whole number or percentage (`1`, `25%`)
CountOrPercent = Annotated[str, BeforeValidator(v.count_or_percent), WithJsonSchema({"type": ["string", "integer"]})]
PodLabelKey = Annotated[str, AfterValidator(k.pod_label_key)]  #: label key
PodAnnotationKey = Annotated[str, AfterValidator(k.pod_annotation_key)]  #: annotation key
Affection = Annotated[int, Field(ge=1, le=100), BeforeValidator(v.integer)]  #: whole number from 1 to 100
Capability = Annotated[str, AfterValidator(k.capability)]  #: capability of Linux (`NET_BIND_SERVICE`)
VariablePrefix = Annotated[str, AfterValidator(k.variable_prefix)]  #: beginning of a variable's name (`DB_`)
MountPath = Annotated[str, AfterValidator(k.mount_path)]  #: path in the container (`/data`)
ObjectName = Annotated[str, AfterValidator(o.object_name)]  #: name of an object, `*` stands for any text (`reviews-*`)
Pointer = Annotated[str, AfterValidator(o.pointer)]  #: JSON Pointer (`/spec/template/spec/dnsPolicy`)
FilePattern = Annotated[str, AfterValidator(o.file_pattern)]  #: file or files (`extra/*.yaml`)
ObjectPart = Annotated[Any, WithJsonSchema({"type": "object"})]  #: part of an object of Kubernetes
AnyValue = Annotated[Any, WithJsonSchema({})]  #: any value
#: `minute hour day-of-month month day-of-week` (`0 3 * * *`), or a word (`@daily`)
Schedule = Annotated[str, AfterValidator(c.schedule)]
Condition = Annotated[str, AfterValidator(c.condition)]  #: type of a pod's condition (`DisruptionTarget`)
TimeZone = Annotated[str, AfterValidator(c.time_zone)]  #: name of a time zone (`Europe/Berlin`)
ExitCode = Annotated[int, Field(ge=0, le=255), BeforeValidator(v.integer)]  #: whole number from 0 to 255
TagName = Annotated[str, AfterValidator(q.label_name)]  #: label of a metric (`source_app`)
PromLabel = Annotated[str, AfterValidator(q.label_name)]  #: label of an alert (`team`)
SpanTag = Annotated[str, AfterValidator(q.span_tag)]  #: tag of a span (`team`)
AlertName = Annotated[str, AfterValidator(q.alert_name)]  #: name of an alert (`TooManyErrors`)
Cel = Annotated[str, AfterValidator(q.cel)]  #: expression in CEL (`response.code >= 500`)
PromQl = Annotated[str, AfterValidator(q.promql)]  #: query in PromQL
#: percentage between 0 and 100 (`99.9%`)
Objective = Annotated[
    int | float,
    BeforeValidator(q.objective),
    WithJsonSchema({"type": ["string", "number"], "pattern": "^[0-9]+([.][0-9]{1,3})?%?$"}),
]
Days = Annotated[
    int, BeforeValidator(q.days), WithJsonSchema({"type": "string", "pattern": "^[0-9]+d$"})
]  #: days (`30d`)
WebPage = Annotated[str, AfterValidator(q.web_page)]  #: address of a page (`https://runbooks.example.com/reviews`)
#: address of a Git repository (`https://git.example.com/mesh.git`, `git@git.example.com:mesh.git`)
RepositoryUrl = Annotated[str, AfterValidator(o.repository)]
#: address of Helm charts (`https://charts.example.com`, `registry.example.com/charts`)
ChartRepository = Annotated[str, AfterValidator(o.chart_repository)]
ClusterUrl = Annotated[str, AfterValidator(o.cluster_url)]  #: address of an API server
Revision = Annotated[str, AfterValidator(o.revision), WithJsonSchema({"type": ["string", "number"]})]  #: Git revision
Directory = Annotated[str, AfterValidator(o.directory)]  #: directory from the root of the repository (`services/shop`)
GroupKind = Annotated[str, AfterValidator(o.group_kind)]  #: kind with its API group (`batch/Job`, `Secret`)
#: `true`, `false`, or the revision or tag of a control plane
Injection = Annotated[str, AfterValidator(o.injection), WithJsonSchema({"type": ["string", "boolean"]})]
#: name of a quota (`requests.cpu`, `pods`, `count/jobs.batch`)
QuotaName = Annotated[str, AfterValidator(o.quota_name)]
#: quantity (`2`, `500m`, `1Gi`)
Quantity = Annotated[str, BeforeValidator(v.quantity), WithJsonSchema({"type": ["string", "number"]})]
_RULES: dict[str, Any] = {"type": "object", "minProperties": 1}
#: path, list of paths, or values by path (`{mtls: DISABLE}`)
Paths = Annotated[
    Any, WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, _RULES]})
]
Values = Annotated[Any, WithJsonSchema(_RULES)]  #: values by path (`{image.registry: registry.example.com/*}`)
#: map of values by path, or a list of such maps
Cases = Annotated[Any, WithJsonSchema({"anyOf": [_RULES, {"type": "array", "items": _RULES}]})]
