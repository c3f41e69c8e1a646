"""Every golden output and every example is what an API server with Istio's upstream definitions accepts."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.schemas import bundle_directory, errors
from tests.test_cases import CASES

bundle_directory()  # skips the module, and says so, where there is no schema bundle

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(CASES.glob("*/expected.yaml"))
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())

#: Cases whose platform declares an older cluster than the ones below, and that cluster.
OLDER = {"kubernetes-1.29": "1.29"}


def refused(manifests: list[Any], kubernetes: str, bundle: str) -> list[str]:
    return [
        f"{manifest['kind']} {manifest['metadata']['name']}: {error}"
        for manifest in manifests
        for error in errors(manifest, kubernetes=kubernetes, bundle=bundle)
    ]


@cache
def objects(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("bundle", ["istio", "istio-1.24"])
@pytest.mark.parametrize("kubernetes", ["1.32", "1.34", "1.37"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_golden_output_is_accepted(file: Path, kubernetes: str, bundle: str) -> None:
    assert not refused(objects(file), OLDER.get(file.parent.name, kubernetes), bundle)


@pytest.mark.parametrize("bundle", ["istio", "istio-1.24"])
@pytest.mark.parametrize("kubernetes", ["1.32", "1.34", "1.37"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_is_accepted(folder: Path, kubernetes: str, bundle: str) -> None:
    manifests = render(str(folder), Environment(namespace="demo", source_path="."), {}).manifests
    assert not refused(list(yaml.safe_load_all(emit(manifests, "yaml"))), kubernetes, bundle)
