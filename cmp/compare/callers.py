"""Callers that both revisions let in, and for a while nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cmp.compare.gap import Gap, acting, of_service, running
from cmp.replay.access import Pod, Policies, is_selected, is_tried, text_fits
from cmp.replay.mesh import Host, Mesh
from cmp.replay.routes import sidecar_of
from cmp.replay.sync import Key, wave
from cmp.waves import Manifest

#: Where objects that make pods, or WorkloadEntries, say the labels of these.
_TEMPLATES = (
    ("spec", "template", "metadata", "labels"),
    ("spec", "jobTemplate", "spec", "template", "metadata", "labels"),
    ("spec", "metadata", "labels"),
)
#: The fields of a source that say who calls.
_WHO = ("namespaces", "principals", "serviceAccounts")


class _Grant(NamedTuple):
    """What a rule admits a caller to, and by which of its identities; empty if any will do."""

    what: dict[str, Any]
    principal: str = ""


class _States:
    """Policies before, in between, and after.

    In between, what is gone is still there, since it is removed behind all waves; and what comes may not be there yet,
    since it comes in one wave with what changes.
    """

    def __init__(self, old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> None:
        self.before = Policies(old.values())
        self.meanwhile = Policies(new.get(place, one) for place, one in old.items())
        self.after = Policies(new.values())


def changed_accounts(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Callers with another account, whose old pods are admitted no more by the one they have.

    Rules that admit change before the pods are replaced. Calls of a service to itself are not looked at.
    """
    states, known = _States(old, new), _Known(old)
    now: dict[tuple[str, str], list[tuple[Manifest, Pod]]] = {}
    for one in new.values():
        for pod in running(one):
            now.setdefault(of_service(pod), []).append((one, pod))
    found: dict[tuple[int, str], tuple[Manifest, Pod, dict[str, None]]] = {}
    for was in (pod for one in old.values() for pod in running(one) if pod.meshed):
        for one, will in _next(was, now.get(of_service(was), ())):
            for target in known.by(was) if was.principal != will.principal else ():
                if of_service(target) in now:
                    for principal in _lost(states, target, was, will):
                        names = found.setdefault((id(one), principal), (one, was, {}))[2]
                        names[of_service(target)[1]] = None
    for (_, principal), (one, was, names) in found.items():
        listed = ", ".join(f'"{name}"' for name in names)
        yield Gap(
            "MS279",
            one,
            ("serviceAccount",),
            f'pods of "{of_service(was)[1]}" that have the account "{was.account}" are refused by {listed} before they '
            "are replaced",
            f'admit "from: {{principals: {principal}}}" to the same in "access" of {listed}, and sync',
            "change the account, and remove that",
        )


def _next(was: Pod, now: Sequence[tuple[Manifest, Pod]]) -> list[tuple[Manifest, Pod]]:
    """The pod that replaces one: of its workload, else of its service, with its account if there is one."""
    return sorted(now, key=lambda each: (each[1].workload != was.workload, each[1].account != was.account))[:1]


class _Known:
    """What the proxies of callers are told of."""

    def __init__(self, objects: Mapping[Key, Manifest]) -> None:
        self._sidecars = [one for one in objects.values() if one["kind"] == "Sidecar"]
        pods = [pod for one in objects.values() for pod in running(one) if pod.meshed]
        hosts = [host for host in Mesh(objects.values(), ()).hosts.values() if host.selector]
        self._behind = [(host, [pod for pod in pods if _leads(host, pod)]) for host in hosts]

    def by(self, caller: Pod) -> Iterator[Pod]:
        """The pods of other services behind the hosts that a caller's proxy knows."""
        sidecar = sidecar_of(self._sidecars, caller)
        for host, pods in self._behind:
            if sidecar.knows(host.namespace, host.name):
                yield from (pod for pod in pods if of_service(pod) != of_service(caller))


def _leads(host: Host, target: Pod) -> bool:
    selector = host.selector or {}
    return host.namespace == target.namespace and selector.items() <= target.labels.items()


def _lost(states: _States, target: Pod, was: Pod, will: Pod) -> Iterator[str]:
    """The identities of old pods by which they are admitted to something before and after, and not meanwhile."""
    kept = [grant.what for grant in _grants(states.meanwhile, target, was)]
    later = [grant.what for grant in _grants(states.after, target, will)]
    for grant in _grants(states.before, target, was):
        if grant.principal and _is_covered(grant.what, later) and not _is_covered(grant.what, kept):
            yield grant.principal


def _grants(policies: Policies, target: Pod, caller: Pod) -> Iterator[_Grant]:
    """What a caller is admitted to, whatever else its rules ask."""
    for spec in acting(policies, target, "ALLOW"):
        for rule in spec.get("rules", ()):
            rest = {name: value for name, value in rule.items() if name != "from"}
            for source in [one["source"] for one in rule.get("from", ())] or [{}]:
                principal = _identity(source, target, caller)
                if principal is not None:
                    other = {name: value for name, value in source.items() if name not in _WHO}
                    yield _Grant({**rest, "from": other} if other else rest, principal)


def _identity(source: Mapping[str, Any], target: Pod, caller: Pod) -> str | None:
    """The identity by which a source means a caller; empty if any of its namespace will do, None if it does not.

    The trust domain may be any. Accounts are ``namespace/name``, or a name in the policy's own namespace
    (https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source).
    """
    if not any(text_fits(one, caller.namespace) for one in source.get("namespaces", ["*"])):
        return None
    named = f"{caller.namespace}/{caller.account}"
    if accounts := source.get("serviceAccounts"):
        own = caller.account if caller.namespace == target.namespace else named
        return caller.principal if named in accounts or own in accounts else None
    ending = f"/ns/{caller.namespace}/sa/{caller.account}"
    names = source.get("principals", [""])
    return next((one for one in names if not one or one.endswith(ending) or text_fits(one, caller.principal)), None)


def _is_covered(what: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of some rules admits all that another does: it asks for nothing, or for part of the same."""
    return any(all(what.get(name) == value for name, value in other.items()) for other in others)


def first_rules(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Running pods that no rule has closed so far, and several are to admit callers.

    The first that comes closes them to all whom only the others admit. In one wave any may be the first.
    """
    before, after = Policies(old.values()), Policies(new.values())
    found: dict[tuple[str, str], Manifest] = {}
    for name, pod in _running_on(old, new):
        allowed = [one for one in after.of("AuthorizationPolicy", pod) if _admits(one)]
        if pod.meshed and not acting(before, pod, "ALLOW") and not _is_whole_at_once(allowed):
            found.setdefault((pod.namespace, name), min(allowed, key=wave))
    for (_, name), one in found.items():
        yield Gap(
            "MS280",
            one,
            ("access", "expose"),
            f'pods of "{name}" that run already, and that no rule has closed so far, refuse for a while the callers '
            "whose rule is not there yet",
            f'type "access: [{{}}]" for "{name}", which admits everybody, and sync',
            "list the callers instead",
        )


def _admits(one: Manifest) -> bool:
    return one["spec"].get("action", "ALLOW") == "ALLOW" and not is_tried(one)


def _is_whole_at_once(allowed: list[Manifest]) -> bool:
    """Whether each policy that may be the first admits all whom the others do."""
    earliest = min(map(wave, allowed), default=0)
    rules = [rule for one in allowed for rule in one["spec"].get("rules", ())]
    first = [one["spec"].get("rules", ()) for one in allowed if wave(one) == earliest]
    return all(_is_covered(rule, alone) for alone in first for rule in rules)


def _running_on(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[tuple[str, Pod]]:
    """Pods of services that stay, and those that policies select and no object here makes: adopted ones."""
    staying = {of_service(pod) for one in new.values() for pod in running(one)}
    for pod in (pod for one in old.values() for pod in running(one)):
        if of_service(pod) in staying:
            yield of_service(pod)[1], pod
    made = [Pod(place[2], labels, "") for place, one in (*old.items(), *new.items()) for labels in _labels(one)]
    for one in new.values():
        if one["kind"] != "AuthorizationPolicy" or not one["spec"].get("selector"):
            continue
        selector, metadata = one["spec"]["selector"], one["metadata"]
        namespace = metadata["namespace"]
        if not any(pod.namespace == namespace and is_selected(selector, pod) for pod in made):
            labels = metadata.get("labels", {})
            selected = " and ".join("=".join(item) for item in sorted(selector["matchLabels"].items()))
            name = labels.get("app.kubernetes.io/name", labels.get("app", selected))
            yield name, Pod(namespace, selector["matchLabels"], "")


def _labels(one: Manifest) -> Iterator[Mapping[str, str]]:
    """Those of the pods, or of the machines, that an object makes."""
    if one["kind"] == "WorkloadEntry":
        yield one["spec"].get("labels") or {}
        return
    for path in _TEMPLATES:
        found: Any = one
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict):
            yield found
