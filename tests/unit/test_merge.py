"""The merge: long forms, layers over each other, environments, parameters, and where each value is from."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import pytest

from cmp.diagnostics import Diagnostic, Pos
from cmp.merge.compose import Composed, compose
from cmp.merge.layers import expand, finish, merge
from cmp.merge.shapes import PLATFORM_SHAPE, SERVICE_SHAPE, Shape
from cmp.node import Node, Quoted
from cmp.source import read
from tests.support.trees import brief, node, plain, problems

Data = dict[str, Any]

# -- one layer: long forms ---------------------------------------------------------------------------------------------


def laid(*layers: str, shape: Shape = SERVICE_SHAPE) -> tuple[Data, list[Diagnostic]]:
    """The layers of a body over each other, lowest first, and what is wrong with them."""
    found: list[Diagnostic] = []
    expanded = [expand(node(text), shape, f"layer {index}", found) for index, text in enumerate(layers)]
    return plain(finish(reduce(merge, expanded), shape, found)), found


def outcome(*layers: str, shape: Shape = SERVICE_SHAPE) -> Data:
    data, found = laid(*layers, shape=shape)
    assert found == []
    return data


def data(text: str) -> Data:
    plain_data: Data = plain(node(text))
    return plain_data


@pytest.mark.parametrize(
    ("short", "long"),
    [
        # an image, by the rules of Docker references
        ("image: web", "image: {repository: web}"),
        ("image: web:1.20", "image: {repository: web, tag: '1.20'}"),
        ("image: shop/web:1", "image: {repository: shop/web, tag: '1'}"),
        ("image: r.io/shop/web:1", "image: {registry: r.io, repository: shop/web, tag: '1'}"),
        ("image: r.io:5000/web", "image: {registry: 'r.io:5000', repository: web}"),
        ("image: registry:5000/web:1", "image: {registry: 'registry:5000', repository: web, tag: '1'}"),
        ("image: localhost/web", "image: {registry: localhost, repository: web}"),
        ("image: r.io/web@sha256:ab", "image: {registry: r.io, repository: web, digest: 'sha256:ab'}"),
        ("image: r.io/web:1@sha256:ab", "image: {registry: r.io, repository: web, tag: '1', digest: 'sha256:ab'}"),
        # scalars that stand for the most used key
        ("replicas: 3", "replicas: {count: 3}"),
        ("ports: {http: 80}", "ports: {http: {port: 80}}"),
        ("env: {A: x}", "env: {A: {value: x}}"),
        ("serviceAccount: web", "serviceAccount: {name: web}"),
        ("retries: 3", "retries: {attempts: 3}"),
        ("mtls: STRICT", "mtls: {mode: STRICT}"),
        # lists of one
        ("command: run", "command: [run]"),
        ("parameters: image.tag", "parameters: [image.tag]"),
        # resources
        ("resources: {cpu: 1}", "resources: {requests: {cpu: 1}}"),
        ("resources: {memory: 1Gi}", "resources: {requests: {memory: 1Gi}, limits: {memory: 1Gi}}"),
        (
            "resources: {memory: 1Gi, cpu: 1, limits: {memory: 2Gi}}",
            "resources: {requests: {memory: 1Gi, cpu: 1}, limits: {memory: 2Gi}}",
        ),
        # probes
        ("health: /up", "health: {readiness: {http: /up}, liveness: {http: /up}}"),
        ("health: {grpc: 90}", "health: {readiness: {grpc: 90}, liveness: {grpc: 90}}"),
        (
            "health: {tcp: 80, periodSeconds: 5, startup: /s}",
            "health: {readiness: {tcp: 80, periodSeconds: 5}, liveness: {tcp: 80, periodSeconds: 5},"
            " startup: {http: /s}}",
        ),
        ("health: {http: /up, liveness: /l}", "health: {readiness: {http: /up}, liveness: {http: /l}}"),
        ("health: {readiness: /r, liveness: {exec: x}}", "health: {readiness: {http: /r}, liveness: {exec: [x]}}"),
        # routes
        ("routes: {to: v2}", "routes: [{to: {v2: '100'}}]"),
        ("routes: [{match: {path: /a/*}}]", "routes: [{match: [{path: [{pattern: /a/*}]}]}]"),
        (
            "routes: [{match: {path: [/a, {prefix: /b}], method: GET, headers: {x: y, z: {regex: r}},"
            " queryParams: {q: '1'}}}]",
            "routes: [{match: [{path: [{pattern: /a}, {prefix: /b}], method: [GET],"
            " headers: {x: {exact: y}, z: {regex: r}}, queryParams: {q: {exact: '1'}}}]}]",
        ),
        ("routes: [{rewrite: /n, retries: 1}]", "routes: [{rewrite: {path: /n}, retries: {attempts: 1}}]"),
        ("routes: [{destinations: {version: v1}}]", "routes: [{destinations: [{version: v1}]}]"),
        ("expose: a.com", "expose: [{host: a.com}]"),
        ("expose: {host: a.com, path: /x}", "expose: [{host: a.com, path: [{pattern: /x}]}]"),
        # security
        ("access: front", "access: [{from: [{services: [front]}]}]"),
        ("access: [{}]", "access: [{}]"),
        ("access: []", "access: []"),
        (
            "access: {from: [a.b, {namespaces: ops}], to: {methods: GET, paths: /x}}",
            "access: [{from: [{services: [a.b]}, {namespaces: [ops]}], to: [{methods: [GET], paths: [/x]}]}]",
        ),
        ("calls: ledger", "calls: [{service: ledger}]"),
        ("calls: [https://a.com, {namespaces: x}]", "calls: [{url: https://a.com}, {namespaces: [x]}]"),
        # versions hold the same
        ("versions: {v2: {image: {tag: 2}, env: {A: x}}}", "versions: {v2: {image: {tag: 2}, env: {A: {value: x}}}}"),
    ],
)
def test_a_shorthand_stands_for_its_long_form(short: str, long: str) -> None:
    assert outcome(short) == data(long)
    assert outcome(long) == data(long)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("gateways: {a: {hosts: '*.x', tls: c}}", "gateways: {a: {hosts: ['*.x'], tls: {credentialName: c}}}"),
        ("catalog: {a.b: {ports: {grpc: 90}}}", "catalog: {a.b: {ports: {grpc: {port: 90}}}}"),
        (
            "defaults: {replicas: 2, image: r.io/a}",
            "defaults: {replicas: {count: 2}, image: {registry: r.io, repository: a}}",
        ),
    ],
)
def test_a_platform_has_shorthands_too(short: str, long: str) -> None:
    assert outcome(short, shape=PLATFORM_SHAPE) == data(long)


@pytest.mark.parametrize(
    "text",
    [
        "image: [a]",
        "replicas: [3]",
        "ports: x",
        "env: [A]",
        "health: [x]",
        "resources: {cpu: 1, requests: x}",
        "what: {ever: [x]}",
    ],
)
def test_what_fits_no_form_is_left_for_the_parser(text: str) -> None:
    key = text.partition(":")[0]
    assert outcome(text)[key] == data(text)[key] or outcome(text)[key]["requests"] == "x"


# -- one layer over another --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "result"),
    [
        # a shorthand replaces only what it stands for
        ("image: r.io/a:1", "image: {tag: x}", "image: {registry: r.io, repository: a, tag: x}"),
        (
            "image: {tag: x, pullPolicy: Always}",
            "image: r.io:5000/a",
            "image: {registry: 'r.io:5000', repository: a, tag: x, pullPolicy: Always}",
        ),
        ("image: {registry: r.io, tag: '1'}", "image: web", "image: {registry: r.io, repository: web, tag: '1'}"),
        (
            "ports: {http: {port: 80, targetPort: 8080}}",
            "ports: {http: 81}",
            "ports: {http: {port: 81, targetPort: 8080}}",
        ),
        (
            "mtls: {mode: STRICT, ports: {a: DISABLE}}",
            "mtls: PERMISSIVE",
            "mtls: {mode: PERMISSIVE, ports: {a: DISABLE}}",
        ),
        ("retries: {attempts: 3, perTryTimeout: 1s}", "retries: 5", "retries: {attempts: 5, perTryTimeout: 1s}"),
        (
            "resources: {memory: 1Gi}",
            "resources: {cpu: 1}",
            "resources: {requests: {memory: 1Gi, cpu: 1}, limits: {memory: 1Gi}}",
        ),
        (
            "health: {http: /a, periodSeconds: 5}",
            "health: {liveness: /l}",
            "health: {readiness: {http: /a, periodSeconds: 5}, liveness: {http: /l, periodSeconds: 5}}",
        ),
        # maps merge, scalars and lists replace
        ("env: {A: a, B: b}", "env: {B: x, C: c}", "env: {A: {value: a}, B: {value: x}, C: {value: c}}"),
        ("timeout: 1s", "timeout: 2s", "timeout: 2s"),
        ("args: [a, b]", "args: [c]", "args: [c]"),
        ("args: [a, b]", "args: []", "args: []"),
        ("routes: [{to: v1}, {to: v2}]", "routes: [{timeout: 1s}]", "routes: [{timeout: 1s}]"),
        ("timeout: 1s", "timeout: {a: b}", "timeout: {a: b}"),
        ("metadata: {labels: {a: b}}", "metadata: {labels: x}", "metadata: {labels: x}"),
        # null removes
        ("timeout: 1s", "timeout: null", "{}"),
        ("env: {A: a, B: b}", "env: {A: null}", "env: {B: {value: b}}"),
        ("env: {A: a}", "env: null", "{}"),
        ("ports: {http: 80, grpc: 90}", "ports: {http: null}", "ports: {grpc: {port: 90}}"),
        ("image: {tag: x, registry: r.io}", "image: {registry: null}", "image: {tag: x}"),
        ("calls: [a]", "calls: null", "{}"),
        (
            "resources: {memory: 1Gi, cpu: 1}",
            "resources: {memory: null}",
            "resources: {requests: {cpu: 1}, limits: {}}",
        ),
        ("{}", "timeout: null", "{}"),
        ("{}", "env: null", "{}"),
        # keys that exclude each other: the higher layer's win
        ("ports: {http: 80, grpc: 90}", "port: 9080", "port: 9080"),
        ("port: 9080", "ports: {http: 80}", "ports: {http: {port: 80}}"),
        ("port: 9080", "timeout: 1s", "{port: 9080, timeout: 1s}"),
        ("port: 9080", "ports: null", "port: 9080"),
        ("image: a:1", "image: {digest: 'sha256:ab'}", "image: {repository: a, digest: 'sha256:ab'}"),
        ("image: a@sha256:ab", "image: {tag: '2'}", "image: {repository: a, tag: '2'}"),
        ("image: a:1", "image: b:2@sha256:ab", "image: {repository: b, tag: '2', digest: 'sha256:ab'}"),
        ("env: {A: {secret: s/k}}", "env: {A: x}", "env: {A: {value: x}}"),
        ("env: {A: x}", "env: {A: {configMap: c/k}}", "env: {A: {configMap: c/k}}"),
        (
            "health: {readiness: {grpc: 90, service: s, periodSeconds: 5}}",
            "health: {readiness: /r}",
            "health: {readiness: {http: /r, service: s, periodSeconds: 5}}",
        ),
        ("health: {readiness: {exec: x}}", "health: {readiness: {tcp: 80}}", "health: {readiness: {tcp: 80}}"),
        ("health: {readiness: {exec+: [x]}}", "health: {readiness: {tcp: 80}}", "health: {readiness: {tcp: 80}}"),
        ("health: {readiness: {tcp: 80}}", "health: {readiness: {exec+: x}}", "health: {readiness: {exec: [x]}}"),
        ("replicas: 3", "replicas: {min: 2, max: 5}", "replicas: {min: 2, max: 5}"),
        ("replicas: {min: 2, max: 5, cpu: 70%}", "replicas: {min: 3}", "replicas: {min: 3, max: 5, cpu: 70%}"),
        ("replicas: {min: 2, max: 5, cpu: 70%}", "replicas: 1", "replicas: {count: 1}"),
    ],
)
def test_one_layer_over_another(low: str, high: str, result: str) -> None:
    assert outcome(low, high) == data(result)


@pytest.mark.parametrize(
    ("layers", "result"),
    [
        # key+ is added to the list that the merge gives, in whichever layer it stands
        (["calls: [a]", "calls+: [b]"], "[a, b]"),
        (["calls+: [b]", "calls: [a]"], "[a, b]"),
        (["calls: a", "calls+: b", "calls+: c"], "[a, b, c]"),
        (["calls+: [b]", "calls: [x]", "calls: [a]", "calls+: [c]"], "[a, b, c]"),
        (["calls+: [b]", "{}"], "[b]"),
        (["{calls: [a], calls+: [b]}"], "[a, b]"),
        (["calls: [a]", "calls: null", "calls+: [b]"], "[b]"),
        (["calls: [a]", "calls+: []"], "[a]"),
        # null removes what lower layers add, and nothing of what higher ones do
        (["calls+: [a]", "calls+: null"], None),
        (["calls+: [a]", "calls+: null", "calls+: [b]"], "[b]"),
        (["calls+: [a]", "calls+: null", "calls+: [b]", "calls+: [c]"], "[b, c]"),
        (["calls: [a]", "calls+: null"], "[a]"),
    ],
)
def test_a_list_can_be_added_to(layers: list[str], result: str | None) -> None:
    expected = {} if result is None else {"calls": [{"service": name} for name in plain(node(result))]}
    assert outcome(*layers) == expected


def test_a_nested_list_can_be_added_to() -> None:
    low, high = "retries: {attempts: 1, retryOn: 5xx}", "retries: {retryOn+: [reset]}"
    assert outcome(low, high) == {"retries": {"attempts": "1", "retryOn": ["5xx", "reset"]}}
    assert outcome("versions: {v1: {args: [a]}}", "versions: {v1: {args+: b}}") == {
        "versions": {"v1": {"args": ["a", "b"]}}
    }


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("image+: x", "1:1 MS110", '"image+": only a list can be added to, and "image" is none'),
        ("retries: {attempts+: 1}", "1:11 MS110", '"attempts+": only a list can be added to, and "attempts" is none'),
        ("cals+: [a]", "1:1 MS110", '"cals+": only a list can be added to, and "cals" is none'),
    ],
)
def test_only_a_list_can_be_added_to(text: str, where: str, message: str) -> None:
    _, found = laid(text)
    assert brief(found) == [where]
    assert found[0].message == message


def test_a_key_of_a_map_of_things_may_end_with_plus() -> None:
    assert outcome("env: {C+: x}") == {"env": {"C+": {"value": "x"}}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{port: 80, ports: {http: 80}}", "1:12 MS105"),
        ("{ports: {http: 80}, port: 80}", "1:2 MS105"),  # at "ports", whichever stands first
        ("env: {A: {value: x, secret: s/k}}", "1:21 MS105"),
        ("replicas: {count: 3, min: 2}", "1:22 MS105"),
        ("health: {readiness: {http: /, grpc: 90}}", "1:31 MS105"),
        ("health: {readiness: {http: /, exec+: x}}", "1:31 MS105"),
        ("routes: [{to: v1, destinations: [{version: v1}]}]", "1:19 MS105"),
        ("calls: [{service: a, url: https://b}]", "1:22 MS105"),
        ("routes: [{match: {path: [{exact: /, prefix: /}]}}]", "1:37 MS105"),
        ("versions: {v1: {replicas: {count: 3, max: 2}}}", "1:38 MS105"),
    ],
)
def test_in_one_layer_keys_exclude_each_other(text: str, found: str) -> None:
    assert brief(laid(text)[1]) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "{port: 80, ports: null}",
        "image: a:1@sha256:ab",
        "replicas: {min: 1, max: 2, cpu: 70%}",
        "env: {A: {value: x, secret: null}}",
    ],
)
def test_what_does_not_exclude_each_other(text: str) -> None:
    assert laid(text)[1] == []


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        (["ports: {http: }"], ["1:9 MS109"]),
        (["versions: {v2: }"], ["1:12 MS109"]),
        (["volumes: {/data: null}"], ["1:11 MS109"]),
        (["routes: [{to: {v2: }}]"], ["1:16 MS109"]),
        (["ports: {grpc: 90}", "ports: {http: }"], ["1:9 MS109"]),
        (["ports: {http: }", "ports: {http: 80}"], []),
        (["ports: {http: 80}", "ports: {http: }"], []),
        (["ports: {http: 80}", "port: 80"], []),
        (["timeout: "], []),
    ],
)
def test_nothing_in_a_map_of_things_removes_or_is_a_mistake(layers: list[str], found: list[str]) -> None:
    assert brief(laid(*layers)[1]) == found


def test_help_for_an_empty_thing_is_what_to_type() -> None:
    assert laid("ports: {http: }")[1][0].help.startswith("leave it out, or write http: {}")


def test_the_order_of_keys_in_a_file_is_forgotten() -> None:
    assert list(outcome("{timeout: 1s, env: {B: b, A: a}, args: [b, a]}")) == ["args", "env", "timeout"]
    assert list(outcome("env: {B: b, A: a}")["env"]) == ["A", "B"]


# -- documents ---------------------------------------------------------------------------------------------------------

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: "
SERVICE = HEAD + "MeshService\nmetadata: {name: web}\n"
APP = HEAD + "MeshApp\nmetadata: {name: shop}\n"
PLATFORM = HEAD + "MeshPlatform\nmetadata: {name: production}\n"  # the bodies below begin at line 4


def composed(
    spec: str = "", platform: str = "", env: str = "", parameters: Mapping[str, str] | None = None
) -> Composed:
    above = node(platform, "meshplatform.yaml") if platform else None
    return compose(read(spec, "meshspec.yaml"), above, env, parameters or {})


def refused(
    spec: str = "", platform: str = "", env: str = "", parameters: Mapping[str, str] | None = None
) -> list[str]:
    return brief(problems(lambda: composed(spec, platform, env, parameters)))


def service(
    spec: str, platform: str = "", env: str = "", parameters: Mapping[str, str] | None = None, name: str = "web"
) -> Node:
    (found,) = (tree.node for tree in composed(spec, platform, env, parameters).services if tree.name == name)
    return found


def values(found: Node, *keys: str) -> Data:
    """The finished service less what each has, or the named keys of it."""
    everything: Data = plain(found)
    return {
        key: value
        for key, value in everything.items()
        if (key in keys if keys else key not in ("metadata", "versions"))
    }


def test_services_come_in_the_order_of_their_names() -> None:
    second = APP.replace("shop", "b") + "services: {zoo: {}, ape: {}}\n"
    trees = composed(SERVICE + "---\n" + second).services
    assert [(tree.name, tree.app) for tree in trees] == [("ape", "b"), ("web", ""), ("zoo", "b")]


def test_what_a_document_is_about_itself_is_not_part_of_the_service() -> None:
    found = service(SERVICE + "environments: {dev: {}}\n", env="dev")
    assert set(plain(found)) == {"metadata", "versions"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- a\n", ["1:1 MS103"]),
        ("foo\n", ["1:1 MS103"]),
        ("{}\n", ["1:1 MS107", "1:1 MS108"]),
        ("apiVersion: v1\nkind: MeshService\n", ["1:13 MS107"]),
        ("apiVersion: v1\nkind: Deployment\n", ["2:7 MS108"]),
        (HEAD + "MeshSrvice\n", ["2:7 MS108"]),
        (HEAD + "MeshPlatform\n", ["2:7 MS108"]),
        (HEAD + "[a]\n", ["2:7 MS108"]),
        (APP + "services: {a: {}}\nservice: {}\npatches: []\n", ["5:1 MS101"]),
        (HEAD + "MeshApp\nmetadata: {nam: x}\n", ["1:1 MS102", "1:1 MS102", "3:12 MS101"]),
        (APP, ["1:1 MS102"]),
        (APP + "services: {}\n", ["1:1 MS102"]),
        (APP + "services: [a]\n", ["4:11 MS103"]),
        (APP + "services:\n  a: nginx:1\n  b: [x]\n  c: {}\n", ["5:6 MS103", "6:6 MS103"]),
        (APP + "services:\n  a:\n  b: {}\n", ["5:3 MS109"]),
        (APP + "services: {a: {metadata: {name: b}}}\n", ["4:33 MS104"]),
        (APP + "services: {a: {}}\ndefaults: foo\n", ["5:11 MS103"]),
        (SERVICE + "environments: prod\n", ["4:15 MS103"]),
        (SERVICE + "environments: [prod]\n", ["4:15 MS103"]),
        (SERVICE + "---\n" + SERVICE, ["7:18 MS207"]),
        (SERVICE + "---\n" + SERVICE.replace("web", "web, namespace: b"), []),
        (SERVICE + "---\n" + APP + "services: {web: {}}\n", ["8:12 MS207"]),
    ],
)
def test_documents_that_are_refused(text: str, found: list[str]) -> None:
    assert refused(text) == found


def test_a_platform_is_refused_by_its_own_kind() -> None:
    assert refused(SERVICE, SERVICE) == ["2:7 MS108"]
    assert refused("", PLATFORM + "defaults: foo\n") == ["4:11 MS103"]
    assert refused("", PLATFORM + "gateways: {public: }\n") == ["4:12 MS109"]


def test_a_platform_is_merged_too() -> None:
    platform = PLATFORM + "gateways: {a: {hosts: x.com}}\nenvironments: {prod: {gateways: {a: {tls: c}}}}\n"
    tree = composed(platform=platform, env="prod").platform
    assert tree is not None
    assert tree.name == "production"
    assert plain(tree.node)["gateways"] == {"a": {"hosts": ["x.com"], "tls": {"credentialName": "c"}}}


# -- the order of the layers -------------------------------------------------------------------------------------------


def test_platform_below_app_below_service_below_version() -> None:
    platform = PLATFORM + "defaults: {env: {A: platform, B: platform, C: platform, D: platform}}\n"
    app = APP + (
        "defaults: {env: {B: app, C: app, D: app}}\n"
        "services: {web: {env: {C: service, D: service}, versions: {v1: {env: {D: version}}, v2: {}}}}\n"
    )
    found = plain(service(app, platform))
    own = {"A": "platform", "B": "app", "C": "service", "D": "service"}
    assert found["env"] == {key: {"value": value} for key, value in own.items()}
    assert found["versions"]["v2"]["env"] == found["env"]
    assert found["versions"]["v1"]["env"] == {**found["env"], "D": {"value": "version"}}


def test_each_document_takes_its_own_environment_first() -> None:
    platform = PLATFORM + "defaults: {timeout: 1s}\nenvironments: {prod: {defaults: {timeout: 9s, retries: 9}}}\n"
    assert values(service(SERVICE + "timeout: 2s\n", platform, "prod")) == {
        "timeout": "2s",
        "retries": {"attempts": "9"},
    }
    overlaid = SERVICE + "timeout: 2s\nenvironments: {prod: {timeout: 3s, calls+: [audit]}, dev: {timeout: 4s}}\n"
    assert values(service(overlaid, platform, "prod"), "timeout", "calls") == {
        "timeout": "3s",
        "calls": [{"service": "audit"}],
    }


def test_what_a_document_removes_and_its_environment_writes_anew_replaces_lower_layers() -> None:
    platform = PLATFORM + "defaults: {env: {A: x}, calls+: [a], image: r.io/a:1}\n"
    spec = SERVICE + "env: null\ncalls+: null\nimage: null\n"
    spec += "environments: {dev: {env: {B: y}, calls+: [b], image: {tag: '2'}}}\n"
    assert values(service(spec, platform, "dev")) == {
        "env": {"B": {"value": "y"}},
        "calls": [{"service": "b"}],
        "image": {"tag": "2"},
    }


def test_an_environment_of_an_app_reaches_everything_in_it() -> None:
    app = APP + (
        "defaults: {timeout: 1s}\nservices: {web: {replicas: 1}, old: {}}\n"
        "environments: {prod: {defaults: {timeout: 2s}, "
        "services: {web: {replicas: {min: 2}}, old: null, new: {image: a:1}}}}\n"
    )
    assert [tree.name for tree in composed(app, env="prod").services] == ["new", "web"]
    assert values(service(app, env="prod")) == {"timeout": "2s", "replicas": {"min": "2"}}


def test_an_app_gives_its_services_names_metadata_and_platform() -> None:
    app = HEAD + (
        "MeshApp\nmetadata: {name: shop, namespace: shop, labels: {team: a}}\nplatform: production\n"
        "services: {web: {metadata: {labels: {tier: front}}}, api: {platform: other}}\n"
    )
    assert values(service(app), "metadata", "platform") == {
        "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "a", "tier": "front"}},
        "platform": "production",
    }
    assert values(service(app, name="api"), "platform") == {"platform": "other"}


@pytest.mark.parametrize("empty", ["defaults:\n", "defaults: null\n", "defaults: {}\n", ""])
def test_empty_defaults_of_an_app_leave_those_of_the_platform(empty: str) -> None:
    platform = PLATFORM + "defaults: {timeout: 1s}\n"
    assert values(service(APP + empty + "services: {web: {}}\n", platform)) == {"timeout": "1s"}


def test_a_body_that_only_an_environment_gives_still_stands_over_the_defaults() -> None:
    app = APP + "defaults: {timeout: 1s}\nservices: {web: }\nenvironments: {prod: {services: {web: {retries: 1}}}}\n"
    assert values(service(app, env="prod")) == {"timeout": "1s", "retries": {"attempts": "1"}}
    app = APP + "defaults:\nservices: {web: {}}\nenvironments: {prod: {defaults: {retries: 1}}}\n"
    platform = PLATFORM + "defaults: {timeout: 1s}\n"
    assert values(service(app, platform, env="prod")) == {"timeout": "1s", "retries": {"attempts": "1"}}


def test_exclusive_keys_reach_through_all_layers() -> None:
    platform = PLATFORM + "defaults: {ports: {http: 80}, image: {tag: '1'}}\n"
    app = APP + "defaults: {port: 9080}\nservices: {web: {ports: {grpc: 90}, image: 'a@sha256:ab'}}\n"
    assert values(service(app, platform)) == {
        "ports": {"grpc": {"port": "90"}},
        "image": {"repository": "a", "digest": "sha256:ab"},
    }


def test_lists_are_added_to_from_all_layers() -> None:
    platform = PLATFORM + "defaults: {access+: [blackbox.monitoring]}\n"
    spec = SERVICE + "access: [front]\nenvironments: {prod: {access+: [audit]}}\n"
    found = values(service(spec, platform, "prod"))["access"]
    assert [rule["from"][0]["services"] for rule in found] == [["front"], ["blackbox.monitoring"], ["audit"]]


# -- environments ------------------------------------------------------------------------------------------------------

WITH_ENVIRONMENTS = SERVICE + "environments:\n  prod: {}\n  dev: {}\n"


def test_an_environment_must_be_named_by_spec_or_platform() -> None:
    (found,) = problems(lambda: composed(WITH_ENVIRONMENTS, env="prd"))
    assert (found.code, found.pos, found.help) == ("MS111", None, 'did you mean "prod"?')
    assert refused(SERVICE, env="prod") == ["- MS111"]
    assert refused(WITH_ENVIRONMENTS, PLATFORM, env="dev") == []
    assert refused(SERVICE, PLATFORM + "environments: {prod: }\n", env="prod") == []


def test_an_environment_must_not_be_forgotten() -> None:
    (found,) = problems(lambda: composed(WITH_ENVIRONMENTS))
    assert brief([found]) == ["4:1 MS111"]
    assert "--env dev or --env prod" in found.help
    assert refused(SERVICE, PLATFORM + "environments: {prod: {}}\n") == ["4:1 MS111"]


def test_one_of_several_documents_may_have_no_environment() -> None:
    assert refused(WITH_ENVIRONMENTS + "---\n" + SERVICE.replace("web", "api"), env="prod") == []


def test_a_document_with_other_environments_is_not_rendered_with_its_base() -> None:
    other = SERVICE.replace("web", "api") + "environments: {staging: {}}\n"
    assert refused(WITH_ENVIRONMENTS + "---\n" + other, env="prod") == ["11:1 MS111"]
    assert refused(WITH_ENVIRONMENTS + "---\n" + other, PLATFORM + "environments: {prod: {}}\n", env="prod") == []


@pytest.mark.parametrize("chosen", ["prod", "dev"])
def test_every_environment_is_a_map_chosen_or_not(chosen: str) -> None:
    assert refused(SERVICE + "environments:\n  prod: foo\n  dev: {}\n", env=chosen) == ["5:9 MS103"]


# -- parameters --------------------------------------------------------------------------------------------------------

DECLARED = SERVICE + "image: r.io/a:1\nparameters: [image.tag, image, replicas.count, port]\n"


@pytest.mark.parametrize(
    ("parameters", "changed"),
    [
        ({"image.tag": "1.20"}, {"image": {"registry": "r.io", "repository": "a", "tag": "1.20"}}),
        ({"web.image.tag": "2"}, {"image": {"registry": "r.io", "repository": "a", "tag": "2"}}),
        ({"image": "b:3"}, {"image": {"registry": "r.io", "repository": "b", "tag": "3"}}),
        ({"replicas.count": "4"}, {"replicas": {"count": "4"}}),
        ({"image.tag": "null"}, {"image": {"registry": "r.io", "repository": "a", "tag": "null"}}),
        ({"image.tag": ""}, {"image": {"registry": "r.io", "repository": "a", "tag": ""}}),
    ],
)
def test_a_declared_parameter_is_the_highest_layer(parameters: dict[str, str], changed: Data) -> None:
    assert values(service(DECLARED, parameters=parameters), *changed) == changed


def test_a_parameter_excludes_keys_like_any_layer() -> None:
    spec = SERVICE + "ports: {http: 80}\nparameters: port\n"
    assert values(service(spec, parameters={"port": "81"}), "port", "ports") == {"port": "81"}


def test_a_parameter_is_typed_by_its_field_and_text_in_the_spec_stays_text() -> None:
    spec = SERVICE + "env: {A: '010', B: 010}\nparameters: env.B.value\n"
    found = service(spec, parameters={"env.B.value": "020"})
    quoted, typed = found.get("env", "A", "value"), found.get("env", "B", "value")
    assert quoted is not None
    assert typed is not None
    assert (type(quoted.value), type(typed.value)) == (Quoted, str)
    assert typed.pos == Pos("parameter env.B.value", 0, 0)
    assert typed.layer == "parameter"


@pytest.mark.parametrize("name", ["image.tga", "web.image.tga", "image.repository", "api.image.tag", ""])
def test_a_parameter_must_be_declared(name: str) -> None:
    assert refused(DECLARED, parameters={name: "x"}) == [f"parameter {name} MS112"]


def test_help_for_a_parameter_is_the_declared_one() -> None:
    (found,) = problems(lambda: composed(DECLARED, parameters={"image.tga": "x"}))
    assert found.help == 'did you mean "image.tag"?'
    (found,) = problems(lambda: composed(SERVICE, parameters={"image.tag": "x"}))
    assert found.help.startswith("declare the path in the spec")


def test_with_several_services_a_parameter_is_behind_the_name() -> None:
    app = APP + "defaults: {parameters: image.tag}\nservices: {web: {image: a:1}, api: {image: b:1}}\n"
    assert refused(app, parameters={"image.tag": "2"}) == ["parameter image.tag MS112"]
    trees = composed(app, parameters={"web.image.tag": "2"}).services
    assert [tree.node.text("image", "tag") for tree in trees] == ["1", "2"]


def test_an_app_declares_parameters_of_its_services() -> None:
    app = APP + "parameters: [web.image.tag]\nservices: {web: {image: a:1}, api: {image: b:1}, webx: {}}\n"
    assert service(app, parameters={"web.image.tag": "2"}).text("image", "tag") == "2"
    assert refused(app, parameters={"api.image.tag": "2"}) == ["parameter api.image.tag MS112"]
    both = app.replace("image: a:1", "image: a:1, parameters: timeout")
    assert values(service(both), "parameters") == {"parameters": ["timeout", "image.tag"]}


def test_parameters_reach_versions_that_differ() -> None:
    spec = SERVICE + "versions: {v1: {weight: 90}, v2: {weight: 10}}\nparameters: [versions.v2.weight, image.tag]\n"
    found = service(spec, parameters={"versions.v2.weight": "20", "image.tag": "7"})
    assert plain(found)["versions"] == {
        "v1": {"image": {"tag": "7"}, "weight": "90"},
        "v2": {"image": {"tag": "7"}, "weight": "20"},
    }


def test_an_environment_may_declare_a_parameter() -> None:
    spec = SERVICE + "environments: {dev: {parameters+: image.tag}}\n"
    assert service(spec, env="dev", parameters={"image.tag": "x"}).text("image", "tag") == "x"


# -- versions and routes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "versions"),
    [
        ("", {"v1": {}}),
        ("versions: {}\n", {"v1": {}}),
        ("versions: null\n", {"v1": {}}),
        ("args: [a]\ntimeout: 1s\n", {"v1": {"args": ["a"]}}),
        ("args: [a]\nversions: {v2: {}}\n", {"v2": {"args": ["a"]}}),
        ("args: [a]\nversions: {v1: {}, v2: {args: [b]}}\n", {"v1": {"args": ["a"]}, "v2": {"args": ["b"]}}),
        ("args: [a]\nversions: {v2: {args+: [b]}}\n", {"v2": {"args": ["a", "b"]}}),
        ("args: [a]\nargs+: [b]\nversions: {v2: {args: [c]}}\n", {"v2": {"args": ["c", "b"]}}),
        ("args: [a]\nversions: {v2: {args: null}}\n", {"v2": {}}),
        ("replicas: 3\nversions: {v2: {replicas: {min: 1}}}\n", {"v2": {"replicas": {"min": "1"}}}),
        ("image: a:1\nversions: {v2: {image: {tag: 2}}}\n", {"v2": {"image": {"repository": "a", "tag": "2"}}}),
        ("image: a:1\nversions: {v2: foo}\n", {"v2": "foo"}),
        ("image: a:1\nversions: [v2]\n", ["v2"]),
    ],
)
def test_versions_stand_over_the_workload_of_the_service(body: str, versions: object) -> None:
    assert plain(service(SERVICE + body))["versions"] == versions


def test_versions_that_are_removed_leave_the_one_that_is_built_in() -> None:
    spec = (
        SERVICE
        + "args: [a]\nversions: {v1: {args: [b]}, v2: {}}\nenvironments: {dev: {versions: {v1: null, v2: null}}}\n"
    )
    assert plain(service(spec, env="dev"))["versions"] == {"v1": {"args": ["a"]}}


def test_an_empty_version_is_a_mistake_also_where_it_is_the_only_one() -> None:
    assert refused(SERVICE + "versions:\n  v1:\n") == ["5:3 MS109"]
    assert refused(SERVICE + "versions:\n  v1: {}\n  v2:\n") == ["6:3 MS109"]


def test_what_an_environment_writes_over_a_removed_version_still_stands_over_the_service() -> None:
    spec = SERVICE + "args: [a]\nversions: {v1: }\nenvironments: {dev: {versions: {v1: {replicas: 1}}}}\n"
    assert plain(service(spec, env="dev"))["versions"] == {"v1": {"args": ["a"], "replicas": {"count": "1"}}}


INHERITED = SERVICE + "timeout: 5s\nretries: {attempts: 2, perTryTimeout: 1s}\n"


@pytest.mark.parametrize("block", ["routes", "routes+", "expose", "expose+"])
@pytest.mark.parametrize(
    ("item", "result"),
    [
        ("{}", {"timeout": "5s", "retries": {"attempts": "2", "perTryTimeout": "1s"}}),
        ("{timeout: 1s}", {"timeout": "1s", "retries": {"attempts": "2", "perTryTimeout": "1s"}}),
        ("{retries: 3}", {"timeout": "5s", "retries": {"attempts": "3"}}),  # a field whole
        ("{timeout: null, retries: null}", {}),
    ],
)
def test_routes_inherit_timeout_and_retries(block: str, item: str, result: Data) -> None:
    found = service(f"{INHERITED}{block}: [{item}]\n")
    assert plain(found)[block.removesuffix("+")] == [result]


def test_routes_inherit_what_the_merge_gives() -> None:
    platform = PLATFORM + "defaults: {timeout: 1s, retries: {retryOn: 5xx}}\n"
    spec = SERVICE + "retries: {retryOn+: reset}\nroutes: [{to: v1}, x]\nenvironments: {dev: {timeout: null}}\n"
    assert plain(service(spec, platform, "dev"))["routes"] == [
        {"to": {"v1": "100"}, "retries": {"retryOn": ["5xx", "reset"]}},
        "x",
    ]


# -- where a value is from ---------------------------------------------------------------------------------------------


def test_every_value_points_at_the_line_of_its_layer() -> None:
    platform = PLATFORM + "defaults:\n  image: {registry: r.io}\n  mtls: STRICT\n  access+: [probe]\n"
    spec = APP + (
        "defaults:\n  timeout: 1s\n"
        "services:\n  web:\n    image: web:1\n    access: front\n    versions: {v2: {image: {digest: 'sha256:ab'}}}\n"
        "    parameters: [replicas.count]\n"
        "environments:\n  prod:\n    services: {web: {image: {tag: 7}}}\n    defaults: {retries: 3}\n"
    )
    found = service(spec, platform, "prod", {"web.replicas.count": "2"})
    expected: dict[tuple[str | int, ...], tuple[str, str]] = {
        ("image", "registry"): ("meshplatform.yaml:5:21", "platform"),
        ("image", "repository"): ("meshspec.yaml:8:12", "app"),
        ("image", "tag"): ("meshspec.yaml:14:35", "environment prod"),
        ("mtls", "mode"): ("meshplatform.yaml:6:9", "platform"),
        ("timeout",): ("meshspec.yaml:5:12", "app"),
        ("retries", "attempts"): ("meshspec.yaml:15:25", "environment prod"),
        ("access",): ("meshspec.yaml:9:13", "app"),  # where the list is, not where it is added to
        ("access", 0, "from", 0, "services", 0): ("meshspec.yaml:9:13", "app"),
        ("access", 1, "from", 0, "services", 0): ("meshplatform.yaml:7:13", "platform"),
        ("replicas", "count"): ("parameter web.replicas.count", "parameter"),
        ("metadata", "name"): ("meshspec.yaml:14:16", "environment prod"),  # the key that was written last
        ("versions", "v2", "image", "repository"): ("meshspec.yaml:8:12", "app"),
        ("versions", "v2", "image", "digest"): ("meshspec.yaml:10:37", "app"),
        ("versions", "v2", "replicas", "count"): ("parameter web.replicas.count", "parameter"),
        ("versions", "v2"): ("meshspec.yaml:10:20", "app"),
        ("image",): ("meshspec.yaml:14:29", "environment prod"),
    }
    got = {path: (str(at.pos), at.layer) for path in expected if (at := found.get(*path))}
    assert got == expected


def test_a_default_version_says_that_it_is_built_in() -> None:
    for body in ("", "versions: {}\n"):
        version = service(SERVICE + body).get("versions", "v1")
        assert version is not None
        assert version.layer == "built-in"


def test_keys_keep_the_place_of_the_layer_that_wrote_them_last() -> None:
    found = service(SERVICE + "env:\n  A: x\nenvironments:\n  dev: {env: {A: y}}\n", env="dev").get("env", "A")
    assert found is not None
    assert str(found.key) == "meshspec.yaml:7:15"


def test_all_that_is_wrong_is_said_at_once() -> None:
    spec = SERVICE + "port: 1\nports: {http: }\nimage+: x\nenvironments: {dev: {}}\n---\n" + APP + "service: {}\n"
    assert refused(spec, parameters={"x": "y"}) == [
        "5:1 MS105",
        "5:9 MS109",
        "6:1 MS110",
        "7:1 MS111",
        "9:1 MS102",
        "12:1 MS101",
        "parameter x MS112",
    ]
