"""A sorted set of keys in bounded chunks, so that a change costs the same however many there are.

What the keys mean is up to the index that holds them.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

CHUNK_KEYS: Final = 512

KeyT = TypeVar("KeyT", bound=Any)


class SortedKeys(Generic[KeyT]):
    """Distinct, mutually comparable keys in ascending order."""

    __slots__ = ("_chunks", "_lasts")

    def __init__(self) -> None:
        self._chunks: list[list[KeyT]] = []
        self._lasts: list[KeyT] = []

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def __iter__(self) -> Iterator[KeyT]:
        for chunk in self._chunks:
            yield from chunk

    def __reversed__(self) -> Iterator[KeyT]:
        for chunk in reversed(self._chunks):
            yield from reversed(chunk)

    def first(self) -> KeyT | None:
        """The smallest key, or None."""
        return self._chunks[0][0] if self._chunks else None

    def last(self) -> KeyT | None:
        """The greatest key, or None."""
        return self._lasts[-1] if self._lasts else None

    def first_from(self, key: KeyT) -> KeyT | None:
        """The smallest key that is not below `key`, or None."""
        place = bisect_left(self._lasts, key)
        if place == len(self._chunks):
            return None
        chunk = self._chunks[place]
        return chunk[bisect_left(chunk, key)]

    def add(self, key: KeyT) -> None:
        """Put a key that is not there yet."""
        lasts = self._lasts
        if not lasts or key > lasts[-1]:
            self._append(key)
            return
        place = bisect_left(lasts, key)
        chunk = self._chunks[place]
        insort(chunk, key)
        if len(chunk) > 2 * CHUNK_KEYS:
            self._chunks.insert(place, chunk[:CHUNK_KEYS])
            del chunk[:CHUNK_KEYS]
            lasts.insert(place, self._chunks[place][-1])

    def _append(self, key: KeyT) -> None:
        """Put a key behind all others, the way of ids and of instants that have come."""
        if self._chunks and len(self._chunks[-1]) < CHUNK_KEYS:
            self._chunks[-1].append(key)
            self._lasts[-1] = key
        else:
            self._chunks.append([key])
            self._lasts.append(key)

    def remove(self, key: KeyT) -> None:
        """Take out a key that is there; KeyError if it is not."""
        place = bisect_left(self._lasts, key)
        if place == len(self._chunks):
            raise KeyError(key)
        chunk = self._chunks[place]
        inside = bisect_left(chunk, key)
        if chunk[inside] != key:
            raise KeyError(key)
        del chunk[inside]
        if chunk:
            self._lasts[place] = chunk[-1]
        else:
            del self._chunks[place]
            del self._lasts[place]
