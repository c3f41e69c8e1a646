"""The jobs of a service: their names, whose identity they have, and what they find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cmp.context.config import Config, config
from cmp.context.names import principal

if TYPE_CHECKING:
    from cmp.context.model import Service, Version
    from cmp.spec.jobs import Job as JobSpec

#: Phases of a sync in which objects of the application may not be there: its first one has not applied them yet, or
#: has failed before it did.
WITHOUT_OBJECTS = ("PreSync", "SyncFail")


class Job(NamedTuple):
    """What runs to its end.

    Attributes:
        name: its name among those of the service.
        full: the name of its objects, and the label ``app`` of its pods.
        account: whose identity it has: the service's, or its own where it runs apart.
        apart: it cannot rely on the objects of the service, and brings copies of what it needs.
        spec: what it runs, and when.
        config: the files that it finds.
    """

    name: str
    full: str
    account: str
    apart: bool
    spec: JobSpec
    config: Config | None = None
    stateful: bool = False  # it has no volumes of its own

    @property
    def labels(self) -> Mapping[str, str]:
        """By what policies select its pods, and no Service does."""
        return {"app": self.full}


#: What runs in pods of ours.
Run: TypeAlias = "Version | Job"


def jobs(service: str, account: str, specs: Mapping[str, JobSpec]) -> Iterator[Job]:
    """The jobs of a service, in the order of their names."""
    for name, spec in specs.items():
        full, apart = f"{service}-{name}", spec.hook in WITHOUT_OBJECTS
        files = config(full if apart else service, spec.config)
        yield Job(name, full, full if apart else account, apart, spec, files)


def identities(service: Service) -> tuple[str, ...]:
    """Whom others admit when they admit a service: its account, and those of its jobs that have their own."""
    domain, namespace = service.target.trust_domain, service.namespace
    own = (principal(domain, namespace, job.account) for job in service.jobs if job.apart)
    return (service.principal, *own)
