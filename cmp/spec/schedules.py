"""Syntax of what jobs say, as the API server takes it.

The same contract as in ``validators``. Kubernetes reads schedules with github.com/robfig/cron/v3, ParseStandard: five
fields, or a word for a common schedule (kubernetes pkg/apis/batch/validation, validateScheduleFormat).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cmp.spec.kubernetes import subdomain
from cmp.spec.validators import refuse, shown


class _Field(NamedTuple):
    """A field of a schedule: its name, the least and the greatest number, and words for numbers from the least on."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)
_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = r"@every (?=.*[1-9])([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?"
#: The longest that each month can be.
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def schedule(value: str) -> str:
    """When a job runs: ``minute hour day-of-month month day-of-week``, a word as ``@daily``, or ``@every 1h30m``.

    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
    """
    if "TZ" in value:
        refuse(f"{shown(value)}: Kubernetes takes no time zone inside a schedule", "write it in timeZone")
    if value.startswith("@"):
        if value not in _WORDS and not re.fullmatch(_EVERY, value):
            refuse(f"{shown(value)} is not a schedule", "one of " + ", ".join(_WORDS) + ", or @every 1h30m")
        return value
    parts = value.split()
    if len(parts) != len(_FIELDS) or value != " ".join(parts):
        help = 'minute hour day-of-month month day-of-week, with one space between them, for example "0 3 * * *"'
        refuse(f"{shown(value)} is not a schedule of five fields", help)
    numbers = [_numbers(field, part, value) for field, part in zip(_FIELDS, parts, strict=True)]
    days, months = numbers[2], numbers[3]
    if parts[4] in ("*", "?") and not any(day <= _LENGTHS[month - 1] for month in months for day in days):
        refuse(f"{shown(value)} never comes: no such month has that day", "choose another day or month")
    return value


def _numbers(field: _Field, text: str, value: str) -> set[int]:
    """The numbers that a field stands for."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        low, dash, high = span.partition("-")
        if span in ("*", "?"):
            first, last = field.least, field.most
        else:
            first = _number(field, low, value)
            last = _number(field, high, value) if dash else field.most if slash else first
        if first > last:
            refuse(f"{shown(value)}: the {field.name} {span} begins behind its end", "write the smaller one first")
        if slash and not re.fullmatch(r"[1-9][0-9]{0,3}", step):
            refuse(f"{shown(value)}: the {field.name} has the step {shown(step)}", "a whole number from 1: */5")
        found.update(range(first, last + 1, int(step) if slash else 1))
    return found


def _number(field: _Field, text: str, value: str) -> int:
    if text.lower() in field.words:
        return field.least + field.words.index(text.lower())
    if not re.fullmatch(r"[0-9]{1,2}", text) or not field.least <= int(text) <= field.most:
        words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
        help = f"a number from {field.least} to {field.most}{words}; also a-b, a,b, * and */2"
        refuse(f"{shown(value)}: {shown(text)} is not a {field.name}", help)
    return int(text)


def time_zone(value: str) -> str:
    """A name of the time zone database, by its syntax: which names there are, only the cluster knows.

    https://data.iana.org/time-zones/theory.html#naming (kubernetes pkg/apis/batch/validation, validateTimeZone)
    """
    parts = value.split("/")
    bad = any(not re.fullmatch(r"(?!-)[A-Za-z._0-9+-]{1,14}", part) or part in (".", "..") for part in parts)
    if bad or value.lower() == "local":
        refuse(f"{shown(value)} is not a time zone", "a name of the time zone database: Europe/Berlin, Etc/UTC")
    return value


def condition(value: str) -> str:
    """The type of a pod's condition, a qualified name (kubernetes pkg/apis/batch/validation, ValidateQualifiedName)."""
    name = value.rpartition("/")[2]
    if not re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", name) or value.startswith("/"):
        refuse(f"{shown(value)} is not the type of a condition", "for example DisruptionTarget")
    if name != value:
        subdomain(value.rpartition("/")[0])
    return value
