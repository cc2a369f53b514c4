"""Where the time of a message goes, for whoever looks for it: a span a step, with ids only; off unless it is set up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from bot.config import Config, WrongConfiguration
from bot.key import key_of


class Spans(Protocol):
    """What the steps tell: ingest, read and act of a message, send and post of an exception."""

    def span(self, name: str, of: str, **ids: str | int) -> AbstractContextManager[dict[str, str | int]]: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


class Untold:
    """Nobody asked."""

    @contextmanager
    def span(self, name: str, of: str, **ids: str | int) -> Iterator[dict[str, str | int]]:  # noqa: ARG002
        """Nothing is kept of it."""
        yield {}

    def close(self) -> None:
        """Nothing waits."""


def spans_of(config: Config, plant: str) -> Spans:
    """Spans to the collector that the configuration names; raises WrongConfiguration without the extra `otel`."""
    if config.traces_url is None:
        return Untold()
    try:
        from integrations.traces import to_collector
    except ImportError as missing:
        raise WrongConfiguration("LINECALL_TRACES_URL: the extra `otel` is not installed here") from missing
    return to_collector(config.traces_url, plant, key_of(config))
