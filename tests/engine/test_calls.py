"""Calls that find an engine get what a render of their own would give; whatever is wrong with it, they render."""

import marshal
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cmp.cache import front
from cmp.engine import client
from tests.cache.asking import WEB, Asker, values
from tests.cache.test_answers import environ_of
from tests.engine.running import children, engine, server, until
from tests.test_cases import FOLDERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the engine asks Linux who the other end is")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of an engine that all tests of a process share."""
    socket_of = tmp_path_factory.mktemp("engine") / "s"
    with engine(socket_of):
        yield socket_of


@pytest.fixture
def app(tmp_path: Path) -> Path:
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "meshspec.yaml").write_text(WEB)
    return directory


@pytest.fixture
def no_render(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here nobody renders: an answer can only come from the engine."""
    monkeypatch.setattr(front, "_render", None)


@pytest.mark.usefixtures("no_render")
@pytest.mark.parametrize("folder", FOLDERS)
def test_cases_are_answered_alike(folder: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, flags, variables = environ_of(folder)
    variables["MESHSPEC_CACHE"] = "off"
    from_engine = front.answer(flags, {**variables, "MESHSPEC_ENGINE": str(place)})
    monkeypatch.undo()
    assert from_engine == front.answer(flags, variables)


@pytest.mark.usefixtures("no_render")
def test_a_relative_path_is_that_of_the_call(place: Path, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app)
    code, out, err = Asker(None, {"MESHSPEC_ENGINE": str(place)}).ask(Path("."))
    assert code == 0, err
    assert b"name: web" in out


def test_a_directory_that_is_gone(place: Path, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine does not stay in it, and cannot go there again."""
    asker = Asker(None, {"MESHSPEC_ENGINE": str(place)})
    monkeypatch.chdir(app)
    asker.ask(Path("."))
    assert str(app) not in {os.readlink(f"/proc/{pid}/cwd") for pid in _everybody() if pid != os.getpid()}


def _everybody() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and os.access(f"/proc/{name}/cwd", os.R_OK)]


@pytest.mark.usefixtures("no_render")
def test_a_changed_file_is_read_again(app: Path, tmp_path: Path) -> None:
    """One process, which remembers, and no cache on disk that could help it."""
    (app / "meshspec.yaml").write_text(WEB + "config: {/etc/a.conf: {file: a.conf}}\n")
    (tmp_path / "full").write_text("")  # where the cache's directory should be
    with engine(tmp_path / "s", workers=1):
        asker = Asker(tmp_path / "full", {"MESHSPEC_ENGINE": str(tmp_path / "s")})
        for text in ("a=1", "a=1", "a=2", "a=1"):
            (app / "a.conf").write_text(text)
            assert text.encode() in asker.ask(app)[1]


@pytest.mark.usefixtures("no_render")
def test_the_engine_writes_the_operators_log(place: Path, app: Path, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    asker = Asker(None, {"MESHSPEC_ENGINE": str(place), "MESHSPEC_LOG": str(tmp_path / "log")})
    assert asker.ask(app)[0] == 0
    assert len((tmp_path / "log").read_text().splitlines()) == 1


@pytest.mark.usefixtures("no_render")
def test_nothing_of_one_call_is_in_the_next(app: Path, tmp_path: Path) -> None:
    parameters = '[{"name": "namespace", "string": "secret-of-one"}]'
    with engine(tmp_path / "s", workers=1):
        engaged = {"MESHSPEC_ENGINE": str(tmp_path / "s"), "ARGOCD_APP_NAME": "a"}
        asker = Asker(None, {**engaged, "ARGOCD_APP_PARAMETERS": parameters})
        assert b"secret-of-one" in asker.ask(app, namespace="")[1]
        other = Asker(None, {**engaged, "ARGOCD_APP_NAMESPACE": "other"})
        assert b"secret-of-one" not in other.ask(app, namespace="")[1]


def test_what_no_render_reads_is_not_sent(app: Path, tmp_path: Path) -> None:
    heard: list[bytes] = []
    with server(tmp_path / "s", lambda line: heard.append(line.recv(1 << 20))):
        environ = {"MESHSPEC_ENGINE": str(tmp_path / "s"), "AWS_SECRET_ACCESS_KEY": "canary", "ARGOCD_ENV_X": "canary"}
        Asker(None, environ).ask(app)
    assert heard
    assert b"canary" not in b"".join(heard)


# -- whatever is wrong with the engine ---------------------------------------------------------------------------------


def renders(app: Path, place: Path) -> None:
    began = time.monotonic()
    assert Asker(None, {"MESHSPEC_ENGINE": str(place)}).ask(app) == Asker(None).ask(app)
    assert time.monotonic() - began < client.TO_BEGIN + 10


def say(*parts: bytes) -> Callable[[socket.socket], None]:
    def behave(line: socket.socket) -> None:
        line.recv(1 << 20)
        for part in parts:
            line.sendall(part)

    return behave


def message(value: Any) -> bytes:
    data = marshal.dumps(value)
    return len(data).to_bytes(8, "big") + data


WRONG: dict[str, Callable[[socket.socket], None]] = {
    "hangs up": lambda line: None,
    "says nothing, and hangs up": say(),
    "half a length": say(b"\0\0\0"),
    "a length of everything": say(b"\xff" * 8),
    "no message": say(b"\0" * 7 + b"\5hello"),
    "is another program": say(message(False)),
    "begins, and hangs up": say(message(True)),
    "begins, and says half an answer": say(message(True), message((0, b"x" * 100, ""))[:50]),
    "begins, and says something else": say(message(True), message("hello")),
    "begins, and says something like an answer": say(message(True), message((0, "text", ""))),
    "answers without having begun": say(message((0, b"x", ""))),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_engine_that_says_something_wrong(what: str, app: Path, tmp_path: Path) -> None:
    with server(tmp_path / "s", WRONG[what]):
        renders(app, tmp_path / "s")


def test_an_engine_that_is_not_there(app: Path, tmp_path: Path) -> None:
    renders(app, tmp_path / "nowhere")
    renders(app, app / "meshspec.yaml")
    renders(app, tmp_path / ("x" * 200))


def test_an_engine_that_is_stopped(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TO_BEGIN", 0.2)
    with engine(tmp_path / "s") as process:
        pids = children(process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        renders(app, tmp_path / "s")
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_an_engine_that_does_not_finish(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TO_ANSWER", 0.2)
    gone = threading.Event()
    with server(tmp_path / "s", lambda line: (say(message(True))(line), gone.wait(20), None)[2]):
        renders(app, tmp_path / "s")
        gone.set()


def test_an_engine_of_another_version(app: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade of the program while the old engine still runs."""
    monkeypatch.setattr(client, "program", lambda: "another")
    environ = {"MESHSPEC_ENGINE": str(place)}
    assert client.ask({"path": str(app)}, environ) is None
    renders(app, place)


def test_an_engine_of_another_user(app: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o777)
        place = Path(directory, "s")
        pid = os.fork()
        if pid == 0:
            _be_another_user(place)
        until(place.exists)
        until(lambda: client.ask({"path": str(app)}, {"MESHSPEC_ENGINE": str(place)}) is None, 0.2)
        assert os.waitpid(pid, 0)[1] == 0  # it was called, and told nothing


def _be_another_user(place: Path) -> None:
    os.setuid(999)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place) + ".new")
        listener.listen()
        os.rename(str(place) + ".new", place)
        line, _ = listener.accept()
        heard = line.recv(1 << 20)
        with suppress(OSError):
            line.sendall(message(True) + message((0, b"kind: Secret\n", "")))
    os._exit(bool(heard))


def test_a_process_that_is_killed_in_the_middle_of_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = tmp_path / "many"
    app.mkdir()
    for number in range(1500):
        (app / f"s{number}.meshspec.yaml").write_text(WEB.replace("web", f"web-{number}"))
    expected = Asker(None).ask(app)
    told: list[object] = []
    ask = client.ask

    def noted(*call: Any) -> object:
        told.append(ask(*call))
        return told[-1]

    monkeypatch.setattr(client, "ask", noted)
    with engine(tmp_path / "s", workers=1) as process:
        (pid,) = children(process.pid)
        killer = threading.Timer(0.2, os.kill, (pid, signal.SIGKILL))
        killer.start()
        assert Asker(None, {"MESHSPEC_ENGINE": str(tmp_path / "s")}).ask(app) == expected
        assert told == [None], "it was over before it was killed"
        until(lambda: children(process.pid) not in ([], [pid]))  # another one has taken its place
        assert Asker(None, {"MESHSPEC_ENGINE": str(tmp_path / "s")}).ask(app) == expected
        assert told[1] is not None
    shutil.rmtree(app)


def test_a_bug_is_left_to_the_call(app: Path, place: Path) -> None:
    """Which finds it again, and says so. The engine lives on."""
    environ = {"MESHSPEC_ENGINE": str(place), "MESHSPEC_CACHE": "off"}
    assert client.ask({"path": str(app), "settings": 1}, environ) is None
    assert client.ask(values(app), environ) == Asker(None).ask(app)
