"""What the replay finds broken between two revisions, `cmp validate --against` says; and its two steps are whole."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from cmp.compare.gaps import gaps
from cmp.diagnostics import SpecError
from cmp.replay.access import Request
from cmp.replay.cluster import Cluster
from cmp.replay.judge import is_served
from cmp.replay.routes import Call
from cmp.waves import Manifest
from tests.order.replays import APP, PLATFORM, app, rendered, replay, step
from tests.order.specs import services
from tests.order.test_scenarios import ALONE, DENIED, FRONT, TOKENS, three, web

HOST = "web.shop.svc.cluster.local"
TARGET = "ports: {{http: {{port: 8080, targetPort: {}}}{}}}"
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
}


@pytest.mark.parametrize("name", RECIPES)
def test_one_step_is_broken_and_named_and_two_are_whole(name: str) -> None:
    code, before, between, after = RECIPES[name]
    assert step(before, after).broken
    assert code in {gap.code for gap in gaps(before, after)}
    cluster = Cluster().settled(before)
    for target in (between, after):
        assert not replay(cluster, target).broken


def test_a_service_that_a_namespace_denies_may_go_at_once() -> None:
    before, after = app(f"web: {{access: front}}\n{FRONT}", DENIED), app(ALONE, DENIED)
    assert not list(gaps(before, after))


def test_a_host_that_moves_is_not_answered_meanwhile() -> None:
    """Known, and told in docs/order.md, which says what to do instead: the scenario "a host that leads elsewhere"."""
    before = app("front: {expose: www.example.com}\nother: {}")
    assert step(before, app("front: {}\nother: {expose: www.example.com}")).broken


@pytest.mark.parametrize("beside", ["", ", {from: {principals: cluster.local/ns/shop/sa/front}}"])
def test_old_pods_of_a_caller_keep_their_account(beside: str) -> None:
    """Known, and told in docs/order.md: they are refused unless somebody admits them by it, too."""
    web = f"web: {{access: [front{beside}]}}"
    cluster = Cluster().settled(app(f"{web}\n{FRONT}"))
    (old,) = (pod for pod in cluster.moment().pods if pod.account == "front")
    call = Call(old, HOST, 8080, Request("GET", HOST, "/"))
    moments = cluster.sync(app(f"{web}\n{FRONT.replace('calls', 'serviceAccount: {name: fine}, calls')}")).moments
    answers = [moment.mesh.answers(call) for moment in moments if old in moment.pods]
    assert answers
    assert all(map(is_served, answers)) == bool(beside)


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
