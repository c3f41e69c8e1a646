"""Objects that two Applications of the platform would write, and names that two would have: each would undo the other.

A render sees one Application, so ``cmp validate`` renders one directory for every entry of ``argocd.applications`` that
names it. All of them are in one cluster, that of ``argocd.destination``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from cmp import files
from cmp.commands.app import named
from cmp.context.model import Platform
from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.environment import Environment
from cmp.manifests.argocd import Source, source_of
from cmp.pipeline import Rendered, render
from cmp.places import SPEC_NAME

Key = tuple[str, str, str, str]


def twice_owned(path: str, environment: Environment, rendered: Rendered) -> Iterator[Diagnostic]:
    """A finding for each pair of Applications that would have one name, or would write one object of a directory.

    Args:
        path: what is validated: a directory that several entries name, one below it, or the platform that names them.
        environment: who runs us.
        rendered: what the path gives.
    """
    platform = rendered.context.platform
    spec = platform.spec.argocd if platform is not None else None
    if platform is None or spec is None:
        return
    where = files.layout(path, environment.source_path)
    if platform.rendered:
        yield from _one_name(where, platform, rendered)
    for directory in sorted({one.path for one in spec.applications.values()}):
        named = {
            name: source_of(platform, name, one)
            for name, one in sorted(spec.applications.items())
            if one.path == directory
        }
        if len(named) > 1:
            for target in _targets(where, directory):
                yield from _shared(target, where.root, named, platform, environment)


def _one_name(where: files.Layout, platform: Platform, rendered: Rendered) -> Iterator[Diagnostic]:
    """Applications that ApplicationSets would call alike, and like those that the platform writes itself."""
    written = (one["metadata"]["name"] for one in rendered.manifests if one["kind"] == "Application")
    owners = dict.fromkeys(written, "the platform itself")
    directories = sorted(
        files.relative(os.path.dirname(file), where.root) for file in where.specs if os.path.basename(file) == SPEC_NAME
    )
    assert platform.spec.argocd is not None  # it has applications
    for entry, one in sorted(platform.spec.argocd.applications.items()):
        for directory in directories if one.each is not False else ():
            if directory != one.path and not files.is_below(directory, [one.path]):
                continue
            name = named(entry, one.path, directory)
            other = owners.setdefault(name, f'"{directory}"')
            if other != f'"{directory}"':
                message = f'the Applications of "{directory}" and of {other} would both be called "{name}"'
                help = "rename the directory, or the entry"
                yield Diagnostic("MS298", message, _pos(platform, entry), help)


def _targets(where: files.Layout, directory: str) -> list[str]:
    """The applications below a directory that a validation of a path is about."""
    found = {os.path.dirname(file) for file in where.specs}
    return sorted(
        one for one in found if (at := files.relative(one, where.root)) == directory or files.is_below(at, [directory])
    )


def _shared(
    target: str, root: str, named: dict[str, Source], platform: Platform, environment: Environment
) -> Iterator[Diagnostic]:
    owners: dict[Key, str] = {}
    for name, source in named.items():
        common: dict[str, list[Key]] = {}
        for key in _objects(target, root, source, environment):
            if owners.setdefault(key, name) != name:
                common.setdefault(owners[key], []).append(key)
        for other, keys in common.items():
            _, kind, namespace, called = keys[0]
            what = f'{kind} "{called}"' + (f' in namespace "{namespace}"' if namespace else "")
            more = f" and {len(keys) - 1} more objects" if len(keys) > 1 else ""
            place = files.relative(target, root)
            message = f'{what}{more} of "{place}" would be written by two Applications, of "{other}" and "{name}"'
            help = "let the Application's namespace decide (no metadata.namespace in the spec), or name one entry only"
            related = ((_pos(platform, other), "the other one"),)
            yield Diagnostic("MS298", message, _pos(platform, name), help, related=related)


def _objects(target: str, root: str, source: Source, environment: Environment) -> list[Key]:
    """The objects of one Application; none where it cannot be rendered, which its own validation says."""
    asked = environment._replace(
        namespace=source.namespace,
        name=source.environment,
        parameters=source.parameters,
        source_path=files.relative(target, root),
    )
    try:
        manifests = render(target, asked, {}).manifests
    except SpecError:
        return []
    found = []
    for one in manifests:
        metadata, group = one["metadata"], str(one["apiVersion"]).rpartition("/")[0]
        found.append((group, one["kind"], metadata.get("namespace") or "", metadata["name"]))
    return found


def _pos(platform: Platform, name: str) -> Pos:
    node = platform.tree.node.get("argocd", "applications", name) or platform.tree.node
    return node.key or node.pos
