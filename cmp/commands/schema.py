"""``cmp schema``: the JSON Schema of the language, for editors."""

from __future__ import annotations

import os

from cmp.output import write


def schema() -> int:
    """Print the schema. It is made from the models when meshspec is built, so that printing it imports nothing."""
    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "schema.json"), encoding="utf-8") as file:
        write(file.read())
    return 0
