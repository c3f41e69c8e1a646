"""``cmp generate``: the answer that was given before, or a render. Only the latter imports what it needs."""

import os

from cmp import places
from cmp.cache import disk
from cmp.cache.question import holds, question, remembered
from cmp.output import say, write

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


def generate(values: dict[str, object]) -> int:
    """Render a path to stdout, or print what is wrong to stderr and write nothing.

    stdout is written once, when everything is built and checked: Argo CD takes whatever comes with exit code 0, and
    deletes what is missing from it.

    Args:
        values: the flags and the path, as ``options.parse`` gives them for GENERATE_FLAGS.
    """
    code, out, err = answer(values, os.environ)
    if err:
        say(err)
    if code == 0:
        write(out)
    return code


def answer(
    values: dict[str, object], environ: "Mapping[str, str]", memory: "MutableMapping[str, disk.Answer] | None" = None
) -> tuple[int, bytes, str]:
    """The exit code, what belongs on stdout, and what belongs on stderr.

    Args:
        values: as for ``generate``.
        environ: the environment of who asks.
        memory: the answers that the engine remembers, in the engine.
    """
    if values.get("timings") or values.get("debug_bundle"):
        return _render(values, environ)  # what is to be told of a render needs one
    top = disk.directory(environ)
    asked = question(values, environ) if top or (memory is not None and not disk.is_off(environ)) else None
    if asked is not None:
        known = disk.get(top, asked.key) if memory is None else memory.get(asked.key) or disk.get(top, asked.key)
        if known is not None and holds(asked, known[0]):
            if environ.get("MESHSPEC_LOG"):
                from cmp.commands.observed import told_again

                told_again(known[1], environ)
            return 0, known[1], known[2]
    if memory is None and "MESHSPEC_ENGINE" in environ:
        from cmp.engine.client import ask

        told = ask(values, environ)
        if told is not None:
            return told
    if asked is None:
        return _render(values, environ)
    journal = places.begin_journal()
    try:
        code, out, err = _render(values, environ)
    finally:
        places.end_journal()
    digests = remembered(asked, journal) if code == 0 else None
    if digests is not None:
        disk.put(top, asked.key, (digests, out, err))
        if memory is not None:
            memory[asked.key] = (digests, out, err)
    return code, out, err


def _render(values: dict[str, object], environ: "Mapping[str, str]") -> tuple[int, bytes, str]:
    import cmp.source  # noqa: F401  yaml first: deeper in the stack its regular expressions take 5 ms longer
    from cmp.commands.generate import generate as render

    return render(**values, environ=environ)  # type: ignore[arg-type]
