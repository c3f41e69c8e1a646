"""What runs: the fields of a service that a version may override."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.policy import PortPolicy, TrafficPolicy
from cmp.spec.types import (
    Bool,
    Count,
    Cpu,
    Digest,
    Duration,
    EnvName,
    FieldPath,
    Header,
    KeyReference,
    Label,
    Memory,
    Model,
    MountPath,
    Percent,
    Port,
    Positive,
    ProbePath,
    Registry,
    Repository,
    SelectorKey,
    Subdomain,
    Tag,
    Text,
    Weight,
    Word,
    words,
)

#: What a port speaks, in the words of Istio's protocol selection.
Protocol = Literal["http", "http2", "https", "grpc", "grpc-web", "tls", "tcp", "mongo", "redis", "mysql"]


class Image(Model):
    """A container image; written as one reference or in parts, so that an overlay can change the tag alone."""

    registry: Registry | None = None
    repository: Repository | None = None
    tag: Tag | None = None
    digest: Digest | None = None
    pullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = None
    pullSecrets: tuple[Subdomain, ...] = ()


class Replicas(Model):
    """How many pods: a fixed number, or a range that a HorizontalPodAutoscaler keeps by CPU utilization."""

    later: ClassVar[frozenset[str]] = words("memory metrics behavior triggers")

    count: Count | None = None
    min: Positive | None = None
    max: Positive | None = None
    cpu: Percent | None = None


class Quantities(Model):
    """CPU and memory, in Kubernetes quantities."""

    cpu: Cpu | None = None
    memory: Memory | None = None


class Resources(Model):
    """Requests and limits of the service's container. The shorthand `cpu` is a request, `memory` request and limit."""

    requests: Quantities | None = None
    limits: Quantities | None = None


class EnvValue(Model):
    """One environment variable: text, or a reference to a Secret, a ConfigMap or a field of the pod."""

    value: Text | None = None
    secret: KeyReference | None = None
    configMap: KeyReference | None = None
    field: FieldPath | None = None


class Probe(Model):
    """A health check. A plain path asks over HTTP; `grpc` and `tcp` take a port by name or number."""

    http: ProbePath | None = None
    grpc: Word | None = None
    tcp: Word | None = None
    exec: tuple[Word, ...] | None = None
    port: Word | None = None
    headers: dict[Header, Text] = {}
    service: Word | None = None
    initialDelaySeconds: Count | None = None
    periodSeconds: Positive | None = None
    timeoutSeconds: Positive | None = None
    successThreshold: Positive | None = None
    failureThreshold: Positive | None = None


class Health(Model):
    """Probes of the service's container. One probe in place of the three is readiness and liveness."""

    readiness: Probe | None = None
    liveness: Probe | None = None
    startup: Probe | None = None


class EmptyDir(Model):
    """Scratch space that lives as long as the pod; `medium: Memory` keeps it in RAM."""

    medium: Literal["Memory"] | None = None
    sizeLimit: Memory | None = None


class Volume(Model):
    """What is mounted at a path of the container."""

    later: ClassVar[frozenset[str]] = words("size secret configMap claim csi projected subPath mode storageClass")

    emptyDir: EmptyDir | None = None
    readOnly: Bool | None = None


class Shutdown(Model):
    """How long a pod may take to finish its requests after it left the endpoints."""

    later: ClassVar[frozenset[str]] = words("preStop")

    grace: Duration | None = None


class PodSecurityContext(Model):
    """As whom the pod's processes run. What the restricted standard asks for is set anyway."""

    later: ClassVar[frozenset[str]] = words("runAsNonRoot seccompProfile seLinuxOptions sysctls supplementalGroups")

    runAsUser: Positive | None = None
    runAsGroup: Positive | None = None
    fsGroup: Positive | None = None
    fsGroupChangePolicy: Literal["Always", "OnRootMismatch"] | None = None


class Pod(Model):
    """Fields of the pod as Kubernetes has them."""

    later: ClassVar[frozenset[str]] = words(
        "labels annotations containers initContainers affinity nodeSelector tolerations priorityClassName "
        "runtimeClassName topologySpreadConstraints dnsPolicy dnsConfig hostAliases imagePullSecrets"
    )

    securityContext: PodSecurityContext | None = None


class WorkloadFields(TrafficPolicy):
    """Fields that stand in a service and may differ in each of its versions."""

    image: Image | None = None
    command: tuple[Text, ...] = ()
    args: tuple[Text, ...] = ()
    replicas: Replicas | None = None
    resources: Resources | None = None
    env: dict[EnvName, EnvValue] = {}
    health: Health | None = None
    volumes: dict[MountPath, Volume] = {}
    shutdown: Shutdown | None = None
    pod: Pod | None = None


class Version(WorkloadFields):
    """One version of a service: its share of the traffic in percent, and what differs from the service."""

    later: ClassVar[frozenset[str]] = words("selector proxy config secrets envFrom")

    weight: Weight | None = None


class ListedPort(Model):
    """A port of a Service. Its name's part before the first `-` is the protocol, unless `protocol` says it."""

    port: Port | None = None
    targetPort: Port | None = None
    protocol: Protocol | None = None


class PortSpec(ListedPort, PortPolicy):
    """A port of this service, and the traffic policy that is its own."""

    later: ClassVar[frozenset[str]] = words("appProtocol nodePort")


class ServiceAccountSpec(Model):
    """The identity of the service. Named after it unless `name` says otherwise."""

    name: Label | None = None
    annotations: dict[SelectorKey, Text] = {}
