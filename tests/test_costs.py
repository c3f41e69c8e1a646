"""What a render of many applications costs, in counts that are the same on every machine.

Never in time: `benchmarks/many.py` measures that. A count that has risen is looked into, and then written down here.
"""

import gc
import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benchmarks.fleet import OBJECTS, repository
from cmp import pipeline
from cmp.emit import _key, _scalar, _start, emit
from cmp.environment import Environment
from cmp.many.applications import Application, applications
from cmp.many.collect import Findings, Objects
from cmp.many.one import Renderer
from cmp.merge import compose
from cmp.pipeline import render
from cmp.source import read as read_yaml

# Calls of Python functions for one service of the benchmark, with its 27 objects: 11,307 with Python 3.11, and 5 %.
CALLS = 11_900


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> list[Application]:
    root = repository(tmp_path_factory.mktemp("fleet") / "repository", 60)
    return applications([str(root)], Environment(), True)[0][1:]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often the system is asked for files."""
    found: Counter[str] = Counter()

    def count(name: str) -> Any:
        real = getattr(os, name)

        def counting(*arguments: Any, **keywords: Any) -> Any:
            found[name] += 1
            return real(*arguments, **keywords)

        return counting

    with monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "fstat", "scandir", "listdir", "readlink"):
            patch.setattr(os, name, count(name))
        yield found


def calls(work: Any) -> int:
    """How many Python functions are called, comprehensions and steps of generators among them."""
    total = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal total
        total += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return total


def test_the_files_of_an_application_are_asked_for_once(
    fleet: list[Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Renderer(fleet, "yaml", lambda index, text: (index,))
    work(0)  # reads the platform
    depth = fleet[0].settings.root.count("/") + 3

    with counted(monkeypatch) as found:
        for index in range(1, 11):
            work(index)

    assert found["open"] == 10
    assert found["fstat"] == 10
    assert found["scandir"] == found["listdir"] == found["readlink"] == 0
    assert found["stat"] + found["lstat"] <= 10 * (depth + 4), found


def test_the_platform_is_read_and_merged_once(fleet: list[Application], monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()

    def counting(text: str, file: str, *rest: Any) -> Any:
        read[file] += 1
        return read_yaml(text, file, *rest)

    monkeypatch.setattr(pipeline, "read", counting)
    before = compose.shared_layer.cache_info().misses
    work = Renderer(fleet, "yaml", lambda index, text: (index,))

    for index in range(20):
        work(index)

    assert read.pop("meshplatform.yaml") == 1
    assert set(read.values()) == {1}
    assert len(read) == 20
    assert compose.shared_layer.cache_info().misses == before + 1


def test_a_service_takes_few_calls(fleet: list[Application]) -> None:
    work = Renderer(fleet, "yaml", lambda index, text: (index,))
    assert work(0).objects == OBJECTS
    work(1)

    assert calls(lambda: work(2)) <= CALLS


def test_memory_is_flat(fleet: list[Application]) -> None:
    """What is kept of an application is not what it read or wrote, but 12 bytes for each of its objects."""
    work = Renderer(fleet, "yaml", lambda index, text: (index, len(text)))
    objects, findings = Objects(), Findings()

    def kept(first: int, last: int) -> int:
        for index in range(first, last):
            outcome = work(index)
            objects.add(index, outcome.keys)
            findings.add(index, outcome.found, outcome.lines)
        for cached in (_scalar, _key, _start):  # bounded, and filled by all texts alike
            cached.cache_clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    kept(0, 20)
    tracemalloc.start()
    try:
        few = kept(20, 30)
        assert kept(30, 60) - few <= 30 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "more",
    [
        "access: {}",
        "access: {}, calls: [https://api.example.org, sN]",
        "access: {}, routes: [{destinations: [{service: sN}]}]",
        "access: sM, routes: [{match: {path: /a}, destinations: [{service: sN}]}]",
    ],
)
def test_twice_the_services_take_twice_the_calls(more: str, tmp_path: Path) -> None:
    """Nothing compares each service with each other one."""

    def of(count: int) -> int:
        directory = tmp_path / str(count)
        directory.mkdir()
        head = "apiVersion: meshspec.io/v1alpha1\nkind: MeshApp\nmetadata: {name: big}\nservices:\n"
        lines = []
        for n in range(count):
            own = more.replace("N", str(n ^ 1)).replace("M", str(((n | 1) + 1) % count))  # pairs, and the next pair
            lines.append(f"  s{n}: {{image: 'example.com/s:1', port: 8080, {own}}}")
        (directory / "meshspec.yaml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
        return calls(lambda: emit(render(str(directory), Environment("shop"), {}).manifests, "ndjson"))

    of(10)
    assert of(400) <= 2.1 * of(200)
