"""What we write comes back unchanged from those who know Kubernetes' types, as the API server does.

A quantity that is not canonical, a zero or a field that a type does not have would be stored otherwise than it is
written, and Argo CD would see a difference for ever.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.conformance.test_outputs import UNKNOWN
from tests.support import rich
from tests.support.examples import FOLDERS, environment
from tests.support.go_oracle import Written, written_by_kubernetes
from tests.test_cases import CASES

#: Kinds of groups that client-go does not have: their definitions come with what they belong to.
ELSEWHERE = (
    "argoproj.io",
    "cert-manager.io",
    "example.com",
    "external-secrets.io",
    "istio.io",
    "keda.sh",
    "monitoring.coreos.com",
)
#: What types add by themselves, by the end of the path; None stands for any value. All of it is what the API server
#: fills in, too, and Argo CD lays what is written over what is live, so that it sees no difference there.
ADDED: dict[str, list[Any] | None] = {
    "status": None,
    "spec": [{}],  # of a Namespace
    "grpc.service": [None],
    "resources": [{}],
    "strategy": [{}],
    "template.metadata": [{}],
    "jobTemplate.metadata": [{}],
    "targetPort": [0],  # of Services in files; the API server writes the port's number there
}

#: Every spelling of a quantity that the language takes, and some that mean the same.
CPU = ("1", "2", "100m", "0.5", "0.1", "1.5", "1500m", "1000m", "2000m", "0.001", "1e3", "1k", "010")
MEMORY = (
    "1Gi",
    "1024Mi",
    "1.5Gi",
    "0.5Gi",
    "64Mi",
    "1e9",
    "1000000",
    "1000k",
    "1G",
    "128M",
    "100",
    "1e3",
    "4096Ki",
    "1Ti",
)


class One(NamedTuple):
    """An object, and how Kubernetes writes it."""

    source: str
    object: Any
    written: Written

    def __str__(self) -> str:
        return f"{self.source}: {self.object['kind']} {self.object['metadata']['name']}"


@cache
def asked() -> tuple[One, ...]:
    """Each object once, though several cases have it."""
    found: dict[str, tuple[str, Any]] = {}
    for source, objects in outputs():
        for one in objects:
            if one is not None:
                found.setdefault(repr(one), (source, one))
    answers = written_by_kubernetes([one for _, one in found.values()])
    return tuple(One(*pair, answer) for pair, answer in zip(found.values(), answers, strict=True))


def outputs() -> Iterator[tuple[str, list[Any]]]:
    """The objects of each case and example, by its name."""
    for file in sorted(CASES.glob("*/expected.yaml")):
        if file.parent.name in UNKNOWN:
            continue
        yield file.parent.name, list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    for folder in FOLDERS:
        yield folder.name, rendered(str(folder), environment(folder))


def rendered(path: str, environment: str = "") -> list[Any]:
    manifests = render(path, Environment("demo", environment, source_path="."), {}).manifests
    return list(yaml.safe_load_all(emit(manifests, "yaml")))


def changes(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What is written otherwise, less what is listed as added."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in sorted({*ours, *theirs}):
            at = f"{path}.{key}".lstrip(".")
            if key not in ours:
                found += [] if _is_added(at, theirs[key]) else [f"{at}: added {theirs[key]!r}"]
            elif key not in theirs:
                found.append(f"{at}: {ours[key]!r} is gone")
            else:
                found += changes(ours[key], theirs[key], at)
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for index, pair in pairs for each in changes(*pair, f"{path}.{index}")]
    return [] if ours == theirs and type(ours) is type(theirs) else [f"{path}: {ours!r} became {theirs!r}"]


def _is_added(path: str, value: Any) -> bool:
    rows = [values for end, values in ADDED.items() if path == end or path.endswith(f".{end}")]
    return any(values is None or value in values for values in rows)


def before_set(value: Any) -> Any:
    """What kubectl printed, less the variable that it was told to set in each container."""
    if isinstance(value, list):
        return [before_set(item) for item in value]
    if not isinstance(value, dict):
        return value
    variables = [item for item in value.get("env") or () if item != {"name": "KUBETYPES", "value": "set"}]
    return {key: before_set(item) for key, item in {**value, "env": variables}.items() if key != "env" or item}


def told(found: list[One]) -> list[str]:
    """Each object with what is wrong with it."""
    lines = []
    for one in found:
        problems = [one.written.error] if one.written.error else changes(one.object, one.written.typed)
        if one.written.kubectl is not None:
            problems += changes(one.object, before_set(one.written.kubectl))
        lines += [f"{one}: {problem}" for problem in dict.fromkeys(problems)]
    return lines


def test_types_and_kubectl_change_nothing() -> None:
    assert told([one for one in asked() if one.written.known]) == []


def test_only_kinds_of_other_projects_are_not_known() -> None:
    groups = {one.object["apiVersion"].partition("/")[0] for one in asked() if not one.written.known}
    assert {group for group in groups if not group.endswith(ELSEWHERE)} == set()


def test_kubectl_was_asked_about_every_kind_with_pods() -> None:
    pods = {one.object["kind"] for one in asked() if "containers:" in yaml.safe_dump(one.object) and one.written.known}
    assert pods == {one.object["kind"] for one in asked() if one.written.kubectl is not None} >= {"Deployment"}


SPEC = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: web}
image: example.com/web:1
port: 8080
resources: {requests: {cpu: %(cpu)s, memory: %(memory)s}}
volumes: {/cache: {emptyDir: {sizeLimit: %(memory)s}}, /data: {size: %(memory)s, accessModes: ReadWriteMany}}
proxy: {resources: {cpu: %(cpu)s, memory: %(memory)s}}
"""


def test_quantities_are_canonical_however_they_are_written(tmp_path: Path) -> None:
    found = []
    for index, memory in enumerate(MEMORY):
        text = SPEC % {"cpu": CPU[index % len(CPU)], "memory": memory}
        found += _of_spec(text, tmp_path)
    for cpu in CPU:
        found += _of_spec(SPEC % {"cpu": cpu, "memory": "1Gi"}, tmp_path)
    answers = written_by_kubernetes(found)
    assert told([One("quantity", *pair) for pair in zip(found, answers, strict=True) if pair[1].known]) == []


def _of_spec(text: str, directory: Path) -> list[Any]:
    (directory / "meshspec.yaml").write_text(text, "utf-8")
    return rendered(str(directory))


@pytest.mark.parametrize("name", rich.ENVIRONMENTS)
def test_every_field_of_the_language_is_left_alone(name: str, tmp_path: Path) -> None:
    for file, text in rich.FILES.items():
        (tmp_path / file).write_text(text, "utf-8")
    objects = rendered(str(tmp_path), name)
    answers = written_by_kubernetes(objects)
    assert told([One("rich", *pair) for pair in zip(objects, answers, strict=True) if pair[1].known]) == []


@pytest.mark.parametrize(
    ("resources", "change"),
    [
        ({"requests": {"cpu": "0.5"}}, "resources.requests.cpu: '0.5' became '500m'"),
        ({"limits": {"memory": "1024Mi"}}, "resources.limits.memory: '1024Mi' became '1Gi'"),
        ({"requests": {"cpu": 1}}, "resources.requests.cpu: 1 became '1'"),
        ({"claims": []}, "resources.claims: [] is gone"),
        ({"request": {}}, 'strict decoding error: unknown field "spec.template.spec.containers[0].resources.request"'),
    ],
)
def test_what_would_be_stored_otherwise_is_found(resources: Any, change: str) -> None:
    """So that silence means something."""
    container = {"name": "web", "image": "web:1", "resources": resources}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    }
    (answer,) = written_by_kubernetes([deployment])
    found = told([One("control", deployment, answer)])
    assert len(found) == 1
    assert found[0].endswith(change)
