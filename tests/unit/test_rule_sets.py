"""The normal form of rules: what says the same is equal, what does not is not."""

from typing import Any

import pytest
import yaml

from tests.support.leaves import differences
from tests.support.rule_sets import rule_sets

AROUND = """
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
---
{kind: Deployment, metadata: {name: a-v1}, spec: {template: {metadata: {labels: {app: a, version: v1}}}}}
---
{kind: Deployment, metadata: {name: a-v2}, spec: {template: {metadata: {labels: {app: a, version: v2}}}}}
---
{kind: Service, metadata: {name: b}, spec: {selector: {app: b}, ports: [{port: 80}, {port: 81}]}}
---
{kind: Deployment, metadata: {name: b-v1}, spec: {template: {metadata: {labels: {app: b, version: v1}}}}}
---
kind: DestinationRule
metadata: {name: a}
spec: {host: a, subsets: [{name: v1, labels: {version: v1}}, {name: one, labels: {version: v1}},
                          {name: v2, labels: {version: v2}}, {name: all, labels: {app: a}}]}
---
{kind: DestinationRule, metadata: {name: b}, spec: {host: b, subsets: [{name: v1, labels: {version: v1}}]}}
"""
OBJECTS = list(yaml.safe_load_all(AROUND))


def rules(http: str, **more: Any) -> dict[str, Any]:
    spec = {"hosts": ["a"], "http": yaml.safe_load(http), **more}
    return rule_sets([*OBJECTS, {"kind": "VirtualService", "metadata": {"name": "x"}, "spec": spec}], "n")


def to(subset: str, **more: Any) -> str:
    return str({"destination": {"host": "a", "subset": subset}, **more})


V1, V2 = f"route: [{to('v1')}]", f"route: [{to('v2')}]"

SAME = {
    "a short name and a whole one": (
        f"[{{{V1}}}]",
        "[{route: [{destination: {host: a.n.svc.cluster.local, subset: v1}}]}]",
    ),
    "two names for the same pods": (f"[{{{V1}}}]", f"[{{route: [{to('one')}]}}]"),
    "a subset of all pods, and none": ("[{route: [{destination: {host: a}}]}]", f"[{{route: [{to('all')}]}}]"),
    "the only version, and none": (
        "[{route: [{destination: {host: b}}]}]",
        "[{route: [{destination: {host: b, subset: v1}}]}]",
    ),
    "the only port, and none": (
        "[{route: [{destination: {host: a}}]}]",
        "[{route: [{destination: {host: a, port: {number: 80}}}]}]",
    ),
    "asked for at the only port, and at any": (f"[{{match: [{{port: 80}}], {V1}}}]", f"[{{{V1}}}]"),
    "a whole share, and none": (f"[{{{V1}}}]", f"[{{route: [{to('v1', weight=100)}]}}]"),
    "shares of another sum": (
        f"[{{route: [{to('v1', weight=1)}, {to('v2', weight=3)}]}}]",
        f"[{{route: [{to('v2', weight=75)}, {to('v1', weight=25)}]}}]",
    ),
    "no share": (f"[{{{V1}}}]", f"[{{route: [{to('v1', weight=100)}, {to('v2', weight=0)}]}}]"),
    "one rule for two matches, and two rules": (
        f"[{{match: [{{uri: {{exact: /a}}}}, {{port: 81}}], {V1}}}]",
        f"[{{match: [{{port: 81}}], {V1}}}, {{match: [{{uri: {{exact: /a}}}}], {V1}}}]",
    ),
    "names": (f"[{{name: x, {V1}}}]", f"[{{match: [{{name: y}}], {V1}}}]"),
    "the case of a header's name": (
        f"[{{match: [{{headers: {{End-User: {{exact: j}}}}}}], {V1}}}]",
        f"[{{match: [{{headers: {{end-user: {{exact: j}}}}}}], {V1}}}]",
    ),
    "a rule behind one without match": (f"[{{{V1}}}]", f"[{{{V1}}}, {{{V2}}}]"),
    "a rule behind a shorter prefix": (
        f"[{{match: [{{uri: {{prefix: /a}}}}], {V1}}}]",
        f"[{{match: [{{uri: {{prefix: /a}}}}], {V1}}}, {{match: [{{uri: {{exact: /ab}}, port: 81}}], {V2}}}]",
    ),
    "a rule before one that does the same": (f"[{{{V1}}}]", f"[{{match: [{{port: 81}}], {V1}}}, {{{V1}}}]"),
    "units of time": (f"[{{timeout: 0.5s, {V1}}}]", f"[{{timeout: 500ms, {V1}}}]"),
    "a last answer of 404, and no rule": (
        f"[{{match: [{{port: 81}}], {V1}}}]",
        f"[{{match: [{{port: 81}}], {V1}}}, {{directResponse: {{status: 404}}}}]",
    ),
    "a last answer of 404 to some, and no rule": (
        f"[{{match: [{{port: 81}}], {V1}}}]",
        f"[{{match: [{{port: 81}}], {V1}}}, {{match: [{{uri: {{prefix: /a}}}}], directResponse: {{status: 404}}}}]",
    ),
    "the prefix of all paths": (f"[{{{V1}}}]", f"[{{match: [{{uri: {{prefix: /}}}}], {V1}}}]"),
    "an answer's bytes and its text": (
        "[{directResponse: {status: 503, body: {bytes: bm8=}}}]",
        "[{directResponse: {status: 503, body: {string: 'no'}}}]",
    ),
    "an older name for shares of faults": (
        f"[{{fault: {{delay: {{percent: 5, fixedDelay: 1s}}}}, {V1}}}]",
        f"[{{fault: {{delay: {{percentage: {{value: 5.0}}, fixedDelay: 1s}}}}, {V1}}}]",
    ),
    "an older name for shares of mirrors": (
        f"[{{mirror: {{host: a}}, mirrorPercent: 5, {V1}}}]",
        f"[{{mirrors: [{{destination: {{host: a}}, percentage: {{value: 5}}}}], {V1}}}]",
    ),
    "the host's own name in place of it": (
        f"[{{rewrite: {{authority: a.n.svc.cluster.local}}, {V1}}}]",
        f"[{{{V1}}}]",
    ),
    "the port that was asked for": (
        "[{match: [{port: 81}], route: [{destination: {host: b}}]}]",
        "[{match: [{port: 81}], route: [{destination: {host: b, port: {number: 81}}}]}]",
    ),
    "rules for one port each, in any order": (
        f"[{{match: [{{port: 81}}], {V1}}}, {{match: [{{port: 82}}], {V2}}}]",
        f"[{{match: [{{port: 82}}], {V2}}}, {{match: [{{port: 81}}], {V1}}}]",
    ),
    "a rule that is for other proxies": (
        f"[{{match: [{{gateways: [g]}}], {V2}}}, {{match: [{{gateways: [mesh]}}], {V1}}}]",
        f"[{{{V1}}}]",
    ),
    "a mirror, and a list of one": (
        f"[{{mirror: {{host: a, subset: v2}}, {V1}}}]",
        f"[{{mirrors: [{{destination: {{host: a, subset: v2}}, percentage: {{value: 100.0}}}}], {V1}}}]",
    ),
}
OTHER = {
    "another subset": (f"[{{{V1}}}]", f"[{{{V2}}}]"),
    "another share": (
        f"[{{route: [{to('v1', weight=20)}, {to('v2', weight=80)}]}}]",
        f"[{{route: [{to('v1', weight=21)}, {to('v2', weight=79)}]}}]",
    ),
    "a subset that is not there": (f"[{{{V1}}}]", f"[{{route: [{to('v3')}]}}]"),
    "one of two ports": (
        "[{route: [{destination: {host: b}}]}]",
        "[{route: [{destination: {host: b, port: {number: 80}}}]}]",
    ),
    "another order": (
        f"[{{match: [{{port: 81}}], {V1}}}, {{match: [{{uri: {{exact: /a}}}}], {V2}}}]",
        f"[{{match: [{{uri: {{exact: /a}}}}], {V2}}}, {{match: [{{port: 81}}], {V1}}}]",
    ),
    "a rule before one that does something else": (f"[{{{V1}}}]", f"[{{match: [{{port: 81}}], {V2}}}, {{{V1}}}]"),
    "a rule between two that do the same": (
        f"[{{match: [{{port: 81}}], {V2}}}, {{{V1}}}]",
        f"[{{match: [{{port: 81, method: {{exact: GET}}}}], {V1}}}, {{match: [{{port: 81}}], {V2}}}, {{{V1}}}]",
    ),
    "a rule behind a longer prefix": (
        f"[{{match: [{{uri: {{prefix: /ab}}}}], {V1}}}]",
        f"[{{match: [{{uri: {{prefix: /ab}}}}], {V1}}}, {{match: [{{uri: {{prefix: /a}}}}], {V2}}}]",
    ),
    "a rule behind one that minds the case": (
        f"[{{match: [{{uri: {{exact: /a}}}}], {V1}}}]",
        f"[{{match: [{{uri: {{exact: /a}}}}], {V1}}}, {{match: [{{uri: {{exact: /a}}, ignoreUriCase: true}}], {V2}}}]",
    ),
    "the value of a header": (
        f"[{{match: [{{headers: {{x: {{exact: j}}}}}}], {V1}}}]",
        f"[{{match: [{{headers: {{x: {{exact: J}}}}}}], {V1}}}]",
    ),
    "a timeout": (f"[{{{V1}}}]", f"[{{timeout: 5s, {V1}}}]"),
    "a fault": (
        f"[{{fault: {{abort: {{httpStatus: 500, percentage: {{value: 100}}}}}}, {V1}}}]",
        f"[{{fault: {{abort: {{httpStatus: 500, percentage: {{value: 99}}}}}}, {V1}}}]",
    ),
    "an answer of 404 before other rules": (f"[{{{V1}}}]", f"[{{directResponse: {{status: 404}}}}, {{{V1}}}]"),
    "an answer of 503": (
        f"[{{match: [{{port: 81}}], {V1}}}]",
        f"[{{match: [{{port: 81}}], {V1}}}, {{directResponse: {{status: 503}}}}]",
    ),
    "a rewrite": (f"[{{{V1}}}]", f"[{{rewrite: {{uri: /}}, {V1}}}]"),
    "another name in place of the host": (f"[{{{V1}}}]", f"[{{rewrite: {{authority: b.example}}, {V1}}}]"),
    "another port than the one that was asked for": (
        "[{match: [{port: 81}], route: [{destination: {host: b}}]}]",
        "[{match: [{port: 81}], route: [{destination: {host: b, port: {number: 80}}}]}]",
    ),
}


@pytest.mark.parametrize(("one", "two"), SAME.values(), ids=SAME)
def test_the_same_in_other_words_is_equal(one: str, two: str) -> None:
    assert differences(rules(one), rules(two)) == differences(rules(two), rules(one)) == []


@pytest.mark.parametrize(("one", "two"), OTHER.values(), ids=OTHER)
def test_what_means_something_else_is_not(one: str, two: str) -> None:
    assert differences(rules(one), rules(two))


def test_rules_for_a_gateway_are_not_those_of_the_mesh() -> None:
    gateway = {
        "kind": "Gateway",
        "metadata": {"name": "g", "namespace": "i"},
        "spec": {
            "selector": {"istio": "g"},
            "servers": [{"port": {"number": 80, "protocol": "HTTP"}, "hosts": ["*"]}],
        },
    }
    spec = {"hosts": ["*"], "gateways": ["i/g"], "http": [{"directResponse": {"status": 503}}]}
    one = {"kind": "VirtualService", "metadata": {"name": "x"}, "spec": spec}
    assert rule_sets([gateway, one], "n", {80: 8080}) == {
        "gateway istio=g *": [{"match": {}, "directResponse": {"status": 503}}],
        "server istio=g 8080": [{"protocol": "HTTP", "hosts": ["*"]}],
    }


def test_destination_rules_of_one_host_are_put_together() -> None:
    rule = {"kind": "DestinationRule", "metadata": {"name": "x"}}
    policy = {"loadBalancer": {"simple": "RANDOM"}}
    ports = [{"port": {"number": 80}, **policy}]
    whole = {
        "host": "a",
        "trafficPolicy": {**policy, "portLevelSettings": ports},
        "subsets": [{"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": policy}],
    }
    parts = [
        {"host": "a", "subsets": [{"name": "other", "labels": {"version": "v1"}, "trafficPolicy": policy}]},
        {"host": "a.n.svc.cluster.local", "trafficPolicy": {**policy, "portLevelSettings": ports}},
    ]
    one = rule_sets([{**rule, "spec": whole}], "n")
    assert one == rule_sets([{**rule, "spec": part} for part in parts], "n")
    assert one["policy a.n.svc.cluster.local"]["ports"] == {"80": policy}


def test_a_subset_without_labels_is_the_host() -> None:
    policy = {"loadBalancer": {"simple": "RANDOM"}, "portLevelSettings": [{"port": {"number": 80}, "tls": {}}]}
    rule = {"kind": "DestinationRule", "metadata": {"name": "x"}}
    of_subset = {"host": "a", "subsets": [{"name": "any", "trafficPolicy": policy}]}
    found = rule_sets([{**rule, "spec": of_subset}], "n")
    assert found == rule_sets([{**rule, "spec": {"host": "a", "trafficPolicy": policy}}], "n")
    assert found["policy a.n.svc.cluster.local"]["ports"] == {"80": {"tls": {}}}


def passing(hosts: list[str], *names: list[str]) -> dict[str, Any]:
    route = [{"destination": {"host": "b", "port": {"number": 81}}}]
    rules = [{"match": [{"sniHosts": asked}], "route": route} for asked in names]
    return {"kind": "VirtualService", "metadata": {"name": "x"}, "spec": {"hosts": hosts, "tls": rules}}


def test_rules_for_tls_are_told_by_the_name_that_is_asked_for() -> None:
    whole = rule_sets([passing(["*.example.org"], ["a.example.org", "b.example.org"])], "n")
    parts = [passing(["a.example.org"], ["a.example.org"]), passing(["b.example.org"], ["b.example.org"])]
    assert whole == rule_sets(parts, "n")
    assert whole != rule_sets([passing(["*.example.org"], ["a.example.org"], ["*.example.org"])], "n")


ALIAS: dict[str, Any] = {
    "hosts": ["80.a.example.org.n.internal"],
    "endpoints": [{"address": "a.example.org"}],
    "ports": [{"number": 80, "targetPort": 443}],
}


def led(entry: dict[str, Any], host: str, port: int) -> list[Any]:
    to_host = {"destination": {"host": host, "port": {"number": port}}}
    rule = {
        "hosts": [host],
        "gateways": ["g"],
        "http": [{"rewrite": {"authority": "a.example.org"}, "route": [to_host]}],
    }
    tls = {"portLevelSettings": [{"port": {"number": port}, "tls": {"mode": "SIMPLE"}}]}
    specs = {"ServiceEntry": entry, "VirtualService": rule, "DestinationRule": {"host": host, "trafficPolicy": tls}}
    return [{"kind": kind, "metadata": {"name": "x"}, "spec": spec} for kind, spec in specs.items()]


def test_another_name_of_a_host_is_that_host() -> None:
    alias, host = ALIAS["hosts"][0], "a.example.org"
    found = rule_sets(led(ALIAS, alias, 80), "n")
    assert found == rule_sets(led({"hosts": [host], "ports": []}, host, 443), "n")
    assert "rewrite" not in found["gateway n/g a.example.org"][0]
    two = {**ALIAS, "endpoints": [{"address": host}, {"address": "b.example.org"}]}
    assert rule_sets(led(two, alias, 80), "n") != found
