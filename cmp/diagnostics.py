"""What meshspec tells the author of a spec: code, position, what is wrong, and what to type instead.

Nothing here knows the language. The texts behind the codes (title, explanation, example, cure) are in ``catalogue``,
which only ``cmp explain`` imports.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Pos(NamedTuple):
    """A place in a file: path relative to the repository root, line and column counted from 1.

    A value that no file holds (a built-in default, a parameter of the command line) has line 0 and names its origin in
    ``file``.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Diagnostic(NamedTuple):
    """One finding. ``message`` says what is wrong, ``help`` what to type instead; neither repeats the position."""

    code: str
    message: str
    pos: Pos | None = None
    help: str = ""
    severity: Severity = "error"
    related: tuple[tuple[Pos, str], ...] = ()


class SpecError(Exception):
    """The input cannot be rendered. The only exception that is not a bug of meshspec."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep the diagnostics in the order in which people read files."""
        self.diagnostics = in_order(diagnostics)
        super().__init__(self.diagnostics[0].message if self.diagnostics else "")


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without duplicates; errors before warnings, then by file, line and column."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.severity != "error", d.pos or Pos("", 0, 0), d.code, d.message))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that ``word`` most probably stands for, or an empty string.

    A swap of neighbours counts as one edit, as in the Damerau-Levenshtein distance; a third of the letters may differ.
    A word that was cut short stands for the only known one that begins so.
    """
    known = list(known)
    longer = [other for other in known if len(word) >= 4 and other.lower().startswith(word.lower())]
    if len(longer) == 1:
        return longer[0]
    bound = max(1, len(word) // 3)
    if len(word) > _LONGEST_WORD:
        return ""
    near = [other for other in known if abs(len(word) - len(other)) <= bound]
    scored = [(distance, other) for other in near if (distance := _edits(word.lower(), other.lower(), bound)) <= bound]
    return min(scored)[1] if scored else ""


#: A word of more letters is no misspelling of anything.
_LONGEST_WORD = 200


def _edits(a: str, b: str, bound: int) -> int:
    """The distance of two words, or some number above the bound."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
        if min(rows[-2]) > bound and min(row) > bound:
            return bound + 1
    return rows[-1][-1]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Help for a misspelt word: the nearest known one, or the list when it is short enough to read."""
    if near := nearest(word, known):
        return f'did you mean "{near}"?'
    if len(known) > 40:  # more than anybody reads
        return f"{len(known)} are known here, and none is like it"
    return "known here: " + ", ".join(sorted(known)) if known else ""


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> str:
    """Write diagnostics for people: the first line of each stands alone, an excerpt of the file and the help follow.

    Args:
        diagnostics: in the order in which they are shown.
        texts: the files' contents by the names that positions use; a file that is not there gets no excerpt.
    """
    hidden = {(d.pos.file, d.pos.line) for d in diagnostics if d.code in UNSHOWN and d.pos}
    lines: dict[str, list[str]] = {}  # of each file, split once
    blocks = []
    for one in diagnostics:
        if one.pos and one.pos.file in texts and one.pos.file not in lines:
            lines[one.pos.file] = texts[one.pos.file].splitlines()
        blocks.append(_block(one, lines, hidden))
    return "\n".join(blocks)


def folded(diagnostics: Sequence[Diagnostic], limit: int) -> str:
    """Write diagnostics for Argo CD's UI: each is one line, and reads well where line breaks are shown as spaces.

    The UI shows conditions with ``white-space: normal``, where an excerpt with its mark would be noise between words.

    Args:
        diagnostics: in the order in which they are shown.
        limit: of bytes, beyond which diagnostics are only counted. Argo CD keeps the whole text with the Application.
    """
    lines: list[str] = []
    size = 0
    for index, one in enumerate(diagnostics):
        line = ("- " if index else "") + _sentence(one)
        size += len(line.encode()) + 1
        if index and size > limit:
            return "\n".join([*lines, f"and {len(diagnostics) - index} more: run cmp validate"])
        lines.append(line.encode()[:limit].decode(errors="ignore"))
    return "\n".join(lines)


def _sentence(diagnostic: Diagnostic) -> str:
    where = f"{diagnostic.pos}: " if diagnostic.pos else ""
    parts = [f"{where}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    parts += [f"note: {text}: {place}" for place, text in diagnostic.related]
    parts += [f"help: {diagnostic.help}"] if diagnostic.help else []
    return "; ".join(map(_one_line, parts))


#: Codes of findings whose lines hold what must not be printed, also not in the excerpt of another finding.
UNSHOWN = frozenset(("MS230",))


def _block(diagnostic: Diagnostic, texts: Mapping[str, list[str]], hidden: Container[tuple[str, int]]) -> str:
    pos, lines = diagnostic.pos, []
    where = f"{pos}: " if pos else ""
    lines.append(_one_line(f"{where}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"))
    gutter = 0
    if pos and pos.line and pos.file in texts and pos[:2] not in hidden:
        gutter = len(str(pos.line)) + 1
        lines += _excerpt(texts[pos.file], pos, gutter)
    pad = " " * gutter
    lines += [_one_line(f"{pad}= note: {text}: {place}") for place, text in diagnostic.related]
    if diagnostic.help:
        lines.append(_one_line(f"{pad}= help: {diagnostic.help}"))
    return "\n".join(lines)


def _excerpt(lines: Sequence[str], pos: Pos, gutter: int) -> list[str]:
    """Two lines: the text, and a mark under the word at the position. A long line is cut around the position."""
    if pos.line > len(lines):
        return []
    text = lines[pos.line - 1]
    start = max(0, pos.column - 80)
    shown, at = _one_line(text[start : start + 120]), pos.column - 1 - start
    word = shown[at:].replace(",", " ").replace("}", " ").replace("]", " ").split(" ", 1)[0]
    mark = "^" * max(1, len(word.rstrip(":")))
    return [f"{pos.line} | {shown}".rstrip(), " " * gutter + f"| {' ' * at}{mark}"]


def _one_line(text: str) -> str:
    """Text that cannot break out of its line, move the cursor or fill a page: a name in a message comes from a file."""
    short = text if len(text) <= LINE else f"{text[:LINE]}..."
    return "".join(c if c.isprintable() else " " for c in short)


LINE = 500


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Write diagnostics for programs: a JSON list of objects with file, line, column, code, severity, message, help."""
    import json

    def item(d: Diagnostic) -> dict[str, object]:
        place = {"file": d.pos.file, "line": d.pos.line, "column": d.pos.column} if d.pos else {}
        related = [{"file": p.file, "line": p.line, "column": p.column, "message": text} for p, text in d.related]
        found = {"code": d.code, "severity": d.severity, "message": d.message, **place}
        return {**found, **({"help": d.help} if d.help else {}), **({"related": related} if related else {})}

    return json.dumps([item(d) for d in diagnostics], indent=2, ensure_ascii=False)
