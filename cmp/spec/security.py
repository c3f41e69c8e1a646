"""Who may talk to a service, and how."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cmp.spec.types import AccessPath, Label, Method, Model, Principal, Text, Word, Workload, words

MtlsMode = Literal["STRICT", "PERMISSIVE", "DISABLE"]


class RbacRule(Model):
    """What the service's account may ask of the API server, in its namespace.

    https://kubernetes.io/docs/reference/access-authn-authz/rbac/
    """

    apiGroups: tuple[Text, ...] = ()  #: The groups of the resources. Default: the core group, `""`.
    resources: tuple[Word, ...] = ()  #: The resources, also `pods/log`.
    resourceNames: tuple[Word, ...] = ()  #: Their names. Default: all.
    verbs: tuple[Word, ...] = ()  #: What it may do, for example `get`.


class Mtls(Model):
    """Mutual TLS of the service's pods; `ports` names ports of the Service that differ.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """

    mode: MtlsMode | None = None  #: `PERMISSIVE` also takes plain text, `DISABLE` only that. Default: `STRICT`.
    ports: dict[Label, MtlsMode] = {}  #: The mode by the name of a port of the Service.


class Source(Model):
    """Who calls. Keys of one item must all hold; several values of a key are an OR.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """

    later: ClassVar[frozenset[str]] = words(
        "serviceAccounts ipBlocks remoteIpBlocks requestPrincipals trustDomains notServices notNamespaces "
        "notPrincipals notIpBlocks notRemoteIpBlocks notRequestPrincipals notServiceAccounts"
    )

    services: tuple[Workload, ...] = ()  #: Services, by the accounts that they run as.
    gateway: tuple[Label, ...] = ()  #: Gateways of the platform.
    namespaces: tuple[Label, ...] = ()  #: All of these namespaces.
    principals: tuple[Principal, ...] = ()  #: Identities as Istio writes them.


class Operation(Model):
    """What is asked for: methods, paths and ports of the Service.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """

    later: ClassVar[frozenset[str]] = words("hosts notHosts notMethods notPaths notPorts")

    methods: tuple[Method, ...] = ()  #: HTTP methods.
    paths: tuple[AccessPath, ...] = ()  #: Paths.
    ports: tuple[Word, ...] = ()  #: Ports of the Service, by name or number.


class Access(Model):
    """One rule that admits. Without `from` anybody; without `to` everything."""

    later: ClassVar[frozenset[str]] = words("action when provider dryRun")

    from_: tuple[Source, ...] = Field((), alias="from")  #: Who may call: one of the list. Default: anybody.
    to: tuple[Operation, ...] = ()  #: What they may ask for: one of the list. Default: everything.
