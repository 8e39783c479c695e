"""The small parts of the agent: events from bytes, pieces of text, sample values, settings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.upstream import chunk, event
from thegrid.openai import Assembly
from thegrid.settings import ApiKey, Settings
from thegrid.supplier import SupplierSettings, SupplierSettingsError
from thegrid.supplier.coalesce import READY_MAX, TEXT_MAX, coalesce
from thegrid.supplier.demo import compose
from thegrid.supplier.sample import sample
from thegrid.supplier.sse import EventReader, EventTooLong

VALUES = [chunk({"content": "\u00e9\u00e8\U0001f600"}), chunk({}, "stop")]
STREAM = b": hi\n\n" + b"".join(event(value) for value in VALUES) + b"data: [DONE]\n\n"


@pytest.mark.parametrize("text", [STREAM, STREAM.replace(b"\n", b"\r\n")])
def test_events_come_out_however_the_bytes_are_cut(text: bytes) -> None:
    for size in range(1, 40):
        reader = EventReader()
        found: list[bytes] = []
        for start in range(0, len(text), size):
            found += reader.feed(text[start : start + size])
        assert [json.loads(data) for data in found[:-1]] == VALUES
        assert found[-1] == b"[DONE]"


def test_an_event_of_several_lines_and_one_without_an_end() -> None:
    reader = EventReader()
    assert reader.feed(b"event: x\nid: 1\ndata:a\ndata: b\n\ndata: c") == [b"a\nb"]
    assert reader.finish() == [b"c"]


def test_an_event_without_end_is_bounded() -> None:
    reader = EventReader()
    assert reader.feed(b"x" * 10_000_000) == []
    with pytest.raises(EventTooLong):
        reader.feed(b"x" * 10_000_000)


def assembled(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    assembly = Assembly()
    for one in chunks:
        assembly.add(json.loads(json.dumps(one)))
    return assembly.completion()


DELTAS = st.one_of(
    st.builds(lambda text: {"content": text}, st.text(max_size=5)),
    st.builds(lambda text: {"role": "assistant", "content": text}, st.text(max_size=5)),
    st.builds(lambda text: {"reasoning_content": text}, st.text(max_size=5)),
    st.just({"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}),
    st.just({"content": "y" * (2 * TEXT_MAX + 1)}),
    st.just({}),
)
CHUNKS = st.lists(
    st.builds(
        lambda delta, index, finish: chunk(delta, finish, index),
        DELTAS,
        st.integers(0, 1),
        st.sampled_from([None, None, "stop"]),
    ),
    max_size=20,
)


@given(CHUNKS)
def test_pieces_of_a_good_size_say_the_same(chunks: list[dict[str, Any]]) -> None:
    before = assembled(chunks)
    pieces = coalesce(json.loads(json.dumps(chunks)))
    assert assembled(pieces) == before
    for piece in pieces:
        for choice in piece["choices"]:
            assert len(choice["delta"].get("content") or "") <= TEXT_MAX or len(chunks) > READY_MAX


def test_few_pieces_stay_and_many_are_joined() -> None:
    few = [chunk({"content": "a"}) for _ in range(READY_MAX)]
    assert len(coalesce(few)) == READY_MAX
    many = [chunk({"content": "a"}) for _ in range(READY_MAX + 1)]
    joined = coalesce(many)
    assert len(joined) == 1
    assert joined[0]["choices"][0]["delta"]["content"] == "a" * (READY_MAX + 1)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "demo"),
        ({"type": "string", "minLength": 6}, "demo.."),
        ({"type": "string", "maxLength": 2}, "de"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number", "maximum": -1.5}, -1.5),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": 7}, 7),
        ({"type": ["null", "integer"]}, 0),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, False),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        (
            {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "integer"}}},
            {"a": 0},
        ),
        ({"type": "object", "properties": {"me": {"$ref": "#"}}}, None),
        (True, None),
    ],
)
def test_samples_fit_their_schema(schema: Any, value: Any) -> None:
    made = sample(schema)
    json.dumps(made)
    if value is not None:
        assert made == value


def test_the_demo_model_says_what_it_is_and_repeats_itself() -> None:
    request = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]}
    assert compose(request) == compose(request)
    assert "demo model" in compose(request)
    assert compose(request).endswith("You said: hello")
    asked = {"messages": [{"role": "user", "content": "write 40 words"}]}
    assert len(compose(asked).split()) == 40


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"instrument": ""}, "instrument"),
        ({"model": ""}, "model"),
        ({"price_micros": 0}, "price_micros"),
        ({"upstream_url": "localhost:8000"}, "upstream_url"),
        ({"concurrent_deliveries": 0}, "concurrent_deliveries"),
        ({"grace_s": -1}, "grace_s"),
        ({"output_cap_field": "tokens"}, "output_cap_field"),
    ],
)
def test_a_bad_setting_is_named(change: dict[str, Any], names: str) -> None:
    fine = {
        "exchange": Settings("127.0.0.1:1", ApiKey("k")),
        "instrument": "text-prime",
        "model": "m",
        "price_micros": 1,
        "quantity_units": 1,
    }
    SupplierSettings(**fine)  # type: ignore[arg-type]
    with pytest.raises(SupplierSettingsError, match=names):
        SupplierSettings(**{**fine, **change})
