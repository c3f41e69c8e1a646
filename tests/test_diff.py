"""``cmp diff``: two renders of a path beside each other, as people and pull requests read them."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cmp.commands.diff import DIFFERS, MARKDOWN_LIMIT
from cmp.compare.difference import differences, fields
from tests.test_command_line import ROOT, SERVICE, STAGED, fails, run, spec

CONFIG = SERVICE + "config: {/etc/a.txt: {text: %s}}\n"


def revisions(directory: Path, before: str, now: str) -> tuple[str, ...]:
    for name in ("now", "before"):
        (directory / name / ".git").mkdir(parents=True)
    return spec(directory / "now", now), "-n", "shop", "--against", spec(directory / "before", before)


def printed(*arguments: str, code: int = 0) -> str:
    done = run("diff", *arguments)
    assert (done.returncode, done.stderr) == (code, b"")
    return done.stdout.decode()


def test_a_change_is_shown_where_it_is(tmp_path: Path) -> None:
    found = printed(*revisions(tmp_path, SERVICE, SERVICE.replace("web:1", "web:2")))

    summary, empty, *lines = found.splitlines()
    assert summary == "1 changed, of 8 objects; pods are replaced of Deployment shop/web-v1"
    assert (empty, lines[:4]) == (
        "",
        [
            "Deployment shop/web-v1: changed in spec.template.spec.containers[web].image (its pods are replaced)",
            "--- before/Deployment/shop/web-v1",
            "+++ after/Deployment/shop/web-v1",
            lines[3],
        ],
    )
    assert lines[3].startswith("@@ -")
    assert lines[3].endswith(" @@ spec.template")
    assert [line for line in lines[4:] if line[0] in "+-"] == [
        "-      - image: example.com/web:1",
        "+      - image: example.com/web:2",
    ]


def test_nothing_differs_from_itself_whatever_the_order(tmp_path: Path) -> None:
    arguments = revisions(tmp_path, SERVICE, "".join(reversed(SERVICE.splitlines(keepends=True))))

    assert printed(*arguments) == "none of 8 objects differs\n"
    assert printed(*arguments, "--exit-code") == "none of 8 objects differs\n"


def test_what_comes_and_what_goes(tmp_path: Path) -> None:
    found = printed(*revisions(tmp_path, SERVICE, SERVICE.replace("name: web", "name: shop")))

    assert found.startswith("8 added, 8 removed, of 8 objects\n")
    assert "Deployment shop/shop-v1: added\n--- /dev/null\n+++ after/Deployment/shop/shop-v1\n" in found
    assert "Deployment shop/web-v1: removed\n--- before/Deployment/shop/web-v1\n+++ /dev/null\n" in found


def test_the_exit_code_tells_for_who_asks(tmp_path: Path) -> None:
    arguments = revisions(tmp_path, SERVICE, SERVICE.replace("web:1", "web:2"))

    printed(*arguments)
    printed(*arguments, "--exit-code", code=DIFFERS)


def test_every_environment_is_compared(tmp_path: Path) -> None:
    arguments = revisions(tmp_path, STAGED, STAGED.replace("replicas: 2", "replicas: 4"))
    found = printed(*arguments)

    assert found.startswith("prod: none of 9 objects differs\n\ntest: 1 changed, of 9 objects\n")
    assert "pods are replaced" not in found
    assert printed(*arguments, "--env", "prod") == "prod: none of 9 objects differs\n"


def test_an_application_that_was_not_there_is_all_new(tmp_path: Path) -> None:
    arguments = revisions(tmp_path, SERVICE, SERVICE)
    (tmp_path / "before" / "meshspec.yaml").unlink()

    assert printed(*arguments).startswith("8 added, of 8 objects\n")


def test_another_release_is_compared_by_what_it_wrote(tmp_path: Path) -> None:
    """The recipe of docs/upgrade.md: what one program writes is read by the other."""
    path = spec(tmp_path / "now", SERVICE)
    file = tmp_path / "before.ndjson"
    file.write_bytes(run("generate", path, "-n", "shop", "-o", "ndjson").stdout)
    assert printed(path, "-n", "shop", "--against", str(file)) == "none of 8 objects differs\n"

    objects = [json.loads(line) for line in file.read_text().splitlines()]
    (deployment,) = (one for one in objects if one["kind"] == "Deployment")
    deployment["spec"]["revisionHistoryLimit"] = 3
    objects.remove(next(one for one in objects if one["kind"] == "Sidecar"))
    file.write_text("".join(json.dumps(one) + "\n" for one in reversed(objects)))
    found = printed(path, "-n", "shop", "--against", str(file))
    assert found.startswith("1 changed, 1 added, of 8 objects\n")
    assert "Deployment shop/web-v1: changed in spec.revisionHistoryLimit\n" in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds something else than objects"),
        ("kind: Service\n", "holds something else than objects"),
        ("[]\n", "holds something else than objects"),
        ('{"kind": "Service"}\n', "holds something else than objects"),
        ('{"apiVersion": "v1", "kind": "Service", "metadata": {}}\n', "holds something else than objects"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_no_render_wrote(text: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "before.ndjson"
    if text is not None:
        file.write_text(text)
    found = fails(1, "diff", spec(tmp_path / "now", SERVICE), "-n", "shop", "--against", str(file))
    assert "error[MS295]" in found
    assert said in found


def test_a_file_holds_one_environment(tmp_path: Path) -> None:
    file = tmp_path / "before.ndjson"
    file.write_text("{}")
    assert "2 environments" in fails(1, "diff", spec(tmp_path / "now", STAGED), "--against", str(file))


def test_a_mistake_is_told_as_ever(tmp_path: Path) -> None:
    assert "meshspec.yaml:6:1: error[MS101]" in fails(
        1, "diff", *revisions(tmp_path, SERVICE, SERVICE + "replica: 2\n")
    )
    (tmp_path / "before" / "meshspec.yaml").write_text(SERVICE + "replica: 2\n")
    (tmp_path / "now" / "meshspec.yaml").write_text(SERVICE)
    assert "error[MS241]" in fails(1, "diff", str(tmp_path / "now"), "--against", str(tmp_path / "before"))


def test_to_compare_with_nothing_is_a_mistake_of_usage() -> None:
    assert "--against" in fails(2, "diff")


# -- for pull requests -------------------------------------------------------------------------------------------------


def test_names_and_values_are_text_in_markdown(tmp_path: Path) -> None:
    value = "'```` </details> | @team'"
    found = printed(*revisions(tmp_path, CONFIG % "a", CONFIG % value), "-o", "markdown")

    assert "\n`````diff\n" in found
    head, *blocks = found.split("<details>")
    assert head.count("\n| ") == 4
    assert "@" not in head
    assert all(block.count("\n`````\n") <= 1 for block in blocks)


def test_markdown_is_cut_where_whole_objects_end(tmp_path: Path) -> None:
    texts = ["\n".join(f"{word} {number}" for number in range(20_000)) for word in ("a", "b")]
    found = printed(*revisions(tmp_path, *(CONFIG % json.dumps(text) for text in texts)), "-o", "markdown")

    assert len(found.encode()) < MARKDOWN_LIMIT
    assert "more are too long to be shown here." in found
    assert found.count("<details>") == found.count("</details>")


# -- fields ------------------------------------------------------------------------------------------------------------

FIELDS = [
    ({"a": 1}, {"a": 2}, ["a"]),
    ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, ["a.c"]),
    ({"a": {"x/y": "1"}}, {"a": {"x/y": "2"}}, ['a["x/y"]']),
    ({"a": [{"name": "n", "v": 1}]}, {"a": [{"name": "n", "v": 2}]}, ["a[n].v"]),
    ({"a": [{"name": "n"}]}, {"a": [{"name": "n"}, {"name": "m"}]}, ["a[m]"]),
    ({"a": [{"name": "n"}, {"name": "m"}]}, {"a": [{"name": "m"}, {"name": "n"}]}, ["a"]),
    ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]"]),
    ({"a": [1]}, {"a": [1, 3]}, ["a"]),
    ({"a": {}}, {"a": []}, ["a"]),
]


@pytest.mark.parametrize(("before", "after", "paths"), FIELDS)
def test_the_fields_that_differ(before: object, after: object, paths: list[str]) -> None:
    assert list(fields(before, after)) == paths


def _object(kind: str, **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "y"}, **more}


def test_values_of_a_secret_are_not_shown() -> None:
    one, other = (_object("Secret", data={"a": "c2FtZQ==", "b": text}) for text in ("Y2FuYXJ5MQ==", "Y2FuYXJ5Mg=="))
    (found,) = differences([one], [other])

    assert found.fields == ("data.b",)
    assert not {"c2FtZQ==", "Y2FuYXJ5MQ==", "Y2FuYXJ5Mg=="} & set(" ".join(found.lines).split())
    (gone,) = differences([one], [])
    assert "Y2FuYXJ5MQ==" not in " ".join(gone.lines)


def test_true_is_not_one() -> None:
    assert differences([_object("A", spec={"a": 1})], [_object("A", spec={"a": True})])


def test_without_what_is_added_or_removed_one_side_is_left(tmp_path: Path) -> None:
    """Each object's lines are what ``diff -u`` writes: runs of lines of the one side and of the other."""
    arguments = revisions(tmp_path, SERVICE, SERVICE.replace("8080", "8081").replace("web:1", "web:2"))
    sides = [run("generate", path, "-n", "shop").stdout.decode() for path in (arguments[-1], arguments[0])]
    hunks = re.split(r"(?m)^(?:@@ .*|[^-+ ].*|--- .*|\+\+\+ .*|)\n", printed(*arguments))[1:]

    assert len([hunk for hunk in hunks if hunk]) == 2
    for hunk in hunks:
        for side, left_out in zip(sides, "+-", strict=True):
            assert "".join(line[1:] for line in hunk.splitlines(True) if line[0] != left_out) in side


def test_two_releases_beside_each_other(tmp_path: Path) -> None:
    """As docs/upgrade.md tells: each program in a place of its own, here one whose output was changed."""
    shutil.copytree(ROOT / "cmp", tmp_path / "other" / "cmp", ignore=shutil.ignore_patterns("__pycache__"))
    for file in (tmp_path / "other" / "cmp").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace('"app.kubernetes.io/managed-by": "meshspec"', '"app.kubernetes.io/managed-by": "old"')
        )
    path = spec(tmp_path / "now", SERVICE)
    older = run("generate", path, "-n", "shop", "-o", "ndjson", cwd=tmp_path / "other")
    assert (older.returncode, older.stderr) == (0, b"")
    (tmp_path / "before.ndjson").write_bytes(older.stdout)

    found = printed(path, "-n", "shop", "--against", str(tmp_path / "before.ndjson"))
    assert found.startswith("8 changed, of 8 objects\n")
    assert found.count('in metadata.labels["app.kubernetes.io/managed-by"]\n') == 8
