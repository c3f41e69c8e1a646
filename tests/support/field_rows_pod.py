"""Rows of the fields of what a pod finds and where it runs; see ``field_rows``."""

from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import CONTAINER, FREE, SYNTAX, Row, same


def rows() -> Iterator[tuple[str, Row]]:
    yield from files()
    yield from secrets()


def files() -> Iterator[tuple[str, Row]]:
    mount = f"{CONTAINER}.volumeMounts.[].mountPath"
    yield "MeshService.config.*=", Row("config: {@: {text: x}}", mount, same, SYNTAX)
    yield "MeshService.config.*.file", Row("config: {/etc/x: {file: @}}", texts=SYNTAX)
    yield "MeshService.config.*.text", Row("config: {/etc/x: {text: @}}", "ConfigMap:data.[]", same, FREE)
    source = f"{CONTAINER}.envFrom.[]"
    yield "MeshService.envFrom[].configMap", Row("envFrom: {configMap: @}", f"{source}.configMapRef.name", same, SYNTAX)
    yield "MeshService.envFrom[].secret", Row("envFrom: {secret: @}", f"{source}.secretRef.name", same, SYNTAX)
    yield "MeshService.envFrom[].prefix", Row("envFrom: {secret: x, prefix: @}", f"{source}.prefix", same, SYNTAX)


def secrets() -> Iterator[tuple[str, Row]]:
    at, spec = "MeshService.secrets.*", "ExternalSecret:spec"
    yield f"{at}=", Row("secrets: {@: {store: x, key: y}}", "ExternalSecret:metadata.name", same, SYNTAX)
    yield f"{at}.store", Row("secrets: {a#: {store: @, key: y}}", f"{spec}.secretStoreRef.name", same, SYNTAX)
    yield f"{at}.key", Row("secrets: {a#: {store: x, key: @}}", f"{spec}.dataFrom.[].extract.key", same, SYNTAX)
    every = Row("secrets: {a#: {store: x, key: y, refreshInterval: @}}", f"{spec}.refreshInterval", v.duration, SYNTAX)
    yield f"{at}.refreshInterval", every
    listed = "secrets: {a#: {store: x, key: y, data: {%s}}}"
    yield f"{at}.data.*=", Row(listed % "@: {}", f"{spec}.data.[].secretKey", same, SYNTAX)
    for key in ("key", "property", "version"):
        written = listed % f"k: {{{key}: @}}"
        yield f"{at}.data.*.{key}", Row(written, f"{spec}.data.[].remoteRef.{key}", same, SYNTAX)
