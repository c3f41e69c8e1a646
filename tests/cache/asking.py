"""Calls of ``cmp generate`` inside the process, with an environment of their own."""

from pathlib import Path
from typing import Any

from cmp.cache import front

HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\n"
WEB = HEAD + "metadata: {name: web}\nimage: example.com/web:1\nport: 8080\n"

Answer = tuple[int, bytes, str]


def values(path: Path, **flags: Any) -> dict[str, object]:
    return {"output": "yaml", "env": "", "namespace": "shop", "settings": [], "path": str(path), **flags}


class Asker:
    """Asks for a path with a cache directory, or without one."""

    def __init__(self, cache: Path | None, environ: dict[str, str] | None = None) -> None:
        self.environ = {"MESHSPEC_CACHE": "off" if cache is None else str(cache), **(environ or {})}

    def ask(self, path: Path, **flags: Any) -> Answer:
        return front.answer(values(path, **flags), self.environ)

    def known(self, monkeypatch: Any, path: Path, **flags: Any) -> bool:
        """Whether the answer comes without a render."""
        rendered = []
        render = front._render

        def counted(*given: Any) -> Answer:
            rendered.append(given)
            return render(*given)

        with monkeypatch.context() as patch:
            patch.setattr(front, "_render", counted)
            self.ask(path, **flags)
        return not rendered
