"""Books by order and best prices over real gRPC: queues kept from a stream are those that trade."""

import random
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.followed import Followed, subscribe
from thegrid.v1 import admin_pb2, market_data_pb2, trading_pb2
from thegrid_exchange.engine.commands import SetPolicy

BEST = market_data_pb2.CHANNEL_BEST
ORDERS = market_data_pb2.CHANNEL_ORDERS


async def bid(exchange: Exchange, member: Participant, price_micros: int, units: int = 1) -> str:
    placed = await exchange.place(
        member, side="buy", quantity_units=units, price_micros=price_micros
    )
    return str(placed.order.order_id)


async def amend(exchange: Exchange, member: Participant, order_id: str, **changes: int) -> None:
    await member.trading.AmendOrder(
        trading_pb2.AmendOrderRequest(
            request_id=exchange.request_id(),
            order=trading_pb2.OrderRef(order_id=order_id),
            **changes,
        )
    )


async def cancel(exchange: Exchange, member: Participant, order_id: str) -> None:
    order = trading_pb2.OrderRef(order_id=order_id)
    await member.trading.CancelOrder(
        trading_pb2.CancelOrderRequest(request_id=exchange.request_id(), order=order)
    )


async def book_of(member: Participant, depth_orders: int = 5_000) -> Any:
    request = market_data_pb2.GetOrderBookRequest(market=SYMBOL, depth_orders=depth_orders)
    return await member.market_data.GetOrderBook(request)


async def same_as_the_book(stream: Followed, member: Participant) -> None:
    """Read on to where the book is, and compare order by order."""
    answer = await book_of(member)
    while max(stream.last.values()) < answer.sequence:
        await stream.next()
    read = [
        [(each.order_id, each.price_micros, each.quantity_units) for each in side]
        for side in (answer.book.bids, answer.book.asks)
    ]
    assert list(stream.queues()) == read


async def test_a_reduced_order_keeps_its_place_and_any_other_amendment_loses_it(
    exchange: Exchange, buyer: Participant
) -> None:
    first, second, third = [await bid(exchange, buyer, 900_000, 5) for _ in range(3)]
    stream = Followed(buyer, subscribe(ORDERS))
    await stream.next()
    assert [each[0] for each in stream.queues()[0]] == [first, second, third]
    await amend(exchange, buyer, first, quantity_units=3)
    await same_as_the_book(stream, buyer)
    assert stream.queues()[0][0] == (first, 900_000, 3)
    [change] = stream.events[-1].order_book_delta.bids
    assert change.priority == stream.events[0].order_book_snapshot.bids[0].priority
    await amend(exchange, buyer, first, quantity_units=4)
    await amend(exchange, buyer, second, price_micros=901_000)
    await amend(exchange, buyer, second, price_micros=900_000)
    await same_as_the_book(stream, buyer)
    assert [each[0] for each in stream.queues()[0]] == [third, first, second]


async def test_what_trades_first_is_what_stands_first(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    orders = [await bid(exchange, buyer, 900_000, 2) for _ in range(3)]
    stream = Followed(buyer, subscribe(ORDERS), subscribe(market_data_pb2.CHANNEL_TRADES))
    await stream.next()
    await cancel(exchange, buyer, orders[1])
    await exchange.sell_issuance(supplier, 3, 900_000)
    await same_as_the_book(stream, buyer)
    assert stream.queues() == ([(orders[2], 900_000, 1)], [])
    await exchange.sell_issuance(supplier, 3, 900_000)
    await same_as_the_book(stream, buyer)
    assert stream.queues()[0] == []
    assert [each[2] for each in stream.queues()[1]] == [2]


async def test_nothing_in_a_book_by_order_names_a_member(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(ORDERS), subscribe(BEST))
    await stream.next()
    await bid(exchange, buyer, 900_000)
    await exchange.sell_issuance(supplier, 1, 950_000)
    await same_as_the_book(stream, buyer)
    told = str([*stream.events, await book_of(buyer)])
    assert "mem_" not in told
    assert "key_" not in told


async def test_best_prices_tell_every_change_of_the_best_and_nothing_else(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(BEST))
    [first] = await stream.next()
    assert first.HasField("best_prices")
    assert not first.best_prices.HasField("bid")
    low = await bid(exchange, buyer, 800_000, 2)
    await bid(exchange, buyer, 700_000)  # below the best
    await bid(exchange, buyer, 800_000, 3)
    await exchange.sell_issuance(supplier, 4, 950_000)
    await cancel(exchange, buyer, low)
    while len(stream.events) < 5:
        await stream.next()
    told = [
        (level.price_micros, level.quantity_units, level.order_count)
        for level in (event.best_prices.bid for event in stream.events[1:])
    ]
    assert told == [(800_000, 2, 1), (800_000, 5, 2), (800_000, 5, 2), (800_000, 3, 1)]
    assert [e.best_prices.ask.quantity_units for e in stream.events[1:]] == [0, 0, 4, 4]


async def test_queues_kept_from_a_stream_are_the_books_through_auctions_and_sweeps(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    chance = random.Random(3)
    await exchange.running.services.sequencer.submit(
        SetPolicy((("retire_unsold_at_sweep", 0),)), actor="test"
    )
    other = await exchange.create_member("other", deposit_micros=10**12)
    channels = (ORDERS, BEST, market_data_pb2.CHANNEL_TRADES, market_data_pb2.CHANNEL_STATUS)
    stream = Followed(buyer, *map(subscribe, channels))
    await stream.next()
    open_ids: list[tuple[Participant, str]] = []

    async def stir(count: int) -> None:
        for _ in range(count):
            member, price = chance.choice([buyer, other]), 1_000 * chance.randrange(900, 920)
            if chance.random() < 0.3:
                await exchange.sell_issuance(supplier, chance.randrange(1, 3), price)
            elif open_ids and chance.random() < 0.5:
                owner, order_id = open_ids.pop(chance.randrange(len(open_ids)))
                found = exchange.running.services.live.state.orders.get(order_id)
                if found is None:
                    continue
                if chance.random() < 0.5:
                    await cancel(exchange, owner, order_id)
                else:
                    await amend(exchange, owner, order_id, quantity_units=found.filled_units + 1)
            else:
                units = chance.randrange(1, 4)
                open_ids.append((member, await bid(exchange, member, price, units)))

    await stir(60)
    await same_as_the_book(stream, buyer)
    until_time = Timestamp()
    until_time.FromMicroseconds(exchange.clock.now_us() + 60_000_000)
    await exchange.admin.StartAuction(
        admin_pb2.StartAuctionRequest(
            request_id="a", market=SYMBOL, until_time=until_time, reason="for a test"
        )
    )
    await stir(20)
    await same_as_the_book(stream, buyer)
    await exchange.advance(61_000_000)
    await same_as_the_book(stream, buyer)
    await exchange.advance(4 * 3_600_000_000)
    await stir(20)
    await same_as_the_book(stream, buyer)


async def test_a_large_book_comes_in_parts_and_is_whole_after_the_last(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        items = [
            trading_pb2.BatchItem(
                place=trading_pb2.OrderTerms(
                    market=SYMBOL, side=1, type=1, quantity_units=1, price_micros=1_000 * n
                )
            )
            for n in range(1, 101)
        ]
        await exchange.admin.SetPolicy(
            admin_pb2.SetPolicyRequest(
                request_id="p", changes=[admin_pb2.PolicyValue(name="max_open_orders", value=9_000)]
            )
        )
        for number in range(41):
            request = trading_pb2.BatchOrdersRequest(request_id=f"b{number}", items=items)
            await buyer.trading.BatchOrders(request)
        stream = Followed(buyer, subscribe(ORDERS))
        await stream.until(lambda event: not event.order_book_snapshot.more)
        sizes = [len(event.order_book_snapshot.bids) for event in stream.events]
        assert sizes == [2_000, 2_000, 100]
        assert len({event.sequence for event in stream.events}) == 1
        assert len(stream.queues()[0]) == 4_100
        short = await book_of(buyer, 3)
        assert len(short.book.bids) == 3
        assert short.book.checksum == stream.events[0].order_book_snapshot.checksum
