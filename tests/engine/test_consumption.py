"""Lots, transfers, reservations, automatic purchases and marks: Units on their way to use."""

from typing import Any

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    Exchange,
    consuming_exchange,
    report,
    reserve,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import LotClosed, LotMinted

MILLION = 1_000_000


@pytest.fixture
def exchange() -> Exchange:
    return consuming_exchange()


# ---- transfer ----------------------------------------------------------------------------------


def test_a_transfer_moves_whole_free_units_into_a_new_lot(exchange: Exchange) -> None:
    exchange.bought(exchange.ann, exchange.bob, 5, 2 * DOLLAR)
    exchange.order(exchange.bob, "sell", 2, 9 * DOLLAR)
    reply = exchange.ok(commands.TransferUnits(exchange.bob, INSTRUMENT, 3))
    assert reply.lot.free_tokens == 3 * MILLION
    assert reply.lot.expires_at_us == exchange.at_us + 4 * HOUR
    assert (reply.transfer.lot_id, reply.transfer.origin) == (reply.lot.lot_id, "transfer")
    refusal = exchange.refused(commands.TransferUnits(exchange.bob, INSTRUMENT, 1))
    assert (refusal.reason, refusal.limit) == ("INSUFFICIENT_UNITS", 0)
    zero = commands.TransferUnits(exchange.bob, INSTRUMENT, 0)
    assert exchange.refused(zero).reason == "QUANTITY_OUT_OF_RANGE"


def test_unsold_issuance_cannot_be_consumed(exchange: Exchange) -> None:
    transfer = commands.TransferUnits(exchange.ann, INSTRUMENT, 1)
    assert exchange.refused(transfer).reason == "INSUFFICIENT_UNITS"


# ---- reserve -----------------------------------------------------------------------------------


def test_a_call_reserves_its_prompt_and_a_step_of_output_per_choice(exchange: Exchange) -> None:
    reply = exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 20_000, choices=2))
    assert reply.reserved_tokens == 1_000 + 2 * 4_096
    assert reply.completion_tokens == 2 * 4_096
    assert exchange.tokens(exchange.bob, "reserved") == reply.reserved_tokens
    small = exchange.ok(reserve("dlv_2", exchange.bob, 1_000, 16))
    assert small.reserved_tokens == 1_016


def test_lots_are_spent_soonest_expiry_first_and_across(exchange: Exchange) -> None:
    exchange.later(HOUR)
    exchange.bought(exchange.abe, exchange.bob, 1, 5 * DOLLAR, auto_transfer=True)
    spent = exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0, choices=1))
    assert [draw.issuer_id for draw in spent.draws] == [exchange.ann]
    for number in range(2, 31):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    reply = exchange.ok(reserve("dlv_31", exchange.bob, 100_000, 0))
    assert [draw.issuer_id for draw in reply.draws] == [exchange.abe]
    exchange.ok(report("dlv_1", "client_fault", 0))
    reply = exchange.ok(reserve("dlv_32", exchange.bob, 128_000, 0))
    shares = [(share.issuer_id, share.tokens) for share in reply.issuers]
    assert shares == [(exchange.ann, 100_000), (exchange.abe, 28_000)]


def test_all_or_nothing(exchange: Exchange) -> None:
    for number in range(30):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 99_999, 0))
    refusal = exchange.refused(reserve("dlv_x", exchange.bob, 100, 0))
    assert (refusal.reason, refusal.limit, refusal.value) == ("INSUFFICIENT_UNITS", 30, 100)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("DELIVERY_EXISTS", {"delivery_id": "dlv_0"}),
        ("CONTEXT_EXCEEDED", {"max_output_tokens": 127_500}),
        ("INVALID_ARGUMENT", {"prompt_tokens": 0}),
        ("INVALID_ARGUMENT", {"choices": 0}),
        ("INVALID_ARGUMENT", {"choices": 1_000}),
        ("INSTRUMENT_NOT_FOUND", {"instrument_id": "ins_none"}),
        ("MEMBER_NOT_FOUND", {"member_id": "mem_none"}),
    ],
)
def test_a_wrong_call_is_refused_by_name(
    exchange: Exchange, reason: str, changes: dict[str, Any]
) -> None:
    exchange.ok(reserve("dlv_0", exchange.bob, 10, 10))
    good = reserve("dlv_1", exchange.bob, 1_000, 100)
    assert exchange.refused(good._replace(**changes)).reason == reason


def test_a_lot_gives_nothing_from_the_instant_it_expires(exchange: Exchange) -> None:
    exchange.policy(max_due_items=0)
    exchange.later(4 * HOUR - 1)
    exchange.ok(reserve("dlv_1", exchange.bob, 10, 0))
    exchange.later(1)
    refusal = exchange.refused(reserve("dlv_2", exchange.bob, 10, 0))
    assert (refusal.reason, refusal.limit) == ("INSUFFICIENT_UNITS", 0)


def test_a_command_runs_its_own_members_due_items_first(exchange: Exchange) -> None:
    exchange.later(4 * HOUR)
    exchange.ok(commands.UpdateSettings(exchange.bob, auto_buy_units=2))
    assert exchange.events(LotClosed)
    assert exchange.tokens(exchange.ann, "expired") == 3 * MILLION


# ---- automatic purchases -----------------------------------------------------------------------


def test_auto_mode_buys_what_is_missing_in_the_same_command(exchange: Exchange) -> None:
    auto = exchange.member("auto", account_mode="auto")
    exchange.issue_and_sell(exchange.ann, 5, 3 * DOLLAR)
    reply = exchange.ok(reserve("dlv_1", auto, 1_000, 100))
    assert (reply.bought_units, reply.bought_micros) == (1, 3 * DOLLAR)
    assert exchange.events(LotMinted)[0].lot.origin == "auto_buy"
    assert exchange.tokens(auto, "lots") == MILLION - 1_100
    again = exchange.ok(reserve("dlv_2", auto, 1_000, 100))
    assert again.bought_units == 0


def test_auto_mode_uses_units_in_trading_before_it_buys(exchange: Exchange) -> None:
    member = exchange.member("late", dollars=10)
    exchange.bought(exchange.ann, member, 2, 3 * DOLLAR)
    exchange.ok(commands.UpdateSettings(member, account_mode="auto"))
    assert exchange.ok(reserve("dlv_1", member, 1_000, 100)).bought_units == 0
    assert exchange.units(member, "trading") == 1


@pytest.mark.parametrize(
    ("reason", "settings", "dollars", "call"),
    [
        ("ABOVE_CEILING", {"auto_buy_ceiling_micros": 2 * DOLLAR}, 10, {}),
        ("ABOVE_CEILING", {}, 10, {"max_price_micros": 2 * DOLLAR}),
        ("ABOVE_CEILING", {"auto_buy_ceiling_micros": 0}, 10, {}),
        ("INSUFFICIENT_FUNDS", {}, 2, {}),
    ],
)
def test_a_refused_purchase_says_what_stood_against_it(
    exchange: Exchange, reason: str, settings: Any, dollars: int, call: Any
) -> None:
    auto = exchange.member("auto", dollars, account_mode="auto", **settings)
    exchange.issue_and_sell(exchange.ann, 5, 3 * DOLLAR)
    assert exchange.refused(reserve("dlv_1", auto, 10, 10, **call)).reason == reason


def test_an_empty_book_has_nothing_for_auto_mode(exchange: Exchange) -> None:
    auto = exchange.member("auto", account_mode="auto")
    assert exchange.refused(reserve("dlv_1", auto, 10, 10)).reason == "NO_LIQUIDITY"


# ---- marks -------------------------------------------------------------------------------------


def test_a_mark_extends_by_a_step_once_half_of_the_last_is_used(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 10_000))
    assert exchange.ok(commands.Mark("dlv_1", 2_047)).completion_tokens == 4_096
    assert exchange.ok(commands.Mark("dlv_1", 2_048)).completion_tokens == 8_192
    assert exchange.ok(commands.Mark("dlv_1", 8_000)).completion_tokens == 10_000
    assert exchange.ok(commands.Mark("dlv_1", 10_000)).completion_tokens == 10_000
    draws = exchange.state.reservations["dlv_1"].draws
    assert [draw.tokens for draw in draws] == [11_000]


def test_a_refused_extension_is_named_and_the_mark_holds(exchange: Exchange) -> None:
    for number in range(29):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    exchange.ok(reserve("dlv_x", exchange.bob, 95_000, 20_000))
    reply = exchange.ok(commands.Mark("dlv_x", 3_000))
    assert reply.extension_refused == "INSUFFICIENT_UNITS"
    assert reply.completion_tokens == 4_096
    assert exchange.state.reservations["dlv_x"].marked_tokens == 98_000
    usage = exchange.ok(report("dlv_x", "in_spec", 99_096)).usage
    assert usage.billed_tokens == 99_096


def test_a_mark_moves_the_deadline_but_not_far_past_the_lots_end(exchange: Exchange) -> None:
    first = exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 10_000)).deadline_us
    assert first == exchange.at_us + 600 * SECOND
    for _ in range(48):
        exchange.later(300 * SECOND)
        reply = exchange.ok(commands.Mark("dlv_1", 10))
    lot_end = exchange.state.lots["lot_000000000001"].expires_at_us
    assert reply.deadline_us == lot_end + 600 * SECOND
