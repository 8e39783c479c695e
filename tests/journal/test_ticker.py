"""The ticker: it sleeps to the next deadline, works off what is due, and keeps a heartbeat.
A stand-in for the state's deadline shows its choices; the engine's own deadlines are tested there.
"""

import asyncio
from typing import Any

from tests.support.core import Core, a_member, start_core
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine.commands import Tick
from thegrid_exchange.engine.replies import TickReply
from thegrid_exchange.engine.step import Outcome
from thegrid_exchange.journal.memory import MemoryJournal
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.ticker import Ticker

SECOND_US = 1_000_000


class Work:
    """Due instants that a Tick works off one at a time."""

    def __init__(self) -> None:
        self.due_us: list[int] = []
        self.is_stuck = False
        self.real = running_rules()

    def step(self, state: Any, command: Any, at_us: int) -> Any:
        if not isinstance(command, Tick):
            return self.real.step(state, command, at_us)
        state.now_us = at_us
        if self.due_us and self.due_us[0] <= at_us and not self.is_stuck:
            self.due_us.pop(0)
        return Outcome((), TickReply(1, bool(self.due_us)))


async def start(work: Work, heartbeat_us: int = 30 * SECOND_US) -> tuple[Core, Ticker, Any]:
    clock = ManualClock()
    core = await start_core(MemoryJournal(), clock, rules=work.real._replace(step=work.step))
    core.sequencer.state.next_deadline_us = lambda: min(work.due_us, default=None)
    await core.submit(a_member())
    ticker = Ticker(core.sequencer, clock, heartbeat_us=heartbeat_us)
    return core, ticker, clock


def ticks(core: Core) -> list[int]:
    return [row.at_us for row in core.rows if row.kind == "Tick"]


async def turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_it_ticks_at_each_deadline_and_not_before() -> None:
    work = Work()
    core, ticker, clock = await start(work)
    start_us = clock.now_us()
    work.due_us = [start_us + 2 * SECOND_US, start_us + 5 * SECOND_US]
    running = asyncio.create_task(ticker.run())
    for _ in range(6):
        await turns()
        clock.advance(SECOND_US)
    await turns()
    assert ticks(core) == [start_us + 2 * SECOND_US, start_us + 5 * SECOND_US]
    running.cancel()
    await core.stop()


async def test_it_ticks_again_while_more_is_due() -> None:
    work = Work()
    core, ticker, clock = await start(work)
    work.due_us = [clock.now_us() - number for number in range(5, 0, -1)]
    await ticker.catch_up()
    assert len(ticks(core)) >= 1
    running = asyncio.create_task(ticker.run())
    for _ in range(6):
        await turns()
        clock.advance(SECOND_US)
    await turns()
    assert work.due_us == []
    running.cancel()
    await core.stop()


async def test_a_nearer_deadline_wakes_it() -> None:
    work = Work()
    core, ticker, clock = await start(work)
    running = asyncio.create_task(ticker.run())
    await turns()
    work.due_us = [clock.now_us() + SECOND_US]
    await core.submit(a_member(2))
    await turns()
    clock.advance(SECOND_US)
    await turns()
    assert ticks(core) == [clock.now_us()]
    running.cancel()
    await core.stop()


async def test_an_idle_exchange_has_a_heartbeat_and_a_busy_one_needs_none() -> None:
    core, ticker, clock = await start(Work())
    running = asyncio.create_task(ticker.run())
    await turns()
    for _ in range(10):
        clock.advance(20 * SECOND_US)
        await core.submit(a_member(clock.now_us()))
        await turns()
    assert ticks(core) == []
    for _ in range(3):
        clock.advance(30 * SECOND_US)
        await turns()
    assert len(ticks(core)) == 3
    running.cancel()
    await core.stop()


async def test_a_tick_that_does_nothing_is_not_repeated_at_once() -> None:
    work = Work()
    core, ticker, clock = await start(work)
    work.due_us, work.is_stuck = [clock.now_us()], True
    running = asyncio.create_task(ticker.run())
    await turns()
    assert len(ticks(core)) == 1
    clock.advance(SECOND_US)
    await turns()
    assert len(ticks(core)) == 2
    running.cancel()
    await core.stop()


async def test_it_ends_when_the_exchange_drains() -> None:
    work = Work()
    core, ticker, clock = await start(work)
    await core.sequencer.drain()
    work.due_us = [clock.now_us()]
    await asyncio.wait_for(ticker.run(), 1)
    await core.journal.close()
