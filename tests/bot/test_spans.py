"""Traces: every step of a message and of its exception is a span, with ids and nobody's words; off unless asked for."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.config import read_config
from bot.spans import Untold, spans_of
from tests.integrations.loopback import Loopback
from tests.integrations.strange_floor import FILLER_DOWN, GARY, MARIA, Floor
from tests.services import missing

try:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from integrations.traces import Traces
except ImportError:
    missing("OpenTelemetry (pip install linecall[otel])")


def traced(tmp_path: Path) -> tuple[Floor, InMemorySpanExporter]:
    """Riverside, and what its spans were."""
    kept = InMemorySpanExporter()
    floor = Floor(tmp_path / "data")
    floor.app.spans = Traces(kept, "riverside", b"k" * 32, at_once=True)
    return floor, kept


def named(kept: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in kept.get_finished_spans() if span.name == name]


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


def test_a_message_is_one_trace_and_its_exception_another_that_it_leads_to(tmp_path: Path, logged: LogCapture) -> None:
    floor, kept = traced(tmp_path)
    floor.texts(MARIA, FILLER_DOWN, id_="m-1")
    floor.texts(GARY, "fixed, loose cable, 41 min", id_="m-2")
    floor.passes(minutes=5)
    steps = {name: named(kept, name) for name in ("ingest", "read", "act", "send", "post")}
    assert all(steps.values()), {name: len(found) for name, found in steps.items()}

    assert len({trace_of(steps[name][0]) for name in ("ingest", "read", "act")}) == 1, "one message, one trace"
    assert len({trace_of(span) for span in steps["ingest"]}) == 2
    of_the_case = {trace_of(s) for s in (*steps["send"], *steps["post"]) if (s.attributes or {}).get("linecall.case")}
    assert len(of_the_case) == 1
    for act in steps["act"]:
        assert (act.attributes or {})["linecall.case"] == "EX-1001"
        assert {link.context.trace_id for link in act.links} == of_the_case
    assert {(s.attributes or {})["linecall.kind"] for s in steps["post"]} >= {"downtime"}
    floor.close()


def test_a_span_holds_ids_and_nobodys_words(tmp_path: Path, logged: LogCapture) -> None:
    floor, kept = traced(tmp_path)
    floor.chat.fails = [RuntimeError(f"secretword of {GARY}")]
    floor.texts(MARIA, f"{FILLER_DOWN} secretword", id_=f"{MARIA}:1")
    floor.passes(minutes=2)
    everything = "".join(span.to_json() for span in kept.get_finished_spans())
    for secret in ("secretword", "filler", MARIA, GARY, "maria", "gary", "López"):
        assert secret not in everything, secret
    assert any(span.status.description == "RuntimeError" for span in named(kept, "send")), "and that one failed"
    floor.close()


def test_off_unless_a_collector_is_named() -> None:
    assert isinstance(spans_of(read_config(), "riverside"), Untold)
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    with Loopback(Collector) as collector:
        told = spans_of(read_config(traces_url=f"{collector.url}/v1/traces"), "riverside")
        with told.span("ingest", "web 1", channel="web"):
            pass
        with pytest.raises(ValueError, match="x"), told.span("act", "web 1"):
            raise ValueError("x")
        told.close()
    assert {path for path, _ in got} == {"/v1/traces"}
    sent = b"".join(body for _, body in got)
    assert {name for name in (b"ingest", b"act") if name in sent} == {b"ingest", b"act"}, "handed over at the end"
