"""Servers of plugins behind their sockets: Argo CD's own where it is there, and one of ours that follows its source.

Argo CD's is named by MESHSPEC_ARGOCD_BINARY, the path of a program ``argocd`` or ``argocd-cmp-server``. Without that it
is built from its Go module, when MESHSPEC_BUILD_ARGOCD says that this may take its minutes.
"""

import glob
import hashlib
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple, NoReturn

import grpc
import yaml

from tests.support.cmp_protocol import METHODS, OPTIONS, call, message, stream
from tests.support.cmp_server import Answer, Parameter, Request, application_root, environment, pack, run, unpack
from tests.support.go_program import ask, require

#: ``cmpTimeoutBuffer`` of cmpserver/plugin/plugin.go, in seconds: commands end so much before their caller's deadline.
BUFFER = 0.1
_WHAT = "Argo CD's server of plugins"
_BUILDS = "MESHSPEC_BUILD_ARGOCD"
_HOW = "its server is not built; `make argocd-check` builds it, which takes minutes the first time and Go 1.27"
#: What ``listen`` may take, in seconds.
_PATIENCE = 60.0


class Served(NamedTuple):
    """A server that takes calls: its socket, where it unpacks what it is sent, and its log."""

    socket: Path
    work_dir: Path
    log: Path

    def call(self, name: str, given: Any = None, deadline: float = 60) -> Any:
        """The answer to a message, which is empty if left out; grpc.RpcError if the server refuses."""
        return call(self.socket, name, message(METHODS[name].request)() if given is None else given, deadline)

    def send(self, name: str, request: Request, chunk: int = 1024, **changed: Any) -> Any:
        """The answer to a repository, sent as Argo CD's repo-server does. ``changed`` are fields of the metadata."""
        root = application_root(request)
        archive = pack(request.repository / root, request.exclusions)
        variables = environment(request, {})
        fields = {
            "appName": Path(request.path).name,
            "appRelPath": os.path.relpath(os.path.normpath(request.path), root),
            "checksum": hashlib.sha256(archive).hexdigest(),
            "size": len(archive),
            "env": [{"name": name, "value": value} for name, value in variables.items()],
        }
        metadata = message("ManifestRequestMetadata")(**{**fields, **changed})
        return self.call(name, stream(metadata, archive, chunk), request.deadline)

    def left(self) -> list[Path]:
        """What is left of calls."""
        return sorted((self.work_dir / "_cmp_server").iterdir())


def argocd() -> Path:
    """Argo CD's program. Where there is none, the test is skipped."""
    named = os.environ.get("MESHSPEC_ARGOCD_BINARY")
    return Path(named) if named else require("cmpserver", _WHAT, _HOW, _BUILDS)


def variables_by_argocd(parameters: list[list[Parameter]]) -> list[dict[str, str]]:
    """The variables that Argo CD's own code makes of each list. Where it is not built, the test is skipped."""
    told = ask("cmpserver", _WHAT, json.dumps(parameters), "environ", only_if_built=_HOW, variable=_BUILDS)
    return [dict(one.split("=", 1) for one in variables) for variables in json.loads(told)]


def _placed(plugin: Mapping[str, Any], directory: Path) -> Served:
    for name in ("plugins", "config", "work"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "config" / "plugin.yaml").write_text(yaml.safe_dump(dict(plugin)), encoding="utf-8")
    version = plugin["spec"].get("version")
    name = (
        f"{plugin['metadata']['name']}{f'-{version}' if version else ''}.sock"  # Address of cmpserver/plugin/config.go
    )
    return Served(directory / "plugins" / name, directory / "work", directory / "log")


@contextmanager
def real(plugin: Mapping[str, Any], directory: Path, variables: Mapping[str, str], *before: str) -> Iterator[Served]:
    """Argo CD's server for a plugin.yaml. ``before`` is a command that starts it, such as ``unshare``."""
    served = _placed(plugin, directory)
    own = {
        "ARGOCD_BINARY_NAME": "argocd-cmp-server",
        "ARGOCD_PLUGINSOCKFILEPATH": str(served.socket.parent),
        "ARGOCD_CMP_WORKDIR": str(served.work_dir),
    }
    command = [*before, str(argocd()), "--config-dir-path", str(directory / "config"), "--logformat", "text"]
    with served.log.open("wb") as log:
        process = subprocess.Popen(command, env={**variables, **own}, stdout=log, stderr=log, process_group=0)
    try:
        wait_for(served, process)
        yield served
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(served: Served, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(grpc.RpcError):
            served.call("Health", deadline=1)
            return
        time.sleep(0.05)
    raise AssertionError(f"no server: {served.log.read_text(errors='replace')[-2000:]}")


# -- our own -----------------------------------------------------------------------------------------------------------


@contextmanager
def own(plugin: Mapping[str, Any], directory: Path, variables: Mapping[str, str]) -> Iterator[Served]:
    """A server that follows cmpserver/plugin/plugin.go and util/cmp/stream.go of Argo CD 3.6."""
    served = _placed(plugin, directory)
    rmtree(served.work_dir / "_cmp_server", ignore_errors=True)  # Service.Init
    (served.work_dir / "_cmp_server").mkdir()
    served.log.touch()
    with ThreadPoolExecutor(64) as pool:
        server = grpc.server(pool, options=OPTIONS)
        service = _Service(plugin["spec"], served, variables)
        server.add_generic_rpc_handlers((_Handler(service),))
        server.add_insecure_port(f"unix:{served.socket}")
        server.start()
        try:
            yield served
        finally:
            server.stop(None).wait()


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, service: "_Service") -> None:
        self._service = service

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        name = next((name for name, method in METHODS.items() if method.path == details.method), None)
        if name is None:
            return None
        method = METHODS[name]
        make = grpc.stream_unary_rpc_method_handler if method.streams else grpc.unary_unary_rpc_method_handler
        behaviour: Callable[[Any, grpc.ServicerContext], dict[str, Any]] = getattr(self._service, name)

        def answered(given: Any, context: grpc.ServicerContext) -> Any:
            try:
                return message(method.response)(**behaviour(given, context))
            except _RefusedError as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except (ValueError, UnicodeDecodeError) as error:  # a string that is not UTF-8
                context.abort(grpc.StatusCode.INTERNAL, f"grpc: error while marshaling: {error}")

        return make(answered, message(method.request).FromString, message(method.response).SerializeToString)


class _RefusedError(Exception):
    """What a Go function returns as an error: its text goes to the caller, with the code Unknown."""


def _refuse(text: str) -> NoReturn:
    raise _RefusedError(text)


def _fields(announcement: Mapping[str, Any]) -> dict[str, Any]:
    """A map is a list of entries on the wire."""
    entries = [{"key": key, "value": value} for key, value in announcement.get("map", {}).items()]
    return {**announcement, "map": entries}


class _Service:
    """The methods, each of which answers the fields of its response."""

    def __init__(self, spec: Mapping[str, Any], served: Served, variables: Mapping[str, str]) -> None:
        self._spec, self._served, self._variables = spec, served, dict(variables)

    def Health(self, given: Any, context: grpc.ServicerContext) -> dict[str, Any]:  # noqa: N802 as the method is named
        return {"status": 1}

    def CheckPluginConfiguration(self, given: Any, context: grpc.ServicerContext) -> dict[str, Any]:  # noqa: N802
        git = self._spec.get("provideGitCreds", False)
        return {"isDiscoveryConfigured": bool(self._spec.get("discover")), "provideGitCreds": git}

    def GenerateManifest(self, given: Any, context: grpc.ServicerContext) -> dict[str, Any]:  # noqa: N802
        with self._received(given, "generate manifest error receiving stream") as (directory, variables):
            try:
                if "init" in self._spec:
                    self._run(self._spec["init"], directory, variables, context)
                output = self._run(self._spec["generate"], directory, variables, context).stdout
            except _RefusedError as error:
                _refuse(f"error generating manifests: {error}")
        text = output.removesuffix(b"\n").decode()
        return {"manifests": text.split("\n") if text else []}

    def MatchRepository(self, given: Any, context: grpc.ServicerContext) -> dict[str, Any]:  # noqa: N802
        discover = self._spec.get("discover", {})
        find = discover.get("find", {})
        with self._received(given, "match repository error receiving stream") as (directory, variables):
            if not discover:
                return {}
            if pattern := discover.get("fileName"):
                found = bool(glob.glob(str(directory / pattern)))
            elif pattern := find.get("glob"):
                found = bool(glob.glob(str(directory / pattern), recursive=True))
            else:
                try:
                    found = self._run(find, directory, variables, context).stdout != b""
                except _RefusedError as error:
                    _refuse(f"match repository error: error running find command: {error}")
        return {"isSupported": found, "isDiscoveryEnabled": True}

    def GetParametersAnnouncement(self, given: Any, context: grpc.ServicerContext) -> dict[str, Any]:  # noqa: N802
        announced = self._spec.get("parameters", {})
        found = []
        with self._received(given, "parameters announcement error receiving stream") as (directory, variables):
            if "dynamic" in announced:
                text = self._run(announced["dynamic"], directory, variables, context).stdout
                found = [_fields(one) for one in json.loads(text)]
        return {"parameterAnnouncements": [*found, *map(_fields, announced.get("static", []))]}

    @contextmanager
    def _received(self, given: Any, what: str) -> Iterator[tuple[Path, dict[str, str]]]:
        """A directory with what was sent, for as long as a call takes."""
        root = self._served.work_dir / "_cmp_server" / str(uuid.uuid4())
        root.mkdir(mode=0o700)
        try:
            metadata = next(given).metadata
            archive = b"".join(one.file.chunk for one in given)
            if hashlib.sha256(archive).hexdigest() != metadata.checksum:
                _refuse(f"{what}: error receiving tgz file: file checksum mismatch")
            try:
                unpack(archive, root, keep_modes=self._spec.get("preserveFileMode", False))
            except AssertionError as error:
                _refuse(f"{what}: error decompressing tgz file: {error}")
            directory = Path(os.path.normpath(root / metadata.appRelPath))
            if not str(directory).startswith(str(root)):
                _refuse("illegal appPath: out of workDir bound")
            yield directory, {one.name: one.value for one in metadata.env if one.name}
        finally:
            rmtree(root)

    def _run(
        self, what: Mapping[str, Any], directory: Path, variables: dict[str, str], context: grpc.ServicerContext
    ) -> Answer:
        command = [*what["command"], *what.get("args", [])]
        remaining = (context.time_remaining() or 3600) - BUFFER
        answer = run(command, {**self._variables, **variables}, directory, max(remaining, 0))
        if answer.code != 0:
            said = answer.stderr.decode(errors="replace").strip()
            killed = signal.strsignal(-answer.code) if answer.code < 0 else None
            how = f"signal: {killed.lower()}" if killed else f"exit status {answer.code}"
            _refuse(f"`{' '.join(command)}` failed {how}{f': {said}' if said else ''}")
        with self._served.log.open("ab") as log:
            log.write(answer.stderr)
        return answer
