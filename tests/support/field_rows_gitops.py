"""The rows of the fields of an installation, of namespaces that are written, and of Argo CD."""

from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import SYNTAX, Row, same

INSTALL = "istio: {version: 1.30.3, revision: r, install: {%s}}"
ARGOCD = "argocd: {repoURL: 'https://git.example.com/mesh.git', %s}"
ENTRY = "argocd: {repoURL: 'https://git.example.com/mesh.git', applications: {a#: {path: a#, each: false, %s}}}"
NAMESPACE = "namespaces: {n#: {create: true, %s}}"
LIMIT = "LimitRange:spec.limits.[]"


def limits() -> Iterator[tuple[str, Row]]:
    at = "MeshPlatform.namespaces.*.limits"
    for key in ("default", "defaultRequest", "max", "min"):
        inner = f"limits: {{{key}: {{%s}}}}"
        yield f"{at}.{key}.*=", Row(NAMESPACE % (inner % "@: 1"), f"{LIMIT}.{key}.{{}}", same, SYNTAX)
        yield f"{at}.{key}.*", Row(NAMESPACE % (inner % "cpu: @"), f"{LIMIT}.{key}.cpu", v.quantity, SYNTAX)


ENTRIES: dict[str, Row] = {
    **dict(limits()),
    "MeshPlatform.namespaces.*.inject": Row(NAMESPACE % "inject: @", "Namespace:metadata.labels.[]", same, SYNTAX),
    "MeshPlatform.namespaces.*.labels.*=": Row(
        NAMESPACE % "labels: {@: x}", "Namespace:metadata.labels.{}", same, SYNTAX
    ),
    "MeshPlatform.namespaces.*.labels.*": Row(
        NAMESPACE % "labels: {a#: @}", "Namespace:metadata.labels.[]", same, SYNTAX
    ),
    "MeshPlatform.namespaces.*.annotations.*=": Row(
        NAMESPACE % "annotations: {@: x}", "Namespace:metadata.annotations.{}", same, SYNTAX
    ),
    "MeshPlatform.namespaces.*.annotations.*": Row(
        NAMESPACE % "annotations: {a: @}", "Namespace:metadata.annotations.a"
    ),
    "MeshPlatform.namespaces.*.quota.*=": Row(NAMESPACE % "quota: {@: 1}", "ResourceQuota:spec.hard.{}", same, SYNTAX),
    "MeshPlatform.namespaces.*.quota.*": Row(
        NAMESPACE % "quota: {pods: @}", "ResourceQuota:spec.hard.pods", v.quantity, SYNTAX
    ),
    "MeshPlatform.argocd.applications.*=": Row(
        "argocd: {repoURL: 'https://git.example.com/mesh.git', applications: {@: {path: a#, each: false}}}",
        "Application:metadata.name",
        same,
        SYNTAX,
    ),
    "MeshPlatform.argocd.applications.*.path": Row(
        "argocd: {repoURL: 'https://git.example.com/mesh.git', applications: {a#: {path: @, each: false}}}",
        texts=SYNTAX,
    ),
    "MeshPlatform.argocd.applications.*.namespace": Row(
        ENTRY % "namespace: @", "Application:spec.destination.namespace", same, SYNTAX
    ),
    "MeshPlatform.argocd.applications.*.environment": Row(
        ENTRY % "environment: @", "Application:spec.source.plugin.parameters.[].string", same, SYNTAX
    ),
    "MeshPlatform.argocd.applications.*.parameters.*=": Row(
        ENTRY % "parameters: {@: x}", "Application:spec.source.plugin.parameters.[].map.{}", same, SYNTAX
    ),
    "MeshPlatform.argocd.applications.*.parameters.*": Row(
        ENTRY % "parameters: {a: @}", "Application:spec.source.plugin.parameters.[].map.a"
    ),
    "MeshPlatform.argocd.applications.*.targetRevision": Row(
        ENTRY % "targetRevision: @", "Application:spec.source.targetRevision", same, SYNTAX
    ),
}
SINGLE: dict[str, Row] = {
    "MeshPlatform.istio.namespace": Row("istio: {namespace: @}", texts=SYNTAX),
    "MeshPlatform.istio.revision": Row(
        "istio: {version: 1.30.3, install: {}, revision: @}",
        "Application:spec.source.helm.valuesObject.revision",
        same,
        SYNTAX,
    ),
    "MeshPlatform.istio.canary.version": Row(
        "istio: {version: 1.30.3, revision: r, install: {}, canary: {version: @, revision: c}}", texts=SYNTAX
    ),
    "MeshPlatform.istio.canary.revision": Row(
        "istio: {version: 1.30.3, revision: r, install: {}, canary: {version: 1.31.0, revision: @}}",
        "Application:spec.source.helm.valuesObject.revision",
        same,
        SYNTAX,
    ),
    "MeshPlatform.istio.tags.*=": Row(
        "istio: {version: 1.30.3, revision: r, install: {}, tags: {@: r}}",
        "Application:spec.source.helm.valuesObject.revisionTags.[]",
        same,
        SYNTAX,
    ),
    "MeshPlatform.istio.tags.*": Row("istio: {revision: a, tags: {t: @}}", texts=SYNTAX),
    "MeshPlatform.istio.install.repoURL": Row(INSTALL % "repoURL: @", "Application:spec.source.repoURL", same, SYNTAX),
    "MeshPlatform.argocd.repoURL": Row("argocd: {repoURL: @}", "AppProject:spec.sourceRepos.[]", same, SYNTAX),
    "MeshPlatform.argocd.targetRevision": Row(
        ARGOCD % "targetRevision: @, applications: {a: {path: a, each: false}}",
        "Application:spec.source.targetRevision",
        same,
        SYNTAX,
    ),
    "MeshPlatform.argocd.namespace": Row(ARGOCD % "namespace: @", "AppProject:metadata.namespace", same, SYNTAX),
    "MeshPlatform.argocd.project": Row(ARGOCD % "project: @", "AppProject:metadata.name", same, SYNTAX),
    "MeshPlatform.argocd.destination.server": Row(
        ARGOCD % "destination: {server: @}", "AppProject:spec.destinations.[].server", same, SYNTAX
    ),
    "MeshPlatform.argocd.destination.name": Row(
        ARGOCD % "destination: {name: @}", "AppProject:spec.destinations.[].name", same, SYNTAX
    ),
    "MeshPlatform.argocd.kinds[]": Row(
        ARGOCD % "kinds: [@]",
        "AppProject:spec.namespaceResourceWhitelist.[].kind",
        lambda text: text.rpartition("/")[2],
        SYNTAX,
    ),
}
