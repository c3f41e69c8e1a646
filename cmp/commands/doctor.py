"""``cmp doctor``: looks at the sidecar that it runs in, and says what is wrong with it, and what to do.

What must be there: https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/ . Each check has
a line of its own, and none depends on another, so that one mistake does not hide the next.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from cmp import __version__
from cmp.commands.probe import refused, socket_path
from cmp.diagnostics import did_you_mean
from cmp.limits import VARIABLES
from cmp.options import GENERATE_FLAGS, parse
from cmp.output import write

SERVER = "/var/run/argocd/argocd-cmp-server"
PLUGIN = "/home/argocd/cmp-server/config/plugin.yaml"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
#: The user of argocd-repo-server, whose sockets are shared.
USER = 999
#: What the shipped plugin.yaml runs, and the keys that it has.
COMMAND = ["/opt/meshspec/bin/cmp", "generate", "--output", "ndjson"]
KEYS = ("generate", "parameters")
#: Variables of ours.
KNOWN = ("MESHSPEC_CACHE", "MESHSPEC_ENGINE", "MESHSPEC_LOG", "MESHSPEC_PLATFORM", "MESHSPEC_TRACEBACK", *VARIABLES)
#: The deadline of a render, of which both callers have one.
TIMEOUT = "repo.server.timeout.seconds"
EXAMPLE = """\
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: doctor}
image: registry.example.com/doctor:1.0.0
port: 8080
"""


class Result(NamedTuple):
    """What a check found. A note is worth knowing, and nothing that fails."""

    text: str
    state: Literal["ok", "note", "failed"] = "ok"


class Sidecar(NamedTuple):
    """A container: its variables, its user, and a directory that stands for its root."""

    variables: Mapping[str, str]
    user: int
    root: str = ""

    def path(self, path: str) -> str:
        """Where a path of the container is."""
        return f"{self.root}{path}"

    @property
    def work(self) -> str:
        """Where repositories are unpacked: util/cmp of Argo CD."""
        return self.variables.get("ARGOCD_CMP_WORKDIR") or self.variables.get("TMPDIR") or "/tmp"


def doctor(sidecar: Sidecar | None = None) -> int:
    """Run all checks and print a line for each: 0 nothing failed, 1 something did."""
    sidecar = sidecar or Sidecar(os.environ, os.getuid())
    results = {name: _tried(check, sidecar) for name, check in CHECKS.items()}
    write("".join(f"{one.state:6}  {name}: {one.text}\n" for name, one in results.items()))
    return 1 if any(one.state == "failed" for one in results.values()) else 0


def _tried(check: Callable[[Sidecar], Result], sidecar: Sidecar) -> Result:
    try:
        return check(sidecar)
    except OSError as error:
        return _failed(error.strerror or type(error).__name__, "look at the work directory, and at what is mounted")
    except Exception as error:  # whatever is broken here is what was looked for
        return _failed(f"{type(error).__name__}: {error}", "install the image anew")


def _failed(problem: str, cure: str) -> Result:
    return Result(f"{' '.join(problem.split())}; {cure}", "failed")


def _user(sidecar: Sidecar) -> Result:
    if sidecar.user == 0:
        return _failed("root", f"set securityContext.runAsUser: {USER}")
    if sidecar.user != USER:
        return Result(f"{sidecar.user}, which has to be the user of argocd-repo-server as well", "note")
    return Result(str(USER))


def _server(sidecar: Sidecar) -> Result:
    if not os.access(sidecar.path(SERVER), os.X_OK):
        return _failed(f"{SERVER} cannot be run", f"mount the volume var-files at {os.path.dirname(SERVER)}")
    return Result(SERVER)


def _sockets(sidecar: Sidecar) -> Result:
    shown = os.path.dirname(socket_path("", sidecar.variables))
    path = sidecar.path(shown)
    cure = f"mount the volume plugins at {shown}"
    if not os.path.isdir(path):
        return _failed(f"{shown} is not there", cure)
    if not os.access(path, os.W_OK | os.X_OK):
        return _failed(f"{shown} is not writable for user {sidecar.user}", cure)
    return Result(shown)


def _plugin(sidecar: Sidecar) -> Result:
    try:
        document = _read_plugin(sidecar)
    except OSError as error:
        return _failed(
            f"{PLUGIN}: {error.strerror}", f"it is in the image: mount nothing over {os.path.dirname(PLUGIN)}"
        )
    spec = document.get("spec", {})
    generate = spec.get("generate", {})
    command = [*generate.get("command", []), *generate.get("args", [])]
    announced = [one.get("name") for one in spec.get("parameters", {}).get("static", [])]
    from cmp.environment import PARAMETERS

    if document.get("kind") != "ConfigManagementPlugin" or not document.get("metadata", {}).get("name"):
        return _failed(f"{PLUGIN} is not a named ConfigManagementPlugin", "use the one of the image")
    if command != COMMAND:
        works = command[1:2] == ["generate"] and parse(command[2:], GENERATE_FLAGS) is not None
        found = f"generate runs {' '.join(command)!r}{'' if works else ', which does not work'}"
        return _failed(found, f"the image's plugin.yaml runs {' '.join(COMMAND)!r}")
    if not os.access(sidecar.path(COMMAND[0]), os.X_OK):
        return _failed(f"{COMMAND[0]} cannot be run", "use the image that the Dockerfile builds")
    if announced != list(PARAMETERS):
        return _failed(f"announces {', '.join(map(str, announced)) or 'nothing'}", f"announce {', '.join(PARAMETERS)}")
    if more := sorted(spec.keys() - {*KEYS, "version"}):
        return _failed(
            f"spec.{more[0]} is not in the image's plugin.yaml", "it costs time or gives rights: leave it out"
        )
    return Result(f'Applications name it "{_name(document)}"')


def _read_plugin(sidecar: Sidecar) -> dict[str, Any]:
    from cmp.parse import plain
    from cmp.source import read

    with open(sidecar.path(PLUGIN), encoding="utf-8") as file:
        documents = [plain(one) for one in read(file.read(), PLUGIN)]
    return documents[0] if documents and isinstance(documents[0], dict) else {}


def _name(document: dict[str, Any]) -> str:
    version = document["spec"].get("version")
    return f"{document['metadata']['name']}{f'-{version}' if version else ''}"


def _socket(sidecar: Sidecar) -> Result:
    try:
        name = _name(_read_plugin(sidecar))
    except Exception:  # the check of that file tells
        name = "meshspec"
    shown = socket_path(name, sidecar.variables)
    if problem := refused(sidecar.path(shown)):
        return _failed(f"{shown}: {problem}", "see the log of the container")
    return Result(f"{shown} takes calls")


def _tmp(sidecar: Sidecar) -> Result:
    try:
        with tempfile.TemporaryFile(dir=sidecar.path(sidecar.work)) as file:
            file.write(b"meshspec")
    except OSError as error:
        return _failed(f"{sidecar.work}: {error.strerror}", "mount an emptyDir of the sidecar's own there")
    return Result(sidecar.work)


def _token(sidecar: Sidecar) -> Result:
    if os.path.exists(sidecar.path(TOKEN)):
        return Result("mounted, and not needed: set automountServiceAccountToken: false in the pod", "note")
    return Result("not mounted")


def _versions(sidecar: Sidecar) -> Result:
    from importlib.metadata import version

    from cmp.spec import _core

    python = ".".join(map(str, sys.version_info[:3]))
    core = version("pydantic-core")
    if _core.schema("MeshService") is None:
        return _failed(
            f"pydantic-core {core} is not {_core.BUILT_FOR}, and renders take several times as long",
            f"install pydantic-core=={_core.BUILT_FOR}",
        )
    return Result(f"meshspec {__version__}, Python {python}, pydantic-core {core}")


def _libyaml(sidecar: Sidecar) -> Result:
    try:
        import cmp.source  # noqa: F401
    except ImportError as error:
        return _failed(str(error), "install PyYAML from a wheel")
    return Result("there")


def _variables(sidecar: Sidecar) -> Result:
    given = sidecar.variables
    for name in sorted(given):
        if name.startswith("MESHSPEC_") and name not in KNOWN:
            return _failed(f"{name} means nothing", did_you_mean(name, KNOWN))
        if name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"):
            return _failed(f"{name} changes what Python loads", "take it from the container")
        if name.startswith(("ARGOCD_APP_", "ARGOCD_ENV_", "PARAM_")):
            return _failed(f"{name} is Argo CD's to set, for each call", "take it from the container")
        if name in ("ARGOCD_EXEC_TIMEOUT", "ARGOCD_EXEC_FATAL_TIMEOUT"):
            cure = f"set controller.{TIMEOUT} and server.{TIMEOUT} in argocd-cmd-params-cm"
            return _failed(f"{name} does nothing for plugins", cure)
    if given.get("MESHSPEC_TRACEBACK") == "1":
        return _failed("MESHSPEC_TRACEBACK shows tracebacks in the UI", "take it from the container")
    return Result("none that cannot work")


def _log(sidecar: Sidecar) -> Result:
    from cmp.commands.observed import unfit

    given = sidecar.variables.get("MESHSPEC_LOG", "")
    problem = unfit(given, sidecar.path(given)) if given else ""
    return _failed(problem, "write MESHSPEC_LOG=/proc/1/fd/2") if problem else Result(given or "no lines about renders")


def _answers(sidecar: Sidecar) -> Result:
    from cmp.cache import disk

    given = sidecar.variables
    top = disk.directory(given)
    if not top:
        wrong = given.get("MESHSPEC_CACHE", "off") != "off"
        return _failed("MESHSPEC_CACHE is neither off nor a path from /", "write one") if wrong else Result("not kept")
    disk.put(sidecar.path(top), "0" * 40, ((), b"doctor", ""))
    if disk.get(sidecar.path(top), "0" * 40) is None:
        return _failed(f"{top} keeps none for user {sidecar.user}", "name a directory that it may write, or off")
    return Result(f"kept in {top}")


def _platform(sidecar: Sidecar) -> Result:
    given = sidecar.variables.get("MESHSPEC_PLATFORM", "")
    if not given:
        return Result("none is mounted")
    if not os.path.isabs(given):
        return _failed("MESHSPEC_PLATFORM is not an absolute path", "begin it with /")
    from cmp.diagnostics import SpecError
    from cmp.files import MOUNTED_NAME

    try:
        _render(sidecar, sidecar.path(given))
    except SpecError as error:
        for one in error.diagnostics:  # what it says of the example alone is no fault of the platform
            if one.code == "MS267" or (one.pos is not None and one.pos.file == MOUNTED_NAME):
                return _failed(f"{one.pos or given}: error[{one.code}]: {one.message}", one.help or "correct the file")
    return Result(given)


def _example(sidecar: Sidecar) -> Result:
    objects = _render(sidecar, "")
    return Result(f"renders {objects} objects")


def _render(sidecar: Sidecar, mounted: str) -> int:
    """Render the example in a repository of its own; the number of its objects."""
    from cmp.emit import emit
    from cmp.environment import Environment
    from cmp.pipeline import render

    with tempfile.TemporaryDirectory(dir=sidecar.path(sidecar.work)) as directory:
        os.mkdir(os.path.join(directory, ".git"))
        with open(os.path.join(directory, "meshspec.yaml"), "w", encoding="utf-8") as file:
            file.write(EXAMPLE)
        rendered = render(directory, Environment("doctor", mounted=mounted), {})
        return len(emit(rendered.manifests, "ndjson").splitlines())


CHECKS: dict[str, Callable[[Sidecar], Result]] = {
    "versions": _versions,
    "libyaml": _libyaml,
    "user": _user,
    "argocd-cmp-server": _server,
    "directory of sockets": _sockets,
    "plugin.yaml": _plugin,
    "socket": _socket,
    "work directory": _tmp,
    "service account token": _token,
    "environment variables": _variables,
    "log of renders": _log,
    "known answers": _answers,
    "mounted platform": _platform,
    "example": _example,
}
