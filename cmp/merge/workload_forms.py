"""The part of the table of forms that is about what runs; see ``forms``."""

from __future__ import annotations

from cmp.merge.form import Form
from cmp.merge.shorthands import PROBE_KINDS, file_or_text, health, image, readiness_and_liveness, resources

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


#: What a range says, in place of a fixed number.
_RANGE = (
    *("min", "max", "cpu", "memory", "metrics", "behavior", "triggers", "pollingInterval", "cooldownPeriod"),
    *("initialCooldownPeriod", "idleReplicaCount", "fallback"),
)


def _scaling(at: str) -> tuple[Form, ...]:
    """The forms of how many pods there are."""
    metric, kinds = f"{at}.metrics[]", ("resource", "containerResource", "pods", "object", "external")
    targets = (("value",), ("averageValue",), ("averageUtilization",))
    return (
        Form(at, text="count", one_of=(("count",), _RANGE)),
        Form(f"{at}.metrics", listing=True),
        Form(metric, one_of=tuple((kind,) for kind in kinds), needed=True),
        *(Form(f"{metric}.{kind}.metric", text="name") for kind in kinds[2:]),
        *(Form(f"{metric}.{kind}.target", one_of=targets, needed=True) for kind in kinds),
        *(Form(f"{at}.behavior.{way}.policies", listing=True, filled=True) for way in ("scaleUp", "scaleDown")),
        Form(f"{at}.triggers", listing=True),
        Form(f"{at}.triggers[]", one_of=(("authenticationRef",), ("authentication",))),
        Form(f"{at}.triggers[].authenticationRef", text="name"),
        Form(f"{at}.triggers[].authentication.secretTargetRef", keyed=True),
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
    *_scaling("replicas"),
    Form("podDisruptionBudget", one_of=(("maxUnavailable",), ("minAvailable",))),
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

#: What starts a job, and what is said of that. What it runs has the forms of a service: ``shapes``.
_SCHEDULED = ("schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds", "ttlSecondsAfterFinished")
JOBS: tuple[Form, ...] = (
    Form("jobs", keyed=True),
    Form("jobs.*", one_of=(("hook",), (*_SCHEDULED, "successfulJobsHistoryLimit", "failedJobsHistoryLimit"))),
    Form("jobs.*.podFailurePolicy.rules", listing=True, filled=True),
    Form("jobs.*.podFailurePolicy.rules[]", one_of=(("onExitCodes",), ("onPodConditions",)), needed=True),
    Form("jobs.*.podFailurePolicy.rules[].onExitCodes.values", listing=True, filled=True),
    Form("jobs.*.podFailurePolicy.rules[].onPodConditions", listing=True, filled=True),
    Form("jobs.*.podFailurePolicy.rules[].onPodConditions[]", text="type"),
)
