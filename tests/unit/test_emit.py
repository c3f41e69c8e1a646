from enum import Enum
from textwrap import dedent
from typing import Any, Literal

import pytest
import yaml

from cmp.emit import emit
from cmp.node import Quoted
from tests.support.nasty import NASTY

Format = Literal["yaml", "ndjson"]

every_format = pytest.mark.parametrize("form", ["yaml", "ndjson"])

SERVICE = {
    "spec": {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "name": "http", "nodePort": None, "targetPort": "http"}, {"port": 443, "name": "https"}],
        "clusterIP": None,
    },
    "metadata": {
        "namespace": "shop",
        "name": "web",
        "labels": {},
        "annotations": {"example.com/note": "8080: yes", "argocd.argoproj.io/sync-wave": "5"},
    },
    "kind": "Service",
    "apiVersion": "v1",
}


class Color(str, Enum):  # noqa: UP042 - unlike a StrEnum, str() of it is not its text
    RED = "red"


def value(text: object) -> str:
    """How a value is written after its key."""
    return emit([{"a": text}], "yaml").removeprefix("a:").removeprefix(" ").removesuffix("\n")


def line(item: object) -> str:
    return emit([{"a": item}], "ndjson").removeprefix('{"a":').removesuffix("}\n")


# -- documents ---------------------------------------------------------------------------------------------------------


def test_yaml_is_in_block_style_like_kubectls() -> None:
    assert emit([SERVICE], "yaml") == dedent(
        """\
        apiVersion: v1
        kind: Service
        metadata:
          annotations:
            argocd.argoproj.io/sync-wave: '5'
            example.com/note: '8080: yes'
          labels: {}
          name: web
          namespace: shop
        spec:
          ports:
          - name: http
            port: 80
            targetPort: http
          - name: https
            port: 443
          selector:
            app: web
        """
    )


def test_ndjson_is_one_compact_object_a_line() -> None:
    assert emit([SERVICE, {"kind": "B"}], "ndjson") == (
        '{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"argocd.argoproj.io/sync-wave":"5",'
        '"example.com/note":"8080: yes"},"labels":{},"name":"web","namespace":"shop"},"spec":{"ports":'
        '[{"name":"http","port":80,"targetPort":"http"},{"name":"https","port":443}],"selector":{"app":"web"}}}\n'
        '{"kind":"B"}\n'
    )


def test_yaml_documents_are_separated() -> None:
    assert emit([{"kind": "A"}, {"kind": "B"}, {}], "yaml") == "kind: A\n---\nkind: B\n---\n{}\n"


@every_format
def test_no_objects_are_no_text(form: Format) -> None:
    assert emit([], form) == ""


def test_lists_in_lists_and_maps_in_lists() -> None:
    item = {"a": [[1, [2]], [], {}, [{"v": 1, "w": {"z": [3]}}, 4], {"b": [{"c": "d"}]}]}

    assert emit([item], "yaml") == dedent(
        """\
        a:
        - - 1
          - - 2
        - []
        - {}
        - - v: 1
            w:
              z:
              - 3
          - 4
        - b:
          - c: d
        """
    )


# -- what is left out, and the order -----------------------------------------------------------------------------------


@every_format
def test_none_is_dropped_from_maps_and_kept_in_lists(form: Format) -> None:
    item = {"kind": "A", "gone": None, "spec": {"gone": None, "empty": {"gone": None}, "list": [None, {"gone": None}]}}

    assert list(yaml.safe_load_all(emit([item], form))) == [{"kind": "A", "spec": {"empty": {}, "list": [None, {}]}}]


@every_format
def test_none_is_dropped_from_the_first_keys_too(form: Format) -> None:
    assert emit([{"apiVersion": None, "kind": "A", "metadata": None}], form) == emit([{"kind": "A"}], form)


def test_the_first_keys_are_first_at_the_top_only() -> None:
    item = {"a": {"kind": "x", "apiVersion": "y", "A": 1}, "metadata": {}, "Z": 1, "kind": "A", "apiVersion": "v1"}

    assert emit([item], "ndjson") == (
        '{"apiVersion":"v1","kind":"A","metadata":{},"Z":1,"a":{"A":1,"apiVersion":"y","kind":"x"}}\n'
    )


# -- scalars -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "web",
        "apps/v1",
        "/healthz",
        "a.b-c_d",
        "_a",
        "http://a:80/b",
        "registry.example.com/web:1.0",
        "STRICT",
        "yesterday",
    ],
)
def test_a_harmless_string_is_plain(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "~",
            "y",
            "N",
            "Yes",
            "nO",
            "ON",
            "off",
            "TRUE",
            "False",
            "null",
            "NULL",
            ".inf",
            ".NaN",
            "nan",
            "Infinity",
        ),
        *("1", "1.0", "1e3", "0o17", "0x1f", "12e03", "1_000", "+1", "-1", ".5", "12:30:45", "2001-12-14", "1.25.3"),
        *(
            "<<",
            "=",
            "-",
            "- a",
            "a:",
            "a: b",
            "a #b",
            "#",
            "*",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "{{",
            "a, b",
            "|",
            ">",
        ),
        *("a b", " a", "a ", "---", "...", 'say "a"', "a\\b", "50%", "a=b", "a" * 70 + " " + "b" * 200),
    ],
)
def test_a_string_that_may_be_misread_is_in_single_quotes(text: str) -> None:
    assert value(text) == f"'{text}'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's", '"it\'s"'),
        ('it\'s "a\\b"', '"it\'s \\"a\\\\b\\""'),
        ("a\tb", '"a\\tb"'),
        ("é", '"é"'),
        ("😀", '"😀"'),
        ("\x00\x1b", '"\\u0000\\u001b"'),
        ("\x7f\x85\x9f\xa0", '"\\u007f\\u0085\\u009f\\u00a0"'),
        ("\u2028\u2029\ufeff\ufffe\uffff", '"\\u2028\\u2029\\ufeff\\ufffe\\uffff"'),
        ("a\u200bb\u202ec", '"a\\u200bb\\u202ec"'),
        ("\U000e0041", '"\\U000e0041"'),
    ],
)
def test_other_strings_are_in_double_quotes(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n  b: 'c'\n# d\n---\n", "|\n  a\n\n    b: 'c'\n  # d\n  ---"),
        ("é\n😀\tx\n", "|\n  é\n  😀\tx"),
    ],
)
def test_lines_are_a_literal_block(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "\na",
        " a\nb",
        "a \nb",
        "a\nb\t",
        "a\n\tb",
        "a\n \tb",
        "a\n\n",
        "a\n \nb",
        "a\r\nb",
        "a\x85b\n",
        "a\n\u2028",
        "a\n\ufeff",
    ],
)
def test_lines_that_a_block_does_not_show_as_they_are_in_double_quotes(text: str) -> None:
    assert value(text).startswith('"')
    assert "\n" not in value(text)


def test_a_literal_block_is_indented_below_its_key_or_dash() -> None:
    assert emit([{"a": {"b": ["x\ny", {"c": "x\ny\n", "d": [["x\ny"]]}]}}], "yaml") == dedent(
        """\
        a:
          b:
          - |-
            x
            y
          - c: |
              x
              y
            d:
            - - |-
                x
                y
        """
    )


def test_keys_are_written_like_values_but_never_in_lines() -> None:
    item = {"y": 1, "a b": 2, "1": 3, "a\nb": 4, "é": 5, "example.com/a": 6, "": 7}

    assert emit([item], "yaml") == ("'': 7\n'1': 3\n\"a\\nb\": 4\n'a b': 2\nexample.com/a: 6\n'y': 1\n\"é\": 5\n")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *(
            (0, "0"),
            (-5, "-5"),
            (2**63 - 1, "9223372036854775807"),
            (1.0, "1"),
            (-0.0, "0"),
            (1e15, "1000000000000000"),
        ),
        *((0.1, "0.1"), (-2.5, "-2.5"), (1.5e-7, "1.5e-07"), (True, "true"), (False, "false")),
    ],
)
def test_numbers_are_the_same_in_both_formats(number: float, expected: str) -> None:
    assert value(number) == line(number) == expected


def test_a_float_has_a_dot_in_yaml() -> None:
    """PyYAML reads 1e-07 as a string."""
    assert value(1e-7) == "1.0e-07"
    assert line(1e-7) == "1e-07"


# -- JSON that is read as YAML -----------------------------------------------------------------------------------------


def test_json_escapes_what_yaml_refuses_or_folds() -> None:
    assert line("\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff") == (
        '"\\u007f\\u0080\\u0085\\u009f\\u2028\\u2029\\ufeff\\ufffe\\uffff"'
    )


def test_json_leaves_other_characters_raw() -> None:
    assert line("é\xa0\u200b😀</a>&'") == '"é\xa0\u200b😀</a>&\'"'


def test_json_escapes_keys_too() -> None:
    assert line({"\x7f": 1}) == '{"\\u007f":1}'


# -- types -------------------------------------------------------------------------------------------------------------


@every_format
def test_subclasses_of_str_are_plain_text(form: Format) -> None:
    item = {Quoted("b"): Quoted("yes"), "c": Color.RED, Color.RED: [Quoted("x")], "m": Quoted("a\nb")}

    assert emit([item], form) == emit([{"b": "yes", "c": "red", "red": ["x"], "m": "a\nb"}], form)


@every_format
def test_tuples_are_lists(form: Format) -> None:
    assert emit([{"a": (1, ("b",), ())}], form) == emit([{"a": [1, ["b"], []]}], form)


@every_format
@pytest.mark.parametrize("bad", [{1, 2}, b"a", object(), 1j, {1: "a"}, {None: "a"}, [{"a": {True: 1}}], {"a": 1, 2: 3}])
def test_other_types_are_an_error(form: Format, bad: Any) -> None:
    with pytest.raises(TypeError):
        emit([{"a": bad}], form)


@every_format
@pytest.mark.parametrize(
    "bad", ["\ud83d", "a\udc80\n", {"\ud800": 1}, 2**63, -(2**63) - 1, 1e19, float("nan"), float("-inf")]
)
def test_values_that_no_reader_would_give_back_are_an_error(form: Format, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"surrogate|int64|finite"):
        emit([{"a": bad}], form)


@every_format
@pytest.mark.parametrize(("character", "longest"), [("k", 1022), ("é", 1022), ("\n", 511), ("\x7f", 170), ("<", 170)])
def test_a_key_takes_at_most_1024_characters(form: Format, character: str, longest: int) -> None:
    assert emit([{"a": {character * longest: 1}}], form)

    with pytest.raises(ValueError, match="more than 1024 characters"):
        emit([{"a": {character * (longest + 1): 1}}], form)


@every_format
def test_the_objects_are_left_alone(form: Format) -> None:
    item = {"z": None, "kind": "A", "a": [{"z": 1, "a": None}]}

    emit([item], form)

    assert repr(item) == "{'z': None, 'kind': 'A', 'a': [{'z': 1, 'a': None}]}"


def test_the_nasty_strings_are_many_and_are_text() -> None:
    assert len(NASTY) == len(set(NASTY)) >= 200
    assert not any("\0" in text for text in NASTY)
    "".join(NASTY).encode()
