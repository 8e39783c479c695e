"""Orders, fills and trades as they are listed and found, long closed ones included.

Books and the open orders of streams live in memory (see `live`).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Index

from thegrid_exchange.engine.quantities import number_of, numbered
from thegrid_exchange.engine.records import Order, Trade
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch
from thegrid_exchange.views.touched import Touched

ORDERS = sql.table(
    "orders",
    [sql.text("member_id"), sql.number("number")],
    sql.text("market_id"),
    sql.text("client_order_id"),
    sql.number("is_open"),
    sql.text("tag"),
    sql.number("at_us"),
    sql.record(),
)
Index(
    "view_orders_by_client_id",
    ORDERS.c.partition,
    ORDERS.c.member_id,
    ORDERS.c.client_order_id,
    ORDERS.c.number,
    sqlite_where=ORDERS.c.client_order_id != "",
    postgresql_where=ORDERS.c.client_order_id != "",
)
FILLS = sql.table(
    "fills",
    [sql.text("member_id"), sql.number("number"), sql.number("order_number")],
    sql.text("market_id"),
    sql.text("client_order_id"),
    sql.number("at_us"),
    sql.record(),
)
TRADES = sql.table(
    "trades",
    [sql.text("market_id"), sql.number("number")],
    sql.number("at_us"),
    sql.number("sequence"),
    sql.record(),
)
Index(
    "view_trades_by_sequence",
    TRADES.c.partition,
    TRADES.c.market_id,
    TRADES.c.sequence,
    unique=True,
)
_PUT_ORDER = sql.upsert(ORDERS, keep=("market_id", "client_order_id", "tag", "at_us"))
_PUT_FILL = sql.insert(FILLS)
_PUT_TRADE = sql.insert(TRADES)

_order = msgspec.msgpack.Decoder(Order).decode
_trade = msgspec.msgpack.Decoder(Trade).decode


class FillRow(NamedTuple):
    """One order's side of a trade."""

    trade: Trade
    order_id: str
    client_order_id: str


class Collector:
    """Gathers the orders, fills and trades of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._orders: dict[str, None] = {}
        self._fills: list[tuple[Any, ...]] = []
        self._trades: list[tuple[Any, ...]] = []

    def add(self, touched: Touched, first_sequences: dict[str, int]) -> None:
        """Take what one row touched; `first_sequences` are those before the row, by market."""
        for member_id, theirs in touched.members.items():
            self._orders.update(theirs.orders)
            for trade, order_id in theirs.fills:
                self._add_fill(member_id, trade, order_id)
        for market_id, public in touched.markets.items():
            sequence = first_sequences[market_id]
            for offset, trade in enumerate(public.trades, 1):
                self._trades.append(
                    (
                        self._partition,
                        market_id,
                        number_of(trade.trade_id),
                        trade.executed_at_us,
                        sequence + offset,
                        sql.pack(trade),
                    )
                )

    def _add_fill(self, member_id: str, trade: Trade, order_id: str) -> None:
        self._fills.append(
            (
                self._partition,
                member_id,
                number_of(trade.trade_id),
                number_of(order_id),
                trade.market_id,
                self._batch.order(order_id).client_order_id,
                trade.executed_at_us,
                sql.pack(trade),
            )
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._orders:
            order_of, pack, partition = self._batch.order, sql.pack, self._partition
            yield (
                _PUT_ORDER,
                [
                    (
                        partition,
                        order.member_id,
                        number_of(order.order_id),
                        order.market_id,
                        order.client_order_id,
                        int(order.closure_reason is None),
                        order.tag,
                        order.accepted_at_us,
                        pack(order),
                    )
                    for order in map(order_of, self._orders)
                ],
            )
        if self._fills:
            yield _PUT_FILL, self._fills
        if self._trades:
            yield _PUT_TRADE, self._trades


class TradingReader:
    """Orders, fills and trades, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def order(self, member_id: str, order_id: str, client_order_id: str) -> Order | None:
        """One order of the member by either id; of a client id used again, the newest."""
        query = sql.Query("record", ORDERS, self._reader.partition).where(
            "member_id = ?", member_id
        )
        if order_id:
            if not is_numbered(order_id, "ord"):
                return None
            query.where("number = ?", number_of(order_id))
        else:
            query.where("client_order_id = ?", client_order_id).where("client_order_id <> ''")
        rows = await self._reader.select(query.order("number DESC", 1))
        return _order(rows[0][0]) if rows else None

    async def orders(
        self,
        member_id: str,
        *,
        market_id: str = "",
        client_order_id: str = "",
        tag: str = "",
        is_open: bool | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[Order]:
        """Orders of the member numbered below `before`."""
        query = (
            sql.Query("record", ORDERS, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(market_id, "market_id = ?")
            .when(client_order_id, "client_order_id <> '' AND client_order_id = ?")
            .when(tag, "tag = ?")
            .when(None if is_open is None else int(is_open), "is_open = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [_order(row[0]) for row in await self._reader.select(query)]

    async def fills(
        self,
        member_id: str,
        *,
        market_id: str = "",
        order_id: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[FillRow]:
        """Fills of the member with trades numbered below `before`."""
        if order_id and not is_numbered(order_id, "ord"):
            return []
        query = (
            sql.Query("record, order_number, client_order_id", FILLS, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(market_id, "market_id = ?")
            .when(number_of(order_id) if order_id else None, "order_number = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [
            FillRow(_trade(row[0]), numbered("ord", row[1]), row[2])
            for row in await self._reader.select(query)
        ]

    async def trades(
        self,
        market_id: str,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[Trade]:
        """Trades of the market numbered below `before`."""
        query = (
            sql.Query("record", TRADES, self._reader.partition)
            .where("market_id = ?", market_id)
            .where("number < ?", before)
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [_trade(row[0]) for row in await self._reader.select(query)]

    async def trade(self, market_id: str, trade_id: str) -> Trade | None:
        """One trade of the market."""
        query = (
            sql.Query("record", TRADES, self._reader.partition)
            .where("market_id = ?", market_id)
            .where("number = ?", number_of(trade_id))
            .order("number", 1)
        )
        rows = await self._reader.select(query)
        return _trade(rows[0][0]) if rows else None

    async def trades_after(
        self, market_id: str, sequence: int, limit: int
    ) -> list[tuple[int, Trade]]:
        """Trades of the market with their public sequences, oldest first, for streams."""
        query = (
            sql.Query("sequence, record", TRADES, self._reader.partition)
            .where("market_id = ?", market_id)
            .where("sequence > ?", sequence)
            .order("sequence", limit)
        )
        return [(row[0], _trade(row[1])) for row in await self._reader.select(query)]


def is_numbered(identifier: str, prefix: str) -> bool:
    """Whether this may be an id of that kind; ids come from clients in any shape."""
    head, _, digits = identifier.partition("_")
    return head == prefix and len(digits) == 12 and digits.isascii() and digits.isdigit()
