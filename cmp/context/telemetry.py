"""What is measured of a service, and who gets it: what the platform says for mesh and namespace, and the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cmp.spec.egress import ExtensionProvider
    from cmp.spec.platform import MeshPlatform
    from cmp.spec.service import MeshService
    from cmp.spec.telemetry import AccessLogging, Metrics, MetricsOverride, Telemetry, Tracing

#: The blocks of a Telemetry, with the providers that every mesh has for each
#: (istio pkg/config/mesh/mesh.go, DefaultMeshConfig).
BUILT_IN = {
    "tracing": ("stackdriver",),
    "accessLogging": ("envoy", "stackdriver"),
    "metrics": ("prometheus", "stackdriver"),
}
#: Of those the one that is meant where nobody names any.
USUAL = {"accessLogging": ("envoy",), "metrics": ("prometheus",)}
#: The kinds of providers of the platform that take what a block gives.
TAKERS = {
    "tracing": ("zipkin", "datadog", "skywalking", "opentelemetry"),
    "accessLogging": ("envoyHttpAls", "envoyTcpAls", "envoyOtelAls"),
    "metrics": (),
}

#: The labels of Istio's metrics (https://istio.io/latest/docs/reference/config/metrics/#labels).
LABELS = (
    "reporter",
    *(
        f"{side}_{label}"
        for side in ("source", "destination")
        for label in (
            *("workload", "workload_namespace", "principal", "app", "version", "cluster"),
            *("canonical_service", "canonical_revision"),
        )
    ),
    *("destination_service", "destination_service_name", "destination_service_namespace"),
    *("request_protocol", "response_code", "response_flags", "connection_security_policy", "grpc_response_status"),
)

Path = tuple[str | int, ...]


class Level(NamedTuple):
    """What is said of the telemetry of some pods, and where: in the service, or in the platform."""

    spec: Telemetry
    path: Path
    of_service: bool


class Observed(NamedTuple):
    """What is known of a service's metrics.

    Attributes:
        sinks: who gets what the service says of a block without naming providers.
        lost: the labels of a metric that are removed or replaced, by the name that Istio's API has for the metric.
        off: the metrics that the pods do not give to Prometheus.
        labels: by which Prometheus finds what is written for it.
    """

    sinks: Mapping[str, tuple[str, ...]] = {}
    lost: Mapping[str, frozenset[str]] = {}
    off: frozenset[str] = frozenset()
    labels: Mapping[str, str] = {}


#: The metrics that rules and dashboards ask for.
ASKED = ("REQUEST_COUNT", "REQUEST_DURATION", "TCP_OPENED_CONNECTIONS", "TCP_SENT_BYTES", "TCP_RECEIVED_BYTES")


def observed(spec: MeshService, namespace: str, platform: MeshPlatform | None) -> Observed:
    """What is known of the metrics of a service."""
    prometheus = platform.monitoring.prometheus if platform is not None and platform.monitoring is not None else None
    found = tuple(levels(spec, namespace, platform))
    return Observed(
        sinks(platform, namespace),
        {metric: frozenset(changed(found, metric)) for metric in ASKED} if found else {},
        frozenset(metric for metric in ASKED if not measured(found, metric)) if found else frozenset(),
        prometheus.labels if prometheus is not None else {},
    )


def around(platform: MeshPlatform | None, namespace: str | None) -> Iterator[Level]:
    """What the platform says of the mesh, and of a namespace."""
    if platform is None:
        return
    if platform.telemetry is not None:
        yield Level(platform.telemetry, ("telemetry",), False)
    of_namespace = platform.namespaces.get(namespace) if namespace is not None else None
    if of_namespace is not None and of_namespace.telemetry is not None:
        yield Level(of_namespace.telemetry, ("namespaces", str(namespace), "telemetry"), False)


def levels(spec: MeshService, namespace: str, platform: MeshPlatform | None) -> Iterator[Level]:
    """What holds for the pods of a service, in the order in which Istio lays it over each other."""
    yield from around(platform, namespace)
    if spec.telemetry is not None:
        yield Level(spec.telemetry, ("telemetry",), True)


def sinks(platform: MeshPlatform | None, namespace: str | None) -> dict[str, tuple[str, ...]]:
    """Who gets what is said of a block without providers, by block: whoever gets it around.

    They are always written: Istio forgets the filter of an entry that names nobody, and has no access log by itself
    (istio pilot/pkg/model/telemetry.go, mergeLogs). Of traces the mesh may have a default that only it knows.
    """
    found: dict[str, tuple[str, ...]] = dict(USUAL)
    tracers = (
        [name for name, one in platform.providers.items() if takes(one, "tracing")] if platform is not None else []
    )
    if len(tracers) == 1:
        found["tracing"] = (tracers[0],)
    for level in around(platform, namespace):
        for block in BUILT_IN:
            named = dict.fromkeys(name for _, item in items(level.spec, block) for name in item.providers)
            if named:
                found[block] = tuple(named)
    return found


def items(spec: Telemetry, block: str) -> list[tuple[Path, Tracing | AccessLogging | Metrics]]:
    """What a Telemetry says in a block, each with its path below the Telemetry."""
    found = getattr(spec, block)
    if block == "tracing":
        return [((block,), found)] if found is not None else []
    return [((block, index), item) for index, item in enumerate(found)]


def takes(provider: ExtensionProvider, block: str) -> bool:
    """Whether a provider is of a kind that takes what a block gives."""
    return any(getattr(provider, kind) is not None for kind in TAKERS[block])


def overrides(levels: Iterable[Level], metric: str) -> Iterator[tuple[MetricsOverride | str, Path]]:
    """What is said of a metric of the pods, in order: overrides, and labels that are removed from all metrics.

    What a service says of its own calls (``CLIENT``) is not about what it is asked.
    """
    for level in levels:
        for index, item in enumerate(level.spec.metrics):
            path = (*level.path, "metrics", index)
            yield from ((name, (*path, "remove", at)) for at, name in enumerate(item.remove))
            for at, one in enumerate(item.overrides):
                match = one.match
                if match is not None and match.mode == "CLIENT" and level.of_service:
                    continue
                if match is None or (match.customMetric is None and match.metric in (None, "ALL_METRICS", metric)):
                    yield one, (*path, "overrides", at)


def changed(levels: Iterable[Level], metric: str) -> dict[str, Path]:
    """The labels of a metric that are not as Istio has them, each with the place that removes or replaces it."""
    found: dict[str, Path] = {}
    for one, path in overrides(levels, metric):
        if isinstance(one, str):
            found[one] = path
        else:
            found.update({name: (*path, "tagOverrides", name) for name in one.tagOverrides})
    return found


def measured(levels: Iterable[Level], metric: str) -> bool:
    """Whether Prometheus gets a metric: it is among the providers that are named last, and nobody turned it off."""
    levels = tuple(levels)
    named = [item.providers for level in levels for item in level.spec.metrics if item.providers]
    if named and "prometheus" not in named[-1]:
        return False
    on = True
    for one, _ in overrides(levels, metric):
        if not isinstance(one, str) and one.disabled is not None:
            on = not one.disabled
    return on
