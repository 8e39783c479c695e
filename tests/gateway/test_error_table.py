"""The table of errors over HTTP: every reason on every surface, as clients and retries see it.
That there is a row for every reason is in `test_errors.py`.
"""

from typing import Any

import httpx
import pytest

from tests.support.stand_in import Call, StandIn, status
from thegrid_gateway.errors import REASONS

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
SURFACES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"messages": HELLO},
    "/responses": {"input": "hi"},
    "/messages": {"messages": HELLO, "max_tokens": 9},
    "/completions": {"prompt": "hi"},
    "/embeddings": {"input": "hi"},
}
NO_FUNDS = {"INSUFFICIENT_FUNDS", "INSUFFICIENT_UNITS"}
COME_BACK = {"NO_SUPPLIER", "NO_LIQUIDITY", "ABOVE_CEILING", "SATURATED", "OVERLOADED", "DRAINING"}
LIMIT, ASKED = "4711", "4712"


@pytest.mark.parametrize("path", SURFACES)
async def test_every_reason(http: httpx.AsyncClient, exchange: StandIn, path: str) -> None:
    is_messages = path == "/messages"
    limits = 0
    for reason, row in REASONS.items():

        async def refuse(call: Call, reason: str = reason) -> None:
            figures = {"limit": LIMIT, "value": ASKED, "field": "tokens_per_minute"}
            call.fail(status(reason, "these words", metadata=figures), with_record=False)

        exchange.script = refuse
        answer = await http.post(path, json={"model": "m", **SURFACES[path]})
        expected = (row.messages_status or row.status) if is_messages else row.status
        assert answer.status_code == expected, reason
        error = answer.json()["error"]
        if is_messages:
            assert answer.json()["type"] == "error"
            assert answer.json()["request_id"] == answer.headers["request-id"]
        else:
            assert set(error) == {"message", "type", "param", "code"}
        assert error["message"].startswith("these words")
        assert answer.headers["x-request-id"]
        assert answer.headers["x-should-retry"] == ("true" if row.retry else "false")
        assert ("retry-after" in answer.headers) is row.retry
        assert (answer.status_code == 402) is (reason in NO_FUNDS)
        if reason in COME_BACK:
            assert answer.status_code in (503, 529)
            assert int(answer.headers["retry-after"]) >= 1
        if answer.status_code == 429:
            limits += 1
            for figure in (LIMIT, ASKED, "tokens_per_minute"):
                assert figure in error["message"], reason
    assert limits >= 6


async def test_figures_that_are_told_already_are_not_told_twice(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def refuse(call: Call) -> None:
        figures = {"limit": "5", "value": "6"}
        call.fail(status("RATE_LIMITED", "5 calls, not 6", metadata=figures), with_record=False)

    exchange.script = refuse
    answer = await http.post("/chat/completions", json={"model": "m", "messages": HELLO})
    assert answer.json()["error"]["message"] == "5 calls, not 6"
