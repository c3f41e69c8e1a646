"""Where the program starts. Standard library only: what a command needs is imported when it runs.

``generate`` runs once per application and commit, so its way is kept short: flags are read without click, and the
garbage collector is off, because a render is over before it would free anything.
"""

import gc
import sys


def main() -> int:
    """Run the program; the exit code is 0 fine, 1 errors in the input, 2 usage, 3 a bug of ours, 130 interrupted."""
    gc.disable()
    from cmp.output import OutputError, write

    try:
        code = _run(sys.argv[1:])
        write("")  # flushes what click has written
        return code
    except KeyboardInterrupt:
        return 130
    except OutputError as error:
        return _unwritable(error.reason)
    except Exception as error:  # whatever gets here is our fault, and nobody may see a traceback in Argo CD's UI
        return _bug(error)


def leave() -> None:
    """``main`` as a program of its own, which ends without taking down the interpreter: nothing is left to be done."""
    import os

    from cmp.output import say

    code = main()
    say("")  # flushes what others have written
    os._exit(code)


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["generate"]:
        from cmp.options import GENERATE_FLAGS, parse

        values = parse(arguments[1:], GENERATE_FLAGS)
        if values is not None:
            from cmp.cache.front import generate

            return generate(values)
    if arguments == ["probe"]:
        from cmp.commands.probe import probe

        return probe()
    from cmp.cli import run

    return run(arguments)


def _unwritable(reason: str) -> int:
    """Fail, and keep the flush at exit from failing again."""
    import os

    from cmp.output import say

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if reason:
        say(f"error: stdout cannot be written: {reason}\n")
    return 1


def _bug(error: Exception) -> int:
    import os

    if os.environ.get("MESHSPEC_TRACEBACK") == "1":
        raise error
    from cmp import __version__
    from cmp.output import say

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else "?"
    say(
        f"error[MS000]: meshspec {__version__} has a bug: {type(error).__name__} in {place}\n"
        "= help: run again with MESHSPEC_TRACEBACK=1 and report what it prints, with the spec\n"
    )
    return 3
