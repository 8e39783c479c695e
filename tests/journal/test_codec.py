"""Records to bytes and back: round trips of every type, canonical bytes, bounds, old shapes.
The types are the engine's own; a few small ones here show the mechanism.
"""

import types
import typing
from typing import Any, ClassVar, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thegrid_exchange.engine import commands, events, records, refusals, replies
from thegrid_exchange.journal.codec import INT64_MAX, INT64_MIN, Codec, CodecError, named_tuples
from thegrid_exchange.journal.upcast import Upcast

TYPES = named_tuples(commands, events, replies, refusals, records)
CODEC = Codec(TYPES)


def strategy_for(kind: Any) -> st.SearchStrategy[Any]:
    """Values of an annotated type, built from the annotation alone."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([strategy_for(argument) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(strategy_for(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*[strategy_for(argument) for argument in arguments])
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        fields = typing.get_type_hints(kind).values()
        return st.tuples(*[strategy_for(field) for field in fields]).map(kind._make)
    plain = {
        int: st.integers(INT64_MIN, INT64_MAX),
        str: st.text(max_size=20),
        bytes: st.binary(max_size=20),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[kind]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_record_type_reads_back_as_it_was_written(kind: type[Any]) -> None:
    @settings(max_examples=15, deadline=None)
    @given(strategy_for(kind))
    def round_trip(record: Any) -> None:
        again = CODEC.decode(CODEC.encode(record))
        assert again == record
        assert type(again) is kind

    round_trip()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of([strategy_for(kind) for kind in named_tuples(events)]), max_size=5))
def test_several_events_read_back_in_order(written: list[Any]) -> None:
    assert CODEC.decode_all(CODEC.encode_all(tuple(written))) == tuple(written)


def test_items_of_a_batch_keep_their_types() -> None:
    batch = commands.BatchOrders(
        "mem_1",
        (
            commands.CancelOrder("mem_1", "ord_1"),
            commands.AmendOrder("mem_1", "ord_2", quantity_units=3),
        ),
        all_or_none=True,
    )
    again = CODEC.decode(CODEC.encode(batch))
    assert [type(item) for item in again.items] == [commands.CancelOrder, commands.AmendOrder]


def test_the_same_value_has_the_same_bytes_whoever_made_it() -> None:
    first = commands.Deposit("mem_1", 5_000_000, "wire 7")
    second = commands.Deposit(member_id="mem" + "_1", amount_micros=10_000_000 // 2)
    assert CODEC.encode(first) == CODEC.encode(second._replace(reference="wire 7"))


@pytest.mark.parametrize("wide", [INT64_MAX + 1, INT64_MIN - 1, 2**64 - 1, 2**64, 10**30])
def test_an_integer_beyond_64_bits_is_refused(wide: int) -> None:
    with pytest.raises((CodecError, OverflowError)):
        CODEC.encode(commands.Deposit("mem_1", wide))


def test_bytes_that_only_look_like_a_wide_integer_are_written() -> None:
    class Blob(NamedTuple):
        content: bytes

    codec = Codec([Blob])
    assert codec.decode(codec.encode(Blob(b"\xcf\xff" * 4))) == Blob(b"\xcf\xff" * 4)


@pytest.mark.parametrize(
    "record",
    [
        commands.Deposit("mem_1", True),
        commands.Deposit("mem_1", 5.0),  # type: ignore[arg-type]
        commands.Deposit(7, 5),  # type: ignore[arg-type]
        refusals.Refusal("NO_SUCH_REASON", "", ""),  # type: ignore[arg-type]
    ],
)
def test_what_would_not_read_back_is_never_written(record: Any) -> None:
    with pytest.raises(CodecError):
        CODEC.encode(record)


def test_an_unknown_type_and_an_unknown_tag_are_named() -> None:
    class Stranger(NamedTuple):
        number: int

    with pytest.raises(CodecError, match="Stranger is no record type"):
        CODEC.encode(Stranger(1))
    with pytest.raises(CodecError, match="Stranger is unknown; was it written by a newer version"):
        CODEC.decode(Codec([Stranger]).encode(Stranger(1)))


def test_damaged_bytes_are_an_error_not_a_value() -> None:
    payload = CODEC.encode(commands.Deposit("mem_1", 5))
    with pytest.raises(CodecError):
        CODEC.decode(payload[:-1])


def test_two_types_of_one_name_cannot_share_a_codec() -> None:
    other = record("Deposit", amount=int)
    with pytest.raises(CodecError, match="two record types are named Deposit"):
        Codec([commands.Deposit, other])


def record(name: str, **fields: type) -> Any:
    """A record type of that name, so that several shapes of one name can stand side by side."""
    return NamedTuple(name, list(fields.items()))


PAID_FIRST = record("Paid", dollars=int)
PAID_TODAY = record("Paid", payer=str, amount_micros=int, note=str)


class TestOldShapes:
    """A record written by an older program is lifted by frozen functions, step by step."""

    UPCASTS: ClassVar[dict[str, Upcast]] = {
        "Paid": lambda fields: ("Paid@2", ["unknown", fields[0] * 1_000_000]),
        "Paid@2": lambda fields: ("Paid@3", [*fields, "lifted"]),
    }

    def test_two_steps_up(self) -> None:
        written = Codec([PAID_FIRST]).encode(PAID_FIRST(7))
        assert Codec([PAID_TODAY], self.UPCASTS).decode(written) == PAID_TODAY(
            "unknown", 7_000_000, "lifted"
        )

    def test_what_is_written_today_carries_its_version(self) -> None:
        codec = Codec([PAID_TODAY], self.UPCASTS)
        payload = codec.encode(PAID_TODAY("mem_1", 5, ""))
        assert b"Paid@3" in payload
        assert codec.decode(payload) == PAID_TODAY("mem_1", 5, "")

    def test_a_renamed_record_is_lifted_to_its_new_name(self) -> None:
        settled = record("Settled", dollars=int)
        codec = Codec([settled], {"Paid": lambda fields: ("Settled", fields)})
        assert codec.decode(Codec([PAID_FIRST]).encode(PAID_FIRST(7))) == settled(7)

    def test_a_field_added_at_the_end_with_a_default_needs_no_function(self) -> None:
        class Paid(NamedTuple):
            dollars: int
            note: str = "none"

        written = Codec([PAID_FIRST]).encode(PAID_FIRST(7))
        assert Codec([Paid]).decode(written) == Paid(7, "none")

    def test_a_field_added_without_a_default_is_caught(self) -> None:
        class Paid(NamedTuple):
            dollars: int
            note: str

        written = Codec([PAID_FIRST]).encode(PAID_FIRST(7))
        with pytest.raises(CodecError):
            Codec([Paid]).decode(written)
