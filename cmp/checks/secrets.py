"""Checks of secrets: they come from a store by reference, and never stand in a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, every_run
from cmp.context.egress import reads_secrets
from cmp.context.jobs import Run
from cmp.context.model import Context, Service

if TYPE_CHECKING:
    from cmp.spec.container import ContainerFields
    from cmp.spec.runs import RunFields
    from cmp.spec.security import RbacRule
    from cmp.spec.storage import ExternalSecret

Path = tuple[str | int, ...]
HELP = "keep it in a Secret and refer to it: {secret: name/key}; `secrets` fetches one from a store"


def check_external_secrets(context: Context) -> Iterator[Finding]:
    """A secret has a place in the store, and one for all versions and jobs: it is one object."""
    for service, run, path in every_run(context):
        for name, secret in run.spec.secrets.items():
            at = (*path, "secrets", name)
            if secret.key is None and not secret.data:
                yield Finding("MS102", service, at, f"secrets.{name}: key or data is missing", "add one of them")
            for key, ref in secret.data.items():
                if secret.key is None and ref.key is None:
                    message = f"secrets.{name}.data.{key}: key is missing"
                    yield Finding("MS102", service, (*at, "data", key), message, "add it here or to the secret")
            yield from _same(service, name, secret, at)


def _same(service: Service, name: str, secret: ExternalSecret, at: Path) -> Iterator[Finding]:
    runs = [("versions", one) for one in service.versions] + [("jobs", one) for one in service.jobs if not one.apart]
    for kind, other in runs:
        first = other.spec.secrets.get(name)
        if first is not None:
            if first != secret:
                message = f'the secret "{name}" differs between versions or jobs, and is one object'
                related = ((service, (kind, other.name, "secrets", name), "the other one"),)
                yield Finding("MS207", service, at, message, "give it another name in one of them", related=related)
            return


def check_plain_secrets(context: Context) -> Iterator[Finding]:
    """No secret stands in the spec or in a file that it names. Messages never hold the value, nor its line."""
    for service, run, path in every_run(context):
        for at, name, value in variables(run):
            if found := told(name, value):
                yield Finding("MS230", service, (*path, *at), f'env "{name}" {found}', HELP)
        for at, key, value in _parameters(run):
            if found := told(key, value):
                message, help = f'the parameter "{key}" of a trigger {found}', FOR_TRIGGERS.format(key)
                yield Finding("MS230", service, (*path, *at), message, help)
        for at, text in _texts(run):
            if found := secret_in(text):
                key = next(str(step) for step in at if step in ("args", "command", "config", "annotations"))
                yield Finding("MS230", service, (*path, *at), f"{key}: {found} stands here in plain text", HELP)


def _containers(run: Run) -> Iterator[tuple[Path, ContainerFields | RunFields]]:
    yield (), run.spec
    pod = run.spec.pod
    if pod is not None:
        yield from ((("pod", "containers", name), one) for name, one in pod.containers.items())
        yield from ((("pod", "initContainers", index), one) for index, one in enumerate(pod.initContainers))


def variables(run: Run) -> Iterator[tuple[Path, str, str]]:
    """The variables of all containers that have a value of their own: path, name and value."""
    for at, spec in _containers(run):
        for name, value in spec.env.items():
            if value.value is not None:
                yield (*at, "env", name, "value"), name, value.value


def _parameters(run: Run) -> Iterator[tuple[Path, str, str]]:
    """What KEDA is told of its sources; ``..FromEnv`` is the name of a variable."""
    scale = getattr(run.spec, "replicas", None)  # a job has none
    for index, trigger in enumerate(scale.triggers if scale is not None else ()):
        for key, value in trigger.metadata.items():
            if not key.endswith("FromEnv"):
                yield ("replicas", "triggers", index, "metadata", key), key, value


FOR_TRIGGERS = "keep it in a Secret and refer to it: authentication: {{secretTargetRef: {{{}: name/key}}}}"


def check_tokens_of_readers(context: Context) -> Iterator[Finding]:
    """No pod holds a token that may read all Secrets of its namespace, unless the spec says that it may.

    Its account has that right where istiod asks for it, for the proxy's sake: ``egress.credential_readers``.
    """
    ours = [service for service in context.services if service.facts.ours]
    said = {service.principal for service in ours if any(_lists_secrets(rule) for rule in service.spec.rbac)}
    readers = {service.principal: service for service in ours if reads_secrets(service.spec.calls)}
    for service in ours:
        reader = readers.get(service.principal)
        if reader is None or service.principal in said:
            continue
        for path in _tokens(service):
            related = ((reader, ("calls",), "that right is for a credentialName here"),)
            message = f'the token of "{service.account}" in these pods can read all Secrets of the namespace'
            help = "mount the key and name its files: caCertificates, clientCertificate and privateKey, or use "
            help += "another serviceAccount; write rbac: {resources: secrets, verbs: list} if you mean it"
            yield Finding("MS229", service, path, message, help, True, related)


def _lists_secrets(rule: RbacRule) -> bool:
    anything = "*"
    return (
        bool({"secrets", anything} & set(rule.resources))
        and bool({"list", anything} & set(rule.verbs))
        and not rule.resourceNames
        and (not rule.apiGroups or bool({"", anything} & set(rule.apiGroups)))
    )


def _tokens(service: Service) -> Iterator[Path]:
    """The places that mount a token which the API server takes."""
    if service.spec.rbac:
        yield ("rbac",)
    for version in service.versions:
        for place, volume in version.spec.volumes.items():
            for index, source in enumerate(volume.projected):
                token = source.serviceAccountToken
                if token is not None and token.audience is None:
                    yield ("versions", version.name, "volumes", place, "projected", index)


def _texts(run: Run) -> Iterator[tuple[Path, str]]:
    for at, spec in _containers(run):
        for key, words in (("command", spec.command), ("args", spec.args)):
            yield from (((*at, key, index), word) for index, word in enumerate(words))
    for file in run.config.files if run.config is not None else ():
        written = run.spec.config[file.path].file
        yield ("config", file.path, "text" if written is None else "file"), file.text
    notes = run.spec.pod.annotations if run.spec.pod is not None else {}
    yield from ((("pod", "annotations", key), text) for key, text in notes.items())


def told(name: str, value: str) -> str:
    """What gives a variable's value away, or an empty string."""
    if found := secret_in(value):
        return f"holds {found} in plain text"
    return "has the name of a secret and its value in plain text" if _is_named(name) and not _harmless(value) else ""


#: Words that name secrets, and words that, at the end of a name, say that it is only about one.
_NAMES = """
    APIKEY CREDENTIAL CREDENTIALS PASSPHRASE PASSWD PASSWORD PRIVATEKEY PWD SECRET SECRETKEY TOKEN
"""
_KEYS = frozenset(("ACCESS", "API", "ENCRYPTION", "MASTER", "PRIVATE", "SIGNING"))
_ABOUT = """
    AGE ALG ALGORITHM ARN AUDIENCE BACKEND CLASS COOKIE COUNT DAYS DIR DIRECTORY DISABLED DURATION ENABLED ENDPOINT
    ENGINE EXPIRATION EXPIRES EXPIRY FIELD FILE FORMAT HASHER HEADER HOST HOURS ID INTERVAL ISSUER KIND LEN LENGTH
    LIFETIME LIMIT LOCATION LOGIN MANAGER MAX METHOD MIN MINUTES MODE NAME NAMES NAMESPACE PARAM PATH POLICY PORT
    PREFIX PROVIDER REF REFERENCE REGION REQUIRED RESET ROTATION SCOPE SCOPES SECONDS SERVICE SIZE STORE SUFFIX
    TIMEOUT TTL TYPE URI URL USER USERNAME VALIDITY VERSION
"""


def _is_named(name: str) -> bool:
    if not any(part in name.upper() for part in ("CREDENTIAL", "KEY", "PASS", "PWD", "SECRET", "TOKEN")):
        return False
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).upper().replace("-", "_").replace(".", "_").split("_")
    words = [word for word in words if word and not word.isdigit()]
    if not words or words[-1] in _ABOUT.split():
        return False
    pairs = pairwise(words)
    return any(word in _NAMES.split() for word in words) or any(a in _KEYS and b == "KEY" for a, b in pairs)


_HARMLESS = """
    true false yes no on off none null nil enabled disabled required optional default env file vault auto include
    omit same-origin
"""


def _harmless(value: str) -> bool:
    """Nothing, a reference to another variable, a path, an address, a word: what no secret is."""
    plain = re.sub(r"\$\([^()]*\)", "", value).strip()
    return (
        not plain
        or plain.lower() in _HARMLESS.split()
        or bool(re.fullmatch(r"[0-9]+(ms|s|m|h|d)", plain))
        or bool(re.match(r"\.{0,2}/\w|[a-z][a-z0-9+.-]*://", plain))
        or bool(re.fullmatch(r"<[^<>]*>|\{\{?[^{}]*\}?\}|\$\{?\w+\}?", plain))
    )


#: What shows a known kind of secret: the text that it begins with or holds, and its whole shape.
_SHAPES: Mapping[str, tuple[str, str]] = {
    "PRIVATE KEY-----": (r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    "://": (r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:]*:(?!\$\(|\$\{|<)[^\s/@]+@", "an address with a password"),
    "AKIA": (r"\bAKIA[0-9A-Z]{16}\b", "an access key of AWS"),
    "gh": (r"\bgh[opsur]_[A-Za-z0-9]{36}", "a token of GitHub"),
    "github_pat_": (r"\bgithub_pat_[A-Za-z0-9_]{60}", "a token of GitHub"),
    "glpat-": (r"\bglpat-[A-Za-z0-9_-]{20}", "a token of GitLab"),
    "xox": (r"\bxox[abeoprs]-[A-Za-z0-9-]{10}", "a token of Slack"),
    "k_live_": (r"\b[rs]k_live_[A-Za-z0-9]{16}", "a key of Stripe"),
    "AIza": (r"\bAIza[0-9A-Za-z_-]{35}", "a key of Google"),
    "npm_": (r"\bnpm_[A-Za-z0-9]{36}", "a token of npm"),
    "hvs.": (r"\bhvs\.[A-Za-z0-9_-]{24}", "a token of Vault"),
    "eyJ": (r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16}", "a signed token (JWT)"),
}


def secret_in(text: str) -> str:
    """The kind of secret that a text holds by its shape, or an empty string."""
    for mark, (shape, kind) in _SHAPES.items():
        if mark in text and re.search(shape, text):
            return kind
    return ""
