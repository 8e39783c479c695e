"""Public streams over real gRPC: snapshot, deltas, resume, conflation, ends, heartbeats."""

import asyncio
from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.followed import Followed, subscribe
from tests.support.refusals import refusal_of, refused
from thegrid.v1 import admin_pb2, market_data_pb2, members_pb2, trading_pb2

BOOK = market_data_pb2.CHANNEL_BOOK
TRADES = market_data_pb2.CHANNEL_TRADES
STATUS = market_data_pb2.CHANNEL_STATUS


async def bid(exchange: Exchange, buyer: Participant, price_micros: int, units: int = 1) -> Any:
    return await exchange.place(buyer, side="buy", quantity_units=units, price_micros=price_micros)


async def test_a_book_kept_from_the_stream_is_the_book(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await bid(exchange, buyer, 900_000, 5)
    stream = Followed(buyer, subscribe(BOOK), subscribe(TRADES), subscribe(STATUS))
    await stream.next()
    await exchange.sell_issuance(supplier, 10, 1_000_000)
    for price_micros in (950_000, 1_000_000, 960_000, 1_000_000):
        await bid(exchange, buyer, price_micros, 3)
    await stream.until(lambda _: TRADES in stream.last and len(stream.events) >= 9)
    answer = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
    assert stream.bids == {each.price_micros: each.quantity_units for each in answer.book.bids}
    assert stream.asks == {each.price_micros: each.quantity_units for each in answer.book.asks}
    traded = [event.trade.quantity_units for event in stream.events if event.HasField("trade")]
    assert traded == [3, 3]
    assert max(stream.last.values()) == answer.sequence


async def test_a_cancelled_order_leaves_the_book_of_the_stream(
    exchange: Exchange, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(BOOK))
    await stream.next()
    placed = await bid(exchange, buyer, 900_000, 5)
    await stream.next()
    assert stream.bids == {900_000: 5}
    order = trading_pb2.OrderRef(order_id=placed.order.order_id)
    await buyer.trading.CancelOrder(trading_pb2.CancelOrderRequest(request_id="c", order=order))
    await stream.next()
    assert stream.bids == {}


async def test_a_reader_that_was_away_resumes_without_a_snapshot(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(BOOK), subscribe(TRADES))
    await stream.next()
    await bid(exchange, buyer, 500_000)
    await stream.next()
    stream.call.cancel()
    await exchange.sell_issuance(supplier, 2, 400_000)
    await bid(exchange, buyer, 300_000)
    again = Followed(
        buyer,
        subscribe(BOOK, after_sequence=stream.last[BOOK]),
        subscribe(TRADES, after_sequence=stream.last[BOOK]),
    )
    again.bids, again.asks, again.last = stream.bids, stream.asks, {BOOK: stream.last[BOOK]}
    await again.until(lambda event: event.HasField("trade") and BOOK in again.last)
    assert not [event for event in again.events if event.HasField("book_snapshot")]
    answer = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
    assert again.bids == {each.price_micros: each.quantity_units for each in answer.book.bids}


async def test_after_a_restart_a_gap_in_the_book_is_named_and_no_trade_is_lost(
    tmp_path: Any,
) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=100)
        buyer = await exchange.create_member("buyer", deposit_micros=10**10)
        for _ in range(3):
            await exchange.sell_issuance(supplier, 1, 1_000_000)
            await bid(exchange, buyer, 1_000_000)
        before = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        after = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
        assert after.sequence == before.sequence
        stream = Followed(
            buyer, subscribe(BOOK, after_sequence=1), subscribe(TRADES, after_sequence=1)
        )
        trades: list[Any] = []
        while len(trades) < 3:
            trades += [event for event in await stream.next() if event.HasField("trade")]
        assert len({event.trade.trade_id for event in trades}) == 3
        first = stream.events[0]
        assert first.book_snapshot.gap
        assert (first.gap_from_sequence, first.gap_to_sequence) == (2, before.sequence)
        supplier = Participant(supplier.member_id, supplier.secret, exchange)
        await exchange.sell_issuance(supplier, 1, 1_000_000)
        event = await stream.until(lambda event: event.HasField("book_delta"))
        assert event.sequence == before.sequence + 1


async def test_a_book_cut_at_a_depth_names_what_slides_in_and_out(
    exchange: Exchange, buyer: Participant
) -> None:
    for price in (100_000, 200_000, 300_000):
        await bid(exchange, buyer, price)
    request = market_data_pb2.StreamMarketDataRequest(
        subscriptions=[subscribe(BOOK, depth_levels=2)]
    )
    call = buyer.market_data.StreamMarketData(request)
    [snapshot] = (await call.read()).events
    assert [each.price_micros for each in snapshot.book_snapshot.bids] == [300_000, 200_000]
    await bid(exchange, buyer, 400_000)
    [delta] = (await call.read()).events
    assert [(each.price_micros, each.quantity_units) for each in delta.book_delta.bids] == [
        (200_000, 0),
        (400_000, 1),
    ]
    assert delta.prev_sequence == snapshot.sequence


async def test_a_quiet_stream_beats_every_second(exchange: Exchange, buyer: Participant) -> None:
    stream = Followed(buyer, subscribe(TRADES))
    async with asyncio.timeout(5):
        while not stream.events:
            exchange.clock.advance(1_000_000)
            try:
                await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(stream.next())), 0.05)
            except TimeoutError:
                continue
    assert stream.events[0].HasField("heartbeat")
    assert stream.events[0].market_id == f"mkt_{SYMBOL}"


async def test_trades_resume_across_a_restart_without_a_gap_up_to_what_comes_next(
    tmp_path: Any,
) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=1_000)
        buyer = await exchange.create_member("buyer", deposit_micros=10**10)
        for _ in range(300):  # more than one page is read back
            await exchange.sell_issuance(supplier, 1, 1_000_000)
            await bid(exchange, buyer, 1_000_000)
        await bid(exchange, buyer, 900_000)  # the market's last event is no trade
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        supplier = Participant(supplier.member_id, supplier.secret, exchange)
        stream = Followed(buyer, subscribe(TRADES, after_sequence=0))
        stream.last[TRADES] = 0
        await stream.until(lambda event: event.HasField("heartbeat"))
        await exchange.sell_issuance(supplier, 1, 900_000)
        await stream.until(lambda event: event.trade.price_micros == 900_000)
        trades = [event.trade.trade_id for event in stream.events if event.HasField("trade")]
        assert len(trades) == len(set(trades)) == 301


async def test_a_sequence_that_was_never_given_out_is_told_and_what_follows_is_whole(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    ahead = Followed(buyer, *(subscribe(each, after_sequence=900) for each in (BOOK, TRADES)))
    while len(ahead.last) < 2:
        await ahead.next()
    assert {event.gap_from_sequence for event in ahead.events} == {901}
    assert all(event.gap_to_sequence < 900 for event in ahead.events)
    await exchange.sell_issuance(supplier, 1, 1_000_000)
    await bid(exchange, buyer, 1_000_000)
    await ahead.until(lambda event: event.HasField("trade"))


async def test_a_busy_stream_beats_too(exchange: Exchange, buyer: Participant) -> None:
    stream = Followed(buyer, subscribe(BOOK))
    await stream.next()
    beats: list[Any] = []
    async with asyncio.timeout(10):
        for number in range(200):
            exchange.clock.advance(500_000)
            await bid(exchange, buyer, 1_000 * (1 + number))
            beats += [event for event in await stream.next() if event.HasField("heartbeat")]
            if len(beats) == 3:
                break
    assert [beat.sequence for beat in beats] == sorted({beat.sequence for beat in beats})


async def test_a_slow_reader_gets_merged_levels_declared_and_every_trade(
    exchange: Exchange, buyer: Participant
) -> None:
    feed_of = exchange.running.services.live.market_feed
    stream = Followed(buyer, subscribe(BOOK))
    await stream.next()
    log = feed_of(f"mkt_{SYMBOL}").logs[("book", 0)]
    sleeping, log.waiting = log.waiting, set()  # the reader is not woken, as if it did not read
    for number in range(1_100):
        await bid(exchange, buyer, 1_000 * (1 + number % 7))
    log.waiting = sleeping
    for wake in tuple(sleeping):
        wake()
    event = await stream.until(lambda event: event.HasField("conflated_from_sequence"))
    frame = stream.frames[-1]
    assert frame.lag_events == 1_100
    assert frame.lag_us >= 0
    assert event.conflated_from_sequence == event.prev_sequence + 1
    assert event.sequence - event.conflated_from_sequence == 1_099
    assert len(event.book_delta.bids) == 7


async def test_a_reader_too_far_behind_is_ended_with_its_last_sequence(tmp_path: Any) -> None:
    async with running_exchange(tmp_path, subscriber_queue_messages=16) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10**10)
        stream = Followed(buyer, subscribe(BOOK))
        await stream.next()
        log = exchange.running.services.live.market_feed(f"mkt_{SYMBOL}").logs[("book", 0)]
        sleeping, log.waiting = log.waiting, set()
        for number in range(200):
            await bid(exchange, buyer, 1_000 * (1 + number))
        log.waiting = sleeping
        for wake in tuple(sleeping):
            wake()
        event = await stream.until(lambda event: event.HasField("stream_end"))
        assert event.sequence == stream.last[BOOK]
        reason = refusal_of(event.stream_end.status, grpc.StatusCode.OK).reason
        assert reason == "READER_TOO_SLOW"
        assert await stream.next() == []


@pytest.mark.parametrize("cause", ["revoked", "suspended", "draining"])
async def test_streams_end_with_the_reason(
    exchange: Exchange, buyer: Participant, cause: str
) -> None:
    stream = Followed(buyer, subscribe(BOOK))
    await stream.next()
    if cause == "revoked":
        key_id = buyer.secret.partition(".")[0]
        await buyer.members.RevokeKey(members_pb2.RevokeKeyRequest(request_id="r", key_id=key_id))
    elif cause == "suspended":
        await exchange.admin.SetMemberSuspended(
            admin_pb2.SetMemberSuspendedRequest(
                request_id="s", member_id=buyer.member_id, suspended=True, reason="test"
            )
        )
    else:
        exchange.running.services.pulse.drain()
    event = await stream.until(lambda event: event.HasField("stream_end"))
    reasons = {
        "revoked": "KEY_REVOKED",
        "suspended": "MEMBER_SUSPENDED",
        "draining": "DRAINING",
    }
    ended = refusal_of(event.stream_end.status, grpc.StatusCode.OK)
    assert ended.reason == reasons[cause]


async def test_a_market_asked_for_twice_and_a_market_that_is_not(buyer: Participant) -> None:
    twice = market_data_pb2.StreamMarketDataRequest(
        subscriptions=[subscribe(BOOK), subscribe(BOOK)]
    )
    answer = await refused(buyer.market_data.StreamMarketData(twice).read())
    assert list(answer.fields) == ["subscriptions[1]"]
    nowhere = market_data_pb2.StreamMarketDataRequest(
        subscriptions=[market_data_pb2.Subscription(market="nowhere", channel=BOOK)]
    )
    answer = await refused(buyer.market_data.StreamMarketData(nowhere).read())
    assert (answer.reason, list(answer.fields)) == (
        "MARKET_NOT_FOUND",
        ["subscriptions[0].market"],
    )


async def test_the_status_channel_tells_what_the_operator_did(
    exchange: Exchange, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(STATUS))
    [first] = await stream.next()
    assert first.market.state == market_data_pb2.MARKET_STATE_OPEN
    await exchange.admin.SetMarketState(
        admin_pb2.SetMarketStateRequest(
            request_id="s",
            market=SYMBOL,
            state=market_data_pb2.MARKET_STATE_HALTED,
            reason="for a test",
        )
    )
    [event] = await stream.next()
    assert event.market.state == market_data_pb2.MARKET_STATE_HALTED
    assert event.market.state_reason == "for a test"


async def test_the_number_of_streams_of_a_key_is_bounded(tmp_path: Any) -> None:
    async with running_exchange(tmp_path, max_streams_per_key=2) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer")
        streams = [Followed(buyer, subscribe(BOOK)) for _ in range(2)]
        for stream in streams:
            await stream.next()
        request = market_data_pb2.StreamMarketDataRequest(subscriptions=[subscribe(BOOK)])
        answer = await refused(buyer.market_data.StreamMarketData(request).read())
        assert answer.reason == "STREAM_LIMIT"
