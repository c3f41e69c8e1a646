"""What the replay finds broken between two revisions, `cmp validate --against` says; and its two steps are whole."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from cmp.compare.gaps import gaps
from cmp.diagnostics import SpecError
from cmp.replay.access import Request
from cmp.replay.cluster import Cluster
from cmp.replay.judge import is_served
from cmp.replay.routes import Call
from cmp.waves import OPTIONS, Manifest
from tests.order.replays import APP, PLATFORM, app, rendered, replay, step
from tests.order.specs import services
from tests.order.test_scenarios import ALONE, DENIED, FRONT, SCENARIOS, TOKENS, three, web

HOST = "web.shop.svc.cluster.local"
TARGET = "ports: {{http: {{port: 8080, targetPort: {}}}{}}}"
GATEWAY = "access: {from: {gateway: public}}"
LAST = f"patches: {{target: VirtualService, merge: {{metadata: {{annotations: {{{OPTIONS}: PruneLast=true}}}}}}}}"
LEADS = """
front: {%s}
other: {%s}
www: {expose: {host: www.example.com, destinations: {service: %s}}}
"""
#: Pods that another application made, and that no rule is for yet.
OPEN = [one for one in app("web: {}") if one["kind"] in ("Deployment", "Service", "ServiceAccount")]
ADOPTED = f"web: {{selector: {{app: web}}, serviceAccount: web, %s}}\n{FRONT}"
STAYS = f"web: {{access: front, jwt: {{issuer: 'https://id.example.com'%s}}}}\n{FRONT}"

#: The revisions whose step is not whole, and the one between them that makes it two that are.
RECIPES: dict[str, tuple[str, list[Manifest], list[Manifest], list[Manifest]]] = {
    "a service that denies and asks for tokens": (
        "MS270",
        app(TOKENS),
        app(TOKENS.replace("web: {", "web: {replicas: 0, ")),
        app(ALONE),
    ),
    "the same where the namespace denies": (
        "MS270",
        app(TOKENS, DENIED),
        app(TOKENS.replace("web: {", "web: {replicas: 0, "), DENIED),
        app(ALONE, DENIED),
    ),
    "a target port": (
        "MS271",
        web(TARGET.format(8080, "")),
        web(TARGET.format(8080, ", http-new: 8081")),
        web(TARGET.format(8081, "")),
    ),
    "a caller and what it is denied": (
        "MS273",
        three("[front, other, {action: DENY, to: {paths: /admin*}}]"),
        three("[front, {action: DENY, to: {paths: /admin*}}]", ""),
        three("front", ""),
    ),
    "tokens and that they are required": (
        "MS273",
        app(STAYS % ", require: true"),
        app(STAYS % ""),
        web("port: 8080"),
    ),
    "a host that moves": (
        "MS278",
        app("front: {expose: www.example.com}\nother: {}"),
        app(f"front: {{expose: www.example.com, {GATEWAY}, {LAST}}}\nother: {{}}"),
        app(f"front: {{{GATEWAY}}}\nother: {{expose: www.example.com}}"),
    ),
    "a host that leads away from a service": (
        "MS278",
        app(LEADS % (GATEWAY, "", "front")),
        app(LEADS % (GATEWAY, GATEWAY, "other")),
        app(LEADS % ("", GATEWAY, "other")),
    ),
    "the first rules": (
        "MS280",
        OPEN + app(ADOPTED % "port: 8080"),
        OPEN + app(ADOPTED % "access: [{}]"),
        OPEN + app(ADOPTED % "access: front"),
    ),
}
#: The codes that say of a step what the other of the two would not.
NEW = {"MS278", "MS279", "MS280"}


def named(before: list[Manifest], after: list[Manifest]) -> set[str]:
    return {gap.code for gap in gaps(before, after)}


@pytest.mark.parametrize("name", RECIPES)
def test_one_step_is_broken_and_named_and_two_are_whole(name: str) -> None:
    code, before, between, after = RECIPES[name]
    assert step(before, after).broken
    assert code in {gap.code for gap in gaps(before, after)}
    cluster = Cluster().settled(before)
    for target in (between, after):
        assert not replay(cluster, target).broken
    assert not NEW & (named(before, between) | named(between, after))


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_whole_in_one_is_not_named(name: str) -> None:
    for before, after in pairwise(SCENARIOS[name]):
        assert not NEW & named(before, after)


def test_a_service_that_a_namespace_denies_may_go_at_once() -> None:
    before, after = app(f"web: {{access: front}}\n{FRONT}", DENIED), app(ALONE, DENIED)
    assert not list(gaps(before, after))


# -- hosts -------------------------------------------------------------------------------------------------------------

EXPOSED = "front: {expose: %s}\nother: {%s}"


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        (("www.example.com", ""), ("{host: www.example.com, timeout: 5s}", ""), True),  # it gets an object of its own
        (("[www.example.com, w2.example.com]", ""), ("w2.example.com", "expose: www.example.com"), True),
        (("'*.example.com'", ""), ("'*.example.com'", "expose: www.example.com"), False),
        (("'*.example.com'", "expose: www.example.com"), ("'*.example.com'", ""), False),
        (("www.example.com", ""), ("w2.example.com", "expose: w3.example.com"), False),
        (("[www.example.com, w2.example.com]", ""), ("www.example.com", "expose: w2.example.com"), True),
    ],
)
def test_hosts_are_named_if_they_are_not_answered_meanwhile(
    before: tuple[str, str], after: tuple[str, str], broken: bool
) -> None:
    old, new = app(EXPOSED % before), app(EXPOSED % after)
    assert bool(step(old, new).broken) == broken
    assert named(old, new) == ({"MS278"} if broken else set())


def test_a_host_moves_to_an_object_of_its_own_in_two_steps() -> None:
    before, after = (app(EXPOSED % (one, "")) for one in ("www.example.com", "{host: www.example.com, timeout: 5s}"))
    between = app(EXPOSED % (f"www.example.com, {LAST}", ""))
    assert step(before, after).broken
    assert not step(before, between).broken + step(between, after).broken
    assert not named(before, between) | named(between, after)


def test_a_service_whose_host_moves_stays_one_commit_longer() -> None:
    """Its route, which stays until then, is the older one, and goes together with it in no order."""
    _, _, between, _ = RECIPES["a host that moves"]
    without = app("other: {expose: www.example.com}")
    assert step(between, without).broken
    assert "MS278" in named(between, without)


def test_a_route_that_comes_in_an_earlier_wave_closes_the_gap() -> None:
    """Where the other stays visible to the gateway, and nothing is removed that would exchange waves."""
    old = app(EXPOSED % ("[www.example.com, w2.example.com]", ""))
    new = app(EXPOSED % ("w2.example.com", "expose: www.example.com, sync: {waves: {VirtualService: 9}}"))
    assert not step(old, new).broken
    assert not named(old, new)


# -- accounts ----------------------------------------------------------------------------------------------------------


def called(access: str, account: str = "front", calls: str = "calls: web") -> list[Manifest]:
    front = f"front: {{expose: www.example.com, serviceAccount: {{name: {account}}}, {calls}}}"
    return app(f"web: {{access: {access}}}\n{front}")


OLD = "{from: {principals: cluster.local/ns/shop/sa/front}}"
#: The access of a service before and after a caller has another account, and whether old pods of that are refused.
ACCOUNTS: dict[str, tuple[str, str, bool]] = {
    "no rule for the old one": ("[front]", "[front]", True),
    "a rule for it that was there and goes last": (f"[front, {OLD}]", "[front]", False),
    "one that stays": (f"[front, {OLD}]", f"[front, {OLD}]", False),
    "one that comes in the same wave": ("[front]", f"[front, {OLD}]", True),
    "anybody may call": ("[front, {}]", "[front, {}]", False),
    "any account of the namespace may": (
        "[front, {from: {namespaces: shop}}]",
        "[front, {from: {namespaces: shop}}]",
        False,
    ),
    "only something else": (
        "[front, {from: {namespaces: shop}, to: {paths: /api}}]",
        "[front, {from: {namespaces: shop}, to: {paths: /api}}]",
        True,
    ),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_old_pods_of_a_caller_keep_their_account(name: str) -> None:
    """The judge asks with the account of either revision, so it is played here what old pods are answered."""
    before, after, refused = ACCOUNTS[name]
    old, new = called(before), called(after, "fine")
    cluster = Cluster().settled(old)
    (pod,) = (pod for pod in cluster.moment().pods if pod.account == "front")
    call = Call(pod, HOST, 8080, Request("GET", HOST, "/"))
    answers = [moment.mesh.answers(call) for moment in cluster.sync(new).moments if pod in moment.pods]
    assert answers
    assert all(map(is_served, answers)) != refused
    assert named(old, new) == ({"MS279"} if refused else set())


def test_rules_that_name_accounts_are_known() -> None:
    """Such a rule is named after what it says, so another is another object; files beside a spec name as they like."""
    old, new = (called(f"{{from: {{serviceAccounts: {one}}}}}", one) for one in ("front", "fine"))
    assert not named(old, new)
    for one in (*old, *new):
        if one["kind"] == "AuthorizationPolicy" and "serviceAccounts" in str(one["spec"]):
            one["metadata"]["name"] = "by-account"
    assert named(old, new) == {"MS279"}


def test_the_account_of_a_workload_of_another_kind() -> None:
    """Its old pods are of the same service, and call until the routes lead to the new ones."""
    assert named(called("front"), called("front", "fine", "calls: web, workload: StatefulSet")) == {"MS279"}


def test_the_account_of_who_calls_nobody_may_change() -> None:
    assert not named(called("front", calls="image: a"), called("front", "fine", calls="image: a"))


# -- first rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "front", "broken"),
    [
        ("access: front", FRONT, True),
        ("access: [{}]", FRONT, False),
        ("access: [{}, front]", FRONT, True),
        ("access: []", ALONE, False),
        ("mtls: STRICT", FRONT, False),
    ],
)
def test_first_rules_are_named_where_they_refuse(fields: str, front: str, broken: bool) -> None:
    """Also where the pods are of another application, so that nothing here makes them."""
    before, after = app(ADOPTED % "port: 8080"), app((ADOPTED % fields).replace(FRONT, front))
    assert bool(step(OPEN + before, OPEN + after).broken) == broken
    for others in ([], OPEN):
        assert named(others + before, others + after) == ({"MS280"} if broken else set())


def test_pods_that_come_with_their_rules_are_not_named() -> None:
    assert not named([], web("port: 8080"))
    assert not named(app(ALONE), web("jobs: {night: {schedule: 0 3 * * *, command: [./night]}}"))


def objects(bodies: dict[str, Any]) -> list[Manifest]:
    return rendered(APP.replace("services:", f"services: {json.dumps(bodies)}"), PLATFORM)


@settings(
    max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(before=services(), after=services())
def test_whatever_is_broken_is_named(before: dict[str, Any], after: dict[str, Any]) -> None:
    try:
        old, new = objects(before), objects(after)
    except SpecError:
        return
    done = step(old, new)
    assert done.replayed.outcome == "Succeeded"
    assert not done.broken or {gap.code for gap in gaps(old, new)}
