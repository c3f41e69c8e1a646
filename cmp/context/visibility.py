"""Who sees a service or an outside host: those who may call it, and those whom a route leads there.

https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService (exportTo)
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from cmp.context.external import ExternalHost
from cmp.context.model import Service
from cmp.context.names import split
from cmp.context.security import everybody_or

if TYPE_CHECKING:
    from cmp.spec.traffic import Destination


class Visibility:
    """What all services of a render say about who has to see one of them."""

    def __init__(self, services: Collection[Service], callers: Callable[[Service], tuple[str, ...]]) -> None:
        self._services = services
        self._callers = callers

    def of_service(self, service: Service) -> tuple[str, ...]:
        """Those whom the spec names, else all who may call the service or reach it by a route."""
        namespace = service.namespace
        if service.spec.exportTo:
            return everybody_or({"." if one == namespace else one for one in service.spec.exportTo}, namespace)
        if service.outside is None:
            return self._callers(service)
        return everybody_or({*self._callers(service), *self._that_lead_to(service)}, namespace)

    def of_host(self, entry: ExternalHost, namespace: str) -> ExternalHost:
        """An outside host, seen by its namespace and by those who follow a route to it."""
        seen = self._followers(lambda one, where: where == namespace and one.host == entry.host)
        return entry._replace(export_to=everybody_or({".", *seen}, namespace))

    def _that_lead_to(self, service: Service) -> set[str]:
        name, hosts = (service.name, service.namespace), service.outside.hosts if service.outside is not None else ()
        seen = {one.gateway.namespace for one in service.exposures if one.gateway is not None}
        for other in self._services:
            called = any(one.service and split(one.service, other.namespace) == name for one in other.spec.calls)
            seen.update({other.namespace} if called and other.facts.limited else ())
        return seen | self._followers(
            lambda one, where: (
                (where == service.namespace and one.host in hosts)
                or (one.service is not None and split(one.service, where) == name)
            )
        )

    def _followers(self, leads: Callable[[Destination, str], bool]) -> set[str]:
        """The namespaces of all who follow a route, of whatever service, to certain destinations."""
        seen: set[str] = set()
        for other in self._services:
            own = other.spec
            routes: tuple[Any, ...] = (*own.routes, *own.expose, *own.tcpRoutes, *own.tlsRoutes)
            named = [one for target in routes for one in (*target.destinations, *getattr(target, "mirror", ()))]
            if any(leads(one, other.namespace) for one in named):
                seen.update(self._callers(other) if other.facts.runs != "host" else ())
                seen.update(one.gateway.namespace for one in other.exposures if one.gateway is not None)
        return seen
