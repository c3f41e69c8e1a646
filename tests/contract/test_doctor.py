"""``cmp doctor`` in a container made of directories: nothing failed, and then one thing wrong at a time."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cmp.cli import run
from cmp.commands import doctor as module
from cmp.commands.doctor import CHECKS, COMMAND, PLUGIN, SERVER, TOKEN, USER, Sidecar, doctor
from tests.contract.places import HEAD, ROOT
from tests.contract.places import PLUGIN as SHIPPED

SOCKETS = "/home/argocd/cmp-server/plugins"
MOUNTED = "/etc/meshspec/meshplatform.yaml"
PLATFORM = HEAD.replace("MeshService", "MeshPlatform") + "metadata: {name: guard}\n"


@dataclass
class Container:
    """A container as it has to be; tests break one thing of it."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    user: int = USER

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)
        self.path(path).chmod(mode)

    def change_plugin(self, old: str, new: str) -> None:
        text = self.path(PLUGIN).read_text()
        assert old in text
        self.write(PLUGIN, text.replace(old, new))

    def mount(self, text: str) -> None:
        self.write(MOUNTED, text)
        self.variables["MESHSPEC_PLATFORM"] = MOUNTED

    def lines(self, capfd: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
        code = doctor(Sidecar(self.variables, self.user, str(self.root)))
        out, err = capfd.readouterr()
        assert not err
        assert len(out.splitlines()) == len(CHECKS)
        assert str(self.root) not in out
        return code, {line[8:].partition(": ")[0]: line for line in out.splitlines()}


@pytest.fixture
def container() -> Iterator[Container]:
    with TemporaryDirectory() as name:  # a short path: sockets have 107 bytes for it
        made = Container(Path(name))
        for path in (SOCKETS, "/tmp"):
            made.path(path).mkdir(parents=True)
        made.write(SERVER, "#!/bin/sh\n", 0o755)
        made.write(COMMAND[0], "#!/bin/sh\n", 0o755)
        made.write(PLUGIN, (ROOT / "plugin.yaml").read_text())
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(made.path(f"{SOCKETS}/meshspec.sock")))
            server.listen(99)
            yield made


def test_a_sidecar_as_it_has_to_be(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    code, lines = container.lines(capfd)
    assert code == 0
    assert not [line for line in lines.values() if not line.startswith("ok ")]
    assert lines["plugin.yaml"].endswith('Applications name it "meshspec"')
    assert lines["example"].endswith("objects")
    assert not list(container.path("/tmp").iterdir())


def test_what_is_shipped_is_what_is_asked_for() -> None:
    assert list(SHIPPED.command) == COMMAND


def remove(path: str) -> Callable[[Container], object]:
    def broken(container: Container) -> None:
        at = container.path(path)
        shutil.rmtree(at) if at.is_dir() else at.unlink()

    return broken


def set_variable(name: str, value: str = "1") -> Callable[[Container], object]:
    return lambda container: container.variables.update({name: value})


WRONG: dict[str, tuple[str, Callable[[Container], object], str]] = {
    "root": ("user", lambda c: setattr(c, "user", 0), "set securityContext.runAsUser: 999"),
    "no server": ("argocd-cmp-server", remove(SERVER), "mount the volume var-files at /var/run/argocd"),
    "a server that is no program": ("argocd-cmp-server", lambda c: c.path(SERVER).chmod(0o644), "cannot be run"),
    "no sockets": ("directory of sockets", remove(SOCKETS), "mount the volume plugins"),
    "no socket": ("socket", remove(f"{SOCKETS}/meshspec.sock"), "there is no such socket"),
    "no plugin.yaml": ("plugin.yaml", remove(PLUGIN), "mount nothing over /home/argocd/cmp-server/config"),
    "another plugin.yaml": ("plugin.yaml", lambda c: c.write(PLUGIN, "kind: ConfigMap\n"), "is not a named"),
    "an empty plugin.yaml": ("plugin.yaml", lambda c: c.write(PLUGIN, ""), "is not a named"),
    "no YAML": ("plugin.yaml", lambda c: c.write(PLUGIN, "a: [\n"), "SpecError"),
    "a shell": (
        "plugin.yaml",
        lambda c: c.change_plugin("[/opt/meshspec/bin/cmp, generate]", "[sh, -c, cmp]"),
        "which does not work",
    ),
    "YAML as output": (
        "plugin.yaml",
        lambda c: c.change_plugin("ndjson", "yaml"),
        "generate --output yaml'; the image's",
    ),
    "no program": ("plugin.yaml", remove(COMMAND[0]), "use the image"),
    "a parameter less": ("plugin.yaml", lambda c: c.change_plugin("name: set", "name: sets"), "announces"),
    "discovery": (
        "plugin.yaml",
        lambda c: c.change_plugin("spec:\n", "spec:\n  discover: {fileName: meshspec.yaml}\n"),
        "spec.discover",
    ),
    "no tmp": ("work directory", remove("/tmp"), "mount an emptyDir"),
    "a misspelt variable": ("environment variables", set_variable("MESHSPEC_PLATFROM"), '"MESHSPEC_PLATFORM"?'),
    "tracebacks": ("environment variables", set_variable("MESHSPEC_TRACEBACK"), "tracebacks"),
    "a variable of calls": ("environment variables", set_variable("ARGOCD_APP_NAMESPACE"), "Argo CD's to set"),
    "a timeout": ("environment variables", set_variable("ARGOCD_EXEC_TIMEOUT"), "does nothing for plugins"),
    "modules from elsewhere": ("environment variables", set_variable("PYTHONPATH"), "what Python loads"),
    "a relative platform": ("mounted platform", set_variable("MESHSPEC_PLATFORM", "a.yaml"), "begin it with /"),
    "no platform": ("mounted platform", set_variable("MESHSPEC_PLATFORM", MOUNTED), "MS267"),
    "a wrong platform": ("mounted platform", lambda c: c.mount(PLATFORM + "gatewys: {}\n"), '"gateways"'),
    "a platform that is no YAML": ("mounted platform", lambda c: c.mount("a: [\n"), "MS0"),
    "a guard-rail that guards nothing": (
        "mounted platform",
        lambda c: c.mount(PLATFORM + "policy: [{forbid: imag, reason: because}]\n"),
        "(mounted) meshplatform.yaml:4",
    ),
}


@pytest.mark.parametrize(("name", "broken", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_its_line(
    name: str,
    broken: Callable[[Container], object],
    said: str,
    container: Container,
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken(container)
    code, lines = container.lines(capfd)
    assert code == 1
    assert lines[name].startswith("failed")
    assert said in lines[name]
    assert "; " in lines[name], "what to do"


def test_only_what_is_wrong_fails(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    container.mount(PLATFORM + "gatewys: {}\n")
    _, lines = container.lines(capfd)
    assert [name for name, line in lines.items() if line.startswith("failed")] == ["mounted platform"]


def test_a_directory_of_sockets_that_cannot_be_written(
    container: Container, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    access = os.access  # root, who may run the tests, may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and access(path, mode))
    line = container.lines(capfd)[1]["directory of sockets"]
    assert line.startswith(f"failed  directory of sockets: {SOCKETS} is not writable for user {USER}; mount")


def test_a_work_directory_that_is_none(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    container.variables["ARGOCD_CMP_WORKDIR"] = PLUGIN
    code, lines = container.lines(capfd)
    assert (code, lines["work directory"].partition(":")[0]) == (1, "failed  work directory")


def test_guard_rails_that_refuse_the_example_are_none_of_the_sidecar_s_faults(
    container: Container, capfd: pytest.CaptureFixture[str]
) -> None:
    container.mount(PLATFORM + "policy: [{require: mtls, reason: because}, {forbid: image, reason: because}]\n")
    code, lines = container.lines(capfd)
    assert (code, lines["mounted platform"]) == (0, f"ok      mounted platform: {MOUNTED}")


def test_where_answers_are_kept(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    assert "not kept" in container.lines(capfd)[1]["known answers"]
    container.variables["MESHSPEC_CACHE"] = "/tmp/meshspec"
    assert container.lines(capfd)[1]["known answers"].endswith("kept in /tmp/meshspec")
    container.variables["MESHSPEC_CACHE"] = SERVER  # a file
    assert "keeps none for user 999" in container.lines(capfd)[1]["known answers"]
    container.variables["MESHSPEC_CACHE"] = "tmp/meshspec"
    assert container.lines(capfd)[1]["known answers"].startswith("failed")


def test_another_user_and_a_token_are_told(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    container.user = 1000
    container.write(TOKEN, "secret")
    code, lines = container.lines(capfd)
    assert code == 0
    assert [name for name, line in lines.items() if line.startswith("note")] == ["user", "service account token"]
    assert "secret" not in lines["service account token"].replace("serviceaccount", "")


def test_a_plugin_with_a_version_has_another_socket(container: Container, capfd: pytest.CaptureFixture[str]) -> None:
    container.change_plugin("spec:\n", "spec:\n  version: v2\n")
    _, lines = container.lines(capfd)
    assert lines["plugin.yaml"].endswith('"meshspec-v2"')
    assert f"{SOCKETS}/meshspec-v2.sock: there is no such socket" in lines["socket"]


def test_another_release_of_pydantic_core_is_told(
    container: Container, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cmp.spec import _core

    monkeypatch.setattr(_core, "schema", lambda kind: None)
    assert "install pydantic-core==" in container.lines(capfd)[1]["versions"]


def test_a_check_that_breaks_is_a_line(
    container: Container, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(*_: object) -> int:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(module, "_render", render)
    code, lines = container.lines(capfd)
    assert (code, lines["example"]) == (1, "failed  example: RuntimeError: two lines; install the image anew")


def test_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) in (0, 1)
    assert len(capfd.readouterr().out.splitlines()) == len(CHECKS)
