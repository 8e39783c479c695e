"""Odd values anywhere in a request or an answer of another dialect: refused by name, or carried.

Answers that models give are made up in tests/sdk/test_dialects.py.
"""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.gateway.test_message_requests import ASKED as MESSAGES
from tests.gateway.test_response_requests import ASKED as RESPONSES
from tests.support.openai_examples import CHUNK, COMPLETION, ODD_VALUES
from tests.support.planting import paths, planted
from thegrid.anthropic import MessageStream
from thegrid.anthropic import to_chat as messages_to_chat
from thegrid.openai import request_to_json
from thegrid.responses import ResponseStream, response_of
from thegrid.responses import to_chat as responses_to_chat
from thegrid_gateway.errors import ApiError
from thegrid_gateway.inference import chat_request, translated
from thegrid_gateway.message_validation import message_check
from thegrid_gateway.response_validation import response_check

WITHOUT_EFFECT = ("cache_control", "metadata", "client_metadata", "include", "id", "status")
"""Keys whose values need not reach a supplier; decisions 0040 and 0041 say why."""


def through_messages(body: Any) -> Any:
    message_check(4_096)(body, "")
    return request_to_json(chat_request(translated(messages_to_chat, body)))


def through_responses(body: Any) -> Any:
    response_check(4_096)(body, "")
    return request_to_json(chat_request(translated(responses_to_chat, body)))


def refusal(through: Callable[[Any], Any], body: Any) -> ApiError | None:
    try:
        through(body)
    except ApiError as error:
        return error
    return None


DIALECTS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "messages": (json.loads(json.dumps(MESSAGES)), through_messages),
    "responses": (json.loads(json.dumps(RESPONSES)), through_responses),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_odd_value_anywhere_is_taken_or_refused_by_its_path(dialect: str) -> None:
    example, through = DIALECTS[dialect]
    refused = taken = 0
    for path in paths(example):
        for odd in ODD_VALUES:
            error = refusal(through, planted(example, path, odd))
            if error is None:
                taken += 1
                continue
            refused += 1
            assert error.status == 400
            assert (error.param or "").startswith(path[0]), (path, odd, error.message)
    assert refused > 500
    assert taken > 100


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_unknown_field_is_refused_and_a_missing_one_is_named(dialect: str) -> None:
    example, through = DIALECTS[dialect]
    with pytest.raises(ApiError) as unknown:
        through({**example, "surprise": 1})
    assert (unknown.value.param, unknown.value.code) == ("surprise", "unknown_parameter")
    with pytest.raises(ApiError) as missing:
        through({key: value for key, value in example.items() if key != "model"})
    assert missing.value.param == "model"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield the path of every string that is there to be read."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_text_of_a_request_reaches_the_chat(dialect: str) -> None:
    example, through = DIALECTS[dialect]
    words = {"type", "role", "effort", "summary", "truncation", "detail", "media_type", "signature"}
    found = 0
    for path, _ in leaves(example):
        keys = {key for key in path if isinstance(key, str)}
        if keys & {*WITHOUT_EFFECT, *words}:
            continue
        marked = planted(example, path, "M4RK")
        if refusal(through, marked) is not None:
            continue  # a word that is one of a few
        assert "M4RK" in json.dumps(through(marked)), path
        found += 1
    assert found > 12


def odd_chunks() -> Iterator[dict[str, Any]]:
    """Yield chunks and completions with an odd value somewhere; choices are objects by contract."""
    for example in (CHUNK, COMPLETION):
        for path, odd in itertools.product(paths(example), ODD_VALUES):
            chunk = planted(example, path, odd)
            choices = chunk.get("choices")
            if isinstance(choices, list) and all(isinstance(each, dict) for each in choices):
                yield chunk


def test_whatever_a_supplier_says_becomes_an_answer() -> None:
    for chunk in odd_chunks():
        message = MessageStream("msg_x", "m")
        message.begin()
        message.add(copy.deepcopy(chunk))
        assert message.end("stop", None)[-1]["type"] == "message_stop"
        response = ResponseStream({}, response_of({}, "resp_x", "m", 1, is_stored=False))
        response.begin()
        response.add(copy.deepcopy(chunk))
        response.finish("stop", None, 2)
        assert response.last()["type"] == "response.completed"


def test_the_check_of_texts_notices_one_that_is_dropped() -> None:
    def dropping(body: Any) -> Any:
        chat = through_messages(body)
        chat["messages"] = chat["messages"][1:]
        return chat

    marked = planted(MESSAGES, ("system", 0, "text"), "M4RK")
    assert "M4RK" in json.dumps(through_messages(marked))
    assert "M4RK" not in json.dumps(dropping(marked))
