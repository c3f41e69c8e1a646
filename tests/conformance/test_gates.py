"""The table of releases agrees with the upstream definitions: what it lists is in the newest, and not in the floor."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cmp.checks import gates
from cmp.checks.platform import FLOORS
from tests.support.crd_schemas import bundle_directory

SCHEMAS = bundle_directory()  # skips the module, and says so, where there is no schema bundle
FLOOR, NEWEST = "istio-1.24", "istio-1.31rc"
ALL = sorted({(gate.field, gate.value, gate.release) for gate in (*gates.SERVICE, *gates.PLATFORM)})


def specs(bundle: str) -> dict[str, Any]:
    """The schema of each kind's spec, in the newest version of its API."""
    text = (SCHEMAS / bundle / "crd-all.gen.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        for version in document["spec"]["versions"]:
            properties = version["schema"]["openAPIV3Schema"]["properties"]
            found.setdefault(document["spec"]["names"]["kind"], properties["spec"])
    return found


BUNDLES = {bundle: specs(bundle) for bundle in (FLOOR, NEWEST)}


def step(schema: Any, name: str) -> Any:
    """The schema below a key, and of the items where that is a list."""
    key, _, rest = name.partition("[")
    below = schema.get("properties", {}).get(key)
    return below.get("items") if below is not None and rest else below


def has(bundle: str, field: str, value: str = "") -> bool:
    """Whether a bundle knows a field, and one of its values."""
    kind, *names = field.split(".")
    schema = BUNDLES[bundle][kind]
    for name in names:
        schema = step(schema, name)
        if schema is None:
            return False
    return value in ("", *schema.get("enum", ()))


def newer() -> Iterator[str]:
    """All fields that the newest definitions have and the floor's have not, the outermost of each."""
    for kind, schema in BUNDLES[NEWEST].items():
        if kind in BUNDLES[FLOOR]:
            yield from _newer(schema, BUNDLES[FLOOR][kind], kind)


def _newer(schema: Any, older: Any, at: str) -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        before = older.get("properties", {}).get(name)
        if before is None:
            yield f"{at}.{name}"
        else:
            yield from _newer(below, before, f"{at}.{name}")
    if "items" in schema:
        yield from _newer(schema["items"], older.get("items", {}), f"{at}[]")


@pytest.mark.parametrize(("field", "value", "release"), ALL)
def test_a_gate_is_about_a_field_that_came_later(field: str, value: str, release: tuple[int, int]) -> None:
    assert release > FLOORS["istio"]
    assert has(NEWEST, field, value)
    assert not has(FLOOR, field, value)


def test_the_comparison_sees() -> None:
    assert has(FLOOR, "VirtualService.http[].retries.attempts")
    assert "VirtualService.http[].retries.backoff" in set(newer())
