"""Who may talk to a service, and how."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cmp.spec.types import AccessPath, Label, Method, Model, Principal, Word, Workload, words

MtlsMode = Literal["STRICT", "PERMISSIVE", "DISABLE"]


class Mtls(Model):
    """Mutual TLS of the service's pods; `ports` names ports of the Service that differ."""

    mode: MtlsMode | None = None
    ports: dict[Label, MtlsMode] = {}


class Source(Model):
    """Who calls. Keys of one item must all hold; several values of a key are an OR."""

    later: ClassVar[frozenset[str]] = words(
        "serviceAccounts ipBlocks remoteIpBlocks requestPrincipals trustDomains notServices notNamespaces "
        "notPrincipals notIpBlocks notRemoteIpBlocks notRequestPrincipals notServiceAccounts"
    )

    services: tuple[Workload, ...] = ()
    gateway: tuple[Label, ...] = ()
    namespaces: tuple[Label, ...] = ()
    principals: tuple[Principal, ...] = ()


class Operation(Model):
    """What is asked for: methods, paths and ports of the Service."""

    later: ClassVar[frozenset[str]] = words("hosts notHosts notMethods notPaths notPorts")

    methods: tuple[Method, ...] = ()
    paths: tuple[AccessPath, ...] = ()
    ports: tuple[Word, ...] = ()


class Access(Model):
    """One rule that admits. Without `from` anybody; without `to` everything."""

    later: ClassVar[frozenset[str]] = words("action when provider dryRun")

    from_: tuple[Source, ...] = Field((), alias="from")
    to: tuple[Operation, ...] = ()
