"""What istiod tells proxies for the objects of a cluster: a Go program, built only when that is asked for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.go_program import ask, is_there

#: Istio's modules are many, and the first build takes minutes.
_HOW = "its discovery server is not built; `make istio-check` builds it, which takes minutes the first time"


def istiod_is_built() -> bool:
    """Whether the program is there, or may be built now."""
    return is_there("istiod", _HOW)


def told_by_istiod(moments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the proxies of each moment are told, by their names: one process answers all.

    See tests/oracles/istiod/main.go for what a moment holds, and told.go beside it for the answers.
    """
    answered = json.loads(ask("istiod", "istiod", json.dumps(moments), only_if_built=_HOW))
    told = answered["told"]
    return [{name: told[digest] for name, digest in one["proxies"].items()} for one in answered["moments"]]
