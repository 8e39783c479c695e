"""A request that carries an Idempotency-Key runs once, wherever and whenever it is repeated."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.exchange import SYMBOL, running_exchange
from tests.support.gateway import running_gateway, stream_text
from tests.support.served import House, house
from tests.support.until import until
from thegrid.receipts import read, verify
from thegrid.v1 import usage_pb2
from thegrid_exchange.clock import SystemClock

CHAT = "/chat/completions"
KEY = {"idempotency-key": "order-66"}


def body(prompt: str = "hi", **more: Any) -> dict[str, Any]:
    return {"model": SYMBOL, "messages": [{"role": "user", "content": prompt}], **more}


async def records(market: House) -> list[usage_pb2.UsageRecord]:
    page = await market.consumer.usage.ListUsage(usage_pb2.ListUsageRequest())
    return list(page.usage)


def assert_no_retry(answer: httpx.Response, code: str) -> None:
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-should-retry"] == "false"
    assert "retry-after" not in answer.headers


async def assert_receipt(market: House, repeat: httpx.Response) -> None:
    """A repeat is given the receipt of the one that ran, signed."""
    (record,) = await records(market)
    assert_no_retry(repeat, "idempotency_key_used")
    assert repeat.headers["x-grid-request-id"] == record.usage_id
    assert repeat.headers["x-grid-verdict"] == "in_spec"
    assert repeat.headers["x-grid-billed-tokens"] == str(record.billed_tokens)
    assert repeat.headers["x-grid-cost-micros"] == str(record.cost_micros)
    told = repeat.json()["receipt"]
    assert (told["request_id"], told["cost_micros"]) == (record.usage_id, record.cost_micros)
    keys = await market.consumer.usage.ListReceiptKeys(usage_pb2.ListReceiptKeysRequest())
    for proof in (told["signed"], repeat.headers["x-grid-receipt"]):
        assert verify(read(proof), keys.keys).usage.billed_tokens == record.billed_tokens


async def test_a_repeat_of_what_has_ended_is_given_its_receipt(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        first = await market.http.post(CHAT, json=body(), headers=KEY)
        assert first.status_code == 200
        await assert_receipt(market, await market.http.post(CHAT, json=body(), headers=KEY))
        assert len(market.upstream.requests) == 1
        await market.settled()


async def test_a_repeat_of_a_stream_is_given_its_receipt(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        market.http.headers.update(KEY)
        text, broken = await stream_text(market.http, CHAT, body(stream=True))
        assert broken is None
        assert text.endswith("data: [DONE]\n\n")
        await assert_receipt(market, await market.http.post(CHAT, json=body(stream=True)))
        await market.settled()


async def test_a_repeat_in_anthropics_words(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        asked = body(max_tokens=100)
        first = await market.http.post("/messages", json=asked, headers=KEY)
        assert first.status_code == 200
        repeat = await market.http.post("/messages", json=asked, headers=KEY)
        assert repeat.status_code == 409
        told = repeat.json()
        assert told["type"] == "error"
        assert told["error"]["type"] == "invalid_request_error"
        assert told["error"]["code"] == "idempotency_key_used"
        assert told["receipt"]["request_id"] == (await records(market))[0].usage_id
        elsewhere = await market.http.post(CHAT, json=asked, headers=KEY)
        assert_no_retry(elsewhere, "idempotency_mismatch")
        await market.settled()


async def test_a_repeat_at_another_gateway_while_the_first_runs(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        asked = body("mode=hang:3", stream=True)
        operator = await market.exchange.create_member("other house", scopes=("GATEWAY",))
        async with running_gateway(market.exchange.target, operator.secret) as other:
            http = httpx.AsyncClient(base_url=other.base_url, headers=market.http.headers)
            async with http, market.http.stream("POST", CHAT, json=asked, headers=KEY) as first:
                assert first.status_code == 200
                usage_id = first.headers["x-grid-request-id"]
                for client in (market.http, http):
                    repeat = await client.post(CHAT, json=asked, headers=KEY)
                    assert_no_retry(repeat, "request_in_progress")
                    assert repeat.headers["x-grid-request-id"] == usage_id
                    otherwise = await client.post(CHAT, json=body("else"), headers=KEY)
                    assert_no_retry(otherwise, "idempotency_mismatch")
        assert len(market.upstream.requests) == 1
        await market.record(usage_id)
        repeat = await market.http.post(CHAT, json=asked, headers=KEY)
        assert_no_retry(repeat, "idempotency_key_used")
        assert repeat.headers["x-grid-verdict"] == "cancelled_by_client"
        await market.settled()


async def test_many_at_once_with_one_key_run_once(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        asked = [market.http.post(CHAT, json=body("mode=gap:2"), headers=KEY) for _ in range(8)]
        answers = await asyncio.gather(*asked)
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200] + [409] * 7
        said = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
        assert said <= {"request_in_progress", "idempotency_key_used"}
        assert len(await records(market)) == 1
        assert len(market.upstream.requests) == 1
        await market.settled()


async def test_another_request_under_the_same_key(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        assert (await market.http.post(CHAT, json=body(), headers=KEY)).status_code == 200
        for other in (body("else"), body(temperature=0.5)):
            repeat = await market.http.post(CHAT, json=other, headers=KEY)
            assert_no_retry(repeat, "idempotency_mismatch")
            assert "receipt" not in repeat.json()
        assert len(await records(market)) == 1
        await market.settled()


async def test_a_key_is_free_again_after_a_call_that_failed_and_billed_nothing(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as market:
        for turn in range(3):
            answer = await market.http.post(CHAT, json=body("mode=die:0"), headers=KEY)
            assert answer.status_code == 502
            assert answer.headers["x-should-retry"] == "true"
            assert len(market.upstream.requests) == turn + 1
        mismatch = await market.http.post(CHAT, json=body(), headers=KEY)
        assert_no_retry(mismatch, "idempotency_mismatch")
        assert [record.billed_tokens for record in await records(market)] == [0, 0, 0]
        await market.settled()


async def test_keys_of_two_callers_are_strangers(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        assert (await market.http.post(CHAT, json=body(), headers=KEY)).status_code == 200
        poor = await market.exchange.create_member("poor")
        headers = {**KEY, "authorization": f"Bearer {poor.secret}"}
        answer = await market.http.post(CHAT, json=body(), headers=headers)
        assert answer.status_code == 402
        assert "receipt" not in answer.text
        await market.settled()


async def test_a_digest_says_nothing_of_its_request(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for key in ("one", "two"):
            headers = {"idempotency-key": key}
            assert (await market.http.post(CHAT, json=body(), headers=headers)).status_code == 200
        await market.http.post(CHAT, json=body())
        digests = [record.request_digest for record in await records(market)]
        assert digests[0] == ""
        assert len(set(digests)) == 3
        await market.settled()


async def test_a_repeat_after_the_exchange_and_the_gateway_began_anew(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with house(folder) as market:
        first = await market.http.post(CHAT, json=body(), headers=KEY)
        assert first.status_code == 200
        usage_id = first.headers["x-grid-request-id"]
        caller, key = market.consumer.secret, market.gateway.config.key
        await market.settled()
    headers = {**KEY, "authorization": f"Bearer {caller}"}
    async with (
        running_exchange(folder, clock=SystemClock()) as exchange,
        running_gateway(exchange.target, key) as gateway,
        httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http,
    ):
        await until(lambda: gateway.server._gateway.pool.is_ready)  # type: ignore[union-attr]
        # Nobody is there to serve: that this has ended is said before that.
        repeat = await http.post(CHAT, json=body())
        assert_no_retry(repeat, "idempotency_key_used")
        assert repeat.json()["receipt"]["request_id"] == usage_id


@pytest.mark.parametrize("key", ["x" * 257])
async def test_a_key_that_is_too_long(http: httpx.AsyncClient, key: str) -> None:
    answer = await http.post(CHAT, content=json.dumps(body()), headers={"idempotency-key": key})
    assert answer.status_code == 400
    assert "256" in answer.json()["error"]["message"]
