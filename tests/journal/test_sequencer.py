"""The sequencer: one order for all, answers only when durable, limits and time."""

import asyncio

import pytest

from tests.support.core import (
    HeldJournal,
    a_member,
    start_core,
    turns,
    with_member,
)
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import Deposit, Tick, Withdraw
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.sequencer import (
    Limits,
    Overloaded,
    Stopped,
)

# ---- order and durability ----------------------------------------------------------------------


async def test_an_answer_names_its_row_and_its_stamp() -> None:
    clock = ManualClock()
    core = await start_core(MemoryJournal(), clock)
    member_id = await with_member(core)
    answer = await core.submit(Deposit(member_id, 5_000_000))
    assert (answer.seq, answer.at_us, answer.repeated) == (2, clock.now_us(), False)
    assert answer.reply.available_micros == 5_000_000
    assert [type(event).__name__ for event in answer.events] == ["Posted"]
    assert [row.seq for row in core.rows] == [1, 2]
    assert core.rows[1].command == Deposit(member_id, 5_000_000)
    await core.stop()


async def test_a_refusal_is_a_row_without_events() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    answer = await core.submit(Withdraw(member_id, 1))
    assert isinstance(answer.reply, Refusal)
    assert answer.reply.reason == "INSUFFICIENT_FUNDS"
    assert (core.rows[-1].events, core.rows[-1].reply) == ((), answer.reply)
    await core.stop()


async def test_nothing_is_answered_or_published_before_it_is_durable() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    member_id = await with_member(core)
    journal.gate.clear()
    call = asyncio.create_task(core.submit(Deposit(member_id, 5)))
    await turns()
    assert not call.done()
    assert core.sequencer.durable.seq == len(core.rows) == 1
    journal.gate.set()
    assert (await call).seq == core.sequencer.durable.seq == len(core.rows) == 2
    await core.stop()


async def test_subscribers_see_a_row_before_its_caller_is_answered() -> None:
    core = await start_core(MemoryJournal())
    order: list[str] = []
    core.sequencer.subscribe(lambda rows: order.extend("published" for _ in rows))
    await core.submit(a_member())
    order.append("answered")
    assert order == ["published", "answered"]
    await core.stop()


async def test_while_one_batch_commits_the_next_gathers() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    member_id = await with_member(core)
    journal.gate.clear()
    calls = [asyncio.create_task(core.submit(Deposit(member_id, 1)))]
    await turns()
    calls += [asyncio.create_task(core.submit(Deposit(member_id, 1))) for _ in range(50)]
    await turns()
    journal.gate.set()
    answers = await asyncio.gather(*calls)
    assert journal.batches == [1, 1, 50]
    assert [answer.seq for answer in answers] == list(range(2, 53))
    await core.stop()


async def test_a_batch_has_a_limit_and_the_rest_waits_its_turn() -> None:
    journal = HeldJournal()
    core = await start_core(journal, limits=Limits(batch_commands=10))
    member_id = await with_member(core)
    calls = [asyncio.create_task(core.submit(Deposit(member_id, 1))) for _ in range(95)]
    answers = await asyncio.gather(*calls)
    assert max(journal.batches) == 10
    assert [answer.seq for answer in answers] == list(range(2, 97))
    await core.stop()


async def test_a_full_queue_answers_overloaded_and_recovers() -> None:
    journal = HeldJournal()
    limits = Limits(batch_commands=2, waiting_commands=3, overload_retry_us=70)
    core = await start_core(journal, limits=limits)
    member_id = await with_member(core)
    journal.gate.clear()
    calls = [asyncio.create_task(core.submit(Deposit(member_id, 1))) for _ in range(2)]
    await turns()
    calls += [asyncio.create_task(core.submit(Deposit(member_id, 1))) for _ in range(5)]
    await turns()
    with pytest.raises(Overloaded) as caught:
        await core.submit(Deposit(member_id, 1))
    assert caught.value.retry_after_us == 70
    journal.gate.set()
    assert len(await asyncio.gather(*calls)) == 7
    assert (await core.submit(Deposit(member_id, 1))).seq == 9
    await core.stop()


async def test_a_caller_who_leaves_takes_nothing_back() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    member_id = await with_member(core)
    journal.gate.clear()
    call = asyncio.create_task(core.submit(Deposit(member_id, 5), "r-1"))
    await turns()
    call.cancel()
    await turns()
    journal.gate.set()
    repeat = await core.submit(Deposit(member_id, 5), "r-1")
    assert (repeat.seq, repeat.repeated) == (2, True)
    assert core.sequencer.state.balance(member_id, "available", "usd") == 5
    await core.stop()


# ---- time --------------------------------------------------------------------------------------


async def test_stamps_never_go_back() -> None:
    clock = ManualClock()
    core = await start_core(MemoryJournal(), clock)
    first = await core.submit(Tick())
    clock.set_wall(clock.now_us() - 3_600_000_000)
    second = await core.submit(Tick())
    assert second.at_us == first.at_us
    await core.stop()


async def test_a_clock_that_leaps_is_not_believed() -> None:
    clock = ManualClock()
    core = await start_core(MemoryJournal(), clock, limits=Limits(clock_jump_us=1_000_000))
    await core.submit(Tick())
    clock.advance(2_000_000)
    with pytest.raises(Stopped):
        await core.submit(Tick())
    assert core.faults == ["the clock jumped 2 s ahead"]
    await core.crash()
