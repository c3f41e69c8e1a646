"""MeshPlatform: what the services of a mesh share."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.types import (
    Bool,
    Host,
    Label,
    LabelKey,
    LabelValue,
    Model,
    SelectorKey,
    Subdomain,
    Text,
    VersionNumber,
    Workload,
    words,
)
from cmp.spec.workload import ListedPort


class PlatformMetadata(Model):
    """The platform's name, by which a spec may ask for it, and what is written on every object of the platform."""

    name: Label
    labels: dict[LabelKey, LabelValue] = {}
    annotations: dict[LabelKey, Text] = {}


class Istio(Model):
    """The mesh to render for."""

    later: ClassVar[frozenset[str]] = words("install revision api")

    version: VersionNumber | None = None
    kubernetes: VersionNumber | None = None
    mode: Literal["sidecar", "ambient"] | None = None
    trustDomain: Host | None = None
    clusterDomain: Host | None = None


class GatewayTls(Model):
    """The certificate of a gateway's hosts: a Secret of type TLS in the gateway's namespace."""

    later: ClassVar[frozenset[str]] = words("issuer mode minProtocolVersion")

    credentialName: Subdomain | None = None


class Gateway(Model):
    """An ingress gateway: which hosts it serves, and which pods do it."""

    later: ClassVar[frozenset[str]] = words("ports access jwt telemetry mtls")

    hosts: tuple[Host, ...]
    namespace: Label
    selector: dict[SelectorKey, LabelValue] = {}
    serviceAccount: Label | None = None
    tls: GatewayTls | None = None
    httpsRedirect: Bool | None = None


class CatalogEntry(Model):
    """A service of another application: its ports and its identity."""

    ports: dict[Label, ListedPort] = {}
    serviceAccount: Label | None = None


class MeshPlatform(Model):
    """The platform file, in long form. `defaults` is merged below every service before parsing and not kept here."""

    later: ClassVar[frozenset[str]] = words(
        "providers mtls telemetry namespaces networkPolicy argocd monitoring policy access jwt proxy calls "
        "manifests patches"
    )

    metadata: PlatformMetadata
    profile: Literal["1"] | None = None
    istio: Istio | None = None
    gateways: dict[Label, Gateway] = {}
    catalog: dict[Workload, CatalogEntry] = {}
