"""The Service: a name and ports that Istio understands."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Port, Service
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave

EXPORT_TO = "networking.istio.io/exportTo"


def services(service: Service) -> Iterator[Manifest]:
    """One Service over all versions; which of them answers is decided by routes. A worker without ports has none.

    https://istio.io/latest/docs/ops/deployment/application-requirements/
    """
    if not (service.ports and service.facts.ours):
        return
    spec = {
        "selector": {"app": service.name},
        "ports": [_port(port) for port in service.ports],
    }
    found = manifest("v1", "Service", service.name, spec=spec)
    found["metadata"]["annotations"] = {EXPORT_TO: ",".join(service.export_to)}
    yield found


def _port(port: Port) -> Manifest:
    """The protocol stands in ``appProtocol`` and, where it can, in the name: nothing is left to sniffing.

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    return {
        "name": port.name,
        "port": port.number,
        "targetPort": port.target,
        "protocol": "TCP",
        "appProtocol": port.protocol,
    }


STEPS = (Step(Wave.NAMES, services),)
