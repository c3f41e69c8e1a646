"""``cmp explain CODE``: what a diagnostic means, an example of it, and its cure."""

from __future__ import annotations

import sys

from cmp.catalogue import CATALOGUE
from cmp.diagnostics import did_you_mean
from cmp.output import write


def explain(code: str) -> int:
    """Print the page of a code: 0 found, 2 not a code."""
    entry = CATALOGUE.get(code.upper())
    if entry is None:
        sys.stderr.write(f'"{code}" is not a code of meshspec\n')
        help = did_you_mean(code.upper(), list(CATALOGUE)) or "codes look like MS203"
        sys.stderr.write(f"= help: {help}\n")
        return 2
    write(entry.page(code.upper()))
    return 0
