"""What Argo CD's own comparison finds: a Go program, built only when that is asked for."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.support.go_program import ask

#: Argo CD's modules are many, and those of Kubernetes with them.
_HOW = "its comparison is not built; `make argocd-check` builds it, which takes minutes the first time"


class Compared(NamedTuple):
    """What becomes of an object.

    Attributes:
        normalized: as Argo CD compares it.
        defaulted: whether the API server's types filled in their defaults.
        changed: what is live and what Argo CD would make of it, for each way of comparing that finds them different.
    """

    normalized: Any
    defaulted: bool
    changed: dict[str, Any]


def compared_by_argo(pairs: Sequence[tuple[Any, Any]]) -> list[Compared]:
    """What Argo CD says of each object, and of how a cluster has it: see tests/oracles/argodiff/main.go."""
    given = json.dumps([{"target": target, "live": live} for target, live in pairs])
    return [
        Compared(**answer)
        for answer in json.loads(
            ask("argodiff", "Argo CD", given, only_if_built=_HOW, variable="MESHSPEC_BUILD_ARGOCD")
        )
    ]
