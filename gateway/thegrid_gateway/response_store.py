"""The operator's own store of responses, for clients that ask to keep theirs: one file of SQLite.

Without one nothing of what is said is kept anywhere. Whose response it is, the exchange says.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from thegrid_gateway.config import ConfigError

_SCHEME = "sqlite:///"
_BUSY_S = 10.0
_PURGED_AT_ONCE = 100
_TABLE = """
create table if not exists responses (
  id text primary key,
  created_s real not null,
  previous_id text not null,
  input text not null,
  response text not null
) without rowid
"""

Result = TypeVar("Result")


class Kept(NamedTuple):
    """One response, the items that were asked with it, and the response it follows."""

    response: dict[str, Any]
    input: list[dict[str, Any]]
    previous_id: str = ""


class ResponseStore:
    """The file, shared by all workers."""

    def __init__(self, path: str, keep_s: float) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        try:
            self._file = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._file.execute("pragma journal_mode = wal")
            self._file.execute(_TABLE)
            self._file.execute("create index if not exists by_age on responses (created_s)")
            self._file.commit()
        except sqlite3.Error as problem:
            raise ConfigError(
                f"GRID_GATEWAY_RESPONSES_STORE: {path} cannot be used ({problem})"
            ) from None

    async def put(self, kept: Kept) -> None:
        """Keep a response, in place of one with its id; forget some that are too old."""
        row = (
            kept.response["id"],
            time.time(),
            kept.previous_id,
            json.dumps(kept.input),
            json.dumps(kept.response),
        )

        def write(file: sqlite3.Connection) -> None:
            file.execute(
                "delete from responses where id in"
                " (select id from responses where created_s < ? limit ?)",
                (time.time() - self._keep_s, _PURGED_AT_ONCE),
            )
            file.execute("insert or replace into responses values (?, ?, ?, ?, ?)", row)

        await self._run(write)

    async def get(self, response_id: str) -> Kept | None:
        """Answer a response, unless it is unknown or too old."""
        oldest_s = time.time() - self._keep_s

        def read(file: sqlite3.Connection) -> Any:
            wanted = "select response, input, previous_id from responses"
            place = " where id = ? and created_s >= ?"
            return file.execute(wanted + place, (response_id, oldest_s)).fetchone()

        row = await self._run(read)
        return Kept(json.loads(row[0]), json.loads(row[1]), row[2]) if row else None

    async def delete(self, response_id: str) -> bool:
        """Forget a response; answers whether there was one."""

        def erase(file: sqlite3.Connection) -> bool:
            place = "delete from responses where id = ?"
            return file.execute(place, (response_id,)).rowcount > 0

        return await self._run(erase)

    async def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do one piece of work in one transaction, off the loop."""

        def run() -> Result:
            with self._lock, self._file:
                return work(self._file)

        return await asyncio.to_thread(run)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def open_store(url: str, keep_s: float) -> ResponseStore | None:
    """Answer the store that the operator configured; None for none. Raises ConfigError."""
    if not url:
        return None
    if not url.startswith(_SCHEME) or url == _SCHEME:
        raise ConfigError(
            f"GRID_GATEWAY_RESPONSES_STORE: {url!r} is no store; write sqlite:///file"
        )
    return ResponseStore(url.removeprefix(_SCHEME), keep_s)
