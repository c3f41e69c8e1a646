"""Checks of how Istio is installed: releases, revisions, values of charts, and what an ambient mesh can say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.secrets import told
from cmp.context.installation import install, is_installed, revisions
from cmp.context.model import Context, Platform
from cmp.diagnostics import did_you_mean
from cmp.node import Node, Quoted, entries_of

if TYPE_CHECKING:
    from cmp.spec.installation import Istio

Path = tuple[Step, ...]


def _whole(version: str) -> bool:
    return version.count(".") == 2


def check_releases(context: Context) -> Iterator[Finding]:
    """Charts have the version of a whole release, and a canary is one of two control planes that we install."""
    platform = context.platform
    if platform is None or platform.spec.istio is None:
        return
    istio, found = platform.spec.istio, install(platform)
    help = "for example 1.30.3, as Istio's releases are named"
    if found is not None and istio.version is None:
        yield Finding("MS261", platform, ("istio", "install"), "which release is installed?", f"add version: {help}")
    elif found is not None and not _whole(istio.version or ""):
        message = f"{istio.version} is no whole release, and charts have the version of one"
        yield Finding("MS261", platform, ("istio", "version"), message, help)
    if istio.canary is not None:
        yield from _canary(platform, istio)
    known = [revision for revision in revisions(platform) if revision]
    for tag, revision in istio.tags.items():
        if tag in known:
            message = f'"{tag}" is a revision itself'
            yield Finding("MS261", platform, ("istio", "tags", tag), message, "give the tag another name", True)
        if revision not in known:
            message = f'tag "{tag}" stands for the revision "{revision}", which no control plane here has'
            near = did_you_mean(revision, known) or (f"one of {', '.join(known)}" if known else "add istio.revision")
            yield Finding("MS261", platform, ("istio", "tags", tag), message, near)


def _canary(platform: Platform, istio: Istio) -> Iterator[Finding]:
    canary = istio.canary
    assert canary is not None  # the caller has looked
    path: Path = ("istio", "canary")
    if install(platform) is None:
        message = "a canary is a second control plane, and none is installed from here"
        yield Finding("MS261", platform, path, message, "add install: true, or leave it out", True)
    elif not _whole(canary.version):
        message = f"{canary.version} is no whole release, and charts have the version of one"
        yield Finding("MS261", platform, (*path, "version"), message, "for example 1.31.0")
    if istio.revision is None:
        message = "two control planes are told apart by their revisions, and the first has none"
        help = f"add revision: {(istio.version or '1.30.3').replace('.', '-')}"
        yield Finding("MS261", platform, path, message, help, True)
    elif istio.revision == canary.revision:
        message = f'both control planes have the revision "{canary.revision}"'
        yield Finding("MS261", platform, (*path, "revision"), message, f"write {canary.version.replace('.', '-')}")


def check_gateways_installed(context: Context) -> Iterator[Finding]:
    """What is said of the installation of a gateway has one."""
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        assert platform is not None  # it holds the gateway
        path: Path = ("gateways", gateway.name)
        if gateway.spec.install and install(platform) is None:
            message = f'gateway "{gateway.name}" is installed along with Istio, which is not installed from here'
            help = "add istio: {version: 1.30.3, install: true}, or leave it out"
            yield Finding("MS261", platform, (*path, "install"), message, help)
        if gateway.spec.values is not None and not is_installed(platform, gateway):
            message = f'values of a chart, but the pods of gateway "{gateway.name}" are not installed from here'
            yield Finding("MS261", platform, (*path, "values"), message, "leave them out", True)


# -- values ------------------------------------------------------------------------------------------------------------

#: Values that other keys write, which have to agree in several charts and objects, and the keys to say them with.
WRITTEN = {
    "base": {"defaultRevision": "istio.revision", "global.istioNamespace": "istio.namespace"},
    "istiod": {
        "revision": "istio.revision",
        "revisionTags": "istio.tags",
        "profile": "istio.mode",
        "global.istioNamespace": "istio.namespace",
        "global.proxy.clusterDomain": "istio.clusterDomain",
        "meshConfig.rootNamespace": "istio.namespace",
        "meshConfig.trustDomain": "istio.trustDomain",
        "meshConfig.extensionProviders": "providers",
    },
    "cni": {"profile": "istio.mode", "ambient.enabled": "istio.mode"},
    "ztunnel": {"revision": "istio.revision", "istioNamespace": "istio.namespace"},
    "gateway": {
        "name": "the name of the gateway",
        "revision": "istio.revision",
        "labels.istio": "gateways.*.selector",
        "labels.app": "gateways.*.selector",
        "serviceAccount.name": "gateways.*.serviceAccount",
        "serviceAccount.create": "gateways.*.serviceAccount",
    },
    "kube-prometheus-stack": {
        "grafana.enabled": "monitoring.grafana",
        "grafana.admin.existingSecret": "monitoring.grafana.adminSecret",
        "grafana.adminPassword": "monitoring.grafana.adminSecret",
    },
}
#: Where the values of a chart may stand as well: older charts had them there (istiod, zzy_descope_legacy.yaml).
OLDER = {"istiod": ("pilot",)}


def check_values(context: Context) -> Iterator[Finding]:
    """Values of charts are maps of plain data, and do not say what the platform says in words of its own."""
    platform = context.platform
    if platform is None:
        return
    blocks: list[tuple[str, Path, Node]] = []
    for chart, node in entries_of(platform.tree.node.get("istio", "install", "values")).items():
        blocks.append((chart, ("istio", "install", "values", chart), node))
    for name, gateway in entries_of(platform.tree.node.get("gateways")).items():
        own = gateway.get("values")
        if own is not None:
            blocks.append(("gateway", ("gateways", name, "values"), own))
    own = platform.tree.node.get("monitoring", "prometheus", "values")
    if own is not None:
        blocks.append(("kube-prometheus-stack", ("monitoring", "prometheus", "values"), own))
    for chart, path, node in blocks:
        if not isinstance(node.value, dict):
            yield Finding("MS103", platform, path, "values: expected a map", "write {key: value}")
            continue
        yield from _data(platform, node, path)
        for written, key in WRITTEN[chart].items():
            for at in (written, *(f"{prefix}.{written}" for prefix in OLDER.get(chart, ()))):
                if node.get(*at.split(".")) is not None:
                    message = f"{at} of the chart {chart} is what {key} says"
                    yield Finding("MS260", platform, (*path, *at.split(".")), message, f"say it with {key}", True)


#: How charts call a value that is the name of a Secret.
OF_SECRETS = re.compile("^existing|From(Secrets?|ConfigMaps?)$")


def _data(platform: Platform, node: Node, path: Path) -> Iterator[Finding]:
    """What no value may be, wherever it stands: read in two ways, or a secret, whose line is not shown."""
    value = node.value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _data(platform, child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _data(platform, child, (*path, index))
    elif isinstance(value, str):
        if not isinstance(value, Quoted) and re.fullmatch("[-+]?0[0-9]+", value):
            message = f"{value} is octal to some readers of YAML, and decimal to others"
            yield Finding("MS103", platform, path, message, "write quotes for text, or no zero in front")
        named = str(path[-1]) if not OF_SECRETS.search(str(path[-1])) else ""
        if said := told(named, value):
            help = "keep it in a Secret that the chart reads: the repository and Argo CD's cache are read by many"
            what = f'the value "{path[-1]}"' if isinstance(path[-1], str) else "a value"
            yield Finding("MS230", platform, path, f"{what} {said}", help)


# -- ambient -----------------------------------------------------------------------------------------------------------

#: What needs a proxy beside each pod: ztunnel reads no requests, and there is no Sidecar.
SIDECARS_ONLY = ("access", "jwt", "calls")


def check_ambient(context: Context) -> Iterator[Finding]:
    """What ztunnel cannot hold is refused, and not approximated.

    https://istio.io/latest/docs/ambient/usage/l4-policy/
    """
    platform = context.platform
    if platform is None or platform.mode != "ambient":
        return
    holders: list[tuple[Path, object]] = [((), platform.spec)]
    holders += [(("namespaces", name), one) for name, one in platform.spec.namespaces.items()]
    for path, one in holders:
        for key in SIDECARS_ONLY:
            if getattr(one, key):
                message = f"{key} for all pods needs a proxy beside each, and mode: ambient has none"
                yield Finding("MS264", platform, (*path, key), message, "leave it out, or use mode: sidecar", True)
        mtls = getattr(one, "mtls", None)
        if mtls is not None and mtls.mode == "DISABLE":
            message = "in an ambient mesh mutual TLS cannot be turned off: ztunnel reads DISABLE as PERMISSIVE"
            yield Finding("MS264", platform, (*path, "mtls"), message, "write PERMISSIVE")
    istio = platform.spec.istio
    if istio is not None and istio.canary is not None:
        message = "a canary control plane is for proxies that choose one, and the ztunnel of a node is there once"
        yield Finding("MS264", platform, ("istio", "canary"), message, "upgrade in place: change version", True)
    if istio is not None and istio.install is not None and istio.install.cni is False:
        message = "an ambient mesh gets at pods by Istio's CNI"
        yield Finding("MS264", platform, ("istio", "install", "cni"), message, "leave it out")
