"""Examples of Istio's documentation in the words of the language: rendered, and held against what Istio's say."""

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.leaves import NOTHING, Difference, Finding, leaves
from tests.support.rule_sets import of_kind, rule_sets

DATA = Path(__file__).parents[1] / "expressiveness"
HEAD = "apiVersion: meshspec.io/v1alpha1\nmetadata: {name: example}\n"
#: What an example leaves out because it is about something else.
GATEWAYS = {"public": {"hosts": "*", "namespace": "istio-ingress"}}
#: The egress gateway of Istio's pages, where a spelling leads through it.
EGRESS = {
    "namespace": "istio-system",
    "selector": {"istio": "egressgateway"},
    "serviceAccount": "istio-egressgateway",
    "service": "istio-egressgateway",
}
IMAGE = "registry.example.com/app:1"
#: Kinds whose rules are compared whole, in the normal form. Of the others each field is looked for.
ROUTED = ("VirtualService", "DestinationRule")
#: Names that only a reader needs.
_NAMES = re.compile(r"(^|\.)(servers\.port|ports|ingress\.port|egress\.port)\.name$")
#: What Istio takes where an example leaves it out.
_UNSAID = {
    "AuthorizationPolicy": {"action": "ALLOW"},
    "ServiceEntry": {"location": "MESH_EXTERNAL", "resolution": "NONE"},
}
#: Kinds that hold for all pods of a namespace, or of the mesh, where they choose none.
SELECTING = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
EVERYTHING = "all pods"
_EMPTY = re.compile(r"^policy.*\.(ports|subsets)=\{\}$")
#: Names of objects are not compared: neither that of a gateway, nor the end of that of a delegate.
_DELEGATED = re.compile(r"-delegated$")
_GATEWAY = re.compile(r"^gateway \S+ ")
_HEAD = re.compile(r"(mesh|policy|policy for \S+|gateway|delegate) \S+?(?=\.\d+\.|\.(host|ports|subsets)\b)")
_INDEX = re.compile(r"\.\d+(?=\.|$)")


VERIFIED = "Who answers is verified, and the proxy is not left to its release's own idea of that."
DIFFERENCES = (
    Difference("* *.retries.*", NOTHING, "*", "Retries are written out, because Istio's own default has changed."),
    Difference("resolution", "NONE", "DNS", "The proxy resolves the name; the caller does not choose the address."),
    Difference(
        "policy* *.ports.*.loadBalancer.simple",
        NOTHING,
        "*",
        "A port takes over from its service what it does not say itself.",
    ),
    Difference("policy* *.tls.caCertificates", NOTHING, "/etc/ssl/certs/ca-certificates.crt", VERIFIED),
    Difference("policy* *.tls.sni", NOTHING, "*", VERIFIED),
    Difference("policy* *.tls.subjectAltNames.0", NOTHING, "*", VERIFIED),
    Difference("policy* *.subsets*", "*", "{}", "Each version is a subset from the start, also where no route asks."),
)


class Spelling(NamedTuple):
    """One example: where it is shown, and how it is said here.

    Attributes:
        source, kind, name, digest: as in tests/support/istio_examples.py.
        says: the services of an app by name, and under ``platform`` a platform; None where it cannot be said.
        pending: the part of the language that it waits for, or an empty string.
        reason: why it cannot be said, or an empty string.
        namespace: of the render, and of short host names of the example.
        means: what the example says, as facts, values by place: see ``meaning``.
        but: places that differ, with the reason.
    """

    source: str
    kind: str
    name: str
    digest: str
    says: dict[str, Any] | None
    pending: str = ""
    reason: str = ""
    namespace: str = "prod"
    means: Mapping[str, set[str]] = {}
    but: Mapping[str, str] = {}


@cache
def spellings() -> tuple[Spelling, ...]:
    return tuple(one for file in sorted(DATA.glob("*.yaml")) for one in read(file))


def read(file: Path) -> list[Spelling]:
    found = []
    for source, entries in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
        for entry in entries:
            kind, name = entry.pop("object").split()
            given = entry.get("means", {})
            means = {place: {value} if isinstance(value, str) else {*value} for place, value in given.items()}
            found.append(Spelling(source, kind, name, **{"says": None, **entry, "means": means}))
    return found


def rendered(says: Mapping[str, Any], namespace: str, directory: Path) -> list[Any]:
    """What a spelling renders to. A service that says more than whom it calls has a port."""
    gateways = GATEWAYS | ({"egress": EGRESS} if '"gateway": "egress"' in json.dumps(says) else {})
    platform = {"istio": {"version": "1.30.3"}, "gateways": gateways, **says.get("platform", {})}
    (directory / "meshplatform.yaml").write_text(f"{HEAD}kind: MeshPlatform\n{yaml.safe_dump(platform)}", "utf-8")
    services = {
        name: body if {"port", "ports"} & {*body} or {*body} == {"calls"} else {"port": 9080, **body}
        for name, body in says.items()
        if name != "platform"
    }
    if services:
        app = {"defaults": {"image": IMAGE}, "services": services}
        (directory / "meshspec.yaml").write_text(f"{HEAD}kind: MeshApp\n{yaml.safe_dump(app)}", "utf-8")
    manifests = render(str(directory), Environment(namespace, source_path="."), {}).manifests
    return list(yaml.safe_load_all(emit(manifests, "yaml")))


def meaning(kind: str, objects: Iterable[Any], namespace: str) -> dict[str, set[str]]:
    """Facts about objects of a kind: values by place.

    Of routes and policies a place is one of the normal form. Of other kinds it is a path without the numbers of list
    items, so that several objects may say what one says; names that only a reader needs are left out.
    """
    found: dict[str, set[str]] = {}
    if kind in ROUTED:
        for key, value in rule_sets(objects, namespace).items():
            at = _GATEWAY.sub("gateway ", key)
            for path, leaf in leaves(value, _DELEGATED.sub("", at)):
                leaf = _DELEGATED.sub("", leaf)
                if not at.startswith("server ") and not _EMPTY.search(f"{path}={leaf}"):
                    found.setdefault(path, set()).add(leaf)
        return found
    for one in of_kind(objects, kind):
        spec = {**_UNSAID.get(kind, {}), **one.get("spec", {})}
        if kind in SELECTING and not {"selector", "targetRef", "targetRefs"} & {*spec}:
            spec["selector"] = EVERYTHING
        for path, leaf in leaves(spec, ""):
            place = _INDEX.sub("", path).lstrip(".")
            if kind == "Sidecar" and leaf.startswith("./"):
                leaf = f"{one['metadata'].get('namespace') or namespace}{leaf[1:]}"
            if not _NAMES.search(place):
                found.setdefault(place, set()).add(leaf.upper() if place.endswith("protocol") else leaf)
    return found


def differences(spelling: Spelling, objects: list[Any]) -> list[Finding]:
    """What the example says and the objects do not; of rules also the reverse, at the places that it is about."""
    ours = meaning(spelling.kind, on_the_pods(spelling, objects), spelling.namespace)
    found = [
        Finding(place, value, ", ".join(sorted(ours.get(place, {NOTHING}))))
        for place, values in spelling.means.items()
        for value in sorted(values - ours.get(place, set()))
    ]
    if spelling.kind in ROUTED:
        about = {head(place) for place in spelling.means}
        extra = {place for place in ours if head(place) in about} - {*spelling.means}
        found += [Finding(place, NOTHING, *ours[place]) for place in sorted(extra)]
    return found


def on_the_pods(spelling: Spelling, objects: list[Any]) -> list[Any]:
    """The objects, of Gateways only those on the pods that the example is about."""
    chosen = {place: value for place, value in spelling.means.items() if place.startswith("selector.")}
    return [
        one
        for one in objects
        if one["kind"] != "Gateway"
        or chosen == {place: {value} for place, value in leaves(one["spec"]["selector"], "selector")}
    ]


def unexplained(spelling: Spelling, objects: list[Any]) -> list[str]:
    """The differences that neither all examples have, nor this one for a reason of its own."""
    found = differences(spelling, objects)
    return [
        str(one)
        for one in found
        if not any(row.explains(one) for row in DIFFERENCES)
        and not any(fnmatchcase(one.where, where) for where in spelling.but)
    ]


def head(place: str) -> str:
    """The host and the proxies that a place of the normal form is about."""
    match = _HEAD.match(place)
    return match[0] if match else place
