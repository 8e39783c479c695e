"""A core in a process of its own, to be killed: many clients deposit, each answer is told at once.

Run as `python tests/support/exchange_child.py FOLDER CLIENTS`; it prints `ready SEQ`, then one line
`SEQ REQUEST AMOUNT` for every answer, and goes on until it is killed or faults.
"""

import asyncio
import itertools
import logging
import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.core import HORIZON_US, Balances
from thegrid_exchange.clock import SystemClock
from thegrid_exchange.engine.commands import CreateMember, Deposit
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.recovery import recover
from thegrid_exchange.sequencer import Sequencer


async def run(folder: Path, clients: int) -> None:
    clock, rules = SystemClock(), running_rules()
    journal = SqlJournal(f"sqlite+aiosqlite:///{folder / 'exchange.db'}", clock)
    recovered = await recover(
        journal,
        rules,
        request_horizon_us=HORIZON_US,
        most_request_ids=1_000_000,
        projector=Balances(),
    )
    snapshotter = Snapshotter(journal, rules.codec, rules.version, every_rows=200, keep=3)
    snapshotter.begin_after(recovered.snapshot_seq)
    sequencer = Sequencer(
        recovered, rules, journal, clock, projector=Balances(), snapshotter=snapshotter
    )
    sequencer.start()
    print(f"ready {recovered.head.seq}", flush=True)
    limit_bytes = int(os.environ.get("TEST_FILE_LIMIT_BYTES", "0"))
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    await asyncio.gather(*[client(sequencer, number) for number in range(clients)])


async def client(sequencer: Sequencer, number: int) -> None:
    """One client that deposits for ever; a random run id keeps its request ids its own."""
    handle = f"client-{number}-{os.getpid()}"
    made = await sequencer.submit(CreateMember(handle), actor=handle)
    member_id = made.reply.member.member_id
    for turn in itertools.count():
        request_id = f"{handle}-{turn}"
        amount_micros = 1_000 + turn
        answer = await sequencer.submit(
            Deposit(member_id, amount_micros, request_id), actor=handle, request_id=request_id
        )
        os.write(1, f"{answer.seq} {request_id} {amount_micros}\n".encode())


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
