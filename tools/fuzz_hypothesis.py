"""Let hypothesis choose what is rendered: text, structured specs, and cases with changes.

    python -m tools.fuzz_hypothesis [--inputs N] [--seed N] [--keep DIRECTORY]

It tries what is small and what is at the edge first, and comes back to what was interesting; ``tools.fuzz`` says what
may not become of an input.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.support.mutations import VALUES
from tools.fuzz import ROOT, Input, Trials, corpus, mutated, structured, written

#: So many inputs of one seed. hypothesis remembers all of them, to try none twice.
BATCH = 1000

HEADS = st.sampled_from(("", "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: a}\nimage: a:1\n"))
_WORDS = st.one_of(
    st.sampled_from(corpus().keys),
    st.sampled_from(corpus().values),
    st.sampled_from(VALUES),
    st.text("ab0~=<é😀 \n\n  ::--??[]{},&*!|>'\"%@`#.\t\r\ufeff\x00\x85\u2028", max_size=8),
    st.sampled_from((": ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ")),
)
TEXTS = st.one_of(
    st.builds(lambda head, words: (head + "".join(words)).encode(errors="replace"), HEADS, st.lists(_WORDS)),
    st.binary(max_size=300),
)
CHANCES = st.randoms(use_true_random=False)
INPUTS = st.one_of(
    CHANCES.map(lambda chance: structured(0, chance)),
    CHANCES.map(lambda chance: mutated(0, chance)),
    TEXTS.map(lambda data: written(0, data)),
)


def batch(trials: Trials, number: int, inputs: int) -> None:
    """Try the inputs of one seed."""

    @seeded(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(INPUTS)
    def one_input(one: Input) -> None:
        trials.outcome(one._replace(seed=trials.outcomes.total()))

    one_input()


def main() -> int:
    """Run, and say what was found: 0 nothing, 1 something."""
    parser = argparse.ArgumentParser(description="Render what hypothesis chooses, and say what must not happen.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "fuzz", help="where inputs of findings go")
    given_ = parser.parse_args()
    trials = Trials(given_.keep)
    for number in range(given_.seed, given_.seed + -(-given_.inputs // BATCH)):
        batch(trials, number, min(BATCH, given_.inputs))
    return trials.told(f"hypothesis from seed {given_.seed}")


if __name__ == "__main__":
    sys.exit(main())
