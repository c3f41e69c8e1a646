"""The same spec gives the same bytes: nothing but the files, the flags and Argo CD's variables counts.

Argo CD compares what a render gives with what is in the cluster; output that wavers would never be in sync.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.emit import emit
from cmp.environment import Environment
from cmp.merge.compose import compose
from cmp.node import Node
from cmp.parse import parse_platform, parse_services, plain
from cmp.pipeline import render
from cmp.source import read
from cmp.spec.models import MODELS
from tests.support import rich
from tests.support.fields import models
from tests.support.go_oracle import read_as_kubernetes
from tests.support.spec_text import in_braces, written

ROOT = Path(__file__).parents[2]
Files = dict[str, str]
Format = Literal["yaml", "ndjson"]


def _example(name: str) -> Files:
    return {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "examples" / name).iterdir()}


CASES: dict[str, tuple[Files, str]] = {
    "bookinfo": (_example("bookinfo"), ""),
    "article": (_example("article"), ""),
    "rich": (rich.FILES, "prod"),
    "rich-test": (rich.FILES, "test"),
}
every_case = pytest.mark.parametrize("case", CASES)


def write(directory: Path, files: Files) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def output(files: Files, environment: str, form: Format = "yaml") -> str:
    with tempfile.TemporaryDirectory() as name:
        manifests = render(str(write(Path(name), files)), Environment("demo", environment), {}).manifests
    return emit(manifests, form)


@cache
def expected(case: str, form: Format = "yaml") -> str:
    return output(*CASES[case], form)


# -- the specs of this file --------------------------------------------------------------------------------------------


def _keys(model: Any, data: Any, found: dict[str, set[str]]) -> None:
    """The keys that data has, by the name of the model that they belong to."""
    inner = [one for one in get_args(model) if one not in (type(None), ...)]
    if hasattr(model, "model_fields"):
        for name, field in model.model_fields.items():
            if (key := field.alias or name) in data:
                found.setdefault(model.__name__, set()).add(key)
                _keys(field.annotation, data[key], found)
    elif isinstance(data, list) and inner:
        for item in data:
            _keys(inner[-1], item, found)
    elif isinstance(data, dict) and inner:
        for item in data.values() if len(inner) == 2 else [data]:
            _keys(inner[-1], item, found)


#: Fields that name files, whose place and bytes do mean something: tests/cases/config-files-and-text, manifests-*.
FILES = {"ConfigFile.file", "ManifestFiles.file", "ManifestFiles.validate"}
BY_PLACE = {*FILES, "MeshPlatform.manifests", "MeshService.manifests"}


def test_the_rich_spec_has_every_field() -> None:
    """Else what this file holds would not be held for a new field."""
    platform = read(rich.PLATFORM, "meshplatform.yaml")[0]
    specs = read(rich.FILES["shop.meshspec.yaml"], "meshspec.yaml")
    found: dict[str, set[str]] = {}
    for environment in rich.ENVIRONMENTS:
        trees = compose(specs, platform, environment, {})
        assert trees.platform is not None
        for kind, node in [("MeshPlatform", trees.platform.node), *(("MeshService", t.node) for t in trees.services)]:
            _keys(MODELS[kind], plain(node), found)

    missing = {
        f"{name}.{field.alias or key}"
        for name, model in models().items()
        for key, field in model.model_fields.items()
        if (field.alias or key) not in found.get(name, ())
    }
    assert missing == BY_PLACE


def test_the_rich_spec_is_read_without_findings() -> None:
    problems: list[Any] = []
    trees = compose(
        read(rich.FILES["shop.meshspec.yaml"], "a", problems), read(rich.PLATFORM, "b")[0], "prod", {}, problems
    )
    assert trees.platform is not None
    parse_platform(trees.platform, problems)
    parse_services(trees.services, problems)

    assert problems == []


# -- the same twice, and in another form -------------------------------------------------------------------------------


@every_case
def test_the_same_twice(case: str) -> None:
    for form in get_args(Format):
        assert output(*CASES[case], form) == expected(case, form)


@every_case
def test_both_forms_hold_the_same_objects(case: str) -> None:
    lines = [json.loads(line) for line in expected(case, "ndjson").splitlines()]

    assert list(yaml.safe_load_all(expected(case))) == lines


@every_case
def test_kubernetes_reads_the_same_objects_in_both_forms(case: str) -> None:
    assert read_as_kubernetes(expected(case)) == read_as_kubernetes(expected(case, "ndjson"))


@every_case
def test_keys_of_the_output_are_in_order(case: str) -> None:
    """What shuffled input may not change, seen from the other side."""
    for line in expected(case, "ndjson").splitlines():
        for pairs in _maps(json.loads(line, object_pairs_hook=_Pairs)):
            names = [name for name, _ in pairs if name not in ("apiVersion", "kind", "metadata")]
            assert names == sorted(names)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its order."""


def _maps(value: Any) -> Iterable[_Pairs]:
    if isinstance(value, _Pairs):
        yield value
        for _, item in value:
            yield from _maps(item)
    elif isinstance(value, list):
        for item in value:
            yield from _maps(item)


# -- order of the input ------------------------------------------------------------------------------------------------


def shuffled(node: Node, draw: st.DrawFn) -> str:
    """A node as YAML, the keys of all maps in another order. The order of lists means something and stays."""
    if isinstance(node.value, dict) and node.value:
        keys = draw(st.permutations(list(node.value)))
        return in_braces({key: shuffled(node.value[key], draw) for key in keys})
    if isinstance(node.value, list):
        return f"[{', '.join(shuffled(item, draw) for item in node.value)}]"
    return written(node)


@st.composite
def reordered(draw: st.DrawFn, files: Files) -> Files:
    """The same files, keys and documents in another order."""
    found = {}
    for name, text in files.items():
        documents = [shuffled(node, draw) for node in read(text, name)]
        found[name] = "\n---\n".join(draw(st.permutations(documents))) + "\n"
    return found


NAMES = st.text(alphabet="abz019-_é日", min_size=1, max_size=6)
FOLDERS = st.sampled_from(["", "a/", "a/b/", "Z/", "0/"])


@st.composite
def split(draw: st.DrawFn, files: Files) -> Files:
    """The same documents in files of their own, with any names."""
    documents = [written(node) for name, text in files.items() if "platform" not in name for node in read(text, name)]
    names = draw(st.lists(st.tuples(FOLDERS, NAMES), min_size=len(documents), max_size=len(documents), unique=True))
    found = {f"{folder}{name}.meshspec.yaml": text for (folder, name), text in zip(names, documents, strict=True)}
    return {**found, **{name: text for name, text in files.items() if "platform" in name}}


@every_case
def test_writing_a_spec_anew_changes_nothing(case: str) -> None:
    """The tests below rewrite specs; this holds that rewriting alone is not what they find."""
    files, environment = CASES[case]
    again = {name: "\n---\n".join(written(node) for node in read(text, name)) for name, text in files.items()}

    assert output(again, environment) == expected(case)


@every_case
@settings(max_examples=40)
@given(data=st.data())
def test_the_order_of_keys_and_documents_means_nothing(case: str, data: st.DataObject) -> None:
    files, environment = CASES[case]

    assert output(data.draw(reordered(files)), environment) == expected(case)


@pytest.mark.parametrize("case", ["article", "rich"])
@settings(max_examples=40)
@given(data=st.data())
def test_the_names_of_files_mean_nothing(case: str, data: st.DataObject) -> None:
    files, environment = CASES[case]

    assert output(data.draw(split(files)), environment) == expected(case)


# -- the process -------------------------------------------------------------------------------------------------------


def run(
    *arguments: str, cwd: Path = ROOT, variables: dict[str, str] | None = None, inherited: dict[str, str] | None = None
) -> bytes:
    """The output of the program in our environment, or in that which it inherits instead."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("ARGOCD_", "MESHSPEC_", "LC_"))}
    kept = ours if inherited is None else inherited
    done = subprocess.run(
        [sys.executable, "-m", "cmp", "generate", "-n", "demo", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), **(variables or {})},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture(scope="module", params=["bookinfo", "rich"])
def placed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, tuple[str, ...], bytes]:
    """A case in a directory, the flags that it needs, and the bytes that belong to it."""
    files, environment = CASES[request.param]
    flags = ("--env", environment) if environment else ()
    return write(tmp_path_factory.mktemp("spec"), files), flags, expected(request.param).encode()


Placed = tuple[Path, tuple[str, ...], bytes]

JUNK = {
    "KUBE_VERSION": "9.99",
    "KUBE_API_VERSIONS": "v1,apps/v1",
    "ARGOCD_APP_REVISION": "0123456789abcdef",
    "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example.com/x",
    "ARGOCD_ENV_NAMESPACE": "other",
    "ARGOCD_APP_NAMESPACE": "other",  # counts inside Argo CD alone, which gives ARGOCD_APP_NAME
    "NAMESPACE": "other",
    "ENV": "other",
    "CMP_NAMESPACE": "other",
    "MESHSPEC_ENV": "other",
    "MESHSPEC_OUTPUT": "ndjson",
    "CMP_GENERATE_OUTPUT": "ndjson",
    "COLUMNS": "20",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "YAML": "\udcff",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "TMPDIR": "/nowhere",
}
PROCESSES: dict[str, dict[str, str]] = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed 4294967295": {"PYTHONHASHSEED": "4294967295"},
    "hash seed at random": {"PYTHONHASHSEED": "random"},
    "locale C": {"LC_ALL": "C", "LANG": "C"},
    "locale C without UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "German": {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "no such locale": {"LC_ALL": "xx_XX.KOI8-R"},
    "time zone": {"TZ": "Pacific/Kiritimati"},
    "no home": {"HOME": ""},
    "a home that is not there": {"HOME": "/nowhere", "XDG_CONFIG_HOME": "/nowhere"},
    "optimized": {"PYTHONOPTIMIZE": "2"},
    "development mode": {"PYTHONDEVMODE": "1"},
    "no bytecode": {"PYTHONDONTWRITEBYTECODE": "1"},
    "junk": JUNK,
}


@pytest.mark.parametrize("name", PROCESSES)
def test_nothing_in_the_environment_counts(name: str, placed: Placed) -> None:
    directory, flags, bytes_ = placed

    assert run(str(directory), *flags, variables=PROCESSES[name]) == bytes_


def test_no_environment_at_all(placed: Placed) -> None:
    directory, flags, bytes_ = placed

    assert run(str(directory), *flags, inherited={}) == bytes_


def _paths(directory: Path) -> Mapping[str, tuple[str, Path]]:
    """Ways to name a directory: the path, and where the program runs."""
    return {
        "absolute": (str(directory), ROOT),
        "absolute, from the root": (str(directory), Path("/")),
        "with a slash": (f"{directory}/", ROOT),
        "dot": (".", directory),
        "relative": (directory.name, directory.parent),
        "relative, up": (f"../{directory.name}", directory),
        "around": (f"{directory}/../{directory.name}/.", ROOT),
    }


@pytest.mark.parametrize("way", _paths(Path()))
def test_how_the_path_is_written_means_nothing(way: str, placed: Placed) -> None:
    directory, flags, bytes_ = placed
    path, cwd = _paths(directory)[way]

    assert run(path, *flags, cwd=cwd) == bytes_


def test_where_the_files_are_means_nothing(placed: Placed, tmp_path: Path) -> None:
    directory, flags, bytes_ = placed
    elsewhere = tmp_path / "ü b" / "c"
    shutil.copytree(directory, elsewhere)
    (tmp_path / "link").symlink_to(elsewhere, target_is_directory=True)
    for file in elsewhere.iterdir():
        os.utime(file, (0, 0))
        file.chmod(0o444)

    assert run(str(elsewhere), *flags) == bytes_
    assert run(str(tmp_path / "link"), *flags) == bytes_


def test_other_files_mean_nothing(placed: Placed, tmp_path: Path) -> None:
    directory, flags, bytes_ = placed
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    write(copy, {"README.md": "x", ".meshspec.yaml": "broken: [", ".git/meshspec.yaml": "x", "values.yaml": "a: 1"})

    assert run(str(copy), *flags) == bytes_


@pytest.mark.parametrize("newline", ["\r\n", "\n\n"])
def test_the_way_lines_end_means_nothing(newline: str, placed: Placed, tmp_path: Path) -> None:
    directory, flags, bytes_ = placed
    for file in directory.iterdir():
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", newline).encode())

    assert run(str(tmp_path), *flags) == bytes_
