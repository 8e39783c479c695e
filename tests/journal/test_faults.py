"""Faults: unwound or fatal, quarantined or fail-stop, and draining in good order."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.core import (
    Core,
    HeldJournal,
    a_member,
    start_core,
    turns,
    with_member,
)
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import Deposit, Tick
from thegrid_exchange.engine.refusals import InvariantBroken, Refusal
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.protocol import Statement, StoredRow
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.sequencer import (
    Draining,
    InternalFault,
    Stopped,
)

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


async def test_a_snapshot_that_cannot_be_written_stops_the_process_too() -> None:
    journal = HeldJournal()

    async def full(_seq: int, _number: int, _chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    journal.put_snapshot_chunk = full  # type: ignore[method-assign]
    core = await start_core(journal, snapshot_rows=1)
    await core.submit(a_member())
    await turns()
    assert core.faults == ["a snapshot could not be written ([Errno 28] No space left on device)"]
    with pytest.raises(Draining):
        await core.submit(a_member(2))
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
