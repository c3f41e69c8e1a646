"""The platform's own objects: the Gateways that services publish their hosts on."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Platform
from cmp.manifests import gateways as shared
from cmp.manifests.step import PlatformStep
from cmp.waves import Manifest, Wave


def gateways(platform: Platform) -> Iterator[Manifest]:
    """One Gateway per entry, in the namespace of the pods that serve it, where its certificate has to be."""
    for gateway in platform.gateways:
        if gateway.spec.hosts:  # else an egress gateway
            yield shared.gateway(gateway.name, gateway, gateway.servers)


def certificates(platform: Platform) -> Iterator[Manifest]:
    """The certificates that are issued for its servers."""
    for gateway in platform.gateways:
        yield from shared.certificates(gateway, gateway.servers)


STEPS = (PlatformStep(Wave.NAMES, gateways), PlatformStep(Wave.FOLLOWERS, certificates))
