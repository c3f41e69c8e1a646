"""The program as people and Argo CD run it: flags, exit codes, and which stream says what."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from functools import cache
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cmp import __version__, cli
from cmp.catalogue import CATALOGUE
from cmp.options import GENERATE_FLAGS, VALIDATE_FLAGS, Flag, parse

ROOT = Path(__file__).parents[1]
BOOKINFO = str(ROOT / "examples" / "bookinfo")
ARTICLE = str(ROOT / "examples" / "article")
SCRIPTS = Path(sysconfig.get_path("scripts"))

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\n"
SERVICE = HEAD + "metadata: {name: web}\nimage: example.com/web:1\nport: 8080\n"
STAGED = SERVICE + "parameters: [image.tag]\nenvironments: {prod: {replicas: 3}, test: {replicas: 2}}\n"


Variables = dict[str, str]


def environ(variables: Variables | None = None) -> Variables:
    """The environment of a program: without what Argo CD or a test runner sets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ARGOCD_", "MESHSPEC_", "PYTHON", "LC_", "LANG"))}
    return {**kept, "MESHSPEC_CACHE": "off", **(variables or {})}


def run(
    *arguments: str,
    program: tuple[str, ...] = (sys.executable, "-m", "cmp"),
    cwd: str | Path = ROOT,
    variables: Variables | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*program, *arguments], cwd=cwd, env=environ(variables), capture_output=True, check=False, timeout=60
    )


def fails(code: int, *arguments: str, cwd: str | Path = ROOT, variables: Variables | None = None) -> str:
    """What a failing command says. It says nothing on stdout, and shows nobody a traceback."""
    done = run(*arguments, cwd=cwd, variables=variables)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b""), said
    assert said
    assert "Traceback" not in said
    return said


def spec(directory: Path, text: str, name: str = "meshspec.yaml") -> str:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text, encoding="utf-8")
    return str(directory)


@cache
def bookinfo() -> bytes:
    return run("generate", BOOKINFO).stdout


# -- one program -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cmp", "meshspec"])
def test_the_scripts_are_the_module(name: str) -> None:
    script = shutil.which(name, path=str(SCRIPTS))
    assert script, "the package is not installed"

    done = run("generate", BOOKINFO, program=(script,))

    assert (done.returncode, done.stdout, done.stderr) == (0, bookinfo(), b"")
    assert bookinfo().startswith(b"apiVersion: ")


def test_version() -> None:
    assert run("--version").stdout.decode() == f"meshspec, version {__version__}\n"


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("generate", "--help"), ("generate", BOOKINFO, "-h")])
def test_help_is_no_error(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith("Usage: cmp")


@pytest.mark.parametrize(
    ("verb", "default", "flags"), [("generate", "yaml", GENERATE_FLAGS), ("validate", "text", VALIDATE_FLAGS)]
)
def test_help_shows_flags_and_defaults(verb: str, default: str, flags: tuple[Flag, ...]) -> None:
    text = run(verb, "--help").stdout.decode()

    for flag in flags:
        assert all(name in text for name in flag.names)
    assert f"[default: {default}]" in text


# -- exit codes --------------------------------------------------------------------------------------------------------


def test_0_when_all_is_fine() -> None:
    done = run("generate", ARTICLE)

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(list(yaml.safe_load_all(done.stdout))) > 5


def test_1_for_errors_in_the_input(tmp_path: Path) -> None:
    said = fails(1, "generate", spec(tmp_path, SERVICE + "replica: 2\n"))

    assert said.splitlines()[0] == 'meshspec.yaml:6:1: error[MS101]: unknown key "replica"'
    assert 'did you mean "replicas"?' in said


def test_1_where_one_of_many_services_is_wrong(tmp_path: Path) -> None:
    """Argo CD would delete whatever is missing from the output, so nothing is written before all of it is right."""
    services = [SERVICE.replace("name: web", f"name: web-{index}") for index in range(50)]
    broken = SERVICE.replace("name: web", "name: zzz").replace("8080", "0")

    assert "MS104" in fails(1, "generate", spec(tmp_path, "---\n".join([*services, broken])))


@pytest.mark.parametrize("path", ["nowhere", "empty", "meshspec.yaml/x"])
def test_1_for_a_path_without_specs(path: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    fails(1, "generate", str(tmp_path / path))


@pytest.mark.parametrize(
    "arguments",
    [
        ("app", "a", "b"),
        ("generate", "a", "b", "--jobs", "0"),
        ("validate", "a", "b", "--against", "c"),
        ("generate", "--output", "json"),
        ("generate", "--output"),
        ("generate", "--nonsense"),
        ("generate", "-o=yaml"),
        ("nonsense",),
        ("explain",),
        ("explain", "MS999"),
        ("explain", "nonsense"),
        ("schema", "x"),
        ("validate", "--output=yaml"),
    ],
)
def test_2_for_a_mistake_on_the_command_line(arguments: tuple[str, ...]) -> None:
    fails(2, *arguments)


def test_2_without_a_command_shows_what_there_is() -> None:
    assert "generate" in fails(2)


# A program with a bug: one name of one module is replaced before it starts.
BROKEN = """
import sys
import {module}
def broken(*arguments, **named):
    raise {error}
{module}.{name} = broken
from cmp.entry import main
sys.exit(main())
"""
STAGES = [
    ("cmp.pipeline", "compose"),
    ("cmp.pipeline", "build"),
    ("cmp.pipeline", "check"),
    ("cmp.emit", "emit"),
    ("cmp.pipeline", "render"),
]


def broken(
    module: str, name: str, error: str, *arguments: str, variables: Variables | None = None
) -> subprocess.CompletedProcess[bytes]:
    text = BROKEN.format(module=module, name=name, error=error)
    return run(*arguments, program=(sys.executable, "-c", text), variables=variables)


@pytest.mark.parametrize(("module", "name"), STAGES)
@pytest.mark.parametrize("error", ["KeyError('secret')", "RecursionError()", "OSError(5, 'secret')", "MemoryError()"])
def test_3_for_a_bug(module: str, name: str, error: str) -> None:
    done = broken(module, name, error, "generate", BOOKINFO)
    said = done.stderr.decode()

    assert (done.returncode, done.stdout) == (3, b"")
    assert said.startswith(f"error[MS000]: meshspec {__version__} has a bug: {error.partition('(')[0]} in ")
    assert "MESHSPEC_TRACEBACK=1" in said
    assert "Traceback" not in said
    assert "secret" not in said, "an error may quote the spec"


@pytest.mark.parametrize("verb", ["generate", "validate"])
def test_a_bug_shows_its_traceback_to_who_asks(verb: str) -> None:
    done = broken("cmp.pipeline", "compose", "KeyError('x')", verb, BOOKINFO, variables={"MESHSPEC_TRACEBACK": "1"})

    assert done.returncode != 0
    assert done.stdout == b""
    assert b"Traceback" in done.stderr
    assert b"KeyError: 'x'" in done.stderr


def test_3_for_a_bug_on_the_way_through_click() -> None:
    done = broken("cmp.pipeline", "compose", "KeyError('x')", "validate", BOOKINFO)

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["generate", "validate"])
def test_130_when_interrupted(verb: str) -> None:
    done = broken("cmp.pipeline", "compose", "KeyboardInterrupt()", verb, BOOKINFO)

    assert (done.returncode, done.stdout) == (130, b"")
    assert b"Traceback" not in done.stderr


def test_130_for_ctrl_c_while_a_render_runs(tmp_path: Path) -> None:
    """A real signal, sent when the program says that it is in the middle of a render."""
    text = BROKEN.format(module="cmp.pipeline", name="compose", error="SystemExit(9)").replace(
        "    raise", "    import time; print('here', file=sys.stderr, flush=True); time.sleep(30)\n    raise"
    )
    program = [sys.executable, "-c", text, "generate", BOOKINFO]
    with subprocess.Popen(program, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"here\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (130, b"", b"")


# -- streams -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["yaml", "ndjson"])
def test_stdout_closed_early_is_no_traceback(output: str, tmp_path: Path) -> None:
    services = [SERVICE.replace("name: web", f"name: web-{index}") for index in range(40)]  # more than a pipe holds
    path = spec(tmp_path, "---\n".join(services))
    program = [sys.executable, "-m", "cmp", "generate", path, "-o", output]
    with subprocess.Popen(program, env=environ(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=20)

    assert (process.returncode, said) == (1, b"")


@pytest.mark.parametrize("arguments", [("schema",), ("explain", "MS203"), ("validate", ARTICLE), ("--help",)])
def test_stdout_closed_before_the_start(arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-m", "cmp", *arguments]
    done = subprocess.run(program, env=environ(), cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)

    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"MS000" not in done.stderr
    assert done.returncode == 1


TEXTS = SERVICE + "env: {A: grüße, B: '日本語', C: 😀}\n"
ENCODINGS = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "utf-16"},
    {"PYTHONUTF8": "1"},
]


@pytest.mark.parametrize("variables", ENCODINGS, ids=str)
def test_the_output_is_utf8_everywhere(variables: dict[str, str], tmp_path: Path) -> None:
    done = run("generate", spec(tmp_path, TEXTS), "-o", "ndjson", variables=variables)

    assert (done.returncode, done.stderr) == (0, b"")
    assert [text for text in ("grüße", "日本語", "😀") if text not in done.stdout.decode()] == []


@pytest.mark.parametrize("variables", ENCODINGS, ids=str)
def test_errors_are_told_everywhere(variables: dict[str, str], tmp_path: Path) -> None:
    """The excerpt holds characters that an ASCII stream cannot; the message is still there, and no bug."""
    path = spec(tmp_path, TEXTS + "port2: grüße  # 日本語\n")
    done = run("generate", path, variables=variables)

    assert (done.returncode, done.stdout) == (1, b"")
    encoding = "utf-16" if variables.get("PYTHONIOENCODING") == "utf-16" else "utf-8"
    assert 'error[MS101]: unknown key "port2"' in done.stderr.decode(encoding)


@pytest.mark.parametrize("variables", ENCODINGS[:3], ids=str)
@pytest.mark.parametrize("name", ["grüße", "日本語", "😀", "a b", "-", "a\nb"])
def test_file_names_of_any_characters(name: str, variables: dict[str, str], tmp_path: Path) -> None:
    path = spec(tmp_path / name, SERVICE)
    broken_path = spec(tmp_path / f"{name}-2", SERVICE + "x: 1\n")

    assert run("generate", path, variables=variables).returncode == 0
    assert "error[MS101]" in fails(1, "generate", broken_path, variables=variables)
    assert "MS002" in fails(1, "generate", path + "x", variables=variables)


def test_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    directory = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(directory)
    Path(os.fsdecode(directory), "meshspec.yaml").write_text(SERVICE)

    assert run("generate", os.fsdecode(directory)).returncode == 0
    assert "MS002" in fails(1, "generate", os.fsdecode(directory + b"2"))


def test_a_parameter_that_is_not_utf8(tmp_path: Path) -> None:
    assert "MS112" in fails(1, "generate", ARTICLE, "--set", os.fsdecode(b"image.tag=\xff"))


# -- flags -------------------------------------------------------------------------------------------------------------


def objects(*arguments: str, cwd: str | Path = ROOT, variables: Variables | None = None) -> list[dict[str, object]]:
    done = run("generate", *arguments, cwd=cwd, variables=variables)
    assert (done.returncode, done.stderr) == (0, b"")
    return [document for document in yaml.safe_load_all(done.stdout.decode()) if document is not None]


def deployment(*arguments: str) -> dict[str, object]:
    (found,) = [one for one in objects(*arguments) if one["kind"] == "Deployment"]
    return found


@pytest.mark.parametrize("flags", [("-o", "ndjson"), ("-ondjson",), ("--output", "ndjson"), ("--output=ndjson",)])
def test_ndjson_is_one_object_a_line(flags: tuple[str, ...]) -> None:
    lines = run("generate", BOOKINFO, *flags).stdout.decode().splitlines()

    assert [json.loads(line) for line in lines] == list(yaml.safe_load_all(bookinfo()))


@pytest.mark.parametrize("flags", [(), ("-o", "yaml"), ("-oyaml",), ("--output", "yaml"), ("--output=yaml",)])
def test_yaml_is_the_default(flags: tuple[str, ...]) -> None:
    assert run("generate", *flags, BOOKINFO).stdout == bookinfo()


@pytest.mark.parametrize("flags", [("-e", "prod"), ("--env", "prod"), ("--env=prod",), ("-eprod",)])
def test_env_chooses_an_environment(flags: tuple[str, ...], tmp_path: Path) -> None:
    path = spec(tmp_path, STAGED)

    assert deployment(path, *flags)["spec"]["replicas"] == 3  # type: ignore[index]
    assert deployment(*flags, path, "--env", "test")["spec"]["replicas"] == 2  # type: ignore[index]
    assert "MS111" in fails(1, "generate", path)
    assert "MS111" in fails(1, "generate", path, "--env", "nowhere")


@pytest.mark.parametrize("flags", [("-n", "shop"), ("--namespace", "shop"), ("--namespace=shop",), ("-nshop",)])
def test_namespace_is_for_specs_that_name_none(flags: tuple[str, ...], tmp_path: Path) -> None:
    path = spec(tmp_path, SERVICE + "---\n" + SERVICE.replace("name: web", "name: own, namespace: own"))

    found = {(one["metadata"]["labels"]["app"], one["metadata"]["namespace"]) for one in objects(path, *flags)}  # type: ignore[index]

    assert found == {("web", "shop"), ("own", "own")}


def test_set_gives_declared_parameters(tmp_path: Path) -> None:
    path = spec(tmp_path, SERVICE + "parameters: [image.tag, env.A]\n")

    done = run("generate", path, "--set", "image.tag=1.20", "--set=env.A=b=c d")

    assert b"image: 'example.com/web:1.20'" in done.stdout or b"image: example.com/web:1.20" in done.stdout
    assert b"b=c d" in done.stdout
    assert "MS112" in fails(1, "generate", path, "--set", "port=1")
    assert "MS112" in fails(1, "generate", path, "--set", "image.tag")


def test_a_flag_may_follow_the_path_and_the_last_one_wins(tmp_path: Path) -> None:
    assert run("generate", "-o", "ndjson", BOOKINFO, "--output=yaml").stdout == bookinfo()


@pytest.mark.parametrize("path", [".", "meshspec.yaml", "../bookinfo", None])
def test_the_path_may_be_relative_or_left_out(path: str | None) -> None:
    done = run("generate", *([path] if path else []), cwd=BOOKINFO, variables={"PYTHONPATH": str(ROOT)})

    assert done.returncode == 0, done.stderr
    if path != "meshspec.yaml":  # a file is rendered without the platform's own objects
        assert done.stdout == bookinfo()


# The parser of `generate` that needs no click, and click: what the one accepts, the other reads the same.

WORDS = st.one_of(
    st.sampled_from(["yaml", "ndjson", "text", "json", "prod", "a=b", "image.tag=1", "", "-", "--", ".", "YAML"]),
    st.text(alphabet="ab=-.", max_size=4),
)
NAMES = [name for flag in (*GENERATE_FLAGS, *VALIDATE_FLAGS) for name in flag.names]
ARGUMENTS = st.one_of(
    WORDS,
    st.sampled_from([*NAMES, "--out", "--help", "-h", "-x", "--unknown"]),
    st.builds("{}={}".format, st.sampled_from([*NAMES, "--out", "--x"]), WORDS),
    st.builds("{}{}".format, st.sampled_from([name for name in NAMES if len(name) == 2]), WORDS),
)
PAIRS = st.tuples(st.sampled_from(NAMES), WORDS)
LINES = st.lists(st.one_of(PAIRS, ARGUMENTS.map(lambda word: (word,))), max_size=6).map(
    lambda parts: [word for part in parts for word in part]
)


def by_click(arguments: list[str], command: click.Command) -> dict[str, object] | None:
    """The values that click reads, or None where it refuses, or shows help."""
    try:
        read = dict(command.make_context("cmp", list(arguments)).params)
    except (click.ClickException, click.exceptions.Exit):
        return None
    paths = read.pop("paths")
    assert len(paths) <= 1 or parse(arguments, GENERATE_FLAGS) is None
    assert not any(read.pop(name, None) for name in ("search", "jobs", "output_dir"))  # of many, and only by click
    return {**read, "path": paths[0] if paths else "."}


@pytest.mark.parametrize(
    ("flags", "command"), [(GENERATE_FLAGS, cli.generate), (VALIDATE_FLAGS, cli.validate)], ids=["generate", "validate"]
)
@settings(max_examples=600)
@example(line=["-o", "--env", "a"])
@example(line=["--set", "-x=1", "--set=", "--", "--env"])
@example(line=["--", "a"])
@example(line=["-", "-o=yaml"])
@example(line=["--env", "--", "a"])
@example(line=["--output=ndjson", "a", "b"])
@given(line=LINES)
def test_click_agrees_with_the_parser_without_click(
    flags: tuple[Flag, ...], command: click.Command, line: list[str]
) -> None:
    values = parse(line, flags)

    if values is not None:
        read = by_click(line, command)
        assert read is not None
        assert {**read, "settings": [*read["settings"]]} == values  # type: ignore[misc]


def test_what_people_write_needs_no_click() -> None:
    """Else the property above would hold for a parser that leaves everything to click."""
    lines = [
        [],
        ["."],
        ["a", "-o", "ndjson"],
        ["-n", "shop", "a", "--output=yaml"],
        ["--env=prod", "--set", "a=b", "--set=c=d"],
        ["a", "-e", "prod"],
    ]

    assert [line for line in lines if parse(line, GENERATE_FLAGS) is None] == []


@pytest.mark.parametrize("line", [["--help"], ["-h"], ["-o=yaml"], ["-o", "json"], ["a", "b"], ["--outp", "yaml"]])
def test_help_and_mistakes_are_left_to_click(line: list[str]) -> None:
    assert parse(line, GENERATE_FLAGS) is None


# -- the other verbs ---------------------------------------------------------------------------------------------------


def test_validate_says_that_all_is_fine() -> None:
    done = run("validate", BOOKINFO)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"4 services, {len(list(yaml.safe_load_all(bookinfo())))} objects: fine\n"


def test_validate_as_json(tmp_path: Path) -> None:
    fine = run("validate", BOOKINFO, "-o", "json")
    done = run("validate", spec(tmp_path, SERVICE + "replica: 2\ntimeout: 5\n"), "--output=json")

    assert (fine.returncode, fine.stderr, json.loads(fine.stdout)) == (0, b"", [])
    assert (done.returncode, done.stderr) == (1, b"")
    found = json.loads(done.stdout)
    assert [(one["file"], one["line"], one["column"], one["code"], one["severity"]) for one in found] == [
        ("meshspec.yaml", 6, 1, "MS101", "error"),
        ("meshspec.yaml", 7, 10, "MS104", "error"),
    ]
    assert all(one["message"] and one["help"] for one in found)


def test_validate_for_code_hosts(tmp_path: Path) -> None:
    path = spec(tmp_path, SERVICE + "replica: 2\n")
    sarif, github = (run("validate", path, "-o", form) for form in ("sarif", "github"))

    assert (sarif.returncode, sarif.stderr, github.returncode, github.stderr) == (1, b"", 1, b"")
    assert json.loads(sarif.stdout)["runs"][0]["results"][0]["ruleId"] == "MS101"
    assert github.stdout.startswith(b"::error file=meshspec.yaml,line=6,col=1,title=MS101::unknown key")
    assert (run("validate", BOOKINFO, "-o", "github").stdout, run("validate", BOOKINFO, "-o", "sarif").returncode) == (
        b"",
        0,
    )


def test_validate_goes_over_environments(tmp_path: Path) -> None:
    path = spec(tmp_path, STAGED)
    lines = run("validate", path).stdout.decode().splitlines()

    assert [line.partition(" ")[0] for line in lines] == ["prod:", "test:"]
    assert run("validate", path, "--env", "test").stdout.decode().splitlines() == lines[1:]


def test_validate_finds_what_is_wrong_in_one_environment_only(tmp_path: Path) -> None:
    done = run("validate", spec(tmp_path, STAGED.replace("replicas: 2", "replicas: {min: 3, max: 2}")))

    assert done.returncode == 1
    assert [line.partition(" ")[0] for line in done.stdout.decode().splitlines()] == ["prod:"]
    assert "MS213" in done.stderr.decode()


@pytest.mark.parametrize("code", ["MS203", "ms203"])
def test_explain(code: str) -> None:
    done = run("explain", code)

    assert (done.returncode, done.stderr, done.stdout.decode()) == (0, b"", CATALOGUE["MS203"].page("MS203"))


def test_explain_suggests_a_code() -> None:
    assert "MS203" in fails(2, "explain", "MS2O3")


def test_schema_is_a_schema() -> None:
    done = run("schema")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (ROOT / "cmp" / "schema.json").read_bytes()
    Draft202012Validator.check_schema(json.loads(done.stdout))


@pytest.mark.parametrize("variables", ENCODINGS, ids=str)
def test_schema_prints_everywhere(variables: dict[str, str]) -> None:
    assert run("schema", variables=variables).returncode == 0


def test_a_start_takes_no_second() -> None:
    """No time is held; only that nothing waits, such as for a network that is not there."""
    begin = time.monotonic()
    run("generate", BOOKINFO)

    assert time.monotonic() - begin < 30


# -- the operator's platform file --------------------------------------------------------------------------------------

MOUNTED = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: main}\n"
RAIL = "policy: {forbid: {mtls: DISABLE}, reason: security standard 4.2}\n"
OPEN = SERVICE + "mtls: DISABLE\naccess: [{}]\n"


def mounted(directory: Path, text: str) -> Variables:
    """The variable of a container in which a ConfigMap is mounted: its files are links."""
    (directory / "..data").mkdir(parents=True)
    (directory / "..data" / "platform").write_text(text, encoding="utf-8")
    (directory / "platform.yaml").symlink_to(Path("..data") / "platform")
    return {"MESHSPEC_PLATFORM": str(directory / "platform.yaml")}


@pytest.mark.parametrize("verb", ["generate", "validate"])
def test_a_guard_rail_of_the_operator_is_shown_with_its_file_and_line(verb: str, tmp_path: Path) -> None:
    said = fails(1, verb, spec(tmp_path / "app", OPEN), variables=mounted(tmp_path / "etc", MOUNTED + RAIL))

    assert said == (
        'meshspec.yaml:6:7: error[MS265]: "mtls.mode: DISABLE" is forbidden: security standard 4.2\n'
        "6 | mtls: DISABLE\n"
        "  |       ^^^^^^^\n"
        "  = note: the guard-rail: (mounted) meshplatform.yaml:4:9\n"
        "  = help: leave it out, or say something else than DISABLE\n"
    )
    assert str(tmp_path) not in said


def test_an_application_cannot_name_another_platform_file(tmp_path: Path) -> None:
    """What an Application sets arrives with a prefix; there are plugin parameters, and none of them is a file."""
    own = spec(tmp_path / "app", OPEN)
    (tmp_path / "app" / "none.yaml").write_text(MOUNTED, encoding="utf-8")
    sidecar = mounted(tmp_path / "etc", MOUNTED + RAIL)
    given = {"ARGOCD_APP_NAME": "shop", "ARGOCD_APP_NAMESPACE": "shop", "ARGOCD_APP_SOURCE_PATH": "app"}
    theirs = {"ARGOCD_ENV_MESHSPEC_PLATFORM": str(tmp_path / "app" / "none.yaml"), "PARAM_PLATFORM": "none.yaml"}

    assert "error[MS265]" in fails(1, "generate", own, variables={**sidecar, **given, **theirs})
    parameters = json.dumps([{"name": "platform", "string": "none.yaml"}])
    assert "error[MS112]" in fails(
        1, "generate", own, variables={**sidecar, **given, "ARGOCD_APP_PARAMETERS": parameters}
    )


def test_a_relative_path_would_lead_into_the_application(tmp_path: Path) -> None:
    spec(tmp_path, OPEN)
    (tmp_path / "platform.yaml").write_text(MOUNTED, encoding="utf-8")

    said = fails(1, "generate", cwd=tmp_path, variables={"MESHSPEC_PLATFORM": "platform.yaml"})

    assert said == "error[MS267]: MESHSPEC_PLATFORM is not an absolute path\n= help: begin it with /\n"


@pytest.mark.parametrize("verb", ["generate", "validate"])
def test_nothing_is_rendered_without_the_operators_file(verb: str, tmp_path: Path) -> None:
    missing = {"MESHSPEC_PLATFORM": str(tmp_path / "etc" / "platform.yaml")}

    said = fails(1, verb, spec(tmp_path / "app", SERVICE), variables=missing)

    assert said.startswith("(mounted) meshplatform.yaml: error[MS267]: cannot be read: No such file or directory\n")
    assert str(tmp_path) not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "(mounted) meshplatform.yaml:1:1: error[MS267]: the file holds 0 documents\n"),
        (f"{MOUNTED}---\n{MOUNTED}", "(mounted) meshplatform.yaml:1:1: error[MS267]: the file holds 2 documents\n"),
        ("policy: [", "(mounted) meshplatform.yaml:2:1: error[MS004]"),
        (SERVICE, "(mounted) meshplatform.yaml:2:7: error[MS108]"),
        (MOUNTED + "polcy: []\n", '(mounted) meshplatform.yaml:4:1: error[MS101]: unknown key "polcy"\n'),
        (MOUNTED + "policy: {forbid: {mtls: OFF}, reason: r}\n", "(mounted) meshplatform.yaml:4:25: error[MS266]"),
    ],
)
def test_nothing_is_rendered_with_a_wrong_file_of_the_operator(text: str, said: str, tmp_path: Path) -> None:
    own = spec(tmp_path / "app", SERVICE)

    assert fails(1, "generate", own, variables=mounted(tmp_path / "etc", text)).startswith(said)


def test_warnings_of_guard_rails_leave_the_output_as_it_is(tmp_path: Path) -> None:
    own = spec(tmp_path / "app", SERVICE)
    rule = "policy: {require: resources.memory, reason: from June on, warn: true}\n"

    plain = run("generate", own, variables=mounted(tmp_path / "a", MOUNTED))
    warned = run("generate", own, variables=mounted(tmp_path / "b", MOUNTED + rule))

    assert (warned.returncode, warned.stdout) == (0, plain.stdout)
    assert 'warning[MS265]: "web" does not say resources.memory: from June on' in warned.stderr.decode()
