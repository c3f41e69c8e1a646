"""How Istio itself is installed: by Applications of Argo CD for its Helm charts."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.types import (
    Bool,
    ChartRepository,
    DnsName,
    Label,
    Model,
    ObjectPart,
    VersionNumber,
    words,
)


class ChartValues(Model):
    """Values of Istio's charts, beside those that are written for what the platform says.

    https://github.com/istio/istio/tree/master/manifests/charts
    """

    base: ObjectPart = None  #: Of the chart `base`: the definitions of Istio's kinds.
    istiod: ObjectPart = None  #: Of the chart `istiod`: the control plane. `meshConfig` is the mesh's configuration.
    cni: ObjectPart = None  #: Of the chart `cni`: what sets up the network of pods on each node.
    ztunnel: ObjectPart = None  #: Of the chart `ztunnel`: the proxy of each node, with `mode: ambient`.
    gateway: ObjectPart = None  #: Of the chart `gateway`, for each gateway of the platform.


class Install(Model):
    """Installs Istio: an Application of Argo CD for each of its charts, one after the other.

    https://istio.io/latest/docs/setup/install/helm/
    """

    enabled: Bool | None = None  #: `false` writes no Applications. Default: `true`.
    #: Where the charts are. Default: `https://istio-release.storage.googleapis.com/charts`.
    repoURL: ChartRepository | None = None
    #: Whether the network of pods is set up on the nodes, so that no pod needs the rights for it. Default: `true`.
    cni: Bool | None = None
    values: ChartValues | None = None  #: Further values of the charts.


class CanaryControlPlane(Model):
    """A second control plane beside the first: the next release, for the namespaces that ask for its revision.

    https://istio.io/latest/docs/setup/upgrade/canary/
    """

    version: VersionNumber  #: Its release, whole: `1.31.0`.
    revision: Label  #: Its revision, by which namespaces ask for it.


class Istio(Model):
    """The mesh to render for."""

    later: ClassVar[frozenset[str]] = words("api")

    version: VersionNumber | None = None  #: The release of Istio to write for. Default: `1.30`.
    kubernetes: VersionNumber | None = None  #: The release of Kubernetes to write for. Default: `1.32`.
    mode: Literal["sidecar", "ambient"] | None = None  #: How the mesh takes traffic. Default: `sidecar`.
    trustDomain: DnsName | None = None  #: The trust domain in identities. Default: `cluster.local`.
    clusterDomain: DnsName | None = None  #: The domain in the names of Services. Default: `cluster.local`.
    namespace: Label | None = None  #: The namespace of the control plane. Default: `istio-system`.
    #: The revision of the control plane, as namespaces ask for it. Default: none, the control plane of all.
    revision: Label | None = None
    canary: CanaryControlPlane | None = None  #: A second control plane, for an upgrade.
    #: Other names of revisions, so that namespaces need not change with each release: revision by name.
    tags: dict[Label, Label] = {}
    install: Install | None = None  #: Installs Istio through Argo CD.
