"""Call auctions: what collects, at which price it trades, and who meets whom."""

import random
from typing import Any

import pytest

from tests.support.auctions import SLOT_US, call, end, shown
from tests.support.market import DOLLAR, MARKET, SECOND, Exchange, place, small_exchange
from tests.support.market import reserve as reserving
from tests.support.naive_auction import Waiting, naive_price, naive_trades
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.clearing import clearing
from thegrid_exchange.engine.events import (
    AuctionChanged,
    AuctionClosed,
    AuctionOpened,
    OrderClosed,
    SelfTradePrevented,
    TradeExecuted,
)
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.records import MarketPolicy
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.state import State

TICK = 1_000


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(maker_fee_bps=10, taker_fee_bps=30, tick_micros=TICK)
    exchange.ann = exchange.supplier("ann", 1_000)
    exchange.bob = exchange.member("bob", dollars=100_000)
    exchange.bea = exchange.member("bea", dollars=100_000)
    return exchange


# ---- collecting --------------------------------------------------------------------------------


def test_orders_collect_without_trading_and_then_trade_at_one_price(market: Exchange) -> None:
    call(market)
    market.issue_and_sell(market.ann, 5, 8 * DOLLAR)
    market.issue_and_sell(market.ann, 5, 9 * DOLLAR)
    market.order(market.bob, "buy", 7, 10 * DOLLAR)
    market.order(market.bea, "buy", 5, 9 * DOLLAR)
    assert shown(market).state == "auction"
    assert not market.all_events(TradeExecuted)
    # At 9 as at 10 dollars: ten against seven or twelve; nine trades ten.
    assert end(market) == [(9, 5), (9, 2), (9, 3)]
    assert shown(market)._replace(policy=MarketPolicy()).state == "open"
    assert market.ladder() == {"buy": [(9 * DOLLAR, 2)], "sell": []}
    [closed] = market.all_events(AuctionClosed)
    assert (closed.auction.price_micros, closed.auction.volume_units) == (9 * DOLLAR, 10)
    assert shown(market).last_trade_price_micros == 9 * DOLLAR


def test_both_sides_pay_the_makers_fee_and_what_was_held_too_much_comes_back(
    market: Exchange,
) -> None:
    call(market)
    market.order(market.bob, "buy", 10, 10 * DOLLAR)
    market.issue_and_sell(market.ann, 10, 8 * DOLLAR)
    end(market)
    [trade] = [event.trade for event in market.all_events(TradeExecuted)]
    assert trade.price_micros == 9 * DOLLAR
    assert trade.buyer_fee_micros == 90 * DOLLAR * 10 // 10_000
    assert market.cash(market.bob, "held") == 0
    assert market.cash(market.bob) == 100_000 * DOLLAR - 90 * DOLLAR - trade.buyer_fee_micros


def test_older_orders_of_one_price_come_first(market: Exchange) -> None:
    call(market)
    late_to_be = market.order(market.bob, "buy", 5, 10 * DOLLAR)
    first = market.order(market.bea, "buy", 5, 10 * DOLLAR)
    more = commands.AmendOrder(market.bob, late_to_be.order_id, quantity_units=6)
    market.ok(more)
    market.issue_and_sell(market.ann, 5, 10 * DOLLAR)
    end(market)
    closed = [e.order.order_id for e in market.all_events(OrderClosed) if e.order.side == "buy"]
    assert closed == [first.order_id]


def test_less_quantity_keeps_the_place_and_a_cancelled_order_takes_no_part(
    market: Exchange,
) -> None:
    call(market)
    first = market.order(market.bob, "buy", 5, 10 * DOLLAR)
    gone = market.order(market.bea, "buy", 5, 12 * DOLLAR)
    market.ok(commands.AmendOrder(market.bob, first.order_id, quantity_units=3))
    market.ok(commands.CancelOrder(market.bea, gone.order_id))
    market.order(market.bea, "buy", 3, 10 * DOLLAR)
    market.issue_and_sell(market.ann, 3, 10 * DOLLAR)
    assert end(market) == [(10, 3)]
    assert first.order_id not in market.state.orders


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("type", {"type": "market"}),
        ("time_in_force", {"time_in_force": "ioc"}),
        ("time_in_force", {"time_in_force": "fok"}),
    ],
)
def test_orders_that_cannot_wait_are_refused_and_told_when_to_come_back(
    market: Exchange, field: str, more: dict[str, Any]
) -> None:
    call(market)
    refusal = market.refused(place(market.bob, "buy", 1, DOLLAR)._replace(**more))
    assert (refusal.reason, refusal.field) == ("MARKET_NOT_OPEN", field)
    assert refusal.retry_after_us == 60 * SECOND


def test_auto_mode_buys_nothing_while_orders_collect(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, DOLLAR)
    buyer = market.member("auto", account_mode="auto")
    call(market)
    assert market.refused(reserving("dlv_1", buyer, 10, 10)).reason == "MARKET_NOT_OPEN"


def test_between_the_end_and_its_tick_no_order_is_taken(market: Exchange) -> None:
    call(market)
    order = market.order(market.bob, "buy", 1, DOLLAR)
    market.later(60 * SECOND)
    assert market.refused(place(market.bob, "buy", 1, DOLLAR)).reason == "MARKET_NOT_OPEN"
    market.ok(commands.CancelOrder(market.bob, order.order_id))


def test_what_a_buy_gains_moves_to_consumption_at_once_when_it_asked_for_that(
    market: Exchange,
) -> None:
    call(market)
    market.order(market.bob, "buy", 3, 2 * DOLLAR, auto_transfer=True)
    market.issue_and_sell(market.ann, 3, 2 * DOLLAR)
    end(market)
    assert market.units(market.bob, "lots") == 3


def test_expired_orders_and_those_of_a_fired_switch_do_not_trade(market: Exchange) -> None:
    call(market)
    gtd = {"time_in_force": "gtd", "expires_at_us": market.at_us + 60 * SECOND}
    market.order(market.bob, "buy", 3, 2 * DOLLAR, **gtd)
    market.ok(commands.CancelAllAfter(market.bea, 60 * SECOND))
    market.order(market.bea, "buy", 3, 2 * DOLLAR)
    market.issue_and_sell(market.ann, 3, 2 * DOLLAR)
    assert end(market) == []


# ---- the operator ------------------------------------------------------------------------------


def test_the_end_of_an_auction_may_be_moved_but_not_past_the_sweep(market: Exchange) -> None:
    call(market, 60)
    call(market, 30)
    assert market.events(AuctionChanged)[0].auction.ends_at_us == market.at_us + 30 * SECOND
    late = commands.StartAuction(MARKET, SLOT_US + 1, "late")
    assert market.refused(late).limit == SLOT_US
    past = commands.StartAuction(MARKET, market.at_us, "past")
    assert market.refused(past).limit == market.at_us


def test_opening_the_market_ends_the_auction_at_once(market: Exchange) -> None:
    call(market)
    market.order(market.bob, "buy", 3, 2 * DOLLAR)
    market.issue_and_sell(market.ann, 3, 2 * DOLLAR)
    market.ok(commands.SetMarketState(MARKET, "open", "enough"))
    assert end(market, 0) == [(2, 3)]
    assert shown(market).state == "open"


def test_an_auction_that_was_called_off_leaves_a_crossed_book_that_opens_by_an_auction(
    market: Exchange,
) -> None:
    call(market)
    market.order(market.bob, "buy", 3, 3 * DOLLAR)
    market.issue_and_sell(market.ann, 3, 1 * DOLLAR)
    market.ok(commands.SetMarketState(MARKET, "halted", "news"))
    assert (shown(market).state, shown(market).auction_id) == ("halted", "")
    market.later(100 * SECOND)
    market.tick()
    assert not market.all_events(TradeExecuted)
    market.ok(commands.SetMarketState(MARKET, "open", "on again"))
    assert market.events(AuctionOpened)
    assert end(market, 0) == [(2, 3)]


def test_the_state_auction_is_not_set_by_hand(market: Exchange) -> None:
    assert market.refused(commands.SetMarketState(MARKET, "auction", "x")).field == "state"


def test_a_long_auction_goes_on_in_ticks_at_the_same_price(market: Exchange) -> None:
    market.checked = False
    market.policy(max_events=1_000)
    call(market)
    for number in range(300):
        market.order(market.bob, "buy", 1, 10 * DOLLAR)
        market.issue_and_sell(market.ann, 1, (9 + number % 2) * DOLLAR)
    market.later(60 * SECOND)
    assert market.ok(commands.Tick()).more_due
    assert shown(market).state == "auction"
    assert market.refused(place(market.bob, "buy", 1, DOLLAR)).reason == "MARKET_NOT_OPEN"
    again = State.load(market.state.dump())
    assert again.next_deadline_us() == market.state.next_deadline_us()
    assert end(market, 0) == [(10, 1)] * 300
    check(market.state)


# ---- self-trade --------------------------------------------------------------------------------


def test_own_orders_do_not_meet_and_what_is_left_crossed_finds_a_price_of_its_own(
    market: Exchange,
) -> None:
    call(market)
    market.issue_and_sell(market.ann, 100, 9 * DOLLAR)
    market.order(market.ann, "buy", 100, 10 * DOLLAR)
    market.order(market.bob, "buy", 10, 9_500_000)
    end(market)
    [prevented] = market.all_events(SelfTradePrevented)
    assert prevented.member_id == market.ann
    [trade] = [event.trade for event in market.all_events(TradeExecuted)]
    assert (trade.quantity_units, trade.buyer_id) == (10, market.bob)
    assert shown(market).state == "open"
    assert market.ladder() == {"buy": [], "sell": [(9 * DOLLAR, 90)]}


# ---- the price, against a naive auction --------------------------------------------------------


class Pair:
    """The engine's auction and a naive one over the same orders."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tick = self.random.choice((1, 10))
        self.exchange = Exchange(checked=False)
        self.exchange.instrument(tick_micros=self.tick, quantity_units_max=1_000)
        self.seller = self.exchange.supplier("seller", 100_000)
        self.buyers = [self.exchange.member(f"buyer-{n}") for n in range(3)]
        self.reference = 0
        if self.random.random() < 0.6:
            self.reference = self.tick * self.random.randint(1, 40)
            self.exchange.bought(self.seller, self.buyers[0], 1, self.reference)
        call(self.exchange)
        self.orders: list[Waiting] = []

    def fill(self) -> None:
        for age in range(self.random.randint(0, 25)):
            side = self.random.choice(("buy", "sell"))
            owner = self.seller if side == "sell" else self.random.choice(self.buyers)
            price = self.tick * self.random.randint(1, 40)
            units = self.random.randint(1, 9)
            more = {"source": "issuance"} if side == "sell" else {}
            order = self.exchange.order(owner, side, units, price, **more)
            self.orders.append(Waiting(order.order_id, owner, side, price, units, age))

    def book(self) -> Book:
        return self.exchange.state.indices.books[MARKET]


@pytest.mark.parametrize("block", range(4))
def test_price_volume_and_trades_are_those_of_the_naive_auction(block: int) -> None:
    met = 0
    for seed in range(block * 100, block * 100 + 100):
        pair = Pair(seed)
        pair.fill()
        naive = naive_price(pair.orders, pair.tick, pair.reference)
        found = clearing(pair.book(), pair.tick, pair.reference)
        assert (tuple(found) if found else None) == naive, seed
        pair.exchange.later(60 * SECOND)
        pair.exchange.tick()
        trades = [
            (
                *sorted((trade.maker_order_id, trade.taker_order_id)),
                trade.quantity_units,
                trade.price_micros,
            )
            for trade in (event.trade for event in pair.exchange.all_events(TradeExecuted))
            if trade.auction_id
        ]
        expected = [] if naive is None else naive_trades(pair.orders, naive[0])
        assert trades == [
            (*sorted((buy, sell)), quantity, naive[0])
            for buy, sell, quantity in expected
            if naive is not None
        ]
        check(pair.exchange.state)
        met += naive is not None
    assert met > 50


def test_the_comparison_catches_a_planted_fault() -> None:
    pair = Pair(1)
    pair.orders = [
        Waiting("a", "x", "buy", 10 * pair.tick, 5, 1),
        Waiting("b", "y", "sell", 8 * pair.tick, 5, 2),
    ]
    assert clearing(pair.book(), pair.tick, 0) is None
    assert naive_price(pair.orders, pair.tick, 0) == (9 * pair.tick, 5, 0)


def test_an_auction_never_loses_money_or_units_whatever_happens_in_it() -> None:
    for seed in range(40):
        pair = Pair(seed)
        pair.fill()
        rand, exchange = pair.random, pair.exchange
        exchange.ok(commands.UpdateMember(pair.buyers[0], prevention_group="g"))
        exchange.ok(commands.UpdateMember(pair.seller, prevention_group="g"))
        for order in pair.orders[::3]:
            if rand.random() < 0.5:
                exchange.send(commands.CancelOrder(order.owner, order.name))
            else:
                exchange.send(
                    commands.AmendOrder(order.owner, order.name, quantity_units=rand.randint(1, 12))
                )
        check(exchange.state)
        exchange.later(60 * SECOND)
        exchange.tick()
        check(exchange.state)
        assert shown(exchange).state == "open"
        reply = exchange.send(place(pair.buyers[1], "buy", 1, 40 * pair.tick))
        assert not isinstance(reply, Refusal)
