"""Who may call whom: Istio's policies, by the model that syncs are replayed with, and Kubernetes' network policies.

Written from the upstream pages, not from what this project emits; ``UnjudgedError`` is raised for every field that is
not known, so nothing is left out of a verdict in silence.

- Network policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Iterable
from typing import Any

from cmp.replay.access import Pod, Policies, Request, UnjudgedError
from cmp.replay.access import is_selected as _labelled
from cmp.replay.access import refuse as _refuse
from cmp.replay.routes import sidecar_of

__all__ = ["Pod", "Request", "UnjudgedError"]


def of(objects: Iterable[Any], kind: str) -> list[Any]:
    return [one for one in objects if one["kind"] == kind]


def istio_answers(objects: list[Any], caller: Pod, target: Pod, port: int, sent: Request | None) -> bool:
    """Whether a request, or without one a connection that is not HTTP, gets through. No authorizer refuses it."""
    return Policies(objects).admits(caller, target, port, sent) is not None


def istio_admits(objects: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """Whether a connection to a container port gets through."""
    return istio_answers(objects, caller, target, port, None)


def mtls_mode(objects: list[Any], target: Pod, port: int) -> str:
    return Policies(objects).mtls(target, port)


def sidecar_hosts(objects: list[Any], pod: Pod) -> list[str] | None:
    """The ``namespace/host`` patterns that a pod's proxy is told of, "." written out; None is all."""
    hosts = sidecar_of(of(objects, "Sidecar"), pod).hosts
    return list(hosts) if hosts is not None else None


def network_admits(policies: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """Whether NetworkPolicies let a TCP connection out of its caller and into its target."""
    out = _direction_admits(policies, "Egress", caller, target, port)
    return out and _direction_admits(policies, "Ingress", target, caller, port)


def ingress_admits(policies: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """The same for the way in alone."""
    return _direction_admits(policies, "Ingress", target, caller, port)


def _direction_admits(policies: list[Any], direction: str, pod: Pod, peer: Pod, port: int) -> bool:
    """A pod that no policy of a direction selects is open; else one rule of one of them must admit."""
    chosen = [
        (policy["metadata"]["namespace"], policy["spec"])
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and _labelled(policy["spec"]["podSelector"], pod)
    ]
    rules = [(namespace, rule) for namespace, spec in chosen for rule in spec.get(direction.lower(), ())]
    return not chosen or any(_network_rule_admits(rule, namespace, peer, port) for namespace, rule in rules)


def _network_rule_admits(rule: Any, namespace: str, peer: Pod, port: int) -> bool:
    """One peer and one port; a rule without peers is for all of them, and likewise for ports."""
    _refuse(rule, {"from", "to", "ports"})
    peers = [_is_peer(one, namespace, peer) for one in (*rule.get("from", ()), *rule.get("to", ()))]
    ports = [_is_port(one, port) for one in rule.get("ports", ())]
    return (any(peers) or not peers) and (any(ports) or not ports)


def _is_peer(one: Any, namespace: str, pod: Pod) -> bool:
    """Without a selector of namespaces a peer of pods is of the policy's own; one without labels is for all of them."""
    _refuse(one, {"podSelector", "namespaceSelector"})
    if "namespaceSelector" not in one:
        return pod.namespace == namespace and _labelled(one["podSelector"], pod)
    place = Pod("", {"kubernetes.io/metadata.name": pod.namespace}, "")
    return _labelled(one["namespaceSelector"], place) and _labelled(one.get("podSelector", {}), pod)


def _is_port(one: Any, port: int) -> bool:
    _refuse(one, {"port", "protocol"})
    return bool(one.get("protocol", "TCP") == "TCP" and one.get("port", port) == port)
