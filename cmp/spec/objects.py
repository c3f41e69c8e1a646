"""Scalars that name objects, places in them, files that hold them, and what Argo CD keeps them in sync with."""

from __future__ import annotations

import re

from cmp.spec.kubernetes import label
from cmp.spec.validators import refuse, shown


def kind_name(value: str) -> str:
    """A kind of object, such as ClusterIssuer."""
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]{0,62}", value):
        refuse(f"{shown(value)} is not a kind", "an upper-case letter, then letters and digits: ClusterIssuer")
    return value


def metric_name(value: str) -> str:
    """The name of a metric, which becomes a part of a path (apimachinery path.IsValidPathSegmentName)."""
    if value in ("", ".", "..") or re.search("[/%]", value):
        refuse(f"{shown(value)} is not the name of a metric", "a name without / and %")
    return value


def api_version(value: str) -> str:
    """The group and version of a kind, or the version alone."""
    if not re.fullmatch(
        r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?v[1-9][0-9]{0,2}((alpha|beta)[1-9][0-9]{0,2})?", value
    ):
        refuse(f"{shown(value)} is not an apiVersion", "write group/version: networking.k8s.io/v1")
    return value


def object_name(value: str) -> str:
    """The name of an object, in which ``*`` stands for any text."""
    if not re.fullmatch(r"[A-Za-z0-9.:*_-]{1,253}", value):
        refuse(f"{shown(value)} is not the name of an object", "for example reviews-v1, or reviews-*")
    return value


def pointer(value: str) -> str:
    """A JSON Pointer to something inside an object (https://www.rfc-editor.org/rfc/rfc6901)."""
    if not value.startswith("/"):
        refuse(f"{shown(value)} does not begin with a slash", f"write /{value.strip('.').replace('.', '/')}")
    if re.search("~(?![01])", value):
        refuse(f'{shown(value)} has a "~" that is no escape', "write ~0 for ~ and ~1 for /")
    return value


def file_name(value: str) -> str:
    """A file of the repository, relative to the file that names it. Whether it is there is seen when it is read."""
    if not value or not value.isprintable() or value.startswith(("/", "~")) or value.endswith("/"):
        refuse(f"{shown(value)} is not a file", "a path relative to the file that names it, for example app.yaml")
    return value


def file_pattern(value: str) -> str:
    """Files of the repository, relative to the file that names them: ``*`` is any text, ``**`` any directories."""
    file_name(value)
    if any("**" in step and step != "**" for step in value.split("/")):
        refuse(f'in {shown(value)} "**" is only a part of a step', "it stands alone, for any directories: a/**/b.yaml")
    return value


# -- repositories and clusters, in Argo CD's words ---------------------------------------------------------------------


def repository(value: str) -> str:
    """The address of a Git repository, as a URL or as ``user@host:path``.

    https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/
    """
    plain = value.isascii() and value.isprintable() and not re.search(r"[\s'\"<>\\{}|^`$]", value)
    url = re.fullmatch(r"(https?|ssh|git|file)://(?:([^@/]*)@)?[^@]*", value)
    short = re.fullmatch(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^@:]+", value)
    if not plain or len(value) > 1000 or not (url or short):
        refuse(
            f"{shown(value)} is not the address of a repository", "for example https://git.example.com/shop/mesh.git"
        )
    if url and ":" in (url[2] or ""):
        help = "Argo CD has credentials in a Secret of its own: leave it out here"
        refuse("the address holds a password", help, "MS230")
    return value


def chart_repository(value: str) -> str:
    """Where Helm charts are: a repository of Helm, or a registry, whose address has no scheme.

    https://argo-cd.readthedocs.io/en/stable/user-guide/helm/
    """
    if re.match("oci://", value):
        refuse(f"{shown(value)}: Argo CD names a registry without a scheme", f"write {value.removeprefix('oci://')}")
    if re.fullmatch(r"(https://)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", value) is None:
        refuse(f"{shown(value)} is not the address of charts", "for example https://charts.example.com/istio")
    return value


def cluster_url(value: str) -> str:
    """The address of an API server."""
    if re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?", value) is None:
        refuse(f"{shown(value)} is not the address of an API server", "for example https://kubernetes.default.svc")
    return value


def revision(value: str) -> str:
    """A branch, tag or commit; a whole reference may begin with ``refs/``.

    https://git-scm.com/docs/git-check-ref-format
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,249}", value) or re.search(r"\.\.|//|/$|\.$|\.lock$", value):
        refuse(f"{shown(value)} is not a branch, tag or commit", "for example main, v1.2.0 or HEAD")
    return value


def directory(value: str) -> str:
    """A directory of the repository, from its root: ``.`` is the root itself."""
    steps = value.removesuffix("/").split("/")
    if value != "." and not all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", step) for step in steps):
        refuse(f"{shown(value)} is not a directory of the repository", "a path from its root: services/shop")
    return value.removesuffix("/")


def group_kind(value: str) -> str:
    """A kind with its API group: ``group/Kind``, and ``Kind`` alone of the core group."""
    group, _, kind = value.rpartition("/")
    if not re.fullmatch("[A-Z][A-Za-z0-9]{0,62}", kind):
        refuse(f"{shown(value)} is not group/Kind", "for example batch/Job, or Secret of the core group")
    if group and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", group):
        refuse(f"{shown(group)} is not an API group", "for example batch, or networking.istio.io")
    return value


def injection(value: str) -> str:
    """``true``, ``false``, or the revision or tag of a control plane."""
    if value.lower() in ("yes", "no", "on", "off", "y", "n"):
        refuse(f"{shown(value)} is neither true nor false, and hardly a revision", "write true or false")
    return label(value)


def quota_name(value: str) -> str:
    """What a quota is of: a resource with its side, or objects of a kind.

    https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    if not re.fullmatch(r"[a-z0-9]([a-z0-9./-]{0,251}[a-z0-9])?", value):
        refuse(f"{shown(value)} is not the name of a quota", "for example requests.cpu, pods or count/jobs.batch")
    return value
