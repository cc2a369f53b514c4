"""Why somebody was not reached, as pages say it in their reader's language; the records keep what the chat said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.web.words import capital

if TYPE_CHECKING:
    from bot.wording import Voice

CHANNELS = frozenset({"email", "slack", "telegram", "web", "whatsapp"})
# What stands in the words of a chat -> `page.reason.NAME`; the first that fits.
NAMES = (
    ("no longer needed", "not_needed"),
    ("nobody there in plant.yaml", "nobody"),
    ("24 hours are over", "window"),
    ("blocked", "blocked"),
    ("never started the bot", "blocked"),
    ("opted out", "blocked"),
    ("does not deliver there", "no_address"),
    ("no such", "no_address"),
    ("not on WhatsApp", "no_address"),
    ("no address", "no_address"),
    ("another workspace", "no_address"),
    ("nobody has proved", "no_address"),
    ("group has moved", "no_address"),
    ("another chat, or another bot", "no_address"),
    ("user or password", "set_up"),
    ("no encryption", "set_up"),
    ("refuses the token", "set_up"),
    ("account or token", "set_up"),
    ("another program uses", "set_up"),
    ("template", "set_up"),
    ("does not know that", "set_up"),
    ("asks for a pause", "busy"),
    ("asks for patience", "busy"),
    ("greylisted", "busy"),
    ("one message every few seconds", "busy"),
    ("does not answer", "silent"),
    ("cannot be reached", "silent"),
    ("no answer in time", "silent"),
    ("is in trouble", "silent"),
    ("does not say whether", "silent"),
    ("not delivered", "silent"),
    ("refuses", "refused"),
    ("too long", "refused"),
    ("nothing to say", "refused"),
    ("cannot be changed", "refused"),
    ("changes no message", "refused"),
)
OTHER = "other"


def name_of(said: str) -> str:
    """The name of a reason, by what a chat said; `other` for what only its vendor can explain."""
    return next((name for words, name in NAMES if words in said), OTHER)


def reason(said: str | None, voice: Voice) -> str:
    """The reason in the reader's words, with the chat that gave it where it is told; "" for none."""
    told: dict[str, None] = {}
    for part in (said or "").split("; "):
        channel, _, rest = part.partition(": ")
        known = channel in CHANNELS
        if part:
            words = voice.say(f"page.reason.{name_of(rest if known else part)}")
            told[f"{capital(channel)}: {words}" if known else words] = None
    return "; ".join(told)
