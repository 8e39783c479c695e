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
    Projector,
    Quarantined,
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


async def _bring_up(
    journal: Journal, rules: Rules, head: Head, projector: Projector | None
) -> _Start:
    """Where recovery began, its state brought up to `head`, and the read models with it."""
    rebuild = projector is not None and await journal.views_version() != projector.version
    start = _Start(rules.empty(), Head(0, chain.genesis(journal.exchange_id, journal.partition), 0))
    if rebuild and projector is not None:
        log.info("rebuilding the read models from %d rows", head.seq)
        await journal.reset_views(projector.version, projector.create())
    else:
        start = await _newest_snapshot(journal, rules) or start
    reached = await _fold_tail(journal, rules, start, projector if rebuild else None)
    if reached != head:
        raise JournalBroken(reached.seq + 1, "rows at the end are missing")
    if rebuild and projector is not None:
        await journal.project((), projector.version)
    rules.check(start.state)
    return start


async def _newest_snapshot(journal: Journal, rules: Rules) -> _Start | None:
    """The state of the newest snapshot that is whole and belongs to this very chain."""
    for snapshot in await journal.snapshots():
        try:
            return await _load(journal, rules, snapshot)
        except JournalError as error:
            log.warning("%s; an older one is tried", error)
    return None


async def _load(journal: Journal, rules: Rules, snapshot: SnapshotHead) -> _Start:
    row = await journal.row(snapshot.seq)
    if row is None or row.hash != snapshot.hash:
        raise JournalError(f"the snapshot at row {snapshot.seq} is of another journal")
    state = rules.load(await load_rows(rules.codec, journal, snapshot))
    return _Start(state, Head(snapshot.seq, snapshot.hash, snapshot.at_us))


async def _fold_tail(
    journal: Journal, rules: Rules, start: _Start, projector: Projector | None
) -> Head:
    head, told = start.head, start.head.seq
    async for stored in journal.read(head.seq):
        head = chain.check(stored, head)
        if projector is not None and head.seq - told >= PROGRESS_ROWS:
            told = head.seq
            log.info("read models rebuilt up to row %d", told)
        for row in stored:
            rules.fold(start.state, row.at_us, _events(rules, row))
        if projector is not None:
            rows = [decode_row(rules.codec, row) for row in stored]
            await journal.project(projector.project(rows, start.state))
    return head


def _events(rules: Rules, row: StoredRow) -> tuple[Any, ...]:
    try:
        return cast(tuple[Any, ...], rules.codec.decode_all(row.events))
    except CodecError as error:
        raise JournalBroken(row.seq, str(error)) from error
