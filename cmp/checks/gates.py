"""Fields that the platform's Istio does not know yet: the releases in which they came.

Read off the definitions of the releases: a field came with the first tag of istio.io/api whose
kubernetes/customresourcedefinitions.gen.yaml has it (v1.25.0 to v1.29.0; those of 1.30 are not in v1.29.0, and are in
istio 1.30.3, manifests/charts/base/files/crd-all.gen.yaml). The tests compare the table with the oldest and the newest.
What a definition lacks, Kubernetes' API drops in silence. What Kubernetes itself brought is in ``context/releases``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.context.model import Context, Platform, Service


class Gate(NamedTuple):
    """A field by its path in the language (``*`` any name, ``[]`` any item), and the release of Istio that brought it.

    ``field`` is where the CustomResourceDefinition has it: kind and path. With a ``value`` the field is older, and only
    this value of it came then.
    """

    release: tuple[int, int]
    path: str
    field: str
    value: str = ""


def _policy(release: tuple[int, int], path: str) -> tuple[Gate, ...]:
    """A field of a traffic policy, wherever one may stand."""
    at = "DestinationRule.trafficPolicy"
    return tuple(Gate(release, f"{holder}{path}", f"{at}.{path}") for holder in ("", "versions.*.", "ports.*."))


def _retries(release: tuple[int, int], key: str) -> tuple[Gate, ...]:
    """A field of retries, of the service or of what inherits them: that is reported once, where it is written."""
    holders = ("", "routes[].", "expose[].")
    return tuple(Gate(release, f"{holder}retries.{key}", f"VirtualService.http[].retries.{key}") for holder in holders)


def _callers(*holders: str) -> tuple[Gate, ...]:
    """The fields of rules and tokens, wherever these may stand."""
    source, rule = "AuthorizationPolicy.rules[].from[].source", "access[].from[]"
    return tuple(
        Gate(release, f"{holder}{path}", field)
        for holder in holders
        for release, path, field in (
            ((1, 25), f"{rule}.serviceAccounts", f"{source}.serviceAccounts"),
            ((1, 25), f"{rule}.notServiceAccounts", f"{source}.notServiceAccounts"),
            ((1, 28), "jwt[].spaceDelimitedClaims", "RequestAuthentication.jwtRules[].spaceDelimitedClaims"),
            ((1, 30), f"{rule}.trustDomains", f"{source}.trustDomains"),
            ((1, 30), f"{rule}.notTrustDomains", f"{source}.notTrustDomains"),
        )
    )


def _telemetry(*holders: str) -> tuple[Gate, ...]:
    """The fields of tracing, wherever it may stand."""
    at = "telemetry.tracing"
    return tuple(
        Gate(release, f"{holder}{at}.{path}", f"Telemetry.tracing[].{path}")
        for holder in holders
        for release, path in (
            ((1, 25), "enableIstioTags"),
            ((1, 29), "customTags.*.formatter"),
            ((1, 30), "disableContextPropagation"),
        )
    )


#: The field is in the definitions of 1.26, but istiod reads it since 1.27
#: (https://istio.io/latest/news/releases/1.27.x/announcing-1.27/change-notes/: multiple server certificates).
CERTIFICATES = (1, 27)
#: Attributes of conditions (istio pkg/config/security, ValidateAttribute), which came with the fields of sources.
CONDITIONS = {"source.serviceAccount": (1, 25), "source.trustDomain": (1, 30)}

SERVICE: tuple[Gate, ...] = (
    *_policy((1, 27), "retryBudget"),
    *_policy((1, 28), "loadBalancer.consistentHash.httpCookie.attributes"),
    *_policy((1, 31), "loadBalancer.zoneAwareLbSetting"),
    *_policy((1, 31), "connectionPool.http.http2KeepAlive"),
    *(
        Gate((1, 31), f"sidecar.{pool}.http.http2KeepAlive", f"Sidecar.{pool}.http.http2KeepAlive")
        for pool in ("ingress[].connectionPool", "inboundConnectionPool")
    ),
    *_policy((1, 31), "outlierDetection.outlierDetectionHttpErrorCodes"),
    *_policy((1, 31), "retryBudget.budgetInterval"),
    Gate((1, 31), "routes[].redirect.prefixRewrite", "VirtualService.http[].redirect.prefixRewrite"),
    Gate((1, 31), "expose[].redirect.prefixRewrite", "VirtualService.http[].redirect.prefixRewrite"),
    *_retries((1, 26), "backoff"),
    *_retries((1, 26), "retryIgnorePreviousHosts"),
    Gate(CERTIFICATES, "expose[].tls.credentialNames", "Gateway.servers[].tls.credentialNames"),
    Gate((1, 28), "external.resolution", "ServiceEntry.resolution", "DYNAMIC_DNS"),
    *_callers(""),
    *_telemetry(""),
)
PLATFORM: tuple[Gate, ...] = (
    *(
        Gate(CERTIFICATES, f"gateways.*.{holder}tls.credentialNames", "Gateway.servers[].tls.credentialNames")
        for holder in ("", "ports.*.")
    ),
    *_callers("", "namespaces.*.", "gateways.*."),
    *_telemetry("", "namespaces.*.", "gateways.*."),
)


def check_gates(context: Context) -> Iterator[Finding]:
    """Nothing is written that the mesh does not know: it would be refused there, or dropped in silence."""
    owners: list[tuple[Service | Platform, tuple[Gate, ...]]] = [(service, SERVICE) for service in context.services]
    if context.platform is not None:
        owners.append((context.platform, PLATFORM))
    for owner, gates in owners:
        have = owner.target.istio
        for gate in gates:
            if have >= gate.release:
                continue
            for path, found in _written(owner.spec, gate.path.replace("[]", ".[]").split("."), ()):
                if gate.value not in ("", found):
                    continue
                shown, want = (".".join(map(str, version)) for version in (have, gate.release))
                message = f'Istio {shown} does not know "{gate.value or path[-1]}": it came with {want}'
                help = "leave it out, or raise istio.version of the platform when the mesh has it"
                yield Finding("MS212", owner, path, message, help, True)


def _written(value: Any, steps: list[str], path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """The places below a value that a path leads to and where something is written, with what is."""
    if value in (None, (), {}):
        return
    if not steps:
        yield path, value
    elif steps[0] == "*":
        for name, below in value.items():
            yield from _written(below, steps[1:], (*path, name))
    elif steps[0] == "[]":
        for index, below in enumerate(value):
            yield from _written(below, steps[1:], (*path, index))
    else:
        below = vars(value).get(steps[0], vars(value).get(f"{steps[0]}_"))
        yield from _written(below, steps[1:], (*path, steps[0]))
