"""Some hundreds of the damaged specs of ``make fuzz``: objects or diagnostics come of each, and nothing else."""

from pathlib import Path

import pytest

from tools.fuzz import made, run

SEEDS = 600


@pytest.mark.parametrize("part", range(6))
def test_damaged_specs_give_objects_or_diagnostics(part: int, tmp_path: Path) -> None:
    outcomes = []
    for seed in range(part, SEEDS, 6):
        directory = tmp_path / str(seed)
        outcomes.append(run(made(seed), directory))
    assert {"valid", "refused"} == {*outcomes}
