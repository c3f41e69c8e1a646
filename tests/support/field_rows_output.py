"""Rows of the fields that change the output; see ``field_rows``. What they say stands in no object."""

from collections.abc import Iterator

from tests.support.field_row import SYNTAX, Row


def output(kind: str) -> Iterator[tuple[str, Row]]:
    patch = "patches: [{target: {%s}, merge: {metadata: {}}}]"
    yield f"{kind}.patches[].target.kind", Row(patch % "kind: @", texts=SYNTAX)
    for key in ("name", "namespace", "apiVersion"):
        yield f"{kind}.patches[].target.{key}", Row(patch % f"kind: Gateway, {key}: @", texts=SYNTAX)
    step = "patches: [{target: Gateway, json: [{op: move, %s}]}]"
    yield f"{kind}.patches[].json[].path", Row(step % "path: @, from: /spec", texts=SYNTAX)
    yield f"{kind}.patches[].json[].from", Row(step % "from: @, path: /spec", texts=SYNTAX)
    if kind == "MeshService":
        yield f"{kind}.sync.options.*=", Row("sync: {options: {@: Validate=false}}", texts=SYNTAX)
        yield f"{kind}.sync.waves.*=", Row("sync: {waves: {@: 12}}", texts=SYNTAX)
        yield f"{kind}.ignore.*=", Row("ignore: {@: why}", texts=SYNTAX)
        yield f"{kind}.ignore.*", Row("ignore: {MS302: @}", texts=SYNTAX)
    yield f"{kind}.manifests[].file", Row("manifests: [@]", texts=SYNTAX)


def rules() -> Iterator[tuple[str, Row]]:
    """Rows of guard-rails, which change nothing: a rule that only warns leaves the objects to be seen."""
    rule = "policy: [{require: %s, reason: %s, warn: true}]"
    yield "MeshPlatform.policy[].require[]", Row(rule % ("@", "r"), texts=SYNTAX)
    yield "MeshPlatform.policy[].reason", Row(rule % ("jwt", "@"))
