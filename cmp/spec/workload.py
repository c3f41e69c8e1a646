"""What runs: the fields of a service that a version may override."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.policy import PortPolicy, TrafficPolicy
from cmp.spec.storage import ConfigFile, EnvFrom, ExternalSecret, Volume
from cmp.spec.types import (
    Count,
    CountOrPercent,
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

    registry: Registry | None = None  #: Where the image is kept.
    repository: Repository | None = None  #: The name of the image.
    tag: Tag | None = None  #: The tag. It or `digest` has to be there.
    digest: Digest | None = None  #: The digest, which wins over a tag.
    #: When the image is fetched (imagePullPolicy). Default: as in Kubernetes, by the tag.
    pullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = None
    pullSecrets: tuple[Subdomain, ...] = ()  #: Secrets with the registry's credentials.


class Replicas(Model):
    """How many pods: a fixed number, or a range that a HorizontalPodAutoscaler keeps by CPU utilization."""

    later: ClassVar[frozenset[str]] = words("memory metrics behavior triggers")

    count: Count | None = None  #: A fixed number of pods.
    min: Positive | None = None  #: The least number of pods of a range. Default: `1`.
    max: Positive | None = None  #: The most pods of a range.
    cpu: Percent | None = None  #: The utilization of the CPU request that the autoscaler keeps. Default: `80%`.


class Quantities(Model):
    """CPU and memory, in Kubernetes quantities."""

    cpu: Cpu | None = None  #: Cores.
    memory: Memory | None = None  #: Bytes.


class Resources(Model):
    """Requests and limits of the service's container. In place of both, `cpu` is a request, `memory` both.

    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """

    requests: Quantities | None = None  #: What the scheduler keeps free for the pod.
    limits: Quantities | None = None  #: What the container may use at most.


class EnvValue(Model):
    """One environment variable: text, or a reference to a Secret, a ConfigMap or a field of the pod."""

    value: Text | None = None  #: The text. `$(NAME)` in it is another variable.
    secret: KeyReference | None = None  #: A key of a Secret.
    configMap: KeyReference | None = None  #: A key of a ConfigMap.
    field: FieldPath | None = None  #: A field of the pod (fieldRef).


class Probe(Model):
    """A health check. A plain path asks over HTTP; `grpc` and `tcp` take a port by name or number.

    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """

    http: ProbePath | None = None  #: The path that is asked for, also with a query (httpGet).
    grpc: Word | None = None  #: The port, by name or number, that is asked by gRPC's health protocol.
    tcp: Word | None = None  #: The port, by name or number, that has to accept a connection (tcpSocket).
    exec: tuple[Word, ...] | None = None  #: A command that is run in the container.
    #: The port, by name or number, of an `http` probe. Default: the only port, or the one called http.
    port: Word | None = None
    headers: dict[Header, Text] = {}  #: Headers of an `http` probe (httpHeaders).
    service: Word | None = None  #: The name that a `grpc` probe asks for.
    initialDelaySeconds: Count | None = None  #: Seconds before the first try.
    periodSeconds: Positive | None = None  #: Seconds between tries. Default: Kubernetes', 10.
    timeoutSeconds: Positive | None = None  #: Seconds that an answer may take. Default: Kubernetes', 1.
    successThreshold: Positive | None = None  #: Successes in a row that count; for readiness only.
    failureThreshold: Positive | None = None  #: Failures in a row that count. Default: Kubernetes', 3.


class Health(Model):
    """Probes of the service's container. One probe in place of the three is readiness and liveness."""

    readiness: Probe | None = None  #: Whether the pod gets traffic. Default: a connection to the main port.
    liveness: Probe | None = None  #: Whether the container is restarted.
    startup: Probe | None = None  #: Holds the other probes back until it succeeds.


class Shutdown(Model):
    """How long a pod may take to finish its requests after it left the endpoints."""

    later: ClassVar[frozenset[str]] = words("preStop")

    #: Time until the pod is killed, in whole seconds (terminationGracePeriodSeconds). Default: Kubernetes', 30s.
    grace: Duration | None = None


class RollingUpdate(Model):
    """How far a roll may go beyond the number of pods and below it, in pods or in percent.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
    """

    maxSurge: CountOrPercent | None = None  #: Pods beyond the number. Default: `25%`.
    maxUnavailable: CountOrPercent | None = None  #: Pods below the number. Default: `0`.


class Strategy(Model):
    """How pods are replaced by newer ones."""

    #: `Recreate` stops all old pods before it starts new ones. Default: `RollingUpdate`.
    type: Literal["RollingUpdate", "Recreate"] | None = None
    rollingUpdate: RollingUpdate | None = None  #: How far a roll may go.


class PodSecurityContext(Model):
    """As whom the pod's processes run. What the restricted standard asks for is set anyway.

    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """

    later: ClassVar[frozenset[str]] = words("runAsNonRoot seccompProfile seLinuxOptions sysctls supplementalGroups")

    #: The user of the processes. Default: the image's, which must be a number other than 0.
    runAsUser: Positive | None = None
    runAsGroup: Positive | None = None  #: Their group.
    fsGroup: Positive | None = None  #: The group that owns the volumes.
    #: When the owner of a volume's files is changed.
    fsGroupChangePolicy: Literal["Always", "OnRootMismatch"] | None = None


class Pod(Model):
    """Fields of the pod as Kubernetes has them."""

    later: ClassVar[frozenset[str]] = words(
        "labels annotations containers initContainers affinity nodeSelector tolerations priorityClassName "
        "runtimeClassName topologySpreadConstraints dnsPolicy dnsConfig hostAliases imagePullSecrets"
    )

    securityContext: PodSecurityContext | None = None  #: As whom the processes run.


class WorkloadFields(TrafficPolicy):
    """What runs. A version may change each of these."""

    image: Image | None = None  #: What runs.
    command: tuple[Text, ...] = ()  #: What is run in place of the image's entry point, as in Kubernetes.
    args: tuple[Text, ...] = ()  #: Its arguments, in place of the image's, as in Kubernetes.
    replicas: Replicas | None = None  #: How many pods. Default: `1`.
    resources: Resources | None = None  #: Requests and limits of the container. Default: none.
    env: dict[EnvName, EnvValue] = {}  #: Environment variables by name.
    envFrom: tuple[EnvFrom, ...] = ()  #: ConfigMaps and Secrets whose keys become variables.
    #: Files of the container by path, from the repository or written here. A change of one restarts the pods.
    config: dict[MountPath, ConfigFile] = {}
    #: Secrets that are fetched from a store, by name, for `env`, `envFrom` and `volumes` to refer to.
    secrets: dict[Subdomain, ExternalSecret] = {}
    #: How Kubernetes finds out whether a pod works. Default: a connection to the main port.
    health: Health | None = None
    #: What is mounted, by path. `/tmp` is there anyway; the rest of the file system is read-only.
    volumes: dict[MountPath, Volume] = {}
    strategy: Strategy | None = None  #: How pods are replaced. Default: they roll, never fewer than asked for.
    shutdown: Shutdown | None = None  #: How pods stop.
    pod: Pod | None = None  #: Fields of the pod as Kubernetes has them.


class Version(WorkloadFields):
    """One version of a service: its share of the traffic in percent, and what differs from the service."""

    later: ClassVar[frozenset[str]] = words("selector proxy")

    #: Share of the requests that no route takes. One version may leave it out and gets the rest of 100.
    weight: Weight | None = None


class ListedPort(Model):
    """Its number, here and in the container, and what is spoken there."""

    port: Port | None = None  #: The port that callers use.
    targetPort: Port | None = None  #: The port that the container listens on. Default: the same number.
    #: What is spoken there. Default: the beginning of the port's name, before the first `-`.
    protocol: Protocol | None = None


class PortSpec(ListedPort, PortPolicy):
    """A port of this service. What it says of how callers connect is laid over what the service says."""

    later: ClassVar[frozenset[str]] = words("appProtocol nodePort")


class ServiceAccountSpec(Model):
    """The identity of the service. Named after it unless `name` says otherwise."""

    name: Label | None = None  #: The name of the ServiceAccount. Default: the service's.
    annotations: dict[SelectorKey, Text] = {}  #: Written on the ServiceAccount, for example for a cloud's identities.
