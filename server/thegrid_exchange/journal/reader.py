"""Reading a journal on its own read-only connections, beside a running exchange if need be.
Nothing here can write; the store adds that.
"""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from thegrid_exchange.journal import schema
from thegrid_exchange.journal.chain import genesis
from thegrid_exchange.journal.dialects import Dialect, dialect_of
from thegrid_exchange.journal.protocol import (
    Head,
    JournalError,
    Quarantined,
    RequestSeen,
    SnapshotHead,
    StoredRow,
)

READ_ROWS = 2_000
"""Rows that one read brings into memory at most."""


class SqlReader:
    """The read side of a journal in SQLite or PostgreSQL."""

    def __init__(self, database_url: str, partition: int = 1) -> None:
        self.partition = partition
        self.exchange_id = ""
        self.dialect: Dialect = dialect_of(database_url)
        self._reader: AsyncEngine | None = None

    @property
    def engine(self) -> AsyncEngine:
        """Read-only connections for anyone who queries the read models."""
        if self._reader is None:
            raise JournalError("the journal is not open")
        return self._reader

    async def open(self) -> Head:
        """Connect, check that this is a journal of ours, and answer its last durable row."""
        self._reader = self.dialect.engine(read_only=True)
        await self._read_identity()
        return await self.head()

    async def _read_identity(self) -> None:
        version = await self._meta("schema_version")
        if version is None or int(version) > schema.SCHEMA_VERSION:
            raise JournalError(
                f"{self.dialect.where}: written with journal schema {version}, this program knows "
                f"{schema.SCHEMA_VERSION}; run a newer grid-exchange"
            )
        self.exchange_id = await self._meta("exchange_id") or ""

    async def head(self) -> Head:
        """The last durable row of this partition."""
        rows = await self._query(
            "SELECT seq, hash, at_us FROM journal WHERE partition = ? ORDER BY seq DESC LIMIT 1",
            self.partition,
        )
        return Head(*rows[0]) if rows else Head(0, genesis(self.exchange_id, self.partition), 0)

    async def declared_head(self) -> tuple[int, bytes]:
        """The last row as the lease row names it; the journal itself must agree."""
        rows = await self._query(
            "SELECT head_seq, head_hash FROM journal_lease WHERE partition = ?", self.partition
        )
        return (rows[0][0], rows[0][1]) if rows else (0, b"")

    async def read(
        self, after_seq: int = 0, until_seq: int | None = None
    ) -> AsyncIterator[list[StoredRow]]:
        """The durable rows after `after_seq` in order, at most READ_ROWS at a time."""
        statement = (
            f"SELECT {schema.COLUMNS} FROM journal "
            f"WHERE partition = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT {READ_ROWS}"
        )
        last = 2**62 if until_seq is None else until_seq
        while rows := await self._query(statement, self.partition, after_seq, last):
            yield [StoredRow(*row) for row in rows]
            after_seq = rows[-1][1]

    async def row(self, seq: int) -> StoredRow | None:
        """One durable row, or None."""
        statement = f"SELECT {schema.COLUMNS} FROM journal WHERE partition = ? AND seq = ?"
        rows = await self._query(statement, self.partition, seq)
        return StoredRow(*rows[0]) if rows else None

    async def last_seq_before(self, at_us: int) -> int:
        """The last row stamped before an instant, 0 for none.

        Stamps never fall, so halving finds it.
        """
        low, high = 0, (await self.head()).seq
        while low < high:
            middle = (low + high + 1) // 2
            rows = await self._query(
                "SELECT at_us FROM journal WHERE partition = ? AND seq = ?", self.partition, middle
            )
            if rows and rows[0][0] < at_us:
                low = middle
            else:
                high = middle - 1
        return low

    async def requests_since(self, at_us: int) -> AsyncIterator[list[RequestSeen]]:
        """The request ids of rows stamped at or after `at_us`, in order."""
        after_seq = await self.last_seq_before(at_us)
        statement = (
            "SELECT seq, at_us, actor, request_id FROM journal "
            f"WHERE partition = ? AND seq > ? ORDER BY seq LIMIT {READ_ROWS}"
        )
        while rows := await self._query(statement, self.partition, after_seq):
            yield [RequestSeen(*row) for row in rows if row[3]]
            after_seq = rows[-1][0]

    async def snapshots(self) -> list[SnapshotHead]:
        """The complete snapshots, newest first."""
        rows = await self._query(
            "SELECT seq, at_us, hash, rules_version, chunks, digest FROM journal_snapshot "
            "WHERE partition = ? ORDER BY seq DESC",
            self.partition,
        )
        return [SnapshotHead(*row) for row in rows]

    async def snapshot_chunks(self, seq: int) -> AsyncIterator[bytes]:
        """The chunks of one snapshot in order, one at a time in memory."""
        number = 0
        statement = (
            "SELECT chunk FROM journal_snapshot_chunk "
            "WHERE partition = ? AND seq = ? AND number = ?"
        )
        while rows := await self._query(statement, self.partition, seq, number):
            yield rows[0][0]
            number += 1

    async def quarantined(self) -> list[Quarantined]:
        """The commands that must not run again."""
        rows = await self._query(
            "SELECT actor, request_id, after_seq, command, message FROM journal_quarantine "
            "WHERE partition = ?",
            self.partition,
        )
        return [Quarantined(*row) for row in rows]

    async def views_version(self) -> int | None:
        """The version of the read models that the store holds, or None."""
        value = await self._meta("views_version")
        return None if value is None else int(value)

    async def close(self) -> None:
        """Close the read-only connections."""
        if self._reader is not None:
            await self._reader.dispose()
            self._reader = None

    async def _meta(self, name: str) -> str | None:
        rows = await self._query("SELECT value FROM journal_meta WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    async def _query(self, statement: str, *parameters: Any) -> list[Any]:
        try:
            async with self.engine.connect() as connection:
                result = await connection.exec_driver_sql(self.dialect.sql(statement), parameters)
                return list(result.fetchall())
        except (DBAPIError, OSError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise JournalError(
                f"{self.dialect.where}: cannot be read as a journal ({reason}); "
                "check GRID_DATABASE_URL, or restore the database from a backup"
            ) from error
