"""Checks of jobs: when they run, whether they can end, and that nobody takes their pods for those of a service."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.context.egress import external
from cmp.context.jobs import Job
from cmp.context.model import Context, Service
from cmp.context.releases import SIDECARS
from cmp.node import entries_of

#: Characters of the name of a Job, which is a label of its pods, and of a CronJob, which adds a number to it
#: (kubernetes pkg/apis/batch/validation, ValidateCronJobCreate).
LONGEST_JOB, LONGEST_SCHEDULE = 63, 52
#: Rules of a pod failure policy (kubernetes pkg/apis/batch/validation, maxPodFailurePolicyRules).
MOST_RULES = 20


def _each(context: Context) -> Iterator[tuple[Service, Job, tuple[Step, ...]]]:
    for service in context.services:
        for job in service.jobs:
            yield service, job, ("jobs", job.name)


def check_only_jobs(context: Context) -> Iterator[Finding]:
    """Where only jobs run, there are some, and nothing is said of pods that serve."""
    for service in context.services:
        if service.facts.runs != "jobs":
            continue
        workload = service.tree.node.get("workload")
        for key in (one for one in entries_of(workload) if one != "kind"):
            message = f'"{key}" is for what serves, and with workload None only jobs run'
            yield Finding("MS221", service, ("workload", key), message, "leave it out", True)
        if not service.jobs:
            message = "nothing runs here: workload is None, and there are no jobs"
            yield Finding("MS102", service, ("workload",), message, "add jobs: {name: {schedule: ..}}, or leave it out")


def check_starts(context: Context) -> Iterator[Finding]:
    """Something starts a job, and it does something else than the service."""
    for service, job, path in _each(context):
        spec, image = job.spec, service.spec.image
        if spec.hook is None and spec.schedule is None:
            message = f'nothing starts job "{job.name}": it has neither hook nor schedule'
            yield Finding("MS102", service, path, message, 'add hook: Sync, or schedule: "0 3 * * *"', True)
        same = image is not None and spec.image is not None and image.repository == spec.image.repository
        if service.facts.runs == "image" and same and not (spec.command or spec.args):
            message = f'job "{job.name}" has no command, and the image of the service: it would run the service itself'
            yield Finding("MS102", service, path, message, "add command: [./migrate], or an image of its own", True)


def check_ends(context: Context) -> Iterator[Finding]:
    """A job can end although a proxy runs beside it, and what is said of its tries is what Kubernetes takes.

    kubernetes pkg/apis/batch/validation, validateJobSpec
    """
    for service, job, path in _each(context):
        spec = job.spec
        if service.target.kubernetes < SIDECARS.release:
            shown = ".".join(map(str, service.target.kubernetes))
            message = f"Kubernetes {shown} has no sidecars, and with its proxy as a plain container no job ends"
            help = "raise istio.kubernetes of the platform when the cluster has 1.29, or start the job by other means"
            yield Finding("MS212", service, path, message, help, True)
        if spec.completionMode == "Indexed" and spec.completions is None:
            at = (*path, "completionMode")
            yield Finding("MS224", service, at, "Indexed needs completions: how many numbers", "add completions: 3")
        policy = spec.podFailurePolicy
        if policy is None:
            continue
        if spec.restartPolicy == "OnFailure":
            message = "podFailurePolicy is about pods, and with OnFailure none fails before the job does"
            yield Finding("MS224", service, (*path, "restartPolicy"), message, "leave it out: the default is Never")
        if len(policy.rules) > MOST_RULES:
            at = (*path, "podFailurePolicy", "rules")
            yield Finding(
                "MS224", service, at, f"{len(policy.rules)} rules; Kubernetes takes {MOST_RULES}", "join some"
            )
        yield from _codes(service, job, (*path, "podFailurePolicy", "rules"))


def _codes(service: Service, job: Job, path: tuple[Step, ...]) -> Iterator[Finding]:
    pod = job.spec.pod
    others = (*pod.containers, *(one.name for one in pod.initContainers)) if pod is not None else ()
    for index, rule in enumerate(job.spec.podFailurePolicy.rules if job.spec.podFailurePolicy is not None else ()):
        codes = rule.onExitCodes
        if codes is None:
            continue
        at = (*path, index, "onExitCodes")
        if codes.operator == "In" and 0 in codes.values:
            yield Finding("MS224", service, (*at, "values"), "0 is no failure", "leave it out")
        if codes.containerName not in (None, service.name, *others):
            message = f'job "{job.name}" has no container "{codes.containerName}"'
            yield Finding("MS224", service, (*at, "containerName"), message, f'its own is "{service.name}"')


def check_finds(context: Context) -> Iterator[Finding]:
    """What a job uses is there when it runs."""
    for service, job, path in _each(context):
        for place, volume in job.spec.volumes.items():
            if volume.size is not None:
                message = "a claim belongs to the pods that serve, and a hook would wait for it"
                help = "name a claim that is there (claim: name), or use emptyDir: {}"
                yield Finding("MS224", service, (*path, "volumes", place, "size"), message, help, True)
        if job.spec.hook != "PreSync":
            continue
        shared = context.platform.declares(service.namespace) if context.platform is not None else {}
        for index, call in enumerate(service.spec.calls):
            outside = external(call)
            if outside is not None and outside[0] not in shared:
                message = f'job "{job.name}" runs before "{outside[0]}" is declared, and its proxy would refuse it'
                help = "use hook: Sync, or let the platform declare the host (calls)"
                related = ((service, ("calls", index), "called here"),)
                yield Finding("MS224", service, (*path, "hook"), message, help, related=related)
                break


def check_names(context: Context) -> Iterator[Finding]:
    """The name of a job fits where Kubernetes writes it, and nobody else has it.

    It is the label ``app`` of its pods: a service of that name would send them requests, and its policies let them do
    what it may do. It can be the name of an account, too.
    """
    taken: dict[tuple[str, str], tuple[Service, tuple[Step, ...], str]] = {}
    for one in context.services:
        for name in {one.name, one.account, one.facts.labels.get("app", one.name)}:
            taken.setdefault((name, one.namespace), (one, ("metadata", "name"), f'the service "{one.name}"'))
    for service, job, path in _each(context):
        longest = LONGEST_SCHEDULE if job.spec.schedule is not None else LONGEST_JOB
        if len(job.full) > longest:
            message = f'the name "{job.full}" has {len(job.full)} characters; Kubernetes takes {longest} here'
            yield Finding("MS206", service, path, message, "shorten the name of the job or the service", True)
        other = taken.setdefault((job.full, service.namespace), (service, path, f'the job "{job.name}"'))
        if other != (service, path, f'the job "{job.name}"'):
            message = f'the pods of job "{job.name}" would be called "{job.full}", as {other[2]} is'
            related = ((other[0], other[1], "the other one"),)
            yield Finding("MS207", service, path, message, "choose another name for the job", True, related)
