"""Checks of namespaces that the platform writes, and of what Argo CD is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.secrets import told
from cmp.context.installation import ANY_PROJECT, argo, has_cni, install, revisions
from cmp.context.model import Context, Platform
from cmp.diagnostics import did_you_mean
from cmp.spec.validators import amount

if TYPE_CHECKING:
    from cmp.spec.namespace import ContainerLimits, Namespace

Path = tuple[Step, ...]

#: What is written on a Namespace itself.
OF_THE_OBJECT = ("inject", "labels", "annotations", "podSecurity")
#: Labels that have a word of their own, by how they begin.
SAID_BY = {
    "istio-injection": "inject",
    "istio.io/rev": "inject",
    "istio.io/dataplane-mode": "inject",
    "pod-security.kubernetes.io/": "podSecurity",
    "kubernetes.io/metadata.name": "",
}
#: Namespaces that every cluster has.
BUILT_IN = ("default", "kube-system", "kube-public", "kube-node-lease")


def check_written_namespaces(context: Context) -> Iterator[Finding]:
    """What is said of the object has one, and says nothing twice."""
    platform = context.platform
    for name, one in platform.spec.namespaces.items() if platform is not None else ():
        assert platform is not None  # it has the namespace
        path: Path = ("namespaces", name)
        if one.create and name in BUILT_IN:
            yield Finding(
                "MS262", platform, (*path, "create"), f'every cluster has the namespace "{name}"', "leave it out"
            )
        for key in OF_THE_OBJECT if not one.create else ():
            if getattr(one, key):
                message = f'{key} is written on the Namespace, and "{name}" is not written here'
                yield Finding("MS262", platform, (*path, key), message, "add create: true, or leave it out", True)
        for label in one.labels:
            word = next((word for start, word in SAID_BY.items() if label.startswith(start)), None)
            if word is not None:
                help = f"say it with {word}" if word else "leave it out: Kubernetes writes it"
                yield Finding("MS262", platform, (*path, "labels", label), f"{label} is written already", help, True)
        yield from _injection(platform, name, one)
        if one.podSecurity in ("restricted", "baseline") and install(platform) is not None and not has_cni(platform):
            message = f"{one.podSecurity} refuses pods that set up their network themselves, as proxies do without CNI"
            yield Finding("MS262", platform, (*path, "podSecurity"), message, "remove cni: false from istio.install")


def _injection(platform: Platform, name: str, one: Namespace) -> Iterator[Finding]:
    path: Path = ("namespaces", name, "inject")
    if one.inject in (None, "true", "false"):
        return
    if platform.mode == "ambient":
        message = "in an ambient mesh pods have no proxy of their own, whose revision could be chosen"
        yield Finding("MS264", platform, path, message, "write true")
        return
    istio = platform.spec.istio
    known = sorted({*filter(None, revisions(platform)), *(istio.tags if istio is not None else ())})
    if (install(platform) is not None or known) and one.inject not in known:
        message = f'no control plane has the revision or tag "{one.inject}"'
        listed = f"one of true, false, {', '.join(known)}" if known else "write true, or add istio.revision"
        yield Finding("MS262", platform, path, message, did_you_mean(str(one.inject), known) or listed)


def check_limits(context: Context) -> Iterator[Finding]:
    """Limits that a container can keep to.

    https://kubernetes.io/docs/concepts/policy/limit-range/ (kubernetes pkg/apis/core/validation, ValidateLimitRange)
    """
    platform = context.platform
    for name, one in platform.spec.namespaces.items() if platform is not None else ():
        assert platform is not None  # it has the namespace
        if one.limits is not None:
            yield from _in_order(platform, ("namespaces", name, "limits"), one.limits)


def _in_order(platform: Platform, path: Path, limits: ContainerLimits) -> Iterator[Finding]:
    pairs = (
        ("min", "max"),
        ("min", "defaultRequest"),
        ("min", "default"),
        ("defaultRequest", "default"),
        ("defaultRequest", "max"),
        ("default", "max"),
    )
    if not any(vars(limits).values()):
        yield Finding("MS262", platform, path, "limits that say nothing", "add default: {memory: 256Mi}", True)
    for low, high in pairs:
        below, above = getattr(limits, low), getattr(limits, high)
        for key in sorted(set(below) & set(above)):
            if amount(below[key]) > amount(above[key]):
                message = f"{low} of {key} is {below[key]}, and {high} is {above[key]}"
                yield Finding("MS262", platform, (*path, low, key), message, f"write {above[key]} or less")


def check_closed_namespaces(context: Context) -> Iterator[Finding]:
    """Gateways have no NetworkPolicy of their own, so one that closes their namespace closes them."""
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        assert platform is not None  # it has the gateway
        one = platform.spec.namespaces.get(gateway.namespace)
        if one is not None and one.networkPolicy:
            path = ("namespaces", gateway.namespace, "networkPolicy")
            message = f'nobody would get to the gateway "{gateway.name}", whose pods run in {gateway.namespace}'
            yield Finding("MS262", platform, path, message, "leave it out there", True)


# -- Argo CD -----------------------------------------------------------------------------------------------------------


def check_applications(context: Context) -> Iterator[Finding]:
    """No spec is in two Applications, and no service writes where objects hold for the whole mesh."""
    platform = context.platform
    spec = platform.spec.argocd if platform is not None else None
    if platform is None or spec is None:
        return
    home = platform.tree.node.pos.file.rpartition("/")[0] or "."
    for name, one in sorted(spec.applications.items()):
        path: Path = ("argocd", "applications", name)
        holding = [
            other
            for other, second in sorted(spec.applications.items())
            if other != name and _within(one.path, second.path) and (one.path != second.path or other < name)
            if one.path != second.path or (one.namespace or name) == (second.namespace or other)
        ]
        if holding:
            message = f'"{one.path}" lies in the directory of "{holding[0]}", so two Applications would write the same'
            related = ((platform, ("argocd", "applications", holding[0], "path"), "the other one"),)
            help = "name directories of which none holds another, or one directory with another namespace each"
            yield Finding("MS263", platform, (*path, "path"), message, help, related=related)
        if one.each is False and _within(home, one.path):
            message = f'one Application of "{one.path}" would write the platform too, which lies in it'
            yield Finding("MS263", platform, (*path, "each"), message, "name a directory beside the platform's file")
        where = one.namespace or name
        if where in (platform.target.root_namespace, spec.namespace or "argocd"):
            whose = "Istio's" if where == platform.target.root_namespace else "Argo CD's"
            message = f'"{where}" is {whose} own namespace, and what services write there is not theirs alone'
            help = "name another: namespace: shop"
            yield Finding("MS263", platform, (*path, *(("namespace",) if one.namespace else ())), message, help)
        for key, value in one.parameters.items():
            if said := told(key, value):
                help = "parameters stand in the Application, which many may read: use `secrets` in the spec"
                yield Finding("MS230", platform, (*path, "parameters", key), f'the parameter "{key}" {said}', help)
    if argo(platform).project == ANY_PROJECT and spec.kinds:
        message = f'the project "{ANY_PROJECT}" is not written here, and allows all kinds'
        yield Finding("MS263", platform, ("argocd", "kinds"), message, "leave it out, or name a project", True)


def _within(path: str, directory: str) -> bool:
    return directory in (".", path) or path.startswith(f"{directory}/")
