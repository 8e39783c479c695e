"""The audit proves a sound journal beside a running exchange, and finds each planted fault."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.core import Core, start_core, with_member
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.command import main
from thegrid_exchange.engine.commands import Deposit, Tick, Withdraw
from thegrid_exchange.engine.events import Posted
from thegrid_exchange.journal import chain
from thegrid_exchange.journal.audit import Proof, audit
from thegrid_exchange.journal.protocol import Head, JournalBroken, StoredRow
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.store import SqlJournal

CODEC = running_rules().codec


async def a_sound_journal(url: str, snapshot_rows: int = 0) -> Core:
    """Thirty rows: a member, deposits, a refusal, ticks."""
    clock = ManualClock()
    core = await start_core(SqlJournal(url, clock), clock, snapshot_rows=snapshot_rows)
    member_id = await with_member(core)
    for number in range(27):
        clock.advance(1_000)
        await core.submit(Deposit(member_id, 100 + number), f"r-{number}")
    await core.submit(Withdraw(member_id, 10**9))
    await core.submit(Tick())
    return core


async def audited(url: str, rules: Any = None) -> Proof:
    reader = SqlReader(url)
    await reader.open()
    try:
        return await audit(reader, rules or running_rules())
    finally:
        await reader.close()


async def run_behind(url: str, *statements: str, **parameters: object) -> None:
    """Change a journal with the guards taken off, as someone with database rights could."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for verb in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER IF EXISTS journal_no_{verb}"))
        for statement in statements:
            await connection.execute(text(statement), parameters)
    await engine.dispose()


async def test_a_sound_journal_proves_while_the_exchange_runs(sqlite_url: str) -> None:
    core = await a_sound_journal(sqlite_url, snapshot_rows=10)
    proof = await audited(sqlite_url)
    assert (proof.rows, proof.executed, proof.folded) == (30, 30, 0)
    assert proof.snapshots >= 2
    assert proof.digest == core.sequencer.state.digest()
    assert proof.hash == core.sequencer.durable.hash
    await core.submit(Tick())
    await core.stop()


async def test_rows_of_other_rules_are_folded(sqlite_url: str) -> None:
    await (await a_sound_journal(sqlite_url)).stop()
    newer = running_rules()._replace(version=running_rules().version + 1)
    proof = await audited(sqlite_url, newer)
    assert (proof.executed, proof.folded) == (0, 30)


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE journal SET reply = zeroblob(length(reply)) WHERE seq = 7", 7),
        ("UPDATE journal SET actor = CAST(x'ff' AS TEXT) WHERE seq = 7", 7),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE journal SET request_id = 'r-x' WHERE seq = 7", 7),
        ("DELETE FROM journal WHERE seq = 7", 7),
        ("DELETE FROM journal WHERE seq = 30", 30),
        ("DELETE FROM journal", 1),
    ],
)
async def test_a_change_behind_the_exchange_is_found(
    sqlite_url: str, statement: str, seq: int
) -> None:
    await (await a_sound_journal(sqlite_url)).stop()
    await run_behind(sqlite_url, statement)
    with pytest.raises(JournalBroken) as caught:
        await audited(sqlite_url)
    assert caught.value.seq == seq


async def test_a_byte_flipped_in_the_file_is_found(sqlite_url: str, tmp_path: Path) -> None:
    await (await a_sound_journal(sqlite_url)).stop()
    file = tmp_path / "exchange.db"
    content = bytearray(file.read_bytes())
    content[content.index(b"r-9") + 1] ^= 1
    file.write_bytes(content)
    with pytest.raises(JournalBroken) as caught:
        await audited(sqlite_url)
    assert caught.value.seq == 11


async def resealed(url: str, seq: int, **change: Any) -> None:
    """Change one row and seal it and all after it anew, so that the chain is whole again."""
    reader = SqlReader(url)
    await reader.open()
    rows = [row async for batch in reader.read() for row in batch]
    head = Head(0, chain.genesis(reader.exchange_id, 1), 0)
    await reader.close()
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for verb in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER IF EXISTS journal_no_{verb}"))
        for row in rows:
            if row.seq == seq:
                row = row._replace(**change)
            row = chain.seal(row, head.hash)
            head = Head(row.seq, row.hash, row.at_us)
            update = "UPDATE journal SET events = :events, reply = :reply, command = :command, "
            update += "prev_hash = :prev_hash, hash = :hash WHERE seq = :seq"
            await connection.execute(text(update), StoredRow(*row)._asdict())
        await connection.execute(
            text("UPDATE journal_lease SET head_hash = :hash"), {"hash": head.hash}
        )
    await engine.dispose()


async def test_a_forged_event_is_found_even_when_the_chain_was_made_whole(sqlite_url: str) -> None:
    core = await a_sound_journal(sqlite_url)
    forged: Posted = core.rows[8].events[0]
    await core.stop()
    lines = tuple(line._replace(amount=line.amount * 2) for line in forged.postings)
    await resealed(sqlite_url, 9, events=CODEC.encode_all((forged._replace(postings=lines),)))
    with pytest.raises(JournalBroken, match="its events differ") as caught:
        await audited(sqlite_url)
    assert caught.value.seq == 9


async def test_a_forged_reply_is_found_even_when_the_chain_was_made_whole(sqlite_url: str) -> None:
    core = await a_sound_journal(sqlite_url)
    reply = core.rows[8].reply
    await core.stop()
    forged = reply._replace(available_micros=reply.available_micros + 1)
    await resealed(sqlite_url, 9, reply=CODEC.encode(forged))
    with pytest.raises(JournalBroken, match="its reply differ") as caught:
        await audited(sqlite_url)
    assert caught.value.seq == 9


async def test_a_snapshot_of_another_state_is_found(sqlite_url: str) -> None:
    def forgetful_load(rows: Any) -> Any:
        return running_rules().load(row for row in rows if row[0] != "balances")

    await (await a_sound_journal(sqlite_url, snapshot_rows=10)).stop()
    with pytest.raises(JournalBroken, match="holds another state"):
        await audited(sqlite_url, running_rules()._replace(load=forgetful_load))


# ---- the command -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, sqlite_url: str) -> Path:
    """A data folder with a sound journal that no exchange runs on."""

    async def make() -> None:
        await (await a_sound_journal(sqlite_url)).stop()

    asyncio.run(make())
    return tmp_path


def test_verify_says_what_was_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder)]) == 0
    assert "30 rows proved: chain whole, 30 carried out again" in capsys.readouterr().err


def test_verify_names_the_first_bad_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite+aiosqlite:///{folder / 'exchange.db'}"
    asyncio.run(run_behind(url, "UPDATE journal SET actor = 'someone' WHERE seq = 7"))
    assert main(["verify", str(folder)]) == 4
    assert "journal row 7: its content does not match its seal" in capsys.readouterr().err


def test_verify_of_an_empty_folder_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "no journal here; start the exchange once" in capsys.readouterr().err


def test_replay_prints_rows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(folder), "--from", "2", "--to", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert '"kind": "Deposit"' in lines[0]
    assert '"type": "Posted"' in lines[0]


def test_a_snapshot_is_taken_offline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", str(folder)]) == 0
    assert "snapshot taken at row 30" in capsys.readouterr().err
    assert main(["verify", str(folder)]) == 0
    assert "1 snapshots compared" in capsys.readouterr().err


def test_policy_shows_the_figures_in_force(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", str(folder)]) == 0
    assert "lot_window_us" in capsys.readouterr().out


def test_a_bad_setting_stops_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--grpc-port", "many"]) == 2
    assert "--grpc-port (GRID_GRPC_PORT)" in capsys.readouterr().err
