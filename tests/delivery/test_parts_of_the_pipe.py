"""The small parts: windows, timers, waiting room, verdicts, and the table with planted faults."""

from typing import Any

import pytest

from tests.delivery.pipe import turns
from tests.support.market import SPEC
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.delivery.endings import TableBroken, _row, endings
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.timers import Timers
from thegrid_exchange.delivery.verdict import (
    Timing,
    first_token_limit_us,
    is_too_slow,
    unseen_reasoning_tokens,
)
from thegrid_exchange.delivery.waiting import Waiter, WaitingRoom
from thegrid_exchange.delivery.windows import Window

# ---- windows -----------------------------------------------------------------------------------


def test_the_last_message_may_overdraw_a_window() -> None:
    window = Window(10)
    window.spend(25)
    assert not window.is_open
    window.grant(15)
    assert not window.is_open
    window.grant(1)
    assert window.is_open


def test_a_window_knows_how_long_it_was_closed() -> None:
    window = Window(10)
    window.spend(10, at_us=100)
    assert window.closed_us(150) == 50
    window.grant(5, at_us=160)
    assert window.closed_us(1_000) == 60
    window.spend(5, at_us=1_000)
    window.grant(5, at_us=1_001)
    assert window.closed_us(2_000) == 61


# ---- timers ------------------------------------------------------------------------------------


async def test_timers_run_in_order_and_earlier_ones_are_not_missed() -> None:
    clock = ManualClock()
    timers, ran = Timers(clock), []
    timers.after(300, lambda: ran.append("late"))
    timers.after(100, lambda: ran.append("early"))
    cancelled = timers.after(200, lambda: ran.append("never"))
    cancelled.cancel()
    cancelled.cancel()
    await turns(3)
    clock.advance(99)
    await turns(3)
    assert ran == []
    clock.advance(1)
    await turns(3)
    assert ran == ["early"]
    timers.after(10, lambda: ran.append("soon"))
    await turns(3)
    clock.advance(500)
    await turns(3)
    assert ran == ["early", "soon", "late"]
    timers.close()


async def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers(ManualClock())
    for _ in range(50_000):
        timers.after(600_000_000, lambda: None).cancel()
    assert len(timers._heap) < 5_000
    timers.close()


# ---- waiting -----------------------------------------------------------------------------------


def waiter(member_id: str, name: str = "", told: Any = None) -> Waiter:
    return Waiter(
        "ins_x", member_id, name or member_id, lambda slot: None, told or (lambda _: None)
    )


def order_of_service(room: WaitingRoom) -> list[str]:
    order = []
    while (found := room.next("ins_x", lambda wants: True)) is not None:
        order.append(found.wants)
    assert room.waiting("ins_x") == 0
    return order


def test_members_take_turns() -> None:
    room = WaitingRoom(DeliveryLimits())
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        room.enter(waiter(name[0], name))
    assert order_of_service(room) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_only_who_suits_is_taken() -> None:
    room = WaitingRoom(DeliveryLimits())
    for name in ("a1", "a2", "b1"):
        room.enter(waiter(name[0], name))
    found = room.next("ins_x", lambda wants: wants == "a2")
    assert found is not None
    assert found.wants == "a2"
    assert room.next("ins_x", lambda wants: wants == "c") is None
    assert room.waiting("ins_x") == 2


def test_who_leaves_makes_no_difference_to_the_turns_of_the_others() -> None:
    room = WaitingRoom(DeliveryLimits())
    waiters = {name: waiter(name[0], name) for name in ("a1", "b1", "a2", "c1", "b2")}
    for each in waiters.values():
        room.enter(each)
    for name in ("a1", "c1", "c1"):
        room.leave(waiters[name])
    assert room.waiting("ins_x") == 3
    assert order_of_service(room) == ["a2", "b1", "b2"]


def test_what_all_want_is_looked_at_once_however_many_wait() -> None:
    room, asked = WaitingRoom(DeliveryLimits()), list[str]()

    def suits(wants: str) -> bool:
        asked.append(wants)
        return wants == "rare"

    for member_id in "abcde":
        for _ in range(100):
            room.enter(waiter(member_id, "common"))
    room.enter(waiter("c", "rare"))
    found = room.next("ins_x", suits)
    assert found is not None
    assert found.wants == "rare"
    assert sorted(asked) == ["common", "rare"]


def test_the_room_is_bounded_and_names_its_bounds() -> None:
    limits = DeliveryLimits(waiting_deliveries=3, waiting_deliveries_per_member=2)
    room = WaitingRoom(limits)
    room.enter(waiter("a"))
    room.enter(waiter("a"))
    refused = room.refusal("ins_x", "a")
    assert refused is not None
    assert (refused.reason, refused.field) == ("SATURATED", "waiting_deliveries_per_member")
    assert (refused.limit, refused.value, refused.retry_after_us) == (2, 2, 1_000_000)
    assert room.refusal("ins_x", "b") is None
    room.enter(waiter("b"))
    refused = room.refusal("ins_x", "b")
    assert refused is not None
    assert (refused.field, refused.limit, refused.value) == ("waiting_deliveries", 3, 3)
    assert room.refusal("ins_y", "a") is None


def test_in_a_full_room_the_longest_line_gives_up_its_last() -> None:
    room = WaitingRoom(DeliveryLimits(waiting_deliveries=5))
    told: list[tuple[str, Any]] = []
    for name in ("a1", "a2", "b1", "a3", "a4"):
        room.enter(waiter(name[0], name, lambda why, name=name: told.append((name, why))))
    assert room.refusal("ins_x", "a") is not None, "its own line is the longest"
    assert room.refusal("ins_x", "c") is None
    room.enter(waiter("c", "c1"))
    ((name, why),) = told
    assert (name, why.field, why.limit) == ("a4", "waiting_deliveries", 5)
    assert room.refusal("ins_x", "b") is None
    room.enter(waiter("b", "b2"))
    assert [each[0] for each in told] == ["a4", "a3"]
    for member_id in "abc":
        assert room.refusal("ins_x", member_id), "nobody has two calls more than another"
    assert order_of_service(room) == ["a1", "b1", "c1", "a2", "b2"]


# ---- verdicts ----------------------------------------------------------------------------------


def test_the_limit_of_the_first_token_goes_by_the_band() -> None:
    assert first_token_limit_us(SPEC, 1) == 4_620_000
    assert first_token_limit_us(SPEC, 8_192) == 4_620_000
    assert first_token_limit_us(SPEC, 8_193) == 20_000_000
    assert first_token_limit_us(SPEC, 10**6) == 20_000_000


@pytest.mark.parametrize(
    ("tokens", "span_us", "closed_us", "too_slow"),
    [
        (63, 60_000_000, 0, False),
        (64, 1_600_000, 0, False),
        (64, 1_600_001, 0, True),
        (64, 5_000_000, 3_400_000, False),
        (400, 0, 0, False),
    ],
)
def test_throughput_is_judged_from_64_tokens(
    tokens: int, span_us: int, closed_us: int, too_slow: bool
) -> None:
    timing = Timing(0, 1_000, 1_000 + span_us, closed_us)
    assert is_too_slow(SPEC, timing, tokens) is too_slow


def test_unseen_reasoning_is_bounded_thrice() -> None:
    assert unseen_reasoning_tokens(SPEC, 100, 1_000, 80, 10_000_000) == 100
    assert unseen_reasoning_tokens(SPEC, 100, 60, 80, 10_000_000) == 60
    assert unseen_reasoning_tokens(SPEC, 100, 1_000, 8, 10_000_000) == 80
    forbidden = SPEC._replace(unseen_reasoning_allowed=False)
    assert unseen_reasoning_tokens(forbidden, 100, 1_000, 80, 10_000_000) == 0


# ---- the table ---------------------------------------------------------------------------------

GOOD = {
    "stage": "offered",
    "cause": "supplier_lost",
    "verdict": "failed",
    "billed": "nothing",
    "returned": "all",
    "client_sees": "SUPPLIER_LOST",
    "record": "final",
}


@pytest.mark.parametrize(
    "fault",
    [
        {"stage": "dreaming"},
        {"verdict": "superb"},
        {"billed": "twice"},
        {"client_sees": "ROSES"},
        {"record": "lost"},
        {"returned": "rest"},
        {"billed": "delivered"},
        {"colour": "red"},
    ],
)
def test_a_broken_row_is_noticed(fault: dict[str, str]) -> None:
    assert _row(GOOD).cause == "supplier_lost"
    with pytest.raises(TableBroken):
        _row({**GOOD, **fault})


def test_nothing_is_billed_but_good_and_cancelled_calls() -> None:
    for row in endings().values():
        if row.billed != "nothing":
            assert row.verdict in ("in_spec", "cancelled_by_client"), row


def test_nothing_is_rerouted_once_the_client_may_have_seen_of_it() -> None:
    for row in endings().values():
        assert not (row.reroutes and row.stage == "streaming"), row
