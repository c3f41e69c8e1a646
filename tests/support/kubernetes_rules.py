"""Rules over several fields of a built-in object, which no schema states.

A choice of what ``pkg/apis/{core,apps,batch,policy,autoscaling}/validation/validation.go`` in kubernetes/kubernetes
refuses; the name of the function there is in each docstring. They run on objects that passed their schema.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from tests.support.values import quantity_value

_Object = dict[str, Any]
_DEFAULT_GRACE = 30
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_RUNS_FOREVER = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout")
_RUNS_ONCE = ("Job", "CronJob")


def rule_errors(obj: _Object) -> list[str]:
    """Every rule for the object's kind."""
    kind, spec = obj["kind"], _without_nulls(obj).get("spec")
    if spec is None:
        return [".spec: is required"] if kind in _RUNS_FOREVER + _RUNS_ONCE or kind in _BY_KIND else []
    found = _BY_KIND[kind](spec) if kind in _BY_KIND else []
    if kind in _RUNS_FOREVER + _RUNS_ONCE:
        found += _workload(kind, spec)
    return found


def _without_nulls(value: Any) -> Any:
    """Go reads a null as an absent field."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _workload(kind: str, spec: _Object) -> list[str]:
    """ValidateDeploymentSpec, ValidateStatefulSetSpec, ValidateJobSpec: selector, restart policy, pod."""
    at = ".spec.jobTemplate.spec.template" if kind == "CronJob" else ".spec.template"
    template = (spec["jobTemplate"].get("spec") or {}).get("template") if kind == "CronJob" else spec.get("template")
    if kind == "Rollout" and "workloadRef" in spec:
        return []
    if not template or "spec" not in template:
        return [f"{at}.spec: is required"]
    allowed = ("OnFailure", "Never") if kind in _RUNS_ONCE else ("Always",)
    policy = template["spec"].get("restartPolicy", "Always")
    found = [] if policy in allowed else [f"{at}.spec.restartPolicy: {policy} is not one of {', '.join(allowed)}"]
    if kind in _RUNS_FOREVER:
        found += _selector(spec.get("selector") or {}, (template.get("metadata") or {}).get("labels") or {})
    claims = {(claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or []}
    return found + _pod(template["spec"], claims, f"{at}.spec")


def _selector(selector: _Object, labels: _Object) -> list[str]:
    """A selector is not empty and selects the pods of its own template."""
    wanted = selector.get("matchLabels") or {}
    if not wanted and not selector.get("matchExpressions"):
        return [".spec.selector: an empty selector is not allowed"]
    missing = sorted(key for key, value in wanted.items() if labels.get(key) != value)
    return [f".spec.selector: does not match the template's labels: {', '.join(missing)}"] if missing else []


def _pod(spec: _Object, claims: set[str], at: str) -> list[str]:
    """ValidatePodSpec."""
    main, init = spec["containers"], spec.get("initContainers") or []
    volumes = claims | {volume["name"] for volume in spec.get("volumes") or []}
    grace = spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
    found = [] if main else [f"{at}.containers: is required"]
    found += _duplicates((c["name"] for c in main + init), f"{at}.containers: container name")
    for field, containers in (("containers", main), ("initContainers", init)):
        for index, container in enumerate(containers):
            found += _container(container, volumes, grace, f"{at}.{field}[{index}]")
    return found


def _container(container: _Object, volumes: set[str], grace: int, at: str) -> list[str]:
    """validateContainerCommon and validateContainers."""
    image = container.get("image") or ""
    found = [] if image and image == image.strip() else [f"{at}.image: {image!r} is not an image"]
    mounts = container.get("volumeMounts") or []
    found += [f"{at}.volumeMounts: no volume {m['name']!r}" for m in mounts if m["name"] not in volumes]
    found += _duplicates((mount["mountPath"] for mount in mounts), f"{at}.volumeMounts: mountPath")
    names = (port["name"] for port in container.get("ports") or [] if port.get("name"))
    found += _duplicates(names, f"{at}.ports: name")
    return found + _resources(container.get("resources") or {}, at) + _handlers(container, grace, at)


def _resources(resources: _Object, at: str) -> list[str]:
    """validateContainerResourceRequirements: a request is at most its limit."""
    limits = resources.get("limits") or {}
    found = []
    for name, request in (resources.get("requests") or {}).items():
        asked, most = quantity_value(request), quantity_value(limits.get(name))
        if asked is not None and most is not None and asked > most:
            found.append(f"{at}.resources.requests.{name}: {request} is more than the limit {limits[name]}")
    return found


def _handlers(container: _Object, grace: int, at: str) -> list[str]:
    """validateHandler, validateProbe, validateLivenessProbe and validateSleepAction."""
    hooks = container.get("lifecycle") or {}
    handlers = {name: container[name] for name in _PROBES if name in container}
    handlers |= {f"lifecycle.{name}": hooks[name] for name in ("preStop", "postStart") if name in hooks}
    found = []
    for name, handler in handlers.items():
        used = [key for key in _HANDLERS if key in handler]
        if len(used) != 1:
            found.append(f"{at}.{name}: exactly one handler, not {used}")
        if name in ("livenessProbe", "startupProbe") and handler.get("successThreshold", 1) != 1:
            found.append(f"{at}.{name}.successThreshold: must be 1")
        # Seconds of 0 are allowed from Kubernetes 1.33 only, so the stricter rule is the portable one.
        if "sleep" in handler and not 0 < handler["sleep"]["seconds"] <= grace:
            found.append(f"{at}.{name}.sleep.seconds: must be in 1..{grace} (terminationGracePeriodSeconds)")
    return found


def _service(spec: _Object) -> list[str]:
    """ValidateService: port names, and which types need ports or a host."""
    if spec.get("type") == "ExternalName":
        return [] if spec.get("externalName") else [".spec.externalName: is required"]
    ports = spec.get("ports") or []
    found = [] if ports or spec.get("clusterIP") == "None" else [".spec.ports: is required"]
    if len(ports) > 1:
        found += [f".spec.ports[{i}].name: is required" for i, port in enumerate(ports) if not port.get("name")]
    found += _duplicates((port["name"] for port in ports if port.get("name")), ".spec.ports: name")
    return found + _service_type(spec, ports) + _families(spec)


def _service_type(spec: _Object, ports: list[_Object]) -> list[str]:
    """validateService and validateServiceExternalTrafficPolicy: which type has which field."""
    kind = spec.get("type", "ClusterIP")
    outside = kind in ("NodePort", "LoadBalancer")
    found = [f".spec.clusterIP: None is not for {kind}"] if outside and spec.get("clusterIP") == "None" else []
    if not outside:
        found += [f".spec.ports[{i}].nodePort: not for {kind}" for i, port in enumerate(ports) if port.get("nodePort")]
        found += [".spec.externalTrafficPolicy: is for services seen from outside"] * ("externalTrafficPolicy" in spec)
    balanced = ("loadBalancerClass", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts")
    found += [f".spec.{key}: is for LoadBalancer" for key in balanced if key in spec and kind != "LoadBalancer"]
    if "sessionAffinityConfig" in spec and spec.get("sessionAffinity") != "ClientIP":
        found.append(".spec.sessionAffinityConfig: is for ClientIP")
    return found + _duplicates((str(p["nodePort"]) for p in ports if p.get("nodePort")), ".spec.ports: nodePort")


def _families(spec: _Object) -> list[str]:
    """ValidateServiceClusterIPsRelatedFields, and registry/core/service/storage/alloc.go."""
    families = spec.get("ipFamilies") or []
    found = _duplicates(iter(families), ".spec.ipFamilies")
    if len(families) > 1 and spec.get("ipFamilyPolicy") not in ("PreferDualStack", "RequireDualStack"):
        found.append(".spec.ipFamilyPolicy: must have both families")
    return found


def _deployment(spec: _Object) -> list[str]:
    """ValidateDeploymentStrategy and ValidateRollingUpdateDeployment."""
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        return [".spec.strategy.rollingUpdate: may not be specified when type is Recreate"]
    if all(rolling.get(name, "25%") in (0, "0%") for name in ("maxSurge", "maxUnavailable")):
        return [".spec.strategy.rollingUpdate: maxSurge and maxUnavailable may not both be 0"]
    return []


def _stateful_set(spec: _Object) -> list[str]:
    """ValidateStatefulSetSpec and validateRollingUpdateStatefulSet."""
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" and "rollingUpdate" in strategy:
        return [".spec.updateStrategy.rollingUpdate: only for RollingUpdate"]
    if (strategy.get("rollingUpdate") or {}).get("maxUnavailable") in (0, "0%"):
        return [".spec.updateStrategy.rollingUpdate.maxUnavailable: cannot be 0"]
    claims = (claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or [])
    return _duplicates(claims, ".spec.volumeClaimTemplates: name")


def _daemon_set(spec: _Object) -> list[str]:
    """ValidateDaemonSetUpdateStrategy and ValidateRollingUpdateDaemonSet."""
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    given = [rolling.get(key, default) not in (0, "0%") for key, default in (("maxUnavailable", 1), ("maxSurge", 0))]
    return [] if sum(given) == 1 else [".spec.updateStrategy.rollingUpdate: one of maxSurge and maxUnavailable"]


def _disruption_budget(spec: _Object) -> list[str]:
    """ValidatePodDisruptionBudgetSpec."""
    both = "minAvailable" in spec and "maxUnavailable" in spec
    return [".spec: minAvailable and maxUnavailable cannot be both set"] if both else []


def _autoscaler(spec: _Object) -> list[str]:
    """ValidateHorizontalPodAutoscalerSpec, validateMetricSpec and validateMetricTarget (autoscaling/v2)."""
    found = []
    if spec.get("minReplicas", 1) > spec["maxReplicas"]:
        found.append(".spec.maxReplicas: must be greater than or equal to minReplicas")
    for index, metric in enumerate(spec.get("metrics") or []):
        at = f".spec.metrics[{index}]"
        source = metric["type"][0].lower() + metric["type"][1:]
        if set(metric) != {"type", source}:
            found.append(f"{at}: a metric of type {metric['type']} has the field {source} and no other")
        else:
            found += _target(metric[source]["target"], f"{at}.{source}.target")
    for name, rules in (spec.get("behavior") or {}).items():
        if "policies" in rules and not rules["policies"]:
            found.append(f".spec.behavior.{name}.policies: must specify at least one policy")
    return found


def _target(target: _Object, at: str) -> list[str]:
    """validateMetricTarget: the type names the one value that is set."""
    wanted = {"Utilization": "averageUtilization", "Value": "value", "AverageValue": "averageValue"}[target["type"]]
    return [] if set(target) == {"type", wanted} else [f"{at}: type {target['type']} goes with {wanted} alone"]


def _duplicates(values: Iterable[str], what: str) -> list[str]:
    return [f"{what} {value!r} is a duplicate" for value, count in Counter(values).items() if count > 1]


_BY_KIND: dict[str, Callable[[_Object], list[str]]] = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _disruption_budget,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
