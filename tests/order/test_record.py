"""docs/order-on-envoy.md has a row for everything that is played."""

import re
from pathlib import Path

import pytest

from tests.order.measures import CONTROLS
from tests.order.test_gaps import RECIPES
from tests.order.test_scenarios import SCENARIOS, TROUBLED

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "order-on-envoy.md"
WHOLE = [*SCENARIOS, *TROUBLED]
TWO = list(RECIPES)
BROKEN = [
    *(f"{name} ({code})" for name, (code, *_) in RECIPES.items()),
    *(f"{name}: {control.scenario}" for name, control in CONTROLS.items()),
]


def rows() -> dict[str, tuple[int, int, int, int]]:
    found = re.findall(r"^\| (.+?) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGE.read_text("utf-8"), re.M)
    return {name: (*(int(number.replace(",", "")) for number in numbers),) for name, *numbers in found}  # type: ignore[misc]


def test_all_that_is_played_is_recorded() -> None:
    assert sorted(rows()) == sorted([*WHOLE, *TWO, *BROKEN])


@pytest.mark.parametrize("name", [*WHOLE, *TWO])
def test_the_record_has_no_failures(name: str) -> None:
    requests, failed, tried, got_in = rows()[name]
    assert requests >= 1000
    assert tried
    assert (failed, got_in) == (0, 0)


@pytest.mark.parametrize("name", BROKEN)
def test_the_record_has_them_where_they_have_to_be(name: str) -> None:
    _, failed, _, got_in = rows()[name]
    assert failed or got_in
