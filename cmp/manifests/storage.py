"""What pods find beside their images: the objects that hold configuration, secrets and data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.config import Config
from cmp.context.jobs import Run
from cmp.context.model import Service, Version
from cmp.context.names import claim_name, template_name
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.storage import ExternalSecret, RemoteRef, Volume


def config_maps(service: Service) -> Iterator[Manifest]:
    """The files of each version and job; those with the same files share one object.

    It is immutable: its name says what is in it, and kubelets need not watch it
    (https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable).
    """
    found = {run.config.name: run.config for run in _runs(service) if run.config is not None}
    for config in found.values():
        yield config_map(config)


def _runs(service: Service) -> Iterator[Run]:
    """The versions, and the jobs that share what these have."""
    yield from service.versions
    yield from (job for job in service.jobs if not job.apart)


def config_map(config: Config) -> Manifest:
    """The object of some files."""
    data = {file.key: file.text for file in config.files}
    return manifest("v1", "ConfigMap", config.name, immutable=True, data=data)


def external_secrets(service: Service) -> Iterator[Manifest]:
    """The Secrets that are fetched from a store, each by an ExternalSecret of its name."""
    found = {name: secret for run in _runs(service) for name, secret in run.spec.secrets.items()}
    for name, secret in sorted(found.items()):
        yield external_secret(name, secret)


def external_secret(name: str, secret: ExternalSecret) -> Manifest:
    """What fetches one Secret. What the API would add inside of lists is written out: Argo CD would see a difference.

    https://external-secrets.io/latest/api/externalsecret/
    """
    spec: Manifest = {
        "secretStoreRef": {"kind": secret.storeKind or "ClusterSecretStore", "name": secret.store},
        "refreshInterval": secret.refreshInterval,
    }
    if secret.data:
        spec["data"] = [_fetched(key, ref, secret.key) for key, ref in secret.data.items()]
    else:
        spec["dataFrom"] = [{"extract": {"key": secret.key, **_AS_IT_IS}}]
    return manifest("external-secrets.io/v1", "ExternalSecret", name, spec=spec)


_AS_IT_IS = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}


def _fetched(key: str, ref: RemoteRef, default: str | None) -> Manifest:
    remote = {"key": ref.key or default, "property": ref.property, "version": ref.version}
    return {"secretKey": key, "remoteRef": {**remote, **_AS_IT_IS}}


def claims(service: Service) -> Iterator[Manifest]:
    """A PersistentVolumeClaim for each path with a size. Argo CD never deletes it: only people delete data.

    A StatefulSet makes those of its pods itself, out of templates.
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#persistentvolumeclaims
    """
    versions = () if service.facts.kind == "StatefulSet" else service.versions
    found = {path: one for version in versions for path, one in version.spec.volumes.items() if one.size}
    for path, volume in sorted(found.items()):
        yield manifest("v1", "PersistentVolumeClaim", claim_name(service.name, path), spec=_claim(volume))


def _claim(volume: Volume) -> Manifest:
    return {
        "accessModes": list(volume.accessModes) or ["ReadWriteOnce"],
        "resources": {"requests": {"storage": volume.size}},
        "storageClassName": volume.storageClass,
    }


def claim_templates(version: Version) -> list[Manifest]:
    """The claims that each pod of a StatefulSet has for itself. Templates cannot be changed: they say what they must.

    What the API server would add is written out, for Argo CD would see a difference where it applies on the server
    (https://github.com/argoproj/argo-cd/issues/11143). The claims made of them are not Argo CD's, which leaves them be.
    """
    sized = sorted((path, one) for path, one in version.spec.volumes.items() if one.size)
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": template_name(path)},
            "spec": {**_claim(volume), "volumeMode": "Filesystem"},
        }
        for path, volume in sized
    ]


STEPS = (
    Step(Wave.PREREQUISITES, config_maps),
    Step(Wave.PREREQUISITES, external_secrets),
    Step(Wave.WORKLOADS, claims),
)
