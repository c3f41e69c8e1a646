"""What Kubernetes adds to the objects of a moment: addresses, Pods with their state, and the endpoints of Services.

Of that istiod reads. Written from https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ : an
endpoint for each pod that a Service's selector fits, ready or not, and a slice for each set of ports that these have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cmp.replay.access import Pod
from cmp.replay.cluster import Moment
from cmp.replay.mesh import CLUSTER_DOMAIN
from cmp.waves import Manifest

Object = dict[str, Any]

#: What injection writes onto the pods that it gives a proxy; by that istiod knows that they speak mutual TLS.
TLS_MODE = {"security.istio.io/tlsMode": "istio"}


def address(*names: object) -> str:
    """An address of 10.0.0.0/8 that follows from names, so that it is the same in every moment."""
    digest = hashlib.sha256(repr(names).encode()).digest()
    return ".".join(str(part) for part in (10, *digest[:2], digest[2] % 254 + 1))


def address_of(pod: Pod) -> str:
    """The address of a pod, by which the same pod is known in the next moment."""
    ports = tuple(pod.ports)
    return address(pod.namespace, pod.workload, pod.account, sorted(pod.labels.items()), ports)


def host_of(service: Manifest) -> str:
    """The full name of a Service."""
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.{CLUSTER_DOMAIN}"


def service_address(service: Manifest) -> str:
    """The address of a Service; a headless one has "None"."""
    metadata = service["metadata"]
    return str(service["spec"].get("clusterIP") or address("Service", metadata["namespace"], metadata["name"]))


def objects_of(moment: Moment) -> Iterator[Object]:
    """All that istiod reads of a moment."""
    found = list(moment.objects.values())
    for name in sorted({one["metadata"].get("namespace") or one["metadata"]["name"] for one in found}):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    for one in found:
        if one["kind"] == "Service" and one["apiVersion"] == "v1":
            spec = {**one["spec"], "clusterIP": service_address(one)}
            yield {**one, "spec": {**spec, "clusterIPs": [spec["clusterIP"]]}}
            yield from slices_of(one, moment.pods)
        elif "istio.io/" in one["apiVersion"]:
            yield one
    for pod in moment.pods:
        yield object_of(pod)


def object_of(pod: Pod) -> Object:
    """The Pod, as it runs."""
    ports = [{"name": name, "containerPort": number} for name, number in pod.ports]
    container = {"name": "app", "image": "example.com/app:1", "ports": [_filled(port) for port in ports]}
    ready = {"type": "Ready", "status": str(pod.ready)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name_of(pod),
            "namespace": pod.namespace,
            "labels": {**pod.labels, **(TLS_MODE if pod.meshed else {})},
        },
        "spec": {"serviceAccountName": pod.account, "containers": [container]},
        "status": {
            "phase": "Running",
            "podIP": address_of(pod),
            "podIPs": [{"ip": address_of(pod)}],
            "conditions": [ready],
        },
    }


def name_of(pod: Pod) -> str:
    """The name of a pod, by which its proxy is known, too."""
    return f"{pod.workload.rpartition('/')[2] or pod.account}-{address_of(pod)[3:].replace('.', '-')}"


def slices_of(service: Manifest, pods: Iterable[Pod]) -> Iterator[Object]:
    """The EndpointSlices of a Service. One whose ports have names needs several where pods differ in them."""
    metadata, spec = service["metadata"], service["spec"]
    if "selector" not in spec:
        return
    found: dict[tuple[Any, ...], list[Object]] = {}
    for pod in pods:
        if pod.namespace == metadata["namespace"] and spec["selector"].items() <= pod.labels.items():
            found.setdefault(tuple(_targets(spec["ports"], pod)), []).append(_endpoint(pod))
    for number, (targets, endpoints) in enumerate(found.items()):
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{metadata['name']}-{number}",
                "namespace": metadata["namespace"],
                "labels": {"kubernetes.io/service-name": metadata["name"]},
            },
            "addressType": "IPv4",
            "ports": [{"name": name, "port": port, "protocol": "TCP"} for name, port in targets],
            "endpoints": endpoints,
        }


def _targets(ports: Iterable[Mapping[str, Any]], pod: Pod) -> Iterator[tuple[str, int]]:
    """The port of a pod for each of a Service's: a number as it is, a name where the pod has it."""
    for port in ports:
        target = port.get("targetPort", port["port"])
        number = dict(pod.ports).get(target) if isinstance(target, str) else target
        if number is not None:
            yield port.get("name", ""), number


def _endpoint(pod: Pod) -> Object:
    reference = {"kind": "Pod", "name": name_of(pod), "namespace": pod.namespace}
    conditions = {"ready": pod.ready, "serving": pod.ready, "terminating": False}
    return {"addresses": [address_of(pod)], "conditions": conditions, "targetRef": reference}


def _filled(fields: Object) -> Object:
    return {key: value for key, value in fields.items() if value}
