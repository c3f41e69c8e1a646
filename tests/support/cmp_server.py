"""What Argo CD does around a plugin's ``generate``, in small: files in, a process, its output read.

Each part names the source that it models, in github.com/argoproj/argo-cd (3.5 unless said otherwise). Where releases
differ, the difference is a field of ``Request``, so that a test can ask for both. Nothing here knows meshspec.
"""

import fnmatch
import io
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import pytest
import yaml

from tests.support.go_oracle import read_as_kubernetes

Parameter = dict[str, Any]

#: What a container of our image has before Argo CD adds anything: the image's variables and the kubelet's.
SIDECAR = {
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/home/argocd",
    "HOSTNAME": "argocd-repo-server-6d8c9f7b5-x2x7q",
    "PYTHONDONTWRITEBYTECODE": "1",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
}
#: KUBE_API_VERSIONS of a cluster with many operators: some 60 KB. One variable must stay below 128 KB to be passed.
API_VERSIONS = ",".join(f"operator-{index:04}.example.com/v1/Kind{index:04}" for index in range(1500))


# -- plugin.yaml -------------------------------------------------------------------------------------------------------


class Plugin(NamedTuple):
    """A plugin.yaml as argocd-cmp-server reads it when it starts."""

    name: str
    command: tuple[str, ...]
    parameters: tuple[Parameter, ...]


def read_plugin(path: Path) -> Plugin:
    """``ReadPluginConfig`` and ``ValidatePluginConfig`` of cmpserver/plugin/config.go; argv is command and args."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert document["kind"] == "ConfigManagementPlugin", "invalid plugin configuration file: kind"
    assert document["metadata"]["name"], "invalid plugin configuration file: metadata.name should be non-empty"
    generate = document["spec"]["generate"]
    assert generate["command"], "invalid plugin configuration file: spec.generate command should be non-empty"
    static = document["spec"].get("parameters", {}).get("static", [])
    return Plugin(document["metadata"]["name"], (*generate["command"], *generate.get("args", [])), tuple(static))


# The fields of Go's PluginConfig (cmpserver/plugin/config.go) and ParameterAnnouncement
# (reposerver/repository/repository.proto). A key that is none of them is ignored without a word.
_COMMAND: dict[str, Any] = {"command": [str], "args": [str]}
_ANNOUNCEMENT: dict[str, Any] = {
    "name": str,
    "title": str,
    "tooltip": str,
    "required": bool,
    "itemType": str,
    "collectionType": str,
    "string": str,
    "array": [str],
    "map": dict,
}
_PLUGIN_CONFIG: dict[str, Any] = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str},
    "spec": {
        "version": str,
        "init": _COMMAND,
        "generate": _COMMAND,
        "discover": {"fileName": str, "find": {"glob": str, **_COMMAND}},
        "parameters": {"static": [_ANNOUNCEMENT], "dynamic": _COMMAND},
        "preserveFileMode": bool,
        "provideGitCreds": bool,
    },
}


def unread(value: object, known: Any = _PLUGIN_CONFIG, at: str = "plugin.yaml") -> Iterator[str]:
    """The places of a plugin.yaml that Argo CD would not read, or not as meant."""
    if isinstance(known, type):
        if not isinstance(value, known):
            yield f"{at} is no {known.__name__}"
    elif isinstance(known, list):
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield from unread(item, known[0], f"{at}[{index}]")
        if not isinstance(value, list):
            yield f"{at} is no list"
    elif not isinstance(value, dict):
        yield f"{at} is no map"
    else:
        yield from (f"{at}.{key} is not known" for key in value if key not in known)
        for key in value.keys() & known.keys():
            yield from unread(value[key], known[key], f"{at}.{key}")


# -- what is asked -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """One call of ``generate``: an Application, its repository, and how the sidecar is set up."""

    repository: Path
    path: str
    app_name: str = "shop"
    namespace: str = "shop"
    project: str = "default"
    revision: str = "3d0f5b1c9a4e7d2860b1a5c4f3e2d1c0b9a89786"
    repo_url: str = "https://git.example.com/team/shop.git"
    target_revision: str = "HEAD"
    kube_version: str = "1.34.1"
    api_versions: str = API_VERSIONS
    #: ``source.plugin.parameters``; None where it is left out, which Argo CD writes as ``null``.
    parameters: Sequence[Parameter] | None = None
    #: ``source.plugin.env``.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Variables that replace Argo CD's own, and with None take them away.
    override: Mapping[str, str | None] = field(default_factory=dict)
    #: Older releases leave out variables without a value, newer ones pass them empty.
    empty_variables: bool = True
    #: The annotation manifest-generate-paths, where the repo-server runs with --plugin-use-manifest-generate-paths.
    generate_paths: str = ""
    #: The repo-server's --plugin-tar-exclude.
    exclusions: Sequence[str] = ()
    #: Older releases make unpacked symlinks absolute, newer ones relative.
    absolute_links: bool = False
    #: Times of the unpacked files; Argo CD leaves the time of unpacking.
    mtime: float | None = None
    #: Takes away all rights to write, as a volume mounted read-only would.
    read_only: bool = False
    deadline: float = 60
    #: What the deadline sends to the process: SIGKILL, or in development versions SIGTERM first.
    deadline_signal: signal.Signals = signal.SIGKILL


# -- files -------------------------------------------------------------------------------------------------------------


def application_root(request: Request) -> str:
    """The part of the repository that is sent: ``GetApplicationRootPath`` of reposerver/repository/utils.go.

    It is what the application's path and the annotation's have in common, the annotation's relative to the first. As
    there, a path that only begins the common part does not shorten it any more after another one has.
    """
    common, apart = os.path.normpath(request.path).split("/"), False
    annotated = [path for path in request.generate_paths.split(";") if path]
    for path in annotated:
        other = _below(request.path, path).split("/")
        different = [index for index, (a, b) in enumerate(zip(common, other, strict=False)) if a != b]
        apart = apart or bool(different)
        end = different[0] if different else len(common) if apart else len(other)
        common = common[:end]
    return ("/".join(common) if annotated else "") or "."


def _below(directory: str, path: str) -> str:
    return os.path.normpath(path.lstrip("/") if path.startswith("/") else f"{directory}/{path}").removeprefix(".")


def pack(root: Path, exclusions: Sequence[str]) -> bytes:
    """``Tgz`` of util/io/files/tar.go: the regular files, directories and symlinks below a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
        added = list(_add(archive, root, root, exclusions))
        if not any(path.is_file() and not path.is_symlink() for path in added):
            raise AssertionError("no files to send")  # util/cmp/stream.go
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, root: Path, directory: Path, exclusions: Sequence[str]) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        name = path.relative_to(root).as_posix()
        if any(_matches(name, pattern) for pattern in exclusions):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
            archive.add(path, name, recursive=False)
            yield path
        if stat.S_ISDIR(mode):
            yield from _add(archive, root, path, exclusions)


def _matches(name: str, pattern: str) -> bool:
    """Go's ``filepath.Match``: a star does not reach over a slash, and there is no ``**``."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


def unpack(archive: bytes, target: Path, absolute_links: bool = False, keep_modes: bool = False) -> None:
    """``Untgz`` of util/io/files/tar.go: without preserveFileMode files are 0644, directories 0755; times are new."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
        for member in members:
            path = target / member.name
            if member.isdir():
                path.mkdir(mode=0o755, parents=True)
            elif member.issym():
                _link(path, member.linkname, target, absolute_links)
            else:
                content = members.extractfile(member)
                assert content is not None
                path.write_bytes(content.read())
                path.chmod(stat.S_IMODE(member.mode) & 0o755 if keep_modes else 0o644)  # less the usual umask


def _link(path: Path, to: str, target: Path, absolute: bool) -> None:
    """A symlink may dangle, and may not lead out of the repository: then the whole call fails.

    An absolute one is taken as relative to its directory. The repo-server refuses it before: CheckOutOfBoundsSymlinks
    of util/app/path/path.go.
    """
    real = Path(os.path.realpath(f"{path.parent}/{to}"))
    if not real.is_relative_to(os.path.realpath(target)):
        raise AssertionError(f'error checking symlink "{path.name}" target: path escapes from parent')
    path.symlink_to(real if absolute else os.path.relpath(real, os.path.realpath(path.parent)))


def _tree(root: Path) -> dict[str, tuple[int, int, int]]:
    """Names, modes, sizes and times: what a command would change by writing."""
    found = {path.relative_to(root).as_posix(): path.lstat() for path in root.rglob("*")}
    return {name: (status.st_mode, status.st_size, status.st_mtime_ns) for name, status in found.items()}


# -- environment -------------------------------------------------------------------------------------------------------


def environment(request: Request, sidecar: Mapping[str, str]) -> dict[str, str]:
    """``newEnv`` and ``getPluginEnvs`` of reposerver/repository/repository.go, after the sidecar's own variables.

    The order of runCommand's caller in cmpserver/plugin/plugin.go: ``append(os.Environ(), ...)``, the last one wins.
    """
    own = {
        "ARGOCD_APP_NAME": request.app_name,
        "ARGOCD_APP_NAMESPACE": request.namespace,  # the destination's
        "ARGOCD_APP_PROJECT_NAME": request.project,
        "ARGOCD_APP_REVISION": request.revision,
        "ARGOCD_APP_REVISION_SHORT": request.revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": request.revision[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": request.repo_url,
        "ARGOCD_APP_SOURCE_PATH": request.path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": request.target_revision,
        "KUBE_VERSION": request.kube_version,
        "KUBE_API_VERSIONS": request.api_versions,
    }
    given = {f"ARGOCD_ENV_{name}": expand(value, own) for name, value in request.env.items()}
    named = {**own, **given, **parameter_variables(request.parameters)}
    changed = {name: value for name, value in {**named, **request.override}.items() if value is not None}
    return {**sidecar, **{name: value for name, value in changed.items() if value or request.empty_variables}}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """``Envsubst`` of pkg/apis/application/v1alpha1/types.go: unknown ones are empty, ``$$`` is a dollar sign."""
    known = {"$": "$", **variables}
    return re.sub(r"\$(?:\{(\w+)\}|(\w+|\$))", lambda match: known.get(match[1] or match[2], ""), text)


def parameter_variables(parameters: Sequence[Parameter] | None) -> dict[str, str]:
    """``ApplicationSourcePluginParameters.Environ`` of pkg/apis/application/v1alpha1/types.go: JSON, and PARAM_*."""
    text = json.dumps(parameters, separators=(",", ":"), ensure_ascii=False, sort_keys=True)  # its items are Go's maps
    for character in "<>&\u2028\u2029":  # as Go's encoding/json
        text = text.replace(character, f"\\u{ord(character):04x}")
    found = {"ARGOCD_APP_PARAMETERS": text}
    for item in parameters or ():
        name = f"PARAM_{_upper(item['name'])}"
        found |= {name: item["string"]} if "string" in item else {}
        found |= {f"{name}_{index}": value for index, value in enumerate(item.get("array", ()))}
        found |= {f"{name}_{_upper(key)}": value for key, value in item.get("map", {}).items()}
    return found


def _upper(name: str) -> str:
    return re.sub("[^A-Z0-9_]", "_", name.upper())


# -- process -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a command left: ``changed`` are files of the repository, ``alive`` tells of processes in its group."""

    code: int
    stdout: bytes
    stderr: bytes
    directory: Path
    changed: tuple[str, ...] = ()
    alive: bool = False

    @property
    def said(self) -> str:
        return self.stderr.decode()


@dataclass
class CmpServer:
    """A sidecar: a command, where it works, and as whom. ``generate`` is ``GenerateManifest``, and may run at once."""

    command: Sequence[str]
    work_dir: Path
    sidecar: Mapping[str, str] = field(default_factory=lambda: dict(SIDECAR))
    uid: int | None = None
    #: Whether the process is started as ``uid``; else only the files are its own.
    start_as_uid: bool = True

    def generate(self, request: Request) -> Answer:
        """cmpserver/plugin/plugin.go: a directory of its own for each call, which is removed whatever happens."""
        root = self.work_dir / "_cmp_server" / str(uuid.uuid4())
        root.mkdir(mode=0o700, parents=True)
        try:
            self._receive(request, root)
            before = _tree(root)
            answer = self._run(request, root)
            after = _tree(root)
            changed = sorted({name for name, _ in before.items() ^ after.items()})
            return Answer(**{**vars(answer), "changed": tuple(changed)})
        finally:
            for path in (root, *root.rglob("*")):
                if not path.is_symlink() and path.is_dir():
                    path.chmod(0o700)
            shutil.rmtree(root)

    def _receive(self, request: Request, root: Path) -> None:
        """``ReceiveRepoStream`` of util/cmp/stream.go."""
        archive = pack(request.repository / application_root(request), request.exclusions)
        unpack(archive, root, request.absolute_links)
        for path in (*root.rglob("*"), root):
            if self.uid is not None:
                os.chown(path, self.uid, self.uid, follow_symlinks=False)
            if path.is_symlink():
                continue
            if request.mtime is not None:
                os.utime(path, (request.mtime, request.mtime))
            if request.read_only:
                path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o555)

    def _run(self, request: Request, root: Path) -> Answer:
        """The directory is the application's path below what was sent; one that is not there fails the call."""
        at = os.path.relpath(os.path.normpath(request.path), application_root(request))
        directory = root / at
        if at.split("/")[0] == "..":
            raise AssertionError("illegal appPath: out of workDir bound")
        variables = environment(request, self.sidecar)
        user = self.uid if self.start_as_uid else None
        return run(self.command, variables, directory, request.deadline, request.deadline_signal, user)


def run(
    command: Sequence[str],
    variables: Mapping[str, str],
    directory: Path,
    deadline: float,
    deadline_signal: signal.Signals = signal.SIGKILL,
    uid: int | None = None,
) -> Answer:
    """``runCommand`` of cmpserver/plugin/plugin.go.

    No shell, no stdin, a process group of its own, and both streams kept whole. A child of the command that keeps a
    stream open is waited for. The process is not reaped before all is over, so that no signal meets a stranger.
    """
    process = subprocess.Popen(
        list(command),
        cwd=directory,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )
    finished = threading.Event()
    guard = threading.Thread(target=_guard, args=(process.pid, deadline, deadline_signal, finished))
    guard.start()
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        stdout, stderr = _read_both(process.stdout, process.stderr)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finished.set()
        guard.join()
        code = process.wait()
    return Answer(code, stdout, stderr, directory, alive=_end_group(process.pid))


def _guard(pid: int, deadline: float, first: signal.Signals, finished: threading.Event) -> None:
    """Go's CommandContext kills the process at the deadline; its group gets SIGTERM, and 5 seconds later SIGKILL."""
    if finished.wait(deadline):
        return
    os.kill(pid, first)
    os.killpg(pid, signal.SIGTERM)
    if not finished.wait(5):
        os.killpg(pid, signal.SIGKILL)


def _read_both(stdout: IO[bytes], stderr: IO[bytes]) -> tuple[bytes, bytes]:
    errors: list[bytes] = []
    reader = threading.Thread(target=lambda: errors.append(stderr.read()))
    reader.start()
    output = stdout.read()
    reader.join()
    return output, errors[0]


def _end_group(pid: int) -> bool:
    """Whether the group still has members. They are ended, as they are when the request is over."""
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


# -- what is read in the output ----------------------------------------------------------------------------------------

#: What sigs.k8s.io/yaml, which reads JSON as YAML 1.1, refuses in it, and what YAML forbids in any text.
_ESCAPES = re.compile(r"\\u[dD][89a-fA-F]|\\/")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def manifests(stdout: bytes) -> list[dict[str, Any]]:
    """The objects that Argo CD finds in an output of one JSON object a line.

    They are read by rules stricter than Argo CD's, and where its own readers can be built also by these, which have to
    find the same.
    """
    text = stdout.decode()  # gRPC marshals no string that is not UTF-8
    assert len(stdout) < 100 * 10**6, "larger than a gRPC message"
    found = [_line(line) for line in text.removesuffix("\n").split("\n")]
    try:
        read = read_as_kubernetes(text, reader="argocd")
    except pytest.skip.Exception:
        return found
    assert read == found
    return found


def _line(line: str) -> dict[str, Any]:
    assert not _ESCAPES.search(line.replace("\\\\", "")), f"YAML knows no such escape: {line}"
    assert not _CONTROLS.search(line), f"control characters are not allowed: {line!r}"
    value = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)
    assert isinstance(value, dict), f"no object: {line}"
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), "a key is there twice: the last one would win"
    assert all(len(key.encode()) <= 1024 for key in found), "did not find expected ',' or '}'"
    return found


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


#: Kinds without a namespace, of those that a plugin like ours could write.
CLUSTER_SCOPED = {
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "Namespace",
    "PriorityClass",
    "StorageClass",
}
#: Written by the API server or by Argo CD; in a desired state they make an application differ for ever.
_FOREIGN_FIELDS = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
_FOREIGN_KEYS = (
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/installation-id",
    "argocd.argoproj.io/tracking-id",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def faults(objects: Sequence[dict[str, Any]]) -> list[str]:
    """What would fail the application, or keep it out of sync. Nothing at all is the worst: all is then pruned."""
    found = ["no objects"] if not objects else []
    seen: dict[tuple[str, ...], int] = {}
    for index, one in enumerate(objects):
        found += [f"object {index}: {fault}" for fault in _object_faults(one)]
        metadata = one.get("metadata", {})
        group = one.get("apiVersion", "").rpartition("/")[0]
        key = (group, one.get("kind", ""), metadata.get("namespace", ""), metadata.get("name", ""))
        if key in seen:  # RepeatedResourceWarning: the last one wins
            found.append(f"object {index}: the same as object {seen[key]}: {key}")
        seen.setdefault(key, index)
    return found


def _object_faults(one: dict[str, Any]) -> Iterator[str]:
    kind, metadata = one.get("kind", ""), one.get("metadata", {})
    if not kind or not one.get("apiVersion") or not metadata.get("name"):
        yield "Object 'Kind' is missing, or apiVersion or metadata.name"  # gitops-engine/pkg/utils/kube
    if kind.endswith("List"):
        yield "a list"
    if (kind in CLUSTER_SCOPED) is bool(metadata.get("namespace")):
        yield f"{kind} in namespace {metadata.get('namespace')!r}"  # NormalizeTargetObjects of controller/state.go
    if "status" in one:
        yield "has a status"
    yield from (f"has metadata.{name}" for name in _FOREIGN_FIELDS if name in metadata)
    for place in ("labels", "annotations"):
        yield from _map_faults(place, metadata.get(place, {}))


def _map_faults(place: Literal["labels", "annotations"], values: object) -> Iterator[str]:
    """util/argo/resource_tracking.go: `failed to set app instance tracking info on manifest`, for the whole app."""
    if not isinstance(values, dict):
        yield f"{place} are no map"
        return
    yield from (f"{place}: {key} is no text" for key, value in values.items() if not isinstance(value, str))
    yield from (f"{place}: {key} is Argo CD's" for key in _FOREIGN_KEYS if key in values)
