"""A client that reads slowly slows its supplier only, and what lies between them is bounded.

All is told by counts: what the supplier could send, what the client was shown, what others got.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flows.marketplace import Marketplace
from tests.support.exchange import SYMBOL
from tests.support.house import Scripted
from tests.support.supplier import ScriptedCall, ScriptedSupplier, chat, chunk
from tests.support.until import until
from thegrid.settings import ApiKey, Settings
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.call import SupplierCall
from thegrid.v1 import chat_pb2

PIECE = "=" * 999 + " "
"""Many bytes and few tokens, so that windows fill long before a cap is reached."""
PIECES = 700
OTHERS = 100


class Talker(Scripted):
    """Says so many pieces as fast as its window lets it, and counts what it could send."""

    def __init__(self) -> None:
        super().__init__(model="demo-model")
        self.sent_bytes: Counter[str] = Counter()

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        is_long = "long" in call.request.messages[0].text
        said = [self._chunk(call, {"content": PIECE}) for _ in range(PIECES if is_long else 3)]
        for reply in (*said, self._chunk(call, {}, "stop")):
            await call.reply(reply)
            self.sent_bytes[call.opening.delivery_id] += reply.ByteSize()
            # An upstream would be read here; without this nobody else had a turn.
            await asyncio.sleep(0)
        return chat_pb2.ChatUsage()


@pytest.fixture
async def talker(market: Marketplace) -> AsyncIterator[Talker]:
    backend = Talker()
    settings = Settings(market.exchange.target, ApiKey(market.suppliers[0].secret))
    agent = SupplierAgent(settings, (SYMBOL,), backend, concurrent_deliveries=500)
    await agent.start()
    yield backend
    await agent.stop()


def shown_bytes(call: ScriptedCall) -> int:
    replies = [event.reply for event in call.events if event.WhichOneof("event") == "reply"]
    return sum(reply.ByteSize() for reply in replies)


async def test_a_slow_reader_stops_its_supplier_there_and_nobody_else(
    market: Marketplace, talker: Talker
) -> None:
    limits = market.exchange.running.services.relay.limits
    identifier = "dlv_slow0000000000000000000001"
    number, slow = await market.session.open(
        market.consumer.secret,
        chat("be long", max_tokens=16_000),
        delivery_id=identifier,
        window_bytes=2_000,
    )
    await slow.until(lambda: "reply" in slow.kinds)
    quick = [await market.session.open(market.consumer.secret) for _ in range(OTHERS)]
    for _, call in quick:
        assert (await call.done()).WhichOneof("event") == "ended"
        assert call.text == PIECE * 3
    # The others are whole; the slow one stands where the two windows are full.
    one_piece = 2 * len(PIECE)
    assert shown_bytes(slow) < 2_000 + one_piece
    kept_bytes = talker.sent_bytes[identifier] - shown_bytes(slow)
    assert kept_bytes <= limits.supplier_window_bytes + one_piece
    stands_at = talker.sent_bytes[identifier]
    assert stands_at < PIECES * len(PIECE), "it would say more"
    for _ in range(5):
        _, another = await market.session.open(market.consumer.secret)
        await another.done()
        assert talker.sent_bytes[identifier] == stands_at, "nothing is granted that was not read"
    # What is read is granted to the supplier, and no more than that.
    before = shown_bytes(slow)
    await market.session.grant(number, 200_000)
    await slow.until(lambda: shown_bytes(slow) >= before + 200_000)
    await until(lambda: talker.sent_bytes[identifier] > stands_at)
    _, another = await market.session.open(market.consumer.secret)
    await another.done()
    kept_bytes = talker.sent_bytes[identifier] - shown_bytes(slow)
    assert kept_bytes <= limits.supplier_window_bytes + one_piece
    while not slow.over.is_set():
        await market.session.grant(number, 100_000)
        await asyncio.sleep(0.001)
    assert slow.kinds[-1] == "ended"
    assert slow.text == PIECE * PIECES
    assert slow.last.ended.usage.attempts[0].outcome == "served"


async def test_deltas_are_joined_while_the_client_is_behind_and_never_otherwise(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    _, call = await market.session.open(market.consumer.secret, window_bytes=1_000_000)
    await supplier.handed(1)
    words = [f"{n} " for n in range(60)]
    # In step: as many parts come as were said, also when they were said all at once.
    for word in words[:10]:
        await supplier.say(1, chunk(word))
        await call.until(lambda word=word: call.text.endswith(word))
    await supplier.say(1, *(chunk(word) for word in words[10:]))
    await call.until(lambda: call.text == "".join(words))
    assert replies(call) == words
    # Behind: what waits for window is one part, and nothing of it is lost.
    other_number, behind = await market.session.open(market.consumer.secret, window_bytes=1)
    await supplier.handed(2)
    for word in words:
        await supplier.say(2, chunk(word))
    await supplier.say(1, chunk("last"))
    await call.until(lambda: call.text.endswith("last"))
    assert replies(behind) == words[:1]
    await market.session.grant(other_number, 1_000_000)
    await behind.until(lambda: behind.text == "".join(words))
    assert replies(behind) == [words[0], "".join(words[1:])]
    # In step again: nothing is joined any more.
    await supplier.say(2, chunk("a"), chunk("b"))
    await behind.until(lambda: behind.text.endswith("ab"))
    assert replies(behind)[2:] == ["a", "b"]
    for each in (1, 2):
        await supplier.say(each, chunk(finish="stop"))
        await supplier.end(each)
    await call.done()
    await behind.done()


def replies(call: ScriptedCall) -> list[str]:
    """The texts of the parts that came, each for itself."""
    return [
        event.reply.choices[0].delta.text
        for event in call.events
        if event.WhichOneof("event") == "reply"
    ]


async def test_a_reader_that_gives_no_window_at_all_costs_what_the_supplier_may_send(
    market: Marketplace, talker: Talker
) -> None:
    """Counted in bytes for many at once: the bound of one delivery holds for each."""
    relay = market.exchange.running.services.relay
    stuck: list[Any] = []
    for n in range(20):
        identifier = f"dlv_stuck{n:021d}"
        _, call = await market.session.open(
            market.consumer.secret,
            chat("be long", max_tokens=16_000),
            delivery_id=identifier,
            window_bytes=1,
        )
        stuck.append((identifier, call))
    for _, call in stuck:
        await call.until(lambda call=call: "reply" in call.kinds)
    most = relay.limits.supplier_window_bytes + 2 * len(PIECE)
    await until(
        lambda: all(
            talker.sent_bytes[name] >= relay.limits.supplier_window_bytes for name, _ in stuck
        )
    )
    for identifier, call in stuck:
        assert talker.sent_bytes[identifier] <= most
        assert len(replies(call)) == 1
    assert relay.open_calls == len(stuck)
    market.session.lose()
