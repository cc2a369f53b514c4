"""`make train`: packs the lexicon, learns the votes of understanding from `fixtures/phrasings` into `nlp/weights`."""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the same weights each time: one thread adds in one order
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from integrations.plant_folder import read_plant_folder
from nlp import packed, train

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"


def sources(*without: str) -> list[train.Source]:
    """Every author whose messages are in the repository, less some that are kept to judge by."""
    found = []
    for folder in sorted(path for path in (FIXTURES / "phrasings").iterdir() if (path / "plant").is_dir()):
        if folder.name not in without:
            read = read_plant_folder(folder / "plant")
            found.append(train.Source(folder.name, read.plant, read.records, folder))
    if "riverside" not in without:
        read = read_plant_folder(FIXTURES / "plants" / "riverside")
        found.append(train.Source("riverside", read.plant, read.records, FIXTURES / "cases"))
    return found


def main() -> None:
    """Learn, write, and say from how much."""
    began = time.perf_counter()
    packed.pack(ROOT / "nlp" / "weights")
    manifest = train.train(sources(), ROOT / "nlp" / "weights")
    print(
        f"Learnt from {manifest['messages']:,} messages of {len(manifest['authors'])} authors "
        f"in {time.perf_counter() - began:.0f} s. Written: nlp/weights. Next: make check"
    )


if __name__ == "__main__":
    main()
