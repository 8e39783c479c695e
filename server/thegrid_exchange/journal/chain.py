"""The hash chain that seals every row to all rows before it.
It knows bytes and order only, not what a row means.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from thegrid_exchange.journal.protocol import Head, JournalBroken, StoredRow

_encode = msgspec.msgpack.Encoder().encode


def genesis(exchange_id: str, partition: int) -> bytes:
    """The hash before the first row; it names the exchange, so no two share a chain."""
    return hashlib.sha256(f"thegrid journal\0{exchange_id}\0{partition}".encode()).digest()


def seal(row: StoredRow, prev_hash: bytes) -> StoredRow:
    """The row with its place in the chain: SHA-256 over the previous hash and its own bytes."""
    return StoredRow(*row[:12], prev_hash, _hash(row, prev_hash))


def _hash(row: StoredRow, prev_hash: bytes) -> bytes:
    return hashlib.sha256(prev_hash + _encode(row[:12])).digest()


def check(rows: Sequence[StoredRow], head: Head) -> Head:
    """Follow the chain over `rows` from `head` and answer the new head.

    Raises JournalBroken naming the first row that is missing, out of order, altered or stamped
    earlier than the row before it.
    """
    for row in rows:
        if row.seq != head.seq + 1:
            raise JournalBroken(head.seq + 1, f"missing; the next row present is {row.seq}")
        if row.prev_hash != head.hash:
            raise JournalBroken(row.seq, "does not continue the chain of the row before it")
        if row.hash != _hash(row, head.hash):
            raise JournalBroken(row.seq, "its content does not match its seal")
        if row.at_us < head.at_us:
            raise JournalBroken(row.seq, "is stamped earlier than the row before it")
        head = Head(row.seq, row.hash, row.at_us)
    return head
