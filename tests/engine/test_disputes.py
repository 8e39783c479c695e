"""Disputes of usage records: who may open one and until when, who pays a refund, and how much."""

import pytest

from tests.support.market import HOUR, Exchange, consuming_exchange, report, reserve
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import DisputeResolved, DisputesForgotten, Posted, UsageRecorded
from thegrid_exchange.engine.quantities import CASH, HOUSE, DisputePayer
from thegrid_exchange.engine.records import Dispute, DisputePayment, UsageRecord

DAY = 24 * HOUR


@pytest.fixture
def exchange() -> Exchange:
    return consuming_exchange()


def a_call(exchange: Exchange, delivery_id: str = "dlv_1") -> UsageRecord:
    """A call of bob's that ann has served, at a cost of 6,000 micro-dollars."""
    exchange.ok(reserve(delivery_id, exchange.bob, 1_000, 4_000))
    exchange.ok(report(delivery_id, "in_spec", 3_000, supplier_id=exchange.ann))
    usage = exchange.events(UsageRecorded)[0].usage
    assert usage.cost_micros == 6_000
    return usage


def dispute(usage: UsageRecord, **changes: object) -> commands.DisputeUsage:
    command = commands.DisputeUsage(
        usage.member_id,
        usage.usage_id,
        usage.supplier_id,
        usage.instrument_id,
        "wrong_count",
        usage.cost_micros,
        usage.settled_at_us,
    )
    return command._replace(**changes)  # type: ignore[arg-type]


def disputed(exchange: Exchange) -> Dispute:
    return exchange.ok(dispute(a_call(exchange))).dispute


def resolve(
    opened: Dispute, refund_micros: int, payer: DisputePayer = "supplier"
) -> commands.ResolveDispute:
    return commands.ResolveDispute(opened.dispute_id, refund_micros, payer, "looked at")


def test_a_dispute_moves_nothing(exchange: Exchange) -> None:
    usage = a_call(exchange)
    balances = dict(exchange.state.balances)
    opened = exchange.ok(dispute(usage)).dispute
    assert (opened.dispute_id, opened.status) == ("dsp_000000000001", "open")
    assert exchange.state.balances == balances


def test_a_refund_is_paid_from_what_the_supplier_has_earned(exchange: Exchange) -> None:
    opened = disputed(exchange)
    before = exchange.cash(exchange.ann), exchange.cash(exchange.bob)
    decided = exchange.ok(resolve(opened, 4_000)).dispute
    assert (decided.status, decided.refunded_micros, decided.shortfall_micros) == (
        "refunded", 4_000, 0,
    )  # fmt: skip
    assert decided.payments == (DisputePayment(exchange.ann, "available", 4_000),)
    assert exchange.cash(exchange.ann) == before[0] - 4_000
    assert exchange.cash(exchange.bob) == before[1] + 4_000
    posted = exchange.events(Posted)[0]
    assert (posted.cause, posted.reference) == ("dispute_earnings", "usg_1")


def test_a_refusal_of_the_operator_moves_nothing(exchange: Exchange) -> None:
    opened = disputed(exchange)
    balances = dict(exchange.state.balances)
    decided = exchange.ok(resolve(opened, 0)).dispute
    assert (decided.status, decided.resolution, decided.payments) == ("refused", "looked at", ())
    assert exchange.state.balances == balances


def test_collateral_and_the_guarantee_pay_what_earnings_do_not(exchange: Exchange) -> None:
    opened = disputed(exchange)
    exchange.ok(commands.Withdraw(exchange.ann, exchange.cash(exchange.ann) - 1_000))
    exchange.ok(commands.FundGuarantee(2_500))
    decided = exchange.ok(resolve(opened, 6_000)).dispute
    assert decided.payments == (
        DisputePayment(exchange.ann, "available", 1_000),
        DisputePayment(HOUSE, "guarantee", 2_500),
    )
    assert (decided.refunded_micros, decided.shortfall_micros) == (3_500, 2_500)
    assert exchange.state.balance(HOUSE, "guarantee", CASH) == 0


def test_the_venue_pays_for_its_own_mistakes(exchange: Exchange) -> None:
    exchange.ok(commands.FundGuarantee(10_000))
    opened = disputed(exchange)
    before = exchange.cash(exchange.ann)
    decided = exchange.ok(resolve(opened, 6_000, "venue")).dispute
    assert decided.payments == (DisputePayment(HOUSE, "guarantee", 6_000),)
    assert exchange.cash(exchange.ann) == before


def test_no_more_than_the_cost_is_paid_back_and_once(exchange: Exchange) -> None:
    opened = disputed(exchange)
    refusal = exchange.refused(resolve(opened, 6_001))
    assert (refusal.reason, refusal.limit) == ("INVALID_ARGUMENT", 6_000)
    exchange.ok(resolve(opened, 6_000))
    assert exchange.refused(resolve(opened, 6_000)).reason == "DISPUTE_CLOSED"
    gone = opened._replace(dispute_id="dsp_none")
    assert exchange.refused(resolve(gone, 1)).reason == "DISPUTE_NOT_FOUND"


def test_a_record_is_disputed_once(exchange: Exchange) -> None:
    usage = a_call(exchange)
    opened = exchange.ok(dispute(usage)).dispute
    assert exchange.refused(dispute(usage)).reason == "DISPUTE_EXISTS"
    exchange.ok(resolve(opened, 0))
    assert exchange.refused(dispute(usage)).reason == "DISPUTE_EXISTS"


def test_the_time_for_disputes_runs_out_to_the_microsecond(exchange: Exchange) -> None:
    first, second = a_call(exchange), a_call(exchange, "dlv_2")
    exchange.policy(dispute_window_us=DAY)
    exchange.later(DAY)
    exchange.ok(dispute(first))
    exchange.later(1)
    refusal = exchange.refused(dispute(second))
    assert (refusal.reason, refusal.limit, refusal.value) == ("DISPUTE_TOO_LATE", DAY, DAY + 1)


def test_a_member_has_so_many_open_disputes(exchange: Exchange) -> None:
    exchange.policy(max_open_disputes=1)
    first, second = a_call(exchange), a_call(exchange, "dlv_2")
    opened = exchange.ok(dispute(first)).dispute
    assert exchange.refused(dispute(second)).reason == "DISPUTE_LIMIT"
    exchange.ok(resolve(opened, 0))
    exchange.ok(dispute(second))


def test_decided_disputes_are_forgotten_when_none_can_be_opened_any_more(
    exchange: Exchange,
) -> None:
    opened = disputed(exchange)
    exchange.policy(dispute_window_us=DAY)
    exchange.later(2 * DAY)
    exchange.tick()
    assert opened.dispute_id in exchange.state.disputes, "it is not decided"
    exchange.ok(resolve(opened, 0))
    assert exchange.events(DisputeResolved)
    exchange.ok(commands.Tick())
    assert exchange.events(DisputesForgotten)[0].dispute_ids == (opened.dispute_id,)
    assert exchange.state.disputes == {}
    assert exchange.state.indices.dispute_of == {}


def test_a_longer_time_for_disputes_does_not_bring_back_what_was_refunded(
    exchange: Exchange,
) -> None:
    usage, other = a_call(exchange), a_call(exchange, "dlv_2")
    opened = exchange.ok(dispute(usage)).dispute
    exchange.ok(resolve(opened, 6_000))
    exchange.later(2 * HOUR)
    late = a_call(exchange, "dlv_3")
    exchange.policy(dispute_window_us=HOUR)
    exchange.ok(commands.Tick())
    assert exchange.state.disputes == {}
    exchange.policy(dispute_window_us=30 * DAY)
    for each in (usage, other):
        refusal = exchange.refused(dispute(each))
        assert (refusal.reason, refusal.limit) == ("DISPUTE_TOO_LATE", HOUR)
        assert refusal.value == exchange.state.now_us - each.settled_at_us > HOUR
    exchange.later(5)
    assert exchange.refused(dispute(usage)).limit == HOUR + 5, "the bound is an instant"
    exchange.ok(dispute(late))


def test_the_bound_never_moves_back(exchange: Exchange) -> None:
    first, second = disputed(exchange), exchange.ok(dispute(a_call(exchange, "dlv_2"))).dispute
    exchange.ok(resolve(first, 0))
    exchange.later(3 * HOUR)
    exchange.policy(dispute_window_us=HOUR)
    exchange.ok(commands.Tick())
    assert list(exchange.state.disputes) == [second.dispute_id], "it is not decided"
    bound_us = exchange.state.disputable_from_us
    assert bound_us == exchange.state.now_us - HOUR
    exchange.policy(dispute_window_us=2 * HOUR)
    exchange.ok(resolve(second, 0))
    exchange.ok(commands.Tick())
    assert exchange.state.disputes == {}
    assert exchange.state.disputable_from_us == bound_us
