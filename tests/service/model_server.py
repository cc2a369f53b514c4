"""A third party's mock of the OpenAI API as a process of its own: answers from a file, and breaks on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tests.emulators import Emulator, free_port, npm_packages


class ModelServer(Emulator):
    """aimock on loopback: `answers` maps a part of what was asked to what is answered; `heard` is every voice note."""

    def __init__(self, folder: Path, answers: dict[str, str], heard: str | None = None) -> None:
        fixtures = folder / "answers.json"
        rows: list[dict[str, Any]] = [
            {"match": {"userMessage": part}, "response": {"content": said}} for part, said in answers.items()
        ]
        if heard is not None:
            rows.append({"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": heard}}})
        fixtures.write_text(json.dumps({"fixtures": rows}), "utf-8")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        modules = npm_packages("the mock of a language model", copilotkit__aimock="1.43.0")
        program = modules / "@copilotkit" / "aimock" / "dist" / "cli.js"
        command = [
            "node", str(program), "-p", str(self.port), "-f", str(fixtures), "--validate-on-load",
            "--log-level", "silent",
        ]  # fmt: skip
        super().__init__(
            "the mock of a language model", command, lambda: httpx.get(f"{self.url}/__aimock/journal", timeout=2)
        )

    def breaks(self, **rates: float) -> None:
        """From now on: `dropRate`, `malformedRate`, `disconnectRate`, `rateLimitRate` (0 to 1), `latencyMs`."""
        httpx.post(f"{self.url}/__aimock/chaos", json=rates, timeout=10).raise_for_status()

    def is_well(self) -> None:
        """No breaking any more."""
        httpx.delete(f"{self.url}/__aimock/chaos", timeout=10).raise_for_status()

    def journal(self) -> list[dict[str, Any]]:
        """Every request that it got, oldest first."""
        rows = httpx.get(f"{self.url}/__aimock/journal", timeout=10).json()
        return [row for row in rows if row["path"].endswith("/chat/completions")]
