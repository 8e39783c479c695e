"""What the tests of the Python clients share: a scripted exchange, and each kind of client."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.clients import KINDS, Both, connected
from tests.support.fault_server import FaultServer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as started:
        yield started


@pytest.fixture(params=KINDS)
async def both(request: pytest.FixtureRequest, server: FaultServer) -> AsyncIterator[Both]:
    async with connected(request.param, server.target) as client:
        yield client
