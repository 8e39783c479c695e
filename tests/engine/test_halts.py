"""When markets halt and collect: the max-move breaker, and auctions before sweeps."""

from typing import Any

import pytest

from tests.support.auctions import SLOT_US, end, shown
from tests.support.market import DOLLAR, HOUR, MARKET, SECOND, Exchange, place, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import (
    AuctionClosed,
    AuctionOpened,
    MemberSwept,
    ReferenceSet,
    SweepStarted,
)
from thegrid_exchange.engine.records import MarketPolicy

TICK = 1_000


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(maker_fee_bps=10, taker_fee_bps=30, tick_micros=TICK)
    exchange.ann = exchange.supplier("ann", 1_000)
    exchange.bob = exchange.member("bob", dollars=100_000)
    exchange.bea = exchange.member("bea", dollars=100_000)
    return exchange


# ---- the breaker -------------------------------------------------------------------------------


@pytest.fixture
def broken(market: Exchange) -> Exchange:
    """A market that may move by a tenth in a minute, and traded at ten dollars."""
    policy = MarketPolicy(1_000, 60 * SECOND, 30 * SECOND)
    market.ok(commands.SetMarketPolicy(MARKET, policy))
    market.bought(market.ann, market.bob, 1, 10 * DOLLAR)
    return market


def test_a_trade_that_would_lie_too_far_off_halts_the_market_instead(broken: Exchange) -> None:
    broken.issue_and_sell(broken.ann, 5, 11 * DOLLAR)
    broken.issue_and_sell(broken.ann, 5, 12 * DOLLAR)
    order = broken.order(broken.bob, "buy", 8, 12 * DOLLAR)
    assert (order.filled_units, order.closure_reason) == (5, None)
    assert shown(broken).state == "auction"
    assert shown(broken).state_reason == (
        "max_move: 12000000 lies beyond 1000 basis points of 10000000"
    )
    [opened] = broken.all_events(AuctionOpened)
    assert (opened.auction.cause, opened.auction.ends_at_us) == (
        "max_move",
        broken.at_us + 30 * SECOND,
    )
    assert end(broken, 30) == [(12, 3)]
    assert (shown(broken).state, shown(broken).state_reason) == ("open", "")
    assert shown(broken).reference_price_micros == 0


@pytest.mark.parametrize("more", [{"time_in_force": "ioc"}, {"type": "market"}])
def test_an_order_that_does_not_wait_closes_as_halted(
    broken: Exchange, more: dict[str, Any]
) -> None:
    broken.issue_and_sell(broken.ann, 5, 12 * DOLLAR)
    order = broken.order(broken.bob, "buy", 8, 12 * DOLLAR, **more)
    assert (order.filled_units, order.closure_reason) == (0, "halted")
    assert shown(broken).state == "auction"


def test_a_fill_or_kill_is_refused_and_halts_nothing(broken: Exchange) -> None:
    broken.issue_and_sell(broken.ann, 5, 12 * DOLLAR)
    killed = place(broken.bob, "buy", 5, 12 * DOLLAR, time_in_force="fok")
    assert broken.refused(killed).reason == "FILL_OR_KILL"
    assert shown(broken).state == "open"


def test_it_measures_both_ways_and_from_a_reference_that_holds_for_its_window(
    broken: Exchange,
) -> None:
    broken.bought(broken.ann, broken.bob, 1, 10_900_000)
    assert shown(broken).reference_price_micros == 10 * DOLLAR
    broken.later(59 * SECOND)
    broken.bought(broken.ann, broken.bob, 1, 11 * DOLLAR)
    broken.later(SECOND)
    broken.bought(broken.ann, broken.bob, 1, 12 * DOLLAR)
    assert broken.events(ReferenceSet)[0].price_micros == 11 * DOLLAR
    assert shown(broken).state == "open"
    broken.order(broken.bob, "buy", 1, 9 * DOLLAR)
    broken.issue_and_sell(broken.ann, 1, 9 * DOLLAR)
    assert shown(broken).state == "auction"


def test_without_a_last_price_or_a_figure_nothing_halts(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 1, 10 * DOLLAR)
    market.bought(market.ann, market.bob, 1, 90 * DOLLAR)
    assert shown(market).state == "open"
    assert not market.all_events(ReferenceSet)


def test_a_halt_ends_at_the_sweep_at_the_latest(broken: Exchange) -> None:
    broken.at_us = SLOT_US - 10 * SECOND
    broken.issue_and_sell(broken.ann, 5, 12 * DOLLAR)
    broken.order(broken.bob, "buy", 5, 12 * DOLLAR)
    [opened] = broken.all_events(AuctionOpened)
    assert opened.auction.ends_at_us == SLOT_US
    assert end(broken, 10) == [(12, 5)]
    assert broken.units(broken.bob, "lots") == 6


@pytest.mark.parametrize(
    ("name", "figure", "limit"),
    [
        ("max_move_bps", -1, 0),
        ("max_move_window_us", 0, SECOND),
        ("max_move_auction_us", 10**15, 24 * HOUR),
        ("sweep_auction_us", 3 * HOUR, 2 * HOUR),
    ],
)
def test_figures_have_bounds(market: Exchange, name: str, figure: int, limit: int) -> None:
    policy = MarketPolicy(100, SECOND, SECOND)._replace(**{name: figure})
    refusal = market.refused(commands.SetMarketPolicy(MARKET, policy))
    assert (refusal.field, refusal.limit, refusal.value) == (f"policy.{name}", limit, figure)


# ---- before sweeps -----------------------------------------------------------------------------


@pytest.fixture
def swept(market: Exchange) -> Exchange:
    """A market whose last ten minutes before each sweep are an auction."""
    policy = MarketPolicy(sweep_auction_us=600 * SECOND)
    market.ok(commands.SetMarketPolicy(MARKET, policy))
    return market


def test_orders_collect_before_the_sweep_and_what_trades_is_swept(swept: Exchange) -> None:
    assert swept.state.next_deadline_us() == SLOT_US - 600 * SECOND
    swept.at_us = SLOT_US - 600 * SECOND
    assert swept.refused(place(swept.bob, "buy", 1, DOLLAR)).reason == "MARKET_NOT_OPEN"
    swept.tick()
    assert shown(swept).state == "auction"
    swept.order(swept.bob, "buy", 4, 3 * DOLLAR)
    swept.issue_and_sell(swept.ann, 4, 3 * DOLLAR)
    assert end(swept, 600) == [(3, 4)]
    kinds = [type(event) for _, _, outcome in swept.rows for event in outcome.events]
    assert kinds.index(AuctionClosed) < kinds.index(SweepStarted)
    assert swept.all_events(MemberSwept)[0].swept_units == 4
    assert (shown(swept).state, shown(swept).sweep_id) == ("open", "")
    assert shown(swept).next_sweep_us == SLOT_US + 4 * HOUR
    assert swept.state.next_deadline_us() == SLOT_US + 4 * HOUR - 600 * SECOND


def test_a_sweep_waits_for_an_auction_that_is_too_long_for_one_tick(swept: Exchange) -> None:
    swept.checked = False
    swept.policy(max_events=1_000)
    swept.at_us = SLOT_US - 600 * SECOND
    swept.tick()
    for _ in range(300):
        swept.order(swept.bob, "buy", 1, DOLLAR)
        swept.issue_and_sell(swept.ann, 1, DOLLAR)
    assert len(end(swept, 600)) == 300
    kinds = [type(event) for _, _, outcome in swept.rows for event in outcome.events]
    assert kinds.index(AuctionClosed) < kinds.index(SweepStarted)


def test_a_slot_that_was_missed_is_swept_without_an_auction(swept: Exchange) -> None:
    swept.at_us = SLOT_US + HOUR
    swept.tick()
    assert not swept.all_events(AuctionOpened)
    assert swept.all_events(SweepStarted)


def test_a_halted_market_has_no_auction_before_its_sweep(swept: Exchange) -> None:
    swept.ok(commands.SetMarketState(MARKET, "halted", "news"))
    swept.at_us = SLOT_US
    swept.tick()
    assert not swept.all_events(AuctionOpened)
