"""The annotations that Istio reads, and of which objects. Imported only for specs that write one.

https://istio.io/latest/docs/reference/config/annotations/ (istio.io/api, annotation/annotations.gen.go)
"""

from __future__ import annotations

from cmp.diagnostics import did_you_mean

_OF_PODS = """
ambient.istio.io/bypass-inbound-capture ambient.istio.io/dns-capture ambient.istio.io/redirection
inject.istio.io/templates istio.io/reroute-virtual-interfaces istio.io/rev prometheus.istio.io/merge-metrics
proxy.istio.io/config proxy.istio.io/overrides readiness.status.sidecar.istio.io/applicationPorts
readiness.status.sidecar.istio.io/failureThreshold readiness.status.sidecar.istio.io/initialDelaySeconds
readiness.status.sidecar.istio.io/periodSeconds sidecar.istio.io/agentLogLevel sidecar.istio.io/bootstrapOverride
sidecar.istio.io/componentLogLevel sidecar.istio.io/discoveryAddress sidecar.istio.io/extraStatTags
sidecar.istio.io/inject sidecar.istio.io/interceptionMode sidecar.istio.io/logLevel sidecar.istio.io/nativeSidecar
sidecar.istio.io/proxyCPU sidecar.istio.io/proxyCPULimit sidecar.istio.io/proxyImage sidecar.istio.io/proxyImageType
sidecar.istio.io/proxyMemory sidecar.istio.io/proxyMemoryLimit sidecar.istio.io/rewriteAppHTTPProbers
sidecar.istio.io/statsCompression sidecar.istio.io/statsEvictionInterval sidecar.istio.io/statsFlushInterval
sidecar.istio.io/statsHistogramBins sidecar.istio.io/statsHistogramBuckets sidecar.istio.io/statsInclusionPrefixes
sidecar.istio.io/statsInclusionRegexps sidecar.istio.io/statsInclusionSuffixes sidecar.istio.io/status
sidecar.istio.io/userVolume sidecar.istio.io/userVolumeMount status.sidecar.istio.io/port
traffic.sidecar.istio.io/excludeInboundPorts traffic.sidecar.istio.io/excludeInterfaces
traffic.sidecar.istio.io/excludeOutboundIPRanges traffic.sidecar.istio.io/excludeOutboundPorts
traffic.sidecar.istio.io/includeInboundPorts traffic.sidecar.istio.io/includeOutboundIPRanges
traffic.sidecar.istio.io/includeOutboundPorts traffic.sidecar.istio.io/kubevirtInterfaces
"""
#: The kinds whose annotation it is; none is any.
READ = {
    **dict.fromkeys(_OF_PODS.split(), ("Pod",)),
    "alpha.istio.io/canonical-serviceaccounts": ("Service",),
    "alpha.istio.io/kubernetes-serviceaccounts": ("Service",),
    "ambient.istio.io/waypoint-inbound-binding": ("GatewayClass", "Gateway"),
    "galley.istio.io/analyze-suppress": (),
    "gateway.istio.io/controller-version": (),
    "gateway.istio.io/name-override": ("Gateway",),
    "gateway.istio.io/service-account": ("Gateway",),
    "istio.io/autoRegistrationGroup": ("WorkloadEntry",),
    "istio.io/connectedAt": ("WorkloadEntry",),
    "istio.io/disconnectedAt": ("WorkloadEntry",),
    "istio.io/dry-run": ("AuthorizationPolicy",),
    "istio.io/use-waypoint-canary-weight": ("Service", "ServiceEntry", "Namespace"),
    "istio.io/workloadController": ("WorkloadEntry",),
    "networking.istio.io/exportTo": ("Service",),
    "networking.istio.io/service-type": ("Gateway",),
    "networking.istio.io/traffic-distribution": ("Namespace", "Service", "ServiceEntry"),
    "topology.istio.io/controlPlaneClusters": ("Namespace",),
    "traffic.istio.io/nodeSelector": ("Service",),
}
#: Annotations that still work and are to go, with what takes their place.
DEPRECATED = {
    "alpha.istio.io/canonical-serviceaccounts": "",
    "alpha.istio.io/kubernetes-serviceaccounts": "",
    "sidecar.istio.io/discoveryAddress": "proxy.istio.io/config",
    "sidecar.istio.io/extraStatTags": "proxy.istio.io/config",
    "sidecar.istio.io/inject": "the label of this name",
    "sidecar.istio.io/statsCompression": "proxy.istio.io/config",
    "sidecar.istio.io/statsInclusionPrefixes": "proxy.istio.io/config",
    "sidecar.istio.io/statsInclusionRegexps": "proxy.istio.io/config",
    "sidecar.istio.io/statsInclusionSuffixes": "proxy.istio.io/config",
    "traffic.sidecar.istio.io/kubevirtInterfaces": "istio.io/reroute-virtual-interfaces",
}


def is_of_istio(name: str) -> bool:
    """Whether an annotation is in Istio's domain."""
    prefix, slash, _ = name.partition("/")
    return bool(slash) and (prefix == "istio.io" or prefix.endswith(".istio.io"))


def refusal(name: str, kinds: tuple[str, ...]) -> tuple[str, str] | None:
    """What is wrong with an annotation of Istio on objects of some kinds, and what to do (IST0107, 0108, 0135)."""
    if name not in READ:
        return f'Istio has no annotation "{name}" (IST0108)', did_you_mean(name, [*READ]) or "leave it out"
    if READ[name] and not {*READ[name]} & {*kinds}:
        there = " and ".join(f"a {kind}" for kind in READ[name])
        help = "write it in pod: {annotations: ..}" if READ[name] == ("Pod",) else "write it there, with a patch"
        return f'Istio reads "{name}" of {there}, and not here (IST0107)', help
    if name in DEPRECATED:
        instead = DEPRECATED[name]
        return f'"{name}" is deprecated (IST0135)', f"use {instead}" if instead else "leave it out"
    return None
