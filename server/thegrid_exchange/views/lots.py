"""Lots: the open ones from memory, the closed ones from their table.

How a Lot is spent is the engine's affair.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.engine.events import LotChanged, LotClosed, LotMinted
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.engine.records import Lot, LotParcel
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

LOTS = sql.table(
    "lots",
    [sql.text("member_id"), sql.number("number")],
    sql.text("instrument_id"),
    sql.number("is_open"),
    sql.number("is_consumed"),
    sql.number("at_us"),
    sql.record("record"),
    sql.record("parcels"),
)
_PUT_LOT = sql.insert(LOTS)
_SET_LOT = (
    "UPDATE view_lots SET is_open = ?, is_consumed = ?, record = ? "
    "WHERE partition = ? AND member_id = ? AND number = ?"
)

_lot = msgspec.msgpack.Decoder(Lot).decode
_parcels = msgspec.msgpack.Decoder(list[LotParcel]).decode


class LotWithParcels(NamedTuple):
    """A Lot and where its tokens come from."""

    lot: Lot
    parcels: tuple[LotParcel, ...]


def open_lot(state: State, lot_id: str) -> LotWithParcels | None:
    """An open Lot as it stands, or None."""
    lot = state.lots.get(lot_id)
    if lot is None:
        return None
    numbers = state.indices.lot_parcel_numbers.get(lot_id, ())
    parcels = tuple(state.lot_parcels[(lot_id, number)] for number in numbers)
    return LotWithParcels(lot, parcels)


def deadline_of(lot: Lot) -> tuple[int, str]:
    """What open Lots are ordered by: expiry on the up-time clock, then id."""
    return lot.expires_at_us - lot.outage_base_us, lot.lot_id


class Collector:
    """Gathers the Lots of one batch. Parcels are written once, when the Lot is minted."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._minted: dict[str, tuple[LotParcel, ...]] = {}
        self._changed: dict[str, None] = {}

    def collect(self) -> None:
        """Find the Lots that were minted, changed or closed."""
        for row in self._batch.rows:
            for event in row.events:
                kind = type(event)
                if kind is LotMinted:
                    self._minted[event.lot.lot_id] = event.parcels
                elif kind is LotChanged:
                    self._changed[event.lot_id] = None
                elif kind is LotClosed:
                    self._changed[event.lot.lot_id] = None

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._minted:
            yield _PUT_LOT, [self._minted_row(*each) for each in self._minted.items()]
        changed = [each for each in self._changed if each not in self._minted]
        if changed:
            yield _SET_LOT, [self._changed_row(lot_id) for lot_id in changed]

    def _minted_row(self, lot_id: str, parcels: tuple[LotParcel, ...]) -> tuple[Any, ...]:
        lot = self._batch.lot(lot_id)
        return (
            self._partition,
            lot.member_id,
            number_of(lot_id),
            lot.instrument_id,
            int(lot_id in self._batch.state.lots),
            _is_consumed(lot),
            lot.minted_at_us,
            sql.pack(lot),
            sql.pack(parcels),
        )

    def _changed_row(self, lot_id: str) -> tuple[Any, ...]:
        is_open = int(lot_id in self._batch.state.lots)
        lot = self._batch.lot(lot_id)
        figures = is_open, _is_consumed(lot), sql.pack(lot)
        return *figures, self._partition, lot.member_id, number_of(lot_id)


class LotsReader:
    """Closed Lots, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def closed_lot(self, member_id: str, lot_id: str) -> LotWithParcels | None:
        """One closed Lot of the member, or None."""
        query = (
            sql.Query("record, parcels", LOTS, self._reader.partition)
            .where("number = ?", number_of(lot_id))
            .where("member_id = ?", member_id)
            .where("is_open = 0")
        )
        rows = await self._reader.select(query)
        return _closed(rows[0]) if rows else None

    async def closed_lots(
        self,
        member_id: str,
        *,
        instrument_id: str = "",
        is_consumed: bool | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[LotWithParcels]:
        """Closed Lots of the member numbered below `before`."""
        query = (
            sql.Query("record, parcels", LOTS, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("is_open = 0")
            .where("number < ?", before)
            .when(instrument_id, "instrument_id = ?")
            .when(None if is_consumed is None else int(is_consumed), "is_consumed = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [_closed(row) for row in await self._reader.select(query)]


def _is_consumed(lot: Lot) -> int:
    return int(lot.consumed_tokens == lot.total_tokens)


def _closed(row: Any) -> LotWithParcels:
    return as_closed(LotWithParcels(_lot(row[0]), tuple(_parcels(row[1]))))


def as_closed(found: LotWithParcels) -> LotWithParcels:
    """A closed Lot as it is shown: every token of every parcel has ended."""
    parcels = tuple(
        parcel._replace(
            free_tokens=0,
            reserved_tokens=0,
            ended_tokens=parcel.free_tokens + parcel.reserved_tokens + parcel.ended_tokens,
        )
        for parcel in found.parcels
    )
    return LotWithParcels(found.lot, parcels)
