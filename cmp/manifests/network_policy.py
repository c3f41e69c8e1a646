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
    if service.network is None:
        return
    spec = {
        "podSelector": {"matchLabels": {"app": service.name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [_rule("from", way) for way in service.network.ingress],
        "egress": [_rule("to", way) for way in service.network.egress],
    }
    yield manifest("networking.k8s.io/v1", "NetworkPolicy", service.name, spec=spec)


def _rule(side: str, way: Way) -> Manifest:
    ports = [{"port": number, "protocol": protocol} for number, protocol in way.ports]
    return {side: [_peer(peer) for peer in way.peers] or None, "ports": ports or None}


def _peer(peer: Peer) -> Manifest:
    named = {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}} if peer.namespace else {}
    pods = {"matchLabels": dict(peer.labels)} if peer.labels else None
    return {"namespaceSelector": named, "podSelector": pods}


STEPS = (Step(Wave.PREREQUISITES, network_policies),)
