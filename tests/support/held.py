"""A relay's way to the journal on which reports are held, so that a settlement takes as long as a
test wants; all other commands pass.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from thegrid_exchange.delivery.relay import Relay
from thegrid_exchange.engine.commands import Report


class Held:
    """The door at which reports wait, and behind which they may meet a fault."""

    def __init__(self, sequencer: Any) -> None:
        self._sequencer = sequencer
        self.through = asyncio.Event()
        self.waiting = 0
        self.fault: Exception | None = None

    async def submit(self, command: Any, **more: Any) -> Any:
        """Run a command, a report only once the door is open."""
        if isinstance(command, Report):
            self.waiting += 1
            await self.through.wait()
            if self.fault is not None:
                raise self.fault
        return await self._sequencer.submit(command, **more)


@contextlib.contextmanager
def held_reports(relay: Relay) -> Iterator[Held]:
    """Hold the reports of a relay until the block ends, or sooner."""
    plain = relay.submitter._sequencer
    held = Held(plain)
    relay.submitter._sequencer = held
    try:
        yield held
    finally:
        held.through.set()
        relay.submitter._sequencer = plain
