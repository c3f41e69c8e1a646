"""Revisions of a small application, made up by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

RULES: list[Any] = [
    "front",
    "other",
    {"from": "front", "to": {"paths": "/api"}},
    {"from": "other", "to": {"methods": "GET"}},
    {"action": "DENY", "to": {"paths": "/admin*"}},
    {"action": "DENY", "from": "other"},
]
BETA = {"match": {"headers": {"x-beta": "yes"}}, "to": "v2"}


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    """The bodies of the services of one revision."""
    web: dict[str, Any] = {
        "ports": draw(
            st.sampled_from(
                [{"http": 8080}, {"http": 8080, "grpc-b": 9000}, {"http": {"port": 8080, "targetPort": 8081}}]
            )
        ),
        "image": draw(st.sampled_from(["example.com/web:1", "example.com/web:2"])),
        "versions": draw(
            st.sampled_from(
                [
                    {"v1": {}},
                    {"v2": {}},
                    {"v1": {"weight": 30}, "v2": {"weight": 70}},
                    {"v1": {"weight": 100}, "v2": {"weight": 0}},
                ]
            )
        ),
    }
    if "v2" in web["versions"] and draw(st.booleans()):
        web["routes"] = [BETA]
    rules = draw(st.lists(st.sampled_from(RULES), max_size=4, unique_by=str))
    callers = {"front"} | ({"other"} if draw(st.booleans()) else set())
    web["access"] = [*rules, *(one for one in sorted(callers) if one not in rules and not _named(rules, one))]
    if draw(st.integers(0, 3)) == 0:
        web["jwt"] = [{"issuer": "https://id.example.com", "require": True}]
    if draw(st.integers(0, 3)) == 0:
        web["mtls"] = "PERMISSIVE"
    if draw(st.integers(0, 3)) == 0:
        web["replicas"] = 0
    found = {"web": web, "front": {"calls": ["web"], "expose": ["www.example.com"]}}
    if draw(st.booleans()):
        found["other"] = {"calls": ["web"] if _named(web["access"], "other") else []}
    elif _named(web["access"], "other"):
        found["other"] = {}
    if draw(st.integers(0, 4)) == 0:
        del found["web"]
        found["front"]["calls"] = []
        if "other" in found:
            found["other"] = {}
    return found


def _named(rules: list[Any], name: str) -> bool:
    return any(
        rule == name or (isinstance(rule, dict) and rule.get("from") == name and "action" not in rule) for rule in rules
    )
