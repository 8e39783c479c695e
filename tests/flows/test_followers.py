"""Readers of streams through kills of the exchange: each trade and fill once, in order, no gap."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from tests.support.exchange import SYMBOL
from tests.support.house import DOLLAR, House, Person, a_house
from tests.support.until import until
from tests.support.whole import Whole, free_port
from thegrid import AsyncClient
from thegrid.errors import GridError
from thegrid.follow import Gap
from thegrid.v1 import market_data_pb2

KILLS = 2


class Reader:
    """Follows three streams for as long as it lives, and keeps what it saw."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.trades: list[str] = []
        self.fills: list[tuple[str, str]] = []
        self.gaps: list[Gap] = []
        self.sequence = 0
        """Of the last private event."""
        self.book: Any = None
        self.begun: set[str] = set()
        self.tasks = [
            asyncio.create_task(work) for work in (self._market(), self._account(), self._levels())
        ]

    async def _market(self) -> None:
        async for event in self.client.market_data.stream([SYMBOL], ["trades"]):
            self.begun.add("market")
            if isinstance(event, Gap):
                self.gaps.append(event)
            elif event.WhichOneof("payload") == "trade":
                self.trades.append(event.trade.trade_id)

    async def _account(self) -> None:
        async for event in self.client.accounts.stream():
            self.begun.add("account")
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
        async for book in self.client.market_data.watch_book(SYMBOL):
            if isinstance(book, Gap):
                self.gaps.append(book)
            else:
                self.book = book

    def ends(self) -> list[Any]:
        """What has ended, and why; streams never end by themselves."""
        return [task for task in self.tasks if task.done()]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def trade(buyer: Person, seller: Person, count: int) -> None:
    """Cross the book again and again until the exchange is gone."""
    with contextlib.suppress(GridError, asyncio.CancelledError):
        for number in range(count):
            price = (90 + number % 20) * DOLLAR // 100
            await seller.client.orders.sell(SYMBOL, 1, price, source="issuance")
            await buyer.client.orders.buy(SYMBOL, 1, price)
            await buyer.client.orders.buy(SYMBOL, 1 + number % 3, price // 2)


async def caught_up(reader: Reader, house: House, buyer: Person) -> None:
    """Wait until the reader has seen all there is: every trade, every fill, and the book."""
    listed = [trade.trade_id async for trade in house.operator.market_data.trades(SYMBOL)]
    fills = [(fill.trade_id, fill.order_id) async for fill in buyer.client.orders.fills()]
    book = (await house.operator.market_data.book(SYMBOL, 1_000)).book
    bids = [(level.price_micros, level.quantity_units) for level in book.bids]

    def has_all() -> bool:
        levels = [level[:2] for level in reader.book.bids] if reader.book else []
        has_fills = len(reader.fills) >= len(fills)
        return levels == bids and len(reader.trades) >= len(listed) and has_fills

    with contextlib.suppress(TimeoutError):  # what is missing is told below
        await until(has_all, 20)
    assert [level[:2] for level in reader.book.bids] == bids
    assert reader.trades == listed[::-1], reader.ends()
    assert len(listed) == len(set(listed)) > 0
    assert reader.fills == fills[::-1], reader.ends()
    assert len(fills) == len(set(fills)) > 0


async def test_readers_see_everything_once_through_kills(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    settings = {"snapshot_rows": 200, "requests_per_second_per_key": 100_000}
    whole = await Whole.start(folder, port, **settings)
    async with a_house(whole.target, whole.operator_key) as house:
        await house.instrument()
        seller = (await house.supplier("seller", units=1_000, price_micros=50 * DOLLAR)).person
        buyer = await house.member("buyer", 1_000_000)
        watching = await house.another_key(buyer.member_id, ("trade_read",))
        reader = Reader(watching.client)
        await until(lambda: reader.book is not None and len(reader.begun) == 2)
        for _ in range(KILLS):
            # Some Units go back, so that the seller has something to list in every life.
            await seller.client.orders.cancel_all()
            trading = asyncio.create_task(trade(buyer, seller, 10_000))
            await asyncio.sleep(0.7)
            await whole.kill()
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)
            whole = await Whole.start(folder, port, **settings)
            await caught_up(reader, house, buyer)
        lost = [gap for gap in reader.gaps if gap.channel != market_data_pb2.CHANNEL_BOOK]
        assert all(gap.healed for gap in lost), lost
        await reader.close()
        await house.books()
    assert await whole.stop() == 0
