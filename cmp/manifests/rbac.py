"""What the service's account may ask of the API server."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Service
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave

API = "rbac.authorization.k8s.io/v1"


def role(service: Service) -> Iterator[Manifest]:
    """The rules of the spec, for the service's namespace.

    https://kubernetes.io/docs/reference/access-authn-authz/rbac/
    """
    rules = [
        {
            "apiGroups": list(rule.apiGroups) or [""],
            "resources": list(rule.resources),
            "resourceNames": list(rule.resourceNames) or None,
            "verbs": list(rule.verbs),
        }
        for rule in service.spec.rbac
    ]
    if rules:
        yield manifest(API, "Role", service.name, rules=rules)


def role_binding(service: Service) -> Iterator[Manifest]:
    """The rules, given to the account; services that share one have the rules of all."""
    if service.spec.rbac:
        reference = {"apiGroup": API.partition("/")[0], "kind": "Role", "name": service.name}
        subject = {"kind": "ServiceAccount", "name": service.account, "namespace": service.namespace}
        yield manifest(API, "RoleBinding", service.name, roleRef=reference, subjects=[subject])


STEPS = (Step(Wave.PREREQUISITES, role), Step(Wave.PREREQUISITES, role_binding))
