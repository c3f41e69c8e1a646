"""What may happen to the cache's directory. None of it changes an answer or lets a render fail."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cmp.cache import disk
from tests.cache.asking import WEB, Asker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "meshspec.yaml").write_text(WEB)
    return directory


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def entry(cache: Path) -> Path:
    (found,) = [path for path in cache.rglob("*") if path.is_file()]
    return found


def test_an_answer_belongs_to_its_user_alone(app: Path, cache: Path) -> None:
    Asker(cache).ask(app)
    assert stat.S_IMODE(entry(cache).stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in (cache, entry(cache).parent)} == {0o700}


@pytest.mark.parametrize("step", range(41))
def test_a_damaged_answer_is_none(step: int, app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(cache)
    right = asker.ask(app)
    file = entry(cache)
    data = bytearray(file.read_bytes())
    if step < 20:
        data = data[: len(data) * step // 20]  # cut off
    else:
        data[(len(data) - 1) * (step - 20) // 20] ^= 1 << step % 8  # one bit is another
    file.write_bytes(data)
    assert not asker.known(monkeypatch, app)
    assert asker.ask(app) == right
    assert asker.known(monkeypatch, app)  # it was written anew


def test_an_answer_under_another_ones_name_is_none(app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(cache)
    asker.ask(app)
    first = entry(cache)
    (app / "meshspec.yaml").write_text(WEB.replace("8080", "9090"))
    asker.ask(app)
    (second,) = [path for path in cache.rglob("*") if path.is_file() and path != first]
    shutil.copy(first, second)
    assert not asker.known(monkeypatch, app)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_an_answer_that_others_could_reach_is_none(
    mode: int, app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(cache)
    asker.ask(app)
    entry(cache).chmod(mode)
    assert not asker.known(monkeypatch, app)


def test_an_answer_of_another_user_is_none(app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    asker = Asker(cache)
    asker.ask(app)
    os.chown(entry(cache), 999, 999)
    assert not asker.known(monkeypatch, app)


def test_nothing_is_kept_in_a_directory_of_another_user(app: Path, cache: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give directories away")
    cache.mkdir()
    os.chown(cache, 999, 999)
    assert Asker(cache).ask(app)[0] == 0
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_an_answer_behind_a_link_is_none(app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(cache)
    asker.ask(app)
    file = entry(cache)
    file.rename(cache / "moved")
    file.symlink_to(cache / "moved")
    assert not asker.known(monkeypatch, app)


def test_a_directory_that_is_a_file(app: Path, cache: Path) -> None:
    cache.write_text("")
    assert Asker(cache).ask(app) == Asker(None).ask(app)


def test_an_answer_that_is_a_fifo(app: Path, cache: Path) -> None:
    asker = Asker(cache)
    asker.ask(app)
    file = entry(cache)
    file.unlink()
    os.mkfifo(file)
    assert asker.ask(app) == Asker(None).ask(app)


def test_a_full_disk(app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left behind, neither half an answer nor a file of no name."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert Asker(cache).ask(app) == Asker(None).ask(app)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_disk_that_takes_little_at_a_time(app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
        Asker(cache).ask(app)
    assert Asker(cache).known(monkeypatch, app)


def test_the_directory_stays_below_its_bound(
    app: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MOST", 16 * 20_000)
    for number in range(200):
        disk.put(str(cache), f"{number % 16:x}{number:039x}", ((), b"x" * 4000, ""))
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    assert 16 * 20_000 // 4 < size <= 16 * 20_000


def test_the_longest_unused_go_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST", 16 * 20_000)
    keys = [f"0{number:039x}" for number in range(5)]
    for age, key in enumerate(keys[:4]):
        disk.put(str(cache), key, ((), b"x" * 4500, ""))
        os.utime(cache / key[0] / key[1:], (1000 + age, 1000 + age))
    assert disk.get(str(cache), keys[0])  # used
    disk.put(str(cache), keys[4], ((), b"x" * 4500, ""))
    assert [bool(disk.get(str(cache), key)) for key in keys] == [True, False, False, True, True]


def test_what_is_too_large_is_not_kept(cache: Path) -> None:
    disk.put(str(cache), "0" * 40, ((), b"x" * disk.MOST_OF_ONE, ""))
    assert not cache.exists()


def test_what_a_killed_process_left_is_cleared_away(cache: Path) -> None:
    disk.put(str(cache), "0" * 40, ((), b"x", ""))
    left = cache / "0" / ".12345"
    left.write_text("half")
    os.utime(left, (1000, 1000))
    disk.put(str(cache), "0" * 39 + "1", ((), b"x", ""))
    assert not left.exists()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"MESHSPEC_CACHE": "off", "HOME": "/tmp"}, ""),
        ({"MESHSPEC_CACHE": "relative", "HOME": "/tmp"}, ""),
        ({"MESHSPEC_CACHE": "/x/y", "HOME": "/tmp"}, "/x/y"),
        ({"HOME": "/tmp"}, "/tmp/.cache/meshspec"),
        ({"HOME": "/tmp", "XDG_CACHE_HOME": "/c"}, "/c/meshspec"),
        ({"HOME": "/nowhere/at/all"}, ""),
        ({}, ""),
    ],
)
def test_where_answers_are_kept(environ: dict[str, str], expected: str) -> None:
    assert disk.directory(environ) == expected


def test_many_at_once(app: Path, cache: Path) -> None:
    """As after a commit: all ask the same at the same time, and each gets the whole answer."""
    program = [sys.executable, "-m", "cmp", "generate", str(app), "-n", "shop"]
    variables = {**os.environ, "MESHSPEC_CACHE": str(cache)}
    running = [subprocess.Popen(program, cwd=ROOT, env=variables, stdout=subprocess.PIPE) for _ in range(12)]
    outputs = {process.communicate()[0] for process in running}
    assert outputs == {Asker(None).ask(app)[1]}
    assert [path.name.startswith(".") for path in cache.rglob("*") if path.is_file()] == [False]
