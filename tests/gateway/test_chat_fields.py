"""Every field of OpenAI's chat completions, as its own package has them: none is dropped.

Each reaches the upstream as it was sent, is answered for here, or is refused by its name.
"""

import collections.abc
import itertools
import types
import typing
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import typing_extensions
from openai.types.chat import chat_completion_message_param as messages
from openai.types.chat import completion_create_params as params

from tests.support.exchange import SYMBOL
from tests.support.served import House, house
from thegrid_gateway.errors import ApiError
from thegrid_gateway.validation import chat_fields, request_check

ANSWERED_HERE = {"model", "stream", "stream_options", "max_tokens", "max_completion_tokens"}
"""What the gateway, the exchange and the agent see to themselves; asserted one by one."""

TAKEN_BY_ALL = {
    *ANSWERED_HERE,
    *("messages", "metadata", "prompt_cache_key", "safety_identifier", "stop", "temperature"),
    *("top_p", "user"),
}
"""What no supplier needs to honour by name."""

UNCOUNTABLE = {"input_audio", "file", "video_url"}
"""Types of content that no metering policy counts."""

HINTS: dict[str, Any] = {}
for kind in (
    params.CompletionCreateParamsNonStreaming,
    params.CompletionCreateParamsStreaming,
):
    HINTS |= typing.get_type_hints(kind)

LITTLE: dict[str, Any] = {
    "frequency_penalty": 0.5,
    "logit_bias": {"50256": -100},
    "max_completion_tokens": 20,
    "max_tokens": 20,
    "metadata": {"team": "one"},
    "model": SYMBOL,
    "modalities": ["text", "audio"],
    "n": 1,
    "presence_penalty": 0.5,
    "seed": 7,
    "stop": ["never said"],
    "store": True,
    "stream": False,
    "temperature": 0.5,
    "top_logprobs": 2,
    "top_p": 0.5,
    "service_tier": "flex",
    "parallel_tool_calls": False,
}
"""Values of plain fields; of the others the package's own types tell enough."""


def is_record(hint: Any) -> bool:
    return typing_extensions.is_typeddict(hint) or typing.is_typeddict(hint)


def variants(hint: Any) -> list[Any]:
    """Answer a value of each kind that a type of the package has, with every key there is."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (typing.Required, typing.NotRequired, typing.Annotated):
        return variants(inner[0])
    if origin in (typing_extensions.Required, typing_extensions.NotRequired):
        return variants(inner[0])
    if origin in (Union, types.UnionType):
        return [value for each in inner if each is not type(None) for value in variants(each)]
    if origin is Literal:
        return list(inner)[:1]
    if is_record(hint):
        return records(hint)
    if origin is dict:
        return [{"key": value} for value in variants(inner[1])[:1]]
    if origin in (list, collections.abc.Iterable) or getattr(origin, "__name__", "") in (
        "SequenceNotStr",
        "Sequence",
    ):
        return [variants(inner[0])]
    plain = {str: ["word"], int: [3], float: [0.5], bool: [True], object: [{"k": [None]}]}
    return plain.get(hint, [])


def records(hint: Any) -> list[Any]:
    """Answer objects of a type, so many that every kind of every key's value is among them."""
    each = {key: variants(inner) for key, inner in typing.get_type_hints(hint).items()}
    each = {key: values for key, values in each.items() if values}
    if "url" in each:
        each["url"] = ["https://pictures.example/one.png"]
    most = max(map(len, each.values()))
    return [
        {key: values[index % len(values)] for key, values in each.items()} for index in range(most)
    ]


def official(name: str) -> list[Any]:
    return [LITTLE[name]] if name in LITTLE else variants(HINTS[name])


def countable(message: dict[str, Any]) -> dict[str, Any]:
    """Answer a message less the parts that cannot be counted."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if part["type"] not in UNCOUNTABLE]}


def conversation() -> list[Any]:
    """Answer a message of every role, with every key, and content of every kind."""
    made = [
        countable(message)
        for hint in get_args(messages.ChatCompletionMessageParam)
        for message in records(hint)
    ]
    return [message for message in made if message["content"]]


def value_of(name: str) -> Any:
    if name == "messages":
        return conversation()
    found = official(name)
    return found[-1]


def test_the_package_was_read_whole() -> None:
    assert len(HINTS) >= 37
    assert {message["role"] for message in conversation()} == {
        *("developer", "system", "user", "assistant", "tool", "function")
    }
    kinds = {
        part["type"]
        for message in conversation()
        if isinstance(message["content"], list)
        for part in message["content"]
    }
    assert kinds == {"text", "image_url", "refusal"}
    assert len(official("tool_choice")) > 3
    assert {each["type"] for each in official("tools")[0]} == {"function", "custom"}


def test_every_field_is_checked() -> None:
    assert set(HINTS) - set(chat_fields(100)) == set()
    for name in HINTS:
        for value in official(name) if name != "messages" else [conversation()]:
            refuses_strangers(name, value)


def refuses_strangers(name: str, value: Any) -> None:
    """Take a value of a field, and refuse in its place what is of another type, by its name."""
    check = request_check(100)
    body = {
        "model": SYMBOL,
        "messages": conversation(),
        **({"logprobs": True} if name == "top_logprobs" else {}),
        **({"stream": True} if name == "stream_options" else {}),
        name: value,
    }
    check(body, "")
    for strange in (5, "x", [], {}, True):
        if type(strange) in map(type, official(name)) or is_open(name, strange):
            continue
        with pytest.raises(ApiError) as refused:
            check({**body, name: strange}, "")
        assert refused.value.param == name


def is_open(name: str, strange: Any) -> bool:
    """Whether a field has no one type: any word, or a number that may be whole."""
    whole = type(strange) is int and any(type(value) is float for value in official(name))
    several = name in ("stop", "function_call", "tool_choice") and type(strange) in (str, list)
    return whole or several


async def test_every_field_reaches_the_upstream_as_it_was_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        body = {name: value_of(name) for name in HINTS if name != "max_tokens"}
        body |= {"stream": True, "stream_options": {"include_usage": False}, "logprobs": True}
        answer = await market.http.post("/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        sent = market.upstream.requests[-1]
        assert set(sent) == set(body)
        for name in set(body) - ANSWERED_HERE:
            assert sent[name] == body[name], name
        assert sent["model"] == "acme/one"
        assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})
        assert sent["max_completion_tokens"] == 20
        assert '"usage"' not in answer.text.partition(": receipt")[0]
        await market.settled()


async def test_every_kind_of_every_field_reaches_the_upstream(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        tried = 0
        for name in sorted(set(HINTS) - ANSWERED_HERE - {"messages"}):
            for value in official(name):
                sent = await sent_with(market, {name: value})
                assert sent[name] == value
                tried += 1
        assert tried >= 40
        assert (await sent_with(market, {"max_tokens": 9}))["max_tokens"] == 9
        assert (await sent_with(market, {"tomorrow": [{"x": None}]}))["tomorrow"] == [{"x": None}]
        await market.settled()


async def sent_with(market: House, fields: dict[str, Any]) -> dict[str, Any]:
    body = {"model": SYMBOL, "messages": [{"role": "user", "content": "hi"}], **fields}
    if "top_logprobs" in fields:
        body["logprobs"] = True
    answer = await market.http.post("/chat/completions", json=body)
    # With n above one the upstream answers with one choice alone, and that is no answer.
    assert answer.status_code == 200, (fields, answer.text)
    sent: dict[str, Any] = market.upstream.requests[-1]
    return sent


async def test_what_no_supplier_honours_is_refused_by_name(tmp_path: Path) -> None:
    async with house(tmp_path, honoured_fields=("nothing",)) as market:
        hello = {"model": SYMBOL, "messages": [{"role": "user", "content": "hi"}]}
        for name in sorted(HINTS):
            value = {"n": 2, "messages": hello["messages"]}.get(name, official(name)[-1])
            body = {**hello, name: value}
            needed = {name}
            if name == "top_logprobs":
                body["logprobs"], needed = True, {name, "logprobs"}
            if name == "stream_options":
                body["stream"] = True
            answer = await market.http.post("/chat/completions", json=body)
            if name in TAKEN_BY_ALL:
                assert answer.status_code == 200, (name, answer.text)
                continue
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (400, "unsupported_parameter"), name
            assert error["param"] in needed
        await market.settled()


async def test_content_that_cannot_be_counted_is_refused_by_name(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        parts = [
            part
            for message in itertools.chain.from_iterable(
                records(hint) for hint in get_args(messages.ChatCompletionMessageParam)
            )
            if isinstance(message.get("content"), list)
            for part in message["content"]
            if part["type"] in UNCOUNTABLE
        ]
        assert parts
        for part in parts:
            body = {"model": SYMBOL, "messages": [{"role": "user", "content": [part]}]}
            answer = await market.http.post("/chat/completions", json=body)
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == "messages[0].content[0].type"
        assert not market.upstream.requests


async def test_reasoning_is_shown_and_billed(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        plain = await market.create("mode=reason", reasoning_effort="high")
        assert market.upstream.requests[-1]["reasoning_effort"] == "high"
        message = plain.choices[0].message
        assert (message.reasoning_content, message.content) == ("Because", "So")
        assert plain.usage.completion_tokens_details.reasoning_tokens == 1
        record = await market.record(plain.id)
        assert record["counted"]["reasoning_tokens"] == 1
        assert record["billed_tokens"] == plain.usage.total_tokens
        stream = await market.create("mode=reason", stream=True)
        deltas = [one.choices[0].delta.to_dict() async for one in stream if one.choices]
        assert deltas[0]["role"] == "assistant"
        assert {"reasoning_content": "Because"} in deltas
        assert {"content": "So"} in deltas
        await market.settled()


async def test_either_bound_on_output_holds(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for name in ("max_tokens", "max_completion_tokens"):
            answer = await market.create("mode=gap:1", **{name: 5})
            assert market.upstream.requests[-1][name] == 5
            assert answer.choices[0].finish_reason == "length"
            assert answer.usage.completion_tokens == 5
        await market.settled()


async def test_too_much_output_is_refused_by_each_dialects_own_name(tmp_path: Path) -> None:
    hello = [{"role": "user", "content": "hi"}]
    async with house(tmp_path) as market:
        model = (await market.http.get(f"/models/{SYMBOL}")).json()
        for path, name, more in (
            ("/chat/completions", "max_tokens", {"messages": hello}),
            ("/chat/completions", "max_completion_tokens", {"messages": hello}),
            ("/completions", "max_tokens", {"prompt": "hi"}),
            ("/messages", "max_tokens", {"messages": hello}),
            ("/responses", "max_output_tokens", {"input": "hi"}),
        ):
            body = {"model": SYMBOL, name: model["max_output_tokens"] + 1, **more}
            refused = await market.http.post(path, json=body)
            assert refused.status_code == 400
            assert refused.json()["error"]["param"] == name
        await market.settled()


async def test_what_is_predicted_is_billed_as_prompt(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        plain = await market.create()
        predicted = await market.create(prediction={"type": "content", "content": "word " * 50})
        more = predicted.usage.prompt_tokens - plain.usage.prompt_tokens
        assert 50 < more < 80
        await market.settled()
