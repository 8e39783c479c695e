"""A seeded world in one loop: the real sequencer, recovery and engine over a journal that crashes
between any two awaits, fails to commit, or commits and then fails. A seed names one whole history.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.core import Core, start_core
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import CreateMember, Deposit, Withdraw
from thegrid_exchange.journal.codec import decode_row
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.protocol import Row, Statement, StoredRow
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.sequencer import Limits, SequencerError
from thegrid_exchange.ticker import Ticker

CLIENTS = 6
INTENTS = 12


class UncertainJournal(MemoryJournal):
    """Durable rows survive a crash; when they become so, and what then goes wrong, varies."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance

    async def append(self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()) -> None:
        await self._pause()
        if self.chance.random() < 0.02:
            raise OSError("the disk is full")
        await self._store(rows)
        if self.chance.random() < 0.02:
            raise OSError("the answer of the disk was lost")
        await self._pause()

    async def _store(self, rows: Sequence[StoredRow]) -> None:
        self.rows.extend(rows)

    async def _pause(self) -> None:
        for _ in range(self.chance.randrange(6)):
            await asyncio.sleep(0)


class HastyJournal(UncertainJournal):
    """A planted fault: it answers while the last rows lie in a buffer that a crash empties."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.buffer: list[StoredRow] = []

    async def _store(self, rows: Sequence[StoredRow]) -> None:
        self.rows.extend(self.buffer)
        self.buffer = list(rows)

    async def open(self) -> Any:
        self.buffer = []
        return await super().open()


class World:
    """Clients that want their intents done exactly once, whatever becomes of the exchange."""

    def __init__(self, seed: int, journal: type[UncertainJournal] = UncertainJournal) -> None:
        self.chance = random.Random(seed)
        self.journal = journal(self.chance)
        self.clock = ManualClock()
        self.answered: dict[str, tuple[int, Any]] = {}
        self.published: dict[int, bytes] = {}
        self.left = [self._intents(number) for number in range(CLIENTS)]
        self.lives = 0

    def _intents(self, number: int) -> list[tuple[str, Any]]:
        intents: list[tuple[str, Any]] = [(f"{number}-new", CreateMember(f"client-{number}"))]
        for turn in range(INTENTS):
            kind = self.chance.choice([Deposit, Withdraw])
            command = kind(f"mem_{self.chance.randrange(1, CLIENTS):012}", 1 + turn)
            intents.append((f"{number}-{turn}", command))
        return intents

    async def run(self) -> None:
        """Life after life, until every intent is answered; check after each."""
        while any(self.left):
            self.lives += 1
            await self._live()
            self._check()

    async def _live(self) -> None:
        core = await start_core(
            self.journal,
            self.clock,
            limits=Limits(batch_commands=self.chance.choice([1, 3, 1_000])),
            snapshot_rows=self.chance.choice([0, 5, 20]),
        )
        self._compare_with_whole_fold(core)
        core.sequencer.subscribe(self._see)
        ticker = Ticker(core.sequencer, self.clock)
        tasks = [asyncio.create_task(self._client(core, left)) for left in self.left]
        tasks.append(asyncio.create_task(ticker.run()))
        for _ in range(self.chance.choice([5, 20, 60, 200])):
            await asyncio.sleep(0)
            self._move_time()
            if core.faults or not any(self.left):
                break
        await self._crash()
        await self.journal.close()

    async def _client(self, core: Core, left: list[tuple[str, Any]]) -> None:
        while left:
            request_id, command = left[0]
            try:
                answer = await core.submit(command, request_id)
            except SequencerError:
                await asyncio.sleep(0)
                continue
            known = self.answered.setdefault(request_id, (answer.seq, answer.reply))
            assert known == (answer.seq, answer.reply), "a repeat got another answer"
            if self.chance.random() < 0.9:  # else it asks once more, as after a lost answer
                left.pop(0)

    def _move_time(self) -> None:
        luck = self.chance.random()
        if luck < 0.005:
            self.clock.advance(self.chance.randrange(1, 7_200_000_000))
        elif luck < 0.2:
            self.clock.advance(self.chance.randrange(1, 20_000_000))
        elif luck < 0.22:
            self.clock.set_wall(self.clock.now_us() - self.chance.randrange(3_600_000_000))

    async def _crash(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        for outcome in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(outcome, AssertionError):
                raise outcome

    def _see(self, rows: Sequence[Row]) -> None:
        self.published |= {row.seq: row.hash for row in rows}

    def _compare_with_whole_fold(self, core: Core) -> None:
        rules = running_rules()
        whole = rules.empty()
        for row in self.journal.rows:
            rules.fold(whole, row.at_us, decode_row(rules.codec, row).events)
        assert whole.digest() == core.sequencer.state.digest(), "recovery is not the fold"

    def _check(self) -> None:
        rows = {row.seq: row for row in self.journal.rows}
        requests = [row.request_id for row in self.journal.rows if row.request_id]
        assert len(requests) == len(set(requests)), "a request ran twice"
        for request_id, (seq, reply) in self.answered.items():
            assert seq in rows, "an answer was lost"
            assert rows[seq].request_id == request_id, "an answer names another row"
            assert decode_row(running_rules().codec, rows[seq]).reply == reply
        for seq, row_hash in self.published.items():
            assert seq in rows, "something was published that is gone"
            assert rows[seq].hash == row_hash, "something else was published"


async def test_some_seeded_histories() -> None:
    lives, replies = 0, set[str]()
    for seed in range(25):
        world = World(seed)
        await world.run()
        lives += world.lives
        replies |= {type(reply).__name__ for _, reply in world.answered.values()}
        assert len(world.answered) == CLIENTS * (INTENTS + 1)
    assert lives > 50
    assert replies == {"MemberReply", "CashReply", "Refusal"}


@pytest.mark.slow
async def test_many_seeded_histories() -> None:
    for seed in range(1_000, 1_400):
        await World(seed).run()


async def test_a_journal_that_answers_too_early_is_caught() -> None:
    caught = 0
    for seed in range(10):
        try:
            await World(seed, HastyJournal).run()
        except AssertionError as error:
            caught += "lost" in str(error) or "gone" in str(error) or "another row" in str(error)
    assert caught >= 8


async def test_the_same_seed_is_the_same_history() -> None:
    digests = []
    for _ in range(2):
        world = World(77)
        await world.run()
        digests.append([row.hash for row in world.journal.rows])
    assert digests[0] == digests[1]
