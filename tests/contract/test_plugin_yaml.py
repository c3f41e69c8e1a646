"""plugin.yaml: Argo CD ignores what it does not know, so nobody but this test would see a mistake in it."""

import pytest
import yaml

from cmp import environment
from cmp.options import GENERATE_FLAGS, parse
from tests.contract.places import PLUGIN, ROOT
from tests.support.cmp_server import unread

DOCUMENT = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))
SPEC = DOCUMENT["spec"]


def test_argo_cd_reads_every_key() -> None:
    assert not list(unread(DOCUMENT))


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"discovery": {}}, "plugin.yaml.spec.discovery is not known"),
        ({"generate": {"command": "cmp"}}, "plugin.yaml.spec.generate.command is no list"),
        ({"generate": {"command": ["cmp"], "args": [1]}}, "plugin.yaml.spec.generate.args[0] is no str"),
        (
            {"parameters": {"static": [{"collection": "map"}]}},
            "plugin.yaml.spec.parameters.static[0].collection is not",
        ),
    ],
)
def test_a_mistake_would_be_seen(changed: dict[str, object], place: str) -> None:
    (found,) = unread({**DOCUMENT, "spec": {**SPEC, **changed}})

    assert found.startswith(place)


def test_the_name_is_the_one_that_applications_write() -> None:
    assert DOCUMENT["apiVersion"] == "argoproj.io/v1alpha1"
    assert DOCUMENT["kind"] == "ConfigManagementPlugin"
    assert DOCUMENT["metadata"] == {"name": "meshspec"}
    assert "version" not in SPEC, "it would become part of the name"


@pytest.mark.parametrize("key", ["discover", "init", "provideGitCreds", "preserveFileMode"])
def test_what_costs_time_or_gives_rights_is_not_there(key: str) -> None:
    assert key not in SPEC
    assert "dynamic" not in SPEC["parameters"], "the UI would send the repository for it"


def test_the_command_is_an_absolute_path_and_no_shell() -> None:
    assert PLUGIN.command[0].startswith("/")
    assert PLUGIN.command[0].endswith("/cmp")
    assert PLUGIN.command[1] == "generate"


def test_our_parser_takes_the_arguments_without_click() -> None:
    values = parse(list(PLUGIN.command[2:]), GENERATE_FLAGS)

    assert values is not None
    assert (values["output"], values["path"]) == ("ndjson", ".")
    assert (values["env"], values["namespace"], values["settings"]) == ("", "", []), "they belong to the Application"


def test_the_parameters_are_those_that_are_read() -> None:
    assert [parameter["name"] for parameter in PLUGIN.parameters] == list(environment.PARAMETERS)
    assert {parameter["name"] for parameter in PLUGIN.parameters if parameter.get("collectionType") == "map"} == {"set"}


def test_people_can_read_what_a_parameter_is() -> None:
    types = {one["name"]: one["collectionType"] for one in PLUGIN.parameters}
    assert types == {"environment": "string", "namespace": "string", "set": "map"}
    assert all(one["title"] and one["tooltip"].endswith(".") for one in PLUGIN.parameters)


def test_no_default_is_announced() -> None:
    """Argo CD shows it and does not pass it on."""
    assert not [one for one in PLUGIN.parameters if one.keys() & {"string", "array", "map"}]
