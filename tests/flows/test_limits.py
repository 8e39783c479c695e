"""Limits of keys on real calls: what is said to be left, and how a refusal names its limit."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.exchange import SYMBOL
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.house import DOLLAR, TRADER, House, Person
from tests.support.until import until
from thegrid import AsyncClient
from thegrid.errors import GridError
from thegrid.v1 import members_pb2

BODY = {
    "model": SYMBOL,
    "messages": [{"role": "user", "content": "Say hello"}],
    "max_completion_tokens": 100,
}


@pytest.fixture
async def gateway(house: House) -> AsyncIterator[RunningGateway]:
    async with running_gateway(house.target, await house.gateway_key()) as running:
        yield running


async def limited(house: House, **limits: int) -> Person:
    """A member who buys as it calls, with a key that has limits."""
    member = await house.member("member", 100, auto_ceiling_micros=2 * DOLLAR)
    return await house.another_key(member.member_id, TRADER, limits=members_pb2.KeyLimits(**limits))


async def ask(gateway: RunningGateway, person: Person) -> httpx.Response:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {person.secret}"}) as http:
        return await http.post(f"{gateway.base_url}/chat/completions", json=BODY, timeout=20)


async def test_answers_say_what_the_limits_leave(house: House, gateway: RunningGateway) -> None:
    await house.supplier("seller", units=20)
    person = await limited(
        house, requests_per_minute=5, tokens_per_minute=10_000, spend_per_day_micros=DOLLAR
    )
    headers = (await ask(gateway, person)).headers
    assert headers["x-ratelimit-limit-requests"] == "5"
    assert headers["x-ratelimit-remaining-requests"] == "4"
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    assert headers["x-ratelimit-limit-tokens"] == "10000"
    left = int(headers["x-ratelimit-remaining-tokens"])
    assert 9_800 < left < 9_900
    assert headers["x-ratelimit-limit-spend-micros"] == str(DOLLAR)
    assert int(headers["x-ratelimit-remaining-spend-micros"]) < DOLLAR
    again = (await ask(gateway, person)).headers
    assert again["x-ratelimit-remaining-requests"] == "3"
    assert int(again["x-ratelimit-remaining-tokens"]) < left
    used = (await person.client.members.key()).usage
    assert used.calls == 2
    assert used.day_micros > 0
    assert used.held_micros == 0
    await house.books()


async def test_a_plain_key_is_told_no_limits(house: House, gateway: RunningGateway) -> None:
    await house.supplier("seller", units=20)
    person = await limited(house)
    answer = await ask(gateway, person)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(
    ("limits", "code", "status"),
    [
        ({"requests_per_minute": 1}, "rate_limit_exceeded", 429),
        ({"tokens_per_minute": 120}, "rate_limit_exceeded", 429),
        ({"spend_per_day_micros": 120}, "spend_limit_reached", 429),
    ],
)
async def test_the_call_beyond_a_limit_is_refused_and_told_when_it_frees(
    house: House, gateway: RunningGateway, limits: dict[str, int], code: str, status: int
) -> None:
    await house.supplier("seller", units=20)
    person = await limited(house, **limits)
    answers = [await ask(gateway, person) for _ in range(3)]
    assert answers[0].status_code == 200, answers[0].text
    refused = answers[-1]
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert str(next(iter(limits.values()))) in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) >= 1
    await house.books()


async def test_calls_at_once_of_sub_keys_count_for_the_key_above(
    house: House, gateway: RunningGateway
) -> None:
    seller = await house.supplier("seller", units=20)
    member = await house.member("member", 100, auto_ceiling_micros=2 * DOLLAR)
    above = await house.another_key(
        member.member_id, (*TRADER, "keys"), limits=members_pb2.KeyLimits(concurrent_deliveries=1)
    )
    made = await above.client.members.create_key(["consume"], "below")
    assert made.key.parent_key_id == above.key_id
    client = AsyncClient(house.target, made.secret)
    below = Person(member.member_id, made.secret, made.key.key_id, client)
    seller.backend.hold = asyncio.Event()
    running = asyncio.create_task(below.client.deliver(SYMBOL, "Say hello").text())
    await until(lambda: seller.backend.opened == 1)
    with pytest.raises(GridError, match="RATE_LIMITED"):
        await above.client.deliver(SYMBOL, "Say hello").text()
    seller.backend.hold.set()
    await running
    await above.client.deliver(SYMBOL, "Say hello").text()
    await below.client.close()
    await house.books()
