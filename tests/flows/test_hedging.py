"""A hedged call the whole way: an OpenAI client, the gateway, the exchange, agents, upstreams."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.exchange import SYMBOL, Exchange
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.house import DOLLAR, House, Person, Seller
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD, Upstream
from thegrid.supplier import upstream as agents
from thegrid.v1 import usage_pb2

FIRST_TOKEN_US = 2_000_000
"""What the instrument allows for the first token of a short prompt."""
BODY = {
    "model": SYMBOL,
    "max_completion_tokens": 100,
    "messages": [{"role": "user", "content": "mode=hold:0"}],
}


@pytest.fixture
async def upstreams() -> AsyncIterator[tuple[Upstream, Upstream]]:
    async with Upstream() as first, Upstream() as second:
        yield first, second


@pytest.fixture
async def gateway(house: House) -> AsyncIterator[RunningGateway]:
    async with running_gateway(house.target, await house.gateway_key()) as running:
        yield running


async def sellers(house: House, upstreams: tuple[Upstream, Upstream]) -> list[Seller]:
    """The first sells for less, so that it owes what the consumer buys."""
    return [
        await house.supplier(
            handle,
            units=10,
            price_micros=price * DOLLAR,
            backend=agents.Upstream(upstream.base_url, model="up-model"),
        )
        for handle, price, upstream in zip(("first", "second"), (1, 2), upstreams, strict=True)
    ]


async def ask(gateway: RunningGateway, person: Person, percent: int | None) -> httpx.Response:
    headers = {"authorization": f"Bearer {person.secret}"}
    if percent is not None:
        headers["x-grid-preferences"] = json.dumps({"hedge_after_percent": percent})
    async with httpx.AsyncClient(headers=headers, timeout=20) as http:
        return await http.post(f"{gateway.base_url}/chat/completions", json=BODY)


async def test_the_hedge_wins_is_billed_and_the_slow_one_stops_within_a_second(
    house: House,
    exchange: Exchange,
    gateway: RunningGateway,
    upstreams: tuple[Upstream, Upstream],
) -> None:
    slow, quick = upstreams
    first, second = await sellers(house, upstreams)
    consumer = await house.member("consumer", 100, auto_ceiling_micros=3 * DOLLAR)
    asked = asyncio.ensure_future(ask(gateway, consumer, 25))
    await until(lambda: slow.requests)
    exchange.clock.advance(FIRST_TOKEN_US // 4 - 1)
    await consumer.client.accounts.balances()
    assert not quick.requests, "nobody is asked too early"
    exchange.clock.advance(1)
    await until(lambda: quick.requests)
    quick.released.set()
    served_at_s = asyncio.get_running_loop().time()
    answer = (await asked).json()
    assert answer["choices"][0]["message"]["content"] == WORD * CHUNKS
    await until(lambda: slow.left_at_s, timeout_s=1.0)
    assert slow.left_at_s[0] - served_at_s < 1.0
    (usage,) = await house.prove_usage(consumer, [first.member_id, second.member_id])
    assert usage.verdict == usage_pb2.VERDICT_IN_SPEC
    assert usage.billed_tokens == answer["usage"]["total_tokens"]
    assert (usage.owing_supplier_id, usage.supplier_id) == (first.member_id, second.member_id)
    assert usage.covered_tokens == usage.billed_tokens
    lost, won = usage.attempts
    assert (lost.supplier_id, lost.outcome, lost.is_hedge) == (first.member_id, "hedge_lost", False)
    assert (won.supplier_id, won.outcome, won.is_hedge) == (second.member_id, "served", True)
    earned = {
        each.member_id: (await each.person.cash()).available_micros for each in (first, second)
    }
    assert earned == {first.member_id: 0, second.member_id: usage.cost_micros}
    faults = {
        each.supplier_id: [window.failed + window.late for window in each.windows]
        async for each in house.operator.performance.list(SYMBOL)
    }
    assert not any(sum(counts) for counts in faults.values()), "losing a hedge is no fault"
    await house.books()


@pytest.mark.parametrize("percent", [25, None], ids=["a-quick-first", "no-hedge-asked-for"])
async def test_nobody_else_is_asked_without_need_or_wish(
    percent: int | None,
    house: House,
    exchange: Exchange,
    gateway: RunningGateway,
    upstreams: tuple[Upstream, Upstream],
) -> None:
    quick, other = upstreams
    first, second = await sellers(house, upstreams)
    consumer = await house.member("consumer", 100, auto_ceiling_micros=3 * DOLLAR)
    asked = asyncio.ensure_future(ask(gateway, consumer, percent))
    await until(lambda: quick.requests)
    if percent is None:
        exchange.clock.advance(FIRST_TOKEN_US - 1)
    quick.released.set()
    assert (await asked).status_code == 200
    exchange.clock.advance(FIRST_TOKEN_US)
    (usage,) = await house.prove_usage(consumer, [first.member_id, second.member_id])
    assert [each.supplier_id for each in usage.attempts] == [first.member_id]
    assert not other.requests
    await house.books()
