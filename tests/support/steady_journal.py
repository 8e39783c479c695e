"""The real journal in SQLite and a loop that stands still while others work for it.

So nothing else moves in the meantime, and a whole simulated day happens in the order of its seed.
"""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from thegrid_exchange.clock import Clock
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.views.projector import Projector
from thegrid_exchange.views.sql import Reader


class Inline(ThreadPoolExecutor):
    """Runs at once what a loop hands to its threads, such as the count of a long text."""

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
        """Answer a future that is done."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*arguments, **more))
        except BaseException as error:
            done.set_exception(error)
        return done


class SteadyJournal:
    """Does all that `SqlJournal` does, in a thread of its own, and waits for it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.url = f"sqlite+aiosqlite:///{folder / 'exchange.db'}"
        self._journal = SqlJournal(self.url, clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._journal, name)
        if inspect.isasyncgenfunction(there):
            return lambda *arguments, **more: self._stream(there(*arguments, **more))
        if not inspect.iscoroutinefunction(there):
            return there

        async def call(*arguments: Any, **more: Any) -> Any:
            return self._wait(there(*arguments, **more))

        return call

    async def load(self, projector: Projector) -> None:
        """Let the read models begin where their tables end."""
        journal = self._journal
        reader = Reader(journal.engine, self.url, journal.partition, journal.last_seq_before)
        self._wait(projector.open(reader))

    async def close(self) -> None:
        """Let go of the file, and of the thread."""
        self._wait(self._journal.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _stream(self, items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        for item in self._wait(_gathered(items)):
            yield item


async def _gathered(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]
