"""What is to be done at an instant: one sleeper for all deadlines of a relay.
Which deadlines there are is each call's own business.
"""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable

from thegrid_exchange.clock import Clock


class Timer:
    """One deadline; `cancel` forgets it."""

    __slots__ = ("_timers", "action")

    def __init__(self, timers: "Timers", action: Callable[[], None]) -> None:
        self._timers = timers
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Do nothing when the instant comes."""
        if self.action is not None:
            self.action = None
            self._timers.forget_one()


class Timers:
    """Deadlines on the steady clock, run in order by one task."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Timer]] = []
        self._order = itertools.count()
        self._sleeping_until_us: int | None = None
        self._sleeper: asyncio.Task[None] | None = None
        self._closed = False
        self._forgotten = 0

    def after(self, span_us: int, action: Callable[[], None]) -> Timer:
        """Run `action` once `span_us` microseconds have gone by; it must not block."""
        timer = Timer(self, action)
        due_us = self._clock.steady_us() + max(span_us, 0)
        heapq.heappush(self._heap, (due_us, next(self._order), timer))
        if self._sleeping_until_us is None or due_us < self._sleeping_until_us:
            self._sleep_anew()
        return timer

    def forget_one(self) -> None:
        """Note that a timer was cancelled, and clear the heap of such when they are the most."""
        self._forgotten += 1
        if self._forgotten > 1_024 and self._forgotten * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._forgotten = 0

    def close(self) -> None:
        """Forget every deadline."""
        self._closed = True
        self._heap.clear()
        if self._sleeper is not None:
            self._sleeper.cancel()

    def _sleep_anew(self) -> None:
        if self._sleeper is not None:
            self._sleeper.cancel()
        self._sleeping_until_us = None
        self._drop_cancelled()
        if self._heap and not self._closed:
            self._sleeping_until_us = self._heap[0][0]
            self._sleeper = asyncio.create_task(self._sleep(), name="delivery timers")

    async def _sleep(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            assert self._sleeping_until_us is not None
            await self._clock.sleep(self._sleeping_until_us - self._clock.steady_us())
            self._sleeper = None
            self._run_due()
            self._sleep_anew()

    def _run_due(self) -> None:
        now_us = self._clock.steady_us()
        while self._heap and self._heap[0][0] <= now_us:
            timer = heapq.heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                action()

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
