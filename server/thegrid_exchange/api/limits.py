"""Bounds of one key: calls per second as a token bucket, and open streams.

Bounds of members that are money or orders are the engine's.
"""

import asyncio
from collections import OrderedDict, defaultdict

from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.errors import refused

KEPT_BUCKETS = 100_000
SECOND_US = 1_000_000


class RequestLimiter:
    """One bucket per key that holds one second's worth of calls, twice over."""

    def __init__(self, requests_per_second: int) -> None:
        self._rate = requests_per_second
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, caller: Caller, steady_us: int, calls: int = 1) -> None:
        """Take from the caller's bucket. Refused with RATE_LIMITED and when to come back."""
        rate = caller.requests_per_second or self._rate
        if not rate:
            return
        burst = 2.0 * rate
        left, last_us = self._buckets.get(caller.key_id, (burst, steady_us))
        left = min(burst, left + (steady_us - last_us) * rate / SECOND_US)
        # A call that costs more than the bucket holds is let through when the bucket is full.
        if left < min(calls, burst):
            self._buckets[caller.key_id] = (left, steady_us)
            raise refused(
                "RATE_LIMITED",
                "",
                f"this key may make {rate} calls per second; wait as long as RetryInfo says",
                limit=rate,
                retry_after_us=int((min(calls, burst) - left) * SECOND_US / rate) + 1,
                metadata={"name": "requests_per_second"},
            )
        self._buckets[caller.key_id] = (left - calls, steady_us)
        if len(self._buckets) > KEPT_BUCKETS:
            self._buckets.popitem(last=False)


class StreamLimiter:
    """Open streams per key."""

    def __init__(self, streams: int) -> None:
        self._most = streams
        self._open: defaultdict[str, int] = defaultdict(int)
        self._none_open = asyncio.Event()
        self._none_open.set()

    def enter(self, caller: Caller) -> None:
        """Count a stream. Refused with STREAM_LIMIT."""
        if self._open[caller.key_id] >= self._most:
            raise refused(
                "STREAM_LIMIT",
                "",
                f"this key may hold {self._most} streams open; close one first",
                limit=self._most,
            )
        self._open[caller.key_id] += 1
        self._none_open.clear()

    def leave(self, caller: Caller) -> None:
        """Forget a stream."""
        self._open[caller.key_id] -= 1
        if not self._open[caller.key_id]:
            del self._open[caller.key_id]
        if not self._open:
            self._none_open.set()

    async def all_ended(self) -> None:
        """Return once no stream is open."""
        await self._none_open.wait()

    @property
    def total(self) -> int:
        """Streams open now."""
        return sum(self._open.values())
