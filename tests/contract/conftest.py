from pathlib import Path

import pytest

from tests.contract import places
from tests.support.cmp_server import SIDECAR, CmpServer, Request


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read by every test and written by none."""
    return places.repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> places.Usual:
    return places.Usual(tmp_path_factory.mktemp("usual") / "work")


@pytest.fixture
def server(tmp_path: Path) -> CmpServer:
    (tmp_path / "tmp").mkdir()
    return CmpServer(places.COMMAND, tmp_path / "work", {**SIDECAR, "TMPDIR": str(tmp_path / "tmp")})


@pytest.fixture
def web(repository: Path) -> Request:
    return Request(repository, "apps/shop/web")


@pytest.fixture
def staged(repository: Path) -> Request:
    return Request(repository, "apps/shop/staged")


@pytest.fixture
def broken(repository: Path) -> Request:
    return Request(repository, "apps/shop/broken")
