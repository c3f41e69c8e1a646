"""Rows of the fields of how many pods there are; see ``field_rows``."""

from collections.abc import Callable, Iterator
from typing import Any

from cmp.spec import measures as m
from cmp.spec import validators as v
from tests.support.field_row import FREE, SYNTAX, Row, same
from tests.support.field_rows_pod import selectors

AUTOSCALER = "HorizontalPodAutoscaler:spec"
SCALED = "ScaledObject:spec.triggers.[]"
AUTHENTICATION = "TriggerAuthentication:spec"
REQUESTS = "resources: {cpu: 1, memory: 1Gi}, "


def rows() -> Iterator[tuple[str, Row]]:
    yield from targets()
    yield from metrics()
    yield from triggers()
    for way in ("scaleUp", "scaleDown"):  # the platform of the tests is too old for it
        written = f"replicas: {{max: 3, cpu: 1m, behavior: {{{way}: {{tolerance: @}}}}}}"
        yield f"MeshService.replicas.behavior.{way}.tolerance", Row(written, texts=SYNTAX)
    for key in ("maxUnavailable", "minAvailable"):
        written = f"replicas: 9, podDisruptionBudget: {{{key}: @}}"
        yield f"MeshService.podDisruptionBudget.{key}", Row(written, texts=SYNTAX)


def targets() -> Iterator[tuple[str, Row]]:
    target = f"{AUTOSCALER}.metrics.[].containerResource.target.averageValue"
    for key, read in (("cpu", v.cpu), ("memory", v.memory)):
        expected = amount_by(read)
        yield f"MeshService.replicas.{key}", Row(f"{REQUESTS}replicas: {{max: 3, {key}: @}}", target, expected, SYNTAX)


def amount_by(read: Callable[[Any], str]) -> Callable[[str], str | None]:
    """What an amount becomes; a share is a number, and stands elsewhere."""
    return lambda text: None if text.removesuffix("%").isdigit() else read(text)


def metrics() -> Iterator[tuple[str, Row]]:
    for kind, keys in (
        ("resource", ("averageValue",)),
        ("containerResource", ("averageValue",)),
        ("pods", ("averageValue",)),
        ("object", ("value", "averageValue")),
        ("external", ("value", "averageValue")),
    ):
        at, place = f"MeshService.replicas.metrics[].{kind}", f"{AUTOSCALER}.metrics.[].{kind}"
        about = {"resource": "name: cpu, ", "containerResource": "name: cpu, container: istio-proxy, "}
        described = "describedObject: {apiVersion: v1, kind: Service, name: a}, " if kind == "object" else ""
        first = about.get(kind, f"metric: a, {described}")
        body = f"{REQUESTS}replicas: {{max: 3, metrics: {{{kind}: {{%s}}}}}}"
        for key in ("value", "averageValue"):
            written = body % f"{first}target: {{{key}: @}}"
            known = f"{place}.target.{key}" if key in keys else ""
            yield f"{at}.target.{key}", Row(written, known, m.metric_value, SYNTAX)
        target = f"target: {{{keys[0]}: 1}}"
        if kind in about:
            continue
        named = body % f"metric: {{name: @}}, {described}{target}"
        yield f"{at}.metric.name", Row(named, f"{place}.metric.name", same, FREE if kind == "pods" else SYNTAX)
        chosen = body % f"metric: {{name: a, selector: {{%s}}}}, {described}{target}"
        yield from selectors(f"{at}.metric.selector", chosen, f"{place}.metric.selector")
    container = "replicas: {max: 3, metrics: {containerResource: {name: cpu, container: @, target: {averageValue: 1}}}}"
    yield "MeshService.replicas.metrics[].containerResource.container", Row(container, texts=SYNTAX)
    at, place = (
        "MeshService.replicas.metrics[].object.describedObject",
        f"{AUTOSCALER}.metrics.[].object.describedObject",
    )
    fields = {"apiVersion": "v1", "kind": "Service", "name": "a"}
    for key in fields:
        described = ", ".join(f"{name}: {'@' if name == key else text}" for name, text in fields.items())
        written = f"metric: a, describedObject: {{{described}}}, target: {{value: 1}}"
        yield (
            f"{at}.{key}",
            Row(f"replicas: {{max: 3, metrics: {{object: {{{written}}}}}}}", f"{place}.{key}", same, SYNTAX),
        )


def triggers() -> Iterator[tuple[str, Row]]:
    at, body = "MeshService.replicas.triggers[]", "replicas: {max: 3, triggers: {type: a, metadata: {}, %s}}"
    yield f"{at}.type", Row("replicas: {max: 3, triggers: {type: @, metadata: {}}}", f"{SCALED}.type", same, SYNTAX)
    yield f"{at}.name", Row(body % "name: @", f"{SCALED}.name", same, SYNTAX)
    metadata = "replicas: {max: 3, triggers: {type: a, metadata: {%s}}}"
    yield f"{at}.metadata.*=", Row(metadata % "@: x", f"{SCALED}.metadata.{{}}", same, SYNTAX)
    yield f"{at}.metadata.*", Row(metadata % "a: @", f"{SCALED}.metadata.a", same, FREE)
    reference = Row(body % "authenticationRef: @", f"{SCALED}.authenticationRef.name", same, SYNTAX)
    yield f"{at}.authenticationRef.name", reference
    own, listed = f"{at}.authentication", f"{AUTHENTICATION}.secretTargetRef.[]"
    secret = body % "authentication: {secretTargetRef: {%s}}"
    yield f"{own}.secretTargetRef.*=", Row(secret % "@: a/b", f"{listed}.parameter", same, SYNTAX)
    yield f"{own}.secretTargetRef.*", Row(secret % "a: @", f"{listed}.name", lambda text: text.split("/")[0], SYNTAX)
    for key, provider in (("identityId", "azure-workload"), ("roleArn", "aws")):
        written = body % f"authentication: {{podIdentity: {{provider: {provider}, {key}: @}}}}"
        yield f"{own}.podIdentity.{key}", Row(written, f"{AUTHENTICATION}.podIdentity.{key}", same, SYNTAX)
