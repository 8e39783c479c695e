"""Ten thousand streams through gateway and exchange, three in ten cut by the client: no leak.

Exchange and gateway are processes of their own; upstream, agent and clients share the test's.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bench._load import request_bytes
from tests.support.deployed import deployed
from tests.support.exchange import SYMBOL
from tests.support.until import until

pytestmark = pytest.mark.slow

CALLS = 10_000
WARM = 2_000
"""Calls before memory is looked at first: caches are full by then."""
AT_ONCE = 48
CUT_EACH = 10
CUTS = (2, 5, 9)
"""Of every ten calls, those that are cut: two closed, one reset."""
GATEWAY_GROWTH_MAX = 4 << 20
EXCHANGE_GROWTH_MAX = 16 << 20
"""Two thousand bytes for each call that has ended: its record, and its id for an hour."""
WORDS_BEFORE_CUT = 8


@dataclass
class Clients:
    """Raw connections, one for each call, and what became of them."""

    port: int
    whole: bytes
    hanging: bytes
    begun: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    async def run(self, until_calls: int) -> None:
        """Call until so many calls have begun in all."""

        async def one_after_another() -> None:
            while self.begun < until_calls:
                number = self.begun
                self.begun += 1
                place = number % CUT_EACH
                self.ended[await self._call(place)] += 1

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))

    async def _call(self, place: int) -> str:
        is_cut = place in CUTS
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self.hanging if is_cut else self.whole)
            said = b""
            async with asyncio.timeout(60):
                while b"[DONE]" not in said and not (is_cut and self._has_begun(said)):
                    piece = await reader.read(1 << 16)
                    if not piece:
                        return "broken"
                    said += piece
            if not is_cut:
                return "whole" if said.startswith(b"HTTP/1.1 200") else "refused"
            if place == CUTS[-1]:
                writer.transport.abort()
            return "cut"
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    @staticmethod
    def _has_begun(said: bytes) -> bool:
        return said.count(b"token") >= WORDS_BEFORE_CUT


async def test_ten_thousand_streams_leave_nothing_behind(tmp_path: Path) -> None:
    async with deployed(tmp_path) as market:
        secret = market.consumer.secret
        clients = Clients(
            market.port,
            request_bytes(SYMBOL, secret, stream=True, prompt="hi"),
            request_bytes(SYMBOL, secret, stream=True, prompt="mode=hang:8"),
        )
        await clients.run(WARM)
        before = market.rss_bytes()
        await clients.run(CALLS)
        after = market.rss_bytes()
        cut = CALLS * len(CUTS) // CUT_EACH
        assert clients.ended == {"whole": CALLS - cut, "cut": cut}
        await until(lambda: len(market.upstream.left_at_s) >= cut, timeout_s=10)
        await market.settled()

        # Every call has a record, and every token a place.
        records = await market.house.prove_usage(market.consumer, [market.seller.member_id])
        verdicts = Counter(record.verdict for record in records)
        assert len(records) == CALLS
        assert sorted(verdicts.values()) == [cut, CALLS - cut]
        assert all(record.billed_tokens for record in records)
        books = await market.house.books()
        consumed = books[f"ins_{SYMBOL}", "consumed"]
        assert consumed == sum(record.billed_tokens for record in records)

        grown = {name: after[name] - before[name] for name in before}
        assert grown["gateway"] < GATEWAY_GROWTH_MAX, grown
        assert grown["exchange"] < EXCHANGE_GROWTH_MAX, grown
