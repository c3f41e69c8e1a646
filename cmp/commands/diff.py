"""``cmp diff``: what a change, or another release of meshspec, makes of a path's objects."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Literal

from cmp.commands.against import earlier
from cmp.commands.formats import coloured, coloured_diff
from cmp.commands.validate import each, named
from cmp.compare.difference import Difference, differences
from cmp.compare.report import written
from cmp.diagnostics import Diagnostic, SpecError
from cmp.diagnostics import render as shown
from cmp.environment import Environment, from_process
from cmp.output import write
from cmp.pipeline import render
from cmp.waves import Manifest

#: Bytes of one environment's part for pull requests: GitHub takes summaries of 1 MiB in all.
MARKDOWN_LIMIT = 200_000
#: Fields of an object that a line lists before it only counts them.
FIELDS = 4
#: The exit code of ``--exit-code`` where something differs: 1 to 3 mean what they always mean.
DIFFERS = 4


def diff(
    path: str,
    against: str,
    output: Literal["text", "markdown"] = "text",
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
    exit_code: bool = False,
) -> int:
    """Print what differs between two renders of a path: 0 compared, 1 errors; with ``exit_code`` 4 where they differ.

    Args:
        path: what is rendered.
        against: a directory with the whole repository as it was, which is rendered as well, or a file that
            ``generate -o ndjson`` wrote, perhaps by another release.
        output: for people at a terminal, or for the summary of a pull request.
        env: the environment; without one, each that the files know is compared.
        namespace: that of objects whose spec names none.
        settings: parameters, each ``path=text``.
        exit_code: say by the exit code whether something differs.
    """
    texts: dict[str, str] = {}
    parts: list[str] = []
    differs = False
    try:
        environment = from_process(namespace, env, settings)
        asked = each(path, environment)
        for one in asked:
            now = written(render(path, one, texts).manifests)
            then = _before(path, against, one, len(asked))
            found = differences(then, now)
            differs = differs or bool(found)
            parts.append((_markdown if output == "markdown" else _text)(found, one, len(now)))
    except SpecError as error:
        sys.stderr.write(coloured(shown(error.diagnostics, texts), sys.stderr) + "\n")
        return 1
    write("".join(parts) if output == "markdown" else coloured_diff("\n".join(parts), sys.stdout))
    return DIFFERS if differs and exit_code else 0


def _before(path: str, against: str, environment: Environment, environments: int) -> list[Manifest]:
    if os.path.isdir(against):
        rendered = earlier(path, against, environment)
        return written(rendered.manifests) if rendered is not None else []
    if environments > 1:
        message = f'"{against}" holds one render, and this path has {environments} environments'
        raise SpecError([Diagnostic("MS295", message, help="choose one: --env NAME")])
    return list(_read(against))


def _read(file: str) -> Iterator[Manifest]:
    """The objects that ``generate -o ndjson`` wrote."""
    help = "name a directory with the repository as it was, or a file written by: cmp generate PATH -o ndjson"
    try:
        with open(file, encoding="utf-8") as opened:
            lines = opened.read().splitlines()
        if not lines:
            raise ValueError
        for line in lines:
            found = json.loads(line)
            if not (isinstance(found, dict) and isinstance(found.get("metadata"), dict) and found["metadata"]["name"]):
                raise ValueError
            if not (isinstance(found.get("kind"), str) and isinstance(found.get("apiVersion"), str)):
                raise ValueError
            yield found
    except OSError as error:
        raise SpecError([Diagnostic("MS295", f'"{file}" cannot be read: {error.strerror}', help=help)]) from None
    except (ValueError, KeyError, RecursionError):
        message = f'"{file}" holds something else than objects, one on each line'
        raise SpecError([Diagnostic("MS295", message, help=help)]) from None


# -- in words ----------------------------------------------------------------------------------------------------------


def _text(found: Sequence[Difference], environment: Environment, objects: int) -> str:
    lines = [f"{named(environment)}{_summary(found, objects)}"]
    for one in found:
        lines += ["", f"{one.name}: {_said(one)}", *one.lines]
    return "\n".join(lines) + "\n"


def _summary(found: Sequence[Difference], objects: int) -> str:
    if not found:
        return f"none of {objects} objects differs"
    counts = {change: sum(one.change == change for one in found) for change in ("changed", "added", "removed")}
    said = ", ".join(f"{number} {change}" for change, number in counts.items() if number)
    pods = [one.name for one in found if one.replaces]
    whose = ", ".join(pods[:3]) + (f" and {len(pods) - 3} more" if len(pods) > 3 else "")
    return f"{said}, of {objects} objects" + (f"; pods are replaced of {whose}" if pods else "")


def _said(one: Difference) -> str:
    if not one.fields:
        return one.change
    more = len(one.fields) - FIELDS
    listed = ", ".join(one.fields[:FIELDS]) + (f" and {more} more" if more > 0 else "")
    return f"{one.change} in {listed}" + (" (its pods are replaced)" if one.replaces else "")


def _markdown(found: Sequence[Difference], environment: Environment, objects: int) -> str:
    """A heading where there are environments, a table, and the differences, as far as there is room for them."""
    lines = [f"#### {environment.name}", ""] if environment.name else []
    lines += [f"{_escaped(_summary(found, objects))}.", ""]
    if found:
        lines += ["| object | change |", "|---|---|"]
        lines += [f"| {_escaped(one.name)} | {_escaped(_said(one))} |" for one in found]
        lines.append("")
    text, left = "\n".join(lines) + "\n", 0
    for one in found:
        block = _block(one)
        if len(text.encode()) + len(block.encode()) > MARKDOWN_LIMIT:
            left += 1
        else:
            text += block
    return text + (f"{left} more are too long to be shown here.\n\n" if left else "")


def _block(one: Difference) -> str:
    body = "\n".join(one.lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))  # a value may hold some
    return f"<details><summary>{_escaped(one.name)}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"


def _escaped(text: str) -> str:
    """Text as text: no name may become a link, a mention or HTML."""
    return re.sub(r"[\\`*_{}\[\]<>()#+!|~@&]", lambda found: f"&#{ord(found[0])};", text)
