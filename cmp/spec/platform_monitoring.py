"""MeshPlatform's monitoring: how the platform itself is seen to run, and the Prometheus and Grafana that see it."""

from __future__ import annotations

from cmp.spec.types import Bool, Label, LabelKey, LabelValue, Model, ObjectPart, VersionNumber


class Prometheus(Model):
    """How Prometheus finds what is written for it. `true` also installs it, with its operator and Alertmanager.

    It is installed by the chart `kube-prometheus-stack`.
    https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack
    """

    #: Whether it is installed, by an Application of Argo CD; it then finds everything, whatever its labels.
    #: Default: `false`.
    install: Bool | None = None
    #: Labels of every ServiceMonitor, PodMonitor and PrometheusRule, as the selectors of a Prometheus ask for them that
    #: is there already: `{release: prometheus}`.
    labels: dict[LabelKey, LabelValue] = {}
    namespace: Label | None = None  #: Where it is installed. Default: `monitoring`.
    version: VersionNumber | None = None  #: The version of the chart. Default: `81.4.5`.
    values: ObjectPart = None  #: Further values of the chart.


class Grafana(Model):
    """Grafana, as Prometheus' chart brings it along, with a data source for that Prometheus.

    https://github.com/grafana/helm-charts/tree/main/charts/grafana
    """

    install: Bool | None = None  #: Whether it is installed, beside Prometheus. Default: `false`.
    #: The Secret with the keys `admin-user` and `admin-password`, in the namespace of Prometheus. It is not written
    #: here. Default: `grafana-admin`.
    adminSecret: Label | None = None


class ArgoCdMonitoring(Model):
    """Argo CD: its metrics, alerts on what is not in sync, and a dashboard.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/
    """

    enabled: Bool | None = None  #: `false` for none. Default: `true`.
    namespace: Label | None = None  #: The namespace of Argo CD. Default: that of `argocd`, or `argocd`.


class IstioMonitoring(Model):
    """Istio: the metrics of the control plane, of all proxies and gateways; alerts, and dashboards of the mesh.

    https://istio.io/latest/docs/ops/integrations/prometheus/
    """

    enabled: Bool | None = None  #: `false` for none. Default: `true`.


class Monitoring(Model):
    """The monitoring of the platform."""

    prometheus: Prometheus | None = None  #: How Prometheus finds what is written for it, and whether it is installed.
    grafana: Grafana | None = None  #: Grafana, beside a Prometheus that is installed.
    argocd: ArgoCdMonitoring | None = None  #: Watches Argo CD.
    istio: IstioMonitoring | None = None  #: Watches Istio: control plane, proxies and gateways.
