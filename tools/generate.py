"""Write the generated files: ``python -m tools.generate``. With ``--check``, only say whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.core_schema import compiled
from tools.errors_page import errors_page
from tools.json_schema import json_schema
from tools.spec_page import spec_page

TOP = Path(__file__).resolve().parent.parent


def generated() -> dict[str, str]:
    """The generated files of the project and their contents."""
    return {
        "cmp/spec/_core.py": compiled(),
        "cmp/schema.json": json_schema(),
        "docs/errors.md": errors_page(),
        "docs/spec.md": spec_page(),
    }


def main() -> int:
    stale = [
        name
        for name, text in generated().items()
        if not (TOP / name).exists() or (TOP / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        print("\n".join(f"{name} is out of date: run make schema" for name in stale))
        return bool(stale)
    for name in stale:
        (TOP / name).write_text(generated()[name], encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
