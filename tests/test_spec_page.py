"""The reference, docs/spec.md: every key is described, what is called a default is one, every block is shown.

That the page is up to date is held by tests/test_compiled_schema.py, and that its examples give what they should by
tests/test_cases.py: they are golden cases.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cmp import pipeline
from cmp.context.model import Platform, Target
from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from cmp.spec import types
from tests.test_cases import FOLDERS, where
from tests.test_meta import Seen, typed
from tools import descriptions
from tools.examples import EXAMPLES
from tools.spec_page import Reference, Section, own_keys, owners
from tools.values import all_models

REFERENCE = Reference()
SECTIONS = list(REFERENCE.sections.values())
FIELDS = [(model, name) for model in all_models().values() for name in model.model_fields]


# -- words -------------------------------------------------------------------------------------------------------------


def test_every_key_is_described() -> None:
    """By a comment ``#:`` beside the field, unless the docstring of its model says whose block it is."""
    bare = [
        f"{model.__name__}.{name}"
        for model, name in FIELDS
        if not descriptions.of_field(model, name) and "https://" not in (model.__doc__ or "")
    ]
    assert not bare, "write `#: what it means` beside the field"


def test_every_type_has_words() -> None:
    aliases = [name for name, value in vars(types).items() if getattr(value, "__metadata__", None) and name[0] != "_"]
    bare = [name for name in aliases if descriptions.of_type(getattr(types, name)) in ("", name)]
    assert not bare, "write `#: what people write` beside the type in cmp/spec/types.py"


def test_comments_stand_beside_or_above() -> None:
    assert descriptions.of_field(all_models()["Replicas"], "min").startswith("The least number of pods")
    assert descriptions.of_field(all_models()["Retries"], "retryOn").startswith("The failures that are repeated")
    assert descriptions.of_field(all_models()["Version"], "image") == "What runs."


# -- defaults ----------------------------------------------------------------------------------------------------------

SERVICE = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: web}
image: example.com/web:1.0
port: 8080
"""
PLATFORM = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: prod}
"""
GATEWAYS = "gateways: {public: {hosts: '*.example.com', namespace: edge}}"
#: Where a key may stand that has a default: `@` is the key with its default, or nothing.
PLACES = {
    "AccessLogging.disabled": "telemetry: {accessLogging: {match: SERVER, @}}",
    "AppMetrics.merge": "metrics: {port: http, @}",
    "AppMetrics.path": "metrics: {port: http, @}",
    "Dashboard.enabled": "dashboard: {@}",
    "Slo.minFailures": "slo: {availability: 99%, @}",
    "Slo.window": "slo: {availability: 99%, @}",
    "TagOverride.operation": "telemetry: {metrics: {overrides: {tagOverrides: {a: {value: request.host, @}}}}}",
    "ArgoCdMonitoring.enabled": "monitoring: {argocd: {@}}",
    "Grafana.adminSecret": "monitoring: {prometheus: true, grafana: {install: true, @}}",
    "Grafana.install": "monitoring: {prometheus: true, grafana: {@}}",
    "IstioMonitoring.enabled": "monitoring: {istio: {@}}",
    "Prometheus.install": "monitoring: {prometheus: {@}}",
    "Prometheus.namespace": "monitoring: {prometheus: {install: true, @}}",
    "Prometheus.version": "monitoring: {prometheus: {install: true, @}}",
    "ArgoCd.namespace": "argocd: {repoURL: 'https://git.example.com/a', @}",
    "ArgoCd.targetRevision": "argocd: {repoURL: 'https://git.example.com/a', applications: {shop: a}, @}",
    "GitApplication.automated": "argocd: {repoURL: 'https://git.example.com/a', applications: {shop: {path: a, @}}}",
    "GitApplication.each": "argocd: {repoURL: 'https://git.example.com/a', applications: {shop: {path: a, @}}}",
    "Install.cni": "istio: {version: 1.30.3, install: {@}}",
    "Install.enabled": "istio: {version: 1.30.3, install: {@}}",
    "Install.repoURL": "istio: {version: 1.30.3, install: {@}}",
    "Namespace.create": "namespaces: {shop: {mtls: STRICT, @}}",
    "Access.action": "access: {from: front, @}",
    "Access.dryRun": "access: {from: front, action: DENY, @}",
    "Abort.percentage": "routes: {match: {path: /a}, fault: {abort: {httpStatus: 503, @}}}",
    "Delay.percentage": "routes: {match: {path: /a}, fault: {delay: {fixedDelay: 1s, @}}}",
    "Capabilities.drop": "pod: {containers: {web: {securityContext: {capabilities: {add: CHOWN, @}}}}}",
    "ContainerFields.stdin": "pod: {containers: {web: {@}}}",
    "ContainerFields.tty": "pod: {containers: {web: {@}}}",
    "ContainerSecurityContext.allowPrivilegeEscalation": "pod: {containers: {web: {securityContext: {@}}}}",
    "ContainerSecurityContext.readOnlyRootFilesystem": "pod: {containers: {web: {securityContext: {@}}}}",
    "DisruptionBudget.maxUnavailable": "replicas: 2\npodDisruptionBudget: {@}",
    "DisruptionBudget.unhealthyPodEvictionPolicy": "podDisruptionBudget: {maxUnavailable: 1, @}",
    "ExternalSecret.storeKind": "secrets: {a: {store: vault, key: a, @}}",
    "Gateway.httpsRedirect": "gateways: {public: {hosts: a.example.com, namespace: edge, tls: {credentialName: a}, @}}",
    "GatewayTls.minProtocolVersion": "gateways: {a: {hosts: a.example.com, namespace: a, tls: {credentialName: a, @}}}",
    "GatewayTls.mode": "gateways: {a: {hosts: a.example.com, namespace: edge, tls: {credentialName: a, @}}}",
    "Issuer.group": "gateways: {a: {hosts: a.example.com, namespace: edge, tls: {issuer: {name: a, @}}}}",
    "Issuer.kind": "gateways: {a: {hosts: a.example.com, namespace: edge, tls: {issuer: {name: a, @}}}}",
    "Match.ignoreUriCase": "routes: {match: {path: /a, @}, timeout: 1s}",
    "Job.restartPolicy": "jobs: {a: {hook: Sync, command: a, @}}",
    "MeshService.mtls": "@",
    "MeshService.versions": "@",
    "Mirror.percentage": "versions: {v1: {}, v2: {weight: 0}}\nroutes: {match: {path: /a}, mirror: {version: v2, @}}",
    "MeshPlatform.networkPolicy": "@",
    "MeshPlatform.profile": "@",
    "Mount.readOnly": "pod: {containers: {a: {image: 'a:1', mounts: {/a: {volume: /tmp, @}}}}}",
    "Mtls.mode": "mtls: {ports: {http: PERMISSIVE}, @}",
    "OutboundTrafficPolicy.mode": "sidecar: {outboundTrafficPolicy: {@}}",
    "OwnTls.httpsRedirect": "expose: {host: a.example.org, tls: {credentialName: a, @}}",
    "Replicas.cpu": "resources: {cpu: 1}\nreplicas: {max: 3, @}",
    "Replicas.min": "resources: {cpu: 1}\nreplicas: {max: 3, @}",
    "Retries.attempts": "retries: {perTryTimeout: 1s, @}",
    "Retries.retryOn": "retries: {attempts: 3, @}",
    "PodCondition.status": (
        "jobs: {a: {hook: Sync, command: a, podFailurePolicy: {rules: "
        "{action: Ignore, onPodConditions: {type: A, @}}}}}"
    ),
    "PodSecurityContext.runAsNonRoot": "pod: {securityContext: {@}}",
    "Projection.optional": "volumes: {/data: {projected: {secret: a, @}}}",
    "RollingUpdate.maxSurge": "strategy: {rollingUpdate: {maxUnavailable: 1, @}}",
    "RollingUpdate.maxUnavailable": "strategy: {rollingUpdate: {maxSurge: 1, @}}",
    "ServiceAccountToken.expirationSeconds": "volumes: {/data: {projected: {serviceAccountToken: {path: a, @}}}}",
    "ServiceSpec.publishNotReadyAddresses": "service: {@}",
    "Shutdown.preStop": "shutdown: {@}",
    "SpreadConstraint.maxSkew": "pod: {topologySpreadConstraints: {topologyKey: zone, @}}",
    "SpreadConstraint.whenUnsatisfiable": "pod: {topologySpreadConstraints: {topologyKey: zone, @}}",
    "Strategy.type": "strategy: {@}",
    "Trigger.useCachedMetrics": "replicas: {max: 3, triggers: {type: kafka, metadata: {a: b}, @}}",
    "Volume.optional": "volumes: {/data: {secret: a, @}}",
    "Volume.readOnly": "volumes: {/data: {emptyDir: {}, @}}",
    "Workload.kind": "workload: {@}",
    "WorkloadFields.replicas": "@",
}


@cache
def defaults() -> dict[str, str]:
    """What the descriptions call a default and write out, by the class and name of the field."""
    found = {}
    for model, name in FIELDS:
        said = re.search(r"Default: `([^`]+)`\.$", descriptions.of_field(model, name))
        if said:
            found[f"{descriptions.owner_of(model, name).__name__}.{name}"] = said[1]
    return found


def test_every_default_is_held_below() -> None:
    assert {key for key in defaults() if not key.startswith("Istio.")} == set(PLACES)


@pytest.mark.parametrize("field", PLACES)
def test_a_default_gives_what_leaving_it_out_gives(field: str, tmp_path: Path) -> None:
    given = f"{field.partition('.')[2]}: {defaults()[field]}"
    written, left_out = (output(tmp_path, field, PLACES[field].replace("@", text)) for text in (given, ""))
    assert written == left_out


def output(directory: Path, field: str, text: str) -> str:
    owners = ("ArgoCd", "Gateway", "GitApp", "Grafana.", "Install.", "Issuer.", "IstioM", "MeshP", "Namespace.", "Prom")
    platform = field.startswith(owners)
    (directory / "meshplatform.yaml").write_text(PLATFORM + (text if platform else GATEWAYS))
    (directory / "meshspec.yaml").write_text(SERVICE + text * (not platform))
    return emit(render(str(directory), Environment("shop", source_path="."), {}).manifests, "yaml")


def test_defaults_of_the_mesh_are_those_of_a_render_without_platform() -> None:
    target = Target()
    real = {
        "version": ".".join(map(str, target.istio)),
        "kubernetes": ".".join(map(str, target.kubernetes)),
        "trustDomain": target.trust_domain,
        "clusterDomain": target.cluster_domain,
        "mode": Platform._field_defaults["mode"],
        "namespace": target.root_namespace,
    }
    assert {key.removeprefix("Istio."): text for key, text in defaults().items() if key.startswith("Istio.")} == real


# -- examples ----------------------------------------------------------------------------------------------------------


def test_examples_are_cases_of_keys_that_are_there() -> None:
    for kind, examples in EXAMPLES.items():
        known = {"", *descriptions.DOCUMENT_KEYS[kind]}
        for section in SECTIONS:
            keys = (key for owner in owners(section.model) for key, _ in own_keys(section.model, owner))
            known |= {section.key, *(f"{section.path}.{key}".removeprefix(".") for key in keys)}
        assert not set(examples) - known
        assert all(case in FOLDERS and not case.startswith("error-") for case in examples.values())


@cache
def used(case: str) -> set[Any]:
    """The models of which a case sets a field."""
    found = Seen(set(), set(), set())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("parse_services", "parse_platform"):
            patch.setattr(pipeline, name, typed(getattr(pipeline, name), found))
        render(*where(case), {})
    return {model for model, _ in found.fields}


def _title(section: Section) -> str:
    return f"{section.kind} {section.path}"


@pytest.mark.parametrize("section", [section for section in SECTIONS if section.path], ids=_title)
def test_every_block_is_shown_by_its_example_or_one_above(section: Section) -> None:
    examples = EXAMPLES[section.kind].items()
    above = [case for key, case in examples if not key or re.match(rf"{re.escape(key)}($|[.\[])", section.path)]
    shown = any(section.model.__name__ in used(case) for case in above)
    assert shown, f"name a case for {section.key} in tools/examples.py"
