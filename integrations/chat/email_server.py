"""Which mail server, and one mail handed over to it: refused, put off, or perhaps taken, in our three ways."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from workflow.errors import Rejected, TryLater, Unreachable

ANSWERS_WITHIN = 10.0  # seconds
LATER = timedelta(minutes=1)
HERE = ("localhost", "127.0.0.1", "::1")  # where a password may travel in the clear
NO_SUCH = frozenset({550, 551, 553, 554})


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as its URL names it: `smtps://user:password@host:465`."""

    secure: bool
    host: str
    port: int
    user: str
    password: str
    folder: str

    @classmethod
    def of(cls, url: str) -> Server:
        """Raises ValueError with what would be right."""
        parts = urlsplit(url)
        ports = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
        if parts.scheme not in ports or not parts.hostname:
            raise ValueError(f"{' or '.join(ports)}://user:password@host")
        if parts.scheme == "imap" and parts.hostname not in HERE:
            raise ValueError("imaps://: mail and password would travel in the clear")
        given = unquote(parts.username or ""), unquote(parts.password or "")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        return cls(parts.scheme.endswith("s"), parts.hostname, parts.port or ports[parts.scheme], *given, folder)


def post(to: Server, sender: str, address: str, mail: EmailMessage) -> None:
    """Hand one mail over; raises TryLater, Unreachable or Rejected."""
    try:
        server = connected(to)
    except smtplib.SMTPAuthenticationError:
        raise Rejected("the mail server refuses user or password") from None
    except smtplib.SMTPNotSupportedError:
        raise Rejected("the mail server offers no encryption") from None
    except (OSError, smtplib.SMTPException):
        raise TryLater("the mail server does not answer", LATER) from None
    try:
        _hand_over(server, sender, address, mail)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()


def connected(to: Server) -> smtplib.SMTP:
    """A connection, encrypted and signed in; raises what smtplib and sockets raise."""
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if to.secure:
        server = smtplib.SMTP_SSL(to.host, to.port, timeout=ANSWERS_WITHIN, context=context)
    else:
        server = smtplib.SMTP(to.host, to.port, timeout=ANSWERS_WITHIN)
    try:
        server.ehlo_or_helo_if_needed()
        if not to.secure and (to.host not in HERE or server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if to.user:
            server.login(to.user, to.password)
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, sender: str, to: str, mail: EmailMessage) -> None:
    """One mail; what fails before the text went out has not arrived, what fails after it may have."""
    data_begun = False
    try:
        code, _ = server.mail(sender)
        _check(code, "the sender")
        code, _ = server.rcpt(to)
        if code in NO_SUCH:
            raise Unreachable(f"{code}: the mail server knows no such address")
        _check(code, "the address")
        data_begun = True
        code, _ = server.data(mail.as_bytes())
        _check(code, "the mail")
    except smtplib.SMTPDataError as error:
        _check(error.smtp_code, "the mail")
    except (OSError, smtplib.SMTPException):
        raise TryLater("the mail server does not answer", LATER, outcome_unknown=data_begun) from None


def _check(code: int, what: str) -> None:
    if 400 <= code < 500:
        raise TryLater(f"{code}: the mail server asks for patience", LATER)
    if code >= 500:
        raise Rejected(f"{code}: the mail server refuses {what}")
