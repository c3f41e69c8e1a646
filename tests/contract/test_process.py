"""The process: what it may rely on, how much it takes, and that it ends whole or not at all."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.contract.places import COMMAND, EXAMPLES, Usual, clean, fine, refused
from tests.support.cmp_server import SIDECAR, CmpServer, Request

MIB = 1024  # of the unit that Linux counts in
MEMORY = 40 * MIB
AT_ONCE = 30
TRIES = 30


def with_variables(server: CmpServer, **variables: str | None) -> CmpServer:
    changed = {**server.sidecar, **variables}
    sidecar = {name: value for name, value in changed.items() if value is not None}
    return CmpServer(server.command, server.work_dir, sidecar)


# -- surroundings ------------------------------------------------------------------------------------------------------

SURROUNDINGS: list[dict[str, str | None]] = [
    {"HOME": None},
    {"HOME": ""},
    {"HOME": "/nowhere"},
    {"HOME": "/proc"},
    {"TMPDIR": "/proc"},
    {"TMPDIR": "/nowhere"},
    {"TMPDIR": None, "HOME": None, "PATH": None},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo"},
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1"},
    {"PYTHONOPTIMIZE": "2"},
    {"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1", "FORCE_COLOR": "1"},
]


@pytest.mark.parametrize("variables", SURROUNDINGS, ids=str)
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_surroundings_change_no_byte(
    name: str, variables: dict[str, str | None], server: CmpServer, usual: Usual, repository: Path
) -> None:
    request = Request(repository, f"apps/shop/{name}")

    assert fine(with_variables(server, **variables), request) == usual.output(request)


@pytest.mark.parametrize("variables", SURROUNDINGS, ids=str)
def test_the_surroundings_change_no_error(
    variables: dict[str, str | None], server: CmpServer, usual: Usual, broken: Request
) -> None:
    assert refused(with_variables(server, **variables), broken, "MS101") == usual.error(broken, "MS101")


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_but_what_argo_cd_gives(name: str, server: CmpServer, usual: Usual, repository: Path) -> None:
    request = Request(repository, f"apps/shop/{name}")

    assert fine(CmpServer(COMMAND, server.work_dir, {}), request) == usual.output(request)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: see the test of another user")
def test_directories_that_cannot_be_written(server: CmpServer, usual: Usual, web: Request, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    closed = with_variables(server, HOME=str(tmp_path / "closed"), TMPDIR=str(tmp_path / "closed"))

    assert fine(closed, replace(web, read_only=True)) == usual.output(web)


# A start as root, which may read the interpreter's files, and a render as the sidecar's user. Modules are imported by a
# first render, since afterwards they may be out of reach, as in an interpreter below /root.
AS_USER = """
import os, sys
from cmp.entry import main
stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
assert main() == 0
sys.stdout = stdout
os.setgroups([])
os.setgid(999)
os.setuid(999)
sys.exit(main())
"""


def reachable(path: Path) -> bool:
    """Whether any user may execute a file, and read beside it."""
    return all(place.stat().st_mode & 0o001 for place in (path.resolve(), *path.resolve().parents, *path.parents))


@pytest.fixture
def sidecars_user() -> Iterator[CmpServer]:
    """A server that works as user 999, in a directory that this one reaches."""
    if os.geteuid() != 0:
        pytest.skip("only root can become the sidecar's user 999")
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    (directory / "work" / "_cmp_server").mkdir(parents=True)
    direct = reachable(Path(sys.executable))
    command = COMMAND if direct else (sys.executable, "-c", AS_USER, *COMMAND[1:])
    # neither directory is its own; a known answer would import too little
    closed = {**SIDECAR, "HOME": "/root", "TMPDIR": str(directory), "MESHSPEC_CACHE": "off"}
    yield CmpServer(command, directory / "work", closed, uid=999, start_as_uid=direct)
    shutil.rmtree(directory)


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sidecars_user(
    name: str, read_only: bool, sidecars_user: CmpServer, usual: Usual, repository: Path
) -> None:
    request = Request(repository, f"apps/shop/{name}", read_only=read_only)
    answer = sidecars_user.generate(request)

    assert (answer.code, answer.said) == (0, "")
    assert answer.stdout == usual.output(replace(request, read_only=False))
    assert not answer.changed
    assert os.listdir(sidecars_user.work_dir.parent) == ["work"]
    assert not os.listdir(sidecars_user.work_dir / "_cmp_server")


# -- many at once ------------------------------------------------------------------------------------------------------

# The process in between is small: what a process took before it executed another program counts as that one's.
WEIGH = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1] + str(pid), "x") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_thirty_at_once(server: CmpServer, usual: Usual, repository: Path, tmp_path: Path) -> None:
    """As after a flush of Argo CD's cache: nothing in its repo-server or sidecar bounds them."""
    (tmp_path / "weights").mkdir()
    weighing = (sys.executable, "-I", "-S", "-c", WEIGH, f"{tmp_path}/weights/", *COMMAND)
    sidecar = CmpServer(weighing, server.work_dir, server.sidecar)
    requests = [Request(repository, f"apps/shop/{EXAMPLES[index % 2]}", deadline=50) for index in range(AT_ONCE)]
    alone = {request.path: usual.output(request) for request in requests}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(sidecar.generate, requests))

    for request, answer in zip(requests, answers, strict=True):
        assert (answer.code, answer.said) == (0, "")
        assert answer.stdout == alone[request.path]
        clean(sidecar, answer)
    assert len({answer.directory for answer in answers}) == AT_ONCE
    assert not os.listdir(server.work_dir / "_cmp_server")
    weights = [int(file.read_text()) for file in (tmp_path / "weights").iterdir()]
    assert len(weights) == AT_ONCE
    if sys.platform == "linux":
        assert max(weights) < MEMORY, f"{max(weights) / MIB:.1f} MiB"


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [signal.SIGKILL, signal.SIGTERM])
def test_a_deadline_in_the_middle_never_gives_a_part(
    first: signal.Signals, server: CmpServer, usual: Usual, repository: Path
) -> None:
    """Moments of which about a third are too late to matter, however fast or busy the machine is."""
    request = Request(repository, "apps/shop/online-boutique", generate_paths=".", deadline_signal=first)
    random, window, ended = Random(1), 0.08, 0

    for _ in range(TRIES):
        answer = server.generate(replace(request, deadline=window * random.random()))
        clean(server, answer)
        if answer.code == 0:
            assert answer.stdout == usual.output(replace(request, deadline_signal=signal.SIGKILL))
            window *= 0.8
        else:
            assert answer.code in (-first, -signal.SIGTERM)  # of the process, or the group
            assert b"Traceback" not in answer.stderr
            ended, window = ended + 1, window * 1.1

    assert ended > TRIES / 4
