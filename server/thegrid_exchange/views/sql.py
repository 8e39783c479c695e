"""The SQL side of the read models: how tables are made, written and read, whichever the database.

Which tables there are, and what they hold, is said noun by noun.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateIndex, CreateTable

from thegrid_exchange.journal.dialects import dialect_of

metadata = MetaData()

pack = msgspec.msgpack.Encoder().encode
"""A record as bytes; NamedTuples become arrays."""


def table(name: str, keys: Sequence[Column[Any]], *columns: Any) -> Table:
    """A read-model table; the partition stands first in every key."""
    partition = Column("partition", Integer, primary_key=True, autoincrement=False)
    for key in keys:
        key.primary_key = True
    made = Table(f"view_{name}", metadata, partition, *keys, *columns)
    made.dialect_options["sqlite"]["with_rowid"] = False
    return made


def text(name: str) -> Column[Any]:
    """A column of text."""
    return Column(name, Text, nullable=False)


def number(name: str) -> Column[Any]:
    """A column of 64-bit integers."""
    return Column(name, BigInteger, nullable=False, autoincrement=False)


def record(name: str = "record") -> Column[Any]:
    """A column with a packed record."""
    return Column(name, LargeBinary, nullable=False)


def upsert(target: Table, keep: Sequence[str] = ()) -> str:
    """SQL that inserts a row or replaces what is there, but for the columns to keep."""
    keys = [column.name for column in target.primary_key]
    names = [column.name for column in target.columns]
    set_list = ", ".join(
        f"{name} = excluded.{name}" for name in names if name not in keys and name not in keep
    )
    return f"{insert(target)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {set_list}"


def add_up(target: Table, sums: Sequence[str]) -> str:
    """SQL that inserts a row, or adds to some columns of what is there and replaces the others."""
    keys = [column.name for column in target.primary_key]
    set_list = ", ".join(
        f"{name} = {target.name}.{name} + excluded.{name}"
        if name in sums
        else f"{name} = excluded.{name}"
        for name in (column.name for column in target.columns)
        if name not in keys
    )
    return f"{insert(target)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {set_list}"


def insert(target: Table) -> str:
    """SQL that inserts a row, all columns in their order."""
    names = [column.name for column in target.columns]
    return f"INSERT INTO {target.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def definitions(database_url: str) -> list[str]:
    """Statements that drop all read models and create them empty, in this database's own SQL."""
    is_sqlite = database_url.startswith("sqlite")
    dialect: Any = sqlite.dialect() if is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
    statements: list[str] = []
    for each in metadata.sorted_tables:
        statements.append(f"DROP TABLE IF EXISTS {each.name}")
        statements.append(str(CreateTable(each).compile(dialect=dialect)))
        statements.extend(
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(each.indexes, key=lambda index: str(index.name))
        )
    return statements


def version_of(meaning: int) -> int:
    """A number for all tables as they are defined now, and for what their rows mean.

    Any change of a table is another version, whoever makes it.
    """
    text = f"{meaning}\n" + "\n".join(definitions("sqlite:"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


class Reader:
    """Queries over the read models on the journal's read-only connections."""

    def __init__(
        self,
        engine: AsyncEngine,
        database_url: str,
        partition: int,
        last_seq_before: Callable[[int], Awaitable[int]],
    ) -> None:
        self._engine, self._dialect = engine, dialect_of(database_url)
        self.partition = partition
        self.last_seq_before = last_seq_before
        """The last journal row stamped before an instant, 0 for none; the journal knows."""

    async def rows(self, statement: str, *parameters: Any) -> list[Any]:
        """The rows of a query with `?` for its parameters."""
        async with self._engine.connect() as connection:
            result = await connection.exec_driver_sql(self._dialect.sql(statement), parameters)
            return list(result.fetchall())

    async def select(self, query: "Query") -> list[Any]:
        """The rows of a composed query."""
        return await self.rows(query.statement(), *query.parameters)


class Query:
    """A SELECT over one table of this partition, put together from the filters that were given."""

    def __init__(self, columns: str, source: Table, partition: int) -> None:
        self._head = f"SELECT {columns} FROM {source.name} WHERE partition = ?"
        self._tail = ""
        self.parameters: list[Any] = [partition]

    def where(self, condition: str, *values: Any) -> "Query":
        """Add a condition."""
        self._head += f" AND {condition}"
        self.parameters.extend(values)
        return self

    def when(self, given: Any, condition: str) -> "Query":
        """Add a condition on a filter, if the filter was given."""
        return self.where(condition, given) if given not in (None, "") else self

    def group(self, columns: str, limit: int | None = None) -> "Query":
        """Say what the sums are made by; the rows come in that order, at most so many."""
        self._tail = f" GROUP BY {columns} ORDER BY {columns}"
        if limit is not None:
            self._tail += f" LIMIT {limit}"
        return self

    def order(self, order: str, limit: int) -> "Query":
        """Say the order and the greatest number of rows."""
        self._tail = f" ORDER BY {order} LIMIT {limit}"
        return self

    def statement(self) -> str:
        """The SQL text."""
        return self._head + self._tail
