"""MeshService: a workload and everything around it."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.container import Resources
from cmp.spec.egress import Call, SidecarSpec
from cmp.spec.jobs import Job
from cmp.spec.kinds import Workload
from cmp.spec.kubernetes_service import ServiceSpec
from cmp.spec.monitoring import Alert, AppMetrics, Dashboard, Slo
from cmp.spec.outside import External
from cmp.spec.patch import ManifestFiles, Patch, SyncSpec
from cmp.spec.security import Access, Jwt, Mtls, RbacRule
from cmp.spec.streams import TcpRoute, TlsRoute
from cmp.spec.telemetry import Telemetry
from cmp.spec.traffic import Cors, Expose, Retries, Route
from cmp.spec.types import (
    AlertName,
    Bool,
    Count,
    Duration,
    EnvName,
    Label,
    LabelKey,
    LabelValue,
    Model,
    Port,
    PortNumber,
    SelectorKey,
    ServiceName,
    Text,
    Visibility,
    Word,
    words,
)
from cmp.spec.workload import PortSpec, ServiceAccountSpec, Version, WorkloadFields


class Metadata(Model):
    """Name, and what is written on every object of the service, though not on pods."""

    #: The name of the Service, and the beginning of all other names. In a MeshApp it is the key of `services`.
    name: ServiceName
    #: Where the objects are written. Default: `--namespace`, else the namespace of Argo CD's destination.
    namespace: Label | None = None
    labels: dict[LabelKey, LabelValue] = {}  #: Written on every object, though not on pods.
    annotations: dict[LabelKey, Text] = {}  #: Written on every object, though not on pods.


class ProxyImage(Model):
    """The kind of the proxy's image: `default`, `debug` or `distroless`."""

    imageType: Literal["default", "debug", "distroless"]  #: The kind.


class Proxy(Model):
    """Settings of the proxy beside the service.

    https://istio.io/latest/docs/reference/config/networking/proxy-config/
    """

    later: ClassVar[frozenset[str]] = words("inject")

    #: Threads; 0 is one for each core. Default: Istio's, by the CPU that the proxy may use.
    concurrency: Count | None = None
    image: ProxyImage | None = None  #: The kind of image that the proxy runs.
    environmentVariables: dict[EnvName, Text] = {}  #: Variables of the proxy, not of the service.
    resources: Resources | None = None  #: Requests and limits of the proxy's container. Default: the mesh's.
    #: Ports that the proxy does not see when others connect to them, each with the reason. No policy holds there.
    excludeInboundPorts: dict[PortNumber, Word] = {}
    #: Ports of others that the proxy does not see, each with the reason. No policy holds there.
    excludeOutboundPorts: dict[PortNumber, Word] = {}
    #: Starts the service's container when the proxy is ready. Native sidecars do so anyway.
    holdApplicationUntilProxyStarts: Bool | None = None
    #: Runs the proxy as a sidecar of Kubernetes (1.29), which starts before the service and ends after it.
    nativeSidecar: Bool | None = None


class MeshService(WorkloadFields):
    """A service: what runs, how it is reached, and who may talk to whom."""

    later: ClassVar[frozenset[str]] = words("rollout")

    metadata: Metadata  #: Name, namespace, labels and annotations.
    platform: Label | None = None  #: The name of the MeshPlatform without which nothing is rendered.
    #: The labels of pods that are there already, behind a Service with the name of this one.
    selector: dict[SelectorKey, LabelValue] = {}
    external: External | None = None  #: Hosts that run elsewhere.
    workload: Workload | None = None  #: What a version becomes. Default: a Deployment.
    service: ServiceSpec | None = None  #: The rest of the Service: how it is published and balanced by the cluster.
    jobs: dict[Label, Job] = {}  #: What runs to its end, by name: beside the service, or with `workload: None` alone.
    port: Port | None = None  #: Short for `ports: {http: ..}`.
    #: The ports of the Service, by name. Without any the service is a worker: no Service and no routes.
    ports: dict[Label, PortSpec] = {}
    serviceAccount: ServiceAccountSpec | None = None  #: The identity of the pods.
    #: What the pods may ask of the API server. With it they have a token, and may call the server.
    rbac: tuple[RbacRule, ...] = ()
    versions: dict[Label, Version] = {}  #: The versions of the service, each with pods of its own. Default: `{v1: {}}`.
    #: Rules for requests, tried in the order written. What none takes goes to the versions by their weights.
    routes: tuple[Route, ...] = ()
    tcpRoutes: tuple[TcpRoute, ...] = ()  #: Rules for connections of TCP ports; below them the versions' weights.
    #: Rules for connections of ports that speak TLS themselves, by server name. Others are refused there.
    tlsRoutes: tuple[TlsRoute, ...] = ()
    #: How long a request may take: for routes and exposed hosts that say nothing else. Default: no limit.
    timeout: Duration | None = None
    #: How failed tries are repeated: for routes and exposed hosts that say nothing else.
    retries: Retries | None = None
    #: Which pages of other origins may call: for routes and exposed hosts that say nothing else.
    cors: Cors | None = None
    #: The hosts on which gateways of the platform publish the service. The gateways are admitted.
    expose: tuple[Expose, ...] = ()
    mtls: Mtls | None = None  #: Mutual TLS of what comes in. Default: `STRICT`.
    #: Who may call. Default: nobody but the service itself and the gateways of `expose`.
    access: tuple[Access, ...] = ()
    jwt: tuple[Jwt, ...] = ()  #: Whose tokens are believed, and which requests need one.
    calls: tuple[Call, ...] = ()  #: What the service calls; everything else is refused. Default: nothing.
    sidecar: SidecarSpec | None = None  #: What a Sidecar says beside the hosts of `calls`.
    #: The namespaces that see the service; `.` is its own. Default: those of who may call or publish it.
    exportTo: tuple[Visibility, ...] = ()
    proxy: Proxy | None = None  #: Settings of the proxy beside the service.
    metrics: AppMetrics | None = None  #: Metrics of the application itself; a plain value is their port.
    telemetry: Telemetry | None = None  #: What the proxies of the pods measure, log and trace.
    slo: Slo | None = None  #: Objectives with their alerts; a plain percentage is the availability.
    alerts: dict[AlertName, Alert] = {}  #: Alerts with queries of one's own, by name.
    dashboard: Dashboard | None = None  #: A dashboard of Grafana; `true` for the usual one.
    sync: SyncSpec | None = None  #: When Argo CD applies the objects, where it differs from what meshspec chooses.
    patches: tuple[Patch, ...] = ()  #: Changes of the objects that are written, one after the other.
    manifests: tuple[ManifestFiles, ...] = ()  #: Objects from files of the repository, written beside those of ours.
    ignore: dict[Word, Word] = {}  #: Warnings that are not said, by code, each with the reason.
    #: The paths of this spec that `--set`, and Argo CD's parameter `set`, may change.
    parameters: tuple[Word, ...] = ()
