"""Voice notes to words, through any endpoint that answers like OpenAI's `/audio/transcriptions`."""

from __future__ import annotations

from datetime import timedelta

import httpx
from pydantic import BaseModel, ValidationError

from integrations.media.files import ENDINGS
from workflow.errors import Rejected, TryLater

SECONDS = 60.0
MOST_WORDS = 3000  # characters: its sender reads them back whole, in one message
MOST_ANSWER = 1024 * 1024  # bytes
BUSY = frozenset({408, 409, 425, 429})  # and everything from 500: it may go later


class _Heard(BaseModel):
    text: str


class TranscribingEars:
    """`Ears` of `workflow/ports.py`: the plant's own server or a provider, whatever `LINECALL_OPENAI_*` names."""

    def __init__(
        self, base_url: str, model: str, key: str | None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/audio/transcriptions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._transport = transport

    def words(self, voice: bytes, mime: str) -> str:
        """What was said, word for word as the endpoint heard it; TryLater where it is away, Rejected where it won't."""
        file = {"file": (f"voice.{ENDINGS[mime]}", voice, mime)}
        asked = {"model": self._model, "response_format": "json"}
        try:
            with (
                httpx.Client(timeout=SECONDS, transport=self._transport) as client,
                client.stream("POST", self._url, headers=self._headers, data=asked, files=file) as answer,
            ):
                status, said = answer.status_code, _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TryLater(f"the transcription endpoint cannot be reached ({type(error).__name__})") from error
        if status in BUSY or status >= 500:
            raise TryLater(f"the transcription endpoint answered {status}", timedelta(seconds=5))
        if status != 200:
            raise Rejected(f"the transcription endpoint answered {status}")
        try:
            return _Heard.model_validate_json(said).text.strip()[:MOST_WORDS]
        except ValidationError as error:
            raise Rejected("the transcription endpoint answered something else than words") from error


def _bounded(answer: httpx.Response) -> bytes:
    said = bytearray()
    for piece in answer.iter_bytes():
        said += piece
        if len(said) > MOST_ANSWER:
            raise Rejected("the transcription endpoint answered without an end")
    return bytes(said)
