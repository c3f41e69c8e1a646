"""Whatever stands in a file, it is read as written or refused with a place; nothing else happens."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.diagnostics import SpecError
from cmp.files import read_text
from cmp.limits import Used
from cmp.node import Node
from cmp.source import read
from tests.support.trees import plain

FILE = "meshspec.yaml"

TEXT = st.characters(codec="utf-8", exclude_characters="\0")  # which is refused
KEYS = st.text(TEXT, min_size=1, max_size=20)
DATA: st.SearchStrategy[Any] = st.recursive(
    st.text(TEXT, max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


def as_yaml(data: Any) -> str:
    """Flow style with quotes, and every character beyond ASCII as an escape: one way to write any text."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(as_yaml, data)) + "]"
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in data) + '"'


def check_refusal(error: SpecError, text: str) -> None:
    lines = text.splitlines() or [""]
    for diagnostic in error.diagnostics:
        assert diagnostic.code in {"MS004", "MS005", "MS007", "MS008"}
        assert diagnostic.message
        assert diagnostic.help
        assert diagnostic.pos is not None
        assert diagnostic.pos.file == FILE
        assert 1 <= diagnostic.pos.line <= len(lines) + 1
        assert diagnostic.pos.column >= 1


def check_places(node: Node, text: str) -> None:
    """A quoted or flow value stands where a quote or bracket is: positions are right whatever comes before them."""
    lines = text.splitlines()
    first = lines[node.pos.line - 1][node.pos.column - 1]
    assert first == ("{" if isinstance(node.value, dict) else "[" if isinstance(node.value, list) else '"')
    children = (
        node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    )
    for child in children:
        check_places(child, text)


@given(DATA)
def test_quoted_data_is_read_back(data: Any) -> None:
    (document,) = read(f"a: {as_yaml(data)}\n", FILE)
    assert plain(document) == {"a": data}


@given(DATA, st.text("é😀 #", max_size=10))
def test_positions_point_at_what_was_read(data: Any, before: str) -> None:
    text = f"# {before}\n'{before}x': {as_yaml(data)}\n"
    (document,) = read(text, FILE)
    inner = document.get(f"{before}x")
    assert inner is not None
    check_places(inner, text)


def read_or_refuse(text: str) -> None:
    try:
        documents = read(text, FILE)
    except SpecError as error:
        check_refusal(error, text)
    else:
        assert all(document.pos.file == FILE for document in documents)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


YAML_ISH = st.text("ab0~=<é😀 \n\n  ::--??[]{},&*!|>'\"%@`#.\t\r\ufeff\x00\x85\u2028", max_size=60)


@given(YAML_ISH)
def test_text_that_is_almost_yaml_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


SPEC = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: reviews, labels: &labels {team: "é"}}
image: 'r.io/a:1'
routes:
- match: {path: [/a*, /b], headers: {x: {prefix: y}}}
  to: v2
config: |
  text
  more
"""


@given(st.integers(0, len(SPEC)), st.integers(0, 5), YAML_ISH)
def test_a_damaged_spec_is_read_or_refused(at: int, removed: int, inserted: str) -> None:
    read_or_refuse(SPEC[:at] + inserted + SPEC[at + removed :])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@given(data=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-8-sig")))
def test_any_bytes_are_text_or_refused(directory: Path, data: bytes) -> None:
    file = directory / FILE
    file.write_bytes(data)
    try:
        text = read_text(str(file), str(directory), Used())
    except SpecError as error:
        (diagnostic,) = error.diagnostics
        assert diagnostic.code == "MS003"
        assert diagnostic.pos is not None
        assert diagnostic.pos.line >= 1
        assert diagnostic.pos.column >= 1
    else:
        assert text.encode() == data.removeprefix(b"\xef\xbb\xbf")
