"""The store on SQLite and PostgreSQL: durable batches, one writer, an append-only table, and clear
errors for files that are not ours. Rows here carry plain bytes; what they mean is tested elsewhere.
"""

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from thegrid_exchange.clock import ManualClock
from thegrid_exchange.journal import chain, schema
from thegrid_exchange.journal.protocol import (
    Fenced,
    Head,
    JournalBroken,
    JournalError,
    JournalLocked,
    Quarantined,
    SnapshotHead,
    StoredRow,
)
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.journal.store import SqlJournal


def rows_after(journal: SqlJournal, head: Head, count: int, at_us: int = 1_000) -> list[StoredRow]:
    """Sealed rows that continue the chain from `head`."""
    rows, prev_hash = [], head.hash
    for seq in range(head.seq + 1, head.seq + 1 + count):
        content = StoredRow(
            1, seq, journal.epoch, at_us + seq, 1, "mem_1", f"req-{seq}" if seq % 2 else "",
            b"hash", "Deposit", b"command", b"events", b"reply", b"", b"",
        )  # fmt: skip
        rows.append(chain.seal(content, prev_hash))
        prev_hash = rows[-1].hash
    return rows


async def everything(journal: SqlReader) -> list[StoredRow]:
    return [row async for batch in journal.read() for row in batch]


async def test_what_was_appended_is_there_after_a_restart(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    head = await journal.open()
    assert head.seq == 0
    rows = rows_after(journal, head, 5)
    await journal.append(rows[:2])
    await journal.append(rows[2:])
    first_epoch = journal.epoch
    await journal.close()

    again = SqlJournal(journal_url, ManualClock())
    assert await again.open() == Head(5, rows[-1].hash, rows[-1].at_us)
    assert again.epoch == first_epoch + 1
    assert await everything(again) == rows
    assert await again.row(3) == rows[2]
    assert await again.row(6) is None
    assert [row.seq async for batch in again.read(1, 3) for row in batch] == [2, 3]
    chain.check(rows, head)
    await again.close()


async def test_rows_and_read_models_commit_together_or_not_at_all(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    head = await journal.open()
    await journal.reset_views(1, ["CREATE TABLE balances (owner TEXT PRIMARY KEY, amount BIGINT)"])
    insert = "INSERT INTO balances (owner, amount) VALUES (?, ?)"
    rows = rows_after(journal, head, 2)
    more = "UPDATE balances SET amount = amount + ? WHERE owner = ?"
    await journal.append(
        rows[:1],
        [
            (insert, [("mem_1", 5), ("mem_2", 6)]),
            (more, [(1, "mem_1")]),
            ("DELETE FROM balances WHERE owner = ?", [("mem_2",)]),
        ],
    )
    with pytest.raises(DBAPIError):
        await journal.append(rows[1:], [(insert, [("mem_3", 7)]), (insert, [("mem_1", 8)])])
    assert len(await everything(journal)) == 1
    async with journal.engine.connect() as connection:
        found = (await connection.execute(text("SELECT * FROM balances"))).fetchall()
    assert [tuple(row) for row in found] == [("mem_1", 6)]
    await journal.close()


async def test_read_models_count_as_made_only_once_declared(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.open()
    assert await journal.views_version() is None
    await journal.reset_views(4, ["CREATE TABLE one (number INTEGER)"])
    assert await journal.views_version() is None
    await journal.project([], version=4)
    assert await journal.views_version() == 4
    await journal.close()


@pytest.mark.parametrize("statement", ["UPDATE journal SET kind = 'x'", "DELETE FROM journal"])
async def test_the_journal_table_is_append_only(journal_url: str, statement: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.append(rows_after(journal, await journal.open(), 1))
    engine = create_async_engine(journal_url)
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    await engine.dispose()
    await journal.close()


async def test_readers_cannot_write(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.open()
    with pytest.raises(DBAPIError):
        async with journal.engine.begin() as connection:
            await connection.execute(text("DELETE FROM journal_meta"))
    await journal.close()


async def test_a_row_cannot_be_written_twice(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    rows = rows_after(journal, await journal.open(), 2)
    await journal.append(rows)
    with pytest.raises(DBAPIError):
        await journal.append(rows[1:])
    await journal.close()


async def test_a_writer_of_an_older_epoch_is_fenced(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    rows = rows_after(journal, await journal.open(), 1)
    engine = create_async_engine(journal_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE journal_lease SET epoch = epoch + 1"))
    with pytest.raises(Fenced):
        await journal.append(rows)
    assert await everything(journal) == []
    await engine.dispose()
    await journal.close()


async def test_requests_are_found_from_an_instant_on(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.append(rows_after(journal, await journal.open(), 9, at_us=1_000))
    for since, expected in ((0, [1, 3, 5, 7, 9]), (1_005, [5, 7, 9]), (1_006, [7, 9]), (2_000, [])):
        found = [seen.seq async for batch in journal.requests_since(since) for seen in batch]
        assert found == expected
    await journal.close()


async def test_only_the_newest_snapshots_are_kept(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.open()
    for seq in (10, 20, 30):
        await journal.put_snapshot_chunk(seq, 0, b"a" * seq)
        await journal.put_snapshot_chunk(seq, 1, b"b")
        await journal.complete_snapshot(SnapshotHead(seq, 1, b"h", 1, 2, b"d"), keep=2)
    assert [snapshot.seq for snapshot in await journal.snapshots()] == [30, 20]
    assert [chunk async for chunk in journal.snapshot_chunks(30)] == [b"a" * 30, b"b"]
    assert [chunk async for chunk in journal.snapshot_chunks(10)] == []
    await journal.close()


async def test_a_quarantined_command_is_remembered(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.open()
    entry = Quarantined("mem_1", "req-1", 7, b"command", "InvariantBroken")
    await journal.quarantine(entry)
    await journal.quarantine(entry)
    await journal.close()
    again = SqlJournal(journal_url, ManualClock())
    await again.open()
    assert await again.quarantined() == [entry]
    await again.close()


async def test_rows_lost_at_the_end_are_noticed_at_the_start(sqlite_url: str) -> None:
    journal = SqlJournal(sqlite_url, ManualClock())
    await journal.append(rows_after(journal, await journal.open(), 3))
    await journal.close()
    engine = create_async_engine(sqlite_url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER journal_no_delete"))
        await connection.execute(text("DELETE FROM journal WHERE seq = 3"))
    await engine.dispose()
    with pytest.raises(JournalBroken, match="journal row 3: rows at the end are gone"):
        await SqlJournal(sqlite_url, ManualClock()).open()


# ---- one writer --------------------------------------------------------------------------------


async def test_a_second_exchange_on_the_same_folder_is_told_who_holds_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD_LOCK, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(JournalLocked) as caught:
        await SqlJournal(sqlite_url, ManualClock()).open()
    assert f"process {holder.pid}" in str(caught.value)
    assert "GRID_DATA" in str(caught.value)
    holder.kill()
    await holder.wait()
    journal = SqlJournal(sqlite_url, ManualClock())  # the lock dies with its holder
    await journal.open()
    await journal.close()


_HOLD_LOCK = """
import sys, pathlib
from thegrid_exchange.journal.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
import signal; signal.pause()
"""


async def test_on_a_shared_database_the_lease_keeps_the_second_out(postgres_url: str) -> None:
    journal = SqlJournal(postgres_url, ManualClock())
    await journal.open()
    with pytest.raises(JournalLocked, match="holds partition 1"):
        await SqlJournal(postgres_url, ManualClock()).open()
    await journal.close()
    again = SqlJournal(postgres_url, ManualClock())
    await again.open()
    await again.close()


async def test_a_lease_that_ran_out_is_taken_and_its_holder_fenced(postgres_url: str) -> None:
    old = SqlJournal(postgres_url, ManualClock())
    rows = rows_after(old, await old.open(), 1)
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE journal_lease SET expires_us = 1"))
    new = SqlJournal(postgres_url, ManualClock())
    await new.open()
    with pytest.raises(Fenced):
        await old.append(rows)
    await new.append(rows_after(new, Head(0, chain.genesis(new.exchange_id, 1), 0), 1))
    for journal in (old, new):
        await journal.close()
    await engine.dispose()


async def test_a_standby_waits_for_the_lease_and_starts_at_the_newest_row(
    postgres_url: str,
) -> None:
    old, clock = SqlJournal(postgres_url, ManualClock()), ManualClock()
    head = await old.open()
    new = SqlJournal(postgres_url, clock, lease_wait_us=60_000_000)
    opening = asyncio.create_task(new.open())
    await until_it_sleeps(clock)
    rows = rows_after(old, head, 3)
    await old.append(rows)
    await old.close()
    clock.advance(1_000_000)
    assert (await opening).seq == 3
    assert new.epoch == old.epoch + 1
    await new.close()


async def until_it_sleeps(clock: ManualClock) -> None:
    """Let the loop run, database answers included, until someone waits on the clock."""
    for _ in range(1_000_000):
        if clock.sleepers:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits on the clock")


async def test_a_holder_that_lost_its_lease_is_told_between_batches(postgres_url: str) -> None:
    clock, lost = ManualClock(), asyncio.Event()
    journal = SqlJournal(postgres_url, clock)
    await journal.open()
    errors: list[Exception] = []

    def told(error: Exception) -> None:
        errors.append(error)
        lost.set()

    journal.on_lost = told
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE journal_lease SET epoch = epoch + 1"))
    await asyncio.sleep(0)
    clock.advance(60_000_000)
    await asyncio.wait_for(lost.wait(), 10)
    assert isinstance(errors[0], Fenced)
    await engine.dispose()
    await journal.close()


# ---- files that are not ours -------------------------------------------------------------------


async def test_a_file_that_is_no_database_is_named(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "exchange.db").write_bytes(b"hello, this is no database at all" * 100)
    with pytest.raises(JournalError, match=r"exchange\.db: cannot be read as a journal"):
        await SqlJournal(sqlite_url, ManualClock()).open()


async def test_the_database_of_another_program_is_left_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "exchange.db") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = (tmp_path / "exchange.db").read_bytes()
    with pytest.raises(JournalError, match="is the database of another program"):
        await SqlJournal(sqlite_url, ManualClock()).open()
    assert (tmp_path / "exchange.db").read_bytes() == before


async def test_a_newer_journal_is_refused(journal_url: str) -> None:
    journal = SqlJournal(journal_url, ManualClock())
    await journal.open()
    await journal.close()
    engine = create_async_engine(journal_url)
    async with engine.begin() as connection:
        newer = f"UPDATE journal_meta SET value = '{schema.SCHEMA_VERSION + 1}' "
        await connection.execute(text(newer + "WHERE name = 'schema_version'"))
    await engine.dispose()
    with pytest.raises(JournalError, match="run a newer grid-exchange"):
        await SqlJournal(journal_url, ManualClock()).open()


async def test_reading_where_nothing_is_says_so(tmp_path: Path) -> None:
    reader = SqlReader(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(JournalError, match="no journal here"):
        await reader.open()
    assert not (tmp_path / "none.db").exists()


async def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(JournalError, match="GRID_DATABASE_URL takes"):
        SqlJournal("mysql://localhost/grid", ManualClock())


async def test_the_store_proves_that_sqlite_is_durable(sqlite_url: str, tmp_path: Path) -> None:
    journal = SqlJournal(sqlite_url, ManualClock())
    await journal.open()
    assert (tmp_path / "exchange.db-wal").exists()
    assert os.stat(tmp_path / "exchange.lock").st_mode & 0o077 == 0
    await journal.close()
    assert (tmp_path / "exchange.lock").read_text() == ""
