"""docs/mistakes.md: every example of the page gives the answer that the page shows."""

import re
import shlex
from pathlib import Path

import pytest

from cmp.cli import run
from tests.test_docs import TOP

PAGE = TOP / "docs" / "mistakes.md"
#: The sections by their titles.
SECTIONS = dict(
    re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)


def test_there_are_five_of_them() -> None:
    assert len(SECTIONS) == 5
    assert all("# Istio\n" in text and "$ cmp " in text for text in SECTIONS.values())


@pytest.mark.parametrize("title", SECTIONS)
def test_the_answers_are_those_of_the_page(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for language, text in re.findall(r"^```(yaml|console)\n(.*?)^```", SECTIONS[title], re.MULTILINE | re.DOTALL):
        first, _, rest = text.partition("\n")
        if language == "console":
            run(shlex.split(first.removeprefix("$ cmp ")))
            assert "".join(capfd.readouterr()) == rest
        elif first != "# Istio":
            (tmp_path / first.removeprefix("# ")).write_text(text, encoding="utf-8")
