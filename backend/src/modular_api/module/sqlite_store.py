"""Idempotency keys in a file, for all processes of a host and across restarts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from modular_api.errors import ConfigurationError
from modular_api.module.idempotency_store import Claim, KeptAnswer, cut_off_answer

T = TypeVar("T")

_TABLE = """
CREATE TABLE IF NOT EXISTS claims (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    taken_at REAL NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claims_by_age ON claims (taken_at);
"""
_LOCKED_S = 10.0
"""How long one process waits for another that is writing."""


class SqliteStore:
    """Keeps claims in an SQLite file that the instances of a module share.

        module = Module(
            routers={"v1": router}, idempotency_store=SqliteStore(".local/keys.sqlite3")
        )

    An answer outlives the process that gave it. The file is made with the first key,
    and must lie on a disk of this host: SQLite's locks are not safe on network drives.

    Args:
        path: of the file; its folder is made when it is missing.
        ttl_s: how long an answer is kept.
        unanswered_s: how long a request may be served. After that its process is taken
            for dead: nobody knows what the request did, so the key answers 500.

    Every method waits in a thread and, cancelled, still does what it began. Raises:
    ConfigurationError: the file cannot be used.
    """

    is_shared: ClassVar[bool] = True

    def __init__(
        self,
        path: str | Path,
        *,
        ttl_s: float = 86_400.0,
        unanswered_s: float = 60.0,
    ) -> None:
        self._path = Path(path)
        self._ttl_s = ttl_s
        self._unanswered_s = unanswered_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def claim(self, key: str, fingerprint: str) -> Claim | None:
        """Take a key, or return the claim of who has it."""
        return await self._run(lambda database: self._claim(database, key, fingerprint))

    async def keep(self, key: str, claim: Claim) -> None:
        """Keep an answer; one that came too late is kept, too."""
        await self._run(lambda database: self._keep(database, key, claim))

    async def release(self, key: str) -> None:
        """Give a key up."""
        await self._run(lambda database: self._release(database, key))

    def _claim(
        self, database: sqlite3.Connection, key: str, fingerprint: str
    ) -> Claim | None:
        now = time.time()  # the one clock that processes share
        database.execute("DELETE FROM claims WHERE taken_at <= ?", [now - self._ttl_s])
        taken = database.execute(
            "INSERT INTO claims (key, fingerprint, taken_at) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [key, fingerprint, now],
        )
        if taken.rowcount:
            return None
        known, taken_at, status, headers, body = database.execute(
            "SELECT fingerprint, taken_at, status, headers, body FROM claims "
            "WHERE key = ?",
            [key],
        ).fetchone()
        if status is not None:
            return Claim(known, KeptAnswer(status, _read_headers(headers), body))
        if taken_at <= now - self._unanswered_s:
            return Claim(known, cut_off_answer())
        return Claim(known)

    def _keep(self, database: sqlite3.Connection, key: str, claim: Claim) -> None:
        answer = claim.answer or cut_off_answer()
        database.execute(
            "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "status = excluded.status, headers = excluded.headers, body = excluded.body",
            [
                key,
                claim.fingerprint,
                time.time(),
                answer.status,
                _write_headers(answer.headers),
                answer.body,
            ],
        )

    def _release(self, database: sqlite3.Connection, key: str) -> None:
        database.execute("DELETE FROM claims WHERE key = ?", [key])

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def in_one_transaction() -> T:
            with self._lock:
                try:
                    database = self._connection or self._open()
                    with database:
                        # At once: a lock that is taken for reading first cannot wait.
                        database.execute("BEGIN IMMEDIATE")
                        return work(database)
                except sqlite3.Error as error:
                    raise ConfigurationError(
                        f"SqliteStore({str(self._path)!r}): {error}. Name a file that "
                        "this process may write, on a disk of this host."
                    ) from error

        return await asyncio.shield(asyncio.to_thread(in_one_transaction))

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        database = sqlite3.connect(
            self._path,
            timeout=_LOCKED_S,
            isolation_level=None,
            check_same_thread=False,  # the lock lets one thread in
        )
        weakref.finalize(self, database.close)
        _become_write_ahead(database)
        # A commit does not wait for the disk: it survives every crash of a process, and
        # only a crash of the host may lose the last moments.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_TABLE)
        self._connection = database
        return database


def _become_write_ahead(database: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, which the file remembers.

    SQLite waits for every lock but this one: processes that open a new file at the same
    time are told at once that it is locked.
    """
    give_up_at = time.monotonic() + _LOCKED_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            is_locked = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            if not is_locked or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


def _write_headers(headers: tuple[tuple[bytes, bytes], ...]) -> str:
    return json.dumps([[k.decode("latin-1"), v.decode("latin-1")] for k, v in headers])


def _read_headers(text: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (k.encode("latin-1"), v.encode("latin-1")) for k, v in json.loads(text)
    )
