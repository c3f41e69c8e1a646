"""Every string field of the language carries any text to Kubernetes unchanged, or refuses it with a position.

The text is written into a spec, in quotes, rendered, emitted as JSON lines and read by Kubernetes' own reader.
``tests/support/field_rows.py`` says for each field how it is written and where its text has to turn up.
"""

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest

from cmp.diagnostics import Diagnostic, SpecError
from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support import (
    field_rows,
    field_rows_gateways,
    field_rows_gitops,
    field_rows_net,
    field_rows_observing,
    field_rows_output,
    field_rows_outside,
    field_rows_pod,
    field_rows_scaling,
    field_rows_security,
)
from tests.support.field_row import Row
from tests.support.fields import strings
from tests.support.go_oracle import read_as_kubernetes
from tests.support.spec_text import quoted

Manifest = dict[str, Any]
SERVICE_ROWS = {
    **field_rows.SERVICE_ROWS,
    **field_rows_gateways.SERVICE,
    **field_rows_net.SERVICE_ROWS,
    **field_rows_observing.SERVICE,
    **field_rows_outside.SERVICE,
    **dict(field_rows_output.output("MeshService")),
    **dict(field_rows_pod.rows()),
    **dict(field_rows_scaling.rows()),
    **field_rows_security.SERVICE,
}
ENTRY_ROWS = {
    **field_rows.ENTRY_ROWS,
    **field_rows_gateways.ENTRIES,
    **field_rows_gitops.ENTRIES,
    **field_rows_net.ENTRY_ROWS,
    **field_rows_observing.ENTRIES,
    **field_rows_security.ENTRIES,
}
SINGLE_ROWS = {
    **field_rows.SINGLE_ROWS,
    **field_rows_gitops.SINGLE,
    **field_rows_net.SINGLE_ROWS,
    **dict(field_rows_output.output("MeshPlatform")),
    **dict(field_rows_output.rules()),
    **field_rows_observing.SINGLE,
    **field_rows_security.SINGLE,
}
ROWS = {**SERVICE_ROWS, **ENTRY_ROWS, **SINGLE_ROWS}
NAMED = "MeshService.metadata.name"

API = "apiVersion: meshspec.io/v1alpha1"
GATEWAYS = "gateways: {main: {hosts: ['*.example.com', '*'], namespace: in, access: {}}}"


def test_every_string_field_has_a_row() -> None:
    assert sorted(ROWS) == sorted(f"{field.path}{'=' if field.is_key else ''}" for field in strings())


# -- writing: many texts in one file, each on a line of its own --------------------------------------------------------


class Written(NamedTuple):
    """The files of a render; ``first`` is the line of the first text in the file that holds them."""

    files: dict[str, str]
    first: int


def filled(fields: str, index: int, text: str) -> str:
    return fields.replace("#", str(index)).replace("@", quoted(text))


def services(field: str, texts: Mapping[int, str]) -> Written:
    """A service for each text. A service's name is the key that it stands under."""
    row = ROWS[field]
    top = [
        API,
        "kind: MeshApp",
        "metadata: {name: app}",
        "defaults: {image: {registry: r.io, repository: web, tag: 1}, port: 80, mtls: PERMISSIVE}",
        "services:",
    ]
    lines = [
        f"  {quoted(text)}: {{}}" if field == NAMED else f"  s{index}: {{{filled(row.fields, index, text)}}}"
        for index, text in texts.items()
    ]
    newest = "istio: {version: '1.31'}"
    platform = f"{{{API}, kind: MeshPlatform, metadata: {{name: main}}, {newest}, {GATEWAYS}}}"
    return Written({"meshspec.yaml": "\n".join([*top, *lines, ""]), "meshplatform.yaml": platform}, len(top) + 1)


def entries(field: str, texts: Mapping[int, str]) -> Written:
    """One platform with an entry for each text in one of its maps."""
    levels = ROWS[field].fields.split("{")
    depth = next(index for index, level in enumerate(levels) if "#" in level or "@" in level)
    inner = "{".join(levels[depth:]).removesuffix("}" * depth)
    others = {"metadata: ": "name: main", "gateways: ": "main: {hosts: '*.example.com', namespace: in}"}
    first = others.pop(levels[0], "")
    top = [f"{{{API}, kind: MeshPlatform", *(f", {key}{{{text}}}" for key, text in others.items())]
    top.append(f", {levels[0]}{{{first and first + ', '}{'{'.join([*levels[1:depth], ''])}")
    lines = [f"{filled(inner, index, text)}," for index, text in texts.items()]
    return Written({"meshplatform.yaml": "\n".join([*top, *lines, "}" * depth + "}"])}, len(top) + 1)


def single(field: str, texts: Mapping[int, str]) -> Written:
    """A platform for one text."""
    ((index, text),) = texts.items()
    name = (
        ""
        if "metadata: {name" in ROWS[field].fields or field.startswith("MeshPlatform.metadata")
        else "metadata: {name: main}, "
    )
    lines = [f"{{{API}, kind: MeshPlatform, {name}{GATEWAYS},", f"{filled(ROWS[field].fields, index, text)}}}"]
    return Written({"meshplatform.yaml": "\n".join(lines)}, 2)


# -- rendering ---------------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """The texts that were taken by index, the objects that hold them, and the findings for the others."""

    taken: dict[int, str]
    objects: list[Manifest]
    refused: dict[int, Diagnostic]


Writer = Callable[[str, Mapping[int, str]], Written]


def outcome(write: Writer, field: str, texts: Mapping[int, str], directory: Path) -> Outcome:
    """Render all texts at once; those that a finding points at are left out the next time."""
    taken, refused = dict(texts), dict[int, Diagnostic]()
    directory = Path(mkdtemp(dir=directory))
    for _ in range(5):
        if not taken:
            return Outcome({}, [], refused)
        written = write(field, taken)
        for name, text in written.files.items():
            (directory / name).write_text(text, encoding="utf-8")
        try:
            return Outcome(taken, render(str(directory), Environment("ns"), {}).manifests, refused)
        except SpecError as error:
            refused.update((_index(found, written, taken), found) for found in error.diagnostics)
        taken = {index: text for index, text in taken.items() if index not in refused}
    raise AssertionError(f"findings without end: {list(refused.values())[-3:]}")


def _index(found: Diagnostic, written: Written, taken: Mapping[int, str]) -> int:
    """Which text a finding points at: each stands on a line of its own."""
    assert found.pos is not None, found
    assert found.pos.file in written.files, found
    assert 0 <= found.pos.line - written.first < len(taken), found
    return list(taken)[found.pos.line - written.first]


def at(objects: Iterable[Manifest], place: str) -> list[object]:
    """The values at a place: ``Kind:a.b``, where ``[]`` is any item and ``{}`` any key."""
    kind, _, path = place.partition(":")
    found: list[Any] = [one for one in objects if one["kind"] == kind]
    for step in path.split("."):
        if step == "[]":
            found = [item for one in found for item in (one.values() if isinstance(one, dict) else one or ())]
        elif step == "{}":
            found = [key for one in found for key in one or ()]
        else:
            found = [one[step] for one in found if one and step in one]
    return found


# -- the tests ---------------------------------------------------------------------------------------------------------


def _outcome(field: str, directory: Path) -> Outcome:
    """All texts of a field, and of the objects those of the kind that they have to turn up in."""
    texts = dict(enumerate(ROWS[field].texts))
    if field in SINGLE_ROWS:
        several = [outcome(single, field, {index: text}, directory) for index, text in texts.items()]
    else:
        several = [outcome(services if field in SERVICE_ROWS else entries, field, texts, directory)]
    taken = {index: text for one in several for index, text in one.taken.items()}
    refused = {index: found for one in several for index, found in one.refused.items()}
    kind = ROWS[field].place.partition(":")[0]
    return Outcome(taken, [one for part in several for one in part.objects if one["kind"] == kind], refused)


def lost(field: str, row: Row, taken: Mapping[int, str], objects: list[Manifest]) -> Iterable[str]:
    """What is not found where it has to be."""
    by_app: dict[str, list[Manifest]] = {}
    for one in objects:
        by_app.setdefault(one["metadata"]["labels"].get("app", ""), []).append(one)
    for index, text in taken.items():
        own = by_app.get(text if field == NAMED else f"s{index}", []) if field in SERVICE_ROWS else objects
        found = at(own, row.place)
        if (expected := row.expected(text)) not in found and (expected is not None or found):
            yield f"{field}: {text!r} became {found[:3]}"


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Rendered as in the program, which has the garbage collector off: it would look at many objects many times."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_texts_arrive_unchanged_or_are_refused_with_their_place(tmp_path: Path) -> None:
    outcomes = {field: _outcome(field, tmp_path) for field in ROWS}
    objects = [one for outcome in outcomes.values() for one in outcome.objects]
    read = iter(read_as_kubernetes(emit(objects, "ndjson")))

    missing: list[str] = []
    for field, (taken, rendered, refused) in outcomes.items():
        arrived = [next(read) for _ in rendered]
        assert len(taken) + len(refused) == len(ROWS[field].texts)
        assert all(found.help for found in refused.values())
        if ROWS[field].place:
            missing += lost(field, ROWS[field], taken, arrived)
    assert missing == []


# -- plain scalars -----------------------------------------------------------------------------------------------------

_PLAIN = """
NO no y on off true false True yes 1e3 1E3 1.20 1.0 010 08 0o17 0x1f 0b101 1_000 12:30 190:20:30 12:30:45 .5 1.
+1 -0 .inf .NaN -.inf 2001-12-14 2001-12-14T21:59:43Z 1e1000 12345678901234567890 0.1e-7 null? nul = << ~a nil
None
"""
PLAIN = _PLAIN.split()
NULLS = ("null", "Null", "NULL", "~", "")

# Fields of free text that a spec may hold once for each scalar.
PLACES = {
    "env: {A: %s}": "Deployment:spec.template.spec.containers.[].env.[].value",
    "args: [%s]": "Deployment:spec.template.spec.containers.[].args.[]",
    "command: %s": "Deployment:spec.template.spec.containers.[].command.[]",
    "metadata: {annotations: {a: %s}}": "Deployment:metadata.annotations.a",
    "serviceAccount: {annotations: {a: %s}}": "ServiceAccount:metadata.annotations.a",
    "routes: [{match: {headers: {x: %s}}, to: v1}]": "VirtualService:spec.http.[].match.[].headers.x.exact",
    "routes: [{match: {queryParams: {x: %s}}, to: v1}]": "VirtualService:spec.http.[].match.[].queryParams.x.exact",
    "health: {http: /, headers: {x: %s}}": (
        "Deployment:spec.template.spec.containers.[].livenessProbe.httpGet.httpHeaders.[].value"
    ),
    "health: {exec: [%s]}": "Deployment:spec.template.spec.containers.[].readinessProbe.exec.command.[]",
    "image: {tag: %s}": "Deployment:spec.template.spec.containers.[].image",
}


def _read(fields: str, texts: Iterable[str | None], directory: Path) -> list[list[Manifest]]:
    """What Kubernetes reads of a service for each text, which is written into the fields without quotes."""
    app = [API, "kind: MeshApp", "metadata: {name: app}", "defaults: {image: r.io/web:1, port: 80}", "services:"]
    listed = list(texts)
    lines = [f"  s{i}: {{{fields if text is None else fields % text}}}" for i, text in enumerate(listed)]
    (directory / "meshspec.yaml").write_text("\n".join([*app, *lines]), encoding="utf-8")
    manifests = render(str(directory), Environment("ns"), {}).manifests
    objects = read_as_kubernetes(emit(manifests, "yaml"))
    assert objects == read_as_kubernetes(emit(manifests, "ndjson"))
    return [[one for one in objects if one["metadata"]["labels"]["app"] == f"s{i}"] for i in range(len(listed))]


@pytest.mark.parametrize("fields", PLACES)
def test_plain_scalars_keep_their_text(fields: str, tmp_path: Path) -> None:
    prefix, texts = "", PLAIN
    if "image" in fields:  # what can be a tag at all
        prefix, texts = "r.io/web:", [text for text in PLAIN if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", text)]

    found = [at(objects, PLACES[fields]) for objects in _read(fields, texts, tmp_path)]

    assert texts
    assert {text: values for text, values in zip(texts, found, strict=True) if prefix + text not in values} == {}


# What is written with a null, and the same without the key.
REMOVED = {
    "args: %s": "",
    "command: %s": "",
    "timeout: %s": "",
    "metadata: {annotations: {a: %s}}": "metadata: {annotations: {}}",
    "serviceAccount: {annotations: {a: %s}}": "serviceAccount: {annotations: {}}",
    "routes: [{match: {path: /a, headers: {x: %s}}, to: v1}]": "routes: [{match: {path: /a}, to: v1}]",
    "health: {http: /, headers: {x: %s}}": "health: {http: /}",
    "image: {digest: %s}": "image: {}",
    "resources: {requests: {cpu: %s, memory: 1Gi}}": "resources: {requests: {memory: 1Gi}}",
}


@pytest.mark.parametrize("fields", REMOVED)
def test_null_removes(fields: str, tmp_path: Path) -> None:
    """Null and its spellings are no text: the key is as if it were not written."""
    for null in NULLS:
        assert _read(fields, [null], tmp_path) == _read(REMOVED[fields], [None], tmp_path)


@pytest.mark.parametrize("fields", [fields for fields in PLACES if "[%s]" in fields])
@pytest.mark.parametrize("null", [null for null in NULLS if null])
def test_null_in_a_list_is_refused(fields: str, null: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as raised:
        _read(fields, ["a", null], tmp_path)

    assert [(found.code, found.pos and found.pos.line) for found in raised.value.diagnostics] == [("MS103", 7)]
