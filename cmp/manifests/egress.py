"""What the service may reach: its Sidecar, and the outside hosts that it declares for its namespace."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import ExternalHost, ExternalPort, Service
from cmp.manifests.step import Step, for_machines_too, manifest
from cmp.waves import Manifest, Wave

API = "networking.istio.io/v1"

#: "Referenced selector not found".
NO_SUCH_PODS = "IST0101"


def sidecar(service: Service) -> Iterator[Manifest]:
    """The proxy knows what the service calls and nothing else; a host that it does not know is refused.

    It also keeps the proxy's configuration small: without it every proxy is told of every service of the mesh
    (https://istio.io/latest/docs/ops/configuration/mesh/configuration-scoping/).
    """
    if not service.facts.limited:
        return
    spec = {
        "workloadSelector": {"labels": dict(service.facts.labels)},
        "egress": [{"hosts": list(service.egress)}],
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
    }
    yield for_machines_too(service, manifest(API, "Sidecar", service.name, spec=spec), NO_SUCH_PODS)


def service_entries(service: Service) -> Iterator[Manifest]:
    """One ServiceEntry per outside host, seen in this namespace only.

    https://istio.io/latest/docs/reference/config/networking/service-entry/
    """
    for external in service.external:
        spec = {
            "exportTo": list(external.export_to),
            "hosts": [external.host],
            "location": "MESH_EXTERNAL",
            "ports": [_port(port) for port in external.ports],
            "resolution": _resolution(external),
        }
        entry = manifest(API, "ServiceEntry", external.name, spec=spec)
        if service.app:  # it belongs to the app, whichever service calls the host
            entry["metadata"]["labels"] = {"app": None, "app.kubernetes.io/name": None}
        yield entry


def _port(port: ExternalPort) -> Manifest:
    return {"name": f"{port.protocol}-{port.number}", "number": port.number, "protocol": port.protocol.upper()}


def _resolution(external: ExternalHost) -> str:
    """A wildcard has no address to look up: such a connection goes where the application sent it."""
    return "NONE" if external.host.startswith("*") else "DNS"


STEPS = (
    Step(Wave.NAMES, service_entries),
    Step(Wave.GUARDS, sidecar),
)
