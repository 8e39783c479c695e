"""POST /v1/embeddings the whole way: OpenAI's client, gateway, exchange, agent, a real embedder."""

import asyncio
import base64
import json
import math
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.support.embedding import EMBED, define_embeddings
from tests.support.exchange import SYMBOL
from tests.support.served import House, house, running_supplier, supplier_settings
from thegrid.cli.embedding import cosine
from thegrid.receipts import verify
from thegrid.supplier.hashed import DIMENSIONS, embed
from thegrid.v1 import admin_pb2, usage_pb2, usage_pb2_grpc
from thegrid_exchange.delivery.encodings import encoding_named

TEXTS = ["How do I reset my password?", "Steps to reset a forgotten password", "Weather in Paris"]
PRICE_MICROS = 20_000


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[House]:
    """A house that serves embeddings with the demo embedder too."""
    async with house(tmp_path) as made:
        exchange = made.exchange
        await define_embeddings(exchange, dimensions=DIMENSIONS, dimensions_min=64)
        await exchange.admin.AdmitSupplier(
            admin_pb2.AdmitSupplierRequest(
                request_id=exchange.request_id(),
                member_id=made.supplier.member_id,
                instrument=EMBED,
                verified_tokens_per_second=1_000_000,
            )
        )
        settings = supplier_settings(
            exchange,
            made.supplier,
            instrument=EMBED,
            model="demo/embed",
            price_micros=PRICE_MICROS,
            throughput_tokens_per_second=100_000,
        )
        async with running_supplier(settings, []):
            yield made
            await made.settled()


async def test_vectors_in_both_encodings_rank_and_are_billed_by_their_input(market: House) -> None:
    by_default = await market.client.embeddings.create(model=EMBED, input=TEXTS)
    plain = await market.client.embeddings.create(
        model=EMBED, input=TEXTS, encoding_format="float", user="u-1"
    )
    vectors = [each.embedding for each in plain.data]
    assert [each.index for each in plain.data] == [0, 1, 2]
    assert [each.object for each in plain.data] == ["embedding"] * 3
    assert vectors == [list(each.embedding) for each in by_default.data]
    assert (plain.object, plain.model) == ("list", "demo/embed")
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert vector == pytest.approx(embed(text), abs=1e-7)
        assert math.hypot(*vector) == pytest.approx(1.0, abs=1e-6)
    assert cosine(vectors[0], vectors[1]) > 0.3 > cosine(vectors[0], vectors[2])
    tokens = sum(len(encoding_named("cl100k_base").encode_ordinary(text)) for text in TEXTS)
    assert (plain.usage.prompt_tokens, plain.usage.total_tokens) == (tokens, tokens)


async def test_the_wire_is_openais_and_says_what_served(market: House) -> None:
    body = {"model": EMBED, "input": "one text", "encoding_format": "base64"}
    answer = await market.http.post("/embeddings", json=body)
    assert answer.status_code == 200
    told = answer.json()
    assert sorted(told) == ["data", "model", "object", "usage"]
    assert sorted(told["usage"]) == ["prompt_tokens", "total_tokens"]
    content = base64.b64decode(told["data"][0]["embedding"])
    values = struct.unpack(f"<{DIMENSIONS}f", content)
    assert list(values) == pytest.approx(embed("one text"), abs=1e-7)
    headers = answer.headers
    assert headers["x-grid-supplier"] == market.supplier.member_id
    assert headers["x-grid-model"] == "demo/embed"
    assert headers["x-grid-verdict"] == "in_spec"
    assert headers["x-grid-billed-tokens"] == str(told["usage"]["total_tokens"])
    record = await market.record(headers["x-grid-request-id"])
    assert record["counted"]["completion_tokens"] == 0
    assert record["reported"] is None, "the embedder has no tokenizer"
    assert record["billed_tokens"] == record["counted"]["prompt_tokens"] == 2
    assert record["cost_micros"] == 0, "two tokens of a cheap instrument are less than a micro"
    receipt = usage_pb2.Receipt.FromString(base64.b64decode(headers["x-grid-receipt"]))
    async with asyncio.timeout(10):
        keys = await market.exchange.stub(
            usage_pb2_grpc.UsageServiceStub, market.consumer.secret
        ).ListReceiptKeys(usage_pb2.ListReceiptKeysRequest())
    assert verify(receipt, keys.keys).usage.usage_id == record["request_id"]


async def test_tokens_are_texts(market: House) -> None:
    encoding = encoding_named("cl100k_base")
    tokens = [encoding.encode_ordinary(text) for text in TEXTS]
    texts = await market.client.embeddings.create(model=EMBED, input=TEXTS)
    many = await market.client.embeddings.create(model=EMBED, input=tokens)
    one = await market.client.embeddings.create(model=EMBED, input=tokens[1])
    assert [each.embedding for each in many.data] == [each.embedding for each in texts.data]
    assert one.data[0].embedding == texts.data[1].embedding
    assert many.usage == texts.usage


async def test_shorter_vectors_and_their_refusal(market: House) -> None:
    short = await market.client.embeddings.create(model=EMBED, input=TEXTS[0], dimensions=64)
    assert short.data[0].embedding == pytest.approx(embed(TEXTS[0], 64), abs=1e-7)
    with pytest.raises(openai.BadRequestError) as refused:
        await market.client.embeddings.create(model=EMBED, input="a", dimensions=63)
    assert (refused.value.param, refused.value.code) == ("dimensions", "unsupported_parameter")
    assert "64 to 384" in str(refused.value)


async def test_many_inputs_go_through_in_one_call(market: House) -> None:
    inputs = [f"document number {number} about bids and asks " * 3 for number in range(1_500)]
    answer = await market.client.embeddings.create(model=EMBED, input=inputs)
    assert [each.index for each in answer.data] == list(range(1_500))
    for number in (0, 700, 1_499):
        got = answer.data[number].embedding
        assert got == pytest.approx(embed(inputs[number]), abs=1e-7)


WRONG: list[tuple[Any, str | None, str | None]] = [
    ([], None, None),
    ({"model": EMBED}, "input", "missing_required_parameter"),
    ({"input": "a"}, "model", "missing_required_parameter"),
    ({"model": EMBED, "input": ""}, "input", "string_below_min_length"),
    ({"model": EMBED, "input": []}, "input", "empty_array"),
    ({"model": EMBED, "input": ["a", ""]}, "input[1]", "string_below_min_length"),
    ({"model": EMBED, "input": ["a", 1]}, "input[1]", "invalid_type"),
    ({"model": EMBED, "input": [1, "a"]}, "input[1]", "invalid_type"),
    ({"model": EMBED, "input": [1, True]}, "input[1]", "invalid_type"),
    ({"model": EMBED, "input": [[1], []]}, "input[1]", "empty_array"),
    ({"model": EMBED, "input": [[1, -1]]}, "input[0][1]", "integer_below_min_value"),
    ({"model": EMBED, "input": [1 << 31]}, "input[0]", "integer_above_max_value"),
    ({"model": EMBED, "input": [None]}, "input[0]", "invalid_type"),
    ({"model": EMBED, "input": 1}, "input", "invalid_type"),
    ({"model": EMBED, "input": {"a": 1}}, "input", "invalid_type"),
    ({"model": EMBED, "input": "\ud800"}, None, "invalid_json"),
    ({"model": EMBED, "input": ["1" * 20, "\ud800"]}, "input", "invalid_value"),
    ({"model": EMBED, "input": "a", "dimensions": 0}, "dimensions", "integer_below_min_value"),
    ({"model": EMBED, "input": "a", "dimensions": "8"}, "dimensions", "invalid_type"),
    ({"model": EMBED, "input": "a", "encoding_format": "int8"}, "encoding_format", "invalid_value"),
    ({"model": EMBED, "input": "a", "user": 1}, "user", "invalid_type"),
    ({"model": EMBED, "input": "a", "seed": 1}, "seed", "unsupported_parameter"),
    ({"model": EMBED, "input": [100_257]}, "input[0]", "content_refused"),
    ({"model": EMBED, "input": ["a", "word " * 8_193]}, "input[1]", "context_length_exceeded"),
    ({"model": EMBED, "input": "a", "grid": {"regions": ["mars"]}}, "grid.regions",
     "unsupported_parameter"),
]  # fmt: skip


async def test_what_cannot_be_is_refused_with_its_parameter(market: House) -> None:
    for body, param, code in WRONG:
        answer = await market.http.post("/embeddings", content=json.dumps(body))
        assert answer.status_code == 400, body
        error = answer.json()["error"]
        assert sorted(error) == ["code", "message", "param", "type"]
        assert error["type"] == "invalid_request_error"
        assert (error["param"], error["code"]) == (param, code), answer.text
        assert answer.headers["x-should-retry"] == "false"


async def test_each_kind_has_its_own_models(market: House) -> None:
    hello: Any = [{"role": "user", "content": "hi"}]
    for asking, param in (
        (market.client.chat.completions.create(model=EMBED, messages=hello), "messages"),
        (market.client.embeddings.create(model=SYMBOL, input="hi"), "input"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await asking
        assert (refused.value.param, refused.value.code) == (param, "unsupported_model")
    with pytest.raises(openai.NotFoundError) as missing:
        await market.client.embeddings.create(model="nobody", input="hi")
    assert missing.value.param == "model"
    with pytest.raises(openai.AuthenticationError):
        await market.client.with_options(api_key="key_x.y").embeddings.create(
            model=EMBED, input="hi"
        )
    listed = {model["id"]: model for model in (await market.http.get("/models")).json()["data"]}
    assert listed[EMBED]["specification"]["embedding"]["dimensions"] == DIMENSIONS
    assert listed[SYMBOL]["specification"]["embedding"] is None
    theirs = await market.http.get("/models", headers={"anthropic-version": "2023-06-01"})
    assert [model["id"] for model in theirs.json()["data"]] == [SYMBOL], "Messages need a chat"


async def test_a_repeat_of_an_idempotency_key_runs_and_bills_once(market: House) -> None:
    body, headers = {"model": EMBED, "input": "a"}, {"idempotency-key": "one"}
    first = await market.http.post("/embeddings", json=body, headers=headers)
    again = await market.http.post("/embeddings", json=body, headers=headers)
    other = await market.http.post("/embeddings", json={**body, "input": "b"}, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (200, 409, 409)
    assert again.json()["error"]["code"] == "idempotency_key_used"
    assert other.json()["error"]["code"] == "idempotency_mismatch"
    assert again.headers["x-grid-request-id"] == first.headers["x-grid-request-id"]


async def test_the_document_and_the_counts_know_it(market: House) -> None:
    root = str(market.http.base_url).removesuffix("/v1/")
    async with httpx.AsyncClient(base_url=root) as plain:
        operation = (await plain.get("/openapi.json")).json()["paths"]["/v1/embeddings"]["post"]
        await market.client.embeddings.create(model=EMBED, input="a")
        counts = (await plain.get("/metrics")).text
    fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert sorted(fields) == ["dimensions", "encoding_format", "grid", "input", "model", "user"]
    assert [each["name"] for each in operation["parameters"]] == ["idempotency-key"]
    assert 'grid_gateway_requests_total{endpoint="embeddings",status="200"} 1.0' in counts
