"""The part of the table of forms that is about what runs; see ``forms``."""

from __future__ import annotations

from cmp.merge.form import Entries, Form
from cmp.node import Node


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


def file_or_text(node: Node) -> Entries:
    """A plain value is the name of a file; one of several lines, which no name has, is the text itself."""
    return {"text" if "\n" in str(node.value) else "file": node}


_VOLUMES = (
    ("emptyDir",),
    ("size", "storageClass", "accessModes"),
    ("claim",),
    ("secret",),
    ("configMap",),
    ("csi",),
    ("projected",),
)
_SOURCES = (("secret",), ("configMap",), ("serviceAccountToken",), ("downwardAPI",))


def _probe(at: str) -> tuple[Form, ...]:
    return (Form(at, text="http", one_of=PROBE_KINDS, needed=True), Form(f"{at}.exec", listing=True))


def _container(at: str) -> tuple[Form, ...]:
    """The forms of a container beside the service's own."""
    return (
        Form(f"{at}.image", text=image, one_of=(("tag",), ("digest",))),
        Form(f"{at}.image.pullSecrets", listing=True),
        Form(f"{at}.command", listing=True),
        Form(f"{at}.args", listing=True),
        Form(f"{at}.env", keyed=True),
        Form(f"{at}.env.*", text="value", one_of=_VALUES, needed=True),
        Form(f"{at}.envFrom", listing=True),
        Form(f"{at}.envFrom[]", one_of=(("configMap",), ("secret",)), needed=True),
        Form(f"{at}.resources", rest=resources),
        Form(f"{at}.mounts", keyed=True),
        Form(f"{at}.mounts.*", text="volume", one_of=(("volume",),), needed=True),
        *(
            form
            for hook in ("postStart", "preStop")
            for form in (
                Form(f"{at}.lifecycle.{hook}", one_of=(("exec",), ("http",), ("sleep",)), needed=True),
                Form(f"{at}.lifecycle.{hook}.exec", listing=True),
            )
        ),
        Form(f"{at}.securityContext.capabilities.add", listing=True),
        Form(f"{at}.securityContext.capabilities.drop", listing=True),
        Form(f"{at}.securityContext.seccompProfile", text="type"),
    )


def _pod_terms(at: str) -> tuple[Form, ...]:
    """The forms of affinity to pods."""
    required = f"{at}.requiredDuringSchedulingIgnoredDuringExecution"
    preferred = f"{at}.preferredDuringSchedulingIgnoredDuringExecution"
    terms = (f"{required}[]", f"{preferred}[].podAffinityTerm")
    return (
        Form(required, listing=True),
        Form(preferred, listing=True),
        *(Form(f"{term}.namespaces", listing=True) for term in terms),
    )


_VALUES = (("value",), ("secret",), ("configMap",), ("field",))
_POD: tuple[Form, ...] = (
    Form("pod.containers", keyed=True),
    *_container("pod.containers.*"),
    Form("pod.containers.*.health", text=readiness_and_liveness, rest=health),
    *(form for kind in ("readiness", "liveness", "startup") for form in _probe(f"pod.containers.*.health.{kind}")),
    Form("pod.initContainers", listing=True),
    Form("pod.initContainers[]", one_of=(("name",),), needed=True),
    *_container("pod.initContainers[]"),
    Form("pod.tolerations", listing=True),
    *_pod_terms("pod.affinity.podAffinity"),
    *_pod_terms("pod.affinity.podAntiAffinity"),
    Form("pod.topologySpreadConstraints", listing=True),
    Form("pod.topologySpreadConstraints[]", text="topologyKey"),
    Form("pod.dnsConfig.nameservers", listing=True),
    Form("pod.dnsConfig.searches", listing=True),
    Form("pod.hostAliases", keyed=True),
    Form("pod.hostAliases.*", listing=True),
    Form("pod.securityContext.seccompProfile", text="type"),
    Form("pod.securityContext.supplementalGroups", listing=True),
)

WORKLOAD: tuple[Form, ...] = (
    Form("image", text=image, one_of=(("tag",), ("digest",))),
    Form("image.pullSecrets", listing=True),
    Form("command", listing=True),
    Form("args", listing=True),
    Form("replicas", text="count", one_of=(("count",), ("min", "max", "cpu"))),
    Form("resources", rest=resources),
    Form("env", keyed=True),
    Form("env.*", text="value", one_of=_VALUES, needed=True),
    Form("envFrom", listing=True),
    Form("envFrom[]", one_of=(("configMap",), ("secret",)), needed=True),
    Form("config", keyed=True),
    Form("config.*", text=file_or_text, one_of=(("file",), ("text",)), needed=True),
    Form("secrets", keyed=True),
    Form("secrets.*", one_of=(("store",),), needed=True),
    Form("secrets.*.data", keyed=True),
    Form("health", text=readiness_and_liveness, rest=health),
    *_probe("health.readiness"),
    *_probe("health.liveness"),
    *_probe("health.startup"),
    Form("volumes", keyed=True),
    Form("volumes.*", one_of=_VOLUMES, needed=True),
    Form("volumes.*.accessModes", listing=True),
    Form("volumes.*.projected", listing=True),
    Form("volumes.*.projected[]", one_of=_SOURCES, needed=True),
    Form("strategy", text="type", one_of=(("type",), ("rollingUpdate",))),
    *_POD,
)
