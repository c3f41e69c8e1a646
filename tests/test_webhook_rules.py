"""Every rule of Istio's admission webhook that a spec can reach is refused by us first: a case for each.

``tests/webhook_rules`` lists them by kind and by the Go function that they are in: words of Istio's message, and the
case with words of ours, or behind a ``-`` why no spec reaches the rule. What the webhook only warns of counts, too.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.istio_source import istio_source
from tests.test_cases import CASES
from tools.values import all_models

ROOT = Path(__file__).parent
TABLES = sorted((ROOT / "webhook_rules").glob("*.txt"))


class Rule(NamedTuple):
    """A rule in Istio's words; the case and the words in which we refuse it, or why it cannot be met."""

    kind: str
    function: str
    says: str
    case: str = ""
    ours: str = ""
    reason: str = ""


def rules() -> Iterator[Rule]:
    for table in TABLES:
        function = ""
        for line in table.read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                function = line
                continue
            says, _, answer = line.strip().rpartition(" | ")
            case, _, ours = answer.partition(": ")
            said = {"reason": answer[2:]} if answer.startswith("- ") else {"case": case, "ours": ours}
            yield Rule(table.stem, function, says, **said)


RULES = tuple(rules())


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.case], ids=lambda rule: f"{rule.kind}: {rule.says}")
def test_we_refuse_it_first(rule: Rule) -> None:
    lines = (CASES / rule.case / "expected.err").read_text(encoding="utf-8").splitlines()

    assert rule.ours
    assert [line for line in lines if re.match(r"\S+: error\[", line) and rule.ours in line]


def test_every_rule_has_its_reason() -> None:
    assert [rule for rule in RULES if not (rule.case or len(rule.reason) > 10)] == []


def test_a_field_that_is_no_reason_is_not_in_the_language() -> None:
    keys = {name.rstrip("_") for model in all_models().values() for name in model.model_fields}
    absent = {found[1] for rule in RULES if (found := re.fullmatch(r"the language has no (\w+)", rule.reason))}

    assert len(absent) >= 5
    assert absent & keys == set()


# -- Istio's own words -------------------------------------------------------------------------------------------------

SOURCES = (
    "pkg/config/validation/validation.go",
    "pkg/config/validation/virtualservice.go",
    "pkg/config/validation/header_value_validator.go",
    "pkg/config/validation/agent/validation.go",
    "pkg/config/security/security.go",
    "pkg/config/labels/instance.go",
    "pkg/config/visibility/visibility.go",
)
#: Functions for what we do not write: kinds, the mesh's configuration, flags of programs.
NOT_OURS = re.compile(
    "Wasm|TrafficExtension|Lua|strictParseURL|MeshConfig|MeshTLS|MeshNetworks|[nN]etwork$|Lightstep|Zipkin"
    "|Datadog|ControlPlane|PrivateKey|Timeout|ServiceSettings|ConnectionSettings|DrainDuration|ProxyAddress|CustomTags"
    "|ConnectionAge|NegativeDuration|TrustDomainConfig|DurationRange|DefaultTrafficPolicy"
)
_FUNCTION = re.compile(r"^func (?:\([^)]*\) )?(\w+)\(|^var (\w+) = Register", re.MULTILINE)
_TEXT = r'("(?:[^"\\]|\\.)*"|`[^`]*`)'
_SAID = re.compile(
    rf"(?:errors\.New|Errorf|Warningf|Sprintf)\(\s*(?:\w+,\s*)?{_TEXT}|(?:warn|err|errMsg|msg) :?= {_TEXT}"
)


@cache
def said_by_istio() -> tuple[tuple[str, str], ...]:
    """What the webhook can say, with the function that says it."""
    found: dict[tuple[str, str], None] = {}
    for name in SOURCES:
        source = (istio_source() / name).read_text(encoding="utf-8")
        functions = list(_FUNCTION.finditer(source))
        ends = [*(one.start() for one in functions[1:]), len(source)]
        for function, end in zip(functions, ends, strict=True):
            of = function[1] or function[2]
            for said in _SAID.finditer(source, function.start(), end):
                if not NOT_OURS.search(of):
                    found[of, (said[1] or said[2])[1:-1]] = None
    return tuple(found)


def fits(rule: Rule, function: str, text: str) -> bool:
    return rule.function in ("*", function) and rule.says in text


def test_every_rule_of_the_webhook_is_listed() -> None:
    said = said_by_istio()

    assert len(said) > 250
    assert [one for one in said if not any(fits(rule, *one) for rule in RULES)] == []


def test_every_rule_that_is_listed_is_one_of_the_webhook() -> None:
    assert [rule for rule in RULES if not any(fits(rule, *one) for one in said_by_istio())] == []
