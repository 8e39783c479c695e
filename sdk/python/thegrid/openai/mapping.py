"""The machinery that carries JSON objects into messages and back, field by field.

Which key of OpenAI's schema lies in which field is written in `shapes.py`, not here.
"""

import functools
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from thegrid.openai.errors import MappingError

type_of = type
Reader = Callable[[Any, Any], bool]
"""Puts a JSON value into a message; answers False when the value has not the field's shape."""
Writer = Callable[[Any], Any]
"""Makes the JSON value of a field's value."""
Kind = Callable[[str], tuple[Reader, Writer]]
"""Makes the reader and the writer of the field with the given name."""

_INT64_MAX = (1 << 63) - 1
_INT64_MIN = -(1 << 63)
_EXACT_DOUBLE = 1 << 53
_SHARED_EXTRA_BYTES = 256

_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_escaped = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def encode_json(value: Any) -> bytes:
    """Answer `value` as compact JSON in UTF-8; raises MappingError where JSON has no word."""
    try:
        return _plain(value).encode()
    except UnicodeEncodeError:
        return _escaped(value).encode()
    except (ValueError, TypeError, RecursionError) as fault:
        raise MappingError(f"not JSON: {fault}") from fault


def decode_json(data: bytes) -> Any:
    """Answer the JSON value in `data`; raises MappingError when it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise MappingError(f"a verbatim field holds no JSON: {fault}") from fault


def _decode_object(data: bytes) -> dict[str, Any]:
    value = decode_json(data)
    if type(value) is not dict:
        raise MappingError("extra_json holds no JSON object")
    return value


@functools.lru_cache(maxsize=512)
def _decode_shared(data: bytes) -> tuple[dict[str, Any], bool]:
    value = _decode_object(data)
    return value, all(type(item) not in (dict, list) for item in value.values())


def _decode_extra(data: bytes) -> dict[str, Any]:
    # The same few extras (`{"logprobs":null}`) come with every chunk; nested ones are never shared.
    if len(data) > _SHARED_EXTRA_BYTES:
        return _decode_object(data)
    value, flat = _decode_shared(data)
    return value if flat else _decode_object(data)


@functools.lru_cache(maxsize=512)
def _encode_nulls(keys: tuple[str, ...]) -> bytes:
    return encode_json(dict.fromkeys(keys))


def _encode_extra(extra: dict[str, Any]) -> bytes:
    if len(extra) <= 4 and all(item is None for item in extra.values()):
        return _encode_nulls(tuple(extra))
    return encode_json(extra)


def _same(value: Any) -> Any:
    return value


def text(name: str) -> tuple[Reader, Writer]:
    """Make the carrier of a string field."""

    def read(message: Any, value: Any) -> bool:
        if type(value) is not str:
            return False
        try:
            setattr(message, name, value)
        except ValueError:  # a lone surrogate, which JSON can write and UTF-8 cannot
            return False
        return True

    return read, _same


def integer(name: str) -> tuple[Reader, Writer]:
    """Make the carrier of an int64 field."""

    def read(message: Any, value: Any) -> bool:
        if type(value) is not int or not _INT64_MIN <= value <= _INT64_MAX:
            return False
        setattr(message, name, value)
        return True

    return read, _same


def boolean(name: str) -> tuple[Reader, Writer]:
    """Make the carrier of a bool field."""

    def read(message: Any, value: Any) -> bool:
        if type(value) is not bool:
            return False
        setattr(message, name, value)
        return True

    return read, _same


def _number_to_json(value: float) -> float | int:
    whole = int(value)
    is_exact = whole == value and abs(whole) < _EXACT_DOUBLE
    # No integer says a zero below zero.
    return whole if is_exact and (whole or math.copysign(1.0, value) > 0) else value


def number(name: str) -> tuple[Reader, Writer]:
    """Make the carrier of a double field; whole numbers are written as JSON integers."""

    def read(message: Any, value: Any) -> bool:
        if type(value) is int:
            if not -_EXACT_DOUBLE < value < _EXACT_DOUBLE:
                return False
        elif type(value) is not float or value - value != 0.0:  # infinite, or not a number
            return False
        setattr(message, name, value)
        return True

    return read, _number_to_json


def verbatim(*types: type) -> Kind:
    """Make the carrier of a bytes field that holds JSON of one of `types` as it stands."""

    def kind(name: str) -> tuple[Reader, Writer]:
        def read(message: Any, value: Any) -> bool:
            if type_of(value) not in types:
                return False
            setattr(message, name, encode_json(value))
            return True

        return read, decode_json

    return kind


def nested(shape: "Shape") -> Kind:
    """Make the carrier of an object."""

    def kind(name: str) -> tuple[Reader, Writer]:
        def read(message: Any, value: Any) -> bool:
            if type(value) is not dict:
                return False
            inner = getattr(message, name)
            inner.SetInParent()
            shape.read(value, inner)
            return True

        return read, shape.write

    return kind


def repeated(shape: "Shape") -> Kind:
    """Make the carrier of a list of objects; an empty list is no field and stays verbatim."""

    def kind(name: str) -> tuple[Reader, Writer]:
        def read(message: Any, value: Any) -> bool:
            if type(value) is not list or not value or any(type(v) is not dict for v in value):
                return False
            add = getattr(message, name).add
            for item in value:
                shape.read(item, add())
            return True

        def write(values: Any) -> Any:
            return [shape.write(value) for value in values]

        return read, write

    return kind


class Shape:
    """How one kind of JSON object lies in one message type.

    `fields` maps each JSON key to (field name, kind). A key without a field, or whose value is not
    of the field's shape, lies in `extra_json`; on the way back a field wins over such a key.
    """

    def __init__(self, message_type: type[Message], fields: Mapping[str, tuple[str, Kind]]) -> None:
        self._readers: dict[str, Reader] = {}
        self._writers: dict[int, tuple[str, Writer]] = {}
        numbers = {field.name: field.number for field in message_type.DESCRIPTOR.fields}
        self._extra_number = numbers["extra_json"]
        for key, (name, kind) in fields.items():
            self._readers[key], writer = kind(name)
            self._writers[numbers[name]] = (key, writer)

    def alternative(self, name: str, key: str, message_type: type[Message], writer: Writer) -> None:
        """Say that the field `name` is written to `key` as well, as its other form."""
        self._writers[message_type.DESCRIPTOR.fields_by_name[name].number] = (key, writer)

    def read(self, value: Mapping[str, Any], message: Any) -> None:
        """Fill `message`, which is empty, from the JSON object `value`."""
        extra: dict[str, Any] = {}
        readers = self._readers
        for key, item in value.items():
            reader = readers.get(key)
            if reader is None or not reader(message, item):
                extra[key] = item
        if extra:
            message.extra_json = _encode_extra(extra)

    def write(self, message: Any) -> dict[str, Any]:
        """Answer the JSON object that lies in `message`."""
        out: dict[str, Any] = {}
        extra = None
        writers = self._writers
        for descriptor, value in message.ListFields():
            number = descriptor.number
            known = writers.get(number)
            if known is not None:
                out[known[0]] = known[1](value)
            elif number == self._extra_number:
                extra = value
        if extra is not None:
            for key, item in _decode_extra(extra).items():
                out.setdefault(key, item)
        return out
