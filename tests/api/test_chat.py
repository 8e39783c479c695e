"""Chat messages at the edge of the pipe: what is counted, demanded, cut and joined."""

from typing import Any

import pytest

from tests.support.supplier import chat, chunk
from thegrid.v1 import chat_pb2
from thegrid_exchange.api.chat import (
    ChatEdits,
    LastReply,
    asked,
    demanded_fields,
    part_of,
    prompt_of,
)
from thegrid_exchange.api.errors import InvalidRequest
from thegrid_exchange.delivery.parts import Piece

EDITS = ChatEdits()


def texts_of(request: chat_pb2.ChatRequest) -> dict[str, str]:
    prompt = prompt_of(request)
    return {each.field: each.text for each in prompt.texts}


def test_every_text_of_a_request_is_counted() -> None:
    request = chat("hello")
    message = request.messages.add(role="assistant", name="bot", refusal="no", reasoning="hm")
    call = message.tool_calls.add(id="1")
    call.function.name, call.function.arguments = "find", '{"q":1}'
    function = request.tools.add(type="function").function
    function.name, function.description, function.parameters_json = "find", "finds", b"{}"
    request.response_format.json_schema.schema_json = b'{"type":"object"}'
    request.extra_json = b'{"functions":[{"name":"old"}],"top_k":5}'
    request.prediction_json = b'{"type":"content","content":"x"}'
    request.tools.add(type="custom").extra_json = b'{"custom":{"name":"free"}}'
    assert texts_of(request) == {
        "messages[0].content": "hello",
        "messages[1].name": "bot",
        "messages[1].refusal": "no",
        "messages[1].reasoning_content": "hm",
        "messages[1].tool_calls[0].function.name": "find",
        "messages[1].tool_calls[0].function.arguments": '{"q":1}',
        "tools[0].function.name": "find",
        "tools[0].function.description": "finds",
        "tools[0].function.parameters": "{}",
        "response_format.json_schema.schema": '{"type":"object"}',
        "prediction": '{"type":"content","content":"x"}',
        "functions": '[{"name": "old"}]',
        "tools[1]": '{"custom":{"name":"free"}}',
    }
    prompt = prompt_of(request)
    assert (prompt.messages, prompt.tools, prompt.tool_calls) == (2, 2, 1)


@pytest.mark.parametrize(
    ("prompt_json", "texts", "tokens"),
    [
        (b'"one"', {"prompt[0]": "one"}, {}),
        (b'["one","two"]', {"prompt[0]": "one", "prompt[1]": "two"}, {}),
        (b"[1,2,3]", {}, {0: [1, 2, 3]}),
        (b"[[1,2],[3]]", {}, {0: [1, 2], 1: [3]}),
    ],
)
def test_prompts_of_completions_are_counted(
    prompt_json: bytes, texts: dict[str, str], tokens: dict[int, list[int]]
) -> None:
    prompt = prompt_of(chat_pb2.ChatRequest(prompt_json=prompt_json))
    assert {each.field: each.text for each in prompt.texts} == texts
    assert (prompt.tokens, prompt.messages, prompt.field) == (tokens, 0, "prompt")


def test_every_prompt_has_its_choices() -> None:
    request = chat_pb2.ChatRequest(prompt_json=b'["a","b","c"]', n=2)
    assert asked(request)["choices"] == 6
    request.n = 43
    with pytest.raises(InvalidRequest):
        asked(request)


def test_a_suffix_is_counted_with_every_prompt() -> None:
    prompt = prompt_of(chat_pb2.ChatRequest(prompt_json=b'["a","b"]', suffix="end"))
    assert [each.text for each in prompt.texts] == ["a", "end", "b", "end"]


@pytest.mark.parametrize(
    "prompt_json",
    [
        *(b"", b"{", b"5", b"null", b"[]", b"[[]]", b'["a",1]', b'[1,"a"]', b"[true]"),
        *(b"[[1],[1.5]]", b"[" * 100_000),
    ],
)
def test_what_is_no_prompt_is_refused(prompt_json: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        prompt_of(chat_pb2.ChatRequest(prompt_json=prompt_json))
    assert refused.value.violations[0].field == "request.prompt"


@pytest.mark.parametrize(
    ("fields", "demanded"),
    [
        ({"temperature": 0.5, "top_p": 1.0, "stream": True, "user": "u"}, set()),
        ({"seed": 0}, {"seed"}),
        ({"n": 1, "presence_penalty": 0.0, "logprobs": False, "store": False}, set()),
        (
            {"n": 2, "presence_penalty": 0.1, "logprobs": True},
            {"n", "presence_penalty", "logprobs"},
        ),
        ({"tool_choice_json": b'"auto"', "service_tier": "auto"}, set()),
        (
            {"tool_choice_json": b'"required"', "service_tier": "flex"},
            {"tool_choice", "service_tier"},
        ),
        ({"response_format": chat_pb2.ResponseFormat(type="text")}, set()),
        ({"response_format": chat_pb2.ResponseFormat(type="json_object")}, {"response_format"}),
        ({"extra_json": b'{"top_k":40,"min_p":null}'}, {"top_k"}),
        ({"tools": [chat_pb2.Tool(type="function")]}, {"tools"}),
    ],
)
def test_only_what_asks_for_something_is_demanded(
    fields: dict[str, Any], demanded: set[str]
) -> None:
    assert demanded_fields(chat(**fields)) == demanded


def test_ends_and_usage_are_taken_out_of_a_reply() -> None:
    reply = chunk("Hi", finish="stop")
    reply.usage.total_tokens = 5
    sent_bytes = reply.ByteSize()
    part = part_of(reply)
    assert part.finishes == ((0, "stop"),)
    assert part.released_bytes == sent_bytes
    assert part.size_bytes == part.payload.ByteSize()
    assert part.payload == chunk("Hi")
    assert part.pieces == (Piece(0, "text", "Hi"),)


def test_a_reply_that_only_ends_shows_nothing() -> None:
    assert part_of(chunk(finish="stop")).payload is None
    assert part_of(chunk(role="assistant")).payload is not None


def test_texts_of_one_channel_are_one_piece() -> None:
    reply = chunk("a", reasoning="r", refusal="n")
    for index, (name, arguments) in enumerate((("f", "{"), ("", "}"), ("g", ""))):
        call = reply.choices[0].delta.tool_calls.add(index=min(index, 1))
        call.function.name, call.function.arguments = name, arguments
    reply.choices.add(index=1).message.parts.parts.add(type="text", text="whole")
    assert part_of(reply).pieces == (
        Piece(0, "text", "a"),
        Piece(0, "reasoning", "r"),
        Piece(0, "refusal", "n"),
        Piece(0, "tool_0", "f{"),
        Piece(0, "tool_1", "}g"),
        Piece(1, "text", "whole"),
    )


def test_a_reply_is_shortened_by_channel() -> None:
    reply = chunk("one two", reasoning="deep thought")
    reply.choices[0].logprobs_json = b"{}"
    shown = EDITS.shortened(reply, {(0, "text"): "one", (0, "reasoning"): ""})
    assert shown == chunk("one")
    assert EDITS.shortened(chunk("one"), {(0, "text"): ""}) is None


def test_a_tool_call_is_shortened_after_its_name() -> None:
    reply = chunk()
    call = reply.choices[0].delta.tool_calls.add(index=0)
    call.function.name, call.function.arguments = "find", '{"q": 1}'
    shown = EDITS.shortened(reply, {(0, "tool_0"): 'find{"q'})
    assert shown.choices[0].delta.tool_calls[0].function.arguments == '{"q'
    assert EDITS.shortened(shown, {(0, "tool_0"): ""}) is None


def test_plain_neighbours_are_joined() -> None:
    joined = EDITS.joined((part_of(chunk("one", role="assistant")), part_of(chunk(" two"))))
    assert joined is not None
    assert joined.pieces == (Piece(0, "text", "one two"),)
    assert joined.is_joined
    whole = joined
    for _ in range(100):
        whole = EDITS.joined((whole, part_of(chunk(" more")))) or whole
    assert whole.payload == chunk("one", role="assistant"), "a message keeps every text it had"
    assert EDITS.filled(whole).payload == chunk("one two" + " more" * 100, role="assistant")
    joined = EDITS.joined((part_of(chunk("one", role="assistant")), part_of(chunk(" two"))))
    assert joined is not None
    filled = EDITS.filled(joined)
    assert filled.payload == chunk("one two", role="assistant")
    assert filled.size_bytes == filled.payload.ByteSize()
    assert not filled.is_joined
    assert joined.released_bytes == (
        chunk("one", role="assistant").ByteSize() + chunk(" two").ByteSize()
    )


@pytest.mark.parametrize(
    "second",
    [
        chunk("b", choice=1),
        chunk(reasoning="b"),
        chunk("b", role="assistant"),
        chunk("b", extra_json=b"{}"),
        chunk("b", reasoning="c"),
    ],
)
def test_what_differs_stays_apart(second: chat_pb2.ChatReply) -> None:
    assert EDITS.joined((part_of(chunk("a")), part_of(second))) is None


def test_the_last_reply_carries_finish_reasons_and_usage() -> None:
    usage = chat_pb2.ChatUsage(total_tokens=7)
    reply = LastReply("id-1", 5, "m").ended(((0, "stop"), (1, "length")), usage)
    assert (reply.id, reply.created, reply.model) == ("id-1", 5, "m")
    assert [(c.index, c.finish_reason) for c in reply.choices] == [(0, "stop"), (1, "length")]
    assert all(choice.HasField("delta") for choice in reply.choices)
    assert reply.usage == usage
