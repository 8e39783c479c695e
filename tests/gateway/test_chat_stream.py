"""The chunks of a streamed chat, byte by byte as OpenAI's own: order, keys, pieces, choices."""

import json
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.gateway.test_chat import BODY, events
from tests.support.stand_in import Call, Script, StandIn, hello, thinks_and_calls
from thegrid.openai import reply_from_json
from thegrid.v1 import chat_pb2

STREAM = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
CHUNK_KEYS = ["id", "object", "created", "model", "system_fingerprint", "choices", "usage"]
LOGPROBS = {
    "content": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}],
    "refusal": None,
}


def said(delta: dict[str, Any], index: int = 0, **more: Any) -> chat_pb2.ChatReply:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **more}
    return reply_from_json({"system_fingerprint": "fp_1", "choices": [choice]})


async def everything(call: Call) -> None:
    """Say a bit of everything in three choices."""
    call.start()
    await call.reply(said({"role": "assistant", "content": "Hi"}, logprobs=LOGPROBS))
    await call.reply(said({"refusal": "I must not"}, 1))
    tool = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    await call.reply(said({"role": "assistant", "content": None, "tool_calls": [tool]}, 2))
    await call.reply(said({"tool_calls": [{**tool, "index": 1, "id": "d"}]}, 2))
    for index, arguments in ((0, '{"a":'), (1, "{}"), (0, "1}")):
        piece = {"index": index, "function": {"arguments": arguments}}
        await call.reply(said({"tool_calls": [piece]}, 2))
    call.end({0: "stop", 1: "content_filter", 2: "tool_calls"})


async def at_once(call: Call) -> None:
    """Say two choices in every part."""
    call.start()
    pieces = [{"index": index, "delta": {"content": f"<{index}>"}} for index in (0, 1)]
    await call.reply(reply_from_json({"choices": pieces}))
    call.end({0: "stop", 1: "length"})


async def silent(call: Call) -> None:
    """End without a word."""
    call.start()
    call.end()


async def parts_of(http: httpx.AsyncClient, body: dict[str, Any]) -> list[Any]:
    answer = await http.post("/chat/completions", json=body)
    assert answer.status_code == 200
    assert answer.text.endswith("\n\ndata: [DONE]\n\n")
    return events(answer.text)


@pytest.mark.parametrize("script", [hello, thinks_and_calls, everything, at_once, silent])
async def test_chunks_have_openais_shape(
    http: httpx.AsyncClient, exchange: StandIn, script: Script
) -> None:
    exchange.script = script
    *chunks, usage, receipt, done = await parts_of(http, STREAM)
    assert receipt.startswith(": receipt ")
    assert done == "[DONE]"
    begun: set[int] = set()
    ended: set[int] = set()
    for chunk in chunks:
        assert [key for key in CHUNK_KEYS if key in chunk] == list(chunk)
        ChatCompletionChunk.model_validate(chunk, strict=True)
        assert chunk["usage"] is None
        (choice,) = chunk["choices"]
        assert list(choice) == ["index", "delta", "logprobs", "finish_reason"]
        index = choice["index"]
        assert ("role" in choice["delta"]) == (index not in begun)
        assert index not in ended
        begun.add(index)
        if choice["finish_reason"]:
            assert choice["delta"] == {}
            ended.add(index)
    assert begun == ended
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 13)
    assert len({(each["id"], each["created"], each["model"]) for each in [*chunks, usage]}) == 1


async def test_a_choice_begins_with_its_role_alone(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = everything
    deltas: dict[int, list[Any]] = {0: [], 1: [], 2: []}
    for chunk in (await parts_of(http, STREAM))[:-3]:
        (choice,) = chunk["choices"]
        deltas[choice["index"]].append(choice["delta"])
    opening = {"role": "assistant", "content": "", "refusal": None}
    assert deltas[0] == [opening, {"content": "Hi"}, {}]
    assert deltas[1] == [opening, {"refusal": "I must not"}, {}]
    call, *pieces, last = deltas[2]
    assert (call["role"], call["content"]) == ("assistant", None)
    assert call["tool_calls"][0]["id"] == "c"
    assert [piece["tool_calls"][0]["index"] for piece in pieces] == [1, 0, 1, 0]
    assert last == {}


async def test_logprobs_stay_with_their_piece(http: httpx.AsyncClient, exchange: StandIn) -> None:
    exchange.script = everything
    scored = [
        chunk["choices"][0]
        for chunk in (await parts_of(http, STREAM))[:-3]
        if chunk["choices"][0]["logprobs"]
    ]
    assert [(each["delta"], each["logprobs"]) for each in scored] == [({"content": "Hi"}, LOGPROBS)]
    whole = (await http.post("/chat/completions", json=BODY)).json()
    ChatCompletion.model_validate(whole)
    assert whole["choices"][0]["logprobs"] == LOGPROBS
    assert whole["choices"][1]["message"]["refusal"] == "I must not"
    calls = whole["choices"][2]["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ['{"a":1}', "{}"]


ODD = [
    {"choices": "abc"},
    {"choices": [{"index": [], "delta": {"content": "x"}}]},
    {"choices": [{"index": "0", "delta": "x"}]},
    {"choices": [{"delta": ["x"], "message": 5}]},
    {"choices": [{"delta": {"content": {"a": 1}, "tool_calls": "x", "role": 5}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": {}, "function": 5}]}, "logprobs": 5}]},
    {"choices": [5, {"delta": {"content": "x"}}], "id": [], "created": "x", "usage": 5},
    {"choices": [{"delta": {"content": "x"}, "finish_reason": {"a": 1}}], "object": None},
]


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
async def test_whatever_a_supplier_says_the_answer_is_whole(
    http: httpx.AsyncClient, exchange: StandIn, odd: dict[str, Any]
) -> None:
    async def script(call: Call) -> None:
        call.start()
        await call.reply(reply_from_json(odd))
        await call.say("fine")
        call.end()

    exchange.script = script
    *_, finish, usage, _receipt, done = await parts_of(http, STREAM)
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], done) == ([], "[DONE]")
    for path, body in (
        ("/chat/completions", BODY),
        ("/completions", {"model": "m", "prompt": "x"}),
        ("/completions", {"model": "m", "prompt": "x", "stream": True}),
        ("/messages", {**BODY, "max_tokens": 5}),
        ("/messages", {**BODY, "max_tokens": 5, "stream": True}),
        ("/responses", {"model": "m", "input": "x"}),
        ("/responses", {"model": "m", "input": "x", "stream": True}),
    ):
        answer = await http.post(path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        assert "fine" in answer.text
