"""Whatever arrives, a Reading comes back: no message stops the program (R60)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nlp.world import read
from workflow.reading import Reading

NASTY = {
    "64 KB of one letter": "a" * 65_536,
    "a number of 4,000 digits": "9" * 4_000,
    "numbers without end": "9 " * 4_000,
    "the same order for ever": "short of 460000001 and 4711 " * 300,
    "one word for a number without end": "tees " * 800,
    "separators": "1,000,." * 800,
    "NUL": "mixer\0down",
    "a lone surrogate": "mixer \ud800 down",
    "bidi and zero width": "\u202emixer\u202c do\u200bwn",
    "every emoji": "".join(chr(c) for c in range(0x1F300, 0x1FAFF)),
    "combining marks": "f\u0301\u0302\u0303" * 3_000,
    "impossible times": "since 99:99, 25h61, half past 77, 99999999 minutes ago, vor 500000 Tagen",
    "a bare fraction like a clock": "seam overlap .05 and .6.14",
    "scales without end": "thousand " * 400 + "mil " * 400,
    "the same words for ever": "no mixer down on 1 since 10 and out of bags " * 100,
}


@pytest.mark.parametrize("name", NASTY)
def test_a_reading_comes_back(name):
    reading = read(NASTY[name])
    assert isinstance(reading, Reading)
    assert reading.how in ("local", "local: nothing to read"), "an error was swallowed"


WORDS = ["mixer", "down", "since", "10", "450012371", "PX-2611", "release", "no", "line 1", "half past", "2",
         "pallets", "and", ",", ".", "?", "seit", "zehn", "nach", "baje", "se", "kg", "rye", "if",
         "i mean", "12:30", "2h14"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_order_of_shop_floor_words_is_read_without_an_error(words):
    assert read(" ".join(words)).how.startswith("local")
    assert ":" not in read(" ".join(words)).how or not words


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    assert read(text).how in ("local", "local: nothing to read")
