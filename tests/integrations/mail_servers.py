"""Mail servers of the tests: Dovecot for what comes in, and one of aiosmtpd's that is as strict as the plant's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from imap_tools import MailBoxUnencrypted
from imap_tools.errors import MailboxLoginError

from tests.services import missing

BOT, PASSWORD = "linecall@riverside.example", "correct-horse"
READY_WITHIN = 20.0
DOVECOT = """
base_dir = {folder}/run
log_path = {folder}/log
instance_name = linecall-test-{port}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
}}
"""


class Dovecot:
    """A real IMAP server on loopback, with one mailbox."""

    def __init__(self) -> None:
        # Of its own, and not below pytest's: its workers are other users, and only root passes there.
        self._folder = Path(tempfile.mkdtemp(prefix="linecall-mail-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"imap://{BOT.replace('@', '%40')}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
        if program is None or os.geteuid() != 0:
            missing("Dovecot, started by root (Debian: apt-get install dovecot-imapd)")
        for name in ("run", "mail"):
            (self._folder / name).mkdir(parents=True)
        shutil.chown(self._folder / "mail", "mail", "mail")
        self._folder.chmod(0o711)
        (self._folder / "users").write_text(f"{BOT}:{PASSWORD}\n")
        (self._folder / "users").chmod(0o644)
        config = self._folder / "dovecot.conf"
        config.write_text(DOVECOT.format(folder=self._folder, port=self.port))
        self._process = subprocess.Popen([program, "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                self._mailbox().logout()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError(f"Dovecot did not start: {(self._folder / 'log').read_text('utf-8', 'replace')[-500:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def gets(self, mail: EmailMessage | bytes) -> None:
        """A mail arrives."""
        mailbox = self._mailbox()
        mailbox.append(mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP), "INBOX")
        mailbox.logout()

    def flags(self) -> list[tuple[str, ...]]:
        """The flags of every mail in the mailbox."""
        mailbox = self._mailbox()
        found = [mail.flags for mail in mailbox.fetch(mark_seen=False, headers_only=True)]
        mailbox.logout()
        return found

    def _mailbox(self) -> Any:
        return patiently(lambda: MailBoxUnencrypted("127.0.0.1", self.port, 5), lambda box: box.login(BOT, PASSWORD))


class Quietly(Controller):
    """On loopback a password may travel in the clear, and nobody has to be warned of it."""

    def factory(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return super().factory()


class StrictPost:
    """`arrived` is every mail that was taken; who is in `unknown` has no mailbox there."""

    def __init__(self) -> None:
        self.arrived: list[EmailMessage] = []
        self.unknown: set[str] = set()
        self.breaks: list[str] = []  # "busy" before it was taken, "silent" after
        self._controller = Quietly(
            self, hostname="127.0.0.1", port=0, authenticator=_knows, auth_required=True, auth_require_tls=False
        )

    @property
    def url(self) -> str:
        """For LINECALL_SMTP_URL."""
        return f"smtp://{BOT.replace('@', '%40')}:{PASSWORD}@127.0.0.1:{self.port}"

    def __enter__(self) -> StrictPost:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = self._controller.port = int(probe.getsockname()[1])
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived at an address."""
        return [mail for mail in self.arrived if mail["To"] == address]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address != BOT:
            return "553 5.7.1 not your address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such user here"
        if self.breaks[:1] == ["busy"]:
            self.breaks.pop(0)
            return "450 4.2.0 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if envelope.mail_from != BOT or mail["From"] != BOT:
            return "553 5.7.1 not your address"
        self.arrived.append(mail)
        if self.breaks[:1] == ["silent"]:
            self.breaks.pop(0)
            server.transport.abort()
        return "250 OK"


def patiently(opened: Callable[[], Any], log_in: Callable[[Any], Any]) -> Any:
    """A mailbox that is logged in; a machine under load makes Dovecot say UNAVAILABLE for a moment."""
    until = time.monotonic() + READY_WITHIN
    while True:
        mailbox = opened()
        try:
            log_in(mailbox)
        except MailboxLoginError:
            mailbox.client.shutdown()
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return mailbox


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == BOT.encode() and data.password == PASSWORD.encode())


def words(mail: EmailMessage) -> str:
    """The text of a mail of ours, without the line above which one answers."""
    body = mail.get_body(("plain",))
    text = str(body.get_content() if body is not None else "").replace("\r\n", "\n")
    return (text.partition("\n\n")[2] if text.startswith("##-") else text).rstrip("\n")
