"""Repeats of a request: the first answer, in flight and after a restart, or a clear refusal."""

import asyncio

import pytest

from tests.support.core import (
    HORIZON_US,
    HeldJournal,
    start_core,
    turns,
    with_member,
)
from tests.support.market import SPEC
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import (
    DefineInstrument,
    Deposit,
    PlaceOrder,
    SetPolicy,
    Tick,
    Withdraw,
)
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.sequencer import (
    Overloaded,
    RequestConflict,
    RequestExpired,
)

# ---- repeats -----------------------------------------------------------------------------------


async def test_a_repeat_gets_the_first_answer_and_runs_nothing() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    first = await core.submit(Deposit(member_id, 5), "r-1")
    again = await core.submit(Deposit(member_id, 5), "r-1")
    assert again == first._replace(repeated=True)
    assert core.sequencer.durable.seq == 2
    await core.stop()


async def test_a_refusal_is_repeated_too() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    first = await core.submit(Withdraw(member_id, 5), "r-1")
    await core.submit(Deposit(member_id, 5))
    assert (await core.submit(Withdraw(member_id, 5), "r-1")).reply == first.reply
    await core.stop()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_refusal_that_says_when_to_come_back_is_no_answer_to_keep(restarted: bool) -> None:
    clock, journal = ManualClock(), MemoryJournal()
    core = await start_core(journal, clock)
    await core.submit(SetPolicy((("outage_gap_us", 0),)))
    await core.submit(DefineInstrument("text-prime", "Text", SPEC))
    member_id = await with_member(core)
    await core.submit(Deposit(member_id, 10_000_000))
    clock.advance(24 * 3_600_000_000)  # a sweep is due, and no Tick has come
    order = PlaceOrder(member_id, "mkt_text-prime", "buy", "limit", 1, 1_000_000)
    refused = await core.submit(order, "r-1")
    assert refused.reply.reason == "MARKET_SWEEPING"
    assert refused.reply.retry_after_us > 0
    if restarted:
        await core.crash()
        core = await start_core(journal, clock)
    while (await core.submit(Tick())).reply.more_due:
        pass
    first, second = await asyncio.gather(core.submit(order, "r-1"), core.submit(order, "r-1"))
    assert first.reply.order.order_id == second.reply.order.order_id
    assert first.seq == second.seq
    assert (await core.submit(order, "r-1")).seq == first.seq
    assert len(core.sequencer.state.orders) == 1
    await core.stop()


async def test_a_repeat_in_flight_waits_for_the_same_answer() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    member_id = await with_member(core)
    journal.gate.clear()
    calls = [asyncio.create_task(core.submit(Deposit(member_id, 5), "r-1")) for _ in range(3)]
    await turns()
    with pytest.raises(RequestConflict):
        await core.submit(Deposit(member_id, 6), "r-1")
    journal.gate.set()
    answers = await asyncio.gather(*calls)
    assert [answer.seq for answer in answers] == [2, 2, 2]
    assert [answer.repeated for answer in answers] == [False, True, True]
    await core.stop()


async def test_a_repeat_after_a_restart_gets_the_first_answer() -> None:
    journal, clock = MemoryJournal(), ManualClock()
    core = await start_core(journal, clock)
    member_id = await with_member(core)
    first = await core.submit(Deposit(member_id, 5), "r-1")
    await core.stop()
    core = await start_core(journal, clock)
    clock.advance(HORIZON_US)
    assert await core.submit(Deposit(member_id, 5), "r-1") == first._replace(repeated=True)
    await core.stop()


async def test_another_body_under_the_same_id_is_a_conflict() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    await core.submit(Deposit(member_id, 5), "r-1")
    with pytest.raises(RequestConflict):
        await core.submit(Deposit(member_id, 6), "r-1")
    await core.stop()


async def test_the_hash_of_the_edge_decides_what_the_same_body_is() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    submit = core.sequencer.submit
    first = await submit(Deposit(member_id, 5), actor="a", request_id="r", request_hash=b"body")
    again = await submit(Deposit(member_id, 6), actor="a", request_id="r", request_hash=b"body")
    assert again.seq == first.seq
    await core.stop()


async def test_request_ids_of_two_actors_do_not_meet() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    first = await core.submit(Deposit(member_id, 5), "r-1", actor="one")
    second = await core.submit(Deposit(member_id, 6), "r-1", actor="two")
    assert (first.seq, second.seq) == (2, 3)
    await core.stop()


def uuid7_of(at_us: int) -> str:
    digits = f"{at_us // 1_000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7abc-8def-0123456789ab"


async def test_an_id_older_than_the_horizon_is_expired_unless_it_is_known() -> None:
    clock = ManualClock()
    core = await start_core(MemoryJournal(), clock)
    member_id = await with_member(core)
    known, unknown = uuid7_of(clock.now_us()), uuid7_of(clock.now_us() - HORIZON_US - 1_000_000)
    await core.submit(Deposit(member_id, 5), known)
    with pytest.raises(RequestExpired):
        await core.submit(Deposit(member_id, 5), unknown)
    clock.advance(HORIZON_US - 1)
    assert (await core.submit(Deposit(member_id, 5), known)).repeated
    clock.advance(2 * HORIZON_US)
    await core.submit(Deposit(member_id, 5), "another")
    with pytest.raises(RequestExpired):
        await core.submit(Deposit(member_id, 5), known)
    await core.stop()


async def test_no_more_ids_are_remembered_than_allowed() -> None:
    core = await start_core(MemoryJournal(), most_request_ids=2)
    member_id = await with_member(core)
    for number in range(2):
        await core.submit(Deposit(member_id, 5), f"r-{number}")
    with pytest.raises(Overloaded):
        await core.submit(Deposit(member_id, 5), "r-2")
    assert (await core.submit(Deposit(member_id, 5))).seq == 4
    await core.stop()
