"""What an Application says to the plugin: its parameters, its name, and its destination."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.places import Usual, fine, refused
from tests.support.cmp_server import CmpServer, Parameter, Request, manifests

PROD: Parameter = {"name": "environment", "string": "prod"}
TEST: Parameter = {"name": "environment", "string": "test"}


def deployment(output: bytes) -> dict[str, Any]:
    (found,) = [one for one in manifests(output) if one["kind"] == "Deployment"]
    return found


def namespaces(output: bytes) -> set[str]:
    return {one["metadata"]["namespace"] for one in manifests(output)}


# -- what changes the output -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("parameter", "replicas"), [(PROD, 3), (TEST, 2)])
def test_environment(parameter: Parameter, replicas: int, server: CmpServer, staged: Request) -> None:
    output = fine(server, replace(staged, parameters=[parameter]))

    assert deployment(output)["spec"]["replicas"] == replicas


def test_environment_is_required_where_there_are_some(server: CmpServer, staged: Request) -> None:
    assert "prod" in refused(server, staged, "MS111")
    refused(server, replace(staged, parameters=[{"name": "environment", "string": "nowhere"}]), "MS111")


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "set", "map": {"image.tag": "2.0", "env.MODE": "a <b> & c=d"}},
        {"name": "set", "array": ["image.tag=2.0", "env.MODE=a <b> & c=d"]},
        {"name": "set", "map": {"image.tag": "2.0"}, "array": ["env.MODE=a <b> & c=d"]},
    ],
    ids=["map", "array", "both"],
)
def test_set(parameter: Parameter, server: CmpServer, staged: Request) -> None:
    output = fine(server, replace(staged, parameters=[parameter, PROD]))
    (container,) = deployment(output)["spec"]["template"]["spec"]["containers"]

    assert container["image"] == "example.com/web:2.0"
    assert {"name": "MODE", "value": "a <b> & c=d"} in container["env"]


def test_set_of_what_is_not_declared(server: CmpServer, staged: Request) -> None:
    refused(server, replace(staged, parameters=[PROD, {"name": "set", "map": {"port": "1"}}]), "MS112")


def test_namespace(server: CmpServer, web: Request) -> None:
    output = fine(server, replace(web, parameters=[{"name": "namespace", "string": "own"}]))

    assert namespaces(output) == {"own"}


def test_the_order_of_parameters_means_nothing(server: CmpServer, staged: Request) -> None:
    parameters: list[Parameter] = [
        PROD,
        {"name": "namespace", "string": "own"},
        {"name": "set", "map": {"env.MODE": "x"}},
    ]

    assert fine(server, replace(staged, parameters=parameters)) == fine(
        server, replace(staged, parameters=parameters[::-1])
    )


# -- what does not -----------------------------------------------------------------------------------------------------

EMPTY: list[str | None] = [
    None,  # an Application without source.plugin
    "",
    "null",
    "[]",
    '[{"name":"set"}]',
    '[{"name":"set","map":{}}]',
    '[{"name":"set","array":[]}]',
    '[{"name":"set","array":[],"map":{}}]',
    '[{"name":"environment","string":""}]',
    '[{"name":"namespace","string":""},{"name":"environment","array":[],"map":{}}]',
]


@pytest.mark.parametrize("text", EMPTY)
def test_no_parameters(text: str | None, server: CmpServer, usual: Usual, web: Request) -> None:
    assert fine(server, replace(web, override={"ARGOCD_APP_PARAMETERS": text})) == usual.output(web)


def test_other_variables_of_plugin_env_are_not_read(server: CmpServer, usual: Usual, staged: Request) -> None:
    variables = {"environment": "test", "PARAM_ENVIRONMENT": "test", "APP_NAMESPACE": "$ARGOCD_APP_NAME-$$-${X}"}
    asked = replace(staged, parameters=[PROD])

    assert fine(server, replace(asked, env=variables)) == usual.output(asked)


# -- mistakes ----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[object, str]] = [
    ([{"name": "enviroment", "string": "prod"}], 'did you mean "environment"?'),
    ([{"name": "Environment", "string": "prod"}], 'did you mean "environment"?'),
    ([{"name": "x", "string": "prod"}], "known here: environment, namespace, set"),
    ([{"name": "environment", "map": {"a": "b"}}], '"environment" is a string'),
    ([{"name": "environment", "array": ["prod"]}], '"environment" is a string'),
    ([{"name": "environment", "string": 5}], '"environment" is a string'),
    ([{"name": "namespace", "map": {"a": "b"}}], '"namespace" is a string'),
    ([{"name": "set", "string": "image.tag=1"}], '"set" is a map'),
    ([{"name": "set", "map": ["image.tag=1"]}], '"set" is a map'),
    ([{"name": "set", "array": {"image.tag": "1"}}], '"set" is a map'),
    ([{"name": "set", "array": ["image.tag"]}], "is not path=value"),
    ([{"name": ["set"]}], "is not known"),
    ([{"string": "prod"}], "plugin parameter"),
    ([["set"]], "plugin parameter"),
    ([None], "plugin parameter"),
    ("prod", "plugin parameter"),
    ({"environment": "prod"}, "plugin parameter"),
    (1, "plugin parameter"),
    ([{"name": "set", "map": {"env.MODE": "\ud800"}}], "not UTF-8"),
]


@pytest.mark.parametrize(("value", "said"), WRONG, ids=[json.dumps(value) for value, _ in WRONG])
def test_a_parameter_that_we_do_not_know(value: object, said: str, server: CmpServer, web: Request) -> None:
    asked = replace(web, override={"ARGOCD_APP_PARAMETERS": json.dumps(value)})

    assert said in refused(server, asked, "MS112")


@pytest.mark.parametrize("text", ["[", "prod", "{'name': 'set'}", "[{]", "\ufeff[]", "[] []", "nul"])
def test_parameters_that_are_no_json(text: str, server: CmpServer, web: Request) -> None:
    asked = replace(web, override={"ARGOCD_APP_PARAMETERS": text})

    assert "ARGOCD_APP_PARAMETERS is not JSON" in refused(server, asked, "MS112")


@pytest.mark.parametrize("name", ["namespace", "environment"])
def test_half_a_character(name: str, server: CmpServer, web: Request) -> None:
    text = json.dumps([{"name": name, "string": "\ud800"}])
    said = refused(server, replace(web, override={"ARGOCD_APP_PARAMETERS": text}), "MS112")

    assert said.startswith(f'error[MS112]: plugin parameter "{name}" is not UTF-8; help: write it in UTF-8')


@pytest.mark.parametrize("name", ["Not_A_Name", "a" * 64, "a" * 5000, "a\nb", "日本語", "-", "kube-system/x"])
def test_a_namespace_that_cannot_be(name: str, server: CmpServer, web: Request) -> None:
    """No spec names it, so nobody else would look at it before the cluster does."""
    said = refused(server, replace(web, parameters=[{"name": "namespace", "string": name}]), "MS112")
    destination = refused(server, replace(web, namespace=name), "MS112")

    assert said.startswith('error[MS112]: plugin parameter "namespace": "')
    assert destination == said.replace('plugin parameter "namespace"', "spec.destination.namespace")


# -- name and destination ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop", "team_shop", "argocd_a-very-long-name-" + "x" * 80, ""])
@pytest.mark.parametrize("path", ["apps/shop/bookinfo", "apps/shop/web"])
def test_the_applications_name_means_nothing(
    name: str, path: str, server: CmpServer, usual: Usual, web: Request
) -> None:
    """Applications in any namespace are named namespace_name, which is no name that Kubernetes takes."""
    asked = replace(web, path=path)

    assert fine(server, replace(asked, app_name=name)) == usual.output(asked)


def test_the_destination_is_the_namespace(server: CmpServer, web: Request) -> None:
    assert namespaces(fine(server, replace(web, namespace="away"))) == {"away"}


@pytest.mark.parametrize("empty_variables", [True, False], ids=["empty", "unset"])
def test_no_destination_namespace(empty_variables: bool, server: CmpServer, web: Request) -> None:
    nowhere = replace(web, namespace="", empty_variables=empty_variables)
    said = refused(server, nowhere, "MS113")

    assert "spec.destination.namespace" in said
    assert namespaces(fine(server, replace(nowhere, parameters=[{"name": "namespace", "string": "own"}]))) == {"own"}


def test_a_spec_that_names_its_namespace_needs_no_destination(server: CmpServer, web: Request) -> None:
    (web.repository / "apps" / "named").mkdir(exist_ok=True)
    text = (web.repository / web.path / "meshspec.yaml").read_text().replace("name: web", "name: web, namespace: own")
    (web.repository / "apps" / "named" / "meshspec.yaml").write_text(text)

    assert namespaces(fine(server, replace(web, path="apps/named", namespace=""))) == {"own"}


# -- what changes with every commit and cluster ------------------------------------------------------------------------

CHANGING = [
    {"revision": "f" * 40},
    {"kube_version": "1.27.0"},
    {"kube_version": ""},
    {"api_versions": "v1"},
    {"api_versions": ""},
    {"repo_url": "ssh://git@example.com/other.git"},
    {"target_revision": "refs/heads/other"},
    {"project": "other"},
    {"override": {"ARGOCD_APP_PROJECT_NAME": None, "ARGOCD_APP_REVISION_SHORT_8": None}},  # older releases
]


@pytest.mark.parametrize("changed", CHANGING, ids=str)
@pytest.mark.parametrize("name", ["bookinfo", "online-boutique"])
def test_what_changes_with_commit_or_cluster_means_nothing(
    name: str, changed: dict[str, Any], server: CmpServer, usual: Usual, web: Request
) -> None:
    """Argo CD's cache of manifests does not know of most of it."""
    asked = replace(web, path=f"apps/shop/{name}")

    assert fine(server, replace(asked, **changed)) == usual.output(asked)
