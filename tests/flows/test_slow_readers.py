"""A reader who does not read costs nobody else anything: bounded memory, and others served at once.

The exchange is a process of its own here, so that its memory can be seen.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, credentials
from tests.support.gateway import running_gateway
from tests.support.house import DOLLAR, House, Person, a_house
from tests.support.whole import Whole
from thegrid import place_item
from thegrid.orders import order_terms
from thegrid.v1 import accounts_pb2, market_data_pb2

MEGABYTE = 1_000_000
ROUNDS, BATCH = 12, 200


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    made = await Whole.start(tmp_path / "data", requests_per_second_per_key=100_000)
    yield made
    assert await made.stop() == 0


@pytest.fixture
async def house(whole: Whole) -> AsyncIterator[House]:
    async with a_house(whole.target, whole.operator_key) as made:
        await made.instrument()
        yield made


def unread(channel: grpc.aio.Channel, person: Person, name: str, request: Any) -> Any:
    """A stream that is opened and never read."""
    call = channel.unary_stream(name, request_serializer=lambda each: each.SerializeToString())
    return call(request, metadata=credentials(person.secret))


async def stir(person: Person, round_number: int) -> float:
    """Move the book at many prices; answers how long the exchange took, in seconds."""
    began = time.monotonic()
    items = [
        place_item(order_terms(SYMBOL, "buy", 1 + n % 3, (1 + (n + round_number) % 500) * 1_000))
        for n in range(BATCH)
    ]
    await person.client.orders.batch(items)
    await person.client.orders.cancel_all()
    return time.monotonic() - began


async def test_streams_that_nobody_reads(whole: Whole, house: House) -> None:
    busy, quick = await house.member("busy", 1_000_000), await house.member("quick", 1_000)
    await stir(busy, 0)
    quiet_s = statistics.median([await stir(busy, n) for n in range(8)])
    narrow = [("grpc.http2.lookahead_bytes", 1_024)]
    channel = grpc.aio.insecure_channel(whole.target, options=narrow)
    book = market_data_pb2.StreamMarketDataRequest(
        subscriptions=[
            market_data_pb2.Subscription(market=SYMBOL, channel=channel_number)
            for channel_number in (1, 2, 3)
        ]
    )
    stuck = [
        unread(channel, quick, "/thegrid.v1.MarketDataService/StreamMarketData", book)
        for _ in range(20)
    ]
    stuck += [
        unread(
            channel,
            busy,
            "/thegrid.v1.AccountService/StreamAccount",
            accounts_pb2.StreamAccountRequest(),
        )
        for _ in range(5)
    ]
    seen = 0

    async def read_on() -> None:
        nonlocal seen
        async for _ in quick.client.market_data.stream([SYMBOL]):
            seen += 1

    reading = asyncio.create_task(read_on())
    await stir(busy, 1)
    before_bytes = whole.rss_bytes()
    loud_s = statistics.median([await stir(busy, n) for n in range(ROUNDS)])
    grown_bytes = whole.rss_bytes() - before_bytes
    began = time.monotonic()
    await quick.client.accounts.balances()
    assert time.monotonic() - began < 1.0
    assert seen > ROUNDS
    assert grown_bytes < 80 * MEGABYTE, f"{grown_bytes / MEGABYTE:.0f} MB"
    assert loud_s < max(12 * quiet_s, 0.5), (quiet_s, loud_s)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    for call in stuck:
        call.cancel()
    await channel.close()
    await house.books()


async def test_answers_that_nobody_reads(whole: Whole, house: House) -> None:
    seller = await house.supplier("seller", units=100, slots=64)
    slow = await house.member("slow", 1_000, auto_ceiling_micros=2 * DOLLAR)
    quick = await house.member("quick", 1_000, auto_ceiling_micros=2 * DOLLAR)
    piece = " word" * 2_000
    seller.backend.say = lambda call: (
        [piece] * 7 if "long" in call.request.messages[0].text else ["hello there"]
    )
    body = (
        b'{"model":"text-prime","stream":true,"max_tokens":16000,'
        b'"messages":[{"role":"user","content":"be long"}]}'
    )
    async with running_gateway(
        house.target, await house.gateway_key(), window_bytes=16_384
    ) as gateway:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: grid\r\n"
            f"authorization: Bearer {slow.secret}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode()
        # The first call of all loads the tokenizer, which takes memory once.
        assert await quick.client.deliver(SYMBOL, "Say hello").text() == "hello there"
        before_bytes = whole.rss_bytes()
        stuck = []
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1_024)
            writer.write(head + body)
            await writer.drain()
            stuck.append((reader, writer))
        spans = []
        for _ in range(20):
            began = time.monotonic()
            text = await quick.client.deliver(SYMBOL, "Say hello").text()
            spans.append(time.monotonic() - began)
            assert text == "hello there"
        assert statistics.median(spans) < 0.5, spans
        grown_bytes = whole.rss_bytes() - before_bytes
        assert grown_bytes < 60 * MEGABYTE, f"{grown_bytes / MEGABYTE:.0f} MB"
        for _, writer in stuck:
            writer.transport.abort()
        async with asyncio.timeout(10):
            while (await house.books()).get((f"ins_{SYMBOL}", "reserved"), 0):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    await house.prove_usage(slow, {seller.member_id})
    await house.prove_usage(quick, {seller.member_id})
