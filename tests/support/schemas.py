"""The judges of rendered manifests: rules of Kubernetes and of upstream CRDs, none of this project's own making.

``errors(obj)`` is what tests call. Each error is ``path: message``; an empty list means the object is accepted.
Built-in kinds are always checked. Custom kinds need the schema bundle and skip the test, loudly, without it.
"""

from typing import Any

from tests.support.crd_schemas import bundle_directory, crd_errors
from tests.support.kubernetes_rules import rule_errors
from tests.support.kubernetes_schemas import is_builtin, kubernetes_errors, pod_template_errors

__all__ = ["bundle_directory", "crd_errors", "errors", "kubernetes_errors"]


def errors(obj: dict[str, Any], *, kubernetes: str = "1.34", bundle: str = "istio") -> list[str]:
    """What a cluster of one Kubernetes version with the CRDs of the bundle would refuse in an object.

    An object of an unknown kind is an error. ``bundle`` names the folder that is used instead of its newest sibling,
    so ``istio-1.24`` checks against a floor.
    """
    if is_builtin(str(obj.get("apiVersion")), kubernetes):
        return kubernetes_errors(obj, kubernetes)
    found = crd_errors(obj, bundle, kubernetes)
    return found or _rollout_errors(obj, kubernetes)


def _rollout_errors(obj: dict[str, Any], kubernetes: str) -> list[str]:
    """The pod of a Rollout: its CRD prunes less and knows less than the built-in type.

    The controller validates the template as Kubernetes does (argo-rollouts ``pkg/apis/rollouts/validation``).
    """
    if obj["kind"] != "Rollout" or "template" not in obj["spec"]:
        return []
    return pod_template_errors(obj["spec"]["template"], kubernetes, ".spec.template") or rule_errors(obj)
