"""Riverside Bottling with other people at its machines: the sample plant, with the languages that a story needs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

RIVERSIDE = Path(__file__).resolve().parent.parent / "fixtures" / "plants" / "riverside"


def riverside_speaking(folder: Path, languages: Mapping[str, str], plant: str = "en, es, pt") -> Path:
    """A copy of the sample plant in which some people, by their ids, and the plant itself speak other languages."""
    shutil.copytree(RIVERSIDE, folder)
    text = (folder / "plant.yaml").read_text("utf-8")
    for person, language in languages.items():
        text, found = re.subn(rf"(id: {re.escape(person)}, .*?language: )[\w-]+", rf"\g<1>{language}", text)
        assert found == 1, f"{person} is in plant.yaml once"
    text, found = re.subn(r"^languages: \[.*\]", f"languages: [{plant}]", text, flags=re.MULTILINE)
    assert found == 1
    (folder / "plant.yaml").write_text(text, "utf-8")
    return folder
