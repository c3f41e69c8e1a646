"""The sidecar and the repositories of the contract's tests."""

import os
import shutil
import sys
from functools import cache
from pathlib import Path

from tests.support.cmp_server import Answer, CmpServer, Request, faults, manifests, read_plugin

ROOT = Path(__file__).parents[2]
EXAMPLES = ("bookinfo", "online-boutique")
PLUGIN = read_plugin(ROOT / "plugin.yaml")
#: The image's path of the program, replaced by the one that is tested.
COMMAND = (str(Path(sys.executable).with_name("cmp")), *PLUGIN.command[1:])

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\n"
WEB = HEAD + "metadata: {name: web}\nimage: example.com/web:1\nport: 8080\n"
STAGED = WEB + "parameters: [image.tag, env.MODE]\nenvironments: {prod: {replicas: 3}, test: {replicas: 2}}\n"
BROKEN = WEB + "replica: 2\n"
PLATFORM = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: demo}
gateways: {shop: {hosts: "*.example.com", namespace: istio-system, selector: {istio: ingressgateway},
                  serviceAccount: istio-ingressgateway-service-account}}
"""

#: Files of other tools, and of other applications: none of them is ours to read.
JUNK = {
    "README.md": "# Shop\n",
    ".github/workflows/ci.yaml": "on: push\n",
    "apps/other/Chart.yaml": "name: other\n",
    "apps/other/templates/all.yaml": "{{- range .Values.all }}\n{{ . }}\n{{- end }}\n",
    "apps/broken/meshspec.yaml": BROKEN,
    "apps/shop/kustomization.yaml": "resources: [web]\n",
}
#: The same inside an application.
JUNK_INSIDE = {
    ".argocd-source.yaml": "plugin: {env: [{name: X, value: y}]}\n",
    ".old/meshspec.yaml": "not: [yaml",
    "kustomization.yaml": "resources: []\n",
    "values.yaml": "{{ not yaml }}\n",
    "notes.txt": "grüße\n",
}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def repository(directory: Path, git: bool = True) -> Path:
    """The examples and specs of our own below apps/shop, as a repository with much else in it."""
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, directory / "apps" / "shop" / name)
        write(directory / "apps" / "shop" / name, JUNK_INSIDE)
    write(directory, JUNK)
    for name, text in {"web": WEB, "staged": STAGED, "broken": BROKEN}.items():
        write(directory / "apps" / "shop" / name, {"meshspec.yaml": text})
    (directory / "apps" / "other" / "run.sh").write_text("exit 1\n")
    (directory / "apps" / "other" / "run.sh").chmod(0o755)
    (directory / "apps" / "other" / "gone").symlink_to("nowhere")
    os.mkfifo(directory / "apps" / "shop" / "fifo")
    if git:
        write(directory, {".git/HEAD": "ref: refs/heads/main\n", ".git/config": "[core]\n"})
    return directory


def fine(server: CmpServer, request: Request) -> bytes:
    """The output of a call that works, which Argo CD takes, and after which nothing is left."""
    answer = server.generate(request)
    assert (answer.code, answer.said) == (0, "")
    clean(server, answer)
    assert not _faults(answer.stdout)
    return answer.stdout


@cache
def _faults(output: bytes) -> list[str]:
    return faults(manifests(output))


class Usual:
    """The same calls in a usual sidecar elsewhere. Each is made once, for the many tests that compare with it."""

    def __init__(self, work_dir: Path) -> None:
        self._server = CmpServer(COMMAND, work_dir)
        self._outputs: dict[str, bytes] = {}
        self._errors: dict[str, str] = {}

    def output(self, request: Request) -> bytes:
        if (key := repr(request)) not in self._outputs:
            self._outputs[key] = fine(self._server, request)
        return self._outputs[key]

    def error(self, request: Request, code: str) -> str:
        if (key := repr(request)) not in self._errors:
            self._errors[key] = refused(self._server, request, code)
        return self._errors[key]


def refused(server: CmpServer, request: Request, code: str) -> str:
    """What a call says that fails for its input: short, the same everywhere, and nothing of the machine."""
    answer = server.generate(request)
    assert (answer.code, answer.stdout) == (1, b""), answer.said
    clean(server, answer)
    first, *rest = answer.said.splitlines()
    assert f"error[{code}]: " in first
    assert first == first.strip()
    assert len(first.partition("]: ")[2]) > 10
    assert not [line for line in rest if line.strip() == ""]
    assert len(answer.stderr) < 2000
    found = [word for word in ("Traceback", *_places(server, answer)) if word in answer.said]
    assert not found, answer.said
    return answer.said


def _places(server: CmpServer, answer: Answer) -> list[str]:
    parts = answer.directory.relative_to(server.work_dir).parts
    return [str(server.work_dir), "_cmp_server", parts[1], str(answer.directory), str(ROOT), sys.prefix]


def clean(server: CmpServer, answer: Answer) -> None:
    assert not answer.changed
    assert not answer.alive
    assert not answer.directory.exists()
    assert not list(server.work_dir.parent.glob("tmp/*"))
