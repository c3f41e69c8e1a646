"""The command line: click wrappers only. ``generate`` comes here for its help and its usage errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from cmp import __version__
from cmp.options import APP_FLAGS, GENERATE_FLAGS, RENDER_FLAGS, VALIDATE_FLAGS, Flag
from cmp.output import OutputError


def run(arguments: list[str]) -> int:
    """Parse the arguments, run the command and return its exit code."""
    try:
        code = group.main(arguments, prog_name="cmp", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show(sys.stderr)
        return 2
    except OSError as error:
        if not _in_click(error):
            raise
        raise OutputError(error) from None  # its help and the version
    return code if isinstance(code, int) else 0


def _in_click(error: OSError) -> bool:
    """Whether click itself has failed, which does nothing but write; what commands do happens further down."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("click.")


def _flags(flags: tuple[Flag, ...], many: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Click's options for a table of flags, and its argument: one path, or ``many``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for flag in reversed(flags):
            kind = click.Choice(flag.choices) if flag.choices else click.STRING
            default: Any = () if flag.many else flag.default
            command = click.option(
                *flag.names,
                flag.key,
                type=kind,
                default=default,
                multiple=flag.many,
                show_default=bool(flag.choices),
                metavar=flag.metavar or None,
                help=flag.help,
            )(command)
        if many:
            return click.argument("paths", nargs=-1)(command)
        return click.argument("path", default=".")(command)

    return add


def _many(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that take many applications."""
    jobs = "Processes to render with; without it as many as there are cores, where that pays."
    search = "Take each application below the paths for itself, as Argo CD does."
    command = click.option("--jobs", "-j", type=click.IntRange(1, 256), metavar="N", help=jobs)(command)
    return click.option("--all", "search", is_flag=True, help=search)(command)


def _call(paths: tuple[str, ...], search: bool, jobs: int | None, values: dict[str, Any]) -> Any:
    from cmp.commands.many import Call

    shared = {flag.key: values[flag.key] for flag in RENDER_FLAGS}
    return Call(paths or (".",), search=search, jobs=jobs or 0, **shared)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="meshspec")
def group() -> None:
    """Expand compact service specs into Kubernetes and Istio objects for Argo CD."""


@group.command()
@_flags(GENERATE_FLAGS, many=True)
@_many
@click.option("--output-dir", metavar="DIRECTORY", help="Write each application to a file of its own.")
def generate(paths: tuple[str, ...], search: bool, jobs: int | None, output_dir: str | None, **values: Any) -> int:
    """Render the specs at PATHS to stdout.

    A path is a directory with a meshspec.yaml in it or below it, or one such file; the current directory if left out.
    Nothing is written to stdout unless everything is right.

    Each path is one application. With --all, or --output-dir, so is each directory below it that Argo CD would render
    for itself; no two of them may write the same object. A directory of outputs gets all new files or none, and loses
    those of applications that are gone from the paths.
    """
    if search or output_dir or len(paths) > 1:
        from cmp.commands.many import generate as many

        return many(_call(paths, search or bool(output_dir), jobs, values), values["output"], output_dir or "")
    from cmp.cache.front import generate as command

    return command({**values, "path": paths[0] if paths else "."})


@group.command()
@_flags(VALIDATE_FLAGS, many=True)
@_many
def validate(paths: tuple[str, ...], search: bool, jobs: int | None, **values: Any) -> int:
    """Check the specs at PATHS and say what is wrong.

    Without --env, specs that have environments are checked for each of them. With --against, also the step from what
    the same path of another directory holds, such as a worktree of git: some fields of objects can never be changed.

    Each path is one application; with --all, so is each directory below it that Argo CD would render for itself.
    """
    if search or len(paths) > 1:
        if values["against"]:
            raise click.UsageError("--against compares one path")
        from cmp.commands.many import validate as many

        return many(_call(paths, search, jobs, values), values["output"])
    from cmp.commands.validate import validate as command

    return command(paths[0] if paths else ".", **values)


@group.command()
@_flags(APP_FLAGS)
@click.option("--health", is_flag=True, help="Print what tells Argo CD how healthy Applications are instead.")
def app(**values: Any) -> int:
    """Print the Application of Argo CD for PATH, or the ApplicationSet.

    What the platform says under argocd holds; flags go before it. A path that cannot be rendered is an error.
    """
    from cmp.commands.app import app as command

    return command(**values)


@group.command()
def schema() -> int:
    """Print the JSON Schema of meshspec.yaml and meshplatform.yaml."""
    from cmp.commands.schema import schema as command

    return command()


@group.command()
@click.argument("code")
def explain(code: str) -> int:
    """Explain the diagnostic CODE, such as MS203."""
    from cmp.commands.explain import explain as command

    return command(code)


@group.command()
@click.argument("name", default="meshspec")
def probe(name: str) -> int:
    """Say whether the plugin NAME takes calls; for probes of the sidecar.

    Its name has the version behind it where plugin.yaml names one, such as meshspec-v2.
    """
    from cmp.commands.probe import probe as command

    return command(name)


@group.command()
def doctor() -> int:
    """Look at the sidecar that this runs in, and say what is wrong with it.

    kubectl -n argocd exec deploy/argocd-repo-server -c meshspec -- /opt/meshspec/bin/cmp doctor
    """
    from cmp.commands.doctor import doctor as command

    return command()


@group.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--socket", "place", default="/tmp/meshspec.sock", envvar="MESHSPEC_ENGINE", show_default=True, help="Its socket."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="How many processes take calls."
)
@click.argument("command", nargs=-1)
def serve(place: str, workers: int, command: tuple[str, ...]) -> int:
    """Keep processes warm that render for `cmp generate`, and run COMMAND beside them.

    Calls find the engine by the variable MESHSPEC_ENGINE, which COMMAND is given, and render by themselves where it
    does not answer. In the sidecar: cmp serve -- /var/run/argocd/argocd-cmp-server
    """
    from cmp.engine.supervisor import serve as run_engine

    try:
        return run_engine(place, workers, command)
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error.filename or place}: {error.strerror or error}") from None
