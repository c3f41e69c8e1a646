"""Who may talk to the service: mutual TLS, one policy per caller, and none for all others."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Grant, Service
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave

API = "security.istio.io/v1"


def peer_authentication(service: Service) -> Iterator[Manifest]:
    """MTLS of the service's pods: STRICT unless the spec says otherwise. Istio wants container ports here.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    mtls = service.spec.mtls
    ports = {}
    for name, mode in (mtls.ports if mtls is not None else {}).items():
        port = service.port(name)
        if port is not None:
            ports[str(port.target)] = {"mode": mode}
    spec = {
        "selector": _selector(service),
        "mtls": {"mode": mtls.mode if mtls is not None and mtls.mode is not None else "STRICT"},
        "portLevelMtls": ports or None,
    }
    yield manifest(API, "PeerAuthentication", service.name, spec=spec)


def only_itself(service: Service) -> Iterator[Manifest]:
    """The policy that every service has: an ALLOW of its own identity, which refuses all that no other policy admits.

    https://istio.io/latest/docs/concepts/security/#implicit-enablement
    """
    rule = {"from": [{"source": {"principals": [service.principal]}}]}
    spec = {"selector": _selector(service), "action": "ALLOW", "rules": [rule]}
    yield manifest(API, "AuthorizationPolicy", service.name, spec=spec)


def callers(service: Service) -> Iterator[Manifest]:
    """One ALLOW per caller: they are ORed, so each can come and go alone."""
    for grant in service.grants:
        spec = {"selector": _selector(service), "action": "ALLOW", "rules": [_rule(grant)]}
        yield manifest(API, "AuthorizationPolicy", grant.name, spec=spec)


def _rule(grant: Grant) -> Manifest:
    """Sources and operations of one rule: both must hold (two rules would be an OR)."""
    found: Manifest = {}
    sources = [{"source": _lists(source)} for source in grant.sources if source]
    operations = [{"operation": _lists(operation)} for operation in grant.operations if operation]
    if sources and len(sources) == len(grant.sources):
        found["from"] = sources
    if operations and len(operations) == len(grant.operations):
        found["to"] = operations
    return found


def _lists(fields: object) -> Manifest:
    return {key: list(values) for key, values in dict(fields).items()}  # type: ignore[call-overload]


def _selector(service: Service) -> Manifest:
    return {"matchLabels": {"app": service.name}}


STEPS = (
    Step(Wave.NAMES, callers),
    Step(Wave.GUARDS, only_itself),
    Step(Wave.GUARDS, peer_authentication),
)
