"""What a container may say: image, variables, resources, probes, and where it leaves the restricted standard."""

from __future__ import annotations

from typing import Literal

from cmp.spec.storage import EnvFrom
from cmp.spec.types import (
    Bool,
    Capability,
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
    Positive,
    ProbePath,
    Registry,
    Repository,
    Subdomain,
    Tag,
    Text,
    Word,
)


class Image(Model):
    """A container image; written as one reference or in parts, so that an overlay can change the tag alone."""

    registry: Registry | None = None  #: Where the image is kept.
    repository: Repository | None = None  #: The name of the image.
    tag: Tag | None = None  #: The tag. It or `digest` has to be there.
    digest: Digest | None = None  #: The digest, which wins over a tag.
    #: When the image is fetched (imagePullPolicy). Default: as in Kubernetes, by the tag.
    pullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = None
    pullSecrets: tuple[Subdomain, ...] = ()  #: Secrets with the registry's credentials.


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


class Handler(Model):
    """What is done when a container has started, or before it is told to stop.

    https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
    """

    exec: tuple[Word, ...] | None = None  #: A command that is run in the container.
    http: ProbePath | None = None  #: A path that is asked for (httpGet).
    port: Word | None = None  #: The port, by name or number, of `http`.
    sleep: Duration | None = None  #: A pause, in whole seconds.


class Lifecycle(Model):
    """What is done at the ends of a container's life."""

    postStart: Handler | None = None  #: Once it has started.
    #: Before it is told to stop. Default for the service's own container: a pause of 5 seconds, if it has ports.
    preStop: Handler | None = None


class Capabilities(Model):
    """Rights of Linux. All are dropped unless `drop` says less."""

    add: tuple[Capability, ...] = ()  #: Rights that the container gets.
    drop: tuple[Capability, ...] = ()  #: Rights that it loses. Default: `ALL`.


class SeccompProfile(Model):
    """Which calls of the kernel are allowed.

    https://kubernetes.io/docs/tutorials/security/seccomp/
    """

    type: Literal["RuntimeDefault", "Unconfined", "Localhost"] | None = None  #: The kind of profile.
    localhostProfile: Word | None = None  #: The file of a `Localhost` profile.


class SeLinuxOptions(Model):
    """The SELinux label."""

    level: Word | None = None  #: Its level.
    role: Word | None = None  #: Its role.
    type: Word | None = None  #: Its type.
    user: Word | None = None  #: Its user.


class ContainerSecurityContext(Model):
    """Where one container leaves the restricted standard, one by one.

    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """

    readOnlyRootFilesystem: Bool | None = None  #: Whether the image's files cannot be changed. Default: `true`.
    allowPrivilegeEscalation: Bool | None = None  #: Whether a process may gain more rights. Default: `false`.
    privileged: Bool | None = None  #: Whether it has the rights of the node. Default: Kubernetes', `false`.
    capabilities: Capabilities | None = None  #: Rights of Linux.
    runAsUser: Count | None = None  #: The user of its processes. Default: the pod's.
    runAsGroup: Count | None = None  #: Their group. Default: the pod's.
    runAsNonRoot: Bool | None = None  #: Whether root is refused. Default: the pod's.
    seccompProfile: SeccompProfile | None = None  #: Which calls of the kernel are allowed. Default: the pod's.
    seLinuxOptions: SeLinuxOptions | None = None  #: The SELinux label. Default: the pod's.


class Mount(Model):
    """A volume of the service, in another container."""

    volume: MountPath | None = None  #: Its path in the service's own container.
    subPath: Word | None = None  #: The part of it that is mounted.
    readOnly: Bool | None = None  #: Whether the container may only read it. Default: `false`.


class ContainerFields(Model):
    """A container beside the service's own. It has a `/tmp` of its own; other volumes are shared with the service's."""

    image: Image | None = None  #: What runs.
    command: tuple[Text, ...] = ()  #: What is run in place of the image's entry point.
    args: tuple[Text, ...] = ()  #: Its arguments, in place of the image's.
    env: dict[EnvName, EnvValue] = {}  #: Environment variables by name.
    envFrom: tuple[EnvFrom, ...] = ()  #: ConfigMaps and Secrets whose keys become variables.
    resources: Resources | None = None  #: Requests and limits.
    #: Volumes and files of the service, by the path where this container has them.
    mounts: dict[MountPath, Mount] = {}
    workingDir: Word | None = None  #: The directory in which it starts. Default: the image's.
    stdin: Bool | None = None  #: Whether its input is kept open. Default: `false`.
    tty: Bool | None = None  #: Whether its input is a terminal. Default: `false`.
    lifecycle: Lifecycle | None = None  #: What is done at the ends of its life.
    securityContext: ContainerSecurityContext | None = None  #: Where it leaves the restricted standard.


class Container(ContainerFields):
    """A container that runs beside the service's own, by name.

    Under the service's own name: what is said of its own container beyond the fields of the service.
    """

    health: Health | None = None  #: How Kubernetes finds out whether it works. Default: not at all.


class InitContainer(ContainerFields):
    """A container that runs to its end before the others start; with `restartPolicy: Always` it stays beside them.

    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
    """

    name: Label | None = None  #: Its name.
    restartPolicy: Literal["Always"] | None = None  #: `Always` starts the next one as soon as this one has started.
