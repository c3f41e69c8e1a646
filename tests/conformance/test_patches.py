"""Our patches against the code that kubectl uses: the same outcome for the same object, or an error from both."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmp.patch import kinds, pointer
from cmp.patch.pointer import Operation, OperationError
from cmp.patch.strategic import PatchError, merge
from tests.support.go_program import ask, require

_WHAT = "kubectl's patching"
require("kubepatch", _WHAT)

_POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "a"}, "annotations": {"x": "1", "y": "2"}, "finalizers": ["a/b", "c/d"]},
    "spec": {
        "containers": [
            {"name": "a", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "b", "image": "b:1", "ports": [{"containerPort": 80, "name": "http"}], "args": ["x", "y"]},
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "configMap": {"name": "c"}}],
        "tolerations": [{"key": "a"}, {"key": "b"}],
        "imagePullSecrets": [{"name": "one"}],
        "nodeSelector": {"disk": "ssd"},
    },
}
_DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "labels": {"app": "a"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "a"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
        "template": _POD,
    },
}
_BUDGET: dict[str, Any] = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "a"},
    "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "a"}}},
}
_SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "a", "finalizers": ["a", "b"]},
    "spec": {"ports": [{"port": 80, "name": "http"}, {"port": 81, "name": "grpc"}], "selector": {"app": "a"}},
}


def _kubectl(type_: str, cases: list[tuple[dict[str, Any], Any]]) -> list[dict[str, Any]]:
    asked = [json.dumps({"object": object_, "patch": patch, "type": type_}) for object_, patch in cases]
    return [json.loads(line) for line in ask("kubepatch", _WHAT, "\n".join(asked)).splitlines()]


def _ours(object_: dict[str, Any], patch: Any) -> Any:
    type_ = kinds.type_of(object_["apiVersion"], object_["kind"])
    assert type_ is not None
    return merge(deepcopy(object_), patch, type_)


def _pod(part: Any) -> Any:
    return {"spec": {"template": {"spec": part}}}


_STRATEGIC: dict[str, tuple[dict[str, Any], Any]] = {
    "a scalar": (_DEPLOYMENT, {"spec": {"replicas": 3}}),
    "null removes": (_DEPLOYMENT, {"spec": {"strategy": None, "nothing": None}}),
    "a container found by its name": (_DEPLOYMENT, _pod({"containers": [{"name": "b", "image": "b:2"}]})),
    "a new container": (_DEPLOYMENT, _pod({"containers": [{"name": "c", "image": "c:1"}]})),
    "containers in another order": (_DEPLOYMENT, _pod({"containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]})),
    "a container removed": (_DEPLOYMENT, _pod({"containers": [{"name": "a", "$patch": "delete"}]})),
    "a list replaced": (_DEPLOYMENT, _pod({"containers": [{"$patch": "replace"}, {"name": "z", "image": "z"}]})),
    "a list that is not merged": (_DEPLOYMENT, _pod({"tolerations": [{"key": "c"}]})),
    "arguments are replaced": (_DEPLOYMENT, _pod({"containers": [{"name": "b", "args": ["z"]}]})),
    "variables": (
        _DEPLOYMENT,
        _pod({"containers": [{"name": "a", "env": [{"name": "C", "value": "3"}, {"name": "A", "value": None}]}]}),
    ),
    "a map replaced": (_DEPLOYMENT, _pod({"nodeSelector": {"$patch": "replace", "zone": "a"}})),
    "keys retained": (_DEPLOYMENT, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
    "keys of an item retained": (
        _DEPLOYMENT,
        _pod({"volumes": [{"name": "tmp", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/t"}}]}),
    ),
    "finalizers are a set": (_SERVICE, {"metadata": {"finalizers": ["c", "a"]}}),
    "finalizers removed": (_SERVICE, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}),
    "ports by their number": (_SERVICE, {"spec": {"ports": [{"port": 81, "name": "rpc"}, {"port": 82}]}}),
    "a selector that is replaced as a whole": (_BUDGET, {"spec": {"selector": {"matchLabels": {"b": "c"}}}}),
    "a map in place of nothing": (_SERVICE, {"spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}}),
    "a null inside what is new": (_SERVICE, {"spec": {"sessionAffinityConfig": {"clientIP": None}}}),
    "an item without its key": (_DEPLOYMENT, _pod({"containers": [{"image": "b:2"}]})),
    "an unknown directive": (_DEPLOYMENT, {"spec": {"strategy": {"$patch": "remove"}}}),
}


@pytest.mark.parametrize("name", _STRATEGIC)
def test_a_strategic_merge_gives_what_kubectl_gives(name: str) -> None:
    object_, patch = _STRATEGIC[name]
    (theirs,) = _kubectl("strategic", [(object_, patch)])
    try:
        ours = _ours(object_, patch)
    except PatchError:
        assert theirs.get("error"), theirs
        return
    assert ours == theirs["object"]


_STEPS: dict[str, list[dict[str, Any]]] = {
    "add to a map": [{"op": "add", "path": "/metadata/labels/x~1y", "value": "z"}],
    "add to the end": [{"op": "add", "path": "/spec/template/spec/tolerations/-", "value": {"key": "c"}}],
    "add between": [{"op": "add", "path": "/spec/template/spec/tolerations/1", "value": {"key": "c"}}],
    "add behind the end": [{"op": "add", "path": "/spec/template/spec/tolerations/7", "value": {"key": "c"}}],
    "add below nothing": [{"op": "add", "path": "/spec/nothing/x", "value": 1}],
    "replace": [{"op": "replace", "path": "/spec/replicas", "value": 2}],
    "remove": [{"op": "remove", "path": "/spec/template/spec/volumes/0"}],
    "remove nothing": [{"op": "remove", "path": "/spec/template/spec/volumes/9"}],
    "move": [{"op": "move", "from": "/spec/replicas", "path": "/spec/minReadySeconds"}],
    "copy": [{"op": "copy", "from": "/spec/template/spec/tolerations/0", "path": "/spec/template/spec/tolerations/-"}],
    "a test that holds": [{"op": "test", "path": "/spec/replicas", "value": 1}, {"op": "remove", "path": "/metadata"}],
    "a test that does not": [{"op": "test", "path": "/spec/replicas", "value": 2}],
    "one after the other": [
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/a", "value": "b"},
    ],
}


@pytest.mark.parametrize("name", _STEPS)
def test_a_json_patch_gives_what_kubectl_gives(name: str) -> None:
    (theirs,) = _kubectl("json", [(_DEPLOYMENT, _STEPS[name])])
    ours: Any = _DEPLOYMENT
    try:
        for step in _STEPS[name]:
            ours = pointer.apply(ours, Operation(step["op"], step["path"], step.get("from", ""), step.get("value")))
    except OperationError:
        assert theirs.get("error"), theirs
        return
    assert ours == theirs.get("object"), theirs


def test_what_is_replaced_has_to_be_there() -> None:
    """RFC 6902, section 4.3. The library of kubectl adds it, so a misspelt path would pass there."""
    with pytest.raises(OperationError, match="nothing at"):
        pointer.apply(_DEPLOYMENT, Operation("replace", "/spec/nothing", value=2))


def _patches(type_: kinds.Type, value: Any, key: str = "") -> st.SearchStrategy[Any]:
    """Parts of an object that have something to do with it: of the types that it has, here and there changed."""
    if isinstance(value, dict):
        each = {
            name: st.one_of(_patches(kinds.below(type_, name) or "a", child), st.none())
            if name != key
            else st.just(child)
            for name, child in value.items()
        }
        needed = {key: each.pop(key)} if key in each else {}
        return st.fixed_dictionaries(needed, optional=each)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        merged, inner = kinds.item(type_)
        items = [_patches(inner, child, merged or "") for child in value]
        if merged:
            items += [st.just({**child, "$patch": "delete"}) for child in value]
            items.append(
                st.builds(lambda name: {merged: name}, st.sampled_from(["n1", "n2"] if merged == "name" else [8, 9]))
            )
        unique = (lambda one: one[merged]) if merged else None
        return st.lists(st.one_of(items), max_size=4, unique_by=unique)
    if isinstance(value, list):
        return st.lists(st.sampled_from(["x", "y", "z", *value]), max_size=3, unique=True)
    return st.sampled_from([value, 7 if isinstance(value, int) else "other"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_patches(f"{kinds.type_of('apps/v1', 'Deployment')}", _DEPLOYMENT), min_size=20, max_size=20))
def test_any_strategic_merge_gives_what_kubectl_gives(patches: list[Any]) -> None:
    asked = [(_DEPLOYMENT, patch) for patch in patches if patch.get("apiVersion") and patch.get("kind")]
    asked += [(_DEPLOYMENT, {k: v for k, v in patch.items() if k == "spec" and v}) for patch in patches]
    for (object_, patch), theirs in zip(asked, _kubectl("strategic", asked), strict=True):
        if theirs.get("error"):
            with pytest.raises(PatchError):
                _ours(object_, patch)
            continue
        assert _ours(object_, patch) == theirs["object"], patch
