"""The NetworkPolicy of a service: what access and calls let through, without regard to proxies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cmp.context.model import Service
from cmp.context.network import Network, Peer, Way
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave


def network_policies(service: Service) -> Iterator[Manifest]:
    """One policy for both directions. Kubelet's probes come from the node, which network plugins let in.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    if service.network is not None and service.facts.labels:
        yield policy(service.name, service.facts.labels, service.network)


def policy(name: str, labels: Mapping[str, str], found: Network) -> Manifest:
    """The policy of the pods with all of the labels. A direction of which nothing is let through is only named."""
    spec = {
        "podSelector": {"matchLabels": dict(labels)} if labels else {},
        "policyTypes": [name for name in ("Ingress", "Egress") if getattr(found, name.lower()) is not None],
        "ingress": [_rule("from", way) for way in found.ingress or ()] or None,
        "egress": [_rule("to", way) for way in found.egress or ()] or None,
    }
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, spec=spec)


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
