"""What the service may reach: its Sidecar, and the outside hosts that it declares for its namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.egress import reads_secrets
from cmp.context.external import ExternalHost, ExternalPort
from cmp.context.model import Platform, Service
from cmp.manifests.egress_gateway import of_app
from cmp.manifests.step import PlatformStep, Step, fields, for_machines_too, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.egress import EgressListener, IngressListener, OutboundTrafficPolicy

API = "networking.istio.io/v1"

#: "Referenced selector not found".
NO_SUCH_PODS = "IST0101"


def sidecar(service: Service) -> Iterator[Manifest]:
    """The proxy knows what the service calls and nothing else; a host that it does not know is refused.

    It also keeps the proxy's configuration small: without it every proxy is told of every service of the mesh
    (https://istio.io/latest/docs/ops/configuration/mesh/configuration-scoping/).
    """
    if not (service.facts.limited and service.facts.labels):
        return
    own = service.spec.sidecar
    pool = own.inboundConnectionPool if own is not None else None
    spec = {
        **outgoing(service),
        "ingress": [_listener(service, one) for one in own.ingress] or None if own is not None else None,
        "inboundConnectionPool": fields(pool) if pool is not None else None,
    }
    yield for_machines_too(service, manifest(API, "Sidecar", service.name, spec=spec), NO_SUCH_PODS)


def outgoing(service: Service) -> Manifest:
    """What a Sidecar says of calls, and for which pods."""
    own = service.spec.sidecar
    return {
        "workloadSelector": {"labels": dict(service.facts.labels)},
        "egress": _egress(service),
        "outboundTrafficPolicy": _outbound(own.outboundTrafficPolicy if own is not None else None),
    }


def _egress(service: Service) -> list[Manifest]:
    """The listeners for single ports, and behind them the one for all that is called."""
    listed = service.spec.sidecar.egress if service.spec.sidecar is not None else ()
    found = [{**fields(one), "port": _spoken(one), "protocol": None} for one in listed if one.port is not None]
    rest = next((one.captureMode for one in listed if one.port is None), None)
    return [*found, {"hosts": list(service.egress), "captureMode": rest}]


def _spoken(one: EgressListener) -> Manifest:
    assert one.protocol is not None  # a check reports it
    return {"name": f"{one.protocol}-{one.port}", "number": one.port, "protocol": one.protocol.upper()}


def _outbound(policy: OutboundTrafficPolicy | None) -> Manifest:
    mode = policy.mode if policy is not None and policy.mode is not None else "REGISTRY_ONLY"
    proxy = policy.egressProxy if policy is not None else None
    if proxy is None:
        return {"mode": mode}
    return {"mode": mode, "egressProxy": {**fields(proxy), "port": {"number": proxy.port}}}


def _listener(service: Service, spec: IngressListener) -> Manifest:
    """A port of the service as Istio wants it here: that of the container."""
    port = service.port(spec.port)
    assert port is not None  # a check reports it
    where = {"name": port.name, "number": port.target, "protocol": port.protocol.upper()}
    written = fields(spec)
    if spec.tls is not None:
        written["tls"] = {"mode": "SIMPLE", "minProtocolVersion": "TLSV1_2", **written["tls"]}
    return {**written, "port": where}


def service_entries(service: Service) -> Iterator[Manifest]:
    """One ServiceEntry per outside host, seen in this namespace only.

    https://istio.io/latest/docs/reference/config/networking/service-entry/
    """
    for external in service.external:
        yield of_app(service, _entry(external))


def shared_entries(platform: Platform) -> Iterator[Manifest]:
    """The outside hosts that the platform lets all call, or all of a namespace."""
    for namespace, hosts in platform.outside.items():
        for external in hosts:
            found = _entry(external)
            found["metadata"]["namespace"] = namespace
            yield found


def _entry(external: ExternalHost) -> Manifest:
    spec = {
        "exportTo": list(external.export_to),
        "hosts": [external.host],
        "location": "MESH_EXTERNAL",
        "ports": [_port(port) for port in external.ports],
        "resolution": _resolution(external),
    }
    return manifest(API, "ServiceEntry", external.name, spec=spec)


def _port(port: ExternalPort) -> Manifest:
    found = {"name": f"{port.protocol}-{port.number}", "number": port.number, "protocol": port.protocol.upper()}
    own = port.target != port.number and not port.gateway
    return {**found, "targetPort": port.target if own else None}


def _resolution(external: ExternalHost) -> str:
    """A wildcard has no address to look up: such a connection goes where the application sent it."""
    return "NONE" if external.host.startswith("*") else "DNS"


def originations(service: Service) -> Iterator[Manifest]:
    """TLS that the service's proxy adds on the way out. It holds for the service's own pods, and for no other caller.

    https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/
    """
    for one in service.originations if service.facts.labels else ():
        ports = [{"port": {"number": number}, "tls": dict(tls)} for number, tls in sorted(one.ports.items())]
        spec = {
            "exportTo": ["."],
            "host": one.host,
            "trafficPolicy": {"portLevelSettings": ports},
            "workloadSelector": {"matchLabels": dict(service.facts.labels)},
        }
        yield manifest(API, "DestinationRule", f"{service.name}-{one.host}", spec=spec)


def credential_readers(service: Service) -> Iterator[Manifest]:
    """What istiod asks of the account before it hands a client's key to the proxy: that it may list Secrets.

    No check passes a spec whose pods have a token of that account and are not said to read Secrets, so nothing in
    them can ask the API server for others.
    https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/#configure-mutual-tls-origination-for-egress-traffic-at-sidecar
    """
    if not reads_secrets(service.spec.calls):
        return
    name, group = f"{service.name}-credentials", "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
    yield manifest(f"{group}/v1", "Role", name, rules=[rule])
    reference = {"apiGroup": group, "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": service.account, "namespace": service.namespace}
    yield manifest(f"{group}/v1", "RoleBinding", name, roleRef=reference, subjects=[subject])


STEPS = (
    Step(Wave.PREREQUISITES, credential_readers),
    Step(Wave.NAMES, service_entries),
    Step(Wave.GUARDS, originations),
    Step(Wave.GUARDS, sidecar),
)
PLATFORM_STEPS = (PlatformStep(Wave.NAMES, shared_entries),)
