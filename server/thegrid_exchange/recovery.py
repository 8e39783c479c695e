"""Newest sound snapshot and the journal's tail to a state: the one way in which a partition starts.
Live views are built from the state it answers; overdue work is the ticker's.
"""

import logging
from typing import Any, Final, NamedTuple, cast

from thegrid_exchange.journal import chain
from thegrid_exchange.journal.codec import CodecError, decode_row
from thegrid_exchange.journal.protocol import (
    Head,
    Journal,
    JournalBroken,
    JournalError,
    JournalReader,
    Projector,
    Quarantined,
    Row,
    Rules,
    SnapshotHead,
    StoredRow,
)
from thegrid_exchange.journal.repeats import Repeats
from thegrid_exchange.journal.snapshots import load_rows
from thegrid_exchange.process import without_collector

log = logging.getLogger(__name__)

PROGRESS_ROWS: Final = 50_000
"""Rows between two lines of progress while read models are rebuilt: some seconds."""


class Recovered(NamedTuple):
    """A partition ready to run: its state stands exactly at `head`."""

    state: Any
    head: Head
    repeats: Repeats
    quarantined: list[Quarantined]
    snapshot_seq: int
    """The row whose snapshot recovery began with; 0 when it folded from the first row."""


class _Start(NamedTuple):
    state: Any
    head: Head


async def recover(
    journal: Journal,
    rules: Rules,
    *,
    request_horizon_us: int,
    most_request_ids: int,
    projector: Projector | None = None,
) -> Recovered:
    """Open the journal and bring its state up to the last durable row.

    Read models whose version is not the projector's are thrown away and rebuilt on the way. Raises
    JournalBroken naming the first row that cannot be trusted, and what the store's `open` raises.
    """
    head = await journal.open()
    try:
        with without_collector():
            start = await _bring_up(journal, rules, head, projector)
        repeats = Repeats(request_horizon_us, most_request_ids)
        async for seen in journal.requests_since(head.at_us - request_horizon_us):
            for request in seen:
                repeats.load(request)
        quarantined = await journal.quarantined()
    except BaseException:
        await journal.close()
        raise
    return Recovered(start.state, head, repeats, quarantined, start.head.seq)


class _Rebuild:
    """Read models being made anew, row by row, with a line of progress now and then."""

    def __init__(self, journal: Journal, projector: Projector, last_seq: int) -> None:
        self._journal, self._projector = journal, projector
        self._last_seq, self._told = last_seq, 0

    async def begin(self) -> None:
        """Throw away what there is."""
        log.info("rebuilding the read models from %d rows", self._last_seq)
        await self._journal.reset_views(self._projector.version, self._projector.create())

    async def add(self, rows: list[Row], state: Any) -> None:
        """Write what some rows make; `state` is as it stood right after them."""
        await self._journal.project(self._projector.project(rows, state))
        if rows[-1].seq - self._told >= PROGRESS_ROWS:
            self._told = rows[-1].seq
            log.info("read models rebuilt up to row %d of %d", self._told, self._last_seq)

    async def end(self) -> None:
        """Declare them complete."""
        await self._journal.project((), self._projector.version)


async def _bring_up(
    journal: Journal, rules: Rules, head: Head, projector: Projector | None
) -> _Start:
    """Where recovery began, its state brought up to `head`, and the read models with it."""
    rebuild: _Rebuild | None = None
    if projector is not None and await journal.views_version() != projector.version:
        rebuild = _Rebuild(journal, projector, head.seq)
    start = _beginning(journal, rules)
    if rebuild is not None:
        await rebuild.begin()
    else:
        start = await _newest_snapshot(journal, rules) or start
    reached = await _fold_tail(journal, rules, start, rebuild)
    if reached != head:
        raise JournalBroken(reached.seq + 1, "rows at the end are missing")
    if rebuild is not None:
        await rebuild.end()
    rules.check(start.state)
    return start


async def state_at(journal: JournalReader, rules: Rules, seq: int) -> tuple[Any, Head]:
    """The state as of a row, of a journal that is only read and may go on being written.

    It begins with the newest sound snapshot up to there. Raises JournalBroken as `recover` does.
    """
    start = await _newest_snapshot(journal, rules, seq) or _beginning(journal, rules)
    reached = await _fold_tail(journal, rules, start, until_seq=seq)
    if reached.seq != seq:
        raise JournalBroken(reached.seq + 1, "rows are missing")
    rules.check(start.state)
    return start.state, reached


def _beginning(journal: JournalReader, rules: Rules) -> _Start:
    first = Head(0, chain.genesis(journal.exchange_id, journal.partition), 0)
    return _Start(rules.empty(), first)


async def _newest_snapshot(
    journal: JournalReader, rules: Rules, until_seq: int | None = None
) -> _Start | None:
    """The state of the newest snapshot that is whole and belongs to this very chain."""
    for snapshot in await journal.snapshots():
        if until_seq is not None and snapshot.seq > until_seq:
            continue
        try:
            return await _load(journal, rules, snapshot)
        except JournalError as error:
            log.warning("%s; an older one is tried", error)
    return None


async def _load(journal: JournalReader, rules: Rules, snapshot: SnapshotHead) -> _Start:
    row = await journal.row(snapshot.seq)
    if row is None or row.hash != snapshot.hash:
        raise JournalError(f"the snapshot at row {snapshot.seq} is of another journal")
    state = rules.load(await load_rows(rules.codec, journal, snapshot))
    return _Start(state, Head(snapshot.seq, snapshot.hash, snapshot.at_us))


async def _fold_tail(
    journal: JournalReader,
    rules: Rules,
    start: _Start,
    rebuild: _Rebuild | None = None,
    until_seq: int | None = None,
) -> Head:
    head = start.head
    async for stored in journal.read(head.seq, until_seq):
        head = chain.check(stored, head)
        for row in stored:
            rules.fold(start.state, row.at_us, _events(rules, row))
        if rebuild is not None:
            await rebuild.add([decode_row(rules.codec, row) for row in stored], start.state)
    return head


def _events(rules: Rules, row: StoredRow) -> tuple[Any, ...]:
    try:
        return cast(tuple[Any, ...], rules.codec.decode_all(row.events))
    except CodecError as error:
        raise JournalBroken(row.seq, str(error)) from error
