"""The bounds of a render: the operator sets each, applications none, and the page says what they are."""

import sys
from pathlib import Path

import pytest

from cmp.limits import DEFAULT, VARIABLES, Limits, from_variables
from tests.contract.places import ROOT, WEB, write
from tests.contract.test_hostile import generate, said

#: For each bound: files beyond it when it is as low as said, and what is said.
BEYOND: dict[str, tuple[int, dict[str, str], str]] = {
    "file_bytes": (len(WEB) - 1, {}, "larger than"),
    "files": (1, {"app/b.meshspec.yaml": WEB.replace("web", "b")}, "files in one render"),
    "total_bytes": (
        len(WEB) + 50,
        {"app/b.meshspec.yaml": WEB.replace("web", "b")},
        "bytes in the files of one render",
    ),
    "depth": (1, {}, "nested deeper than 1"),
    "file_values": (6, {}, "values in one file"),
    "values": (10, {"app/b.meshspec.yaml": WEB.replace("web", "b")}, "values in the files of one render"),
    "services": (1, {"app/b.meshspec.yaml": WEB.replace("web", "b")}, "services in one render"),
    "items": (1, {"app/b.meshspec.yaml": WEB.replace("web", "b") + "args: [a, b]\n"}, "more than 1 items"),
    "output_bytes": (1000, {}, "the output is larger than 1000 bytes"),
}


@pytest.mark.parametrize("name", Limits._fields)
def test_the_operator_sets_each_bound(name: str, tmp_path: Path) -> None:
    low, beside, expected = BEYOND[name]
    variable = next(variable for variable, field in VARIABLES.items() if field == name)
    write(tmp_path, {"app/meshspec.yaml": WEB, **beside})

    assert generate(tmp_path).returncode == 0
    text = said(generate(tmp_path, **{variable: str(low)}))
    assert "error[MS005]" in text
    assert expected in text
    assert generate(tmp_path, **{f"ARGOCD_ENV_{variable}": str(low)}).returncode == 0


def test_a_raised_bound_is_enough_for_what_was_beyond_it(tmp_path: Path) -> None:
    write(tmp_path, {"app/meshspec.yaml": WEB + "# " + "x" * DEFAULT.file_bytes})

    assert "MS005" in said(generate(tmp_path))
    assert generate(tmp_path, MESHSPEC_MAX_FILE_BYTES=str(DEFAULT.file_bytes * 2)).returncode == 0


def test_the_deepest_bound_is_no_more_than_the_stack_holds(tmp_path: Path) -> None:
    deep = "x: " + "{a: " * 98 + "b" + "}" * 98 + "\n"
    objects = "apiVersion: example.com/v1\nkind: A\nmetadata: {name: a}\nspec: {" + deep.strip() + "}\n"
    write(tmp_path, {"app/meshspec.yaml": WEB + "manifests: x.yaml\n", "app/x.yaml": objects})

    done = generate(tmp_path, MESHSPEC_MAX_DEPTH="100")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "MS005" in said(generate(tmp_path))


@pytest.mark.parametrize("holder", ["config: {/a: {file: big.txt}}", "annotations"])
def test_what_services_share_counts_for_each(holder: str, tmp_path: Path) -> None:
    big = "x" * 900_000
    shared = holder if holder.startswith("config") else f"env: {{A: {big}}}"
    services = "".join(f"  s{index}: {{image: 'a:1', port: 80}}\n" for index in range(1000))
    head = "apiVersion: meshspec.io/v1alpha1\nkind: MeshApp\nmetadata: {name: a}\n"
    write(tmp_path, {"app/meshspec.yaml": f"{head}defaults: {{{shared}}}\nservices:\n{services}", "app/big.txt": big})

    assert "error[MS005]" in said(generate(tmp_path))


def test_the_page_of_the_bounds_says_what_they_are() -> None:
    page = (ROOT / "docs" / "argo-cd.md").read_text(encoding="utf-8")
    for variable, field in VARIABLES.items():
        (row,) = [line for line in page.splitlines() if f"`{variable}`" in line and line.startswith("|")]
        assert f"{getattr(DEFAULT, field)}" in row.replace(",", ""), row
    assert from_variables({"MESHSPEC_MAX_ITEMS": "7", "ARGOCD_ENV_MESHSPEC_MAX_ITEMS": "9"}).items == 7
    assert sys.getrecursionlimit() == 1000
