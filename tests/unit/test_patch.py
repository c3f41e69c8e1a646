"""Patches and raw objects: what no golden case shows."""

import os
from pathlib import Path
from typing import Any

import pytest

from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.environment import Environment
from cmp.limits import DEFAULT
from cmp.node import Node, Quoted
from cmp.patch import kinds
from cmp.patch.recheck import changed, faults
from cmp.patch.strategic import PatchError, merge
from cmp.patch.typed import Rules, typed
from cmp.pipeline import render
from tests.support.crd_schemas import bundle_directory
from tools.kinds import TABLE, table

SPEC = "{apiVersion: meshspec.io/v1alpha1, kind: MeshService, metadata: {name: web}, image: r.io/web:1, %s}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def rendered(tmp_path: Path, fields: str, **files: str) -> list[Any]:
    (tmp_path / "app").mkdir(exist_ok=True)
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / "app/meshspec.yaml").write_text(SPEC % fields)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return render(str(tmp_path / "app"), Environment("shop"), {}).manifests


def names(manifests: list[Any]) -> list[str]:
    return [one["metadata"]["name"] for one in manifests if one["kind"] == "ConfigMap"]


def refused(tmp_path: Path, fields: str, **files: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        rendered(tmp_path, fields, **files)
    return [f"{one.code} {one.message}" for one in caught.value.diagnostics]


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("x/*.yaml", ["a", "b"]),
        ("x/?.yaml", ["a", "b"]),
        ("x/**/*.yaml", ["a", "b", "c"]),
        ("**/c.yaml", ["c"]),
        ("../*/d.yaml", ["d"]),
        ("x/a.yaml", ["a"]),
        ("**", ["a", "b", "c", "e"]),
    ],
)
def test_a_pattern_names_files(tmp_path: Path, pattern: str, found: list[str]) -> None:
    files = {f"app/x/{name}.yaml": MAP % name for name in "ab"}
    files |= {
        "app/x/y/c.yaml": MAP % "c",
        "other/d.yaml": MAP % "d",
        "app/e.yml": MAP % "e",
        "app/.dot/f.yaml": MAP % "f",
    }
    if pattern == "**":
        pattern = "**/*"

    assert sorted(names(rendered(tmp_path, f'manifests: ["{pattern}"]', **files))) == found


def test_a_file_named_twice_is_written_once(tmp_path: Path) -> None:
    assert names(rendered(tmp_path, "manifests: [a.yaml, '*.yaml']", **{"app/a.yaml": MAP % "a"})) == ["a"]


def test_links_do_not_lead_out_of_the_repository(tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    secret.write_text(MAP % "stolen")
    (tmp_path / "app").mkdir()
    os.symlink(secret, tmp_path / "app/link.yaml")

    for pattern in ("link.yaml", "*.yaml"):
        assert refused(tmp_path, f"manifests: ['{pattern}']") == [
            'MS006 file "app/link.yaml" leads outside the repository'
        ]
    assert refused(tmp_path, f"manifests: ['../../{secret.name}']") == [
        f'MS006 file "../{secret.name}" leads outside the repository'
    ]
    assert refused(tmp_path, "manifests: ['../../**/*.yaml']") == [
        'MS006 "../../**/*.yaml" leads outside the repository'
    ]


def test_files_are_bounded(tmp_path: Path) -> None:
    files = {f"app/x/{index}.yaml": "" for index in range(DEFAULT.files + 1)}

    assert refused(tmp_path, "manifests: x/*.yaml", **files) == [
        f'MS005 "x/*.yaml" names more than {DEFAULT.files} files'
    ]


def test_the_order_of_objects_does_not_depend_on_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one = rendered(tmp_path / "1", "manifests: '*.yaml'", **{"app/a.yaml": MAP % "x", "app/b.yaml": MAP % "y"})
    two = rendered(tmp_path / "2", "manifests: '*.yaml'", **{"app/b.yaml": MAP % "x", "app/a.yaml": MAP % "y"})

    assert one == two


def test_policies_of_files_stand_in_the_waves_of_ours(tmp_path: Path) -> None:
    """What refuses or asks before what admits, and that before the policy that refuses all others."""
    head = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: %s}\nspec: %s\n"
    specs = {"deny": "{action: DENY, rules: [{}]}", "admit": "{rules: [{}]}", "closed": "{}"}
    text = "---\n".join(head % pair for pair in specs.items())
    found = rendered(tmp_path, "manifests: a.yaml", **{"app/a.yaml": text})
    waves = {
        one["metadata"]["name"]: one["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
        for one in found
        if one["kind"] == "AuthorizationPolicy"
    }

    assert {name: waves[name] for name in specs} == {"deny": "-40", "admit": "-30", "closed": "-20"}


def test_lists_in_lists_are_their_objects(tmp_path: Path) -> None:
    inner = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}"
    text = f"{{apiVersion: v1, kind: List, items: [{inner}]}}\n"

    assert names(rendered(tmp_path, "manifests: a.yaml", **{"app/a.yaml": text})) == ["a"]


# -- patches -----------------------------------------------------------------------------------------------------------


def test_removing_every_object_is_no_output(tmp_path: Path) -> None:
    gone = [one["kind"] for one in rendered(tmp_path, "port: 80")]
    patches = ", ".join(f"{{target: {kind}, merge: {{$patch: delete}}}}" for kind in gone)

    assert refused(tmp_path, f"port: 80, patches: [{patches}]") == ['MS001 "app" gives no objects']


def test_a_patch_does_not_change_other_services(tmp_path: Path) -> None:
    rendered(tmp_path, "port: 80")
    (tmp_path / "app/b.meshspec.yaml").write_text(
        SPEC.replace("web}", "other}") % "patches: {target: Deployment, merge: {spec: {paused: true}}}"
    )
    found = render(str(tmp_path / "app"), Environment("shop"), {}).manifests

    assert {one["metadata"]["name"]: one["spec"].get("paused") for one in found if one["kind"] == "Deployment"} == {
        "web-v1": None,
        "other-v1": True,
    }


def test_a_wave_can_be_patched_and_orders(tmp_path: Path) -> None:
    patch = 'patches: {target: Deployment, merge: {metadata: {annotations: {argocd.argoproj.io/sync-wave: "-50"}}}}'

    assert rendered(tmp_path, f"port: 80, {patch}")[0]["kind"] == "Deployment"


def test_what_a_builder_left_out_is_not_there(tmp_path: Path) -> None:
    patch = "patches: {target: Deployment, json: {op: replace, path: /spec/template/spec/initContainers, value: []}}"

    assert refused(tmp_path, f"port: 80, {patch}") == [
        'MS232 Deployment web-v1: there is nothing at "/spec/template/spec/initContainers"'
    ]


def test_a_value_that_no_reader_gives_back_is_refused(tmp_path: Path) -> None:
    long = "<" * 310
    patch = f'patches: {{target: Deployment, merge: {{metadata: {{annotations: {{"{long}": x}}}}}}}}'

    assert refused(tmp_path, f"port: 80, {patch}") == ["MS104 this is no key of a Kubernetes object"]


# -- parts -------------------------------------------------------------------------------------------------------------


def node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: node(child) for key, child in value.items()}, Pos("f", 1, 1))
    if isinstance(value, list):
        return Node([node(child) for child in value], Pos("f", 1, 1))
    return Node(value, Pos("f", 1, 1))


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("true", "s", "true"),
        ("true", "a", True),
        (Quoted("true"), "a", "true"),
        ("yes", "a", "yes"),
        ("12", "a", 12),
        ("-1.5e3", "a", -1500.0),
        ("0x1F", "a", 31),
        ("0o17", "i", 15),
        (".5", "n", 0.5),
        ("1e400", "a", "1e400"),
        ("99999999999999999999", "a", "99999999999999999999"),
        ("25%", "x", "25%"),
        ("25", "x", 25),
        (Quoted("25"), "x", "25"),
        ("1000m", "q", "1"),
        (Quoted("0.5Gi"), "q", "512Mi"),
    ],
)
def test_a_scalar_is_typed_by_its_field(text: str, type_: str, value: object) -> None:
    problems: list[Diagnostic] = []
    found = typed(node(text), type_, problems, Rules())

    assert (found, type(found), problems) == (value, type(value), [])


@pytest.mark.parametrize(
    ("text", "type_"),
    [(Quoted("3"), "i"), ("3.5", "i"), ("x", "n"), ("yes", "b"), ("x", "q"), ("010", "i"), ("010", "a"), ("true", "i")],
)
def test_a_scalar_of_another_type_is_refused(text: str, type_: str) -> None:
    problems: list[Diagnostic] = []
    typed(node(text), type_, problems, Rules())

    assert [one.code[:3] for one in problems] == ["MS1"]


def test_a_merge_changes_nothing_that_it_is_given() -> None:
    before = {"spec": {"a": {"b": 1}, "l": [1]}}
    merge(before, {"spec": {"a": {"b": None, "c": 2}, "l": [2]}})

    assert before == {"spec": {"a": {"b": 1}, "l": [1]}}


def test_what_is_deleted_and_what_is_unknown() -> None:
    assert merge({"a": 1}, {"$patch": "delete"}) is None
    assert merge({"a": {"b": 1}, "c": 2}, {"a": {"$patch": "delete"}}) == {"c": 2}
    with pytest.raises(PatchError, match="no directive"):
        merge({}, {"a": {"$patch": "merge"}})


def test_what_a_patch_may_not_change() -> None:
    before = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": {}}
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("spec", "selector")):
        after: Any = {**before, "metadata": {**before["metadata"]}, "spec": {}}  # type: ignore[dict-item]
        holder = after if len(path) == 1 else after[path[0]]
        holder[path[-1]] = "other"

        assert [fault[0] for fault in changed(before, after)] == [path]


def test_strategies_that_roll_nothing() -> None:
    found = {"kind": "Deployment", "spec": {"strategy": {"type": "Recreate", "rollingUpdate": {}}}}

    assert [fault[1] for fault in faults(found, "a")] == ["spec.strategy Recreate has a rollingUpdate"]


def test_the_table_of_kinds_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(bundle_directory()), "run python -m tools.kinds DIRECTORY"


def test_the_table_knows_what_the_merge_needs() -> None:
    deployment = kinds.type_of("apps/v1", "Deployment")
    assert deployment is not None
    spec = kinds.below(deployment, "spec") or ""
    pod = kinds.below(kinds.below(spec, "template") or "", "spec") or ""

    assert kinds.item(kinds.below(pod, "containers") or "")[0] == "name"
    assert kinds.item(kinds.below(pod, "tolerations") or "")[0] is None
    assert kinds.is_namespaced("rbac.authorization.k8s.io/v1", "ClusterRole") is False
    assert kinds.is_namespaced("example.com/v1", "Unknown") is None
    assert kinds.apis("VirtualService")[-1].startswith("networking.istio.io/")
