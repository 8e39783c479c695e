"""A running relay, and one supplier with a Lot of its Units sold, for every test of the pipe.

What they can do is in `pipe`.
"""

import pytest

from tests.delivery.pipe import Pipe, running_pipe


@pytest.fixture
async def pipe():
    async with running_pipe() as made:
        yield made


@pytest.fixture
async def supplier(pipe: Pipe):
    made = await pipe.supplier("acme")
    await pipe.lot(1)
    return made
