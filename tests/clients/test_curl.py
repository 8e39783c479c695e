"""curl, as the README shows it: plain, streamed, with tools, refused, broken off and let go of.

What is asserted is the bytes; what they mean to clients is tried with the clients themselves.
"""

import json
import shutil
from collections import Counter
from typing import Any

from tests.clients import environments
from tests.clients.stack import DEMO, Clients
from tests.support.embedding import EMBED
from tests.support.exchange import SYMBOL
from tests.support.upstream import CHUNKS, WORD

BROKEN_OFF, TOOK_TOO_LONG = 18, 28
"""curl's exit codes for a body that is not whole, and for `--max-time`."""


async def curl(clients: Clients, path: str, body: Any = None, *more: str) -> tuple[int, str]:
    """Answer curl's exit code and what it printed."""
    command = shutil.which("curl")
    assert command, "curl is not here; install it"
    asked = [] if body is None else ["--data", json.dumps(body)]
    return await environments.run(
        command,
        "--silent",
        "--no-buffer",
        "--noproxy",
        "*",
        f"{clients.market.gateway.base_url}{path}",
        "--header",
        f"authorization: Bearer {clients.market.consumer.secret}",
        "--header",
        "content-type: application/json",
        *asked,
        *more,
        within_s=30,
    )


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": SYMBOL, "messages": [{"role": "user", "content": text}], **more}


async def test_a_whole_answer(clients: Clients) -> None:
    code, said = await curl(clients, "/chat/completions", chat("hi"), "--include")
    head, _, body = said.partition("\r\n\r\n")
    assert code == 0
    assert head.startswith("HTTP/1.1 200")
    assert "x-grid-request-id: usg_" in head
    assert json.loads(body)["choices"][0]["message"]["content"] == WORD * CHUNKS
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    asked = chat("hi", model=DEMO, response_format=wanted)
    _, said = await curl(clients, "/chat/completions", asked)
    assert json.loads(json.loads(said)["choices"][0]["message"]["content"]) == {"n": 0}
    assert Counter(await clients.verdicts()) == {"in_spec": 2}


async def test_a_stream(clients: Clients) -> None:
    asked = chat("hi", stream=True, stream_options={"include_usage": True})
    code, said = await curl(clients, "/chat/completions", asked)
    assert code == 0
    events = said.split("\n\n")
    data = [line.removeprefix("data: ") for line in events if line.startswith("data: ")]
    chunks = [json.loads(one) for one in data[:-1]]
    assert (data[-1], events[-1]) == ("[DONE]", "")
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]) == ([], CHUNKS)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert [event for event in events if event.startswith(": receipt ")]


async def test_tools_over_two_turns(clients: Clients) -> None:
    function = {"name": "weather", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    _, said = await curl(clients, "/chat/completions", chat("mode=tools", tools=tools))
    first = json.loads(said)["choices"][0]["message"]
    (call,) = first["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
    turns = [*chat("mode=tools")["messages"], first, result]
    asked = chat("", messages=turns, tools=tools)
    _, said = await curl(clients, "/chat/completions", asked)
    assert json.loads(said)["choices"][0]["message"]["content"] == WORD * CHUNKS


async def test_refusals(clients: Clients) -> None:
    cases: list[tuple[str, Any, int, str]] = [
        ("/chat/completions", chat("hi", model="gpt-4o"), 404, "model_not_found"),
        ("/chat/completions", chat("hi", temperature="warm"), 400, "temperature"),
        ("/chat/completions", chat("mode=http:500"), 502, "supplier_failed"),
        ("/nowhere", chat("hi"), 404, "unknown_url"),
    ]
    for path, body, status, word in cases:
        _, said = await curl(clients, path, body, "--write-out", "\n%{http_code}")
        text, _, told = said.rpartition("\n")
        assert int(told) == status
        assert set(json.loads(text)["error"]) == {"message", "type", "param", "code"}
        assert word in text


async def test_what_breaks_off_is_an_error_and_no_end(clients: Clients) -> None:
    code, said = await curl(clients, "/chat/completions", chat("mode=die:4", stream=True))
    assert code == BROKEN_OFF
    assert "[DONE]" not in said
    last = [line for line in said.split("\n\n") if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "supplier_failed"


async def test_who_leaves_pays_for_what_he_had(clients: Clients) -> None:
    asked = chat("mode=hang:8", stream=True)
    code, said = await curl(clients, "/chat/completions", asked, "--max-time", "1")
    assert code == TOOK_TOO_LONG
    assert said.count(WORD) == 8
    assert await clients.verdicts() == ["cancelled_by_client"]


async def test_reads(clients: Clients) -> None:
    _, said = await curl(clients, "/models")
    assert {model["id"] for model in json.loads(said)["data"]} == {SYMBOL, DEMO, EMBED}
    code, said = await curl(clients, "/models/gpt-4o", None, "--fail")
    assert code == 22
