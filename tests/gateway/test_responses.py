"""OpenAI's Responses as OpenAI's own client and plain HTTP see them, plain and streamed."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.support.gateway import events_of, stream_text
from tests.support.stand_in import MODEL, Call, StandIn, chunk, status, thinks_and_calls
from thegrid.openai import request_to_json

BODY: dict[str, Any] = {"model": "text-prime", "input": "hi"}
LOGPROB = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}


async def test_a_response(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    response = await client.responses.create(
        model="text-prime", input="hi", instructions="Be short", metadata={"a": "b"}
    )
    call = exchange.calls[0]
    assert response.output_text == "Hello from the grid"
    assert (response.status, response.object, response.error) == ("completed", "response", None)
    assert response.id == "resp_" + call.usage_id.removeprefix("usg_")
    assert response.model == MODEL
    assert response.store is False  # type: ignore[attr-defined]
    assert response.metadata == {"a": "b"}
    assert response.instructions == "Be short"
    assert response.usage is not None
    assert response.usage.total_tokens == 13
    assert response.usage.input_tokens_details.cached_tokens == 2
    assert response.usage.output_tokens_details.reasoning_tokens == 1
    assert response._request_id == call.opening.client_request_id
    assert request_to_json(call.opening.request) == {
        "model": "text-prime",
        "messages": [
            {"role": "system", "content": "Be short"},
            {"role": "user", "content": "hi"},
        ],
    }


async def test_a_stream_is_the_same_response(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    exchange.script = thinks_and_calls
    whole = await client.responses.create(**BODY)
    async with client.responses.stream(**BODY) as stream:
        streamed = await stream.get_final_response()
    kinds = ["reasoning", "message", "function_call", "function_call"]
    assert [item.type for item in streamed.output] == kinds
    reasoning, message, first, second = (item.model_dump() for item in streamed.output)
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "Let me see."}]
    assert message["content"][0]["text"] == "I look it up."
    assert (first["call_id"], first["arguments"]) == ("call_0", '{"city": "Ulm"}')
    assert (second["call_id"], second["arguments"]) == ("call_1", '{"city": "Bonn"}')
    shown = {"content", "type", "role", "arguments", "call_id", "name", "status", "summary"}
    for one, other in zip(whole.output, streamed.output, strict=True):
        assert strip(one.model_dump(include=shown)) == strip(other.model_dump(include=shown))
    assert whole.usage == streamed.usage


def strip(value: Any) -> Any:
    """Leave out what the client's own parser adds to streamed answers."""
    if isinstance(value, list):
        return [strip(item) for item in value]
    if isinstance(value, dict):
        return {key: strip(item) for key, item in value.items() if not key.startswith("parsed")}
    return value


async def test_the_order_of_a_stream(http: httpx.AsyncClient, exchange: StandIn) -> None:
    answer = await http.post("/responses", json={**BODY, "stream": True})
    found = events_of(answer.text)
    assert [name.removeprefix("response.") for name, _ in found] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 4,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "comment",
        "completed",
    ]
    typed = [data for name, data in found if name != "comment"]
    assert [data["sequence_number"] for data in typed] == list(range(len(typed)))
    assert all(data["type"] == name for name, data in found if name != "comment")
    assert found[0][1]["response"]["status"] == "in_progress"
    assert typed[-1]["response"]["usage"]["total_tokens"] == 13
    receipt = json.loads(found[-2][1].removeprefix(": receipt "))
    assert (receipt["billed_tokens"], receipt["verdict"]) == (13, "in_spec")
    assert "[DONE]" not in answer.text


async def test_reasoning_and_calls_have_events_of_their_own(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = thinks_and_calls
    for summary, delta in ((None, "reasoning_text"), ("auto", "reasoning_summary_text")):
        body = {**BODY, "stream": True, "reasoning": {"summary": summary}}
        found = events_of((await http.post("/responses", json=body)).text)
        names = [name.removeprefix("response.") for name, _ in found]
        assert names.count(f"{delta}.delta") == 2
        assert names.count(f"{delta}.done") == 1
        assert names.count("function_call_arguments.done") == 2
        assert names.count("output_item.added") == names.count("output_item.done") == 4
        assert names.index(f"{delta}.done") < names.index("output_text.delta")


async def test_an_answer_cut_short_is_incomplete(
    client: openai.AsyncOpenAI, http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def cut(call: Call) -> None:
        call.start()
        await call.say("Hel")
        call.end({0: call.opening.request.messages[-1].text})

    exchange.script = cut
    for finish, reason in (("length", "max_output_tokens"), ("content_filter", "content_filter")):
        response = await client.responses.create(model="m", input=finish)
        assert response.status == "incomplete"
        assert response.incomplete_details is not None
        assert response.incomplete_details.reason == reason
        assert response.output[0].status == "incomplete"
        body = {"model": "m", "input": finish, "stream": True}
        found = events_of((await http.post("/responses", json=body)).text)
        assert found[-1][0] == "response.incomplete"


async def test_a_refusal_of_the_model_and_logprobs(
    client: openai.AsyncOpenAI, exchange: StandIn
) -> None:
    async def refusing(call: Call) -> None:
        call.start()
        first = chunk({"content": "Hi"})
        first.choices[0].logprobs_json = json.dumps({"content": [LOGPROB]}).encode()
        await call.reply(first)
        await call.say("", refusal="But no.")
        call.end()

    exchange.script = refusing
    include: Any = ["message.output_text.logprobs"]
    response = await client.responses.create(**BODY, include=include, top_logprobs=2)
    text, refusal = response.output[0].model_dump()["content"]
    assert text["logprobs"] == [LOGPROB]
    assert refusal == {"type": "refusal", "refusal": "But no."}
    asked = exchange.calls[0].opening.request
    assert (asked.logprobs, asked.top_logprobs) == (True, 2)


async def test_reasoning_comes_back_sealed(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    exchange.script = thinks_and_calls
    include: Any = ["reasoning.encrypted_content"]
    first = await client.responses.create(**BODY, include=include, store=False)
    items = [item.model_dump(exclude_none=True) for item in first.output]
    items[0].pop("content")
    turns: Any = [{"role": "user", "content": "hi"}, *items]
    await client.responses.create(model="text-prime", input=turns)
    sent = request_to_json(exchange.calls[1].opening.request)["messages"][1]
    assert sent["reasoning_content"] == "Let me see."
    assert sent["content"] == "I look it up."
    assert [call["id"] for call in sent["tool_calls"]] == ["call_0", "call_1"]


async def test_a_supplier_lost_midway_fails_and_breaks_off(
    client: openai.AsyncOpenAI, http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def lost(call: Call) -> None:
        call.start()
        await call.say("Hello")
        call.fail(status("SUPPLIER_LOST", "the supplier was lost"))

    exchange.script = lost
    text, broken = await stream_text(http, "/responses", {**BODY, "stream": True})
    assert isinstance(broken, httpx.RemoteProtocolError)
    (_, receipt), (failed, response), (error, told) = events_of(text)[-3:]
    assert receipt.startswith(": receipt ")
    assert (failed, error) == ("response.failed", "error")
    assert response["response"]["error"]["code"] == told["code"] == "supplier_lost"
    assert response["response"]["output"][0]["status"] == "incomplete"
    assert "response.completed" not in text
    with pytest.raises((openai.APIError, httpx.HTTPError)):
        async for _ in await client.responses.create(**BODY, stream=True):
            pass
    for kind in (False, True):
        exchange.script = refusing_all
        answer = await http.post("/responses", json={**BODY, "stream": kind})
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "no_liquidity"
        assert answer.headers["retry-after"]


async def refusing_all(call: Call) -> None:
    call.fail(status("NO_LIQUIDITY", "nothing on offer"))


async def test_without_a_store_nothing_is_kept(
    client: openai.AsyncOpenAI, http: httpx.AsyncClient
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(**BODY, store=True)
    assert refused.value.param == "store"
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(**BODY, previous_response_id="resp_x")
    assert refused.value.param == "previous_response_id"
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/input_items")):
        answer = await http.request(method, f"/responses/resp_x{path}")
        assert answer.status_code == 404
        assert "no store of its own" in answer.json()["error"]["message"]
