"""What runs: the fields of a service that a version may override."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.container import Health
from cmp.spec.policy import PortPolicy, TrafficPolicy
from cmp.spec.runs import RunFields
from cmp.spec.types import (
    Count,
    CountOrPercent,
    Duration,
    Label,
    LabelValue,
    Model,
    Percent,
    Port,
    Positive,
    SelectorKey,
    Text,
    Weight,
    words,
)

#: What a port speaks, in the words of Istio's protocol selection.
Protocol = Literal["http", "http2", "https", "grpc", "grpc-web", "tls", "tcp", "mongo", "redis", "mysql"]


class Replicas(Model):
    """How many pods: a fixed number, or a range that a HorizontalPodAutoscaler keeps by CPU utilization."""

    later: ClassVar[frozenset[str]] = words("memory metrics behavior triggers")

    count: Count | None = None  #: A fixed number of pods.
    min: Positive | None = None  #: The least number of pods of a range. Default: `1`.
    max: Positive | None = None  #: The most pods of a range.
    cpu: Percent | None = None  #: The utilization of the CPU request that the autoscaler keeps. Default: `80%`.


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


class WorkloadFields(TrafficPolicy, RunFields):
    """What runs. A version may change each of these."""

    replicas: Replicas | None = None  #: How many pods. Default: `1`.
    #: How Kubernetes finds out whether a pod works. Default: a connection to the main port.
    health: Health | None = None
    strategy: Strategy | None = None  #: How pods are replaced. Default: they roll, never fewer than asked for.
    shutdown: Shutdown | None = None  #: How pods stop.


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

    later: ClassVar[frozenset[str]] = words("appProtocol nodePort")


class ServiceAccountSpec(Model):
    """The identity of the service. Named after it unless `name` says otherwise."""

    name: Label | None = None  #: The name of the ServiceAccount. Default: the service's.
    annotations: dict[SelectorKey, Text] = {}  #: Written on the ServiceAccount, for example for a cloud's identities.
