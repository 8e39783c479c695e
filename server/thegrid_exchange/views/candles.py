"""Candles of all times and lengths as rows: merged on writing, listed and replayed on reading.

The newest candles and the last 24 hours are kept in memory as well, see `statistics`.
"""

from collections.abc import Iterable
from typing import Final

from thegrid_exchange.engine.quantities import INT64_MAX, numbered
from thegrid_exchange.engine.records import Trade
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.statistics import (
    DAY_MINUTES,
    INTERVALS_US,
    MINUTE_US,
    Bar,
    Statistics,
    bars_of,
    window_start_us,
)
from thegrid_exchange.views.touched import Touched
from thegrid_exchange.views.trading import TradingReader

CANDLES = sql.table(
    "candles",
    [sql.text("market_id"), sql.number("interval_us"), sql.number("start_us")],
    sql.number("open_micros"),
    sql.number("high_micros"),
    sql.number("low_micros"),
    sql.number("close_micros"),
    sql.number("volume_units"),
    sql.number("turnover_micros"),
    sql.number("trade_count"),
    sql.number("first_trade"),
    sql.number("last_trade"),
    sql.number("last_sequence"),
)
_COLUMNS: Final = ", ".join(Bar._fields)
_LESS: Final = "CASE WHEN excluded.{0} < {1}.{0} THEN excluded.{0} ELSE {1}.{0} END"
_MORE: Final = "CASE WHEN excluded.{0} > {1}.{0} THEN excluded.{0} ELSE {1}.{0} END"
_SUM: Final = "{1}.{0} + excluded.{0}"
# What a sum would be too large for stays at the greatest number, as in `Bar.then`.
_BOUNDED_SUM: Final = (
    f"CASE WHEN {{1}}.{{0}} > {INT64_MAX} - excluded.{{0}} THEN {INT64_MAX} ELSE {_SUM} END"
)
_MERGED: Final = {
    "high_micros": _MORE,
    "low_micros": _LESS,
    "close_micros": "excluded.{0}",
    "volume_units": _SUM,
    "turnover_micros": _BOUNDED_SUM,
    "trade_count": _SUM,
    "last_trade": "excluded.{0}",
    "last_sequence": "excluded.{0}",
}
_MERGE: Final = (
    f"{sql.insert(CANDLES)} "
    "ON CONFLICT (partition, market_id, interval_us, start_us) DO UPDATE SET "
    + ", ".join(f"{name} = {text.format(name, CANDLES.name)}" for name, text in _MERGED.items())
)


class Collector:
    """Gathers the candles of one batch."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._trades: dict[str, list[tuple[int, Trade]]] = {}

    def add(self, touched: Touched, first_sequences: dict[str, int]) -> None:
        """Take what one row traded; `first_sequences` are those before the row, by market."""
        for market_id, public in touched.markets.items():
            counted = [
                (sequence, trade)
                for sequence, trade in enumerate(public.trades, first_sequences[market_id] + 1)
                if not trade.affiliated
            ]
            if counted:
                self._trades.setdefault(market_id, []).extend(counted)

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._trades:
            yield (
                _MERGE,
                [
                    (self._partition, market_id, interval_us, *bar)
                    for market_id, trades in self._trades.items()
                    for interval_us in INTERVALS_US
                    for bar in bars_of(trades, interval_us)
                ],
            )


class CandlesReader:
    """Candles of one market and length."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def bars(
        self,
        market_id: str,
        interval_us: int,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        before_us: int = 2**62,
        limit: int = 100,
    ) -> list[Bar]:
        """Candles that start before `before_us`, newest first."""
        query = (
            self._query(market_id, interval_us)
            .where("start_us < ?", before_us)
            .when(start_us, "start_us >= ?")
            .when(end_us, "start_us < ?")
            .order("start_us DESC", limit)
        )
        return await self._bars(query)

    async def standing_at(self, market_id: str, interval_us: int, sequence: int) -> int:
        """When the candle began that was the newest at a sequence of the market; 0 if none was."""
        query = (
            self._query(market_id, interval_us)
            .where("last_sequence <= ?", sequence)
            .order("start_us DESC", 1)
        )
        found = await self._bars(query)
        return found[0].start_us if found else 0

    async def bars_from(
        self, market_id: str, interval_us: int, start_us: int, limit: int
    ) -> list[Bar]:
        """Candles from a start on, oldest first."""
        query = (
            self._query(market_id, interval_us)
            .where("start_us >= ?", start_us)
            .order("start_us", limit)
        )
        return await self._bars(query)

    def _query(self, market_id: str, interval_us: int) -> sql.Query:
        return (
            sql.Query(_COLUMNS, CANDLES, self._reader.partition)
            .where("market_id = ?", market_id)
            .where("interval_us = ?", interval_us)
        )

    async def _bars(self, query: sql.Query) -> list[Bar]:
        return [Bar(*row) for row in await self._reader.select(query)]


async def statistics_of(reader: sql.Reader, market_id: str, now_us: int) -> Statistics:
    """A market's figures in memory, as its rows left them."""
    candles, made = CandlesReader(reader), Statistics(market_id)
    for interval_us in INTERVALS_US:
        for bar in await candles.bars(market_id, interval_us, limit=1):
            made.load(interval_us, bar, now_us)
    newest = made.newest.get(MINUTE_US)
    if newest is None:
        return made
    made.last = await TradingReader(reader).trade(market_id, numbered("trd", newest.last_trade))
    start_us = window_start_us(now_us)
    for bar in await candles.bars_from(market_id, MINUTE_US, start_us, DAY_MINUTES):
        made.day.add(bar)
    return made
