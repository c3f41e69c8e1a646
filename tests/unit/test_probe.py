"""``cmp probe``: a socket where somebody listens, and the ways in which nobody does."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cmp.cli import run
from cmp.commands.probe import probe
from tests.test_start import loaded


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory() as name:  # a short path: sockets have 107 bytes for it
        monkeypatch.setenv("ARGOCD_PLUGINSOCKFILEPATH", name)
        yield Path(name)


def listen(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    return server


def test_a_server_that_listens_is_fine(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with listen(directory / "meshspec.sock"):
        assert probe() == 0
    assert capfd.readouterr() == (f"{directory}/meshspec.sock: takes calls\n", "")


def test_a_name_may_have_a_version(directory: Path) -> None:
    with listen(directory / "meshspec-v2.sock"):
        assert run(["probe", "meshspec-v2"]) == 0
        assert run(["probe"]) == 1


def test_no_socket(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert probe() == 1
    assert "there is no such socket" in capfd.readouterr().err


def test_a_socket_that_was_left_behind(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    listen(directory / "meshspec.sock").close()
    assert probe() == 1
    assert "nobody listens" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["x" * 200, "nul\0"])
def test_a_path_that_no_socket_can_have(directory: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert probe(name) == 1
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_the_kubelet_s_call_does_not_pay_for_click_or_yaml(directory: Path) -> None:
    with listen(directory / "meshspec.sock"):
        modules = loaded("probe")
    assert not modules & {"click", "yaml", "pydantic_core", "json"}
    assert "subprocess" not in modules
