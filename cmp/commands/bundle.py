"""``generate --debug-bundle``: what a report of a problem needs, in one file that may be shown to others.

Values that may be secret are left out, by where they stand, by the name of their key, and by their form. Comments of
specs are left out with the rest of their text, and so are the values of variables that Argo CD sets for all plugins.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cmp import __version__
from cmp.checks.secrets import told
from cmp.diagnostics import Diagnostic, SpecError
from cmp.emit import emit
from cmp.node import Node, Quoted
from cmp.source import read

if TYPE_CHECKING:
    from cmp.commands.generate import Outcome

#: Blocks of the language, of Kubernetes and of Helm in which anything may stand, secrets too.
FREE = """
    annotations args command config data default defaultConfig env headers httpHeaders key keys match metadata
    parameters patches request response secrets set stringData text value values when
"""
#: Variables whose values say what was asked for.
VARIABLES = ("ARGOCD_APP_NAME", "ARGOCD_APP_NAMESPACE", "ARGOCD_APP_SOURCE_PATH")
README = """\
Written by: cmp generate --debug-bundle. For a report of a problem with meshspec.

versions.json     of meshspec and of what it runs on
request.json      what was asked for: environment, namespace, parameters, names of variables
files.json        the specs, platforms and manifests that were read: their size and digest
specs/            what they say, a line for each value, with its line and column
diagnostics.json  what was found wrong
objects.json      the objects that were rendered, with digests
timings.json      how long each stage took, if --timings was given
bug.json          where the program stopped, if it did

Hidden: values of variables, of configuration and of whatever else may hold a secret, and comments. Read it before
you send it.
"""


def write_bundle(outcome: Outcome, bug: Exception | None, file: str, timings: bool) -> None:
    """Write the bundle: the same for the same input, timings aside.

    Raises:
        SpecError: the file is there already, or cannot be written.
    """
    data = _packed(dict(_parts(outcome, bug, timings)))
    try:
        with open(file, "xb") as opened:
            opened.write(data)
    except OSError as error:
        help = "name a file that is not there yet, in a directory that you may write to"
        message = f'the bundle "{file}" cannot be written: {error.strerror}'
        raise SpecError([Diagnostic("MS296", message, help=help)]) from None


def _packed(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in sorted(parts.items()):
            member = tarfile.TarInfo(f"meshspec-debug/{name}")  # its time is 0, and its owner nobody in particular
            member.size = len(data := text.encode("utf-8", "backslashreplace"))
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _parts(outcome: Outcome, bug: Exception | None, timings: bool) -> Iterator[tuple[str, str]]:
    hidden: set[str] = set()
    specs = {name: _listed(name, text, hidden) for name, text in outcome.texts.items()}
    parameters = {name: _shown(name.split("."), text, hidden) for name, text in outcome.environment.parameters.items()}
    yield "README.txt", README
    yield "versions.json", _json(_versions())
    yield "request.json", _json(_request(outcome, parameters))
    yield "files.json", _json({name: _digest(text) for name, text in outcome.texts.items()})
    for name, lines in specs.items():
        if lines is not None:
            yield f"specs/{_flat(name)}.jsonl", "".join(json.dumps(one) + "\n" for one in lines)
    unread = {name for name, lines in specs.items() if lines is None}
    yield "diagnostics.json", _json([_diagnostic(one, hidden, unread) for one in outcome.found])
    yield "objects.json", _json(_objects(outcome))
    if timings:
        yield "timings.json", _json(outcome.marks)
    if bug is not None:
        yield "bug.json", _json(_bug(bug))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _digest(text: str) -> dict[str, Any]:
    data = text.encode("utf-8", "surrogatepass")
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _flat(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip(".") or "_"


# -- the parts ---------------------------------------------------------------------------------------------------------


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"meshspec": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in ("click", "pydantic", "pydantic-core", "pyyaml"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def _request(outcome: Outcome, parameters: dict[str, str]) -> dict[str, Any]:
    given = outcome.environ
    names = sorted(name for name in given if name.startswith(("ARGOCD_", "MESHSPEC_", "KUBE_")))
    environment = outcome.environment
    return {
        "argocd": environment.argocd,
        "environment": environment.name,
        "namespace": environment.namespace,
        "parameters": parameters,
        "mounted platform": bool(environment.mounted),
        "variables": {name: given[name] if name in VARIABLES else "(hidden)" for name in names},
    }


def _objects(outcome: Outcome) -> dict[str, Any]:
    listed = []
    for manifest in outcome.manifests:
        metadata = manifest["metadata"]
        named = {"kind": manifest["kind"], "namespace": metadata.get("namespace"), "name": metadata["name"]}
        listed.append({"apiVersion": manifest["apiVersion"], **named, **_digest(emit([manifest], "ndjson"))})
    return {"output": _digest(outcome.text), "objects": listed}


def _bug(error: Exception) -> dict[str, Any]:
    """Where it was. What an exception says may quote a spec."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return {"type": type(error).__name__, "frames": frames}


# -- what may be shown -------------------------------------------------------------------------------------------------


def _listed(name: str, text: str, hidden: set[str]) -> list[dict[str, Any]] | None:
    """The values of a spec with their places, or None of one that cannot be read, whose values nobody knows."""
    problems: list[Diagnostic] = []
    try:
        documents = read(text, name, problems)
    except SpecError:
        return None
    if any(one.severity == "error" for one in problems):
        return None
    return [found for index, node in enumerate(documents) for found in _values(node, [str(index)], hidden)]


def _values(node: Node, path: Sequence[str], hidden: set[str]) -> Iterator[dict[str, Any]]:
    value = node.value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _values(child, [*path, key], hidden)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _values(child, [*path, str(index)], hidden)
    if isinstance(value, (dict, list)) and value:
        return
    shown = value if not isinstance(value, str) else _shown(path[1:], value, hidden)
    quoted = isinstance(value, Quoted)
    yield {"at": f"{node.pos.line}:{node.pos.column}", "path": list(path), "value": shown, "quoted": quoted}


def _shown(path: Sequence[str], value: str, hidden: set[str]) -> str:
    """A value, or how long it is where it may be secret."""
    identity = list(path[-2:]) in (["metadata", "name"], ["metadata", "namespace"])
    free = not identity and not set(FREE.split()).isdisjoint(path)
    if not free and not any(told(key, value) for key in ("", *path) if not key.isdigit()):
        return str(value)
    if len(value) > 2:
        hidden.add(str(value))
    return f"(hidden: {len(value)} characters)"


def _diagnostic(one: Diagnostic, hidden: set[str], unread: set[str]) -> dict[str, Any]:
    """A finding without what it quotes of values that are hidden; of an unread file nothing that it quotes is shown."""
    pos = one.pos
    texts = {"message": one.message, "help": one.help}
    unknown = pos is not None and pos.file in unread
    return {
        "code": one.code,
        "severity": one.severity,
        "at": str(pos) if pos is not None else "",
        **{key: _scrubbed(text, hidden, unknown) for key, text in texts.items()},
    }


def _scrubbed(text: str, hidden: set[str], unknown: bool) -> str:
    def quoted(match: re.Match[str]) -> str:
        part = match[1].removesuffix("...")
        shown = not unknown and not any(part and part in value for value in hidden)
        return match[0] if shown else '"(hidden)"'

    text = re.sub(r'"([^"]*)"', quoted, text)
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, "(hidden)")
    return text
