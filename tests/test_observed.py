"""What is told of a render besides its output: timings, the operator's log, and the bundle for reports."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.test_command_line import SERVICE, STAGED, broken, environ, fails, run, spec

STAGES = "start", "read", "merge", "check", "build", "write"
ARGOCD = {"ARGOCD_APP_NAME": "team_shop", "ARGOCD_APP_NAMESPACE": "shop", "ARGOCD_APP_SOURCE_PATH": "apps/web"}
WRONG = SERVICE + "replica: 2\n"


# -- timings -----------------------------------------------------------------------------------------------------------


def test_timings_are_told_after_the_run_and_change_nothing(tmp_path: Path) -> None:
    path = spec(tmp_path, SERVICE)
    plain, timed = run("generate", path, "-n", "a"), run("generate", path, "-n", "a", "--timings")

    assert (timed.returncode, timed.stdout) == (0, plain.stdout)
    stages = "".join(rf"{stage} \d+\.\d, " for stage in STAGES).removesuffix(", ")
    assert re.fullmatch(rf"milliseconds: {stages}; in all \d+\.\d\n", timed.stderr.decode())


def test_timings_of_a_mistake_end_where_it_was_found(tmp_path: Path) -> None:
    plain, timed = (run("generate", spec(tmp_path, WRONG), *flags) for flags in ([], ["--timings"]))

    assert (timed.returncode, timed.stdout) == (1, b"")
    error, _, last = timed.stderr.decode().rstrip("\n").rpartition("\n")
    assert error + "\n" == plain.stderr.decode()
    assert last.startswith("milliseconds: start ")
    assert "write" not in last


def test_an_error_for_argo_cd_has_no_timings(tmp_path: Path) -> None:
    """It is kept with the Application, and compared with the last one."""
    path = spec(tmp_path, WRONG)

    assert fails(1, "generate", path, "--timings", variables=ARGOCD) == fails(1, "generate", path, variables=ARGOCD)


# -- the log -----------------------------------------------------------------------------------------------------------


def logged(directory: Path, *arguments: str, **variables: str) -> tuple[subprocess.CompletedProcess[bytes], Any]:
    log = directory / "log"
    log.touch()
    done = run("generate", *arguments, variables={**ARGOCD, **variables, "MESHSPEC_LOG": str(log)})
    (line,) = log.read_text().splitlines()
    assert not re.search(r"time|milliseconds", done.stderr.decode())
    return done, json.loads(line)


def test_the_log_has_a_line_for_a_render(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    done, said = logged(tmp_path, path, "-o", "ndjson")

    assert done.stdout == run("generate", path, "-o", "ndjson", variables=ARGOCD).stdout
    assert done.stderr == b""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said.pop("time"))
    assert tuple(said.pop("milliseconds")) == STAGES
    assert said.pop("version")
    assert said == {
        "program": "meshspec",
        "application": "team_shop",
        "path": "apps/web",
        "environment": "",
        "namespace": "shop",
        "exitCode": 0,
        "objects": len(done.stdout.splitlines()),
        "bytes": len(done.stdout),
        "errors": 0,
        "warnings": 0,
        "codes": [],
    }


def test_the_log_has_codes_and_no_values_of_an_error(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE + "env: {DB_PASSWORD: canary123}\nreplica: canary123\n")
    done, said = logged(tmp_path, path)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == run("generate", path, variables=ARGOCD).stderr
    assert (said["exitCode"], said["objects"], said["errors"]) == (1, 0, len(said["codes"]))
    assert "MS101" in said["codes"]
    assert "canary" not in json.dumps(said)


def test_a_bug_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    path = spec(tmp_path / "app", SERVICE)
    done = broken(
        "cmp.pipeline", "build", "KeyError('canary')", "generate", path, variables={"MESHSPEC_LOG": str(log), **ARGOCD}
    )

    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"error[MS000]")
    said = json.loads(log.read_text())
    assert (said["exitCode"], said["bug"]) == (3, "KeyError")
    assert "canary" not in log.read_text()


def test_the_log_may_be_the_stderr_of_pid_1(tmp_path: Path) -> None:
    """/proc/1/fd/2 in the sidecar: here it is that of a shell, whose child has another stderr."""
    path = spec(tmp_path / "app", WRONG)
    script = 'export MESHSPEC_LOG=/proc/$$/fd/2; ("$@" 2> error.txt); exit $?'
    shell = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "cmp", "generate", path],
        cwd=tmp_path,
        env={**environ(ARGOCD), "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        check=False,
    )

    assert (shell.returncode, shell.stdout) == (1, b"")
    assert json.loads(shell.stderr)["codes"] == ["MS101"]
    assert (tmp_path / "error.txt").read_bytes() == run("generate", path, variables=ARGOCD).stderr


@pytest.mark.parametrize("log", ["/dev/stderr", "/dev/stdout", "/proc/self/fd/1", "/dev/fd/2"])
@pytest.mark.parametrize("text", [SERVICE, WRONG], ids=["fine", "wrong"])
def test_the_log_is_never_our_output_or_our_error(log: str, text: str, tmp_path: Path) -> None:
    path = spec(tmp_path, text)
    plain, done = (run("generate", path, variables={**ARGOCD, "MESHSPEC_LOG": one}) for one in ("", log))

    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize("log", ["log", "nowhere/log", "directory", "fifo", "locked"])
def test_a_log_that_cannot_be_written_is_no_reason_to_fail(log: str, tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "app" / "log").touch()
    named = "log" if log == "log" else str(tmp_path / log)
    done = run("generate", path, cwd=path, variables={**ARGOCD, "MESHSPEC_LOG": named, "PYTHONPATH": os.getcwd()})

    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "app" / "log").read_text() == "", "a relative path leads into the application"
    assert not (tmp_path / "locked").exists(), "the log is never made"


# -- the bundle --------------------------------------------------------------------------------------------------------

CANARIES = [f"canary{number:02}" for number in range(20)]
#: Places where secrets stand, though some of them are refused.
LEAKY = f"""\
# {CANARIES[0]}
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {{name: web, annotations: {{example.com/key: {CANARIES[1]}}}}}
image: example.com/web:1
port: 8080
parameters: [image.tag, env.MODE]
env: {{DB_PASSWORD: {CANARIES[2]}, MODE: {CANARIES[3]}}}
args: [--password, {CANARIES[4]}]
config: {{/etc/web.ini: {{text: "password = {CANARIES[5]}"}}}}
calls: "https://user:{CANARIES[6]}@api.example.com"
apiKey: {CANARIES[7]}
headers: {{request: {{set: {{authorization: "Bearer {CANARIES[8]}"}}}}}}
passwordOfMine: {CANARIES[9]}
"""


def bundled(directory: Path, text: str, *flags: str, code: int = 0, **variables: str) -> dict[str, str]:
    file = directory / "report.tar.gz"
    file.unlink(missing_ok=True)
    done = run("generate", spec(directory / "app", text), "--debug-bundle", str(file), *flags, variables=variables)
    assert done.returncode == code, done.stderr
    return contents(file)


def contents(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        return {member.name.partition("/")[2]: archive.extractfile(member).read().decode() for member in archive}  # type: ignore[union-attr]


def test_a_bundle_says_what_was_rendered_from_what(tmp_path: Path) -> None:
    found = bundled(tmp_path, STAGED, "--env", "prod", "--set", "image.tag=2", "-n", "shop", "-o", "ndjson")
    output = run(
        "generate", str(tmp_path / "app"), "--env", "prod", "--set", "image.tag=2", "-n", "shop", "-o", "ndjson"
    )

    assert set(found) == {
        "README.txt",
        "versions.json",
        "request.json",
        "files.json",
        "specs/meshspec.yaml.jsonl",
        "diagnostics.json",
        "objects.json",
    }
    asked = json.loads(found["request.json"])
    assert (asked["environment"], asked["namespace"], asked["parameters"]) == ("prod", "shop", {"image.tag": "2"})
    assert json.loads(found["objects.json"])["output"]["sha256"] == hashlib.sha256(output.stdout).hexdigest()
    assert len(json.loads(found["objects.json"])["objects"]) == len(output.stdout.splitlines())
    digest = hashlib.sha256(STAGED.encode()).hexdigest()
    assert json.loads(found["files.json"]) == {"meshspec.yaml": {"bytes": len(STAGED), "sha256": digest}}
    assert (
        '{"at": "3:18", "path": ["0", "metadata", "name"], "value": "web", "quoted": false}'
        in found["specs/meshspec.yaml.jsonl"].splitlines()
    )


def test_the_same_input_gives_the_same_bundle(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    for name in ("a", "b"):
        run("generate", path, "--debug-bundle", str(tmp_path / name))

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_bundle_has_timings_for_who_asks(tmp_path: Path) -> None:
    assert tuple(json.loads(bundled(tmp_path, SERVICE, "--timings")["timings.json"])) == tuple(sorted(STAGES))


def test_a_bundle_holds_no_secret(tmp_path: Path) -> None:
    asked = {
        **ARGOCD,
        "ARGOCD_APP_SOURCE_REPO_URL": f"https://x:{CANARIES[10]}@git.example.com/a.git",
        "ARGOCD_ENV_TOKEN": CANARIES[11],
        "MESHSPEC_NONSENSE": CANARIES[12],
        "AWS_SECRET_ACCESS_KEY": CANARIES[13],
    }
    flags = ["--set", f"env.MODE={CANARIES[14]}", "--set", f"nonsense.password={CANARIES[15]}"]
    found = bundled(tmp_path, LEAKY, *flags, code=1, **asked)

    text = json.dumps(found)
    assert not [canary for canary in CANARIES if canary in text]
    assert "AWS_SECRET_ACCESS_KEY" not in text
    codes = {one["code"] for one in json.loads(found["diagnostics.json"])}
    assert {"MS101", "MS112"} <= codes, "the spec was read"
    assert '"DB_PASSWORD"], "value": "(hidden: 8 characters)"' in found["specs/meshspec.yaml.jsonl"]


def test_of_a_file_that_is_no_yaml_nothing_is_shown(tmp_path: Path) -> None:
    found = bundled(tmp_path, f'env: {{PASSWORD: "{CANARIES[0]}, x: [', code=1)

    assert CANARIES[0] not in json.dumps(found)
    assert "specs/meshspec.yaml.jsonl" not in found
    assert json.loads(found["diagnostics.json"])[0]["code"] == "MS004"


def test_a_bundle_says_where_the_program_stopped(tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"
    path = spec(tmp_path / "app", SERVICE)
    done = broken("cmp.pipeline", "build", "KeyError('canary')", "generate", path, "--debug-bundle", str(file))

    assert (done.returncode, done.stdout) == (3, b"")
    bug = json.loads(contents(file)["bug.json"])
    assert bug["type"] == "KeyError"
    assert any(re.fullmatch(r"cmp\.pipeline:\d+", frame) for frame in bug["frames"])
    assert "canary" not in json.dumps(contents(file))


@pytest.mark.parametrize("name", ["there", "nowhere/report", "."])
def test_a_bundle_that_cannot_be_written_leaves_no_output(name: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    said = fails(1, "generate", spec(tmp_path / "app", SERVICE), "--debug-bundle", str(tmp_path / name))

    assert "error[MS296]" in said
    assert (tmp_path / "there").read_text() == "mine"


def test_a_bundle_is_a_plain_archive(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    run("generate", path, "--debug-bundle", str(tmp_path / "a"))
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "a").read_bytes()), mode="r:gz") as archive:
        members = archive.getmembers()

    assert all(one.isfile() and (one.mtime, one.uid, one.mode) == (0, 0, 0o644) for one in members)
    assert all(re.fullmatch(r"meshspec-debug/[\w./-]+", one.name) for one in members)


# -- answers that are known --------------------------------------------------------------------------------------------


def test_a_known_answer_is_logged_as_one(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    (tmp_path / "log").touch()
    asked = {**ARGOCD, "MESHSPEC_CACHE": str(tmp_path / "cache"), "MESHSPEC_LOG": str(tmp_path / "log")}
    first, second = run("generate", path, variables=asked), run("generate", path, variables=asked)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]

    assert second.stdout == first.stdout
    assert [line.get("known", False) for line in lines] == [False, True]
    assert [line["bytes"] for line in lines] == [len(first.stdout)] * 2


def test_who_asks_how_a_render_went_gets_one(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", SERVICE)
    asked = {"MESHSPEC_CACHE": str(tmp_path / "cache")}
    run("generate", path, variables=asked)

    assert run("generate", path, "--timings", variables=asked).stderr.startswith(b"milliseconds: ")
    assert run("generate", path, variables=asked).stderr == b""
    assert run("generate", path, "--debug-bundle", str(tmp_path / "a"), variables=asked).returncode == 0
    assert (tmp_path / "a").exists()


def test_an_answer_holds_for_its_plugin_env_alone(tmp_path: Path) -> None:
    path = spec(tmp_path / "app", STAGED)
    asked = {**ARGOCD, "MESHSPEC_CACHE": str(tmp_path / "cache"), "ARGOCD_ENV_ENVIRONMENT": "prod"}
    first = run("generate", path, variables=asked)
    others = [{"ARGOCD_ENV_ENVIRONMENT": "test"}, {"ARGOCD_ENV_NAMESPACE": "x"}, {"ARGOCD_ENV_SET": "image.tag=9"}]

    assert all(run("generate", path, variables={**asked, **other}).stdout != first.stdout for other in others)
