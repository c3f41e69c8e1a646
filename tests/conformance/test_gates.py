"""The table of releases agrees with the upstream definitions: what it lists is in the newest, and not in the floor.

And what is in the newest only is in the table, or no spec writes it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cmp.checks import gates
from cmp.checks.platform import FLOORS
from tests.support.crd_schemas import bundle_directory

SCHEMAS = bundle_directory()  # skips the module, and says so, where there is no schema bundle
FLOOR, NEWEST = "istio-1.24", "istio-1.31rc"
TABLE = (*gates.SERVICE, *gates.PLATFORM)
#: A field, or a field and a value of it.
ALL = sorted({(f"{gate.field}={gate.value}" if gate.value else gate.field, gate.release) for gate in TABLE})


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
    """The schema below a key, and of the items where that is a list; ``*`` is any key of a map."""
    if name == "*":
        return schema.get("additionalProperties")
    key, _, rest = name.partition("[")
    below = schema.get("properties", {}).get(key)
    return below.get("items") if below is not None and rest else below


def has(bundle: str, field: str) -> bool:
    path, _, value = field.partition("=")
    kind, *names = path.split(".")
    schema = BUNDLES[bundle][kind]
    for name in names:
        schema = step(schema, name)
        if schema is None:
            return False
    return not value or value in schema["enum"]


def newer() -> Iterator[str]:
    """All fields that the newest definitions have and the floor's have not, the outermost of each."""
    for kind, schema in BUNDLES[NEWEST].items():
        if kind in BUNDLES[FLOOR]:
            yield from _newer(schema, BUNDLES[FLOOR][kind], kind)


def _newer(schema: Any, older: Any, at: str) -> Iterator[str]:
    yield from (f"{at}={value}" for value in schema.get("enum", ()) if "enum" in older and value not in older["enum"])
    for name, below in schema.get("properties", {}).items():
        before = older.get("properties", {}).get(name)
        if before is None:
            yield f"{at}.{name}"
        else:
            yield from _newer(below, before, f"{at}.{name}")
    if isinstance(each := schema.get("additionalProperties"), dict):
        yield from _newer(each, older.get("additionalProperties", {}), f"{at}.*")
    if "items" in schema:
        yield from _newer(schema["items"], older.get("items", {}), f"{at}[]")


#: What the newest definitions have and no spec writes, with the reason; a kind stands for all of its fields.
UNWRITTEN = {
    "EnvoyFilter": "not written",
    "WasmPlugin": "not written",
    "Gateway.servers[].tls.caCertCredentialName": "not built yet: a key of `later`",
    "Gateway.servers[].tls.tlsCertificates": "files in the gateway's pods; ours are Secrets",
    "Gateway.servers[].tls.insecureSkipVerify": "certificates that are asked for are verified",
    "Sidecar.ingress[].tls": "not built yet: a key of `later`",
    "WorkloadGroup.probe.grpc": "Istio's webhook refuses it, and so do we",
}


def gated(field: str) -> bool:
    """Whether the table has a field: a traffic policy has it for the whole host, also of versions and ports."""
    field = re.sub(r"subsets\[\]\.trafficPolicy", "trafficPolicy", field).replace(".portLevelSettings[]", "")
    return field in {listed for listed, _ in ALL}


def unwritten(field: str) -> str:
    return next((one for one in UNWRITTEN if field == one or field.startswith((f"{one}.", f"{one}="))), "")


@pytest.mark.parametrize(("field", "release"), ALL)
def test_a_gate_is_about_a_field_that_came_later(field: str, release: tuple[int, int]) -> None:
    assert release > FLOORS["istio"]
    assert has(NEWEST, field)
    assert not has(FLOOR, field)


def test_what_came_later_is_gated_or_never_written() -> None:
    assert [field for field in newer() if not (gated(field) or unwritten(field))] == []


def test_no_reason_is_left_over() -> None:
    assert set(UNWRITTEN) == {unwritten(field) for field in newer()} - {""}


def test_the_comparison_sees() -> None:
    assert "ServiceEntry.resolution=DYNAMIC_DNS" in set(newer())
    assert has(FLOOR, "VirtualService.http[].retries.attempts")
    assert "VirtualService.http[].retries.backoff" in set(newer())
