"""The table of docs/analyzers.md: every code of Istio's analyzers, what becomes of it, and the cases that show it."""

import re
from typing import NamedTuple

import pytest

from tests.support.istio_source import istio_source
from tests.test_cases import CASES, FOLDERS
from tests.test_docs import TOP


class Row(NamedTuple):
    """A code, what becomes of it, and the golden cases that show it."""

    code: str
    here: str
    cases: tuple[str, ...]

    @property
    def said(self) -> bool:
        """Whether a render says it, or no spec leads to it."""
        return not self.here.startswith("not said: ")

    @property
    def cannot(self) -> bool:
        """Whether no spec leads to it."""
        return self.here.startswith("cannot be written: ")

    @property
    def told(self) -> set[str]:
        """Our codes for it."""
        return set(re.findall(r"MS\d{3}", self.here))


def rows() -> tuple[Row, ...]:
    page = (TOP / "docs" / "analyzers.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (IST\d{4}) \| [^|]+ \| ([^|]+) \| ?([^|]*)\|$", page, re.MULTILINE)
    return tuple(Row(code, here, (*re.findall(r"`([^`]+)`", cases),)) for code, here, cases in found)


ROWS = rows()
HEARD = [row for row in ROWS if row.said]


def codes_in(case: str) -> set[str]:
    files = [CASES / case / name for name in ("expected.err", "expected.warnings")]
    told = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    return set(re.findall(r"(?:error|warning)\[(MS\d{3})", told))


def test_about_forty_rules_are_met_here() -> None:
    assert len(HEARD) >= 40
    assert all(row.here.startswith(("refused: ", "warned of: ", "cannot be written: ")) for row in HEARD)


@pytest.mark.parametrize("row", HEARD, ids=lambda row: row.code)
def test_its_cases_show_what_the_table_says(row: Row) -> None:
    assert row.cases
    assert set(row.cases) <= set(FOLDERS)
    assert row.told <= {code for case in row.cases for code in codes_in(case)}
    plain = [case for case in row.cases if not codes_in(case)]
    assert row.told or plain, "a rule that cannot be broken is shown by a case without findings"


@pytest.mark.parametrize("row", [row for row in HEARD if "in files: " in row.here], ids=lambda row: row.code)
def test_what_is_said_of_files_names_the_code_of_istio(row: Row) -> None:
    texts = [
        file.read_text() for case in row.cases for file in CASES.glob(f"{case}/expected.*") if file.suffix != ".yaml"
    ]
    assert f"({row.code})" in "".join(texts)


def test_every_code_of_istio_is_in_the_table_once() -> None:
    messages = (istio_source() / "pkg/config/analysis/msg/messages.yaml").read_text(encoding="utf-8")

    assert sorted(re.findall(r"code: (IST\d{4})", messages)) == [row.code for row in ROWS]
