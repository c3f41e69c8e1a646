"""docs/tutorial.md, commit by commit: what it tells to write is rendered together, and each step is one that works."""

import re
from pathlib import Path

import pytest

from cmp.cli import run
from cmp.commands.validate import validate
from cmp.environment import Environment
from cmp.pipeline import render

PAGE = (Path(__file__).parent.parent / "docs" / "tutorial.md").read_text(encoding="utf-8")
#: Files that the page names just before their contents.
STEPS = re.findall(r"`([\w/]+\.yaml)`:\n\n```yaml\n(.*?)^```", PAGE, re.M | re.S)
WEB, RATINGS = "services/shop/web", "services/shop/ratings"


def after(directory: Path, steps: int) -> Path:
    """The repository after so many steps."""
    (directory / ".git").mkdir(parents=True)
    for name, text in STEPS[:steps]:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def kinds(repository: Path, path: str = ".") -> dict[tuple[str, str], object]:
    rendered = render(str(repository / path), Environment("shop"), {})
    return {(one["kind"], one["metadata"]["name"]): one for one in rendered.manifests}


def test_the_files_are_found() -> None:
    services = [WEB, RATINGS, WEB, RATINGS, RATINGS]
    assert [name for name, _ in STEPS] == ["meshplatform.yaml", *(f"{name}/meshspec.yaml" for name in services)]


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_each_step_renders_and_is_one_that_the_api_server_takes(step: int, tmp_path: Path) -> None:
    before, now = after(tmp_path / "before", step - 1), after(tmp_path / "now", step)
    paths = [".", *(path for path in (WEB, RATINGS) if (now / path).exists())]
    for path in paths:
        assert kinds(now, path)
        if path != "." and (before / path).exists():
            assert validate(str(now / path), namespace="shop", against=str(before)) == 0


def test_the_platform_makes_the_applications_that_the_page_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = after(tmp_path, len(STEPS))
    found = {name for kind, name in kinds(repository) if kind == "Application"}
    assert {"istio-base", "istiod", "istio-ingress-public"} <= found
    assert ("ApplicationSet", "shop") in kinds(repository)
    assert run(["app", str(repository / WEB)]) == 0
    assert "\n  name: shop-web\n" in capsys.readouterr().out
    assert all(f"`{name}`" in PAGE for name in ("istio-base", "istiod", "istio-ingress-public", "shop-web"))


def test_the_canary_changes_nothing_of_the_first_version(tmp_path: Path) -> None:
    before, now = (kinds(after(tmp_path / str(step), step), RATINGS) for step in (4, 5))
    first = [key for key in before if key[0] == "Deployment"]
    assert len(first) == 1
    assert before[first[0]] == now[first[0]]
    assert len([key for key in now if key[0] == "Deployment"]) == 2


def test_the_last_step_keeps_the_new_version_s_deployment(tmp_path: Path) -> None:
    before, now = (kinds(after(tmp_path / str(step), step), RATINGS) for step in (5, 6))
    (kept,) = [key for key in now if key[0] == "Deployment"]
    assert before[kept] == now[kept]
