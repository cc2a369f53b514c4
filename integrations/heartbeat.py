"""Tells the world outside that the rounds go on; whoever hears nothing for minutes rings a person."""

from __future__ import annotations

import httpx

SECONDS = 5.0  # then it counts as not heard


def beat(url: str) -> str | None:
    """POST an empty sign of life; None where it was heard, else why not. Never raises, never waits longer than SECONDS.

    No ids, no counts, nothing of the plant: the address is somebody else's.
    """
    try:
        answer = httpx.post(url, timeout=SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return None if answer.is_success else f"HTTP {answer.status_code}"
