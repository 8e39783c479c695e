"""A market that serves over HTTP: exchange, agent, upstream, gateway and OpenAI's client, all real.

async with house(tmp_path) as market:
    answer = await market.create("hi")
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.until import until
from tests.support.upstream import Upstream
from thegrid.settings import ApiKey, Settings
from thegrid.supplier import SupplierSettings, run_supplier
from thegrid.v1 import members_pb2
from thegrid_exchange.clock import SystemClock
from thegrid_exchange.engine.invariants import check

UNIT = 1_000_000
PRICE_MICROS = 2_000_000


@dataclass
class House:
    """A market with one consumer, one supplier behind the agent, and a gateway."""

    exchange: Exchange
    consumer: Participant
    supplier: Participant
    upstream: Upstream
    gateway: RunningGateway
    client: openai.AsyncOpenAI
    http: httpx.AsyncClient
    reports: list[str]

    async def create(self, prompt: str = "hi", **more: Any) -> Any:
        return await self.client.chat.completions.create(
            model=SYMBOL, messages=[{"role": "user", "content": prompt}], **more
        )

    async def record(self, request_id: str) -> dict[str, Any]:
        """Answer a usage record through the gateway, once it is final."""
        async with asyncio.timeout(5):
            while True:
                found: dict[str, Any] = (await self.http.get(f"/usage/{request_id}")).json()
                if found.get("status") == "final":
                    return found
                await asyncio.sleep(0.02)

    async def settled(self) -> None:
        """Wait until nothing runs, and check that the exchange's books are right."""
        await until(lambda: not self.exchange.running.services.relay.open_calls)
        check(self.exchange.running.services.live.state)
        assert not self.exchange.faults


def supplier_settings(exchange: Exchange, supplier: Participant, **more: Any) -> SupplierSettings:
    return SupplierSettings(
        exchange=Settings(exchange.target, ApiKey(supplier.secret)),
        **{
            "instrument": SYMBOL,
            "model": "acme/one",
            "price_micros": PRICE_MICROS,
            "quantity_units": 20,
            "concurrent_deliveries": 64,
            "throughput_tokens_per_second": 100_000,
            "grace_s": 0.5,
            **more,
        },
    )


@contextlib.asynccontextmanager
async def running_supplier(
    settings: SupplierSettings, reports: list[str]
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    running = asyncio.ensure_future(run_supplier(settings, stop=stop, report=reports.append))
    try:
        await until(lambda: running.done() or any("offers" in line for line in reports))
        if running.done():
            await running
        yield stop
    finally:
        stop.set()
        await running


async def auto_mode(consumer: Participant, exchange: Exchange) -> None:
    await exchange.operator.members.UpdateSettings(
        members_pb2.UpdateSettingsRequest(
            request_id=exchange.request_id(),
            member_id=consumer.member_id,
            account_mode=members_pb2.ACCOUNT_MODE_AUTO,
            auto_buy_ceiling_micros=5 * UNIT,
        )
    )


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    upstream_url: str | None = None,
    honoured_fields: tuple[str, ...] = ("*",),
    **settings: Any,
) -> AsyncIterator[House]:
    """Run the market; `settings` are the gateway's."""
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        exchange = await enter(running_exchange(folder, clock=SystemClock()))
        upstream = await enter(Upstream())
        await exchange.define_instrument()
        consumer = await exchange.create_member("consumer", deposit_micros=1_000 * UNIT)
        await auto_mode(consumer, exchange)
        supplier = await exchange.create_supplier("acme")
        operator = await exchange.create_member("house", scopes=("GATEWAY",))
        reports: list[str] = []
        url = upstream.base_url if upstream_url is None else upstream_url
        offered = supplier_settings(
            exchange, supplier, upstream_url=url, honoured_fields=honoured_fields
        )
        await enter(running_supplier(offered, reports))
        gateway = await enter(running_gateway(exchange.target, operator.secret, **settings))
        await until(lambda: gateway.server._gateway.pool.is_ready)  # type: ignore[union-attr]
        client = await enter(
            openai.AsyncOpenAI(base_url=gateway.base_url, api_key=consumer.secret, max_retries=0)
        )
        headers = {"authorization": f"Bearer {consumer.secret}"}
        http = await enter(httpx.AsyncClient(base_url=gateway.base_url, headers=headers))
        yield House(exchange, consumer, supplier, upstream, gateway, client, http, reports)
        await asyncio.sleep(0)
