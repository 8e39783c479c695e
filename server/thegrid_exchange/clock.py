"""The only place that reads a clock: wall time, steady time and waiting, real or moved by hand.
Nothing here decides what is due; the engine does, from the stamps it is given.
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Time as the house sees it. Instants are microseconds since 1970 (UTC)."""

    def now_us(self) -> int:
        """Wall time. It may jump and step back; the sequencer's stamps never do."""
        ...

    def steady_us(self) -> int:
        """Time that only goes forward, for measuring spans; its origin means nothing."""
        ...

    async def sleep(self, span_us: int) -> None:
        """Return once `span_us` microseconds have gone by."""
        ...


class SystemClock:
    """The machine's clock; `offset_us`, for tests, is how far ahead it is seen."""

    def __init__(self, offset_us: int = 0) -> None:
        self._offset_us = offset_us

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self._offset_us

    def steady_us(self) -> int:
        return time.monotonic_ns() // 1_000

    async def sleep(self, span_us: int) -> None:
        await asyncio.sleep(max(span_us, 0) / 1_000_000)


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_us: int = 1_800_000_000_000_000) -> None:
        self._now_us = now_us
        self._steady_us = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_us(self) -> int:
        return self._now_us

    def steady_us(self) -> int:
        return self._steady_us

    @property
    def sleepers(self) -> int:
        """How many wait for this clock to be moved."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def sleep(self, span_us: int) -> None:
        if span_us <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_us = self._steady_us + span_us
        heapq.heappush(self._sleepers, (due_us, next(self._order), woken))
        await woken

    def advance(self, span_us: int) -> None:
        """Move time forward and wake, in order, everyone whose span is over."""
        if span_us < 0:
            raise ValueError("a span is never negative; use set_wall to step the wall back")
        self._now_us += span_us
        self._steady_us += span_us
        while self._sleepers and self._sleepers[0][0] <= self._steady_us:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)

    def set_wall(self, now_us: int) -> None:
        """Set the wall as an operator or a time daemon would: forward or back, no sleeper wakes."""
        self._now_us = now_us
