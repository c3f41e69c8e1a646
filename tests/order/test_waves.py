"""The waves of the golden cases."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.replay.sync import tasks
from cmp.waves import Manifest

CASES = Path(__file__).resolve().parent.parent / "cases"


def asks_for_tokens(one: Manifest) -> bool:
    if one["kind"] != "AuthorizationPolicy":
        return False
    sources = (each["source"] for rule in one["spec"].get("rules", ()) for each in rule.get("from", ()))
    return one["spec"].get("action") == "DENY" and any("notRequestPrincipals" in source for source in sources)


def with_tokens() -> list[tuple[str, list[Any]]]:
    found = []
    for path in sorted(CASES.glob("*/expected.yaml")):
        text = path.read_text(encoding="utf-8")
        if "notRequestPrincipals" in text and "kind: RequestAuthentication" in text:
            found.append((path.parent.name, list(yaml.load_all(text, Loader=yaml.CSafeLoader))))
    return found


@pytest.mark.parametrize(("name", "objects"), with_tokens(), ids=lambda value: value if isinstance(value, str) else "")
def test_issuers_are_believed_before_their_tokens_are_asked_for(name: str, objects: list[Manifest]) -> None:
    """In one wave, by the order of names."""
    planned = [task.manifest for task in tasks([], objects)]
    for asking in filter(asks_for_tokens, planned):
        issuers = [
            one
            for one in planned
            if one["kind"] == "RequestAuthentication"
            and one["metadata"]["namespace"] == asking["metadata"]["namespace"]
            and one["spec"].get("selector") == asking["spec"].get("selector")
        ]
        assert issuers
        assert all(planned.index(one) < planned.index(asking) for one in issuers)
