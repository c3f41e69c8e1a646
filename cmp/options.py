"""The flags of the commands, once: for the parser that ``generate`` uses without click, and for click.

No NamedTuple: importing typing would take longer than giving an answer that is known.
"""


class Flag:
    """A flag with a value; ``many`` may be repeated, ``choices`` lists all values where there are few."""

    def __init__(
        self,
        names: tuple[str, ...],
        key: str,
        help: str,
        choices: tuple[str, ...] = (),
        default: str = "",
        many: bool = False,
        metavar: str = "",
    ) -> None:
        self.names = names
        self.key = key
        self.help = help
        self.choices = choices
        self.default = default
        self.many = many
        self.metavar = metavar


RENDER_FLAGS = (
    Flag(("--env", "-e"), "env", "The environment to render for.", metavar="NAME"),
    Flag(("--namespace", "-n"), "namespace", "The namespace of objects whose spec names none.", metavar="NAME"),
    Flag(
        ("--set",),
        "settings",
        "Set a parameter that the spec declares; may be repeated.",
        many=True,
        metavar="PATH=VALUE",
    ),
)
GENERATE_FLAGS = (
    Flag(("--output", "-o"), "output", "The form of the output.", choices=("yaml", "ndjson"), default="yaml"),
    *RENDER_FLAGS,
)
VALIDATE_FLAGS = (
    Flag(
        ("--output", "-o"),
        "output",
        "The form of the findings.",
        choices=("text", "json", "sarif", "github"),
        default="text",
    ),
    *RENDER_FLAGS,
    Flag(
        ("--against",),
        "against",
        "The repository as it was: changes that the API server refuses are errors.",
        metavar="DIRECTORY",
    ),
)


APP_FLAGS = (
    *RENDER_FLAGS,
    Flag(("--repo-url",), "repo_url", "The repository, where no platform names it.", metavar="URL"),
    Flag(("--revision",), "revision", "The branch, tag or commit.", metavar="NAME"),
    Flag(("--project",), "project", "The project of Argo CD.", metavar="NAME"),
    Flag(("--name",), "name", "The name of the Application.", metavar="NAME"),
)


def parse(arguments: list[str], flags: tuple[Flag, ...]) -> dict[str, object] | None:
    """The values by key, with the operand as ``path``; None where the arguments need click (help, or a mistake)."""
    by_name = {name: flag for flag in flags for name in flag.names}
    values: dict[str, object] = {flag.key: [] if flag.many else flag.default for flag in flags}
    operands: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            operands.append(argument)
            continue
        name, equals, text = argument.partition("=")
        flag = by_name.get(name)
        value = text if equals and name.startswith("--") else next(rest, None) if not equals else None
        if flag is None or value is None or (flag.choices and value not in flag.choices):
            return None
        known = values[flag.key]
        values[flag.key] = [*known, value] if isinstance(known, list) else value
    if len(operands) > 1:
        return None
    values["path"] = operands[0] if operands else "."
    return values
