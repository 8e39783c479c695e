"""A supplier, a gateway and the exchange are told to stop while calls run, each a real process.

No running call that can end within the grace is lost; new calls go elsewhere, or are refused with
advice when to try again, and are served once the process is back.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.exchange import SYMBOL, a_spec, an_offer
from tests.support.gateway import gateway_process, until_ready
from tests.support.house import DOLLAR, SELLER, House, Person, a_house
from tests.support.load import verify
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD, Upstream
from tests.support.whole import Whole
from thegrid.errors import GridError
from thegrid.v1 import instruments_pb2, market_data_pb2, usage_pb2

WHOLE = WORD * CHUNKS
HELD = {
    "model": SYMBOL,
    "stream": True,
    "max_completion_tokens": 100,
    "messages": [{"role": "user", "content": "mode=hold:3"}],
}
PLAIN = {**HELD, "stream": False, "messages": [{"role": "user", "content": "Say hello"}]}
PATIENT = [instruments_pb2.FirstTokenBand(prompt_max_tokens=131_072, first_token_max_us=30_000_000)]


@dataclass
class Street:
    """An exchange with a consumer who buys as it calls, and an upstream for its suppliers."""

    whole: Whole
    house: House
    upstream: Upstream
    consumer: Person

    async def supplier(self, handle: str) -> Person:
        """A supplier with Units on sale, who is not there yet."""
        person = await self.house.member(handle, roles=("trader", "supplier"), scopes=SELLER)
        operator = self.house.operator
        await operator.admin.admit_supplier(person.member_id, SYMBOL, 1_000_000)
        await person.client.supply.register_offer(SYMBOL, an_offer(model=handle))
        await self.house.sell(person, 5, DOLLAR)
        return person

    async def answer(self) -> usage_pb2.UsageRecord:
        """The record of a short call."""
        delivery = self.consumer.client.deliver(SYMBOL, "Say hello", max_output_tokens=100)
        assert await delivery.text() == WHOLE
        assert delivery.usage is not None
        return delivery.usage

    async def prove(self, *suppliers: Person, calls: int) -> list[Any]:
        """Every call was answered whole, was billed once and lies in the books."""
        await self.house.books()
        sellers = [each.member_id for each in suppliers]
        records = await self.house.prove_usage(self.consumer, sellers)
        assert len(records) == calls
        assert {record.verdict for record in records} == {usage_pb2.VERDICT_IN_SPEC}
        assert {record.counted.completion_tokens for record in records} == {CHUNKS}
        return records


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    whole = await Whole.start(tmp_path / "data", drain_s=20)
    async with a_house(whole.target, whole.operator_key) as house, Upstream() as upstream:
        terms = market_data_pb2.MarketTerms(
            tick_size_micros=1_000, quantity_min_units=1, quantity_max_units=100_000
        )
        spec = a_spec(first_token_bands=PATIENT)
        await house.operator.admin.define_instrument(SYMBOL, SYMBOL, spec, terms)
        consumer = await house.member("consumer", 100, auto_ceiling_micros=2 * DOLLAR)
        yield Street(whole, house, upstream, consumer)


@asynccontextmanager
async def supplying(street: Street, person: Person) -> AsyncIterator[Process]:
    """`grid supply` as a process, serving."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRID_")}
    arguments = ["--instrument", SYMBOL, "--serve-only", "--model", "up-model"]
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "thegrid.cli", "supply", *arguments),
        *("--upstream", street.upstream.base_url),
        stdout=PIPE,
        env={
            **kept,
            "GRID_GRPC": street.whole.target,
            "GRID_API_KEY": person.secret,
            "PYTHONUNBUFFERED": "1",
        },
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while not (line := await process.stdout.readline()).startswith(b"READY"):
                assert line, "the supplier ended"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def ended_well(process: Process) -> None:
    async with asyncio.timeout(30):
        assert await process.wait() == 0


class Asked:
    """A call over HTTP that the upstream holds, and what has come of it."""

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        self.text = ""
        self._task = asyncio.ensure_future(self._read(http, base_url))

    async def _read(self, http: httpx.AsyncClient, base_url: str) -> None:
        path = base_url + "/chat/completions"
        async with http.stream("POST", path, json=HELD) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for piece in answer.aiter_text():
                self.text += piece

    @property
    def words(self) -> int:
        return self.text.count(WORD)

    async def whole(self) -> None:
        """Wait for the end, which must be the answer's own."""
        await asyncio.wait_for(self._task, 30)
        assert self.words == CHUNKS
        assert self.text.endswith("data: [DONE]\n\n")


@asynccontextmanager
async def client_of(street: Street) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {street.consumer.secret}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        yield http


async def test_a_supplier_that_is_replaced_ends_its_calls_and_the_next_one_serves(
    street: Street,
) -> None:
    first, second = await street.supplier("first"), await street.supplier("second")
    async with supplying(street, first) as process, supplying(street, second):
        before = await street.answer()
        assert before.supplier_id == first.member_id, "it owes what was bought first"
        running = street.consumer.client.deliver(SYMBOL, "mode=hold:3", max_output_tokens=100)
        await anext(aiter(running))
        process.send_signal(signal.SIGTERM)
        moved = await street.answer()
        while moved.supplier_id != second.member_id:
            moved = await street.answer()
        assert moved.owing_supplier_id == first.member_id
        assert process.returncode is None, "it waits for what it has begun"
        street.upstream.released.set()
        assert await running.text() == WHOLE
        assert running.usage is not None
        assert running.usage.supplier_id == first.member_id
        await ended_well(process)
        async with supplying(street, first):
            back = await street.answer()
            assert back.supplier_id == first.member_id
    records = [each async for each in street.consumer.client.usage.list()]
    await street.prove(first, second, calls=len(records))


async def test_a_gateway_that_is_replaced_ends_its_streams_and_another_takes_over(
    street: Street,
) -> None:
    seller = await street.supplier("seller")
    key = await street.house.gateway_key()
    variables = {
        "GRID_GATEWAY_KEY": key,
        "GRID_GRPC": street.whole.target,
        "GRID_GATEWAY_DRAIN_DELAY_S": "0.5",
    }
    async with (
        supplying(street, seller),
        gateway_process("--port", "0", **variables) as (old, old_url),
        client_of(street) as http,
    ):
        await until_ready(http, old_url.removesuffix("/v1"))
        running = [Asked(http, old_url) for _ in range(3)]
        await until(lambda: all(each.words == 3 for each in running), 20)
        async with gateway_process("--port", "0", **variables) as (_, new_url):
            await until_ready(http, new_url.removesuffix("/v1"))
            old.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                while (await _status(http, old_url)) == 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            answer = await http.post(new_url + "/chat/completions", json=PLAIN)
            assert answer.status_code == 200
            assert old.returncode is None, "it waits for its streams"
            street.upstream.released.set()
            for each in running:
                await each.whole()
            await ended_well(old)
    await street.prove(seller, calls=4)


async def _status(http: httpx.AsyncClient, base_url: str) -> int:
    """What a balancer sees of a gateway; 0 when nobody listens any more."""
    try:
        answer = await http.get(base_url.removesuffix("/v1") + "/readyz")
    except httpx.TransportError:
        return 0
    return answer.status_code


async def test_an_exchange_that_is_replaced_ends_its_calls_and_refuses_with_advice(
    street: Street,
) -> None:
    seller = await street.supplier("seller")
    key = await street.house.gateway_key()
    variables = {"GRID_GATEWAY_KEY": key, "GRID_GRPC": street.whole.target}
    async with (
        supplying(street, seller),
        gateway_process("--port", "0", **variables) as (_, base_url),
        client_of(street) as http,
    ):
        await until_ready(http, base_url.removesuffix("/v1"))
        running = [Asked(http, base_url) for _ in range(3)]
        direct = street.consumer.client.deliver(SYMBOL, "mode=hold:3", max_output_tokens=100)
        await anext(aiter(direct))
        await until(lambda: all(each.words == 3 for each in running), 20)
        street.whole.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            while (refused := await _refused_once(http, base_url)) is None:
                pass
        assert refused.headers["retry-after"] == "1"
        assert refused.status_code == 503
        with pytest.raises(GridError) as told:
            await street.consumer.client.deliver(SYMBOL, "Say hello").text()
        assert (told.value.reason, told.value.retry_after_s) == ("DRAINING", 1.0)
        assert street.whole.process.returncode is None, "it waits for its deliveries"
        street.upstream.released.set()
        for each in running:
            await each.whole()
        assert await direct.text() == WHOLE
        assert await street.whole.exited() == 0
        again = await Whole.start(street.whole.folder, street.whole.port)
        async with asyncio.timeout(30):
            while await _refused_once(http, base_url):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        records = [each async for each in street.consumer.client.usage.list()]
        await street.prove(seller, calls=len(records))
        assert len(records) >= 5
    assert await again.stop() == 0
    await verify(again)


async def _refused_once(http: httpx.AsyncClient, base_url: str) -> httpx.Response | None:
    """How a short call is refused now; None when it is served."""
    answer = await http.post(base_url + "/chat/completions", json=PLAIN)
    return None if answer.status_code == 200 else answer
