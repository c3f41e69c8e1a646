"""The examples of Istio's documentation, read from Istio's own Go modules where they are at hand.

The text of the reference pages is the comments of the API's proto files. Both modules are those that the program in
tests/oracles/istiocheck is built from; nothing is fetched here.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ORACLE = Path(__file__).parents[1] / "oracles" / "istiocheck" / "go.mod"
KINDS = (
    *("VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar"),
    *("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"),
)


class Example(NamedTuple):
    """An object that a page or a sample shows, at its first place.

    Attributes:
        source: the file in its module.
        kind, name: of the object.
        spec: what it says.
    """

    source: str
    kind: str
    name: str
    spec: Any

    @property
    def digest(self) -> str:
        """Told apart from others by kind and spec alone."""
        text = self.kind + json.dumps(self.spec, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def module(name: str) -> Path:
    """Where a module's files are; skips the test, with the reason, where they are not."""
    version = re.search(rf"^\s*{re.escape(name)} (\S+)$", ORACLE.read_text(encoding="utf-8"), re.M)
    assert version, name
    cache = Path(os.environ.get("GOMODCACHE", Path.home() / "go" / "pkg" / "mod"))
    directory = cache / f"{name}@{version[1]}"
    if not directory.is_dir():
        pytest.skip(
            f"NOT CHECKED: {name} {version[1]} is not in Go's module cache {cache}; make istio-check fetches it"
        )
    return directory


def of_reference() -> list[Example]:
    """Every block of YAML in the comments of the API's proto files."""
    top = module("istio.io/api")
    files = sorted(top.glob("*/v1*/*.proto"))
    return distinct(
        one for file in files for text in blocks(file) for one in examples(str(file.relative_to(top)), text)
    )


def of_samples() -> list[Example]:
    """Every object in the YAML files below samples/."""
    top = module("istio.io/istio")
    files = sorted((top / "samples").glob("**/*.yaml"))
    return distinct(one for file in files for one in examples(str(file.relative_to(top)), file.read_text("utf-8")))


def blocks(file: Path) -> list[str]:
    lines = (re.sub(r"^\s*// ?", "", line) for line in file.read_text(encoding="utf-8").splitlines())
    return re.findall(r"^ *```yaml\n(.*?)^ *```", "\n".join(lines), re.M | re.S)


def examples(source: str, text: str) -> Iterator[Example]:
    """The objects in a text. An ellipsis stands for nothing; what is no YAML is no example."""
    for part in re.split(r"^---\s*$", re.sub(r"^\s*\.\.\.\s*$", "", text, flags=re.M), flags=re.M):
        try:
            one = yaml.safe_load(part)
        except yaml.YAMLError:
            continue
        if isinstance(one, dict) and one.get("kind") in KINDS and ".istio.io/" in str(one.get("apiVersion")):
            yield Example(source, one["kind"], one["metadata"]["name"], one.get("spec") or {})


def distinct(found: Iterator[Example]) -> list[Example]:
    """Each kind and spec at its first place."""
    first: dict[str, Example] = {}
    for one in found:
        first.setdefault(one.digest, one)
    return list(first.values())
