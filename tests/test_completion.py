"""Completion in shells, asked for as their scripts ask (https://click.palletsprojects.com/en/stable/shell-completion/)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cmp import cli
from tests.test_command_line import SCRIPTS, STAGED, environ, run, spec

SHELLS = ("bash", "zsh", "fish")
NAMES = ("cmp", "meshspec")


def completed(shell: str, *words: str, name: str = "meshspec") -> list[str]:
    """What a shell is answered for the last word."""
    count = words[-1] if shell == "fish" else str(len(words))
    asked = {
        f"_{name.upper()}_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join((name, *words)),
        "COMP_CWORD": count,
    }
    done = run(program=(str(SCRIPTS / name),), variables=asked)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines if line]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shell", SHELLS)
def test_verbs_by_both_names(shell: str, name: str) -> None:
    assert set(completed(shell, "", name=name)) == set(cli.group.commands)
    assert completed(shell, "va", name=name) == ["validate"]


@pytest.mark.parametrize("shell", SHELLS)
def test_codes(shell: str) -> None:
    assert {"MS201", "MS203"} <= set(completed(shell, "explain", "MS20"))
    assert completed(shell, "explain", "ms203") == ["MS203"]
    assert completed(shell, "explain", "x") == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("verb", ["generate", "validate", "diff", "app"])
def test_environments_of_the_path(verb: str, shell: str, tmp_path: Path) -> None:
    path = spec(tmp_path, STAGED)

    assert completed(shell, verb, path, "--env", "") == ["prod", "test"]
    assert completed(shell, verb, path, "-e", "pr") == ["prod"]
    assert completed(shell, verb, str(tmp_path / "nowhere"), "--env", "") == []


def test_flags_and_their_values() -> None:
    assert {"--timings", "--debug-bundle", "--env"} <= set(completed("bash", "generate", "--"))
    assert completed("bash", "validate", "--output", "s") == ["sarif"]


def test_paths_are_the_shell_s() -> None:
    done = run(
        program=(str(SCRIPTS / "meshspec"),),
        variables={"_MESHSPEC_COMPLETE": "bash_complete", "COMP_WORDS": "meshspec generate ap", "COMP_CWORD": "2"},
    )
    assert done.stdout == b"file,ap\n"


@pytest.mark.parametrize("name", NAMES)
def test_bash_itself_completes(name: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not there")
    path = spec(tmp_path, STAGED)
    script = f"""
eval "$(_{name.upper()}_COMPLETE=bash_source {name})"
complete -p {name}
COMP_WORDS=({name} generate {path} --env p); COMP_CWORD=4
_{name}_completion {name}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    variables = {**environ(), "PATH": f"{SCRIPTS}:{environ()['PATH']}"}
    done = subprocess.run([bash, "-c", script], env=variables, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [f"complete -o nosort -F _{name}_completion {name}", "prod"]


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_for_shells(shell: str) -> None:
    done = run(program=(str(SCRIPTS / "meshspec"),), variables={"_MESHSPEC_COMPLETE": f"{shell}_source"})

    assert done.returncode == 0
    assert f"_MESHSPEC_COMPLETE={shell}_complete" in done.stdout.decode()
