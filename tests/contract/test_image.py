"""The Dockerfile: its linter, its steps, and the file system that they make, in which Argo CD's own server is run.

The steps are replayed where MESHSPEC_IMAGE_BASE names a directory with what python:3.13-slim has (Debian 13 with Python
3.13, as `/usr/local/bin/python`, and pip), and the user is root: `tests/support/debian-root.sh` makes one.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.contract.places import ROOT, Usual
from tests.contract.sidecars import SHIPPED
from tests.support.cmp_server import Request, manifests, read_plugin
from tests.support.cmp_sockets import Served, argocd, wait_for
from tests.support.image import Stage, build, sent, steps

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
BASE = os.environ.get("MESHSPEC_IMAGE_BASE", "")
replayed = pytest.mark.skipif(
    not BASE or os.geteuid() != 0, reason="the Dockerfile was not replayed: MESHSPEC_IMAGE_BASE names no root for it"
)


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not there")
def test_the_dockerfile_passes_its_linter(tmp_path: Path) -> None:
    def linted(text: str) -> str:
        (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
        done = subprocess.run([str(HADOLINT), str(tmp_path / "Dockerfile")], capture_output=True, text=True)
        return done.stdout

    assert linted(DOCKERFILE) == ""
    assert "DL3013" in linted(DOCKERFILE + "RUN pip install pyyaml\n"), "the linter finds what it is there to find"


def test_no_more_is_sent_than_what_is_copied() -> None:
    context = set(sent(ROOT, (ROOT / ".dockerignore").read_text(encoding="utf-8")))
    sources = {word for step in steps(DOCKERFILE) if step.name == "COPY" for word in step.text.split()[:-1]}
    sources = {word for word in sources if not word.startswith(("--", "/"))}
    used = {path for path in context if any(path == one or path.startswith(f"{one}/") for one in sources)}

    assert context == used
    assert all(any(path == one or path.startswith(f"{one}/") for path in context) for one in sources)
    assert not [path for path in context if "__pycache__" in path or path.endswith(".pyc")]


def test_the_last_stage_is_no_root_and_holds_no_tools_of_the_build() -> None:
    found = steps(DOCKERFILE)
    last = found[max(index for index, step in enumerate(found) if step.name == "FROM") :]
    (user,) = [step.text for step in last if step.name == "USER"]

    assert user == "999:999"
    assert not [step for step in last if re.search(r"\bpip\b", step.text) and step.name == "RUN"]
    assert [step.text for step in last if step.name == "COPY" and step.text.startswith("--from=")] == [
        "--from=build /opt/meshspec /opt/meshspec"
    ]


# -- replayed ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    with TemporaryDirectory(dir="/tmp") as directory:
        yield build(ROOT, Path(BASE), Path(directory))


@replayed
def test_the_program_runs_as_the_image_s_user(image: Stage) -> None:
    from cmp import __version__

    assert image.run("/opt/meshspec/bin/cmp", "--version").stdout.split()[-1] == __version__
    assert image.run("id", "-u").stdout == "999\n"
    assert "argocd" in image.run("id", "-un").stdout


@replayed
def test_every_module_is_compiled_and_nothing_can_be_written(image: Stage) -> None:
    program = Path(f"{image.root}/opt/meshspec/lib/python3.13/site-packages/cmp")
    compiled = {path.name.split(".")[0] for path in program.rglob("__pycache__/*.pyc")}

    assert {path.stem for path in program.rglob("*.py")} == compiled
    assert image.run("touch", "/opt/meshspec/x").returncode != 0
    assert image.run("touch", "/home/argocd/x").returncode != 0


#: The root read-only, and over it the volumes of the pod that may be written.
CONTAINER = """
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" &&
for name in tmp home/argocd/cmp-server/plugins; do mount --bind "$1/$name" "$0/$name"; done &&
mount -t proc proc "$0/proc" && exec chroot --userspec=999:999 "$0" "${@:2}"
"""


@contextmanager
def started(image: Stage, volumes: Path) -> Iterator[Served]:
    """The image's command, as its user, with Argo CD's program."""
    sockets = volumes / "home/argocd/cmp-server/plugins"
    volumes.chmod(0o755)
    for path in (volumes / "tmp", sockets):
        path.mkdir(parents=True)
        os.chown(path, 999, 999)
    for name in ("run/argocd", "home/argocd/cmp-server/plugins"):
        (image.root / name).mkdir(parents=True, exist_ok=True)  # where the kubelet mounts; /var/run is a link
    shutil.copy(argocd(), image.root / "run/argocd/argocd-cmp-server")
    served = Served(sockets / "meshspec.sock", volumes / "tmp", volumes / "log")
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", CONTAINER]
    variables = {**image.variables, "PATH": os.environ["PATH"]}
    with served.log.open("wb") as log:
        arguments = [str(image.root), str(volumes), *image.command]
        process = subprocess.Popen([*command, *arguments], env=variables, stdout=log, stderr=log)
    try:
        wait_for(served, process)
        yield served
    finally:
        process.kill()
        process.wait()


@replayed
def test_argo_cd_s_server_renders_in_the_image(image: Stage, usual: Usual, repository: Path) -> None:
    """With its root read-only, user 999, and tini as the first process."""
    request = Request(repository, "apps/shop/bookinfo")
    with TemporaryDirectory(dir="/tmp") as made, started(image, Path(made)) as served:
        found = list(served.send("GenerateManifest", request).manifests)
        announced = served.send("GetParametersAnnouncement", request).parameterAnnouncements
        assert not served.left()

    assert manifests(("\n".join(found) + "\n").encode()) == manifests(usual.output(request))
    assert [one.name for one in announced] == [one["name"] for one in SHIPPED["spec"]["parameters"]["static"]]
    assert read_plugin(Path(f"{image.root}/home/argocd/cmp-server/config/plugin.yaml")).name == "meshspec"
