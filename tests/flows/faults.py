"""What suppliers do wrong, as a table: each fault, the stages it strikes at, what the client reads.
The scene that it is played in stands here too; what must follow is in `test_faults`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from tests.flows.marketplace import PROMPT_TOKENS, Marketplace
from tests.flows.proof import Made
from tests.support.supplier import ScriptedSupplier, chat, chunk, delivery_id
from thegrid.v1 import chat_pb2

SAID = "one two three"
WINDOW_BYTES = 262_144
BEFORE = ("offered", "accepted")


@dataclass
class Scene:
    """A market whose first supplier owes every call."""

    market: Marketplace
    supplier: ScriptedSupplier
    calls: list[Made] = field(default_factory=list)

    async def open(self, **fields: Any) -> Made:
        """One more call."""
        identifier = delivery_id()
        request = chat(max_tokens=fields.pop("max_tokens", 1_000))
        secret = self.market.consumer.secret
        self.number, call = await self.market.session.open(
            secret, request, delivery_id=identifier, **fields
        )
        self.calls.append(Made(identifier, call, PROMPT_TOKENS))
        return self.calls[-1]

    async def reach(self, stage: str, **fields: Any) -> Made:
        """A call that the supplier has brought to a stage."""
        made = await self.open(**fields)
        await self.supplier.handed(1)
        if stage != "offered":
            await self.supplier.say(1, chunk(role="assistant"))
            await self.until(lambda: self.attempt(1).accepted)
        if stage == "streaming":
            await self.supplier.say(1, chunk(SAID))
            await made.call.until(lambda: made.call.text == SAID)
        return made

    def attempt(self, number: int) -> Any:
        links = self.market.exchange.running.services.relay.suppliers.links()
        (link,) = [each for each in links if each.supplier_id == self.supplier_id]
        return link.attempts[number]

    @property
    def supplier_id(self) -> str:
        return self.market.suppliers[0].member_id

    def advance(self, span_us: int) -> None:
        self.market.exchange.clock.advance(span_us)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.002)


# ---- what suppliers do wrong -------------------------------------------------------------------

Strike = Callable[[Scene], Awaitable[None]]


async def dies(scene: Scene) -> None:
    scene.supplier.lose()


async def refuses(scene: Scene) -> None:
    await scene.supplier.fail(1, "REFUSED")


async def fails(scene: Scene) -> None:
    await scene.supplier.fail(1, "FAILED")


async def stalls(scene: Scene) -> None:
    """Past the first-token deadline, or for longer than a stream may be silent."""
    late_us = 2_000_000 if not scene.calls[0].call.text else 60_000_000
    scene.advance(late_us)


async def sends_no_message(scene: Scene) -> None:
    await scene.supplier.send_bytes(b"\xff\xff\xff\xff")


async def answers_for_another_choice(scene: Scene) -> None:
    await scene.supplier.say(1, chunk("wrong", choice=7))


async def ends_halfway(scene: Scene) -> None:
    await scene.supplier.end(1)


async def sends_what_cannot_be_counted(scene: Scene) -> None:
    await scene.supplier.say(1, chunk(" " * 100_000))


async def floods(scene: Scene) -> None:
    """Far beyond its window while the client reads nothing."""
    for _ in range(5 * WINDOW_BYTES // 50_000):
        await scene.supplier.say(1, chunk("x. " * 16_000))


async def floods_with_small_parts(scene: Scene) -> None:
    limit = scene.market.exchange.running.services.relay.limits.queued_parts
    for _ in range(limit // 4_000 + 1):
        await scene.supplier.say(1, *(chat_pb2.ChatReply(extra_json=b"{}") for _ in range(4_000)))


class Misdeed(NamedTuple):
    """A fault that costs the supplier the call: where it strikes, and what the client reads."""

    strike: Strike
    reason: str
    stages: tuple[str, ...] = (*BEFORE, "streaming")
    late_reason: str = ""
    """In the stream, where it differs."""
    window_bytes: int = 1_000_000


MISDEEDS = (
    Misdeed(dies, "SUPPLIER_LOST"),
    Misdeed(refuses, "NO_SUPPLIER", late_reason="SUPPLIER_FAILED"),
    Misdeed(fails, "SUPPLIER_FAILED"),
    Misdeed(stalls, "FIRST_TOKEN_LATE", late_reason="SUPPLIER_FAILED"),
    Misdeed(sends_no_message, "SUPPLIER_LOST"),
    Misdeed(answers_for_another_choice, "SUPPLIER_FAILED"),
    Misdeed(ends_halfway, "SUPPLIER_FAILED"),
    Misdeed(sends_what_cannot_be_counted, "SUPPLIER_FAILED", ("streaming",)),
    Misdeed(floods, "SUPPLIER_FAILED", ("streaming",), window_bytes=50),
    Misdeed(floods_with_small_parts, "SUPPLIER_FAILED", ("accepted",)),
)
CASES = [
    pytest.param(misdeed, stage, id=f"{misdeed.strike.__name__}-{stage}")
    for misdeed in MISDEEDS
    for stage in misdeed.stages
]
