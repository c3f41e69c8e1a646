"""Checks of routing: versions, weights, answers, retries and what no request reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.context.model import Context, Service
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.streams import StreamDestination, StreamRoute
    from cmp.spec.traffic import Destination, Mirror, Retries, Target

    Named = Destination | StreamDestination | Mirror


def check_weights(context: Context) -> Iterator[Finding]:
    """The shares of versions, and those of each route, sum to 100."""
    for service in context.services:
        given = {version.name: version.spec.weight for version in service.versions}
        open_ = [name for name, weight in given.items() if weight is None]
        path: tuple[Step, ...] = ("versions",)
        total = sum(weight or 0 for weight in given.values())
        if len(open_) > 1:
            listed = " and ".join(f'"{name}"' for name in open_)
            message = f'versions {listed} of "{service.name}" both leave their weight out'
            yield Finding("MS203", service, (*path, open_[1]), message, "only one may, and gets the rest of 100", True)
        elif (given and not open_ and total != 100) or total > 100:
            message = f'weights of the versions of "{service.name}" sum to {total}, not 100'
            last = [name for name, weight in given.items() if weight is not None][-1]
            yield Finding("MS203", service, (*path, last, "weight"), message, _mend(last, given[last] or 0, total))
        yield from _target_weights(service)


def _mend(name: str, weight: int, total: int) -> str:
    right = weight + 100 - total
    return f"set {name}.weight to {right}" if 0 <= right <= 100 else "make them sum to 100"


def _target_weights(service: Service) -> Iterator[Finding]:
    for target, path in senders(service):
        if target.to and sum(target.to.values()) != 100:
            message = f"weights of this route sum to {sum(target.to.values())}, not 100"
            last = list(target.to)[-1]
            help = _mend(last, target.to[last], sum(target.to.values())).replace(".weight", "")
            help = f"write to: {last}" if len(target.to) == 1 else help
            yield Finding("MS203", service, (*path, "to"), message, help, True)
        weights = [one.weight for one in target.destinations]
        given = [weight for weight in weights if weight is not None]
        if (len(weights) > 1 or given) and (None in weights or sum(given) != 100):
            message = f"weights of these destinations sum to {sum(given)}, not 100"
            help = "give each a weight; they sum to 100" if len(weights) > 1 else "leave it out: there is no other"
            yield Finding("MS203", service, (*path, "destinations"), message, help, True)


def targets(service: Service) -> Iterator[tuple[Target, tuple[Step, ...]]]:
    """The routes and exposed hosts of a service, with their paths."""
    for index, route in enumerate(service.spec.routes):
        yield route, ("routes", index)
    for index, item in enumerate(service.spec.expose):
        yield item, ("expose", index)


def senders(service: Service) -> Iterator[tuple[Target | StreamRoute, tuple[Step, ...]]]:
    """All that names destinations: routes, exposed hosts, and rules for connections."""
    yield from targets(service)
    for key in ("tcpRoutes", "tlsRoutes"):
        for index, route in enumerate(getattr(service.spec, key)):
            yield route, (key, index)


def named(service: Service) -> Iterator[tuple[Named, tuple[Step, ...]]]:
    """The destinations and mirrors of all of these, each with its path."""
    for target, path in senders(service):
        for key in ("destinations", "mirror"):
            for index, one in enumerate(getattr(target, key, ())):
                yield one, (*path, key, index)


def check_versions(context: Context) -> Iterator[Finding]:
    """A route names versions that are there."""
    for service in context.services:
        names = [version.name for version in service.versions]
        used = [(name, (*path, "to", name)) for target, path in senders(service) for name in target.to]
        used += [(one.version, (*path, "version")) for one, path in named(service) if one.version is not None]
        for name, at in used:
            if name not in names:
                message = f'"{service.name}" has no version "{name}"'
                yield Finding("MS201", service, at, message, _one_of(name, names))


def _one_of(name: str, names: list[str]) -> str:
    """What to write in place of a version. One that differs in its digits alone is another version, and no slip."""
    letters = ["".join(c for c in one if not c.isdigit()) for one in (name, *names)]
    if letters[0] in letters[1:]:
        return f"known here: {', '.join(sorted(names))}; or add it: versions: {{{name}: {{..}}}}"
    return did_you_mean(name, names) or ELSEWHERE


#: What to write where there are no versions.
ELSEWHERE = "lead to another service: destinations: {service: name}"


#: What Istio's webhook warns of (istio pkg/config/validation, validateHTTPDirectResponse).
MOST_OF_A_BODY = 100 * 1024


def check_answers(context: Context) -> Iterator[Finding]:
    """A route or host that the proxy answers itself sends nothing on, and so has no more to say."""
    for service in context.services:
        for target, path in targets(service):
            answers = next((key for key in ("redirect", "directResponse") if getattr(target, key)), None)
            for key in ("rewrite", "fault", "mirror", "timeout", "retries"):
                if answers is not None and getattr(target, key):
                    message = f'"{key}" says nothing beside "{answers}": the proxy answers itself'
                    yield Finding("MS218", service, (*path, key), message, "leave it out", True)
            body = target.directResponse.body if target.directResponse is not None else None
            if len((body or "").encode()) > MOST_OF_A_BODY:
                message = f"the answer has {len((body or '').encode())} bytes, which every proxy would hold"
                help = "serve what is longer than 100 KiB from a pod"
                yield Finding("MS218", service, (*path, "directResponse", "body"), message, help)
            leads = vars(target.redirect).items() if target.redirect is not None else ()
            if target.redirect is not None and not any(value for key, value in leads if key != "redirectCode"):
                message = "the redirect leads nowhere else"
                yield Finding("MS102", service, (*path, "redirect"), message, "add path, authority, scheme or port")
            if target.fault is not None and target.fault.delay is None and target.fault.abort is None:
                yield Finding("MS102", service, (*path, "fault"), "the fault is empty", "add delay or abort")


def check_retries(context: Context) -> Iterator[Finding]:
    """Retries that are off have nothing else to say."""
    for service in context.services:
        for retries, path in _retries(service):
            extra = [key for key, value in vars(retries).items() if key != "attempts" and value not in (None, ())]
            if retries.attempts == 0 and extra:
                message = f'"{extra[0]}" says nothing where attempts is 0'
                yield Finding("MS218", service, (*path, "retries", extra[0]), message, "leave it out", True)


def _retries(service: Service) -> Iterator[tuple[Retries, tuple[Step, ...]]]:
    if service.spec.retries is not None:
        yield service.spec.retries, ()
    yield from ((target.retries, path) for target, path in targets(service) if target.retries is not None)


def check_timeouts(context: Context) -> Iterator[Finding]:
    """A try that may take longer than the whole request is never ended by its own timeout."""
    for service in context.services:
        spec = service.spec
        items = [(spec.timeout, spec.retries, ()), *((one.timeout, one.retries, at) for one, at in targets(service))]
        for timeout, retries, path in items:
            each = retries.perTryTimeout if retries is not None else None
            if timeout is not None and each is not None and milliseconds(each) > milliseconds(timeout):
                message = f"perTryTimeout {each} is longer than the timeout {timeout} of the whole request"
                yield Finding("MS218", service, (*path, "retries", "perTryTimeout"), message, "make it shorter")


def milliseconds(duration: str) -> int:
    """A duration of the language, which is whole seconds or milliseconds, in milliseconds."""
    return int(duration[:-2]) if duration.endswith("ms") else int(duration[:-1]) * 1000
