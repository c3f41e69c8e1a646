"""The examples of the reference: each is a golden case, so what it gives is held to the byte and judged upstream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).resolve().parent.parent
CASES = TOP / "tests" / "cases"

#: The case that shows a key, by kind and path as in the table of forms. A block without one is shown by those above it.
EXAMPLES: dict[str, dict[str, str]] = {
    "MeshService": {
        "": "minimal-service",
        "metadata": "metadata-on-every-object",
        "command": "command-and-args",
        "ignore": "warnings-silenced",
        "sync": "sync-waves-and-options",
        "patches": "patches-merge",
        "patches[].json": "patches-json",
        "manifests": "manifests-beside-a-service",
        "platform": "platform-beside-is-rendered",
        "ports": "ports-of-many-protocols",
        "serviceAccount": "service-account-annotations",
        "versions": "canary-by-weight",
        "routes": "route-path-prefix-rewrite",
        "routes[].destinations": "route-to-a-service-with-a-canary",
        "routes[].destinations[].headers": "route-changes-headers",
        "routes[].rewrite": "route-rewrite-authority",
        "routes[].rewrite.regex": "route-rewrite-by-regex",
        "routes[].retries": "route-timeout-and-retries",
        "routes[].cors": "cors-of-the-service-and-of-a-route",
        "routes[].match": "route-by-header-query-and-method",
        "routes[].match[].path": "route-path-patterns",
        "routes[].redirect": "route-redirect-and-answer",
        "routes[].directResponse": "route-redirect-and-answer",
        "routes[].fault": "route-fault",
        "routes[].mirror": "route-mirror",
        "tcpRoutes": "tcp-routes",
        "tcpRoutes[].match": "tcp-routes",
        "tcpRoutes[].destinations": "tcp-routes",
        "tlsRoutes": "tls-routes",
        "tlsRoutes[].match": "tls-routes",
        "expose": "expose-path-rewrite",
        "expose[].tls": "expose-with-own-certificate",
        "expose[].tls.issuer": "expose-with-issued-certificate",
        "mtls": "mtls-exceptions",
        "access": "default-deny-and-callers",
        "access[].from": "access-by-namespace-gateway-and-principal",
        "access[].to": "access-by-method-path-and-port",
        "access[].when": "access-conditions",
        "access[].provider": "access-actions",
        "jwt": "jwt-every-field",
        "jwt[].fromHeaders": "jwt-every-field",
        "jwt[].require": "jwt-required-but-for-some-paths",
        "telemetry": "telemetry-of-a-service",
        "telemetry.tracing.match": "telemetry-of-a-platform",
        "metrics": "metrics-of-the-application",
        "slo": "slo-availability-and-latency",
        "alerts": "alerts",
        "dashboard": "dashboard-of-a-service",
        "calls": "calls-services-and-namespaces",
        "selector": "adopt-routes-and-versions",
        "external": "external-wildcards-and-networks",
        "external.endpoints": "external-endpoints-and-versions",
        "workload": "stateful-set-every-field",
        "service": "service-load-balancer",
        "jobs": "job-as-a-hook",
        "jobs.*.podFailurePolicy": "job-that-tells-failures-apart",
        "exportTo": "export-to",
        "calls[].tls": "calls-tls-added-by-the-proxy",
        "sidecar": "sidecar-listeners-and-proxy",
        "sidecar.ingress[].tls": "sidecar-listeners-for-calls",
        "sidecar.egress": "sidecar-listeners-for-calls",
        "proxy": "proxy-settings-on-the-pod",
        "proxy.image": "proxy-image-and-variables",
        "proxy.resources.requests": "resources-requests-and-limits",
        "parameters": "parameters-set-declared-paths",
        "environments": "environment-overlays-a-service",
        "image": "image-in-parts",
        "replicas": "replicas-scaled-by-cpu",
        "replicas.metrics": "replicas-scaled-by-metrics",
        "replicas.behavior": "replicas-behavior",
        "replicas.triggers": "replicas-scaled-by-triggers",
        "replicas.triggers[].authenticationRef": "replicas-triggers-every-field",
        "replicas.triggers[].authentication.podIdentity": "replicas-triggers-every-field",
        "replicas.fallback": "replicas-triggers-every-field",
        "podDisruptionBudget": "disruption-budget",
        "resources": "resources-shorthand",
        "env": "env-of-every-source",
        "envFrom": "env-from-config-maps-and-secrets",
        "config": "config-files-and-text",
        "secrets": "secrets-from-a-store",
        "health": "health-every-probe",
        "volumes": "volumes-of-every-kind",
        "strategy": "strategy-without-surge",
        "strategy.rollingUpdate": "daemon-set-rolls",
        "shutdown": "shutdown-grace",
        "rbac": "rbac-of-the-account",
        "pod": "pod-placement",
        "pod.securityContext": "pod-with-weaker-security",
        "pod.containers": "pod-of-several-containers",
        "pod.initContainers": "pod-init-container-in-short",
        "loadBalancer": "policy-load-balancer",
        "loadBalancer.consistentHash": "policy-sticky-by-header-and-address",
        "loadBalancer.consistentHash.httpCookie": "policy-cookie-attributes",
        "loadBalancer.consistentHash.ringHash": "policy-sticky-by-cookie",
        "loadBalancer.localityLbSetting": "policy-locality-of-ports",
        "loadBalancer.warmup": "policy-warmup",
        "loadBalancer.zoneAwareLbSetting": "policy-of-istio-1.31",
        "sidecar.ingress[].connectionPool.http.http2KeepAlive": "policy-of-istio-1.31",
        "connectionPool": "policy-pools",
        "outlierDetection": "policy-outliers",
        "tls": "policy-tls-of-ports",
        "retryBudget": "policy-retry-budget",
        "proxyProtocol": "policy-proxy-protocol-of-a-version",
        "tunnel": "policy-tunnel",
    },
    "MeshApp": {"": "app-defaults"},
    "MeshPlatform": {
        "": "platform-above-the-path",
        "istio": "trust-domain-and-cluster-domain",
        "istio.canary": "install-canary",
        "istio.install": "install-values",
        "argocd": "argocd-applications",
        "gateways": "gateway-redirects-to-https",
        "gateways.*.tls": "gateway-tls-modes",
        "gateways.*.tls.issuer": "gateway-certificates-issued",
        "gateways.*.ports": "gateway-ports",
        "mtls": "platform-access-of-the-mesh",
        "access": "platform-access-of-the-mesh",
        "jwt": "platform-access-of-the-mesh",
        "telemetry": "telemetry-of-a-platform",
        "monitoring": "platform-monitoring",
        "monitoring.prometheus": "monitoring-installed",
        "monitoring.grafana": "monitoring-installed",
        "namespaces": "platform-access-of-namespaces",
        "catalog": "catalog-accounts",
        "calls": "calls-of-a-platform-and-providers",
        "namespaces.*.limits": "namespaces-written",
        "namespaces.*.calls": "calls-of-a-platform-and-providers",
        "providers": "calls-of-a-platform-and-providers",
        "policy": "policy-is-kept",
        "environments": "environment-of-app-and-platform",
    },
}


def shown(kind: str, case: str, title: str) -> str:
    """A case as a part of the page: a line about it, and its file of this kind."""
    folder, link = CASES / case, f"../tests/cases/{case}"
    platform = folder / "meshplatform.yaml"
    specs = sorted(path for path in folder.rglob("*meshspec.yaml"))
    file = platform if kind == "MeshPlatform" else specs[0]
    others = [path.relative_to(folder) for path in (*specs, platform) if path.exists() and path != file]
    beside = [f"[{path}]({link}/{path})" for path in others]
    notes = [f"beside {' and '.join(beside)}"] if beside else []
    notes += _flags(folder / "env.yaml")
    notes.append(f"[what it gives]({link}/expected.yaml)")
    return f"{title} ({'; '.join(notes)}):\n\n```yaml\n{file.read_text(encoding='utf-8').strip()}\n```\n"


def _flags(file: Path) -> list[str]:
    """How the case is rendered, where that says something."""
    given: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    flags = [f"--env {given['name']}"] if "name" in given else []
    flags += [f"--set {path}={text}" for path, text in given.get("parameters", {}).items()]
    return [f"with `{' '.join(flags)}`"] if flags else []
