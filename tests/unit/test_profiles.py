"""The sets of defaults: which one holds, and that builders take their values from it."""

from pathlib import Path
from typing import Any

import pytest

from cmp.context import resolve
from cmp.context.profiles import DEFAULT, PROFILES, Profile
from cmp.environment import Environment
from cmp.pipeline import render
from cmp.spec import syntax
from tests.support.leaves import leaves

SPEC = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: web}\nimage: web:1\nport: 8080\n"
SPEC += "expose: web.example.com\ncalls: {url: http://a.example.org, gateway: egress}\n"
PLATFORM = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: main}\n"
PLATFORM += "gateways: {public: {hosts: '*.example.com', namespace: in}, egress: {namespace: out}}\n"


def rendered(directory: Path, profile: str = "") -> list[Any]:
    (directory / "meshspec.yaml").write_text(SPEC, "utf-8")
    (directory / "meshplatform.yaml").write_text(f"{PLATFORM}{profile}", "utf-8")
    return render(str(directory), Environment("shop", source_path="."), {}).manifests


def test_the_names_are_those_that_a_platform_may_choose() -> None:
    assert tuple(PROFILES) == syntax.PROFILES
    assert DEFAULT == "1"


def test_the_first_set_is_what_it_was() -> None:
    """It is released: another value is another set."""
    assert PROFILES["1"] == Profile(2, "connect-failure,refused-stream", "25%", "0")


@pytest.mark.parametrize("profile", ['profile: "1"\n', "profile: 1\n"])
def test_a_platform_that_names_none_has_the_first(profile: str, tmp_path: Path) -> None:
    assert rendered(tmp_path, profile) == rendered(tmp_path)


def test_every_value_of_a_set_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [value for one in rendered(tmp_path) for _, value in leaves(one, "")]
    monkeypatch.setattr(resolve, "PROFILES", {"1": Profile(7, "reset-before-request", "33%", "3")})
    after = [value for one in rendered(tmp_path) for _, value in leaves(one, "")]

    changed = {pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]}
    expected = {("2", "7"), ("connect-failure,refused-stream", "reset-before-request"), ("25%", "33%"), ("0", "3")}
    assert changed == expected
