"""What goes wrong between us and a system that is spoken to over HTTP, at exactly the call that a test names."""

from __future__ import annotations

import random
from collections.abc import Callable

import httpx


class PulledPlug(BaseException):
    """Our program dies here: no handler of ours may catch it."""


Act = Callable[[httpx.Request, Callable[[httpx.Request], httpx.Response]], httpx.Response]


class Faulty(httpx.BaseTransport):
    """Passes requests on to the real system, and does what it was told to at the calls that it was told to."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self.calls = 0  # since the last time somebody set something up
        self.away = False
        self.counts: Callable[[httpx.Request], bool] = lambda _: True  # which requests are numbered
        self._at: dict[int, Act] = {}
        self._always: Act | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        numbered = self.counts(request)
        self.calls += numbered
        act = self._at.pop(self.calls, self._always) if numbered else self._always
        if self.away:
            raise httpx.ConnectError("unplugged", request=request)
        return act(request, self._real.handle_request) if act is not None else self._real.handle_request(request)

    def at(self, call: int, act: Act) -> None:
        """From now on, the call with this number (1 is the next one) goes wrong like that."""
        self.calls, self._always = 0, None
        self._at = {call: act}

    def always(self, act: Act | None) -> None:
        """Every call goes wrong like that; None: all is well again."""
        self._at, self._always = {}, act

    def close(self) -> None:
        self._real.close()


def lost_answer(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    """It was done over there, and we never hear of it."""
    real(request).read()
    raise httpx.ReadTimeout("the answer was lost", request=request)


def plug_before(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    raise PulledPlug


def plug_after(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    real(request).read()
    raise PulledPlug


def timed_out(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    raise httpx.ConnectTimeout("nobody answers", request=request)


def answers(status: int, body: str = "", **headers: str) -> Act:
    """It answers this, whatever it is asked."""
    return lambda request, real: httpx.Response(status, text=body, headers=headers, request=request)


def loses(share: float, seed: int) -> Act:
    """So many answers are lost after the work was done, by a die with a seed."""
    dice = random.Random(seed)

    def act(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        return lost_answer(request, real) if dice.random() < share else real(request)

    return act
