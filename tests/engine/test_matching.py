"""Matching, with one test for each class of fault that surveys found in real engines."""

import pytest

from tests.support.market import DOLLAR, HOUR, MARKET, SECOND, Exchange, place, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import OrderClosed, SelfTradePrevented, TradeExecuted


@pytest.fixture
def market() -> Exchange:
    """Two suppliers with Units and two buyers with money."""
    exchange = small_exchange()
    for handle in ("ann", "abe"):
        setattr(exchange, handle, exchange.supplier(handle, 200))
    for handle in ("bob", "bea"):
        setattr(exchange, handle, exchange.member(handle))
    return exchange


def trades(exchange: Exchange) -> list[tuple[int, int]]:
    """Price in dollars and quantity of the trades in the last command."""
    return [
        (event.trade.price_micros // DOLLAR, event.trade.quantity_units)
        for event in exchange.events(TradeExecuted)
    ]


def makers(exchange: Exchange) -> list[str]:
    return [event.trade.maker_order_id for event in exchange.events(TradeExecuted)]


# ---- price, then time --------------------------------------------------------------------------


def test_the_best_price_trades_first_and_at_the_resting_price(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 2, 5 * DOLLAR)
    market.issue_and_sell(market.abe, 2, 4 * DOLLAR)
    order = market.order(market.bob, "buy", 3, 6 * DOLLAR)
    assert trades(market) == [(4, 2), (5, 1)]
    assert order.filled_micros == 13 * DOLLAR
    assert market.ladder() == {"buy": [], "sell": [(5 * DOLLAR, 1)]}


def test_a_sell_too_trades_at_the_resting_price(market: Exchange) -> None:
    market.order(market.bob, "buy", 1, 6 * DOLLAR)
    market.issue_and_sell(market.ann, 1, 4 * DOLLAR)
    assert trades(market) == [(6, 1)]


def test_cancelling_a_middle_order_keeps_those_behind_it(market: Exchange) -> None:
    first, middle, last = (market.issue_and_sell(market.ann, 1, DOLLAR) for _ in range(3))
    market.ok(commands.CancelOrder(market.ann, middle.order_id))
    market.order(market.bob, "buy", 2, DOLLAR)
    assert makers(market) == [first.order_id, last.order_id]


def test_a_partial_fill_keeps_its_place(market: Exchange) -> None:
    first = market.issue_and_sell(market.ann, 5, DOLLAR)
    second = market.issue_and_sell(market.abe, 5, DOLLAR)
    market.order(market.bob, "buy", 2, DOLLAR)
    market.order(market.bob, "buy", 4, DOLLAR)
    assert makers(market) == [first.order_id, second.order_id]


def test_a_marketable_limit_never_walks_past_its_own_limit(market: Exchange) -> None:
    for dollars in (1, 2, 3):
        market.issue_and_sell(market.ann, 1, dollars * DOLLAR)
    order = market.order(market.bob, "buy", 9, 2 * DOLLAR)
    assert trades(market) == [(1, 1), (2, 1)]
    assert order.closure_reason is None
    assert market.ladder() == {"buy": [(2 * DOLLAR, 7)], "sell": [(3 * DOLLAR, 1)]}


def test_an_amendment_that_crosses_trades_and_never_rests_crossed(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 2, 3 * DOLLAR)
    low = market.order(market.bob, "buy", 5, DOLLAR)
    reply = market.ok(commands.AmendOrder(market.bob, low.order_id, price_micros=4 * DOLLAR))
    assert trades(market) == [(3, 2)]
    assert reply.fills[0].quantity_units == 2
    assert market.ladder() == {"buy": [(4 * DOLLAR, 3)], "sell": []}
    assert market.cash(market.bob, "held") == 12 * DOLLAR


def test_amending_one_order_keeps_its_siblings(market: Exchange) -> None:
    first, second, third = (market.issue_and_sell(market.ann, 1, DOLLAR) for _ in range(3))
    market.ok(commands.AmendOrder(market.ann, first.order_id, price_micros=2 * DOLLAR))
    market.order(market.bob, "buy", 3, 2 * DOLLAR)
    assert makers(market) == [second.order_id, third.order_id, first.order_id]


def test_cancelling_after_the_full_fill_is_refused(market: Exchange) -> None:
    order = market.issue_and_sell(market.ann, 1, DOLLAR)
    market.order(market.bob, "buy", 1, DOLLAR)
    refusal = market.refused(commands.CancelOrder(market.ann, order.order_id))
    assert refusal.reason == "ORDER_CLOSED"
    assert "filled" in refusal.message


def test_an_emptied_level_is_no_longer_seen(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 1, DOLLAR)
    market.issue_and_sell(market.ann, 1, 2 * DOLLAR)
    market.order(market.bob, "buy", 1, DOLLAR)
    assert market.ladder()["sell"] == [(2 * DOLLAR, 1)]


def test_the_rest_of_an_immediate_order_never_rests(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 1, DOLLAR)
    order = market.order(market.bob, "buy", 5, DOLLAR, time_in_force="ioc")
    assert (order.filled_units, order.closure_reason) == (1, "no_liquidity")
    assert market.ladder() == {"buy": [], "sell": []}
    assert market.cash(market.bob, "held") == 0


def test_a_client_order_id_comes_free_a_day_after_its_order_closed(market: Exchange) -> None:
    order = market.order(market.bob, "buy", 1, DOLLAR, client_order_id="mine")
    again = place(market.bob, "buy", 1, DOLLAR, client_order_id="mine")
    assert market.refused(again).reason == "CLIENT_ORDER_ID_TAKEN"
    market.ok(commands.CancelOrder(market.bob, client_order_id="mine"))
    assert market.refused(again).reason == "CLIENT_ORDER_ID_TAKEN"
    assert market.ok(place(market.bea, "buy", 1, DOLLAR, client_order_id="mine"))
    market.later(24 * HOUR)
    market.tick()
    assert order.order_id not in market.state.closed_orders
    assert market.ok(again).order.closure_reason is None


def test_fill_or_kill_looks_through_all_levels(market: Exchange) -> None:
    for dollars in (1, 2, 3):
        market.issue_and_sell(market.ann, 2, dollars * DOLLAR)
    killed = place(market.bob, "buy", 7, 3 * DOLLAR, time_in_force="fok")
    refusal = market.refused(killed)
    assert (refusal.reason, refusal.limit, refusal.value) == ("FILL_OR_KILL", 6, 7)
    market.order(market.bob, "buy", 6, 3 * DOLLAR, time_in_force="fok")
    assert trades(market) == [(1, 2), (2, 2), (3, 2)]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_both_sides_price_alike(market: Exchange, side: str) -> None:
    other = "sell" if side == "buy" else "buy"
    market.bought(market.ann, market.bob, 20, 5 * DOLLAR)
    market.bought(market.ann, market.bea, 20, 5 * DOLLAR)
    for dollars in (4, 6, 5):
        market.order(market.bob, other, 1, dollars * DOLLAR)
    limit = 6 if side == "buy" else 4
    market.order(market.bea, side, 3, limit * DOLLAR)
    best_first = [(4, 1), (5, 1), (6, 1)]
    assert trades(market) == (best_first if side == "buy" else best_first[::-1])


def test_a_sweep_through_thousands_of_orders_is_bounded_and_does_not_recurse() -> None:
    market = Exchange(checked=False)
    market.instrument()
    seller, buyer = market.supplier("seller", 5_000), market.member("buyer")
    for _ in range(2_500):
        market.issue_and_sell(seller, 1, DOLLAR)
    order = market.order(buyer, "buy", 2_500, DOLLAR)
    assert order.closure_reason == "work_limit"
    assert 0 < order.filled_units < 2_500
    assert len(market.outcome.events) <= market.state.term("max_events")
    rest = 2_500 - order.filled_units
    assert market.ladder() == {"buy": [], "sell": [(DOLLAR, rest)]}
    market.checked = True
    market.policy(max_events=100_000)
    assert market.order(buyer, "buy", rest, DOLLAR).closure_reason == "filled"


def test_orders_of_one_instant_keep_their_sequence(market: Exchange) -> None:
    orders = [market.issue_and_sell(market.ann, 1, DOLLAR).order_id for _ in range(5)]
    market.order(market.bob, "buy", 5, DOLLAR)
    assert makers(market) == orders


def test_the_expiry_of_a_filled_order_is_forgotten(market: Exchange) -> None:
    expires_at_us = market.at_us + HOUR
    gtd = {"time_in_force": "gtd", "expires_at_us": expires_at_us}
    market.issue_and_sell(market.ann, 1, DOLLAR, **gtd)
    market.order(market.bob, "buy", 1, DOLLAR)
    assert not market.state.indices.order_deadlines
    market.later(HOUR)
    market.ok(commands.Tick())
    assert market.events(OrderClosed) == []


# ---- what has expired never trades -------------------------------------------------------------


def test_an_expired_order_does_not_trade_though_no_tick_has_come(market: Exchange) -> None:
    gtd = {"time_in_force": "gtd", "expires_at_us": market.at_us + SECOND}
    late = market.issue_and_sell(market.ann, 1, DOLLAR, **gtd)
    good = market.issue_and_sell(market.abe, 1, DOLLAR)
    market.later(SECOND)
    market.order(market.bob, "buy", 1, DOLLAR)
    assert makers(market) == [good.order_id]
    closed = market.events(OrderClosed)[0].order
    assert (closed.order_id, closed.closure_reason) == (late.order_id, "expired")
    assert market.units(market.ann, "unsold") == 200


def test_an_expired_order_behind_the_best_does_not_trade_either(market: Exchange) -> None:
    gtd = {"time_in_force": "gtd", "expires_at_us": market.at_us + SECOND}
    first = market.issue_and_sell(market.abe, 1, DOLLAR)
    late = market.issue_and_sell(market.ann, 1, 2 * DOLLAR, **gtd)
    last = market.issue_and_sell(market.abe, 1, 3 * DOLLAR)
    market.later(SECOND)
    market.order(market.bob, "buy", 2, 3 * DOLLAR)
    assert makers(market) == [first.order_id, last.order_id]
    assert late.order_id not in market.state.orders


def test_a_post_only_order_may_rest_where_only_an_expired_one_stands(market: Exchange) -> None:
    gtd = {"time_in_force": "gtd", "expires_at_us": market.at_us + SECOND}
    market.issue_and_sell(market.ann, 1, DOLLAR, **gtd)
    crossing = place(market.bob, "buy", 1, DOLLAR, post_only=True)
    assert market.refused(crossing).reason == "POST_ONLY_WOULD_CROSS"
    market.later(SECOND)
    market.ok(crossing)
    assert market.ladder() == {"buy": [(DOLLAR, 1)], "sell": []}


def test_ticks_close_expired_orders(market: Exchange) -> None:
    gtd = {"time_in_force": "gtd", "expires_at_us": market.at_us + SECOND}
    market.order(market.bob, "buy", 1, DOLLAR, **gtd)
    assert market.state.next_deadline_us() == market.at_us + SECOND
    market.later(SECOND)
    market.ok(commands.Tick())
    assert market.events(OrderClosed)[0].order.closure_reason == "expired"
    assert market.cash(market.bob, "held") == 0


# ---- slippage ----------------------------------------------------------------------------------


def test_max_slippage_bounds_a_market_order(market: Exchange) -> None:
    for dollars in (10, 11, 12):
        market.issue_and_sell(market.ann, 1, dollars * DOLLAR)
    order = market.order(market.bob, "buy", 3, None, max_slippage_bps=1_000)
    assert trades(market) == [(10, 1), (11, 1)]
    assert order.closure_reason == "max_slippage"


def test_a_slippage_bound_is_rounded_towards_the_best_price(market: Exchange) -> None:
    for price_micros in (1_000_001, 999_900):
        market.order(market.bob, "buy", 1, price_micros)
    # One basis point below 1,000,001 are 999,900.9999 micros.
    order = market.issue_and_sell(market.ann, 2, None, max_slippage_bps=1)
    assert (order.filled_units, order.closure_reason) == (1, "max_slippage")


def test_a_limit_order_rests_when_its_own_price_and_not_the_slippage_stops_it(
    market: Exchange,
) -> None:
    for dollars in (10, 12):
        market.issue_and_sell(market.ann, 1, dollars * DOLLAR)
    order = market.order(market.bob, "buy", 3, 11 * DOLLAR, max_slippage_bps=0)
    assert order.closure_reason is None
    assert market.ladder()["buy"] == [(11 * DOLLAR, 2)]


def test_a_market_order_on_an_empty_book_closes_for_want_of_liquidity(market: Exchange) -> None:
    order = market.order(market.bob, "buy", 3, None)
    assert (order.closure_reason, order.filled_units) == ("no_liquidity", 0)


def test_a_market_order_obeys_its_worst_price(market: Exchange) -> None:
    for dollars in (10, 12):
        market.issue_and_sell(market.ann, 1, dollars * DOLLAR)
    order = market.order(market.bob, "buy", 2, 11 * DOLLAR, type="market")
    assert (order.filled_units, order.closure_reason) == (1, "max_slippage")


# ---- self-trade prevention ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "newer", "older", "sold"),
    [
        ("cancel_newest", "self_trade", None, 0),
        ("cancel_oldest", "filled", "self_trade", 3),
        ("cancel_both", "self_trade", "self_trade", 0),
        ("decrement", "filled", "self_trade", 1),
    ],
)
def test_self_trade_prevention(
    market: Exchange, mode: str, newer: str, older: str | None, sold: int
) -> None:
    market.bought(market.ann, market.bob, 4, DOLLAR)
    own = market.order(market.bob, "sell", 2, 2 * DOLLAR)
    market.issue_and_sell(market.ann, 5, 2 * DOLLAR)
    order = market.order(market.bob, "buy", 3, 2 * DOLLAR, self_trade_prevention=mode)
    assert order.closure_reason == newer
    assert order.filled_units == sold
    closed = {event.order.order_id: event.order for event in market.events(OrderClosed)}
    assert (closed[own.order_id].closure_reason if own.order_id in closed else None) == older
    assert market.events(SelfTradePrevented)[0].mode == mode
    assert market.cash(market.bob, "held") == 0


def test_decrement_takes_the_smaller_quantity_off_both(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 4, DOLLAR)
    own = market.order(market.bob, "sell", 4, 2 * DOLLAR)
    order = market.order(market.bob, "buy", 1, 2 * DOLLAR, self_trade_prevention="decrement")
    assert (order.closure_reason, order.quantity_units) == ("self_trade", 0)
    rest = market.state.orders[own.order_id]
    assert (rest.quantity_units, rest.remaining_units) == (3, 3)
    assert market.units(market.bob, "trading") == 1


def test_a_fill_or_kill_that_meets_its_own_order_is_refused_whole(market: Exchange) -> None:
    market.order(market.ann, "buy", 1, DOLLAR)
    own = place(
        market.ann,
        "sell",
        1,
        DOLLAR,
        source="issuance",
        time_in_force="fok",
        self_trade_prevention="cancel_oldest",
    )
    assert market.refused(own).reason == "FILL_OR_KILL"
    assert market.ladder()["buy"] == [(DOLLAR, 1)]


def test_the_last_price_is_kept_and_trades_between_kin_do_not_move_it(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 1, 3 * DOLLAR)
    assert market.state.markets[MARKET].last_trade_price_micros == 3 * DOLLAR
    aunt = market.supplier("aunt", 5, affiliation_group="kin")
    uncle = market.member("uncle", affiliation_group="kin")
    market.bought(aunt, uncle, 1, 9 * DOLLAR)
    assert market.events(TradeExecuted)[0].trade.affiliated
    assert market.state.markets[MARKET].last_trade_price_micros == 3 * DOLLAR
