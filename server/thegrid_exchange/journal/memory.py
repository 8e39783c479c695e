"""A journal in memory, for tests and simulations: the same promises but survival of the process.
It must not grow abilities that the store lacks.
"""

from collections.abc import AsyncIterator, Sequence

from thegrid_exchange.journal.chain import genesis
from thegrid_exchange.journal.protocol import (
    Head,
    JournalLocked,
    Quarantined,
    RequestSeen,
    SnapshotHead,
    Statement,
    StoredRow,
)


class MemoryJournal:
    """Rows in a list. Opening it again after `close` is a restart on the same bytes."""

    def __init__(self, exchange_id: str = "exc_memory", partition: int = 1) -> None:
        self.exchange_id = exchange_id
        self.partition = partition
        self.epoch = 0
        self.rows: list[StoredRow] = []
        self.statements: list[Statement] = []
        self._open = False
        self._chunks: dict[tuple[int, int], bytes] = {}
        self._snapshots: dict[int, SnapshotHead] = {}
        self._quarantine: list[Quarantined] = []
        self._views_version: int | None = None

    async def open(self) -> Head:
        """Take the partition for this process and answer its last durable row."""
        if self._open:
            raise JournalLocked("another exchange holds this journal in memory")
        self._open = True
        self.epoch += 1
        return self.head()

    def head(self) -> Head:
        """The last durable row."""
        if not self.rows:
            return Head(0, genesis(self.exchange_id, self.partition), 0)
        last = self.rows[-1]
        return Head(last.seq, last.hash, last.at_us)

    async def append(self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()) -> None:
        """Keep the rows and the read-model writes."""
        self.rows.extend(rows)
        self.statements.extend(statements)

    async def read(
        self, after_seq: int = 0, until_seq: int | None = None
    ) -> AsyncIterator[list[StoredRow]]:
        """The rows after `after_seq`, in batches of a thousand."""
        last = len(self.rows) if until_seq is None else until_seq
        for start in range(after_seq, last, 1_000):
            yield self.rows[start : min(start + 1_000, last)]

    async def row(self, seq: int) -> StoredRow | None:
        """One row, or None."""
        return self.rows[seq - 1] if 0 < seq <= len(self.rows) else None

    async def requests_since(self, at_us: int) -> AsyncIterator[list[RequestSeen]]:
        """The request ids of rows stamped at or after `at_us`, in order."""
        yield [
            RequestSeen(row.seq, row.at_us, row.actor, row.request_id)
            for row in self.rows
            if row.at_us >= at_us and row.request_id
        ]

    async def snapshots(self) -> list[SnapshotHead]:
        """The complete snapshots, newest first."""
        return [self._snapshots[seq] for seq in sorted(self._snapshots, reverse=True)]

    async def snapshot_chunks(self, seq: int) -> AsyncIterator[bytes]:
        """The chunks of one snapshot in order."""
        for key in sorted(self._chunks):
            if key[0] == seq:
                yield self._chunks[key]

    async def put_snapshot_chunk(self, seq: int, number: int, chunk: bytes) -> None:
        """Keep one chunk of a snapshot that is not yet complete."""
        self._chunks[seq, number] = chunk

    async def complete_snapshot(self, head: SnapshotHead, keep: int) -> None:
        """Declare a snapshot whole, and drop all but the newest `keep`."""
        self._snapshots[head.seq] = head
        kept = set(sorted(self._snapshots)[-keep:])
        self._snapshots = {seq: self._snapshots[seq] for seq in kept}
        self._chunks = {key: chunk for key, chunk in self._chunks.items() if key[0] in kept}

    async def quarantine(self, command: Quarantined) -> None:
        """Remember a command that must not run again."""
        self._quarantine.append(command)

    async def quarantined(self) -> list[Quarantined]:
        """The commands that must not run again."""
        return list(self._quarantine)

    async def views_version(self) -> int | None:
        """The version of the read models, or None."""
        return self._views_version

    async def reset_views(self, version: int, statements: Sequence[str]) -> None:
        """Forget the read-model writes so far."""
        self._views_version = None
        self.statements = []

    async def project(self, statements: Sequence[Statement], version: int | None = None) -> None:
        """Keep read-model writes; `version` declares them complete."""
        self.statements.extend(statements)
        if version is not None:
            self._views_version = version

    async def close(self) -> None:
        """Let go of the partition."""
        self._open = False
