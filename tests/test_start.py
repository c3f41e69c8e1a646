"""What a start imports. Argo CD runs a process for every render, so a module more is paid for thousands of times.

Counts are held here and never time, which depends on the machine; `benchmarks/cold.py` measures that.
"""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import cmp.entry
import cmp.options

ROOT = Path(__file__).parents[1]
BOOKINFO = str(ROOT / "examples" / "bookinfo")

# Each costs a millisecond or more and does nothing for a render.
_FORBIDDEN = """
argparse asyncio cachetools click concurrent.futures dataclasses email getpass glob gettext http
importlib.metadata jinja2 jsonschema locale logging multiprocessing pathlib pickle platform pydantic queue
random rich ruamel secrets select shutil signal socket ssl string subprocess tempfile textwrap threading
traceback typing_inspection unittest urllib uuid zipfile
"""
FORBIDDEN = _FORBIDDEN.split()

# Held, each for a reason. When one of them goes, take it out here.
HELD = {
    "pydantic_core": "reads the specs",
    "yaml": "reads YAML: its package imports all of its modules, also those that only write",
    "inspect": "typing_extensions, which pydantic_core imports",
    "ast": "inspect",
    "dis": "inspect",
    "tokenize": "inspect",
    "decimal": "pydantic_core.core_schema",
    "fractions": "pydantic_core.core_schema",
    "datetime": "yaml.constructor and pydantic_core.core_schema",
    "base64": "yaml.constructor",
    "json": "writes the output",
    "typing": "NamedTuple",
}

# Modules beyond those of an empty program: 218 with Python 3.11. What is rarely asked for is imported where it is.
MODULES = 221
# The other verbs: click and what it imports, 79 for a help page, and 5 %.
MODULES_OTHER = 83

_PROBE = """
import sys
before = set(sys.modules)
from cmp.entry import main
code = main()
sys.stdout.flush()
print(code, *sorted(set(sys.modules) - before), file=sys.stderr)
"""


@cache
def loaded(*arguments: str) -> frozenset[str]:
    """The modules that a command imports, beyond those of an empty program."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    program = [sys.executable, "-c", _PROBE, *arguments]
    done = subprocess.run(program, env=bare, cwd=ROOT, capture_output=True, text=True, check=True)
    code, *names = done.stderr.split()
    assert code == "0", done.stderr
    assert done.stdout
    return frozenset(names)


@pytest.mark.parametrize("output", ["yaml", "ndjson"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_render_does_not_import(name: str, output: str) -> None:
    assert name not in loaded("generate", BOOKINFO, "-o", output)


def test_what_is_held_is_still_imported() -> None:
    assert not set(HELD) - loaded("generate", BOOKINFO)


def test_no_render_imports_the_models() -> None:
    """The classes of pydantic stay out, and so do the texts of diagnostics."""
    assert not {
        "cmp.spec.models",
        "cmp.spec.types",
        "cmp.spec.service",
        "cmp.spec.workload",
        "cmp.catalogue",
        "cmp.cli",
    } & loaded("generate", BOOKINFO)


def test_no_render_compares_revisions() -> None:
    assert not [name for name in loaded("generate", BOOKINFO) if name.startswith("cmp.compare")]
    assert not [name for name in loaded("validate", BOOKINFO) if name.startswith("cmp.compare")]


def test_no_render_without_guard_rails_imports_what_holds_them() -> None:
    names = loaded("generate", BOOKINFO)
    assert not [name for name in names if name.startswith("cmp.policy") or name == "cmp.spec.fields"]


def test_digests_in_names_do_not_load_openssl() -> None:
    assert not {"hashlib", "_hashlib"} & loaded("generate", BOOKINFO)


@pytest.mark.parametrize("output", ["yaml", "ndjson"])
def test_a_render_imports_few_modules(output: str) -> None:
    names = loaded("generate", BOOKINFO, "-o", output)

    assert len(names) <= MODULES, f"{len(names)} modules: {' '.join(sorted(names))}"


@pytest.mark.parametrize("arguments", [("--version",), ("schema",), ("explain", "MS203"), ("--help",)])
def test_other_verbs_import_neither_pydantic_nor_yaml(arguments: tuple[str, ...]) -> None:
    names = loaded(*arguments)

    assert not {"pydantic", "pydantic_core", "yaml", "json", "cmp.pipeline"} & names
    assert len(names) <= MODULES_OTHER, f"{len(names)} modules: {' '.join(sorted(names))}"


def test_validate_does_not_import_pydantic() -> None:
    assert "pydantic" not in loaded("validate", BOOKINFO)


def _imported_at_the_top(module: ModuleType) -> set[str]:
    """Modules that the statements of a module import when it is itself imported, functions left out."""
    found: set[str] = set()
    for statement in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            found.add(str(statement.module))
        else:
            assert not isinstance(statement, ast.If | ast.Try | ast.With), "an import could hide in it"
    return found


@pytest.mark.parametrize("module", [cmp.entry, cmp.options])
def test_the_entry_imports_only_the_standard_library_at_its_top(module: ModuleType) -> None:
    names = _imported_at_the_top(module)

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_entry_point_is_the_entry_module() -> None:
    """What the installed scripts import is what this file holds."""
    from importlib.metadata import entry_points

    scripts = entry_points(group="console_scripts")

    assert {point.name: point.value for point in scripts if point.value.startswith("cmp.")} == {
        "cmp": "cmp.entry:main",
        "meshspec": "cmp.entry:main",
    }
