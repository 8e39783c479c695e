"""What each member trades and uses, summed by the minute, so that any span is counted quickly.

Single fills and usage records are listed with their own nouns.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from thegrid_exchange.engine.events import TradeExecuted, UsageRecorded
from thegrid_exchange.engine.records import Trade, UsageRecord
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

MINUTE_US: Final = 60_000_000


class Activity(NamedTuple):
    """What was traded and used, as sums."""

    fills: int = 0
    bought_units: int = 0
    bought_micros: int = 0
    sold_units: int = 0
    sold_micros: int = 0
    fees_micros: int = 0
    calls: int = 0
    billed_calls: int = 0
    billed_tokens: int = 0
    call_cost_micros: int = 0


ACTIVITY = sql.table(
    "activity",
    [sql.text("member_id"), sql.number("minute_us"), sql.text("instrument_id")],
    *(sql.number(name) for name in Activity._fields),
)
_ADD = sql.add_up(ACTIVITY, Activity._fields)
_SUMS = ", ".join(f"SUM({name})" for name in Activity._fields)


class Collector:
    """Gathers the trades and settled calls of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._sums: dict[tuple[str, int, str], Activity] = {}

    def collect(self) -> None:
        """Find the trades and the usage records."""
        for row in self._batch.rows:
            minute_us = row.at_us - row.at_us % MINUTE_US
            for event in row.events:
                kind = type(event)
                if kind is TradeExecuted:
                    self._add_trade(event.trade, minute_us)
                elif kind is UsageRecorded:
                    self._add_usage(event.usage, minute_us)

    def _add_trade(self, trade: Trade, minute_us: int) -> None:
        units, asset = trade.quantity_units, trade.instrument_id
        value = trade.price_micros * units
        bought = Activity(1, units, value, fees_micros=trade.buyer_fee_micros)
        # The fee on a first sale is taken as the proceeds are earned, and not by this fill.
        fee_micros = trade.seller_fee_micros if trade.source == "trading" else 0
        sold = Activity(1, sold_units=units, sold_micros=value, fees_micros=fee_micros)
        self._add((trade.buyer_id, minute_us, asset), bought)
        self._add((trade.seller_id, minute_us, asset), sold)

    def _add_usage(self, usage: UsageRecord, minute_us: int) -> None:
        used = Activity(
            calls=1,
            billed_calls=int(usage.billed_tokens > 0),
            billed_tokens=usage.billed_tokens,
            call_cost_micros=usage.cost_micros,
        )
        self._add((usage.member_id, minute_us, usage.instrument_id), used)

    def _add(self, key: tuple[str, int, str], more: Activity) -> None:
        had = self._sums.get(key)
        self._sums[key] = more if had is None else Activity(*map(sum, zip(had, more, strict=True)))

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._sums:
            yield _ADD, [(self._partition, *key, *sums) for key, sums in self._sums.items()]


class ActivityReader:
    """Sums over whole minutes."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def sums(
        self, member_id: str, start_us: int, end_us: int, instrument_id: str = ""
    ) -> list[tuple[str, Activity]]:
        """The member's sums per instrument over the minutes from the first instant to the last."""
        query = (
            sql.Query(f"instrument_id, {_SUMS}", ACTIVITY, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("minute_us >= ? AND minute_us < ?", start_us, end_us)
            .when(instrument_id, "instrument_id = ?")
            .group("instrument_id")
        )
        rows = await self._reader.select(query)
        return [(row[0], Activity(*map(int, row[1:]))) for row in rows]
