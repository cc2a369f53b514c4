"""Logs for whoever runs the program: events with ids, never a text, a name, a number or a token."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

TALKATIVE = ("httpx", "httpcore", "apscheduler", "alembic", "uvicorn.access")  # some of them log tokens at INFO


def set_up_logs(level: str) -> None:
    """Structured lines on stderr; stdout stays free for what a command prints."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)  # at ERROR it logs whole answers
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *_rendered(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Bearing())),
        cache_logger_on_first_use=False,
    )


class _Bearing(io.TextIOBase):
    """A log that cannot be written, on a full disk or a closed pipe, costs its line and nothing else.

    Otherwise the very line that tells of a full disk would end the round that met it, and turn a 503 into a 500.
    """

    def write(self, text: str) -> int:
        """Write to stderr as it is now what can be written; one that is closed is a ValueError."""
        with suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """The same."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def _rendered() -> tuple[structlog.typing.Processor, ...]:
    """Tracebacks without the values of local variables: those hold what people wrote."""
    if sys.stderr.isatty():
        return (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
