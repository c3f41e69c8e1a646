"""Finding and reading files: what belongs to a render, where the repository ends, and what cannot be read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmp.diagnostics import Diagnostic, Pos
from cmp.files import layout, read_text, relative
from cmp.limits import DEFAULT, Used
from cmp.places import platform_above
from tests.support.trees import problems


def write(root: Path, *paths: str, text: str = "a: 1\n") -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def found(path: Path) -> list[str]:
    specs = layout(str(path)).specs
    return [os.path.relpath(spec, path) for spec in specs]


def refused(path: Path, source_path: str = "") -> Diagnostic:
    (diagnostic,) = problems(lambda: layout(str(path), source_path))
    return diagnostic


def unread(file: Path, root: Path) -> Diagnostic:
    (diagnostic,) = problems(lambda: read_text(str(file), str(root), Used()))
    return diagnostic


# -- what belongs to a render ------------------------------------------------------------------------------------------


def test_specs_are_found_recursively_and_sorted(tmp_path: Path) -> None:
    write(tmp_path, "z.meshspec.yaml", "meshspec.yaml", "b/meshspec.yaml", "b/c/d/x.y.meshspec.yaml", "a/meshspec.yaml")
    assert found(tmp_path) == [
        "a/meshspec.yaml",
        "b/c/d/x.y.meshspec.yaml",
        "b/meshspec.yaml",
        "meshspec.yaml",
        "z.meshspec.yaml",
    ]


def test_other_files_are_ignored(tmp_path: Path) -> None:
    write(
        tmp_path,
        "meshspec.yaml",
        "deployment.yaml",
        "meshspec.yml",
        "meshspec.json",
        "xmeshspec.yaml",
        "meshspec.yaml.bak",
    )
    write(tmp_path, "Meshspec.yaml", "a/values.yaml")
    assert found(tmp_path) == ["meshspec.yaml"]


def test_dotfiles_and_dot_directories_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, "meshspec.yaml", ".meshspec.yaml", ".x.meshspec.yaml", ".git/meshspec.yaml", "a/.b/c/meshspec.yaml")
    assert found(tmp_path) == ["meshspec.yaml"]


def test_a_dot_directory_may_be_the_application(tmp_path: Path) -> None:
    write(tmp_path, ".apps/meshspec.yaml")
    assert found(tmp_path / ".apps") == ["meshspec.yaml"]


def test_platform_files_are_found_beside_specs(tmp_path: Path) -> None:
    write(tmp_path, "meshplatform.yaml", "meshspec.yaml", "a/meshplatform.yaml", "x.meshplatform.yaml")
    here = layout(str(tmp_path))
    assert here.platforms == (str(tmp_path / "a/meshplatform.yaml"), str(tmp_path / "meshplatform.yaml"))
    assert here.specs == (str(tmp_path / "meshspec.yaml"),)


def test_a_platform_file_alone_is_enough(tmp_path: Path) -> None:
    write(tmp_path, "meshplatform.yaml")
    assert layout(str(tmp_path)).specs == ()


def test_directories_behind_symlinks_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "app/meshspec.yaml", "other/meshspec.yaml")
    (tmp_path / "app/link").symlink_to(tmp_path / "other")
    (tmp_path / "app/loop").symlink_to(tmp_path / "app")
    assert found(tmp_path / "app") == ["meshspec.yaml"]


def test_files_behind_symlinks_are_found(tmp_path: Path) -> None:
    write(tmp_path, "other/spec.yaml", text="b: 2\n")
    (tmp_path / "meshspec.yaml").symlink_to("other/spec.yaml")
    assert found(tmp_path) == ["meshspec.yaml"]
    assert read_text(str(tmp_path / "meshspec.yaml"), str(tmp_path), Used()) == "b: 2\n"


def test_a_directory_with_the_name_of_a_spec_is_a_directory(tmp_path: Path) -> None:
    write(tmp_path, "meshspec.yaml/meshspec.yaml")
    assert found(tmp_path) == ["meshspec.yaml/meshspec.yaml"]


def test_the_path_may_be_one_file_of_any_name(tmp_path: Path) -> None:
    write(tmp_path, "meshspec.yaml", "other.yaml", "meshplatform.yaml")
    here = layout(str(tmp_path / "other.yaml"))
    assert (here.specs, here.platforms) == ((str(tmp_path / "other.yaml"),), ())
    assert here.path == str(tmp_path)


def test_the_path_may_be_relative_or_a_symlink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "app/meshspec.yaml")
    (tmp_path / "link").symlink_to("app")
    monkeypatch.chdir(tmp_path)
    assert layout("app") == layout("./link/") == layout(str(tmp_path / "app"))


@pytest.mark.parametrize("files", [[], ["deployment.yaml", ".meshspec.yaml"]])
def test_a_directory_without_specs(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop").mkdir()
    write(tmp_path / "shop", *files)
    diagnostic = refused(tmp_path / "shop")
    assert diagnostic.code == "MS001"
    assert diagnostic.message == 'no meshspec.yaml in "shop" or below it'
    assert "shop/meshspec.yaml" in diagnostic.help


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path / "nothing")
    assert diagnostic.code == "MS002"
    assert diagnostic.message == f'path "{tmp_path}/nothing" does not exist'


def test_a_directory_that_cannot_be_listed_is_not_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Made up, because the superuser may list all: silence would take the services in there out of the cluster.
    write(tmp_path, "meshspec.yaml", "locked/meshspec.yaml")
    scandir = os.scandir

    def locked(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    diagnostic = refused(tmp_path)
    assert (diagnostic.code, diagnostic.pos) == ("MS002", Pos("locked", 0, 0))
    assert diagnostic.message == "cannot be read: Permission denied"


# -- where the repository ends -----------------------------------------------------------------------------------------


def root(path: Path, source_path: str = "") -> str:
    return layout(str(path), source_path).root


def test_the_root_is_the_nearest_directory_with_git(tmp_path: Path) -> None:
    write(tmp_path, "repo/.git/config", "repo/apps/shop/meshspec.yaml")
    assert root(tmp_path / "repo/apps/shop") == str(tmp_path / "repo")
    assert root(tmp_path / "repo") == str(tmp_path / "repo")


def test_git_may_be_a_file_as_in_a_worktree(tmp_path: Path) -> None:
    write(tmp_path, "repo/.git", "repo/shop/meshspec.yaml")
    assert root(tmp_path / "repo/shop") == str(tmp_path / "repo")


def test_without_git_the_root_is_the_path(tmp_path: Path) -> None:
    write(tmp_path, "apps/shop/meshspec.yaml")
    assert root(tmp_path / "apps/shop") == str(tmp_path / "apps/shop")
    assert root(tmp_path / "apps/shop/meshspec.yaml") == str(tmp_path / "apps/shop")


@pytest.mark.parametrize(
    ("at", "source_path", "expected"),
    [
        ("tmp/apps/shop", "apps/shop", "tmp"),
        ("tmp/apps/shop", "./apps/shop/", "tmp"),
        ("tmp/shop", "apps/shop", "tmp"),  # Argo CD sent only a part
        ("tmp", "apps/shop", "tmp"),  # and here even less
        ("tmp/shop/shop", "shop", "tmp/shop"),
        ("tmp/apps", ".", "tmp/apps"),
        ("tmp/apps", "./", "tmp/apps"),
    ],
)
def test_the_root_is_the_path_less_what_it_shares_with_the_source_path(
    tmp_path: Path, at: str, source_path: str, expected: str
) -> None:
    write(tmp_path, f"{at}/meshspec.yaml", ".git/config")  # whatever stands above must not matter to a plugin
    assert root(tmp_path / at, source_path) == str(tmp_path / expected)


def test_the_nearest_platform_file_up_to_the_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        "meshplatform.yaml",
        "repo/apps/meshplatform.yaml",
        "repo/apps/shop/meshspec.yaml",
        "repo/x/meshspec.yaml",
    )
    repo = str(tmp_path / "repo")
    assert platform_above(f"{repo}/apps/shop", repo) == f"{repo}/apps/meshplatform.yaml"
    assert platform_above(f"{repo}/apps", repo) == f"{repo}/apps/meshplatform.yaml"
    assert platform_above(f"{repo}/x", repo) is None  # the one above the root belongs to somebody else


def test_a_platform_file_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "meshplatform.yaml", "apps/meshspec.yaml")
    (tmp_path / "apps/meshplatform.yaml").symlink_to("gone.yaml")
    file = platform_above(str(tmp_path / "apps"), str(tmp_path))
    assert file == str(tmp_path / "apps/meshplatform.yaml")
    assert unread(Path(file), tmp_path).code == "MS002"


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    (tmp_path / "meshspec.yaml").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\n")
    assert read_text(str(tmp_path / "meshspec.yaml"), str(tmp_path), Used()) == "a: é\r\n"


@pytest.mark.parametrize("size", [0, DEFAULT.file_bytes])
def test_files_up_to_the_bound_are_read(tmp_path: Path, size: int) -> None:
    write(tmp_path, "meshspec.yaml", text="x" * size)
    assert len(read_text(str(tmp_path / "meshspec.yaml"), str(tmp_path), Used())) == size


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    write(tmp_path, "meshspec.yaml", text="x" * (DEFAULT.file_bytes + 1))
    assert unread(tmp_path / "meshspec.yaml", tmp_path).code == "MS005"


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"\xff", 1, 1),
        (b"a: 1\nb: \xe9\n", 2, 4),
        ("a: é😀".encode() + b"\xff", 1, 6),
        (b"\xef\xbb\xbfa: \xff", 1, 4),
        (b"a: 1\r\n\xc3\xa9: \xc3", 2, 4),
        (b"\xed\xa0\x80", 1, 1),
        ("a: 1\n".encode("utf-16"), 1, 1),
    ],
)
def test_text_that_is_not_utf_8_has_a_place(tmp_path: Path, data: bytes, line: int, column: int) -> None:
    (tmp_path / "meshspec.yaml").write_bytes(data)
    diagnostic = unread(tmp_path / "meshspec.yaml", tmp_path)
    assert (diagnostic.code, diagnostic.pos) == ("MS003", Pos("meshspec.yaml", line, column))


@pytest.mark.parametrize(
    "target", ["../outside.yaml", "../repository/meshspec.yaml", "/etc/hostname", "/dev/zero", ".."]
)
def test_a_symlink_out_of_the_root_is_not_read(tmp_path: Path, target: str) -> None:
    # "repository" begins like the root "repo": only whole names count
    write(tmp_path, "outside.yaml", "repository/meshspec.yaml", "repo/a/b.yaml")
    (tmp_path / "repo/meshspec.yaml").symlink_to(target)
    diagnostic = unread(tmp_path / "repo/meshspec.yaml", tmp_path / "repo")
    assert (diagnostic.code, diagnostic.pos) == ("MS006", Pos("meshspec.yaml", 0, 0))


def test_a_path_that_climbs_out_of_the_root_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "outside.yaml", "repo/meshspec.yaml")
    assert unread(tmp_path / "repo/../outside.yaml", tmp_path / "repo").code == "MS006"


def test_a_symlinked_directory_out_of_the_root_is_no_way_out(tmp_path: Path) -> None:
    write(tmp_path, "outside/meshspec.yaml", "repo/meshspec.yaml")
    (tmp_path / "repo/link").symlink_to(tmp_path / "outside")
    assert unread(tmp_path / "repo/link/meshspec.yaml", tmp_path / "repo").code == "MS006"


def test_a_root_of_slash_holds_everything(tmp_path: Path) -> None:
    write(tmp_path, "meshspec.yaml")
    assert read_text(str(tmp_path / "meshspec.yaml"), "/", Used()) == "a: 1\n"


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meshspec.yaml")
    assert found(tmp_path) == ["meshspec.yaml"]
    diagnostic = unread(tmp_path / "meshspec.yaml", tmp_path)
    assert (diagnostic.code, diagnostic.message) == ("MS002", "is not a regular file")


def test_what_else_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "broken").symlink_to("gone")
    messages = [unread(tmp_path / name, tmp_path).message for name in ("directory", "loop", "broken", "gone")]
    assert messages == [
        "is not a regular file",
        "cannot be read: Too many levels of symbolic links",
        "cannot be read: No such file or directory",
        "cannot be read: No such file or directory",
    ]


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "meshspec.yaml")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    diagnostic = unread(tmp_path / "meshspec.yaml", tmp_path)
    assert (diagnostic.code, diagnostic.message) == ("MS002", "cannot be read: Permission denied")


# -- names -------------------------------------------------------------------------------------------------------------


def test_paths_are_shown_relative_to_the_root(tmp_path: Path) -> None:
    assert relative(str(tmp_path / "apps/größe/meshspec.yaml"), str(tmp_path)) == "apps/größe/meshspec.yaml"


EVIL = "a\nerror[MS001]: \x1b[31m\u2028\udcff"  # the last is how Python names the byte ff, which is not UTF-8
SHOWN = "a?error[MS001]: ?[31m??"


def test_no_name_can_write_lines_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, ".git/config")
    (tmp_path / EVIL).mkdir()
    assert refused(tmp_path / EVIL).message == f'no meshspec.yaml in "{SHOWN}" or below it'
    assert refused(tmp_path / EVIL / "gone").message == f'path "{tmp_path}/{SHOWN}/gone" does not exist'
    os.mkfifo(tmp_path / EVIL / "meshspec.yaml")
    assert unread(tmp_path / EVIL / "meshspec.yaml", tmp_path).pos == Pos(f"{SHOWN}/meshspec.yaml", 0, 0)
