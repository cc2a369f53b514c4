"""Dangers as an English-speaking floor tells them are told to a person; what only sounds like one is none (R15)."""

from __future__ import annotations

import pytest

from tests.nlp.world import read


@pytest.mark.parametrize(
    "text",
    [
        "gate switch on the press is held in with a cable tie",
        "fire door by the mixer is blocked with pallets",
        "pallet truck parked across the fire exit",
        "Luz slipped, floors soaking by the oven",
        "nearly lost a thumb in the slicer just now",
        "got a shock off the bagger panel",
        "swarf in his eye, need a first aider at the press",
        "crane hook wont latch in the press shop",
        "cutting disc burst and flew past my head",
    ],
)
def test_a_danger_is_told_as_one_r15(text):
    reading = read(text)
    assert reading.intent == "report"
    assert any(e.type == "safety" for e in reading.exceptions), reading


@pytest.mark.parametrize(
    "text",
    [
        "press spindle head is stuck, wont home",
        "belt on the oven is slipping and squealing",
        "robot arm keeps faulting at station 2",
        "we almost hit target then the slicer jammed",
        "two hands short on bakery tonight",
    ],
)
def test_what_only_sounds_like_a_danger_is_none(text):
    assert not any(e.type == "safety" for e in read(text).exceptions)
