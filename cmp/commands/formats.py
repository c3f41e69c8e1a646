"""Findings for programs, and for the eyes of people at a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, TextIO

from cmp import __version__
from cmp.diagnostics import Diagnostic, Pos


def as_sarif(found: Sequence[Diagnostic]) -> str:
    """Findings in the Static Analysis Results Interchange Format 2.1.0, which code hosts show beside the lines.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    import json

    from cmp.catalogue import CATALOGUE

    codes = sorted({one.code for one in found})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CATALOGUE[code].title},
            "fullDescription": {"text": CATALOGUE[code].text},
            "help": {"text": CATALOGUE[code].page(code)},
        }
        for code in codes
    ]
    driver = {"name": "meshspec", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code)) for one in found],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(one: Diagnostic, index: int) -> dict[str, Any]:
    text = f"{one.message}\n{one.help}" if one.help else one.message
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": one.severity,
        "message": {"text": text},
    }
    if one.pos is not None and one.pos.line:
        result["locations"] = [_location(one.pos)]
    related = [{**_location(pos), "message": {"text": said}} for pos, said in one.related if pos.line]
    if related:
        result["relatedLocations"] = related
    return result


def _location(pos: Pos) -> dict[str, Any]:
    from urllib.parse import quote

    region = {"startLine": pos.line, "startColumn": pos.column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(pos.file)}, "region": region}}


def as_github(found: Sequence[Diagnostic]) -> str:
    """Findings as commands of GitHub Actions, which shows them beside the lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = []
    for one in found:
        place = {"file": one.pos.file, "line": one.pos.line, "col": one.pos.column} if one.pos and one.pos.line else {}
        properties = {**place, "title": one.code}
        shown = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
        text = f"{one.message}\n{one.help}" if one.help else one.message
        where = f"{one.pos}: " if one.pos and not one.pos.line else ""
        lines.append(f"::{one.severity} {shown}::{_escaped(where + text)}")
    return "".join(line + "\n" for line in lines)


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + more else letter for letter in text)


def coloured(text: str, stream: TextIO) -> str:
    """Rendered findings with colours, where the stream is a terminal that has them.

    ``NO_COLOR`` switches them off (https://no-color.org), and so does a terminal that calls itself dumb.
    """
    if not _has_colours(stream):
        return text
    text = re.sub(r"(?m)^((?:[^|=\n]*?: )?)(error|warning)(\[MS\d{3}\])", _headline, text)
    text = re.sub(r"(?m)^( *\| *)(\^+)$", "\\1\x1b[1;31m\\2\x1b[0m", text)
    return re.sub(r"(?m)^( *= )(help|note):", "\\1\x1b[1;36m\\2\x1b[0m:", text)


def coloured_diff(text: str, stream: TextIO) -> str:
    """A difference with colours, where the stream is a terminal that has them."""
    if not _has_colours(stream):
        return text
    text = re.sub(r"(?m)^(\+.*)$", "\x1b[32m\\1\x1b[0m", text)
    text = re.sub(r"(?m)^(-.*)$", "\x1b[31m\\1\x1b[0m", text)
    return re.sub(r"(?m)^(@@ .*)$", "\x1b[36m\\1\x1b[0m", text)


def _has_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _headline(match: re.Match[str]) -> str:
    colour = "31" if match[2] == "error" else "33"
    return f"\x1b[1m{match[1]}\x1b[{colour}m{match[2]}{match[3]}\x1b[0m"
