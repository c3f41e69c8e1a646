"""One application of many: rendered, and what the call has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from cmp.diagnostics import Diagnostic, SpecError
from cmp.emit import emit
from cmp.environment import Environment
from cmp.manifests.step import Built
from cmp.many.applications import Application
from cmp.pipeline import Rendered, Shared, environments_of_layout, render_layout

#: The longest line of a file that is kept for an excerpt.
LINE = 10_000
#: Platform files that are kept for other applications of the call.
PLATFORMS = 64


class Outcome(NamedTuple):
    """What became of an application.

    Attributes:
        found: errors, or warnings.
        lines: of files, by their numbers: those that excerpts of ``found`` show.
        services: how many were rendered.
        objects: how many they gave.
        keys: a number for each object whose name in the cluster is known.
        kept: what the place of its text is to whoever keeps it.
    """

    found: tuple[Diagnostic, ...] = ()
    lines: Mapping[str, Mapping[int, str]] = {}
    services: int = 0
    objects: int = 0
    keys: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()


class Renderer:
    """Renders applications one by one, in whichever process it is called."""

    def __init__(
        self,
        applications: Sequence[Application],
        output: Literal["yaml", "ndjson"],
        keep: Callable[[int, bytes], tuple[int, ...]] | None,
    ) -> None:
        """Without ``keep``, which takes the text, each application is only checked, for all its environments."""
        self._applications = applications
        self._output = output
        self._keep = keep
        self._shared: Shared = {}

    def __call__(self, index: int) -> Outcome:
        """Render one application."""
        application = self._applications[index]
        if len(self._shared) > PLATFORMS:
            self._shared.clear()
        texts: dict[str, str] = {}
        total = Outcome()
        found: list[Diagnostic] = []
        try:
            for environment in self._asked(application):
                try:
                    rendered = render_layout(
                        application.layout, environment, texts, self._shared, application.settings.empty
                    )
                except SpecError as error:
                    found += error.diagnostics
                    continue
                found += rendered.warnings
                total = self._added(total, index, rendered, environment)
        except SpecError as error:
            found += error.diagnostics
        return total._replace(found=tuple(found), lines=excerpted(found, texts))

    def _asked(self, application: Application) -> list[Environment]:
        if self._keep is not None:
            return [application.settings.environment]
        return every_environment(application, self._shared)

    def _added(self, total: Outcome, index: int, rendered: Rendered, environment: Environment) -> Outcome:
        kept = total.kept
        if self._keep is not None and rendered.manifests:
            kept = self._keep(index, emit(rendered.manifests, self._output, environment.limits.output_bytes).encode())
        cluster = self._applications[index].settings.cluster
        keys = (hash((cluster, environment.name, *key)) for key, _ in named(rendered.built, environment))
        return total._replace(
            services=max(total.services, len(rendered.context.services)),
            objects=total.objects + len(rendered.manifests),
            keys=(*total.keys, *keys),
            kept=kept,
        )


def every_environment(application: Application, shared: Shared | None = None) -> list[Environment]:
    """The environment of an application, or if none was chosen each that its files name.

    Raises:
        SpecError: the files cannot be read.
    """
    environment = application.settings.environment
    names = [] if environment.name else environments_of_layout(application.layout, environment, shared)
    return [environment._replace(name=name) for name in names] or [environment]


def named(built: Sequence[Built], environment: Environment) -> Iterator[tuple[tuple[str, ...], Built]]:
    """Objects by what tells them apart in a cluster: group, kind, namespace and name.

    Those are left out whose namespace nobody said: Argo CD would put them where their Application says.
    """
    for one in built:
        kind, metadata = one.manifest["kind"], one.manifest["metadata"]
        namespace = metadata.get("namespace") or ""
        said = environment.namespace or getattr(one.owner.spec.metadata, "namespace", None)
        if said or namespace != one.owner.namespace:
            yield (one.manifest["apiVersion"].rpartition("/")[0], kind, namespace, metadata["name"]), one


def excerpted(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> dict[str, dict[int, str]]:
    """The lines that excerpts show, of all that was read."""
    wanted: dict[str, set[int]] = {}
    for one in found:
        if one.pos is not None and one.pos.line and one.pos.file in texts:
            wanted.setdefault(one.pos.file, set()).add(one.pos.line)
    kept = {}
    for file, numbers in wanted.items():
        lines = texts[file].splitlines()
        kept[file] = {n: lines[n - 1] for n in sorted(numbers) if n <= len(lines) and len(lines[n - 1]) <= LINE}
    return kept
