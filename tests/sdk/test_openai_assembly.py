"""Chunks put together make the completion that the same answer would have been."""

from typing import Any

from thegrid.openai import Assembly


def assemble(*chunks: dict[str, Any]) -> dict[str, Any]:
    assembly = Assembly()
    for chunk in chunks:
        assembly.add(chunk)
    return assembly.completion()


def piece(delta: dict[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": delta, **more}]}


def test_text_is_joined_by_choice() -> None:
    whole = assemble(
        piece({"role": "assistant", "content": ""}),
        piece({"content": "b"}, index=1),
        piece({"content": "Hel"}),
        piece({"content": "lo"}),
        piece({}, finish_reason="stop"),
        piece({}, index=1, finish_reason="length"),
        {"choices": [], "usage": {"total_tokens": 3}},
    )
    assert [choice["message"]["content"] for choice in whole["choices"]] == ["Hello", "b"]
    assert [choice["finish_reason"] for choice in whole["choices"]] == ["stop", "length"]
    assert whole["usage"] == {"total_tokens": 3}
    assert whole["object"] == "chat.completion"
    assert whole["id"] == "c"


def test_tool_calls_are_joined_by_index() -> None:
    whole = assemble(
        piece({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g"}}]}),
        piece({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {}}]}),
        piece({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"x"'}}]}),
        piece({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}),
        piece({}, finish_reason="tool_calls"),
    )
    message = whole["choices"][0]["message"]
    assert message["content"] is None
    first, second = message["tool_calls"]
    assert first == {
        "id": "a",
        "type": "function",
        "function": {"name": "f", "arguments": '{"x": 1}'},
    }
    assert second["function"] == {"name": "g", "arguments": ""}


def test_logprobs_reasoning_and_unknown_keys_are_kept() -> None:
    whole = assemble(
        piece({"reasoning_content": "be"}, logprobs={"content": [1], "refusal": None}),
        piece({"reasoning_content": "cause", "x": 1}, logprobs={"content": [2]}),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": 7}], "y": 2},
    )
    choice = whole["choices"][0]
    assert choice["message"]["reasoning_content"] == "because"
    assert choice["message"]["x"] == 1
    assert choice["logprobs"] == {"content": [1, 2], "refusal": None}
    assert (choice["stop_reason"], whole["y"]) == (7, 2)


def test_a_whole_completion_stays_as_it_is() -> None:
    message = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    completion = {"id": "c", "object": "chat.completion", "choices": [choice]}
    assert assemble(completion) == completion
