"""MeshPlatform's namespaces: the namespace itself, and what holds for all pods in it."""

from __future__ import annotations

from typing import Literal

from cmp.spec.egress import SharedCall
from cmp.spec.security import Access, Jwt, WideMtls
from cmp.spec.telemetry import Telemetry
from cmp.spec.types import Bool, Injection, LabelKey, LabelValue, Model, Quantity, QuotaName, Text

PodSecurity = Literal["privileged", "baseline", "restricted"]


class ContainerLimits(Model):
    """What containers get that say nothing of a resource, and what they may ask for at most.

    https://kubernetes.io/docs/concepts/policy/limit-range/
    """

    default: dict[QuotaName, Quantity] = {}  #: The limit of a container that has none.
    defaultRequest: dict[QuotaName, Quantity] = {}  #: The request of a container that has none.
    max: dict[QuotaName, Quantity] = {}  #: The most that a container may have.
    min: dict[QuotaName, Quantity] = {}  #: The least that a container has to have.


class Namespace(Model):
    """A namespace: with `create` the object itself, and what holds for all pods in it."""

    create: Bool | None = None  #: Whether the Namespace is written. It is never removed. Default: `false`.
    #: Whether pods get a proxy, or the revision or tag of the control plane that they get it from. Default: `true`
    #: with `create`, but for Istio's own namespace.
    inject: Injection | None = None
    labels: dict[LabelKey, LabelValue] = {}  #: Labels of the Namespace.
    annotations: dict[LabelKey, Text] = {}  #: Annotations of the Namespace.
    #: The standard that pods have to meet; `restricted` needs Istio's CNI, as `istio.install` has it. Default: none.
    podSecurity: PodSecurity | None = None
    quota: dict[QuotaName, Quantity] = {}  #: What all pods together may have, and how many objects there may be.
    limits: ContainerLimits | None = None  #: What single containers get and may have.
    #: Whether nothing goes in or out that no NetworkPolicy lets through; pods still find names and Istio. Default: no.
    networkPolicy: Bool | None = None
    mtls: WideMtls | None = None  #: Mutual TLS of pods that say nothing themselves.
    #: Rules for all pods there; `[]` lets nobody in who is not let in elsewhere. Ports are those of pods.
    access: tuple[Access, ...] | None = None
    jwt: tuple[Jwt, ...] = ()  #: Whose tokens are believed there.
    telemetry: Telemetry | None = None  #: What all proxies there measure, log and trace.
    calls: tuple[SharedCall, ...] = ()  #: What all services there call, besides their own `calls`.
