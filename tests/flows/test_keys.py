"""A key that ends takes everything that hangs on it along, within a second, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.support.exchange import SYMBOL, Exchange
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.house import DOLLAR, TRADER, House, Person, Scripted
from tests.support.until import until
from thegrid.errors import AuthError, GridError

BODY = {"model": SYMBOL, "messages": [{"role": "user", "content": "Say hello"}], "stream": True}


@pytest.fixture
async def gateway(house: House) -> AsyncIterator[RunningGateway]:
    async with running_gateway(house.target, await house.gateway_key()) as running:
        yield running


async def first_end(work: Any) -> str:
    """The reason with which something long comes to its end."""
    try:
        async for _ in work:
            pass
    except GridError as error:
        return error.reason
    return "ended without a reason"


async def spoken(http: httpx.AsyncClient, address: str) -> str:
    """All that a stream of the gateway says until it ends, however it ends."""
    said = ""
    try:
        async with http.stream("POST", address, json=BODY) as stream:
            async for piece in stream.aiter_text():
                said += piece
    except httpx.HTTPError:
        pass
    return said


class Hanging:
    """Everything open that one key can hold, each task answering why it ended."""

    def __init__(self, person: Person, gateway: RunningGateway) -> None:
        self.person = person
        headers = {"authorization": f"Bearer {person.secret}"}
        self.http = httpx.AsyncClient(headers=headers, timeout=30)
        client = person.client
        self.tasks = [
            asyncio.create_task(first_end(client.accounts.stream())),
            asyncio.create_task(first_end(client.market_data.stream([SYMBOL]))),
            asyncio.create_task(first_end(client.deliver(SYMBOL, "Say hello"))),
            asyncio.create_task(self._session()),
        ]
        address = f"{gateway.base_url}/chat/completions"
        self.chat = asyncio.create_task(spoken(self.http, address))

    async def _session(self) -> str:
        try:
            async with self.person.client.order_session() as session:
                while True:
                    await session.send(_an_order())
                    await asyncio.sleep(0.01)
        except GridError as error:
            return error.reason or str(error)

    async def ended(self) -> tuple[list[str], str]:
        reasons = await asyncio.gather(*self.tasks)
        said = await self.chat
        await self.http.aclose()
        return reasons, said


def _an_order() -> Any:
    from thegrid import place_item
    from thegrid.orders import order_terms

    return place_item(order_terms(SYMBOL, "buy", 1, 1_000))


async def hang(house: House, backend: Scripted, person: Person, gateway: Any) -> Hanging:
    before = backend.opened
    hanging = Hanging(person, gateway)
    await until(lambda: backend.opened >= before + 2)
    await asyncio.sleep(0.05)  # the first words are on their way
    return hanging


async def revoke(house: House, person: Person) -> None:
    await house.operator.members.revoke_key(person.key_id)


async def suspend(house: House, person: Person) -> None:
    await house.operator.admin.suspend(person.member_id, "a test")


@pytest.mark.parametrize(
    ("end", "reason"), [(revoke, "KEY_REVOKED"), (suspend, "MEMBER_SUSPENDED")]
)
async def test_what_hangs_on_an_ended_key_ends_within_a_second(
    house: House, gateway: RunningGateway, end: Callable[..., Any], reason: str
) -> None:
    seller = await house.supplier("seller", units=20)
    victim = await house.member("victim", 100, auto_ceiling_micros=2 * DOLLAR)
    other = await house.member("other", 100, auto_ceiling_micros=2 * DOLLAR)
    seller.backend.hold = asyncio.Event()
    hanging = await hang(house, seller.backend, victim, gateway)
    spared = await hang(house, seller.backend, other, gateway)
    began = time.monotonic()
    await end(house, victim)
    reasons, said = await asyncio.wait_for(hanging.ended(), 5)
    assert time.monotonic() - began < 1.0
    # A delivery says KEY_REVOKED whichever way its key came to an end: see endings.toml.
    assert set(reasons[:3]) <= {reason, "KEY_REVOKED"}, reasons
    # gRPC loses the reason of a call that ends in the middle of a write.
    assert reasons[3] == reason or "while it was being written to" in reasons[3], reasons
    assert "key_revoked" in said.lower()
    assert "[DONE]" not in said
    await until(lambda: seller.backend.cancelled == 2)

    # Nobody else noticed, and what the others had under way comes to its own end.
    assert not any(task.done() for task in (*spared.tasks, spared.chat))
    seller.backend.hold.set()
    assert await spared.tasks[2] == "ended without a reason"
    assert (await spared.chat).rstrip().endswith("data: [DONE]")
    for task in spared.tasks:
        task.cancel()
    await asyncio.gather(*spared.tasks, return_exceptions=True)
    await spared.http.aclose()
    with pytest.raises(GridError):
        await victim.client.accounts.balances()
    await house.books()


async def test_a_key_whose_time_passes_takes_its_deliveries_along(
    exchange: Exchange, house: House
) -> None:
    from datetime import UTC, datetime

    seller = await house.supplier("seller", units=20)
    member = await house.member("member", 100, auto_ceiling_micros=2 * DOLLAR)
    ends = datetime.fromtimestamp(exchange.clock.now_us() / 1e6 + 10, UTC)
    short = await house.another_key(member.member_id, TRADER, expire_time=ends)
    seller.backend.hold = asyncio.Event()
    answering = short.client.deliver(SYMBOL, "Say hello")
    while (await answering.__anext__()).WhichOneof("event") != "reply":
        pass
    delivery = asyncio.create_task(first_end(answering))
    exchange.clock.advance(9_000_000)
    await asyncio.sleep(0.05)
    assert not delivery.done()
    for _ in range(20):  # a second of the exchange's own time, in the steps of its pulse
        exchange.clock.advance(100_000)
        await asyncio.sleep(0)
    assert await asyncio.wait_for(delivery, 2) == "KEY_REVOKED"
    with pytest.raises(AuthError, match="KEY_EXPIRED"):
        await short.client.accounts.balances()
    await house.books()


async def test_wrong_keys_are_refused_at_every_door(house: House, gateway: RunningGateway) -> None:
    good = await house.member("member", 100)
    key_id, _, tail = good.secret.partition(".")
    wrong = ("", "nonsense", "key_" + "a" * 20 + ".x", f"{key_id}.{tail[:-1]}", f"{key_id}.")
    for secret in (*wrong, "x" * 7_000):
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {secret}x"}) as http:
            said = await http.post(f"{gateway.base_url}/chat/completions", json=BODY)
        assert said.status_code == 401, (secret[:40], said.text)
        assert said.json()["error"]["code"] in ("invalid_api_key", "key_unknown", "KEY_UNKNOWN")
        assert tail not in said.text
        person = Person("", secret, "", type(good.client)(house.target, secret))
        with pytest.raises(AuthError) as refused:
            await person.client.accounts.balances()
        assert refused.value.reason in ("KEY_MISSING", "KEY_UNKNOWN")
        with pytest.raises(AuthError):
            await person.client.deliver(SYMBOL, "Say hello").text()
        await person.client.close()
    await house.books()
