"""Laws of the merge, on random layers made of the language's own keys."""

import json
import random
from functools import reduce
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cmp.diagnostics import Diagnostic, SpecError, in_order
from cmp.merge.compose import compose
from cmp.merge.layers import expand, finish, merge
from cmp.merge.shapes import APP_SHAPE, SERVICE_SHAPE, Shape
from cmp.node import Node
from cmp.source import read
from tests.support.trees import detailed, plain, scalars

Strategy = st.SearchStrategy[Any]

# -- layers ------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "v1"])
WORDS = st.sampled_from(["x", "y", "5", ""])


def maybe(**keys: Strategy) -> Strategy:
    """A map with any of the keys; ``key_plus`` is ``key+``, and any may be null."""
    return st.fixed_dictionaries({}, optional={key.replace("_plus", "+"): or_null(keys[key]) for key in keys})


def or_null(value: Strategy) -> Strategy:
    return st.integers(0, 3).flatmap(lambda chance: value if chance else st.none())


def named(things: Strategy) -> Strategy:
    return st.dictionaries(NAMES, or_null(things), max_size=2)


def one_or_more(items: Strategy) -> Strategy:
    return items | st.lists(items, max_size=2)


IMAGES = st.sampled_from(["a", "a:1", "r.io/a:1", "r:5000/b", "b@sha256:ab", "r.io/a:1@sha256:ab"])
QUANTITIES = maybe(cpu=WORDS, memory=WORDS)
PROBES = WORDS | maybe(
    http=WORDS, grpc=WORDS, exec=one_or_more(WORDS), exec_plus=one_or_more(WORDS), periodSeconds=WORDS
)
WORKLOAD: dict[str, Strategy] = {
    "image": IMAGES | maybe(registry=WORDS, repository=WORDS, tag=WORDS, digest=WORDS),
    "args": one_or_more(WORDS),
    "args_plus": one_or_more(WORDS),
    "replicas": WORDS | maybe(count=WORDS, min=WORDS, max=WORDS),
    "resources": maybe(cpu=WORDS, memory=WORDS, requests=QUANTITIES, limits=QUANTITIES),
    "env": named(WORDS | maybe(value=WORDS, secret=WORDS)),
    "health": PROBES | maybe(readiness=PROBES, liveness=PROBES),
}
RETRIES = WORDS | maybe(attempts=WORDS, retryOn=one_or_more(WORDS), retryOn_plus=one_or_more(WORDS))
ROUTES = maybe(
    to=WORDS | named(WORDS), destinations=one_or_more(maybe(version=WORDS, host=WORDS)), timeout=WORDS, retries=RETRIES
)
WILD = st.recursive(
    WORDS | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
KEYS: dict[str, Strategy] = {
    **WORKLOAD,
    "port": WORDS,
    "ports": named(WORDS | maybe(port=WORDS, targetPort=WORDS)),
    "timeout": WORDS,
    "retries": RETRIES,
    "mtls": WORDS | maybe(mode=WORDS),
    "versions": named(maybe(weight=WORDS, **WORKLOAD)),
    "routes": one_or_more(ROUTES),
    "routes_plus": one_or_more(ROUTES),
    "access": one_or_more(WORDS | maybe(to=maybe(paths=one_or_more(WORDS)))),
    "access_plus": one_or_more(WORDS),
    "calls": one_or_more(st.sampled_from(["a", "https://a"])),
    "calls_plus": one_or_more(WORDS),
    "unknown": WILD,
}
WRONG = dict.fromkeys(KEYS, WILD)


def stacks(count: int) -> Strategy:
    """Layers that meet: all of them choose among the same few keys. Now and then values have the wrong type."""
    chosen = st.lists(st.sampled_from(sorted(key.removesuffix("_plus") for key in KEYS)), min_size=1, max_size=3)
    return st.tuples(chosen, st.sampled_from([KEYS, KEYS, KEYS, WRONG])).flatmap(
        lambda pair: st.tuples(*[_layer(pair[1], pair[0])] * count)
    )


def _layer(values: dict[str, Strategy], chosen: list[str]) -> Strategy:
    return maybe(**{key: value for key, value in values.items() if key.removesuffix("_plus") in chosen})


LAYERS = stacks(1).map(lambda layers: layers[0])


def parsed(data: Any, name: str) -> Node:
    """A layer as it is read: every scalar has a place of its own, in a file that is named like the layer."""
    documents = read(json.dumps(data), name)
    return documents[0]


def expanded(data: Any, name: str, found: list[Diagnostic]) -> Node:
    return expand(parsed(data, name), SERVICE_SHAPE, name, found)


def finished(node: Node) -> tuple[Any, list[Diagnostic]]:
    found: list[Diagnostic] = []
    return detailed(finish(node, SERVICE_SHAPE, found)), in_order(found)


MANY = settings(max_examples=1000)  # three layers must meet in one key for some laws to be put to the test


# -- laws --------------------------------------------------------------------------------------------------------------


@MANY
@given(stacks(4))
@example(({"args+": ["a"]}, {"args+": None}, {"args+": ["b"]}, {"args+": ["c"]}))
def test_it_does_not_matter_which_layers_meet_first(layers: Any) -> None:
    a, b, c, d = (expanded(data, name, []) for name, data in zip("abcd", layers, strict=True))
    in_turn = finished(reduce(merge, (a, b, c, d)))
    assert finished(merge(a, merge(b, merge(c, d)))) == in_turn
    assert finished(merge(a, merge(merge(b, c), d))) == in_turn
    assert finished(merge(merge(a, b), merge(c, d))) == in_turn


@given(stacks(2))
def test_an_empty_layer_changes_nothing(layers: Any) -> None:
    a, b, nothing = (
        expanded(data, name, []) for name, data in zip(("low", "high", "nothing"), (*layers, {}), strict=True)
    )
    (plainly, *_), problems = finished(merge(a, b))
    for order in ((nothing, a, b), (a, nothing, b), (a, b, nothing)):
        (value, *_), same = finished(reduce(merge, order))
        assert (value, same) == (plainly, problems)


@given(stacks(2))
def test_a_layer_says_nothing_new_the_second_time(layers: Any) -> None:
    low, high = layers
    assume("+" not in json.dumps(high))  # what is added would be added again
    a, b = expanded(low, "low", []), expanded(high, "high", [])
    assert plain(finish(merge(merge(a, b), b), SERVICE_SHAPE, [])) == plain(finish(merge(a, b), SERVICE_SHAPE, []))


@given(LAYERS)
def test_the_long_form_of_a_long_form_is_itself(data: Any) -> None:
    first: list[Diagnostic] = []
    second: list[Diagnostic] = []
    once = expanded(data, "layer", first)
    twice = expand(once, SERVICE_SHAPE, "layer", second)
    assert detailed(twice) == detailed(once)
    assert in_order(second) == in_order(first)


@given(LAYERS)
def test_expanding_leaves_what_was_read_alone(data: Any) -> None:
    node = parsed(data, "layer")
    before = detailed(node)
    expand(node, SERVICE_SHAPE, "layer", [])
    assert detailed(node) == before


@given(stacks(2))
def test_merging_and_finishing_leave_the_layers_alone(layers: Any) -> None:
    a, b = expanded(layers[0], "low", []), expanded(layers[1], "high", [])
    before = detailed(a), detailed(b)
    finish(merge(a, b), SERVICE_SHAPE, [])
    assert (detailed(a), detailed(b)) == before


def shuffled(data: Any, chance: random.Random) -> Any:
    if isinstance(data, dict):
        items = [(key, shuffled(value, chance)) for key, value in data.items()]
        chance.shuffle(items)
        return dict(items)
    return [shuffled(item, chance) for item in data] if isinstance(data, list) else data


@given(stacks(2), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(layers: Any, chance: random.Random) -> None:
    def result(first: Any, second: Any) -> tuple[str, list[tuple[str, str]]]:
        found: list[Diagnostic] = []
        tree = finish(merge(expanded(first, "low", found), expanded(second, "high", found)), SERVICE_SHAPE, found)
        return json.dumps(plain(tree)), sorted((d.code, d.message) for d in found)

    assert result(*(shuffled(layer, chance) for layer in layers)) == result(*layers)


@MANY
@given(stacks(3))
def test_every_scalar_is_from_one_scalar_of_one_layer(layers: Any) -> None:
    nodes = [parsed(data, name) for name, data in zip(("low", "middle", "high"), layers, strict=True)]
    written = {scalar.pos: scalar.value for node in nodes for scalar in scalars(node)}
    merged = reduce(merge, [expand(node, SERVICE_SHAPE, node.pos.file, []) for node in nodes])
    tree = finish(merged, SERVICE_SHAPE, [])
    for scalar in scalars(tree):
        if scalar.value is None:
            continue  # a null inside a list removes nothing and is left for the parser
        source = written[scalar.pos]
        assert isinstance(source, str)
        assert str(scalar.value) in source or scalar.value == "100"  # `to: v2` stands for {v2: 100}
        assert scalar.layer == scalar.pos.file


def exclusive(node: Node, shape: Shape | None) -> None:
    if shape is None:
        return
    if isinstance(node.value, dict):
        groups = [group for group in shape.form.one_of if any(key in node.value for key in group)]
        assert len(groups) <= 1 or shape.form.one_of == (("tag",), ("digest",))
        for key, child in node.value.items():
            exclusive(child, shape.child(key))
    elif isinstance(node.value, list):
        for child in node.value:
            exclusive(child, shape.item)


@MANY
@given(stacks(2))
def test_keys_that_exclude_each_other_never_meet(layers: Any) -> None:
    found: list[Diagnostic] = []
    a, b = expanded(layers[0], "low", found), expanded(layers[1], "high", found)
    if not any(d.code == "MS105" for d in found):
        exclusive(finish(merge(a, b), SERVICE_SHAPE, []), SERVICE_SHAPE)


# -- whole documents ---------------------------------------------------------------------------------------------------

HEAD = {"apiVersion": "meshspec.io/v1alpha1"}
BODIES = LAYERS | WILD
PARTS = st.fixed_dictionaries(
    {}, optional={"environments": named(LAYERS) | WILD, "parameters": one_or_more(WORDS) | WILD}
)
SERVICES = st.tuples(LAYERS, PARTS).map(
    lambda parts: {**HEAD, "kind": "MeshService", "metadata": {"name": "web"}, **parts[0], **parts[1]}
)
APPS = maybe(services=named(BODIES) | WILD, defaults=BODIES, metadata=WILD | maybe(name=WORDS), platform=WILD).flatmap(
    lambda app: PARTS.map(lambda part: {**HEAD, "kind": "MeshApp", **app, **part})
)
PLATFORMS = PARTS.flatmap(
    lambda part: BODIES.map(lambda defaults: {**HEAD, "kind": "MeshPlatform", "defaults": defaults, **part})
)


@MANY
@given(
    st.lists(SERVICES | APPS | WILD, max_size=2),
    st.none() | PLATFORMS | WILD,
    st.sampled_from(["", "a"]),
    st.dictionaries(st.sampled_from(["x", "a.x", "web.x", "image.tag", ""]), WORDS, max_size=1),
)
def test_any_documents_are_composed_or_refused(
    documents: list[Any], platform: Any, environment: str, parameters: dict[str, str]
) -> None:
    specs = [node for index, data in enumerate(documents) for node in read(json.dumps(data), f"spec{index}")]
    above = read(json.dumps(platform), "platform")
    try:
        found = compose(specs, above[0] if above else None, environment, parameters)
    except SpecError:
        return
    assert all(isinstance(tree.node.value, dict) for tree in found.services)


@given(stacks(3))
def test_an_app_of_one_service_is_that_service(layers: Any) -> None:
    """Default, body and environment of an app give the layers that a platform and a service give."""
    defaults, body, overlay = layers
    # a platform's own null in a map of things is a mistake whatever stands above it, because nothing stands below
    assume(not finished(expanded(defaults, "defaults", []))[1])
    app = {
        **HEAD,
        "kind": "MeshApp",
        "metadata": {"name": "shop"},
        "defaults": defaults,
        "services": {"web": body},
    }
    app["environments"] = {"a": {"services": {"web": overlay}}}
    alone = {**HEAD, "kind": "MeshService", "metadata": {"name": "web"}, **body, "environments": {"a": overlay}}
    platform = {**HEAD, "kind": "MeshPlatform", "defaults": defaults}

    def result(spec: Any, above: Any) -> object:
        try:
            found = compose([parsed(spec, "spec")], above and parsed(above, "platform"), "a", {})
        except SpecError as error:
            return {(d.code, d.message) for d in error.diagnostics}
        return [plain(tree.node) for tree in found.services]

    assert result(app, None) == result(alone, platform)


def test_the_shapes_know_their_lists_by_all_ways() -> None:
    """A body in a version, an environment or the defaults is the service's own shape, so that no form is forgotten."""
    service = APP_SHAPE.fields["defaults"]
    assert service is SERVICE_SHAPE
    for path in (["versions", "v1"], ["environments", "prod"]):
        at: Shape | None = service
        for key in path:
            assert at is not None
            at = at.child(key)
        assert at is service
