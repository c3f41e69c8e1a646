"""meshspec behind the socket of a plugin's server: Argo CD's own, where it is there, and ours."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from cmp.commands import probe
from tests.contract.places import COMMAND, EXAMPLES, Usual
from tests.contract.sidecars import SERVERS, SHIPPED, meshspec, serving
from tests.support.cmp_server import Parameter, Request, manifests, parameter_variables
from tests.support.cmp_sockets import Served, variables_by_argocd

#: ``errors.StatusCode`` of a Go error that has none.
UNKNOWN = grpc.StatusCode.UNKNOWN


@pytest.fixture(scope="module", params=sorted(SERVERS))
def sidecar(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(request.param, meshspec()) as served:
        yield served


def objects(sidecar: Served, request: Request, **changed: Any) -> list[Any]:
    return [json.loads(text) for text in sidecar.send("GenerateManifest", request, **changed).manifests]


def said(sidecar: Served, request: Request, **changed: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        sidecar.send("GenerateManifest", request, **changed)
    assert not sidecar.left()
    return caught.value.code(), str(caught.value.details())


def refused(sidecar: Served, request: Request) -> str:
    """What the plugin said: Argo CD shows it behind the command."""
    code, details = said(sidecar, request)
    before = f"error generating manifests: `{' '.join(COMMAND)}` failed exit status 1: "
    assert code is UNKNOWN
    assert details.startswith(before), details
    return details.removeprefix(before)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_objects_are_those_of_the_command_line(name: str, sidecar: Served, usual: Usual, repository: Path) -> None:
    request = Request(repository, f"apps/shop/{name}")

    assert objects(sidecar, request) == manifests(usual.output(request))
    assert not sidecar.left()


@pytest.mark.parametrize("chunk", [7, 1024, 1 << 20])
def test_the_size_of_pieces_means_nothing(chunk: int, sidecar: Served, usual: Usual, web: Request) -> None:
    found = sidecar.send("GenerateManifest", replace(web, generate_paths="."), chunk).manifests

    assert [json.loads(text) for text in found] == manifests(usual.output(web))


def test_an_error_is_what_the_plugin_said(sidecar: Served, usual: Usual, broken: Request) -> None:
    assert refused(sidecar, broken) == usual.error(broken, "MS101").strip()


def test_an_application_whose_directory_is_not_there(sidecar: Served, web: Request) -> None:
    """The program is not even started: its words are not to be had."""
    _, details = said(sidecar, replace(web, path="apps/shop/gone"))

    assert "no such file or directory" in details.lower()


# -- parameters of each type, in the JSON of ApplicationSourcePluginParameter ------------------------------------------

TYPES: list[tuple[list[Parameter], str]] = [
    ([{"name": "environment", "string": "prod"}], '[{"name":"environment","string":"prod"}]'),
    (
        [{"name": "environment", "string": "prod"}, {"name": "set", "map": {"image.tag": "a<b>&c"}}],
        '[{"name":"environment","string":"prod"},{"map":{"image.tag":"a\\u003cb\\u003e\\u0026c"},"name":"set"}]',
    ),
    (
        [{"name": "environment", "string": "test"}, {"name": "set", "array": ["env.MODE=x"]}],
        '[{"name":"environment","string":"test"},{"array":["env.MODE=x"],"name":"set"}]',
    ),
    (
        [{"name": "environment", "string": "test", "array": [], "map": {}}],
        '[{"array":[],"map":{},"name":"environment","string":"test"}]',
    ),
]


@pytest.mark.parametrize(("parameters", "text"), TYPES, ids=[text for _, text in TYPES])
def test_parameters_arrive(
    parameters: list[Parameter], text: str, sidecar: Served, usual: Usual, staged: Request
) -> None:
    asked = replace(staged, parameters=parameters)
    exact = replace(staged, override={"ARGOCD_APP_PARAMETERS": text})

    if "<" in str(parameters):  # no tag of an image has such characters, and the error names what arrived
        assert "a<b>&c" in refused(sidecar, exact)
        assert refused(sidecar, asked) == refused(sidecar, exact)
    else:
        assert objects(sidecar, asked) == objects(sidecar, exact) == manifests(usual.output(asked))


def test_argocd_writes_parameters_as_they_are_written_here() -> None:
    """Of each type, empty ones, names that become one, and characters that Go escapes."""
    odd: list[Parameter] = [
        {"name": "a-b", "string": '\u2028 ü \U0001f600 " \\ /'},
        {"name": "a.b", "map": {"k=": "="}},
    ]
    asked = [parameters for parameters, _ in TYPES] + [odd, []]
    told = variables_by_argocd(asked)

    assert [one["ARGOCD_APP_PARAMETERS"] for one in told[: len(TYPES)]] == [text for _, text in TYPES]
    assert told == [parameter_variables(parameters) for parameters in asked]


def test_a_parameter_that_is_missing_is_named(sidecar: Served, staged: Request) -> None:
    assert "error[MS111]" in refused(sidecar, staged)
    assert "error[MS112]" in refused(sidecar, replace(staged, parameters=[{"name": "sets", "string": "x"}]))


# -- what the server itself tells of the plugin ------------------------------------------------------------------------


def test_parameters_are_announced_as_they_are_written(sidecar: Served, web: Request) -> None:
    announced = sidecar.send("GetParametersAnnouncement", web).parameterAnnouncements
    fields = [{field.name: value for field, value in one.ListFields()} for one in announced]

    assert fields == SHIPPED["spec"]["parameters"]["static"]


def test_there_is_no_discovery(sidecar: Served, web: Request) -> None:
    checked = sidecar.call("CheckPluginConfiguration")
    matched = sidecar.send("MatchRepository", web)

    assert (checked.isDiscoveryConfigured, checked.provideGitCreds) == (False, False)
    assert (matched.isSupported, matched.isDiscoveryEnabled) == (False, False)


def test_the_probe_finds_it(
    sidecar: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARGOCD_PLUGINSOCKFILEPATH", str(sidecar.socket.parent))

    assert sidecar.call("Health").status == 1
    assert probe.probe() == 0
    assert capfd.readouterr().out == f"{sidecar.socket}: takes calls\n"


# -- many, and the end -------------------------------------------------------------------------------------------------


def test_thirty_at_once(sidecar: Served, usual: Usual, repository: Path) -> None:
    requests = [Request(repository, f"apps/shop/{EXAMPLES[index % 2]}") for index in range(30)]

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda request: objects(sidecar, request), requests))

    assert answers == [manifests(usual.output(request)) for request in requests]
    assert not sidecar.left()


def test_a_deadline_gives_all_or_nothing(sidecar: Served, usual: Usual, repository: Path) -> None:
    request = Request(repository, "apps/shop/online-boutique", generate_paths=".")
    whole, refused = manifests(usual.output(request)), []

    for deadline in (0.11, 0.12, 0.15, 0.2, 0.3, 30):
        try:
            assert objects(sidecar, replace(request, deadline=deadline)) == whole
        except grpc.RpcError as error:
            refused.append(error)

    assert {error.code() for error in refused} <= {UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED}
    assert not [error for error in refused if "Traceback" in str(error.details())]
    assert 0 < len(refused) < 6
    assert sidecar.call("Health").status == 1
