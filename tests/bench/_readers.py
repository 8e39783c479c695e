"""Readers of a stream, each on a connection of its own, and a server that is driven beside them.

What is published, by whom, and what is compared stands in `fanout.py`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import grpc

from tests.bench.order_entry import Child

READERS = 100
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


class Figure(NamedTuple):
    """What one way of publishing reached."""

    name: str
    updates: int
    deliveries_per_second: float
    deliveries_per_core_second: float


class Readers:
    """As many readers as wanted, each on its own connection, counting what comes."""

    def __init__(self) -> None:
        self.channels: list[grpc.aio.Channel] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.calls: list[Any] = []
        self.sequence: list[int] = []
        self.frames = 0
        self.arrived = asyncio.Event()
        self.on_frame: Callable[[int, bytes], None] = lambda number, frame: None

    async def open(
        self, target: str, method: str, request: bytes, metadata: Any, count: int = READERS
    ) -> None:
        """Open the streams and wait for what each begins with, if it begins with anything."""
        for number in range(count):
            channel = grpc.aio.insecure_channel(target, options=OWN_CONNECTION)
            call = channel.unary_stream(method)(request, metadata=metadata)
            self.channels.append(channel)
            self.calls.append(call)
            self.sequence.append(0)
            self.tasks.append(asyncio.create_task(self._read(number, call)))
        await asyncio.gather(*(call.wait_for_connection() for call in self.calls))

    async def _read(self, number: int, call: Any) -> None:
        async for frame in call:
            self.frames += 1
            self.on_frame(number, frame)

    async def until(self, is_there: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until the readers have it."""
        async with asyncio.timeout(seconds):
            while not is_there():
                self.arrived.clear()
                await self.arrived.wait()

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self.channels))


class Fan:
    """One server, its readers, and a way to make one update."""

    def __init__(
        self, child: Child, readers: Readers, publish: Callable[[], Awaitable[Any]]
    ) -> None:
        self.child, self.readers, self.publish = child, readers, publish
        self.counts = [0] * READERS
        """Updates that each reader has."""
        self.least = 0

    def got(self, number: int, count: int) -> None:
        """A reader has so many updates."""
        before, self.counts[number] = self.counts[number], count
        if before == self.least and min(self.counts) > self.least:
            self.least = min(self.counts)
            self.readers.arrived.set()

    async def lockstep(self, name: str, seconds: float) -> Figure:
        """One update after another, each when all readers have the one before."""
        begun = self.least
        begin_cpu, begin = self.child.cpu_s(), time.perf_counter()
        while time.perf_counter() < begin + seconds:
            wanted = self.least + 1
            await self.publish()
            await self.readers.until(lambda wanted=wanted: self.least >= wanted)  # type: ignore[misc]
        return self._figure(name, self.least - begun, begin, begin_cpu)

    async def flood(
        self, name: str, seconds: float, make: Callable[[float], Awaitable[int]]
    ) -> Figure:
        """Updates as fast as they are taken; the time runs until every reader has the last."""
        begun = self.least
        begin_cpu, begin = self.child.cpu_s(), time.perf_counter()
        made = await make(seconds)
        await self.readers.until(lambda: self.least >= begun + made)
        return self._figure(name, made, begin, begin_cpu)

    def _figure(self, name: str, updates: int, begin: float, begin_cpu: float) -> Figure:
        took, used = time.perf_counter() - begin, self.child.cpu_s() - begin_cpu
        deliveries = updates * READERS
        return Figure(name, updates, deliveries / took, deliveries / used)
