"""What market makers live by: quotes replaced at once, and a dead man's switch."""

from typing import Any

import pytest

from tests.support.market import DOLLAR, MARKET, SECOND, Exchange, place, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import CancelTimerCleared, OrderClosed
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.state import State
from thegrid_exchange.engine.step import step


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(tick_micros=1_000)
    exchange.ann = exchange.supplier("ann", 200)
    exchange.bob = exchange.member("bob", dollars=1_000)
    return exchange


def quote(member_id: str, side: str, units: int, dollars: int, **more: Any) -> Any:
    if side == "sell":
        more["source"] = "issuance"
    return place(member_id, side, units, dollars * DOLLAR, tag="q", **more)


def replace(member_id: str, *quotes: Any, **more: Any) -> commands.ReplaceQuotes:
    return commands.ReplaceQuotes(member_id, MARKET, "q", quotes, **more)


# ---- quotes ------------------------------------------------------------------------------------


def test_all_quotes_with_the_tag_are_replaced_in_one_command(market: Exchange) -> None:
    ann = market.ann
    other = market.order(ann, "buy", 1, DOLLAR, tag="other")
    first = market.ok(replace(ann, quote(ann, "buy", 2, 3), quote(ann, "sell", 2, 5)))
    reply = market.ok(replace(ann, quote(ann, "buy", 4, 2), quote(ann, "sell", 4, 6)))
    assert list(reply.cancelled_order_ids) == [each.order.order_id for each in first.items]
    assert market.ladder() == {
        "buy": [(2 * DOLLAR, 4), (DOLLAR, 1)],
        "sell": [(6 * DOLLAR, 4)],
    }
    assert other.order_id in market.state.orders


def test_one_refused_quote_leaves_the_old_ones_as_they_were(market: Exchange) -> None:
    ann = market.ann
    market.ok(replace(ann, quote(ann, "buy", 2, 3)))
    before = market.state.digest()
    reply = market.ok(
        replace(ann, quote(ann, "buy", 1, 4), quote(ann, "sell", 500, 5), quote(ann, "buy", 1, 1))
    )
    assert [each.reason for each in reply.items] == [
        "BATCH_UNDONE",
        "INSUFFICIENT_UNITS",
        "BATCH_UNDONE",
    ]
    assert reply.items[1].limit == 200
    assert reply.cancelled_order_ids == ()
    assert market.state.digest() == before
    assert market.outcome.events == ()


def test_what_the_old_quotes_held_pays_for_the_new_ones(market: Exchange) -> None:
    bob = market.bob
    market.ok(replace(bob, quote(bob, "buy", 10, 100)))
    assert market.cash(bob) == 0
    reply = market.ok(replace(bob, quote(bob, "buy", 20, 50)))
    assert not isinstance(reply.items[0], Refusal)
    assert market.cash(bob, "held") == 1_000 * DOLLAR


def test_no_quotes_only_cancel_even_in_a_halted_market(market: Exchange) -> None:
    ann = market.ann
    market.ok(replace(ann, quote(ann, "buy", 2, 3)))
    market.ok(commands.SetMarketState(MARKET, "halted", "test"))
    assert len(market.ok(replace(ann)).cancelled_order_ids) == 1
    assert not market.state.orders


def test_quotes_that_cross_trade_or_slide(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 3, 5 * DOLLAR)
    bob = market.bob
    reply = market.ok(replace(bob, quote(bob, "buy", 1, 6)))
    assert reply.items[0].order.filled_units == 1
    slides = {"post_only": True, "post_only_mode": "slide"}
    reply = market.ok(replace(bob, quote(bob, "buy", 1, 6, **slides)))
    assert reply.items[0].order.price_micros == 5 * DOLLAR - 1_000


def test_quotes_that_are_none(market: Exchange) -> None:
    ann, bob = market.ann, market.bob
    wrong = {
        "tag": replace(ann)._replace(tag=""),
        "market_id": replace(ann)._replace(market_id="mkt_none"),
        "quotes": replace(ann, *[quote(ann, "buy", 1, 1)] * 501),
        "quotes[1]": replace(ann, quote(ann, "buy", 1, 1), quote(bob, "buy", 1, 1)),
        "quotes[0]": replace(ann, quote(ann, "buy", 1, 1, time_in_force="ioc")),
        "valid_until_us": replace(ann, valid_until_us=5),
    }
    for field, command in wrong.items():
        assert market.refused(command).field == field


def test_more_old_quotes_than_one_command_can_close_are_refused_whole(market: Exchange) -> None:
    market.checked = False
    market.policy(max_events=1_000)
    for _ in range(600):
        market.order(market.bob, "buy", 1, DOLLAR // 1_000, tag="q")
    refusal = market.refused(replace(market.bob))
    assert refusal.reason == "WORK_LIMIT"
    assert refusal.value == 600


# ---- the dead man's switch ---------------------------------------------------------------------


def arm(market: Exchange, seconds: int) -> Any:
    return market.ok(commands.CancelAllAfter(market.bob, seconds * SECOND))


def test_a_switch_that_is_not_renewed_cancels_everything(market: Exchange) -> None:
    market.order(market.bob, "buy", 2, DOLLAR)
    market.order(market.ann, "buy", 1, DOLLAR)
    assert arm(market, 30).fires_at_us == market.at_us + 30 * SECOND
    assert market.state.next_deadline_us() == market.at_us + 30 * SECOND
    market.later(30 * SECOND)
    market.tick()
    assert [order.member_id for order in market.state.orders.values()] == [market.ann]
    assert market.all_events(OrderClosed)[0].order.closure_reason == "cancelled"
    assert market.all_events(CancelTimerCleared) == [CancelTimerCleared(market.bob, fired=True)]
    assert not market.state.cancel_timers


def test_a_renewed_switch_waits_again_and_a_disarmed_one_never_fires(market: Exchange) -> None:
    market.order(market.bob, "buy", 2, DOLLAR)
    arm(market, 30)
    market.later(29 * SECOND)
    arm(market, 30)
    market.later(29 * SECOND)
    market.tick()
    assert market.state.orders
    assert arm(market, 0).fires_at_us is None
    market.later(100 * SECOND)
    market.tick()
    assert market.state.orders
    arm(market, 0)
    assert market.outcome.events == ()


def test_a_renewal_that_comes_too_late_finds_the_orders_gone(market: Exchange) -> None:
    market.order(market.bob, "buy", 2, DOLLAR)
    arm(market, 30)
    market.later(31 * SECOND)
    arm(market, 30)
    assert not market.state.orders
    assert market.bob in market.state.cancel_timers


def test_a_switch_survives_a_restart_and_an_outage_does_not_put_it_off(market: Exchange) -> None:
    market.order(market.bob, "buy", 2, DOLLAR)
    arm(market, 30)
    market.policy(outage_gap_us=60 * SECOND)
    loaded = State.load(market.state.dump())
    assert loaded.next_deadline_us() == market.at_us + 30 * SECOND
    step(loaded, commands.Tick(), market.at_us + 3_000 * SECOND)
    assert not loaded.orders


@pytest.mark.parametrize(
    ("span_us", "limit"), [(1, SECOND), (-5, SECOND), (10**13, 86_400 * SECOND)]
)
def test_spans_have_bounds(market: Exchange, span_us: int, limit: int) -> None:
    refusal = market.refused(commands.CancelAllAfter(market.bob, span_us))
    assert (refusal.field, refusal.limit, refusal.value) == ("span_us", limit, span_us)


def test_a_switch_over_many_orders_goes_on_in_ticks(market: Exchange) -> None:
    market.checked = False
    market.policy(max_events=1_000)
    for _ in range(600):
        market.order(market.bob, "buy", 1, DOLLAR // 1_000)
    arm(market, 1)
    market.later(SECOND)
    market.ok(commands.Deposit(market.bob, 1))
    assert 0 < len(market.state.orders) < 600
    market.tick()
    assert not market.state.orders
