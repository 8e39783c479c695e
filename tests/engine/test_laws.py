"""Laws that hold for every command: conservation, undo, replay, sameness under any hash seed."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    START_US,
    Exchange,
    place,
    reserve,
    small_exchange,
)
from tests.support.world import World, lived_through
from thegrid_exchange.engine import apply, commands, events, invariants
from thegrid_exchange.engine import step as step_module
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.engine.records import Posting
from thegrid_exchange.engine.refusals import InvariantBroken, Refusal
from thegrid_exchange.engine.state import State
from thegrid_exchange.engine.step import step


@pytest.mark.parametrize("seed", range(4))
def test_every_law_holds_after_every_command_of_a_random_life(seed: int) -> None:
    lived_through(seed, 1_000, checked=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_020))
def test_every_law_holds_through_long_lives(seed: int) -> None:
    lived_through(seed, 5_000, checked=True)


def test_a_random_life_meets_most_of_the_vocabulary() -> None:
    kinds = set()
    for seed in range(3):
        for _, _, outcome in lived_through(seed, 3_000).rows:
            kinds.update(type(event) for event in outcome.events)
    everything = set(apply.APPLIERS)
    # Cancel-alls of many orders have a test of their own; the others happen in the oracle's days,
    # which must see so many of each.
    elsewhere = {
        events.CancellationOpened,
        events.CancellationAdvanced,
        events.CancellationClosed,
        events.OfferWithdrawn,
        events.ShortfallRecorded,
        events.UnitsBoughtBack,
    }
    assert everything - kinds <= elsewhere


# ---- replay ------------------------------------------------------------------------------------


def test_folding_the_events_gives_the_state_that_the_commands_gave() -> None:
    exchange = lived_through(5, 2_000)
    folded = State()
    for _, at_us, outcome in exchange.rows:
        apply.fold(folded, at_us, outcome.events)
    assert folded.digest() == exchange.state.digest()
    assert folded.now_us == exchange.state.now_us


def test_the_same_commands_give_the_same_events_and_replies_again() -> None:
    exchange = lived_through(6, 1_500)
    again = State()
    for command, at_us, outcome in exchange.rows:
        assert step(again, command, at_us) == outcome


def test_a_loaded_snapshot_goes_on_exactly_as_the_state_it_was_taken_of() -> None:
    exchange = lived_through(7, 1_000)
    snapshot = list(exchange.state.dump())
    loaded = State.load(reversed(snapshot))
    assert loaded.digest() == exchange.state.digest()
    assert loaded.next_deadline_us() == exchange.state.next_deadline_us()
    world = World(99)
    world.at_us = exchange.at_us
    for _ in range(500):
        command, at_us = world.next(exchange.state)
        assert step(loaded, command, at_us) == step(exchange.state, command, at_us)
    assert loaded.digest() == exchange.state.digest()


def test_a_life_is_the_same_under_every_hash_seed() -> None:
    script = (
        "import hashlib; from tests.support.world import lived_through\n"
        "exchange = lived_through(8, 600)\n"
        "print(exchange.state.digest(), hashlib.sha256(repr(exchange.rows).encode()).hexdigest())"
    )
    answers = set()
    for hash_seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        ran = subprocess.run(  # our own script
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(ran.stdout)
    assert len(answers) == 1
    here = lived_through(8, 600)
    rows = hashlib.sha256(repr(here.rows).encode()).hexdigest()
    assert answers == {f"{here.state.digest()} {rows}\n"}


# ---- undo --------------------------------------------------------------------------------------


class Planted(Exception):
    """Stands for any fault in a rule."""


def failing_after(count: int, rule: Any) -> Iterator[Any]:
    """The rule, with a fault planted after its `count`-th event."""
    answer = None
    for _ in range(count):
        try:
            answer = yield rule.send(answer)
        except StopIteration as stop:
            return stop.value
    raise Planted


def plant(monkeypatch: pytest.MonkeyPatch, kind: type[Any], count: int) -> None:
    rule: Callable[..., Any] = step_module.RULES[kind]
    planted = {
        **step_module.RULES,
        kind: lambda state, command: failing_after(count, rule(state, command)),
    }
    monkeypatch.setattr(step_module, "RULES", planted)


def busy_commands() -> tuple[Exchange, list[commands.Command]]:
    """An exchange full of things, and commands that touch many of them."""
    exchange = small_exchange(taker_fee_bps=20)
    supplier = exchange.supplier("supplier", 50)
    trader, buyer = exchange.member("trader"), exchange.member("buyer", account_mode="auto")
    exchange.bought(supplier, trader, 10, 2 * DOLLAR)
    for price in (3, 3, 4):
        exchange.order(trader, "sell", 2, price * DOLLAR)
    exchange.issue_and_sell(supplier, 5, 4 * DOLLAR)
    exchange.order(buyer, "buy", 2, DOLLAR)
    exchange.ok(commands.TransferUnits(trader, INSTRUMENT, 2))
    exchange.ok(reserve("dlv_1", trader, 1_000, 9_000))
    busy: list[commands.Command] = [
        place(buyer, "buy", 7, 4 * DOLLAR),
        place(trader, "sell", 1, DOLLAR, time_in_force="fok"),
        commands.AmendOrder(trader, "ord_000000000003", price_micros=DOLLAR),
        commands.CancelOrders(trader),
        commands.BatchOrders(trader, (place(trader, "sell", 1, DOLLAR),) * 2),
        reserve("dlv_2", buyer, 1_000, 9_000, choices=2),
        commands.Mark("dlv_1", 3_000),
        commands.Report("dlv_1", "in_spec", 2_000, supplier),
        commands.Report("dlv_1", "failed", 0, supplier),
        commands.IssueUnits(supplier, INSTRUMENT, 3),
    ]
    return exchange, busy


@pytest.mark.parametrize("number", range(10))
def test_a_fault_at_any_event_leaves_the_state_as_it_was(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, busy = busy_commands()
    command, state = busy[number], exchange.state
    before, now_us = state.digest(), state.now_us
    for count in range(100):
        with monkeypatch.context() as patched:
            plant(patched, type(command), count)
            try:
                step(state, command, exchange.at_us + 1)
            except Planted:
                assert state.digest() == before
                assert state.now_us == now_us
                assert State.load(state.dump()).digest() == before
                continue
        assert count > 1
        invariants.check(state)
        return
    raise AssertionError("the command has no end")


def test_a_fault_in_a_tick_over_a_sweep_leaves_the_state_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange, _ = busy_commands()
    state, before = exchange.state, exchange.state.digest()
    faults = 0
    for count in range(0, 200, 3):
        with monkeypatch.context() as patched:
            plant(patched, commands.Tick, count)
            try:
                step(state, commands.Tick(), exchange.at_us + 5 * HOUR)
            except Planted:
                faults += 1
                assert state.digest() == before
                continue
        break
    assert faults > 5
    invariants.check(state)


def test_every_refusal_of_a_random_life_changes_nothing() -> None:
    world, exchange = World(9), Exchange(checked=False, outages=True)
    for command in world.opening():
        exchange.ok(command)
    refusals = 0
    for _ in range(800):
        command, exchange.at_us = world.next(exchange.state)
        before = exchange.state.digest()
        if isinstance(exchange.send(command), Refusal):
            refusals += 1
            assert exchange.outcome.events == ()
            assert exchange.state.digest() == before
            assert State.load(exchange.state.dump()).digest() == before
    assert refusals > 100


# ---- the checkers themselves -------------------------------------------------------------------


def test_unbalanced_postings_are_caught() -> None:
    exchange = small_exchange()
    lopsided = events.Posted((Posting("mem_000000000001", "available", CASH, 5),), "trade")
    with pytest.raises(InvariantBroken, match="sum to"):
        apply.apply(exchange.state, lopsided)


def test_an_overdrawn_account_is_caught_and_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = small_exchange()
    member = exchange.member("poor", dollars=1)
    before = exchange.state.digest()

    def generous(state: State, command: commands.Withdraw) -> Iterator[events.Posted]:
        yield events.Posted(
            (
                Posting(member, "available", CASH, -2 * DOLLAR),
                Posting("house", "external", CASH, 2 * DOLLAR),
            ),
            "withdrawal",
        )

    monkeypatch.setattr(step_module, "RULES", {**step_module.RULES, commands.Withdraw: generous})
    with pytest.raises(InvariantBroken, match="would fall"):
        step(exchange.state, commands.Withdraw(member, 1), exchange.at_us)
    assert exchange.state.digest() == before


def tampered(exchange: Exchange) -> list[Callable[[State], None]]:
    """Faults that no command makes, one for each law."""
    state = exchange.state
    order = next(order for order in state.orders.values() if order.side == "buy")
    sell = next(
        order
        for order in state.orders.values()
        if order.side == "sell" and order.source == "trading"
    )
    lot_key = next(iter(state.lot_parcels))
    parcel_key = next(iter(state.parcels))
    lot = next(iter(state.lots.values()))
    reservation = next(iter(state.reservations.values()))
    return [
        lambda state: state.put("orders", order.order_id, order._replace(held_micros=1)),
        lambda state: state.put("orders", sell.order_id, sell._replace(remaining_units=77)),
        lambda state: state.put("orders", sell.order_id, sell._replace(rank=0)),
        lambda state: state.put("balances", ("x", "available", CASH), 5),
        lambda state: state.put(
            "parcels", parcel_key, state.parcels[parcel_key]._replace(quantity_units=99)
        ),
        lambda state: state.put(
            "lot_parcels", lot_key, state.lot_parcels[lot_key]._replace(ended_tokens=1)
        ),
        lambda state: state.put("lots", lot.lot_id, lot._replace(free_tokens=1)),
        lambda state: state.put(
            "reservations", reservation.delivery_id, reservation._replace(draws=())
        ),
        lambda state: state.put(
            "lot_parcels",
            lot_key,
            state.lot_parcels[lot_key]._replace(
                parcel=state.lot_parcels[lot_key].parcel._replace(issue_price_micros=1)
            ),
        ),
        lambda state: state.put(
            "lot_parcels",
            lot_key,
            state.lot_parcels[lot_key]._replace(
                parcel=state.lot_parcels[lot_key].parcel._replace(issuer_id="nobody")
            ),
        ),
    ]


@pytest.mark.parametrize("number", range(10))
def test_the_laws_catch_a_planted_fault(number: int) -> None:
    exchange, _ = busy_commands()
    invariants.check(exchange.state)
    tampered(exchange)[number](exchange.state)
    with pytest.raises(InvariantBroken):
        invariants.check(exchange.state)


def test_a_crossed_book_is_caught() -> None:
    exchange = small_exchange()
    buyer, seller = exchange.member("buyer"), exchange.supplier("seller", 5)
    buy = exchange.order(buyer, "buy", 1, DOLLAR)
    exchange.issue_and_sell(seller, 1, 2 * DOLLAR)
    held = 3 * DOLLAR
    exchange.state.put("orders", buy.order_id, buy._replace(price_micros=held, held_micros=held))
    exchange.state.post(buyer, "held", CASH, 2 * DOLLAR)
    exchange.state.post(buyer, "available", CASH, -2 * DOLLAR)
    with pytest.raises(InvariantBroken, match="crossed"):
        invariants.check(exchange.state)


def test_the_clock_of_the_state_never_goes_back() -> None:
    exchange = small_exchange()
    step(exchange.state, commands.Tick(), START_US + 5)
    step(exchange.state, commands.Tick(), START_US - 5)
    assert exchange.state.now_us == START_US + 5
