"""Strings that some reader or writer of YAML or JSON gets wrong.

NUL and lone surrogates are not among them: no Kubernetes object holds the one, and no UTF-8 text the other.
"""

# ruff: noqa: RUF001 - letters that look like others are here on purpose

from collections.abc import Iterator


def _cases(*words: str) -> Iterator[str]:
    for word in words:
        yield from (word.lower(), word.capitalize(), word.upper())


def _around(*parts: str) -> Iterator[str]:
    """Each part alone, at the start, at the end, inside, and with blanks around it."""
    for part in parts:
        yield from (part, f"{part}a", f"a{part}", f"a{part}b", f"{part} a", f"a {part}", f"a {part} b")


# One string a line would be five hundred lines.
# fmt: off

# YAML 1.1's words (yaml.org/type/bool.html, null.html), with cases that no version knows, such as "nO".
_WORDS = (
    *_cases("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nil", "undefined"),
    "yEs", "nO", "oN", "tRUE", "fAlse", "nUll", "~", "~a", "a~", "~~", "", "yes ", " no", "y:", "n: y", "on#",
    "- on",
)

# Integers and floats of YAML 1.1, YAML 1.2, JSON and Go, and what nearly is one.
_NUMBERS = (
    "0", "00", "-0", "+0", "1", "+1", "-1", "08", "010", "-010", "0o17", "0O17", "0x1f", "0X1F", "0xfg", "-0x1F",
    "0b101", "0B11", "-0b1", "0b", "0b2", "1_000", "_1", "1_", "0x_1", "1__0", "0_7", "0._5", "12345678901234567890",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615", "1,000", "1 000",
    "0.", ".5", "-.5", "+.5", "0.0", "-0.0", "1.", "1.5", "1.2.3", "1.25.3-alpine", "1.10", "007.5", ".", "..",
    "-.", "+",
    "1e3", "1E3", "1e+3", "1e-3", "1.e3", ".1e3", "12e03", "12345e6", "123e4", "1e1000", "1e", "e3", "1.5e3", "0e0",
    "685.230_15e+03", "1.0e-07", "+12.3", "-2E+05", "6.02e23f", "1f", "1d", "1L", "0x1p-2", "0x1.8p1", "Infinity",
    *_cases(".inf", ".nan", "inf", "nan", "-.inf", "+.inf", "-inf"),
    ".iNF", ".NaN", ".Nan", "NaN", "-.Inf", "+.Inf", "-Infinity",
    "1:30", "190:20:30", "190:20:30.15", "12:30:45", "-1:30", "1:60", "0:0", "22:22", "1:2:3:4", "20:30.5",
    "250m", "128Mi", "1k", "50%", "0,5", "½", "١٢٣", "１２３", "²",
)

_DATES = (
    "2001-12-14", "2001-12-1", "2001-1-1", "2001-13-45", "0000-00-00", "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10", "2001-12-14T21:59:43Z", "2001-12-14 21:59:43", "2001-12",
    "12:30:45.5", "20011214", "2001-W50-5", "2001-12-14T", "2001-02-30", "99999-12-14",
)

_INDICATORS = (
    *_around("-", "?", ":", ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", '"', "%", "@", "`", "=", "<"),
    "- ", "? ", ": ", "-a", "--", "-- a", "- - a", "-\ta", "?a", "? a : b", ":a", "::", "a::b", "a: b: c", "a:\tb",
    "a:", "<<", "<<: *a", "<<a", "=", "=a", "!!", "!tag", "!!str 1", "!<tag:yaml.org,2002:int> 1", "!!python/none",
    "!!binary a", "&a", "&a b", "*a", "*a b", "**", "a # b", "a #b", "a#b", "#", "# a", "a\t# b", " # a",
    "%YAML 1.1", "%TAG ! a", "% a", "|", "|-", "|+", "|2", ">", ">-", ">+2", "| a", "@a", "`a`", "{}", "[]", "{a}",
    "[a, b]", "{a: b}", "{{", "}}", "{{ a }}", "---", "--- a", "---a", "----", "...", "... a", "...a", "....",
    "---\n", "---\na", "a\n---\nb", "a\n...\nb", "\n---\n",
    "a\n--- # b\n", "---\n---\n", "...\n", "a\n---", "- a\n- b", "a: b\nc: d", "a: b\n", "a:\n- b\n", "a:\n  b: c\n",
)

_QUOTES = (
    "''", '""', "'a'", '"a"', "'a", "a'", '"a', 'a"', "it's", 'say "a"', "'\"", "\"'", "'''", '"""', "''a", "a''b",
    "\\", "\\\\", "a\\", "\\a", "\\n", "\\\\n", "\\u0041", "\\ud83d\\ude00", "\\x41", "\\/", "/", "//", "</script>",
    "C:\\Temp\\new", "a\\ b", "a\\\nb", "\\\n", "\\'", '\\"', '\\\\"', "\\0", "\\_", "\\N", "\\L", "\\P",
    "\\U0001f600", "<>&", "&lt;&amp;", "&#39;", "\\u003c", "%20", "%s %d", "$1", "\\1",
)

_BLANKS = (
    " ", "  ", "\t", "\t\t", " \t", "\t ", " a", "a ", "  a", "a  ", " a ", "\ta", "a\t", "a\tb", "a  b", "a \t b",
    "a" + " " * 200, "\n", "\n\n", "\n\n\n", "\r", "\r\n", "\r\r", "\n\r", "\na", "a\n", "a\n\n", "a\n\n\n",
    "\n\na", "\n\na\n\n", "a\nb", "a\nb\n", "a\n\nb", "a\n\n\nb\n", "a\rb", "a\r\nb", "a\r\nb\r\n", "a\r", "a\r\n",
    "\ra", "\r\na", "a\n\rb", "a\n\r", "a\r\n\n", "a\n\r\n", " a\nb", "a\n b", "a\n  b\n", "  a\n b\n",
    "a\n b\n  c\n", "a \nb", "a\n \nb", "a\n  \nb\n", "a\n ", "a\n \n", " \na", " \n", "\n ", "\ta\nb", "a\n\tb",
    "a\n \tb", "a\t\nb", "a\n\t\nb", "a\n\t", "\t\na", "\n\t\n", "a\tb\nc\td\n", "a:\tb\n", "a\n\n b\n", "\n a\n",
    "a\n#b\n", "#a\nb\n", "# a\n# b", "a\n # b\n", "- a\n- b\n", "a: |\n  b\n", "|\n a", ">\n a\n", "%a\nb\n",
    "a\n%b\n", "'a\nb'", '"a\nb"', "a\n]\n", "{\na\n}\n", "a\n? b\n", "a\n: b\n", "a\nb: c\n", "a\\\nb\n", "a\n'\n",
    'a\n"\n', "a\n&b\n", "a\n*b\n", "a\n!b\n", "\x0b", "\x0c", "a\x0bb", "a\x0cb", "a\n\x0bb\n", "a\n\x0cb\n", "\b",
    "\x1b[31ma\x1b[0m", "\x01", "\x1c", "\x1d", "\x1e", "\x1f",
)

# Line breaks of YAML 1.1, the byte order mark, what has no shape of its own, and what YAML takes for no character.
_INVISIBLE = (
    *_around("\x85", "\u2028", "\u2029", "\ufeff", "\x7f", "\x80", "\x9f", "\xa0", "\ufffe", "\uffff"),
    "a\x85\x85b", "a\u2028\u2029b", "a\n\u2028b\n", "a\n\x85b\n", "\ufeff\ufeff", "\ufeff---", "\ufeff#a",
    "\ufeff{}", "a\n\ufeffb\n", "\x81", "\x84", "\x86", "\x8d", "\x90", "\x9b31m", "a\n\x7f\n", "a\n\x9f\n",
    "a\n\xa0\n", "a\xa0\nb", "\xad", "a\xadb", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\u2061",
    "\u00a0a", "\u1680", "\u180e", "\u2000", "\u200a", "\u202f", "\u205f", "\u3000", "a\u3000", "\u202aa\u202c",
    "\u202ea", "\u2066a\u2069", "\u061c", "\ufff9", "\ufffc", "\ufffd", "\ufdd0", "\ufdef", "\U0001fffe",
    "\U0001ffff", "\U0010fffe", "\U0010ffff", "\U000e0001", "\U000e0041", "\U000e0100", "\ue000", "\uf8ff",
    "\U000f0000", "\ud7ff", "\U00010000", "\U0001d173", "\U00013430", "\x7f\x85\u2028\ufeff\uffff\U0010ffff",
)

_LETTERS = (
    "é", "e\u0301", "\u0301", "a\u0308\u0323", "ﬁ", "ß", "ẞ", "İ", "ı", "ǅ", "Ω", "ж", "中文", "日本語\n", "한국어",
    "ไทย", "हिन्दी", "שלום", "مرحبا", "a שלום b", "מ\n", "😀", "😀: 1", "a😀", "👨\u200d👩\u200d👧", "🇨🇭", "❤\ufe0f",
    "𝔘𝔫𝔦", "𠀀", "😀\n😀\n", "é\nß\n", "ÿ", "¡", "¦",
    "ñ: ñ", "ü # ü", "- ü", "ＹＥＳ", "Ｎ", "уes", "ⅷ", "ﷺ", "Z̴̢̛͎", "naïve 'quote'", "„a“", "«a»", "…", "–", "—",
)

_TEXTS = (
    '{"a": 1}', '{"a":"b","c":[1,2,null]}', "[1, 2]", '"a": "b"', '{"a": "\\ud83d\\ude00"}', '{"a":1}\n{"b":2}\n',
    "null\n", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\n",
    "  indented: yaml\nless: here\n", "a: 'b'\n# comment\nc: \"d\"\n- e\n",
    '#!/bin/sh\nset -eu\n\nif [ "$A" = \'b\' ]; then\n\techo "$((1 + 2))" >&2 # done\nfi\n',
    "echo \"a\" | sed 's/a/b/' > /tmp/x && exit $?; `id` $(id) ${HOME:-/root} !! \\\n  --flag",
    "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n",
    'a = 1\n[section]\nkey = "value" ; comment\n', "<html>\n  <body>&nbsp;</body>\n</html>\n",
    "^/(?P<id>[0-9]{1,3})/\\d+\\.(?:png|jpe?g)$", "{{ .Values.a | quote }}", "{{- if .a }}\n{{ end -}}\n", "${A}",
    "$(A)", "$$(A)", "%(a)s", "{0}", "a,b", "a, b", "a; b", "a|b", "a&b", "http://example.com",
    "http://example.com:8080/a?b=c&d=e#f", "spiffe://cluster.local/ns/a/sa/b", "*.example.com", "/healthz",
    "registry.example.com:5000/a/b:1.0@sha256:0a1b", "app.kubernetes.io/name", "a=b", "--a=b", "-a", "@daily",
    "*/5 * * * *", "Zm9v", "Zm9vYg==", "a+b/c=", "MTIzNDU=", "1e5f", "0e12345", "12e3456", "1234567e8", "deadbeef",
    "00e1", "5e-324", "a1e3", "a" * 79, "a" * 81, "a " * 100, "a " * 2000 + "b", "é" * 300, "😀" * 200, "a" * 1022,
    "a" * 5000, "ab cd\n" * 300, "'" * 90,
)

# fmt: on

NASTY: tuple[str, ...] = tuple(
    dict.fromkeys((*_WORDS, *_NUMBERS, *_DATES, *_INDICATORS, *_QUOTES, *_BLANKS, *_INVISIBLE, *_LETTERS, *_TEXTS))
)
