"""JSON → message → JSON loses nothing: field by field, with unknown keys, and with made-up JSON."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.openai_examples import CHUNK, COMPLETION, ODD_VALUES, REQUEST, SCHEMA, USAGE
from tests.support.planting import paths, planted
from thegrid.openai import (
    MappingError,
    reply_from_json,
    reply_to_json,
    request_from_json,
    request_to_json,
    usage_from_json,
    usage_to_json,
)
from thegrid.v1 import chat_pb2


def there_and_back(value: dict[str, Any]) -> dict[str, Any]:
    message = request_from_json(value)
    return request_to_json(chat_pb2.ChatRequest.FromString(message.SerializeToString()))


def reply_there_and_back(value: dict[str, Any]) -> dict[str, Any]:
    message = reply_from_json(value)
    return reply_to_json(chat_pb2.ChatReply.FromString(message.SerializeToString()))


def test_the_whole_request_comes_back() -> None:
    assert there_and_back(REQUEST) == REQUEST


@pytest.mark.parametrize("field", sorted(REQUEST))
def test_each_field_comes_back_alone(field: str) -> None:
    assert there_and_back({field: REQUEST[field]}) == {field: REQUEST[field]}


@pytest.mark.parametrize("value", [COMPLETION, CHUNK, {"choices": [], "usage": USAGE}])
def test_replies_come_back(value: dict[str, Any]) -> None:
    assert reply_there_and_back(value) == value


def test_any_odd_value_anywhere_comes_back() -> None:
    for path in paths(REQUEST):
        for odd in ODD_VALUES:
            changed = planted(REQUEST, path, odd)
            assert there_and_back(changed) == changed, (path, odd)
    for whole in (COMPLETION, CHUNK):
        for path in paths(whole):
            for odd in ODD_VALUES:
                changed = planted(whole, path, odd)
                assert reply_there_and_back(changed) == changed, (path, odd)


def test_an_unknown_key_in_any_object_comes_back() -> None:
    for whole, back in ((REQUEST, there_and_back), (COMPLETION, reply_there_and_back)):
        for path in [(), *paths(whole)]:
            changed = copy.deepcopy(whole)
            place: Any = changed
            for key in path:
                place = place[key]
            if isinstance(place, dict):
                place["x_unknown"] = {"of": ["later", None]}
                assert back(changed) == changed, path


def test_values_of_a_fields_own_shape_lie_in_the_field() -> None:
    message = request_from_json(REQUEST)
    assert message.model == "text-prime"
    assert message.max_tokens == 128
    assert message.presence_penalty == 1.0
    assert message.stop.sequences.sequences == ["a", "b"]
    assert message.messages[3].tool_calls[0].function.arguments == '{"city": "Ulm" }'
    assert message.messages[6].reasoning == "Because."
    assert json.loads(message.tools[0].function.parameters_json) == SCHEMA
    assert set(json.loads(message.extra_json)) == {
        "audio",
        "function_call",
        "functions",
        "moderation",
        "prompt_cache_options",
        "prompt_cache_retention",
        "web_search_options",
        "future_field",
    }


def test_a_field_wins_over_the_same_key_among_the_extras() -> None:
    message = chat_pb2.ChatRequest(n=1, extra_json=b'{"n": 100, "other": 1}')
    assert request_to_json(message) == {"n": 1, "other": 1}
    usage = chat_pb2.ChatUsage(
        cached_tokens=2, extra_json=b'{"prompt_tokens_details": {"cached_tokens": 99, "a": 1}}'
    )
    assert usage_to_json(usage)["prompt_tokens_details"] == {"cached_tokens": 2, "a": 1}


@pytest.mark.parametrize("extra", [b"[]", b"{", b"null", b"\xff", b"[" * 100_000])
def test_extras_that_are_no_object_are_refused(extra: bytes) -> None:
    with pytest.raises(MappingError):
        request_to_json(chat_pb2.ChatRequest(extra_json=extra))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(MappingError):
        request_from_json({"odd": float("nan")})


def test_the_extras_of_one_message_do_not_leak_into_another() -> None:
    first = reply_to_json(reply_from_json({"choices": []}))
    first["choices"].append("mine")
    assert reply_to_json(reply_from_json({"choices": []})) == {"choices": []}


def test_a_planted_loss_is_seen() -> None:
    message = request_from_json(REQUEST)
    message.messages[3].tool_calls[0].ClearField("extra_json")
    assert request_to_json(message) != REQUEST


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def objects(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """Answer objects with some of these keys, some others, and any values."""
    known = st.dictionaries(st.sampled_from(keys), JSON, max_size=4)
    unknown = st.dictionaries(st.text(), JSON, max_size=2)
    return st.builds(lambda one, two: {**two, **one}, known, unknown)


CALLS = st.lists(
    st.builds(
        lambda call, function: {**call, "function": function},
        objects("index", "id", "type"),
        objects("name", "arguments"),
    ),
    max_size=2,
)
CHAT_MESSAGES = st.lists(
    st.builds(
        lambda message, calls: {**message, "tool_calls": calls},
        objects("role", "content", "name", "tool_call_id", "refusal", "reasoning_content"),
        CALLS,
    ),
    max_size=2,
)


@settings(max_examples=200, deadline=None)
@given(objects(*REQUEST), CHAT_MESSAGES)
def test_made_up_requests_come_back(request: dict[str, Any], messages: Any) -> None:
    whole = {**request, "messages": messages}
    assert there_and_back(whole) == whole


@settings(max_examples=200, deadline=None)
@given(objects(*COMPLETION), CHAT_MESSAGES, objects(*USAGE))
def test_made_up_replies_come_back(reply: dict[str, Any], messages: Any, usage: Any) -> None:
    choices = [{"index": number, "delta": delta} for number, delta in enumerate(messages)]
    whole = {**reply, "choices": choices, "usage": usage}
    assert reply_there_and_back(whole) == whole
    assert usage_to_json(usage_from_json(usage)) == usage


def test_the_example_holds_every_field_of_openais_own_request() -> None:
    from openai.types.chat import completion_create_params as params

    for kind in (params.CompletionCreateParamsBase, params.CompletionCreateParamsStreaming):
        assert set(kind.__annotations__) <= set(REQUEST)


def test_every_field_of_openais_own_replies_comes_back() -> None:
    from openai.types import CompletionUsage, chat, completion_usage
    from openai.types.chat import chat_completion, chat_completion_chunk

    kinds: list[tuple[Any, dict[str, Any], tuple[Any, ...]]] = [
        (chat.ChatCompletion, COMPLETION, ()),
        (chat_completion.Choice, COMPLETION, ("choices", 0)),
        (chat.ChatCompletionMessage, COMPLETION, ("choices", 0, "message")),
        (CompletionUsage, COMPLETION, ("usage",)),
        (completion_usage.PromptTokensDetails, COMPLETION, ("usage", "prompt_tokens_details")),
        (
            completion_usage.CompletionTokensDetails,
            COMPLETION,
            ("usage", "completion_tokens_details"),
        ),
        (chat.ChatCompletionChunk, CHUNK, ()),
        (chat_completion_chunk.Choice, CHUNK, ("choices", 0)),
        (chat_completion_chunk.ChoiceDelta, CHUNK, ("choices", 0, "delta")),
        (
            chat_completion_chunk.ChoiceDeltaToolCall,
            CHUNK,
            ("choices", 0, "delta", "tool_calls", 0),
        ),
    ]
    for kind, example, path in kinds:
        whole = copy.deepcopy(example)
        place: Any = whole
        for key in path:
            place = place[key]
        for key in kind.model_fields:
            place.setdefault(key, {"made": ["up", None]})
        assert reply_there_and_back(whole) == whole, kind
