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
    if service.spec.rbac:
        yield role_named(service, service.name)


def role_named(service: Service, name: str) -> Manifest:
    """The rules under a name."""
    rules = [
        {
            "apiGroups": list(rule.apiGroups) or [""],
            "resources": list(rule.resources),
            "resourceNames": list(rule.resourceNames) or None,
            "verbs": list(rule.verbs),
        }
        for rule in service.spec.rbac
    ]
    return manifest(API, "Role", name, rules=rules)


def role_binding(service: Service) -> Iterator[Manifest]:
    """The rules, given to the account; services that share one have the rules of all."""
    if service.spec.rbac:
        yield binding_named(service, service.name, service.account)


def binding_named(service: Service, name: str, account: str) -> Manifest:
    """The rules of a name, given to an account."""
    reference = {"apiGroup": API.partition("/")[0], "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": service.namespace}
    return manifest(API, "RoleBinding", name, roleRef=reference, subjects=[subject])


STEPS = (Step(Wave.PREREQUISITES, role), Step(Wave.PREREQUISITES, role_binding))
