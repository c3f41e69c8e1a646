"""MeshPlatform: what the services of a mesh share."""

from __future__ import annotations

from typing import ClassVar

from cmp.spec.argocd import ArgoCd
from cmp.spec.egress import ExtensionProvider, SharedCall
from cmp.spec.gateway import GatewayPort, PlatformTls
from cmp.spec.guard import GuardRail
from cmp.spec.installation import Istio
from cmp.spec.namespace import Namespace
from cmp.spec.patch import ManifestFiles, Patch
from cmp.spec.platform_monitoring import Monitoring
from cmp.spec.security import Access, Jwt, WideMtls
from cmp.spec.telemetry import Telemetry
from cmp.spec.types import (
    Bool,
    GatewayHost,
    Label,
    LabelKey,
    LabelValue,
    Model,
    ObjectPart,
    ProfileName,
    SelectorKey,
    Text,
    Workload,
    words,
)
from cmp.spec.workload import ListedPort


class PlatformMetadata(Model):
    """The platform's name, by which a spec may ask for it, and what is written on every object of the platform."""

    name: Label  #: The name by which a spec can ask for this platform.
    labels: dict[LabelKey, LabelValue] = {}  #: Written on every object of the platform.
    annotations: dict[LabelKey, Text] = {}  #: Written on every object of the platform.


class Gateway(Model):
    """A gateway: which hosts it serves, which pods do it, and whom these let in. Without hosts an egress gateway."""

    later: ClassVar[frozenset[str]] = words("mtls")

    #: The hosts that it serves; `namespace/host` is for services of that namespace only. Without any it is for calls
    #: that go out.
    hosts: tuple[GatewayHost, ...] = ()
    namespace: Label  #: Where its pods run, and the Gateway is written.
    #: Of an egress gateway the name of its Service, which has the ports 80 and 443. Default: the gateway's name.
    service: Label | None = None
    #: The labels of its pods; beside it `serviceAccount` is required. Default: `istio`, with the gateway's name.
    selector: dict[SelectorKey, LabelValue] = {}
    serviceAccount: Label | None = None  #: The account of its pods, which services admit. Default: the gateway's name.
    tls: PlatformTls | None = None  #: TLS of its hosts on port 443. Default: HTTP on port 80 only.
    httpsRedirect: Bool | None = None  #: Whether HTTP is redirected to HTTPS. Default: `false`.
    #: Further ports by name; the part before the first `-` is the protocol. Default: 80, and 443 with `tls`.
    ports: dict[Label, GatewayPort] = {}
    #: Rules for its pods, by the numbers of their ports. Default: anybody may ask for everything.
    access: tuple[Access, ...] | None = None
    jwt: tuple[Jwt, ...] = ()  #: Whose tokens are believed there. Routes of exposed hosts can match their claims.
    telemetry: Telemetry | None = None  #: What its proxies measure, log and trace.
    #: Whether its pods are installed along with Istio. Default: as Istio is, where it has no `selector`.
    install: Bool | None = None
    values: ObjectPart = None  #: Further values of the chart `gateway`, where its pods are installed.


class CatalogEntry(Model):
    """A service of another application: its ports and its identity."""

    ports: dict[Label, ListedPort] = {}  #: Its ports by name, so that routes can name them.
    serviceAccount: Label | None = None  #: The account of its pods. Default: the name of the service.


class MeshPlatform(Model):
    """What the services of a mesh share, in a file `meshplatform.yaml`."""

    later: ClassVar[frozenset[str]] = words("proxy")

    metadata: PlatformMetadata  #: Name, labels and annotations.
    #: The set of defaults, for what nobody says. A newer one is chosen here, and never by an upgrade. Default: `1`.
    profile: ProfileName | None = None
    istio: Istio | None = None  #: The mesh to write for.
    argocd: ArgoCd | None = None  #: How Argo CD keeps the platform and its services in sync.
    gateways: dict[Label, Gateway] = {}  #: The ingress gateways, by name.
    mtls: WideMtls | None = None  #: Mutual TLS of all pods of the mesh that say nothing themselves.
    #: Rules for all pods of the mesh; `[]` lets nobody in who is not let in elsewhere. Ports are those of pods.
    access: tuple[Access, ...] | None = None
    jwt: tuple[Jwt, ...] = ()  #: Whose tokens are believed in the whole mesh.
    telemetry: Telemetry | None = None  #: What all proxies of the mesh measure, log and trace.
    monitoring: Monitoring | None = None  #: The monitoring of the platform.
    namespaces: dict[Label, Namespace] = {}  #: What holds for whole namespaces, by name.
    #: Services of other applications, by `name.namespace`, where what is known of them is not their name alone.
    catalog: dict[Workload, CatalogEntry] = {}
    #: Writes a NetworkPolicy for each service, which lets through what `access` and `calls` say. Default: `false`.
    networkPolicy: Bool | None = None
    calls: tuple[SharedCall, ...] = ()  #: What all services of the mesh call, besides their own `calls`.
    #: The services that proxies call by themselves, by the name that the mesh's configuration has for them.
    providers: dict[Label, ExtensionProvider] = {}
    patches: tuple[Patch, ...] = ()  #: Changes of the objects of the platform itself, one after the other.
    manifests: tuple[ManifestFiles, ...] = ()  #: Objects from files of the repository, written beside its own.
    #: Guard-rails for the services. Those of a file mounted in the plugin hold besides those of the repository.
    policy: tuple[GuardRail, ...] = ()
