"""The examples, and what each is rendered for."""

from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path for path in DIRECTORY.iterdir() if path.is_dir())
#: Examples whose spec has environments, and the one that stands for all. The others are for the tests of the example.
ENVIRONMENTS = {"bookinfo-scenarios": "all-v1"}


def environment(folder: Path) -> str:
    """The environment that a folder is rendered for; empty for most."""
    return ENVIRONMENTS.get(folder.name, "")
