"""Long forms of what no key of a row can say: functions that write out a scalar, or a map with shorthand keys."""

from __future__ import annotations

from cmp.node import Node

Entries = dict[str, Node]


def image(node: Node) -> Entries:
    """An image reference, registry/repository:tag@digest; a first part with ``.`` or ``:`` is the registry.

    https://pkg.go.dev/github.com/distribution/reference
    """
    rest, at, digest = str(node.value).partition("@")
    head, slash, tail = rest.partition("/")
    registry = head if slash and ("." in head or ":" in head or head == "localhost") else ""
    name = tail if registry else rest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, colon, tag = name, "", ""
    parts = {"registry": registry, "repository": repository, "tag": tag if colon else "", "digest": digest}
    marks = {"registry": slash and registry, "repository": True, "tag": colon, "digest": at}
    return {key: node.with_value(text) for key, text in parts.items() if marks[key]}


def resources(entries: Entries) -> Entries:
    """``cpu`` is a request, because a CPU limit throttles; ``memory`` request and limit, because memory cannot wait."""
    long = {key: node for key, node in entries.items() if key not in ("cpu", "memory")}
    for key, blocks in (("cpu", ("requests",)), ("memory", ("requests", "limits"))):
        if key not in entries:
            continue
        for block in blocks:
            given = long.get(block)
            if given is not None and isinstance(given.value, (str, list)):
                continue  # not a map: left for the parser to refuse
            inner = dict(given.value) if given is not None and isinstance(given.value, dict) else {}
            inner.setdefault(key, entries[key])
            long[block] = (given or entries[key]).with_value(inner)
    return long


PROBE_KINDS = (("http",), ("grpc",), ("tcp",), ("exec",))


def health(entries: Entries) -> Entries:
    """A probe written in place of the three is readiness and liveness."""
    probe = {key: node for key, node in entries.items() if key not in ("readiness", "liveness", "startup")}
    if not any(kind in probe for (kind,) in PROBE_KINDS):
        return entries
    long = {key: node for key, node in entries.items() if key not in probe}
    first = next(iter(probe.values()))
    both = Node(probe, first.key or first.pos, first.key)
    return {"readiness": both, "liveness": both, **long}


def readiness_and_liveness(node: Node) -> Entries:
    """A plain value is the path of both probes, readiness and liveness."""
    return {"readiness": node, "liveness": node}


def all_to(node: Node) -> Entries:
    """A plain value is the version that gets all requests."""
    return {str(node.value): node.with_value("100")}


def call(node: Node) -> Entries:
    """A plain value with a scheme is an address outside the mesh, else the name of a service."""
    return {"url" if "://" in str(node.value) else "service": node}


def certificate_or_mode(node: Node) -> Entries:
    """A plain value is the name of a certificate's Secret; a word in capitals is a mode."""
    return {"mode" if str(node.value).isupper() else "credentialName": node}


def caller(node: Node) -> Entries:
    """A plain value is a service that may ask for anything."""
    return {"from": node.with_value([node.with_value({"services": node.with_value([node])})])}


def file_or_text(node: Node) -> Entries:
    """A plain value is the name of a file; one of several lines, which no name has, is the text itself."""
    return {"text" if "\n" in str(node.value) else "file": node}


def logged(node: Node) -> Entries:
    """``true`` is all requests, ``false`` none."""
    return {"disabled": node.with_value({"true": "false", "false": "true"}.get(str(node.value), node.value))}


def tag(node: Node) -> Entries:
    """A plain value is the label's, and one word the lack of it."""
    return {"operation" if node.value == "REMOVE" else "value": node}
