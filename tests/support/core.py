"""The durable core as tests run it: a journal, the real engine, a sequencer, a clock moved by hand.
What tests say of the market itself is built elsewhere.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from thegrid_exchange.clock import Clock, ManualClock
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import Posted
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.protocol import (
    Journal,
    Projector,
    Row,
    Rules,
    Statement,
    StoredRow,
)
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.recovery import Recovered, recover
from thegrid_exchange.sequencer import Committed, Limits, Sequencer

HORIZON_US = 3_600_000_000


@dataclass
class Core:
    """One running core; `stop` ends it in good order, `crash` does not."""

    sequencer: Sequencer
    journal: Journal
    clock: Clock
    recovered: Recovered
    faults: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    """Every row published since the start."""

    async def submit(self, command: Any, request_id: str = "", actor: str = "tester") -> Committed:
        return await self.sequencer.submit(command, actor=actor, request_id=request_id)

    async def stop(self) -> None:
        await self.sequencer.drain()
        await self.journal.close()

    async def crash(self) -> None:
        """End without a word to anyone, as a killed process does."""
        runner = self.sequencer._runner
        assert runner is not None
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await self.journal.close()


async def start_core(
    journal: Journal,
    clock: Clock | None = None,
    *,
    rules: Rules | None = None,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    projector: Projector | None = None,
    snapshot_rows: int = 0,
    most_request_ids: int = 1_000_000,
) -> Core:
    """Recover from the journal and start a sequencer whose faults are kept, not fatal."""
    clock, rules = clock or ManualClock(), rules or running_rules()
    recovered = await recover(
        journal,
        rules,
        request_horizon_us=HORIZON_US,
        most_request_ids=most_request_ids,
        projector=projector,
    )
    snapshotter = Snapshotter(journal, rules.codec, rules.version, every_rows=snapshot_rows, keep=3)
    snapshotter.begin_after(recovered.snapshot_seq)
    faults: list[str] = []
    sequencer = Sequencer(
        recovered,
        rules,
        journal,
        clock,
        limits=limits,
        projector=projector,
        snapshotter=snapshotter,
        on_fault=faults.append,
    )
    core = Core(sequencer, journal, clock, recovered, faults)
    sequencer.subscribe(core.rows.extend)
    sequencer.start()
    return core


def a_member(number: int = 1) -> commands.CreateMember:
    """A member that can trade and consume; the first one made gets the first member id."""
    return commands.CreateMember(f"member-{number}")


async def with_member(core: Core) -> str:
    """Create a member and answer its id."""
    answer = await core.submit(a_member())
    return str(answer.reply.member.member_id)


class Balances:
    """A read model for tests: every balance, written as sums of postings."""

    version = 1

    def create(self) -> Sequence[str]:
        return (
            "DROP TABLE IF EXISTS test_balances",
            "CREATE TABLE test_balances (account TEXT PRIMARY KEY, amount BIGINT NOT NULL)",
        )

    def project(self, rows: Sequence[Row], state: Any) -> Sequence[Statement]:
        touched = {
            (posting.owner, posting.account, posting.asset)
            for row in rows
            for event in row.events
            if isinstance(event, Posted)
            for posting in event.postings
        }
        upsert = (
            "INSERT INTO test_balances (account, amount) VALUES (?, ?) "
            "ON CONFLICT (account) DO UPDATE SET amount = excluded.amount"
        )
        values = [("/".join(key), state.balance(*key)) for key in sorted(touched)]
        return [(upsert, values)] if values else []


def balances_of(state: Any) -> dict[str, int]:
    """What the read model must hold for this state, zero balances left out."""
    return {"/".join(key): amount for key, amount in state.balances.items()}


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
