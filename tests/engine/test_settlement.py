"""Settlement: reports, who earns, tendered tokens, expiry, missed reports and outages."""

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    SPEC,
    Exchange,
    consuming_exchange,
    place,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import LateReportRecorded, OutageRecorded, UsageRecorded
from thegrid_exchange.engine.records import LateReport, TokenCounts

MILLION = 1_000_000


@pytest.fixture
def exchange() -> Exchange:
    return consuming_exchange()


# ---- reports -----------------------------------------------------------------------------------


def test_a_report_bills_pays_and_returns_the_rest(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_abc", exchange.bob, 1_000, 4_000, requested_model="text-prime"))
    before = exchange.cash(exchange.ann)
    reply = exchange.ok(
        report(
            "dlv_abc",
            "in_spec",
            3_001,
            supplier_id=exchange.ann,
            serving_model="demo/model",
            canonical=TokenCounts(1_000, 2_001),
            by_supplier=TokenCounts(990, 2_010),
            request_id="req-1",
            first_token_us=300_000,
            duration_us=2_000_000,
        )
    )
    usage = reply.usage
    assert (usage.usage_id, usage.status, usage.owed_by_id) == ("usg_abc", "settled", exchange.ann)
    assert (usage.billed_tokens, usage.reserved_tokens) == (3_001, 5_000)
    assert usage.cost_micros == 6_002
    assert usage.draws[0].cost_trade_id == "trd_000000000001"
    assert exchange.cash(exchange.ann) - before == 6_002
    assert exchange.tokens(exchange.bob, "lots") == 3 * MILLION - 3_001
    assert exchange.tokens(exchange.ann, "consumed") == 3_001


@pytest.mark.parametrize(
    "verdict", ["failed", "late_first_token", "too_slow", "client_fault", "venue_fault"]
)
def test_what_is_not_delivered_in_spec_is_not_billed(exchange: Exchange, verdict: str) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 4_000))
    usage = exchange.ok(report("dlv_1", verdict, 3_000, supplier_id=exchange.ann)).usage
    assert (usage.billed_tokens, usage.cost_micros, usage.draws) == (0, 0, ())
    assert exchange.tokens(exchange.bob, "lots") == 3 * MILLION


def test_never_more_than_the_reserve_is_billed(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 100))
    assert exchange.ok(report("dlv_1", "in_spec", 10**9)).usage.billed_tokens == 1_100


def test_a_second_report_is_refused_and_moves_nothing(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 100))
    exchange.ok(report("dlv_1", "in_spec", 500))
    assert exchange.refused(report("dlv_1", "in_spec", 500)).reason == "DELIVERY_CLOSED"
    assert exchange.refused(commands.Mark("dlv_1", 5)).reason == "DELIVERY_CLOSED"
    assert exchange.refused(reserve("dlv_1", exchange.bob, 1, 1)).reason == "DELIVERY_EXISTS"
    assert exchange.refused(commands.Mark("dlv_2", 5)).reason == "DELIVERY_NOT_FOUND"
    exchange.later(2 * HOUR)
    exchange.tick()
    assert exchange.refused(commands.Mark("dlv_1", 5)).reason == "DELIVERY_NOT_FOUND"


def test_the_digest_of_a_request_is_kept_from_its_reservation_to_its_record(
    exchange: Exchange,
) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 100, request_digest="0f0f"))
    assert exchange.state.reservations["dlv_1"].request_digest == "0f0f"
    assert exchange.ok(report("dlv_1", "in_spec", 500)).usage.request_digest == "0f0f"


def test_parts_add_up_to_the_whole_price(exchange: Exchange) -> None:
    exchange.bea = exchange.member("bea")
    exchange.bought(exchange.abe, exchange.bea, 1, 1_000_003, auto_transfer=True)
    bea, before = exchange.bea, exchange.cash(exchange.abe)
    cost = 0
    for number in range(40):
        exchange.ok(reserve(f"dlv_{number}", bea, 24_999 + number % 3, 0))
        usage = exchange.ok(report(f"dlv_{number}", "in_spec", 10**6)).usage
        cost += usage.cost_micros
        assert exchange.cash(exchange.abe) - before == cost
    exchange.later(5 * HOUR)
    exchange.tick()
    assert exchange.cash(exchange.abe) - before == 1_000_003
    assert exchange.cash(exchange.abe, "escrow") == 0


def test_who_serves_in_place_of_the_issuer_earns(exchange: Exchange) -> None:
    ann, abe = exchange.cash(exchange.ann), exchange.cash(exchange.abe)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 0))
    usage = exchange.ok(report("dlv_1", "in_spec", 1_000, supplier_id=exchange.abe)).usage
    assert (usage.owed_by_id, usage.supplier_id) == (exchange.ann, exchange.abe)
    assert exchange.cash(exchange.ann) == ann
    assert exchange.cash(exchange.abe) == abe + 2_000


def test_the_sellers_fee_is_taken_as_the_proceeds_are_earned() -> None:
    exchange = small_exchange(maker_fee_bps=100)
    ann, bob = exchange.supplier("ann", 10), exchange.member("bob")
    exchange.bought(ann, bob, 1, 3 * DOLLAR, auto_transfer=True)
    assert exchange.cash("house", "fees") == 0
    before = exchange.cash(ann)
    exchange.ok(reserve("dlv_1", bob, 100_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 100_000))
    assert exchange.cash("house", "fees") == 3_000
    assert exchange.cash(ann) - before == 297_000
    exchange.later(5 * HOUR)
    exchange.tick()
    assert exchange.cash("house", "fees") == 30_000
    assert exchange.cash(ann) - before == 2_970_000


def test_the_venue_pays_for_its_own_fault_from_the_guarantee(exchange: Exchange) -> None:
    exchange.ok(commands.FundGuarantee(1_500))
    before = exchange.cash(exchange.ann)
    for number, paid in ((1, 1_000), (2, 500), (3, 0)):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 500, 0))
        usage = exchange.ok(
            report(
                f"dlv_{number}",
                "venue_fault",
                0,
                supplier_id=exchange.ann,
                canonical=TokenCounts(500, 0),
            )
        ).usage
        assert usage.venue_paid_micros == paid
    assert exchange.cash(exchange.ann) == before + 1_500


# ---- endings of time ---------------------------------------------------------------------------


def test_unused_tokens_expire_and_are_the_issuers(exchange: Exchange) -> None:
    before = exchange.cash(exchange.ann)
    assert exchange.state.next_deadline_us() is not None
    exchange.later(4 * HOUR)
    exchange.tick()
    assert exchange.tokens(exchange.ann, "expired") == 3 * MILLION
    assert exchange.cash(exchange.ann) == before + 6 * DOLLAR
    assert exchange.state.lots == {}
    assert exchange.state.lot_parcels == {}


def test_tendered_tokens_are_refunded_when_they_expire(exchange: Exchange) -> None:
    bob, ann = exchange.cash(exchange.bob), exchange.cash(exchange.ann)
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    usage = exchange.ok(report("dlv_1", "failed", 0, supplier_id=exchange.ann)).usage
    assert usage.tendered_tokens == 100_000
    exchange.later(5 * HOUR)
    exchange.tick()
    assert exchange.tokens(exchange.ann, "refunded") == 100_000
    assert exchange.tokens(exchange.ann, "expired") == 2_900_000
    assert exchange.cash(exchange.bob) == bob + 200_000
    assert exchange.cash(exchange.ann) == ann + 5_800_000


def test_a_retry_in_spec_makes_good_for_what_was_tendered(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    exchange.ok(report("dlv_1", "failed", 0))
    exchange.ok(reserve("dlv_2", exchange.bob, 60_000, 0))
    exchange.ok(report("dlv_2", "in_spec", 60_000))
    exchange.later(5 * HOUR)
    exchange.tick()
    assert exchange.tokens(exchange.ann, "refunded") == 40_000


def test_a_refund_is_no_more_than_the_owner_paid(exchange: Exchange) -> None:
    bea = exchange.member("bea")
    exchange.bought(exchange.abe, exchange.bob, 1, 4 * DOLLAR)
    exchange.order(exchange.bob, "sell", 1, DOLLAR)
    exchange.order(bea, "buy", 1, DOLLAR, auto_transfer=True)
    bought, abe = exchange.cash(bea), exchange.cash(exchange.abe)
    exchange.ok(reserve("dlv_1", bea, 100_000, 0))
    exchange.ok(report("dlv_1", "too_slow", 0))
    exchange.later(5 * HOUR)
    exchange.tick()
    assert exchange.cash(bea) - bought == 100_000
    # The issuer earns nothing of what it failed to deliver, though the owner paid less than it got.
    assert exchange.cash(exchange.abe) - abe == 3_600_000
    assert exchange.cash("house", "guarantee") == 300_000


def test_reserved_tokens_outlive_their_lot_and_what_comes_back_expires(exchange: Exchange) -> None:
    exchange.later(4 * HOUR - SECOND)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 1_000))
    exchange.later(2 * SECOND)
    exchange.tick()
    assert exchange.tokens(exchange.ann, "expired") == 3 * MILLION - 2_000
    assert exchange.tokens(exchange.bob, "reserved") == 2_000
    exchange.ok(report("dlv_1", "in_spec", 1_500))
    assert exchange.tokens(exchange.ann, "consumed") == 1_500
    assert exchange.tokens(exchange.ann, "expired") == 3 * MILLION - 1_500
    assert exchange.state.lots == {}


def test_a_missed_report_is_settled_at_the_last_mark(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 1_000))
    exchange.ok(reserve("dlv_2", exchange.bob, 1_000, 1_000))
    exchange.ok(commands.Mark("dlv_1", 300))
    exchange.later(600 * SECOND)
    assert exchange.ok(commands.Tick()).done == 2
    first, second = (event.usage for event in exchange.events(UsageRecorded))
    assert (first.status, first.cause) == ("settled_at_deadline", "report_lost")
    assert (first.verdict, first.billed_tokens) == ("in_spec", 1_300)
    assert (second.verdict, second.billed_tokens) == ("venue_fault", 0)
    assert first.canonical == TokenCounts(1_000, 300)


def test_a_late_report_is_recorded_once_and_moves_nothing(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 1_000))
    exchange.ok(commands.Mark("dlv_1", 300))
    exchange.later(600 * SECOND)
    exchange.tick()
    balances = dict(exchange.state.balances)
    counts = TokenCounts(1_000, 700)
    late = report("dlv_1", "in_spec", 1_700, supplier_id=exchange.ann, canonical=counts)
    assert exchange.ok(late).usage_id == "usg_1"
    recorded = exchange.events(LateReportRecorded)[0]
    assert (recorded.delivery_id, recorded.member_id) == ("dlv_1", exchange.bob)
    assert recorded.report == LateReport(
        "in_spec", late.cause, exchange.ann, counts, None, 1_700, exchange.at_us
    )
    assert exchange.state.balances == balances
    assert exchange.refused(late).reason == "DELIVERY_CLOSED"


def test_what_the_client_calls_it_outlives_a_lost_report(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 10, client_request_id="req-7"))
    assert exchange.state.indices.calls_by_request[exchange.bob, "req-7"] == "dlv_1"
    exchange.later(600 * SECOND)
    exchange.tick()
    assert exchange.events(UsageRecorded)[0].usage.request_id == "req-7"
    assert not exchange.state.indices.calls_by_request


def test_a_lot_of_many_parcels_expires_in_bounded_pieces(exchange: Exchange) -> None:
    buyer = exchange.member("buyer")
    for number in range(8):
        exchange.bought(exchange.ann, buyer, 1, (number + 1) * DOLLAR)
    exchange.ok(commands.TransferUnits(buyer, INSTRUMENT, 8))
    exchange.policy(max_parcels=3)
    exchange.later(4 * HOUR)
    exchange.tick()
    assert exchange.tokens(buyer, "lots") == 0
    exchange.policy(max_parcels=2)
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 3))
    for number in range(3):
        exchange.bought(exchange.ann, buyer, 1, (number + 1) * DOLLAR)
    too_many = commands.TransferUnits(buyer, INSTRUMENT, 3)
    assert exchange.refused(too_many).reason == "WORK_LIMIT"
    assert exchange.refused(place(buyer, "sell", 3, DOLLAR)).reason == "WORK_LIMIT"


# ---- outages -----------------------------------------------------------------------------------


def test_an_outage_moves_lots_reservations_and_gtd_orders_by_its_length(
    exchange: Exchange,
) -> None:
    exchange.policy(outage_gap_us=60 * SECOND)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 0))
    gtd = {"time_in_force": "gtd", "expires_at_us": exchange.at_us + 300 * SECOND}
    exchange.order(exchange.bob, "buy", 1, DOLLAR, **gtd)
    exchange.later(HOUR)
    exchange.ok(commands.Tick())
    assert exchange.events(OutageRecorded)[0].gap_us == HOUR
    assert len(exchange.outcome.events) == 1
    assert exchange.state.next_deadline_us() == exchange.at_us + 300 * SECOND
    for _ in range(5):
        exchange.later(60 * SECOND)
        exchange.ok(commands.Tick())
    assert exchange.state.orders == {}
    assert "dlv_1" in exchange.state.reservations


def test_a_refused_command_leaves_the_outage_to_the_next(exchange: Exchange) -> None:
    exchange.policy(outage_gap_us=60 * SECOND)
    exchange.later(HOUR)
    exchange.refused(commands.Withdraw("mem_none", 5))
    exchange.later(SECOND)
    exchange.ok(commands.Deposit(exchange.bob, 5))
    assert exchange.events(OutageRecorded)[0].gap_us == HOUR + SECOND


def test_the_version_in_force_is_reserved_under(exchange: Exchange) -> None:
    later_us = exchange.at_us + HOUR
    exchange.ok(commands.PublishSpec(INSTRUMENT, SPEC._replace(quality_score_min=1), later_us))
    assert exchange.ok(reserve("dlv_1", exchange.bob, 10, 0)).spec_version == 1
    exchange.later(HOUR)
    assert exchange.ok(reserve("dlv_2", exchange.bob, 10, 0)).spec_version == 2


def test_a_transfer_on_fill_never_stands_in_the_way_of_the_trade(exchange: Exchange) -> None:
    buyer = exchange.member("buyer")
    for number in range(4):
        exchange.bought(exchange.ann, buyer, 1, (number + 1) * DOLLAR)
    exchange.policy(max_parcels=2)
    exchange.order(buyer, "buy", 5, 7 * DOLLAR, auto_transfer=True)
    exchange.issue_and_sell(exchange.abe, 5, 7 * DOLLAR)
    assert exchange.units(buyer, "lots") == 2
    assert exchange.units(buyer, "trading") == 7


def test_many_missed_reports_are_settled_in_bounded_ticks(exchange: Exchange) -> None:
    exchange.policy(max_events=1_000, max_due_items=0)
    exchange.checked = False
    for number in range(600):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100, 0))
    exchange.later(600 * SECOND)
    exchange.checked = True
    assert exchange.ok(commands.Tick()).more_due
    assert len(exchange.outcome.events) <= 1_000
    exchange.tick()
    assert exchange.state.reservations == {}
