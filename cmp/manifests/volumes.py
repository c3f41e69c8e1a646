"""What is mounted into the containers of a pod. Frozen as the pod template is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmp.context.config import Config
from cmp.context.jobs import Run
from cmp.context.names import claim_name, digest, slug, template_name
from cmp.manifests.step import fields
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.container import Mount
    from cmp.spec.storage import Projection, Volume

TMP = "/tmp"
#: The volume of a run's ConfigMap, among those that are named by their paths.
CONFIG = "config"


def volumes(service: str, run: Run) -> list[Manifest]:
    """The volumes of a pod, in the order of the paths that they are mounted at."""
    given, names = run.spec.volumes, _names(service, run)
    found: list[Manifest] = []
    for place in sorted(names):
        if place in given and given[place].size and run.stateful:
            continue  # the StatefulSet adds each pod's own
        if place == CONFIG and run.config is not None:
            source: Manifest = {"configMap": _config_source(run.config)}
        else:
            source = _source(service, place, given.get(place))
        found.append({"name": names[place], **source})
    return found


def mounts(service: str, run: Run) -> list[Manifest]:
    """Where the service's container has its volumes, and each of its files by itself: what lies beside it stays."""
    given, names = run.spec.volumes, _names(service, run)
    found: dict[str, Manifest] = {path: {"name": names[path]} for path in {TMP, *given}}
    for path, volume in given.items():
        found[path] |= {"subPath": volume.subPath, "readOnly": volume.readOnly or None}
    for file in run.config.files if run.config is not None else ():
        found[file.path] = {"name": names[CONFIG], "subPath": file.key, "readOnly": True}
    return [{**found[path], "mountPath": path} for path in sorted(found)]


def shared_mounts(service: str, run: Run, container: str, given: Mapping[str, Mount]) -> list[Manifest]:
    """Where another container has the service's volumes and files, and a ``/tmp`` of its own."""
    names = _names(service, run)
    files = {file.path: file for file in run.config.files} if run.config is not None else {}
    found: dict[str, Manifest] = {} if TMP in given else {TMP: {"name": names[container + TMP]}}
    for path, mount in given.items():
        source = mount.volume or ""
        if source in files:
            found[path] = {"name": names[CONFIG], "subPath": files[source].key, "readOnly": True}
        else:
            name = names.get(source, source)  # a check reports one that is not there
            found[path] = {"name": name, "subPath": mount.subPath, "readOnly": mount.readOnly or None}
    return [{**found[path], "mountPath": path} for path in sorted(found)]


def _places(service: str, run: Run) -> set[str]:
    """The paths of the service's container, its files, and the ``/tmp`` of each other container that shares none."""
    pod = run.spec.pod
    first = {one.name or "": one for one in pod.initContainers} if pod is not None else {}
    others = {**first, **(pod.containers if pod is not None else {})}
    files = (CONFIG,) if run.config is not None else ()
    own = (name + TMP for name, one in others.items() if name != service and TMP not in one.mounts)
    return {TMP, *run.spec.volumes, *files, *own}


def _names(service: str, run: Run) -> dict[str, str]:
    """A volume's name by its path: the path's words, and a digest where two paths have the same ones.

    That of a claim's template depends on no other path.
    """
    slugs = {place: slug(place)[:54].strip("-") or "root" for place in _places(service, run)}
    shared = {text for text in slugs.values() if list(slugs.values()).count(text) > 1}
    names = {place: f"{text}-{digest(place)}" if text in shared else text for place, text in slugs.items()}
    own = (path for path, one in run.spec.volumes.items() if one.size and run.stateful)
    return {**names, **{path: template_name(path) for path in own}}


def _source(service: str, place: str, volume: Volume | None) -> Manifest:
    """Where a volume comes from; ``/tmp``, which nobody has to write, is scratch space."""
    if volume is None or volume.emptyDir is not None:
        return {"emptyDir": fields(volume.emptyDir) if volume is not None else {}}
    if volume.size is not None or volume.claim is not None:
        return {"persistentVolumeClaim": {"claimName": volume.claim or claim_name(service, place)}}
    if volume.csi is not None:
        csi = fields(volume.csi)
        secret = csi.pop("nodePublishSecret", None)
        return {
            "csi": {**csi, "readOnly": volume.readOnly or None, "nodePublishSecretRef": secret and {"name": secret}}
        }
    if volume.projected:
        return {"projected": {"sources": [_projection(one) for one in volume.projected], "defaultMode": volume.mode}}
    kind, key, name = ("secret", "secretName", volume.secret)
    if volume.configMap is not None:
        kind, key, name = ("configMap", "name", volume.configMap)
    return {kind: {key: name, **_keys(volume), "defaultMode": volume.mode}}


def _keys(source: Volume | Projection) -> Manifest:
    items = [{"key": key, "path": path} for key, path in source.items.items()]
    return {"items": items or None, "optional": source.optional or None}


def _projection(source: Projection) -> Manifest:
    """A source of a projected volume. Defaults of the API are written out: it would add them inside the list."""
    if source.serviceAccountToken is not None:
        token = source.serviceAccountToken
        written = {"path": token.path, "audience": token.audience}
        return {"serviceAccountToken": {**written, "expirationSeconds": token.expirationSeconds or 3600}}
    if source.downwardAPI:
        references = {path: {"apiVersion": "v1", "fieldPath": field} for path, field in source.downwardAPI.items()}
        return {"downwardAPI": {"items": [{"path": path, "fieldRef": field} for path, field in references.items()]}}
    if source.secret is not None:
        return {"secret": {"name": source.secret, **_keys(source)}}
    return {"configMap": {"name": source.configMap, **_keys(source)}}


def _config_source(config: Config) -> Manifest:
    """The ConfigMap; its keys are listed only where one has permissions of its own."""
    if all(file.mode is None for file in config.files):
        return {"name": config.name}
    items = [{"key": file.key, "path": file.key, "mode": file.mode} for file in config.files]
    return {"name": config.name, "items": items}
