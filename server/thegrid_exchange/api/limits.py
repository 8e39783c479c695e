"""Bounds of one key and those above it: calls as token buckets, and open streams.

Bounds of money, tokens and orders are the engine's.
"""

import asyncio
from collections import OrderedDict, defaultdict
from typing import Final, NamedTuple

from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.errors import refused

KEPT_BUCKETS = 100_000
SECOND_US = 1_000_000
PER_SECOND: Final = "requests_per_second"
PER_MINUTE: Final = "requests_per_minute"


class Standing(NamedTuple):
    """What is left of a key's own limit of calls, and when all of it is there again."""

    limit: int
    remaining: int
    reset_after_us: int


class _Rate(NamedTuple):
    """So many calls of a key in a span; a bucket holds `burst` of them."""

    name: str
    key_id: str
    calls: int
    span_us: int
    burst: float

    def wait_us(self, calls: float) -> int:
        """How long it takes until so many calls are there again."""
        return int(calls * self.span_us / self.calls) + 1


class RequestLimiter:
    """One bucket per key and rate: two seconds' worth of calls, or a minute's."""

    def __init__(self, requests_per_second: int) -> None:
        self._rate = requests_per_second
        self._buckets: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def take(self, caller: Caller, steady_us: int, calls: int = 1) -> None:
        """Take from the buckets of the caller's key and of those above it, or from none.

        Refused with RATE_LIMITED and when to come back.
        """
        found = [(rate, self._left(rate, steady_us)) for rate in self._rates(caller)]
        for rate, left in found:
            # A call that costs more than the bucket holds is let through when the bucket is full.
            if left < min(calls, rate.burst):
                self._buckets[rate[:2]] = (left, steady_us)
                raise _rate_limited(rate, caller, rate.wait_us(min(calls, rate.burst) - left))
        for rate, left in found:
            self._buckets[rate[:2]] = (left - calls, steady_us)
        while len(self._buckets) > KEPT_BUCKETS:
            self._buckets.popitem(last=False)

    def standing(self, caller: Caller, steady_us: int) -> Standing | None:
        """What the caller's key, and those above it, may still call; None where none limits it."""
        own = [rate for rate in self._rates(caller) if rate.name in _own_names(caller, rate)]
        found = [
            Standing(
                rate.calls,
                max(int(min(left, rate.calls)), 0),
                rate.wait_us(rate.burst - left) if left < rate.burst else 0,
            )
            for rate in own
            for left in (self._left(rate, steady_us),)
        ]
        return min(found, key=lambda each: each.remaining, default=None)

    def _rates(self, caller: Caller) -> list[_Rate]:
        rates = []
        own = caller.requests_per_second or self._rate
        if own:
            rates.append(_Rate(PER_SECOND, caller.key_id, own, SECOND_US, 2.0 * own))
        for key in caller.line:
            per_second, per_minute = key.requests_per_second, key.limits.requests_per_minute
            if per_second and key.key_id != caller.key_id:
                rates.append(_Rate(PER_SECOND, key.key_id, per_second, SECOND_US, 2.0 * per_second))
            if per_minute:
                minute_us = 60 * SECOND_US
                rates.append(_Rate(PER_MINUTE, key.key_id, per_minute, minute_us, per_minute))
        return rates

    def _left(self, rate: _Rate, steady_us: int) -> float:
        left, last_us = self._buckets.get(rate[:2], (rate.burst, steady_us))
        return min(rate.burst, left + (steady_us - last_us) * rate.calls / rate.span_us)


def _own_names(caller: Caller, rate: _Rate) -> tuple[str, ...]:
    """Rates that somebody set on the key, the exchange's own left out."""
    is_default = rate.key_id == caller.key_id and not caller.requests_per_second
    return (PER_MINUTE,) if is_default else (PER_SECOND, PER_MINUTE)


def _rate_limited(rate: _Rate, caller: Caller, wait_us: int) -> Exception:
    whose = "this key" if rate.key_id == caller.key_id else f"the key {rate.key_id} above this one"
    span = rate.name.rpartition("_")[2]
    return refused(
        "RATE_LIMITED",
        "",
        f"{whose} may make {rate.calls} calls per {span}; wait as long as RetryInfo says",
        limit=rate.calls,
        retry_after_us=wait_us,
        metadata={"name": rate.name},
    )


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
