"""Recovery: snapshot and tail equal the whole fold, damage is noticed, read models are rebuilt."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.core import Balances, Core, a_member, balances_of, start_core
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import Deposit, Tick, Withdraw
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.protocol import JournalBroken
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.store import SqlJournal


async def some_history(core: Core, rounds: int = 10) -> None:
    """Members, money in and out, refusals and ticks."""
    clock = core.clock
    assert isinstance(clock, ManualClock)
    for number in range(rounds):
        answer = await core.submit(a_member(number), f"member-{number}")
        member_id = answer.reply.member.member_id
        await core.submit(Deposit(member_id, 1_000 + number), f"deposit-{number}")
        await core.submit(Withdraw(member_id, 10 * number + 1))
        await core.submit(Withdraw(member_id, 10**9))
        clock.advance(1_000_000)
        await core.submit(Tick())


async def test_a_fold_of_the_journal_is_the_state_that_was_left(journal_url: str) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(journal_url, clock), clock)
    await some_history(core)
    left, head = core.sequencer.state.digest(), core.sequencer.durable
    await core.stop()
    core = await start_core(SqlJournal(journal_url, clock), clock)
    assert core.recovered.head == head
    assert core.sequencer.state.digest() == left
    assert core.sequencer.state.now_us == head.at_us
    assert (await core.submit(a_member(3), "member-3")).repeated
    await core.stop()


async def test_snapshot_and_tail_equal_the_whole_fold(sqlite_url: str) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(sqlite_url, clock), clock, snapshot_rows=7)
    await some_history(core)
    left = core.sequencer.state.digest()
    await core.stop()

    journal = SqlJournal(sqlite_url, clock)
    core = await start_core(journal, clock)
    assert 0 < core.recovered.snapshot_seq <= core.recovered.head.seq
    assert len(await journal.snapshots()) == 3
    assert core.sequencer.state.digest() == left
    whole = running_rules().empty()
    async for batch in journal.read():
        for row in batch:
            events = running_rules().codec.decode_all(row.events)
            running_rules().fold(whole, row.at_us, events)
    assert whole.digest() == left
    await core.stop()


async def test_a_damaged_snapshot_is_passed_over(sqlite_url: str) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(sqlite_url, clock), clock, snapshot_rows=10)
    await some_history(core)
    left = core.sequencer.state.digest()
    await core.stop()
    newest = await changed(
        sqlite_url, "SELECT max(seq) FROM journal_snapshot_chunk",
        "UPDATE journal_snapshot_chunk SET chunk = zeroblob(length(chunk)) "
        "WHERE seq = (SELECT max(seq) FROM journal_snapshot_chunk)",
    )  # fmt: skip
    core = await start_core(SqlJournal(sqlite_url, clock), clock)
    assert 0 < core.recovered.snapshot_seq < newest
    assert core.sequencer.state.digest() == left
    await core.stop()


@pytest.mark.parametrize("lie", ["digest = zeroblob(32)", "chunks = chunks + 1"])
async def test_a_snapshot_that_is_not_what_it_says_is_passed_over(
    sqlite_url: str, lie: str
) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(sqlite_url, clock), clock, snapshot_rows=10)
    await some_history(core)
    left = core.sequencer.state.digest()
    await core.stop()
    newest = await changed(
        sqlite_url, "SELECT max(seq) FROM journal_snapshot",
        f"UPDATE journal_snapshot SET {lie} WHERE seq = (SELECT max(seq) FROM journal_snapshot)",
    )  # fmt: skip
    core = await start_core(SqlJournal(sqlite_url, clock), clock)
    assert 0 < core.recovered.snapshot_seq < newest
    assert core.sequencer.state.digest() == left
    await core.stop()


async def test_a_snapshot_does_not_wait_for_commits_nor_they_for_it() -> None:
    clock, journal = ManualClock(), MemoryJournal()
    held = asyncio.Event()
    put = journal.put_snapshot_chunk

    async def slow_put(seq: int, number: int, chunk: bytes) -> None:
        await held.wait()
        await put(seq, number, chunk)

    journal.put_snapshot_chunk = slow_put  # type: ignore[method-assign]
    core = await start_core(journal, clock, snapshot_rows=3)
    for number in range(20):
        await core.submit(a_member(number))
    assert await journal.snapshots() == []
    held.set()
    left = core.sequencer.state.digest()
    await core.stop()
    assert [snapshot.seq for snapshot in await journal.snapshots()] == [3]
    core = await start_core(journal, clock)
    assert (core.recovered.snapshot_seq, core.sequencer.state.digest()) == (3, left)
    await core.stop()


@pytest.mark.parametrize(
    ("damage", "seq"),
    [
        ("UPDATE journal SET reply = x'c0' WHERE seq = 12", 12),
        ("UPDATE journal SET at_us = at_us + 1 WHERE seq = 12", 12),
        ("DELETE FROM journal WHERE seq = 12", 12),
        ("UPDATE journal SET actor = 'someone' WHERE seq = 50", 50),
    ],
)
async def test_damage_is_noticed_and_named(sqlite_url: str, damage: str, seq: int) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(sqlite_url, clock), clock)
    await some_history(core)
    await core.stop()
    await changed(sqlite_url, "SELECT 1", damage)
    with pytest.raises(JournalBroken) as caught:
        await start_core(SqlJournal(sqlite_url, clock), clock)
    assert caught.value.seq == seq


async def changed(url: str, query: str, damage: str) -> Any:
    """Change a closed journal behind its back; answer what `query` said before."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for verb in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER IF EXISTS journal_no_{verb}"))
        before = (await connection.execute(text(query))).scalar()
        await connection.execute(text(damage))
    await engine.dispose()
    return before


# ---- read models -------------------------------------------------------------------------------


async def stored_balances(core: Core) -> dict[str, int]:
    assert isinstance(core.journal, SqlJournal)
    async with core.journal.engine.connect() as connection:
        found = await connection.execute(text("SELECT account, amount FROM test_balances"))
        return {account: amount for account, amount in found if amount}


async def test_read_models_are_made_with_the_rows(journal_url: str) -> None:
    clock = ManualClock()
    core = await start_core(SqlJournal(journal_url, clock), clock, projector=Balances())
    await some_history(core)
    assert await stored_balances(core) == balances_of(core.sequencer.state)
    await core.stop()


async def test_read_models_of_another_version_are_rebuilt(journal_url: str) -> None:
    class Newer(Balances):
        version = 2

    clock = ManualClock()
    core = await start_core(SqlJournal(journal_url, clock), clock, snapshot_rows=10)
    await some_history(core)
    await core.stop()
    for projector in (Balances(), Newer()):
        core = await start_core(
            SqlJournal(journal_url, clock), clock, projector=projector, snapshot_rows=10
        )
        assert core.recovered.snapshot_seq == 0
        assert await stored_balances(core) == balances_of(core.sequencer.state)
        await core.stop()
    core = await start_core(SqlJournal(journal_url, clock), clock, projector=Newer())
    assert core.recovered.snapshot_seq > 0
    assert await stored_balances(core) == balances_of(core.sequencer.state)
    await core.stop()


async def test_the_folder_holds_the_journal_and_nothing_else(
    sqlite_url: str, tmp_path: Path
) -> None:
    core = await start_core(SqlJournal(sqlite_url, ManualClock()))
    await core.submit(a_member())
    await core.stop()
    assert sorted(os.listdir(tmp_path)) == ["exchange.db", "exchange.lock"]
