"""What is meant where a service says nothing, for the fields that guard-rails are written for.

A rule that allows some registries would else let an image without one through, which Docker Hub has.
"""

from __future__ import annotations

from cmp.context.model import Platform, Service
from cmp.policy.patterns import LeftOut, Path

#: Where the runtime looks for an image without a registry.
#: https://kubernetes.io/docs/concepts/containers/images/#image-names
DOCKER_HUB = "docker.io"


def left_out(service: Service | Platform) -> LeftOut:
    """A function from a path of a service to what is meant where nothing is written, or None."""

    def meant(path: Path) -> str | None:
        if isinstance(service, Platform):
            return None
        if path[-2:] == ("image", "registry"):
            return DOCKER_HUB if service.tree.node.get(*path[:-1]) is not None else None
        if path[0] == "versions" and path[2:] == ("replicas", "count"):
            scaled = service.facts.kind in ("Deployment", "StatefulSet")
            return "1" if scaled and service.tree.node.get(*path[:-1]) is None else None
        if path[-2:] == ("retries", "attempts"):
            written = service.tree.node.get(*path[:-1]) is not None or (len(path) == 2 and service.facts.routed)
            return str(service.target.profile.attempts) if written else None
        if path == ("mtls", "mode"):
            return "STRICT" if service.facts.mtls else None
        if path == ("workload", "kind"):
            return service.facts.kind or None
        if path == ("metadata", "namespace"):
            return service.namespace or None
        if path[0] == "access" and path[2:] == ("action",):
            return "ALLOW"
        if path[0] == "expose" and path[2:] == ("gateway",):
            return next((one.gateway.name for one in service.exposures if one.at == path[1] and one.gateway), None)
        return None

    return meant
