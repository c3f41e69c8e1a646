"""The metrics of Istio's proxies, as queries about a service.

https://istio.io/latest/docs/reference/config/metrics/
"""

from __future__ import annotations

from typing import Protocol

from cmp.context.model import HTTP_PROTOCOLS, Port

#: The bounds of the proxies' histogram, in milliseconds (Envoy source/common/stats/histogram_impl.cc, default buckets;
#: Istio sets none of its own). Longer ones are no latencies any more; shorter ones no whole milliseconds.
BOUNDS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000)

#: Why a caller's proxy could not hand a request over: no pod, no connection, too many requests waiting. The service's
#: own proxy never saw it (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage).
LOST = "(.*,)?(UF|UH|UO)(,.*)?"
#: What gRPC has for 5xx, with HTTP's 200: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
#: (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/, what is an error of the server).
GRPC_FAILED = "2|4|12|13|14|15"

#: The labels without which nothing is known to be about a service.
OF_SERVICE = frozenset(("reporter", "destination_service_name", "destination_service_namespace"))


class Asked(Protocol):
    """Who is asked: a service, or any that somebody chooses."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def ports(self) -> tuple[Port, ...]:
        """Its ports."""


def milliseconds(duration: str) -> int:
    """A canonical duration as a number."""
    return int(duration.removesuffix("ms")) if duration.endswith("ms") else int(duration.removesuffix("s") or 0) * 1000


def asked(service: Asked, *matchers: str, reporter: str = "destination") -> str:
    """The matchers of what a service is asked, as its own proxies see it, or those of its callers."""
    whose = f'destination_service_name="{service.name}",destination_service_namespace="{service.namespace}"'
    return ",".join((f'reporter="{reporter}"', whose, *matchers))


def serves_requests(service: Asked) -> bool:
    """Whether proxies read requests of the service, and not only connections."""
    return any(port.protocol in HTTP_PROTOCOLS for port in service.ports)


def speaks_grpc(service: Asked) -> bool:
    """Whether the status of an answer may be gRPC's."""
    return any(port.protocol in ("grpc", "grpc-web", "http2") for port in service.ports)


def requests(service: Asked, window: str) -> str:
    """The rate of all requests, with those that never arrived: without them, a service without pods fails nothing."""
    parts = [asked(service), asked(service, f'response_flags=~"{LOST}"', reporter="source")]
    return _sum(parts, window)


def failures(service: Asked, window: str) -> str:
    """The rate of the requests that failed. A caller that hangs up (code 0) is nobody's failure."""
    parts = [asked(service, 'response_code=~"5.."')]
    if speaks_grpc(service):
        parts.append(asked(service, 'response_code!~"5.."', f'grpc_response_status=~"{GRPC_FAILED}"'))
    parts.append(asked(service, f'response_flags=~"{LOST}"', reporter="source"))
    return _sum(parts, window)


def _sum(parts: list[str], window: str) -> str:
    """A sum over series that have none in common."""
    return "sum(" + " or ".join(f"rate(istio_requests_total{{{part}}}[{window}])" for part in parts) + ")"


def answered(service: Asked, window: str) -> str:
    """The rate of the requests that did not fail."""
    return f"sum(rate(istio_request_duration_milliseconds_count{{{_well(service)}}}[{window}]))"


def answered_within(service: Asked, bound: int, window: str) -> str:
    """Of these, the rate of those that took at most a bound. Prometheus 3 writes whole bounds with a fraction.

    https://prometheus.io/docs/prometheus/latest/migration/#le-and-quantile-label-values
    """
    bucket = f'{_well(service)},le=~"{bound}([.]0)?"'
    return f"sum(rate(istio_request_duration_milliseconds_bucket{{{bucket}}}[{window}]))"


def _well(service: Asked) -> str:
    grpc = (f'grpc_response_status!~"{GRPC_FAILED}"',) if speaks_grpc(service) else ()
    return asked(service, 'response_code!~"5.."', *grpc)


def labels_of_rates(service: Asked) -> frozenset[str]:
    """The labels that these queries ask for."""
    found = OF_SERVICE | {"response_code", "response_flags"}
    return found | {"grpc_response_status"} if speaks_grpc(service) else found
