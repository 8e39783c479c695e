"""The small markets that the flows run in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.marketplace import Marketplace, connected, marketplace
from tests.support.exchange import Exchange, running_exchange
from tests.support.house import House, a_house
from tests.support.supplier import ScriptedSupplier, serving
from tests.support.whole import Whole


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with running_exchange(tmp_path) as running:
        yield running
        assert running.faults == []


@pytest.fixture
async def house(exchange: Exchange) -> AsyncIterator[House]:
    async with a_house(exchange.target, exchange.operator_key) as made:
        await made.instrument()
        yield made


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Marketplace]:
    async with marketplace(tmp_path) as made:
        yield made
        await made.check()


@pytest.fixture
async def supplier(market: Marketplace) -> AsyncIterator[ScriptedSupplier]:
    async with serving(market.exchange, market.suppliers[0], slots=2_000) as made:
        yield made


@pytest.fixture(autouse=True)
async def no_process_is_left() -> AsyncIterator[None]:
    """A test that fails leaves no exchange running behind it."""
    yield
    await Whole.end_all()


@pytest.fixture
async def consumer(market: Marketplace) -> AsyncIterator[Any]:
    async with connected(market, market.consumer.secret) as client:
        yield client


@pytest.fixture
async def operator(market: Marketplace) -> AsyncIterator[Any]:
    async with connected(market, market.exchange.operator_key) as client:
        yield client
