"""Readers that fail end with what one has that never failed: both books, every trade, every fill.

One stops for a minute, one loses its connection a hundred times at random, one reads slowly.
"""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

from tests.support.exchange import SYMBOL, Exchange, running_exchange
from tests.support.house import DOLLAR, House, Person, a_house
from tests.support.readers import Reader, Truth, at_once
from tests.support.until import until
from thegrid import ApiKey, AsyncClient, Settings, place_item
from thegrid.order_book import OrderBook
from thegrid.orders import order_terms
from thegrid.v1 import market_data_pb2
from thegrid_exchange.engine.commands import SetPolicy

CUTS = 100
LEVELS = 100
MINUTE_US = 60_000_000


class Narrow(Settings):
    """A connection on which little is under way, so that the exchange notices who does not read."""

    def channel_options(self) -> list[tuple[str, str | int]]:
        narrow = [("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0)]
        return [*super().channel_options(), *narrow]


class Stopping:
    """A pace that stands still while it is told to."""

    def __init__(self) -> None:
        self.goes = asyncio.Event()
        self.goes.set()

    async def __call__(self, stream: Any) -> None:
        await self.goes.wait()


class Cutting:
    """A pace that loses the connection at random; what was on its way is gone."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.cuts = 0

    async def __call__(self, stream: Any) -> None:
        if self.cuts < CUTS and self._chance.random() < 0.5:
            self.cuts += 1
            stream._drop()


class Slow:
    """A pace of so many steps as are granted."""

    def __init__(self) -> None:
        self.steps = asyncio.Semaphore(4)
        self.is_over = False

    async def __call__(self, stream: Any) -> None:
        if not self.is_over:
            await self.steps.acquire()

    def end(self) -> None:
        """Read on at full speed."""
        self.is_over = True
        for _ in range(8):
            self.steps.release()


async def stir(seller: Person, buyer: Person, round_number: int) -> None:
    """Trade once or twice, and move many levels at once."""
    price = (95 + round_number % 5) * DOLLAR // 100
    await seller.client.orders.sell(SYMBOL, 2, price, source="issuance")
    await buyer.client.orders.buy(SYMBOL, 1 + round_number % 2, price)
    items = [
        place_item(order_terms(SYMBOL, "buy", 1 + n % 3, (1 + (n + round_number) % 500) * 1_000))
        for n in range(LEVELS)
    ]
    await buyer.client.orders.batch(items)
    if round_number % 3 == 2:
        await buyer.client.orders.cancel_all()


async def read_to_the_end(readers: list[Reader], house: House, buyer: Person) -> None:
    truth = await Truth.read(house.operator, buyer.client)
    for reader in readers:
        with contextlib.suppress(TimeoutError):  # what is missing is told below
            await until(lambda reader=reader: truth.is_seen(reader), 20)  # type: ignore[misc]
        truth.check(reader)


@contextlib.asynccontextmanager
async def a_market(folder: Path) -> Any:
    """An exchange that keeps little of what was sent, so that who is late has to resume."""
    settings = {"subscriber_queue_messages": 16, "max_streams_per_key": 100}
    async with running_exchange(folder, **settings) as exchange:
        policy = SetPolicy((("max_open_orders", 10_000),))
        await exchange.running.services.sequencer.submit(policy, actor="test")
        async with a_house(exchange.target, exchange.operator_key) as house:
            await house.instrument()
            seller = (await house.supplier("seller", units=2_000, price_micros=90 * DOLLAR)).person
            await seller.client.orders.cancel_all()  # what is issued is listed again bit by bit
            buyer = await house.member("buyer", 1_000_000)
            yield exchange, house, seller, buyer


async def test_readers_that_fail_end_with_what_one_has_that_did_not(tmp_path: Path) -> None:
    async with a_market(tmp_path) as (exchange, house, seller, buyer):
        stopping, cutting, slow = Stopping(), Cutting(7), Slow()
        readers = []
        for pace in (at_once, stopping, cutting, slow):
            person = await house.another_key(buyer.member_id, ("trade_read",))
            settings = Narrow(exchange.target, ApiKey(person.secret))
            person.client = AsyncClient(settings=settings)
            readers.append(Reader(person.client, pace))
        steady, stopped = readers[0], readers[1]
        for _ in range(8):
            slow.steps.release()
        await until(lambda: steady.is_ready and stopped.is_ready)
        stopping.goes.clear()
        await _load(exchange, seller, buyer, slow, rounds=60)
        assert len(stopped.trades) < len(steady.trades)
        stopping.goes.set()
        await _load(exchange, seller, buyer, slow, rounds=10)
        slow.end()
        while cutting.cuts < CUTS:
            await stir(seller, buyer, cutting.cuts)
        await read_to_the_end(readers, house, buyer)
        assert cutting.cuts == CUTS
        exposed = exchange.running.services.metrics.exposition().decode()
        for name in ("conflations", "slow_readers"):  # else nobody was late
            assert f"grid_{name}_total 0.0" not in exposed
        assert not [gap for gap in steady.gaps if not gap.healed]
        books = market_data_pb2.CHANNEL_BOOK, market_data_pb2.CHANNEL_ORDERS
        for reader in readers:
            lost = [gap for gap in reader.gaps if gap.channel not in books and not gap.healed]
            assert not lost
            await reader.close()
        await house.books()


async def _load(
    exchange: Exchange, seller: Person, buyer: Person, slow: Slow, *, rounds: int
) -> None:
    """A minute of a market that moves."""
    for number in range(rounds):
        await stir(seller, buyer, number)
        slow.steps.release()
        await exchange.advance(MINUTE_US // rounds)


async def test_a_planted_fault_in_a_local_book_is_found_by_its_checksum_and_healed(
    tmp_path: Path,
) -> None:
    async with a_market(tmp_path) as (_, house, seller, buyer):
        reader = Reader(buyer.client)
        await until(lambda: reader.is_ready)
        await stir(seller, buyer, 0)
        await read_to_the_end([reader], house, buyer)
        spoil(reader.orders)
        reader.book._bids.clear()
        await stir(seller, buyer, 1)
        await read_to_the_end([reader], house, buyer)
        channels = {gap.channel for gap in reader.gaps if gap.healed}
        assert channels == {market_data_pb2.CHANNEL_BOOK, market_data_pb2.CHANNEL_ORDERS}
        await reader.close()


def spoil(book: OrderBook) -> None:
    """Let the two best bids change places: the levels stay right, the queue does not."""
    first, second = book.bids[:2]
    swapped = [
        market_data_pb2.BookOrder(
            order_id=here.order_id,
            price_micros=there.price_micros,
            quantity_units=here.quantity_units,
            priority=there.priority,
        )
        for here, there in ((first, second), (second, first))
    ]
    book._bids.change(swapped)
