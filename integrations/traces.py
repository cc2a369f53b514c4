"""Spans by OpenTelemetry (extra `otel`): how long each step of a message took, with ids and never a word of anybody's.

The steps of one message, or of one exception, have one trace, whichever process took them: its id is a keyed hash of
what it is about, so that no message id of a chat (it may hold somebody's number) can be found out from it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

PREFIX = "linecall."


class Traces:
    """Where spans go; `at_once` hands each over when it ends, for tests."""

    def __init__(self, exporter: SpanExporter, plant: str, key: bytes, *, at_once: bool = False) -> None:
        self._key = key
        about = Resource.create({"service.name": "linecall", "service.namespace": plant})
        self._provider = TracerProvider(resource=about, shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("linecall")

    @contextmanager
    def span(self, name: str, of: str, **ids: str | int) -> Iterator[dict[str, str | int]]:
        """A step of what `of` names; what is put into the dict that it yields belongs to the span too.

        Of what is raised in it only the kind is kept: its text may hold words.
        """
        above = trace.set_span_in_context(NonRecordingSpan(self._root(of)))
        about = dict(ids)
        with self._tracer.start_as_current_span(
            name, context=above, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield about
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                span.set_attributes({f"{PREFIX}{key}": value for key, value in about.items()})
                case = about.get("case")
                if case is not None and f"case {case}" != of:
                    span.add_link(self._root(f"case {case}"))

    def close(self) -> None:
        """Hand over what waits, and end."""
        self._provider.shutdown()

    def _root(self, of: str) -> SpanContext:
        made = hmac.new(self._key, of.encode("utf-8", "replace"), sha256).digest()
        return SpanContext(
            int.from_bytes(made[:16], "big") or 1,
            int.from_bytes(made[16:24], "big") or 1,
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )


def to_collector(url: str, plant: str, key: bytes) -> Traces:
    """Spans to an OpenTelemetry collector over HTTP, in batches, beside the work."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return Traces(OTLPSpanExporter(endpoint=url, timeout=5), plant, key)
