"""What both revisions serve is served at every moment of the sync between them, and nobody else gets in."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cmp.replay.cluster import Cluster
from cmp.waves import PRUNE_LAST, WAVE, Manifest, Wave
from tests.order.measures import CONTROLS, LAST, OF_OBJECTS, WAVES, moved
from tests.order.replays import PLATFORM, app, rendered, replay, step

FRONT = "front: {expose: www.example.com, calls: web}"
DENIED = PLATFORM + "namespaces: {shop: {access: []}}\n"
ASKED = PLATFORM + "providers: {authz: {envoyExtAuthzGrpc: {service: authz.auth.svc.cluster.local, port: 9000}}}\n"


def web(fields: str, front: str = FRONT, access: str = "front") -> list[Manifest]:
    return app(f"web: {{access: {access}, {fields}}}\n{front}")


def three(access: str, other: str = "calls: web", platform: str = PLATFORM) -> list[Manifest]:
    return app(f"web: {{access: {access}}}\n{FRONT}\nother: {{{other}}}", platform)


ONE = web("versions: {v1: {}}")
DARK = web("versions: {v1: {}, v2: {weight: 0}}")
HALF = web("versions: {v1: {weight: 50}, v2: {weight: 50}}")
SCALED = web(
    "versions: {v1: {weight: 50}, v2: {weight: 50, resources: {cpu: 100m}, replicas: {min: 2, max: 5}}}",
)
BETA = web("versions: {v1: {}, v2: {weight: 0}}, routes: {match: {headers: {x-beta: 'yes'}}, to: v2}")
MANY = """
{match: {path: /admin, method: GET}, redirect: /}, {match: {path: /admin*}, rewrite: /api, to: {v1: 50, v2: 50}},
{match: {path: {regex: /a.*}, withoutHeaders: {x-beta: 'yes'}}, to: v2},
{match: {headers: {x-beta: {present: true}}}, to: v1}
""".replace("\n", " ")
SECURED = "access: [{from: front, to: {paths: /api}}, {action: DENY, to: {paths: /admin*}}]"
TOKENS = f"web: {{{SECURED}, jwt: {{issuer: 'https://id.example.com', require: true}}}}\n{FRONT}"
ALONE = "front: {expose: www.example.com}"
HOSTS = "front: {{expose: www.example.com, calls: [{}]}}"
A, B = "'https://a.example.org'", "'https://b.example.org'"
LEADS = """
front: {access: {from: {gateway: public}}}
other: {access: {from: {gateway: public}}}
www: {expose: {host: www.example.com, destinations: {service: %s}}}
"""
EXPOSED = "front: {{expose: [{}], calls: web}}"

#: Each is two revisions, or more one after the other.
SCENARIOS: dict[str, Sequence[list[Manifest]]] = {
    "first deploy": ([], ONE),
    "add a version": (ONE, DARK),
    "shift weights": (
        DARK,
        *(web(f"versions: {{v1: {{weight: {100 - n}}}, v2: {{weight: {n}}}}}") for n in (1, 25, 100)),
    ),
    "promote and remove": (HALF, web("versions: {v1: {weight: 0}, v2: {weight: 100}}"), web("versions: {v2: {}}")),
    "promote and remove at once": (HALF, web("versions: {v2: {}}")),
    "replace a version at once": (ONE, web("versions: {v2: {}}")),
    "roll back": (HALF, ONE, HALF),
    "autoscaled new version": (ONE, SCALED, ONE),
    "routes to a version": (DARK, BETA, ONE, BETA),
    "add and remove a service": (
        app(ALONE),
        app(TOKENS),
        app(TOKENS.replace("web: {", "web: {replicas: 0, ")),
        app(ALONE),
    ),
    "remove a service of a namespace that denies": (
        app(f"web: {{access: front}}\n{FRONT}", DENIED),
        app(ALONE, DENIED),
    ),
    "require tokens": (web("port: 8080"), app(TOKENS)),
    "add and remove a caller": (three("front", ""), three("[front, other]"), three("front", "")),
    "narrow and widen a caller": (
        three("[front, {from: other}]"),
        three("[front, {from: other, to: {paths: /api}}]"),
        three("[front, {from: other, to: {methods: GET}}]"),
        three("[front, {from: other}]"),
    ),
    "deny more, and other things": (
        three("[front, other]"),
        three("[front, other, {action: DENY, to: {paths: /admin*}}]"),
        three("[front, other, {action: DENY, to: {paths: /api}}]"),
        three("[front, other]"),
    ),
    "admit a caller and deny it something": (
        three("front", ""),
        three("[front, other, {action: DENY, to: {paths: /admin*}}]"),
    ),
    "admit a caller and ask about it": (
        three("front", ""),
        three("[front, other, {action: CUSTOM, provider: authz}]", platform=ASKED),
    ),
    "add and remove an outside host": (app(HOSTS.format(A)), app(HOSTS.format(f"{A}, {B}")), app(HOSTS.format(A))),
    "add and remove a call": (
        app("web: {access: front}\nfront: {}"),
        web("port: 8080"),
        app("web: {access: front}\nfront: {}"),
    ),
    "expose one more host": (
        web("port: 8080", EXPOSED.format("www.example.com")),
        web("port: 8080", EXPOSED.format("www.example.com, w2.example.com")),
        web("port: 8080", EXPOSED.format("www.example.com")),
    ),
    "rename a port": (web("ports: {http: 8080}"), web("ports: {http-main: 8080}")),
    "add and remove a port": (
        web("ports: {http: 8080}"),
        web("ports: {http: 8080, http-b: 8081}"),
        web("ports: {http: 8080}"),
    ),
    "scale to zero and back": (web("replicas: 2"), web("replicas: 0"), web("replicas: 2")),
    "switch mTLS": (web("mtls: STRICT"), web("mtls: PERMISSIVE"), web("mtls: STRICT")),
    "new image": (web("image: example.com/web:1"), web("image: example.com/web:2")),
    "other account": (ONE, web("versions: {v1: {}}, serviceAccount: {name: other}")),
    "roll a StatefulSet": (
        web("workload: StatefulSet, replicas: 2"),
        web("workload: StatefulSet, replicas: 2, image: example.com/web:2"),
    ),
    "another kind of workload": (
        web("replicas: 2"),
        web("workload: StatefulSet, replicas: 2"),
        web("workload: DaemonSet"),
    ),
    "add a version and its share": (ONE, HALF),
    "from a DaemonSet": (web("workload: DaemonSet"), web("replicas: 2")),
    "add a service": (app(ALONE), web("port: 8080")),
    "add a service that nobody calls": (app(ALONE), app(f"web: {{}}\n{ALONE}")),
    "add a service that asks only for the mesh": (
        app(ALONE),
        app(f"web: {{access: {{to: {{paths: /api}}}}}}\n{FRONT}"),
    ),
    "a new caller": (app(f"web: {{access: front}}\n{FRONT}"), three("[front, other]")),
    "routes of many kinds": (DARK, web(f"versions: {{v1: {{}}, v2: {{weight: 0}}}}, routes: [{MANY}]"), BETA),
    "a host that leads elsewhere": (app(LEADS % "front"), app(LEADS % "other")),
    "hooks": (ONE, web("versions: {v1: {}}, jobs: {migrate: {hook: Sync, command: [./migrate]}}"), ONE),
}


AUTOSCALED = web("versions: {v1: {}, v2: {weight: 0}}, resources: {cpu: 100m}, replicas: {min: 2, max: 5}")
#: Scenarios in which something fails, and how.
TROUBLED: dict[str, tuple[Sequence[list[Manifest]], dict[str, Any]]] = {
    "a new version that fails, and back": ((ONE, HALF, HALF, ONE), {"failing": {"web-v2"}}),
    "an autoscaler without metrics": (
        (ONE, AUTOSCALED),
        {
            "sick": {
                ("HorizontalPodAutoscaler", "web-v1"): "Degraded",
                ("HorizontalPodAutoscaler", "web-v2"): "Degraded",
            }
        },
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_moment_keeps_both_promises(name: str) -> None:
    first, *rest = SCENARIOS[name]
    cluster = Cluster().settled(first)
    for target in rest:
        done = replay(cluster, target)
        assert done.replayed.outcome == "Succeeded"
        assert not done.broken


def test_a_failing_new_version_gets_no_requests_and_stops_the_sync() -> None:
    cluster = Cluster(failing={"web-v2"}).settled(ONE)
    done = replay(cluster, HALF)
    assert done.replayed.outcome == "Failed"
    assert not done.broken
    assert not replay(cluster, HALF).broken  # Argo CD tries again
    cluster.failing = ()
    back = replay(cluster, ONE)
    assert back.replayed.outcome == "Succeeded"
    assert not back.broken


@pytest.mark.parametrize(
    ("kind", "name", "fields"),
    [
        ("HorizontalPodAutoscaler", "web", "resources: {cpu: 100m}, replicas: {min: 2, max: 5}"),
        ("CronJob", "web-night", "jobs: {night: {schedule: 0 3 * * *, command: [./night]}}"),
    ],
)
def test_what_is_not_healthy_in_the_last_wave_holds_up_nothing(kind: str, name: str, fields: str) -> None:
    """An autoscaler that has no metrics yet, a job that failed last night."""
    sick: Any = {(kind, name): "Degraded", (kind, f"{name}-v1"): "Degraded"}
    target = web(f"versions: {{v1: {{}}, v2: {{weight: 0}}}}, {fields}")
    assert {(one["kind"], one["metadata"]["name"]) for one in target} & set(sick)
    done = step(ONE, target, sick=sick)
    assert done.replayed.outcome == "Succeeded"
    assert not done.broken


def test_but_a_removal_waits_for_it() -> None:
    """Whatever is removed last makes the wave before one that is waited for, and so the sync fails until it is well."""
    night = "jobs: {night: {schedule: 0 3 * * *, command: [./night]}}"
    before, after = (web(f"versions: {{{versions}}}, {night}") for versions in ("v1: {}, v2: {weight: 0}", "v1: {}"))
    done = step(before, after, sick={("CronJob", "web-night"): "Degraded"})
    assert done.replayed.outcome == "Failed"
    assert not done.broken


def test_a_claim_that_waits_for_its_pod_stands_in_the_wave_of_that() -> None:
    done = step(ONE, web("versions: {v1: {}}, volumes: {/data: {size: 1Gi, accessModes: ReadWriteMany}}"))
    assert done.replayed.outcome == "Succeeded"


def test_a_first_deploy_of_bookinfo_has_at_most_six_waves() -> None:
    found = rendered(*(path.read_text() for path in sorted(Path("examples/bookinfo").glob("*.yaml"))))
    waves = {(one["metadata"].get("annotations") or {}).get(WAVE, "0") for one in found}
    assert len(waves) <= 6
    assert step([], found).replayed.outcome == "Succeeded"


# -- each protective measure switched off ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTROLS)
def test_each_measure_is_needed(name: str) -> None:
    """Without it, the replay sees what it keeps out: so it can see it."""
    control = CONTROLS[name]
    steps = [step(before, after) for before, after in pairwise(control.off(SCENARIOS[control.scenario]))]
    assert control.seen in {problem.kind for one in steps for problem in one.problems}


def test_an_autoscaler_before_the_routes_would_stop_them() -> None:
    before, after = (deepcopy(one) for one in SCENARIOS["autoscaled new version"][:2])
    moved("HorizontalPodAutoscaler", 5)(after)
    done = step(before, after, sick={("HorizontalPodAutoscaler", "web-v2"): "Degraded"})
    assert done.replayed.outcome == "Failed"


def test_every_wave_and_every_late_removal_has_its_control() -> None:
    assert set(WAVES) == set(Wave)
    assert set(LAST) == PRUNE_LAST
    named = [name for why in (*WAVES.values(), *LAST.values()) if isinstance(why, tuple) for name in why]
    assert set(named) | OF_OBJECTS == set(CONTROLS)
