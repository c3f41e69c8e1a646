"""The stages in order: read, merge, read the files that specs name, parse, resolve, check, build, patch, order.

Emitting is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

from cmp import files, places
from cmp.checks.order import unwritten
from cmp.checks.table import check
from cmp.context.model import Context, Platform
from cmp.context.resolve import resolve, resolve_platform
from cmp.diagnostics import Diagnostic, Pos, SpecError, in_order
from cmp.environment import Environment
from cmp.limits import LimitError, Used
from cmp.manifests.families import build
from cmp.manifests.step import Built
from cmp.merge.compose import Composed, Tree, compose
from cmp.merge.contents import read_contents
from cmp.merge.documents import kept_apart
from cmp.merge.included import read_included
from cmp.node import Node
from cmp.parse import parse_platform, parse_services
from cmp.source import read
from cmp.waves import Manifest, order


class Rendered(NamedTuple):
    """The objects of a render in the order in which Argo CD applies them, and what they were made from."""

    manifests: list[Manifest]
    built: list[Built]
    context: Context
    warnings: list[Diagnostic]


#: Platform files by their paths: what was read, what was found wrong, and the documents. For renders of one call.
Shared: TypeAlias = "dict[str, tuple[dict[str, str], list[Diagnostic], Used, list[Node]]]"
_Read: TypeAlias = "Callable[[dict[str, str], list[Diagnostic], Used], list[Node]]"


def _unnoted(stage: str) -> None:
    """Nobody wants to know how long stages take."""


def render(
    path: str, environment: Environment, texts: dict[str, str], note: Callable[[str], None] = _unnoted
) -> Rendered:
    """Everything from a path to its objects, checked. Nothing is written.

    Args:
        path: the application's directory, or one spec file.
        environment: who runs us.
        texts: filled with the contents of the files read, by the names that positions use, for excerpts in messages.
        note: called with the name of each stage when that is done.

    Raises:
        SpecError: with all that is wrong, as far as the stages could get.
    """
    return render_layout(files.layout(path, environment.source_path), environment, texts, note=note)


def render_layout(
    where: files.Layout,
    environment: Environment,
    texts: dict[str, str],
    shared: Shared | None = None,
    empty: bool = False,
    note: Callable[[str], None] = _unnoted,
) -> Rendered:
    """The same for what a path was found to hold.

    Args:
        where: the files to render.
        environment: who runs us.
        texts: filled with the contents of the files read.
        shared: the platform files that other renders of the same call have read, and takes those of this one.
        empty: whether it may give no objects.
        note: called with the name of each stage when that is done.

    Raises:
        SpecError: as ``render`` does.
    """
    problems: list[Diagnostic] = []
    used = Used(environment.limits)
    mounted = _mounted(environment, texts, problems, used, shared)
    specs, platform, rendered = _read(where, environment.name, texts, problems, used, shared)
    note("read")
    composed = compose(specs, platform, environment.name, environment.parameters, problems, mounted, used.limits)
    composed = read_contents(composed, where.root, problems, used)
    composed = read_included(composed, where.root, rendered, texts, problems, used)
    note("merge")
    context = _context(composed, environment, rendered, problems)
    note("check")
    beside = _included(context, problems)
    _stop_on_errors(problems)
    built = _built(context, beside, problems)
    _stop_on_errors(problems)
    if not built and not empty:
        message = f'"{files.relative(where.path, where.root)}" gives no objects'
        help = "a platform needs gateways, or services beside it: Argo CD would delete what is there"
        raise SpecError([Diagnostic("MS001", message, help=help)])
    ordered = order(one.manifest for one in built)
    note("build")
    return Rendered(ordered, built, context, in_order(problems))


def platform_of(path: str, environment: Environment, texts: dict[str, str]) -> Platform | None:
    """The platform of a path alone, without its services.

    Raises:
        SpecError: it cannot be read.
    """
    return platform_of_layout(files.layout(path, environment.source_path), environment, texts)


def platform_of_layout(where: files.Layout, environment: Environment, texts: dict[str, str]) -> Platform | None:
    """The same for what a path was found to hold."""
    problems: list[Diagnostic] = []
    used = Used(environment.limits)
    _, document, rendered = _read(where._replace(specs=()), environment.name, texts, problems, used)
    mounted = _mounted(environment, texts, problems, used)
    found = [one for one in (document, mounted) if one is not None]
    known = any(one.get("environments", environment.name) is not None for one in found)
    name = environment.name if known else ""  # else it is one of services
    trees = compose([], document, name, {}, problems, mounted)
    parsed = parse_platform(trees.platform, problems) if trees.platform is not None else None
    _stop_on_errors(problems)
    return resolve_platform(parsed, environment, rendered) if parsed is not None else None


def _stop_on_errors(problems: list[Diagnostic]) -> None:
    """Raise the errors, if there are any. Warnings about what is broken would only hide them."""
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise SpecError(errors)


def environments(path: str, environment: Environment) -> list[str]:
    """The names of the environments that the files of a path know, in order.

    Raises:
        SpecError: the files cannot be read.
    """
    return environments_of_layout(files.layout(path, environment.source_path), environment)


def environments_of_layout(where: files.Layout, environment: Environment, shared: Shared | None = None) -> list[str]:
    """The same for what a path was found to hold."""
    used = Used(environment.limits)
    specs, platform, _ = _read(where, environment.name, {}, [], used, shared)
    mounted = _mounted(environment, {}, [], used, shared)
    blocks = [document.get("environments") for document in (*specs, platform, mounted) if document is not None]
    return sorted(
        {name for block in blocks if block is not None and isinstance(block.value, dict) for name in block.value}
    )


def _read(
    where: files.Layout,
    environment: str,
    texts: dict[str, str],
    problems: list[Diagnostic],
    used: Used,
    shared: Shared | None = None,
) -> tuple[list[Node], Node | None, bool]:
    """The specs' documents, the platform's, and whether that is rendered.

    A platform that is rendered leaves out the specs that are applications of their own.

    Raises:
        SpecError: the platform cannot be read; without it, half of what the specs say would look wrong.
    """
    above = None if where.platforms else places.platform_above(where.path, where.root)
    paths = where.platforms or ((above,) if above is not None else ())
    platforms = [
        node
        for path in paths
        for node in _once(path, texts, problems, used, shared, partial(_documents, path, where.root))
    ]
    apart = kept_apart(platforms[0], environment) if where.platforms and platforms else ()
    own = [path for path in where.specs if not files.is_below(files.relative(path, where.root), apart)]
    specs = [node for path in own for node in _documents(path, where.root, texts, problems, used)]
    for second in platforms[1:]:
        related = ((platforms[0].pos, "the first one"),)
        message = "a second platform for one render"
        problems.append(Diagnostic("MS207", message, second.pos, "keep one", "error", related))
    if paths and not platforms:
        raise SpecError(problems)
    return specs, platforms[0] if platforms else None, bool(where.platforms)


def _once(
    key: str, texts: dict[str, str], problems: list[Diagnostic], used: Used, shared: Shared | None, read: _Read
) -> list[Node]:
    """What a platform file holds, which renders of one call read once. It counts for each of them."""
    if shared is None:
        return read(texts, problems, used)
    if key not in shared:
        own: tuple[dict[str, str], list[Diagnostic], Used] = ({}, [], Used(used.limits))
        try:
            shared[key] = (*own, read(*own))
        finally:
            texts.update(own[0])  # for the excerpt of what is wrong
    known, said, counted, found = shared[key]
    texts.update(known)
    problems += said
    used.add(counted, Pos(next(iter(known), key), 0, 0))
    return found


def _mounted(
    environment: Environment,
    texts: dict[str, str],
    problems: list[Diagnostic],
    used: Used,
    shared: Shared | None = None,
) -> Node | None:
    """The document of the operator's platform file, where the environment names one.

    Raises:
        SpecError: it cannot be read, or is not one document: nothing is rendered without its guard-rails.
    """
    if not environment.mounted:
        return None
    name = files.MOUNTED_NAME

    def mounted(texts: dict[str, str], problems: list[Diagnostic], used: Used) -> list[Node]:
        texts[name] = files.read_mounted(environment.mounted, used)
        return read(texts[name], name, problems, used)

    documents = _once(name, texts, problems, used, shared, mounted)
    if len(documents) != 1:
        message = f"the file holds {len(documents)} documents"
        raise SpecError([*problems, Diagnostic("MS267", message, Pos(name, 1, 1), "write one MeshPlatform")])
    return documents[0]


def _documents(path: str, root: str, texts: dict[str, str], problems: list[Diagnostic], used: Used) -> list[Node]:
    name = files.relative(path, root)
    try:
        texts[name] = files.read_text(path, root, used)
        documents = read(texts[name], name, problems, used)
    except LimitError:
        raise
    except SpecError as error:
        problems += error.diagnostics
        return []
    if not documents:
        message = "the file holds no document"
        problems.append(Diagnostic("MS001", message, Pos(name, 1, 1), "write a spec, or remove the file"))
    return documents


def _context(trees: Composed, environment: Environment, rendered: bool, problems: list[Diagnostic]) -> Context:
    """Typed, resolved and checked, as far as what earlier stages found lets it."""
    platform = _platform(trees.platform, environment, rendered, problems)
    if platform is not None and rendered and trees.own is not None:
        own = trees.own._replace(included=platform.tree.included)
        platform = platform._replace(own=_platform(own, environment, rendered, problems))
    context = resolve(parse_services(trees.services, problems), platform, environment)
    problems += check(context)
    if platform is not None and platform.spec.policy:
        from cmp.policy.judge import judge  # only where there are guard-rails

        problems += judge(context)
    return context


def _platform(
    tree: Tree | None, environment: Environment, rendered: bool, problems: list[Diagnostic]
) -> Platform | None:
    parsed = parse_platform(tree, problems) if tree is not None else None
    return resolve_platform(parsed, environment, rendered) if parsed is not None else None


def _included(context: Context, problems: list[Diagnostic]) -> list[Built]:
    """The objects of files."""
    if not any(owner.tree.included for owner in context.owners):
        return []
    from cmp.patch.objects import included  # only for specs that name some

    return list(included(context, problems))


def _built(context: Context, beside: list[Built], problems: list[Diagnostic]) -> list[Built]:
    """All objects, those of files (``beside``) among them, after all patches.

    Two of one kind, namespace and name are an error, since Argo CD would keep the last one.
    """
    built = [*build(context)]
    if any(service.spec.sync is not None for service in context.services):
        problems += unwritten(context, ((one.owner, one.manifest["kind"]) for one in built))
    built += beside
    patching = any(owner.spec.patches for owner in context.owners)
    if patching:
        from cmp.patch.patches import patched  # only for specs that have some

        built = patched(built, context, problems)
    if patching or beside:
        from cmp.patch.together import judged

        problems += judged(built, context)
    seen: dict[tuple[str, str, str, str], Built] = {}
    for one in built:
        kind, metadata = one.manifest["kind"], one.manifest["metadata"]
        namespace = metadata.get("namespace") or ""
        key = (one.manifest["apiVersion"].rpartition("/")[0], kind, namespace, metadata["name"])
        if key in seen:
            where = f' in namespace "{namespace}"' if namespace else ""
            message = f'{kind} "{metadata["name"]}" is written twice{where}'
            first, second = sorted((seen[key].place, one.place))
            related = ((first, "first written by this one"),)
            problems.append(Diagnostic("MS207", message, second, "rename one of the two", "error", related))
        seen.setdefault(key, one)
    return built
