"""A beat per second that long streams hang on: heartbeats, expired keys, and word of draining.

What a stream does with a beat is its own affair.
"""

import asyncio
from collections.abc import Callable

from thegrid_exchange.api.auth import Authenticator
from thegrid_exchange.clock import Clock

BEAT_US = 1_000_000


class Pulse:
    """Beats until it is stopped; knows whether the exchange is going down."""

    def __init__(self, clock: Clock, authenticator: Authenticator) -> None:
        self._clock, self._authenticator = clock, authenticator
        self._listeners: set[Callable[[], None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.draining = False

    def start(self) -> None:
        """Begin to beat."""
        self._task = asyncio.create_task(self._run())

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call at every beat and once when draining begins; answers how to stop that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def drain(self) -> None:
        """Tell every stream that the exchange is going down."""
        self.draining = True
        self._beat()

    async def stop(self) -> None:
        """Beat no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(BEAT_US)
            self._authenticator.announce(self._authenticator.watched())
            self._beat()

    def _beat(self) -> None:
        for listener in tuple(self._listeners):
            listener()
