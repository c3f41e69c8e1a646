"""Feed the renderer with damaged specs and hold it to what hostile input must never do.

    python -m tools.fuzz [--seeds FIRST:LAST] [--seconds N] [--keep DIRECTORY]

An input is made from its seed alone: files of a golden case or of the rich spec of the tests, with values, keys, lines
or bytes that are others. Each is rendered inside this process, and every outcome but objects or diagnostics is a
finding: an exception other than SpecError, more than TIME seconds of CPU, more than MEMORY MiB, text that cannot be
written, objects that are read back as others, and for a sample of them a refusal of the upstream schemas.
docs/fuzzing.md records the runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cmp.catalogue import CATALOGUE
from cmp.commands.formats import as_github, as_sarif
from cmp.commands.generate import UI_LIMIT
from cmp.diagnostics import Diagnostic, SpecError, as_json, folded
from cmp.diagnostics import render as shown
from cmp.emit import emit
from cmp.environment import Environment, from_process
from cmp.pipeline import render
from tests.support import rich
from tools.bounds import Bounds, TooSlow, WrongError, peak
from tools.damage import Corpus, damaged
from tools.grow import PLATFORM, SERVICE, grown

#: One of so many valid outputs is held against the schemas, and one of so many of either kind is written in every form.
SCHEMAS, FORMS = 5, 8
ROOT = Path(__file__).resolve().parent.parent


class Input(NamedTuple):
    """Files by path, and what is asked for."""

    seed: int
    name: str
    files: Mapping[str, bytes]
    asked: Mapping[str, Any]


@cache
def origins() -> dict[str, list[tuple[str, dict[str, bytes], dict[str, Any]]]]:
    """What inputs are made from, by its kind: a name, files, and what is asked for."""
    found: dict[str, list[tuple[str, dict[str, bytes], dict[str, Any]]]] = {"valid": [], "broken": [], "rich": []}
    for folder in sorted((ROOT / "tests" / "cases").iterdir()):
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith("expected.") and path.name != "env.yaml"
        }
        given = folder / "env.yaml"
        if files:
            asked = yaml.safe_load(given.read_text()) if given.exists() else {}
            kind = "broken" if folder.name.startswith("error-") else "valid"
            found[kind].append((folder.name, files, {"namespace": "shop", **asked}))
    for name in ("APP", "FULL", "TUNED", "OUTSIDE", "KINDS"):
        files = {"meshspec.yaml": getattr(rich, name).encode(), "meshplatform.yaml": rich.PLATFORM.encode()}
        found["rich"].append((f"rich {name}", files, {"namespace": "shop", "name": "prod"}))
    return found


@cache
def corpus() -> Corpus:
    """All files of all origins, as a source of parts."""
    return Corpus(data for kind in origins().values() for _, files, _ in kind for data in files.values())


def made(seed: int) -> Input:
    """The input of a seed. One of 25 has no files, and is for the variables and flags."""
    if seed % 25 == 24:
        return Input(seed, "process", {}, {})
    return mutated(seed, random.Random(seed))


def mutated(seed: int, chance: random.Random) -> Input:
    """A case with changes, all of them from one source of chance."""
    kind = chance.choices(("valid", "broken", "rich"), (85, 14, 1))[0]
    name, files, asked = chance.choice(origins()[kind])
    target = chance.choice(sorted(files))
    return Input(seed, name, {**files, target: damaged(files[target], corpus(), chance)}, asked)


def structured(seed: int, chance: random.Random) -> Input:
    """A spec that grew from the schema of the language."""
    return Input(seed, "grown", grown(corpus(), chance), {"namespace": "shop"})


def written(seed: int, data: bytes) -> Input:
    """Bytes as a spec, or as a platform where they say that they are one; beside the other."""
    if b"MeshPlatform" in data:
        return Input(seed, "written", {"meshplatform.yaml": data, "meshspec.yaml": SERVICE}, {"namespace": "shop"})
    return Input(seed, "written", {"meshspec.yaml": data, "meshplatform.yaml": PLATFORM}, {"namespace": "shop"})


def run(one: Input, directory: Path) -> str:
    """Render an input: ``valid`` or ``refused``.

    Raises:
        WrongError: the outcome may not be.
    """
    for path, data in one.files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    path, mounted = one.asked.get("path", ""), one.asked.get("mounted", "")
    environment = Environment(
        namespace=one.asked.get("namespace", ""),
        name=one.asked.get("name", ""),
        parameters=one.asked.get("parameters", {}),
        source_path=path or ".",
        mounted=str(directory / mounted) if mounted else "",
    )
    texts: dict[str, str] = {}
    try:
        rendered = render(str(directory / path), environment, texts)
    except SpecError as error:
        _said(error.diagnostics, texts, one.seed)
        return "refused"
    _said(rendered.warnings, texts, one.seed)
    _written(rendered.manifests, one)
    return "valid"


def _said(found: list[Diagnostic], texts: dict[str, str], seed: int) -> None:
    folded(found, UI_LIMIT).encode()
    if seed % FORMS == 0:
        for text in (shown(found, texts), as_json(found), as_sarif(found), as_github(found)):
            text.encode()
    for one in found:
        if one.code not in CATALOGUE:
            raise WrongError(f"{one.code} is in no catalogue")


def _written(manifests: list[Any], one: Input) -> None:
    text = emit(manifests, "yaml")
    text.encode()
    if one.seed % FORMS == 0:
        lines = [json.loads(line) for line in emit(manifests, "ndjson").splitlines()]
        if list(yaml.load_all(text, Loader=yaml.CSafeLoader)) != lines:
            raise WrongError("YAML and JSON hold different objects")
    # Of what users write in Kubernetes' words the structure is checked, and the rest left to the API server.
    unchecked = any(b"patches" in data or b"manifests" in data for data in one.files.values())
    if one.seed % SCHEMAS == 0 and not unchecked:
        _judged([json.loads(line) for line in emit(manifests, "ndjson").splitlines()])


def _judged(objects: list[Any]) -> None:
    from tests.support.schemas import errors

    for manifest in objects:
        try:
            found = errors(manifest, kubernetes="1.37", bundle="istio-1.31rc")
        except BaseException as error:  # the judges skip what they have no definition of
            if type(error).__name__ == "Skipped":
                continue
            raise
        if found and "no definition" not in found[0] and "unknown kind" not in found[0]:
            raise WrongError(f"{manifest['kind']}: {found[0][:300]}")


def asked_of_the_process(seed: int) -> str:
    """What Argo CD's variables and the flags say, with anything in them."""
    chance = random.Random(seed)
    value: Any = [
        {"name": "environment", "string": "prod"},
        {"name": "set", "map": {"image.tag": "1"}, "array": ["a=b"]},
        {"name": "namespace", "string": "shop"},
    ]
    text = damaged(json.dumps(value[: chance.randrange(4)]).encode(), corpus(), chance)
    os.environ["ARGOCD_APP_PARAMETERS"] = os.fsdecode(text.replace(b"\0", b""))
    try:
        said = [os.fsdecode(damaged(b"a=b", corpus(), chance)) for _ in range(3)]
        from_process(said[0], said[1], said[2:])
    except SpecError as error:
        folded(error.diagnostics, UI_LIMIT).encode(errors="surrogateescape")
        return "refused"
    finally:
        del os.environ["ARGOCD_APP_PARAMETERS"]
    return "valid"


class Trials:
    """Renders inputs within the bounds, and keeps those of findings, one for each place in the code."""

    def __init__(self, keep: Path) -> None:
        self.outcomes = Counter[str]()
        self.where: dict[str, int] = {}
        self._keep = keep
        made(0)
        _warm()
        self._bounds = Bounds()

    def outcome(self, one: Input) -> str:
        """What becomes of an input: ``valid``, ``refused``, or a finding."""
        if self.outcomes.total() % 500 == 0:
            gc.collect()
        try:
            with tempfile.TemporaryDirectory(prefix="fuzz-") as directory, self._bounds:
                found = run(one, Path(directory)) if one.files else asked_of_the_process(one.seed)
            self._bounds.check_memory()
        except (Exception, TooSlow) as error:
            found = f"{type(error).__name__} {_place(error)}"
            if found not in self.outcomes:
                _kept(one, self._keep)
        self.outcomes[found] += 1
        self.where.setdefault(found, one.seed)
        return found

    def told(self, what: str) -> int:
        """Print what was found; 1 if there is anything that may not be, else 0."""
        print(f"{what}: {self.outcomes.total()} inputs, peak {peak():.0f} MiB")
        for outcome, count in self.outcomes.most_common():
            print(f"{count:8} {outcome}" + ("" if outcome in FINE else f" ({self.where[outcome]})"))
        return int(bool(self.outcomes.keys() - FINE))


#: Outcomes that are no findings.
FINE = frozenset(("valid", "refused"))


def _warm() -> None:
    """What is loaded once is no memory of an input."""
    manifests = render(str(ROOT / "examples" / "bookinfo"), Environment("shop", "", {}), {}).manifests
    _judged([json.loads(line) for line in emit(manifests, "ndjson").splitlines()])


def _place(error: BaseException) -> str:
    if isinstance(error, WrongError):
        return str(error)
    frames = [one for one in traceback.extract_tb(error.__traceback__) if f"{os.sep}cmp{os.sep}" in one.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    said = "" if isinstance(error, TooSlow) else f": {str(error)[:100]}"
    return f"{Path(last.filename).name}:{last.lineno}{said}"


def _kept(one: Input, keep: Path) -> None:
    for path, data in one.files.items():
        file = keep / str(one.seed) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (keep / str(one.seed) / "trace.txt").write_text(f"{one.name} {dict(one.asked)}\n{traceback.format_exc()}")


def main() -> int:
    """Run the seeds and say what was found: 0 nothing, 1 something."""
    parser = argparse.ArgumentParser(description="Render damaged specs, and say what must not happen.")
    parser.add_argument("--seeds", default="0:20000", help="the first one and the one behind the last one")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "fuzz", help="where inputs of findings go")
    given = parser.parse_args()
    first, _, last = given.seeds.partition(":")
    begin, trials, seed = time.monotonic(), Trials(given.keep), int(first)
    for seed in range(int(first), int(last)):
        trials.outcome(made(seed))
        if time.monotonic() - begin > given.seconds:
            break
    return trials.told(f"seeds {first} to {seed}, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
