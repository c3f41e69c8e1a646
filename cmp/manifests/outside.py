"""What does not run in pods of ours: outside hosts with their endpoints, and groups of machines."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Port, Service
from cmp.context.outside import entry_name
from cmp.manifests.container import readiness
from cmp.manifests.step import Step, fields, manifest
from cmp.waves import Manifest, Wave

API = "networking.istio.io/v1"


def service_entry(service: Service) -> Iterator[Manifest]:
    """The ServiceEntry of the hosts that the service declares.

    https://istio.io/latest/docs/reference/config/networking/service-entry/
    """
    outside = service.outside
    if outside is None:
        return
    selector = dict(service.facts.labels)
    spec = {
        "exportTo": list(service.export_to),
        "hosts": list(outside.hosts),
        "addresses": list(outside.spec.addresses) or None,
        "location": outside.location,
        "ports": [_port(port) for port in service.ports] or None,
        "resolution": outside.resolution,
        "endpoints": None if selector else [fields(one) for one in outside.spec.endpoints] or None,
        "workloadSelector": {"labels": selector} if selector else None,
        "subjectAltNames": list(outside.spec.subjectAltNames) or None,
    }
    yield manifest(API, "ServiceEntry", service.name, spec=spec)


def _port(port: Port) -> Manifest:
    return {
        "name": port.name,
        "number": port.number,
        "protocol": port.protocol.upper(),
        "targetPort": port.target if port.target != port.number else None,
    }


def workload_entries(service: Service) -> Iterator[Manifest]:
    """The endpoints that a selector is to find: each a WorkloadEntry with the labels that are selected.

    istiod lets labels of the object win over those of its spec, so that both are the same
    (pilot/pkg/serviceregistry/serviceentry, ConvertWorkloadEntry).
    """
    if service.outside is None or not service.facts.labels:
        return
    account = service.spec.serviceAccount
    for endpoint in service.outside.spec.endpoints:
        labels = {**service.facts.labels, **endpoint.labels}
        spec = {"serviceAccount": account.name if account else None, **fields(endpoint), "labels": labels}
        found = manifest(API, "WorkloadEntry", entry_name(service.name, endpoint), spec=spec)
        found["metadata"]["labels"] = labels
        yield found


def workload_groups(service: Service) -> Iterator[Manifest]:
    """One WorkloadGroup per version: what a Deployment's template is for pods, it is for machines that register.

    Their entries get the labels from ``metadata``, by which the Service, policies and subsets find them
    (istio pilot/pkg/autoregistration/controller.go, workloadEntryFromGroup).
    """
    workload = service.spec.workload
    if service.facts.runs != "machines" or workload is None:
        return
    for version in service.versions:
        labels = {"app": service.name, "version": version.name}
        names = {"app.kubernetes.io/name": service.name, "app.kubernetes.io/version": version.name}
        template = {
            "serviceAccount": service.account,
            "ports": {port.name: port.target for port in service.ports} or None,
            "network": workload.network,
            "locality": workload.locality,
            "weight": workload.weight,
        }
        metadata = {"labels": {**labels, **names}, "annotations": workload.annotations or None}
        spec = {"metadata": metadata, "template": template, "probe": readiness(service, version)}
        yield manifest(API, "WorkloadGroup", f"{service.name}-{version.name}", spec=spec)


STEPS = (
    Step(Wave.NAMES, service_entry),
    Step(Wave.NAMES, workload_entries),
    Step(Wave.NAMES, workload_groups),
)
