"""Exchange and gateway as processes of their own, a supplier and a consumer beside them.

What is called, and what is looked at afterwards, is the test's choice.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.gateway import gateway_process, until_ready
from tests.support.house import DOLLAR, House, Person, Seller, a_house
from tests.support.upstream import Upstream
from tests.support.whole import Whole
from thegrid.supplier.upstream import Upstream as Forwarding

UNITS = 1_000
SETTLED_WITHIN_S = 20.0


@dataclass
class Deployed:
    """A market whose exchange and gateway run elsewhere; upstream and agent run here."""

    house: House
    consumer: Person
    seller: Seller
    upstream: Upstream
    exchange: Whole
    gateway: psutil.Process
    gateway_log: Path
    base_url: str

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/v1")

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def rss_bytes(self) -> dict[str, int]:
        """Memory that each process holds."""
        exchange = psutil.Process(self.exchange.process.pid)
        return {
            name: int(process.memory_info().rss)
            for name, process in {"exchange": exchange, "gateway": self.gateway}.items()
        }

    async def settled(self) -> None:
        """Wait until no call runs, for the gateway and for the exchange, and prove the books."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while True:
                async with httpx.AsyncClient() as http:
                    metrics = (await http.get(f"{self.origin}/metrics")).text
                units = await self.consumer.units()
                if "grid_gateway_calls_running 0.0" in metrics and not units.reserved_tokens:
                    break
                await asyncio.sleep(0.1)
        await self.house.books()


@contextlib.asynccontextmanager
async def deployed(folder: Path, backend: Any = None, **variables: str) -> AsyncIterator[Deployed]:
    """Run the market until the block ends; the consumer buys what its calls need by itself.

    Without a backend the supplier forwards to the scripted upstream. `variables` are the gateway's
    environment.
    """
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        exchange = await Whole.start(folder / "data", requests_per_second_per_key=100_000)
        stack.push_async_callback(exchange.stop)
        house = await enter(a_house(exchange.target, exchange.operator_key))
        upstream = await enter(Upstream())
        upstream.keeps_requests = False
        await house.instrument()
        backend = backend or Forwarding(upstream.base_url)
        seller = await house.supplier("acme", units=UNITS, backend=backend, slots=10_000)
        ceiling = 5 * DOLLAR
        consumer = await house.member("consumer", 10 * UNITS, auto_ceiling_micros=ceiling)
        log = folder / "gateway.log"
        arguments = ("--port", "0", "--grpc", exchange.target)
        key = await house.gateway_key()
        process, base_url = await enter(
            gateway_process(
                *arguments,
                stderr=stack.enter_context(log.open("wb")),
                GRID_GATEWAY_KEY=key,
                **variables,
            )
        )
        gateway = psutil.Process(process.pid)
        running = Deployed(house, consumer, seller, upstream, exchange, gateway, log, base_url)
        async with httpx.AsyncClient() as http:
            await until_ready(http, running.origin)
        yield running
