"""Alerts on the platform fire for what they are there to tell, say whose it is, and are silent while all is well."""

import re
from functools import cache
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.prometheus_oracle import failed, require_promtool
from tests.test_cases import CASES

require_promtool()  # skips the module, and says so, where promtool cannot be built

MINUTES = 180
ISTIOD = 'job="istiod",namespace="istio-system",pod="istiod-1"'
ARGO = 'job="argocd-metrics",namespace="argocd",pod="argocd-1"'
REPO = 'job="argocd-repo-server",namespace="argocd",pod="repo-1"'
PROXY = 'job="istio-system/istio-proxies"'


@cache
def groups() -> list[Any]:
    text = (CASES / "platform-monitoring" / "expected.yaml").read_text(encoding="utf-8")
    objects = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return [group for one in objects if one["kind"] == "PrometheusRule" for group in one["spec"]["groups"]]


def series(name: str, values: str) -> dict[str, str]:
    return {"series": name, "values": values}


def steady(name: str, value: float = 1) -> dict[str, str]:
    return series(name, f"{value}x{MINUTES}")


def rising(name: str, each: float = 1) -> dict[str, str]:
    """A counter that rises by so much each minute."""
    return series(name, f"0+{each}x{MINUTES}")


def app(name: str = "shop", **labels: str) -> str:
    known = {"sync_status": "Synced", "health_status": "Healthy", "autosync_enabled": "true", "project": "mesh"}
    shown = ",".join(f'{key}="{value}"' for key, value in {**known, **labels}.items())
    return f'argocd_app_info{{{ARGO},exported_namespace="argocd",name="{name}",{shown}}}'


def sync(phase: str) -> str:
    return f'argocd_app_sync_total{{{ARGO},name="shop",project="mesh",phase="{phase}"}}'


def pushes(kind: str) -> str:
    return f'pilot_xds_pushes{{{ISTIOD},type="{kind}"}}'


def late(bound: str) -> str:
    return f'pilot_proxy_convergence_time_bucket{{{ISTIOD},le="{bound}"}}'


def seen(namespace: str, pod: str) -> str:
    return f'up{{{PROXY},namespace="{namespace}",pod="{pod}"}}'


def ends(pod: str) -> str:
    return f'istio_agent_cert_expiry_seconds{{{PROXY},namespace="shop",pod="{pod}",resource_name="default"}}'


#: All that is measured while all is well, by what is measured.
WELL = {
    one["series"]: one
    for one in (
        steady(f"up{{{ISTIOD}}}"),
        steady(f"up{{{ARGO}}}"),
        steady(f"up{{{REPO}}}"),
        steady(app()),
        steady(app("by-hand", autosync_enabled="false", sync_status="OutOfSync")),
        rising(sync("Succeeded")),
        steady(sync("Failed"), 3),
        steady(f'argocd_cluster_connection_status{{{ARGO},server="https://a"}}'),
        steady(f'argocd_git_fetch_fail_total{{{REPO},repo="https://a",revision="HEAD"}}', 2),
        rising(pushes("cds"), 100),
        steady(pushes("cds_senderr"), 4),
        rising(late("1"), 100),
        rising(late("10"), 100),
        rising(late("30"), 100),
        rising(late("+Inf"), 100),
        steady(f"sidecar_injection_failure_total{{{ISTIOD}}}", 2),
        steady(f'pilot_total_xds_rejects{{{ISTIOD},type="cds"}}', 2),
        steady(f"pilot_total_xds_internal_errors{{{ISTIOD}}}", 2),
        steady(f"pilot_vservice_dup_domain{{{ISTIOD}}}", 0),
        steady(f"pilot_destrule_subsets{{{ISTIOD}}}", 0),
        steady(f"citadel_server_root_cert_expiry_timestamp{{{ISTIOD}}}", 10 * 365 * 86400),
        steady(f"citadel_server_csr_sign_err_count{{{ISTIOD}}}", 2),
        *(steady(seen(space, f"{space}-{at}")) for space in ("shop", "bank") for at in range(20)),
        series(seen("bank", "bank-0"), f"0x{MINUTES}"),
        steady(ends("shop-0"), 43200),
    )
}


class Trouble(NamedTuple):
    """What is measured otherwise, and the labels of the alerts that tell of it."""

    alert: str
    measured: tuple[dict[str, str], ...]
    labels: tuple[str, ...] = ('severity="ticket"',)
    gone: tuple[str, ...] = ()


PAGE = ('severity="page"',)
TROUBLES = (
    Trouble("IstiodDown", (), ('namespace="istio-system"', *PAGE), (f"up{{{ISTIOD}}}",)),
    Trouble("IstiodDown", (steady(f"up{{{ISTIOD}}}", 0),), PAGE),
    Trouble("ArgoCdControllerDown", (), ('namespace="argocd"', *PAGE), (f"up{{{ARGO}}}",)),
    Trouble("ArgoCdRepoServerDown", (), PAGE, (f"up{{{REPO}}}",)),
    Trouble("ArgoCdAppOutOfSync", (steady(app("b", sync_status="OutOfSync")),), ('name="b"', 'project="mesh"')),
    Trouble("ArgoCdAppNotCompared", (steady(app("b", sync_status="Unknown")),), ('name="b"',)),
    Trouble("ArgoCdAppUnhealthy", (steady(app("b", health_status="Degraded")),), ('name="b"',)),
    Trouble("ArgoCdAppUnhealthy", (steady(app("b", health_status="Missing")),), ('name="b"',)),
    Trouble("ArgoCdSyncFailed", (rising(sync("Failed")),), ('name="shop"',)),
    Trouble("ArgoCdSyncFailed", (rising(sync("Error")),), ('name="shop"',)),
    Trouble(
        "ArgoCdClusterNotConnected",
        (steady(f'argocd_cluster_connection_status{{{ARGO},server="https://a"}}', 0),),
        ('server="https://a"', *PAGE),
    ),
    Trouble("ArgoCdGitFails", (rising(f'argocd_git_fetch_fail_total{{{REPO},repo="https://a",revision="HEAD"}}'),)),
    Trouble("IstioInjectionFails", (rising(f"sidecar_injection_failure_total{{{ISTIOD}}}"),), PAGE),
    Trouble("IstioConfigRejected", (rising(f'pilot_total_xds_rejects{{{ISTIOD},type="cds"}}'),), ('type="cds"',)),
    Trouble("IstioPushesFail", (rising(pushes("cds_senderr"), 5),)),
    Trouble("IstioInternalErrors", (rising(f"pilot_total_xds_internal_errors{{{ISTIOD}}}"),)),
    Trouble("IstioProxiesLagBehind", (rising(late("1"), 90), rising(late("10"), 95))),
    Trouble(
        "IstioConfigConflicts",
        tuple(steady(f"{name}{{{ISTIOD}}}") for name in ("pilot_vservice_dup_domain", "pilot_destrule_subsets")),
        ('metric="pilot_vservice_dup_domain"', 'metric="pilot_destrule_subsets"'),
    ),
    Trouble(
        "IstioRootCertificateEnds",
        (steady(f"citadel_server_root_cert_expiry_timestamp{{{ISTIOD}}}", 29 * 86400),),
    ),
    Trouble("IstioCertificatesNotSigned", (rising(f"citadel_server_csr_sign_err_count{{{ISTIOD}}}"),), PAGE),
    Trouble("IstioProxyCertificateEnds", (steady(ends("shop-1"), 600),), ('namespace="shop"', 'pod="shop-1"', *PAGE)),
    Trouble(
        "IstioProxiesNotSeen",
        tuple(series(seen(space, f"{space}-{at}"), f"0x{MINUTES}") for space in ("shop", "bank") for at in range(3)),
        ('namespace="shop"', 'namespace="bank"'),
    ),
)


def told(measured: dict[str, dict[str, str]]) -> str:
    """What fires: of a query that expects nothing, promtool says what there is."""
    query = {"expr": 'ALERTS{alertstate="firing"}', "eval_time": "150m", "exp_samples": []}
    test = {"interval": "1m", "input_series": [*measured.values()], "promql_expr_test": [query]}
    return failed(groups(), {"evaluation_interval": "30s", "tests": [test]})


def test_nothing_is_told_while_all_is_well() -> None:
    assert told(WELL) == ""


@pytest.mark.parametrize("trouble", TROUBLES, ids=[f"{one.alert}-{at}" for at, one in enumerate(TROUBLES)])
def test_trouble_is_told(trouble: Trouble) -> None:
    measured = {name: one for name, one in WELL.items() if name not in trouble.gone}
    answer = told({**measured, **{one["series"]: one for one in trouble.measured}}).replace('\\"', '"')
    assert set(re.findall(r'alertname="(\w+)"', answer)) == {trouble.alert}
    for label in trouble.labels:
        assert label in answer


def test_every_alert_is_tried() -> None:
    alerts = [rule["alert"] for group in groups() for rule in group["rules"]]
    assert set(alerts) == {one.alert for one in TROUBLES}
    assert len(set(alerts)) == len(alerts)
