"""What `plant.yaml` wants told by itself, to whom and when; `workflow/digests.py` says when that is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Literal


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told by itself: of each shift that ends, or of the days and of the week before at the plant's clock."""

    what: Literal["shift", "day", "week"]
    to: tuple[str, ...]  # ids of people and chats
    at: time | None = None  # none for the shift's
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)  # Monday is 0
