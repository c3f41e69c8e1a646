"""The platform's own objects: the Gateways that services publish their hosts on."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Gateway, Platform
from cmp.manifests.step import PlatformStep, manifest
from cmp.waves import Manifest, Wave


def gateways(platform: Platform) -> Iterator[Manifest]:
    """One Gateway per entry, in the namespace of the pods that serve it, where its certificate has to be.

    https://istio.io/latest/docs/reference/config/networking/gateway/
    """
    for gateway in platform.gateways:
        selector = gateway.spec.selector or {"istio": gateway.name}
        spec = {"selector": dict(selector), "servers": list(_servers(gateway))}
        found = manifest("networking.istio.io/v1", "Gateway", gateway.name, spec=spec)
        found["metadata"]["namespace"] = gateway.namespace
        yield found


def _servers(gateway: Gateway) -> Iterator[Manifest]:
    spec = gateway.spec
    hosts = list(spec.hosts)
    redirect = {"httpsRedirect": True} if spec.httpsRedirect else None
    yield {"hosts": hosts, "port": {"name": "http", "number": 80, "protocol": "HTTP"}, "tls": redirect}
    if spec.tls is not None:
        tls = {"credentialName": spec.tls.credentialName, "minProtocolVersion": "TLSV1_2", "mode": "SIMPLE"}
        yield {"hosts": hosts, "port": {"name": "https", "number": 443, "protocol": "HTTPS"}, "tls": tls}


STEPS = (PlatformStep(Wave.NAMES, gateways),)
