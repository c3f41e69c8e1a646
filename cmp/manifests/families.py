"""All builders, in one place to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cmp.context.model import Context, Service
from cmp.manifests import (
    egress,
    egress_gateway,
    gateways,
    jobs,
    monitoring,
    network,
    network_policy,
    outside,
    platform,
    rbac,
    scaling,
    security,
    storage,
    telemetry,
    traffic,
    workload,
)
from cmp.manifests.step import Built, PlatformStep, Step
from cmp.waves import WIDE, Manifest, sync_annotations

FAMILIES = (
    workload,
    scaling,
    jobs,
    rbac,
    storage,
    network,
    traffic,
    security,
    egress,
    egress_gateway,
    gateways,
    outside,
    network_policy,
    telemetry,
    monitoring,
)
STEPS: tuple[Step, ...] = tuple(step for family in FAMILIES for step in family.STEPS)
PLATFORM_STEPS: tuple[PlatformStep, ...] = (
    *platform.STEPS,
    *security.PLATFORM_STEPS,
    *egress.PLATFORM_STEPS,
    *egress_gateway.PLATFORM_STEPS,
    *telemetry.PLATFORM_STEPS,
    *monitoring.PLATFORM_STEPS,
)


def of_installations() -> tuple[PlatformStep, ...]:
    """The builders of what few platforms write: Istio, namespaces, Applications. Imported for these alone."""
    from cmp.manifests import argocd, installation, namespaces

    return (*namespaces.STEPS, *installation.STEPS, *argocd.STEPS)


def build(context: Context) -> Iterator[Built]:
    """Every object of a render, stamped, with the service or the platform that it comes from."""
    for service in context.services:
        for step in STEPS:
            for manifest in step.build(service):
                yield Built(_stamp_service(manifest, step.wave, service), service)
    found = context.written
    if found is not None:
        labels = {"app.kubernetes.io/part-of": found.name, "app.kubernetes.io/managed-by": "meshspec", **found.labels}
        for platform_step in (*PLATFORM_STEPS, *(of_installations() if found.installs else ())):
            for manifest in platform_step.build(found):
                namespace = manifest["metadata"].get("namespace") or found.namespace
                yield Built(_stamp(manifest, platform_step.wave, namespace, labels, found.annotations), found)


def _stamp_service(manifest: Manifest, wave: int, service: Service) -> Manifest:
    labels = {"app": service.name, "app.kubernetes.io/name": service.name, "app.kubernetes.io/managed-by": "meshspec"}
    if service.app:
        labels["app.kubernetes.io/part-of"] = service.app
    metadata = service.spec.metadata
    namespace = manifest["metadata"].get("namespace") or service.namespace
    found = service.spec.sync
    asked: Iterable[str] = ()
    if found is not None:
        wave, asked = found.waves.get(manifest["kind"], wave), found.options.get(manifest["kind"], ())
    return _stamp(manifest, wave, namespace, {**labels, **metadata.labels}, metadata.annotations, asked)


def _stamp(
    manifest: Manifest,
    wave: int,
    namespace: str,
    labels: Mapping[str, str],
    notes: Mapping[str, str],
    asked: Iterable[str] = (),
) -> Manifest:
    """Write what every object has, so that no builder can forget it. The builder's own annotations win."""
    metadata = manifest["metadata"]
    own = metadata.get("annotations") or {}
    metadata["namespace"] = namespace if manifest["kind"] not in WIDE else None
    metadata["labels"] = {**labels, **(metadata.get("labels") or {})}
    metadata["annotations"] = {**notes, **own, **sync_annotations(manifest, wave, asked)} or None
    return manifest
