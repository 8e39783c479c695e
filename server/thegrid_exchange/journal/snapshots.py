"""Snapshots of the state: taken at a batch boundary, written between batches, never in their way.
They only shorten recovery; the journal alone can always rebuild what they hold.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Container, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

import msgspec

from thegrid_exchange.journal.codec import Codec, CodecError
from thegrid_exchange.journal.protocol import Head, Journal, JournalError, SnapshotHead
from thegrid_exchange.process import settle_memory

log = logging.getLogger(__name__)

SLICE_RECORDS = 200
"""Records encoded before others get the loop again: about a quarter of a millisecond."""

CHUNK_BYTES = 256 * 1024
"""Bytes of one stored chunk, and so of one write between two batches."""

StateRow = tuple[str, Any, Any]

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode_chunk = msgspec.msgpack.Decoder(list[tuple[str, Any, str, msgspec.Raw]]).decode
_decode = msgspec.msgpack.Decoder().decode


class _Frozen(NamedTuple):
    """Shallow copies of the tables at one row; the records in them never change."""

    head: Head
    now_us: int
    tables: dict[str, dict[Any, Any]]

    def rows(self) -> Iterator[StateRow]:
        yield "now_us", "", self.now_us
        for name, table in self.tables.items():
            for key, record in table.items():
                yield name, key, record


def encode_rows(codec: Codec, rows: Iterator[StateRow]) -> bytes:
    """A slice of state rows as one MessagePack array."""
    packed = []
    for table, key, record in rows:
        tag, fields = ("", record) if isinstance(record, int) else codec.wire(record)
        packed.append((table, key, tag, fields))
    return _encode(packed)


def decode_rows(
    codec: Codec, payload: bytes, tables: Container[str] | None = None
) -> Iterator[StateRow]:
    """The state rows of one slice, or only those of some tables. Raises CodecError."""
    try:
        for table, key, tag, raw in _decode_chunk(payload):
            if tables is not None and table not in tables:
                continue
            record = codec.read(tag, raw) if tag else _decode(raw)
            yield table, tuple(key) if isinstance(key, list) else key, record
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise CodecError(f"a snapshot cannot be read: {error}") from error


class ChunkSource(Protocol):
    """Anything that can give back the chunks of a snapshot."""

    def snapshot_chunks(self, seq: int) -> AsyncIterator[bytes]:
        """The chunks of one snapshot in order."""
        ...


async def load_rows(codec: Codec, source: ChunkSource, head: SnapshotHead) -> list[StateRow]:
    """All state rows of a stored snapshot. Raises JournalError when it is not what was written."""
    return [row async for rows in read_slices(codec, source, head) for row in rows]


async def read_slices(
    codec: Codec, source: ChunkSource, head: SnapshotHead, tables: Container[str] | None = None
) -> AsyncIterator[Iterator[StateRow]]:
    """The state rows of a stored snapshot slice by slice, or only those of some tables.

    Raises JournalError, at the latest after the last slice, when it is not what was written.
    """
    digest, chunks = hashlib.sha256(), 0
    async for chunk in source.snapshot_chunks(head.seq):
        digest.update(chunk)
        chunks += 1
        for payload in _slices(chunk):
            yield decode_rows(codec, payload, tables)
    if chunks != head.chunks or digest.digest() != head.digest:
        raise JournalError(f"the snapshot at row {head.seq} is damaged")


def _slices(chunk: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(chunk):
        length = int.from_bytes(chunk[start : start + 4], "big")
        yield chunk[start + 4 : start + 4 + length]
        start += 4 + length


class Snapshotter:
    """Takes a snapshot every so many rows and keeps the last few."""

    def __init__(
        self, journal: Journal, codec: Codec, rules_version: int, *, every_rows: int, keep: int
    ) -> None:
        self._journal, self._codec, self._rules_version = journal, codec, rules_version
        self._every_rows, self._keep = every_rows, keep
        self.on_fault: Callable[[str], object] | None = None
        """Called when a commit fails, after which nothing may go on; without it, that is raised."""
        self._last_seq = 0
        self._frozen: _Frozen | None = None
        self._writing: asyncio.Task[None] | None = None

    def begin_after(self, seq: int) -> None:
        """Count from this row, which a snapshot covers or where recovery began."""
        self._last_seq = seq

    def sealed(self, state: Any, head: Head) -> None:
        """Copy the tables if a snapshot is due; `state` stands exactly at `head`."""
        if self._every_rows and not self._frozen and head.seq - self._last_seq >= self._every_rows:
            self.freeze(state, head)

    def freeze(self, state: Any, head: Head) -> None:
        """Copy the tables now, for a snapshot at `head`."""
        tables = {name: table.copy() for name, table in state.tables.items()}
        settle_memory()
        self._frozen, self._last_seq = _Frozen(head, state.now_us, tables), head.seq

    def durable(self, seq: int) -> None:
        """Begin to write the copy once its row is durable."""
        if self._frozen is not None and self._writing is None and seq >= self._frozen.head.seq:
            self._writing = asyncio.create_task(self._write(self._frozen))

    async def finish(self) -> None:
        """Wait until nothing is being written."""
        if self._writing is not None:
            await self._writing

    async def _write(self, frozen: _Frozen) -> None:
        """A state that cannot be encoded is reported; a write that fails stops the process."""
        try:
            digest, number = hashlib.sha256(), 0
            async for chunk in self._chunks(frozen):
                digest.update(chunk)
                await self._journal.put_snapshot_chunk(frozen.head.seq, number, chunk)
                number += 1
            seq, row_hash, at_us = frozen.head
            head = SnapshotHead(seq, at_us, row_hash, self._rules_version, number, digest.digest())
            await self._journal.complete_snapshot(head, self._keep)
        except CodecError:
            log.exception("the snapshot at row %d was given up", frozen.head.seq)
        except Exception as error:
            if self.on_fault is None:
                raise
            self.on_fault(f"a snapshot could not be written ({error})")
        finally:
            self._frozen = self._writing = None

    async def _chunks(self, frozen: _Frozen) -> AsyncIterator[bytes]:
        rows, chunk = frozen.rows(), bytearray()
        while part := list(islice(rows, SLICE_RECORDS)):
            payload = encode_rows(self._codec, iter(part))
            chunk += len(payload).to_bytes(4, "big") + payload
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
            await asyncio.sleep(0)
        if chunk:
            yield bytes(chunk)
