"""Usage records as they are listed and found by any of their ids.

Calls that still run are reservations and live in memory.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Index

from thegrid_exchange.engine.events import UsageRecorded
from thegrid_exchange.engine.records import UsageRecord
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import EVENTS_PER_ROW, Batch

USAGE = sql.table(
    "usage",
    [sql.text("member_id"), sql.number("number")],
    sql.text("delivery_id"),
    sql.text("request_id"),
    sql.text("key_id"),
    sql.text("instrument_id"),
    sql.number("at_us"),
    sql.record(),
)
Index("view_usage_by_delivery", USAGE.c.partition, USAGE.c.member_id, USAGE.c.delivery_id)
Index("view_usage_by_request", USAGE.c.partition, USAGE.c.member_id, USAGE.c.request_id)
_PUT_USAGE = sql.insert(USAGE)

_usage = msgspec.msgpack.Decoder(UsageRecord).decode


class Collector:
    """Gathers the usage records of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._rows: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Find the records."""
        for row in self._batch.rows:
            for place, event in enumerate(row.events):
                if type(event) is UsageRecorded:
                    self._add(event.usage, row.seq * EVENTS_PER_ROW + place)

    def _add(self, usage: UsageRecord, number: int) -> None:
        self._rows.append(
            (
                self._partition,
                usage.member_id,
                number,
                usage.delivery_id,
                usage.request_id,
                usage.key_id,
                usage.instrument_id,
                usage.opened_at_us,
                sql.pack(usage),
            )
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._rows:
            yield _PUT_USAGE, self._rows


class UsageReader:
    """Usage records, newest settlement first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def record(self, member_id: str, identifier: str) -> UsageRecord | None:
        """A record of the member by its own id, its delivery's, or the client's request id."""
        column, wanted = "request_id", identifier
        if identifier.startswith(("usg_", "dlv_")):
            column, wanted = "delivery_id", "dlv_" + identifier[4:]
        query = (
            sql.Query("record", USAGE, self._reader.partition)
            .where("member_id = ?", member_id)
            .where(f"{column} = ?", wanted)
            .order("number DESC", 1)
        )
        rows = await self._reader.select(query)
        return _usage(rows[0][0]) if rows else None

    async def records(
        self,
        member_id: str,
        *,
        instrument_id: str = "",
        key_id: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[tuple[int, UsageRecord]]:
        """Records of the member numbered below `before`, each with its number."""
        query = (
            sql.Query("number, record", USAGE, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(instrument_id, "instrument_id = ?")
            .when(key_id, "key_id = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [(row[0], _usage(row[1])) for row in await self._reader.select(query)]
