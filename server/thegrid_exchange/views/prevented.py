"""Matches that self-trade prevention kept orders from, as the owners of both orders list them.

The orders themselves are in `trading`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.engine.events import SelfTradePrevented
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

PREVENTED = sql.table(
    "prevented_matches",
    [sql.text("member_id"), sql.number("number")],
    sql.text("market_id"),
    sql.number("at_us"),
    sql.record(),
)
_PUT = sql.insert(PREVENTED)

_event = msgspec.msgpack.Decoder(SelfTradePrevented).decode


class PreventedRow(NamedTuple):
    """One prevented match and when it happened."""

    event: SelfTradePrevented
    at_us: int


class Collector:
    """Gathers the prevented matches of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._rows: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Find the matches; a member that owns both orders sees each once."""
        for row in self._batch.rows:
            for event in row.events:
                if type(event) is not SelfTradePrevented or not event.prevented_id:
                    continue
                for member_id in dict.fromkeys((event.member_id, event.maker_id)):
                    self._add(member_id, event, row.at_us)

    def _add(self, member_id: str, event: SelfTradePrevented, at_us: int) -> None:
        number = number_of(event.prevented_id)
        self._rows.append(
            (self._partition, member_id, number, event.market_id, at_us, sql.pack(event))
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._rows:
            yield _PUT, self._rows


class PreventedReader:
    """Prevented matches, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def matches(
        self,
        member_id: str,
        *,
        market_id: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[PreventedRow]:
        """Matches of the member numbered below `before`."""
        query = (
            sql.Query("record, at_us", PREVENTED, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(market_id, "market_id = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [PreventedRow(_event(row[0]), row[1]) for row in await self._reader.select(query)]
