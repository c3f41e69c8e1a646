"""What a version becomes: the kinds of workloads, and what Kubernetes and Istio ask of each."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import (
    Count,
    CountOrPercent,
    Label,
    LabelKey,
    Model,
    Place,
    Positive,
    Text,
    WorkloadKind,
)


class ClaimRetention(Model):
    """What becomes of the claims of a StatefulSet's pods, and of the data on them.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """

    #: When the StatefulSet is deleted. Default: `Retain`, which leaves them to people.
    whenDeleted: Literal["Retain", "Delete"] | None = None
    #: When a pod goes because there are to be fewer. Default: `Retain`, so that its successor finds the data.
    whenScaled: Literal["Retain", "Delete"] | None = None


class Ordinals(Model):
    """The numbers of a StatefulSet's pods.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index
    """

    start: Positive  #: That of the first pod. Left out: `0`.


class Workload(Model):
    """What each version becomes. Plain text is the kind.

    https://kubernetes.io/docs/concepts/workloads/controllers/ and for machines
    https://istio.io/latest/docs/reference/config/networking/workload-group/
    """

    #: `StatefulSet` gives pods names and volumes that stay, `DaemonSet` every node a pod; `WorkloadGroup` is for
    #: machines, which register as part of it; `None` has only `jobs`. Default: `Deployment`.
    kind: WorkloadKind | None = None
    #: Written on the object that runs the pods; of a WorkloadGroup, on the entry of each machine.
    annotations: dict[LabelKey, Text] = {}
    #: Seconds that a pod has to be ready before it counts as available, and a roll goes on. Default: none.
    minReadySeconds: Positive | None = None
    revisionHistoryLimit: Count | None = None  #: How many old revisions are kept. Default: Kubernetes', `10`.
    #: Seconds without progress after which a Deployment has failed. Default: Kubernetes', `600`.
    progressDeadlineSeconds: Positive | None = None
    #: How a StatefulSet starts and stops its pods: one by one, or all at once. Default: Kubernetes',
    #: `OrderedReady`.
    podManagementPolicy: Literal["OrderedReady", "Parallel"] | None = None
    persistentVolumeClaimRetentionPolicy: ClaimRetention | None = None  #: What becomes of a StatefulSet's claims.
    ordinals: Ordinals | None = None  #: The numbers of a StatefulSet's pods.
    network: Label | None = None  #: The network that the machines are in. Default: what they say themselves.
    locality: Place | None = None  #: Where they are. Default: what they say themselves.
    weight: Positive | None = None  #: The share of each, against that of others. Default: all have the same.


class RollingUpdate(Model):
    """How far a roll may go beyond the number of pods and below it, in pods or in percent.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
    """

    #: Pods beyond the number, which a StatefulSet does not have; of a DaemonSet `1` if left out. Default: `25%`.
    maxSurge: CountOrPercent | None = None
    #: Pods below the number; of a StatefulSet `1` if left out. Default: `0`.
    maxUnavailable: CountOrPercent | None = None
    #: The pods of a StatefulSet with lower numbers keep what they run. Default: Kubernetes', `0`.
    partition: Count | None = None


class Strategy(Model):
    """How pods are replaced by newer ones: `strategy` of a Deployment, `updateStrategy` of the other kinds."""

    #: `Recreate` stops all old pods of a Deployment before it starts new ones; `OnDelete` replaces those of the other
    #: kinds when somebody deletes them. Default: `RollingUpdate`.
    type: Literal["RollingUpdate", "Recreate", "OnDelete"] | None = None
    rollingUpdate: RollingUpdate | None = None  #: How far a roll may go.
