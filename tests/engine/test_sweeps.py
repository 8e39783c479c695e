"""Sweeps: at each slot tradable Units become Lots, in bounded turns, once."""

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    MARKET,
    Exchange,
    place,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import (
    LotMinted,
    MemberSwept,
    OrderClosed,
    SweepFinished,
    SweepStarted,
    UnitsRetired,
)

SLOT_US = 1_780_012_800_000_000
"""The first slot after the start of every test: 2026-05-29 00:00 UTC."""


@pytest.fixture
def exchange() -> Exchange:
    """Ann issues; bob has Units, some of them on sale, and a buy in the book."""
    exchange = small_exchange()
    exchange.ann = exchange.supplier("ann", 100)
    exchange.bob = exchange.member("bob")
    exchange.bought(exchange.ann, exchange.bob, 10, 2 * DOLLAR)
    exchange.order(exchange.bob, "sell", 4, 9 * DOLLAR)
    exchange.order(exchange.bob, "buy", 1, DOLLAR)
    exchange.issue_and_sell(exchange.ann, 5, 8 * DOLLAR)
    return exchange


def until(exchange: Exchange, instant_us: int) -> None:
    exchange.later(instant_us - exchange.at_us)


def test_slots_lie_at_the_fourth_hours_of_utc(exchange: Exchange) -> None:
    assert SLOT_US % (4 * HOUR) == 0
    assert exchange.state.markets[MARKET].next_sweep_us == SLOT_US
    assert exchange.state.next_deadline_us() == SLOT_US


def test_a_sweep_moves_every_members_units_into_one_lot(exchange: Exchange) -> None:
    until(exchange, SLOT_US)
    exchange.ok(commands.Tick())
    lot = exchange.events(LotMinted)[0].lot
    assert (lot.member_id, lot.total_tokens, lot.origin) == (exchange.bob, 10_000_000, "sweep")
    assert lot.expires_at_us == exchange.at_us + 4 * HOUR
    assert exchange.units(exchange.bob, "trading") == 0
    assert exchange.units(exchange.bob, "held") == 0
    swept = exchange.events(SweepFinished)[0].sweep
    assert (swept.slot_us, swept.members, swept.swept_units) == (SLOT_US, 1, 10)
    assert (swept.retired_units, swept.cancelled_orders) == (90, 2)
    assert exchange.state.markets[MARKET].next_sweep_us == SLOT_US + 4 * HOUR


def test_sells_are_cancelled_as_swept_and_buys_survive(exchange: Exchange) -> None:
    until(exchange, SLOT_US)
    exchange.ok(commands.Tick())
    reasons = {event.order.closure_reason for event in exchange.events(OrderClosed)}
    assert reasons == {"swept"}
    assert exchange.ladder() == {"buy": [(DOLLAR, 1)], "sell": []}


def test_unsold_units_are_retired_unless_the_policy_renews_them(exchange: Exchange) -> None:
    exchange.policy(retire_unsold_at_sweep=0)
    until(exchange, SLOT_US)
    exchange.ok(commands.Tick())
    assert exchange.events(UnitsRetired) == []
    assert exchange.ladder()["sell"] == [(8 * DOLLAR, 5)]
    exchange.policy(retire_unsold_at_sweep=1)
    until(exchange, SLOT_US + 4 * HOUR)
    exchange.ok(commands.Tick())
    assert exchange.events(UnitsRetired)[0].quantity_units == 90
    assert exchange.units(exchange.ann, "retired") == 90


def test_from_the_slot_on_the_market_takes_no_order_until_it_is_swept(exchange: Exchange) -> None:
    until(exchange, SLOT_US - 1)
    order = exchange.order(exchange.bob, "buy", 1, DOLLAR)
    until(exchange, SLOT_US)
    refusal = exchange.refused(place(exchange.bob, "buy", 1, DOLLAR))
    assert refusal.reason == "MARKET_SWEEPING"
    assert refusal.retry_after_us
    exchange.ok(commands.CancelOrder(exchange.bob, order.order_id))
    auto = exchange.member("auto", account_mode="auto")
    assert exchange.refused(reserve("dlv_1", auto, 1, 1)).reason == "MARKET_SWEEPING"
    exchange.tick()
    exchange.order(exchange.bob, "buy", 1, DOLLAR)


def test_a_second_tick_of_the_slot_changes_nothing(exchange: Exchange) -> None:
    until(exchange, SLOT_US)
    exchange.ok(commands.Tick())
    before = exchange.state.digest()
    exchange.ok(commands.Tick())
    assert exchange.outcome.events == ()
    assert exchange.state.digest() == before


def test_missed_slots_collapse_into_the_last(exchange: Exchange) -> None:
    until(exchange, SLOT_US + 13 * HOUR)
    exchange.tick()
    started = exchange.all_events(SweepStarted)
    assert [event.sweep.slot_us for event in started] == [SLOT_US + 12 * HOUR]
    assert exchange.state.markets[MARKET].next_sweep_us == SLOT_US + 16 * HOUR


def test_a_long_sweep_goes_on_in_bounded_ticks_by_turns_across_markets() -> None:
    exchange = Exchange()
    exchange.policy(max_events=1_000)
    for symbol in ("text-prime", "code-max"):
        exchange.instrument(symbol)
    members = [exchange.member(f"member-{number:03d}") for number in range(150)]
    for symbol in ("text-prime", "code-max"):
        exchange.checked = False
        where = {"market_id": f"mkt_{symbol}"}
        seller = exchange.supplier(f"seller-{symbol}", 300, symbol=symbol)
        for member_id in members:
            exchange.bought(seller, member_id, 2, DOLLAR, **where)
            exchange.order(member_id, "sell", 1, 9 * DOLLAR, **where)
    exchange.checked = True
    until(exchange, SLOT_US)
    reply = exchange.ok(commands.Tick())
    assert reply.more_due
    assert len(exchange.outcome.events) <= 1_000
    assert len(exchange.state.sweeps) == 2
    assert exchange.state.next_deadline_us() == exchange.at_us
    swept = [event.sweep.market_id for event in exchange.events(MemberSwept)]
    assert swept[:4] == ["mkt_code-max", "mkt_text-prime"] * 2
    exchange.tick()
    finished = exchange.all_events(SweepFinished)
    assert {event.sweep.swept_units for event in finished} == {300}
    assert {event.sweep.members for event in finished} == {150}
    assert len(exchange.state.lots) == 300


def test_a_member_with_very_many_parcels_gets_several_lots(exchange: Exchange) -> None:
    exchange.policy(max_parcels=2)
    for number in range(4):
        exchange.bought(exchange.ann, exchange.bob, 1, (number + 3) * DOLLAR)
    until(exchange, SLOT_US)
    exchange.tick()
    lots = [lot.total_tokens // 1_000_000 for lot in exchange.state.lots.values()]
    assert sum(lots) == 14
    assert len(lots) == 3


def test_a_sell_of_many_small_orders_is_cancelled_over_several_ticks() -> None:
    exchange = Exchange(checked=False)
    exchange.instrument()
    exchange.policy(max_events=1_000)
    ann, bob = exchange.supplier("ann", 600), exchange.member("bob")
    exchange.bought(ann, bob, 600, DOLLAR)
    for _ in range(600):
        exchange.order(bob, "sell", 1, 9 * DOLLAR)
    until(exchange, SLOT_US)
    assert exchange.tick() > 1
    assert exchange.all_events(SweepFinished)[0].sweep.cancelled_orders == 600
    assert [lot.total_tokens for lot in exchange.state.lots.values()] == [600_000_000]
    exchange.checked = True
    exchange.ok(commands.Tick())


def test_swept_units_can_be_used_at_once(exchange: Exchange) -> None:
    until(exchange, SLOT_US)
    exchange.tick()
    assert exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 10)).reserved_tokens == 1_010
    transfer = commands.TransferUnits(exchange.bob, INSTRUMENT, 1)
    assert exchange.refused(transfer).reason == "INSUFFICIENT_UNITS"
