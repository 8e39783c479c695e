"""Streams followed without a connection: order, duplicates, gaps, checksums, resume points.
That the runners come back after loss is in test_streams.
"""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thegrid.book import Book
from thegrid.errors import InternalError, Unavailable
from thegrid.follow import AskAgain, Gap
from thegrid.follow_account import AccountFollower
from thegrid.follow_market import BookFollower, MarketFollower, OrderBookFollower
from thegrid.order_book import OrderBook
from thegrid.v1 import accounts_pb2, common_pb2, market_data_pb2

MARKET = "mkt_a"
BOOK, TRADES = market_data_pb2.CHANNEL_BOOK, market_data_pb2.CHANNEL_TRADES
Frame = market_data_pb2.StreamMarketDataResponse
Event = market_data_pb2.MarketEvent


def level(price: int, quantity: int) -> market_data_pb2.BookLevel:
    return market_data_pb2.BookLevel(price_micros=price, quantity_units=quantity, order_count=1)


def snapshot(
    sequence: int, bids=((90, 1),), asks=((110, 2),), gap_from_sequence: int | None = None
) -> Event:
    text = "|".join(f"{price}:{quantity}" for price, quantity in (*bids, *asks))
    return Event(
        market_id=MARKET,
        channel=BOOK,
        sequence=sequence,
        book_snapshot=market_data_pb2.BookSnapshot(
            bids=[level(*each) for each in bids],
            asks=[level(*each) for each in asks],
            checksum=crc32(text.encode()),
            gap=gap_from_sequence is not None,
        ),
        gap_from_sequence=gap_from_sequence,
        gap_to_sequence=None if gap_from_sequence is None else sequence,
    )


def delta(prev: int, sequence: int, bids=(), asks=(), text: str = "") -> Event:
    return Event(
        market_id=MARKET,
        channel=BOOK,
        prev_sequence=prev,
        sequence=sequence,
        book_delta=market_data_pb2.BookDelta(
            bids=[level(*each) for each in bids],
            asks=[level(*each) for each in asks],
            checksum=crc32(text.encode()),
        ),
    )


def trade(prev: int, sequence: int) -> Event:
    return Event(
        market_id=MARKET,
        channel=TRADES,
        prev_sequence=prev,
        sequence=sequence,
        trade=market_data_pb2.Trade(trade_id=f"trd_{sequence}"),
    )


def trades(after_sequence: int | None = None) -> MarketFollower:
    return MarketFollower(
        [market_data_pb2.Subscription(market=MARKET, channel=TRADES, after_sequence=after_sequence)]
    )


def take(follower, *events) -> list:
    return list(follower.take(Frame(events=events)))


def test_a_book_is_kept_from_snapshot_and_deltas() -> None:
    book = Book(MARKET)
    assert book.take(snapshot(5, bids=((90, 1), (80, 4)), asks=((110, 2),)))
    assert book.take(delta(5, 7, bids=((90, 0), (85, 3)), text="85:3|80:4|110:2"))
    assert [each[:2] for each in book.bids] == [(85, 3), (80, 4)]
    assert book.best_ask is not None
    assert (book.best_ask.price_micros, book.sequence) == (110, 7)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.integers(0, 5)), max_size=60))
def test_a_book_is_what_a_sorted_dict_would_be(changes: list[tuple[bool, int, int]]) -> None:
    book, naive = Book(MARKET), {True: {}, False: {}}
    for is_bid, price, quantity in changes:
        side = "bids" if is_bid else "asks"
        event = delta(0, 1, **{side: ((price, quantity),)})
        naive[is_bid][price] = quantity
        naive[is_bid] = {key: value for key, value in naive[is_bid].items() if value}
        book.take(event)
    bids, asks = sorted(naive[True].items(), reverse=True), sorted(naive[False].items())
    assert [each[:2] for each in book.bids] == bids
    assert [each[:2] for each in book.asks] == asks
    text = "|".join(f"{price}:{quantity}" for price, quantity in bids[:10] + asks[:10])
    assert book.checksum() == crc32(text.encode())


def test_a_checksum_covers_ten_levels_of_each_side() -> None:
    bids = tuple((100 - n, 1) for n in range(12))
    text = "|".join(f"{price}:1" for price, _ in bids[:10])
    book = Book(MARKET)
    event = snapshot(1, bids=bids, asks=())
    event.book_snapshot.checksum = crc32(text.encode())
    assert book.take(event)


def test_a_book_cut_below_ten_levels_cannot_be_proved_and_is_not_doubted() -> None:
    book = Book(MARKET, depth_levels=1)
    event = snapshot(1)
    event.book_snapshot.checksum = 1
    assert book.take(event)


def test_events_come_in_order_and_once() -> None:
    follower = trades()
    assert [e.sequence for e in take(follower, trade(0, 3), trade(3, 4), trade(3, 4))] == [3, 4]
    assert follower.request().subscriptions[0].after_sequence == 4


def test_a_gap_is_asked_for_and_told_as_healed_when_it_comes() -> None:
    follower = trades()
    take(follower, trade(0, 3))
    with pytest.raises(AskAgain):
        take(follower, trade(8, 9))
    assert follower.request().subscriptions[0].after_sequence == 3
    got = take(follower, trade(3, 8), trade(8, 9))
    assert got[0] == Gap(MARKET, TRADES, 4, 8, True)
    assert [event.sequence for event in got[1:]] == [8, 9]


def test_a_gap_that_stays_is_told_as_lost_and_the_stream_goes_on() -> None:
    follower = trades()
    take(follower, trade(0, 3))
    with pytest.raises(AskAgain):
        take(follower, trade(8, 9))
    got = take(follower, trade(8, 9))
    assert got[0] == Gap(MARKET, TRADES, 4, 8, False)
    assert got[1].sequence == 9


def test_a_heartbeat_is_a_later_place_to_resume() -> None:
    follower = trades()
    take(follower, trade(0, 3))
    beat = Event(market_id=MARKET, sequence=50, heartbeat=common_pb2.Heartbeat())
    take(follower, beat)
    assert follower.request().subscriptions[0].after_sequence == 50
    assert [e.sequence for e in take(follower, trade(3, 51))] == [51]


def test_before_the_first_trade_a_heartbeat_is_the_place_to_resume() -> None:
    follower = trades()
    beat = Event(market_id=MARKET, sequence=50, heartbeat=common_pb2.Heartbeat())
    take(follower, beat)
    assert follower.request().subscriptions[0].after_sequence == 50
    with pytest.raises(AskAgain):
        take(follower, trade(60, 61))


def test_a_snapshot_instead_of_the_missing_events_says_whether_any_were_lost() -> None:
    for lost in (False, True):
        follower = BookFollower(MARKET)
        take(follower, snapshot(3))
        follower.request()
        got = take(follower, snapshot(9, gap_from_sequence=4 if lost else None))
        gaps = [item for item in got if isinstance(item, Gap)]
        assert gaps == ([Gap(MARKET, BOOK, 4, 9, False)] if lost else [])


def test_a_book_that_fails_its_checksum_is_taken_afresh() -> None:
    follower = BookFollower(MARKET)
    take(follower, snapshot(3))
    with pytest.raises(AskAgain):
        take(follower, delta(3, 4, bids=((91, 1),), text="something else"))
    assert not follower.request().subscriptions[0].HasField("after_sequence")
    got = take(follower, snapshot(6))
    assert got == [Gap(MARKET, BOOK, 4, 6, True), follower.book]


def test_a_snapshot_that_fails_its_own_checksum_is_the_exchanges_fault() -> None:
    event = snapshot(3)
    event.book_snapshot.checksum += 1
    with pytest.raises(InternalError, match="checksum"):
        take(BookFollower(MARKET), event)


def test_markets_named_by_symbol_are_followed_by_id() -> None:
    follower = BookFollower("text-prime")
    assert follower.unresolved() == ["text-prime"]
    follower.resolve("text-prime", MARKET)
    assert follower.unresolved() == []
    assert take(follower, snapshot(3)) == [follower.book]
    assert follower.book.market_id == MARKET


def test_an_end_with_a_reason_is_an_error() -> None:
    end = Event(market_id=MARKET)
    end.stream_end.status.code = 14
    with pytest.raises(Unavailable):
        take(trades(), end)


def account_event(sequence: int, kind: str) -> accounts_pb2.AccountEvent:
    event = accounts_pb2.AccountEvent(sequence=sequence, resume_token=f"t{sequence}")
    getattr(event, kind).SetInParent()
    return event


def told(follower: AccountFollower, *events: accounts_pb2.AccountEvent) -> list:
    return list(follower.take(accounts_pb2.StreamAccountResponse(events=events)))


def test_the_private_stream_is_contiguous_and_resumes_by_token() -> None:
    follower = AccountFollower()
    got = told(
        follower, account_event(4, "snapshot"), account_event(5, "order"), account_event(5, "order")
    )
    assert [event.sequence for event in got] == [4, 5]
    with pytest.raises(AskAgain):
        told(follower, account_event(8, "cash"))
    assert follower.request().resume_token == "t5"
    got = told(follower, account_event(6, "fill"), account_event(7, "cash"))
    assert got[0] == Gap("", 0, 6, 7, True)
    assert [event.sequence for event in got[1:]] == [6, 7]


def test_a_heartbeat_betrays_a_lost_tail_of_the_private_stream() -> None:
    follower = AccountFollower()
    told(follower, account_event(4, "snapshot"))
    with pytest.raises(AskAgain):
        told(follower, account_event(6, "heartbeat"))


def test_a_token_no_longer_kept_is_given_up_and_the_gap_told() -> None:
    follower = AccountFollower()
    told(follower, account_event(4, "snapshot"))
    old = Unavailable("too old", code="INVALID_ARGUMENT", reason="RESUME_TOKEN_INVALID")
    assert follower.recover(old)
    assert follower.request().resume_token == ""
    assert told(follower, account_event(9, "snapshot"))[0] == Gap("", 0, 5, 9, False)
    assert not follower.recover(Unavailable("other"))


def an_order(number: int, price: int, quantity: int, priority: int) -> market_data_pb2.BookOrder:
    return market_data_pb2.BookOrder(
        order_id=f"ord_{number}", price_micros=price, quantity_units=quantity, priority=priority
    )


def queue_sum(*orders: market_data_pb2.BookOrder) -> int:
    """The checksum of the contract over orders as they would trade."""
    texts = [f"{each.price_micros}:{each.quantity_units}:{each.order_id}" for each in orders]
    return crc32("|".join(texts).encode())


def queue_event(sequence: int, **payload) -> Event:
    return Event(
        market_id=MARKET,
        channel=market_data_pb2.CHANNEL_ORDERS,
        prev_sequence=sequence - 1,
        sequence=sequence,
        **payload,
    )


def test_a_queue_is_kept_in_the_order_in_which_it_trades() -> None:
    book, first, second = OrderBook(MARKET), an_order(1, 90, 5, 1), an_order(2, 90, 3, 2)
    better, ask = an_order(3, 91, 1, 3), an_order(4, 99, 2, 4)
    checksum = queue_sum(better, first, second, ask)
    whole = market_data_pb2.OrderBookSnapshot(
        bids=[better, first, second], asks=[ask], checksum=checksum
    )
    assert book.take(queue_event(1, order_book_snapshot=whole))
    assert [each.order_id for each in book.bids] == ["ord_3", "ord_1", "ord_2"]
    assert (book.units_ahead("ord_2"), book.units_ahead("ord_1")) == (5, 0)
    assert (book.units_ahead("ord_4"), book.units_ahead("ord_9")) == (0, None)
    again = an_order(1, 90, 5, 7)  # amended: behind all that rest
    change = market_data_pb2.OrderBookDelta(
        bids=[again, an_order(3, 91, 0, 3)], checksum=queue_sum(second, again, ask)
    )
    assert book.take(queue_event(2, order_book_delta=change))
    assert book.units_ahead("ord_1") == 3
    swapped = market_data_pb2.OrderBookDelta(checksum=queue_sum(again, second, ask))
    assert not book.take(queue_event(3, order_book_delta=swapped))


def test_a_snapshot_in_parts_is_shown_when_it_is_whole() -> None:
    follower = OrderBookFollower(MARKET)
    orders = [an_order(number, 90, 1, number) for number in range(1, 4)]
    checksum = queue_sum(*orders)
    parts = [
        market_data_pb2.OrderBookSnapshot(
            bids=[order], checksum=checksum, continued=number > 0, more=number < 2
        )
        for number, order in enumerate(orders)
    ]
    events = [queue_event(5, order_book_snapshot=part) for part in parts]
    assert take(follower, *events[:2]) == []
    # Cut in the middle: it begins anew, from no sequence.
    assert not follower.request().subscriptions[0].HasField("after_sequence")
    assert take(follower, events[0]) == []
    assert take(follower, *events[1:]) == [follower.book]
    assert len(follower.book.bids) == 3
    assert follower.request().subscriptions[0].after_sequence == 5


def test_a_queue_that_fails_its_checksum_is_taken_afresh() -> None:
    follower, order = OrderBookFollower(MARKET), an_order(1, 90, 1, 1)
    whole = market_data_pb2.OrderBookSnapshot(bids=[order], checksum=queue_sum(order))
    take(follower, queue_event(3, order_book_snapshot=whole))
    wrong = market_data_pb2.OrderBookDelta(checksum=1)
    with pytest.raises(AskAgain):
        take(follower, queue_event(4, order_book_delta=wrong))
    got = take(follower, queue_event(6, order_book_snapshot=whole))
    assert got == [Gap(MARKET, market_data_pb2.CHANNEL_ORDERS, 4, 6, True), follower.book]


def test_a_final_candle_may_repeat_a_sequence_and_lengths_are_told_apart() -> None:
    one, five = (
        market_data_pb2.Subscription(
            market=MARKET, channel=market_data_pb2.CHANNEL_CANDLES, candle_interval=interval
        )
        for interval in (1, 2)
    )
    follower = MarketFollower([one, five])

    def candle(prev: int, sequence: int, interval: int, final: bool = False) -> Event:
        return Event(
            market_id=MARKET,
            channel=market_data_pb2.CHANNEL_CANDLES,
            prev_sequence=prev,
            sequence=sequence,
            candle=market_data_pb2.Candle(interval=interval, final=final),  # type: ignore[arg-type]
        )

    told = take(follower, candle(3, 3, 1), candle(3, 3, 2), candle(3, 3, 1, final=True))
    assert [(each.candle.interval, each.candle.final) for each in told] == [
        (1, False),
        (2, False),
        (1, True),
    ]
    assert take(follower, candle(1, 2, 1)) == []
    with pytest.raises(AskAgain):
        take(follower, candle(8, 9, 2))
    asked = [each.after_sequence for each in follower.request().subscriptions]
    assert asked == [3, 3]


def test_a_place_beyond_the_market_is_given_up_and_told() -> None:
    follower = trades(after_sequence=900)
    beat = Event(
        market_id=MARKET,
        channel=TRADES,
        sequence=5,
        gap_from_sequence=901,
        gap_to_sequence=5,
        heartbeat=common_pb2.Heartbeat(),
    )
    assert take(follower, beat)[0] == Gap(MARKET, TRADES, 901, 5, False)
    assert [each.sequence for each in take(follower, trade(5, 6))] == [6]
