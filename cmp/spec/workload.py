"""What runs: the fields of a service that a version may override."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.container import Health
from cmp.spec.kinds import Strategy
from cmp.spec.policy import PortPolicy, TrafficPolicy
from cmp.spec.runs import RunFields
from cmp.spec.scaling import DisruptionBudget, Replicas
from cmp.spec.types import (
    Duration,
    Label,
    LabelValue,
    Model,
    Port,
    QualifiedName,
    Seconds,
    SelectorKey,
    Text,
    Weight,
    words,
)

#: What a port speaks, in the words of Istio's protocol selection.
Protocol = Literal["http", "http2", "https", "grpc", "grpc-web", "tls", "tcp", "mongo", "redis", "mysql"]


class Shutdown(Model):
    """How a pod stops: it leaves the endpoints, serves on for `preStop`, gets the signal, and is killed after `grace`.

    The proxy beside it serves as long as the pod has connections, and at least for `preStop`.
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """

    #: The pause before the signal to stop, while callers hear that the pod goes; `0s` is none, and so is leaving it out
    #: without ports. Other things to do before the signal stand in `pod.containers`. Default: `5s`.
    preStop: Seconds | None = None
    #: Time until the pod is killed, in whole seconds (terminationGracePeriodSeconds). Default: Kubernetes', 30s; with a
    #: `preStop` of more than 5s, 25s more than that.
    grace: Duration | None = None


class WorkloadFields(TrafficPolicy, RunFields):
    """What runs. A version may change each of these."""

    replicas: Replicas | None = None  #: How many pods. Default: `1`.
    #: How Kubernetes finds out whether a pod works. Default: a connection to the main port.
    health: Health | None = None
    #: How pods are replaced. Default: they roll, never fewer than asked for; those of a StatefulSet one by one.
    strategy: Strategy | None = None
    shutdown: Shutdown | None = None  #: How pods stop.
    #: How many pods a drain of nodes may take at once. Default: one, from two pods on.
    podDisruptionBudget: DisruptionBudget | None = None


class Version(WorkloadFields):
    """One version of a service: its share of the traffic in percent, and what differs from the service."""

    later: ClassVar[frozenset[str]] = words("proxy")

    #: Share of the requests that no route takes. One version may leave it out and gets the rest of 100.
    weight: Weight | None = None
    #: The labels of its pods or endpoints, where these are not ours. Default: `version`, with its name.
    selector: dict[SelectorKey, LabelValue] = {}


class ListedPort(Model):
    """Its number, here and in the container, and what is spoken there."""

    port: Port | None = None  #: The port that callers use.
    targetPort: Port | None = None  #: The port that the container listens on. Default: the same number.
    #: What is spoken there. Default: the beginning of the port's name, before the first `-`.
    protocol: Protocol | None = None


class PortSpec(ListedPort, PortPolicy):
    """A port of this service. What it says of how callers connect is laid over what the service says."""

    #: The word for the protocol in the Service, for load balancers and others that read it; Istio has to understand it.
    #: Default: the protocol.
    appProtocol: QualifiedName | None = None
    #: The port of all nodes, where `service.type` opens one. Default: Kubernetes chooses it.
    nodePort: Port | None = None


class ServiceAccountSpec(Model):
    """The identity of the service. Named after it unless `name` says otherwise."""

    name: Label | None = None  #: The name of the ServiceAccount. Default: the service's.
    annotations: dict[SelectorKey, Text] = {}  #: Written on the ServiceAccount, for example for a cloud's identities.
