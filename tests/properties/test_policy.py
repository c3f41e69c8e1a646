"""Laws of guard-rails: a further one never lets anything through, and never changes what is let through."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cmp.diagnostics import SpecError
from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: "
PLATFORM = f"{HEAD}MeshPlatform\nmetadata: {{name: main}}\ndefaults: {{replicas: 2, resources: {{cpu: 100m}}}}\n"
SERVICE = f"{HEAD}MeshService\nmetadata: {{name: web}}\nimage: r.example.com/web:1\nport: 8080\n"

BLOCKS = st.lists(
    st.sampled_from(
        [
            "mtls: PERMISSIVE",
            "mtls: {ports: {http: PERMISSIVE}}",
            "replicas: {min: 2, max: 9, cpu: 70%}",
            "resources: {cpu: 100m, memory: 1Gi}",
            "access: [{}, a, {from: {namespaces: ops}}]",
            "timeout: 20s",
            "routes: {match: {path: /a}, timeout: 1m}",
            "versions: {v1: {}, v2: {weight: 5, image: {tag: 2}}}",
            "patches: {target: Service, merge: {metadata: {annotations: {a: b}}}}",
            "env: {AWS_REGION: eu-1}",
        ]
    ),
    unique_by=lambda block: block.partition(":")[0],
)
CONDITIONS = [
    "mtls: [PERMISSIVE, DISABLE]",
    "replicas: '<=2'",
    "replicas: {max: '<=9'}",
    "resources.memory: '>=1Gi'",
    "access: {from: null, action: ALLOW}",
    "access.from.services: a",
    "image.tag: 1",
    "timeout: '<1m'",
    "routes.timeout: '*'",
    "patches.target: Service",
    "env.AWS_*: '*'",
    "workload: Deployment",
]
PATHS = ["mtls", "patches", "resources.memory", "access.from", "env", "versions.*.replicas", "routes[].timeout"]
RULES = st.one_of(
    st.sampled_from(PATHS).map(lambda path: f"require: '{path}'"),
    st.sampled_from(PATHS).map(lambda path: f"forbid: '{path}'"),
    *(st.sampled_from(CONDITIONS).map(f"{verb}: {{{{{{}}}}}}".format) for verb in ("forbid", "allow")),
)
WHOM = st.sampled_from(["", ", warn: true"]) | st.builds(
    ", {}: {{{}}}".format, st.sampled_from(["when", "unless"]), st.sampled_from(CONDITIONS)
)
RAILS = st.builds("{{{}{}, reason: r}}".format, RULES, WHOM)


@cache
def outcome(service: str, below: tuple[str, ...], above: tuple[str, ...]) -> str | None:
    """The bytes of a render, None where it is refused. Rules stand in a mounted file and in the repository's."""
    with TemporaryDirectory() as directory:
        top = Path(directory)
        (top / "app").mkdir()
        for name, rules in (("mounted.yaml", below), ("meshplatform.yaml", above)):
            (top / name).write_text(f"{PLATFORM}policy: [{', '.join(rules)}]\n", encoding="utf-8")
        (top / "app" / "meshspec.yaml").write_text(SERVICE + service, encoding="utf-8")
        environment = Environment(namespace="shop", source_path="app", mounted=str(top / "mounted.yaml"))
        try:
            return emit(render(str(top / "app"), environment, {}).manifests, "yaml")
        except SpecError as error:
            codes = {one.code for one in error.diagnostics if one.severity == "error"}
        assert codes == {"MS265"}
        return None


@settings(max_examples=150, deadline=None)
@example(["mtls: PERMISSIVE"], ["{forbid: mtls, reason: r}"], [], "{require: mtls, reason: r}")
@given(BLOCKS, st.lists(RAILS, max_size=2), st.lists(RAILS, max_size=2), RAILS)
def test_a_further_rule_only_refuses(blocks: list[str], below: list[str], above: list[str], rule: str) -> None:
    service = "\n".join([*sorted(blocks), ""])
    free, before = outcome(service, (), ()), outcome(service, tuple(below), tuple(above))
    assert free is not None
    assert before in (free, None)
    for after in (outcome(service, (*below, rule), tuple(above)), outcome(service, tuple(below), (rule, *above))):
        assert after in (before, None)


@settings(max_examples=50, deadline=None)
@given(BLOCKS, RAILS)
def test_a_rule_holds_wherever_it_stands(blocks: list[str], rule: str) -> None:
    service = "\n".join([*sorted(blocks), ""])
    assert outcome(service, (rule,), ()) == outcome(service, (), (rule,))
