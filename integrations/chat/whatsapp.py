"""WhatsApp through Twilio: the phones that the floor already has, within the 24 hours that WhatsApp allows (R52)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import quote

import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException

from integrations.chat.gate import at, form, secrets_in
from integrations.chat.pace import Pace
from integrations.chat.whatsapp_missed import Missed
from integrations.chat.whatsapp_templates import (
    ROOM,
    Contents,
    as_content,
    called,
    choice_variables,
    fitted,
    templates,
)
from integrations.chat.whatsapp_webhooks import NAME, PREFIX, arrival, inbound, signed
from integrations.chat.whatsapp_wire import PAIR_BURST, PAIR_GAP, SENDER_BURST, SENDER_GAP, Wire, as_ours
from workflow.errors import Rejected, TryLater
from workflow.messages import Outbound, Sent
from workflow.ports import Came, Finding, Invitation, Knock, Rate, Receive, Reply, Traits

log = structlog.get_logger()

HOOK, STATUS, FALLBACK = "/hooks/whatsapp", "/hooks/whatsapp/status", "/hooks/whatsapp/fallback"
SILENCE = Reply(200, '<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")  # we answer by a message of ours
GOOD_FOR = 600  # seconds that Twilio may keep a message; an alarm that comes hours late is none (W9)
_REFERENCE = re.compile(r"[A-Z]{2}[0-9a-f]{32}/ME[0-9a-f]{32}", re.ASCII)


class WhatsApp:
    """The channel `whatsapp`; an address is `+` and a number, or the user id of somebody who hides theirs."""

    name = NAME
    hooks = (HOOK, STATUS, FALLBACK)

    def __init__(
        self,
        account: str,
        token: str,
        sender: str,
        *,
        base_url: str | None = None,
        public_url: str | None = None,
        fallback_url: str | None = None,
        buttons: bool = True,
        lend: Callable[[bytes], str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.traits = Traits(
            text=1024,  # of a message with buttons; one without could have 1,600 (W7, W8)
            parts=4,
            buttons=3 if buttons else 0,
            button_text=20,
            button_bytes=200,
            numbered=9,
            caption=1024 if lend is not None else 0,
            window=timedelta(hours=24),
            rates=(
                Rate(timedelta(seconds=SENDER_GAP), SENDER_BURST),
                Rate(timedelta(seconds=PAIR_GAP), PAIR_BURST, each=True),
            ),
            outside=Traits(text=ROOM, buttons=9, button_text=20, button_bytes=200, window=timedelta(hours=24)),
        )
        self._tokens = secrets_in(token)  # the new one first, while it is changed
        self._sender = PREFIX + sender
        self._public_url = public_url.rstrip("/") if public_url else None
        self._fallback_url = fallback_url.rstrip("/") if fallback_url else self._public_url  # a second way to our door
        self._wire = Wire(account, self._tokens[0], base_url)
        self._contents = Contents(self._wire)
        self._pace = pace or Pace(self.traits.rates)
        self._lend = lend  # puts a picture where Twilio can fetch it, and tells its address

    # in -------------------------------------------------------------------------------------------------------------

    async def listen(self, receive: Receive) -> None:
        """Twilio calls us; what it could not bring is looked up."""
        await Missed(self._wire, self._sender).look_on(receive)

    def proves(self, knock: Knock) -> bool:
        """Whether Twilio signed it for this address; it has no time in it: repeats are known by MessageSid (W1)."""
        bases = (self._public_url, self._fallback_url) if knock.path == FALLBACK else (self._public_url,)
        return signed(knock, [base for base in dict.fromkeys(bases) if base is not None], self._tokens)

    def read(self, knock: Knock) -> Came:
        """A message of a person, or what became of one of ours; both may come again and in any order."""
        fields = form(knock.body)
        if fields.get("AccountSid") != self._wire.account:
            return Came(reply=SILENCE)  # a sub-account's, or another service's of the same token
        if knock.path == STATUS:
            one = arrival(fields, knock.at)
            return Came(reply=SILENCE, arrivals=(one,) if one is not None else ())
        if fields.get("To") != self._sender:
            return Came(reply=SILENCE)
        return Came((inbound(fields, knock.at),), SILENCE)

    async def fetch(self, reference: str) -> bytes:
        """The bytes of a photo, a voice note or a form."""
        if _REFERENCE.fullmatch(reference) is None:
            raise Rejected("no file of Twilio's")
        return await self._wire.media(*reference.split("/"))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    # out ------------------------------------------------------------------------------------------------------------

    async def send(self, message: Outbound) -> Sent:
        """One message: free text or buttons within the 24 hours, an approved template after them."""
        if not message.text.strip():
            raise Rejected("there is nothing to say")
        if message.replaces is not None:
            raise Rejected("WhatsApp changes no message")
        try:
            how = await (self._template(message) if message.closed else self._free(message))
            await self._pace.turn(message.to)
            sent = await self._wire.twilio.messages.create_async(
                to=PREFIX + message.to,
                from_=self._sender,
                status_callback=f"{self._public_url}{STATUS}" if self._public_url else None,
                validity_period=GOOD_FOR,
                **how,
            )
        except TwilioException as error:
            _ours(error)
        return Sent(str(sent.sid))

    async def invitation(self, token: str) -> Invitation:
        """The link that opens the chat with us and has the words ready to send."""
        number = self._sender.removeprefix(PREFIX).lstrip("+")
        return Invitation(f"https://wa.me/{number}?text={quote(f'/start {token}')}")

    async def _free(self, message: Outbound) -> dict[str, Any]:
        if not message.buttons:
            if message.picture is None or self._lend is None:
                return {"body": message.text}
            address = await asyncio.to_thread(self._lend, message.picture)
            return {"body": message.text, "media_url": [address]}
        sid = await self._contents.choice(len(message.buttons))
        return {"content_sid": sid, "content_variables": json.dumps(choice_variables(message.text, message.buttons))}

    async def _template(self, message: Outbound) -> dict[str, Any]:
        found = fitted(message.name, message.language, message.text, message.buttons)
        if found is None:
            raise Rejected("the 24 hours are over and no template carries this")
        sid = await self._contents.sid(found.name)
        if sid is None:
            raise Rejected(f"the 24 hours are over and Twilio has no {found.name}")
        return {"content_sid": sid, "content_variables": json.dumps(found.variables)}

    # how it is ------------------------------------------------------------------------------------------------------

    async def submit(self) -> tuple[str, ...]:
        """Make every template that is missing at Twilio and ask Meta to approve it; returns what was submitted."""
        done = []
        try:
            there = await self._contents.approvals()
            for name, template in templates().items():
                for language in template.body:
                    title = called(name, language)
                    if there.get(title, "unsubmitted") != "unsubmitted":
                        continue
                    sid = await self._contents.sid(title) or await self._contents.make(as_content(name, language))
                    await self._contents.submit(sid, title)
                    done.append(title)
        except TwilioException as error:
            _ours(error)
        return tuple(done)

    async def examine(self) -> tuple[Finding, ...]:
        """Account, number, the way to our door, templates: what `linecall doctor` says."""
        try:
            account = await self._wire.twilio.api.accounts(self._wire.account).fetch_async()
        except TryLater:
            to_do = "let this machine reach api.twilio.com and content.twilio.com on port 443"
            return (Finding("account", "Twilio cannot be reached from here", to_do), *await self._doors())
        except TwilioException:
            to_do = "Twilio console, Account info: set LINECALL_TWILIO_ACCOUNT_SID and LINECALL_TWILIO_AUTH_TOKEN"
            return (Finding("account", "Twilio refuses account or token", to_do), *await self._doors())
        active = account.status in (None, "active")
        found = [Finding("account", f"valid, {account.status or 'active'}", "" if active else "see the Twilio console")]
        if len(self._tokens) > 1:
            to_do = "once the new one is the primary at Twilio, take the old one out of LINECALL_TWILIO_AUTH_TOKEN"
            found.append(Finding("auth token", "two are believed, the new one and the old one", to_do))
        return (*found, await self._number(), *await self._doors(), await self._approved())

    async def _number(self) -> Finding:
        number = self._sender.removeprefix(PREFIX)
        try:
            senders = await self._wire.twilio.messaging.v2.channels_senders.list_async(channel=NAME)
        except (TwilioException, TryLater):
            return Finding("number", f"{number}; Twilio does not tell about it here")
        ours = next((one for one in senders if one.sender_id == self._sender), None)
        if ours is None:
            return Finding("number", f"{number} is no WhatsApp sender of this account", "Twilio console, Senders")
        if not str(ours.status).startswith("ONLINE"):
            return Finding("number", f"{number} is {str(ours.status).lower()}", "Twilio console, WhatsApp senders")
        calls = at({"webhook": ours.webhook}, "webhook", "callback_url")
        if calls != f"{self._public_url}{HOOK}":
            return Finding("number", f"{number}; its messages go elsewhere", f"set its webhook to …{HOOK} (POST)")
        falls_back = at({"webhook": ours.webhook}, "webhook", "fallback_url")
        if not falls_back:
            to_do = f"set its fallback URL to …{FALLBACK} (POST), best through a second way into the plant"
            return Finding("number", f"{number} is online and calls us, and nobody else where we do not answer", to_do)
        if falls_back != f"{self._fallback_url}{FALLBACK}":
            how = f"{number}; what its fallback brings is refused, for it is signed for another address"
            return Finding("number", how, "set LINECALL_TWILIO_FALLBACK_URL to the address that its fallback URL has")
        return Finding("number", f"{number} is online and calls us")

    async def _doors(self) -> tuple[Finding, ...]:
        if self._public_url is None:
            return (Finding("webhook", "Twilio does not know where we are", "set LINECALL_PUBLIC_URL to https://…"),)
        if not self._public_url.startswith("https://"):
            return (Finding("webhook", f"{self._public_url} is not https", "set LINECALL_PUBLIC_URL to https://…"),)
        first = await self._door("webhook", self._public_url, HOOK)
        if self._fallback_url is None or self._fallback_url == self._public_url:
            return (first,)
        return first, await self._door("fallback", self._fallback_url, FALLBACK)

    async def _door(self, what: str, base: str, path: str) -> Finding:
        status = await self._wire.knocks(base + path)
        if status == 401:
            return Finding(what, "reachable, and refuses who has no signature")
        to_do = f"start `linecall run` and let {base} lead to it"
        return Finding(what, "nobody answers there" if status is None else f"somebody else answers ({status})", to_do)

    async def _approved(self) -> Finding:
        wanted = [called(name, language) for name, template in templates().items() for language in template.body]
        try:
            there = await self._contents.approvals()
        except (TwilioException, TryLater):
            return Finding("templates", "Twilio does not tell about them here")
        missing = [name for name in wanted if there.get(name, "unsubmitted") == "unsubmitted"]
        waiting = [name for name in wanted if there.get(name) in ("received", "pending")]
        refused = [name for name in wanted if there.get(name) in ("rejected", "paused", "disabled")]
        good = len(wanted) - len(missing) - len(waiting) - len(refused)
        how = f"{good} of {len(wanted)} approved"
        if refused:
            return Finding("templates", f"{how}; refused: {', '.join(refused[:3])}", "see why in the Twilio console")
        if missing:
            return Finding("templates", f"{how}, {len(missing)} not asked for", "linecall whatsapp-templates")
        return Finding("templates", f"{how}, {len(waiting)} wait for Meta" if waiting else how)


def _ours(error: TwilioException) -> NoReturn:
    if isinstance(error, TwilioRestException):
        as_ours(error)
    raise TryLater("Twilio does not answer as it should", outcome_unknown=True) from None
