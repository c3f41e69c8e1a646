"""Who runs us: flags, Argo CD's variables and parameters. For renders, the only reader of variables.

Argo CD's contract: https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/ . Variables that
change with every commit or cluster (ARGOCD_APP_REVISION, KUBE_API_VERSIONS, ...) are not read: output depends on the
files and on what is declared here. What an Application may say, it may say as a plugin parameter or, where a parameter
is hard to write, as a variable of ``plugin.env``, whose name Argo CD begins with ARGOCD_ENV_; parameters win.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cmp.diagnostics import Diagnostic, SpecError, did_you_mean
from cmp.limits import DEFAULT, Limits, from_variables

PARAMETERS = ("environment", "namespace", "set")
#: The variables that say the same, as Argo CD passes them.
VARIABLES = {
    "environment": "ARGOCD_ENV_ENVIRONMENT",
    "namespace": "ARGOCD_ENV_NAMESPACE",
    "set": "ARGOCD_ENV_SET",
}


class Environment(NamedTuple):
    """What a render depends on besides the files.

    Attributes:
        namespace: for objects whose spec names none; empty when nobody said.
        name: the environment chosen, or an empty string.
        parameters: text by the name of a declared parameter.
        source_path: the application's path inside the repository, as Argo CD names it, or empty.
        argocd: whether Argo CD runs us.
        mounted: the path of the operator's platform file, or an empty string.
        limits: the operator's bounds.
    """

    namespace: str = ""
    name: str = ""
    parameters: Mapping[str, str] = {}
    source_path: str = ""
    argocd: bool = False
    mounted: str = ""
    limits: Limits = DEFAULT


class Given(NamedTuple):
    """A value that somebody gave, and what that calls itself in messages."""

    origin: str
    value: Any


def from_process(
    namespace: str = "", name: str = "", settings: Iterable[str] = (), environ: Mapping[str, str] = os.environ
) -> Environment:
    """Read the flags, and below them what Argo CD gives.

    Args:
        namespace: the flag ``--namespace``.
        name: the flag ``--env``.
        settings: the flags ``--set``, each ``path=text``.
        environ: the variables of the process that asks.

    Raises:
        SpecError: for a flag or a parameter that cannot be read.
    """
    argocd = by_argocd(environ)
    given = {
        **(_variables(environ) if argocd else {}),
        **_argocd_parameters(environ.get("ARGOCD_APP_PARAMETERS", "")),
    }
    flags = {
        key: Given(f"--{flag}", value)
        for flag, key, value in (("namespace", "namespace", namespace), ("env", "environment", name))
        if value
    }
    told = {**given, **flags}
    parameters = {**_set(given.get("set")), **_set(Given("--set", _settings("--set", settings)))}
    chosen = _namespace(told.get("namespace"), environ.get("ARGOCD_APP_NAMESPACE", "") if argocd else "")
    environment = told.get("environment")
    if environment is not None:
        _refuse_bytes(environment.origin, environment.value)
    return Environment(
        namespace=chosen,
        name=environment.value if environment is not None else "",
        parameters=parameters,
        source_path=environ.get("ARGOCD_APP_SOURCE_PATH", "") if argocd else "",
        argocd=argocd,
        mounted=_mounted(environ.get("MESHSPEC_PLATFORM", "")),
        limits=from_variables(environ),
    )


def _namespace(given: Given | None, destination: str) -> str:
    """The namespace of objects whose spec names none: what was said, or that of the Application's destination."""
    given = given or Given("spec.destination.namespace", destination)
    if not given.value:
        return ""
    _refuse_bytes(given.origin, given.value)
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", given.value):
        what = f'{given.origin}: "{_shown(given.value)}" is not a namespace'
        raise _wrong(what, "lower-case letters, digits and -, at most 63")
    return str(given.value)


def _set(given: Given | None) -> dict[str, str]:
    found: dict[str, str] = given.value if given is not None else {}
    for text in (*found, *found.values()):
        _refuse_bytes(given.origin if given is not None else "", text)
    return found


def _variables(environ: Mapping[str, str]) -> dict[str, Given]:
    """What ``plugin.env`` says: ENVIRONMENT, NAMESPACE, and SET with a ``path=value`` on each line."""
    found = {}
    for name, variable in VARIABLES.items():
        text = environ.get(variable, "")
        if text.strip():
            origin = f"plugin.env {name.upper()}"
            lines = [line for line in text.splitlines() if line.strip()]
            found[name] = Given(origin, _settings(origin, lines) if name == "set" else text)
    return found


def by_argocd(environ: Mapping[str, str]) -> bool:
    """Whether Argo CD runs us: what we say then is kept with the Application, and shown to everybody who sees it."""
    return "ARGOCD_APP_NAME" in environ


def log_file(environ: Mapping[str, str]) -> str:
    """Where the operator wants a line about each render, or an empty string.

    An application cannot set the variable, as it cannot set MESHSPEC_PLATFORM.
    """
    return environ.get("MESHSPEC_LOG", "")


def _mounted(path: str) -> str:
    """The path of the operator's platform file, as the container has it.

    An application cannot set the variable: Argo CD puts ARGOCD_ENV_ before the name of each that it gives. A relative
    path would lead into the application's own directory.
    """
    if path and not os.path.isabs(path):
        raise SpecError([Diagnostic("MS267", "MESHSPEC_PLATFORM is not an absolute path", help="begin it with /")])
    return path


def _settings(flag: str, settings: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            example = "--set image.tag=1.2.3" if flag == "--set" else "image.tag=1.2.3"
            raise _wrong(f'{flag}: "{_shown(setting)}" is not path=value', f"write {example}")
        pairs[path] = text
    return pairs


def _argocd_parameters(text: str) -> dict[str, Given]:
    """The plugin parameters of an Application: a JSON list of objects with a name and one of string, array, map.

    Argo CD writes ``null`` where an Application has none, and keeps present but empty values.
    """
    if not text.strip():
        return {}
    import json

    try:
        announced = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("ARGOCD_APP_PARAMETERS is not JSON", "Argo CD writes a list of parameters there") from None
    found = {}
    for item in announced if isinstance(announced, list) else [] if announced is None else [announced]:
        name = item.get("name") if isinstance(item, dict) else None
        if name not in PARAMETERS:
            help = did_you_mean(str(name), PARAMETERS)
            what = f'plugin parameter "{name}" is not known' if name else "a plugin parameter has no name"
            raise _wrong(what, help)
        found[name] = Given(f'plugin parameter "{name}"', _value(name, item))
    return {name: one for name, one in found.items() if one.value}


def _value(name: str, item: Mapping[str, Any]) -> str | dict[str, str]:
    if name == "set":
        given = item.get("map") or {}
        listed = item.get("array") or []
        if isinstance(given, dict) and isinstance(listed, list) and not item.get("string"):
            return {
                **{str(key): str(text) for key, text in given.items()},
                **_settings('plugin parameter "set"', map(str, listed)),
            }
        raise _wrong('plugin parameter "set" is a map', "write map: {image.tag: 1.2.3}")
    value = item.get("string") or ""
    if not isinstance(value, str) or item.get("map") or item.get("array"):
        raise _wrong(f'plugin parameter "{name}" is a string', f"write string: ... under name: {name}")
    return value


def _shown(text: str) -> str:
    return text if len(text) <= 63 else f"{text[:60]}..."


def _refuse_bytes(origin: str, text: str) -> None:
    """Bytes that are not UTF-8 reach us as lone surrogates, which no output can hold; a NUL ends what programs read."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise _wrong(f"{origin} is not UTF-8", "write it in UTF-8")
    if "\0" in text:
        raise _wrong(f"{origin} holds a NUL character", "take it out: no variable, argument or name can hold one")


def _wrong(message: str, help: str) -> SpecError:
    return SpecError([Diagnostic("MS112", message, help=help)])
