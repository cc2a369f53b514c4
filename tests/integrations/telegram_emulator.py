"""A third party's emulator of the Bot API as a process of its own, unmodified; people type and press through it."""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tests.services import _missing as missing

PACKAGE, VERSION = "telegram-test-api", "4.2.1"
FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "node"
READY_WITHIN = 30.0
START = (
    "const {TelegramServer} = require(process.argv[1]);"
    "new TelegramServer({port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 3600}).start();"
)


def installed() -> Path:
    """The emulator's module; installed once into .venv/node by the machine's own npm."""
    home = FOLDER / "node_modules" / PACKAGE
    if shutil.which("npm") is None or shutil.which("node") is None:
        missing("Node.js with npm, which runs the emulator of Telegram")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _has_version(home):
            quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            # npm takes away what it was not told of: name what is there already.
            others = [f"{name}@{version}" for name, version in _others()]
            command = ["npm", "install", "--prefix", str(FOLDER), *quiet, f"{PACKAGE}@{VERSION}", *others]
            done = subprocess.run(command, capture_output=True, timeout=300, check=False)
            if done.returncode or not _has_version(home):
                missing(f"{PACKAGE} {VERSION} from an npm registry, the emulator of Telegram")
    return home / "lib" / "telegramServer.js"


def _has_version(home: Path) -> bool:
    about = home / "package.json"
    return about.is_file() and json.loads(about.read_text("utf-8"))["version"] == VERSION


def _others() -> list[tuple[str, str]]:
    about = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "package.json"
    return [("@copilotkit/aimock", json.loads(about.read_text("utf-8"))["version"])] if about.is_file() else []


class TelegramEmulator:
    """telegram-test-api on loopback."""

    def __init__(self, token: str) -> None:
        self.token = token
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = ["node", "-e", START, str(installed()), str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    def types(self, person: int, text: str, **more: Any) -> None:
        """A person writes in their private chat."""
        self._post("/sendMessage", {**self._by(person), "date": int(time.time()), "text": text, **more})

    def presses(self, person: int, data: str, message_id: int) -> None:
        """A person presses a button."""
        by = self._by(person)
        card = {"message_id": message_id, "date": int(time.time()), "chat": by["chat"], "text": "card"}
        self._post("/sendCallback", {**by, "data": data, "message": card})

    def shown(self, person: int) -> list[dict[str, Any]]:
        """What the bot sent to a person, oldest first: `messageId`, and `message` as it was posted."""
        rows = self._post("/getUpdatesHistory", {"token": self.token})["result"]
        return [row for row in rows if str(row.get("message", {}).get("chat_id")) == str(person)]

    def __enter__(self) -> TelegramEmulator:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/bot{self.token}/getMe", timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the emulator of Telegram did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _by(self, person: int) -> dict[str, Any]:
        who = {"id": person, "first_name": "Somebody", "is_bot": False}
        return {"botToken": self.token, "from": who, "chat": {"id": person, "type": "private"}}

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()
