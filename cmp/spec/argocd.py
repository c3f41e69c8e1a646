"""How Argo CD keeps the platform and its services: the project, and the Applications."""

from __future__ import annotations

from cmp.spec.types import (
    Bool,
    ClusterUrl,
    Directory,
    GroupKind,
    Label,
    Model,
    RepositoryUrl,
    Revision,
    Text,
    Word,
)


class Cluster(Model):
    """The cluster, in Argo CD's words: one of the two.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
    """

    server: ClusterUrl | None = (
        None  #: The address of its API server; Argo CD's own is `https://kubernetes.default.svc`.
    )
    name: Word | None = None  #: The name under which Argo CD knows it.


class GitApplication(Model):
    """Services that Argo CD keeps in sync with a directory of the repository.

    https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/
    """

    #: The directory, from the root of the repository.
    path: Directory
    #: Whether each `meshspec.yaml` below it is an Application of its own; `false` makes one of all. Default: `true`.
    each: Bool | None = None
    namespace: Label | None = None  #: The namespace of its objects. Default: the name of the entry.
    environment: Label | None = None  #: The environment to render for.
    parameters: dict[Word, Text] = {}  #: Values for the paths that the specs list under `parameters`.
    targetRevision: Revision | None = None  #: A branch, tag or commit. Default: that of `argocd`.
    automated: Bool | None = None  #: `false` leaves it to people to sync. Default: `true`.


class ArgoCd(Model):
    """What Argo CD has to know: where the repository is, and what it may do with it.

    https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
    """

    repoURL: RepositoryUrl  #: The repository of the platform and its services.
    targetRevision: Revision | None = None  #: A branch, tag or commit. Default: `HEAD`.
    namespace: Label | None = None  #: The namespace of Argo CD. Default: `argocd`.
    #: The project of the services, which is written with it; one called `default` is not. Default: the platform's name.
    project: Label | None = None
    destination: Cluster | None = None  #: The cluster of the platform and its services. Default: Argo CD's own.
    #: Kinds that services bring along, as `group/Kind`, besides those that meshspec writes.
    kinds: tuple[GroupKind, ...] = ()
    #: What is kept in sync, by name. A render of the platform leaves out what lies below their paths.
    applications: dict[Label, GitApplication] = {}
