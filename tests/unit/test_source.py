"""Reading YAML: positions, the text of scalars, and everything that is refused."""

import pytest

from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.limits import DEFAULT
from cmp.node import Node, Quoted
from cmp.source import read
from tests.support.trees import brief, node, plain, problems

FILE = "shop/meshspec.yaml"


def findings(text: str) -> list[Diagnostic]:
    return problems(lambda: read(text, FILE))


def only(text: str) -> Diagnostic:
    (found,) = findings(text)
    return found


def place(node: Node | None) -> tuple[int, int]:
    assert node is not None
    return node.pos.line, node.pos.column


def key_place(node: Node | None) -> tuple[int, int]:
    assert node is not None
    assert node.key is not None
    return node.key.line, node.key.column


def value_at(node: Node, key: str) -> object:
    found = node.get(key)
    assert found is not None
    return found.value


# -- positions ---------------------------------------------------------------------------------------------------------

NESTED = """\
image: r/a:1
ports:
  http:   8080
  "grpc": {port: 90, targetPort: 91}
calls:
- ratings
-   url: https://x
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("image",), (1, 8), (1, 1)),
        (("ports",), (3, 3), (2, 1)),
        (("ports", "http"), (3, 11), (3, 3)),
        (("ports", "grpc"), (4, 11), (4, 3)),
        (("ports", "grpc", "port"), (4, 18), (4, 12)),
        (("ports", "grpc", "targetPort"), (4, 34), (4, 22)),
        (("calls",), (6, 1), (5, 1)),
        (("calls", 1, "url"), (7, 10), (7, 5)),
    ],
)
def test_values_and_keys_know_their_line_and_column(
    path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    found = node(NESTED).get(*path)
    assert place(found) == value
    assert key_place(found) == key


def test_items_of_a_list_have_a_position_and_no_key() -> None:
    item = node(NESTED).get("calls", 0)
    assert place(item) == (6, 3)
    assert item is not None
    assert item.key is None


def test_positions_name_the_file() -> None:
    (document,) = read("a: 1", FILE)
    assert document.pos == Pos(FILE, 1, 1)


def test_columns_count_characters_not_bytes() -> None:
    document = node("zoë: {größe: 'ü', 😀: [é, x]}\n")
    assert key_place(document.get("zoë", "größe")) == (1, 7)
    assert place(document.get("zoë", "größe")) == (1, 14)
    assert key_place(document.get("zoë", "😀")) == (1, 19)
    assert place(document.get("zoë", "😀", 1)) == (1, 26)


def test_the_position_of_nothing_is_where_it_would_stand() -> None:
    assert place(node("a:\nb: 1\n").get("a")) == (1, 3)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending_counts_as_one(newline: str) -> None:
    document = node(newline.join(["a:", "  b: 1", "c: 'x", "  y'", "d: |", "  text", "e: 5", ""]))
    assert plain(document) == {"a": {"b": "1"}, "c": "x y", "d": "text\n", "e": "5"}
    assert place(document.get("a", "b")) == (2, 6)
    assert place(document.get("e")) == (7, 4)


def test_a_block_scalar_stands_where_its_indicator_stands() -> None:
    assert place(node("a: |\n  one\n  two\nb: 1\n").get("a")) == (1, 4)


# -- scalars -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "on",
        "1e3",
        "010",
        "0x1f",
        "12:30",
        "1.20",
        "1_000",
        ".inf",
        "-0",
        "true",
        "2001-12-14",
        "=",
        "70%",
        "nULL",
    ],
)
def test_a_plain_scalar_keeps_its_text(text: str) -> None:
    found = node(f"a: {text}\n{text}: b\n")
    assert plain(found) == {"a": text, text: "b"}
    assert type(value_at(found, "a")) is str


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL", "# only a comment"])
def test_nothing_is_none(text: str) -> None:
    assert plain(node(f"a: {text}\nb: [1]\n")) == {"a": None, "b": ["1"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'null'", "null"),
        ('"~"', "~"),
        ("''", ""),
        ('"1e3"', "1e3"),
        ('"\\u00e9\\n"', "é\n"),
        ("'it''s'", "it's"),
        ("|-\n  null", "null"),
        (">-\n  one\n  two", "one two"),
        ("|+\n  x\n", "x\n\n"),
    ],
)
def test_quotes_and_blocks_are_text(text: str, value: str) -> None:
    found = value_at(node(f"a: {text}\n"), "a")
    assert found == value
    assert type(found) is Quoted


def test_a_plain_scalar_over_several_lines_is_one_line_of_text() -> None:
    assert plain(node("a: one\n  two\n\n  three\n")) == {"a": "one two\nthree"}


@pytest.mark.parametrize("key", ["~", "null", "NO", "1", "010", "1.20", "12:30", "0x1f", "true"])
def test_keys_keep_their_text(key: str) -> None:
    assert plain(node(f"{key}: x\n")) == {key: "x"}
    assert plain(node(f"'{key}': x\n")) == {key: "x"}


def test_a_quoted_key_and_a_plain_key_of_one_text_are_one_key() -> None:
    assert brief(findings("a: 1\n'a': 2\n")) == ["2:1 MS008"]


def test_huge_scalars_are_read() -> None:
    big = "x" * 1_000_000
    assert plain(node(f"a: {big}\nb: '{big}'\nc: |\n  {big}\n")) == {"a": big, "b": big, "c": f"{big}\n"}


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "---\n---\n", "--- ~\n", "--- null\n...\n"])
def test_empty_documents_are_left_out(text: str) -> None:
    assert read(text, FILE) == []


def test_several_documents_count_lines_through() -> None:
    first, second, third = read("a: 1\n---\n---\nb: 2\n...\n---\n- x\n", FILE)
    assert [plain(document) for document in (first, second, third)] == [{"a": "1"}, {"b": "2"}, ["x"]]
    assert [place(document) for document in (first, second, third)] == [(1, 1), (4, 1), (7, 1)]


@pytest.mark.parametrize(("text", "value"), [("foo", "foo"), ("''", ""), ("[]", []), ("{}", {}), ("- ", [None])])
def test_a_document_may_be_anything_but_nothing(text: str, value: object) -> None:
    (document,) = read(text, FILE)
    assert plain(document) == value


def test_a_byte_order_mark_is_no_business_of_the_reader() -> None:
    # cmp.files removes it; one that is left over must not become part of the first key
    assert plain(node("\ufeffa: 1")) == {"a": "1"}


# -- keys --------------------------------------------------------------------------------------------------------------


def test_duplicate_keys_are_all_reported_beside_the_first() -> None:
    found = findings("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n---\na: 1\na: 2\n")
    assert brief(found) == ["2:11 MS008", "3:1 MS008", "4:1 MS008", "7:1 MS008"]
    assert [[str(pos) for pos, _ in d.related] for d in found] == [
        [f"{FILE}:2:5"],
        [f"{FILE}:1:1"],
        [f"{FILE}:1:1"],
        [f"{FILE}:6:1"],
    ]
    assert found[0].message == 'key "c" is given twice'


def test_a_duplicate_does_not_hide_what_is_wrong_below_it() -> None:
    assert brief(findings("a: 1\na: {b: 1, b: 2, c: !x d}\n")) == ["2:1 MS008", "2:11 MS008", "2:20 MS007"]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("a:\n  <<: {b: 1}\n", "2:3 MS007", 'merge key "<<" is not allowed'),
        ("? [a, b]\n: 1\n", "1:3 MS007", "a key must be plain text"),
        ("? {a: b}\n: 1\n", "1:3 MS007", "a key must be plain text"),
        ("{[a]: 1}\n", "1:2 MS007", "a key must be plain text"),
        ("a: &x b\n*x : 1\n", "2:1 MS007", "a key must be plain text"),
        ("'': 1\n", "1:1 MS007", "a key must not be empty"),
        ("?\n: 1\n", "1:2 MS007", "a key must not be empty"),
    ],
)
def test_keys_are_text(text: str, where: str, message: str) -> None:
    found = only(text)
    assert brief([found]) == [where]
    assert found.message == message
    assert found.help


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain(node("'<<': {a: 1}\n")) == {"<<": {"a": "1"}}


def test_what_stands_behind_a_refused_key_is_still_read() -> None:
    assert brief(findings("? {a: 1, a: 2}\n: {b: 1, b: 2}\n<<: !t x\n")) == [
        "1:3 MS007",
        "1:10 MS008",
        "2:10 MS008",
        "3:1 MS007",
        "3:5 MS007",
    ]


@pytest.mark.parametrize(
    ("text", "where", "tag"),
    [
        ("a: !!str 1\n", "1:4 MS007", "tag:yaml.org,2002:str"),
        ("a: !vault x\n", "1:4 MS007", "!vault"),
        ("a: ! x\n", "1:4 MS007", "!"),
        ("a: !!map {b: 1}\n", "1:4 MS007", "tag:yaml.org,2002:map"),
        ("a: !!python/object:os.system [x]\n", "1:4 MS007", "tag:yaml.org,2002:python/object:os.system"),
        ("!!str a: 1\n", "1:1 MS007", "tag:yaml.org,2002:str"),
    ],
)
def test_tags_are_refused_on_values_and_keys(text: str, where: str, tag: str) -> None:
    found = only(text)
    assert brief([found]) == [where]
    assert found.message == f'tag "{tag}" is not allowed'


# -- aliases -----------------------------------------------------------------------------------------------------------


def test_an_alias_repeats_the_value_and_its_position() -> None:
    document = node("a: &x {b: [1]}\nc: *x\nd: *x\n")
    assert plain(document) == {"a": {"b": ["1"]}, "c": {"b": ["1"]}, "d": {"b": ["1"]}}
    assert place(document.get("c", "b", 0)) == (1, 12)
    assert [key_place(document.get(key)) for key in "acd"] == [(1, 1), (2, 1), (3, 1)]


def test_an_anchor_may_be_moved_and_stands_on_keys_too() -> None:
    assert plain(node("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")) == {"a": "1", "b": "1", "c": "2", "d": "2"}
    assert plain(node("&k name: *k\n")) == {"name": "name"}


def test_an_alias_keeps_what_quotes_mean() -> None:
    document = node("a: &x '1'\nb: *x\nc: &y null\nd: *y\n")
    assert type(value_at(document, "b")) is Quoted
    assert plain(document.get("d")) is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: *x\n", "1:4 MS004"),
        ("a: *x\nb: &x 1\n", "1:4 MS004"),
        ("a: &x [*x]\n", "1:8 MS004"),
        ("a: &x {b: {c: *x}}\n", "1:15 MS004"),
        ("a: &x 1\n---\na: *x\n", "3:4 MS004"),
    ],
)
def test_an_alias_needs_a_complete_value_before_it(text: str, where: str) -> None:
    found = only(text)
    assert brief([found]) == [where]
    assert found.message == 'alias "*x" has no anchor before it'


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    found = only("\n".join(lines))
    assert found.code == "MS005"
    assert "aliases counted" in found.message


def test_the_last_alias_counts_like_any_other() -> None:
    items = ", ".join(["x"] * (DEFAULT.file_values // 2))
    assert only(f"a: &a [{items}]\nb: *a\n").code == "MS005"


@pytest.mark.parametrize(("count", "codes"), [(DEFAULT.file_values - 1, []), (DEFAULT.file_values, ["MS005"])])
def test_the_number_of_values_is_bounded(count: int, codes: list[str]) -> None:
    assert [d.code for d in findings("[" + "1," * count + "]")] == codes


# -- depth -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("[" * 100_000, DEFAULT.depth + 1),
        ("{" * 100_000, DEFAULT.depth + 1),
        ("- " * 100_000, 2 * DEFAULT.depth + 1),
        ("? " * 100_000, 2 * DEFAULT.depth + 1),
        ("{a: " * 100_000, 4 * DEFAULT.depth + 1),
    ],
)
def test_depth_is_bounded(text: str, column: int) -> None:
    found = only(text)
    assert brief([found]) == [f"1:{column} MS005"]


def test_the_deepest_that_is_allowed() -> None:
    assert read("[" * DEFAULT.depth + "]" * DEFAULT.depth, FILE)
    assert only("[" * (DEFAULT.depth + 1) + "]" * (DEFAULT.depth + 1)).code == "MS005"


def test_aliases_count_as_deep_as_what_they_repeat() -> None:
    half = DEFAULT.depth // 2
    text = "- &a " + "[" * (half - 1) + "]" * (half - 1) + "\n- {}*a{}\n"
    assert read(text.format("[" * half, "]" * half), FILE)
    assert only(text.format("[" * (half + 1), "]" * (half + 1))).code == "MS005"


def test_a_chain_of_aliases_cannot_get_deeper_than_the_stack() -> None:
    chain = "".join(f"- &a{i + 1} {'[' * 40}*a{i}{']' * 40}\n" for i in range(60))
    assert brief(findings("- &a0 x\n" + chain)) == ["3:47 MS005"]


# -- what is not YAML --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "help"),
    [
        ("a:\n\tb: 1\n", "2:1", "spaces"),
        ("a: x\n\tb: c\n", "2:1", "spaces"),
        ("a: @x\n", "1:4", "quote text"),
        ("a: `x`\n", "1:4", "quote text"),
        ("a: %x\n", "1:4", "quote text"),
        ("a: b: c\n", "1:5", 'quote text that holds ": "'),
        ("a: 1\n  b: 2\n", "2:4", "indentation"),
        ("a:\n  b: 1\n c: 2\n", "3:2", "indentation"),
        ("a: 'it's'\n", "1:8", "quotes"),
        ("a: ]\n", "1:4", "brackets"),
        ("a: *\n", "1:5", "before this place"),
        ("%YAML 2.0\n--- a\n", "1:1", "before this place"),
    ],
)
def test_a_syntax_error_has_a_place_and_a_help(text: str, where: str, help: str) -> None:
    found = only(text)
    assert brief([found]) == [f"{where} MS004"]
    assert found.message.startswith("not valid YAML: ")
    assert help in found.help


@pytest.mark.parametrize(
    ("text", "where", "begun", "help"),
    [
        ("a: 'x\nb: 1\n", "3:1", "1:4", "close the quote"),
        ('a: 1\nb: "x\nc: 1\n', "4:1", "2:4", "close the quote"),
        ("a: [1, 2\nb: 1\n", "2:2", "1:4", "close the bracket"),
        ("a: {b: 1\nc: 2\n", "2:2", "1:4", "close the bracket"),
    ],
)
def test_what_is_left_open_is_named_where_it_begins(text: str, where: str, begun: str, help: str) -> None:
    found = only(text)
    assert brief([found]) == [f"{begun} MS004"]
    assert [f"{pos.line}:{pos.column}" for pos, _ in found.related] == [where]
    assert help in found.help


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("\x00", "1:1"),
        ("a: \x07\n", "1:4"),
        ("é: ü\n😀: \x1b[31m\n", "2:4"),
        ("a: 1\r\né: \x01\r\n", "2:4"),
        ("a: 1\rb: \x01\r", "2:4"),
        ("a: 1\u2028b: \x7f", "2:4"),
        ("a: " + "é" * 20_000 + "\x01", "1:20004"),
        ("a: '\uffff'", "1:5"),
    ],
)
def test_a_control_character_is_found_where_it_stands(text: str, where: str) -> None:
    found = only(text)
    assert brief([found]) == [f"{where} MS004"]
    assert found.help == "remove the control character"


def test_a_syntax_error_does_not_hide_what_was_found_before_it() -> None:
    assert brief(findings("a: 1\na: 2\nb: [\n")) == ["2:1 MS008", "4:1 MS004"]


# -- nodes -------------------------------------------------------------------------------------------------------------


def test_get_and_text_walk_maps_and_lists() -> None:
    document = node("a: [x, {b: c}]\n")
    assert document.get() is document
    assert document.text("a", 1, "b") == "c"
    assert document.text("a") is None
    for path in (("b",), ("a", 2), ("a", "0"), ("a", 0, "x"), (0,)):
        assert document.get(*path) is None


def test_with_value_keeps_everything_else() -> None:
    first = Node("a", Pos(FILE, 1, 2), Pos(FILE, 1, 1), "service", cut=True, implied=True)
    second = first.with_value([])
    assert plain(second) == []
    assert [getattr(second, name) for name in ("pos", "key", "layer", "cut", "implied")] == [
        getattr(first, name) for name in ("pos", "key", "layer", "cut", "implied")
    ]
    assert repr(first) == "Node('a' at shop/meshspec.yaml:1:2)"


def test_the_error_says_the_first_finding() -> None:
    with pytest.raises(SpecError, match='key "a" is given twice'):
        read("a: 1\na: 2\n", FILE)
