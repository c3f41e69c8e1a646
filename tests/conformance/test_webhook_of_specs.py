"""What the program takes, Istio's webhook takes without a word: texts in every field, and values that are others.

``tests/webhook_rules.py`` says of each rule of the webhook who refuses it first; here many specs are simply tried.
"""

import gc
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cmp.diagnostics import SpecError
from cmp.environment import Environment
from cmp.pipeline import render
from tests.conformance import test_nasty_fields as fields
from tests.support import rich
from tests.support.istio_oracle import check_with_istio, require_istio
from tests.support.mutations import EDGES, mutants

require_istio()  # skips the module, and says so, where the checker is not built

Manifest = dict[str, Any]
#: Istio compares the beginnings of paths, and takes all expressions for the same, and a match without method for GET
#: (pkg/config/validation, coveredValidation): it warns of rules that are reached. Those that are not, a check refuses.
GUESSED = re.compile(r"match .* of prefix .* is not used \(duplicate/overlapping match in rule .* of prefix ")


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Rendered as in the program, which has the garbage collector off: it would look at many objects many times."""
    gc.disable()
    yield
    gc.enable()


def of_istio(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    return (one for one in manifests if ".istio.io" in one["apiVersion"])


def found(objects: Iterable[Manifest], said: Iterable[str]) -> list[str]:
    """What the webhook says of objects, each with what ``said`` tells of it; objects that are alike are asked once."""
    asked: list[Manifest] = []
    told: dict[str, str] = {}
    for one, about in zip(objects, said, strict=True):
        name = f"o{len(asked)}"
        metadata = {"name": name, "namespace": one["metadata"].get("namespace", "ns")}
        alike = re.sub(r"\bs[0-9]+\b", "s", json.dumps([one["kind"], metadata["namespace"], one["spec"]]))
        if alike not in told:
            told[alike] = told[name] = about
            asked.append({**one, "metadata": metadata})
    answers = check_with_istio({"": asked}).findings[""]
    return [f"{told[one.name]}: {one}" for one in answers if one.code == "webhook" and not GUESSED.search(one.message)]


# -- texts in every field ----------------------------------------------------------------------------------------------

KINDS = ("AuthorizationPolicy", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService")
#: Each field is tried with these, and with some of the others; fields that are alike have each their own.
USUAL = ("", "*", "a b", "a_b", "0", "a")
ROWS = {
    field: row._replace(texts=tuple(dict.fromkeys((*USUAL, *random.Random(field).sample(EDGES, 25)))))
    for field, row in fields.ROWS.items()
    if row.place.partition(":")[0] in (*KINDS, "") and field not in fields.SINGLE_ROWS
}


def test_texts_in_every_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "ROWS", ROWS)
    objects: list[Manifest] = []
    said: list[str] = []
    for field, row in ROWS.items():
        write = fields.services if field in fields.SERVICE_ROWS else fields.entries
        taken = fields.outcome(write, field, dict(enumerate(row.texts)), tmp_path).objects
        listed = list(of_istio(taken))
        objects += listed
        said += [field] * len(listed)

    assert len(objects) > 1000
    assert found(objects, said) == []


# -- values that are others --------------------------------------------------------------------------------------------

#: Without what only lays layers over each other.
_LAYERS = re.compile(r"^(parameters|environments):.*\n(  .*\n)*", re.MULTILINE)
FILES = {name: _LAYERS.sub("", text) for name, text in rich.FILES.items()}


def test_values_that_are_others(tmp_path: Path) -> None:
    objects: list[Manifest] = []
    said: list[str] = []
    taken = 0
    for number, files in enumerate(mutants(FILES, count=100, seed=1)):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        try:
            manifests = render(str(tmp_path), Environment("shop"), {}).manifests
        except SpecError:
            continue
        listed = list(of_istio(manifests))
        objects += listed
        said += [f"spec {number}"] * len(listed)
        taken += 1

    assert taken > 20
    assert found(objects, said) == []


def test_the_webhook_is_heard() -> None:
    """So silence means something."""
    wrong = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["a"]}}

    assert len(found([wrong], ["it"])) == 1
