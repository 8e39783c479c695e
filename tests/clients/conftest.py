"""What the tests of clients share: a house to call. What stands in it is in `stack`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.stack import Clients, running_clients


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[Clients]:
    async with running_clients(tmp_path) as running:
        yield running
