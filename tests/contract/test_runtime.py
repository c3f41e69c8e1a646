"""What a server of plugins does around a command, told by a command that looks around; Argo CD's own, and ours.

Each test is a row of facts.yaml. Where both servers pass, our model of Argo CD is what Argo CD does.
"""

import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest

from tests.contract.places import write
from tests.contract.sidecars import LOOK, SERVERS, meshspec, other, python, seen, serving
from tests.support.cmp_server import SIDECAR, Request, environment
from tests.support.cmp_sockets import Served

SERVER = pytest.mark.parametrize("server", sorted(SERVERS))


@pytest.fixture(scope="module", params=sorted(SERVERS))
def looking(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(request.param, other(LOOK)) as served:
        yield served


@pytest.fixture
def files(tmp_path: Path) -> Request:
    """A repository whose files have modes and times of their own."""
    write(tmp_path, {"app/run.sh": "", "app/sub/secret": "", "meshspec.yaml": ""})
    (tmp_path / "app" / "run.sh").chmod(0o750)
    (tmp_path / "app" / "sub").chmod(0o700)
    (tmp_path / "app" / "link").symlink_to("../meshspec.yaml")
    (tmp_path / "app" / "gone").symlink_to("nowhere")
    for path in (tmp_path / "app" / "run.sh", tmp_path / "meshspec.yaml"):
        os.utime(path, (0, 0))
    return Request(tmp_path, "app")


def refused(served: Served, request: Request, **changed: Any) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        served.send("GenerateManifest", request, **changed)
    return str(caught.value.details())


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_call_works_in_a_directory_of_its_own(looking: Served, files: Request) -> None:
    first, second = seen(looking, files)["directory"], seen(looking, files)["directory"]

    for directory in map(Path, (first, second)):
        assert directory.name == "app"
        assert directory.parents[1] == looking.work_dir / "_cmp_server"
        assert not directory.exists()
    assert first != second
    assert not looking.left()


def test_modes_and_times_are_new(looking: Served, files: Request) -> None:
    found = seen(looking, files)

    assert found["modes"]["app/run.sh"] == found["modes"]["meshspec.yaml"] == "0o644"
    assert found["modes"]["app/sub"] == found["modes"]["app"] == "0o755"
    assert time.time() - found["newest"] < 60


def test_symlinks_stay_relative_and_may_dangle(looking: Served, files: Request) -> None:
    assert seen(looking, files)["links"] == {"app/link": "../meshspec.yaml", "app/gone": "nowhere"}


@pytest.mark.parametrize("to", ["../../etc/passwd", "../../outside"])
def test_symlinks_out_of_the_repository_fail_the_call(to: str, looking: Served, files: Request) -> None:
    (files.repository / "app" / "out").symlink_to(to)

    assert "path escapes from parent" in refused(looking, files)
    assert not looking.left()


@pytest.mark.parametrize("path", ["..", "../../x"])
def test_the_application_is_below_what_was_sent(path: str, looking: Served, files: Request) -> None:
    assert "illegal appPath: out of workDir bound" in refused(looking, files, appRelPath=path)


def test_a_damaged_archive_is_refused(looking: Served, files: Request) -> None:
    assert "checksum" in refused(looking, files, checksum="0" * 64)


@SERVER
def test_modes_are_kept_on_demand(server: str, files: Request) -> None:
    with serving(server, other(LOOK, preserveFileMode=True)) as served:
        assert seen(served, files)["modes"]["app/run.sh"] == "0o750"


@SERVER
def test_what_a_server_left_is_removed_when_the_next_starts(server: str) -> None:
    with TemporaryDirectory(dir="/tmp") as directory:
        write(Path(directory), {"work/_cmp_server/old/secret": ""})
        with serving(server, other(LOOK), at=Path(directory)) as served:
            assert not served.left()
            assert stat.S_IMODE((served.work_dir / "_cmp_server").stat().st_mode) & 0o700 == 0o700


# -- the process -------------------------------------------------------------------------------------------------------


def test_a_process_has_the_variables_of_the_sidecar_and_of_the_call(looking: Served, files: Request) -> None:
    asked = replace(files, namespace="", env={"X": "$ARGOCD_APP_NAME-${NO}-$$"}, override={"HOME": "/of/the/call"})
    found = seen(looking, asked)["variables"]

    assert found["HOSTNAME"] == SIDECAR["HOSTNAME"]
    assert found["HOME"] == "/of/the/call"
    expected = environment(asked, {})
    assert {name: found[name] for name in expected} == expected
    assert (found["ARGOCD_APP_NAMESPACE"], found["ARGOCD_ENV_X"]) == ("", "shop--$")
    assert found["ARGOCD_APP_PARAMETERS"] == "null"


def test_a_process_has_no_input_and_leads_a_group(looking: Served, files: Request) -> None:
    found = seen(looking, files)

    assert (found["stdin"], found["leads its group"]) == ("", True)


def test_a_variable_of_128_kb_cannot_be_passed(looking: Served, files: Request) -> None:
    assert "rgument list too long" in refused(looking, replace(files, env={"LONG": "x" * 140_000}))


PRINTS = "import sys; sys.stdout.buffer.write({})"
LONG = "b'{\"kind\":\"' + b'x' * (5 << 20) + b'\"}'"


@SERVER
@pytest.mark.parametrize(
    ("output", "kinds"),
    [
        ("b''", []),
        ("""b'{"kind":"A"}'""", ["A"]),
        ("""b'{"kind":"A"}\\n{"kind":"B"}\\n'""", ["A", "B"]),
        ("""'{"kind":"grüße 😀"}'.encode()""", ["grüße 😀"]),
        (LONG, ["x" * (5 << 20)]),
    ],
    ids=["nothing", "no line break", "two", "beyond ASCII", "5 MiB"],
)
def test_each_object_of_the_output_is_a_manifest(server: str, output: str, kinds: list[str], files: Request) -> None:
    """An empty output is a success without objects: nobody but the plugin can refuse that."""
    with serving(server, other(PRINTS.format(output))) as served:
        found = served.send("GenerateManifest", files).manifests
        assert [json.loads(text)["kind"] for text in found] == kinds


@SERVER
def test_an_output_that_is_not_utf_8(server: str, files: Request) -> None:
    program = other(PRINTS.format("""b'{"kind":"\\xff"}'"""))
    with serving(server, program) as served, pytest.raises(grpc.RpcError) as caught:
        served.send("GenerateManifest", files)
    assert caught.value.code() is grpc.StatusCode.INTERNAL


@SERVER
def test_what_a_failing_command_says(server: str, files: Request) -> None:
    """Its output is dropped; what it said on stderr is trimmed and whole, however much it is."""
    program = "import sys; print('{}'); sys.stderr.write('  two\\nlines ' + 'x' * 9000 + '\\n\\n'); sys.exit(3)"
    with serving(server, other(program)) as served:
        said = refused(served, files)

    assert said.startswith("error generating manifests: `")
    assert said.endswith("failed exit status 3: two\nlines " + "x" * 9000)


@SERVER
def test_what_a_success_says_is_in_the_log(server: str, files: Request) -> None:
    with serving(server, other(LOOK)) as served:
        assert "said on the side" not in str(served.send("GenerateManifest", files))
        assert "said on the side" in served.log.read_text(encoding="utf-8")


# -- the end -----------------------------------------------------------------------------------------------------------

SLEEP = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.stderr.write('began'); "


@SERVER
def test_a_deadline_kills_at_once(server: str, files: Request) -> None:
    """100 ms before its caller gives up, so that the words of the command arrive. SIGTERM is not waited for."""
    with serving(server, other(SLEEP + "sys.stderr.flush(); time.sleep(30)")) as served:
        for _ in range(4):  # a tenth of a second may be too little for a busy machine
            begin = time.monotonic()
            said = refused(served, replace(files, deadline=2))
            assert 1.5 < time.monotonic() - begin < 5  # the group's SIGKILL would come after 7
            if said != "Deadline Exceeded":
                break
        assert said.endswith("failed signal: killed: began")


FORKS = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, lambda *_: (open({place!r}, "x").close(), os._exit(0)))
    time.sleep(30)
print("{{}}")
"""


@SERVER
def test_the_group_is_asked_to_end_at_the_deadline(server: str, files: Request, tmp_path: Path) -> None:
    """A child that holds a stream open keeps its parent's answer back until then."""
    place = tmp_path / "told"
    with serving(server, other(FORKS.format(place=str(place)))) as served:
        begin = time.monotonic()
        (found,) = served.send("GenerateManifest", replace(files, deadline=3)).manifests
        assert time.monotonic() - begin > 2
        assert found == "{}"
        assert place.exists()


# -- other methods -----------------------------------------------------------------------------------------------------


@SERVER
@pytest.mark.parametrize(
    ("discover", "supported"),
    [
        ({"fileName": "run.*"}, True),
        ({"fileName": "meshspec.yaml"}, False),  # relative to the application
        ({"find": {"glob": "**/secret"}}, True),
        ({"find": {"glob": "**/run.sh"}}, True),  # two stars are no directory, too
        ({"find": python("print(1)")}, True),
        ({"find": python("pass")}, False),
        ({"fileName": "none", "find": {"glob": "run.sh"}}, False),  # the first one alone
    ],
    ids=str,
)
def test_discovery(server: str, discover: dict[str, Any], supported: bool, files: Request) -> None:
    with serving(server, other(LOOK, discover=discover)) as served:
        found = served.send("MatchRepository", files)
        assert (found.isSupported, found.isDiscoveryEnabled) == (supported, True)
        assert served.call("CheckPluginConfiguration").isDiscoveryConfigured


@SERVER
def test_discovery_that_fails_is_an_error(server: str, files: Request) -> None:
    with serving(server, other(LOOK, discover={"find": python("raise SystemExit(1)")})) as served:
        with pytest.raises(grpc.RpcError) as caught:
            served.send("MatchRepository", files)
        assert "error running find command" in str(caught.value.details())


@SERVER
def test_init_runs_first_and_its_failure_is_the_call_s(server: str, files: Request) -> None:
    with serving(server, other(LOOK, init=python("open('made', 'x')"))) as served:
        assert "app/made" in seen(served, files)["modes"]
    with serving(server, other(LOOK, init=python("raise SystemExit('no init')"))) as served:
        assert refused(served, files).endswith("failed exit status 1: no init")


@SERVER
def test_parameters_found_by_a_command_come_first(server: str, files: Request) -> None:
    announced = {"static": [{"name": "b"}], "dynamic": python("""print('[{"name": "a", "map": {"k": "v"}}]')""")}
    with serving(server, other(LOOK, parameters=announced)) as served:
        first, second = served.send("GetParametersAnnouncement", files).parameterAnnouncements
        assert (first.name, first.map[0].key, first.map[0].value, second.name) == ("a", "k", "v", "b")


@SERVER
def test_a_version_is_part_of_the_socket(server: str) -> None:
    with serving(server, meshspec(version="v2")) as served:
        assert served.socket.name == "meshspec-v2.sock"
        assert served.call("Health").status == 1
