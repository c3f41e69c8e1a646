"""The article's fragments about what is seen of mesh and platform: a shorter spec gives identical fields.

The fragments are not part of the project: tests look for them beside the repository, or where MESHSPEC_CORPORA points.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render

TOP = Path(__file__).resolve().parents[2]
FRAGMENTS = Path(os.environ.get("MESHSPEC_CORPORA", TOP.parent / "shared" / "corpora")) / "mission"
PLATFORM = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: a}\n"

#: What says the same as a fragment, and the version of the API where the fragment has an older one.
SHORTER = {
    "argocd-metrics": ("monitoring: {argocd: true}\n", ""),
    "telemetry": (
        "namespaces: {production: {telemetry: {metrics: {remove: [source_app, destination_app]}}}}\n",
        "telemetry.istio.io/v1",
    ),
    "peer-authentication": ("namespaces: {production: {mtls: STRICT}}\n", "security.istio.io/v1"),
}

if not FRAGMENTS.is_dir():
    pytest.skip(f"the article's fragments are not at {FRAGMENTS} (set MESHSPEC_CORPORA)", allow_module_level=True)


def written(spec: str, directory: Path) -> list[Any]:
    """What is written for a platform, as it is read again."""
    (directory / "meshplatform.yaml").write_text(PLATFORM + spec, encoding="utf-8")
    return list(yaml.safe_load_all(emit(render(str(directory), Environment(source_path="."), {}).manifests, "yaml")))


@pytest.mark.parametrize("name", SHORTER)
def test_a_shorter_spec_gives_identical_fields(name: str, tmp_path: Path) -> None:
    text, (spec, version) = (FRAGMENTS / f"{name}.yaml").read_text(encoding="utf-8"), SHORTER[name]
    theirs = yaml.safe_load(text)
    for ours in written(spec, tmp_path):
        if [ours["kind"], *named(ours)] == [theirs["kind"], *named(theirs)]:
            assert ours["spec"] == theirs["spec"]
            assert ours["apiVersion"] == version or (not version and ours["apiVersion"] == theirs["apiVersion"])
            break
    else:
        pytest.fail(f"no {theirs['kind']} {named(theirs)}")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(spec.splitlines()) < len(lines) / 5


def named(one: Any) -> list[str]:
    return [one["metadata"]["namespace"], one["metadata"]["name"]]
