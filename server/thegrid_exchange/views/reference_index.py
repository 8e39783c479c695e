"""Reference indexes by window, and the trades that went into each, so that anyone can recompute it.

What an index is stands in the engine's rule of this name; nothing here names a member.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from thegrid_exchange.engine.events import IndexInputsSet, ReferenceIndexSet
from thegrid_exchange.engine.records import IndexInput, ReferenceIndex
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

INDEXES = sql.table(
    "reference_indexes",
    [sql.text("instrument_id"), sql.number("window_start_us")],
    sql.record(),
)
INPUTS = sql.table(
    "index_inputs",
    [sql.text("window_id"), sql.text("trade_id")],
    sql.record(),
)
_PUT_INDEX = sql.upsert(INDEXES)
_PUT_INPUT = sql.upsert(INPUTS)

_index = msgspec.msgpack.Decoder(ReferenceIndex).decode
_input = msgspec.msgpack.Decoder(IndexInput).decode


class Collector:
    """Gathers the indexes and inputs of one batch; the last word on each stays."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._indexes: dict[tuple[str, int], ReferenceIndex] = {}
        self._inputs: dict[tuple[str, str], IndexInput] = {}

    def collect(self) -> None:
        """Find them."""
        for row in self._batch.rows:
            for event in row.events:
                if type(event) is IndexInputsSet:
                    self._inputs.update({(each[0], each[1]): each for each in event.inputs})
                elif type(event) is ReferenceIndexSet:
                    index = event.reference_index
                    self._indexes[(index.instrument_id, index.window_start_us)] = index

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        for statement, found in ((_PUT_INDEX, self._indexes), (_PUT_INPUT, self._inputs)):
            rows: list[tuple[Any, ...]] = [
                (self._partition, *key, sql.pack(each)) for key, each in found.items()
            ]
            if rows:
                yield statement, rows


class ReferenceIndexReader:
    """Indexes, newest window first, and inputs in the order of trades."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def index(self, instrument_id: str, start_us: int | None) -> ReferenceIndex | None:
        """The index of the window with this start, or the latest; None when there is none."""
        query = (
            sql.Query("record", INDEXES, self._reader.partition)
            .where("instrument_id = ?", instrument_id)
            .when(start_us, "window_start_us = ?")
            .order("window_start_us DESC", 1)
        )
        rows = await self._reader.select(query)
        return _index(rows[0][0]) if rows else None

    async def indexes(
        self,
        instrument_id: str,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[ReferenceIndex]:
        """Indexes of the windows that begin in a span, and before `before`."""
        query = (
            sql.Query("record", INDEXES, self._reader.partition)
            .where("instrument_id = ?", instrument_id)
            .where("window_start_us < ?", before)
            .when(start_us, "window_start_us >= ?")
            .when(end_us, "window_start_us < ?")
            .order("window_start_us DESC", limit)
        )
        return [_index(row[0]) for row in await self._reader.select(query)]

    async def inputs(self, index: ReferenceIndex, after: str, limit: int) -> list[IndexInput]:
        """What went into an index by now, of trades after this one."""
        window_id = f"{index.instrument_id}/{index.window_start_us}"
        query = (
            sql.Query("record", INPUTS, self._reader.partition)
            .where("window_id = ?", window_id)
            .where("trade_id > ?", after)
            .order("trade_id", limit)
        )
        return [_input(row[0]) for row in await self._reader.select(query)]
