"""Merged data to typed specs: runs the models and turns what they refuse into diagnostics with a position.

The models' core schema is compiled ahead of time into ``cmp.spec._core``, which needs ``pydantic_core`` but not
``pydantic``: importing pydantic and building the models costs more than all the rest of a render. The compiled schema
belongs to one release of pydantic-core; with any other, the models themselves are used, to the same effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic_core import SchemaValidator, ValidationError

from cmp.diagnostics import Diagnostic, Pos, did_you_mean
from cmp.merge.compose import Tree
from cmp.merge.layers import incomplete
from cmp.merge.shapes import PLATFORM_SHAPE, SERVICE_SHAPE
from cmp.node import Node, missing
from cmp.spec import _core
from cmp.spec.validators import shown

Path = tuple[str | int, ...]


class Parsed(NamedTuple):
    """A typed spec with the tree that it was made from: that of the merge, less what the models refuse.

    ``broken`` holds the paths of what was taken out, so that a check can tell what follows from an error that was
    reported already.
    """

    tree: Tree
    spec: Any
    broken: frozenset[Path] = frozenset()


def parse_services(trees: Sequence[Tree], problems: list[Diagnostic]) -> list[Parsed]:
    """The typed specs of merged services; what the models refuse is added to ``problems`` and taken out."""
    return [parsed for tree in trees if (parsed := _parse("MeshService", tree, problems)) is not None]


def parse_platform(tree: Tree, problems: list[Diagnostic]) -> Parsed | None:
    """The typed platform. Its ``defaults`` are part of the services by now, and checked there."""
    parsed, found = _parsed_platform(tree)
    problems += found
    return parsed


@lru_cache(maxsize=16)
def _parsed_platform(tree: Tree) -> tuple[Parsed | None, tuple[Diagnostic, ...]]:
    entries = tree.node.value if isinstance(tree.node.value, dict) else {}
    body = tree.node.with_value({key: node for key, node in entries.items() if key != "defaults"})
    found: list[Diagnostic] = []
    return _parse("MeshPlatform", tree._replace(node=body), found), tuple(found)


#: Of one service so many findings are told, and then nothing is said of the rest: each takes its time.
_MOST_REFUSED = 500


def _parse(kind: str, tree: Tree, problems: list[Diagnostic]) -> Parsed | None:
    """Validate; report and take out what is refused, and validate the rest, so that checks can speak at once.

    None where a key that a spec cannot do without is missing or refused.
    """
    validator, broken, node = _validator(kind), set[Path](), tree.node
    for _ in range(3):  # taking a value out can leave something incomplete above it
        try:
            spec = validator.validate_python(plain(node))
            problems += _incomplete(kind, node, broken)
            return Parsed(tree._replace(node=node), spec, frozenset(broken))
        except ValidationError as error:
            refused = error.errors(include_url=False)[: _MOST_REFUSED + 1]
        said = {
            (one.code, one.pos, one.help) for one in problems
        }  # a version holds the service's values: one finding for both
        for item in refused:
            found = _diagnostic(kind, node, item)
            if (found.code, found.pos, found.help) not in said and not (broken and item["type"] == "missing"):
                problems.append(found)
                said.add((found.code, found.pos, found.help))
        paths = [_to_remove(node, item) for item in refused]
        if () in paths or len(paths) > _MOST_REFUSED:
            return None
        for path in sorted(paths, key=lambda path: [str(step).zfill(9) for step in path], reverse=True):
            node = _without(node, path)
        broken.update(paths)
    return None


def _incomplete(kind: str, node: Node, broken: set[Path]) -> Iterator[Diagnostic]:
    """What says nothing where it has to, unless what it said may be what was taken out."""
    shape = SERVICE_SHAPE if kind == "MeshService" else PLATFORM_SHAPE
    said: set[Pos] = set()
    for path in sorted(incomplete(node, shape), key=len):
        found, _ = _deepest(node, path)
        if found.pos not in said and not any(gone[: len(path)] == path for gone in broken):
            said.add(found.pos)
            if shape.at(path).form.filled and not found.value:
                message = f"{_dotted(path)}: this is empty, and would mean anything"
                yield Diagnostic("MS102", message, found.pos, "write what is meant, or leave it out")
                continue
            choice = [key for group in shape.at(path).form.one_of for key in group]
            message = f"{_dotted(path)}: {', '.join(choice[:-1])}{' or ' if choice[1:] else ''}{choice[-1]} is missing"
            yield Diagnostic("MS102", message, found.pos, f"add {choice[0]}" if len(choice) == 1 else "add one of them")


def _to_remove(node: Node, error: Any) -> Path:
    """The path of the value to take out for an error: the value itself, or what lacks a required key."""
    loc = [step for step in error["loc"] if step != "[key]"]
    if error["type"] == "missing":
        loc = loc[:-1]
    _, depth = _deepest(node, loc)
    return tuple(loc[:depth])


def _without(node: Node, path: Path) -> Node:
    step, rest = path[0], path[1:]
    if isinstance(node.value, dict) and step in node.value:
        below = {step: _without(node.value[str(step)], rest)} if rest else {}
        kept = {key: child for key, child in node.value.items() if key != step}
        return node.with_value({**kept, **below} if rest else kept)
    if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
        items = list(node.value)
        items[step : step + 1] = [_without(items[step], rest)] if rest else []
        return node.with_value(items)
    return node


@cache
def _validator(kind: str) -> SchemaValidator:
    schema = _core.schema(kind)
    if schema is not None:
        return SchemaValidator(schema)
    from cmp.spec.models import MODELS  # not the compiled release of pydantic-core: slower, the same answers

    validator: SchemaValidator = MODELS[kind].__pydantic_validator__  # type: ignore[assignment]
    return validator


def plain(node: Node) -> Any:
    """The data below a node, without positions."""
    value = node.value
    if isinstance(value, dict):
        return {key: text if isinstance(text := child.value, str) else plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value


# -- what the models refuse, in the words of the language --------------------------------------------------------


def _diagnostic(kind: str, tree: Node, error: Any) -> Diagnostic:
    loc = [step for step in error["loc"] if step != "[key]"]
    found, at = _deepest(tree, loc)
    type_, context = error["type"], error.get("ctx", {})
    if type_.startswith("MS"):
        on_key = "[key]" in error["loc"] and found.key
        return Diagnostic(type_, context["message"], found.key if on_key else found.pos, context["help"])
    if type_ == "extra_forbidden":
        return unknown(kind, loc, found.key or found.pos)
    if type_ == "missing":
        place = missing(found, loc[-1])
        return Diagnostic("MS102", f'"{_dotted(loc)}" is missing', place.pos, f"add {loc[-1]}: ...")
    message, help = words(type_, context, error["input"])
    return Diagnostic("MS104" if type_ in _BOUNDS else "MS103", f"{_dotted(loc[:at])}: {message}", found.pos, help)


def _deepest(tree: Node, loc: Sequence[str | int]) -> tuple[Node, int]:
    """The node at a location, or the nearest one above it, and how many steps led there."""
    node = tree
    for index, step in enumerate(loc):
        below = node.get(step)
        if below is None:
            return node, index
        node = below
    return node, len(loc)


def _dotted(loc: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def unknown(kind: str, loc: Sequence[str | int], pos: Pos) -> Diagnostic:
    """The finding for a key that the language does not have, or does not have yet."""
    from cmp.spec.models import keys_at  # only on the way to an error

    key = str(loc[-1])
    known, later = keys_at(kind, loc[:-1])
    if key.removesuffix("+") in later:
        return Diagnostic("MS106", f'"{key}" is part of the language, but not built yet', pos, "leave it out for now")
    help = f'the language says "{ELSEWHERE[key]}"' if ELSEWHERE.get(key) in known else did_you_mean(key, known)
    return Diagnostic("MS101", f'unknown key "{key}"', pos, help)


#: What Kubernetes, Istio and others call what the language has under another name.
ELSEWHERE = {
    "allow": "access",
    "configMapKeyRef": "configMap",
    "containerPort": "targetPort",
    "dependencies": "calls",
    "environment": "env",
    "fieldRef": "field",
    "hostname": "host",
    "hosts": "expose",
    "httpGet": "http",
    "httpHeaders": "headers",
    "ingress": "expose",
    "livenessProbe": "health",
    "memory": "resources",
    "cpu": "resources",
    "methods": "method",
    "number": "port",
    "paths": "path",
    "readinessProbe": "health",
    "replicaCount": "replicas",
    "route": "to",
    "secretKeyRef": "secret",
    "startupProbe": "health",
    "subset": "version",
    "tcpSocket": "tcp",
    "uri": "path",
}


_BOUNDS = {"greater_than_equal", "less_than_equal", "literal_error", "string_too_short"}


def words(type_: str, context: dict[str, Any], value: object) -> tuple[str, str]:
    """Message and help for the errors that pydantic itself finds."""
    got = shown(value)
    if type_ == "literal_error":
        choices = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return f"{got} is not one of {', '.join(choices)}", did_you_mean(str(value), choices) if isinstance(
            value, str
        ) else ""
    if type_ == "greater_than_equal":
        return f"{value} is less than {context['ge']}", f"write {context['ge']} or more"
    if type_ == "less_than_equal":
        return f"{value} is more than {context['le']}", f"write {context['le']} or less"
    if type_ == "string_too_short":
        return "the text is empty", "write it, or leave the key out"
    if type_ == "string_type":
        return f"expected text, got {got}", "write one value"
    if type_ in ("tuple_type", "list_type"):
        return f"expected a list, got {got}", "write [a, b]"
    return f"expected a map, got {got}", "write {key: value}"
