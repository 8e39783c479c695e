"""Official clients for Node, each in its current release, with a Node of their own.

What each does stands in `programs/node`; what it left behind in the exchange is looked at here.
"""

import re
from collections import Counter

import pytest

from tests.clients.stack import Clients

pytestmark = pytest.mark.slow

COUNTS = re.compile(r"^(?:#|ℹ) (pass|fail|skipped|cancelled) (\d+)$", re.MULTILINE)


@pytest.mark.parametrize(
    ("program", "tests", "cancelled"),
    [("openai.test.mjs", 10, 2), ("anthropic.test.mjs", 8, 1), ("vercel.test.mjs", 20, 3)],
)
async def test_a_client_of_node(clients: Clients, program: str, tests: int, cancelled: int) -> None:
    said = await clients.run_node(program)
    counts = {name: int(number) for name, number in COUNTS.findall(said)}
    assert counts == {"pass": tests, "fail": 0, "skipped": 0, "cancelled": 0}, said
    verdicts = Counter(await clients.verdicts())
    assert verdicts["cancelled_by_client"] == cancelled
    assert verdicts["in_spec"] >= 3
