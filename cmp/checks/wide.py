"""Checks of what the platform says for the mesh, for namespaces and for gateways."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding
from cmp.checks.held import held, operations
from cmp.context.model import Context, Grant, Platform
from cmp.context.names import number_of
from cmp.context.rules import Fields, Policy, Wide, in_force


def check_root_namespace(context: Context) -> Iterator[Finding]:
    """What stands in the root namespace holds for the whole mesh, so it is written as the mesh's.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig (rootNamespace)
    """
    platform = context.platform
    root = platform.target.root_namespace if platform is not None else ""
    said = platform.spec.namespaces.get(root) if platform is not None else None
    if platform is not None and said is not None and (said.mtls or said.access is not None or said.jwt or said.calls):
        message = f"what is written for {root} holds for the whole mesh"
        yield Finding("MS218", platform, ("namespaces", root), message, "write it at the top of the platform", True)


def check_wide_ports(context: Context) -> Iterator[Finding]:
    """Where several services are meant, ports are the pods' own, by number."""
    for one in held(context):
        for operation, path in operations(one.access, one.jwt, one.path) if one.wide is not None else ():
            for key in ("ports", "notPorts"):
                for at, port in enumerate(getattr(operation, key)):
                    if not 0 < (number_of(port) or 0) <= 65535:
                        message = f'"{port}" is not the number of a port of pods'
                        yield Finding("MS205", one.owner, (*path, key, at), message, "write for example 8080")


def check_wide_access(context: Context) -> Iterator[Finding]:
    """Rules that admit are ORed: one for a whole namespace opens each service in it, whatever that service says."""
    for one in held(context):
        if one.kind not in ("mesh", "namespaces"):
            continue
        opened = next((s for s in context.services if one.kind == "mesh" or s.namespace == one.namespace), None)
        for index, rule in enumerate(one.access):
            if opened is not None and in_force(rule) and not (rule.from_ or rule.to or rule.when):
                message = f'this opens "{opened.name}" and all others of {one} to anybody, whatever they say themselves'
                related = ((opened, ("access",), "what it says itself"),)
                help = "say who (from) may do what (to), or let services say it themselves"
                yield Finding("MS218", one.owner, (*one.path, "access", index), message, help, related=related)


def check_gateways_open(context: Context) -> Iterator[Finding]:
    """A gateway that is closed by what holds around it serves nobody: its clients have no identity in the mesh."""
    platform = context.platform
    for one in platform.wide if platform is not None else ():
        if platform is None or one.selector is None:
            continue
        closing = [other for other in platform.around(one.namespace) if other.grants is not None]
        if (
            one.grants is None
            and closing
            and not any(_strangers(grant) for other in closing for grant in other.grants or ())
        ):
            message = (
                f'gateway "{one.path[1]}" would serve nobody: {_said(closing[0])} lets in only callers of the mesh'
            )
            yield Finding("MS218", platform, one.path, message, "add to the gateway: access: [{}]", True)
        for other in platform.around(one.namespace):
            if any(_denies_strangers(policy) for policy in other.policies):
                message = (
                    f'gateway "{one.path[1]}" would serve nobody: {_said(other)} denies callers without an identity'
                )
                help = "write the rule that denies for the namespaces that it is meant for"
                yield Finding("MS218", platform, one.path, message, help, True)


def _said(wide: Wide) -> str:
    return f'access of namespace "{wide.path[1]}"' if wide.path else "access of the mesh"


#: What a source may say of a caller that has no identity.
WITHOUT_IDENTITY = ("ipBlocks", "remoteIpBlocks", "requestPrincipals")


def _strangers(grant: Grant) -> bool:
    """Whether a rule may fit a request without an identity."""
    return all(not one.key.startswith("source.") for one in grant.conditions if one.values) and any(
        _unknown(source) for source in grant.sources or ({},)
    )


def _unknown(source: Fields) -> bool:
    return all(key.startswith("not") or key in WITHOUT_IDENTITY for key in source)


def _denies_strangers(policy: Policy) -> bool:
    """Whether a policy denies every request without an identity, since it says only who is not denied."""
    return (
        policy.action == "DENY"
        and not policy.dry_run
        and any(
            not (rule.operations or rule.conditions)
            and any(all(key in NOT_CALLERS for key in source) for source in rule.sources or ({},))
            for rule in policy.rules
        )
    )


NOT_CALLERS = ("notPrincipals", "notNamespaces", "notServiceAccounts", "notTrustDomains")


def check_passed_on(context: Context) -> Iterator[Finding]:
    """Where a gateway passes TLS on, it reads no requests: rules that deny by them would deny every connection."""
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        wide = (
            next((one for one in platform.wide if one.path == ("gateways", gateway.name)), None) if platform else None
        )
        if platform is None or wide is None or not any(_denies_requests(policy) for policy in wide.policies):
            continue
        message = (
            f'rules of gateway "{gateway.name}" deny by what is in requests, and of these connections it reads none'
        )
        help = "give what is passed on a gateway of its own, or name ports in the rules"
        if any(server.kind == "tls" for server in gateway.main):
            yield Finding("MS218", platform, ("gateways", gateway.name, "tls"), message, help, True)
        for service in context.services:
            for one in service.exposures:
                if one.gateway == gateway and one.kind == "tls" and (one.server is None or one.server in gateway.main):
                    yield Finding("MS218", service, ("expose", one.at), message, help)


def _denies_requests(policy: Policy) -> bool:
    """Whether a policy of a gateway keeps away from ports without HTTP, and names none."""
    operations = (one for rule in policy.rules for one in rule.operations)
    return policy.action in ("DENY", "CUSTOM") and any("ports" not in one and "notPorts" in one for one in operations)


def check_names_of_platform(context: Context) -> Iterator[Finding]:
    """Objects of a namespace as a whole are called "default": a service of that name would write the same ones."""
    platform = context.platform
    for service in context.services:
        if (
            service.name == "default"
            and isinstance(platform, Platform)
            and service.namespace in platform.spec.namespaces
        ):
            message = f'"default" is what objects for the whole namespace "{service.namespace}" are called'
            yield Finding("MS207", service, ("metadata", "name"), message, "choose another name")
