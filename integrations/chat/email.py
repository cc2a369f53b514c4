"""E-mail, the fallback: whoever has no chat reads there what concerns them, and an answer lands in the exception."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, TypeVar

import structlog
from imap_tools import AND, BaseMailBox, MailBox, MailBoxUnencrypted, MailMessage
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError

from integrations.chat.email_proof import message_id
from integrations.chat.email_reading import ABOVE, NAME, UNPROVED, Proof, proved, read, too_large
from integrations.chat.email_server import ANSWERS_WITHIN, LATER, NO_SUCH, Server, connected, post
from integrations.chat.gate import as_it_came
from integrations.chat.reachable import reachable
from workflow.errors import Rejected, TooLarge, TryLater
from workflow.messages import Arrival, Inbound, Outbound, Sent
from workflow.ports import Finding, Reads, Receive, Traits

log = structlog.get_logger()
T = TypeVar("T")

IDLES = 3.0  # seconds that we wait for news of the server at a stretch; a stop waits no longer
TAKEN = "Linecall"  # the flag of a mail that is stored here; people may read the mailbox and take nothing from us
MOST_POISON = 64 * 1024  # bytes that are kept of a mail that cannot be read, and as many of its headers


class Email:
    """The channel `email`. What binds the plant is not decided by mail: whose address it is can be faked (R41)."""

    name = NAME
    traits = Traits(text=20_000, buttons=0, numbered=9, caption=20_000, threads=True, silent=True, decides=False)

    def __init__(
        self,
        smtp: str,
        imap: str | None,
        sender: str,
        secret: bytes,
        *,
        our_server: str | None = None,
        above: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._smtp = Server.of(smtp)
        self._imap = Server.of(imap) if imap else None
        self._sender = sender
        self._proof = Proof(secret, our_server)
        self._above = above  # language -> "write above this line"
        self._program: Reads | None = None

    def ask(self, program: Reads) -> None:
        """Whom to ask which people there are."""
        self._program = program

    # in -------------------------------------------------------------------------------------------------------------

    async def listen(self, receive: Receive) -> None:
        """Until cancelled: take what is new, and wait for the server's word that there is more."""
        if self._imap is None:
            await asyncio.Event().wait()
        mailbox = await asyncio.to_thread(self._unopened)
        try:
            await _to_its_end(self._log_in, mailbox)
            while True:
                await self._take_new(mailbox, receive)
                await _to_its_end(mailbox.idle.wait, IDLES)
        finally:
            await asyncio.to_thread(_let_go, mailbox)

    async def fetch(self, reference: str) -> bytes:
        """The bytes of something that was attached."""
        where, _, n = reference.partition("/")
        if self._imap is None or not (where.isascii() and where.isdigit() and n.isascii() and n.isdigit()):
            raise Rejected("no attachment of ours")

        def payload() -> bytes:
            mailbox = self._unopened()
            try:
                self._log_in(mailbox)
                mail = _mail(mailbox, where)
                if mail is not None:
                    if too_large(mail):
                        raise TooLarge("the mail is too large")
                    if int(n) < len(mail.attachments):
                        return bytes(mail.attachments[int(n)].payload)
            finally:
                _let_go(mailbox)
            raise Rejected("the mail is not in the mailbox any more")

        return await _patiently(payload, "the mailbox does not answer")

    async def _take_new(self, mailbox: BaseMailBox, receive: Receive) -> None:
        """Store each mail, and only then flag it; a crash between the two brings it again, and its id is known."""
        for uid in await _to_its_end(mailbox.uids, AND(no_keyword=TAKEN)):
            one = await _to_its_end(_mail, mailbox, uid)
            now = datetime.now(UTC)
            # In a thread: what a stranger wrote holds up nobody else.
            found = await _to_its_end(self._what_it_is, one, uid, now) if one is not None else None
            if found is not None:
                await receive(found)
            await _to_its_end(mailbox.flag, uid, [TAKEN], True)

    def _what_it_is(self, mail: MailMessage, uid: str, now: datetime) -> Inbound | Arrival | None:
        """What a mail is; one that cannot be read is kept where its writer is proved, and passed over else."""
        try:
            return read(mail, uid, self._proof, now)
        except Exception as error:
            if not proved(mail, self._proof, now):
                log.warning("email.passed_over", error=type(error).__name__)
                return None
            log.error("email.poison", error=type(error).__name__)  # noqa: TRY400 - its text may hold words
            return as_it_came(NAME, "", _beginning(mail), now)

    def _unopened(self) -> BaseMailBox:
        server = self._imap
        if server is None:
            raise Rejected("no mailbox is set")
        try:
            if server.secure:
                return MailBox(server.host, server.port, ANSWERS_WITHIN, ssl_context=ssl.create_default_context())
            return MailBoxUnencrypted(server.host, server.port, ANSWERS_WITHIN)
        except OSError:
            raise TryLater("the mailbox does not answer", LATER) from None

    def _log_in(self, mailbox: BaseMailBox) -> None:
        assert self._imap is not None  # noqa: S101 - there would be no mailbox
        mailbox.login(self._imap.user, self._imap.password, self._imap.folder)

    # out ------------------------------------------------------------------------------------------------------------

    async def send(self, message: Outbound) -> Sent:
        """One mail, in the thread of its exception."""
        if message.to.startswith(UNPROVED):
            raise Rejected("nobody has proved that address")
        if not message.text.strip():
            raise Rejected("there is nothing to say")
        if message.replaces is not None:
            raise Rejected("a mail cannot be changed")
        mail = self.written(message)
        await asyncio.to_thread(post, self._smtp, self._sender, message.to, mail)
        return Sent(str(mail["Message-ID"]))

    def written(self, message: Outbound, at: datetime | None = None) -> EmailMessage:
        """The mail as it goes out, now or at a time; raises Rejected for an address that is none."""
        at = at or datetime.now(UTC)
        domain = self._sender.rpartition("@")[2]
        mail = EmailMessage(policy=policy.SMTP)
        lines = message.text.splitlines()
        try:
            mail["From"], mail["To"] = self._sender, message.to
            mail["Subject"] = next(line for line in lines if line.strip())[:120]
        except ValueError:
            raise Rejected("no address of e-mail") from None
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = message_id(self._proof.secret, message.key, message.to, domain, at)
        if message.thread is not None:
            mail["In-Reply-To"] = mail["References"] = message.thread
        mail["Auto-Submitted"] = "auto-generated"  # no vacation note answers it (RFC 3834)
        mail["X-Auto-Response-Suppress"] = "All"
        above = self._above(message.language)
        mail.set_content(f"{ABOVE} {above} {ABOVE[::-1]}\n\n{message.text}\n" if above else f"{message.text}\n")
        if message.picture is not None:
            mail.add_attachment(
                message.picture, maintype="image", subtype="png", disposition="inline", filename="linecall.png"
            )
        return mail

    # how it is ------------------------------------------------------------------------------------------------------

    async def examine(self) -> tuple[Finding, ...]:
        """Both servers, people's addresses, and how writers are proved: what `linecall doctor` says."""
        people = self._program.people(NAME) if self._program is not None else ()
        return (*await self._way_out(people), await self._way_in(), self._proved())

    async def _way_out(self, people: tuple[tuple[str, str], ...]) -> tuple[Finding, ...]:
        where = f"{self._smtp.host}:{self._smtp.port}"
        try:
            server = await asyncio.to_thread(connected, self._smtp)
        except smtplib.SMTPAuthenticationError:
            return (Finding("mail out", f"{where} refuses user or password", "set them in LINECALL_SMTP_URL"),)
        except smtplib.SMTPNotSupportedError:
            to_do = "use smtps:// and its port in LINECALL_SMTP_URL"
            return (Finding("mail out", f"{where} offers no encryption", to_do),)
        except (OSError, smtplib.SMTPException):
            return (Finding("mail out", f"{where} does not answer", "see LINECALL_SMTP_URL and the firewall"),)

        async def why_not(address: str) -> str:
            code, _ = await asyncio.to_thread(server.rcpt, address)
            if code in NO_SUCH:
                return "no such address"
            if code >= 300:
                raise TryLater("greylisted")
            return ""

        try:
            code, _ = await asyncio.to_thread(server.mail, self._sender)
            if code >= 300:
                to_do = "let that user send as LINECALL_EMAIL_FROM, or set the address that it may use"
                return (Finding("mail out", f"{where} takes no mail from {self._sender} ({code})", to_do),)
            found = await reachable(people, why_not, "correct them in plant.yaml")
            return (Finding("mail out", f"{where} takes mail from {self._sender}"), *found)
        except (OSError, smtplib.SMTPException):
            return (Finding("mail out", f"{where} hangs up", "see LINECALL_SMTP_URL and the firewall"),)
        finally:  # nothing was written: no mail leaves
            await asyncio.to_thread(server.close)

    async def _way_in(self) -> Finding:
        if self._imap is None:
            return Finding("mail in", "not set: answers are read by nobody", "set LINECALL_IMAP_URL")
        where = f"{self._imap.host}:{self._imap.port}"
        try:
            new, keeps = await asyncio.to_thread(self._waiting)
        except MailboxFolderSelectError:
            to_do = f"LINECALL_IMAP_URL ends with the name of a folder that is there, now {self._imap.folder}"
            return Finding("mail in", f"{where} has no such folder", to_do)
        except (ImapToolsError, imaplib.IMAP4.error):
            return Finding("mail in", f"{where} refuses user or password", "set them in LINECALL_IMAP_URL")
        except Exception:
            return Finding("mail in", f"{where} does not answer", "see LINECALL_IMAP_URL and the firewall")
        if not keeps:
            to_do = "give Linecall a mailbox of its own that it may write to; else each mail is read again and again"
            return Finding("mail in", f"{where} keeps no flags of ours in {self._imap.folder}", to_do)
        return Finding("mail in", f"{where}, {new} waiting")

    def _waiting(self) -> tuple[int, bool]:
        """How many mails wait, and whether the folder keeps flags of ours (RFC 3501, PERMANENTFLAGS)."""
        mailbox = self._unopened()
        try:
            self._log_in(mailbox)
            _, said = mailbox.client.response("PERMANENTFLAGS")
            keeps = said[0] is None or b"\\*" in said[0] or TAKEN.encode() in said[0]
            return len(mailbox.uids(AND(no_keyword=TAKEN))), keeps
        finally:
            _let_go(mailbox)

    def _proved(self) -> Finding:
        if self._proof.our_server is None:
            to_do = "LINECALL_EMAIL_AUTHSERV_ID, to take reports too: the name in Authentication-Results of your server"
            return Finding("who writes", "known by answering a mail of ours; all others are strangers", to_do)
        return Finding("who writes", f"known by answering a mail of ours, or as {self._proof.our_server} says")


def _mail(mailbox: BaseMailBox, uid: str) -> MailMessage | None:
    """A mail, or the headers alone of one that is too large to look at; None for one that is gone."""
    for head in mailbox.fetch(AND(uid=uid), mark_seen=False, headers_only=True):
        if too_large(head):
            log.warning("email.too_large", bytes=head.size_rfc822)
            return head
    try:
        return next(iter(mailbox.fetch(AND(uid=uid), mark_seen=False)), None)
    except RecursionError:  # parts in parts in parts: no mail program makes hundreds
        log.warning("email.passed_over", error="RecursionError")
        return None


def _beginning(mail: MailMessage) -> bytes:
    """The headers of a mail and the beginning of what stands below them, 64 KB at most of each."""
    headers = "\n".join(f"{name}: {value}" for name, value in mail.obj.items()).encode("utf-8", "replace")
    try:
        body = mail.obj.as_bytes().partition(b"\n\n")[2]
    except Exception:  # what cannot be read can often not be written either
        body = b""
    return headers[:MOST_POISON] + b"\n\n" + body[:MOST_POISON]


def _let_go(mailbox: BaseMailBox) -> None:
    with contextlib.suppress(Exception):
        mailbox.logout()
    with contextlib.suppress(Exception):
        mailbox.client.shutdown()


async def _to_its_end(call: Callable[..., T], *given: Any) -> T:
    """Run something in a thread; whoever is cancelled waits for its end, so that no two use one connection."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *given))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await running
        raise


async def _patiently(call: Callable[[], T], why: str) -> T:
    try:
        return await asyncio.to_thread(call)
    except (OSError, ImapToolsError, imaplib.IMAP4.error):
        raise TryLater(why, LATER) from None
