"""TLS and ports of ingress gateways: what Istio's Gateway has, and the certificates that cert-manager is asked for.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
"""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.types import Bool, CipherSuite, DnsName, KindName, Model, Port, Subdomain, Word, words
from cmp.spec.workload import Protocol

TlsMode = Literal["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "PASSTHROUGH", "AUTO_PASSTHROUGH"]
TlsVersion = Literal["TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]


class Issuer(Model):
    """Who issues a certificate, in cert-manager's words.

    https://cert-manager.io/docs/concepts/issuer/
    """

    name: Subdomain  #: Its name.
    #: `Issuer` is one in the gateway's namespace; other kinds need their `group`. Default: `ClusterIssuer`.
    kind: KindName | None = None
    group: DnsName | None = None  #: The API group of the kind. Default: `cert-manager.io`.


class GatewayTls(Model):
    """TLS of a gateway's hosts. The certificate is a Secret in the gateway's namespace, written there or issued.

    https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
    """

    later: ClassVar[frozenset[str]] = words("caCertCredentialName verifyCertificateSpki verifyCertificateHash")

    #: Whether clients show certificates, too, or TLS is passed on to the service. `AUTO_PASSTHROUGH`, of a platform's
    #: gateway, passes on what other clusters of the mesh send to any service. Default: `SIMPLE`.
    mode: TlsMode | None = None
    #: The Secret with the certificate; for clients' certificates with their CA, or beside one named `<name>-cacert`.
    credentialName: Subdomain | None = None
    credentialNames: tuple[Subdomain, ...] = ()  #: Two such Secrets, for RSA and ECDSA.
    issuer: Issuer | None = None  #: Who issues the certificate; a plain word is a ClusterIssuer.
    #: The oldest version; one before `TLSV1_2` needs `cipherSuites`. Default: `TLSV1_2`.
    minProtocolVersion: TlsVersion | None = None
    maxProtocolVersion: TlsVersion | None = None  #: The newest version. Default: Envoy's newest.
    cipherSuites: tuple[CipherSuite, ...] = ()  #: Ciphers of TLS up to 1.2. Default: Envoy's.
    subjectAltNames: tuple[Word, ...] = ()  #: Names of which a client's certificate has to have one. Default: any.


class PlatformTls(GatewayTls):
    """TLS of a gateway of the platform, whose certificate may also be a file in the container of its pods."""

    serverCertificate: Word | None = None  #: The file with the certificate, in place of a Secret.
    privateKey: Word | None = None  #: The file with its key.
    caCertificates: Word | None = None  #: The file with the authorities of clients' certificates.


class OwnTls(GatewayTls):
    """TLS of a host that has a server of its own, written into the gateway's namespace."""

    #: Whether HTTP is redirected to HTTPS; `false` leaves port 80 to the gateway's own server. Default: `true`.
    httpsRedirect: Bool | None = None


class GatewayPort(Model):
    """A further port of a gateway, for requests or for connections."""

    port: Port  #: Its number; the gateway's Service has to have it, too.
    protocol: Protocol | None = None  #: What is spoken there. Default: the part of the name before the first `-`.
    tls: PlatformTls | None = None  #: For `https` and `tls`, which need it. Default: the gateway's.
