"""Argo CD finds nothing changed in what we write, once an API server has stored it.

Otherwise an application is out of sync for ever, whatever is done. The comparison is Argo CD's own, and so are its
normalizers; the defaults are those of the API server's types, and of the upstream definitions of custom resources.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import pytest

from tests.conformance.test_kubernetes_types import outputs
from tests.support.argo_oracle import Compared, compared_by_argo
from tests.support.crd_schemas import stored

#: What its types and defaults are tried on.
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]},
        },
    },
}


class One(NamedTuple):
    """An object, and what Argo CD says of it."""

    source: str
    object: Any
    compared: Compared

    def __str__(self) -> str:
        return f"{self.source}: {self.object['kind']} {self.object['metadata']['name']}"


@cache
def asked() -> tuple[One, ...]:
    """Each object once, though several cases have it."""
    found: dict[str, tuple[str, Any]] = {}
    for source, objects in outputs():
        for one in filter(None, objects):
            found.setdefault(repr(one), (source, one))
    answers = compared_by_argo([(one, live(one)) for _, one in found.values()])
    return tuple(One(*pair, answer) for pair, answer in zip(found.values(), answers, strict=True))


def live(one: Any) -> Any:
    """A custom resource as it is stored. Of other kinds the oracle makes it."""
    try:
        return stored(one)
    except KeyError:
        return one


def test_nothing_is_changed() -> None:
    assert not list(told(asked()))


def test_normalization_leaves_everything_as_it_is() -> None:
    assert not [str(one) for one in asked() if one.compared.normalized != one.object]


def test_the_defaults_of_kubernetes_kinds_are_filled_in() -> None:
    """Or nothing would be shown by this."""
    groups = {one.object["apiVersion"].partition("/")[0] for one in asked() if one.compared.defaulted}
    assert groups >= {"v1", "apps", "autoscaling", "batch", "policy", "rbac.authorization.k8s.io"}


@pytest.mark.parametrize(
    ("container", "ways"),
    [
        ({}, set()),
        ({"resources": {"limits": {"cpu": "1000m"}}}, set()),
        ({"env": [{"name": "A", "value": ""}]}, set()),
        ({"ports": [{"containerPort": 80}]}, set()),
        ({"unknown": "field"}, {"structured merge", "three-way", "two-way"}),
    ],
    ids=["nothing", "quantity", "empty value", "port", "unknown field"],
)
def test_what_argo_takes_for_a_change(container: dict[str, Any], ways: set[str]) -> None:
    """It knows Kubernetes' types and their defaults as well as we do, and what no type has it finds in every way."""
    target = deepcopy(DEPLOYMENT)
    target["spec"]["template"]["spec"]["containers"][0] |= container
    (found,) = compared_by_argo([(target, target)])
    assert {way for way, change in found.changed.items() if is_changed(change)} == ways


def test_a_custom_resource_that_is_stored_otherwise_is_found() -> None:
    named = {"kind": "DestinationRule", "metadata": {"name": "a", "namespace": "b"}}
    rule = {"apiVersion": "networking.istio.io/v1", **named}
    target = {**rule, "spec": {"host": "a", "subsets": [{"name": "v1"}]}}
    other = {**rule, "spec": {"host": "a", "subsets": [{"name": "v1", "labels": {"version": "v1"}}]}}
    (found,) = compared_by_argo([(target, other)])
    assert found.changed


def told(found: tuple[One, ...]) -> Iterator[str]:
    """Each object that Argo CD would show as changed, and by which way of comparing."""
    for one in found:
        for way, change in one.compared.changed.items():
            if is_changed(change):
                yield f"{one}: {way}: {change}"


def is_changed(change: dict[str, Any]) -> bool:
    """Whether more differs than empty ``resources``.

    Types always write these, and a merge of structures leaves out what is empty, of whoever's object: not of ours only.
    """
    return bool(without_empty(change["live"]) != without_empty(change["predicted"]))


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_empty(one) for key, one in value.items() if (key, one) != ("resources", {})}
    return [without_empty(one) for one in value] if isinstance(value, list) else value
