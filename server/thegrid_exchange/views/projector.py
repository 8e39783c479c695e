"""Durable rows to SQL writes that commit in the rows' own transaction, and running totals.

Each noun gathers its own rows; this only walks the batch once and puts the pieces together.
"""

from collections.abc import Sequence
from typing import Any

from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Row, Statement
from thegrid_exchange.views import (
    accounts,
    activity,
    candles,
    lots,
    notices,
    performance,
    prevented,
    reference_index,
    sql,
    statements,
    sweeps,
    trading,
    usage,
)
from thegrid_exchange.views.batch import Batch
from thegrid_exchange.views.positions import Positions
from thegrid_exchange.views.touched import Touched

VIEWS_VERSION = 5
"""Grows when rows come to mean something else though their tables look the same; a table that is
added or changed counts by itself."""

TOTALS = sql.table("totals", [sql.text("scope")], sql.number("amount"))
"""What the engine does not keep: the last event number of each market and member, so that none is
ever given twice, and the tokens that ended in each member's Lots."""

_PUT_TOTAL = sql.upsert(TOTALS)


class Projector:
    """The read models of one partition."""

    version = sql.version_of(VIEWS_VERSION)
    """Another one than the database notes has all read models rebuilt from the journal."""

    def __init__(self, database_url: str, partition: int) -> None:
        self._database_url, self._partition = database_url, partition
        self._totals: dict[str, int] = {}
        self._positions = Positions()
        self._touched: dict[int, Touched] = {}
        self._keeps_touched = False

    def create(self) -> Sequence[str]:
        """SQL that drops what is left of the read models and creates them empty."""
        self._totals.clear()
        self._positions.clear()
        return sql.definitions(self._database_url)

    async def open(self, reader: sql.Reader) -> dict[str, int]:
        """Read the totals that the last row left; from now on the feed takes what was touched."""
        rows = await reader.select(sql.Query("scope, amount", TOTALS, self._partition))
        self._totals = {row[0]: row[1] for row in rows}
        await self._positions.load(reader)
        self._keeps_touched = True
        return dict(self._totals)

    def take(self, seq: int) -> Touched | None:
        """What a row touched, once; None for a row without events."""
        return self._touched.pop(seq, None)

    def project(self, rows: Sequence[Row], state: State) -> list[Statement]:
        """The writes for these rows; `state` is as it stood right after the last of them."""
        batch = Batch(rows, state)
        traded = trading.Collector(batch, self._partition), candles.Collector(self._partition)
        changed: dict[str, int] = {}
        for row in rows:
            if row.events:
                self._project_row(row, batch, traded, changed)
        ledger = accounts.Collector(batch, self._partition)
        ledger.collect()
        writes: list[Statement] = [each for part in traded for each in part.statements()]
        writes.extend(ledger.statements())
        sums = statements.Collector(self._partition)
        sums.collect(ledger.posted)
        writes.extend(sums.statements())
        for module in (
            lots,
            usage,
            prevented,
            sweeps,
            activity,
            reference_index,
            notices,
            performance,
        ):
            collector: Any = module.Collector(batch, self._partition)
            collector.collect()
            writes.extend(collector.statements())
        writes.extend(self._positions.statements(self._partition))
        if changed:
            writes.append((_PUT_TOTAL, [(self._partition, *each) for each in changed.items()]))
        return writes

    def _project_row(
        self,
        row: Row,
        batch: Batch,
        traded: tuple[trading.Collector, candles.Collector],
        changed: dict[str, int],
    ) -> None:
        touched = Touched(batch.order, batch.lot)
        for event in row.events:
            touched.add(event)
        touched.release()
        self._positions.add_row(row)
        totals = self._totals
        first_sequences = {each: totals.get(each, 0) for each in touched.markets}
        for collector in traded:
            collector.add(touched, first_sequences)
        for market_id, public in touched.markets.items():
            changed[market_id] = totals[market_id] = totals.get(market_id, 0) + public.count()
        for member_id, theirs in touched.members.items():
            changed[member_id] = totals[member_id] = totals.get(member_id, 0) + theirs.count()
            for name, tokens in theirs.ended.items():
                scope = f"{member_id}/{name}"
                changed[scope] = totals[scope] = totals.get(scope, 0) + tokens
        if self._keeps_touched:
            self._touched[row.seq] = touched
