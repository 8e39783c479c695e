"""What differs between SQLite and PostgreSQL under the one store: connecting and a few statements.
Everything the two share stands in the reader and the store.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from thegrid_exchange.journal import schema
from thegrid_exchange.journal.protocol import JournalError, Statement, StoredRow

_VALUES = " VALUES ("
_ROWS_AT_A_TIME = (64, 16, 4, 1)

LEASE_MS = 10_000
"""How long a silent writer on a shared database keeps its partition, by the database's clock."""


class Dialect(Protocol):
    """The seam between the store and one kind of database."""

    where: str
    now_us: str
    lease_us: int
    guards: tuple[str, ...]

    def engine(self, *, read_only: bool) -> AsyncEngine:
        """Connections that write durably, or that cannot write at all."""
        ...

    def sql(self, statement: str) -> str:
        """The statement with this driver's placeholders for `?`."""
        ...

    async def commit(
        self,
        connection: AsyncConnection,
        rows: Sequence[StoredRow],
        epoch: int,
        statements: Sequence[Statement],
    ) -> bool:
        """Insert journal rows and run the statements in one transaction, and make it durable.

        The first statement touches one row as long as the epoch holds the lease; False, and
        nothing written, when it is over.
        """
        ...

    async def prove(self, connection: AsyncConnection) -> None:
        """Raise JournalError unless the connection is as durable as promised."""
        ...


def dialect_of(database_url: str) -> Dialect:
    """The dialect of a SQLAlchemy URL. Raises JournalError naming the two that are known."""
    url = make_url(database_url)
    if url.drivername == "sqlite+aiosqlite" and url.database:
        return Sqlite(Path(url.database))
    if url.drivername == "postgresql+asyncpg":
        return Postgres(url)
    raise JournalError(
        f"database {url.drivername}: GRID_DATABASE_URL takes sqlite+aiosqlite:///FILE "
        "or postgresql+asyncpg://USER@HOST/NAME"
    )


class Sqlite:
    """One file, one writer; the folder lock is what keeps others out, so the lease has no end."""

    now_us = "0"
    lease_us = 0
    guards: tuple[str, ...] = schema.SQLITE_GUARDS
    _insert = f"INSERT INTO journal ({schema.COLUMNS}) VALUES ({', '.join('?' * 14)})"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = str(path)

    def engine(self, *, read_only: bool) -> AsyncEngine:
        if read_only and not self.path.exists():
            raise JournalError(f"{self.where}: no journal here; start the exchange once to make it")
        self._refuse_foreign()
        url = "sqlite+aiosqlite:///" + str(self.path)
        if read_only:
            url = f"sqlite+aiosqlite:///file:{quote(str(self.path.absolute()))}?mode=ro&uri=true"
        engine = create_async_engine(url, poolclass=None if read_only else NullPool)
        pragmas = (
            ("query_only=1",)
            if read_only
            else ("journal_mode=WAL", "synchronous=FULL", "fullfsync=1", "wal_autocheckpoint=4000")
        )

        def prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for pragma in ("busy_timeout=5000", *pragmas):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        event.listen(engine.sync_engine, "connect", prepare)
        return engine

    def sql(self, statement: str) -> str:
        return statement

    async def commit(
        self,
        connection: AsyncConnection,
        rows: Sequence[StoredRow],
        epoch: int,
        statements: Sequence[Statement],
    ) -> bool:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        database: sqlite3.Connection = driver._conn

        def work() -> bool:
            try:
                # The first statement finds its row by the epoch: that is the fence.
                if not run_all(database, *statements[0]):
                    database.rollback()
                    return False
                run_all(database, self._insert, rows)
                for statement in statements[1:]:
                    run_all(database, *statement)
                database.commit()
            except BaseException:
                database.rollback()
                raise
            return True

        # One visit to the driver's thread for the whole transaction: at ordinary load the visits,
        # three per statement otherwise, cost more than the writing.
        try:
            done: bool = await driver._execute(work)
        except sqlite3.Error as error:
            raise DBAPIError("a batch of rows", None, error) from error
        return done

    async def prove(self, connection: AsyncConnection) -> None:
        mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar()
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar()
        if (mode, synchronous) != ("wal", 2):
            raise JournalError(
                f"{self.where}: SQLite answered journal_mode={mode}, synchronous={synchronous} "
                "instead of wal and 2 (FULL); use a local file system"
            )

    def _refuse_foreign(self) -> None:
        """Look before any write: a file of another kind is named, never touched."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        try:
            probe = sqlite3.connect(f"file:{quote(str(self.path.absolute()))}?mode=ro", uri=True)
            try:
                mark = probe.execute("PRAGMA application_id").fetchone()[0]
                tables = probe.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            finally:
                probe.close()
        except sqlite3.Error as error:
            raise JournalError(
                f"{self.where}: cannot be read as a journal ({error}); "
                "restore it from a backup or choose another folder with GRID_DATA"
            ) from error
        if mark != schema.SQLITE_APPLICATION_ID and tables:
            raise JournalError(
                f"{self.where}: is the database of another program; "
                "choose another folder with GRID_DATA or another GRID_DATABASE_URL"
            )


def run_all(database: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement for every row, inserts many rows at a time; answers how many it touched.

    SQLite lets go of the interpreter for each run, and each time the thread must win it back.
    """
    head, values, tail = statement.partition(_VALUES)
    if not values:
        return database.executemany(statement, rows).rowcount
    touched = at = 0
    while at < len(rows):
        count = next(size for size in _ROWS_AT_A_TIME if size <= len(rows) - at)
        several = _several(head, tail, len(rows[0]), count)
        parameters = [value for row in rows[at : at + count] for value in row]
        touched += database.execute(several, parameters).rowcount
        at += count
    return touched


@lru_cache(maxsize=1_000)
def _several(head: str, tail: str, columns: int, count: int) -> str:
    one = f"({', '.join('?' * columns)})"
    return f"{head} VALUES {', '.join([one] * count)} {tail.partition(')')[2]}"


class Postgres:
    """A shared server; the lease row with its epoch is the fence, inside the insert itself."""

    now_us = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
    lease_us = LEASE_MS * 1_000
    guards: tuple[str, ...] = schema.POSTGRES_GUARDS
    _kinds = "int bigint bigint bigint int text text bytea text bytea bytea bytea bytea bytea"
    _insert = (
        "WITH held AS (SELECT partition FROM journal_lease "
        "WHERE partition = $15 AND epoch = $16 FOR SHARE) "
        f"INSERT INTO journal ({schema.COLUMNS}) SELECT fresh.* FROM held, unnest("
        + ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_kinds.split(), 1))
        + ") AS fresh"
    )

    def __init__(self, url: URL) -> None:
        self._url = url
        self.where = url.render_as_string(hide_password=True)

    def engine(self, *, read_only: bool) -> AsyncEngine:
        settings = {"application_name": "grid-exchange", "synchronous_commit": "on"}
        if read_only:
            settings["default_transaction_read_only"] = "on"
        else:
            settings["idle_in_transaction_session_timeout"] = str(LEASE_MS)
        return create_async_engine(
            self._url,
            poolclass=None if read_only else NullPool,
            connect_args={"server_settings": settings},
        )

    def sql(self, statement: str) -> str:
        return _numbered(statement)

    async def commit(
        self,
        connection: AsyncConnection,
        rows: Sequence[StoredRow],
        epoch: int,
        statements: Sequence[Statement],
    ) -> bool:
        columns = [list(column) for column in zip(*rows, strict=True)]
        inserts = (*columns, rows[0].partition, epoch)
        async with connection.begin() as transaction:
            inserted = (await connection.exec_driver_sql(self._insert, inserts)).rowcount
            touched = []
            for statement, each in statements:
                # Only a statement that runs once tells how many rows it touched.
                values: Any = each[0] if len(each) == 1 else list(each)
                result = await connection.exec_driver_sql(self.sql(statement), values)
                touched.append(result.rowcount)
            if inserted != len(rows) or not touched[0]:
                await transaction.rollback()
                return False
        return True

    async def prove(self, connection: AsyncConnection) -> None:
        for setting in ("fsync", "full_page_writes"):
            if (await connection.exec_driver_sql(f"SHOW {setting}")).scalar() != "on":
                raise JournalError(
                    f"{self.where}: the server runs with {setting}=off and may lose what it "
                    "acknowledged; set it to on"
                )


@lru_cache(maxsize=1_000)
def _numbered(statement: str) -> str:
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
