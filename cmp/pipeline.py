"""The stages in order: read, merge, read the files that specs name, parse, resolve, check, build, order.

Emitting is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cmp import files
from cmp.checks.table import check
from cmp.context.model import Context, Platform, Service
from cmp.context.resolve import resolve, resolve_platform
from cmp.diagnostics import Diagnostic, Pos, SpecError, in_order
from cmp.environment import Environment
from cmp.manifests.families import build
from cmp.merge.compose import Composed, compose
from cmp.merge.contents import read_contents
from cmp.node import Node
from cmp.parse import parse_platform, parse_services
from cmp.source import read
from cmp.waves import Manifest, order


class Rendered(NamedTuple):
    """The objects of a render in the order in which Argo CD applies them, and what they were made from."""

    manifests: list[Manifest]
    context: Context
    warnings: list[Diagnostic]


def render(path: str, environment: Environment, texts: dict[str, str]) -> Rendered:
    """Everything from a path to its objects, checked. Nothing is written.

    Args:
        path: the application's directory, or one spec file.
        environment: who runs us.
        texts: filled with the contents of the files read, by the names that positions use, for excerpts in messages.

    Raises:
        SpecError: with all that is wrong, as far as the stages could get.
    """
    where = files.layout(path, environment.source_path)
    problems: list[Diagnostic] = []
    specs, platform, rendered = _read(where, texts, problems)
    composed = compose(specs, platform, environment.name, environment.parameters, problems)
    composed = read_contents(composed, where.root, problems)
    context = _context(composed, environment, rendered, problems)
    if any(problem.severity == "error" for problem in problems):
        raise SpecError(problems)
    manifests = list(_built(context))
    if not manifests:
        message = f'"{files.relative(where.path, where.root)}" gives no objects'
        help = "a platform needs gateways, or services beside it: Argo CD would delete what is there"
        raise SpecError([Diagnostic("MS001", message, help=help)])
    return Rendered(order(manifests), context, in_order(problems))


def environments(path: str, environment: Environment) -> list[str]:
    """The names of the environments that the files of a path know, in order.

    Raises:
        SpecError: the files cannot be read.
    """
    specs, platform, _ = _read(files.layout(path, environment.source_path), {}, [])
    blocks = [document.get("environments") for document in (*specs, platform) if document is not None]
    return sorted(
        {name for block in blocks if block is not None and isinstance(block.value, dict) for name in block.value}
    )


def _read(
    where: files.Layout, texts: dict[str, str], problems: list[Diagnostic]
) -> tuple[list[Node], Node | None, bool]:
    """The specs' documents, the platform's, and whether that is rendered.

    Raises:
        SpecError: the platform cannot be read; without it, half of what the specs say would look wrong.
    """
    specs = [node for path in where.specs for node in _documents(path, where.root, texts, problems)]
    above = None if where.platforms else files.platform_above(where.path, where.root)
    paths = where.platforms or ((above,) if above is not None else ())
    platforms = [node for path in paths for node in _documents(path, where.root, texts, problems)]
    for second in platforms[1:]:
        related = ((platforms[0].pos, "the first one"),)
        message = "a second platform for one render"
        problems.append(Diagnostic("MS207", message, second.pos, "keep one", "error", related))
    if paths and not platforms:
        raise SpecError(problems)
    return specs, platforms[0] if platforms else None, bool(where.platforms)


def _documents(path: str, root: str, texts: dict[str, str], problems: list[Diagnostic]) -> list[Node]:
    name = files.relative(path, root)
    try:
        texts[name] = files.read_text(path, root)
        documents = read(texts[name], name, problems)
    except SpecError as error:
        problems += error.diagnostics
        return []
    if not documents:
        message = "the file holds no document"
        problems.append(Diagnostic("MS001", message, Pos(name, 1, 1), "write a spec, or remove the file"))
    return documents


def _context(trees: Composed, environment: Environment, rendered: bool, problems: list[Diagnostic]) -> Context:
    """Typed, resolved and checked, as far as what earlier stages found lets it."""
    parsed = parse_platform(trees.platform, problems) if trees.platform is not None else None
    platform = resolve_platform(parsed, environment, rendered) if parsed is not None else None
    context = resolve(parse_services(trees.services, problems), platform, environment)
    problems += check(context)
    return context


def _built(context: Context) -> Iterator[Manifest]:
    """All objects; two of one kind, namespace and name are an error, since Argo CD would keep the last one."""
    seen: dict[tuple[str, str, str, str], Service | Platform] = {}
    problems = []
    for manifest, owner in build(context):
        metadata = manifest["metadata"]
        key = (manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"])
        if key in seen:
            message = f'{manifest["kind"]} "{metadata["name"]}" is written twice in namespace "{metadata["namespace"]}"'
            first, second = sorted((_pos(seen[key]), _pos(owner)))
            related = ((first, "first written by this one"),)
            problems.append(Diagnostic("MS207", message, second, "rename one of the two", "error", related))
        seen.setdefault(key, owner)
        yield manifest
    if problems:
        raise SpecError(problems)


def _pos(owner: Service | Platform) -> Pos:
    node = owner.tree.node
    return (node.get("metadata", "name") or node).pos
