"""Which steps of a set of rules some request takes, in an order that is the same for all that says the same."""

import json
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
CASELESS = "ignoreUriCase"
NOT_FOUND = '{"directResponse": {"status": 404}}'


def settled(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps that some request takes; those next to each other that do the same in one fixed order.

    Where each is for one port, the ports have no order.
    """
    reached: list[dict[str, Any]] = []
    if all("port" in step["match"] for step in steps):
        steps = sorted(steps, key=lambda step: int(step["match"]["port"]))
    for step in steps:
        if not any(covers(earlier["match"], step["match"]) for earlier in reached):
            reached.append(step)
    while reached and does(reached[-1]) == NOT_FOUND:  # which is what the proxy says where no rule is left
        reached.pop()
    groups: list[list[dict[str, Any]]] = []
    for step in reached:
        if groups and does(groups[-1][0]) == does(step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return [step for group in groups for step in widest(group)]


def widest(group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps that do the same, without those whose requests another of them takes as well."""
    kept = [one for one in group if not any(two is not one and covers(two["match"], one["match"]) for two in group)]
    return sorted(kept, key=lambda step: (int(step["match"].get("port", 0)), json.dumps(step["match"], sort_keys=True)))


def does(step: Object) -> str:
    return json.dumps({key: value for key, value in step.items() if key != "match"}, sort_keys=True)


def covers(wide: Mapping[str, str], narrow: Mapping[str, str]) -> bool:
    """Whether the one match takes all requests that the other takes. Where that is not sure, it does not."""
    if CASELESS in narrow and CASELESS not in wide and any(path.startswith("uri.") for path in wide):
        return False
    return all(implied(path, value, narrow) for path, value in wide.items())


def implied(path: str, value: str, by: Mapping[str, str]) -> bool:
    if path.endswith(".prefix"):
        stem = path.removesuffix("prefix")
        return any(by.get(stem + kind, "").startswith(value) and stem + kind in by for kind in ("exact", "prefix"))
    return by.get(path) == value
