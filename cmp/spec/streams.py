"""How connections find their way whose requests Istio does not read."""

from __future__ import annotations

from pydantic import Field

from cmp.spec.types import (
    Cidr,
    DnsName,
    Host,
    Label,
    LabelValue,
    Model,
    SelectorKey,
    Weight,
    Word,
    Workload,
)


class StreamMatch(Model):
    """Conditions of a rule for connections; all of one match must hold.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#L4MatchAttributes
    """

    port: Word | None = None  #: The port of the Service, by name or number. Default: all of their kind.
    from_: Workload | None = Field(None, alias="from")  #: The service that calls.
    sourceLabels: dict[SelectorKey, LabelValue] = {}  #: Labels of the pods that call.
    destinationSubnets: tuple[Cidr, ...] = ()  #: The addresses that are called.


class TlsMatch(StreamMatch):
    """The same for encrypted connections, by the server that clients ask for.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSMatchAttributes
    """

    sniHosts: tuple[Host, ...]  #: Names of servers, as clients send them in the clear.


class StreamDestination(Model):
    """A target of connections: a version of this service, another service, or a host."""

    version: Label | None = None  #: A version of this service.
    service: Workload | None = None  #: Another service, `name` or `name.namespace`.
    host: DnsName | None = None  #: An outside host, which `calls` declares for the same kind of connections.
    port: Word | None = None  #: The port there. Default: the same, or the main one.
    weight: Weight | None = None  #: Its share, where there are several.


class StreamRoute(Model):
    """Where connections go. Default: the versions by their weights."""

    to: dict[Label, Weight] = {}  #: Versions of this service with their shares.
    destinations: tuple[StreamDestination, ...] = ()  #: Targets of any kind.


class TcpRoute(StreamRoute):
    """One rule for connections of TCP ports, tried in the order written."""

    match: tuple[StreamMatch, ...] = ()  #: When the rule holds: one of the list has to. Default: always.


class TlsRoute(StreamRoute):
    """One rule for connections of ports that speak TLS themselves, tried in the order written."""

    match: tuple[TlsMatch, ...]  #: When the rule holds: one of the list has to.
