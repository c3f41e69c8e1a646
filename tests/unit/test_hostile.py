"""Small files that would take hours, gigabytes or the program's life, and what becomes of them."""

import subprocess
import sys
import time
from functools import reduce
from pathlib import Path

import pytest

from cmp.diagnostics import SpecError, did_you_mean
from cmp.environment import Environment
from cmp.limits import DEFAULT
from cmp.patch.pointer import MAX_LEVELS, Operation, OperationError, apply
from cmp.pipeline import render
from cmp.policy.patterns import starred
from cmp.spec.observing import cel, promql
from cmp.spec.syntax import header_value
from cmp.spec.validators import duration

SERVICE = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: a}\nimage: a:1\nport: 80\n"
APP = "apiVersion: meshspec.io/v1alpha1\nkind: MeshApp\nmetadata: {name: a}\nservices:\n"
#: Seconds of CPU. What is meant takes hundredths.
SOON = 2


def codes(directory: Path, **files: str) -> list[str]:
    """What is found in files, named with underscores for dots, in time."""
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)
    begin = time.process_time()
    try:
        render(str(directory), Environment("shop"), {})
        found = []
    except SpecError as error:
        found = [one.code for one in error.diagnostics]
    assert time.process_time() - begin < SOON
    return found


def test_an_object_copied_into_itself_does_not_grow_without_end() -> None:
    steps = [Operation("copy", f"/a/{index}", "/a") for index in range(40)]
    with pytest.raises(OperationError, match="more than 20000 values"):
        reduce(apply, steps, {"a": {"x": "y"}})


def test_an_object_does_not_get_deeper_than_the_stack() -> None:
    steps = [Operation("add", "/a" * index, value={}) for index in range(1, 100)]
    with pytest.raises(OperationError, match=f"deeper than {MAX_LEVELS} levels"):
        reduce(apply, steps, {})


def test_an_index_of_more_digits_than_python_reads() -> None:
    with pytest.raises(OperationError, match="has 1 items"):
        apply({"a": [1]}, Operation("add", "/a/" + "9" * 5000, value=1))


@pytest.mark.parametrize("op", ["{op: remove, path: /metadata/name}", "{op: remove, path: /kind}"])
def test_a_patch_that_takes_the_name_leaves_the_object_to_the_next_one(op: str, tmp_path: Path) -> None:
    patches = f"patches:\n- {{target: Deployment, json: [{op}]}}\n- {{target: Deployment, json: [{op}]}}\n"
    assert set(codes(tmp_path, meshspec_yaml=SERVICE + patches)) == {"MS232"}


@pytest.mark.parametrize(
    "body",
    [
        "metadata: {name: b, annotations: 5}",
        "metadata: {name: b, labels: [a]}",
        "metadata: {name: b, namespace: 5}",
        "metadata: {name: 5}",
        "metadata: {name: b, annotations: {argocd.argoproj.io/sync-wave: [1]}}",
        "metadata: {name: b, annotations: {argocd.argoproj.io/sync-wave: soon}}",
    ],
)
def test_an_object_of_an_unknown_kind_that_could_not_be_ordered(body: str, tmp_path: Path) -> None:
    text = f"apiVersion: example.com/v1\nkind: Database\n{body}\n"
    assert set(codes(tmp_path, meshspec_yaml=SERVICE + "manifests: [{file: x.yaml}]\n", x_yaml=text)) == {"MS233"}


@pytest.mark.parametrize("pattern", ["*a" * 20 + "b", "**/" * 20 + "x.yml"])
def test_patterns_of_files_that_would_be_tried_in_every_way(pattern: str, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / ("a" * 200)).touch()
    assert codes(tmp_path, meshspec_yaml=SERVICE + f"manifests: [{{file: '{pattern}'}}]\n") == ["MS002"]


def test_a_pattern_does_not_look_behind_a_link_out_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret.yaml").touch()
    root = tmp_path / "repository"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "out")
    assert codes(root, meshspec_yaml=SERVICE + "manifests: [{file: link/*.yaml}]\n") == ["MS006"]


def test_a_pattern_of_a_guard_rail_that_would_be_tried_in_every_way() -> None:
    shape = starred("*a" * 20 + "*b")
    assert shape is not None
    begin = time.process_time()
    assert not shape.fullmatch("a" * 5000)
    assert shape.fullmatch("a" * 5000 + "b")
    assert time.process_time() - begin < SOON


@pytest.mark.parametrize("read", [cel, promql, duration, header_value])
@pytest.mark.parametrize("part", ["1", '\\"', "%A(", "'", "a.", "(", "{", "`", "+ "])
def test_a_long_text_is_read_in_time(read: object, part: str) -> None:
    begin = time.process_time()
    with pytest.raises(Exception, match=r"duration|longer|percent|quote|digits|closes|closed|expression|characters|."):
        read(part * 300_000 + "\x00")  # type: ignore[operator]
    assert time.process_time() - begin < SOON


def test_a_word_of_a_megabyte_is_no_misspelling() -> None:
    begin = time.process_time()
    assert did_you_mean("k" * 1_000_000, ["image"] * 40).startswith("known here")
    assert time.process_time() - begin < SOON


def test_defaults_for_many_services_are_counted_for_each(tmp_path: Path) -> None:
    defaults = "defaults:\n  env:\n" + "".join(f"    A{index}: x\n" for index in range(20_000))
    platform = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: p}\n" + defaults
    spec = APP + "".join(f"  a{index}: {{image: a:1, port: 80}}\n" for index in range(100))
    assert codes(tmp_path, meshspec_yaml=spec, meshplatform_yaml=platform) == ["MS005"]


def test_what_versions_have_from_their_service_is_counted_for_each(tmp_path: Path) -> None:
    env = "env:\n" + "".join(f"  A{index}: x\n" for index in range(20_000))
    versions = "versions:\n" + "".join(f"  v{index}: {{weight: 0}}\n" for index in range(100))
    assert codes(tmp_path, meshspec_yaml=SERVICE + env + versions) == ["MS005"]


def test_too_many_services(tmp_path: Path) -> None:
    spec = APP + "".join(f"  a{index}: {{}}\n" for index in range(DEFAULT.services + 1))
    assert codes(tmp_path, meshspec_yaml=spec) == ["MS005"]


def test_too_long_a_list(tmp_path: Path) -> None:
    routes = "routes:\n" + "".join(f"  - {{match: {{path: /a{index}/*}}}}\n" for index in range(DEFAULT.items + 1))
    assert codes(tmp_path, meshspec_yaml=SERVICE + routes) == ["MS005"]


def test_more_findings_than_anybody_reads(tmp_path: Path) -> None:
    assert len(codes(tmp_path, meshspec_yaml=SERVICE + "".join(f"k{index}: 1\n" for index in range(20_000)))) < 600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["generate", "--help"], ["--version"], ["schema"], ["explain", "MS203"], ["app", "--health"]],
    ids=" ".join,
)
def test_a_full_disk_is_said(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "cmp", *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: stdout cannot be written: No space left on device\n")
