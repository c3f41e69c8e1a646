"""Many applications in one call: which there are, and that all of them are written, or none."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cmp.diagnostics import Diagnostic, Pos
from cmp.environment import Environment
from cmp.many import pool
from cmp.many.applications import applications
from cmp.many.collect import MOST, Findings
from tests.test_command_line import ROOT, environ, fails, run

HEAD = "apiVersion: meshspec.io/v1alpha1\n"
PLATFORM = (
    HEAD + 'kind: MeshPlatform\nmetadata: {name: prod}\ngateways: {public: {hosts: "*.example.com", namespace: in}}\n'
)
LISTS = PLATFORM + (
    "argocd:\n"
    "  repoURL: https://git.example.com/mesh.git\n"
    "  applications:\n"
    "    shop: apps/shop\n"
    "    ops: {path: tools, each: false, namespace: tooling, environment: prod, parameters: {web.image.tag: '2'}}\n"
)


def service(name: str, more: str = "") -> str:
    return f"{HEAD}kind: MeshService\nmetadata: {{name: {name}}}\nimage: example.com/{name}:1\nport: 8080\n{more}"


def tree(root: Path, files: dict[str, str]) -> Path:
    (root / ".git").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def fleet(root: Path, count: int, more: str = "") -> Path:
    names = [f"s{number:03}" for number in range(count)]
    specs = {f"apps/{name}/meshspec.yaml": service(name, more) for name in names}
    return tree(root, {**specs, "meshplatform.yaml": PLATFORM})


def outputs(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != ".meshspec-files.json"
    }


def names(root: Path, path: str = ".") -> list[str]:
    return [one.name for one in applications([str(root / path)], Environment(), True)[0]]


# -- which applications there are --------------------------------------------------------------------------------------


def test_each_directory_with_a_spec_is_one_with_all_below_it(tmp_path: Path) -> None:
    files = {
        "meshplatform.yaml": PLATFORM,
        "a/meshspec.yaml": service("a"),
        "a/b/meshspec.yaml": service("b"),
        "a-b/meshspec.yaml": service("ab"),
        "c/d/x.meshspec.yaml": service("x"),
        "c/d/y.meshspec.yaml": service("y"),
        "c/.hidden/meshspec.yaml": service("hidden"),
        "other/meshspec.yaml": service("other"),
        "other/meshplatform.yaml": PLATFORM,
    }
    root = tree(tmp_path / "repository", files)

    assert names(root) == [".", "a", "a-b", "c/d", "other"]
    found = {one.name: one for one in applications([str(root)], Environment(), True)[0]}
    assert found["a"].specs == ("b/meshspec.yaml", "meshspec.yaml")
    assert found["c/d"].specs == ("x.meshspec.yaml", "y.meshspec.yaml")
    assert found["other"].platforms == ("meshplatform.yaml",)
    assert (found["."].specs, found["."].platforms) == ((), ("meshplatform.yaml",))
    assert names(root, "c") == ["c/d"]
    assert names(root, "c/d/x.meshspec.yaml") == ["c/d/x"]
    assert names(root, "a/meshspec.yaml") == ["a"]


def test_what_a_platform_lists_are_the_applications(tmp_path: Path) -> None:
    files = {
        "meshplatform.yaml": LISTS,
        "apps/shop/cart/meshspec.yaml": service("cart"),
        "apps/shop/cart/more.meshspec.yaml": service("more"),
        "apps/shop/pay/meshspec.yaml": service("pay"),
        "apps/loose/meshspec.yaml": service("loose"),
        "tools/web/meshspec.yaml": service("web", "environments: {prod: {}}\nparameters: [image.tag]\n"),
        "tools/db/meshspec.yaml": service("db", "environments: {prod: {replicas: 2}}\n"),
    }
    root = tree(tmp_path / "repository", files)

    found = {one.name: one for one in applications([str(root)], Environment(), True)[0]}

    assert list(found) == [".", "apps/shop/cart", "apps/shop/pay", "tools"]
    assert found["apps/shop/cart"].specs == ("meshspec.yaml", "more.meshspec.yaml")
    assert found["."].specs == ("apps/loose/meshspec.yaml",)
    assert found["apps/shop/pay"].settings.environment.namespace == "shop"
    environment = found["tools"].settings.environment
    assert (environment.namespace, environment.name, environment.parameters) == (
        "tooling",
        "prod",
        {"web.image.tag": "2"},
    )
    assert names(root, "tools/web") == ["tools/web"]
    assert applications([str(root / "tools/web")], Environment(), True)[0][0].settings.environment.name == "prod"


def test_each_is_rendered_as_argo_cd_renders_it(tmp_path: Path) -> None:
    """The objects of an application are those of a call for it alone, however many processes there are."""
    root = fleet(tmp_path / "repository", 40, "metrics: http\n")

    for jobs in ("1", "3"):
        run("generate", "--output-dir", str(tmp_path / jobs), "-j", jobs, str(root / "apps"))
    alone = {
        f"apps/{path.name}.yaml": run("generate", str(path)).stdout for path in sorted((root / "apps").iterdir())[:5]
    }

    first = outputs(tmp_path / "1")
    assert len(first) == 40
    assert first == outputs(tmp_path / "3")
    assert {name: first[name] for name in alone} == alone


@pytest.mark.parametrize("output", ["yaml", "ndjson"])
def test_several_paths_come_one_after_the_other(output: str, tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 3)
    paths = [str(root / "apps" / name) for name in ("s002", "s000")]

    done = run("generate", *paths, "-o", output)

    between = b"---\n" if output == "yaml" else b""
    assert done.stdout == between.join(run("generate", path, "-o", output).stdout for path in paths)
    assert (done.returncode, done.stderr) == (0, b"")
    assert run("generate", *paths, *paths, "-o", output).stdout == done.stdout


# -- all or nothing ----------------------------------------------------------------------------------------------------


def test_one_error_writes_nothing(tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 40)
    out = tmp_path / "out"
    run("generate", "--output-dir", str(out), str(root))
    before = outputs(out)
    for name, bad in (("s011", "bad: 1\n"), ("s035", "port: 1\n"), ("s002", "replicas: no\n")):
        with (root / f"apps/{name}/meshspec.yaml").open("a") as file:
            file.write(bad)
    (root / "apps/s001/meshspec.yaml").write_text(service("s001", "replicas: 3\n"))

    said = {fails(1, "generate", "--output-dir", str(out), "-j", jobs, str(root)) for jobs in ("1", "2", "3")}

    assert outputs(out) == before
    assert len(said) == 1
    lines = [line for line in said.pop().splitlines() if "error[" in line]
    assert [line.partition(":")[0] for line in lines] == [
        f"apps/{name}/meshspec.yaml" for name in ("s002", "s011", "s035")
    ]
    assert len({fails(1, "generate", "--all", "-j", jobs, str(root)) for jobs in ("1", "3")}) == 1
    assert not (out / ".meshspec-staged").exists()


def test_files_of_applications_that_are_gone_are_removed(tmp_path: Path) -> None:
    root, out = fleet(tmp_path / "repository", 4), tmp_path / "out"
    assert (
        b"5 applications, 33 objects: 5 written, 0 unchanged, 0 removed"
        in run("generate", "--output-dir", str(out), str(root)).stderr
    )
    (out / "apps" / "mine.yaml").write_text("not theirs")
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.yaml")}
    shutil.rmtree(root / "apps/s002")
    shutil.move(root / "apps/s003", root / "moved")

    one = run("generate", "--output-dir", str(out), str(root / "apps/s000"))
    assert b"0 written, 1 unchanged, 0 removed" in one.stderr, "what is not asked for stays"
    done = run("generate", "--output-dir", str(out), str(root))

    assert b"1 written, 3 unchanged, 2 removed" in done.stderr
    assert sorted(outputs(out)) == ["_root.yaml", "apps/mine.yaml", "apps/s000.yaml", "apps/s001.yaml", "moved.yaml"]
    assert (out / "apps/s001.yaml").stat().st_mtime_ns == times[out / "apps/s001.yaml"]
    listed = json.loads((out / ".meshspec-files.json").read_text())
    assert listed == {"files": ["_root.yaml", "apps/s000.yaml", "apps/s001.yaml", "moved.yaml"]}


def test_files_of_others_are_neither_replaced_nor_followed(tmp_path: Path) -> None:
    root, out = fleet(tmp_path / "repository", 2), tmp_path / "out"
    tree(out, {"apps/s001.yaml": "somebody wrote this"})

    assert "apps/s001.yaml is there already" in fails(2, "generate", "--output-dir", str(out), str(root))
    assert outputs(out) == {"apps/s001.yaml": b"somebody wrote this"}
    shutil.rmtree(out / "apps")
    (out / "apps").symlink_to(tmp_path)
    assert "is a link, or behind one" in fails(2, "generate", "--output-dir", str(out), str(root))
    (out / ".meshspec-files.json").write_text('{"files": ["../../etc/passwd"]}')
    assert "is not what a run has written" in fails(2, "generate", "--output-dir", str(out), str(root))


def test_what_a_killed_run_left_does_no_harm(tmp_path: Path) -> None:
    root, out = fleet(tmp_path / "repository", 2), tmp_path / "out"
    tree(out, {".meshspec-staged/0": "half"})

    assert run("generate", "--output-dir", str(out), str(root)).returncode == 0
    assert not (out / ".meshspec-staged").exists()


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    import fcntl

    root, out = fleet(tmp_path / "repository", 2), tmp_path / "out"
    out.mkdir()
    held = os.open(out, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    assert "another run writes there" in fails(2, "generate", "--output-dir", str(out), str(root))
    os.close(held)


@pytest.mark.parametrize("where", [("--all",), ("--output-dir", "out")])
def test_no_room_is_told_and_changes_nothing(where: tuple[str, ...], tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 3)
    limited = ("sh", "-c", f'ulimit -f 1; exec "{sys.executable}" -m cmp "$@"', "sh")

    done = run("generate", *where, str(root), program=limited, cwd=tmp_path, variables={"PYTHONPATH": str(ROOT)})

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"cannot be written: File too large" in done.stderr
    assert not outputs(tmp_path / "out")


# -- objects that two applications write -------------------------------------------------------------------------------

TWICE = {
    "meshplatform.yaml": PLATFORM,
    "a/meshspec.yaml": service("web").replace("name: web", "name: web, namespace: shop"),
    "b/meshspec.yaml": "# the other one\n" + service("web").replace("name: web", "name: web, namespace: shop"),
}


@pytest.mark.parametrize("command", [("generate", "--all"), ("validate", "--all")])
def test_two_applications_that_write_one_object_are_refused(command: tuple[str, ...], tmp_path: Path) -> None:
    root = tree(tmp_path / "repository", TWICE)

    said = fails(1, *command, str(root))

    assert 'b/meshspec.yaml:4:18: error[MS207]: Deployment "web-v1" in namespace "shop" is written by the' in said
    assert 'applications "a" and "b"' in said
    assert "4 | metadata: {name: web, namespace: shop}" in said
    assert "first written by this one: a/meshspec.yaml:3:18" in said


def test_clusters_and_namespaces_that_nobody_names_keep_objects_apart(tmp_path: Path) -> None:
    of_two_platforms = {f"{home}/{name}": text for home in ("one", "two") for name, text in list(TWICE.items())[:2]}
    unnamed = {"one/b/meshspec.yaml": service("cart"), "one/c/meshspec.yaml": service("cart")}
    root = tree(tmp_path / "repository", of_two_platforms | unnamed)

    assert run("validate", "--all", str(root)).returncode == 0
    assert "MS207" in fails(1, "validate", "--all", "--namespace", "shop", str(root))


# -- validate ----------------------------------------------------------------------------------------------------------


def test_validate_checks_every_environment_of_each(tmp_path: Path) -> None:
    staged = service("b", "environments: {prod: {replicas: 2}, test: {replicas: x}}\n")
    root = tree(tmp_path / "repository", {"a/meshspec.yaml": service("a"), "b/meshspec.yaml": staged})

    assert "b/meshspec.yaml:6:54: error[MS103]" in fails(1, "validate", "--all", str(root))
    found = json.loads(run("validate", "--all", str(root), "-o", "json").stdout)
    assert [(one["file"], one["line"], one["code"]) for one in found] == [("b/meshspec.yaml", 6, "MS103")]
    done = run("validate", str(root / "a"), str(root / "a"))
    assert (done.returncode, done.stdout) == (0, b"1 application, 1 service, 8 objects: fine\n")


def test_paths_that_hold_nothing_and_several_repositories_are_refused(tmp_path: Path) -> None:
    root, other = fleet(tmp_path / "one", 1), fleet(tmp_path / "two", 1)
    (root / "empty").mkdir()

    assert 'no meshspec.yaml in "empty"' in fails(1, "generate", str(root), str(root / "empty"))
    assert "several repositories" in fails(2, "generate", str(root), str(other))


def test_findings_are_bounded_and_those_of_the_first_are_kept() -> None:
    one, other = Findings(), Findings()
    by_index = [
        (index, tuple(Diagnostic("MS101", "x", Pos(f"{index:04}", line, 1)) for line in range(1, 4)))
        for index in range(2 * MOST)
    ]
    for findings, order in ((one, by_index), (other, by_index[::-1])):
        for index, found in order:
            findings.add(index, found, {f"{index:04}": {1: "a", 2: "b", 3: "c"}})

    assert one.all() == other.all()
    assert len(one.all()) == MOST
    assert one.left_out == 5 * MOST
    assert len(one.texts()) == len(other.texts()) == -(-MOST // 3)


# -- processes ---------------------------------------------------------------------------------------------------------


def work(index: int) -> int:
    return index * index


def test_every_result_comes_once() -> None:
    assert sorted(pool.results(work, 500, 4)) == [(index, index * index) for index in range(500)]


def test_a_process_that_is_killed_is_an_error() -> None:
    here = os.getpid()

    def fatal(index: int) -> int:
        if index == 7 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    with pytest.raises(pool.WorkerError, match="was ended by SIGKILL") as error:
        list(pool.results(fatal, 100, 2))
    assert error.value.index <= 7
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none is left


def test_an_exception_in_a_process_is_raised_here() -> None:
    def wrong(index: int) -> int:
        if index == 40:
            raise ValueError("wrong")
        return index

    with pytest.raises(ValueError, match="wrong"):
        list(pool.results(wrong, 100, 2))


def test_large_results_come_whole() -> None:
    found = dict(pool.results(lambda index: bytes([index]) * 300_000, 60, 3))

    assert found == {index: bytes([index]) * 300_000 for index in range(60)}


def test_processes_end_with_the_one_that_began_them(tmp_path: Path) -> None:
    """Killed where it cannot end them, their pipes tell them."""
    begun = tmp_path / "begun"
    script = (
        "import os, sys, time\nfrom cmp.many import pool\n"
        f"def work(index):\n    open({str(begun)!r} + str(os.getpid()), 'w').close(); time.sleep(0.2)\n"
        "for _ in pool.results(work, 1000, 2): pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environ())
    wait_for(lambda: len(list(tmp_path.glob("begun*"))) == 2)
    process.kill()
    process.wait()

    pids = [int(path.name.removeprefix("begun")) for path in tmp_path.glob("begun*")]
    wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() and alive(pid) for pid in pids))


def alive(pid: int) -> bool:
    try:
        return b"cmp.many" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    root, out = fleet(tmp_path / "repository", 400), tmp_path / "out"
    program = [sys.executable, "-m", "cmp", "generate", "--output-dir", str(out), "-j", "2", str(root)]
    process = subprocess.Popen(program, cwd=ROOT, env=environ(), stderr=subprocess.PIPE, start_new_session=True)
    wait_for(lambda: any((out / ".meshspec-staged").glob("?")))
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=30)

    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert said.strip() == b""
    assert not list(out.iterdir())


def test_a_bug_is_told_as_one(tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 40)
    script = (
        "import sys\nfrom cmp import pipeline\nfrom cmp.checks import table\n"
        "def broken(context):\n    if context.services[0].name == 's031': raise LookupError\n    yield from ()\n"
        "table.CHECKS = (*table.CHECKS, broken)\nfrom cmp.entry import main\nsys.exit(main())\n"
    )

    done = run("generate", "--all", "-j", "2", str(root / "apps"), program=(sys.executable, "-c", script))

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"error[MS000]" in done.stderr
    assert b"LookupError" in done.stderr


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 300)
    here, there = pty.openpty()
    program = [sys.executable, "-m", "cmp", "generate", "--output-dir", str(tmp_path / "out"), "-j", "1", str(root)]
    process = subprocess.Popen(program, cwd=ROOT, env=environ({"TERM": "xterm"}), stderr=there)
    os.close(there)
    said = b""
    try:
        while part := os.read(here, 4096):
            said += part
    except OSError:
        pass  # closed at the other end
    os.close(here)

    assert process.wait() == 0
    assert b"/301 apps/s" in said
    assert said.rstrip().rpartition(b"\r")[2].startswith(b"301 applications, 2401 objects")


def test_processes_are_as_many_as_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    assert [pool.processes(0, count) for count in (1, 16, 32, 64, 10_000)] == [1, 1, 2, 4, 8]
    assert [pool.processes(4, count) for count in (1, 3, 100)] == [1, 3, 4]
