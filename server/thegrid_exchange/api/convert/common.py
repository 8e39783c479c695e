"""Instants, positions and enumerations: the pieces that all conversions share.

The words of each noun are in its own module.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from thegrid.v1 import common_pb2
from thegrid_exchange.api.errors import invalid

MICROS: Final = 1_000_000
GREATEST_SECONDS: Final = 253_402_300_799
"""The end of the year 9999, beyond which a Timestamp is not valid."""


def time_of(at_us: int) -> Timestamp:
    """Microseconds since 1970 as a Timestamp."""
    seconds, micros = divmod(at_us, MICROS)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def optional_time(at_us: int | None) -> Timestamp | None:
    """As `time_of`; None stays unset."""
    return None if at_us is None else time_of(at_us)


def micros_of(message: Any, name: str, path: str = "") -> int | None:
    """A Timestamp field in microseconds since 1970, or None when it is unset."""
    if not message.HasField(name):
        return None
    value = getattr(message, name)
    if not (0 <= value.seconds <= GREATEST_SECONDS and 0 <= value.nanos < 1_000_000_000):
        raise invalid(f"{path}{name}", "must be a time between 1970 and 9999", "timestamp.range")
    return int(value.seconds) * MICROS + int(value.nanos) // 1_000


def span_of(span_us: int) -> Duration:
    """Microseconds as a Duration."""
    seconds, micros = divmod(span_us, MICROS)
    return Duration(seconds=seconds, nanos=micros * 1_000)


def span_micros_of(message: Any, name: str) -> int:
    """A Duration field in microseconds, 0 when it is unset; what is negative stays so."""
    value = getattr(message, name)
    return int(value.seconds) * MICROS + int(value.nanos) // 1_000


def optional_of(message: Any, name: str) -> Any:
    """A field that may be absent: its value, or None."""
    return getattr(message, name) if message.HasField(name) else None


def position_of(partition: int, seq: int) -> common_pb2.Position:
    """Where a write is durable."""
    return common_pb2.Position(partition=partition, seq=seq)


class Names:
    """The engine's words for an enumeration of the contract, both ways."""

    def __init__(self, enum: Any, prefix: str, words: Iterable[str] | Mapping[str, str]) -> None:
        pairs = words.items() if isinstance(words, Mapping) else ((w, w.upper()) for w in words)
        self.to_wire: dict[str, int] = {
            word: enum.Value(f"{prefix}_{name}") for word, name in pairs
        }
        self.to_word: dict[int, str] = {number: word for word, number in self.to_wire.items()}

    def wire(self, word: str) -> Any:
        """The number of a word."""
        return self.to_wire[word]

    def word(self, number: int) -> Any:
        """The word of a number that validation has let through."""
        return self.to_word[number]

    def optional_word(self, number: int) -> Any:
        """As `word`; None for 0, which stands for unset."""
        return self.to_word.get(number)


SIDES: Final = Names(common_pb2.Side, "SIDE", ("buy", "sell"))
