"""Readers of streams by the SDK: they keep both books, the trades and the fills they hear of.

How fast each reads, and when it loses its connection, is the test's to say.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.exchange import SYMBOL
from thegrid import AsyncClient
from thegrid.follow import Gap

Pace = Callable[[Any], Awaitable[None]]


async def at_once(stream: Any) -> None:
    """The pace of a reader that never fails."""


class Reader:
    """Follows four streams for as long as it lives, and keeps what it saw."""

    def __init__(self, client: AsyncClient, pace: Pace = at_once) -> None:
        self.client, self._pace = client, pace
        self.trades: list[str] = []
        self.fills: list[tuple[str, str]] = []
        self.gaps: list[Gap] = []
        self.sequence = 0
        """Of the last private event."""
        self.book: Any = None
        self.orders: Any = None
        self.begun: set[str] = set()
        works = (self._market(), self._account(), self._levels(), self._orders())
        self.tasks = [asyncio.create_task(work) for work in works]

    @property
    def is_ready(self) -> bool:
        """Whether all four streams have begun."""
        return self.book is not None and self.orders is not None and len(self.begun) == 2

    async def _market(self) -> None:
        stream = self.client.market_data.stream([SYMBOL], ["trades"])
        async for event in stream:
            self.begun.add("market")
            if isinstance(event, Gap):
                self.gaps.append(event)
            elif event.WhichOneof("payload") == "trade":
                self.trades.append(event.trade.trade_id)
            await self._pace(stream)

    async def _account(self) -> None:
        stream = self.client.accounts.stream()
        async for event in stream:
            self.begun.add("account")
            await self._pace(stream)
            if isinstance(event, Gap):
                self.gaps.append(event)
                continue
            kind = event.WhichOneof("payload")
            if kind not in ("snapshot", "heartbeat"):
                assert event.sequence == self.sequence + 1
            self.sequence = event.sequence
            if kind == "fill":
                self.fills.append((event.fill.trade_id, event.fill.order_id))

    async def _levels(self) -> None:
        stream = self.client.market_data.watch_book(SYMBOL)
        async for book in stream:
            if isinstance(book, Gap):
                self.gaps.append(book)
            else:
                self.book = book
            await self._pace(stream)

    async def _orders(self) -> None:
        stream = self.client.market_data.watch_order_book(SYMBOL)
        async for book in stream:
            if isinstance(book, Gap):
                self.gaps.append(book)
            else:
                self.orders = book
            await self._pace(stream)

    def levels(self) -> list[list[tuple[int, int]]]:
        """Price and quantity of the levels of each side."""
        if self.book is None:
            return []
        return [[level[:2] for level in side] for side in (self.book.bids, self.book.asks)]

    def queues(self) -> list[list[tuple[str, int, int]]]:
        """Id, price and quantity of the orders of each side, as they would trade."""
        if self.orders is None:
            return []
        return [[order[:3] for order in side] for side in (self.orders.bids, self.orders.asks)]

    def ends(self) -> list[Any]:
        """What has ended, and why; streams never end by themselves."""
        return [task for task in self.tasks if task.done()]

    async def close(self) -> None:
        """Read no more."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Truth:
    """All there is to see, as the exchange lists it when nothing moves."""

    def __init__(self) -> None:
        self.trades: list[str] = []
        self.fills: list[tuple[str, str]] = []
        self.levels: list[Any] = []
        self.queues: list[Any] = []

    @classmethod
    async def read(cls, anyone: AsyncClient, owner: AsyncClient) -> "Truth":
        """Read the lists and both books; fills are the owner's."""
        made, data = cls(), anyone.market_data
        made.trades = [each.trade_id async for each in data.trades(SYMBOL)][::-1]
        listed = [(each.trade_id, each.order_id) async for each in owner.orders.fills()]
        made.fills = listed[::-1]
        book = (await data.book(SYMBOL, 1_000)).book
        made.levels = [
            [(each.price_micros, each.quantity_units) for each in side]
            for side in (book.bids, book.asks)
        ]
        orders = (await data.order_book(SYMBOL, 5_000)).book
        made.queues = [
            [(each.order_id, each.price_micros, each.quantity_units) for each in side]
            for side in (orders.bids, orders.asks)
        ]
        return made

    def is_seen(self, reader: Reader) -> bool:
        """Whether a reader has come to the end."""
        has_lists = len(reader.trades) >= len(self.trades) and len(reader.fills) >= len(self.fills)
        has_books = reader.levels() == self.levels and reader.queues() == self.queues
        return has_lists and has_books

    def check(self, reader: Reader) -> None:
        """The reader saw every trade and fill once and in order, and its books are the books."""
        assert reader.levels() == self.levels, reader.ends()
        assert reader.queues() == self.queues, reader.ends()
        assert reader.trades == self.trades, reader.ends()
        assert len(self.trades) == len(set(self.trades)) > 0
        assert reader.fills == self.fills, reader.ends()
        assert len(self.fills) == len(set(self.fills)) > 0
