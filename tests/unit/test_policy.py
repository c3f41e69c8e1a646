"""Guard-rails: which values a rule means, and where it holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cmp.diagnostics import Diagnostic, SpecError
from cmp.environment import Environment
from cmp.merge.compose import ROUTE_KEYS
from cmp.merge.running import POLICY_KEYS, WORKLOAD_KEYS
from cmp.pipeline import render
from cmp.policy.paths import Steps
from cmp.policy.patterns import ITEM, starred
from cmp.policy.reach import CONTAINER_KEYS, OVER_THE_POD, holders
from cmp.spec import _core
from cmp.spec.container import Image
from cmp.spec.fields import Field, service_fields
from cmp.spec.models import MODELS
from tests.support.trees import node
from tests.test_meta import model_in

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: "
SERVICE = f"{HEAD}MeshService\nmetadata: {{name: web}}\nimage: example.com/web:1\nport: 8080\n"


def found(directory: Path, rule: str, service: str) -> list[Diagnostic]:
    """What a rule says of a service."""
    platform = f"{HEAD}MeshPlatform\nmetadata: {{name: p}}\npolicy: [{{{rule}, reason: r}}]\n"
    (directory / "app").mkdir(exist_ok=True)
    (directory / "meshplatform.yaml").write_text(platform, encoding="utf-8")
    (directory / "app" / "meshspec.yaml").write_text(service, encoding="utf-8")
    try:
        warnings = render(str(directory / "app"), Environment(namespace="shop", source_path="app"), {}).warnings
        return [one for one in warnings if not one.code.startswith("MS3")]
    except SpecError as error:
        return error.diagnostics


def refuses(directory: Path, rule: str, lines: str) -> bool:
    codes = {one.code for one in found(directory, rule, SERVICE + lines)}
    assert codes <= {"MS265"}, codes
    return bool(codes)


VALUES = [
    ("timeout: 1m", "timeout: 60s", "timeout: 61s"),
    ("timeout: <1m", "timeout: 59s", "timeout: 60s"),
    ("timeout: '>=1s <=1m'", "timeout: 1000ms", "timeout: 999ms"),
    (
        "resources.limits.memory: '<=1Gi'",
        "resources: {limits: {memory: 1024Mi}}",
        "resources: {limits: {memory: 1025Mi}}",
    ),
    ("resources.cpu: '>=0.5'", "resources: {cpu: 500m}", "resources: {cpu: 499m}"),
    ("resources.cpu: '>0.5'", "resources: {cpu: 501m}", "resources: {cpu: 0.5}"),
    (
        "strategy.rollingUpdate.maxSurge: '<=25%'",
        "strategy: {rollingUpdate: {maxSurge: 25%}}",
        "strategy: {rollingUpdate: {maxSurge: 1}}",
    ),
    (
        "strategy.rollingUpdate.maxSurge: '<=2'",
        "strategy: {rollingUpdate: {maxSurge: 1}}",
        "strategy: {rollingUpdate: {maxSurge: 1%}}",
    ),
    ("replicas: [1, '>=5']", "replicas: 5", "replicas: 2"),
    ("workload: Deployment", "", "workload: StatefulSet"),
    ("pod.securityContext.runAsNonRoot: true", "", "pod: {securityContext: {runAsNonRoot: false}}"),
    ("image: example.com/*", "", "pod: {containers: {log: {image: 'example.org/log:1'}}}"),
    ("image: {tag: 1*, digest: null}", "", "pod: {containers: {log: {image: 'example.com/log:2'}}}"),
    ("env.*.value: '*-1'", "env: {REGION: eu-1, KEY: {secret: a/b}}", "env: {REGION: eu-2}"),
    (r"env.A.value: a\*", "env: {A: a*}", "env: {A: ab}"),
    ("mtls: STRICT", "", "mtls: {ports: {http: PERMISSIVE}}"),
    ("retries.attempts: '<=2'", "retries: {retryOn: 5xx}", "routes: {match: {path: /a}, retries: 3}"),
    ("retries: '<=2'", "", "routes: {match: {path: /a}, retries: 3}"),
    (
        "outlierDetection.consecutive5xxErrors: '<=5'",
        "outlierDetection: {consecutive5xxErrors: 5}",
        "versions: {v1: {outlierDetection: {consecutive5xxErrors: 6}}}",
    ),
    (
        "access.from: {namespaces: ops}",
        "access: {from: {namespaces: [dev, ops]}}",
        "access: [{from: {namespaces: dev}}]",
    ),
    (
        "access.from.namespaces: ops",
        "access: [{from: {namespaces: ops}}]",
        "access: [{from: {namespaces: [dev, ops]}}]",
    ),
]


@pytest.mark.parametrize(("rule", "kept", "broken"), VALUES)
def test_allowed_values(rule: str, kept: str, broken: str, tmp_path: Path) -> None:
    assert not refuses(tmp_path, f"allow: {{{rule}}}", kept)
    assert refuses(tmp_path, f"allow: {{{rule}}}", broken)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("mtls", "", "mtls: STRICT"),
        ("versions", "", "versions: {v1: {}}"),
        ("volumes.*.emptyDir", "volumes: {/data: {secret: s}}", "volumes: {/data: {emptyDir: {}}}"),
        ("'volumes[/data]'", "volumes: {/tmp/x: {emptyDir: {}}}", "volumes: {/data: {emptyDir: {}}}"),
        (
            "{patches.target: VirtualService}",
            "patches: {target: Service, merge: {metadata: {labels: {a: b}}}}",
            "patches: {target: VirtualService, merge: {metadata: {labels: {a: b}}}}",
        ),
        ("{expose: '*'}", "", ""),
        ("{timeout: '*'}", "", "timeout: 5s"),
        ("port", "#", ""),
        ("pod.containers.*.securityContext", "", "pod: {containers: {web: {securityContext: {runAsUser: 1}}}}"),
    ],
)
def test_forbidden_paths_and_values(rule: str, kept: str, broken: str, tmp_path: Path) -> None:
    if kept != "#":
        assert not refuses(tmp_path, f"forbid: {rule}", kept)
    if broken or kept == "#":
        assert refuses(tmp_path, f"forbid: {rule}", broken)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("mtls", "mtls: STRICT", ""),
        ("'metadata.annotations'", "", "# none"),
        ("versions", "versions: {v1: {}}", ""),
        ("env.REGION", "env: {REGION: eu-1}\npod: {containers: {log: {image: 'example.com/log:1'}}}", "env: {A: b}"),
        (
            "image.tag",
            "pod: {containers: {web: {securityContext: {runAsUser: 1}}}}",
            "pod: {initContainers: [{name: a, image: 'example.com/a@sha256:" + "0" * 64 + "'}]}",
        ),
        ("routes.timeout", "", "routes: [{match: {path: /a}}]"),
        ("'routes[].timeout'", "timeout: 5s\nroutes: [{match: {path: /a}}]", "routes: [{match: {path: /a}}]"),
        ("ports.http.port", "", "# none"),
    ],
)
def test_required_paths(rule: str, kept: str, broken: str, tmp_path: Path) -> None:
    if rule == "'metadata.annotations'":
        assert refuses(tmp_path, f"require: {rule}", kept)
        return
    assert not refuses(tmp_path, f"require: {rule}", kept)
    if broken != "# none":
        assert refuses(tmp_path, f"require: {rule}", broken)


@pytest.mark.parametrize(
    ("condition", "concerned"),
    [
        ("when: {workload: StatefulSet}", False),
        ("when: {workload: Deployment}", True),
        ("when: {metadata.namespace: sh*, metadata.name: web}", True),
        ("when: {metadata.namespace: sh*, metadata.name: db}", False),
        ("when: {mtls.ports: null}", True),
        ("unless: {metadata.name: web, metadata.namespace: bank}", True),
        ("unless: [{metadata.name: db}, {metadata.name: web, metadata.namespace: shop}]", False),
    ],
)
def test_whom_a_rule_concerns(condition: str, concerned: bool, tmp_path: Path) -> None:
    assert refuses(tmp_path, f"require: jwt, {condition}", "") == concerned


def test_a_rule_that_warns_lets_the_service_through(tmp_path: Path) -> None:
    (one,) = found(tmp_path, "require: jwt, warn: true", SERVICE)

    assert (one.code, one.severity, one.message) == ("MS265", "warning", '"web" does not say jwt: r')


def test_what_the_parser_refused_is_not_refused_twice(tmp_path: Path) -> None:
    assert [one.code for one in found(tmp_path, "require: timeout", SERVICE + "timeout: 5")] == ["MS104"]


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        ("a/*", ["a", "a/b", "a/b/c"], ["ab", "b/a"]),
        ("*.a", ["b.a", ".a"], ["bxa", "b.a\n"]),
        ("a.*", ["a.", "a.b\nc"], ["ab"]),
        (r"\**", ["*", "*a"], ["a*"]),
    ],
)
def test_stars(pattern: str, fitting: list[str], other: list[str]) -> None:
    shape = starred(pattern)
    assert shape is not None
    assert all(shape.fullmatch(text) for text in fitting)
    assert not any(shape.fullmatch(text) for text in other)


# -- where a rule holds ------------------------------------------------------------------------------------------------


def at(steps: Steps) -> Field | None:
    field: Field | None = service_fields()
    for step in steps:
        if field is not None:
            field = field.item if step == ITEM else field.child(step)
    return field


RULES = [
    *((key,) for key in (*WORKLOAD_KEYS, *POLICY_KEYS, *ROUTE_KEYS)),
    ("mtls", "mode"),
    *(("pod", "securityContext", key) for key in OVER_THE_POD),
]


@pytest.mark.parametrize("steps", RULES, ids=".".join)
def test_a_rule_reaches_only_what_the_language_has(steps: Steps) -> None:
    for tree in (node("{name: a}"), node("{versions: {v1: {}}, jobs: {a: {}}}")):
        for held in holders(steps, tree, required=False):
            field = at(held)
            below = at(steps)
            assert below is not None
            if held[0] != "ports":  # a port has some of them
                assert field is not None, held
            assert field is None or field.kind == below.kind


def images(model: type[BaseModel], path: str, above: frozenset[type] = frozenset()) -> Iterator[str]:
    """The places of the language where an image stands."""
    for name, field in model.model_fields.items():
        below = model_in(field.annotation)
        if below is Image:
            yield f"{path}{name}"
        elif below is not None and below not in above:
            yield from images(below, f"{path}{name}.", above | {model})


def test_a_rule_about_images_holds_for_every_image() -> None:
    """Those of the service itself stand in its versions and jobs by then."""
    tree = node("{versions: {v1: {}}, jobs: {a: {}}}")
    held = [[step for step in path if step not in ("*", ITEM)] for path in holders(("image",), tree, required=False)]
    places = {place for place in images(MODELS["MeshService"], "") if not place.startswith(("image", "pod."))}
    assert {".".join(path) for path in held} == places


def test_containers_say_what_rules_about_containers_speak_of() -> None:
    for key in CONTAINER_KEYS:
        assert at(("pod", "containers", "a", key)) is not None
        assert at(("pod", "initContainers", ITEM, key)) is not None


def test_fields_are_the_same_without_the_compiled_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = service_fields()
    monkeypatch.setattr(_core, "BUILT_FOR", "another")
    assert list(walked(service_fields(), 4)) == list(walked(compiled, 4))


def walked(field: Field, depth: int) -> Iterator[str]:
    yield f"{field.kind} {field.measured}"
    if depth and field.kind == "list":
        yield from walked(field.item, depth - 1)
    for key in field.keys or (["a"] if field.kind == "names" else []):
        below = field.child(key)
        assert below is not None
        yield from ((f"{key}.{line}") for line in walked(below, depth - 1)) if depth else ()
