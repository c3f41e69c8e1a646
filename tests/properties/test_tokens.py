"""``jwt.require`` refuses the requests that it says, if they have no valid token, and no others."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.access_model import Pod, Request, istio_answers

STAFF, PARTNER, STRANGER = "https://staff.example.com", "https://partner.example.org", "https://elsewhere.example.net"
PORTS = {"http": 8080, "grpc": 9000, "tcp-raw": 7000}
PATHS = ("/", "/a", "/ab", "/a/b", "/a/b/c", "/c", "/c/d")
METHODS = ("GET", "PUT", "POST")
HOSTS = ("web.shop", "web.shop:80", "Web.Shop", "other.shop")

PATTERNS: Mapping[str, Callable[[str], bool]] = {
    "/a": lambda path: path == "/a",
    "/a/*": lambda path: path == "/a" or path.startswith("/a/"),
    "/a*": lambda path: path.startswith("/a"),
    "*/b": lambda path: path.endswith("/b"),
    "/a/{*}": lambda path: path.startswith("/a/") and path.count("/") == 2,
    "/*": lambda _: True,
}


def some(values: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=2, unique=True)


NEEDS = st.fixed_dictionaries(
    {},
    optional={
        "paths": some(PATTERNS),
        "notPaths": some(PATTERNS),
        "methods": some(METHODS),
        "notMethods": some(METHODS),
        "hosts": some(["web.shop"]),
        "notHosts": some(["web.shop"]),
        "ports": some(["http", "grpc"]),
        "notPorts": some(["http"]),
    },
).filter(lambda need: need.get("ports") != ["http"] or "notPorts" not in need)
TOKENS = st.sampled_from([(), (STAFF, "a"), (PARTNER, "b"), (STRANGER, "c")])
REQUESTS = st.builds(Request, st.sampled_from(METHODS), st.sampled_from(HOSTS), st.sampled_from(PATHS), TOKENS)


def needs_token(need: Mapping[str, list[str]], port: str, request: Request) -> bool:
    """What the language says of a requirement."""
    host = request.host.lower().partition(":")[0]
    facts: Mapping[str, Callable[[str], bool]] = {
        "Paths": lambda value: PATTERNS[value](request.path),
        "Methods": lambda value: value == request.method,
        "Hosts": lambda value: value == host,
        "Ports": lambda value: value == port,
    }
    for key, fits in facts.items():
        wanted, unwanted = need.get(key.lower(), []), need.get(f"not{key}", [])
        if (wanted and not any(map(fits, wanted))) or any(map(fits, unwanted)):
            return False
    return True


def rendered(tokens: list[dict[str, Any]]) -> list[Any]:
    spec = {
        "apiVersion": "meshspec.io/v1alpha1",
        "kind": "MeshService",
        "metadata": {"name": "web"},
        "image": "example.com/web:1",
        "ports": PORTS,
        "access": [{}],
        "jwt": tokens,
    }
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "meshspec.yaml").write_text(json.dumps(spec), encoding="utf-8")
        manifests = render(directory, Environment("shop"), {}).manifests
    return [json.loads(line) for line in emit(manifests, "ndjson").splitlines()]


WEB = Pod("shop", {"app": "web"}, "web")
CALLER = Pod("ops", {"app": "caller"}, "caller")


@settings(max_examples=200, deadline=None)
@given(need=NEEDS, requests=st.lists(REQUESTS, min_size=8, max_size=8), both=st.booleans())
def test_requests_without_a_valid_token_are_refused_and_no_others(
    need: dict[str, list[str]], requests: list[Request], both: bool
) -> None:
    required: Any = need or True
    other = {"issuer": PARTNER, **({"require": required} if both else {})}
    objects = rendered([{"issuer": STAFF, "require": required}, other])
    accepted = {STAFF, *([PARTNER] if both else [])}
    for request in requests:
        for name in ("http", "grpc"):
            refused = needs_token(need, name, request) and request.token[:1] not in {(one,) for one in accepted}
            assert istio_answers(objects, CALLER, WEB, PORTS[name], request) == (not refused)
    assert istio_answers(objects, CALLER, WEB, PORTS["tcp-raw"], None)


def test_each_issuer_serves_for_its_own_paths() -> None:
    objects = rendered(
        [{"issuer": STAFF, "require": {"paths": "/a/*"}}, {"issuer": PARTNER, "require": {"notPaths": ["/a/*", "/c"]}}]
    )

    def admitted(path: str, *token: str) -> bool:
        return istio_answers(objects, CALLER, WEB, 8080, Request("GET", "web", path, token[:2]))  # type: ignore[arg-type]

    assert [admitted("/a/b"), admitted("/a/b", STAFF, "x"), admitted("/a/b", PARTNER, "x")] == [False, True, False]
    assert [admitted("/ab"), admitted("/ab", STAFF, "x"), admitted("/ab", PARTNER, "x")] == [False, False, True]
    assert [admitted("/c"), admitted("/c", STRANGER, "x")] == [True, True]


def test_a_policy_that_forgot_the_port_would_show() -> None:
    """The model sees what the limit to HTTP ports is for: without it, no connection would get in."""
    objects = rendered([{"issuer": STAFF, "require": True}])
    for one in objects:
        if one["metadata"]["name"] == "web-without-token":
            del one["spec"]["rules"][0]["to"]

    assert not istio_answers(objects, CALLER, WEB, PORTS["tcp-raw"], None)
