"""The NetworkPolicy of a service: what access and calls let through, without regard to proxies."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Service
from cmp.context.network import Peer, Way
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave


def network_policies(service: Service) -> Iterator[Manifest]:
    """One policy for both directions. Kubelet's probes come from the node, which network plugins let in.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    found = service.network
    if found is None or not service.facts.labels:
        return
    spec = {
        "podSelector": {"matchLabels": dict(service.facts.labels)},
        "policyTypes": [name for name in ("Ingress", "Egress") if getattr(found, name.lower()) is not None],
        "ingress": [_rule("from", way) for way in found.ingress] if found.ingress is not None else None,
        "egress": [_rule("to", way) for way in found.egress] if found.egress is not None else None,
    }
    yield manifest("networking.k8s.io/v1", "NetworkPolicy", service.name, spec=spec)


def _rule(side: str, way: Way) -> Manifest:
    ports = [{"port": number, "protocol": protocol} for number, protocol in way.ports]
    return {side: [_peer(peer) for peer in way.peers] or None, "ports": ports or None}


def _peer(peer: Peer) -> Manifest:
    if peer.block:
        return {"ipBlock": {"cidr": peer.block}}
    named = {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}} if peer.namespace else {}
    pods = {"matchLabels": dict(peer.labels)} if peer.labels else None
    return {"namespaceSelector": named, "podSelector": pods}


STEPS = (Step(Wave.PREREQUISITES, network_policies),)
