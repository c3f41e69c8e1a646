"""The patches of a render: which objects each changes, and what becomes of these.

Patches of a service change the objects of that service; those of an app and of ``defaults`` the objects of each of
their services; those of the platform its own. They are carried out in the order in which they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cmp.context.model import Context, Platform, Service
from cmp.diagnostics import Diagnostic, Pos, did_you_mean
from cmp.files import MOUNTED_NAME
from cmp.manifests.step import Built
from cmp.node import Node
from cmp.patch import kinds, pointer
from cmp.patch.kinds import Type
from cmp.patch.recheck import Fault, changed, faults
from cmp.patch.secrets import HELP, held, plain_secrets
from cmp.patch.strategic import PatchError, merge
from cmp.patch.typed import Rules, is_key, typed
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.patch import Patch, PatchTarget


def patched(built: Sequence[Built], context: Context, problems: list[Diagnostic]) -> list[Built]:
    """The objects after all patches. What is wrong is added to ``problems``."""
    work = _Work(problems)
    result: list[Built] = []
    for owner in context.owners:
        own = [one for one in built if one.owner is owner]
        if owner.spec.patches:
            own = work.carried_out(owner, [one._replace(manifest=_written(one.manifest)) for one in own])
        result += own
    work.report_idle(context.platform)
    return result


class _Work:
    def __init__(self, problems: list[Diagnostic]) -> None:
        self._problems = problems
        self._used: set[Pos] = set()
        self._idle: dict[Pos, tuple[Service | Platform, Diagnostic]] = {}
        self._said: set[tuple[Pos, str]] = set()

    def carried_out(self, owner: Service | Platform, built: Sequence[Built]) -> list[Built]:
        """The objects of one owner after its patches."""
        result: list[Built | None] = list(built)
        touched: dict[int, Pos] = {}
        for index, patch in enumerate(owner.spec.patches):
            node = owner.tree.node.get("patches", index)
            assert node is not None  # the spec was made from it
            chosen = [at for at, one in enumerate(result) if one is not None and _fits(patch.target, one.manifest)]
            if not chosen:
                problem = _nothing(node, patch.target, [one for one in result if one])
                self._idle.setdefault(node.pos, (owner, problem))
                continue
            self._used.add(node.pos)
            for problem in plain_secrets(node):
                self._say(problem)
            for at in chosen:
                one = result[at]
                assert one is not None  # it was chosen
                manifest = self._applied(one.manifest, patch, node)
                if manifest is not None and (wrong := list(changed(one.manifest, manifest))):
                    self._refuse(one.manifest, wrong, node.pos)  # the next patch must find the same object
                    continue
                result[at] = one._replace(manifest=manifest, patched=node.pos) if manifest is not None else None
                touched[at] = node.pos
        for at, pos in touched.items():
            one = result[at]
            if one is not None:
                self._recheck(built[at].manifest, one.manifest, pos)
        return [one for one in result if one is not None]

    def report_idle(self, platform: Platform | None) -> None:
        """Patches that changed nothing in the whole render, but for those that a platform gives to every service."""
        shared = (MOUNTED_NAME, platform.tree.node.pos.file if platform is not None else None)
        for pos, (owner, problem) in self._idle.items():
            if pos not in self._used and (pos.file not in shared or isinstance(owner, Platform)):
                self._problems.append(problem)

    def _say(self, problem: Diagnostic) -> None:
        """Once for a place: a patch may change many objects."""
        key = (problem.pos or Pos("", 0, 0), problem.message)
        if key not in self._said:
            self._said.add(key)
            self._problems.append(problem)

    def _applied(self, manifest: Manifest, patch: Patch, node: Node) -> Manifest | None:
        """An object after one patch: None where that removes it, and the object as it was where the patch is wrong."""
        type_ = kinds.type_of(manifest["apiVersion"], manifest["kind"]) or kinds.ANYTHING
        rules = Rules(directives=True, unknown=patch.checked is False)
        body = node.get("merge")
        if body is not None:
            return self._merged(manifest, body, type_, rules)
        manifest = deepcopy(manifest)  # once: steps change it in place
        for index, step in enumerate(patch.steps):
            at = node.get("json", index)
            assert at is not None  # the spec was made from it
            found: list[Diagnostic] = []
            value = self._value(step.path, at, type_, found, rules._replace(directives=False))
            if not found:
                operation = pointer.Operation(step.op, step.path, step.from_ or "", value)
                found += _missing_parts(step.op, at)
                try:
                    manifest = manifest if found else pointer.apply(manifest, operation)
                except pointer.OperationError as error:
                    name = f"{manifest['kind']} {manifest['metadata']['name']}"
                    found.append(
                        Diagnostic("MS232", f"{name}: {error.message}", (at.get("path") or at).pos, error.help)
                    )
            for problem in found:
                self._say(problem)
            if found:
                break
        return manifest

    def _merged(self, manifest: Manifest, body: Node, type_: Type, rules: Rules) -> Manifest | None:
        found: list[Diagnostic] = []
        if body.value is None:
            found.append(Diagnostic("MS103", "merge: expected a map", body.pos, "write a part of the object"))
        part = typed(body, type_, found, rules)
        if not found:
            try:
                merged: Manifest | None = merge(manifest, part, type_)
                return merged
            except PatchError as error:
                at = body.get(*error.path) or body
                found.append(Diagnostic("MS232", error.message, at.pos, error.help))
        for problem in found:
            self._say(problem)
        return manifest

    def _value(self, path: str, step: Node, type_: Type, problems: list[Diagnostic], rules: Rules) -> Any:
        """The value of a step, typed by the place that its path leads to."""
        at = step.get("path") or step
        for key in pointer.tokens(path):
            if type_.startswith("["):
                type_ = kinds.item(type_)[1]
                continue
            below = kinds.below(type_, key)
            if not is_key(key):
                problems.append(Diagnostic("MS104", "this is no key of a Kubernetes object", at.pos))
                return None
            if below is None and not rules.unknown:
                known = list(kinds.fields(type_) or ())
                message = f'Kubernetes knows no field "{key}" in "{path}"'
                problems.append(Diagnostic("MS101", message, at.pos, did_you_mean(key, known)))
                return None
            type_ = below or kinds.ANYTHING
        value = step.get("value")
        return None if value is None else typed(value, type_, problems, rules)

    def _recheck(self, before: Manifest, after: Manifest, pos: Pos) -> None:
        """What may not stand in the outcome, at the object's last patch: what the API server would refuse, and secrets.

        Parts of patches may show nothing, and make a secret of what was there together.
        """
        type_ = kinds.type_of(before["apiVersion"], before["kind"]) or kinds.ANYTHING
        self._refuse(before, list(faults(after, type_)), pos)
        known = {*held(before, before["kind"])}
        for message in held(after, after["kind"]):
            if message not in known and not any(one.code == "MS230" for one in self._problems):
                self._say(Diagnostic("MS230", f"{message} in plain text after this patch", pos, HELP))

    def _refuse(self, before: Manifest, wrong: list[Fault], pos: Pos) -> None:
        name = f"{before['kind']} {before['metadata']['name']}"
        for _, message, help in wrong:
            self._say(Diagnostic("MS232", f"{name} after this patch: {message}", pos, help))


def _written(value: Any) -> Any:
    """What a builder said, without the keys that have no value: a step of a JSON Patch must not find them."""
    if isinstance(value, dict):
        return {key: _written(child) for key, child in value.items() if child is not None}
    return [_written(item) for item in value] if isinstance(value, list | tuple) else value


def _missing_parts(op: str, step: Node) -> Iterator[Diagnostic]:
    """What an operation needs beside its path."""
    needed = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}.get(op)
    if needed is not None and step.get(needed) is None:
        yield Diagnostic("MS102", f'"{needed}" is missing, which {op} needs', step.pos, f"add {needed}: ...")


def _fits(target: PatchTarget, manifest: Manifest) -> bool:
    metadata = manifest["metadata"]
    return (
        manifest["kind"] == target.kind
        and (target.name is None or fnmatchcase(metadata["name"], target.name.replace("[", "[[]")))
        and target.namespace in (None, metadata.get("namespace"))
        and target.apiVersion in (None, manifest["apiVersion"])
    )


def _nothing(node: Node, target: PatchTarget, built: Sequence[Built]) -> Diagnostic:
    """The finding for a patch whose target fits nothing, with what there is."""
    same = [one.manifest for one in built if one.manifest["kind"] == target.kind]
    at = node.get("target") or node
    if not same:
        found = sorted({one.manifest["kind"] for one in built})
        message = f"no {target.kind} is written here"
        return Diagnostic("MS231", message, (at.get("kind") or at).pos, did_you_mean(target.kind, found))
    names = sorted({manifest["metadata"]["name"] for manifest in same})
    message = f"no {target.kind} written here fits" + (f' the name "{target.name}"' if target.name else "")
    return Diagnostic("MS231", message, (at.get("name") or at).pos, did_you_mean(target.name or "", names))
