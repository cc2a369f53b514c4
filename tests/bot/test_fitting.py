"""A text that is too long becomes several, and no number, lot, quantity or word is cut."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.fitting import length, split

LOTS = "Hold 6319-4A: 200 cs. Release 6318-2B: 1,200 cs. Rework 6317-1C: 35.5 kg. Scrap 6316-9D: 4 pallets. "


def test_what_fits_is_left_alone() -> None:
    assert split("EX-1042. Got it.\n\nTold: Gary.", 4096) == ("EX-1042. Got it.\n\nTold: Gary.",)
    assert split("", 10) == ()


def test_a_long_text_is_cut_at_the_ends_of_sentences() -> None:
    parts = split(LOTS * 40, 300)
    assert len(parts) > 10
    assert all(length(part) <= 300 and part.endswith(".") for part in parts)
    assert " ".join(parts) == (LOTS * 40).strip()


def test_a_quantity_keeps_its_unit_and_a_lot_its_number() -> None:
    endless = "lot 6319-4A 200 cs then " * 60
    parts = split(endless, 97)
    assert all(length(part) <= 97 for part in parts)
    assert all(re.search(r"(^|[^-])\b(200|cs)$", part) is None or part.endswith("200 cs") for part in parts)
    assert not any(part.startswith(("200", "cs", "4A")) for part in parts)


@given(st.text(max_size=600), st.integers(min_value=20, max_value=200))
def test_every_text_keeps_all_its_characters_and_every_part_fits(text: str, most: int) -> None:
    parts = split(text, most)
    assert all(0 < length(part) <= most for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_emoji_count_twice_and_are_never_halved() -> None:
    parts = split("🛑" * 3000, 4096)
    assert [length(part) for part in parts] == [4096, 1904]
    family = "👩‍👩‍👧‍👦"
    assert all(set(part.split(family)) == {""} for part in split(family * 40, 64))
