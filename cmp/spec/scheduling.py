"""On which nodes pods run: fields of Kubernetes as they are.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import (
    Affection,
    Count,
    Label,
    LabelValue,
    Model,
    Positive,
    SelectorKey,
    Text,
    Word,
)


class Toleration(Model):
    """A taint of nodes that does not keep the pods away.

    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """

    key: SelectorKey | None = None  #: The key of the taint. Default: all, with `Exists`.
    operator: Literal["Equal", "Exists"] | None = None  #: How the value is compared. Default: Kubernetes', `Equal`.
    value: LabelValue | None = None  #: The value of the taint.
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None  #: Its effect. Default: all.
    tolerationSeconds: Count | None = None  #: How long a pod stays, for `NoExecute`. Default: for ever.


class LabelRequirement(Model):
    """A condition on a label."""

    key: SelectorKey  #: The label.
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]  #: How it is compared.
    values: tuple[LabelValue, ...] = ()  #: The values of `In` and `NotIn`.


class LabelSelector(Model):
    """Objects by their labels; all conditions hold."""

    matchLabels: dict[SelectorKey, LabelValue] = {}  #: Labels and their values.
    matchExpressions: tuple[LabelRequirement, ...] = ()  #: Other conditions.


class NodeRequirement(Model):
    """A condition on a label, or on the name, of a node."""

    key: SelectorKey  #: The label; of `matchFields` `metadata.name`.
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]  #: How it is compared.
    values: tuple[LabelValue, ...] = ()  #: What it is compared with.


class NodeTerm(Model):
    """Nodes by conditions that all hold."""

    matchExpressions: tuple[NodeRequirement, ...] = ()  #: Conditions on labels.
    matchFields: tuple[NodeRequirement, ...] = ()  #: Conditions on the name.


class PreferredNodes(Model):
    """Nodes that are preferred."""

    weight: Affection  #: How much, from 1 to 100.
    preference: NodeTerm  #: Which.


class NodeSelector(Model):
    """Nodes that fit one of several terms."""

    nodeSelectorTerms: tuple[NodeTerm, ...]  #: The terms.


class NodeAffinity(Model):
    """Nodes that pods have to run on, and those that they prefer."""

    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector | None = None  #: Nodes that are needed.
    #: Nodes that are preferred.
    preferredDuringSchedulingIgnoredDuringExecution: tuple[PreferredNodes, ...] = ()


class PodTerm(Model):
    """Places where certain pods run."""

    topologyKey: SelectorKey  #: The label of nodes that tells places apart.
    labelSelector: LabelSelector | None = None  #: Which pods.
    namespaces: tuple[Label, ...] = ()  #: Their namespaces. Default: the service's.
    namespaceSelector: LabelSelector | None = None  #: Their namespaces, by labels.


class PreferredPods(Model):
    """Places that are preferred."""

    weight: Affection  #: How much, from 1 to 100.
    podAffinityTerm: PodTerm  #: Which.


class PodAffinity(Model):
    """Pods that have to be, or should be, in the same place, or, of `podAntiAffinity`, in another."""

    requiredDuringSchedulingIgnoredDuringExecution: tuple[PodTerm, ...] = ()  #: What has to be.
    preferredDuringSchedulingIgnoredDuringExecution: tuple[PreferredPods, ...] = ()  #: What should be.


class Affinity(Model):
    """Nodes and pods that attract the pods or keep them away.

    https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity
    """

    nodeAffinity: NodeAffinity | None = None  #: Nodes that attract.
    podAffinity: PodAffinity | None = None  #: Pods that attract.
    podAntiAffinity: PodAffinity | None = None  #: Pods that keep away.


class SpreadConstraint(Model):
    """How evenly pods are spread.

    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """

    topologyKey: SelectorKey  #: The label of nodes that tells places apart.
    maxSkew: Positive | None = None  #: By how many pods two places may differ. Default: `1`.
    #: What happens to a pod that cannot be spread. Default: `ScheduleAnyway`.
    whenUnsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] | None = None
    labelSelector: LabelSelector | None = None  #: Which pods count. Default: those of the version.
    minDomains: Positive | None = None  #: The least number of places, for `DoNotSchedule`.


class DnsConfig(Model):
    """How names are resolved.

    https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-dns-config
    """

    nameservers: tuple[Word, ...] = ()  #: Addresses of servers.
    searches: tuple[Word, ...] = ()  #: Domains that short names are completed with.
    options: dict[Word, Text] = {}  #: Options of the resolver, by name: `{ndots: "2", edns0: ""}`.
