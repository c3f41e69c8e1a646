"""For each moment of each scenario the model makes the configuration that istiod makes, and comes to the same answers.

Where istiod is not built (`make istio-check` builds it), what it answered is read from a file that `--update` writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cmp.replay.mesh import Answer
from tests.order.istiod.answers import Proxies
from tests.order.istiod.asking import Asked, authorizers, calls_of, entries_of, moments_of
from tests.order.istiod.configuration import differences
from tests.order.istiod.recording import Told, answered
from tests.order.replays import rendered
from tests.order.test_scenarios import HALF, ONE, SCENARIOS

BOOKINFO = rendered(
    *(path.read_text() for path in sorted(Path("examples/bookinfo").glob("*.yaml"))), namespace="bookinfo"
)
ASKED = {
    **{name: list(moments_of(revisions)) for name, revisions in SCENARIOS.items()},
    "a new version that never becomes ready": list(moments_of((ONE, HALF), failing={"web-v2"})),
    "first deploy of Bookinfo": list(moments_of(([], BOOKINFO))),
}

#: Where the model says otherwise than istiod's configuration, and why that is right.
EXPLAINED = {
    "what is not HTTP, to a port that is": "Envoy answers it with 400 whoever sends it. The model does not ask what a "
    "port speaks, and so sees more intruders than there are.",
}


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest) -> Told:
    """What istiod tells in all moments, by their digests."""
    return answered([one for same in ASKED.values() for one in same], update=request.config.getoption("--update"))


@pytest.mark.parametrize("name", ASKED)
def test_the_configuration_is_that_of_istiod(told: Told, name: str) -> None:
    found = [f"{one.moment.step}: {what}" for one in ASKED[name] for what in differences(one, told[one.digest])]
    assert not found


@pytest.mark.parametrize("name", ASKED)
def test_the_answers_are_those_of_istiod(told: Told, name: str) -> None:
    found = [what for one in ASKED[name] for what in disagreements(one, told[one.digest])]
    assert set(found) <= set(EXPLAINED)


def test_every_explanation_is_needed(told: Told) -> None:
    found = {what for same in ASKED.values() for one in same for what in disagreements(one, told[one.digest])}
    assert found == set(EXPLAINED)


def disagreements(one: Asked, told: Mapping[str, Any]) -> Iterator[str]:
    """What the model answers otherwise: every request of every proxy, and everybody at every port."""
    proxies, mesh = Proxies(one.moment, told, authorizers(one.moment)), one.moment.mesh
    for call in calls_of(one):
        ours, theirs = frozenset(map(_status, mesh.answers(call))), proxies.answers(call)
        if ours != theirs:
            yield f"{one.moment.step}: {call}: {set(ours)} instead of {set(theirs)}"
    for caller, pod, port, sent in entries_of(one):
        asked = mesh.policies.admits(caller, pod, port, sent)
        expected = proxies.admits(caller, pod, port, sent)
        if asked == expected:
            continue
        if sent is None and expected is None:
            yield "what is not HTTP, to a port that is"
        else:
            yield f"{one.moment.step}: {caller} at {pod}:{port}, {sent}: {asked} instead of {expected}"


def _status(answer: Answer) -> Answer:
    """The error of the model as the status that it begins with."""
    return Answer("", answer.error[:3]) if answer.error else answer


# -- the comparison can see what it is for -----------------------------------------------------------------------------


def weights(told: dict[str, Any]) -> None:
    for one in told["routes"].values():
        for host in one:
            for route in host["routes"]:
                for share in route.get("route", {}).get("weightedClusters", {}).get("clusters", ()):
                    share["weight"] = 100 - share.get("weight", 0) + 1


def endpoints(told: dict[str, Any]) -> None:
    for name, cluster in told["clusters"].items():
        if "|v2|" in name:
            cluster["endpoints"] = []


def policies(told: dict[str, Any]) -> None:
    for filter_ in _filters(told):
        if "rbac" in filter_:
            filter_["rbac"]["rules"]["policies"].popitem()


def certificates(told: dict[str, Any]) -> None:
    for listener in told["listeners"]:
        for chain in listener["filterChains"]:
            if chain.get("requireClientCertificate"):
                chain["match"] = {**chain["match"], "transportProtocol": "raw_buffer"}
                del chain["requireClientCertificate"]


def _filters(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for listener in told["listeners"]:
        for chain in listener["filterChains"]:
            for filter_ in chain["filters"]:
                yield from filter_.get("http", {}).get("httpFilters", ())


@pytest.mark.parametrize("change", [weights, endpoints, policies, certificates])
def test_another_configuration_is_seen(told: Told, change: Any) -> None:
    one = ASKED["promote and remove"][0]
    other = json.loads(json.dumps(told[one.digest]))  # nothing of it twice
    assert not list(differences(one, other))
    for body in other.values():
        change(body)
    assert list(differences(one, other))


@pytest.mark.parametrize("change", [endpoints, policies, certificates])
def test_other_answers_are_seen(told: Told, change: Any) -> None:
    """Weights change no answer, as long as each is above 0."""
    one = ASKED["promote and remove"][0]
    other = json.loads(json.dumps(told[one.digest]))  # nothing of it twice
    for body in other.values():
        change(body)
    assert Counter(disagreements(one, other)).keys() - set(EXPLAINED)
