"""Legacy completions: their own prompts, choices and pieces, and the same books as chats."""

import json
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import openai
import pytest
from openai.types import completion_create_params

from tests.gateway.test_chat import events
from tests.support.exchange import SYMBOL
from tests.support.served import House, house
from tests.support.stand_in import StandIn
from thegrid.completions import to_chat
from thegrid.openai import request_from_json, request_to_json
from thegrid.openai.errors import FieldRefused
from thegrid_exchange.delivery.encodings import ready_encoding
from thegrid_gateway.completion_validation import completion_check
from thegrid_gateway.errors import ApiError

OFFICIAL = {
    name
    for params in (
        completion_create_params.CompletionCreateParamsNonStreaming,
        completion_create_params.CompletionCreateParamsStreaming,
    )
    for name in get_type_hints(params)
}
BODY: dict[str, Any] = {"model": SYMBOL, "prompt": "Once upon a time"}


async def complete(market: House, prompt: Any = "Once upon a time", **more: Any) -> Any:
    return await market.client.completions.create(model=SYMBOL, prompt=prompt, **more)


async def test_a_prompt_is_continued_by_the_upstreams_own_endpoint(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        answer = await complete(market, max_tokens=50, temperature=0.5, user="me")
        assert answer.object == "text_completion"
        assert answer.id.startswith("cmpl-")
        assert answer.model == "acme/one"
        (choice,) = answer.choices
        assert (choice.text, choice.index, choice.finish_reason) == (" choice 0 of 50", 0, "stop")
        assert choice.logprobs is None
        sent = market.upstream.requests[-1]
        assert (sent["prompt"], sent["max_tokens"]) == ("Once upon a time", 50)
        assert (sent["temperature"], sent["user"]) == (0.5, "me")
        assert "messages" not in sent
        record = await market.record(answer.id)
        assert record["verdict"] == "in_spec"
        assert record["billed_tokens"] == answer.usage.total_tokens
        assert record["counted"]["completion_tokens"] == answer.usage.completion_tokens == 6
        short = await complete(market)
        assert short.choices[0].text == " choice 0 of 16"  # OpenAI's own default
        await market.settled()


async def test_prompts_and_choices_are_numbered_in_order(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        texts = await complete(market, ["one", "two", "three"], n=2)
        assert [choice.index for choice in texts.choices] == [0, 1, 2, 3, 4, 5]
        assert [choice.text for choice in texts.choices] == [
            f" choice {index} of 16" for index in range(6)
        ]
        tokens = await complete(market, [1, 2, 3, 4, 5])
        again = await complete(market, [[1, 2], [3, 4, 5]])
        assert [len(answer.choices) for answer in (tokens, again)] == [1, 2]
        # A token counts as one, however many prompts they are dealt to.
        assert tokens.usage.prompt_tokens == again.usage.prompt_tokens
        # The upstream reads what they spell, as it may know another tokenizer.
        assert market.upstream.requests[-1]["prompt"] == ['"#', "$%&"]
        nine = await complete(market, list(range(9)))
        assert nine.usage.prompt_tokens == tokens.usage.prompt_tokens + 4
        echoed = await complete(market, ["ab", "cd"], n=2, best_of=2, echo=True)
        assert [choice.text[:2] for choice in echoed.choices] == ["ab", "ab", "cd", "cd"]
        assert echoed.usage.completion_tokens == 4 * 6  # what is echoed is no output
        assert "echo" not in market.upstream.requests[-1]
        await market.settled()


async def test_suffix_and_logprobs_go_the_whole_way(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        plain = await complete(market)
        infilled = await complete(market, suffix=" the end", logprobs=2, seed=7, stop=["\n"])
        sent = market.upstream.requests[-1]
        assert (sent["suffix"], sent["logprobs"], sent["seed"]) == (" the end", 2, 7)
        assert sent["stop"] == ["\n"]
        scored = infilled.choices[0].logprobs
        assert scored.tokens == [" choice 0", " of 16"]
        assert scored.token_logprobs == [-0.5, -0.5]
        # What comes after is read as well, and billed.
        assert infilled.usage.prompt_tokens == plain.usage.prompt_tokens + 2
        await market.settled()


async def test_a_stream_is_made_of_completions(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        body = {**BODY, "stream": True, "stream_options": {"include_usage": True}, "echo": True}
        answer = await market.http.post("/completions", json={**body, "n": 2})
        *content, usage, receipt, done = events(answer.text)
        assert {part["object"] for part in content} == {"text_completion"}
        assert {part["id"] for part in content} == {usage["id"]}
        said = {0: "", 1: ""}
        for part in content:
            for choice in part["choices"]:
                said[choice["index"]] += choice["text"]
        assert said == {index: f"Once upon a time choice {index} of 16" for index in (0, 1)}
        finishes = [choice["finish_reason"] for part in content for choice in part["choices"]]
        assert finishes[-2:] == ["stop", "stop"]
        assert set(finishes[:-2]) == {None}
        assert usage["choices"] == []
        told = json.loads(receipt.removeprefix(": receipt "))
        assert told["billed_tokens"] == usage["usage"]["total_tokens"]
        assert told["signed"]
        assert done == "[DONE]"
        assert answer.headers["x-grid-request-id"] == told["request_id"]
        stream = await complete(market, stream=True)
        text = "".join([piece.choices[0].text async for piece in stream if piece.choices])
        assert text == " choice 0 of 16"
        await market.settled()


async def test_plain_answers_say_what_they_cost(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        answer = await market.http.post("/completions", json=BODY)
        record = await market.record(answer.json()["id"])
        assert answer.headers["x-grid-billed-tokens"] == str(record["billed_tokens"])
        assert answer.headers["x-grid-verdict"] == "in_spec"
        assert answer.headers["x-grid-receipt"]
        body = {**BODY, "prompt": "word " * 200_000}
        refused = await market.http.post("/completions", json=body)
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert (error["code"], error["param"]) == ("context_length_exceeded", "prompt")
        await market.settled()


async def test_the_demo_model_completes(tmp_path: Path) -> None:
    async with house(tmp_path, upstream_url="") as market:
        answer = await complete(market, ["hello there", "Write 3 words"], max_tokens=60)
        assert "hello there" in answer.choices[0].text
        assert answer.choices[1].text == "bid offer depth"
        await market.settled()


async def test_a_supplier_without_completions_is_not_asked(tmp_path: Path) -> None:
    async with house(tmp_path, honoured_fields=("n",)) as market:
        with pytest.raises(openai.BadRequestError) as refused:
            await complete(market)
        assert (refused.value.param, refused.value.code) == ("prompt", "unsupported_parameter")
        assert not market.upstream.requests
        assert (await market.create()).choices
        await market.settled()


def test_every_official_field_has_its_place() -> None:
    check = completion_check()
    known = check.schema["x-component"]["properties"]
    assert OFFICIAL - set(known) == set()
    full = {
        **BODY,
        "frequency_penalty": 0.5,
        "logit_bias": {"50256": -100},
        "logprobs": 3,
        "max_tokens": 5,
        "n": 2,
        "presence_penalty": 0.5,
        "seed": 1,
        "stop": "x",
        "stream": True,
        "stream_options": {"include_usage": True},
        "suffix": "s",
        "temperature": 1.5,
        "top_p": 0.5,
        "user": "u",
    }
    assert OFFICIAL - set(full) == {"best_of", "echo"}
    check({**full, "best_of": 2, "echo": False}, "")
    # All others travel as they are; these two are answered for here.
    echoing = {**full, "best_of": 2, "echo": True, "logprobs": None}
    assert request_to_json(request_from_json(to_chat(full))) == full
    assert request_to_json(request_from_json(to_chat(echoing))) == {**full, "logprobs": None}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"best_of": 3}, "best_of"),
        ({"echo": True, "prompt": [1, 2]}, "echo"),
        ({"echo": True, "prompt": [[1, 2]]}, "echo"),
        ({"echo": True, "logprobs": 1}, "echo"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(change: dict[str, Any], param: str) -> None:
    with pytest.raises(FieldRefused) as refused:
        to_chat({**BODY, **change})
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": ["a", 5]}, "prompt[1]"),
        ({"prompt": [1, "a"]}, "prompt[1]"),
        ({"prompt": [[1], []]}, "prompt[1]"),
        ({"prompt": [[1], ["a"]]}, "prompt[1][0]"),
        ({"prompt": [-1]}, "prompt[0]"),
        ({"prompt": [True]}, "prompt[0]"),
        ({"prompt": ["a"] * 129}, "prompt"),
        ({"n": 0}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"suffix": 5}, "suffix"),
        ({"messages": []}, "messages"),
        ({"stream_options": {}}, "stream_options"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        completion_check()({**BODY, **change}, "")
    assert refused.value.param == param


async def test_refusals_of_fields_reach_the_client(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    answer = await http.post("/completions", json={**BODY, "best_of": 4})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "best_of"
    assert not exchange.calls


async def test_tokens_are_the_instruments_own(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for prompt, place in (([1 << 30], 0), ([[1], [2, 199_999]], 1)):
            with pytest.raises(openai.BadRequestError) as refused:
                await complete(market, prompt)
            assert refused.value.param == f"prompt[{place}]"
        encoding = await ready_encoding("o200k_base")
        await complete(market, encoding.encode_ordinary("Once upon a time"))
        assert market.upstream.requests[-1]["prompt"] == "Once upon a time"
        assert len(market.upstream.requests) == 1
        await market.settled()


async def test_a_prompt_and_messages_exclude_each_other(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        body = {"model": SYMBOL, "messages": [{"role": "user", "content": "hi"}], "prompt": "hi"}
        answer = await market.http.post("/chat/completions", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "prompt"
        many = await market.http.post("/completions", json={**BODY, "prompt": ["a"] * 65, "n": 2})
        assert many.status_code == 400
        assert many.json()["error"]["param"] == "prompt"
