"""Sweeps of the markets as they are listed, and each member's share of them.

The transfers and Lots that a sweep makes are listed with their own nouns.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.engine.events import MemberSwept, OrdersSwept, SweepFinished, SweepStarted
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.engine.records import Sweep
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import EVENTS_PER_ROW, Batch

SWEEPS = sql.table(
    "sweeps",
    [sql.number("number")],
    sql.text("market_id"),
    sql.number("is_open"),
    sql.number("at_us"),
    sql.record(),
)
SHARES = sql.table(
    "sweep_shares",
    [sql.text("member_id"), sql.number("sweep_number"), sql.number("turn")],
    sql.text("lot_id"),
    sql.number("swept_units"),
    sql.number("retired_units"),
)
"""A member with many parcels gets several turns in one sweep, and a row for each."""
_PUT_SWEEP = sql.upsert(SWEEPS)
_PUT_SHARE = sql.insert(SHARES)

_sweep = msgspec.msgpack.Decoder(Sweep).decode


class Share(NamedTuple):
    """A member's part of one sweep."""

    swept_units: int = 0
    retired_units: int = 0
    lot_ids: tuple[str, ...] = ()


class SweepRow(NamedTuple):
    """One sweep, and the part of who asks, if it has one."""

    sweep: Sweep
    share: Share | None


class Collector:
    """Gathers the sweeps of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._sweeps: dict[str, Sweep | None] = {}
        self._shares: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Find the sweeps that began, went on or ended."""
        for row in self._batch.rows:
            for place, event in enumerate(row.events):
                kind = type(event)
                if kind is SweepFinished:
                    self._sweeps[event.sweep.sweep_id] = event.sweep
                elif kind is SweepStarted:
                    self._sweeps[event.sweep.sweep_id] = None
                elif kind is OrdersSwept:
                    self._sweeps[event.sweep_id] = None
                elif kind is MemberSwept:
                    self._sweeps[event.sweep.sweep_id] = None
                    self._add_share(event, row.seq * EVENTS_PER_ROW + place)

    def _add_share(self, event: MemberSwept, turn: int) -> None:
        if event.swept_units or event.retired_units:
            number = number_of(event.sweep.sweep_id)
            units = event.swept_units, event.retired_units
            self._shares.append(
                (self._partition, event.member_id, number, turn, event.lot_id, *units)
            )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._sweeps:
            open_sweeps = self._batch.state.sweeps
            found = (done or open_sweeps[each] for each, done in self._sweeps.items())
            yield _PUT_SWEEP, [self._row(sweep) for sweep in found]
        if self._shares:
            yield _PUT_SHARE, self._shares

    def _row(self, sweep: Sweep) -> tuple[Any, ...]:
        is_open = int(sweep.finished_at_us is None)
        number = number_of(sweep.sweep_id)
        began_us = sweep.started_at_us
        return self._partition, number, sweep.market_id, is_open, began_us, sql.pack(sweep)


class SweepsReader:
    """Sweeps, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def sweeps(
        self,
        member_id: str,
        *,
        market_id: str = "",
        is_open: bool | None = None,
        own_only: bool = False,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[SweepRow]:
        """Sweeps numbered below `before`, each with the member's share."""
        query = (
            sql.Query("number, record", SWEEPS, self._reader.partition)
            .where("number < ?", before)
            .when(market_id, "market_id = ?")
            .when(None if is_open is None else int(is_open), "is_open = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        if own_only:
            query.where(
                f"number IN (SELECT sweep_number FROM {SHARES.name} "
                "WHERE partition = ? AND member_id = ?)",
                self._reader.partition,
                member_id,
            )
        rows = await self._reader.select(query)
        shares = await self._shares(member_id, [row[0] for row in rows])
        return [SweepRow(_sweep(row[1]), shares.get(row[0])) for row in rows]

    async def _shares(self, member_id: str, numbers: Sequence[int]) -> dict[int, Share]:
        if not numbers:
            return {}
        columns = ", ".join(("sweep_number", "swept_units", "retired_units", "lot_id"))
        rows = await self._reader.rows(
            f"SELECT {columns} FROM {SHARES.name} WHERE partition = ? AND member_id = ? "
            "AND sweep_number >= ? AND sweep_number <= ? ORDER BY sweep_number, turn",
            self._reader.partition,
            member_id,
            numbers[-1],
            numbers[0],
        )
        shares: dict[int, Share] = {}
        for number, swept, retired, lot_id in rows:
            had = shares.get(number, Share())
            lots = (*had.lot_ids, lot_id) if lot_id else had.lot_ids
            shares[number] = Share(had.swept_units + swept, had.retired_units + retired, lots)
        return shares
