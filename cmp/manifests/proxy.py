"""Settings of the proxy: those that injection reads off the pod."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cmp.context.jobs import Run
from cmp.context.model import Service
from cmp.context.running import pause
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.service import Proxy

#: Seconds after which a draining Envoy accepts no new connection, where nobody says otherwise
#: (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig, drainDuration).
DRAIN = 45


def proxy_annotations(service: Service, run: Run) -> Manifest:
    """The pod's annotations for its proxy.

    The proxy leaves when its connections are done, and not before the application is told to stop: with a fixed drain
    it would cut long requests or hold every pod for as long
    (https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars, EXIT_ON_ZERO_ACTIVE_CONNECTIONS).
    https://istio.io/latest/docs/reference/config/annotations/
    """
    proxy = service.spec.proxy
    drain = {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true", "MINIMUM_DRAIN_DURATION": f"{pause(run)}s"}
    written = ",".join(f'"{key}":"{value}"' for key, value in drain.items())
    config = f'"proxyMetadata":{{{written}}}'
    if pause(run) > DRAIN:
        config += f',"drainDuration":"{pause(run)}s"'
    if proxy is not None and proxy.holdApplicationUntilProxyStarts is not None:
        config += f',"holdApplicationUntilProxyStarts":{_truth(proxy.holdApplicationUntilProxyStarts)}'
    notes = {"proxy.istio.io/config": f"{{{config}}}", **(_injected(proxy) if proxy is not None else {})}
    return {**notes, **_scraped(service)}


def _scraped(service: Service) -> Manifest:
    """Where the proxy finds the application's metrics. Injection puts its own endpoint in their place, which has both.

    Prometheus then needs no identity of the mesh: the endpoint stands beside the mesh's ports
    (https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging).
    """
    metrics = service.spec.metrics
    if metrics is None or metrics.merge is False:
        return {}
    port = service.container_port(metrics.port)
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port) if port is not None else None,
        "prometheus.io/path": metrics.path or "/metrics",
    }


def _injected(proxy: Proxy) -> Manifest:
    requests, limits = (getattr(proxy.resources, key, None) for key in ("requests", "limits"))
    native = _truth(proxy.nativeSidecar) if proxy.nativeSidecar is not None else None
    return {
        "sidecar.istio.io/nativeSidecar": native,
        "sidecar.istio.io/proxyCPU": getattr(requests, "cpu", None),
        "sidecar.istio.io/proxyCPULimit": getattr(limits, "cpu", None),
        "sidecar.istio.io/proxyMemory": getattr(requests, "memory", None),
        "sidecar.istio.io/proxyMemoryLimit": getattr(limits, "memory", None),
        "traffic.sidecar.istio.io/excludeInboundPorts": _numbers(proxy.excludeInboundPorts),
        "traffic.sidecar.istio.io/excludeOutboundPorts": _numbers(proxy.excludeOutboundPorts),
    }


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _numbers(ports: Iterable[str]) -> str | None:
    return ",".join(sorted(ports, key=int)) or None
