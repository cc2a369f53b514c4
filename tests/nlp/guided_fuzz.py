"""The fuzzer's promises, against messages that atheris grows towards code which no other message reached.

    python -m tests.nlp.guided_fuzz --seconds 600 [--seed 7]

atheris is in the extra `bench`; without it this says so and ends with 0. libFuzzer ends the process by itself.
"""

from __future__ import annotations

import argparse
import atexit
import sys

try:
    import atheris
except ImportError:
    print("guided fuzzing: left out, atheris is not installed (pip install -e .[bench])")
    sys.exit(0)

with atheris.instrument_imports(include=["nlp"]):
    from tests.nlp.fuzz import Run, one, situations, tell

PLANT = "northfield"
MOST_BYTES = 4_000  # more is not read


def main() -> None:
    """Grow until the time is up or a promise breaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    seen, contexts = Run(given.seed), situations(PLANT)
    one(seen, "ready?", contexts[0], PLANT, must_hold=False)  # the index is built before the clock runs
    atexit.register(tell, seen)

    def receive(data: bytes) -> None:
        choose = atheris.FuzzedDataProvider(data)
        context = contexts[choose.ConsumeIntInRange(0, len(contexts) - 1)]
        one(seen, choose.ConsumeUnicode(MOST_BYTES), context, PLANT, must_hold=False)
        if seen.broken is not None:
            raise AssertionError(seen.broken.promise)

    limits = [f"-max_total_time={given.seconds}", f"-seed={given.seed}", f"-max_len={MOST_BYTES}", "-timeout=60"]
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", "-artifact_prefix=/dev/null"], receive)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
