"""What the gateway's tests share: a stand-in exchange, a real gateway in front, clients."""

from collections.abc import AsyncIterator

import httpx
import openai
import pytest

from tests.support.gateway import RunningGateway, running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, StandIn


@pytest.fixture
async def exchange() -> AsyncIterator[StandIn]:
    async with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def gateway(exchange: StandIn) -> AsyncIterator[RunningGateway]:
    async with running_gateway(exchange.target, GATEWAY_KEY) as running:
        yield running


@pytest.fixture
async def http(gateway: RunningGateway) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {CALLER_KEY}"}
    async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as client:
        yield client


@pytest.fixture
async def client(gateway: RunningGateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=gateway.base_url, api_key=CALLER_KEY, max_retries=0
    ) as client:
        yield client
