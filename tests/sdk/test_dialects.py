"""Messages and Responses against chats, both ways, with made-up answers: nothing is lost.

What a model says goes out in a dialect, comes back in the next request, and must be what was said.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thegrid.anthropic import MessageStream
from thegrid.anthropic import to_chat as messages_to_chat
from thegrid.openai import Assembly
from thegrid.responses import ResponseStream, response_of
from thegrid.responses import to_chat as responses_to_chat

USAGE = {"prompt_tokens": 9, "completion_tokens": 4}
WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(WORDS, JSON, max_size=3).map(
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
)


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a model's answer, in chunks: thoughts, words, and tool calls in interleaved pieces."""
    deltas: list[dict[str, Any]] = [
        {"reasoning_content": piece} for piece in draw(st.lists(WORDS, max_size=3))
    ]
    deltas += [{"content": piece} for piece in draw(st.lists(WORDS, max_size=3))]
    pieces = []
    for index in range(draw(st.integers(0, 3))):
        arguments = draw(ARGUMENTS)
        cut = draw(st.integers(0, len(arguments)))
        function = {"name": f"f{index}", "arguments": ""}
        head = {"index": index, "id": f"c{index}", "type": "function", "function": function}
        more = [{"function": {"arguments": part}} for part in (arguments[:cut], arguments[cut:])]
        pieces.append([head, *({"index": index, **piece} for piece in more)])
    while any(pieces):
        waiting = [pile for pile in pieces if pile]
        deltas.append({"tool_calls": [draw(st.sampled_from(waiting)).pop(0)]})
    return [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]


def said(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer what the model said, as a chat's message."""
    assembly = Assembly()
    for chunk in copy.deepcopy(chunks):
        assembly.add(chunk)
    return told(assembly.completion()["choices"][0]["message"] if chunks else {})


def told(message: dict[str, Any]) -> dict[str, Any]:
    """Answer the parts of a message that count, in one form."""
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "".join(part["text"] for part in content)
    calls = message.get("tool_calls") or []
    return {
        "content": content,
        "reasoning": message.get("reasoning_content") or "",
        # In the order in which they began, which pieces may tell otherwise than their index.
        "calls": sorted((call["id"], *call["function"].values()) for call in calls),
    }


def as_message(chunks: list[dict[str, Any]], **more: Any) -> tuple[dict[str, Any], list[Any]]:
    stream = MessageStream("msg_x", "m", **more)
    events = stream.begin()
    for chunk in chunks:
        events += stream.add(chunk)
    # Written and read again, as a client has them.
    events = json.loads(json.dumps(events + stream.end("stop", USAGE)))
    return stream.message, events


def as_response(chunks: list[dict[str, Any]], **asked: Any) -> tuple[dict[str, Any], list[Any]]:
    stream = ResponseStream(asked, response_of(asked, "resp_x", "m", 1, is_stored=False))
    taken: list[str] = [json.dumps(stream.begin())]
    taken += [json.dumps(stream.add(chunk)) for chunk in chunks]
    taken += [json.dumps(stream.finish("stop", USAGE, 2)), json.dumps([stream.last()])]
    return stream.response, [event for batch in taken for event in json.loads(batch)]


def whole(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the chunks as one whole completion, which is a chunk as well."""
    assembly = Assembly()
    for chunk in copy.deepcopy(chunks):
        assembly.add(chunk)
    return [assembly.completion()]


# ---- Messages ----------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(answers(), st.booleans(), st.booleans())
def test_a_message_comes_back_as_it_was_said(
    chunks: list[dict[str, Any]], is_whole: bool, shows_thinking: bool
) -> None:
    sent = whole(chunks) if is_whole else copy.deepcopy(chunks)
    message, events = as_message(sent, shows_thinking=shows_thinking)
    assert replayed_message(events) == message["content"]
    turn = {"role": "assistant", "content": message["content"]}
    (back,) = messages_to_chat({"model": "m", "messages": [turn]})["messages"]
    assert told(back) == said(chunks)


def replayed_message(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the content that a client makes of the events."""
    blocks: list[dict[str, Any]] = []
    arguments: dict[int, str] = {}
    open_blocks: set[int] = set()
    for event in events:
        index = event.get("index", -1)
        if event["type"] == "content_block_start":
            assert index == len(blocks)
            blocks.append(event["content_block"])
            open_blocks.add(index)
        elif event["type"] == "content_block_stop":
            open_blocks.remove(index)
        elif event["type"] == "content_block_delta":
            assert index in open_blocks
            kind, text = (value for value in event["delta"].values())
            name = kind.removesuffix("_delta")
            if name == "input_json":
                arguments[index] = arguments.get(index, "") + text
            else:
                blocks[index][name] += text
    assert not open_blocks
    for index, text in arguments.items():
        blocks[index]["input"] = json.loads(text)
    return blocks


# ---- Responses ---------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(answers(), st.booleans(), st.booleans(), st.booleans())
def test_a_response_comes_back_as_it_was_said(
    chunks: list[dict[str, Any]], is_whole: bool, is_summary: bool, is_sealed: bool
) -> None:
    asked: dict[str, Any] = {"reasoning": {"summary": "auto"} if is_summary else {}}
    if is_sealed:
        asked["include"] = ["reasoning.encrypted_content"]
    sent = whole(chunks) if is_whole else copy.deepcopy(chunks)
    response, events = as_response(sent, **asked)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert replayed_response(events) == response["output"] == events[-1]["response"]["output"]
    items = copy.deepcopy(response["output"])
    for item in items:
        if is_sealed and item["type"] == "reasoning":
            item |= {"content": [], "summary": []}
    back = responses_to_chat({"model": "m", "input": items})["messages"]
    assert [told(message) for message in back] == ([said(chunks)] if chunks and items else [])


def replayed_response(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the output that a client makes of the events; pieces must add up to their ends."""
    begun: dict[int, str] = {}
    pieces: dict[tuple[Any, ...], str] = {}
    output: dict[int, dict[str, Any]] = {}
    for event in events:
        place = event.get("output_index", -1)
        kind = event["type"].removeprefix("response.")
        key = (place, kind.rpartition(".")[0], event.get("content_index"))
        if kind == "output_item.added":
            begun[place] = event["item"]["id"]
        elif kind == "output_item.done":
            assert begun[place] == event["item"]["id"]
            output[place] = event["item"]
        elif kind.endswith(".delta"):
            assert event["item_id"] == begun[place]
            pieces[key] = pieces.get(key, "") + event["delta"]
        elif kind.endswith((".done", "_text.done")) and not kind.endswith("part.done"):
            ended = event.get("text", event.get("arguments"))
            assert pieces.get(key, "") == ended
    assert set(begun) == set(output)
    return [output[place] for place in sorted(output)]


# ---- the checkers catch ------------------------------------------------------------------------


@pytest.mark.parametrize("replay", [replayed_message, replayed_response])
def test_the_replay_notices_a_piece_that_is_missing(replay: Callable[[Any], Any]) -> None:
    chunks = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("a", "b")]
    make = as_message if replay is replayed_message else as_response
    answer, events = make(chunks)
    lost = next(event for event in events if event["type"].endswith("delta"))
    events.remove(lost)
    whole_output = answer.get("content") or answer["output"]
    try:
        assert replay(events) != whole_output
    except AssertionError:
        return
    assert replay is replayed_message
