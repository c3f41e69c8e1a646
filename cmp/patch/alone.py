"""Warnings of objects of files and patches that do less than they say: what ``istioctl analyze`` says of one alone.

istio pkg/config/analysis/analyzers; messages end in the code under which it reports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cmp.context.annotations import is_of_istio, refusal
from cmp.context.model import Platform, Service
from cmp.context.names import PROTOCOLS, protocol_of
from cmp.diagnostics import Diagnostic
from cmp.manifests.step import Built
from cmp.patch.reading import listed, named, said

#: A path of the object, what is wrong there, and what to write.
Told = Iterator[tuple[tuple[str | int, ...], str, str]]


def warnings(one: Built) -> Iterator[Diagnostic]:
    """What is to be said of an object that was not built, or not as it is."""
    for path, message, help in _annotations(one):
        yield Diagnostic("MS311", f"{named(one)}: {message}", one.where(*path, on_key=True), help, "warning")
    check = _OF_KIND.get(one.manifest["kind"])
    for path, message, help in check(one) if check is not None else ():
        yield Diagnostic("MS312", f"{named(one)}: {message}", one.where(*path), help, "warning")


def _annotations(one: Built) -> Told:
    """Annotations of the object itself: those of all objects of a service are told of there."""
    places: list[tuple[tuple[str, ...], str]] = [
        (("metadata", "annotations"), one.manifest["kind"]),
        (("spec", "template", "metadata", "annotations"), "Pod"),
    ]
    told = _told(one.owner)
    for path, kind in places:
        for name in said(one, *path) or {}:
            own = name not in told if one.node is None else one.node.get(*path, name) is not None
            if own and is_of_istio(name) and (found := refusal(name, (kind,))) is not None:
                yield (*path, name), *found


def _told(owner: Service | Platform) -> set[str]:
    """The annotations that a spec gives to what is built."""
    if not isinstance(owner, Service):
        return {*owner.annotations}
    blocks = [owner.spec.metadata.annotations, owner.spec.service.annotations if owner.spec.service else {}]
    blocks += [version.spec.pod.annotations for version in owner.versions if version.spec.pod is not None]
    return {name for block in blocks for name in block}


def _envoy_filter(one: Built) -> Told:
    """Patches that are ignored, or find what they are relative to only by luck.

    https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-Patch-Operation
    """
    pinned = False
    for at, patch in enumerate(listed(one, "spec", "configPatches")):
        path = ("spec", "configPatches", at)
        operation, to = (patch.get("patch") or {}).get("operation"), patch.get("applyTo")
        if operation in ("ADD", "REMOVE") and to in ("ROUTE_CONFIGURATION", "HTTP_ROUTE"):
            code = "IST0153" if operation == "ADD" else "IST0154"
            yield path, f"{operation} is ignored for {to} ({code})", "use MERGE"
        elif operation == "REPLACE" and to not in ("NETWORK_FILTER", "HTTP_FILTER", "VIRTUAL_HOST"):
            yield path, f"REPLACE is for HTTP_FILTER and NETWORK_FILTER, not {to} (IST0152)", "use MERGE"
        elif operation in ("INSERT_BEFORE", "INSERT_AFTER", "REMOVE", "REPLACE") and not said(one, "spec", "priority"):
            message = f"{operation} depends on other filters, which may come later"
            yield (
                path,
                f"{message} ({'IST0155' if pinned else 'IST0151'})",
                "add spec.priority, or use INSERT_FIRST or ADD",
            )
        pinned = pinned or "proxyVersion" in ((patch.get("match") or {}).get("proxy") or {})


def _destination_rule(one: Built) -> Told:
    """TLS in which the server shows a certificate that nobody checks.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings (caCertificates)
    """
    policy = said(one, "spec", "trafficPolicy") or {}
    places: list[tuple[tuple[str | int, ...], Any, str]] = [
        (("spec", "trafficPolicy", "tls"), policy.get("tls"), "IST0128")
    ]
    for at, port in enumerate(policy.get("portLevelSettings") or ()):
        places.append((("spec", "trafficPolicy", "portLevelSettings", at, "tls"), port.get("tls"), "IST0129"))
    for path, tls, code in places:
        own = tls and tls.get("credentialName") and said(one, "spec", "workloadSelector")
        if tls and tls.get("mode") in ("SIMPLE", "MUTUAL") and not tls.get("caCertificates") and not own:
            yield path, f"without caCertificates the server may be anybody ({code})", "add caCertificates: system"


def _virtual_service(one: Built) -> Told:
    """Rules are tried in their order, and one without match takes all (virtualservice.go, validateHTTPRoutes)."""
    seen: list[Any] = []
    all_taken = False
    for at, rule in enumerate(listed(one, "spec", "http")):
        path, matches = ("spec", "http", at), rule.get("match") or []
        if all_taken or (matches and all(match in seen for match in matches)):
            yield path, "no request gets to this rule: those before it take all (IST0130)", "put it before them"
            continue
        for number, match in enumerate(matches):
            if match in seen:
                yield (*path, "match", number), "this match stands twice (IST0131)", "leave the second out"
            seen.append(match)
        all_taken = all_taken or not matches
        if ((rule.get("fault") or {}).get("delay") or {}).get("percent"):
            yield (
                (*path, "fault", "delay", "percent"),
                "percent is deprecated (IST0002)",
                "write percentage: {value: 5}",
            )


def _service(one: Built) -> Told:
    """Ports whose protocol nobody says.

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    external = said(one, "spec", "type") == "ExternalName"
    for at, port in enumerate(listed(one, "spec", "ports")):
        name, path = str(port.get("name") or ""), ("spec", "ports", at)
        known = port.get("appProtocol") or protocol_of(name) or (port.get("protocol") or "TCP") != "TCP"
        if external and (name == "tcp" or not known):
            message = "the name of a port to an outside host says its protocol, and not tcp (IST0150)"
            yield path, message, "name it for example https"
        elif not known:
            message = f'"{name}" does not begin with a protocol, so the proxy has to guess it (IST0118)'
            yield path, message, f"write name: http-{name or 'web'}, or appProtocol: one of {', '.join(PROTOCOLS)}"


def _workload(one: Built) -> Told:
    """Pods whose traffic gets around the proxy.

    https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements
    """
    pod: tuple[str, ...] = ("spec", "template", "spec")
    places = [
        ("securityContext",),
        *(("containers", at, "securityContext") for at in range(len(listed(one, *pod, "containers")))),
    ]
    for path in places:
        found: Any = said(one, *pod)
        for step in path:
            found = (found.get(step) if isinstance(found, dict) else found[step]) if found else None
        if found and found.get("runAsUser") == 1337:
            message = "user 1337 is that of Istio's proxy: what it sends gets around the proxy (IST0144)"
            yield (*pod, *path, "runAsUser"), message, "choose another"


def _namespace(one: Built) -> Told:
    """Namespaces that say twice, and differently, how pods get into the mesh.

    https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
    """
    labels = said(one, "metadata", "labels") or {}
    found = [key for key in ("istio-injection", "istio.io/rev", "istio.io/dataplane-mode") if labels.get(key)]
    if len(found) > 1 and not (labels.get("istio-injection") == "disabled" and len(found) == 2):
        message = f"{' and '.join(found)} both say how pods get into the mesh (IST0123)"
        yield ("metadata", "labels", found[1]), message, "keep one of them"


_OF_KIND: dict[str, Callable[[Built], Told]] = {
    "DaemonSet": _workload,
    "Deployment": _workload,
    "DestinationRule": _destination_rule,
    "EnvoyFilter": _envoy_filter,
    "Namespace": _namespace,
    "Service": _service,
    "StatefulSet": _workload,
    "VirtualService": _virtual_service,
}
