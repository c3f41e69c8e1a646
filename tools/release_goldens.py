"""What a release promises not to change, recorded with the specs that it was rendered from.

Inside one version of the language an upgrade of meshspec renames nothing and restarts nothing. So each release leaves a
file in ``tests/releases``: the input of every golden case, and of its output what must stay. The inputs are part of the
file, so that a case may be edited or removed later, and what was promised is still put to the test
(``tests/test_releases.py``). ``python -m tools.release_goldens`` (``make record``) writes the file of the version in
``cmp/__init__.py``. Cases that an earlier release recorded, and that are still the same, are not recorded again.
"""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cmp import __version__
from cmp.context.names import digest
from cmp.diagnostics import SpecError
from cmp.pipeline import render
from cmp.waves import Manifest
from tests.test_cases import CASES, FILES, FOLDERS, asked

TOP = Path(__file__).resolve().parent.parent
RELEASES = TOP / "tests" / "releases"
#: Parts of a spec that tell which pods there are and what they are: another one restarts or loses them.
FROZEN = (
    "jobTemplate",
    "podSelector",
    "selector",
    "serviceName",
    "template",
    "volumeClaimTemplates",
    "workloadSelector",
)


class Recorded(NamedTuple):
    """A case of a release: its files by their paths, and what must stay of each object, by kind, namespace and name."""

    files: dict[str, str]
    objects: dict[str, Any]


Release = dict[str, Recorded]


def frozen(manifest: Manifest) -> dict[str, Any]:
    """The parts of an object that must stay."""
    spec = manifest.get("spec") or {}
    parts = {key: spec[key] for key in FROZEN if spec.get(key) is not None}
    found = {"labels": manifest["metadata"].get("labels"), **parts}
    plain: dict[str, Any] = json.loads(json.dumps(_written(found)))
    return plain


def _written(value: Any) -> Any:
    """As it is emitted: a key whose value is None is not written."""
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items() if item is not None}
    return [_written(item) for item in value] if isinstance(value, (list, tuple)) else value


def promised(directory: Path) -> dict[str, Any]:
    """What must stay of the objects that a case renders to.

    Raises:
        SpecError: it does not render.
    """
    return {_name(one): frozen(one) for one in render(*asked(directory), {}).manifests}


def _name(manifest: Manifest) -> str:
    """The version of the group is left out: the object is the same in all of them."""
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest["metadata"]
    return f"{manifest['kind']}{'.' if group else ''}{group} {metadata.get('namespace', '')}/{metadata['name']}"


def recorded(case: str) -> Recorded:
    """A golden case as a release records it."""
    directory = CASES / case
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in FILES)
    files = {path.relative_to(directory).as_posix(): path.read_bytes().decode() for path in paths}
    return Recorded(files, promised(directory))


def broken(release: Release) -> Iterator[str]:
    """Each case of a release that is rendered otherwise now: its name and the difference. New objects are fine."""
    for case, then in sorted(release.items()):
        with tempfile.TemporaryDirectory() as name:
            for path, text in then.files.items():
                file = Path(name, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="")
            try:
                now = promised(Path(name))
            except SpecError as error:
                yield f"{case}: it does not render any more: {error}"
                continue
        kept = {key: now[key] for key in then.objects if key in now}
        if kept != then.objects:
            yield f"{case}:\n{_diff(then.objects, kept)}"


def _diff(then: Any, now: Any) -> str:
    before, after = (json.dumps(one, indent=2, sort_keys=True).splitlines() for one in (then, now))
    return "\n".join(difflib.unified_diff(before, after, "the release", "now", lineterm=""))


def read(file: Path) -> Release:
    """A recorded release."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    return {
        case: Recorded(one["files"], {name: kept["parts"][part] for name, part in one["objects"].items()})
        for case, one in kept["cases"].items()
    }


def text(release: Release) -> str:
    """A release as it is kept: one line for each case, and one for each distinct part, so that a diff shows which."""
    parts: dict[str, Any] = {}
    cases: dict[str, Any] = {}
    for case, one in release.items():
        names = {name: digest(_line(part)) for name, part in one.objects.items()}
        parts |= {names[name]: part for name, part in one.objects.items()}
        cases[case] = {"files": one.files, "objects": names}
    return f'{{"cases": {_lines(cases)},\n"parts": {_lines(parts)}}}\n'


def _lines(entries: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(key)}: {_line(entry)}" for key, entry in sorted(entries.items())]
    return "{\n" + ",\n".join(lines) + "\n}"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def of_cases(earlier: list[Release]) -> Release:
    """All cases with an output, less those that an earlier release has as they are."""
    known = [one for release in earlier for one in release.values()]
    cases = {case: recorded(case) for case in FOLDERS if not case.startswith("error-")}
    return {case: one for case, one in cases.items() if one not in known}


def main() -> int:
    """Write the file of the version in the making."""
    tagged = subprocess.run(
        ["git", "tag", "--list", f"v{__version__}"], cwd=TOP, capture_output=True, text=True, check=True
    )
    if tagged.stdout.strip():
        print(f"{__version__} is released: its promises cannot be changed. Raise the version in cmp/__init__.py first")
        return 1
    file = RELEASES / f"{__version__}.json"
    release = of_cases([read(other) for other in sorted(RELEASES.glob("*.json")) if other != file])
    file.parent.mkdir(exist_ok=True)
    file.write_text(text(release), encoding="utf-8")
    print(f"wrote {file.relative_to(TOP)}: {len(release)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
