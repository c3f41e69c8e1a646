"""How many pods, by what they are counted, and how many of them may be missing."""

from __future__ import annotations

from typing import Literal

from cmp.spec.scheduling import LabelSelector
from cmp.spec.types import (
    ApiVersion,
    Bool,
    Count,
    CountOrPercent,
    CpuTarget,
    KeyReference,
    KindName,
    Label,
    MemoryTarget,
    MetricName,
    MetricValue,
    Model,
    Period,
    Positive,
    Seconds,
    Subdomain,
    Text,
    Tolerance,
    Utilization,
    Window,
    Word,
)


class MetricTarget(Model):
    """What the autoscaler keeps a metric at. The fields stand for the target's type in Kubernetes."""

    value: MetricValue | None = None  #: The metric itself, however many pods there are. For `object` and `external`.
    averageValue: MetricValue | None = None  #: Its share of each pod.
    #: The share of the request in percent. For `resource` and `containerResource`.
    averageUtilization: Utilization | None = None


class Metric(Model):
    """A metric by its name, and by labels where one name is not enough."""

    name: MetricName  #: Its name.
    selector: LabelSelector | None = None  #: Labels of the series that are meant.


class ResourceMetric(Model):
    """The CPU or memory of the pods, with their proxies."""

    name: Literal["cpu", "memory"]  #: Which.
    target: MetricTarget  #: `averageUtilization` or `averageValue`.


class ContainerMetric(ResourceMetric):
    """The CPU or memory of one container in all pods."""

    container: Label  #: Its name.


class PodsMetric(Model):
    """A metric that every pod has, of which the average counts."""

    metric: Metric  #: Which.
    target: MetricTarget  #: `averageValue`.


class DescribedObject(Model):
    """An object of the namespace that a metric is about."""

    apiVersion: ApiVersion | None = None  #: Its group and version.
    kind: KindName  #: Its kind.
    name: Subdomain  #: Its name.


class ObjectMetric(Model):
    """A metric of one object, such as the requests of an Ingress."""

    describedObject: DescribedObject  #: The object.
    metric: Metric  #: Which.
    target: MetricTarget  #: `value` or `averageValue`.


class ExternalMetric(Model):
    """A metric from outside the cluster, such as the length of a queue."""

    metric: Metric  #: Which.
    target: MetricTarget  #: `value` or `averageValue`.


class ScalingMetric(Model):
    """A metric of a HorizontalPodAutoscaler. Of several, the one that asks for the most pods counts.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
    """

    resource: ResourceMetric | None = None  #: The CPU or memory of the pods.
    containerResource: ContainerMetric | None = None  #: The CPU or memory of one container.
    pods: PodsMetric | None = None  #: A metric of every pod.
    object: ObjectMetric | None = None  #: A metric of one object.
    external: ExternalMetric | None = None  #: A metric from outside the cluster.


class ScalingPolicy(Model):
    """How much may change in how much time."""

    type: Literal["Pods", "Percent"]  #: What `value` counts.
    value: Positive  #: Pods, or percent of those that there are.
    periodSeconds: Period  #: The time in which that many may come or go, in seconds.


class ScalingRules(Model):
    """How fast the number moves in one direction."""

    policies: tuple[ScalingPolicy, ...] | None = None  #: What may change in how much time. Default: Kubernetes'.
    #: Which of several policies counts; `Disabled` moves nothing in this direction. Default: Kubernetes', `Max`.
    selectPolicy: Literal["Max", "Min", "Disabled"] | None = None
    #: The seconds over which the most cautious number counts. Default: 0 up, Kubernetes' (300) down.
    stabilizationWindowSeconds: Window | None = None
    #: How far off its target a metric may be before anything moves, as a part of it. Default: the cluster's, `0.1`.
    tolerance: Tolerance | None = None


class ScalingBehavior(Model):
    """How fast the number of pods moves.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
    """

    scaleUp: ScalingRules | None = None  #: Up.
    scaleDown: ScalingRules | None = None  #: Down.


class PodIdentity(Model):
    """The identity at a cloud with which KEDA asks.

    https://keda.sh/docs/latest/concepts/authentication/#pod-authentication-providers
    """

    provider: Literal["azure-workload", "aws", "aws-eks", "gcp"]  #: Whose.
    identityId: Word | None = None  #: The identity, at Azure.
    roleArn: Word | None = None  #: The role that is taken on, at AWS.
    identityOwner: Literal["keda", "workload"] | None = None  #: Whose role it is, at AWS. Default: KEDA's.


class TriggerAuthentication(Model):
    """With what KEDA asks a source: parameters of the trigger from Secrets, or an identity at a cloud.

    https://keda.sh/docs/latest/concepts/authentication/
    """

    secretTargetRef: dict[Word, KeyReference] = {}  #: Keys of Secrets, by the trigger's parameter.
    podIdentity: PodIdentity | None = None  #: The identity at a cloud.


class AuthenticationRef(Model):
    """A TriggerAuthentication that somebody else writes."""

    name: Subdomain  #: Its name.
    #: `ClusterTriggerAuthentication` is one for all namespaces. Default: KEDA's, `TriggerAuthentication`.
    kind: Literal["TriggerAuthentication", "ClusterTriggerAuthentication"] | None = None


class Trigger(Model):
    """A source of events by which KEDA scales. CPU and memory stand beside: `cpu`, `memory`.

    https://keda.sh/docs/latest/scalers/
    """

    type: Label  #: The kind of source (`kafka`, `cron`, `prometheus`).
    #: A name that no other trigger has. One with `authentication` needs it where its type is there twice.
    name: Label | None = None
    metadata: dict[Word, Text] = {}  #: What the kind of source asks for. `..FromEnv` names a variable of the container.
    authenticationRef: AuthenticationRef | None = None  #: The TriggerAuthentication that it uses.
    authentication: TriggerAuthentication | None = None  #: What to write one of, in its place.
    #: Whether the value is each pod's share or all of it. Default: KEDA's, `AverageValue`.
    metricType: Literal["AverageValue", "Value"] | None = None
    #: Asks the source once per `pollingInterval`, not at every question of the autoscaler. Default: `false`.
    useCachedMetrics: Bool | None = None


class Fallback(Model):
    """How many pods while a source does not answer.

    https://keda.sh/docs/latest/reference/scaledobject-spec/#fallback
    """

    failureThreshold: Count  #: The failures in a row that count.
    replicas: Count  #: The number of pods then.
    #: Whether that number counts beside the current one; with `static` it always does. Default: KEDA's, `static`.
    behavior: Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"] | None = None


class Replicas(Model):
    """How many pods: a fixed number, or a range in which an autoscaler keeps to CPU, memory, metrics or triggers.

    A HorizontalPodAutoscaler, or with `triggers` a ScaledObject of KEDA, which is given CPU and memory too.
    https://keda.sh/docs/latest/reference/scaledobject-spec/
    """

    count: Count | None = None  #: A fixed number of pods.
    #: The least number of pods of a range. `0` needs a measure that is there without pods: a trigger, or from
    #: Kubernetes 1.37 on a metric of an object or from outside. Default: `1`.
    min: Count | None = None
    max: Positive | None = None  #: The most pods of a range.
    #: The share of the CPU request that the container uses, or how much CPU. Without another measure, it is there
    #: anyway. Default: `80%`.
    cpu: CpuTarget | None = None
    memory: MemoryTarget | None = None  #: The share of the memory request that the container uses, or how much memory.
    metrics: tuple[ScalingMetric, ...] = ()  #: Other metrics of a HorizontalPodAutoscaler.
    behavior: ScalingBehavior | None = None  #: How fast the number moves.
    triggers: tuple[Trigger, ...] = ()  #: Sources of events by which KEDA scales.
    pollingInterval: Seconds | None = None  #: The time between two looks at the triggers. Default: KEDA's, 30s.
    #: The time without an event before the last pod goes. Default: KEDA's, 300s.
    cooldownPeriod: Seconds | None = None
    initialCooldownPeriod: Seconds | None = None  #: The time before that counts at first. Default: none.
    #: `0` is the number of pods without an event; with one there are at least `min`.
    idleReplicaCount: Count | None = None
    fallback: Fallback | None = None  #: How many pods while a source does not answer.


class DisruptionBudget(Model):
    """How many pods a drain of nodes may take at once.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """

    maxUnavailable: CountOrPercent | None = None  #: Pods that may be missing. Default: `1`.
    minAvailable: CountOrPercent | None = None  #: Pods that have to be there, in its place.
    #: Whether pods that are not Ready may go at any time, and never hold up a drain. Default: `AlwaysAllow`.
    unhealthyPodEvictionPolicy: Literal["AlwaysAllow", "IfHealthyBudget"] | None = None
