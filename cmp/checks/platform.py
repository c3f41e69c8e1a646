"""Checks of the platform and of what a service asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cmp.checks.finding import Finding
from cmp.context.model import Context
from cmp.diagnostics import did_you_mean
from cmp.spec.kubernetes import LABEL

#: The oldest releases that we write for: Istio's CRDs serve v1 of all kinds, and Kubernetes knows all fields.
FLOORS = {"istio": (1, 24), "kubernetes": (1, 28)}


def check_versions_known(context: Context) -> Iterator[Finding]:
    """The platform's versions are not older than what we write for."""
    platform = context.platform
    if platform is None:
        return
    for key, floor in FLOORS.items():
        version: tuple[int, int] = getattr(platform.target, key)
        if version < floor:
            path = ("istio", "version" if key == "istio" else key)
            shown = ".".join(map(str, version))
            message = f"{key} {shown} is older than {floor[0]}.{floor[1]}, the oldest that meshspec writes for"
            yield Finding("MS212", platform, path, message, "upgrade, or use an older meshspec")


def check_mode(context: Context) -> Iterator[Finding]:
    """Services have sidecars, so far: an ambient mesh is installed, and no more."""
    platform = context.platform
    if platform is not None and platform.mode == "ambient" and context.services:
        message = "services of a mesh with mode: ambient are not built yet"
        yield Finding("MS106", platform, ("istio", "mode"), message, "leave it out for now")


def check_gateway_tls(context: Context) -> Iterator[Finding]:
    """A redirect to HTTPS leads somewhere."""
    for gateway in context.platform.gateways if context.platform is not None else ():
        if gateway.spec.httpsRedirect and gateway.spec.tls is None:
            assert context.platform is not None  # it holds the gateway
            message = f'gateway "{gateway.name}" redirects to HTTPS, which it does not serve'
            help = "add tls: name-of-the-secret, or remove httpsRedirect"
            yield Finding("MS102", context.platform, ("gateways", gateway.name, "httpsRedirect"), message, help, True)


def check_gateway_accounts(context: Context) -> Iterator[Finding]:
    """Pods chosen by labels have an account that no name tells."""
    for gateway in context.platform.gateways if context.platform is not None else ():
        if gateway.spec.hosts and gateway.spec.selector and gateway.spec.serviceAccount is None:
            message = f'gateway "{gateway.name}" has a selector, but no serviceAccount'
            help = "add serviceAccount: that of its pods, by which services admit the gateway"
            assert context.platform is not None  # it holds the gateway
            yield Finding("MS102", context.platform, ("gateways", gateway.name), message, help)


def check_app_names(context: Context) -> Iterator[Finding]:
    """An app's name becomes a label, and part of names."""
    for service in context.services:
        if service.app and not re.fullmatch(LABEL, service.app):
            message = f'"{service.app}" is not a valid name for an app'
            help = "at most 63 lower-case letters, digits and -, with a letter or digit at both ends"
            yield Finding("MS206", service, ("metadata",), message, help, pos=service.tree.app_pos)


def check_parameters(context: Context) -> Iterator[Finding]:
    """A declared path leads to something that can be set."""
    for service in context.services:
        for index, path in enumerate(service.spec.parameters):
            at: Any = service.spec
            for key in path.split("."):
                if isinstance(at, Mapping):
                    at = at.get(key)
                elif hasattr(at, "__pydantic_fields_set__"):
                    if key not in vars(at):
                        help = did_you_mean(key, sorted(vars(at)))
                        message = f'parameter "{path}" leads nowhere: there is no key "{key}"'
                        yield Finding("MS112", service, ("parameters", index), message, help)
                        break
                    at = getattr(at, key)
                elif isinstance(at, tuple):
                    message = f'parameter "{path}" leads into a list, which has no names to set'
                    yield Finding("MS112", service, ("parameters", index), message, "name a key outside of lists")
                    break
                if at is None:
                    break  # not written, so that its keys are not known here


def check_namespaces(context: Context) -> Iterator[Finding]:
    """Inside Argo CD somebody names the namespace: "default" is where nobody looks for a service."""
    lacking = next((service for service in context.services if not service.namespace), None)
    if lacking is not None:  # all that lack one lack the same
        help = "set the Application's spec.destination.namespace, or metadata.namespace in the spec"
        yield Finding("MS113", lacking, ("metadata", "name"), f'no namespace for "{lacking.name}"', help)


def check_platform_name(context: Context) -> Iterator[Finding]:
    """A spec that names its platform gets that one or none."""
    for service in context.services:
        wanted, found = service.spec.platform, context.platform
        if wanted is None or (found is not None and found.name == wanted):
            continue
        message = f'platform "{wanted}" is not here' + (f', but "{found.name}" is' if found is not None else "")
        near = did_you_mean(wanted, [found.name]) if found is not None else ""
        help = near or "put its meshplatform.yaml here or above (in Argo CD, manifest-generate-paths must send it)"
        yield Finding("MS202", service, ("platform",), message, help)
