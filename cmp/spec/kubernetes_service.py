"""What the Service says beside its ports."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import AffinitySeconds, Bool, Cidr, LabelKey, Model, QualifiedName, Text


class ClientIp(Model):
    """How long a client's connections go to the same pod."""

    timeoutSeconds: AffinitySeconds  #: Seconds since the last one.


class SessionAffinityConfig(Model):
    """The rest of `sessionAffinity`."""

    clientIP: ClientIp  #: How long it lasts.


class ServiceSpec(Model):
    """The rest of the Service. Plain text is the type.

    The proxies of the mesh take addresses and ports from a Service and choose pods by themselves; what else it says is
    for those without a proxy, and for load balancers.
    https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec
    """

    #: Who reaches it from outside of the cluster: nobody, those who ask a node, or those who ask a load balancer.
    #: They bring no mutual TLS. Default: Kubernetes', `ClusterIP`.
    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] | None = None
    #: Whether names lead to the pods themselves (`clusterIP: None`). Callers then choose the pod, and not their
    #: proxies. Default: `true` for a StatefulSet. The cluster does not change it later.
    headless: Bool | None = None
    annotations: dict[LabelKey, Text] = {}  #: Written on the Service.
    #: Whether names also lead to pods that are not ready, for peers that look for each other. Default: `false`.
    publishNotReadyAddresses: Bool | None = None
    #: Which pods get what comes from outside: all, or those of the node, which keeps the client's address. Default:
    #: Kubernetes', `Cluster`.
    externalTrafficPolicy: Literal["Cluster", "Local"] | None = None
    #: Which pods get what comes from inside: all, or those of the caller's node, and of no other if there is none.
    #: Proxies keep to it. Default: Kubernetes', `Cluster`.
    internalTrafficPolicy: Literal["Cluster", "Local"] | None = None
    #: Which pods are preferred, if they are ready. Proxies keep to it. Default: none.
    trafficDistribution: Literal["PreferClose", "PreferSameZone", "PreferSameNode"] | None = None
    #: Whether what a client sends from outside goes to the same pod. In the mesh `loadBalancer` says so.
    sessionAffinity: Literal["None", "ClientIP"] | None = None
    sessionAffinityConfig: SessionAffinityConfig | None = None  #: How long it lasts. Default: Kubernetes', 3 hours.
    loadBalancerClass: QualifiedName | None = (
        None  #: Who makes the load balancer. The cluster does not change it later.
    )
    loadBalancerSourceRanges: tuple[Cidr, ...] = ()  #: Whom the load balancer lets in. Default: all.
    #: Whether a load balancer gets a port of all nodes. Default: Kubernetes', `true`.
    allocateLoadBalancerNodePorts: Bool | None = None
    #: Whether it has addresses of both families. Default: Kubernetes', `SingleStack`.
    ipFamilyPolicy: Literal["SingleStack", "PreferDualStack", "RequireDualStack"] | None = None
    ipFamilies: tuple[Literal["IPv4", "IPv6"], ...] = ()  #: The families, the first one first. Default: the cluster's.
