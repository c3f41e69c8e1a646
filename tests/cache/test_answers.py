"""A known answer is the one that a render would give, and is given only while all that it depends on is the same."""

import ast
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from cmp.cache import front, question
from tests.cache.asking import HEAD, WEB, Asker, values
from tests.test_cases import CASES, FOLDERS, asked

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


def environ_of(folder: str) -> tuple[Path, dict[str, object], dict[str, str]]:
    path, environment = asked(CASES / folder)
    flags = values(
        Path(path),
        env=environment.name,
        namespace=environment.namespace,
        settings=[f"{name}={text}" for name, text in environment.parameters.items()],
    )
    variables = {"ARGOCD_APP_NAME": "a", "ARGOCD_APP_SOURCE_PATH": environment.source_path}
    return Path(path), flags, variables | ({"MESHSPEC_PLATFORM": environment.mounted} if environment.mounted else {})


@pytest.mark.parametrize("folder", FOLDERS)
def test_cases_are_answered_alike(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendered, rendered and kept, and known: the same code, bytes and messages. What is wrong is never kept."""
    _, flags, variables = environ_of(folder)
    without = front.answer(flags, {**variables, "MESHSPEC_CACHE": "off"})
    first = front.answer(flags, {**variables, "MESHSPEC_CACHE": str(tmp_path)})
    render = front._render
    if without[0] == 0:
        monkeypatch.setattr(front, "_render", None)  # nobody may ask it
    second = front.answer(flags, {**variables, "MESHSPEC_CACHE": str(tmp_path)})
    monkeypatch.setattr(front, "_render", render)
    assert without == first == second
    assert (without[0] == 0) == bool(without[1])


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_known_the_second_time(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(tmp_path)
    flags = {} if asker.ask(ROOT / "examples" / name)[0] == 0 else {"env": "one-version"}
    if asker.ask(ROOT / "examples" / name, **flags)[0] == 0:
        assert asker.known(monkeypatch, ROOT / "examples" / name, **flags)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A service with everything that a render can read."""
    root = tmp_path / "repository"
    app = root / "apps" / "web"
    (app / "more").mkdir(parents=True)
    (root / ".git").mkdir()
    (app / "meshspec.yaml").write_text(
        WEB + "config: {/etc/web/web.conf: {file: ../../shared.conf}}\nmanifests: [{file: 'more/*.yaml'}]\n"
    )
    (root / "shared.conf").write_text("a=1\n")
    (root / "meshplatform.yaml").write_text(
        "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: p}\n"
    )
    (app / "more" / "a.yaml").write_text(config_map("a"))
    return app


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: value}}\n"


def test_a_service_with_files_is_known(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(tmp_path / "cache")
    code, _, err = asker.ask(repository)
    assert code == 0, err
    assert asker.known(monkeypatch, repository)


def test_it_is_known_in_another_directory(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argo CD unpacks every commit into a new one."""
    asker = Asker(tmp_path / "cache")
    asker.ask(repository)
    shutil.copytree(tmp_path / "repository", tmp_path / "copy")
    assert asker.known(monkeypatch, tmp_path / "copy" / "apps" / "web")


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


CHANGES: dict[str, Callable[[Path], object]] = {
    "the spec": lambda app: append(app / "meshspec.yaml", "replicas: 2\n"),
    "a comment in the spec": lambda app: append(app / "meshspec.yaml", "# 2\n"),
    "the platform": lambda app: append(app / "../../meshplatform.yaml", "gateways: {}\n"),
    "the platform is gone": lambda app: (app / "../../meshplatform.yaml").unlink(),
    "a nearer platform": lambda app: shutil.copy(app / "../../meshplatform.yaml", app / "../meshplatform.yaml"),
    "a file of config": lambda app: (app / "../../shared.conf").write_text("a=2\n"),
    "a file of config is gone": lambda app: (app / "../../shared.conf").unlink(),
    "an object's file": lambda app: (app / "more/a.yaml").write_text(config_map("other")),
    "one more object": lambda app: (app / "more/b.yaml").write_text(config_map("b")),
    "an object's file is gone": lambda app: (app / "more/a.yaml").rename(app / "a.txt"),
    "one more spec": lambda app: (app / "b.meshspec.yaml").write_text(WEB.replace("web", "b")),
    "the spec's name": lambda app: (app / "meshspec.yaml").rename(app / "x.meshspec.yaml"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_after_a_change_it_is_rendered(
    what: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(tmp_path / "cache")
    asker.ask(repository)
    CHANGES[what](repository)
    assert not asker.known(monkeypatch, repository)
    assert asker.ask(repository) == Asker(None).ask(repository)


LINKS = ("meshspec.yaml", "../../meshplatform.yaml", "../../shared.conf", "more/a.yaml")


@pytest.mark.parametrize("name", LINKS)
def test_a_link_out_of_the_repository_is_refused_though_the_text_is_known(
    name: str, repository: Path, tmp_path: Path
) -> None:
    asker = Asker(tmp_path / "cache")
    asker.ask(repository)
    file = (repository / name).resolve()
    file.rename(tmp_path / "outside")
    file.symlink_to(tmp_path / "outside")
    code, out, err = asker.ask(repository)
    assert (code, out) == (1, b"")
    assert "outside the repository" in err or "no file fits" in err


VARIABLES = {
    "ARGOCD_APP_NAME": "a",
    "ARGOCD_APP_NAMESPACE": "elsewhere",
    "ARGOCD_APP_PARAMETERS": '[{"name": "namespace", "string": "other"}]',
    "ARGOCD_APP_SOURCE_PATH": "apps/web",
    "MESHSPEC_PLATFORM": "",
    "MESHSPEC_ANYTHING": "1",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_another_variable_is_another_question(
    name: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {"ARGOCD_APP_NAME": "b"} if name == "ARGOCD_APP_SOURCE_PATH" else {}
    Asker(tmp_path / "cache", usual).ask(repository)
    assert not Asker(tmp_path / "cache", {**usual, name: VARIABLES[name]}).known(monkeypatch, repository)


def test_variables_that_no_render_reads_change_nothing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argo CD gives each commit others."""
    Asker(tmp_path / "cache", {"ARGOCD_APP_REVISION": "1", "HOSTNAME": "a"}).ask(repository)
    asker = Asker(tmp_path / "cache", {"ARGOCD_APP_REVISION": "2", "HOSTNAME": "b", "ARGOCD_ENV_X": "1"})
    assert asker.known(monkeypatch, repository)


def test_the_key_has_the_variables_that_a_render_reads() -> None:
    """Read from the source of the only module that reads them."""
    tree = ast.parse((ROOT / "cmp" / "environment.py").read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {
        text for text in texts if text.startswith(("ARGOCD_", "KUBE_", "HOME")) and text.isupper() and " " not in text
    }
    assert names == set(question.VARIABLES)


@pytest.mark.parametrize("flags", [{"output": "ndjson"}, {"namespace": "other"}])
def test_another_flag_is_another_question(
    flags: dict[str, str], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(tmp_path / "cache")
    asker.ask(repository)
    assert not asker.known(monkeypatch, repository, **flags)


def test_the_operators_platform_belongs_to_the_question(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "mounted.yaml"
    mounted.write_text("apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: m}\n")
    asker = Asker(tmp_path / "cache", {"MESHSPEC_PLATFORM": str(mounted)})
    assert asker.ask(repository)[0] == 0
    assert asker.known(monkeypatch, repository)
    mounted.write_text(mounted.read_text() + "policy: {images: {registries: [registry.example.com]}}\n")
    assert not asker.known(monkeypatch, repository)


def test_a_file_that_changes_during_the_render_is_not_kept(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(tmp_path / "cache")
    render = front._render

    def meanwhile(*given: object) -> tuple[int, bytes, str]:
        (repository / "meshspec.yaml").write_text(WEB + "replicas: 3\n")
        return render(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(front, "_render", meanwhile)
    asker.ask(repository)
    monkeypatch.undo()
    (repository / "meshspec.yaml").write_text(WEB)
    assert asker.ask(repository) == Asker(None).ask(repository)


def test_another_version_is_another_program(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(tmp_path / "cache")
    asker.ask(repository)
    monkeypatch.setattr(question, "__version__", "0.0.0")
    assert not asker.known(monkeypatch, repository)


def test_an_edited_source_is_another_program(tmp_path: Path) -> None:
    """In a work tree the version stays, while the program does not."""
    shutil.copytree(ROOT / "cmp", tmp_path / "cmp", ignore=shutil.ignore_patterns("__pycache__"))
    program = [sys.executable, "-IS", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + PROGRAM]
    first = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    append(tmp_path / "cmp" / "emit.py", "# edited\n")
    assert first != subprocess.run(program, capture_output=True, text=True, check=True).stdout


PROGRAM = "from cmp.cache.question import program; print(program())"


def test_an_error_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "meshspec.yaml").write_text(HEAD + "metadata: {name: web}\n")
    assert Asker(tmp_path / "cache").ask(tmp_path)[0] == 1
    assert not (tmp_path / "cache").exists()


def test_a_warning_is_said_again(tmp_path: Path) -> None:
    folder = next(folder for folder in FOLDERS if (CASES / folder / "expected.warnings").exists())
    _, flags, variables = environ_of(folder)
    variables["MESHSPEC_CACHE"] = str(tmp_path)
    first, second = front.answer(flags, variables), front.answer(flags, variables)
    assert first == second
    assert "warning[" in second[2]


def test_a_known_answer_needs_no_more_than_these_modules(repository: Path, tmp_path: Path) -> None:
    """Of them os is frozen in the interpreter; all the others are ours."""
    probe = (
        "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); before = set(sys.modules); from cmp.entry import main\n"
        "code = main(); sys.stdout.flush(); print(code, *sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    places = f"{ROOT}:{sysconfig.get_path('purelib')}"
    program = [sys.executable, "-ISc", probe, places, "generate", str(repository), "-n", "shop"]
    variables = {"MESHSPEC_CACHE": str(tmp_path / "cache")}
    subprocess.run(program, env=variables, capture_output=True, check=True)
    done = subprocess.run(program, env=variables, capture_output=True, text=True, check=True)
    code, *names = done.stderr.split()
    assert code == "0"
    assert done.stdout
    ours = {name for name in names if name.partition(".")[0] == "cmp"}
    assert ours == {
        "cmp", "cmp.entry", "cmp.output", "cmp.options", "cmp.places",
        "cmp.cache", "cmp.cache.front", "cmp.cache.disk", "cmp.cache.question",
    }  # fmt: skip
    assert set(names) - ours <= {
        "_collections_abc",
        "_stat",
        "genericpath",
        "os",
        "os.path",
        "posixpath",
        "stat",
        "_blake2",
        "gc",
    }


def test_a_known_answer_opens_each_file_once(repository: Path, tmp_path: Path) -> None:
    """Besides our modules: what the answer depends on, and the answer."""
    probe = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(args[0]) if event in ('open', 'os.scandir') else None)\n"
        "from cmp.entry import main\n"
        "code = main(); sys.stdout.flush(); print(code, *map(str, opened), sep='\\n', file=sys.stderr)"
    )
    program = [sys.executable, "-c", probe, str(ROOT), "generate", str(repository), "-n", "shop"]
    variables = {"MESHSPEC_CACHE": str(tmp_path / "cache")}
    subprocess.run(program, env=variables, capture_output=True, check=True)
    done = subprocess.run(program, env=variables, capture_output=True, text=True, check=True)
    code, *opened = done.stderr.splitlines()
    assert code == "0"
    places = [path for path in opened if path.startswith(str(tmp_path))]
    root = tmp_path / "repository"
    files = [
        "apps/web",
        "apps/web/meshspec.yaml",
        "apps/web/more",
        "apps/web/more/a.yaml",
        "meshplatform.yaml",
        "shared.conf",
    ]
    kept = [path for path in places if path.startswith(f"{tmp_path}/cache")]
    rest = sorted(str(Path(path).resolve().relative_to(root)) for path in places if path not in kept)
    assert len(kept) == 1
    assert rest == sorted([*files, "apps/web/more"])  # once for the specs, once for the pattern
