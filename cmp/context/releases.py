"""Releases of Kubernetes from which on something else is written, or something may be.

What Istio's releases know is in ``cmp/checks/gates.py``. The tools make a table of both for docs/spec.md.
"""

from __future__ import annotations

from typing import NamedTuple


class Since(NamedTuple):
    """What came with a release of Kubernetes, what happens before it, and where Kubernetes says so."""

    release: tuple[int, int]
    what: str
    before: str
    source: str


#: Beta, and so there unless it is turned off, like the others here.
SIDECARS = Since(
    (1, 29),
    "`jobs`, `proxy.nativeSidecar`, `restartPolicy` of `pod.initContainers`",
    "it is refused",
    "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
)
SLEEP = Since(
    (1, 30),
    "`preStop: {sleep: ..}` of pods",
    "`sleep` of the image is run",
    "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-implementations",
)
CONTAINER_METRICS = Since(
    (1, 30),
    "`replicas.cpu` and `memory` count the application's container",
    "the whole pod is counted, with its proxy",
    "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics",
)
DISTRIBUTION = Since(
    (1, 31),
    "`service.trafficDistribution`",
    "it is refused",
    "https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution",
)
DISTRIBUTION_SAME = Since(
    (1, 34),
    "`PreferSameZone` and `PreferSameNode` as `service.trafficDistribution`",
    "they are refused",
    "https://www.kubernetes.dev/resources/keps/3015/",
)
UNAVAILABLE_STATEFUL = Since(
    (1, 35),
    "`strategy.rollingUpdate.maxUnavailable` of a StatefulSet",
    "it is refused",
    "https://github.com/kubernetes/enhancements/issues/961",
)
TOLERANCE = Since(
    (1, 35),
    "`tolerance` of `replicas.behavior`",
    "it is refused",
    "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#tolerance",
)
SCALE_TO_ZERO = Since(
    (1, 37),
    "`min: 0` of `replicas` with `metrics`",
    "it is refused; `triggers` of KEDA scale to zero anyway",
    "https://kubernetes.io/blog/2026/09/02/kubernetes-v1-37-hpa-scale-to-zero-beta/",
)
KUBERNETES = (
    SIDECARS,
    SLEEP,
    CONTAINER_METRICS,
    DISTRIBUTION,
    DISTRIBUTION_SAME,
    UNAVAILABLE_STATEFUL,
    TOLERANCE,
    SCALE_TO_ZERO,
)
