"""The journal in SQLite or PostgreSQL: one writer, one transaction a batch, durable or raise.
What a row means is the codec's affair, and when to write is the sequencer's.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from thegrid_exchange.clock import Clock
from thegrid_exchange.journal import schema
from thegrid_exchange.journal.chain import genesis
from thegrid_exchange.journal.lock import FolderLock
from thegrid_exchange.journal.protocol import (
    Fenced,
    Head,
    JournalBroken,
    JournalError,
    JournalLocked,
    Quarantined,
    SnapshotHead,
    Statement,
    StoredRow,
)
from thegrid_exchange.journal.reader import SqlReader

log = logging.getLogger(__name__)

LEASE_POLL_US = 500_000
"""How often a writer that waits asks whether the lease is free."""

_T = TypeVar("_T")


class SqlJournal(SqlReader):
    """The one writer of a journal, and its readers."""

    def __init__(
        self,
        database_url: str,
        clock: Clock,
        partition: int = 1,
        folder: Path | None = None,
        lease_wait_us: int = 0,
    ) -> None:
        super().__init__(database_url, partition)
        database = make_url(database_url).database
        if folder is None and database_url.startswith("sqlite") and database:
            folder = Path(database).parent
        self.epoch = 0
        self.on_lost: Callable[[Exception], object] = lambda _error: None
        """Called once when the partition is lost between batches; the process must stop."""
        self._clock, self._lease_wait_us = clock, lease_wait_us
        self._folder = folder
        self._lock = FolderLock(folder) if folder else None
        self._writer: AsyncConnection | None = None
        self._turn = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def open(self) -> Head:
        """Lock, connect, make the tables if there are none, take the lease and its next epoch.

        Raises JournalLocked when another exchange writes here, JournalError when the database is
        unreadable, foreign, newer or not durable, JournalBroken when its last rows are gone.
        """
        self._make_folder()
        if self._lock:
            self._lock.acquire()
        try:
            return await self._open_locked()
        except BaseException:
            await self.close()
            raise

    def _make_folder(self) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise JournalError(
                f"{self._folder}: cannot be made ({error.strerror}); "
                "choose a data folder that this user may write with GRID_DATA"
            ) from error

    async def _open_locked(self) -> Head:
        engine = self.dialect.engine(read_only=False)
        try:
            self._writer = await engine.connect()
            await self.dialect.prove(self._writer)
            await self._writer.rollback()
            await self._write(self._prepare)
        except (DBAPIError, OSError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise JournalError(
                f"{self.dialect.where}: cannot be opened for writing ({reason}); check that it is "
                "reachable and writable, or set GRID_DATABASE_URL"
            ) from error
        await super().open()
        await self._await_lease()
        head = await self.head()
        if (await self.declared_head())[0] > head.seq:
            raise JournalBroken(
                head.seq + 1, "rows at the end are gone; restore the database from a backup"
            )
        if self.dialect.lease_us:
            self._renewal = asyncio.create_task(self._renew_for_ever())
        return head

    async def _prepare(self, connection: AsyncConnection) -> None:
        """Make tables, guards and identity; all of it does nothing the second time."""
        await connection.run_sync(schema.metadata.create_all)
        for guard in self.dialect.guards:
            await connection.exec_driver_sql(guard)
        if connection.dialect.name == "sqlite":
            mark = schema.SQLITE_APPLICATION_ID
            await connection.exec_driver_sql(f"PRAGMA application_id={mark}")
        for name, value in (
            ("schema_version", str(schema.SCHEMA_VERSION)),
            ("exchange_id", f"exc_{secrets.token_hex(16)}"),
        ):
            await self._run(
                connection,
                "INSERT INTO journal_meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                name,
                value,
            )

    async def _await_lease(self) -> None:
        """Take the lease, waiting for its present holder to end if that was asked for."""
        waited_us = 0
        while not await self._write(self._take_lease):
            if waited_us >= self._lease_wait_us:
                raise JournalLocked(
                    f"{self.dialect.where}: another exchange holds partition {self.partition}; "
                    "stop it, or wait until its lease ends (GRID_LEASE_WAIT_S)"
                )
            if not waited_us:
                log.info("partition %d is held by another; waiting", self.partition)
            await self._clock.sleep(LEASE_POLL_US)
            waited_us += LEASE_POLL_US

    async def _take_lease(self, connection: AsyncConnection) -> bool:
        now_us, owner = self.dialect.now_us, f"{socket.gethostname()}:{os.getpid()}"
        await self._run(
            connection,
            "INSERT INTO journal_lease VALUES (?, '', 0, 0, 0, ?) ON CONFLICT DO NOTHING",
            self.partition,
            genesis(self.exchange_id, self.partition),
        )
        taken = await self._run(
            connection,
            f"UPDATE journal_lease SET epoch = epoch + 1, owner = ?, "
            f"expires_us = {now_us} + {self.dialect.lease_us} "
            f"WHERE partition = ? AND (owner = '' OR expires_us <= {now_us})",
            owner,
            self.partition,
        )
        if not taken:
            return False
        statement = "SELECT epoch FROM journal_lease WHERE partition = ?"
        result = await connection.exec_driver_sql(self.dialect.sql(statement), (self.partition,))
        self.epoch = result.scalar_one()
        return True

    async def append(self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()) -> None:
        """Make the rows and the read-model writes durable together, or raise.

        Raises Fenced when another writer took the partition; any error means that the outcome is
        unknown, and the process must stop.
        """
        statements = (self._hold(rows[-1]), *statements)
        async with self._turn:
            writer = self._open_writer()
            if not await self.dialect.commit(writer, rows, self.epoch, statements):
                raise Fenced(f"epoch {self.epoch} of partition {self.partition} is over")

    def _hold(self, last: StoredRow) -> Statement:
        """Name the new head in the lease row, which also renews it."""
        statement = (
            "UPDATE journal_lease SET head_seq = ?, head_hash = ?, "
            f"expires_us = {self.dialect.now_us} + {self.dialect.lease_us} "
            "WHERE partition = ? AND epoch = ?"
        )
        return statement, [(last.seq, last.hash, self.partition, self.epoch)]

    async def _project(self, connection: AsyncConnection, statements: Sequence[Statement]) -> None:
        for statement, parameters in statements:
            sql = self.dialect.sql(statement)
            await connection.exec_driver_sql(sql, cast(Any, list(parameters)))

    async def put_snapshot_chunk(self, seq: int, number: int, chunk: bytes) -> None:
        """Store one chunk of a snapshot that is not yet complete."""
        statement = (
            "INSERT INTO journal_snapshot_chunk (partition, seq, number, chunk) "
            "VALUES (?, ?, ?, ?) ON CONFLICT (partition, seq, number) "
            "DO UPDATE SET chunk = excluded.chunk"
        )
        await self._write(lambda c: self._run(c, statement, self.partition, seq, number, chunk))

    async def complete_snapshot(self, head: SnapshotHead, keep: int) -> None:
        """Declare a snapshot whole, and drop all but the newest `keep`."""
        columns = "partition, seq, at_us, hash, rules_version, chunks, digest"
        statement = (
            f"INSERT INTO journal_snapshot ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        await self._write(lambda c: self._run(c, statement, self.partition, *head))
        kept = (await self.snapshots())[:keep]
        for table in ("journal_snapshot", "journal_snapshot_chunk"):
            await self._drop_before(table, kept[-1].seq)

    async def _drop_before(self, table: str, seq: int) -> None:
        statement = f"DELETE FROM {table} WHERE partition = ? AND seq < ?"
        await self._write(lambda c: self._run(c, statement, self.partition, seq))

    async def quarantine(self, command: Quarantined) -> None:
        """Remember a command that must not run again."""
        statement = (
            "INSERT INTO journal_quarantine "
            "(partition, actor, request_id, after_seq, command, message) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        )
        await self._write(lambda c: self._run(c, statement, self.partition, *command))

    async def reset_views(self, version: int, statements: Sequence[str]) -> None:
        """Throw the read models away and create them empty; `version` counts once complete."""

        async def write(connection: AsyncConnection) -> None:
            await self._run(connection, "DELETE FROM journal_meta WHERE name = ?", "views_version")
            for statement in statements:
                await connection.exec_driver_sql(statement)

        await self._write(write)

    async def project(self, statements: Sequence[Statement], version: int | None = None) -> None:
        """Write read models outside a batch (a rebuild); `version` declares them complete."""

        async def write(connection: AsyncConnection) -> None:
            await self._project(connection, statements)
            if version is not None:
                await self._run(
                    connection,
                    "INSERT INTO journal_meta (name, value) VALUES ('views_version', ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    str(version),
                )

        await self._write(write)

    async def close(self) -> None:
        """Give the lease back, close every connection, let go of the folder."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        await super().close()  # the writer leaves last: it alone can fold the log into the file
        if self._writer is not None:
            with contextlib.suppress(DBAPIError, OSError):
                await self._release()
            await self._writer.close()
            await self._writer.engine.dispose()
            self._writer = None
        if self._lock:
            self._lock.release()

    async def _release(self) -> None:
        statement = "UPDATE journal_lease SET owner = '' WHERE partition = ? AND epoch = ?"
        if self.epoch:
            await self._write(lambda c: self._run(c, statement, self.partition, self.epoch))

    async def _renew_for_ever(self) -> None:
        statement = (
            f"UPDATE journal_lease SET expires_us = {self.dialect.now_us} + "
            f"{self.dialect.lease_us} WHERE partition = ? AND epoch = ?"
        )
        while True:
            await self._clock.sleep(self.dialect.lease_us // 3)
            try:
                held = await self._write(
                    lambda c: self._run(c, statement, self.partition, self.epoch)
                )
            except (DBAPIError, OSError) as error:
                self.on_lost(error)
                return
            if not held:
                self.on_lost(Fenced(f"epoch {self.epoch} of partition {self.partition} is over"))
                return

    async def _run(self, connection: AsyncConnection, statement: str, *parameters: object) -> int:
        result = await connection.exec_driver_sql(self.dialect.sql(statement), parameters)
        return result.rowcount

    async def _write(self, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """One transaction on the one writer connection; a second writer waits his turn."""
        async with self._turn, self._open_writer().begin():
            return await work(self._open_writer())

    def _open_writer(self) -> AsyncConnection:
        if self._writer is None:
            raise JournalError("the journal is not open for writing")
        return self._writer
