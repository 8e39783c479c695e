"""Readers of streams through kills of the exchange: each trade and fill once, in order, no gap."""

import asyncio
import contextlib
from pathlib import Path

from tests.support.exchange import SYMBOL
from tests.support.house import DOLLAR, House, Person, a_house
from tests.support.readers import Reader, Truth
from tests.support.until import until
from tests.support.whole import Whole, free_port
from thegrid.errors import GridError
from thegrid.v1 import market_data_pb2

KILLS = 2


async def trade(buyer: Person, seller: Person, count: int) -> None:
    """Cross the book again and again until the exchange is gone."""
    with contextlib.suppress(GridError, asyncio.CancelledError):
        for number in range(count):
            price = (90 + number % 20) * DOLLAR // 100
            await seller.client.orders.sell(SYMBOL, 1, price, source="issuance")
            await buyer.client.orders.buy(SYMBOL, 1, price)
            await buyer.client.orders.buy(SYMBOL, 1 + number % 3, price // 2)


async def caught_up(reader: Reader, house: House, buyer: Person) -> None:
    """Wait until the reader has seen all there is: every trade, every fill, and the books."""
    truth = await Truth.read(house.operator, buyer.client)
    with contextlib.suppress(TimeoutError):  # what is missing is told below
        await until(lambda: truth.is_seen(reader), 20)
    truth.check(reader)


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
        await until(lambda: reader.is_ready)
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
        books = market_data_pb2.CHANNEL_BOOK, market_data_pb2.CHANNEL_ORDERS
        lost = [gap for gap in reader.gaps if gap.channel not in books]
        assert all(gap.healed for gap in lost), lost
        await reader.close()
        await house.books()
    assert await whole.stop() == 0
