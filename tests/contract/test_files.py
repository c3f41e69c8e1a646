"""The files that a call gets: the same bytes wherever they lie, and words for what is missing."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract import places
from tests.contract.places import EXAMPLES, ROOT, WEB, Usual, fine, refused
from tests.support.cmp_server import CmpServer, Request

EXPOSED = WEB + "expose: www.example.com\n"


def elsewhere(server: CmpServer, work_dir: Path) -> CmpServer:
    return CmpServer(server.command, work_dir, server.sidecar)


# -- the same bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_output_is_that_of_the_command_line(name: str, usual: Usual, repository: Path) -> None:
    program = [sys.executable, "-m", "cmp", "generate", str(ROOT / "examples" / name), "-n", "shop", "-o", "ndjson"]
    bare = {key: value for key, value in os.environ.items() if not key.startswith("ARGOCD_")}
    done = subprocess.run(program, cwd=ROOT, env=bare, capture_output=True, check=True)

    assert usual.output(Request(repository, f"apps/shop/{name}")) == done.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_neither_the_place_nor_the_time_changes_a_byte(
    name: str, server: CmpServer, usual: Usual, repository: Path, tmp_path: Path
) -> None:
    request = Request(repository, f"apps/shop/{name}")
    output = usual.output(request)

    assert fine(server, request) == output  # another uuid
    assert fine(server, replace(request, mtime=0)) == output
    assert fine(server, replace(request, mtime=4e9)) == output
    assert fine(elsewhere(server, tmp_path / "ein anderer Ort"), request) == output
    assert fine(elsewhere(server, tmp_path / "shop" / "apps" / "shop" / name), request) == output


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("path", ["apps/shop/{}/", "./apps/shop/{}", "apps//shop/{}", "apps/shop/./{}"])
def test_the_spelling_of_the_path_means_nothing(
    name: str, path: str, server: CmpServer, usual: Usual, repository: Path
) -> None:
    request = Request(repository, f"apps/shop/{name}")

    assert fine(server, replace(request, path=path.format(name))) == usual.output(request)


@pytest.mark.parametrize(
    "changed",
    [
        {"exclusions": [".git"]},
        {"exclusions": [".git/*"]},
        {"exclusions": ["*.md", "apps/other", ".git"]},
        {"generate_paths": "."},
        {"generate_paths": ".;../staged"},
        {"generate_paths": ".;/apps"},
        {"generate_paths": ".;/"},
        {"read_only": True},
        {"absolute_links": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", EXAMPLES)
def test_how_much_is_sent_means_nothing(
    name: str, changed: dict[str, object], server: CmpServer, usual: Usual, repository: Path
) -> None:
    request = Request(repository, f"apps/shop/{name}")

    assert fine(server, replace(request, **changed)) == usual.output(request)  # type: ignore[arg-type]


def test_an_application_at_the_root_of_its_repository(server: CmpServer, tmp_path: Path) -> None:
    places.write(tmp_path / "repository", {"meshspec.yaml": WEB, ".git/HEAD": ""})
    request = Request(tmp_path / "repository", ".")

    assert fine(server, request) == fine(server, replace(request, exclusions=[".git"]))


@pytest.mark.parametrize("absolute", [True, False])
def test_a_spec_behind_a_symlink(absolute: bool, server: CmpServer, tmp_path: Path) -> None:
    places.write(
        tmp_path / "repository", {"shared/web.yaml": WEB, "apps/web/README.md": "", "apps/plain/meshspec.yaml": WEB}
    )
    (tmp_path / "repository" / "apps" / "web" / "meshspec.yaml").symlink_to("../../shared/web.yaml")
    request = Request(tmp_path / "repository", "apps/web", absolute_links=absolute)

    assert fine(server, request) == fine(server, replace(request, path="apps/plain"))
    refused(server, replace(request, exclusions=["shared"]), "MS002")


# -- errors ------------------------------------------------------------------------------------------------------------


def test_an_error_is_the_same_everywhere(server: CmpServer, broken: Request, tmp_path: Path) -> None:
    """Argo CD compares the text with that of the last call, and would write a new condition each time."""
    said = refused(server, broken, "MS101")

    assert said.startswith('apps/shop/broken/meshspec.yaml:6:1: error[MS101]: unknown key "replica"; ')
    for changed in (
        broken,
        replace(broken, mtime=0),
        replace(broken, exclusions=[".git"]),
        replace(broken, revision="0"),
    ):
        assert refused(server, changed, "MS101") == said
    assert refused(elsewhere(server, tmp_path / "broken" / "apps"), broken, "MS101") == said


@pytest.mark.parametrize("path", ["apps/shop/broken/", "./apps/shop/broken", "apps//shop/broken"])
def test_an_error_names_the_path_as_git_does(path: str, server: CmpServer, usual: Usual, broken: Request) -> None:
    assert refused(server, replace(broken, path=path), "MS101") == usual.error(broken, "MS101")


def test_an_error_names_what_was_sent_where_that_is_less(server: CmpServer, broken: Request) -> None:
    assert refused(server, replace(broken, generate_paths="."), "MS101").startswith("meshspec.yaml:6:1: ")
    assert refused(server, replace(broken, generate_paths=".."), "MS101").startswith("broken/meshspec.yaml:6:1: ")


def test_a_directory_without_a_spec(server: CmpServer, web: Request) -> None:
    assert '"apps/other"' in refused(server, replace(web, path="apps/other"), "MS001")


def test_a_spec_that_is_not_sent(server: CmpServer, web: Request) -> None:
    refused(server, replace(web, exclusions=["*/*/*/meshspec.yaml"]), "MS001")


def test_the_part_before_the_first_line_break_says_it_all(server: CmpServer, broken: Request) -> None:
    """Argo CD's UI shows line breaks as spaces, and `kubectl get` the beginning."""
    shown = " ".join(refused(server, broken, "MS101").split())

    place = "apps/shop/broken/meshspec.yaml:6:1"
    assert shown == f'{place}: error[MS101]: unknown key "replica"; help: did you mean "replicas"?'


# -- the platform ------------------------------------------------------------------------------------------------------


@pytest.fixture
def exposed(tmp_path: Path) -> Request:
    """A service that needs the platform in the directory above."""
    texts = {"apps/meshplatform.yaml": places.PLATFORM, "apps/shop/web/meshspec.yaml": EXPOSED}
    places.write(tmp_path / "repository", texts)
    return Request(tmp_path / "repository", "apps/shop/web")


@pytest.mark.parametrize("paths", ["", "../..", ".;/apps", ".;../../meshplatform.yaml", "/apps/meshplatform.yaml;."])
def test_a_platform_above_that_is_sent(paths: str, server: CmpServer, exposed: Request) -> None:
    output = fine(server, replace(exposed, generate_paths=paths))

    assert output == fine(server, exposed)
    assert b'"istio-system/' in output or b"gateways" in output


def test_a_platform_above_an_application_behind_a_symlink(server: CmpServer, usual: Usual, exposed: Request) -> None:
    (exposed.repository / "apps" / "alias").symlink_to("shop/web")

    assert fine(server, replace(exposed, path="apps/alias")) == usual.output(exposed)


@pytest.mark.parametrize("paths", [".", "..", ".;../other"])
@pytest.mark.parametrize("text", [EXPOSED, WEB + "platform: demo\n"], ids=["exposed", "named"])
def test_a_platform_above_that_is_not_sent(paths: str, text: str, server: CmpServer, exposed: Request) -> None:
    places.write(exposed.repository, {"apps/shop/web/meshspec.yaml": text})

    assert "manifest-generate-paths" in refused(server, replace(exposed, generate_paths=paths), "MS202")


def test_the_platform_is_not_sought_above_the_repository(server: CmpServer, exposed: Request) -> None:
    """The work directory is a neighbour of other repositories' files."""
    (server.work_dir / "_cmp_server").mkdir(parents=True)
    places.write(server.work_dir, {"meshplatform.yaml": "not: [yaml", "_cmp_server/meshplatform.yaml": "not: [yaml"})

    refused(server, replace(exposed, generate_paths="."), "MS202")
