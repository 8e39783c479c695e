"""Processes killed, disks filled: what was acknowledged is there, and nothing is half there."""

import asyncio
import os
import random
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.support.core import balances_of, start_core
from thegrid_exchange.clock import SystemClock
from thegrid_exchange.journal.audit import audit
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.store import SqlJournal

CHILD = Path(__file__).parents[1] / "support" / "exchange_child.py"


class Child:
    """One life of an exchange process, and every acknowledgement it gave."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.acknowledged: dict[int, tuple[str, int]] = {}

    @classmethod
    async def start(cls, folder: Path, clients: int, file_limit_bytes: int = 0) -> "Child":
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(CHILD), str(folder), str(clients),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TEST_FILE_LIMIT_BYTES": str(file_limit_bytes)},
        )  # fmt: skip
        child = cls(process)
        first = await child._line()
        if not first.startswith("ready"):
            _, errors = await process.communicate()
            raise AssertionError(errors.decode())
        return child

    async def _line(self) -> str:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        return line.decode() if line.endswith(b"\n") else ""

    async def listen(self, count: int | None = None) -> None:
        """Take acknowledgements: so many, or all there are until the process ends."""
        while count is None or len(self.acknowledged) < count:
            line = await self._line()
            if not line:
                return
            seq, request_id, amount_micros = line.split()
            self.acknowledged[int(seq)] = (request_id, int(amount_micros))

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.listen()
        await self.process.communicate()


async def prove(folder: Path, acknowledged: dict[int, tuple[str, int]]) -> int:
    """Everything acknowledged is in the journal, which proves; read models equal its fold."""
    url = f"sqlite+aiosqlite:///{folder / 'exchange.db'}"
    rules, journal = running_rules(), SqlJournal(url, SystemClock())
    core = await start_core(journal)
    try:
        rows = [row async for batch in journal.read() for row in batch]
        async with journal.engine.connect() as connection:
            found = await connection.exec_driver_sql("SELECT account, amount FROM test_balances")
            stored = {account: amount for account, amount in found.fetchall() if amount}
        assert stored == balances_of(core.sequencer.state)
        proof = await audit(journal, rules)
    finally:
        await core.stop()
    assert proof.executed == proof.rows == len(rows)
    for seq, told in acknowledged.items():
        assert 0 < seq <= len(rows), f"row {seq} was acknowledged and is gone"
        command = rules.codec.decode(rows[seq - 1].command)
        assert (rows[seq - 1].request_id, command.amount_micros) == told
    return proof.rows


async def kill_rounds(folder: Path, rounds: int, seed: int) -> tuple[int, int]:
    """Kill so many lives at random moments; answer rows and acknowledgements in all."""
    chance = random.Random(seed)
    acknowledged: dict[int, tuple[str, int]] = {}
    for _ in range(rounds):
        child = await Child.start(folder, clients=chance.choice([1, 5, 40]))
        await child.listen(chance.randrange(1, 600))
        await child.kill()
        assert not acknowledged.keys() & child.acknowledged.keys()
        acknowledged |= child.acknowledged
    count = len(acknowledged)
    return await prove(folder, acknowledged), count


async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    rows, count = await kill_rounds(tmp_path, rounds=3, seed=7)
    assert rows >= count > 0


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_by_fifty_kills(tmp_path: Path) -> None:
    rows, count = await kill_rounds(tmp_path, rounds=50, seed=2026)
    print(f"50 kills: {count} acknowledged, {rows} rows, 0 lost")


async def test_a_full_disk_stops_the_process_and_the_restart_is_clean(tmp_path: Path) -> None:
    child = await Child.start(tmp_path, clients=20, file_limit_bytes=600_000)
    await child.listen()
    _, errors = await child.process.communicate()
    assert child.process.returncode == 3
    assert b"stopped: the journal could not be written" in errors
    assert errors.count(b"stopped:") == 1
    assert len(child.acknowledged) > 50
    again = await Child.start(tmp_path, clients=5)
    await again.listen(50)
    await again.kill()
    await prove(tmp_path, child.acknowledged | again.acknowledged)


async def test_the_check_sees_an_acknowledgement_that_is_not_in_the_journal(tmp_path: Path) -> None:
    child = await Child.start(tmp_path, clients=5)
    await child.listen(30)
    await child.kill()
    with pytest.raises(AssertionError):
        await prove(tmp_path, child.acknowledged | {10**6: ("never", 1)})
    seq = max(child.acknowledged)
    with sqlite3.connect(tmp_path / "exchange.db") as planted:
        planted.execute("UPDATE test_balances SET amount = amount + 1 WHERE account LIKE 'mem%'")
    planted.close()
    with pytest.raises(AssertionError):
        await prove(tmp_path, {seq: child.acknowledged[seq]})
