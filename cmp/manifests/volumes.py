"""What is mounted into the containers of a pod, and the objects that hold it. Frozen as the pod template is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cmp.context.model import Config, Service, Version
from cmp.context.names import digest, slug
from cmp.manifests.step import Step, fields, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.storage import RemoteRef
    from cmp.spec.workload import Volume

TMP = "/tmp"
#: The volume of a version's ConfigMap, among those that are named by their paths.
CONFIG = "config"


def config_maps(service: Service) -> Iterator[Manifest]:
    """The files of each version; versions with the same files share one object.

    It is immutable: its name says what is in it, and kubelets need not watch it
    (https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable).
    """
    found = {version.config.name: version.config for version in service.versions if version.config is not None}
    for name, config in found.items():
        yield manifest("v1", "ConfigMap", name, immutable=True, data={file.key: file.text for file in config.files})


def external_secrets(service: Service) -> Iterator[Manifest]:
    """The Secrets that are fetched from a store, each by an ExternalSecret of its name.

    What the API would add inside of lists is written out: Argo CD would see a difference.
    https://external-secrets.io/latest/api/externalsecret/
    """
    found = {name: secret for version in service.versions for name, secret in version.spec.secrets.items()}
    for name, secret in sorted(found.items()):
        spec: Manifest = {
            "secretStoreRef": {"kind": secret.storeKind or "ClusterSecretStore", "name": secret.store},
            "refreshInterval": secret.refreshInterval,
        }
        if secret.data:
            spec["data"] = [_fetched(key, ref, secret.key) for key, ref in secret.data.items()]
        else:
            spec["dataFrom"] = [{"extract": {"key": secret.key, **_AS_IT_IS}}]
        yield manifest("external-secrets.io/v1", "ExternalSecret", name, spec=spec)


_AS_IT_IS = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}


def _fetched(key: str, ref: RemoteRef, default: str | None) -> Manifest:
    remote = {"key": ref.key or default, "property": ref.property, "version": ref.version}
    return {"secretKey": key, "remoteRef": {**remote, **_AS_IT_IS}}


def volumes(version: Version) -> list[Manifest]:
    """The volumes of a pod, in the order of the paths that they are mounted at."""
    given, names = version.spec.volumes, _names(_places(version))
    found: list[Manifest] = []
    for place in sorted(names):
        if place == CONFIG and version.config is not None:
            source: Manifest = {"configMap": _config_source(version.config)}
        else:
            source = _source(given.get(place))
        found.append({"name": names[place], **source})
    return found


def mounts(version: Version) -> list[Manifest]:
    """Where the service's container has its volumes, and each of its files by itself: what lies beside it stays."""
    given, names = version.spec.volumes, _names(_places(version))
    found: dict[str, Manifest] = {path: {"name": names[path]} for path in {TMP, *given}}
    for path, volume in given.items():
        found[path]["readOnly"] = volume.readOnly or None
    for file in version.config.files if version.config is not None else ():
        found[file.path] = {"name": names[CONFIG], "subPath": file.key, "readOnly": True}
    return [{**found[path], "mountPath": path} for path in sorted(found)]


def _places(version: Version) -> set[str]:
    return {TMP, *version.spec.volumes, *((CONFIG,) if version.config is not None else ())}


def _names(places: Iterable[str]) -> dict[str, str]:
    """A volume's name by its path: the path's words, and a digest where two paths have the same ones."""
    slugs = {place: slug(place)[:54].strip("-") or "root" for place in places}
    shared = {text for text in slugs.values() if list(slugs.values()).count(text) > 1}
    return {place: f"{text}-{digest(place)}" if text in shared else text for place, text in slugs.items()}


def _source(volume: Volume | None) -> Manifest:
    return {"emptyDir": fields(volume.emptyDir) if volume is not None and volume.emptyDir is not None else {}}


def _config_source(config: Config) -> Manifest:
    """The ConfigMap; its keys are listed only where one has permissions of its own."""
    if all(file.mode is None for file in config.files):
        return {"name": config.name}
    items = [{"key": file.key, "path": file.key, "mode": file.mode} for file in config.files]
    return {"name": config.name, "items": items}


STEPS = (Step(Wave.PREREQUISITES, config_maps), Step(Wave.PREREQUISITES, external_secrets))
