"""Sleeps until the engine's next deadline, then sends Tick like any client.
What is due, and how much of it one Tick does, is the engine's to say.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from thegrid_exchange.clock import Clock
from thegrid_exchange.engine.commands import Tick
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal.protocol import Row
from thegrid_exchange.sequencer import Draining, InternalFault, Overloaded, Sequencer

log = logging.getLogger(__name__)

ACTOR = "ticker"
BACK_OFF_US = 1_000_000
"""Wait after a Tick that did nothing although something was due."""


class Ticker:
    """The only sender of Tick; a heartbeat keeps idle time from looking like an outage."""

    def __init__(
        self,
        sequencer: Sequencer,
        clock: Clock,
        *,
        heartbeat_us: int = 30_000_000,
        awaited_us: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`awaited_us` says until when time has to come by for readers, if for any."""
        self._sequencer, self._clock, self._heartbeat_us = sequencer, clock, heartbeat_us
        self._awaited_us = awaited_us
        self._changed = asyncio.Event()
        self._planned_us = 0
        sequencer.subscribe(self._look)

    async def catch_up(self) -> None:
        """Tick until nothing is overdue; called before the doors open."""
        while self._due_us() <= self._now_us():
            if not await self._tick():
                return

    async def run(self) -> None:
        """Tick whenever something is due, until the exchange drains."""
        while True:
            try:
                wait_us = 0 if await self._tick_if_due() else BACK_OFF_US
            except Draining:
                return
            except Overloaded as busy:
                wait_us = busy.retry_after_us
            except InternalFault as fault:
                log.error("a Tick failed as %s", fault.reference)
                wait_us = BACK_OFF_US
            if wait_us:
                await self._clock.sleep(wait_us)
            else:
                await self._rest()

    async def _tick_if_due(self) -> bool:
        return await self._tick() if self._due_us() <= self._now_us() else True

    async def _tick(self) -> bool:
        """Send one Tick; whether it did something or left nothing due."""
        answer = await self._sequencer.submit(Tick(), actor=ACTOR)
        if isinstance(answer.reply, Refusal):
            log.error("a Tick was refused: %s", answer.reply.reason)
            return False
        return bool(answer.events) or self._due_us() > self._now_us()

    async def _rest(self) -> None:
        """Wait for the next deadline, or until a command has brought a nearer one."""
        self._changed.clear()
        self._planned_us = self._due_us()
        span_us = self._planned_us - self._now_us()
        if span_us <= 0:
            return
        waits = [
            asyncio.ensure_future(self._clock.sleep(span_us)),
            asyncio.ensure_future(self._changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _look(self, _rows: Sequence[Row]) -> None:
        if self._due_us() < self._planned_us:
            self._changed.set()

    def _now_us(self) -> int:
        return max(self._clock.now_us(), self._sequencer.durable.at_us)

    def _due_us(self) -> int:
        """The engine's next deadline, the next heartbeat or what is awaited: what comes first."""
        due_us = self._sequencer.durable.at_us + self._heartbeat_us
        for other_us in (self._sequencer.state.next_deadline_us(), self._awaited_us()):
            due_us = due_us if other_us is None else min(due_us, other_us)
        return due_us
