"""Messages as rows of typed cells: the columns of a table follow from the contract's message.
How cells are written to a file is said in `files`.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from thegrid.cli.output import plain
from thegrid.enums import short_name
from thegrid.times import instant

Kind = Literal["int", "text", "time", "bool", "double"]
Cell = int | float | str | bool | datetime | None

_TIMESTAMP = "google.protobuf.Timestamp"


class Column(NamedTuple):
    """One column; `path` leads to its field through messages inside messages."""

    name: str
    kind: Kind
    path: tuple[FieldDescriptor, ...]


class Shape:
    """The columns of a list, and its messages as rows of them."""

    def __init__(self, described: Any, each: str = "") -> None:
        """`each` names a field of repeated messages of which every one gets a row of its own."""
        self._each = each
        self._outer = [
            column for column in columns_of(described) if not each or column.name != each
        ]
        self._inner: list[Column] = []
        if each:
            self._inner = list(columns_of(described.fields_by_name[each].message_type))
        self.columns = [*self._outer, *self._inner]

    def rows(self, message: Message) -> Iterator[list[Cell]]:
        """The rows of one message; without any of `each` it still has one."""
        outer = [_cell(message, column.path) for column in self._outer]
        inner = getattr(message, self._each) if self._each else ()
        for entry in inner:
            yield outer + [_cell(entry, column.path) for column in self._inner]
        if not inner:
            yield outer + [None] * len(self._inner)


def columns_of(
    described: Any, path: tuple[FieldDescriptor, ...] = (), prefix: str = ""
) -> Iterator[Column]:
    """The columns of a message.

    A message inside it gives its own columns under its name; what is repeated becomes one text.
    """
    for field in described.fields:
        here = (*path, field)
        inner = field.message_type
        if inner is None or field.is_repeated or inner.full_name == _TIMESTAMP:
            yield Column(prefix + field.name, _kind(field), here)
        else:
            yield from columns_of(inner, here, f"{prefix}{field.name}_")


def _kind(field: FieldDescriptor) -> Kind:
    if field.is_repeated:
        return "text"
    if field.message_type is not None:
        return "time"
    if field.type == FieldDescriptor.TYPE_BOOL:
        return "bool"
    if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return "double"
    is_text = field.type in (
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_ENUM,
        FieldDescriptor.TYPE_BYTES,
    )
    return "text" if is_text else "int"


def _cell(message: Message, path: tuple[FieldDescriptor, ...]) -> Cell:
    """What is unset in the message is None; integers stay integers."""
    *outer, last = path
    for field in outer:
        if not message.HasField(field.name):
            return None
        message = getattr(message, field.name)
    if last.has_presence and not message.HasField(last.name):
        return None
    return _plain_cell(getattr(message, last.name), last)


def _plain_cell(value: Any, field: FieldDescriptor) -> Cell:
    if field.is_repeated:
        return _joined(value, field)
    if field.message_type is not None:
        return instant(value)
    if field.enum_type is not None:
        return _enum_text(field, value)
    if isinstance(value, bytes):
        return value.hex()
    cell: Cell = value
    return cell


def _joined(values: Any, field: FieldDescriptor) -> str:
    """Ids apart by spaces; messages as a JSON array."""
    if field.message_type is not None:
        return json.dumps([plain(each) for each in values], separators=(",", ":"))
    return " ".join(str(each) for each in values)


def _enum_text(field: FieldDescriptor, number: int) -> str:
    """The short name of a value, empty when it is unset; a number that is not known stays one."""
    return short_name(_Wrapper(field.enum_type), number) if number else ""


class _Wrapper(NamedTuple):
    """An enum as the names of the contract are read from."""

    DESCRIPTOR: Any
