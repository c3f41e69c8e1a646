"""Fields of the pod as Kubernetes has them."""

from __future__ import annotations

from typing import Literal

from cmp.spec.container import Container, InitContainer, SeccompProfile, SeLinuxOptions
from cmp.spec.scheduling import Affinity, DnsConfig, SpreadConstraint, Toleration
from cmp.spec.types import (
    Bool,
    Count,
    DnsName,
    IpAddress,
    Label,
    LabelValue,
    Model,
    PodAnnotationKey,
    PodLabelKey,
    Positive,
    SelectorKey,
    Subdomain,
    Text,
    Word,
)


class PodSecurityContext(Model):
    """As whom the pod's processes run. What the restricted standard asks for is set anyway.

    https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """

    #: The user of the processes. Default: the image's, which must be a number other than 0.
    runAsUser: Count | None = None
    runAsGroup: Positive | None = None  #: Their group.
    runAsNonRoot: Bool | None = None  #: Whether root is refused. Default: `true`.
    supplementalGroups: tuple[Positive, ...] = ()  #: More groups of the processes.
    fsGroup: Positive | None = None  #: The group that owns the volumes.
    #: When the owner of a volume's files is changed.
    fsGroupChangePolicy: Literal["Always", "OnRootMismatch"] | None = None
    seccompProfile: SeccompProfile | None = (
        None  #: Which calls of the kernel are allowed. Default: the runtime's choice.
    )
    seLinuxOptions: SeLinuxOptions | None = None  #: The SELinux label.
    sysctls: dict[Word, Word] = {}  #: Parameters of the kernel for the pod, by name.


class Pod(Model):
    """Fields of the pod as Kubernetes has them. Secrets of registries stand with the image: `image.pullSecrets`.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec
    """

    labels: dict[PodLabelKey, LabelValue] = {}  #: Written on the pods; selectors do not know them.
    annotations: dict[PodAnnotationKey, Text] = {}  #: Written on the pods.
    securityContext: PodSecurityContext | None = None  #: As whom the processes run.
    #: Containers beside the service's own, by name; under its own name, more about that one.
    containers: dict[Label, Container] = {}
    initContainers: tuple[InitContainer, ...] = ()  #: Containers that run before the others, in this order.
    nodeSelector: dict[SelectorKey, LabelValue] = {}  #: Labels that a node needs.
    tolerations: tuple[Toleration, ...] = ()  #: Taints of nodes that do not keep the pods away.
    affinity: Affinity | None = None  #: Nodes and pods that attract the pods or keep them away.
    #: How pods are spread, in place of the spread over zones and nodes.
    topologySpreadConstraints: tuple[SpreadConstraint, ...] | None = None
    priorityClassName: Subdomain | None = None  #: Who goes first where there is too little room.
    runtimeClassName: Subdomain | None = None  #: What runs the containers.
    dnsPolicy: Literal["ClusterFirst", "Default", "None"] | None = (
        None  #: Who resolves names. Default: Kubernetes', `ClusterFirst`.
    )
    dnsConfig: DnsConfig | None = None  #: How names are resolved.
    hostAliases: dict[IpAddress, tuple[DnsName, ...]] = {}  #: Names in /etc/hosts, by address.
