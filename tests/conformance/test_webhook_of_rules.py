"""What our own syntax of callers, requests and tokens takes, Istio's webhook takes too.

Texts are put together at random of what each syntax is about; most are refused by us. The rest is shown to Istio.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from pydantic_core import PydanticCustomError

from cmp.spec import identity as i
from tests.support.istio_oracle import check_with_istio, require_istio

require_istio()  # skips the module, and says so, where the checker is not built


class Syntax(NamedTuple):
    """A validator, the parts of texts to try, and the object that holds such a text."""

    takes: Callable[[str], str]
    parts: str
    build: Callable[[str], dict[str, Any]]
    least: int = 20


def policy(rule: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "spec": {"rules": [rule]}}


def source(key: str) -> Callable[[str], dict[str, Any]]:
    return lambda text: policy({"from": [{"source": {key: [text]}}]})


def operation(key: str) -> Callable[[str], dict[str, Any]]:
    return lambda text: policy({"to": [{"operation": {key: [text]}}]})


def token(**fields: Any) -> dict[str, Any]:
    spec = {"jwtRules": [{"issuer": "a", **fields}]}
    return {"apiVersion": "security.istio.io/v1", "kind": "RequestAuthentication", "spec": spec}


SYNTAXES = {
    "path": Syntax(i.access_path, "/ / a {*} {**} * { } % é [ ? .", operation("paths")),
    "host": Syntax(i.access_host, "a . * : 80 *.", operation("hosts")),
    "principal": Syntax(i.principal, "a / * spiffe:// é", source("principals")),
    "ip": Syntax(i.ip_block, "1 0 255 . / 8 : :: f 10.0.0.0 2001:db8:: 32 % 128", source("ipBlocks")),
    "account": Syntax(i.account, "a - . / b *", source("serviceAccounts")),
    "trust domain": Syntax(i.trust_domain, "a - . / b *", source("trustDomains")),
    "token": Syntax(i.request_principal, "a / : * é", source("requestPrincipals")),
    "attribute": Syntax(
        i.condition_key,
        "request.headers request.auth.claims [ ] [ ] a : source.namespace experimental.envoy.filters. .",
        lambda text: policy({"when": [{"key": text, "values": ["x"]}]}),
        5,
    ),
    "address": Syntax(
        i.jwks_uri, "http:// https:// a b.c : 80 / ? %41 % # [ ::1 ] @ é", lambda text: token(jwksUri=text)
    ),
    "header": Syntax(
        i.claim_header, "a - _ X 1 .", lambda text: token(outputClaimToHeaders=[{"header": text, "claim": "a"}])
    ),
}


def texts(syntax: Syntax) -> Iterator[str]:
    """Texts that we take, the same in every run."""
    chance = random.Random(1)
    parts = syntax.parts.split()
    for text in sorted({"".join(chance.choices(parts, k=chance.randint(1, 7))) for _ in range(6000)}):
        try:
            syntax.takes(text)
        except PydanticCustomError:
            continue
        yield text


def keys() -> Iterator[str]:
    chance = random.Random(1)
    members = {"RSA": {"n": 9, "e": 5}, "EC": {"x": 60, "y": 60}, "OKP": {"x": 50}}
    for _ in range(400):
        kind = chance.choice(list(members))
        curve = {"EC": {"crv": chance.choice(["P-256", "P-521", "P-1"])}, "OKP": {"crv": "Ed25519"}}.get(kind, {})
        numbers = {
            name: "".join(chance.choices("AQabcde09-_=", k=chance.randint(1, most)))
            for name, most in members[kind].items()
        }
        text = json.dumps({"keys": [{"kty": kind, **curve, **numbers}]})
        try:
            yield i.jwks(text)
        except PydanticCustomError:
            continue


def refused(objects: dict[str, dict[str, Any]]) -> list[str]:
    for name, one in objects.items():
        one["metadata"] = {"name": name, "namespace": "shop"}
    found = check_with_istio({"": list(objects.values())}).findings[""]
    return [str(finding) for finding in found if finding.code == "webhook"]


@pytest.mark.parametrize("name", SYNTAXES)
def test_the_webhook_takes_what_we_take(name: str) -> None:
    syntax = SYNTAXES[name]
    objects = {f"o{index}": syntax.build(text) for index, text in enumerate(texts(syntax))}

    assert len(objects) >= syntax.least
    assert refused(objects) == []


def test_the_webhook_takes_the_keys_that_we_take() -> None:
    objects = {f"o{index}": token(jwks=text) for index, text in enumerate(keys())}

    assert len(objects) >= 20
    assert refused(objects) == []


def test_the_webhook_refuses_what_we_refuse() -> None:
    """So silence means something."""
    assert len(refused({"a": operation("paths")("/{id}"), "b": token(jwks='{"keys": [{"kty": "DSA"}]}')})) == 2
