"""Message → JSON → message loses nothing: messages made up from the contract itself.

The other way round, JSON → message → JSON, is tried in test_openai_mapping.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from thegrid.openai import (
    reply_from_json,
    reply_to_json,
    request_from_json,
    request_to_json,
    usage_from_json,
    usage_to_json,
)
from thegrid.openai.mapping import encode_json
from thegrid.v1 import chat_pb2

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)
VERBATIM = {
    "tool_choice_json": WORDS | OBJECTS,
    "modalities_json": st.lists(JSON, max_size=3),
    "prompt_json": WORDS | st.lists(JSON, max_size=3),
}
"""What a verbatim field may hold; the others hold objects."""
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: WORDS,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT64: st.integers(-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
}
UNKNOWN_KEYS = WORDS.map(lambda word: f"x_{word}")
FIELDS = {
    name
    for kind in chat_pb2.DESCRIPTOR.message_types_by_name.values()
    for name in kind.fields_by_name
}
KNOWN_KEYS = st.sampled_from(
    sorted(name.removesuffix("_json") for name in {*FIELDS, "content", "prompt_tokens_details"})
)

Draw = Callable[[st.SearchStrategy[Any]], Any]
Back = tuple[type[Message], Callable[[Any], dict[str, Any]], Callable[[Any], Any]]

KINDS: list[Back] = [
    (chat_pb2.ChatRequest, request_to_json, request_from_json),
    (chat_pb2.ChatReply, reply_to_json, reply_from_json),
    (chat_pb2.ChatUsage, usage_to_json, usage_from_json),
]


def filled(draw: Draw, kind: Descriptor, extra_keys: st.SearchStrategy[str]) -> Any:
    """Draw a message with any of its fields; of alternatives at most one."""
    message = GetMessageClass(kind)()
    left_out = set()
    for alternatives in kind.oneofs:
        names = {field.name for field in alternatives.fields}
        # `optional` makes an alternative of one field, which is none.
        if len(names) > 1:
            left_out |= names - {draw(st.sampled_from(sorted(names)))}
    for field in kind.fields:
        # A stop that says neither this nor that is no stop.
        if field.name not in left_out and (kind.name == "Stop" or draw(st.booleans())):
            put(draw, message, field, extra_keys)
    return message


def put(draw: Draw, message: Any, field: Any, extra_keys: st.SearchStrategy[str]) -> None:
    count = draw(st.integers(0, 2)) if field.is_repeated else 1
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        for _ in range(count):
            inner = filled(draw, field.message_type, extra_keys)
            if field.is_repeated:
                getattr(message, field.name).append(inner)
            else:
                getattr(message, field.name).CopyFrom(inner)
    elif field.name == "extra_json":
        extra = draw(st.dictionaries(extra_keys, JSON, min_size=1, max_size=3))
        message.extra_json = encode_json(extra)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        setattr(message, field.name, encode_json(draw(VERBATIM.get(field.name, OBJECTS))))
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(SCALARS[field.type], max_size=2)))
    else:
        setattr(message, field.name, draw(SCALARS[field.type]))


def over_the_wire(value: dict[str, Any]) -> Any:
    return json.loads(encode_json(value))


@pytest.mark.parametrize(("kind", "to_json", "from_json"), KINDS)
def test_made_up_messages_come_back(kind: Any, to_json: Any, from_json: Any) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        message = filled(data.draw, kind.DESCRIPTOR, UNKNOWN_KEYS)
        assert from_json(over_the_wire(to_json(message))) == message

    check()


@pytest.mark.parametrize(("kind", "to_json", "from_json"), KINDS)
def test_whatever_stands_among_the_extras_is_said_the_same_again(
    kind: Any, to_json: Any, from_json: Any
) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        said = to_json(filled(data.draw, kind.DESCRIPTOR, KNOWN_KEYS | UNKNOWN_KEYS))
        assert to_json(from_json(over_the_wire(said))) == said

    check()


def test_a_planted_loss_is_seen() -> None:
    message = chat_pb2.ChatRequest(n=1, extra_json=b'{"x_later":[1]}')

    def forgetful(value: dict[str, Any]) -> Any:
        value.pop("x_later")
        return request_from_json(value)

    assert forgetful(over_the_wire(request_to_json(message))) != message
