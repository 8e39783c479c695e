"""The sequencer: one order for all, answers only when durable, repeats, limits, and fail-stop."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.core import HORIZON_US, Core, a_member, start_core, with_member
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import Deposit, Tick, Withdraw
from thegrid_exchange.engine.refusals import InvariantBroken, Refusal
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.protocol import Statement, StoredRow
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.sequencer import (
    Draining,
    InternalFault,
    Limits,
    Overloaded,
    RequestConflict,
    RequestExpired,
    Stopped,
)


class HeldJournal(MemoryJournal):
    """A journal whose commits wait until the test lets them through, or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[int] = []
        self.error: Exception | None = None

    async def append(self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.batches.append(len(rows))
        await super().append(rows, statements)


async def turns(count: int = 20) -> None:
    """Let every ready task run."""
    for _ in range(count):
        await asyncio.sleep(0)


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


# ---- faults ------------------------------------------------------------------------------------


def rules_that(step: Any) -> Any:
    """The real rules, but for their step, which gets the real one as its first argument."""
    real = running_rules()
    return real._replace(step=lambda state, command, at_us: step(real.step, state, command, at_us))


def planted(error: Exception, amount_micros: int = 13) -> Any:
    def step(real: Any, state: Any, command: Any, at_us: int) -> Any:
        if isinstance(command, Deposit) and command.amount_micros == amount_micros:
            raise error
        return real(state, command, at_us)

    return rules_that(step)


async def test_an_unexpected_fault_names_a_reference_and_leaves_no_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    core = await start_core(MemoryJournal(), rules=planted(ZeroDivisionError("secret prompt")))
    member_id = await with_member(core)
    with caplog.at_level(logging.ERROR), pytest.raises(InternalFault) as caught:
        await core.submit(Deposit(member_id, 13), "r-1")
    assert caught.value.reference in caplog.text
    assert "ZeroDivisionError in Deposit" in caplog.text
    assert "secret" not in caplog.text
    assert core.sequencer.durable.seq == 1
    assert (await core.submit(Deposit(member_id, 5), "r-1")).seq == 2
    assert core.faults == []
    await core.stop()


async def test_a_command_that_cannot_be_written_never_reaches_the_engine() -> None:
    core = await start_core(MemoryJournal())
    member_id = await with_member(core)
    with pytest.raises(InternalFault):
        await core.submit(Deposit(member_id, 2**63))
    assert core.sequencer.durable.seq == 1
    await core.stop()


async def test_a_broken_invariant_stops_the_process_and_the_restart_refuses_the_command() -> None:
    journal, clock = MemoryJournal(), ManualClock()
    rules = planted(InvariantBroken("sums"))
    core = await start_core(journal, clock, rules=rules)
    member_id = await with_member(core)
    with pytest.raises(Stopped):
        await core.submit(Deposit(member_id, 13), "r-1")
    assert core.faults == ["a broken invariant (InvariantBroken in Deposit: sums)"]
    with pytest.raises(Draining):
        await core.submit(Deposit(member_id, 5))
    await core.crash()

    core = await start_core(journal, clock, rules=rules)
    answer = await core.submit(Deposit(member_id, 13), "r-1")
    assert isinstance(answer.reply, Refusal)
    assert answer.reply.reason == "COMMAND_QUARANTINED"
    assert (await core.submit(Deposit(member_id, 5), "r-2")).seq == 2
    assert core.faults == []
    await core.stop()


async def test_a_nameless_command_is_kept_out_only_at_the_state_it_broke() -> None:
    journal, clock = MemoryJournal(), ManualClock()

    def break_on_tick(real: Any, state: Any, command: Any, at_us: int) -> Any:
        if isinstance(command, Tick):
            raise InvariantBroken("sums")
        return real(state, command, at_us)

    core = await start_core(journal, clock, rules=rules_that(break_on_tick))
    member_id = await with_member(core)
    with pytest.raises(Stopped):
        await core.submit(Tick(), actor="ticker")
    await core.crash()
    core = await start_core(journal, clock)
    assert isinstance((await core.submit(Tick(), actor="ticker")).reply, Refusal)
    await core.submit(Deposit(member_id, 5))
    assert not isinstance((await core.submit(Tick(), actor="ticker")).reply, Refusal)
    await core.stop()


async def test_a_failed_commit_stops_everything_and_is_never_retried() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    member_id = await with_member(core)
    journal.error = OSError(28, "No space left on device")
    with pytest.raises(Stopped):
        await core.submit(Deposit(member_id, 5), "r-1")
    assert "could not be written" in core.faults[0]
    journal.error = None
    with pytest.raises(Draining):
        await core.submit(Deposit(member_id, 5), "r-1")
    assert len(core.faults) == 1
    assert len(journal.rows) == 1
    await core.crash()


async def test_a_subscriber_that_fails_stops_the_process() -> None:
    core = await start_core(MemoryJournal())

    def fold(_rows: Any) -> None:
        raise KeyError("view")

    core.sequencer.subscribe(fold)
    with pytest.raises(Stopped):
        await core.submit(a_member())
    assert len(core.faults) == 1
    await core.crash()


async def test_draining_finishes_what_was_taken_and_takes_nothing_new() -> None:
    journal = HeldJournal()
    core = await start_core(journal)
    journal.gate.clear()
    call = asyncio.create_task(core.submit(a_member()))
    await turns()
    drain = asyncio.create_task(core.sequencer.drain())
    await turns()
    with pytest.raises(Draining):
        await core.submit(a_member(2))
    journal.gate.set()
    await drain
    assert (await call).seq == 1
    await journal.close()


async def test_the_checks_of_this_file_see_an_early_answer() -> None:
    """A planted fault: an append that answers before it is durable must be noticed."""

    class Hasty(HeldJournal):
        async def append(
            self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()
        ) -> None:
            self.late = asyncio.create_task(super().append(rows, statements))

    journal = Hasty()
    core: Core = await start_core(journal)
    journal.gate.clear()
    answer = await core.submit(a_member())
    assert answer.seq > len(journal.rows)
    journal.gate.set()
    await journal.late
    await core.stop()
