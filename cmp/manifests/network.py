"""The Service: a name and ports that Istio understands."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Port, Service
from cmp.manifests.step import Step, fields, manifest
from cmp.waves import Manifest, Wave

EXPORT_TO = "networking.istio.io/exportTo"


def services(service: Service) -> Iterator[Manifest]:
    """One Service over all versions; which of them answers is decided by routes. A worker without ports has none.

    https://istio.io/latest/docs/ops/deployment/application-requirements/
    """
    if not (service.ports and service.facts.ours):
        return
    own = service.spec.service
    given = fields(own) if own is not None else {}
    notes = given.pop("annotations", {})
    given.pop("headless", None)
    if not given.get("publishNotReadyAddresses"):
        given.pop("publishNotReadyAddresses", None)  # the API server keeps no false here
    spec = {
        **given,
        **({"clusterIP": "None"} if service.facts.headless else {}),
        "ports": [_port(service, port) for port in service.ports],
        "selector": {"app": service.name},
    }
    found = manifest("v1", "Service", service.name, spec=spec)
    found["metadata"]["annotations"] = {**notes, EXPORT_TO: ",".join(service.export_to)}
    yield found


def _port(service: Service, port: Port) -> Manifest:
    """The protocol stands in ``appProtocol`` and, where it can, in the name: nothing is left to sniffing.

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    own = service.spec.ports.get(port.name)
    return {
        "name": port.name,
        "port": port.number,
        "targetPort": port.target,
        "nodePort": own.nodePort if own is not None else None,
        "protocol": "TCP",
        "appProtocol": (own.appProtocol if own is not None else None) or port.protocol,
    }


STEPS = (Step(Wave.NAMES, services),)
