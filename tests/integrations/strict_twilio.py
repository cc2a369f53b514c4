"""A Twilio of ours on loopback that is as strict as the original: its numbers, its refusals, its ledger.

What the third party's emulator cannot send or refuse (buttons, files, places, replies, error codes, the 24 hours,
templates and their approval) goes through it. Numbers and codes: twilio.com/docs (messaging, content, errors). What it
takes may fail later, as with the original: the callbacks then wait in `callbacks`, signed, for the test to deliver.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from twilio.request_validator import RequestValidator

from tests.integrations.loopback import Lately, Loopback
from workflow.ports import Knock

ACCOUNT, TOKEN = "AC" + "0" * 32, "a-token-of-nobody"
NUMBER = "+15550001111"
PUBLIC = "https://linecall.riverside.example"
WINDOW = 24 * 3600.0
PAIR_BURST, PAIR_GAP = 45, 6.0
A_SECOND = 80  # messages of one sender that it hands on in any second; what is more waits in its queue
VARIABLE = re.compile(r"\{\{(\d+)\}\}")


class Refuses(Exception):
    def __init__(self, status: int, code: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class StrictTwilio(Loopback):
    """`accepted` is every message that it took; `shown` what arrived on a phone."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.accepted: list[dict[str, Any]] = []
        self.arrived: list[dict[str, Any]] = []
        self.callbacks: list[Knock] = []
        self.away = False
        self.received: list[dict[str, Any]] = []  # what people wrote, as its own list keeps it: the newest first
        self.opted_out: set[str] = set()
        self.not_on_whatsapp: set[str] = set()
        self.wrote_at: dict[str, float] = {}  # when a person last wrote: their window
        self.floods: list[int] = []
        self.breaks: list[str] = []
        self.files: dict[str, tuple[int, dict[str, str], bytes]] = {}  # media id -> what its request is answered
        self.asked: list[tuple[str, str, bool]] = []  # method, path, whether it carried the key
        self.lent: dict[str, bytes] = {}  # what lies at addresses from which Twilio fetches
        self.contents: dict[str, dict[str, Any]] = {}
        self.approvals: dict[str, str] = {}
        self.sender = {
            "sender_id": f"whatsapp:{NUMBER}",
            "status": "ONLINE",
            "webhook": {
                "callback_url": f"{PUBLIC}/hooks/whatsapp",
                "fallback_url": f"{PUBLIC}/hooks/whatsapp/fallback",
            },
        }
        self.queued: list[dict[str, Any]] = []  # what came too fast, and waits to be handed on
        self.paced = False  # whether it keeps senders to its pace, by its clock
        self._lately = Lately(A_SECOND, 1.0)
        self._buckets: dict[str, tuple[float, float]] = {}
        super().__init__(_handler(self))

    # what people do ---------------------------------------------------------------------------------------------------

    def wrote(self, person: str, text: str = "", *, id_: str | None = None, **more: str) -> Knock:
        """A message of a person as Twilio posts it; `more` are further fields."""
        self.wrote_at[person] = self.now()
        sid = id_ or f"SM{uuid4().hex}"
        fields = {
            "SmsMessageSid": sid, "NumMedia": "0", "ProfileName": "Denise Palmer", "MessageType": "text",
            "SmsSid": sid, "WaId": "15550111", "SmsStatus": "received", "Body": text, "To": f"whatsapp:{NUMBER}",
            "NumSegments": "1", "ReferralNumMedia": "0", "MessageSid": sid, "AccountSid": ACCOUNT,
            "From": f"whatsapp:{person}", "ApiVersion": "2010-04-01",
        } | more  # fmt: skip
        self.received.insert(0, {**fields, "at": self.now()})
        return self.signs("/hooks/whatsapp", fields)

    def pressed(self, person: str, label: str, value: str, message: str = "") -> Knock:
        """A person taps a button."""
        more = {"ButtonText": label, "ButtonPayload": value, "MessageType": "button"}
        if message:
            more |= {"OriginalRepliedMessageSid": message, "OriginalRepliedMessageSender": f"whatsapp:{NUMBER}"}
        return self.wrote(person, label, **more)

    def signs(
        self, path: str, fields: dict[str, str], *, query: str = "", token: str = TOKEN, base: str = PUBLIC
    ) -> Knock:
        """A form that Twilio posts to us, with its signature over URL and fields."""
        url = f"{base}{path}" + (f"?{query}" if query else "")
        headers = {
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            "x-twilio-signature": RequestValidator(token).compute_signature(url, fields),
            "i-twilio-idempotency-token": str(uuid4()),
        }
        return Knock(path, query, headers, urlencode(fields).encode(), datetime.fromtimestamp(self.now(), UTC))

    def becomes(self, message: dict[str, Any], status: str, code: int = 0) -> Knock:
        """What Twilio says of a message that it took."""
        fields = {
            "ChannelPrefix": "whatsapp", "ApiVersion": "2010-04-01", "MessageStatus": status, "SmsSid": message["sid"],
            "SmsStatus": status, "ChannelInstallSid": "XE" + "0" * 32, "To": message["To"], "From": message["From"],
            "MessageSid": message["sid"], "AccountSid": ACCOUNT,
        }  # fmt: skip
        if code:
            fields |= {"ErrorCode": str(code), "ChannelStatusMessage": "nobody reads this"}
        return self.signs("/hooks/whatsapp/status", fields)

    def shown(self, person: str) -> list[dict[str, Any]]:
        """What arrived on a phone, oldest first: `text`, `buttons`, `sid`, `template`."""
        return [message for message in self.arrived if message["To"] == f"whatsapp:{person}"]

    def approves(self) -> None:
        """Meta has read what was submitted; it refuses what it always refuses."""
        for sid in self.approvals:
            body = _body(self.contents[sid])
            bad = VARIABLE.match(body) or re.search(r"\}\}\W*$", body) or "}}{{" in body
            self.approvals[sid] = "rejected" if bad else "approved"

    # what the program asks --------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, body: bytes, *, knows: bool, query: str = "") -> Any:
        """What a request is answered."""
        if self.away:
            raise Refuses(503, 20503, "Service Unavailable")
        if not knows:
            raise Refuses(401, 20003, "Authenticate")
        messages = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        if (method, path) == ("POST", messages):
            return self._message(dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)))
        if method == "GET" and path.startswith(messages.removesuffix(".json")):
            return self._kept(path, messages, query)
        if (method, path) == ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json"):
            return {"sid": ACCOUNT, "status": "active", "friendly_name": "Riverside"}
        if path == "/v2/Channels/Senders":
            return {"senders": [self.sender], "meta": {"key": "senders"}}
        if (method, path) == ("GET", "/v1/Content"):
            return {"contents": list(self.contents.values()), "meta": {"key": "contents"}}
        if (method, path) == ("POST", "/v1/Content"):
            return self._content(json.loads(body))
        if (method, path) == ("GET", "/v1/ContentAndApprovals"):
            found = [
                {**one, "approval_requests": {"status": self.approvals.get(sid, "unsubmitted")}}
                for sid, one in self.contents.items()
            ]
            return {"contents": found, "meta": {"key": "contents"}}
        asks = re.fullmatch(r"/v1/Content/(HX[0-9a-f]{32})/ApprovalRequests/whatsapp", path)
        if asks is not None and method == "POST":
            wanted = json.loads(body)
            if not re.fullmatch(r"[a-z0-9_]{1,512}", wanted["name"]) or wanted["category"] != "UTILITY":
                raise Refuses(400, 20001, "Invalid name or category")
            if asks[1] not in self.contents:
                raise Refuses(404, 20404, "The requested resource was not found")
            self.approvals[asks[1]] = "received"
            return {"name": wanted["name"], "category": "UTILITY", "status": "received"}
        raise Refuses(404, 20404, f"The requested resource {path} was not found")

    def _kept(self, path: str, messages: str, query: str) -> Any:
        """What its own list says of messages that came: no buttons, places and replies; days, and no times (W3)."""
        media = re.fullmatch(re.escape(messages.removesuffix(".json")) + r"/([SM]M[0-9a-f]{32})/Media.json", path)
        if media is not None:
            (one,) = (m for m in self.received if m["MessageSid"] == media[1])
            files = [
                {"sid": one[f"MediaUrl{n}"].rpartition("/")[2], "content_type": one[f"MediaContentType{n}"]}
                for n in range(int(one["NumMedia"]))
            ]
            return {"media_list": files, "uri": path, "next_page_uri": None}
        if path != messages:
            raise Refuses(404, 20404, f"The requested resource {path} was not found")
        asked = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
        day = asked.get("DateSent>", "2000-01-01")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day) or not 1 <= int(asked.get("PageSize", "50")) <= 1000:
            raise Refuses(400, 20001, "Invalid parameter")
        found = [m for m in self.received if m["To"] == asked["To"] and _date(m["at"]).date().isoformat() >= day]
        size, page = int(asked.get("PageSize", "50")), int(asked.get("Page", "0"))
        rows = [
            {
                "sid": m["MessageSid"], "account_sid": ACCOUNT, "from": m["From"], "to": m["To"], "body": m["Body"],
                "direction": "inbound", "status": "received", "num_media": m["NumMedia"],
                "date_created": format_datetime(_date(m["at"])), "date_sent": format_datetime(_date(m["at"])),
            }
            for m in found[page * size : page * size + size]
        ]  # fmt: skip
        more = f"{messages}?{urlencode({**asked, 'Page': page + 1})}" if found[page * size + size :] else None
        return {"messages": rows, "uri": path, "next_page_uri": more}

    def _message(self, given: dict[str, str]) -> Any:
        to, sender = given.get("To", ""), given.get("From", "")
        if not re.fullmatch(r"whatsapp:(\+[1-9]\d{5,14}|[A-Z]{2}\.\w{1,128})", to):
            raise Refuses(400, 21211, "Invalid 'To' Phone Number")
        if sender != f"whatsapp:{NUMBER}":
            raise Refuses(400, 63007, "Twilio could not find a Channel with the specified From address")
        person = to.removeprefix("whatsapp:")
        if person in self.opted_out:
            raise Refuses(400, 21610, "Attempt to send to unsubscribed recipient")
        if not 1 <= int(given.get("ValidityPeriod", "36000")) <= 36000:
            raise Refuses(400, 21670, "The ValidityPeriod is out of range")
        if not re.match(r"https?://[^/]+/", given.get("StatusCallback", "https://x/")):
            raise Refuses(400, 21609, "Invalid StatusCallback")
        if self.floods:
            seconds = self.floods.pop(0)
            raise Refuses(429, 20429, "Too Many Requests", **{"Retry-After": str(seconds)})
        text, buttons, template = self._words(given)
        if "MediaUrl" in given and given["MediaUrl"] not in self.lent:
            raise Refuses(400, 21620, "Invalid media URL(s)")
        broken = self.breaks.pop(0) if self.breaks else ""
        if broken == "lost":
            raise Refuses(503, 20503, "Service Unavailable")
        message = {"sid": f"SM{uuid4().hex}", **given, "text": text, "buttons": buttons, "template": template}
        message["picture"] = self.lent.get(given.get("MediaUrl", ""))
        self.accepted.append(message)
        self.hands_on()
        if self.paced and (self.queued or self._lately.wait(self.now()) > 0):
            self.queued.append(message)
            return {"sid": message["sid"], "status": "queued", "to": to, "from": sender, "account_sid": ACCOUNT}
        if self.paced:
            self._lately.took(self.now())
        self._delivers(person, message)
        if broken == "silent":
            raise Refuses(504, 20504, "Gateway Timeout")
        return {"sid": message["sid"], "status": "queued", "to": to, "from": sender, "account_sid": ACCOUNT}

    def keeps_pace(self, now: Callable[[], float]) -> None:
        """From now on what comes too fast waits, by this clock."""
        self.now, self.paced = now, True

    def hands_on(self) -> None:
        """What waited goes on as its pace allows."""
        while self.queued and self._lately.wait(self.now()) == 0:
            message = self.queued.pop(0)
            self._lately.took(self.now())
            self._delivers(message["To"].removeprefix("whatsapp:"), message)

    def _words(self, given: dict[str, str]) -> tuple[str, list[tuple[str, str]], dict[str, Any] | None]:
        """Text, buttons and template of a message."""
        if "ContentSid" not in given:
            text = given.get("Body", "")
            if not text.strip():
                raise Refuses(400, 21619, "A text message body or media urls must be specified")
            if len(text.encode("utf-16-le")) // 2 > 1600:
                raise Refuses(400, 21617, "The concatenated message body exceeds the 1600 character limit")
            return text, [], None
        content = self.contents.get(given["ContentSid"])
        if content is None:
            raise Refuses(400, 21655, "The ContentSid is invalid")
        filled = json.loads(given.get("ContentVariables", "{}"))
        if not isinstance(filled, dict) or any(not isinstance(v, str) or not v for v in filled.values()):
            raise Refuses(400, 21656, "The ContentVariables Parameter is invalid")
        if not set(VARIABLE.findall(json.dumps(content["types"]))) <= filled.keys():
            raise Refuses(400, 21656, "The ContentVariables Parameter is invalid")
        approved = self.approvals.get(content["sid"]) == "approved"
        if approved and any(re.search(r"[\n\t]| {5}", v) for v in filled.values()):
            raise Refuses(400, 21656, "The ContentVariables Parameter is invalid")

        def fill(text: str) -> str:
            return VARIABLE.sub(lambda found: filled[found[1]], text)

        actions = content["types"].get("twilio/quick-reply", {}).get("actions", [])
        buttons = [(fill(action["title"]), fill(action["id"])) for action in actions]
        return fill(_body(content)), buttons, content

    def _delivers(self, person: str, message: dict[str, Any]) -> None:
        """What happens after it was accepted: it is delivered, or fails with a code."""
        code, template = 0, message["template"]
        approved = template is not None and self.approvals.get(template["sid"]) == "approved"
        tokens, at = self._buckets.get(person, (float(PAIR_BURST), self.now()))
        tokens = min(PAIR_BURST, tokens + (self.now() - at) / PAIR_GAP)
        if tokens < 1:
            code = 63018
        elif person in self.not_on_whatsapp:
            code = 63003
        elif not approved and self.now() - self.wrote_at.get(person, float("-inf")) >= WINDOW:
            code = 63016
        elif template is not None and (
            len(message["text"].encode("utf-16-le")) // 2 > 1024
            or (len(message["buttons"]) > 3 and not approved)
            or any(
                not 0 < len(label.encode("utf-16-le")) // 2 <= 20 or not 0 < len(id_) <= 200
                for label, id_ in message["buttons"]
            )
            or len({label for label, _ in message["buttons"]}) < len(message["buttons"])
        ):
            code = 63021
        self._buckets[person] = (max(0.0, tokens - 1), self.now())
        if code:
            self.callbacks.append(self.becomes(message, "undelivered", code))
            return
        self.arrived.append(message)
        self.callbacks += [self.becomes(message, status) for status in ("sent", "delivered")]

    def _content(self, given: dict[str, Any]) -> Any:
        (kind,) = given["types"]
        if kind not in ("twilio/text", "twilio/quick-reply") or not given["friendly_name"] or not given["language"]:
            raise Refuses(400, 20001, "Invalid content")
        actions = given["types"][kind].get("actions", [])
        body = given["types"][kind]["body"]
        if len(body) > 1024 or len(actions) > 10 or (kind == "twilio/quick-reply" and not actions):
            raise Refuses(400, 20001, "Invalid content")
        if any(len(a["title"]) > 20 or len(a["id"]) > 200 or a["type"] != "QUICK_REPLY" for a in actions):
            raise Refuses(400, 20001, "Invalid action")
        if set(VARIABLE.findall(json.dumps(given["types"]))) - given["variables"].keys():
            raise Refuses(400, 20001, "A variable without a sample")
        sid = f"HX{uuid4().hex}"
        self.contents[sid] = {"sid": sid, "account_sid": ACCOUNT, **given}
        return self.contents[sid]


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _body(content: dict[str, Any]) -> str:
    (kind,) = content["types"]
    return str(content["types"][kind]["body"])


def _handler(twilio: StrictTwilio) -> type[BaseHTTPRequestHandler]:
    key = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _serve(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            knows = self.headers.get("Authorization") == key
            twilio.asked.append((self.command, parts.path, knows))
            media = re.search(r"/(?:Media|elsewhere)/(\w+)$", parts.path)
            if media is not None:
                status, headers, content = twilio.files.get(media[1], (404, {}, b""))
                free = "/elsewhere/" in parts.path
                self._answer(*((status, headers, content) if knows or free else (401, {}, b"")))
                return
            try:
                found = twilio.answer(self.command, parts.path, body, knows=knows, query=parts.query)
                self._answer(201 if self.command == "POST" else 200, {}, json.dumps(found).encode())
            except Refuses as no:
                said = {"code": no.code, "message": str(no), "status": no.status, "more_info": ""}
                self._answer(no.status, no.headers, json.dumps(said).encode())

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked has heard enough

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
