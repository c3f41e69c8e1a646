"""Input that is meant to hurt, as the process meets it: a short error with a place, soon, in little memory.

Each row is tried in a process of its own that may not take more than MEMORY, nor more than CPU seconds.
"""

import os
import resource
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cmp import files
from cmp.diagnostics import SpecError
from cmp.environment import Environment
from cmp.limits import DEFAULT
from cmp.pipeline import render
from tests.contract.places import COMMAND, WEB, write
from tests.support.cmp_server import SIDECAR, manifests

#: Bytes of address space: 300 MiB above what an idle interpreter maps.
MEMORY = 400 << 20
CPU = 4
VARIABLES_OF_ARGOCD = {
    **SIDECAR,
    "ARGOCD_APP_NAME": "shop",
    "ARGOCD_APP_NAMESPACE": "shop",
    "ARGOCD_APP_SOURCE_PATH": "app",
    "ARGOCD_APP_PARAMETERS": "null",
}


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))


def generate(repository: Path, **variables: str | bytes) -> subprocess.CompletedProcess[bytes]:
    """Render ``app`` of a repository as Argo CD does."""
    given = {os.fsencode(name): os.fsencode(text) for name, text in (VARIABLES_OF_ARGOCD | variables).items()}
    return subprocess.run(
        COMMAND, cwd=repository / "app", env=given, capture_output=True, preexec_fn=_bounded, timeout=30, check=False
    )


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a refusal says: without stdout, a traceback, or more than the UI is to store."""
    assert (done.returncode, done.stdout) == (1, b""), done
    text = done.stderr.decode()
    assert "Traceback" not in text
    assert len(done.stderr) <= 2048
    return text


# -- files -------------------------------------------------------------------------------------------------------------

SMALL = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: a%s}\nimage: a:1\nport: 80\n"
BOMB = "a: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 12))
CHAIN = "a: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 4000))
#: What a spec holds beside the five lines of a service, the code, and the line where it is said.
SPECS: dict[str, tuple[str | bytes, str, int]] = {
    "alias bomb": (BOMB, "MS005", 14),
    "chain of aliases": (CHAIN, "MS005", 53),
    "alias of itself": ("env: &a {A: *a}\n", "MS004", 6),
    "alias without anchor": ("env: *nowhere\n", "MS004", 6),
    "deep list": ("env: " + "[" * 100_000, "MS005", 6),
    "deep map": ("env: " + "{a: " * 100_000, "MS005", 6),
    "deep block": ("".join(" " * i + "a:\n" for i in range(1000)), "MS005", 54),
    "deep keys": ("? " * 10_000 + "a", "MS005", 6),
    "too many bytes": ("# " + "x" * DEFAULT.file_bytes, "MS005", 0),
    "too many values": (f"args: [{'x,' * 120_000}]", "MS005", 6),
    "too long a list": (f"args: [{'x,' * 1500}]", "MS005", 6),
    "a tag that runs something": ("env: !!python/object/apply:os.system [id]\n", "MS007", 6),
    "a tag of a number": ("replicas: !!int 3\n", "MS007", 6),
    "merge key": ("env: &l {a: b}\nhealth: {<<: *l}\n", "MS007", 7),
    "merge key of a list": ("<<: [{a: b}, {c: d}]\n", "MS007", 6),
    "a map as a key": ("{a: b}: c\n", "MS007", 6),
    "NUL": ("env: {A: 'a\0b'}\n", "MS004", 6),
    "bell": ("env: {A: 'a\ab'}\n", "MS004", 6),
    "escape": ("\x1b[2J: a\n", "MS004", 6),
    "DEL": ("env: {A: a\x7fb}\n", "MS004", 6),
    "C1 control": ("env: {A: a\x9fb}\n", "MS004", 6),
    "escaped NUL": ('env: {A: "a\\0b"}\n', "MS007", 6),
    "escaped NUL in a key": ('env: {"a\\0b": c}\n', "MS007", 6),
    "surrogate as bytes": (b"env: {A: \xed\xa0\x80}\n", "MS003", 6),
    "surrogate as an escape": ('env: {A: "\\ud800"}\n', "MS004", 6),
    "beyond Unicode": ('env: {A: "\\U00110000"}\n', "MS004", 6),
    "overlong bytes": (b"env: {A: \xc0\xaf}\n", "MS003", 6),
    "UTF-16": ("x: y\n".encode("utf-16"), "MS003", 6),
    "huge number": ("replicas: " + "9" * 5000 + "\n", "MS103", 6),
    "huge negative number": ("replicas: -" + "9" * 400 + "\n", "MS103", 6),
    "infinite": ("replicas: .inf\n", "MS103", 6),
    "no number": ("replicas: .nan\n", "MS103", 6),
    "exponent": ("replicas: 1e999\n", "MS103", 6),
    "digits of another script": ("replicas: ٣\n", "MS103", 6),
    "a superscript": ("health: {http: /, port: ²}\n", "MS2", 6),
    "octal of YAML 1.1": ("replicas: 012\n", "MS103", 6),
    "sexagesimal": ("replicas: 1:30\n", "MS103", 6),
    "yes for true": ("mtls: yes\n", "MS1", 6),
    "directive": ("---\n%YAML 3.0\n---\na: b\n", "MS004", 0),
    "10,000 documents": ("---\na: 1\n" * 10_000, "MS107", 7),
    "10,000 services": ("".join(f"---\n{SMALL % i}" for i in range(10_000)), "MS005", 12_001),
    "10,000 unknown keys": ("".join(f"k{i}: 1\n" for i in range(10_000)), "MS101", 6),
    "10,000 lines of no YAML": ("]\n" * 10_000, "MS004", 6),
    "a name with line breaks": ('versions: {"a\\nerror[MS001]: b": {}}\n', "MS206", 6),
    "a file above the repository": ("config: {/etc/a: {file: ../../../../etc/passwd}}\n", "MS006", 6),
    "an absolute file": ("config: {/etc/a: {file: /etc/passwd}}\n", "MS104", 6),
    "objects above the repository": ("manifests: [{file: ../../../../etc/*}]\n", "MS006", 6),
    "a file with a line break": ('config: {/etc/a: {file: "a\\nb"}}\n', "MS104", 6),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_that_hurts(name: str, tmp_path: Path) -> None:
    text, code, line = SPECS[name]
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "meshspec.yaml").write_bytes(
        WEB.encode() + (text if isinstance(text, bytes) else text.encode())
    )

    lines = said(generate(tmp_path)).splitlines()

    place = "app/meshspec.yaml:" + (f"{line}:" if line else "")
    assert [one for one in lines if one.removeprefix("- ").startswith(place) and f"error[{code}" in one]
    assert all(one.isprintable() for one in lines)


def test_words_of_yaml_1_1_stay_what_was_written(tmp_path: Path) -> None:
    words = ["NO", "on", "y", "012", "0o14", "1:30", "1_000", "2001-01-01", "0x1F", "1e3", ".5", "=", "~x"]
    env = "".join(f"  W{index:02}: {word}\n" for index, word in enumerate(words))
    write(tmp_path, {"app/meshspec.yaml": WEB + "env:\n" + env})

    (deployment,) = [one for one in manifests(generate(tmp_path).stdout) if one["kind"] == "Deployment"]

    found = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [one["value"] for one in found if one["name"].startswith("W")] == words


# -- what is no file, or none of ours ----------------------------------------------------------------------------------


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes device files")


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "FIFO": (os.mkfifo, "MS002"),
    "device": (_device, "MS002"),
    "link to a device": (lambda path: path.symlink_to("/dev/zero"), "MS006"),
    "link to a process's files": (lambda path: path.symlink_to("/proc/self/environ"), "MS006"),
    "link out": (lambda path: path.symlink_to("../../outside.yaml"), "MS006"),
    "link to itself": (lambda path: path.symlink_to("meshspec.yaml"), "MS002"),
    "link to nothing": (lambda path: path.symlink_to("nowhere"), "MS002"),
    "empty": (Path.touch, "MS001"),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_file_of_ours(name: str, tmp_path: Path) -> None:
    make, code = PLACES[name]
    (tmp_path / "outside.yaml").write_text(WEB)
    app = tmp_path / "repository" / "app"
    app.mkdir(parents=True)
    (app / "other.meshspec.yaml").write_text(WEB)
    make(app / "meshspec.yaml")

    assert f"error[{code}]" in said(generate(tmp_path / "repository"))


def test_a_link_within_the_repository_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"shared/web.yaml": WEB, "app/README.md": ""})
    (tmp_path / "app" / "meshspec.yaml").symlink_to("../shared/web.yaml")

    assert generate(tmp_path).returncode == 0


def test_a_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"meshspec.yaml": WEB, "other.meshspec.yaml": WEB})
    found = files.layout

    def vanishing(path: str, source_path: str = "") -> files.Layout:
        layout = found(path, source_path)
        (tmp_path / "other.meshspec.yaml").unlink()
        return layout

    monkeypatch.setattr(files, "layout", vanishing)
    with pytest.raises(SpecError) as raised:
        render(str(tmp_path), Environment("shop"), {})
    assert [one.code for one in raised.value.diagnostics] == ["MS002"]


def test_a_path_with_line_breaks(tmp_path: Path) -> None:
    write(tmp_path, {"app/a\nerror[MS999]: b\x1b[31m/meshspec.yaml": WEB + "replica: 2\n"})

    (line,) = said(generate(tmp_path)).splitlines()

    assert line.startswith("app/a?error[MS999]: b?[31m/meshspec.yaml:6:1: error[MS101]")


# -- variables ---------------------------------------------------------------------------------------------------------

NAMES: dict[str, dict[str, str | bytes]] = {
    "bytes": {"ARGOCD_APP_PARAMETERS": b"\xff\xfe["},
    "bytes in a string": {"ARGOCD_APP_PARAMETERS": b'[{"name": "namespace", "string": "\xff"}]'},
    "half of it": {"ARGOCD_APP_PARAMETERS": '[{"name": "set", "map": {"image.tag"'},
    "deep": {"ARGOCD_APP_PARAMETERS": "[" * 100_000},
    "a huge number": {"ARGOCD_APP_PARAMETERS": "9" * 100_000},
    "a number for a list": {"ARGOCD_APP_PARAMETERS": '[{"name": "set", "array": 5}]'},
    "a line break": {"ARGOCD_APP_PARAMETERS": '[{"name": "a\\nerror[MS001]: b"}]'},
    "a NUL": {"ARGOCD_APP_PARAMETERS": '[{"name": "set", "map": {"image.tag": "a\\u0000"}}]'},
    "a long name": {"ARGOCD_APP_PARAMETERS": f'[{{"name": "{"x" * 100_000}"}}]'},
    "no list": {"ARGOCD_APP_PARAMETERS": "{}"},
    "a namespace of bytes": {"ARGOCD_APP_NAMESPACE": b"\xff"},
    "a namespace above": {"ARGOCD_APP_NAMESPACE": "../kube-system"},
    "a platform that is not there": {"MESHSPEC_PLATFORM": b"/\xff\nx"},
    "a platform that is relative": {"MESHSPEC_PLATFORM": "meshplatform.yaml"},
    "a platform that is a directory": {"MESHSPEC_PLATFORM": "/"},
    "a bound of no number": {"MESHSPEC_MAX_FILE_BYTES": "1MiB"},
    "a bound of bytes": {"MESHSPEC_MAX_FILE_BYTES": b"\xff"},
    "a bound of zero": {"MESHSPEC_MAX_FILES": "0"},
    "a bound beyond the stack": {"MESHSPEC_MAX_DEPTH": "101"},
    "a bound that is misspelt": {"MESHSPEC_MAX_FILE_BYTE": "4096"},
}


@pytest.mark.parametrize("name", NAMES)
def test_variables_of_any_bytes(name: str, tmp_path: Path) -> None:
    write(tmp_path, {"app/meshspec.yaml": WEB})

    lines = said(generate(tmp_path, **NAMES[name])).splitlines()

    assert len(lines) == 1
    assert lines[0].isprintable()


@pytest.mark.parametrize("path", [b"\xff", b"../../..", b"/", b"a\nb", b"app/../../app", b"x" * 10_000])
def test_any_path_of_the_source(path: bytes, tmp_path: Path) -> None:
    write(
        tmp_path,
        {"outside.yaml": WEB, "repository/app/meshspec.yaml": WEB + "config: {/a: {file: ../../outside.yaml}}\n"},
    )

    assert "error[MS006]" in said(generate(tmp_path / "repository", ARGOCD_APP_SOURCE_PATH=path))


@pytest.mark.parametrize(
    "name", ["ARGOCD_APP_NAME", "ARGOCD_APP_REVISION", "KUBE_API_VERSIONS", "ARGOCD_ENV_A", "LANG"]
)
def test_other_variables_may_hold_any_bytes(name: str, tmp_path: Path) -> None:
    write(tmp_path, {"app/meshspec.yaml": WEB})
    plain = generate(tmp_path)

    assert plain.returncode == 0
    assert generate(tmp_path, **{name: b"\xff\x01\n" * 1000}).stdout == plain.stdout


def test_nothing_of_the_environment_gets_out(tmp_path: Path) -> None:
    """Of all variables that a sidecar may have, only what is declared is written: the destination's namespace."""
    known = ["ARGOCD_APP_REVISION", "ARGOCD_APP_SOURCE_REPO_URL", "ARGOCD_APP_PROJECT_NAME", "KUBE_VERSION", "USER"]
    known += ["KUBE_API_VERSIONS", "ARGOCD_ENV_TOKEN", "PARAM_SET", "HOME", "PWD", "AWS_SECRET_ACCESS_KEY", "LOGNAME"]
    known += ["GIT_ASKPASS", "GIT_SSH_COMMAND", "HTTPS_PROXY", "REDIS_PASSWORD", "TMPDIR", "LANG", "TZ", "HOSTNAME"]
    known += ["ARGOCD_APP_NAME", "ARGOCD_APP_SOURCE_TARGET_REVISION", "NAMESPACE", "MESHSPEC_TRACEBACK", *os.environ]
    canaries = {name: f"canary{index}" for index, name in enumerate(known) if not name.startswith("PYTHON")}
    references = (
        "env: {A: $HOME, B: '${AWS_SECRET_ACCESS_KEY}', C: $ARGOCD_ENV_TOKEN, D: '{{ .Env.HOME }}', E: '%HOME%'}\n"
    )
    write(
        tmp_path, {"app/meshspec.yaml": WEB + references, "broken/app/meshspec.yaml": WEB + references + "replica: 2\n"}
    )

    fine, refused = generate(tmp_path, **canaries), generate(tmp_path / "broken", **canaries)

    assert fine.returncode == 0
    assert b"${AWS_SECRET_ACCESS_KEY}" in fine.stdout
    assert "replica" in said(refused)
    assert b"canary" not in fine.stdout + fine.stderr + refused.stderr
