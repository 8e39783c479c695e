"""Both Python clients behind one face, so that each promise is proved for the one and the other.
The scripted exchange they talk to is in fault_server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from thegrid import AsyncClient, Client

KINDS = ("aio", "sync")


class Both:
    """A client of one kind; what is asked of it is written once, as a function of the client."""

    def __init__(
        self, kind: str, target: str, api_key: str = "key_a.secret", **settings: Any
    ) -> None:
        self.kind = kind
        made = AsyncClient if kind == "aio" else Client
        self.client: Any = made(target, api_key, **settings)

    async def call(self, ask: Callable[[Any], Any]) -> Any:
        """Run a call and return its answer."""
        if self.kind == "aio":
            return await ask(self.client)
        return await asyncio.to_thread(ask, self.client)

    async def take(self, ask: Callable[[Any], Any], count: int) -> list[Any]:
        """Return the first items of something to iterate over, and close it."""
        if self.kind == "sync":
            return await asyncio.to_thread(self._take, ask, count)
        items = []
        source = ask(self.client)
        try:
            async for item in source:
                items.append(item)
                if len(items) == count:
                    break
        finally:
            await _close(source)
        return items

    def _take(self, ask: Callable[[Any], Any], count: int) -> list[Any]:
        source = ask(self.client)
        try:
            return list(islice(source, count))
        finally:
            if hasattr(source, "close"):
                source.close()

    async def close(self) -> None:
        if self.kind == "aio":
            await self.client.close()
        else:
            await asyncio.to_thread(self.client.close)


async def _close(source: Any) -> None:
    if hasattr(source, "aclose"):
        await source.aclose()
    elif hasattr(source, "close"):
        source.close()


@asynccontextmanager
async def connected(
    kind: str, target: str, api_key: str = "key_a.secret", **settings: Any
) -> AsyncIterator[Both]:
    both = Both(kind, target, api_key, **settings)
    try:
        yield both
    finally:
        await both.close()
