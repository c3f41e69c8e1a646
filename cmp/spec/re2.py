"""Regular expressions as Istio's webhook and Envoy read them: the syntax of RE2, and no more.

It is read by a grammar of its own, since Python takes what RE2 refuses, and the other way round
(https://github.com/google/re2/wiki/Syntax; the webhook has https://pkg.go.dev/regexp/syntax).
"""

from __future__ import annotations

import re

#: Repetitions, those within each other multiplied, that RE2 takes (regexp/syntax, repeatIsValid).
MOST = 1000

_CATEGORIES = "Any C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs"
_SCRIPTS = """
Arabic Armenian Bengali Bopomofo Common Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew
Hiragana Inherited Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Syriac Tamil Telugu Thaana
Thai Tibetan
"""
_UNICODE = "|".join((*_CATEGORIES.split(), *_SCRIPTS.split()))
_POSIX = r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"
#: Escapes of one character, and of several.
_ONE = r"\\(?:[afnrtv]|0[0-7]{0,2}|x[0-9A-Fa-f]{2}|x\{0*(?:10|[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\}|[\x00-/:-@\[-`{-\x7f])"
_SET = rf"\\[dDsSwW]|\\[pP](?:[CLMNPSZ]|\{{\^?(?:{_UNICODE})\}})"

_TOKEN = re.compile(
    rf"(?P<repeat>(?:[*+?]|\{{(?P<least>0|[1-9]\d*)(?P<range>,(?P<most>0|[1-9]\d*)?)?\}})\??)"
    rf"|(?P<open>\((?:\?(?:P?<(?P<name>\w+)>|[imsU]*(?:-[imsU]+)?:))?(?!\?))"
    rf"|(?P<flags>\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)\))"
    rf"|(?P<close>\))|(?P<or>\|)"
    rf"|(?P<set>\[(?:\^|(?!\^))(?P<members>(?:\]|(?!\]))(?:{_POSIX}|{_SET}|{_ONE}|(?!\[:)[^\\\]])*)\])"
    rf"|(?P<atom>{_SET}|{_ONE}|\\[AbBz]|\\Q(?!\\E).+?\\E|[^\\\[(])",
    re.DOTALL | re.ASCII,
)
_MEMBER = re.compile(rf"{_POSIX}|{_SET}|(?P<low>{_ONE}|[^\\])(?:-(?P<high>{_ONE}|[^\\]))?", re.DOTALL)


def wrong(text: str) -> str:
    """What RE2 does not take in a regular expression, in a few words; empty where it takes all."""
    groups: list[int] = []  # the repetitions in each group that is open
    names: set[str] = set()
    here = last = 0  # the repetitions in this group, and in what stands just before; 0 where there is nothing
    repeated, position = False, 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return f"it does not have {text[position : position + 8]}"
        kind, position = token.lastgroup, token.end()
        if kind == "repeat":
            if not last or repeated:
                return f"{token[0]} has nothing to repeat"
            last *= _times(token)
        elif kind == "open":
            if token["name"] in names:
                return f"two groups are called {token['name']}"
            names |= {token["name"]} - {None}
            groups.append(here)
            here = last = 0
        elif kind == "close":
            if not groups:
                return "a ) closes nothing"
            last = max(here, 1)
            here = groups.pop()
        else:
            last = 1 if kind in ("atom", "set") else 0
        if kind == "set" and not _in_order(token["members"]):
            return f"{token[0]} has a range that ends before it begins"
        here, repeated = max(here, last), kind == "repeat"
        if last > MOST:
            return f"it repeats at most {MOST} times"
    return "a ( is not closed" if groups else ""


def _times(repeat: re.Match[str]) -> int:
    """How many copies a repetition counts for; more than all where its limits are the wrong way round."""
    if repeat["least"] is None:
        return 1
    least = int(repeat["least"])
    most = least if repeat["range"] is None else int(repeat["most"]) if repeat["most"] else None
    if most is not None and least > most:
        return MOST + 1
    return max(1, least if most is None else most)


def _in_order(members: str) -> bool:
    ranges = ((found["low"], found["high"]) for found in _MEMBER.finditer(members))
    return all(low is None or high is None or _code(low) <= _code(high) for low, high in ranges)


def _code(member: str) -> int:
    """The number of a character, which may be escaped."""
    if len(member) == 1:
        return ord(member)
    kind, rest = member[1], member[2:]
    if kind == "x":
        return int(rest.strip("{}"), 16)
    if kind == "0":
        return int(rest or "0", 8)
    return ord({"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}.get(kind, kind))
