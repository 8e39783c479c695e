"""The whole way: OpenAI's client, the gateway, the exchange, the agent, an upstream."""

import asyncio
import json
from pathlib import Path

import openai
import pytest

from tests.support.exchange import SYMBOL, running_exchange
from tests.support.served import PRICE_MICROS, house, running_supplier, supplier_settings
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD, Upstream
from thegrid.v1 import market_data_pb2, members_pb2
from thegrid_exchange.clock import SystemClock


async def test_answers_are_served_bought_metered_and_settled(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        plain = await market.create()
        assert plain.choices[0].message.content == WORD * CHUNKS
        assert plain.choices[0].finish_reason == "stop"
        assert plain.model == "acme/one"
        assert plain.usage.completion_tokens == CHUNKS
        record = await market.record(plain.id)
        assert record["verdict"] == "in_spec"
        assert record["billed_tokens"] == plain.usage.total_tokens
        assert record["supplier_id"] == market.supplier.member_id
        assert record["reported"]["prompt_tokens"] == 9
        assert record["draws"][0]["cost_price_micros"] == PRICE_MICROS
        assert record["cost_micros"] == sum(draw["cost_micros"] for draw in record["draws"])
        assert record["request_id"] == (await market.record(plain._request_id))["request_id"]
        stream = await market.create(stream=True, stream_options={"include_usage": True})
        chunks = [one async for one in stream]
        text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        assert text == WORD * CHUNKS
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.completion_tokens == CHUNKS
        assert [model.id async for model in market.client.models.list()] == [SYMBOL]
        await market.settled()


async def test_tools_and_choices_go_the_whole_way(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"a": [None]}}}]
    async with house(tmp_path) as market:
        answer = await market.create("mode=tools", tools=tools)
        call = answer.choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments) == {"city": "Ulm"}
        assert answer.choices[0].finish_reason == "tool_calls"
        assert market.upstream.requests[-1]["tools"] == tools
        two = await market.create("mode=two", n=2)
        assert [one.message.content for one in two.choices] == ["<0><0>", "<1><1>"]
        assert [one.finish_reason for one in two.choices] == ["stop", "length"]
        split = await market.create("mode=split", stream=True)
        text = "".join([one.choices[0].delta.content or "" async for one in split if one.choices])
        assert text == "\u00e9\u00e8\U0001f600" * 4
        await market.settled()


@pytest.mark.parametrize(
    ("prompt", "code", "word"),
    [
        ("mode=http:400", 400, "invalid_request"),
        ("mode=http:500", 502, None),
        ("mode=http:401", 503, None),
        ("mode=die:0", 502, None),
    ],
)
async def test_an_upstream_that_refuses(
    tmp_path: Path, prompt: str, code: int, word: str | None
) -> None:
    async with house(tmp_path) as market:
        body = {"model": SYMBOL, "messages": [{"role": "user", "content": prompt}]}
        answer = await market.http.post("/chat/completions", json=body)
        assert answer.status_code == code, answer.text
        error = answer.json()["error"]
        assert word is None or error["code"] == word
        if code == 400:
            assert error["message"] == "upstream says 400"
        record = await market.record(answer.headers["x-grid-request-id"])
        assert record["billed_tokens"] == 0
        await market.settled()


async def test_a_stream_whose_upstream_dies_is_an_error_and_not_billed(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for mode in ("die:8", "short:8", "errmid:8", "nofinish", "garbage"):
            stream = await market.create(f"mode={mode}", stream=True)
            seen = []
            with pytest.raises(openai.APIError) as broken:
                seen += [one async for one in stream]
            assert broken.value.code == "supplier_failed"
            usage_id = stream.response.headers["x-grid-request-id"]
            record = await market.record(usage_id)
            assert (record["verdict"], record["billed_tokens"]) == ("failed", 0)
        await market.settled()


async def test_a_client_that_leaves_stops_the_upstream_and_pays_for_what_it_had(
    tmp_path: Path,
) -> None:
    loop = asyncio.get_running_loop()
    async with house(tmp_path) as market:
        stream = await market.create("mode=hang:8", stream=True)
        usage_id = stream.response.headers["x-grid-request-id"]
        first = await anext(stream)
        assert first.choices
        await asyncio.sleep(0.1)
        left_at_s = loop.time()
        await stream.close()
        await until(lambda: market.upstream.left_at_s, timeout_s=1.0)
        assert market.upstream.left_at_s[-1] - left_at_s < 1.0
        record = await market.record(usage_id)
        assert record["verdict"] == "cancelled_by_client"
        assert 0 < record["billed_tokens"] == record["counted"]["prompt_tokens"] + 8
        await market.settled()


async def test_refusals_of_the_exchange_keep_their_shape(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        with pytest.raises(openai.NotFoundError) as missing:
            await market.client.chat.completions.create(
                model="gpt-4", messages=[{"role": "user", "content": "hi"}]
            )
        assert missing.value.code == "model_not_found"
        poor = await market.exchange.create_member("poor")
        with pytest.raises(openai.APIStatusError) as broke:
            await market.client.with_options(api_key=poor.secret).chat.completions.create(
                model=SYMBOL, messages=[{"role": "user", "content": "hi"}]
            )
        assert broke.value.status_code == 402
        with pytest.raises(openai.AuthenticationError):
            await market.client.with_options(api_key="key_x.y").models.list()
        with pytest.raises(openai.BadRequestError):
            await market.create(" " * 1_000_000)
        await market.settled()


async def test_a_prompt_of_a_megabyte(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        words = "word " * 60_000 + "mode=gap:0"
        answer = await market.create(words)
        assert answer.choices[0].message.content == WORD * CHUNKS
        assert market.upstream.requests[-1]["messages"][0]["content"] == words
        await market.settled()


async def test_the_demo_model_answers(tmp_path: Path) -> None:
    async with house(tmp_path, upstream_url="") as market:
        answer = await market.create("hello there")
        assert "demo model" in answer.choices[0].message.content
        assert "hello there" in answer.choices[0].message.content
        record = await market.record(answer.id)
        assert record["verdict"] == "in_spec"
        long = await market.create("Write 300 words", stream=True)
        text = "".join([one.choices[0].delta.content or "" async for one in long if one.choices])
        assert len(text.split()) == 300
        schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}
        wanted = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
        shaped = await market.create("x", response_format=wanted)
        assert json.loads(shaped.choices[0].message.content) == {"n": 3}
        tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
        called = await market.create("what does weather say?", tools=tools)
        function = called.choices[0].message.tool_calls[0].function
        assert (function.name, json.loads(function.arguments)) == ("weather", {"n": 3})
        await market.settled()


async def test_many_streams_at_once_share_one_session(tmp_path: Path) -> None:
    async with house(tmp_path) as market:

        async def one() -> str:
            stream = await market.create("mode=gap:2", stream=True)
            return "".join([one.choices[0].delta.content or "" async for one in stream])

        texts = await asyncio.gather(*(one() for _ in range(40)))
        assert set(texts) == {WORD * CHUNKS}
        await market.settled()


async def test_the_agent_keeps_its_asks_resting(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        await market.create()
        assert any(f"offers 20 Units of {SYMBOL}" in line for line in market.reports)
        await until(lambda: any("offers 1 Units" in line for line in market.reports), 8)
        await market.settled()


async def test_a_supplier_that_stops_takes_its_asks_along(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, clock=SystemClock()) as exchange, Upstream() as upstream:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier("acme")
        reports: list[str] = []
        settings = supplier_settings(exchange, supplier, upstream_url=upstream.base_url)
        async with running_supplier(settings, reports) as stop:
            stop.set()
        market = await supplier.market_data.GetMarket(
            market_data_pb2.GetMarketRequest(market=SYMBOL)
        )
        assert not market.market.HasField("best_ask_micros")


async def test_a_revoked_key_ends_its_streams_within_a_second(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with house(tmp_path) as market:
        stream = await market.create("mode=hang:8", stream=True)
        await anext(stream)
        revoked_at_s = loop.time()
        await market.exchange.operator.members.RevokeKey(
            members_pb2.RevokeKeyRequest(
                request_id=market.exchange.request_id(),
                key_id=market.consumer.secret.partition(".")[0],
            )
        )
        with pytest.raises(openai.APIError) as broken:
            _ = [one async for one in stream]
        assert loop.time() - revoked_at_s < 1.0
        assert broken.value.code == "key_revoked"
        await until(lambda: market.upstream.left_at_s, timeout_s=1.0)
        await market.settled()


async def test_an_answer_is_cut_at_the_cap_of_the_canonical_count(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        answer = await market.create("mode=gap:1", max_tokens=5)
        assert answer.choices[0].finish_reason == "length"
        assert answer.choices[0].message.content == WORD * 5
        assert answer.usage.completion_tokens == 5
        assert market.upstream.requests[-1]["max_tokens"] == 5
        await market.settled()


async def test_a_price_that_is_too_high_is_not_paid(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        with pytest.raises(openai.APIStatusError) as refused:
            await market.create(extra_body={"grid": {"max_price_micros": PRICE_MICROS - 1_000}})
        assert refused.value.status_code == 503
        assert refused.value.code == "above_ceiling"
        with pytest.raises(openai.APIStatusError) as unserved:
            await market.create(extra_body={"grid": {"only_suppliers": ["mem_000000000099"]}})
        assert unserved.value.status_code in (400, 503)
        assert not market.upstream.requests
        await market.settled()
