"""The way out: what a service calls."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import DnsName, Label, Model, Subdomain, Url, Word, Workload


class CallTls(Model):
    """TLS that the proxy adds to what the application sends in plain. Who answers is always verified.

    `credentialName` is a Secret in the caller's namespace; the files are in the proxy's container.
    """

    mode: Literal["SIMPLE", "MUTUAL"] | None = None
    credentialName: Subdomain | None = None
    caCertificates: Word | None = None
    clientCertificate: Word | None = None
    privateKey: Word | None = None
    subjectAltNames: tuple[Word, ...] = ()
    sni: DnsName | None = None


class Call(Model):
    """Something the service calls: a service, all services of namespaces, or an address outside the mesh."""

    service: Workload | None = None
    namespaces: tuple[Label, ...] = ()
    url: Url | None = None
    tls: CallTls | None = None
    gateway: Label | None = None
