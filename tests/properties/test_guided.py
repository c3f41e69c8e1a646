"""Some hundreds of the inputs that hypothesis and atheris choose; docs/fuzzing.md records the long runs."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("fuzzer", "inputs"), [("hypothesis", 600), ("atheris", 1200)])
def test_guided_inputs_give_objects_or_diagnostics(fuzzer: str, inputs: int, tmp_path: Path) -> None:
    if find_spec(fuzzer) is None:
        pytest.skip(f"{fuzzer} is not installed: it has wheels for Linux on x86-64 only")
    program = [sys.executable, "-m", f"tools.fuzz_{fuzzer}", "--inputs", str(inputs), "--seed", "1"]
    done = subprocess.run([*program, "--keep", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert f"{inputs} inputs" in done.stdout
    assert "valid" in done.stdout
