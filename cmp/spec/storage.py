"""What a pod finds beside its image: files from the repository, variables of other objects, volumes."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import ConfigKey, Duration, FileName, Mode, Model, Subdomain, Text, VariablePrefix, Word


class ConfigFile(Model):
    """One file of the container: its text, or the file of the repository that holds it.

    https://kubernetes.io/docs/concepts/configuration/configmap/
    """

    #: A file of the repository, relative to the file that names it.
    file: FileName | None = None
    text: Text | None = None  #: The text itself.
    mode: Mode | None = None  #: Who may read, write and run it. Default: Kubernetes', `0644`.


class EnvFrom(Model):
    """All keys of a ConfigMap or a Secret as variables. `env` wins over them, and a later item over an earlier one.

    https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#configure-all-key-value-pairs-in-a-configmap-as-container-environment-variables
    """

    configMap: Subdomain | None = None  #: The name of a ConfigMap.
    secret: Subdomain | None = None  #: The name of a Secret.
    prefix: VariablePrefix | None = None  #: What the names of the variables begin with.


class RemoteRef(Model):
    """Where one value of a Secret stands in the store.

    https://external-secrets.io/latest/api/externalsecret/
    """

    key: Word | None = None  #: The key in the store. Default: that of the secret.
    property: Word | None = None  #: A property of what stands there. Default: the whole.
    version: Word | None = None  #: A version of it. Default: the newest.


class ExternalSecret(Model):
    """A Secret that External Secrets fetches from a store: the spec says where, and never what.

    https://external-secrets.io/latest/api/externalsecret/
    """

    store: Subdomain | None = None  #: The name of the store.
    storeKind: Literal["ClusterSecretStore", "SecretStore"] | None = None  #: Its kind. Default: `ClusterSecretStore`.
    key: Word | None = None  #: The key in the store. Without `data` the Secret has all properties of what stands there.
    data: dict[ConfigKey, RemoteRef] = {}  #: The values of the Secret, one by one, by their keys in it.
    refreshInterval: Duration | None = None  #: How often they are fetched again. Default: External Secrets', an hour.
