"""What the platform says of calls for all services of a mesh or a namespace, and what their proxies call themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.context.egress import Seen, called, declared
from cmp.context.external import ExternalHost
from cmp.context.model import Target
from cmp.context.names import fqdn

if TYPE_CHECKING:
    from cmp.context.outside import Directory
    from cmp.spec.platform import MeshPlatform
    from cmp.spec.service import MeshService


def shared_calls(spec: MeshPlatform, namespace: str, target: Target, directory: Directory) -> tuple[Seen, ...]:
    """What every proxy of a namespace has to know: what the platform lets all call, and its providers.

    A proxy sends traces and asks authorizers by itself, and does nothing where it does not know the host
    (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider).
    """
    domain, found = target.cluster_domain, set[Seen]()
    for call in spec.calls:
        found.update(called(call, target.root_namespace, domain, directory, namespace))
    for call in spec.namespaces[namespace].calls if namespace in spec.namespaces else ():
        found.update(called(call, namespace, domain, directory, namespace))
    for provider in spec.providers.values():
        found.update(provided(one.service, domain) for one in vars(provider).values() if one is not None)
    return tuple(sorted(found))


def proxied(spec: MeshService, domain: str) -> tuple[Seen, ...]:
    """The host that gets all traffic to unknown hosts, which the proxy has to know too."""
    outbound = spec.sidecar.outboundTrafficPolicy if spec.sidecar is not None else None
    proxy = outbound.egressProxy if outbound is not None else None
    return (provided(proxy.host, domain),) if proxy is not None else ()


def api_server(spec: MeshService, domain: str) -> tuple[Seen, ...]:
    """The API server, which a service may call that has rights there.

    https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """
    return (("default", fqdn("kubernetes", "default", domain)),) if spec.rbac else ()


def provided(service: str, domain: str) -> Seen:
    """The namespace and host of a whole host name; any namespace where the name does not say it."""
    where, slash, host = service.rpartition("/")
    if not slash and host.endswith(f".svc.{domain}"):
        where = host.removesuffix(f".svc.{domain}").rpartition(".")[2]
    return where or "*", host


def shared_hosts(name: str, spec: MeshPlatform, target: Target) -> dict[str, tuple[ExternalHost, ...]]:
    """The outside hosts that the platform declares, by the namespace in which it does.

    Those that all may call stand in the control plane's namespace, of which every proxy knows everything.
    """
    root = target.root_namespace
    whole = declared([(name, "", spec.calls)], (), root, {}).get(name, ())
    found = {root: tuple(entry._replace(export_to=("*",)) for entry in whole)}
    for namespace, of in spec.namespaces.items():
        entries = declared([(name, "", of.calls)], (), namespace, {}).get(name, ())
        found[namespace] = (*found.get(namespace, ()), *entries)
    return found
