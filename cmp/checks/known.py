"""Warnings of services that nobody knows. Other applications have services too, so only a near miss is suspicious."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import named
from cmp.context.model import Context, Service
from cmp.context.names import split

#: Names of fewer letters are too near to each other: api and app are two services.
_SHORTEST = 4


def check_unknown_services(context: Context) -> Iterator[Finding]:
    """A service is named that neither the render nor the catalog has, where one of nearly that name is known."""
    listed = context.platform.catalog if context.platform is not None else {}
    known = _Known([*((one.name, one.namespace) for one in context.services), *listed])
    for service in context.services:
        for reference, path in _references(service):
            name, namespace = split(reference, service.namespace)
            if known.has(name, namespace):
                continue
            near = known.near(name, namespace, said="." in reference)
            if near is None:
                continue
            message = f'neither this render nor a catalog has a service "{name}" in namespace "{namespace}"'
            right = near[0] if near[1] == service.namespace else f"{near[0]}.{near[1]}"
            help = f'did you mean "{right}"? If not, add to the platform: catalog: {{{name}.{namespace}: {{}}}}'
            yield Finding("MS307", service, path, message, help, severity="warning")


def _references(service: Service) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The services that a service names, each with its path."""
    spec = service.spec
    for index, call in enumerate(spec.calls):
        if call.service is not None:
            yield call.service, ("calls", index, "service")
    yield from ((one.service, (*path, "service")) for one, path in named(service) if one.service is not None)
    for index, route in enumerate(spec.routes):
        if route.delegate is not None:
            yield route.delegate, ("routes", index, "delegate")
        for number, match in enumerate(route.match):
            if match.from_ is not None:
                yield match.from_, ("routes", index, "match", number, "from")
    for index, rule in enumerate(spec.access):
        for number, source in enumerate(rule.from_):
            for key in ("services", "notServices"):
                for at, reference in enumerate(getattr(source, key)):
                    yield reference, ("access", index, "from", number, key, at)


class _Known:
    """The services that are known, found by a name that is one letter off, or by their name in another namespace.

    An index of names with a letter left out keeps the search linear in their number; it is made for the first miss.
    """

    def __init__(self, services: list[tuple[str, str]]) -> None:
        self._services = services
        self._all = frozenset(services)
        self._shortened: dict[tuple[str, str], tuple[str, str]] = {}
        self._elsewhere: dict[str, tuple[str, str]] = {}

    def has(self, name: str, namespace: str) -> bool:
        return (name, namespace) in self._all

    def near(self, name: str, namespace: str, *, said: bool) -> tuple[str, str] | None:
        """The service that is probably meant: nearly of this name, or of this name in another namespace.

        Where a namespace is ``said``, it is another one only by a slip.
        """
        if not self._elsewhere:
            self._elsewhere = {one[0]: one for one in reversed(self._services)}
            for known, where in reversed(self._services):
                self._shortened.update(((text, where), (known, where)) for text in _shortened(known))
        found = self._elsewhere.get(name)
        if found is not None and (not said or _is_slip(namespace, found[1])):
            return found
        candidates = [self._shortened.get((text, namespace)) for text in _shortened(name)]
        return next((one for one in candidates if one is not None and _is_slip(name, one[0])), None)


def _shortened(name: str) -> list[str]:
    """A name, and what is left of it without one of its letters. Two that are one slip apart share one of these."""
    return [name, *(name[:at] + name[at + 1 :] for at in range(len(name)))]


def _is_slip(one: str, other: str) -> bool:
    """Whether two names differ by one letter more, less or other, or by two neighbours that are swapped.

    A digit makes another service of a name (``shard-1``), and so does a letter of a short one.
    """
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    if len(one) == len(other):
        wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(one) == sorted(other)
        return swapped or (len(wrong) == 1 and len(one) >= _SHORTEST)
    return min(len(one), len(other)) >= _SHORTEST
