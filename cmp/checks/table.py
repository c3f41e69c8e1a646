"""All checks, in one place to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cmp.checks import (
    access,
    advice,
    authorization,
    egress,
    gates,
    gateways,
    headers,
    headless,
    ingress,
    jobs,
    kinds,
    matches,
    monitoring,
    order,
    outside,
    platform,
    pod,
    policy,
    ports,
    reach,
    running,
    scaling,
    secrets,
    servers,
    services,
    sidecar,
    storage,
    streams,
    telemetry,
    tokens,
    traffic,
    wide,
    workload,
)
from cmp.checks.finding import Finding, diagnose
from cmp.context.model import Context
from cmp.diagnostics import Diagnostic

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    running.check_meaning,
    running.check_bare_hosts,
    running.check_named_services,
    running.check_callers_by_labels,
    running.check_rules_without_requests,
    running.check_visibility,
    outside.check_outside,
    outside.check_owners,
    outside.check_called_ports,
    outside.check_machines,
    kinds.check_kinds,
    kinds.check_single,
    kinds.check_names,
    kinds.check_strategies,
    kinds.check_retention,
    services.check_services,
    services.check_callers_from_outside,
    services.check_node_ports,
    services.check_app_protocols,
    headless.check_headless,
    headless.check_balanced,
    headless.check_led_to,
    workload.check_images,
    scaling.check_replicas,
    scaling.check_requests,
    scaling.check_metrics,
    scaling.check_triggers,
    scaling.check_budgets,
    workload.check_resources,
    workload.check_health,
    workload.check_shutdown,
    workload.check_accounts,
    workload.check_users,
    order.check_waves,
    order.check_options,
    secrets.check_external_secrets,
    secrets.check_plain_secrets,
    secrets.check_tokens_of_readers,
    pod.check_containers,
    pod.check_own_container,
    pod.check_mounts,
    pod.check_lifecycles,
    pod.check_privileges,
    pod.check_placement,
    pod.check_rbac,
    storage.check_config,
    storage.check_mount_paths,
    storage.check_volumes,
    storage.check_claims,
    jobs.check_only_jobs,
    jobs.check_starts,
    jobs.check_ends,
    jobs.check_finds,
    jobs.check_names,
    ports.check_ports,
    traffic.check_weights,
    traffic.check_versions,
    ports.check_route_ports,
    ports.check_destination_ports,
    ingress.check_gateways,
    ingress.check_exposed,
    ingress.check_paths,
    ingress.check_gateway_ports_taken,
    reach.check_routes,
    reach.check_hosts,
    reach.check_connections,
    headers.check_headers,
    headers.check_sent_headers,
    streams.check_encrypted_ports,
    streams.check_stream_ports,
    streams.check_server_names,
    traffic.check_answers,
    traffic.check_retries,
    traffic.check_timeouts,
    matches.check_places,
    matches.check_claims,
    matches.check_combinations,
    matches.check_prefix_rewrites,
    matches.check_delegates,
    matches.check_delegated,
    policy.check_policies,
    policy.check_ports_and_versions,
    policy.check_tls_fits,
    gates.check_gates,
    access.check_calls,
    access.check_exposed,
    access.check_destinations,
    access.check_hosts,
    access.check_identities,
    egress.check_external,
    egress.check_owned_hosts,
    egress.check_added_tls,
    egress.check_ways_out,
    egress.check_egress_gateways,
    sidecar.check_sidecars,
    sidecar.check_proxies,
    sidecar.check_shared_calls,
    authorization.check_actions,
    authorization.check_providers,
    authorization.check_authorizers,
    authorization.check_sources,
    authorization.check_gateway_names,
    authorization.check_conditions,
    authorization.check_operations,
    tokens.check_tokens,
    tokens.check_token_ports,
    tokens.check_requirements,
    tokens.check_required_twice,
    tokens.check_tokens_known,
    tokens.check_claims,
    telemetry.check_providers,
    telemetry.check_telemetry,
    telemetry.check_labels,
    telemetry.check_one_telemetry,
    monitoring.check_metrics,
    monitoring.check_objectives,
    monitoring.check_dashboard,
    monitoring.check_alerts,
    monitoring.check_platform,
    wide.check_root_namespace,
    wide.check_wide_ports,
    wide.check_wide_access,
    wide.check_gateways_open,
    wide.check_passed_on,
    wide.check_names_of_platform,
    platform.check_versions_known,
    platform.check_mode,
    platform.check_gateway_tls,
    platform.check_gateway_accounts,
    gateways.check_gateway_hosts,
    gateways.check_gateway_ports,
    gateways.check_certificates,
    gateways.check_tls_limits,
    servers.check_gateway_pods,
    servers.check_own_servers,
    platform.check_app_names,
    platform.check_parameters,
    platform.check_namespaces,
    platform.check_platform_name,
    advice.check_undeclared_hosts,
    advice.check_idle_versions,
    advice.check_empty_versions,
    advice.check_repeated_requests,
    advice.check_idle_callers,
    advice.check_moving_tags,
    advice.check_ignored,
)


#: What follows from a value that the parser took out: the codes to leave unsaid, by the top-level key it stood under.
FOLLOWS = {
    "access": {"MS208"},
    "argocd": {"MS263"},
    "calls": {"MS208"},
    "gateways": {"MS202", "MS204"},
    "image": {"MS210"},
    "istio": {"MS261", "MS262"},
    "jobs": {"MS102", "MS210", "MS224"},
    "jwt": {"MS102"},
    "namespaces": {"MS208"},
    "port": {"MS205"},
    "ports": {"MS205"},
    "resources": {"MS213"},
    "routes": {"MS219"},
    "tcpRoutes": {"MS219"},
    "versions": {"MS201", "MS203", "MS210", "MS213"},
    "workload": {"MS210"},
}


def of_installations() -> tuple[Callable[[Context], Iterator[Finding]], ...]:
    """The checks of what few platforms say of themselves, imported for these alone."""
    from cmp.checks import gitops, installation

    return (
        installation.check_releases,
        installation.check_gateways_installed,
        installation.check_values,
        installation.check_ambient,
        gitops.check_written_namespaces,
        gitops.check_limits,
        gitops.check_closed_namespaces,
        gitops.check_applications,
    )


def check(context: Context) -> list[Diagnostic]:
    """All findings of all checks, less those that only follow from an error, and warnings that their owner silences."""
    installs = context.platform is not None and context.platform.installs
    checks = (*CHECKS, *(of_installations() if installs else ()))
    found = [finding for one in checks for finding in one(context) if not _follows(finding, context)]
    return [diagnose(finding) for finding in found if not _is_silenced(finding)]


def _is_silenced(finding: Finding) -> bool:
    return finding.severity == "warning" and finding.code in getattr(finding.owner.spec, "ignore", ())


def _follows(finding: Finding, context: Context) -> bool:
    """Whether a finding stands at, above or below a value that is gone, or is of a kind that such a value leads to."""
    owners = [finding.owner, *(owner for owner, _, _ in finding.related)]
    if context.platform is not None:
        owners.append(context.platform)
    if any(finding.code in FOLLOWS.get(str(path[0]), ()) for owner in owners for path in owner.broken):
        return True
    path = finding.path
    return any(gone[: len(path)] == path or path[: len(gone)] == gone for gone in finding.owner.broken)
