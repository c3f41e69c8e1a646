"""Who runs us: flags, Argo CD's variables and parameters. For renders, the only reader of ``os.environ``.

Argo CD's contract: https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/ . Variables that
change with every commit or cluster (ARGOCD_APP_REVISION, KUBE_API_VERSIONS, ...) are not read: output depends on the
files and on what is declared here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cmp.diagnostics import Diagnostic, SpecError, did_you_mean
from cmp.limits import DEFAULT, Limits, from_variables

PARAMETERS = ("environment", "namespace", "set")


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


def from_process(namespace: str = "", name: str = "", settings: Iterable[str] = ()) -> Environment:
    """Read the flags, and below them what Argo CD gives.

    Args:
        namespace: the flag ``--namespace``.
        name: the flag ``--env``.
        settings: the flags ``--set``, each ``path=text``.

    Raises:
        SpecError: for a flag or a parameter that cannot be read.
    """
    given = _argocd_parameters(os.environ.get("ARGOCD_APP_PARAMETERS", ""))
    argocd = in_argocd()
    destination = os.environ.get("ARGOCD_APP_NAMESPACE", "") if argocd else ""
    parameters = {**given.get("set", {}), **_settings("--set", settings)}
    for text in [namespace, name, *parameters, *parameters.values()]:
        _refuse_bytes(text)
    chosen = namespace or given.get("namespace", "") or destination
    if chosen and not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", chosen):
        raise _wrong(f'"{_shown(chosen)}" is not a namespace', "lower-case letters, digits and -, at most 63")
    return Environment(
        namespace=chosen,
        name=name or given.get("environment", ""),
        parameters=parameters,
        source_path=os.environ.get("ARGOCD_APP_SOURCE_PATH", "") if argocd else "",
        argocd=argocd,
        mounted=_mounted(os.environ.get("MESHSPEC_PLATFORM", "")),
        limits=from_variables(os.environ),
    )


def in_argocd() -> bool:
    """Whether Argo CD runs us."""
    return "ARGOCD_APP_NAME" in os.environ


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
            raise _wrong(f'{flag} "{setting}" is not path=value', f"write {flag} image.tag=1.2.3")
        pairs[path] = text
    return pairs


def _argocd_parameters(text: str) -> dict[str, Any]:
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
    found: dict[str, Any] = {}
    for item in announced if isinstance(announced, list) else [] if announced is None else [announced]:
        name = item.get("name") if isinstance(item, dict) else None
        if name not in PARAMETERS:
            help = did_you_mean(str(name), PARAMETERS)
            what = f'plugin parameter "{name}" is not known' if name else "a plugin parameter has no name"
            raise _wrong(what, help)
        found[name] = _value(name, item)
    return {name: value for name, value in found.items() if value}


def _value(name: str, item: Mapping[str, Any]) -> str | dict[str, str]:
    if name == "set":
        given = item.get("map") or {}
        listed = item.get("array") or []
        if isinstance(given, dict) and isinstance(listed, list) and not item.get("string"):
            return {
                **{str(key): str(text) for key, text in given.items()},
                **_settings("parameter set", map(str, listed)),
            }
        raise _wrong('plugin parameter "set" is a map', "write map: {image.tag: 1.2.3}")
    value = item.get("string") or ""
    if not isinstance(value, str) or item.get("map") or item.get("array"):
        raise _wrong(f'plugin parameter "{name}" is a string', f"write string: ... under name: {name}")
    return value


def _shown(text: str) -> str:
    return text if len(text) <= 63 else f"{text[:60]}..."


def _refuse_bytes(text: str) -> None:
    """Bytes that are not UTF-8 reach us as lone surrogates, which no output can hold; a NUL ends what programs read."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise _wrong("a parameter is not UTF-8", "write it in UTF-8")
    if "\0" in text:
        raise _wrong("a parameter holds a NUL character", "take it out: no variable, argument or name can hold one")


def _wrong(message: str, help: str) -> SpecError:
    return SpecError([Diagnostic("MS112", message, help=help)])
