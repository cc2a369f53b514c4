"""A real Tryton for the tests: installed by its own lock file, set up once, kept, and started on loopback.

It lives in a virtual environment of its own below `.venv` and is spoken to over the network only: its licence (GPL-3)
and its packages stay outside of Linecall. A database is put back to what it was quickly, by SQLite's own backup,
while the server runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.tryton_plant import ADMIN_PASSWORD, BOT, BOT_PASSWORD, seed

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "tryton.lock"
MODULES = ("ir", "res", "sale", "stock_lot", "production_work", "production_routing", "quality")
DATABASE = "tryton"
UP_WITHIN = 90.0  # seconds


class NoTryton(Exception):
    """It cannot be installed here, with the last words of whoever tried."""


@dataclass
class Tryton:
    """One running server with the sample plant in it."""

    url: str
    file: Path
    template: Path
    process: subprocess.Popen[bytes]
    user: str = BOT
    password: str = BOT_PASSWORD

    def reset(self) -> None:
        """Everything as it was when the plant was seeded."""
        with sqlite3.connect(self.template) as before, sqlite3.connect(self.file, timeout=30) as now:
            before.backup(now)
        before.close()
        now.close()

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database itself says: a way of reading that shares nothing with the adapter."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()


def installed() -> Path:
    """The folder with the virtual environment and the seeded database; made once for this lock file and this plant.

    Raises NoTryton where the package index cannot be reached.
    """
    made_from = [LOCK, ROOT / "tests" / "tryton_plant.py", *sorted((ROOT / "fixtures/plants/riverside").glob("*.csv"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:16]
    packages = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    home = ROOT / ".venv" / "tryton"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        venv, folder = home / f"venv-{packages}", home / f"plant-{digest}"
        if not (venv / "done").exists():
            _install(venv)
        if not (folder / "done").exists():
            _set_up(venv, folder)
    return folder


@contextmanager
def running(home: Path, data: Path) -> Iterator[Tryton]:
    """A server on a copy of the seeded database in `data`, gone at the end."""
    data.mkdir(parents=True, exist_ok=True)
    file, template = data / f"{DATABASE}.sqlite", home / f"{DATABASE}.sqlite"
    shutil.copy(template, file)
    process, url = _start(Path((home / "venv").read_text()), data)
    try:
        yield Tryton(url, file, template, process)
    finally:
        _stop(process)


def _install(venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    pip = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    _run([sys.executable, "-m", "venv", venv])
    _run([*pip, "--no-deps", "--require-hashes", "-r", LOCK])
    (venv / "done").touch()


def _set_up(venv: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(ADMIN_PASSWORD)
    _configuration(folder, _free_port())
    admin = [venv / "bin" / "trytond-admin", "-c", folder / "trytond.conf", "-d", DATABASE, "-u", *MODULES]
    options = ["--activate-dependencies", "--email", "admin@example.com", "--administrator", "--no-indexes", "-p"]
    _run([*admin, *options], TRYTONPASSFILE=str(folder / "password"))
    process, url = _start(venv, folder)
    try:
        seed(url, DATABASE, ROOT / "fixtures" / "plants" / "riverside")
    finally:
        _stop(process)
    _whole(folder / f"{DATABASE}.sqlite")
    (folder / "venv").write_text(str(venv))
    (folder / "done").touch()


def _start(venv: Path, data: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = _free_port()
    _configuration(data, port)
    with (data / "trytond.log").open("ab") as log:
        process = subprocess.Popen(
            [venv / "bin" / "trytond", "-c", data / "trytond.conf", "-d", DATABASE], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + UP_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.post(f"{url}/rpc/", json={"id": 1, "method": "common.server.version", "params": []}).is_success:
                return process, url
        except httpx.TransportError:
            time.sleep(0.05)
    _stop(process)
    raise AssertionError(f"Tryton did not come up:\n{(data / 'trytond.log').read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _configuration(folder: Path, port: int) -> None:
    (folder / "trytond.conf").write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 3600\n"
    )


def _whole(file: Path) -> None:
    """One file that holds everything: what lies in the write-ahead log is taken in."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _run(command: list[Any], **environment: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise NoTryton(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-1500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
