"""What pods run, whoever starts them: versions of a service, and jobs."""

from __future__ import annotations

from cmp.spec.container import EnvValue, Image, Resources
from cmp.spec.pod import Pod
from cmp.spec.storage import ConfigFile, EnvFrom, ExternalSecret, Volume
from cmp.spec.types import EnvName, Model, MountPath, Subdomain, Text


class RunFields(Model):
    """What pods run and find."""

    image: Image | None = None  #: What runs.
    command: tuple[Text, ...] = ()  #: What is run in place of the image's entry point, as in Kubernetes.
    args: tuple[Text, ...] = ()  #: Its arguments, in place of the image's, as in Kubernetes.
    resources: Resources | None = None  #: Requests and limits of the container. Default: none.
    env: dict[EnvName, EnvValue] = {}  #: Environment variables by name.
    envFrom: tuple[EnvFrom, ...] = ()  #: ConfigMaps and Secrets whose keys become variables.
    #: Files of the container by path, from the repository or written here. A change of one restarts the pods.
    config: dict[MountPath, ConfigFile] = {}
    #: Secrets that are fetched from a store, by name, for `env`, `envFrom` and `volumes` to refer to.
    secrets: dict[Subdomain, ExternalSecret] = {}
    #: What is mounted, by path. `/tmp` is there anyway; the rest of the file system is read-only.
    volumes: dict[MountPath, Volume] = {}
    pod: Pod | None = None  #: Fields of the pod as Kubernetes has them.
