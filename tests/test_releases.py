"""An upgrade of meshspec restarts nothing: what each release has written of its golden cases is written today, too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cmp.manifests.families import build
from tools.release_goldens import RELEASES, Recorded, broken, of_cases, promised, read, recorded, text

FILES = sorted(RELEASES.glob("*.json"))
CASE = "canary-by-weight"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_release_promised_still_holds(file: Path) -> None:
    """A difference here restarts or loses pods of people who only upgrade.

    A new default needs a new profile, or a new apiVersion: see docs/adr/0014-profiles.md. Nothing accepts a difference.
    """
    found = list(broken(read(file)))
    assert not found, "\n".join(found)


def test_a_release_reads_as_it_was_recorded(tmp_path: Path) -> None:
    release = {case: recorded(case) for case in (CASE, "config-files-and-text", "parameters-set-declared-paths")}
    (tmp_path / "1.json").write_text(text(release), encoding="utf-8")
    assert read(tmp_path / "1.json") == release
    assert list(broken(release)) == []


def test_a_release_records_selectors_and_templates() -> None:
    objects = recorded(CASE).objects
    assert objects["Service shop/web"]["selector"] == {"app": "web"}
    deployment = objects["Deployment.apps shop/web-v2"]
    assert deployment["selector"] == {"matchLabels": {"app": "web", "version": "v2"}}
    assert deployment["template"]["spec"]["containers"][0]["image"]


# -- that it can fail --------------------------------------------------------------------------------------------------


def change(manifest: Any, how: str) -> Iterator[Any]:
    """The objects that are built in place of one."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Deployment" and how == "template":
        spec["template"]["spec"]["enableServiceLinks"] = True
    if manifest["kind"] == "Deployment" and how == "replicas":
        spec["replicas"] = 7
    if manifest["kind"] == "Service" and how == "selector":
        spec["selector"]["version"] = "v1"
    if manifest["kind"] == "Deployment" and how == "name":
        manifest["metadata"]["name"] += "-x"
    if manifest["kind"] == "VirtualService" and how == "label":
        manifest["metadata"]["labels"]["team"] = "a"
    if manifest["kind"] == "VirtualService" and how == "version":
        manifest["apiVersion"] = "networking.istio.io/v1beta2"
    yield manifest
    if manifest["kind"] == "Service" and how == "further":
        yield {**manifest, "metadata": {**manifest["metadata"], "name": "further"}}


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("template", '"enableServiceLinks": true'),
        ("selector", '+      "version": "v1"'),
        ("name", '-  "Deployment.apps shop/web-v2": {'),
        ("label", '+      "team": "a"'),
        ("replicas", None),  # may follow a new rule: pods stay what they are
        ("further", None),
        ("version", None),
    ],
)
def test_a_change_of_what_was_promised_is_found(how: str, shown: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    release = {CASE: recorded(CASE)}
    monkeypatch.setattr(
        "cmp.pipeline.build",
        lambda context: (one._replace(manifest=new) for one in build(context) for new in change(one.manifest, how)),
    )

    found = list(broken(release))

    assert len(found) == (shown is not None)
    assert shown is None or (found[0].startswith(f"{CASE}:\n") and shown in found[0])


def test_a_spec_that_is_refused_today_is_found() -> None:
    """A stricter check begins as a warning."""
    case = recorded(CASE)
    files = {path: f"{body}\nunknown: 1\n" if path == "meshspec.yaml" else body for path, body in case.files.items()}
    (found,) = broken({CASE: Recorded(files, case.objects)})
    assert found.startswith(f"{CASE}: it does not render any more: ")


def test_a_case_that_was_edited_or_removed_is_still_put_to_the_test() -> None:
    """The release has its own copy of the input."""
    case = recorded(CASE)
    assert list(broken({"gone": case})) == []
    (found,) = broken({"gone": Recorded(case.files, {**case.objects, "Service shop/gone": {}})})
    assert '-  "Service shop/gone": {}' in found


def test_a_later_release_records_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.release_goldens.FOLDERS", [CASE, "minimal-service", "error-names"])
    first = of_cases([])
    assert sorted(first) == [CASE, "minimal-service"]
    assert of_cases([first]) == {}
    edited = {**first, CASE: first[CASE]._replace(files={})}
    assert sorted(of_cases([edited])) == [CASE]


def test_the_same_cases_give_the_same_bytes(tmp_path: Path) -> None:
    release = {case: recorded(case) for case in ("minimal-service", CASE)}
    assert text(release) == text(dict(reversed(release.items())))
    assert list(json.loads(text(release))) == ["cases", "parts"]
    assert promised(Path(__file__).parent / "cases" / CASE) == release[CASE].objects
