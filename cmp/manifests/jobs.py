"""Jobs: hooks of a sync and schedules, what protects their pods, and what those bring that run apart.

The pods of a job have the account of the service and may call what it calls, but their label ``app`` is another: no
Service, no route and no policy of the service takes them for its own. docs/adr/0015-jobs.md says why all is as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cmp.context.jobs import Job
from cmp.context.model import Service
from cmp.context.names import digest
from cmp.context.network import METRICS, Network, Peer, Way
from cmp.manifests import egress, rbac, security, storage, workload
from cmp.manifests.network_policy import network_policies
from cmp.manifests.pod import job_template
from cmp.manifests.step import Step, manifest, without_pods
from cmp.waves import HOOK, Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.jobs import PodFailurePolicy, PodFailureRule

API = "batch/v1"

DELETE = "argocd.argoproj.io/hook-delete-policy"
#: A job stays until it runs again, with the logs of its pods.
UNTIL_NEXT = "BeforeHookCreation"
#: What a job brings goes as soon as the sync has ended: a right that stays is a right that somebody finds.
UNTIL_END = "BeforeHookCreation,HookSucceeded,HookFailed"


def hooks(service: Service) -> Iterator[Manifest]:
    """The jobs that run in each sync.

    Argo CD makes them anew each time. As a plain object, a Job could never be changed: its template is immutable.
    """
    for job in service.jobs:
        if job.spec.hook is not None:
            yield _hooked(manifest(API, "Job", job.full, spec=_job(service, job)), job, UNTIL_NEXT)


def marks(service: Service) -> Iterator[Manifest]:
    """What tells Argo CD that a job has changed: it compares no hooks, and would start no sync for a change of one.

    It is applied behind the jobs, so that an application is out of sync until they have succeeded.
    """
    found = {job.name: digest(_text(_job(service, job))) for job in service.jobs if job.spec.hook in _MARKED}
    if found:
        yield manifest("v1", "ConfigMap", f"{service.name}-jobs", data=found)


#: A job that only runs when a sync has failed is no reason for one.
_MARKED = ("PreSync", "Sync", "PostSync")


def _text(value: Any) -> str:
    """An object as a text that is the same for equal objects, in whatever order they were built."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_text(value[key])}' for key in sorted(value) if value[key] is not None)}}}"
    return f"[{','.join(map(_text, value))}]" if isinstance(value, list) else repr(value)


def schedules(service: Service) -> Iterator[Manifest]:
    """The jobs that run by a schedule."""
    for job in service.jobs:
        spec = job.spec
        if spec.schedule is not None:
            written = {
                "schedule": spec.schedule,
                "timeZone": spec.timeZone,
                "concurrencyPolicy": spec.concurrencyPolicy,
                "startingDeadlineSeconds": spec.startingDeadlineSeconds,
                "successfulJobsHistoryLimit": spec.successfulJobsHistoryLimit,
                "failedJobsHistoryLimit": spec.failedJobsHistoryLimit,
                "jobTemplate": {"spec": _job(service, job)},
            }
            yield manifest(API, "CronJob", job.full, spec=written)


def _job(service: Service, job: Job) -> Manifest:
    spec, template = job.spec, job_template(service, job)
    if job.apart:
        template = _renamed(template, {name: f"{job.full}-{name}" for name in spec.secrets})
    return {
        "backoffLimit": spec.backoffLimit,
        "activeDeadlineSeconds": spec.activeDeadlineSeconds,
        "ttlSecondsAfterFinished": spec.ttlSecondsAfterFinished,
        "parallelism": spec.parallelism,
        "completions": spec.completions,
        "completionMode": spec.completionMode,
        "podFailurePolicy": _failures(spec.podFailurePolicy) if spec.podFailurePolicy is not None else None,
        "template": template,
    }


def _failures(policy: PodFailurePolicy) -> Manifest:
    return {"rules": [_failure(rule) for rule in policy.rules]}


def _failure(rule: PodFailureRule) -> Manifest:
    """A rule. The API server wants codes in order, and would add the status inside the list."""
    codes = rule.onExitCodes
    if codes is None:
        listed = [{"type": one.type, "status": one.status or "True"} for one in rule.onPodConditions]
        return {"action": rule.action, "onPodConditions": listed}
    values = sorted(set(codes.values))
    found = {"containerName": codes.containerName, "operator": codes.operator, "values": values}
    return {"action": rule.action, "onExitCodes": found}


def _hooked(found: Manifest, job: Job, delete: str) -> Manifest:
    """An object as a hook of the phase of a job."""
    notes = found["metadata"].get("annotations") or {}
    found["metadata"]["annotations"] = {**notes, HOOK: job.spec.hook, DELETE: delete}
    return found


# -- what protects the pods --------------------------------------------------------------------------------------------


def _as_its_pods(service: Service, job: Job) -> Service:
    """The service as builders see it for the pods of a job: under their name, with their label and account.

    They call what the service calls, and nobody calls them but for metrics.
    """
    metrics = Way((Peer(),), tuple((number, "TCP") for number in METRICS))
    network = Network((metrics,), service.network.egress) if service.network is not None else None
    return service._replace(
        name=job.full,
        account=job.account,
        owns_account=job.apart,
        facts=service.facts._replace(labels=job.labels),
        network=network,
    )


def prerequisites(service: Service) -> Iterator[Manifest]:
    """What the pods of jobs need beside what the service has."""
    for job in service.jobs:
        if not job.apart:
            yield from _before(_as_its_pods(service, job))


def guards(service: Service) -> Iterator[Manifest]:
    """What holds for the pods of jobs: they call what the service calls, and nobody calls them."""
    for job in service.jobs:
        if not job.apart:
            yield from _around(_as_its_pods(service, job))


def _before(pods: Service) -> Iterator[Manifest]:
    yield from workload.proxy_config(pods)
    yield from network_policies(pods)


def _around(pods: Service) -> Iterator[Manifest]:
    """The Sidecar, TLS that the proxy adds, and the policy that admits nobody: an ALLOW without rules."""
    yield without_pods(manifest(egress.API, "Sidecar", pods.name, spec=egress.outgoing(pods)), egress.NO_SUCH_PODS)
    yield from egress.originations(pods)
    spec = {"selector": {"matchLabels": dict(pods.facts.labels)}, "action": "ALLOW"}
    yield without_pods(manifest(security.API, "AuthorizationPolicy", pods.name, spec=spec), security.NO_SUCH_PODS)


# -- jobs that run apart -----------------------------------------------------------------------------------------------


def copies(service: Service) -> Iterator[Manifest]:
    """What a job brings that runs where the objects of the service may not be there: an account, and all the rest.

    The names are its own: of two objects of one name, Argo CD would keep one, as a hook or not.
    """
    for job in service.jobs:
        for found in _brought(_as_its_pods(service, job), job) if job.apart else ():
            yield _hooked(found, job, UNTIL_END)


def _brought(pods: Service, job: Job) -> Iterator[Manifest]:
    yield from workload.service_account(pods)
    if job.config is not None:
        yield storage.config_map(job.config)
    for name, secret in job.spec.secrets.items():
        yield storage.external_secret(f"{job.full}-{name}", secret)
    yield from rbac.role(pods)
    yield from rbac.role_binding(pods)
    yield from egress.credential_readers(pods)
    yield from _before(pods)
    yield from _around(pods)


#: Where a pod names a Secret: the key above, and the key of the name.
_SECRETS = (
    ("imagePullSecrets", "name"),
    ("nodePublishSecretRef", "name"),
    ("secret", "name"),
    ("secret", "secretName"),
    ("secretKeyRef", "name"),
    ("secretRef", "name"),
)


def _renamed(value: Any, names: Mapping[str, str], above: str = "") -> Any:
    """A pod that finds Secrets under other names."""
    if isinstance(value, list):
        return [_renamed(item, names, above) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.get(item, item) if (above, key) in _SECRETS else _renamed(item, names, key)
        for key, item in value.items()
    }


STEPS = (
    Step(Wave.PREREQUISITES, prerequisites),
    Step(Wave.PREREQUISITES, copies),
    Step(Wave.GUARDS, guards),
    Step(Wave.JOBS, hooks),
    Step(Wave.FOLLOWERS, marks),
    Step(Wave.FOLLOWERS, schedules),
)
