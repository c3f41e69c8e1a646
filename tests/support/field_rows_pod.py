"""Rows of the fields of what a pod finds and where it runs; see ``field_rows``."""

from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import CONTAINER, FREE, POD, SYNTAX, Row, same


def rows() -> Iterator[tuple[str, Row]]:
    yield from files()
    yield from secrets()
    yield from volumes("MeshService.volumes.*", "volumes: {/x#: {%s}}", "PersistentVolumeClaim:spec")
    yield from strategies()


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


def volumes(at: str, body: str, claim: str) -> Iterator[tuple[str, Row]]:
    source = f"{POD}.volumes.[]"
    sized = "strategy: Recreate, " + body
    yield f"{at}.size", Row(sized % "size: @", f"{claim}.resources.requests.storage", v.memory, SYNTAX)
    yield f"{at}.storageClass", Row(sized % "size: 1, storageClass: @", f"{claim}.storageClassName", same, SYNTAX)
    yield f"{at}.claim", Row(body % "claim: @", f"{source}.persistentVolumeClaim.claimName", same, SYNTAX)
    yield f"{at}.secret", Row(body % "secret: @", f"{source}.secret.secretName", same, SYNTAX)
    yield f"{at}.configMap", Row(body % "configMap: @", f"{source}.configMap.name", same, SYNTAX)
    csi = body % "csi: {driver: x, %s}"
    yield f"{at}.csi.driver", Row(body % "csi: {driver: @}", f"{source}.csi.driver", same, SYNTAX)
    yield f"{at}.csi.fsType", Row(csi % "fsType: @", f"{source}.csi.fsType", same, SYNTAX)
    attributes = f"{source}.csi.volumeAttributes"
    yield f"{at}.csi.volumeAttributes.*=", Row(csi % "volumeAttributes: {@: x}", f"{attributes}.{{}}", same, SYNTAX)
    yield f"{at}.csi.volumeAttributes.*", Row(csi % "volumeAttributes: {a: @}", f"{attributes}.a", same, SYNTAX)
    reference = f"{source}.csi.nodePublishSecretRef.name"
    yield f"{at}.csi.nodePublishSecret", Row(csi % "nodePublishSecret: @", reference, same, SYNTAX)
    listed = body % "secret: x, items: {%s}"
    yield f"{at}.items.*=", Row(listed % "@: a", f"{source}.secret.items.[].key", same, SYNTAX)
    yield f"{at}.items.*", Row(listed % "a: @", f"{source}.secret.items.[].path", same, SYNTAX)
    yield f"{at}.subPath", Row(body % "emptyDir: {}, subPath: @", f"{CONTAINER}.volumeMounts.[].subPath", same, SYNTAX)
    yield from projections(f"{at}.projected[]", body % "projected: [{%s}]", f"{source}.projected.sources.[]")


def projections(at: str, body: str, source: str) -> Iterator[tuple[str, Row]]:
    yield f"{at}.secret", Row(body % "secret: @", f"{source}.secret.name", same, SYNTAX)
    yield f"{at}.configMap", Row(body % "configMap: @", f"{source}.configMap.name", same, SYNTAX)
    items = body % "secret: x, items: {%s}"
    yield f"{at}.items.*=", Row(items % "@: a", f"{source}.secret.items.[].key", same, SYNTAX)
    yield f"{at}.items.*", Row(items % "a: @", f"{source}.secret.items.[].path", same, SYNTAX)
    token, place = body % "serviceAccountToken: {%s}", f"{source}.serviceAccountToken"
    yield f"{at}.serviceAccountToken.path", Row(token % "path: @", f"{place}.path", same, SYNTAX)
    yield f"{at}.serviceAccountToken.audience", Row(token % "path: a, audience: @", f"{place}.audience", same, SYNTAX)
    fields = body % "downwardAPI: {@: metadata.name}"
    yield f"{at}.downwardAPI.*=", Row(fields, f"{source}.downwardAPI.items.[].path", same, SYNTAX)


def strategies() -> Iterator[tuple[str, Row]]:
    for key in ("maxSurge", "maxUnavailable"):
        written = f"strategy: {{rollingUpdate: {{{key}: @}}}}"
        yield f"MeshService.strategy.rollingUpdate.{key}", Row(written, texts=SYNTAX)
