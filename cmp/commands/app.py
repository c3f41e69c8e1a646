"""``cmp app``: the Application of a path, to begin with, or to compare with one that is there."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from cmp import files
from cmp.context.installation import ANY_PROJECT, OWN_CLUSTER, Argo, argo
from cmp.context.model import Platform
from cmp.diagnostics import Diagnostic, SpecError
from cmp.diagnostics import render as shown
from cmp.emit import emit
from cmp.environment import Environment, from_process
from cmp.manifests.argocd import Source, application_set, git_application, source_of, watched
from cmp.output import write
from cmp.pipeline import platform_of, render
from cmp.waves import Manifest

#: How healthy an Application is, for Argo CD, which leaves it out by default: with it, a wave of Applications is waited
#: for (https://argo-cd.readthedocs.io/en/stable/operator-manual/health/#argocd-app).
HEALTH = """\
# kubectl -n argocd patch configmap argocd-cm --patch-file FILE
data:
  resource.customizations.health.argoproj.io_Application: |
    local found = {status = "Progressing", message = "not compared yet"}
    if obj.status ~= nil and obj.status.health ~= nil then
      found.status = obj.status.health.status or found.status
      found.message = obj.status.health.message or ""
    end
    return found
"""


class Wanted(NamedTuple):
    """What the flags say of an Application; empty where the platform, or a default, decides."""

    repository: str = ""
    revision: str = ""
    project: str = ""
    name: str = ""


def app(
    path: str,
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
    repo_url: str = "",
    revision: str = "",
    project: str = "",
    name: str = "",
    health: bool = False,
) -> int:
    """Print the Application or ApplicationSet for a path, or say what is wrong with the path: 0 printed, 1 errors.

    Args:
        path: what Argo CD is to keep in sync: a directory of a platform, of ``argocd.applications``, or any other.
        env: the environment to render for.
        namespace: that of the objects.
        settings: parameters, each ``path=text``.
        repo_url: the repository; required where no platform names it.
        revision: a branch, tag or commit.
        project: the project of Argo CD.
        name: that of the Application.
        health: print the entry of Argo CD's configuration that tells how healthy Applications are, and nothing else.
    """
    if health:
        write(HEALTH)
        return 0
    texts: dict[str, str] = {}
    try:
        environment = from_process(namespace, env, settings)
        found = _found(path, environment, Wanted(repo_url, revision, project, name), texts)
        write(emit([found], "yaml"))
    except SpecError as error:
        sys.stderr.write(shown(error.diagnostics, texts) + "\n")
        return 1
    return 0


def _found(path: str, environment: Environment, wanted: Wanted, texts: dict[str, str]) -> Manifest:
    where = files.layout(path, environment.source_path)
    directory = files.relative(where.path, where.root)
    platform = platform_of(path, environment, texts)
    of = argo(platform) if platform is not None else Argo("argocd", ANY_PROJECT, {"server": OWN_CLUSTER})
    entry = _entry(platform, directory, environment) if platform is not None and not platform.rendered else None
    if entry is None:
        of = of._replace(project=ANY_PROJECT)  # what is not listed is in no project of ours
    of = of._replace(project=wanted.project or of.project, repository=wanted.repository or of.repository)
    if not of.repository:
        help = "add --repo-url https://git.example.com/mesh.git, or argocd.repoURL to the platform"
        raise SpecError([Diagnostic("MS112", "which repository is it?", help=help)])
    name, source = entry or (_name(directory, platform), _source(directory, platform))
    source = source._replace(
        namespace=environment.namespace or source.namespace,
        environment=environment.name or source.environment,
        parameters={**source.parameters, **environment.parameters},
        revision=wanted.revision or source.revision,
    )
    if entry is not None and directory == source.path and _is_set(platform, name):
        return application_set(of, wanted.name or name, source)
    if entry is not None and directory != source.path:
        name, source = named(name, source.path, directory), source._replace(path=directory)
    render(  # what cannot be rendered cannot be kept in sync
        path, environment._replace(name=source.environment, parameters=source.parameters), texts
    )
    owns_all = platform is not None and platform.rendered
    return git_application(of, wanted.name or name, source, cascade=not owns_all)


def _entry(platform: Platform, directory: str, environment: Environment) -> tuple[str, Source] | None:
    """The entry of ``argocd.applications`` that a directory lies in; of several the one for what was asked for."""
    spec = platform.spec.argocd
    found = [
        (name, source_of(platform, name, one))
        for name, one in (sorted(spec.applications.items()) if spec is not None else ())
        if directory == one.path or files.is_below(directory, [one.path])
    ]
    asked = (environment.name, environment.namespace)
    fitting = [one for one in found if _fits(asked[0], one[1].environment) and _fits(asked[1], one[1].namespace)]
    return next(iter(fitting or found), None)


def _fits(asked: str, said: str) -> bool:
    return not asked or asked == said


def _is_set(platform: Platform | None, name: str) -> bool:
    spec = platform.spec.argocd if platform is not None else None
    return spec is not None and spec.applications[name].each is not False


def _name(directory: str, platform: Platform | None) -> str:
    if platform is not None and platform.rendered:
        return platform.name
    return _normal(directory.rpartition("/")[2]) or "mesh"


def named(entry: str, path: str, directory: str) -> str:
    """The name that an ApplicationSet gives to the Application of a directory below the path of its entry."""
    steps = directory.split("/")[0 if path == "." else path.count("/") + 1 :] if directory != path else []
    return _normal("-".join((entry, *steps)))


def _normal(text: str) -> str:
    """A name of any text, as ``normalize`` in an ApplicationSet makes it."""
    return re.sub(r"[^-a-z0-9.]", "-", text.lower())[:253].strip("-.")


def _source(directory: str, platform: Platform | None) -> Source:
    if platform is not None and platform.rendered:
        return Source(directory, platform.target.root_namespace)
    name = _name(directory, platform)
    return Source(directory, name, watched=watched(platform, directory) if platform is not None else ".")
