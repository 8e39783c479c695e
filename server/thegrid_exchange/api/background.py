"""Work that outlives the call that began it, such as the cancels after a lost session.

It is awaited before the exchange stops.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Work that outlives the call that began it, awaited before the exchange stops."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Begin the work."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self) -> None:
        """Wait until all of it is done; faults are the work's own to tell."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
