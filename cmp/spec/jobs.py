"""Jobs: what runs to its end, before or behind a sync or by a schedule."""

from __future__ import annotations

from typing import Literal

from cmp.spec.runs import RunFields
from cmp.spec.types import Condition, Count, ExitCode, Label, Model, Positive, Schedule, TimeZone


class ExitCodes(Model):
    """The exit codes of a container that a rule is about.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobSpec (onExitCodes)
    """

    containerName: Label | None = None  #: The container; the job's own has the name of the service. Default: any.
    operator: Literal["In", "NotIn"]  #: Whether the code is one of them, or another one than 0 and them.
    values: tuple[ExitCode, ...]  #: The codes.


class PodCondition(Model):
    """A condition of the pod that failed, for example `DisruptionTarget`."""

    type: Condition  #: Its name.
    status: Literal["True", "False", "Unknown"] | None = None  #: Its value. Default: `True`.


class PodFailureRule(Model):
    """What a failed pod means, if it failed so. Rules are tried in the order written."""

    #: `FailJob` gives the job up, `Ignore` does not count towards `backoffLimit`, `Count` does.
    action: Literal["FailJob", "Ignore", "Count"]
    onExitCodes: ExitCodes | None = None  #: The exit codes that it is about.
    onPodConditions: tuple[PodCondition, ...] = ()  #: The conditions that it is about: one of them.


class PodFailurePolicy(Model):
    """How failed pods are told apart.

    https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
    """

    rules: tuple[PodFailureRule, ...] = ()  #: The rules.


class Job(RunFields):
    """What runs to its end: as a hook of each sync, or by a schedule. What it does not say, it has from the service.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/
    """

    #: When it runs in each sync of Argo CD: `PreSync` before all objects, `Sync` behind the account and configuration
    #: of the service and before its pods, `PostSync` when all is healthy, `SyncFail` when the sync has failed.
    hook: Literal["PreSync", "Sync", "PostSync", "SyncFail"] | None = None
    #: When it runs, as `minute hour day-of-month month day-of-week`.
    schedule: Schedule | None = None
    timeZone: TimeZone | None = None  #: The time zone of the schedule. Default: that of the control plane, mostly UTC.
    #: What happens when a run is still going on at the next time. Default: Kubernetes', `Allow`.
    concurrencyPolicy: Literal["Allow", "Forbid", "Replace"] | None = None
    startingDeadlineSeconds: Positive | None = None  #: How late a run may begin. Default: no limit.
    successfulJobsHistoryLimit: Count | None = None  #: How many runs that succeeded are kept. Default: Kubernetes', 3.
    failedJobsHistoryLimit: Count | None = None  #: How many runs that failed are kept. Default: Kubernetes', 1.
    #: How often it is tried again. Default: Kubernetes', 6.
    backoffLimit: Count | None = None
    activeDeadlineSeconds: Positive | None = None  #: How long all tries may take together. Default: no limit.
    ttlSecondsAfterFinished: Count | None = None  #: How long a run of a schedule is kept. Default: by the limits above.
    parallelism: Positive | None = None  #: How many pods run at a time. Default: Kubernetes', 1.
    completions: Positive | None = None  #: How many pods have to succeed. Default: Kubernetes', 1.
    #: `Indexed` gives each pod a number of its own. Default: Kubernetes', `NonIndexed`.
    completionMode: Literal["NonIndexed", "Indexed"] | None = None
    podFailurePolicy: PodFailurePolicy | None = None  #: How failed pods are told apart.
    #: `Never` starts a new pod for each try, and keeps those that failed; `OnFailure` starts the container again.
    #: Default: `Never`.
    restartPolicy: Literal["Never", "OnFailure"] | None = None
