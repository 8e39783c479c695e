"""A server that is not ours behind our agent: llama.cpp's, with a model of random weights.

What it says is noise of a fixed seed; how it streams, counts, refuses and stops is the real thing.
How an upstream that misbehaves is met stands in tests/gateway.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.clients import environments
from tests.support.exchange import SYMBOL
from tests.support.served import House, house

pytestmark = pytest.mark.slow

START_TIMEOUT_S = 120.0
NEVER_ENDS: dict[str, Any] = {"logit_bias": {"2": -100}, "max_tokens": 12_000}
"""The end of a sentence is ruled out, so the answer is as long as it may be: minutes."""
CERTAIN: dict[str, Any] = {"temperature": 0, "max_tokens": 24}


@contextlib.asynccontextmanager
async def llama(folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Serve the model; answers the base URL and the process."""
    python = await asyncio.to_thread(environments.python, "upstream")
    program = environments.PROGRAMS / "llama_server.py"
    with (folder / "llama.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            python, program, folder, stdout=asyncio.subprocess.PIPE, stderr=log
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            word, _, address = (await process.stdout.readline()).decode().partition(" ")
        assert word == "READY", (folder / "llama.log").read_text(errors="replace")[-2_000:]
        yield f"{address.strip()}/v1", process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def market_of_noise(folder: Path) -> AsyncIterator[tuple[House, asyncio.subprocess.Process]]:
    """The whole house, with llama.cpp as the supplier's upstream."""
    (folder / "model").mkdir()
    async with llama(folder / "model") as (url, process), house(folder, upstream_url=url) as market:
        yield market, process


async def text_of(stream: Any) -> str:
    return "".join([one.choices[0].delta.content or "" async for one in stream if one.choices])


async def test_whole_and_streamed_answers_are_the_same_and_billed(tmp_path: Path) -> None:
    async with market_of_noise(tmp_path) as (market, _):
        plain = await market.create("How is the market?", **CERTAIN)
        assert plain.choices[0].message.content
        assert plain.choices[0].finish_reason in ("stop", "length")
        record = await market.record(plain.id)
        assert record["verdict"] == "in_spec"
        assert record["billed_tokens"] == plain.usage.total_tokens
        # The server's own tokens are letters, so its count stands beside ours and is another.
        assert record["reported"]["prompt_tokens"] > record["counted"]["prompt_tokens"]
        assert record["reported"]["completion_tokens"] == 24
        stream = await market.create("How is the market?", stream=True, **CERTAIN)
        assert await text_of(stream) == plain.choices[0].message.content
        await market.settled()


async def test_fields_reach_it_and_come_back(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "side": {"enum": ["bid", "ask"]},
            "units": {"type": "integer", "minimum": 1, "maximum": 99},
        },
        "required": ["side", "units"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "order", "schema": schema}}
    async with market_of_noise(tmp_path) as (market, _):
        shaped = await market.create("An order", response_format=wanted, max_tokens=400)
        order = json.loads(shaped.choices[0].message.content)
        assert order["side"] in ("bid", "ask")
        assert 1 <= order["units"] <= 99
        likely = await market.create("hi", logprobs=True, top_logprobs=2, **CERTAIN)
        pieces = likely.choices[0].logprobs.content
        assert pieces
        assert {len(piece.top_logprobs) for piece in pieces} == {2}
        await market.settled()


async def test_who_leaves_sets_it_free(tmp_path: Path) -> None:
    async with market_of_noise(tmp_path) as (market, _):
        stream = await market.create("Write on", stream=True, **NEVER_ENDS)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        usage_id = stream.response.headers["x-grid-request-id"]
        await stream.close()
        # It has one slot; a call that went on behind our back would keep this one waiting.
        async with asyncio.timeout(10):
            await market.create("hi", max_tokens=4)
        record = await market.record(usage_id)
        assert record["verdict"] == "cancelled_by_client"
        assert record["billed_tokens"] > record["counted"]["prompt_tokens"]
        await market.settled()


async def test_what_it_refuses_is_the_callers_fault_in_its_own_words(tmp_path: Path) -> None:
    bad = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}
    async with market_of_noise(tmp_path) as (market, _):
        with pytest.raises(openai.BadRequestError) as refused:
            await market.create("hi", response_format=bad)
        assert "nonsense" in refused.value.message
        usage_id = refused.value.response.headers["x-grid-request-id"]
        record = await market.record(usage_id)
        assert (record["verdict"], record["billed_tokens"]) == ("client_fault", 0)
        await market.settled()


async def test_when_it_is_killed_nobody_pays(tmp_path: Path) -> None:
    async with market_of_noise(tmp_path) as (market, process):
        stream = await market.create("Write on", stream=True, **NEVER_ENDS)
        for _ in range(3):
            await anext(stream)
        process.kill()
        with pytest.raises(openai.APIError) as broken:
            await text_of(stream)
        assert broken.value.code == "supplier_failed"
        record = await market.record(stream.response.headers["x-grid-request-id"])
        assert (record["verdict"], record["billed_tokens"]) == ("failed", 0)
        with pytest.raises(openai.APIStatusError) as away:
            await market.create("hi")
        assert away.value.status_code == 503
        await market.settled()


async def test_the_other_dialects_reach_it_too(tmp_path: Path) -> None:
    async with market_of_noise(tmp_path) as (market, _):
        plain = await market.create("hi", **CERTAIN)
        said = plain.choices[0].message.content
        response = await market.client.responses.create(
            model=SYMBOL, input="hi", temperature=0, max_output_tokens=24
        )
        assert response.output_text == said
        origin, key = market.gateway.origin, market.consumer.secret
        async with anthropic.AsyncAnthropic(base_url=origin, api_key=key, max_retries=0) as claude:
            message = await claude.messages.create(
                model=SYMBOL,
                max_tokens=24,
                messages=[{"role": "user", "content": "hi"}],
                extra_body={"temperature": 0},
            )
        assert message.content[0].text == said
        await market.settled()
