"""Coding agents in small: official clients, unmodified, with base URL and key changed and no more.

Everything behind the gateway is real; the upstream plays its part by what the prompt says.
"""

import json
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

import thegrid
from tests.support.exchange import SYMBOL
from tests.support.gateway import stream_text
from tests.support.served import House, house
from tests.support.upstream import CHUNKS, WORD
from thegrid import receipts

ALIASES = "claude-opus-latest=text-prime,claude-*=text-prime,gpt-*=text-prime"
WEATHER: Any = {
    "name": "weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def claude_of(market: House) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        base_url=market.gateway.origin, api_key=market.consumer.secret, max_retries=0
    )


async def test_an_agent_of_anthropics_loops_with_tools(tmp_path: Path) -> None:
    async with house(tmp_path, model_aliases=ALIASES) as market, claude_of(market) as claude:
        messages: list[Any] = [{"role": "user", "content": "mode=tools"}]
        asked: dict[str, Any] = {"model": "claude-sonnet-9", "max_tokens": 500, "tools": [WEATHER]}
        async with claude.messages.stream(messages=messages, **asked) as stream:
            first = await stream.get_final_message()
        assert first.stop_reason == "tool_use"
        (use,) = [block for block in first.content if block.type == "tool_use"]
        assert (use.name, use.input) == ("weather", {"city": "Ulm"})
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}
        messages += [
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        last = await claude.messages.create(messages=messages, **asked)
        assert last.stop_reason == "end_turn"
        assert last.content[0].text == WORD * CHUNKS
        sent = market.upstream.requests[-1]["messages"]
        assert sent[-2]["tool_calls"][0]["function"] == {
            "name": "weather",
            "arguments": '{"city":"Ulm"}',
        }
        assert sent[-1] == {"role": "tool", "tool_call_id": use.id, "content": "sunny"}
        record = await market.record(last.id)
        assert record["verdict"] == "in_spec"
        billed = last.usage.input_tokens + last.usage.output_tokens
        billed += last.usage.cache_read_input_tokens or 0
        assert record["billed_tokens"] == billed
        await market.settled()


async def test_a_count_beforehand_is_what_is_billed(tmp_path: Path) -> None:
    async with house(tmp_path, model_aliases=ALIASES) as market, claude_of(market) as claude:
        asked: dict[str, Any] = {
            "model": "claude-haiku",
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "How is the weather?"}],
            "tools": [WEATHER],
        }
        counted = await claude.messages.count_tokens(**asked)
        message = await claude.messages.create(max_tokens=100, **asked)
        record = await market.record(message.id)
        assert counted.input_tokens == record["counted"]["prompt_tokens"]
        with pytest.raises(anthropic.NotFoundError):
            await claude.messages.count_tokens(**{**asked, "model": "nothing-such"})
        with pytest.raises(anthropic.BadRequestError):
            await claude.messages.count_tokens(**{**asked, "messages": []})
        await market.settled()


async def test_models_are_listed_under_their_other_names(tmp_path: Path) -> None:
    async with house(tmp_path, model_aliases=ALIASES) as market, claude_of(market) as claude:
        page = await claude.models.list(limit=1)
        assert ([model.id for model in page.data], page.has_more) == ([SYMBOL], True)
        names = [model.id async for model in claude.models.list()]
        assert names == [SYMBOL, "claude-opus-latest"]
        model = await claude.models.retrieve("claude-whatever")
        assert (model.id, model.type) == (SYMBOL, "model")
        assert model.max_input_tokens
        listed = (await market.http.get("/models")).json()["data"]
        assert listed[0]["aliases"] == ALIASES.replace("=text-prime", "").split(",")
        assert listed[1]["instrument"] == SYMBOL
        with pytest.raises(anthropic.BadRequestError):
            await claude.models.list(after_id="nothing-such")
        chat = await market.http.post(
            "/chat/completions",
            json={"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]},
        )
        assert chat.status_code == 200


async def test_an_agent_is_told_why_it_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as market, claude_of(market) as claude:
        hello: Any = [{"role": "user", "content": "hi"}]
        poor = await market.exchange.create_member("poor")
        with pytest.raises(anthropic.APIStatusError) as broke:
            await claude.with_options(api_key=poor.secret).messages.create(
                model=SYMBOL, max_tokens=10, messages=hello
            )
        assert broke.value.status_code == 402
        with pytest.raises(anthropic.AuthenticationError):
            await claude.with_options(api_key="key_x.y").messages.create(
                model=SYMBOL, max_tokens=10, messages=hello
            )
        with pytest.raises(anthropic.NotFoundError):
            await claude.messages.create(model="claude-3", max_tokens=10, messages=hello)
        died: Any = [{"role": "user", "content": "mode=die:4"}]
        with pytest.raises((anthropic.APIError, httpx.HTTPError)):
            async with claude.messages.stream(
                model=SYMBOL, max_tokens=100, messages=died
            ) as stream:
                await stream.get_final_message()
        await market.settled()


async def test_an_agent_of_openais_loops_with_tools(tmp_path: Path) -> None:
    async with house(tmp_path, model_aliases=ALIASES) as market:
        tool: Any = {
            "type": "function",
            "name": "weather",
            "parameters": WEATHER["input_schema"],
            "strict": False,
        }
        items: list[Any] = [{"role": "user", "content": "mode=tools"}]
        asked: dict[str, Any] = {"model": "gpt-9-codex", "tools": [tool], "store": False}
        async with market.client.responses.stream(input=items, **asked) as stream:
            first = await stream.get_final_response()
        (call,) = [item for item in first.output if item.type == "function_call"]
        assert (call.name, call.arguments) == ("weather", '{"city": "Ulm"}')
        items += [
            *(item.model_dump(exclude={"parsed_arguments"}) for item in first.output),
            {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"},
        ]
        last = await market.client.responses.create(input=items, **asked)
        assert (last.status, last.output_text) == ("completed", WORD * CHUNKS)
        sent = market.upstream.requests[-1]["messages"]
        assert sent[-1] == {"role": "tool", "tool_call_id": call.call_id, "content": "sunny"}
        record = await market.record(last.id)
        assert last.usage is not None
        assert record["billed_tokens"] == last.usage.total_tokens
        counted = await market.client.responses.input_tokens.count(
            model="gpt-9-codex", input=items, tools=[tool]
        )
        assert counted.input_tokens == record["counted"]["prompt_tokens"]
        await market.settled()


async def test_a_running_response_is_cancelled_from_beside(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        stream = await market.client.responses.create(
            model=SYMBOL, input="mode=hang:8", stream=True
        )
        created: Any = await anext(stream)
        said = ""
        while said != WORD * 8:
            said += getattr(await anext(stream), "delta", "")
        stranger = await market.exchange.create_member("stranger")
        with pytest.raises(openai.NotFoundError):
            await market.client.with_options(api_key=stranger.secret).responses.cancel(
                created.response.id
            )
        cancelled = await market.client.responses.cancel(created.response.id)
        assert cancelled.status == "cancelled"
        events = []
        with pytest.raises((openai.APIError, httpx.HTTPError)):
            events += [event async for event in stream]
        record = await market.record(created.response.id)
        assert (record["verdict"], record["cause"]) == ("cancelled_by_client", "cancelled")
        assert record["billed_tokens"] == record["counted"]["prompt_tokens"] + 8
        with pytest.raises(openai.NotFoundError):
            await market.client.responses.cancel(created.response.id)
        await market.settled()


async def test_the_operators_own_store_keeps_what_is_asked(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'responses.db'}"
    async with house(tmp_path, responses_store=place) as market:
        responses = market.client.responses
        first = await responses.create(model=SYMBOL, input="My name is Ann", instructions="Short")
        assert await responses.retrieve(first.id) == first
        async with responses.stream(
            model=SYMBOL, input="mode=gap:0", previous_response_id=first.id
        ) as stream:
            second = await stream.get_final_response()
        sent = market.upstream.requests[-1]["messages"]
        assert [message["content"] for message in sent] == [
            "My name is Ann",
            WORD * CHUNKS,
            "mode=gap:0",
        ]
        assert (await responses.retrieve(second.id)).previous_response_id == first.id
        listed = [item.model_dump() async for item in responses.input_items.list(second.id)]
        assert [item["content"][0]["text"] for item in listed] == ["mode=gap:0"]
        stranger = await market.exchange.create_member("stranger")
        others = market.client.with_options(api_key=stranger.secret).responses
        for refused in (others.retrieve(first.id), others.delete(first.id)):
            with pytest.raises(openai.NotFoundError):
                await refused
        unkept = await responses.create(model=SYMBOL, input="hi", store=False)
        with pytest.raises(openai.NotFoundError):
            await responses.retrieve(unkept.id)
        await responses.delete(first.id)
        with pytest.raises(openai.NotFoundError) as gone:
            await responses.create(model=SYMBOL, input="hi", previous_response_id=second.id)
        assert gone.value.param == "previous_response_id"
        await market.settled()


async def test_more_output_than_there_is_is_lowered_under_another_models_name_alone(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, model_aliases=ALIASES) as market, claude_of(market) as claude:
        hello: Any = [{"role": "user", "content": "hi"}]
        for _ in range(2):
            await claude.messages.create(model="claude-big", max_tokens=20_000, messages=hello)
            assert market.upstream.requests[-1]["max_completion_tokens"] == 16_384
        with pytest.raises(anthropic.BadRequestError) as refused:
            await claude.messages.create(model=SYMBOL, max_tokens=20_000, messages=hello)
        assert "16384" in str(refused.value)
        await market.settled()


async def test_every_surface_hands_out_the_record_as_the_exchange_signed_it(
    tmp_path: Path,
) -> None:
    hello = [{"role": "user", "content": "hi"}]
    bodies: dict[str, Any] = {
        "/chat/completions": {"model": SYMBOL, "messages": hello},
        "/messages": {"model": SYMBOL, "messages": hello, "max_tokens": 100},
        "/responses": {"model": SYMBOL, "input": hello},
    }
    async with house(tmp_path) as market:
        async with thegrid.AsyncClient(market.exchange.target, market.consumer.secret) as client:
            keys = await client.usage.receipt_keys()
        for path, body in bodies.items():
            plain = await market.http.post(path, json=body)
            text, broken = await stream_text(market.http, path, {**body, "stream": True})
            assert broken is None
            (told,) = [block for block in text.split("\n\n") if block.startswith(": receipt ")]
            streamed = json.loads(told.removeprefix(": receipt "))
            for proof, usage_id in (
                (plain.headers["x-grid-receipt"], plain.headers["x-grid-request-id"]),
                (streamed["signed"], streamed["request_id"]),
            ):
                usage = receipts.verify(proof, keys).usage
                assert usage.usage_id == usage_id
                assert usage.billed_tokens == usage.counted.prompt_tokens + CHUNKS
            record = await market.record(streamed["request_id"])
            assert receipts.verify(record["signed"], keys).usage.usage_id == streamed["request_id"]
        await market.settled()
