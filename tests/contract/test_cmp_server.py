"""The model of Argo CD itself: it has to see what it is there to see."""

import os
import signal
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.contract import places
from tests.support.cmp_server import (
    CmpServer,
    Parameter,
    Request,
    application_root,
    environment,
    faults,
    manifests,
    pack,
    parameter_variables,
    run,
    unpack,
)

OBJECT: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b"}}


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", program)


def program(text: str, tmp_path: Path) -> CmpServer:
    return CmpServer(python(text), tmp_path / "work", {})


def test_files_are_unpacked_as_argo_cd_does(repository: Path, tmp_path: Path) -> None:
    unpack(pack(repository, [".git", "*.md"]), tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}

    assert {"apps/other/run.sh", "apps/other/gone", "apps/shop/bookinfo/.argocd-source.yaml"} <= names
    assert not {".git", ".git/HEAD", "README.md", "apps/shop/fifo"} & names
    assert stat.S_IMODE((tmp_path / "apps/other/run.sh").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "apps/other").stat().st_mode) == 0o755
    assert (tmp_path / "apps/other/gone").is_symlink()


@pytest.mark.parametrize("to", ["../outside", "../../etc/passwd", "../../repository/x"])
def test_a_symlink_out_of_the_repository_fails_the_call(to: str, tmp_path: Path) -> None:
    places.write(tmp_path / "repository", {"a": ""})
    (tmp_path / "repository" / "link").symlink_to(to)

    with pytest.raises(AssertionError, match="path escapes from parent"):
        program("", tmp_path).generate(Request(tmp_path / "repository", "."))


@pytest.mark.parametrize(
    ("paths", "root"),
    [
        ("", "."),
        (".", "apps/shop/web"),
        ("..", "apps/shop"),
        (".;..", "apps/shop"),
        (".;../web2", "apps/shop"),
        ("/apps", "apps"),
        ("/apps/;.", "apps"),
        ("/", "."),
        ("../../meshplatform.yaml", "apps"),
        ("/other/x;.", "."),
        ("../web2;/apps", "apps/shop"),  # upstream's flaw: the second one does not shorten any more
    ],
)
def test_the_root_of_what_is_sent(paths: str, root: str, tmp_path: Path) -> None:
    assert application_root(Request(tmp_path, "apps/shop/web", generate_paths=paths)) == root


def test_the_environment(tmp_path: Path) -> None:
    request = Request(tmp_path, "a", app_name="n", namespace="", env={"X": "$ARGOCD_APP_NAME-${NO}-$$"})
    given = environment(request, {"PATH": "/bin", "ARGOCD_APP_NAME": "sidecar"})

    assert (given["PATH"], given["ARGOCD_APP_NAME"], given["ARGOCD_APP_NAMESPACE"]) == ("/bin", "n", "")
    assert given["ARGOCD_ENV_X"] == "n--$"
    assert given["ARGOCD_APP_PARAMETERS"] == "null"
    assert (given["ARGOCD_APP_REVISION_SHORT"], given["ARGOCD_APP_REVISION_SHORT_8"]) == ("3d0f5b1", "3d0f5b1c")
    assert 30_000 < len(given["KUBE_API_VERSIONS"]) < 128 * 1024
    assert "ARGOCD_APP_NAMESPACE" not in environment(replace(request, empty_variables=False), {})


def test_the_variables_of_parameters() -> None:
    text: Parameter = {"name": "a-b", "string": "<"}
    other: Parameter = {"name": "set", "map": {"image.tag": "1"}, "array": ["x"]}

    assert parameter_variables([text, other]) == {
        "ARGOCD_APP_PARAMETERS": '[{"name":"a-b","string":"\\u003c"},'
        '{"array":["x"],"map":{"image.tag":"1"},"name":"set"}]',
        "PARAM_A_B": "<",
        "PARAM_SET_IMAGE_TAG": "1",
        "PARAM_SET_0": "x",
    }


def test_what_a_process_is_given(web: Request, tmp_path: Path) -> None:
    text = "import os, sys; print(os.getcwd(), os.getpgid(0) == os.getpid(), sys.stdin.read() == '')"
    answer = program(text, tmp_path).generate(web)

    assert answer.stdout.decode() == f"{answer.directory} True True\n"
    assert answer.directory.parent.parent.parent.parent == tmp_path / "work" / "_cmp_server"
    assert not os.listdir(tmp_path / "work" / "_cmp_server")


@pytest.mark.parametrize(
    "text", ["open('new', 'w')", "open('meshspec.yaml', 'a').write('x')", "import os; os.mkdir('d')"]
)
def test_a_process_that_writes_is_seen(text: str, web: Request, tmp_path: Path) -> None:
    assert program(text, tmp_path).generate(web).changed


FORK = "import os, sys, time\nif os.fork() == 0:\n    {}\n    time.sleep(20)\n"


def test_a_process_that_stays_is_seen_and_ended(tmp_path: Path) -> None:
    answer = run(python(FORK.format("os.close(1); os.close(2)")), {}, tmp_path, deadline=30)

    assert (answer.code, answer.alive) == (0, True)


def test_a_child_that_holds_a_stream_is_ended_at_the_deadline(tmp_path: Path) -> None:
    begin = time.monotonic()
    answer = run(python(FORK.format("pass")), {}, tmp_path, deadline=0.2)

    assert 0.1 < time.monotonic() - begin < 10
    assert (answer.code, answer.stdout) == (0, b"")


def test_the_deadline_kills(tmp_path: Path) -> None:
    text = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('part', flush=True); time.sleep(20)"
    )
    answer = run(python(text), {}, tmp_path, deadline=0.5)

    assert (answer.code, answer.stdout) == (-signal.SIGKILL, b"part\n")


def test_a_variable_that_is_too_long_is_not_passed(web: Request, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Argument list too long"):
        program("", tmp_path).generate(replace(web, env={"LONG": "x" * 2_000_000}))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"\\ud83d\\ude00"}',
        '{"a":"\\/"}',
        '{"a":"\x7f"}',
        '{"a":1,"a":2}',
        '{"a":NaN}',
        '{"' + "a" * 1025 + '":1}',
        "[{}]",
        "a: b",
        "{} {}",
        "{}\n\n{}",
        "",
    ],
)
def test_an_output_that_argo_cd_would_misread(text: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        manifests(text.encode())


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"kind": ""}, "'Kind' is missing"),
        ({"kind": "ServiceList"}, "a list"),
        ({"kind": "Namespace"}, "Namespace in namespace 'b'"),
        ({"metadata": {"name": "a"}}, "Service in namespace None"),
        ({"status": {}}, "has a status"),
        ({"metadata": {**OBJECT["metadata"], "annotations": {"wave": 5}}}, "annotations: wave is no text"),
        ({"metadata": {**OBJECT["metadata"], "labels": ["a"]}}, "labels are no map"),
        ({"metadata": {**OBJECT["metadata"], "uid": "x"}}, "has metadata.uid"),
        ({"metadata": {**OBJECT["metadata"], "labels": {"app.kubernetes.io/instance": "a"}}}, "is Argo CD's"),
    ],
)
def test_an_object_that_argo_cd_would_refuse(changed: dict[str, Any], fault: str) -> None:
    (found,) = faults([{**OBJECT, **changed}])

    assert fault in found


def test_no_objects_and_equal_ones_are_faults() -> None:
    assert faults([]) == ["no objects"]
    assert len(faults([OBJECT, {**OBJECT, "apiVersion": "v1"}])) == 1
    assert not faults([OBJECT, {**OBJECT, "apiVersion": "example.com/v1"}])
