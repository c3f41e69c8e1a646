"""What Istio's own webhook and analyzers find in our objects: a Go program, built only when that is asked for."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.go_program import ask, require

#: Istio's modules are many, and the first build takes minutes.
_HOW = "its checker is not built; `make istio-check` builds it, which takes minutes the first time"


class Finding(NamedTuple):
    """What the webhook or an analyzer says of one object. The levels are Info, Warning and Error."""

    level: str
    code: str
    message: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.level} {self.code} {self.kind} {self.namespace}/{self.name}: {self.message}"


class Analyzer(NamedTuple):
    """How often Istio left an analyzer out, how many objects of each kind it read, and what it reported by code."""

    name: str
    skipped: int
    read: dict[str, int]
    found: dict[str, int]


class Answers(NamedTuple):
    """The findings of each batch; what each analyzer did in all of them; the kinds that nobody there knows."""

    findings: dict[str, list[Finding]]
    analyzers: list[Analyzer]
    unread: list[str]


def require_istio() -> None:
    """Skip the test, or the module that calls this while it is imported, where the program is not there."""
    require("istiocheck", "Istio", _HOW)


def check_with_istio(batches: Mapping[str, list[Any]]) -> Answers:
    """Ask one process about all batches, each of which is a cluster of its own."""
    asked = json.dumps([{"name": name, "objects": objects} for name, objects in batches.items()])
    told = json.loads(ask("istiocheck", "Istio", asked, only_if_built=_HOW))
    return Answers(
        {batch["name"]: [Finding(**finding) for finding in batch["findings"]] for batch in told["batches"]},
        [Analyzer(**analyzer) for analyzer in told["analyzers"]],
        told["unread"],
    )
