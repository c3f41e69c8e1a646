"""Warnings: what can be meant, and mostly is a mistake. A spec silences one, with its reason: ``ignore``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step, every_run, every_version
from cmp.checks.secrets import variables
from cmp.checks.traffic import milliseconds, targets
from cmp.context.hosts import fits
from cmp.context.model import Context, Destination, Service
from cmp.context.names import fqdn
from cmp.context.running import fewest_pods
from cmp.spec.syntax import SCHEMES

if TYPE_CHECKING:
    from cmp.spec.container import Probe
    from cmp.spec.security import Access
    from cmp.spec.traffic import Retries

#: Conditions that hold only where nothing was sent, so that nothing is done twice.
_UNSENT = frozenset(("connect-failure", "refused-stream", "reset-before-request"))
#: Conditions of gRPC, whose methods HTTP does not tell apart.
_GRPC = frozenset(("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"))
#: Methods that mean the same when they are repeated (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2).
_IDEMPOTENT = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"))
#: A host in the value of a variable: that of a URL, or one with a port.
_HOST = (
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>[a-z0-9.-]+)(?P<port>:[0-9]+)?(?:[/?#].*)?"
    r"|(?P<name>[a-z0-9.-]+)(?P<number>:[0-9]{2,5})"
)


def check_undeclared_hosts(context: Context) -> Iterator[Finding]:
    """A variable names a host that the service does not call, so its proxy will refuse it."""
    exposed = {item.spec.host for service in context.services for item in service.exposures}
    for service, run, path in every_run(context):
        if not service.facts.limited or not _is_closed(service):
            continue
        for at, name, value in variables(run):
            match = re.fullmatch(_HOST, value, re.IGNORECASE)
            host = (match["host"] or match["name"]).lower().rstrip(".") if match else ""
            if match is None or _is_own(host) or host in exposed or _reaches(service, host):
                continue
            message = f'env "{name}" names the host "{host}", which "{service.name}" does not call'
            scheme = match["scheme"] if match["scheme"] in SCHEMES else "tcp"
            url = f"{scheme}://{host}{match['port'] or match['number'] or ('' if SCHEMES[scheme] else ':<port>')}"
            help = f"add it to calls: a service by its name, another host as {url}"
            yield Finding("MS301", service, (*path, *at), message, help, severity="warning")


def _is_closed(service: Service) -> bool:
    """Whether its proxy refuses hosts that nobody declared."""
    sidecar = service.spec.sidecar
    policy = sidecar.outboundTrafficPolicy if sidecar is not None else None
    return policy is None or policy.mode != "ALLOW_ANY"


def _is_own(host: str) -> bool:
    """No host, this machine, or an address: addresses are declared by what runs there."""
    return not host or host == "localhost" or re.fullmatch(r"[0-9.]+", host) is not None


def _reaches(service: Service, host: str) -> bool:
    """Whether the Sidecar has a host, written in full or as Kubernetes completes it."""
    domain, own = service.target.cluster_domain, service.namespace
    name, _, rest = host.partition(".")
    where = rest.removesuffix(f".svc.{domain}").removesuffix(".svc") or own
    inside = fqdn(name, where, domain)
    for item in service.egress:
        namespace, _, seen = item.partition("/")
        namespace = own if namespace == "." else namespace
        if seen == "*" and namespace in (where, "*"):
            return True
        if seen != "*" and (fits(seen, host) or fits(seen, inside)):
            return True
    return False


def check_idle_versions(context: Context) -> Iterator[Finding]:
    """A version without a share that no rule of this render leads to."""
    led_to = {(one.host, one.subset) for one in _destinations(context) if one.weight}
    for service, version, path in every_version(context):
        if version.weight == 0 and len(service.versions) > 1 and (service.host, version.name) not in led_to:
            message = f'nothing leads to version "{version.name}": its weight is 0, and no route or mirror names it'
            help = "give it a weight, a route or a mirror, or take it out"
            yield Finding("MS302", service, (*path, "weight"), message, help, severity="warning")


def _destinations(context: Context) -> Iterator[Destination]:
    for service in context.services:
        rules = [*service.http, *service.delegated, *(rule for one in service.ingress for rule in one.rules)]
        for further in service.further:
            rules += further.http
        for rule in rules:
            yield from rule.destinations
            yield from (mirror.destination for mirror in rule.mirrors)
        for stream in (*service.tcp, *service.tls):
            yield from stream.destinations
        yield from (one for ingress in service.ingress for one in ingress.destinations)


def check_empty_versions(context: Context) -> Iterator[Finding]:
    """A version gets requests and may have no pod: callers are told 503 until there is one."""
    for service, version, path in every_version(context):
        if service.ports and version.weight and version.spec.replicas is not None and fewest_pods(version) == 0:
            message = f'version "{version.name}" gets {version.weight}% of the requests, and may have no pods for them'
            help = "give it a pod, or no weight; callers are answered 503 until a pod is ready"
            yield Finding("MS303", service, (*path, "replicas"), message, help, severity="warning")


def check_repeated_requests(context: Context) -> Iterator[Finding]:
    """A POST or PATCH would be sent again although it may have been carried out."""
    for service in context.services:
        if service.spec.retries is not None and (found := _repeats(service.spec.retries)):
            yield _repeated(service, (), found)
        for target, path in targets(service):
            matches = getattr(target, "match", None) or ()
            safe = bool(matches) and all(one.method and _IDEMPOTENT.issuperset(one.method) for one in matches)
            if target.retries is not None and not safe and (found := _repeats(target.retries)):
                yield _repeated(service, path, found)


def _repeats(retries: Retries) -> list[str]:
    attempts = ATTEMPTS if retries.attempts is None else retries.attempts
    return [one for one in retries.retryOn if one not in _UNSENT and one not in _GRPC] if attempts else []


def _repeated(service: Service, path: tuple[Step, ...], found: Iterable[str]) -> Finding:
    message = f"a POST is sent again on {', '.join(found)}, although it may have been carried out"
    help = "say it in routes that match idempotent methods only: match: {method: GET}"
    return Finding("MS304", service, (*path, "retries", "retryOn"), message, help, severity="warning")


def check_idle_callers(context: Context) -> Iterator[Finding]:
    """Whom a service of this render admits, and who does not call it."""
    for service in context.services:
        for index, rule in enumerate(service.spec.access if service.facts.ours else ()):
            for number, source in enumerate(rule.from_):
                for at, reference in enumerate(source.services):
                    caller = context.service(*_split(reference, service.namespace))
                    if caller is None or caller is service or not caller.facts.limited or not _is_closed(caller):
                        continue
                    if not any(_reaches(caller, host) for host in service.hosts):
                        message = f'"{caller.name}" may call "{service.name}", and does not: its calls lack it'
                        help = f"add {service.name} to the calls of {caller.name}, or take it out here"
                        where = ("access", index, "from", number, "services", at)
                        yield Finding("MS305", service, where, message, help, severity="warning")


def _split(reference: str, namespace: str) -> tuple[str, str]:
    name, _, where = reference.partition(".")
    return name, where or namespace


def check_moving_tags(context: Context) -> Iterator[Finding]:
    """The same spec would run another image tomorrow, and Argo CD would not see it."""
    for service, run, path in every_run(context):
        image = run.spec.image
        if image is not None and image.digest is None and image.tag == "latest":
            message = 'the tag "latest" moves: pods of one version run different images'
            help = "name a release, or a digest"
            yield Finding("MS306", service, (*path, "image", "tag"), message, help, severity="warning")


def check_asked_ports(context: Context) -> Iterator[Finding]:
    """A probe asks a port that the service does not have: is the number wrong, or does the container listen there?"""
    for service, version, path in every_version(context):
        known = {number for port in service.ports for number in (port.number, port.target)}
        for kind in ("startup", "liveness", "readiness") if known else ():
            probe: Probe | None = getattr(version.spec.health, kind, None)
            asked = {key: getattr(probe, key, None) or "" for key in ("grpc", "tcp", "port")}
            key, port = next(((key, one) for key, one in asked.items() if one), ("", ""))
            if port.isdecimal() and 1 <= int(port) <= 65535 and int(port) not in known:
                message = f'the {kind} probe asks port {port}, which "{service.name}" does not have'
                listed = " or ".join(dict.fromkeys(one.name for one in service.ports))
                speaks = "http" if key == "port" else key
                help = f"write {listed}, or add it, if the container listens there: ports: {{{speaks}-health: {port}}}"
                yield Finding("MS308", service, (*path, "health", kind, key), message, help, severity="warning")


def check_short_timeouts(context: Context) -> Iterator[Finding]:
    """The whole request is over before all of its tries are made: some of them are written for nothing."""
    for service in context.services:
        spec = service.spec
        items = [(spec.timeout, spec.retries, ()), *((one.timeout, one.retries, at) for one, at in targets(service))]
        for timeout, retries, path in items:
            if timeout is None or retries is None or retries.perTryTimeout is None:
                continue
            tries = 1 + (ATTEMPTS if retries.attempts is None else retries.attempts)
            whole, each = milliseconds(timeout), milliseconds(retries.perTryTimeout)
            if each <= whole < tries * each:  # one try that is longer is an error
                needed, shorter = _duration(tries * each), _duration(max(whole // tries, 1))
                message = f"{tries} tries of {retries.perTryTimeout} need {needed}, and the whole request has {timeout}"
                help = f"set timeout to {needed}, perTryTimeout to {shorter}, or attempts to {whole // each - 1}"
                at = (*path, "retries", "perTryTimeout")
                yield Finding("MS309", service, at, message, help, severity="warning")


#: How often a request is tried again where a spec does not say it.
ATTEMPTS = 2


def _duration(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def check_tokens_asked_for(context: Context) -> Iterator[Finding]:
    """Tokens are checked where there are some, and nothing asks for one: a request without passes.

    https://istio.io/latest/docs/concepts/security/#request-authentication
    """
    for service in context.services:
        spec = service.spec
        required = any(token.require for token in spec.jwt)
        read = any(
            one.forwardOriginalToken or one.outputPayloadToHeader or one.outputClaimToHeaders for one in spec.jwt
        )
        if spec.jwt and not (required or read or any(_asks_for_token(rule) for rule in spec.access)):
            message = f'"{service.name}" checks tokens and asks for none: requests without a token pass'
            help = "add require: true, or let access ask: from: {requestPrincipals: [...]}"
            yield Finding("MS310", service, ("jwt", 0), message, help, severity="warning")


def _asks_for_token(rule: Access) -> bool:
    named = any(one.requestPrincipals or one.notRequestPrincipals for one in rule.from_)
    return named or any(key.startswith("request.auth.") for key in rule.when)


def check_annotations(context: Context) -> Iterator[Finding]:
    """Annotations of Istio that it does not know, or does not read of the objects that get them."""
    for service in context.services:
        spec = service.spec
        places: list[tuple[tuple[Step, ...], Mapping[str, str], tuple[str, ...]]] = []
        places += [(("metadata", "annotations"), spec.metadata.annotations, _NO_PODS)]
        places += [(("service", "annotations"), spec.service.annotations, ("Service",))] if spec.service else []
        for version in service.versions:
            pod, place = version.spec.pod, ("versions", version.name, "pod", "annotations")
            places += [(place, pod.annotations, ("Pod",))] if pod is not None else []
        for where, written, kinds in places:
            for name in written:
                if "istio.io/" not in name:
                    continue
                from cmp.context.annotations import is_of_istio, refusal  # few specs write one

                found = refusal(name, kinds) if is_of_istio(name) else None
                if found is not None:
                    message, help = found
                    yield Finding("MS311", service, (*where, name), message, help, True, severity="warning")


#: What has the annotations of `metadata` of a service.
_NO_PODS = ("Service", "ServiceEntry", "AuthorizationPolicy")


def check_ignored(context: Context) -> Iterator[Finding]:
    """Only warnings can be silenced."""
    for service in context.services:
        for code in service.spec.ignore:
            if code not in WARNINGS:
                help = f"warnings are {', '.join(WARNINGS)}; errors are mended"
                yield Finding("MS104", service, ("ignore", code), f'there is no warning "{code}"', help, True)


WARNINGS = tuple(f"MS{number}" for number in range(301, 313))
