"""Namespaces of the platform: the objects themselves, what pods in them may have, and the default deny."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.model import Platform
from cmp.context.network import closed
from cmp.manifests.network_policy import policy
from cmp.manifests.step import PlatformStep, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.namespace import ContainerLimits, Namespace


def namespaces(platform: Platform) -> Iterator[Manifest]:
    """The namespaces, whose labels say who gets a proxy and what pods may do."""
    for name, one in sorted(platform.spec.namespaces.items()):
        if one.create:
            found = manifest("v1", "Namespace", name)
            found["metadata"]["labels"] = {**one.labels, **_injected(platform, name, one), **_secured(one)}
            found["metadata"]["annotations"] = dict(one.annotations)
            yield found


def _injected(platform: Platform, name: str, one: Namespace) -> dict[str, str]:
    """The label by which the control plane finds the pods of a namespace.

    https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy
    https://istio.io/latest/docs/ambient/usage/add-workloads/
    """
    asked = one.inject or ("false" if name == platform.target.root_namespace else "true")
    ambient = platform.mode == "ambient"
    if asked == "false":
        if one.inject is None:
            return {}
        return {"istio.io/dataplane-mode": "none"} if ambient else {"istio-injection": "disabled"}
    if ambient:
        return {"istio.io/dataplane-mode": "ambient"}
    istio = platform.spec.istio
    revision = (istio and istio.revision) if asked == "true" else asked
    return {"istio.io/rev": revision} if revision else {"istio-injection": "enabled"}


def _secured(one: Namespace) -> dict[str, str]:
    """The standard, which is enforced; whoever writes a pod that does not meet it is told at once.

    https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    modes = ("enforce", "warn") if one.podSecurity is not None else ()
    return {f"pod-security.kubernetes.io/{mode}": str(one.podSecurity) for mode in modes}


def quotas(platform: Platform) -> Iterator[Manifest]:
    """What all pods of a namespace may have together."""
    for name, one in sorted(platform.spec.namespaces.items()):
        if one.quota:
            yield _within(name, manifest("v1", "ResourceQuota", "default", spec={"hard": dict(one.quota)}))


def limit_ranges(platform: Platform) -> Iterator[Manifest]:
    """What single containers get and may have."""
    for name, one in sorted(platform.spec.namespaces.items()):
        if one.limits is not None:
            item = {"type": "Container", **_defaulted(one.limits)}
            yield _within(name, manifest("v1", "LimitRange", "default", spec={"limits": [item]}))


def _defaulted(limits: ContainerLimits) -> dict[str, dict[str, str] | None]:
    """Limits with what the API server adds: it would be a difference for ever (SetDefaults_LimitRangeItem)."""
    default = {**limits.max, **limits.default}
    request = {**limits.min, **default, **limits.defaultRequest}
    return {
        "max": dict(limits.max) or None,
        "min": dict(limits.min) or None,
        "default": default or None,
        "defaultRequest": request or None,
    }


def default_deny(platform: Platform) -> Iterator[Manifest]:
    """For pods that no other NetworkPolicy chooses. It lets out what no pod can do without: names, and istiod.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
    """
    for name, one in sorted(platform.spec.namespaces.items()):
        if one.networkPolicy:
            yield _within(name, policy("default-deny", {}, closed(platform)))


def _within(namespace: str, found: Manifest) -> Manifest:
    found["metadata"]["namespace"] = namespace
    return found


STEPS = (
    PlatformStep(Wave.FOUNDATIONS, namespaces),
    PlatformStep(Wave.FOUNDATIONS, quotas),
    PlatformStep(Wave.FOUNDATIONS, limit_ranges),
    PlatformStep(Wave.PREREQUISITES, default_deny),
)
