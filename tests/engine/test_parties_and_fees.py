"""Who does not trade with whom, what is kept of it, and what members of fee tiers pay."""

from typing import Any

import pytest

from tests.support.market import DOLLAR, HOUR, Exchange, reserve, small_exchange
from tests.support.world import lived_through
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import (
    OrderClosed,
    Posted,
    SelfTradePrevented,
    TradeExecuted,
)
from thegrid_exchange.engine.quantities import HOUSE


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(maker_fee_bps=10, taker_fee_bps=30)
    exchange.ann = exchange.supplier("ann", 200)
    exchange.bob = exchange.member("bob", dollars=10_000)
    exchange.bea = exchange.member("bea", dollars=10_000)
    return exchange


# ---- prevention groups -------------------------------------------------------------------------


def group(market: Exchange, *members: str) -> None:
    for member_id in members:
        market.ok(commands.UpdateMember(member_id, prevention_group="desk"))


@pytest.mark.parametrize(
    ("mode", "newer", "older"),
    [
        ("cancel_newest", "self_trade", None),
        ("cancel_oldest", None, "self_trade"),
        ("cancel_both", "self_trade", "self_trade"),
        ("decrement", "self_trade", None),
    ],
)
def test_members_of_one_group_do_not_trade(
    market: Exchange, mode: str, newer: str | None, older: str | None
) -> None:
    group(market, market.ann, market.bob)
    sell = market.issue_and_sell(market.ann, 5, DOLLAR)
    buy = market.order(market.bob, "buy", 3, DOLLAR, self_trade_prevention=mode)
    closed = {event.order.order_id: event.order for event in market.events(OrderClosed)}
    reasons = [
        closed[each.order_id].closure_reason if each.order_id in closed else None
        for each in (buy, sell)
    ]
    assert reasons == [newer, older]
    assert not market.events(TradeExecuted)


def test_the_prevented_match_names_both_owners_price_and_quantity(market: Exchange) -> None:
    group(market, market.ann, market.bob)
    sell = market.issue_and_sell(market.ann, 5, DOLLAR)
    buy = market.order(market.bob, "buy", 3, 2 * DOLLAR)
    [event] = market.events(SelfTradePrevented)
    assert (event.maker_id, event.member_id) == (market.ann, market.bob)
    assert (event.maker_order_id, event.taker_order_id) == (sell.order_id, buy.order_id)
    assert (event.price_micros, event.quantity_units) == (DOLLAR, 3)
    assert event.prevented_id == "prv_000000000001"


def test_members_of_no_group_or_of_different_ones_trade(market: Exchange) -> None:
    group(market, market.ann)
    market.bought(market.ann, market.bob, 1, DOLLAR)
    market.ok(commands.UpdateMember(market.bob, prevention_group="other"))
    assert market.bought(market.ann, market.bob, 1, DOLLAR).filled_units == 1
    market.ok(commands.UpdateMember(market.ann, prevention_group=""))
    market.ok(commands.UpdateMember(market.bob, prevention_group=""))
    assert market.bought(market.ann, market.bob, 1, DOLLAR).filled_units == 1


# ---- fee tiers ---------------------------------------------------------------------------------


def tier(market: Exchange, member_id: str, mode: Any, maker_bps: int, taker_bps: int) -> None:
    market.ok(commands.SetFeeTier("vip", mode, maker_bps, taker_bps))
    market.ok(commands.UpdateMember(member_id, fee_tier="vip"))


@pytest.mark.parametrize(
    ("mode", "figures", "fee_bps"),
    [("rates", (1, 5), 5), ("discount", (5_000, 2_500), 22), ("discount", (0, 10_000), 0)],
)
def test_a_tier_sets_what_its_members_pay(
    market: Exchange, mode: str, figures: tuple[int, int], fee_bps: int
) -> None:
    tier(market, market.bob, mode, *figures)
    order = market.bought(market.ann, market.bob, 10, 10 * DOLLAR)
    assert order.fee_micros == 100 * DOLLAR * fee_bps // 10_000
    other = market.bought(market.ann, market.bea, 10, 10 * DOLLAR)
    assert other.fee_micros == 100 * DOLLAR * 30 // 10_000


def test_a_resting_buy_holds_by_its_tier_and_keeps_the_rates_it_was_accepted_with(
    market: Exchange,
) -> None:
    tier(market, market.bob, "rates", 0, 1)
    buy = market.order(market.bob, "buy", 10, 10 * DOLLAR)
    assert buy.held_micros == 100 * DOLLAR * 10_001 // 10_000
    market.ok(commands.SetFeeTier("vip", "rates", 500, 500))
    market.issue_and_sell(market.ann, 10, 10 * DOLLAR)
    [closed] = [e.order for e in market.events(OrderClosed) if e.order.member_id == market.bob]
    assert closed.fee_micros == 0
    assert market.cash(market.bob, "held") == 0


def test_an_issuer_pays_by_its_tier_as_it_earns(market: Exchange) -> None:
    tier(market, market.ann, "rates", 100, 100)
    market.bought(market.ann, market.bob, 1, 10 * DOLLAR, auto_transfer=True)
    fees = market.cash(HOUSE, "fees")
    market.ok(reserve("dlv_1", market.bob, 1_000, 9_000))
    market.ok(commands.Report("dlv_1", "in_spec", 2_000, market.ann))
    earned = 10 * DOLLAR * 2_000 // 1_000_000
    assert market.cash(HOUSE, "fees") - fees == earned * 100 // 10_000


def test_tiers_that_are_none(market: Exchange) -> None:
    wrong: dict[str, Any] = {
        "fee_tier": commands.SetFeeTier("No Tier", "rates", 0, 0),
        "maker_bps": commands.SetFeeTier("vip", "rates", 10_001, 0),
        "taker_bps": commands.SetFeeTier("vip", "rates", 0, -1),
    }
    for field, command in wrong.items():
        assert market.refused(command).field == field
    unknown = commands.UpdateMember(market.bob, fee_tier="none")
    assert market.refused(unknown).reason == "FEE_TIER_NOT_FOUND"
    market.policy(max_fee_tiers=0)
    refusal = market.refused(commands.SetFeeTier("vip", "rates", 0, 0))
    assert (refusal.reason, refusal.limit, refusal.value) == ("TOO_LARGE", 0, 0)


def fees_of(exchange: Exchange) -> tuple[int, int]:
    """What trades say was charged at once, and what the house booked with them."""
    charged = booked = 0
    for event in exchange.all_events(TradeExecuted):
        trade = event.trade
        charged += trade.buyer_fee_micros
        charged += trade.seller_fee_micros if trade.source == "trading" else 0
    for event in exchange.all_events(Posted):
        if event.cause == "trade":
            booked += sum(line.amount for line in event.postings if line.account == "fees")
    return charged, booked


@pytest.mark.parametrize("seed", [31, 32])
def test_the_fee_account_is_the_sum_of_what_was_charged_and_what_was_earned(seed: int) -> None:
    exchange = lived_through(seed, 3_000)
    charged, booked = fees_of(exchange)
    assert charged == booked > 0
    every = sum(
        line.amount
        for event in exchange.all_events(Posted)
        for line in event.postings
        if (line.owner, line.account) == (HOUSE, "fees")
    )
    assert exchange.cash(HOUSE, "fees") == every
    orders = [e.order for e in exchange.all_events(OrderClosed)]
    still_open = list(exchange.state.orders.values())
    assert sum(order.fee_micros for order in orders + still_open) == charged


def test_fees_are_rounded_down_against_the_exchange(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 1, 333)
    order = market.order(market.bob, "buy", 1, 333)
    assert order.fee_micros == 0
    assert 333 * 30 // 10_000 == 0
    market.later(4 * HOUR)
    market.tick()
    assert market.cash(HOUSE, "fees") == 0
