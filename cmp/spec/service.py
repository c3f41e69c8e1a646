"""MeshService: a workload and everything around it."""

from __future__ import annotations

from typing import ClassVar

from cmp.spec.security import Access, Mtls
from cmp.spec.traffic import Call, Cors, Expose, Retries, Route, TcpRoute, TlsRoute
from cmp.spec.types import Count, Duration, Label, LabelKey, LabelValue, Model, Port, ServiceName, Text, Word, words
from cmp.spec.workload import PortSpec, ServiceAccountSpec, Version, WorkloadFields


class Metadata(Model):
    """Name, and what is written on every object of the service, though not on pods."""

    name: ServiceName
    namespace: Label | None = None
    labels: dict[LabelKey, LabelValue] = {}
    annotations: dict[LabelKey, Text] = {}


class Proxy(Model):
    """Settings of the proxy beside the service (Istio's ProxyConfig). `concurrency` 0 is one thread for each core."""

    later: ClassVar[frozenset[str]] = words(
        "inject resources excludeInboundPorts excludeOutboundPorts image environmentVariables"
    )

    concurrency: Count | None = None


class MeshService(WorkloadFields):
    """A service as its team writes it, after the merge, in long form."""

    later: ClassVar[frozenset[str]] = words(
        "selector external service config secrets workload jobs strategy rbac rollout envFrom "
        "jwt sidecar exportTo metrics telemetry slo dashboard alerts ignore sync patches manifests"
    )

    metadata: Metadata
    platform: Label | None = None
    port: Port | None = None
    ports: dict[Label, PortSpec] = {}
    serviceAccount: ServiceAccountSpec | None = None
    versions: dict[Label, Version] = {}
    routes: tuple[Route, ...] = ()
    tcpRoutes: tuple[TcpRoute, ...] = ()
    tlsRoutes: tuple[TlsRoute, ...] = ()
    timeout: Duration | None = None
    retries: Retries | None = None
    cors: Cors | None = None
    expose: tuple[Expose, ...] = ()
    mtls: Mtls | None = None
    access: tuple[Access, ...] = ()
    calls: tuple[Call, ...] = ()
    proxy: Proxy | None = None
    parameters: tuple[Word, ...] = ()
