"""Who may talk to a service, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmp.spec.types import (
    AccessHost,
    AccessPath,
    Account,
    Bool,
    ClaimHeader,
    ConditionKey,
    CookieName,
    Duration,
    Header,
    IpBlock,
    Issuer,
    Jwks,
    JwksUri,
    Label,
    Method,
    Model,
    Principal,
    RequestPrincipal,
    Required,
    Text,
    TrustDomain,
    Word,
    Workload,
)

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


class WideMtls(Model):
    """Mutual TLS of all pods of a namespace or of the mesh that say nothing themselves.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """

    mode: MtlsMode  #: `PERMISSIVE` also takes plain text, `DISABLE` only that.


class Source(Model):
    """Who calls. Keys of one item must all hold; several values of a key are an OR, of a `not..` key none may fit.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """

    services: tuple[Workload, ...] = ()  #: Services, by the accounts that they run as.
    gateway: tuple[Label, ...] = ()  #: Gateways of the platform.
    namespaces: tuple[Label, ...] = ()  #: All of these namespaces.
    principals: tuple[Principal, ...] = ()  #: Identities as Istio writes them.
    #: Accounts, of any trust domain; without services, principals and namespaces beside them. Istio 1.25.
    serviceAccounts: tuple[Account, ...] = ()
    trustDomains: tuple[TrustDomain, ...] = ()  #: The trust domains of identities. Istio 1.30.
    ipBlocks: tuple[IpBlock, ...] = ()  #: Addresses that connections come from.
    remoteIpBlocks: tuple[IpBlock, ...] = ()  #: Addresses of the first client, as `X-Forwarded-For` tells them.
    requestPrincipals: tuple[RequestPrincipal, ...] = ()  #: Issuer and subject of the token of a request.
    notServices: tuple[Workload, ...] = ()  #: Services that are not meant.
    notNamespaces: tuple[Label, ...] = ()  #: Namespaces that are not meant.
    notPrincipals: tuple[Principal, ...] = ()  #: Identities that are not meant.
    notServiceAccounts: tuple[Account, ...] = ()  #: Accounts that are not meant. Istio 1.25.
    notTrustDomains: tuple[TrustDomain, ...] = ()  #: Trust domains that are not meant. Istio 1.30.
    notIpBlocks: tuple[IpBlock, ...] = ()  #: Addresses of connections that are not meant.
    notRemoteIpBlocks: tuple[IpBlock, ...] = ()  #: Addresses of first clients that are not meant.
    notRequestPrincipals: tuple[RequestPrincipal, ...] = ()  #: Tokens that are not meant; `*`: requests with any.


class Operation(Model):
    """What is asked for: methods, paths, hosts and ports of the Service. All keys of one item must hold.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """

    methods: tuple[Method, ...] = ()  #: HTTP methods.
    paths: tuple[AccessPath, ...] = ()  #: Paths.
    hosts: tuple[AccessHost, ...] = ()  #: Host headers; a name fits with any port, and without.
    ports: tuple[Word, ...] = ()  #: Ports of the Service, by name or number; in the platform, those of pods.
    notMethods: tuple[Method, ...] = ()  #: Methods that are not meant.
    notPaths: tuple[AccessPath, ...] = ()  #: Paths that are not meant.
    notHosts: tuple[AccessHost, ...] = ()  #: Hosts that are not meant.
    notPorts: tuple[Word, ...] = ()  #: Ports that are not meant.


class Condition(Model):
    """What an attribute of a request is: one of `values`, and none of `notValues`.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Condition
    """

    values: tuple[Word, ...] = ()  #: What it may be, with `*` at an end for more.
    notValues: tuple[Word, ...] = ()  #: What it may not be.


class Provider(Model):
    """The authorizer that a `CUSTOM` rule asks: one of the mesh's extension providers.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#AuthorizationPolicy-ExtensionProvider
    """

    name: Word  #: Its name in the mesh's configuration.


class Access(Model):
    """One rule. It admits, unless `action` says otherwise. Without `from` anybody; without `to` everything.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/
    """

    #: `DENY` wins over what others allow, `AUDIT` only reports, `CUSTOM` asks `provider` first. Default: `ALLOW`.
    action: Literal["ALLOW", "DENY", "AUDIT", "CUSTOM"] | None = None
    from_: tuple[Source, ...] = Field((), alias="from")  #: Who may call: one of the list. Default: anybody.
    to: tuple[Operation, ...] = ()  #: What they may ask for: one of the list. Default: everything.
    #: What attributes of a request have to be, as `request.headers[x-env]`: all of them.
    when: dict[ConditionKey, Condition] = {}
    provider: Provider | None = None  #: Who decides, for `CUSTOM`.
    #: Only to count and log what an `ALLOW` or `DENY` would do. Default: `false`.
    dryRun: Bool | None = None


class FromHeader(Model):
    """A header that a token is read from.

    https://istio.io/latest/docs/reference/config/security/jwt/#JWTHeader
    """

    name: Header  #: The name of the header.
    prefix: Text | None = None  #: What stands before the token there, as in `Bearer `.


class Requirement(Operation):
    """The requests that need a token: all of them, or those of an operation."""

    everything: Required | None = None  #: `true`: all requests of HTTP.


class Jwt(Model):
    """An issuer whose tokens are believed. Without `require`, requests without a token pass.

    https://istio.io/latest/docs/reference/config/security/jwt/
    """

    issuer: Issuer | None = None  #: The `iss` claim of its tokens.
    #: Where its keys are. Default: what `/.well-known/openid-configuration` of the issuer names.
    jwksUri: JwksUri | None = None
    jwks: Jwks | None = None  #: Its public keys themselves.
    audiences: tuple[Word, ...] = ()  #: One of these is in the `aud` claim. Default: any.
    #: Headers that a token may stand in. Default: `Authorization`, behind `Bearer`.
    fromHeaders: tuple[FromHeader, ...] = ()
    #: Query parameters that a token may stand in. Default: `access_token`, while nothing else is named.
    fromParams: tuple[Word, ...] = ()
    fromCookies: tuple[CookieName, ...] = ()  #: Cookies that a token may stand in.
    forwardOriginalToken: Bool | None = None  #: Whether the application gets the token. Default: it does not.
    outputPayloadToHeader: Header | None = None  #: The header in which the application gets the claims, in base64url.
    outputClaimToHeaders: dict[ClaimHeader, Word] = {}  #: Claims for the application, by the header that gets each.
    timeout: Duration | None = None  #: How long fetching keys may take. Default: Istio's, 5 seconds.
    #: Claims whose text is a list with spaces, as `scope` and `permission` are. Istio 1.28.
    spaceDelimitedClaims: tuple[Word, ...] = ()
    require: Requirement | None = None  #: Which requests need a token of this issuer. Default: none.
