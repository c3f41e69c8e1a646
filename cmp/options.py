"""The flags of the commands, once: for the parser that ``generate`` uses without click, and for click.

No NamedTuple: importing typing would take longer than giving an answer that is known.
"""


class Flag:
    """A flag with a value, or a ``switch`` without; ``many`` may be repeated, ``choices`` lists all values of few."""

    def __init__(
        self,
        names: tuple[str, ...],
        key: str,
        help: str,
        choices: tuple[str, ...] = (),
        default: str = "",
        many: bool = False,
        metavar: str = "",
        switch: bool = False,
    ) -> None:
        self.names = names
        self.key = key
        self.help = help
        self.choices = choices
        self.default = default
        self.many = many
        self.metavar = metavar
        self.switch = switch


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
    Flag(("--timings",), "timings", "Say on stderr, after the run, how long each stage took.", switch=True),
    Flag(
        ("--debug-bundle",),
        "debug_bundle",
        "Write what a report of a problem needs, without values that may be secret.",
        metavar="FILE",
    ),
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

DIFF_FLAGS = (
    Flag(
        ("--against",),
        "against",
        "The repository as it was, or a file written by generate -o ndjson.",
        metavar="DIRECTORY|FILE",
    ),
    Flag(("--output", "-o"), "output", "The form of the output.", choices=("text", "markdown"), default="text"),
    *RENDER_FLAGS,
    Flag(("--exit-code",), "exit_code", "Exit with 4 if something differs.", switch=True),
)
INIT_FLAGS = (
    Flag(("--name",), "name", "The service's name. Default: the directory's.", metavar="NAME"),
    Flag(("--image",), "image", "Its image, with a tag.", metavar="IMAGE"),
    Flag(("--port",), "port", "The port that its container listens on.", default="8080", metavar="NUMBER"),
    Flag(("--namespace", "-n"), "namespace", "Its namespace, where the Application names none.", metavar="NAME"),
)
APP_FLAGS = (
    *RENDER_FLAGS,
    Flag(("--repo-url",), "repo_url", "The repository, where no platform names it.", metavar="URL"),
    Flag(("--revision",), "revision", "The branch, tag or commit.", metavar="NAME"),
    Flag(("--project",), "project", "The project of Argo CD.", metavar="NAME"),
    Flag(("--name",), "name", "The name of the Application.", metavar="NAME"),
)


def default(flag: Flag) -> object:
    """What stands for a flag that is left out."""
    return False if flag.switch else [] if flag.many else flag.default


def parse(arguments: list[str], flags: tuple[Flag, ...]) -> dict[str, object] | None:
    """The values by key, with the operand as ``path``; None where the arguments need click (help, or a mistake)."""
    by_name = {name: flag for flag in flags for name in flag.names}
    values: dict[str, object] = {flag.key: default(flag) for flag in flags}
    operands: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            operands.append(argument)
            continue
        name, equals, text = argument.partition("=")
        flag = by_name.get(name)
        if flag is not None and flag.switch:
            if equals:
                return None
            values[flag.key] = True
            continue
        value = text if equals and name.startswith("--") else next(rest, None) if not equals else None
        if flag is None or value is None or (flag.choices and value not in flag.choices):
            return None
        known = values[flag.key]
        values[flag.key] = [*known, value] if isinstance(known, list) else value
    if len(operands) > 1:
        return None
    values["path"] = operands[0] if operands else "."
    return values
