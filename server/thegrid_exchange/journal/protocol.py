"""The shapes and promises of the journal: rows, heads, snapshots, errors and the store's protocol.
How rows become bytes, and where the bytes lie, is told elsewhere.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

Statement = tuple[str, Sequence[tuple[Any, ...]]]
"""A write: SQL text with `?`, and the tuples to run it with, one run for each."""


class Row(NamedTuple):
    """One command that reached the engine, with everything that came of it.

    `at_us` is the stamp in microseconds since 1970; `hash` seals this row and all before it;
    `request_hash` is over the converted command, so that a repeat with another body is seen.
    """

    partition: int
    seq: int
    epoch: int
    at_us: int
    rules_version: int
    actor: str
    request_id: str
    request_hash: bytes
    kind: str
    command: Any
    events: tuple[Any, ...]
    reply: Any
    prev_hash: bytes
    hash: bytes


class StoredRow(NamedTuple):
    """A row as it lies in the store: command, events and reply are canonical bytes."""

    partition: int
    seq: int
    epoch: int
    at_us: int
    rules_version: int
    actor: str
    request_id: str
    request_hash: bytes
    kind: str
    command: bytes
    events: bytes
    reply: bytes
    prev_hash: bytes
    hash: bytes


class Head(NamedTuple):
    """The last durable row of a partition; `seq` 0 and the genesis hash when there is none."""

    seq: int
    hash: bytes
    at_us: int


class RequestSeen(NamedTuple):
    """A request id that the journal holds, and the row that answered it."""

    seq: int
    at_us: int
    actor: str
    request_id: str


class SnapshotHead(NamedTuple):
    """What a stored snapshot says of itself; `digest` is SHA-256 over its chunks in order."""

    seq: int
    at_us: int
    hash: bytes
    rules_version: int
    chunks: int
    digest: bytes


class Quarantined(NamedTuple):
    """A command that broke an invariant, kept so that a restart refuses it.

    With a request id it is refused for ever; without one (a Tick) only at the state it broke,
    which `after_seq` names.
    """

    actor: str
    request_id: str
    after_seq: int
    command: bytes
    message: str


class Rules(NamedTuple):
    """The engine as the durable core sees it: one bundle, so that a test may plant a fault."""

    version: int
    step: Callable[[Any, Any, int], Any]
    """`step(state, command, at_us)` answers an outcome with `events` and `reply`."""
    fold: Callable[[Any, int, Sequence[Any]], None]
    """`fold(state, at_us, events)` brings a state forward by one row without deciding again."""
    empty: Callable[[], Any]
    """A state before the first row."""
    load: Callable[[Iterable[tuple[str, Any, Any]]], Any]
    """The state whose tables were dumped as (table, key, record)."""
    check: Callable[[Any], None]
    """Raises the engine's InvariantBroken unless every law holds."""
    codec: Any
    """The `Codec` over all commands, events, replies and state records of these rules."""


class Projector(Protocol):
    """Turns durable rows into read-model writes that commit in the rows' own transaction."""

    version: int
    """Grows when the tables change; another version than the stored one rebuilds them all."""

    def create(self) -> Sequence[str]:
        """SQL statements that drop what is left of the read models and create them empty."""
        ...

    def project(self, rows: Sequence[Row], state: Any) -> Sequence[Statement]:
        """The writes for these rows; `state` is as it stood right after the last of them.

        After one call for all rows and after one call for each, the read models are the same.
        """
        ...


class JournalError(Exception):
    """The journal cannot be opened, read or written; the message says what to do."""


class JournalLocked(JournalError):
    """Another exchange writes this journal."""


class Fenced(JournalError):
    """This writer's epoch is over: another one took the partition. Stop at once."""


class JournalBroken(JournalError):
    """A row is missing, altered or unreadable; `seq` is the first that cannot be trusted."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(f"journal row {seq}: {message}")
        self.seq = seq


class JournalReader(Protocol):
    """The durable rows and snapshots of a partition, whoever writes them."""

    exchange_id: str
    partition: int

    def read(
        self, after_seq: int = 0, until_seq: int | None = None
    ) -> AsyncIterator[list[StoredRow]]:
        """The durable rows after `after_seq` in order, in bounded batches."""
        ...

    async def row(self, seq: int) -> StoredRow | None:
        """One durable row, or None."""
        ...

    async def snapshots(self) -> list[SnapshotHead]:
        """The complete snapshots, newest first."""
        ...

    def snapshot_chunks(self, seq: int) -> AsyncIterator[bytes]:
        """The chunks of one snapshot in order."""
        ...


class Journal(JournalReader, Protocol):
    """Where rows become durable. One writer; `append` is durable or raises, without retry."""

    epoch: int

    async def open(self) -> Head:
        """Take the partition for this process and answer its last durable row."""
        ...

    async def append(self, rows: Sequence[StoredRow], statements: Sequence[Statement] = ()) -> None:
        """Make the rows and the read-model writes durable together, or raise."""
        ...

    def requests_since(self, at_us: int) -> AsyncIterator[list[RequestSeen]]:
        """The request ids of rows stamped at or after `at_us`, in order."""
        ...

    async def put_snapshot_chunk(self, seq: int, number: int, chunk: bytes) -> None:
        """Store one chunk of a snapshot that is not yet complete."""
        ...

    async def complete_snapshot(self, head: SnapshotHead, keep: int) -> None:
        """Declare a snapshot whole, and drop all but the newest `keep`."""
        ...

    async def quarantine(self, command: Quarantined) -> None:
        """Remember a command that must not run again."""
        ...

    async def quarantined(self) -> list[Quarantined]:
        """The commands that must not run again."""
        ...

    async def views_version(self) -> int | None:
        """The version of the read models that the store holds, or None."""
        ...

    async def reset_views(self, version: int, statements: Sequence[str]) -> None:
        """Throw the read models away and create them empty under `version`."""
        ...

    async def project(self, statements: Sequence[Statement], version: int | None = None) -> None:
        """Write read models outside a batch (a rebuild); `version` declares them complete."""
        ...

    async def close(self) -> None:
        """Let go of the partition and of every connection."""
        ...
