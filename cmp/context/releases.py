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
    "`replicas.cpu` counts the application's container",
    "the whole pod is counted, with its proxy",
    "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics",
)
KUBERNETES = (SIDECARS, SLEEP, CONTAINER_METRICS)
