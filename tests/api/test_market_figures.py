"""Tickers and candles over real gRPC, against a naive reckoning from the trades themselves."""

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.exchange import HOUR_US, SYMBOL, Exchange, Participant, running_exchange
from thegrid.v1 import market_data_pb2
from thegrid_exchange.clock import ManualClock

MINUTE_US = 60_000_000
LENGTHS_US = {1: 1, 2: 5, 3: 15, 4: 60, 5: 240, 6: 1_440}
"""Minutes of each length of candles, by its number in the contract."""


async def trade(
    exchange: Exchange, seller: Participant, buyer: Participant, units: int, price_micros: int
) -> None:
    await exchange.sell_issuance(seller, units, price_micros)
    await exchange.place(buyer, side="buy", quantity_units=units, price_micros=price_micros)


async def all_trades(member: Participant) -> list[market_data_pb2.Trade]:
    request = market_data_pb2.ListTradesRequest(market=SYMBOL, page_size=1_000)
    return list((await member.market_data.ListTrades(request)).trades)[::-1]


async def all_candles(member: Participant, length: int, **more: Any) -> list[Any]:
    """Every candle of a length, oldest first, read in small pages."""
    found: list[Any] = []
    token = ""
    while True:
        answer = await member.market_data.ListCandles(
            market_data_pb2.ListCandlesRequest(
                market=SYMBOL, interval=length, page_size=7, page_token=token, **more
            )
        )
        found += answer.candles
        token = answer.next_page_token
        if not token:
            return found[::-1]


def naive_candles(trades: Iterable[market_data_pb2.Trade], minutes: int) -> list[Any]:
    """What candles should be, reckoned from the trades alone."""
    span_us = minutes * MINUTE_US
    groups: dict[int, list[market_data_pb2.Trade]] = {}
    for each in trades:
        groups.setdefault(each.trade_time.ToMicroseconds() // span_us, []).append(each)
    return [
        (
            key * span_us,
            group[0].price_micros,
            max(each.price_micros for each in group),
            min(each.price_micros for each in group),
            group[-1].price_micros,
            sum(each.quantity_units for each in group),
            sum(each.price_micros * each.quantity_units for each in group),
            len(group),
            group[0].trade_id,
            group[-1].trade_id,
        )
        for key, group in groups.items()
    ]


def figures_of(candle: market_data_pb2.Candle) -> Any:
    return (
        candle.start_time.ToMicroseconds(),
        candle.open_price_micros,
        candle.high_price_micros,
        candle.low_price_micros,
        candle.close_price_micros,
        candle.volume_units,
        candle.turnover_micros,
        candle.trade_count,
        candle.first_trade_id,
        candle.last_trade_id,
    )


async def check_ticker(member: Participant, clock: ManualClock) -> None:
    """The ticker against the trades of the 1,440 minutes that end with the present one."""
    request = market_data_pb2.GetTickerRequest(market=SYMBOL)
    ticker = (await member.market_data.GetTicker(request)).ticker
    now_us = ticker.ticker_time.ToMicroseconds()
    start_us = now_us - now_us % MINUTE_US - 1_439 * MINUTE_US
    assert ticker.window_start_time.ToMicroseconds() == start_us
    every = await all_trades(member)
    last = every[-1]
    assert (ticker.last_trade_id, ticker.last_price_micros) == (last.trade_id, last.price_micros)
    assert ticker.last_quantity_units == last.quantity_units
    assert ticker.last_trade_time == last.trade_time
    within = [each for each in every if each.trade_time.ToMicroseconds() >= start_us]
    assert ticker.trade_count == len(within)
    assert ticker.volume_units == sum(each.quantity_units for each in within)
    assert ticker.turnover_micros == sum(x.price_micros * x.quantity_units for x in within)
    assert ticker.HasField("open_price_micros") == bool(within)
    if within:
        prices = [each.price_micros for each in within]
        assert ticker.open_price_micros == prices[0]
        assert (ticker.high_price_micros, ticker.low_price_micros) == (max(prices), min(prices))
        assert ticker.change_micros == prices[-1] - prices[0]
        assert ticker.change_bps == int(10_000 * (prices[-1] - prices[0]) / prices[0])
    book = (await member.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))).book
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        assert ticker.HasField(side) == bool(levels)
        if levels:
            assert getattr(ticker, side) == levels[0]


async def test_candles_and_tickers_are_those_of_the_trades_and_survive_a_restart(
    tmp_path: Path,
) -> None:
    chance = random.Random(5)
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        seller = await exchange.create_supplier(issue_units=500)
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        for _ in range(60):
            price_micros = 1_000 * chance.randrange(900, 1_100)
            await exchange.advance(chance.choice([0, 10_000_000, MINUTE_US, 7 * MINUTE_US]))
            await trade(exchange, seller, buyer, chance.randrange(1, 4), price_micros)
        await check_ticker(buyer, exchange.clock)
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        seller = Participant(seller.member_id, seller.secret, exchange)
        await check_ticker(buyer, clock)
        await trade(exchange, seller, buyer, 2, 1_000_000)
        trades = await all_trades(buyer)
        for length, minutes in LENGTHS_US.items():
            candles = await all_candles(buyer, length)
            assert [figures_of(each) for each in candles] == naive_candles(trades, minutes)
            now_us = exchange.running.services.live.state.now_us
            for each in candles:
                assert each.interval == length
                span = each.end_time.ToMicroseconds() - each.start_time.ToMicroseconds()
                assert span == minutes * MINUTE_US
                assert each.final == (each.end_time.ToMicroseconds() <= now_us)
        await check_ticker(buyer, clock)
        for _ in range(24):
            await exchange.advance(HOUR_US)
            await check_ticker(buyer, clock)
        assert all(each.final for each in (await all_candles(buyer, 6))[:-1])


async def test_candles_are_filtered_by_when_they_start(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    for _ in range(5):
        await trade(exchange, supplier, buyer, 1, 1_000_000)
        await exchange.advance(2 * MINUTE_US)
    every = await all_candles(buyer, 1)
    assert len(every) == 5
    some = await all_candles(buyer, 1, start_time=every[1].start_time, end_time=every[3].start_time)
    assert some == every[1:3]
    later = Timestamp()
    later.FromMicroseconds(every[-1].start_time.ToMicroseconds() + 1)
    assert await all_candles(buyer, 1, start_time=later) == []


async def test_trades_within_an_affiliation_group_count_for_nothing(
    exchange: Exchange, supplier: Participant
) -> None:
    one = await exchange.create_member("one", deposit_micros=10**9, affiliation_group="g")
    two = await exchange.create_member("two", deposit_micros=10**9, affiliation_group="g")
    await trade(exchange, supplier, one, 3, 1_000_000)
    await exchange.place(one, side="sell", quantity_units=2, price_micros=9_000_000)
    await exchange.place(two, side="buy", quantity_units=2, price_micros=9_000_000)
    trades = await all_trades(one)
    assert [each.affiliated for each in trades] == [False, True]
    [candle] = await all_candles(one, 1)
    assert (candle.trade_count, candle.high_price_micros) == (1, 1_000_000)
    request = market_data_pb2.GetTickerRequest(market=SYMBOL)
    ticker = (await one.market_data.GetTicker(request)).ticker
    assert (ticker.trade_count, ticker.last_price_micros) == (1, 1_000_000)


async def test_a_followed_candle_grows_and_turns_final_in_a_market_where_nothing_more_happens(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    request = market_data_pb2.StreamMarketDataRequest(
        subscriptions=[
            market_data_pb2.Subscription(
                market=SYMBOL, channel=market_data_pb2.CHANNEL_CANDLES, candle_interval=length
            )
            for length in (1, 2)
        ]
    )
    call = buyer.market_data.StreamMarketData(request)
    events: list[market_data_pb2.MarketEvent] = []

    async def until(is_there: Any) -> market_data_pb2.MarketEvent:
        async with asyncio.timeout(5):
            while True:
                for event in (await call.read()).events:
                    events.append(event)
                    if is_there(event):
                        return event

    await until(lambda event: event.HasField("heartbeat"))
    # Ten seconds before a minute ends, so that no idle beat of the exchange comes in between.
    await exchange.advance(2 * MINUTE_US - exchange.clock.now_us() % MINUTE_US - 10_000_000)
    await trade(exchange, supplier, buyer, 1, 1_000_000)
    await trade(exchange, supplier, buyer, 2, 1_200_000)
    grown = await until(lambda event: event.candle.volume_units == 3)
    assert not grown.candle.final
    exchange.clock.advance(10_000_000)  # the exchange finds out by itself
    ended = await until(lambda event: event.candle.final)
    assert ended.candle.interval == market_data_pb2.CANDLE_INTERVAL_ONE_MINUTE
    assert ended.candle.volume_units == 3
    assert ended.prev_sequence == grown.sequence
    exchange.clock.advance(5 * MINUTE_US)
    ended = await until(lambda event: event.candle.final and event.candle.interval == 2)
    assert ended.candle.close_price_micros == 1_200_000
    [listed] = await all_candles(buyer, 2)
    assert listed == ended.candle


async def test_a_reader_of_candles_who_was_away_gets_all_that_changed(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        seller = await exchange.create_supplier(issue_units=50)
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        for _ in range(3):
            await trade(exchange, seller, buyer, 1, 1_000_000)
            await exchange.advance(MINUTE_US)
        book = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
        for _ in range(3):
            await trade(exchange, seller, buyer, 1, 1_000_000)
            await exchange.advance(MINUTE_US)
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        subscription = market_data_pb2.Subscription(
            market=SYMBOL,
            channel=market_data_pb2.CHANNEL_CANDLES,
            after_sequence=book.sequence,
        )
        call = buyer.market_data.StreamMarketData(
            market_data_pb2.StreamMarketDataRequest(subscriptions=[subscription])
        )
        seen: list[market_data_pb2.Candle] = []
        while True:
            frame = await asyncio.wait_for(call.read(), 5)
            seen += [event.candle for event in frame.events if event.HasField("candle")]
            if any(event.HasField("heartbeat") for event in frame.events):
                break
        every = await all_candles(buyer, 1)
        assert seen == every[2:]  # the one that was the newest then may have grown
        assert all(each.final for each in seen)
