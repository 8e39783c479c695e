"""Durable rows to SQL writes that commit in the rows' own transaction, and running totals.

Each noun gathers its own rows; this only walks the batch once and puts the pieces together.
"""

from collections.abc import Sequence
from typing import Any

from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Row, Statement
from thegrid_exchange.views import accounts, lots, performance, prevented, sql, trading, usage
from thegrid_exchange.views.batch import Batch
from thegrid_exchange.views.touched import Touched

VIEWS_VERSION = 4
"""Grows whenever a table or a packed record changes; another version rebuilds all of them."""

TOTALS = sql.table("totals", [sql.text("scope")], sql.number("amount"))
"""What the engine does not keep: the last event number of each market and member, so that none is
ever given twice, and the tokens that ended in each member's Lots."""

_PUT_TOTAL = sql.upsert(TOTALS)


class Projector:
    """The read models of one partition."""

    version = VIEWS_VERSION

    def __init__(self, database_url: str, partition: int) -> None:
        self._database_url, self._partition = database_url, partition
        self._totals: dict[str, int] = {}
        self._touched: dict[int, Touched] = {}
        self._keeps_touched = False

    def create(self) -> Sequence[str]:
        """SQL that drops what is left of the read models and creates them empty."""
        self._totals.clear()
        return sql.definitions(self._database_url)

    async def open(self, reader: sql.Reader) -> dict[str, int]:
        """Read the totals that the last row left; from now on the feed takes what was touched."""
        rows = await reader.select(sql.Query("scope, amount", TOTALS, self._partition))
        self._totals = {row[0]: row[1] for row in rows}
        self._keeps_touched = True
        return dict(self._totals)

    def take(self, seq: int) -> Touched | None:
        """What a row touched, once; None for a row without events."""
        return self._touched.pop(seq, None)

    def project(self, rows: Sequence[Row], state: State) -> list[Statement]:
        """The writes for these rows; `state` is as it stood right after the last of them."""
        batch = Batch(rows, state)
        orders = trading.Collector(batch, self._partition)
        changed: dict[str, int] = {}
        for row in rows:
            if row.events:
                self._project_row(row, batch, orders, changed)
        statements: list[Statement] = list(orders.statements())
        for module in (accounts, lots, usage, prevented, performance):
            collector: Any = module.Collector(batch, self._partition)
            collector.collect()
            statements.extend(collector.statements())
        if changed:
            statements.append((_PUT_TOTAL, [(self._partition, *each) for each in changed.items()]))
        return statements

    def _project_row(
        self, row: Row, batch: Batch, orders: trading.Collector, changed: dict[str, int]
    ) -> None:
        touched = Touched(batch.order, batch.lot)
        for event in row.events:
            touched.add(event)
        touched.release()
        totals = self._totals
        orders.add(touched, {each: totals.get(each, 0) for each in touched.markets})
        for market_id, public in touched.markets.items():
            changed[market_id] = totals[market_id] = totals.get(market_id, 0) + public.count()
        for member_id, theirs in touched.members.items():
            changed[member_id] = totals[member_id] = totals.get(member_id, 0) + theirs.count()
            for name, tokens in theirs.ended.items():
                scope = f"{member_id}/{name}"
                changed[scope] = totals[scope] = totals.get(scope, 0) + tokens
        if self._keeps_touched:
            self._touched[row.seq] = touched
