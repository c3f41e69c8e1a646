"""What an Application says, in the JSON that Argo CD makes of it, is what the flags of the same names say.

The JSON is that of ``MarshalJSON`` of an ``ApplicationSourcePluginParameter``, pkg/apis/application/v1alpha1/types.go:
keys in alphabetical order, ``<``, ``>`` and ``&`` escaped. An Application that has a plugin and no parameters gives
``null``, see test_parameters.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.places import Usual, fine, refused
from tests.support.cmp_server import CmpServer, Request
from tests.test_command_line import run

ROUND = [
    ("[{name: environment, string: prod}]", '[{"name":"environment","string":"prod"}]', ["--env", "prod"]),
    (
        "[{name: environment, string: prod}, {name: namespace, string: own}]",
        '[{"name":"environment","string":"prod"},{"name":"namespace","string":"own"}]',
        ["--env", "prod", "--namespace", "own"],
    ),
    (
        "[{name: set, map: {image.tag: '2.0', env.MODE: 'a <b> & c'}}, {name: environment, string: prod}]",
        '[{"map":{"env.MODE":"a \\u003cb\\u003e \\u0026 c","image.tag":"2.0"},"name":"set"},'
        '{"name":"environment","string":"prod"}]',
        ["--env", "prod", "--set", "image.tag=2.0", "--set", "env.MODE=a <b> & c"],
    ),
    (
        "[{name: set, array: [image.tag=2.0, env.MODE=x=y]}, {name: environment, string: prod}]",
        '[{"array":["image.tag=2.0","env.MODE=x=y"],"name":"set"},{"name":"environment","string":"prod"}]',
        ["--env", "prod", "--set", "image.tag=2.0", "--set", "env.MODE=x=y"],
    ),
    (
        "[{name: set, map: {}}, {name: environment, string: prod}, {name: namespace, array: []}]",
        '[{"map":{},"name":"set"},{"name":"environment","string":"prod"},{"array":[],"name":"namespace"}]',
        ["--env", "prod"],
    ),
]


def marshalled(parameters: Any) -> str:
    """The JSON that Argo CD makes of the ``parameters`` of an Application."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def by_flags(staged: Request, flags: list[str]) -> bytes:
    namespace = [] if "--namespace" in flags else ["--namespace", staged.namespace]
    path = str(staged.repository / staged.path)
    return run("generate", path, "-o", "ndjson", *namespace, *flags).stdout


@pytest.mark.parametrize(("written", "text", "flags"), ROUND, ids=[text for _, text, _ in ROUND])
def test_a_parameter_arrives_as_it_was_written(
    written: str, text: str, flags: list[str], server: CmpServer, staged: Request
) -> None:
    assert marshalled(yaml.safe_load(written)) == text
    assert fine(server, replace(staged, override={"ARGOCD_APP_PARAMETERS": text})) == by_flags(staged, flags)


# -- plugin.env, where a parameter is hard to write --------------------------------------------------------------------

ENV: list[tuple[dict[str, str], list[str]]] = [
    ({"ENVIRONMENT": "prod"}, ["--env", "prod"]),
    ({"ENVIRONMENT": "test", "NAMESPACE": "own"}, ["--env", "test", "--namespace", "own"]),
    ({"ENVIRONMENT": "prod", "SET": "image.tag=2.0"}, ["--env", "prod", "--set", "image.tag=2.0"]),
    (
        {"ENVIRONMENT": "prod", "SET": "image.tag=2.0\n\nenv.MODE=a b=c\n"},
        ["--env", "prod", "--set", "image.tag=2.0", "--set", "env.MODE=a b=c"],
    ),
    ({"ENVIRONMENT": "prod", "NAMESPACE": "", "SET": ""}, ["--env", "prod"]),
]


@pytest.mark.parametrize(("variables", "flags"), ENV, ids=str)
def test_variables_are_another_way(
    variables: dict[str, str], flags: list[str], server: CmpServer, staged: Request
) -> None:
    assert fine(server, replace(staged, env=variables)) == by_flags(staged, flags)


def test_a_parameter_wins_over_a_variable(server: CmpServer, usual: Usual, staged: Request) -> None:
    asked = replace(staged, parameters=[{"name": "environment", "string": "prod"}])

    assert fine(server, replace(asked, env={"ENVIRONMENT": "nowhere"})) == usual.output(asked)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"NAMESPACE": "A_b"}, 'plugin.env NAMESPACE: "A_b" is not a namespace'),
        ({"SET": "image.tag"}, 'plugin.env SET: "image.tag" is not path=value'),
        ({"SET": "nonsense=1"}, 'parameter "nonsense" is not declared by the spec'),
    ],
)
def test_a_mistake_names_the_variable(variables: dict[str, str], said: str, server: CmpServer, staged: Request) -> None:
    asked = replace(staged, env={"ENVIRONMENT": "prod", **variables})

    assert said in refused(server, asked, "MS112")


def test_a_terminal_has_no_plugin_env(staged: Request) -> None:
    path = str(staged.repository / staged.path)
    done = run("generate", path, "-e", "prod", variables={"ARGOCD_ENV_NAMESPACE": "other"})

    assert done.stdout == run("generate", path, "-e", "prod").stdout


# -- what lies beside the spec, and other sources ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-shop.yaml", ".argocd-source-team_shop.yaml"])
@pytest.mark.parametrize("text", ["plugin: {parameters: [{name: environment, string: x}]}\n", "{{ not yaml", ""])
def test_overrides_beside_the_spec_are_argo_cd_s(
    name: str, text: str, server: CmpServer, usual: Usual, web: Request, tmp_path: Path
) -> None:
    """repo-server has read them before it calls us: util/argo mergeSourceParameters."""
    shutil.copytree(web.repository / web.path, tmp_path / "repository" / web.path)
    (tmp_path / "repository" / web.path / name).write_text(text)

    asked = replace(web, repository=tmp_path / "repository", app_name="team_shop")
    assert fine(server, asked) == usual.output(web)


def test_each_source_of_an_application_is_a_call_of_its_own(server: CmpServer, usual: Usual, web: Request) -> None:
    """Nothing is kept between calls of one name, whose sources may be at one path with other parameters."""
    other = replace(web, path="apps/shop/bookinfo")
    outputs = [fine(server, asked) for asked in (web, other, replace(web, namespace="away"), web)]

    assert outputs[0] == outputs[3] == usual.output(web)
    assert outputs[1] == usual.output(other)
    assert outputs[2] != outputs[0]
