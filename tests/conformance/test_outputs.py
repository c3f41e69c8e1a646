"""Every golden output and every example is what an API server with Istio's upstream definitions accepts."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.examples import FOLDERS, environment
from tests.support.schemas import bundle_directory, errors
from tests.test_cases import CASES

bundle_directory()  # skips the module, and says so, where there is no schema bundle

FILES = sorted(CASES.glob("*/expected.yaml"))

#: Cases whose platform declares another cluster than some of the ones below, and that cluster.
DECLARED = {"kubernetes-1.29": "1.29", "kubernetes-1.37": "1.37"}

#: Cases with fields that came after the older release of Istio, and the release that has them. Their platform is a
#: newer one; what a platform of an older release makes of them is the case error-fields-of-newer-istio.
NEWER = {
    "access-by-address-and-token": "1.30: AuthorizationPolicy source.trustDomains",
    "access-by-every-source": "1.25: AuthorizationPolicy source.serviceAccounts",
    "gateway-two-certificates": "1.26: ServerTLSSettings.credentialNames",
    "jwt-every-field": "1.28: RequestAuthentication jwtRules.spaceDelimitedClaims",
    "platform-access-of-the-mesh": "1.25: AuthorizationPolicy source.serviceAccounts",
    "external-dynamic-dns": "1.28: ServiceEntry.resolution DYNAMIC_DNS",
    "network-policies-of-what-runs-elsewhere": "1.25: Source.serviceAccounts",
    "policy-cookie-attributes": "1.28: ConsistentHashLB.HTTPCookie.attributes",
    "policy-cookie-attributes-of-a-port": "1.28: ConsistentHashLB.HTTPCookie.attributes",
    "policy-of-istio-1.31": "1.31: zoneAwareLbSetting, http2KeepAlive, outlierDetectionHttpErrorCodes, budgetInterval",
    "policy-retry-budget": "1.27: TrafficPolicy.retryBudget",
    "route-redirect-prefix": "1.31: HTTPRedirect.prefixRewrite",
    "telemetry-of-newer-istio": "1.30: Tracing.disableContextPropagation; 1.29: customTags.formatter",
    "retries-of-every-kind": "1.26: HTTPRetry.backoff, retryIgnorePreviousHosts",
}
#: Cases that show how to write what no judge knows.
UNKNOWN = ("patches-of-fields-that-nobody-knows",)
#: Kinds of the cases that have no definition, as those of users may have none here.
UNDEFINED = ("Database",)
BUNDLES = ("istio", "istio-1.24")
#: The definitions of the release that is about to come, for cases that need it.
COMING = "istio-1.31rc"


def bundles(case: str) -> tuple[str, ...]:
    """The definitions that a case is judged by."""
    newer = NEWER.get(case)
    return BUNDLES if newer is None else (COMING,) if newer.startswith("1.31") else BUNDLES[:1]


JUDGED = [(file, bundle) for file in FILES for bundle in bundles(file.parent.name) if file.parent.name not in UNKNOWN]


def refused(manifests: list[Any], kubernetes: str, bundle: str) -> list[str]:
    return [
        f"{manifest['kind']} {manifest['metadata']['name']}: {error}"
        for manifest in manifests
        if manifest["kind"] not in UNDEFINED
        for error in errors(manifest, kubernetes=kubernetes, bundle=bundle)
    ]


@cache
def objects(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kubernetes", ["1.32", "1.34", "1.37"])
@pytest.mark.parametrize(("file", "bundle"), JUDGED, ids=[f"{file.parent.name}-{bundle}" for file, bundle in JUDGED])
def test_golden_output_is_accepted(file: Path, kubernetes: str, bundle: str) -> None:
    assert not refused(objects(file), DECLARED.get(file.parent.name, kubernetes), bundle)


@pytest.mark.parametrize("case", NEWER)
def test_the_older_istio_refuses_what_is_said_to_be_newer(case: str) -> None:
    assert refused(objects(CASES / case / "expected.yaml"), "1.32", "istio-1.24"), "delete it"


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_nobody_knows_is_refused_by_the_judges(case: str) -> None:
    assert refused(objects(CASES / case / "expected.yaml"), "1.37", "istio")


@pytest.mark.parametrize("bundle", BUNDLES)
@pytest.mark.parametrize("kubernetes", ["1.32", "1.34", "1.37"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_is_accepted(folder: Path, kubernetes: str, bundle: str) -> None:
    manifests = render(str(folder), Environment("demo", environment(folder), source_path="."), {}).manifests
    assert not refused(list(yaml.safe_load_all(emit(manifests, "yaml"))), kubernetes, bundle)
