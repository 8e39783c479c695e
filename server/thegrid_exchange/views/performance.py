"""How suppliers do, from the durable state, and the changes of their standing, as tables.

What follows from the figures is decided by the engine, whose own sums are shown.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.engine.events import StandingSet, SupplierChangeRecorded
from thegrid_exchange.engine.quantities import SupplierStatus, number_of
from thegrid_exchange.engine.records import Performance, SupplierChange
from thegrid_exchange.engine.rules.performance import performance_of, windows_us
from thegrid_exchange.engine.rules.standing import standing_of
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

CHANGES = sql.table(
    "supplier_changes",
    [sql.number("number")],
    sql.text("member_id"),
    sql.text("instrument_id"),
    sql.number("at_us"),
    sql.record(),
)
_PUT = sql.insert(CHANGES)

_change = msgspec.msgpack.Decoder(SupplierChange).decode


class SupplierPerformance(NamedTuple):
    """Where a supplier stands on an instrument, and its figures, shortest window first."""

    supplier_id: str
    handle: str
    instrument_id: str
    status: SupplierStatus
    is_able: bool
    windows: tuple[Performance, ...]


def performances_of(
    state: State,
    now_us: int,
    *,
    instrument_id: str = "",
    supplier_id: str = "",
    after: tuple[str, str] = ("", ""),
    limit: int = 100,
) -> list[SupplierPerformance]:
    """Figures of admitted suppliers that come after the given instrument and supplier."""
    pairs = sorted(
        (instrument, member)
        for member, instrument in state.admissions
        if (instrument, member) > after
        and instrument_id in ("", instrument)
        and supplier_id in ("", member)
    )
    return [_performance(state, now_us, (member, ins)) for ins, member in pairs[:limit]]


def _performance(state: State, now_us: int, pair: tuple[str, str]) -> SupplierPerformance:
    history, supplier = state.able_histories.get(pair), state.suppliers[pair[0]]
    status = "suspended" if supplier.suspended else standing_of(state, pair).status
    windows = (performance_of(state, *pair, each, now_us) for each in windows_us(state))
    return SupplierPerformance(
        supplier_id=pair[0],
        handle=state.members[pair[0]].handle,
        instrument_id=pair[1],
        status=status,
        is_able=history is not None and history.is_able,
        windows=tuple(windows),
    )


class Collector:
    """Gathers the changes of standing of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._rows: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Find the changes."""
        for row in self._batch.rows:
            for event in row.events:
                is_one = type(event) is StandingSet or type(event) is SupplierChangeRecorded
                if is_one and event.change is not None:
                    self._add(event.change)

    def _add(self, change: SupplierChange) -> None:
        self._rows.append(
            (
                self._partition,
                number_of(change.change_id),
                change.member_id,
                change.instrument_id,
                change.changed_at_us,
                sql.pack(change),
            )
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._rows:
            yield _PUT, self._rows


class SupplierChangesReader:
    """Changes of standing, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def changes(
        self,
        *,
        supplier_id: str = "",
        instrument_id: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[tuple[int, SupplierChange]]:
        """Changes numbered below `before`, each with its number."""
        query = (
            sql.Query("number, record", CHANGES, self._reader.partition)
            .where("number < ?", before)
            .when(supplier_id, "member_id = ?")
            .when(instrument_id, "instrument_id = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [(row[0], _change(row[1])) for row in await self._reader.select(query)]
