"""Records of the engine to canonical bytes and back: same value, same bytes, and nothing is written
that cannot be read again. What the records mean, and where the bytes go, is told elsewhere.

A record is a NamedTuple; on disk it is `[tag, [field, ...]]` in MessagePack, the tag being its
class name and, from its second shape on, a version. A new record type needs no line here.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.journal.protocol import JournalBroken, JournalError, Row, StoredRow
from thegrid_exchange.journal.upcast import UPCASTS, Upcast

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder().decode
_decode_one = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw]).decode
_decode_many = msgspec.msgpack.Decoder(list[tuple[str, msgspec.Raw]]).decode
_wide_int = re.compile(rb"\xcf[\x80-\xff]").search
_many_digits = re.compile(rb"\d{19}").search
_as_json = msgspec.json.Encoder().encode

Change = Callable[[Any], Any]


class CodecError(JournalError):
    """A record cannot be written or read: an unknown type, a wrong field, an integer too wide."""


def named_tuples(*modules: types.ModuleType) -> list[type[Any]]:
    """Every NamedTuple class that the modules, or their parts, define, by name."""
    return [
        value
        for module in modules
        for _, value in inspect.getmembers(module, _is_record)
        if f"{value.__module__}.".startswith(f"{module.__name__}.")
    ]


def _is_record(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")


class _Plan(NamedTuple):
    """How one record type is written and read; without changes msgspec does both natively."""

    tag: str
    record: type[Any]
    to_wire: Change | None
    from_wire: Change
    decode: Change


class Codec:
    """Writes and reads the record types it was given; plans are made once per type."""

    def __init__(
        self, records: Iterable[type[Any]], upcasts: Mapping[str, Upcast] = UPCASTS
    ) -> None:
        self._upcasts = upcasts
        self._by_type: dict[type[Any], _Plan] = {}
        self._by_tag: dict[str, _Plan] = {}
        self._records: dict[str, type[Any]] = {}
        for record in records:
            if self._records.setdefault(record.__name__, record) is not record:
                raise CodecError(f"two record types are named {record.__name__}")
        for record in self._records.values():
            self._plan(record)

    def encode(self, record: Any) -> bytes:
        """One record as bytes. Raises CodecError naming the record if it would not read back."""
        payload = _encode(self.wire(record))
        if self.decode(payload) != record:
            raise CodecError(f"{type(record).__name__} does not read back as it was written")
        return self._bounded(payload, record)

    def encode_all(self, records: tuple[Any, ...]) -> bytes:
        """Several records as one array of bytes, under the same promise as `encode`."""
        payload = _encode([self.wire(record) for record in records])
        if self.decode_all(payload) != records:
            names = ", ".join(sorted({type(record).__name__ for record in records}))
            raise CodecError(f"one of {names} does not read back as it was written")
        return self._bounded(payload, records)

    def decode(self, payload: bytes) -> Any:
        """The record that `encode` wrote, lifted to today's shape."""
        try:
            return self.read(*_decode_one(payload))
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise CodecError(f"a record cannot be read: {error}") from error

    def decode_all(self, payload: bytes) -> tuple[Any, ...]:
        """The records that `encode_all` wrote, lifted to today's shapes."""
        try:
            return tuple([self.read(tag, raw) for tag, raw in _decode_many(payload)])
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise CodecError(f"a record cannot be read: {error}") from error

    def wire(self, record: Any) -> tuple[str, Any]:
        """The tag and the fields of a record, ready for MessagePack."""
        plan = self._by_type.get(type(record))
        if plan is None:
            raise CodecError(f"{type(record).__name__} is no record type of this journal")
        return plan.tag, record if plan.to_wire is None else plan.to_wire(record)

    def read(self, tag: str, raw: msgspec.Raw) -> Any:
        """The record behind a tag, lifted to today's shape."""
        plan = self._by_tag.get(tag)
        return plan.decode(raw) if plan is not None else self._lift(tag, _decode(raw))

    def _lift(self, tag: str, fields: list[Any]) -> Any:
        while (plan := self._by_tag.get(tag)) is None:
            upcast = self._upcasts.get(tag)
            if upcast is None:
                raise CodecError(f"the record {tag} is unknown; was it written by a newer version?")
            tag, fields = upcast(fields)
        return plan.from_wire(fields)

    def _bounded(self, payload: bytes, value: Any) -> bytes:
        """The payload, unless it holds an integer beyond int64.

        Such an integer shows as a wide unsigned, as which other bytes may pass by accident, and as
        many digits, as which they may not; the slow look is only for what has both.
        """
        is_suspect = _wide_int(payload) and _many_digits(_as_json(value))
        if is_suspect and (wide := _find_wide(value)) is not None:
            raise CodecError(f"the integer {wide} does not fit 64 bits with sign")
        return payload

    def _plan(self, record: type[Any]) -> _Plan:
        if (known := self._by_type.get(record)) is not None:
            return known
        changes = [self._change(kind) for kind in typing.get_type_hints(record).values()]
        if all(change is None for change in changes):
            decode = msgspec.msgpack.Decoder(record).decode
            plan = _Plan(self._tag(record), record, None, _converter(record), decode)
        else:
            to_wire, from_wire = _field_changes(record, changes)
            plan = _Plan(
                self._tag(record), record, to_wire, from_wire, lambda raw: from_wire(_decode(raw))
            )
        self._by_type[record] = self._by_tag[plan.tag] = plan
        return plan

    def _tag(self, record: type[Any]) -> str:
        version = 1
        while _versioned(record.__name__, version) in self._upcasts:
            version += 1
        return _versioned(record.__name__, version)

    def _change(self, kind: Any) -> tuple[Change, Change] | None:
        """The change to and from the wire that a field's type asks for; None when native."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if _is_record(kind):
            plan = self._plan(kind)
            return None if plan.to_wire is None else (plan.to_wire, plan.from_wire)
        if origin in (typing.Union, types.UnionType):
            return self._union_change(arguments)
        if origin is tuple and arguments[-1:] == (Ellipsis,):
            return _each(self._change(arguments[0]))
        if origin is tuple and any(self._change(argument) for argument in arguments):
            raise CodecError(f"{kind}: give the members of this tuple a record type of their own")
        return None

    def _union_change(self, members: tuple[Any, ...]) -> tuple[Change, Change] | None:
        records = [member for member in members if _is_record(member)]
        if len(records) == 1 and len(members) == 2 and type(None) in members:
            inner = self._change(records[0])
            return None if inner is None else (_optional(inner[0]), _optional(inner[1]))
        if not records:
            return None
        for record in records:
            self._plan(record)
        return self._tagged, self._untagged

    def _tagged(self, value: Any) -> Any:
        return self.wire(value) if _is_record(type(value)) else value

    def _untagged(self, raw: Any) -> Any:
        return self._lift(*raw) if isinstance(raw, list) else raw


def _versioned(name: str, version: int) -> str:
    return name if version == 1 else f"{name}@{version}"


def _converter(kind: Any) -> Change:
    return lambda raw: msgspec.convert(raw, kind)


def _optional(change: Change) -> Change:
    return lambda value: None if value is None else change(value)


def _each(change: tuple[Change, Change] | None) -> tuple[Change, Change] | None:
    if change is None:
        return None
    to_wire, from_wire = change
    return (
        lambda values: [to_wire(value) for value in values],
        lambda raws: tuple([from_wire(raw) for raw in raws]),
    )


def _field_changes(
    record: type[Any], changes: list[tuple[Change, Change] | None]
) -> tuple[Change, Change]:
    writers = [change and change[0] for change in changes]
    kinds = typing.get_type_hints(record).values()
    readers = [
        change[1] if change else _converter(kind)
        for change, kind in zip(changes, kinds, strict=True)
    ]

    def to_wire(value: Any) -> list[Any]:
        return [
            writer(field) if writer else field for writer, field in zip(writers, value, strict=True)
        ]

    def from_wire(raw: Any) -> Any:
        if len(raw) > len(readers):
            raise CodecError(f"{record.__name__} has {len(readers)} fields, found {len(raw)}")
        return record(*[reader(field) for reader, field in zip(readers, raw, strict=False)])

    return to_wire, from_wire


def _find_wide(value: Any) -> int | None:
    if isinstance(value, int):
        return None if INT64_MIN <= value <= INT64_MAX else value
    if isinstance(value, tuple | list | frozenset):
        return next((wide for item in value if (wide := _find_wide(item)) is not None), None)
    return None


def decode_row(codec: Codec, stored: StoredRow) -> Row:
    """The row with its command, events and reply. Raises JournalBroken naming its seq."""
    try:
        command = codec.decode(stored.command)
        events = codec.decode_all(stored.events)
        reply = codec.decode(stored.reply)
    except CodecError as error:
        raise JournalBroken(stored.seq, str(error)) from error
    return Row(*stored[:9], command, events, reply, stored.prev_hash, stored.hash)
