"""What runs where no image of ours does: hosts outside, and their endpoints."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import (
    Address,
    IpBlock,
    Label,
    LabelValue,
    Model,
    OutsideHost,
    Place,
    Port,
    Positive,
    SelectorKey,
    Word,
)


class Endpoint(Model):
    """One address behind the hosts. Plain text is the address.

    https://istio.io/latest/docs/reference/config/networking/workload-entry/
    """

    address: Address  #: Where connections go.
    ports: dict[
        Label, Port
    ] = {}  #: Its own port for a port of the service, by name. Default: `targetPort`, else the same.
    labels: dict[SelectorKey, LabelValue] = {}  #: By these a version finds it. A `selector` of the service is added.
    network: Label | None = None  #: The network that it is in. Default: that of the callers.
    locality: Place | None = None  #: Where it is, for the choice by places.
    weight: Positive | None = None  #: Its share, against that of others. Default: all have the same.
    #: The account of the proxy beside it, with which callers speak mutual TLS. Default: it has no proxy.
    serviceAccount: Label | None = None


class External(Model):
    """Hosts that run elsewhere. Plain text is a host.

    https://istio.io/latest/docs/reference/config/networking/service-entry/
    """

    hosts: tuple[OutsideHost, ...]  #: The names by which they are called.
    addresses: tuple[IpBlock, ...] = ()  #: Virtual addresses, where the protocol does not say which host is meant.
    #: How proxies find them. Default: `DNS`; `NONE` for wildcards, or for addresses without endpoints; `STATIC` where
    #: all endpoints are addresses, or with a `selector`.
    resolution: Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"] | None = None
    #: Whether they are part of the mesh. Default: `MESH_EXTERNAL`; with a `selector` `MESH_INTERNAL`.
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] | None = None
    endpoints: tuple[Endpoint, ...] = ()  #: Where they are, if it is not what their names say.
    subjectAltNames: tuple[Word, ...] = ()  #: Names of which the certificate must have one.
