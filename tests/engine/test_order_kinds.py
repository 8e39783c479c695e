"""Orders that slide, wait for the sweep, or are capped by average and by total spend."""

import random
from typing import Any

import pytest

from tests.support.market import DOLLAR, HOUR, SECOND, Exchange, place, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import OrderClosed, OrdersSwept, SweepFinished

TICK = 1_000


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(maker_fee_bps=10, taker_fee_bps=30, tick_micros=TICK)
    exchange.ann = exchange.supplier("ann", 1_000)
    exchange.bob = exchange.member("bob", dollars=10_000)
    exchange.bea = exchange.member("bea", dollars=10_000)
    return exchange


# ---- post-only ---------------------------------------------------------------------------------

SLIDES: dict[str, Any] = {"post_only": True, "post_only_mode": "slide"}


def test_a_post_only_buy_that_would_trade_slides_to_one_tick_below(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 10 * DOLLAR)
    order = market.order(market.bob, "buy", 3, 12 * DOLLAR, **SLIDES)
    assert (order.price_micros, order.filled_units) == (10 * DOLLAR - TICK, 0)
    assert order.held_micros == 3 * order.price_micros * 10_030 // 10_000
    assert market.ladder()["buy"] == [(10 * DOLLAR - TICK, 3)]


def test_a_post_only_sell_slides_to_one_tick_above(market: Exchange) -> None:
    market.order(market.bob, "buy", 3, 10 * DOLLAR)
    order = market.issue_and_sell(market.ann, 3, 8 * DOLLAR, **SLIDES)
    assert order.price_micros == 10 * DOLLAR + TICK


def test_one_that_rests_anyway_keeps_its_price(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 10 * DOLLAR)
    assert market.order(market.bob, "buy", 3, 9 * DOLLAR, **SLIDES).price_micros == 9 * DOLLAR


def test_an_amended_post_only_order_slides_as_well(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 10 * DOLLAR)
    order = market.order(market.bob, "buy", 3, 9 * DOLLAR, **SLIDES)
    amendment = commands.AmendOrder(market.bob, order.order_id, price_micros=11 * DOLLAR)
    assert market.ok(amendment).order.price_micros == 10 * DOLLAR - TICK


def test_where_there_is_no_price_behind_it_is_refused_with_the_price_it_would_meet(
    market: Exchange,
) -> None:
    market.issue_and_sell(market.ann, 5, TICK)
    refusal = market.refused(place(market.bob, "buy", 3, 5 * TICK, **SLIDES))
    assert (refusal.reason, refusal.limit, refusal.value) == (
        "POST_ONLY_WOULD_CROSS",
        TICK,
        5 * TICK,
    )


def test_a_slid_price_keeps_to_the_band(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 1, 10 * DOLLAR)
    market.issue_and_sell(market.ann, 1, 9 * DOLLAR)
    market.policy(price_band_bps=1_000)
    refusal = market.refused(place(market.bob, "buy", 3, 10 * DOLLAR, **SLIDES))
    assert (refusal.reason, refusal.limit) == ("PRICE_OUT_OF_BAND", 9 * DOLLAR)


# ---- good till sweep ---------------------------------------------------------------------------


def test_an_order_that_is_good_till_the_sweep_closes_with_it(market: Exchange) -> None:
    till = {"time_in_force": "gts"}
    buy = market.order(market.bob, "buy", 2, DOLLAR, **till)
    sell = market.issue_and_sell(market.ann, 2, 9 * DOLLAR, **till)
    kept = market.order(market.bea, "buy", 1, DOLLAR)
    market.later(4 * HOUR)
    market.tick()
    closed = {event.order.order_id: event.order for event in market.all_events(OrderClosed)}
    assert [closed[each.order_id].closure_reason for each in (buy, sell)] == ["swept", "swept"]
    assert list(market.state.orders) == [kept.order_id]
    assert market.all_events(OrdersSwept)[0].cancelled_orders == 2
    assert market.all_events(SweepFinished)[0].sweep.cancelled_orders == 2
    assert market.cash(market.bob, "held") == 0


def test_a_sweep_with_many_such_orders_goes_on_in_ticks(market: Exchange) -> None:
    market.policy(max_events=1_000)
    for _ in range(900):
        market.state.policy["max_open_orders"] = 5_000
        market.checked = False
        market.order(market.bob, "buy", 1, TICK, time_in_force="gts")
    market.later(4 * HOUR)
    assert market.tick() > 1
    assert not market.state.orders
    assert market.all_events(SweepFinished)[0].sweep.cancelled_orders == 900


@pytest.mark.parametrize("field", ["type", "post_only_mode"])
def test_terms_that_have_no_meaning(market: Exchange, field: str) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "type": {"time_in_force": "gts", "type": "market"},
        "post_only_mode": {"post_only_mode": "slide"},
    }
    refusal = market.refused(place(market.bob, "buy", 1, DOLLAR, **wrong[field]))
    assert refusal.reason == "ORDER_TERMS_INVALID"


# ---- caps of market orders ---------------------------------------------------------------------


def offers(market: Exchange, *dollars: int, units: int = 10) -> None:
    for price in dollars:
        market.issue_and_sell(market.ann, units, price * DOLLAR)


def test_a_market_buy_stops_before_its_average_gets_worse_than_its_cap(market: Exchange) -> None:
    offers(market, 10, 12, 20)
    order = market.order(market.bob, "buy", 30, None, max_average_price_micros=11 * DOLLAR)
    assert (order.filled_units, order.closure_reason) == (20, "average_price")
    assert order.filled_micros == 220 * DOLLAR


def test_an_average_is_kept_to_the_unit(market: Exchange) -> None:
    offers(market, 10, 13)
    order = market.order(market.bob, "buy", 20, None, max_average_price_micros=11 * DOLLAR)
    # Ten at 10 leave 10 dollars of room, which five at 13 use up.
    assert (order.filled_units, order.closure_reason) == (15, "average_price")


def test_a_market_sell_has_an_average_too(market: Exchange) -> None:
    for dollars in (10, 8):
        market.order(market.bob, "buy", 10, dollars * DOLLAR)
    order = market.order(
        market.ann, "sell", 20, None, source="issuance", max_average_price_micros=9_500_000
    )
    assert (order.filled_units, order.closure_reason) == (13, "average_price")


def test_a_market_buy_spends_no_more_than_it_may_fees_included(market: Exchange) -> None:
    offers(market, 10)
    order = market.order(market.bob, "buy", 10, None, max_spend_micros=40 * DOLLAR)
    assert (order.filled_units, order.closure_reason) == (3, "spend_limit")
    exact = market.order(market.bea, "buy", 10, None, max_spend_micros=40_120_000)
    assert exact.filled_micros + exact.fee_micros == 40_120_000


def test_a_fill_or_kill_that_its_cap_stops_is_refused(market: Exchange) -> None:
    offers(market, 10)
    capped = place(market.bob, "buy", 5, None, time_in_force="fok", max_spend_micros=40 * DOLLAR)
    refusal = market.refused(capped)
    assert (refusal.reason, refusal.limit, refusal.value) == ("FILL_OR_KILL", 3, 5)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("max_spend_micros", {"side": "sell", "max_spend_micros": 5}),
        ("max_spend_micros", {"max_spend_micros": 0}),
        ("max_average_price_micros", {"max_average_price_micros": 10**13}),
        ("max_average_price_micros", {"max_average_price_micros": 5, "type": "limit"}),
    ],
)
def test_caps_that_have_no_meaning(market: Exchange, field: str, more: dict[str, Any]) -> None:
    command = place(market.bob, "buy", 1, None)._replace(**more)
    if command.type == "limit":
        command = command._replace(price_micros=DOLLAR)
    refusal = market.refused(command)
    assert refusal.field == field
    assert refusal.reason in ("ORDER_TERMS_INVALID", "PRICE_OUT_OF_RANGE")


def test_caps_hold_and_are_used_up_whatever_the_book_and_the_step() -> None:
    rand = random.Random(7)
    for _ in range(150):
        step = rand.choice((1, 1, 5))
        fee = rand.randint(0, 200)
        market = small_exchange(taker_fee_bps=fee, quantity_units_step=step)
        market.checked = False
        ann, bob = market.supplier("ann", 1_000), market.member("bob")
        for _ in range(rand.randint(1, 6)):
            market.issue_and_sell(ann, step * rand.randint(1, 8), rand.randint(1, 40))
        average, spend = rand.randint(1, 40), rand.randint(1, 900)
        caps = {"max_average_price_micros": average, "max_spend_micros": spend}
        wanted = step * rand.randint(1, 60)
        order = market.order(bob, "buy", wanted, None, **caps)
        filled = order.filled_units
        assert filled % step == 0
        assert order.filled_micros <= average * filled
        assert order.filled_micros + order.fee_micros <= spend
        sells = market.state.indices.books[order.market_id].sell
        if order.closure_reason in ("average_price", "spend_limit"):
            price = sells.best_price_micros()
            assert price is not None
            value = order.filled_micros + price * step
            fees = order.fee_micros + price * step * fee // 10_000
            assert value > average * (filled + step) or value + fees > spend
        else:
            assert order.closure_reason in ("filled", "no_liquidity")


# ---- dead man's switch and matching ------------------------------------------------------------


def test_an_order_whose_owners_switch_has_come_trades_no_more(market: Exchange) -> None:
    offers(market, 10)
    market.ok(commands.CancelAllAfter(market.ann, 5 * SECOND))
    market.later(5 * SECOND)
    order = market.order(market.bob, "buy", 5, 10 * DOLLAR)
    assert order.filled_units == 0
    assert market.ladder() == {"buy": [(10 * DOLLAR, 5)], "sell": []}
