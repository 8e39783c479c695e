"""Official clients for Python, each in its current release and its own environment.

What each does stands in `programs`; what it left behind in the exchange is looked at here.
"""

import re
from collections import Counter

import pytest

from tests.clients.stack import Clients

pytestmark = pytest.mark.slow

RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)


@pytest.mark.parametrize(
    ("environment", "program", "tests", "cancelled"),
    [
        ("official", "openai_client.py", 21, 3),
        ("official", "anthropic_client.py", 13, 1),
        ("official", "langchain_client.py", 9, 1),
        ("official", "litellm_client.py", 10, 1),
        ("frameworks", "llama_index_client.py", 8, 1),
        ("frameworks", "instructor_client.py", 6, 0),
    ],
)
async def test_a_client_of_python(
    clients: Clients, environment: str, program: str, tests: int, cancelled: int
) -> None:
    said = await clients.run_python(environment, program)
    ran = RAN.search(said)
    assert ran, said
    assert int(ran[1]) == tests, said
    assert "skipped" not in said, said
    verdicts = Counter(await clients.verdicts())
    assert verdicts["cancelled_by_client"] == cancelled
    assert verdicts["in_spec"] >= 3
