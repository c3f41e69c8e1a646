"""Keys that the language has and this release does not build yet, by the model they belong to.

They are refused with a code of their own (MS106), so that nobody takes a feature to come for a spelling mistake.
"""

from __future__ import annotations

_KEYS = {
    "MeshService": """
        selector external service config secrets workload jobs strategy rbac pod proxy rollout envFrom loadBalancer
        connectionPool outlierDetection tls retryBudget proxyProtocol tunnel cors tcpRoutes tlsRoutes jwt sidecar
        exportTo metrics telemetry slo dashboard alerts ignore sync patches manifests""",
    "Version": "selector pod proxy config secrets loadBalancer connectionPool outlierDetection envFrom",
    "Image": "pullSecrets",
    "Replicas": "memory metrics behavior triggers",
    "PortSpec": "appProtocol nodePort loadBalancer connectionPool outlierDetection tls",
    "Volume": "size secret configMap claim csi projected subPath mode storageClass",
    "Shutdown": "preStop",
    "Route": "fault mirror headers redirect directResponse delegate cors",
    "Expose": "tls gatewayPort headers redirect directResponse delegated cors fault mirror",
    "Match": "withoutHeaders cookies authority scheme ignoreUriCase from sourceLabels claims gateways",
    "Rewrite": "regex",
    "Retries": "backoff retryRemoteLocalities retryIgnorePreviousHosts",
    "Destination": "headers",
    "Call": "tls gateway",
    "Access": "action when provider dryRun",
    "Source": """
        serviceAccounts ipBlocks remoteIpBlocks requestPrincipals trustDomains notServices notNamespaces notPrincipals
        notIpBlocks notRemoteIpBlocks notRequestPrincipals notServiceAccounts""",
    "Operation": "hosts notHosts notMethods notPaths notPorts",
    "MeshPlatform": """
        providers mtls telemetry namespaces networkPolicy argocd monitoring policy access jwt proxy calls manifests
        patches""",
    "Istio": "install revision api",
    "Gateway": "ports access jwt telemetry mtls",
    "GatewayTls": "issuer mode minProtocolVersion",
}

LATER: dict[str, frozenset[str]] = {model: frozenset(keys.split()) for model, keys in _KEYS.items()}
