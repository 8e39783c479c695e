"""Collateral: how much is required, what stops when it is short, and how indexes mark it anew."""

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    Exchange,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import CollateralMarked, UnitsRenewed
from thegrid_exchange.engine.rules.collateral import missing_micros, required_micros


@pytest.fixture
def exchange() -> Exchange:
    """Ann sold bob four Units at 2 dollars; no index was set yet."""
    exchange = small_exchange()
    exchange.policy(index_trades_min=1)
    exchange.ann = exchange.supplier("ann", 20)
    exchange.abe = exchange.supplier("abe", 20)
    exchange.bob = exchange.member("bob")
    exchange.bought(exchange.ann, exchange.bob, 4, 2 * DOLLAR)
    return exchange


def set_index(exchange: Exchange, price: int) -> None:
    """Let a Unit of abe's be delivered at a price, and its window end."""
    user = exchange.member(f"user-{len(exchange.rows)}")
    exchange.bought(exchange.abe, user, 1, price, auto_transfer=True)
    exchange.ok(reserve(f"dlv_{user}", user, 1_000, 0))
    exchange.ok(report(f"dlv_{user}", "in_spec", 1_000, supplier_id=exchange.abe))
    exchange.later(HOUR)
    exchange.tick()
    assert exchange.state.reference_indexes[INSTRUMENT].price_micros == price


def required(exchange: Exchange) -> int:
    return required_micros(exchange.state, exchange.ann)


def test_escrow_stands_behind_what_was_sold_while_the_index_is_not_dearer(
    exchange: Exchange,
) -> None:
    assert required(exchange) == 0
    set_index(exchange, 1 * DOLLAR)
    assert required(exchange) == 0


def test_the_dearer_of_first_price_and_index_counts_for_all_that_is_owed(
    exchange: Exchange,
) -> None:
    set_index(exchange, 5 * DOLLAR)
    # Four Units at 5 dollars, of which 2 dollars each lie in escrow.
    assert required(exchange) == 12 * DOLLAR
    exchange.policy(supply_penalty_per_mille=100)
    assert required(exchange) == 14 * DOLLAR
    # By the formula alone, without the escrow.
    exchange.policy(collateral_escrow_per_mille=0)
    assert required(exchange) == 22 * DOLLAR


def test_a_part_of_a_micro_is_required_whole(exchange: Exchange) -> None:
    set_index(exchange, 5 * DOLLAR + 1)
    exchange.policy(supply_penalty_per_mille=100)
    # A tenth more than 20,000,004 are 22,000,004.4 micros; eight dollars lie in escrow.
    assert required(exchange) == 14 * DOLLAR + 5


def test_what_is_delivered_needs_no_collateral_any_more(exchange: Exchange) -> None:
    set_index(exchange, 5 * DOLLAR)
    exchange.ok(commands.TransferUnits(exchange.bob, INSTRUMENT, 4))
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 100_000, supplier_id=exchange.ann))
    assert required(exchange) == 12 * DOLLAR - 300_000


def test_a_new_index_marks_every_supplier_and_the_short_one_issues_nothing(
    exchange: Exchange,
) -> None:
    issue = commands.IssueUnits(exchange.ann, INSTRUMENT, 1)
    exchange.ok(issue)
    set_index(exchange, 5 * DOLLAR)
    (mark,) = [
        mark
        for event in exchange.all_events(CollateralMarked)
        for mark in event.marks
        if mark.member_id == exchange.ann
    ]
    assert (mark.required_micros, mark.missing_micros) == (12 * DOLLAR, 12 * DOLLAR)
    refusal = exchange.refused(issue)
    assert (refusal.reason, refusal.limit, refusal.value) == ("COLLATERAL_SHORT", 0, 12 * DOLLAR)
    after = exchange.ok(commands.PostCollateral(exchange.ann, 12 * DOLLAR)).mark
    assert (after.posted_micros, after.missing_micros) == (12 * DOLLAR, 0)
    assert exchange.state.collateral_marks[exchange.ann] == after
    exchange.ok(issue)


def test_a_short_supplier_takes_no_earnings_out_and_nobody_takes_required_collateral(
    exchange: Exchange,
) -> None:
    set_index(exchange, 5 * DOLLAR)
    everything = exchange.cash(exchange.ann)
    refusal = exchange.refused(commands.Withdraw(exchange.ann, everything))
    assert (refusal.reason, refusal.limit) == ("COLLATERAL_SHORT", everything - 12 * DOLLAR)
    exchange.ok(commands.Withdraw(exchange.ann, everything - 12 * DOLLAR))
    exchange.ok(commands.PostCollateral(exchange.ann, 12 * DOLLAR))
    take = commands.WithdrawCollateral(exchange.ann, 1)
    assert exchange.refused(take).reason == "COLLATERAL_SHORT"
    for _ in range(2):
        exchange.later(4 * HOUR)
        exchange.tick()
    assert missing_micros(exchange.state, exchange.ann) == 0
    exchange.ok(commands.WithdrawCollateral(exchange.ann, 12 * DOLLAR))


def test_only_suppliers_post_and_only_what_they_have(exchange: Exchange) -> None:
    post = commands.PostCollateral(exchange.bob, DOLLAR)
    assert exchange.refused(post).reason == "SUPPLIER_NOT_ADMITTED"
    too_much = commands.PostCollateral(exchange.ann, exchange.cash(exchange.ann) + 1)
    assert exchange.refused(too_much).reason == "INSUFFICIENT_FUNDS"
    assert exchange.refused(commands.PostCollateral(exchange.ann, 0)).reason == "INVALID_ARGUMENT"


def test_more_suppliers_than_one_event_marks_are_all_marked(exchange: Exchange) -> None:
    exchange.checked = False
    names = [exchange.supplier(f"mill-{number}", 1) for number in range(120)]
    for name in names:
        exchange.bought(name, exchange.bob, 1, 1 * DOLLAR)
    set_index(exchange, 3 * DOLLAR)
    for name in names:
        assert exchange.state.collateral_marks[name].missing_micros == 2 * DOLLAR
    assert not exchange.state.index_windows


# ---- renewal -----------------------------------------------------------------------------------


def sweep(exchange: Exchange) -> list[UnitsRenewed]:
    """Let the next slot come; answers what was renewed."""
    before = len(exchange.all_events(UnitsRenewed))
    exchange.later(4 * HOUR)
    exchange.tick()
    return exchange.all_events(UnitsRenewed)[before:]


def test_a_sweep_renews_unsold_units_and_their_asks_where_it_was_asked_to(
    exchange: Exchange,
) -> None:
    exchange.ok(commands.SetRenewal(exchange.ann, INSTRUMENT, True))
    ask = exchange.issue_and_sell(exchange.ann, 6, 3 * DOLLAR)
    (renewed,) = sweep(exchange)
    assert (renewed.member_id, renewed.quantity_units) == (exchange.ann, 16)
    assert ask.order_id in exchange.state.orders
    assert exchange.units(exchange.ann, "unsold") == 10
    assert exchange.units(exchange.abe, "unsold") == 0
    exchange.ok(commands.SetRenewal(exchange.ann, INSTRUMENT, False))
    assert sweep(exchange) == []
    assert exchange.units(exchange.ann, "retired") == 16


@pytest.mark.parametrize("why", ["slower", "suspended", "short"])
def test_what_a_supplier_could_not_issue_now_is_not_renewed(exchange: Exchange, why: str) -> None:
    exchange.ok(commands.SetRenewal(exchange.ann, INSTRUMENT, True))
    if why == "slower":
        exchange.ok(commands.AdmitSupplier(exchange.ann, INSTRUMENT, 1))
    elif why == "suspended":
        exchange.ok(commands.SuspendSupplier(exchange.ann, INSTRUMENT, "test"))
    else:
        set_index(exchange, 9 * DOLLAR)
    assert sweep(exchange) == []
    assert exchange.units(exchange.ann, "unsold") == 0
