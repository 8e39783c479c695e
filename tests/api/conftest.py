"""One running exchange per test, with a market ready to trade in.

What the market is made of is in tests.support.exchange.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.exchange import Exchange, Participant, running_exchange


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with running_exchange(tmp_path) as running:
        yield running


@pytest.fixture
async def market(exchange: Exchange) -> str:
    return await exchange.define_instrument()


@pytest.fixture
async def supplier(exchange: Exchange, market: str) -> Participant:
    return await exchange.create_supplier(issue_units=1_000)


@pytest.fixture
async def buyer(exchange: Exchange, market: str) -> Participant:
    return await exchange.create_member("buyer", deposit_micros=10_000_000_000)
