"""What no order of a sync makes safe: found when two revisions are compared, with the two steps that are.

A sync changes an object in one moment, while the pods that know its old form run on; and what it removes last, it
removes at the same time, in no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cmp.compare.callers import changed_accounts, first_rules
from cmp.compare.gap import Gap, acting, of_service, running, specs
from cmp.compare.hosts import moved_hosts
from cmp.replay.access import Pod, Policies
from cmp.replay.cluster import WORKLOADS, pods_of
from cmp.replay.routes import sidecar_of
from cmp.replay.sync import Key, key
from cmp.waves import Manifest


def gaps(before: Iterable[Manifest], after: Iterable[Manifest]) -> Iterator[Gap]:
    """All gaps of the step from one revision to the next."""
    old, new = ({key(one): one for one in objects} for objects in (before, after))
    yield from _undefended(old, new)
    yield from _unordered(old, new)
    yield from moved_hosts(old, new)
    yield from changed_accounts(old, new)
    yield from first_rules(old, new)
    for place, one in old.items():
        if place in new and one["kind"] == "Service":
            yield from _ports(one, new[place], new)
        if place in new and one["kind"] == "Sidecar":
            yield from _hosts(one, new[place], old, new)


def _undefended(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Services whose pods are removed together with what keeps others out."""
    lasting = {place: one for place, one in old.items() if place in new}
    there = Policies(old.values())
    left = Policies(lasting.values())
    served = {of_service(pod) for one in new.values() for pod in running(one)}
    for place, one in old.items():
        if place in new or one["kind"] not in WORKLOADS:
            continue
        for pod in running(one):
            if of_service(pod) in served or not there.of("AuthorizationPolicy", pod):
                continue
            refused = [acting(policies, pod, "DENY", "CUSTOM") for policies in (there, left)]
            if not acting(left, pod, "ALLOW") or refused[0] != refused[1]:
                name = one["metadata"]["name"]
                yield Gap(
                    "MS270",
                    None,
                    (),
                    f'the pods of {one["kind"]} "{name}" end later than what keeps others out of them is removed',
                    f'sync with "replicas: 0" of "{pod.labels.get("app", name)}"',
                    "remove the service",
                )


def _unordered(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Policies of a service that stays which are removed at once, and need an order."""
    gone = Policies(one for place, one in old.items() if place not in new)
    before, after = Policies(old.values()), Policies(new.values())
    services = {of_service(pod): (one, pod) for one in new.values() for pod in running(one)}
    for (_, service), (one, pod) in services.items():
        if acting(gone, pod, "ALLOW") and acting(gone, pod, "DENY", "CUSTOM"):
            yield Gap(
                "MS273",
                one,
                ("access", "jwt"),
                f'a caller of "{service}" and a rule that refuses or asks are removed at once: for a moment the '
                "caller may be let in without the rule",
                "remove the caller, and sync",
                "remove the rule",
            )
        lost = {*_issuers(before, pod)} - {*_issuers(after, pod)}
        if lost and any(map(_asks_for_tokens, specs(gone, pod))):
            yield Gap(
                "MS273",
                one,
                ("jwt", "access"),
                f'an issuer of "{service}" and the rule that asks for its tokens are removed at once: for a moment '
                "requests with a valid token may be refused",
                'take "require" away, and sync',
                'remove the issuer from "jwt"',
            )


def _ports(old: Manifest, new: Manifest, objects: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Ports that a Service has no more, or that lead elsewhere before the pods do."""
    name = new["metadata"]["name"]
    targets = {port["port"]: port.get("targetPort", port["port"]) for port in new["spec"].get("ports", ())}
    for port in old["spec"].get("ports", ()):
        number, target = port["port"], port.get("targetPort", port["port"])
        if number not in targets:
            yield Gap(
                "MS271",
                new,
                ("ports", "port"),
                f'port {number} of Service "{name}" is removed before pods that call it may know',
                "let all callers use another port, and sync",
                "remove this one",
            )
        elif targets[number] != target and isinstance(targets[number], int):
            yield Gap(
                "MS271",
                new,
                ("ports", "port"),
                f'port {number} of Service "{name}" leads to {targets[number]} instead of {target} before there '
                "are pods that listen there",
                f"add a port whose target is {targets[number]}, with containers that listen on both, and sync",
                f"point port {number} there, and remove the other",
            )


def _hosts(
    old: Manifest, new: Manifest, before: Mapping[Key, Manifest], after: Mapping[Key, Manifest]
) -> Iterator[Gap]:
    """Hosts that a proxy is no more told of, while pods run that may call them."""
    rolled = (
        place
        for place, one in after.items()
        if one["kind"] in WORKLOADS and place in before and one["spec"]["template"] != before[place]["spec"]["template"]
    )
    for place in rolled:
        for pod in pods_of(before[place], ready=True):
            known, left = (sidecar_of([one], pod) for one in (old, new))
            missing = [one for one in known.hosts or () if one not in (left.hosts or (one,))]
            if missing and left.limited:
                listed = ", ".join(missing)
                yield Gap(
                    "MS272",
                    new,
                    ("calls", "sidecar"),
                    f'the proxies of "{place[3]}" refuse {listed} before the pods are replaced that may call it',
                    "roll out what calls it no more, with the call still declared",
                    "remove the call",
                )


def _issuers(policies: Policies, pod: Pod) -> Iterator[str]:
    for one in policies.of("RequestAuthentication", pod):
        yield from (rule["issuer"] for rule in one["spec"].get("jwtRules", ()))


def _asks_for_tokens(spec: Mapping[str, Any]) -> bool:
    sources = (one["source"] for rule in spec.get("rules", ()) for one in rule.get("from", ()))
    return spec.get("action") == "DENY" and any("notRequestPrincipals" in source for source in sources)
