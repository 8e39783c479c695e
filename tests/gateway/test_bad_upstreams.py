"""Upstreams that misbehave behind a real agent, exchange and gateway: what the client is told.

Who may be at fault otherwise, and how each ending is judged, is in tests/flows.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.deployed import Deployed, deployed
from tests.support.exchange import SYMBOL
from tests.support.gateway import stream_text
from tests.support.upstream import CHUNKS, WORD, Upstream
from thegrid.supplier.upstream import Upstream as Forwarding

SILENCE_S = 1.0
LATE = "slow:2600"
"""Beyond the first-token deadline of the specification, two seconds."""


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Deployed]:
    async with Upstream() as upstream:
        backend = Forwarding(upstream.base_url, silence_timeout_s=SILENCE_S)
        async with deployed(tmp_path, backend) as running:
            yield running


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Deployed]:
    async with deployed(tmp_path) as running:
        yield running


def body(mode: str, **more: Any) -> dict[str, Any]:
    return {"model": SYMBOL, "messages": [{"role": "user", "content": f"mode={mode}"}], **more}


def client(market: Deployed) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {market.consumer.secret}"}
    return httpx.AsyncClient(base_url=market.base_url, headers=headers, timeout=30)


async def record(http: httpx.AsyncClient, usage_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(f"/usage/{usage_id}")).json()
    assert found["status"] == "final"
    return found


BEFORE_THE_FIRST_TOKEN = [
    ("http:500", 502, "supplier_failed"),
    ("http:429", 503, "no_supplier"),
    ("http:503", 503, "no_supplier"),
    ("html", 502, "supplier_failed"),
    ("die:0", 502, "supplier_failed"),
    ("short:0", 502, "supplier_failed"),
    ("errmid:0", 502, "supplier_failed"),
    ("hang:0", 502, "supplier_failed"),
]
AFTER_IT = ["die:8", "short:8", "errmid:8", "hang:8"]
AT_THE_END = ["garbage", "nofinish"]


async def test_what_breaks_is_told_and_not_billed(market: Deployed) -> None:
    async with client(market) as http:
        for mode, status, code in BEFORE_THE_FIRST_TOKEN:
            for is_stream in (False, True):
                answer = await http.post("/chat/completions", json=body(mode, stream=is_stream))
                assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), mode
                assert answer.headers["x-should-retry"] == "true"
                assert int(answer.headers["retry-after"]) >= 1
                found = await record(http, answer.headers["x-grid-request-id"])
                assert found["billed_tokens"] == 0
        for mode in AFTER_IT:
            text, broken = await stream_text(http, "/chat/completions", body(mode, stream=True))
            assert isinstance(broken, httpx.RemoteProtocolError), mode
            assert "[DONE]" not in text
            *_, receipt, last = text.strip().split("\n\n")
            error = json.loads(last.removeprefix("data: "))["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["code"] == "supplier_failed", mode
            told = json.loads(receipt.removeprefix(": receipt "))
            found = await record(http, told["request_id"])
            assert (found["verdict"], found["billed_tokens"]) == ("failed", 0)
        for mode in AT_THE_END:
            answer = await http.post("/chat/completions", json=body(mode))
            assert answer.json()["error"]["code"] == "supplier_failed"
            found = await record(http, answer.headers["x-grid-request-id"])
            assert (found["verdict"], found["billed_tokens"]) == ("failed", 0)
        # One that failed is not shut out: the next call is served.
        answer = await http.post("/chat/completions", json=body("gap:0"))
        assert answer.json()["choices"][0]["message"]["content"] == WORD * CHUNKS
    await market.settled()


async def test_a_first_token_that_comes_late_is_cut_and_not_billed(patient: Deployed) -> None:
    async with client(patient) as http:
        answer = await http.post("/chat/completions", json=body(LATE))
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "first_token_late")
        found = await record(http, answer.headers["x-grid-request-id"])
        assert (found["verdict"], found["billed_tokens"]) == ("late_first_token", 0)
    await patient.settled()


async def test_what_an_upstream_claims_to_have_used_bills_nobody(patient: Deployed) -> None:
    async with client(patient) as http:
        for claimed in (1, 1_000_000_000):
            answer = await http.post("/chat/completions", json=body(f"lies:{claimed}"))
            usage = answer.json()["usage"]
            assert usage["completion_tokens"] == CHUNKS
            found = await record(http, answer.headers["x-grid-request-id"])
            assert found["billed_tokens"] == usage["total_tokens"]
            assert found["counted"]["completion_tokens"] == CHUNKS
            assert found["reported"]["completion_tokens"] == claimed
        answer = await http.post("/chat/completions", json=body("nousage"))
        assert answer.json()["usage"]["completion_tokens"] == CHUNKS
    await patient.settled()
