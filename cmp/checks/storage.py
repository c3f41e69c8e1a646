"""Checks of what is mounted: files from the repository and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, every_run, every_version
from cmp.context.model import Context, Service, Version
from cmp.context.running import NO_PODS

if TYPE_CHECKING:
    from cmp.spec.storage import Projection, Volume

#: Bytes of all values of a ConfigMap (validation.ValidateConfigMap).
MAX_CONFIG = 1 << 20
TMP = "/tmp"


def check_config(context: Context) -> Iterator[Finding]:
    """The files of a version or a job fit into one ConfigMap."""
    for service, run, path in every_run(context):
        files = run.config.files if run.config is not None else ()
        size = sum(len(file.text.encode()) for file in files)
        if size > MAX_CONFIG:
            message = f"the files of config have {size} bytes; a ConfigMap holds {MAX_CONFIG}"
            yield Finding("MS005", service, (*path, "config"), message, "put large files into the image or a volume")


def check_mount_paths(context: Context) -> Iterator[Finding]:
    """Nothing is mounted twice at one path or below a file, and no file into a volume that cannot be written to.

    The runtime makes the place for a mount inside of what is mounted there already.
    """
    for service, run, path in every_run(context):
        volumes, files = run.spec.volumes, run.spec.config
        for place in files:
            at = (*path, "config", place)
            if place in volumes or place == TMP:
                yield Finding("MS207", service, at, f'"{place}" is a volume too', "choose another path", True)
        for place in (*files, *volumes):
            at = (*path, "config" if place in files else "volumes", place)
            for above in _above(place):
                if above in files:
                    message = f'"{above}" is a file, and "{place}" cannot be below it'
                    yield Finding("MS104", service, at, message, "mount it somewhere else", True)
                elif above in volumes and _read_only(volumes[above]):
                    message = f'"{place}" cannot be mounted into the volume "{above}", which is read-only'
                    yield Finding("MS218", service, at, message, "mount it beside the volume", True)


def check_volumes(context: Context) -> Iterator[Finding]:
    """Keys beside a volume's kind belong to that kind, and what has no name of its own is complete."""
    for service, run, path in every_run(context):
        for place, volume in run.spec.volumes.items():
            at = (*path, "volumes", place)
            if volume.size is None and (volume.storageClass is not None or volume.accessModes):
                yield Finding("MS102", service, at, f"volumes.{place}: size is missing", "add size: 10Gi")
            if volume.csi is not None and volume.csi.driver is None:
                yield Finding("MS102", service, (*at, "csi"), f"volumes.{place}.csi: driver is missing", "add driver")
            files = volume.secret is not None or volume.configMap is not None
            for key, fits in (("items", files), ("optional", files), ("mode", files or bool(volume.projected))):
                if getattr(volume, key) and not fits:
                    message = f'"{key}" is for the files of a secret or configMap'
                    yield Finding("MS218", service, (*at, key), message, "leave it out", True)
            for index, source in enumerate(volume.projected):
                yield from _source(service, source, (*at, "projected", index))


def _source(service: Service, source: Projection, at: tuple[str | int, ...]) -> Iterator[Finding]:
    if source.secret is None and source.configMap is None:
        for key in ("items", "optional"):
            if getattr(source, key):
                message = f'"{key}" is for the files of a secret or configMap'
                yield Finding("MS218", service, (*at, key), message, "leave it out", True)
    if source.serviceAccountToken is not None and source.serviceAccountToken.path is None:
        message = "serviceAccountToken: path is missing"
        yield Finding("MS102", service, (*at, "serviceAccountToken"), message, "add path: token")


def check_claims(context: Context) -> Iterator[Finding]:
    """What only one node may use is used by one pod at a time, and a claim is the same for all versions.

    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
    """
    for service, version, path in every_version(context):
        for place, volume in version.spec.volumes.items():
            if volume.size is None or version.stateful:  # which has a claim for each pod
                continue
            at = (*path, "volumes", place)
            others = [one for one in service.versions if (other := one.spec.volumes.get(place)) and other.size]
            first = others[0].spec.volumes[place]
            if _claimed(first) != _claimed(volume):
                message = f'the volume "{place}" differs between versions, and is one claim'
                related = ((service, ("versions", others[0].name, "volumes", place), "the other one"),)
                yield Finding(
                    "MS207", service, at, message, "say the same in both, or choose another path", False, related
                )
            elif not {"ReadWriteMany", "ReadOnlyMany"} & set(volume.accessModes):
                yield from _used_once(service, version, place, at, len(others))


def _claimed(volume: Volume) -> tuple[object, ...]:
    return volume.size, volume.storageClass, volume.accessModes or ("ReadWriteOnce",)


def _used_once(service: Service, version: Version, place: str, at: tuple[str, ...], versions: int) -> Iterator[Finding]:
    scale, strategy = version.spec.replicas, version.spec.strategy
    most = 1 if scale is None else scale.count if scale.count is not None else scale.max or 1
    if service.facts.kind == "DaemonSet":
        message = f'the volume "{place}" is for the pods of one node, and those of all nodes would use it'
        yield Finding("MS218", service, at, message, "add accessModes: ReadWriteMany, or use emptyDir: {}")
        return
    if versions > 1 or most > 1:
        who = f"{versions} versions" if versions > 1 else f"{most} pods"
        message = f'the volume "{place}" is for the pods of one node, and {who} would use it'
        help = "add accessModes: ReadWriteMany, or keep to one pod"
        if versions == 1:
            help = "add accessModes: ReadWriteMany, keep to one pod, or give each its own: workload: StatefulSet"
        yield Finding("MS218", service, at, message, help)
        return
    rolling = strategy.rollingUpdate if strategy is not None else None
    surges = rolling is None or rolling.maxSurge not in NO_PODS
    if surges and (strategy is None or strategy.type != "Recreate"):
        message = f'a roll starts a new pod beside the old one, which still has the volume "{place}"'
        yield Finding("MS218", service, at, message, "add strategy: Recreate")


def _read_only(volume: Volume) -> bool:
    """Whether the kubelet mounts it read-only: what it writes itself, it always does."""
    return bool(volume.readOnly or volume.secret or volume.configMap or volume.projected)


def _above(path: str) -> Iterator[str]:
    while path.count("/") > 1:
        path = path.rpartition("/")[0]
        yield path
