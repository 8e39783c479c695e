"""Ways to get more out of the exchange than was put in, each tried once and each in vain."""

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    Exchange,
    place,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import ReferenceIndexSet
from thegrid_exchange.engine.records import TokenCounts

MILLION = 1_000_000
GUARANTEE = 500 * DOLLAR


@pytest.fixture
def exchange() -> Exchange:
    """A crook that supplies, its accomplice, an honest supplier, and a guarantee worth emptying."""
    exchange = small_exchange()
    exchange.policy(index_trades_min=1)
    exchange.ok(commands.FundGuarantee(GUARANTEE))
    exchange.ann = exchange.supplier("crook", 50)
    exchange.bea = exchange.member("accomplice")
    exchange.abe = exchange.supplier("honest", 50)
    exchange.bob = exchange.member("buyer")
    return exchange


def wealth(exchange: Exchange, *members: str) -> int:
    """All money of members, wherever it lies."""
    accounts = ("available", "held", "escrow", "withheld", "collateral")
    return sum(exchange.cash(member, account) for member in members for account in accounts)


def fails(exchange: Exchange, owner_id: str, calls: int, server_id: str) -> None:
    """So many calls of 100,000 tokens at once, all of which their supplier fails."""
    for number in range(calls):
        exchange.ok(reserve(f"dlv_{owner_id}_{number}", owner_id, 100_000, 0))
    for number in range(calls):
        exchange.ok(report(f"dlv_{owner_id}_{number}", "failed", 0, supplier_id=server_id))


def all_ends(exchange: Exchange) -> None:
    exchange.later(9 * HOUR)
    exchange.tick()
    assert exchange.state.lots == {}


def used_at(exchange: Exchange, price: int) -> None:
    """An honest Unit is bought and used at a price, which becomes the index."""
    user = exchange.member(f"user-{price}")
    exchange.bought(exchange.abe, user, 1, price, auto_transfer=True)
    exchange.ok(reserve(f"dlv_{user}", user, 50_000, 0))
    exchange.ok(report(f"dlv_{user}", "in_spec", 50_000, supplier_id=exchange.abe))
    exchange.later(HOUR)
    exchange.tick()


def resold(exchange: Exchange, seller_id: str, buyer_id: str, price: int) -> None:
    exchange.order(seller_id, "sell", 1, price)
    exchange.order(buyer_id, "buy", 1, price, auto_transfer=True)


# ---- self-dealing at a false price -------------------------------------------------------------


def test_self_dealing_at_a_false_price_is_refunded_by_the_dealers_themselves(
    exchange: Exchange,
) -> None:
    """Sold cheap to an accomplice, passed on dear to another, and failed: nobody else pays."""
    used_at(exchange, 5 * DOLLAR)
    third = exchange.member("third")
    before = wealth(exchange, exchange.ann, exchange.bea, third)
    exchange.bought(exchange.ann, exchange.bea, 1, 1)
    resold(exchange, exchange.bea, third, 900 * DOLLAR)
    fails(exchange, third, 10, exchange.ann)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann, exchange.bea, third) <= before
    assert exchange.cash("house", "guarantee") >= GUARANTEE


def test_a_stranger_who_bought_from_the_accomplice_is_made_whole_by_the_accomplice(
    exchange: Exchange,
) -> None:
    used_at(exchange, 5 * DOLLAR)
    crooks = wealth(exchange, exchange.ann, exchange.bea)
    buyer = wealth(exchange, exchange.bob)
    exchange.bought(exchange.ann, exchange.bea, 1, 1)
    resold(exchange, exchange.bea, exchange.bob, 5 * DOLLAR)
    fails(exchange, exchange.bob, 10, exchange.ann)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann, exchange.bea) == crooks
    assert wealth(exchange, exchange.bob) == buyer
    assert exchange.cash("house", "guarantee") == GUARANTEE


def test_walking_away_with_the_gain_before_the_failure_is_not_possible(exchange: Exchange) -> None:
    before = exchange.cash(exchange.bea)
    exchange.bought(exchange.ann, exchange.bea, 1, 1 * DOLLAR)
    resold(exchange, exchange.bea, exchange.bob, 5 * DOLLAR)
    exchange.refused(commands.Withdraw(exchange.bea, before + 1))
    exchange.ok(commands.Withdraw(exchange.bea, before))
    assert exchange.cash(exchange.bea, "withheld") == 4 * DOLLAR


# ---- failing calls to be paid at expiry --------------------------------------------------------


def test_failing_calls_to_be_paid_at_expiry_earns_nothing(exchange: Exchange) -> None:
    before = wealth(exchange, exchange.ann)
    exchange.bought(exchange.ann, exchange.bob, 1, 4 * DOLLAR, auto_transfer=True)
    fails(exchange, exchange.bob, 10, exchange.ann)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann) == before


def test_failing_what_its_owner_bought_below_the_first_price_earns_nothing_either(
    exchange: Exchange,
) -> None:
    before = wealth(exchange, exchange.ann)
    exchange.bought(exchange.ann, exchange.bea, 1, 4 * DOLLAR)
    resold(exchange, exchange.bea, exchange.bob, 1 * DOLLAR)
    fails(exchange, exchange.bob, 10, exchange.ann)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann) == before


def test_staying_away_until_expiry_earns_nothing(exchange: Exchange) -> None:
    before = wealth(exchange, exchange.ann)
    exchange.connect(exchange.ann, connected=False)
    exchange.bought(exchange.ann, exchange.bob, 3, 4 * DOLLAR, auto_transfer=True)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann) == before


def test_coming_back_for_the_last_minute_earns_that_minute_alone(exchange: Exchange) -> None:
    before = wealth(exchange, exchange.ann)
    exchange.connect(exchange.ann, connected=False)
    exchange.bought(exchange.ann, exchange.bob, 3, 4 * DOLLAR, auto_transfer=True)
    exchange.later(4 * HOUR - 60 * SECOND)
    exchange.connect(exchange.ann)
    all_ends(exchange)
    assert wealth(exchange, exchange.ann) - before == 12 * DOLLAR // 240


# ---- calls that are made to be expensive -------------------------------------------------------


def test_stalling_readers_hold_tokens_no_longer_than_the_deadline_and_pay_for_what_came(
    exchange: Exchange,
) -> None:
    """A reader that never reads on: what was marked is billed at the deadline, the rest is back."""
    exchange.bought(exchange.abe, exchange.bob, 1, 4 * DOLLAR, auto_transfer=True)
    before = exchange.cash(exchange.abe)
    exchange.ok(reserve("dlv_1", exchange.bob, 50_000, 4_000))
    exchange.ok(commands.Mark("dlv_1", 1_000))
    exchange.later(600 * SECOND)
    exchange.tick()
    assert exchange.state.reservations == {}
    assert exchange.cash(exchange.abe) - before == 4 * 51_000
    assert exchange.tokens(exchange.bob, "lots") == MILLION - 51_000


def test_huge_prompts_are_refused_or_paid_for(exchange: Exchange) -> None:
    exchange.bought(exchange.abe, exchange.bob, 1, 4 * DOLLAR, auto_transfer=True)
    assert exchange.refused(reserve("dlv_1", exchange.bob, MILLION, 10)).reason == (
        "CONTEXT_EXCEEDED"
    )
    assert exchange.refused(reserve("dlv_2", exchange.bob, 10**15, 10)).reason == (
        "CONTEXT_EXCEEDED"
    )
    before = exchange.cash(exchange.abe)
    exchange.ok(reserve("dlv_3", exchange.bob, 120_000, 10))
    exchange.ok(report("dlv_3", "cancelled_by_client", 120_000, supplier_id=exchange.abe))
    assert exchange.cash(exchange.abe) - before == 480_000


def test_wrecking_a_rivals_record_by_faults_of_ones_own_costs_it_nothing(
    exchange: Exchange,
) -> None:
    """A client's own faults count against nobody, and the rival's tokens are not tendered."""
    exchange.bought(exchange.abe, exchange.bea, 1, 4 * DOLLAR, auto_transfer=True)
    before = wealth(exchange, exchange.abe)
    for number in range(10):
        exchange.ok(reserve(f"dlv_{number}", exchange.bea, 90_000, 10))
        exchange.ok(report(f"dlv_{number}", "client_fault", 0, supplier_id=exchange.abe))
    all_ends(exchange)
    assert exchange.tokens(exchange.abe, "refunded") == 0
    assert wealth(exchange, exchange.abe) == before
    assert exchange.cash(exchange.abe, "escrow") == 0


def test_a_rivals_failures_pay_nothing_to_who_provoked_them(exchange: Exchange) -> None:
    """Whoever makes a rival fail gets its own money back, no more; the penalty is the house's."""
    exchange.policy(supply_penalty_per_mille=500)
    before = wealth(exchange, exchange.bea)
    exchange.bought(exchange.abe, exchange.bea, 1, 4 * DOLLAR, auto_transfer=True)
    fails(exchange, exchange.bea, 10, exchange.abe)
    all_ends(exchange)
    assert wealth(exchange, exchange.bea) == before
    assert exchange.cash("house", "guarantee") == GUARANTEE + 2 * DOLLAR


# ---- colluding members -------------------------------------------------------------------------


def test_colluding_members_move_no_index(exchange: Exchange) -> None:
    used_at(exchange, 5 * DOLLAR)
    for member in (exchange.ann, exchange.bea):
        exchange.ok(commands.UpdateMember(member, affiliation_group="ring"))
    exchange.bought(exchange.ann, exchange.bea, 2, 900 * DOLLAR, auto_transfer=True)
    for number in range(10):
        exchange.ok(reserve(f"dlv_r{number}", exchange.bea, 100_000, 0))
        exchange.ok(report(f"dlv_r{number}", "in_spec", 100_000, supplier_id=exchange.ann))
    before = len(exchange.all_events(ReferenceIndexSet))
    exchange.later(2 * HOUR)
    exchange.tick()
    later = exchange.all_events(ReferenceIndexSet)[before:]
    assert all(event.reference_index.price_micros == 5 * DOLLAR for event in later)
    assert exchange.state.markets["mkt_text-prime"].last_trade_price_micros == 5 * DOLLAR


def test_colluding_members_do_not_empty_the_guarantee(exchange: Exchange) -> None:
    """With no gain withheld, a bare supplier fails its own ring: nobody advances it anything."""
    exchange.policy(resale_gains_max=0)
    used_at(exchange, 5 * DOLLAR)
    bare = exchange.supplier("bare", 1, dollars=0, affiliation_group="ring")
    third = exchange.member("third", affiliation_group="ring")
    exchange.ok(commands.UpdateMember(exchange.bea, affiliation_group="ring"))
    before = wealth(exchange, bare, exchange.bea, third)
    exchange.bought(bare, exchange.bea, 1, 1)
    resold(exchange, exchange.bea, third, 6 * DOLLAR)
    fails(exchange, third, 10, bare)
    all_ends(exchange)
    assert wealth(exchange, bare, exchange.bea, third) <= before
    assert exchange.cash("house", "guarantee") >= GUARANTEE


def test_claiming_work_for_the_venues_fault_in_a_ring_gains_no_more_than_the_first_price(
    exchange: Exchange,
) -> None:
    """The guarantee pays served tokens once, at the first price, which the ring paid itself."""
    exchange.bought(exchange.ann, exchange.bea, 1, 3 * DOLLAR, auto_transfer=True)
    exchange.ok(reserve("dlv_1", exchange.bea, 100_000, 0))
    paid = exchange.ok(
        report(
            "dlv_1",
            "venue_fault",
            0,
            supplier_id=exchange.ann,
            canonical=TokenCounts(10**9, 10**9),
        )
    ).usage.venue_paid_micros
    assert paid == 300_000


# ---- over-issuing ------------------------------------------------------------------------------


def test_over_issuing_across_instruments_is_refused(exchange: Exchange) -> None:
    """One pool stands behind all instruments, and a dearer one takes more of it."""
    exchange.instrument("code-max")
    exchange.policy(capacity_derating_per_mille=500)
    mill = exchange.supplier("mill")
    exchange.ok(commands.AdmitSupplier(mill, "ins_code-max", 10_000))
    exchange.offer(mill, "ins_code-max")
    most = 10_000 * 4 * 3_600 // 2 // MILLION
    exchange.ok(commands.IssueUnits(mill, INSTRUMENT, most - 10))
    over = exchange.refused(commands.IssueUnits(mill, "ins_code-max", 11))
    assert over.reason == "CAPACITY_EXCEEDED"
    exchange.ok(commands.IssueUnits(mill, "ins_code-max", 10))
    assert exchange.refused(commands.IssueUnits(mill, INSTRUMENT, 1)).reason == "CAPACITY_EXCEEDED"


def test_over_issuing_across_windows_is_refused(exchange: Exchange) -> None:
    """What was sold in the last window is still owed in this one, and takes its room."""
    exchange.policy(capacity_derating_per_mille=500)
    mill = exchange.supplier("mill")
    exchange.ok(commands.AdmitSupplier(mill, INSTRUMENT, 10_000))
    most = 10_000 * 4 * 3_600 // 2 // MILLION
    exchange.ok(commands.IssueUnits(mill, INSTRUMENT, most))
    exchange.bought(mill, exchange.bob, most, 1 * DOLLAR)
    exchange.later(4 * HOUR)
    exchange.tick()
    assert exchange.units(exchange.bob, "lots") == most
    issue = commands.IssueUnits(mill, INSTRUMENT, 1)
    assert exchange.refused(issue).reason == "CAPACITY_EXCEEDED"
    exchange.later(4 * HOUR)
    exchange.tick()
    exchange.ok(issue)


def test_renewing_unsold_units_is_no_way_around_capacity(exchange: Exchange) -> None:
    exchange.policy(capacity_derating_per_mille=500)
    mill = exchange.supplier("mill")
    exchange.ok(commands.AdmitSupplier(mill, INSTRUMENT, 10_000))
    exchange.ok(commands.SetRenewal(mill, INSTRUMENT, True))
    most = 10_000 * 4 * 3_600 // 2 // MILLION
    exchange.ok(commands.IssueUnits(mill, INSTRUMENT, most))
    for _ in range(3):
        exchange.later(4 * HOUR)
        exchange.tick()
        issue = commands.IssueUnits(mill, INSTRUMENT, 1)
        assert exchange.refused(issue).reason == "CAPACITY_EXCEEDED"


def test_selling_below_the_index_asks_for_collateral_before_more_is_issued(
    exchange: Exchange,
) -> None:
    """A supplier cannot collect for what it will not deliver: issuing stops, and so do earnings."""
    used_at(exchange, 5 * DOLLAR)
    exchange.bought(exchange.ann, exchange.bob, 40, 1)
    assert exchange.refused(commands.IssueUnits(exchange.ann, INSTRUMENT, 1)).reason == (
        "COLLATERAL_SHORT"
    )
    everything = commands.Withdraw(exchange.ann, exchange.cash(exchange.ann))
    assert exchange.refused(everything).reason == "COLLATERAL_SHORT"
    assert exchange.refused(place(exchange.ann, "sell", 99, 1, source="issuance")).reason == (
        "INSUFFICIENT_UNITS"
    )
