"""What a pod finds beside its image: files from the repository, variables of other objects, volumes."""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import (
    Bool,
    ConfigKey,
    Duration,
    FileName,
    InnerPath,
    Memory,
    Mode,
    Model,
    Subdomain,
    Text,
    TokenSeconds,
    VariablePrefix,
    Word,
)

#: Fields of the pod that files may hold.
DownwardField = Literal[
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"
]


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


class EmptyDir(Model):
    """Scratch space that lives as long as the pod; `medium: Memory` keeps it in RAM.

    https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    """

    #: `Memory` keeps it in RAM, where it counts as used memory. Default: the node's disk.
    medium: Literal["Memory"] | None = None
    sizeLimit: Memory | None = None  #: The pod is evicted when more is in it.


class Csi(Model):
    """A volume that a driver makes for the pod, for example of the Secrets Store.

    https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#csi-ephemeral-volumes
    """

    driver: Subdomain | None = None  #: The name of the driver.
    fsType: Word | None = None  #: The file system.
    volumeAttributes: dict[Word, Text] = {}  #: What the driver wants to know.
    nodePublishSecret: Subdomain | None = None  #: The Secret that the driver gets (nodePublishSecretRef).


class ServiceAccountToken(Model):
    """A token of the pod's account, for one who can check it: the audience.

    https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
    """

    path: InnerPath | None = None  #: The file, below the path of the volume.
    audience: Word | None = None  #: For whom it is. Default: the API server.
    expirationSeconds: TokenSeconds | None = None  #: How long it holds; the kubelet renews it. Default: `3600`.


class Projection(Model):
    """One source of a projected volume.

    https://kubernetes.io/docs/concepts/storage/projected-volumes/
    """

    secret: Subdomain | None = None  #: The name of a Secret.
    configMap: Subdomain | None = None  #: The name of a ConfigMap.
    items: dict[ConfigKey, InnerPath] = {}  #: Which keys, and the file of each. Default: all, by their names.
    optional: Bool | None = None  #: Whether pods start without it. Default: `false`.
    serviceAccountToken: ServiceAccountToken | None = None  #: A token of the pod's account.
    downwardAPI: dict[InnerPath, DownwardField] = {}  #: Fields of the pod, by the file that holds each.


class Volume(Model):
    """What is mounted at a path of the container.

    https://kubernetes.io/docs/concepts/storage/volumes/
    """

    emptyDir: EmptyDir | None = None  #: Scratch space that lives as long as the pod.
    #: A PersistentVolumeClaim of the service, of this size. It outlives pods, and its removal from the spec too.
    size: Memory | None = None
    storageClass: Subdomain | None = None  #: Its storage class. Default: the cluster's.
    #: Who may use it at once. Default: `[ReadWriteOnce]`, the pods of one node.
    accessModes: tuple[Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"], ...] = ()
    claim: Subdomain | None = None  #: The name of a PersistentVolumeClaim that is there already.
    secret: Subdomain | None = None  #: The name of a Secret; its keys are files.
    configMap: Subdomain | None = None  #: The name of a ConfigMap; its keys are files.
    csi: Csi | None = None  #: A volume that a driver makes for the pod.
    projected: tuple[Projection, ...] = ()  #: Several sources in one volume.
    items: dict[ConfigKey, InnerPath] = {}  #: Which keys of a Secret or ConfigMap, and the file of each.
    optional: Bool | None = None  #: Whether pods start without the Secret or ConfigMap. Default: `false`.
    mode: Mode | None = None  #: Permissions of the files of a Secret or ConfigMap. Default: Kubernetes', `0644`.
    subPath: InnerPath | None = None  #: The part of the volume that is mounted. Default: all of it.
    readOnly: Bool | None = None  #: Whether the container may only read it. Default: `false`.
