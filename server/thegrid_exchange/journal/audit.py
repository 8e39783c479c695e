"""Proves a journal: its chain, its replies and events done again, and its snapshots.
It reads only, and may run beside the exchange that writes.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from thegrid_exchange.journal import chain
from thegrid_exchange.journal.codec import CodecError, decode_row
from thegrid_exchange.journal.protocol import (
    Head,
    JournalBroken,
    JournalError,
    Row,
    Rules,
    SnapshotHead,
    StoredRow,
)
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.journal.snapshots import load_rows

PROGRESS_ROWS = 10_000

Progress = Callable[[int, int], object]
"""Called with the last row proved and the last row there is."""


class Proof(NamedTuple):
    """What was proved: rows in the chain, how many were carried out again, snapshots compared."""

    rows: int
    executed: int
    folded: int
    snapshots: int
    digest: str
    hash: bytes


class _Audit:
    """A walk along the journal with a state of its own."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.state: Any = rules.empty()
        self.executed = 0

    def prove(self, stored: StoredRow) -> None:
        """Carry the row's command out again and compare, or fold it if older rules wrote it."""
        row = decode_row(self.rules.codec, stored)
        if row.kind != type(row.command).__name__ and row.rules_version == self.rules.version:
            raise JournalBroken(row.seq, f"is marked {row.kind} but holds another command")
        if row.rules_version != self.rules.version:
            self._fold(row)
            return
        try:
            outcome = self.rules.step(self.state, row.command, row.at_us)
        except Exception as error:
            raise JournalBroken(
                row.seq, f"its command fails when it is carried out again ({error})"
            ) from error
        self._compare(row.seq, "events", self._events(outcome), stored.events)
        self._compare(row.seq, "reply", self.rules.codec.encode(outcome.reply), stored.reply)
        self.executed += 1

    def _fold(self, row: Row) -> None:
        try:
            self.rules.fold(self.state, row.at_us, row.events)
        except Exception as error:
            raise JournalBroken(row.seq, f"its events cannot be folded ({error})") from error

    def _events(self, outcome: Any) -> bytes:
        payload: bytes = self.rules.codec.encode_all(outcome.events)
        return payload

    def _compare(self, seq: int, part: str, again: bytes, stored: bytes) -> None:
        if again != stored:
            raise JournalBroken(seq, f"its {part} differ when the command is carried out again")

    def compare_snapshot(self, rows: list[tuple[str, Any, Any]], snapshot: SnapshotHead) -> None:
        """The snapshot must hold the very state that the rows up to it make."""
        if self.rules.load(iter(rows)).digest() != self.state.digest():
            raise JournalBroken(snapshot.seq, "the snapshot taken here holds another state")


async def audit(
    reader: SqlReader, rules: Rules, progress: Progress = lambda _seq, _last: None
) -> Proof:
    """Prove every durable row. Raises JournalBroken naming the first that cannot be trusted."""
    declared, last = await reader.declared_head(), await reader.head()
    walk, head = _Audit(rules), _genesis(reader)
    snapshots = {snapshot.seq: snapshot for snapshot in await reader.snapshots()}
    compared = 0
    async for stored in _rows(reader, last.seq):
        head = chain.check([stored], head)
        walk.prove(stored)
        if (snapshot := snapshots.get(stored.seq)) is not None:
            await _prove_snapshot(reader, walk, snapshot, head)
            compared += 1
        if head.seq % PROGRESS_ROWS == 0:
            progress(head.seq, last.seq)
    if head.seq < declared[0] or (head.seq == declared[0] and head.hash != declared[1]):
        raise JournalBroken(head.seq + 1, f"missing; the last row written was {declared[0]}")
    rules.check(walk.state)
    executed = walk.executed
    return Proof(head.seq, executed, head.seq - executed, compared, walk.state.digest(), head.hash)


async def _rows(reader: SqlReader, last_seq: int) -> AsyncIterator[StoredRow]:
    """Every row; where many at once cannot be read, one at a time, to name the one that cannot."""
    seq = 0
    try:
        async for batch in reader.read(0, last_seq):
            for stored in batch:
                yield stored
                seq = stored.seq
        return
    except JournalError:
        seq += 1
    while seq <= last_seq:
        try:
            row = await reader.row(seq)
        except JournalError as error:
            raise JournalBroken(seq, f"cannot be read ({error})") from error
        if row is None:
            raise JournalBroken(seq, "missing")
        yield row
        seq += 1


def _genesis(reader: SqlReader) -> Head:
    return Head(0, chain.genesis(reader.exchange_id, reader.partition), 0)


async def _prove_snapshot(
    reader: SqlReader, walk: _Audit, snapshot: SnapshotHead, head: Head
) -> None:
    if snapshot.hash != head.hash:
        raise JournalBroken(snapshot.seq, "the snapshot taken here names another chain")
    try:
        rows = await load_rows(walk.rules.codec, reader, snapshot)
    except (JournalError, CodecError) as error:
        raise JournalBroken(snapshot.seq, str(error)) from error
    walk.compare_snapshot(rows, snapshot)
