"""What every surface tells in headers, and a stream in its receipt, before a real exchange."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.exchange import SYMBOL
from tests.support.served import House, house
from thegrid.receipts import read, verify
from thegrid.v1 import members_pb2, usage_pb2

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
SURFACES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"messages": HELLO},
    "/responses": {"input": "hi"},
    "/messages": {"messages": HELLO, "max_tokens": 99},
    "/completions": {"prompt": "hi"},
}
LIMITS = {"requests_per_minute": 3, "tokens_per_minute": 900_000, "spend_per_day_micros": 10**7}
RATE = {"requests": 3, "tokens": 900_000, "spend-micros": 10**7}


async def limited_key(market: House) -> str:
    made = await market.exchange.operator.members.CreateKey(
        members_pb2.CreateKeyRequest(
            request_id=market.exchange.request_id(),
            member_id=market.consumer.member_id,
            scopes=[members_pb2.SCOPE_CONSUME],
            limits=members_pb2.KeyLimits(**LIMITS),
        )
    )
    return str(made.secret)


async def last_record(market: House) -> usage_pb2.UsageRecord:
    page = await market.consumer.usage.ListUsage(usage_pb2.ListUsageRequest(page_size=1))
    return page.usage[0]


def assert_start(headers: httpx.Headers, record: usage_pb2.UsageRecord, spent: int) -> None:
    assert headers["x-request-id"] == record.client_request_id
    assert headers["x-grid-request-id"] == record.usage_id
    assert headers["x-grid-supplier"] == record.supplier_id
    assert headers["x-grid-model"] == record.serving_model == "acme/one"
    assert headers["x-grid-instrument"] == record.instrument_id
    assert headers["x-grid-spec-version"] == str(record.spec_version)
    for name, limit in RATE.items():
        assert headers[f"x-ratelimit-limit-{name}"] == str(limit)
        assert 0 <= int(headers[f"x-ratelimit-remaining-{name}"]) <= limit
        assert headers[f"x-ratelimit-reset-{name}"][-1] == "s"
    assert int(headers["x-ratelimit-remaining-requests"]) == RATE["requests"] - spent
    assert int(headers["openai-processing-ms"]) >= 0


@pytest.mark.parametrize("path", SURFACES)
async def test_plain_answers_and_streams(tmp_path: Path, path: str) -> None:
    async with house(tmp_path) as market:
        keys = await market.consumer.usage.ListReceiptKeys(usage_pb2.ListReceiptKeysRequest())
        market.http.headers["authorization"] = f"Bearer {await limited_key(market)}"
        body = {"model": SYMBOL, **SURFACES[path]}
        plain = await market.http.post(path, json=body, headers={"x-request-id": "mine-1"})
        assert plain.status_code == 200, plain.text
        record = await last_record(market)
        assert_start(plain.headers, record, 1)
        assert plain.headers["x-request-id"] == "mine-1"
        assert plain.headers["x-grid-verdict"] == "in_spec"
        assert plain.headers["x-grid-billed-tokens"] == str(record.billed_tokens)
        assert plain.headers["x-grid-cost-micros"] == str(record.cost_micros)
        signed = verify(read(plain.headers["x-grid-receipt"]), keys.keys)
        assert signed.usage.usage_id == record.usage_id
        if path == "/messages":
            assert plain.headers["request-id"] == "mine-1"

        streamed = await market.http.post(path, json={**body, "stream": True})
        record = await last_record(market)
        assert_start(streamed.headers, record, 2)
        assert "x-grid-verdict" not in streamed.headers
        (line,) = [line for line in streamed.text.splitlines() if line.startswith(": receipt ")]
        receipt = json.loads(line.removeprefix(": receipt "))
        assert receipt["request_id"] == record.usage_id
        assert (receipt["verdict"], receipt["status"]) == ("in_spec", "final")
        assert receipt["billed_tokens"] == record.billed_tokens > 0
        assert receipt["cost_micros"] == record.cost_micros > 0
        assert receipt["supplier_id"] == record.supplier_id
        assert verify(read(receipt["signed"]), keys.keys).usage.cost_micros == record.cost_micros
        await market.settled()


@pytest.mark.parametrize("path", ["/messages/count_tokens", "/responses/input_tokens"])
async def test_counting(tmp_path: Path, path: str) -> None:
    async with house(tmp_path) as market:
        body = SURFACES["/" + path.split("/")[1]].copy()
        body.pop("max_tokens", None)
        asked = {"model": SYMBOL, **body}
        answer = await market.http.post(path, json=asked, headers={"x-request-id": "mine-2"})
        assert answer.status_code == 200
        assert answer.headers["x-request-id"] == "mine-2"
        refused = await market.http.post(path, json={**asked, "model": "nothing"})
        assert refused.status_code == 404
        assert refused.headers["x-request-id"].startswith("req_")
        assert refused.headers["x-should-retry"] == "false"


async def test_a_call_that_failed_names_its_record(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for path in ("/chat/completions", "/responses", "/messages"):
            body = json.loads(
                json.dumps({"model": SYMBOL, **SURFACES[path]}).replace("hi", "mode=die:0")
            )
            answer = await market.http.post(path, json=body)
            assert answer.status_code == 502
            record = await last_record(market)
            assert answer.headers["x-grid-request-id"] == record.usage_id
            assert record.billed_tokens == 0
        await market.settled()


async def test_a_limit_that_is_reached_is_named_with_its_figures(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        made = await market.exchange.operator.members.CreateKey(
            members_pb2.CreateKeyRequest(
                request_id=market.exchange.request_id(),
                member_id=market.consumer.member_id,
                scopes=[members_pb2.SCOPE_CONSUME],
                limits=members_pb2.KeyLimits(requests_per_minute=3, tokens_per_minute=2_000),
            )
        )
        market.http.headers["authorization"] = f"Bearer {made.secret}"
        small = {"model": SYMBOL, "messages": HELLO, "max_tokens": 9}
        large = await market.http.post("/chat/completions", json={**small, "max_tokens": 3_000})
        assert (large.status_code, large.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert "2000" in large.json()["error"]["message"]
        assert large.headers["x-ratelimit-limit-tokens"] == "2000"
        assert (await market.http.post("/chat/completions", json=small)).status_code == 200
        assert (await market.http.post("/chat/completions", json=small)).status_code == 200
        many = await market.http.post("/chat/completions", json=small)
        assert many.status_code == 429
        assert "3 calls per minute" in many.json()["error"]["message"]
        assert int(many.headers["retry-after"]) >= 1
        assert many.headers["x-ratelimit-limit-requests"] == "3"
        assert many.headers["x-ratelimit-remaining-requests"] == "0"
        await market.settled()
