"""The agent against a real exchange: stopping, losing the exchange, being shut out, being full."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD, Upstream
from thegrid import AsyncClient
from thegrid.errors import AuthError, GridError
from thegrid.openai import request_from_json
from thegrid.settings import ApiKey, Settings
from thegrid.supplier import SupplierSettings, run_supplier
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.demo import DemoModel
from thegrid.v1 import accounts_pb2, members_pb2, supply_pb2
from thegrid_exchange.clock import SystemClock

UNIT = 1_000_000


class Market:
    """A supplier's process as a task, and a consumer with a Lot of its Units."""

    def __init__(self, exchange: Exchange, upstream: Upstream) -> None:
        self.exchange = exchange
        self.upstream = upstream
        self.reports: list[str] = []
        self.stop = asyncio.Event()

    async def open(self, **settings: Any) -> None:
        await self.exchange.define_instrument()
        self.supplier = await self.exchange.create_supplier("acme", issue_units=5)
        await self.exchange.sell_issuance(self.supplier, 5, UNIT)
        self.consumer = await self.exchange.create_member("consumer", deposit_micros=100 * UNIT)
        await self.exchange.place(self.consumer, side="buy", quantity_units=2, price_micros=UNIT)
        await self.consumer.accounts.CreateTransfer(
            accounts_pb2.CreateTransferRequest(
                request_id=self.exchange.request_id(), instrument=SYMBOL, quantity_units=2
            )
        )
        self.serve(self.exchange.target, self.supplier, **settings)
        await until(lambda: any(line.startswith("READY") for line in self.reports))

    def serve(self, target: str, supplier: Participant, **settings: Any) -> None:
        chosen = SupplierSettings(
            exchange=Settings(target, ApiKey(supplier.secret)),
            instrument=SYMBOL,
            **{
                "model": "acme/one",
                "upstream_url": self.upstream.base_url,
                "keep_market": False,
                "throughput_tokens_per_second": 100_000,
                "grace_s": 3.0,
                **settings,
            },
        )
        self.running = asyncio.ensure_future(
            run_supplier(chosen, stop=self.stop, report=self.reports.append)
        )

    async def ask(self, prompt: str) -> str:
        client = AsyncClient(self.exchange.target, self.consumer.secret, tls=False)
        async with client, client.deliver(SYMBOL, prompt) as delivery:
            return await delivery.text()


async def test_running_deliveries_end_before_the_supplier_does(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, clock=SystemClock()) as exchange, Upstream() as upstream:
        market = Market(exchange, upstream)
        await market.open()
        asked = asyncio.ensure_future(market.ask("mode=gap:10"))
        await until(lambda: upstream.requests)
        market.stop.set()
        assert await asked == WORD * CHUNKS
        await market.running
        with pytest.raises(GridError) as refused:
            await market.ask("hi")
        assert refused.value.reason in ("NO_SUPPLIER", "SATURATED")


async def test_a_supplier_that_is_full_takes_no_more(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, clock=SystemClock()) as exchange, Upstream() as upstream:
        market = Market(exchange, upstream)
        await market.open(concurrent_deliveries=2)
        texts = await asyncio.gather(*(market.ask("mode=gap:3") for _ in range(4)))
        assert set(texts) == {WORD * CHUNKS}
        assert len(upstream.requests) == 4
        market.stop.set()
        await market.running


async def test_a_lost_exchange_is_dialled_again(tmp_path: Path) -> None:
    async with Upstream() as upstream:
        async with running_exchange(tmp_path, clock=SystemClock()) as exchange:
            market = Market(exchange, upstream)
            await market.open()
            assert await market.ask("hi") == WORD * CHUNKS
            port = int(exchange.target.rsplit(":", 1)[1])
        await until(lambda: any(line.startswith("lost") for line in market.reports))
        async with running_exchange(tmp_path, clock=SystemClock(), grpc_port=port) as again:
            market.exchange = again
            serving = [line for line in market.reports if line.startswith("serving")]
            await until(
                lambda: [line for line in market.reports if line.startswith("serving")] != serving,
                timeout_s=15,
            )
            assert await market.ask("hi") == WORD * CHUNKS
            market.stop.set()
            await market.running


async def test_a_revoked_key_ends_the_supplier(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, clock=SystemClock()) as exchange, Upstream() as upstream:
        market = Market(exchange, upstream)
        await market.open()
        await exchange.operator.members.RevokeKey(
            members_pb2.RevokeKeyRequest(
                request_id=exchange.request_id(), key_id=market.supplier.secret.partition(".")[0]
            )
        )
        async with asyncio.timeout(10):
            with pytest.raises(AuthError):
                await market.running


async def test_a_supplier_that_is_not_admitted_serves_and_may_not_sell(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, clock=SystemClock()) as exchange, Upstream() as upstream:
        await exchange.define_instrument()
        stranger = await exchange.create_member(
            "stranger", scopes=("TRADE_READ", "TRADE_WRITE", "SUPPLY"), roles=("SUPPLIER",)
        )
        market = Market(exchange, upstream)
        market.serve(
            exchange.target, stranger, keep_market=True, price_micros=UNIT, quantity_units=2
        )
        await until(lambda: any(line.startswith("READY") for line in market.reports))
        # Whoever looks at the program learns why nothing is on sale.
        await until(lambda: any("admission" in line for line in market.reports))
        async with AsyncClient(exchange.target, stranger.secret, tls=False) as client:
            with pytest.raises(GridError) as refused:
                await client.supply.issue(SYMBOL, 1)
        assert refused.value.reason == "SUPPLIER_NOT_ADMITTED"
        market.stop.set()
        await market.running


class Relay:
    """A stand-in for a relay: it welcomes whoever dials, and names all relays there are."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.hellos: list[supply_pb2.ServeHello] = []
        self.events: list[supply_pb2.SupplierEvent] = []
        self.has_left = asyncio.Event()

    async def listen(self) -> tuple[grpc.aio.Server, str]:
        server = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve,
            supply_pb2.ServeRequest.FromString,
            supply_pb2.ServeResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("thegrid.v1.SupplyService", {"Serve": handler}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, f"127.0.0.1:{port}"

    async def _serve(self, requests: Any, context: Any) -> None:
        async for frame in requests:
            if frame.HasField("hello"):
                self.hellos.append(frame.hello)
                welcome = supply_pb2.ServeWelcome(
                    supplier_id="mem_1", relay_addresses=self.addresses
                )
                await context.write(supply_pb2.ServeResponse(welcome=welcome))
                request = request_from_json({"messages": [{"role": "user", "content": "hi"}]})
                opening = supply_pb2.SupplierOpen(
                    delivery_id="dlv_0123456789abcdef", request=request, window_bytes=1 << 20
                )
                command = supply_pb2.SupplierCommand(call=1, open=opening)
                await context.write(supply_pb2.ServeResponse(commands=[command]))
            self.events += frame.events
        self.has_left.set()


async def test_every_relay_that_the_welcome_names_is_dialled() -> None:
    first, second = Relay(), Relay()
    servers, addresses = zip(*[await first.listen(), await second.listen()], strict=True)
    first.addresses = second.addresses = list(addresses)
    agent = SupplierAgent(Settings(addresses[0], ApiKey("k")), (SYMBOL,), DemoModel())
    await agent.start()
    for relay in (first, second):
        await until(lambda relay=relay: any(event.HasField("end") for event in relay.events))
        assert len(relay.hellos) == 1
    assert agent.supplier_id == "mem_1"
    await agent.stop(grace_s=1)
    for server in servers:
        await server.stop(None)
