"""Private events that no log keeps any more, made once more from the journal.

A part of the state is taken from the newest snapshot before them and folded on, row by row, with
the code that publishes events as they happen; what comes after them is still in the live log.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from thegrid_exchange.journal.codec import Codec
from thegrid_exchange.journal.protocol import Journal, JournalError, SnapshotHead, StoredRow
from thegrid_exchange.journal.snapshots import read_slices
from thegrid_exchange.views.batch import Batch
from thegrid_exchange.views.feed import Entry
from thegrid_exchange.views.live import Live
from thegrid_exchange.views.part import TABLES, Part
from thegrid_exchange.views.private import (
    After,
    PrivateEvent,
    add_ended,
    parcels_before,
    private_events,
)
from thegrid_exchange.views.touched import Touched

log = logging.getLogger(__name__)

SLICE_ROWS: Final = 16
"""Rows folded before others get the loop again: well under a millisecond."""

REPLAY_S: Final = 60.0
"""Longest time that a reader waits for its events."""


class OutOfReach(Exception):
    """The events cannot be made again; the message says why, for the reader."""


class Place(NamedTuple):
    """Where a reader stopped: at an event's number, and at the last row that it knows all of.

    Of the row itself it may know only the first events.
    """

    sequence: int
    row_seq: int


class ReplayLimits(NamedTuple):
    """What one replay may cost."""

    rows: int
    """Rows of the journal read."""
    events: int
    """Events held in memory."""


class Past:
    """A reader's events up to its live log, oldest first; given away as they are taken."""

    def __init__(self, found: deque[tuple[int, PrivateEvent]], last: int) -> None:
        self._found, self._last = found, last
        self._base: dict[str, int] = {}
        self._release: Callable[[], None] = _nothing

    def __len__(self) -> int:
        return len(self._found)

    def begin(self, base: dict[str, int], release: Callable[[], None]) -> None:
        """Take what had ended in the member's Lots before, and whom to tell of the end."""
        self._base, self._release = base, release

    def take(self, count: int) -> list[Entry]:
        """The next events, numbered back from the last one."""
        taken: list[Entry] = []
        while self._found and len(taken) < count:
            number = self._last - len(self._found) + 1
            at_us, event = self._found.popleft()
            taken.append(Entry(number - 1, number, at_us, self._whole(event)))
        if not self._found:
            self.close()
        return taken

    def close(self) -> None:
        """Let go of what was not taken."""
        self._found.clear()
        self._release()
        self._release = _nothing

    def _whole(self, event: PrivateEvent) -> PrivateEvent:
        """Counts of ended tokens begin where the member's began, not where the replay did."""
        if event.kind != "units":
            return event
        units, get = event.record, self._base.get
        whole = units._replace(
            consumed_tokens=units.consumed_tokens + get(f"{units.instrument_id}/consumed", 0),
            expired_tokens=units.expired_tokens + get(f"{units.instrument_id}/expired", 0),
        )
        return event._replace(record=whole)


class _Wanted:
    """What one reader asks for, and what is found of it so far."""

    def __init__(self, member_id: str, place: Place, live: Live) -> None:
        self.member_id, self.place = member_id, place
        self.until_seq = live.durable.seq
        self.last = live.totals.get(member_id, 0)
        self.missing = self.last - place.sequence
        self.found: deque[tuple[int, PrivateEvent]] = deque()
        self.totals: dict[str, int] = {}
        """Tokens that ended in the member's Lots during the replay."""
        self.done: asyncio.Future[Past] = asyncio.get_running_loop().create_future()

    def wants(self, seq: int) -> bool:
        """Whether the row may have events that the reader lacks."""
        return self.place.row_seq <= seq <= self.until_seq

    def settle(self) -> None:
        """Answer what was found, if it joins what the reader has."""
        if self.done.done():
            return
        while len(self.found) > self.missing and self.found[0][1].row_seq == self.place.row_seq:
            self.found.popleft()  # the reader has these of the row
        if len(self.found) == self.missing:
            self.done.set_result(Past(self.found, self.last))
        else:
            self.fail(OutOfReach("it does not fit the journal of this exchange"))

    def fail(self, error: Exception) -> None:
        """Answer why there is nothing."""
        if not self.done.done():
            self.done.set_exception(error)


class Replayer:
    """Makes events again: one reading of the journal at a time, for all who wait when it begins."""

    def __init__(self, journal: Journal, codec: Codec, live: Live, limits: ReplayLimits) -> None:
        self._journal, self._codec, self._live, self._limits = journal, codec, live, limits
        self._waiting: list[_Wanted] = []
        self._running: asyncio.Task[None] | None = None
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def after(self, member_id: str, place: Place) -> Past:
        """The member's events after a place, up to where its live log stands at this call.

        A member holds one such past at a time; close it. Raises OutOfReach when there is no such
        place, or when the way to it is too long.
        """
        wanted = _Wanted(member_id, place, self._live)
        ended = self._live.ended_of(member_id)
        await self._check(wanted)
        turn = self._turns.setdefault(member_id, asyncio.Lock())
        try:
            async with asyncio.timeout(REPLAY_S):
                await turn.acquire()
                try:
                    past = await self._asked(wanted)
                except BaseException:
                    turn.release()
                    raise
        except TimeoutError as error:
            raise OutOfReach(f"what came since was not read within {REPLAY_S:.0f} s") from error
        prefix = f"{member_id}/"
        base = {name: total - wanted.totals.get(prefix + name, 0) for name, total in ended.items()}
        past.begin(base, turn.release)
        return past

    async def stop(self) -> None:
        """End the reading under way, and whoever waits for it."""
        running = self._running
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    # ---- asking ------------------------------------------------------------------------------

    async def _check(self, wanted: _Wanted) -> None:
        """Refuse what is impossible or too long before anything is read."""
        if wanted.missing < 0 or wanted.place.row_seq > wanted.until_seq:
            raise OutOfReach("it is newer than this exchange's journal; was a backup restored?")
        if wanted.missing > self._limits.events:
            raise OutOfReach(
                f"{wanted.missing} events have come since, and at most {self._limits.events} are "
                "sent again (GRID_RESUME_EVENTS)"
            )
        await self._beginnings(wanted)

    async def _asked(self, wanted: _Wanted) -> Past:
        self._waiting.append(wanted)
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="replay")
        return await wanted.done

    async def _beginnings(self, wanted: _Wanted) -> list[SnapshotHead | None]:
        """Snapshots to begin with, best first; None is the journal's own beginning."""
        found: list[SnapshotHead | None] = [*await self._journal.snapshots(), None]
        before = [each for each in found if each is None or each.seq < wanted.place.row_seq]
        rows = [wanted.until_seq - (each.seq if each else 0) for each in before]
        most = self._limits.rows
        if rows[0] > most:
            raise OutOfReach(
                f"{rows[0]} rows of the journal would have to be read, and at most {most} are "
                "(GRID_RESUME_ROWS)"
            )
        return [each for each, count in zip(before, rows, strict=True) if count <= most]

    # ---- reading -----------------------------------------------------------------------------

    async def _run(self) -> None:
        group: list[_Wanted] = []
        try:
            while self._waiting:
                group = self._next_group()
                try:
                    await self._replay(group)
                except OutOfReach as error:
                    _fail(group, error)
                except Exception as error:
                    log.exception("private events could not be made again")
                    _fail(group, error)
        finally:
            self._running = None
            _fail([*group, *self._waiting], OutOfReach("the exchange is going down"))

    def _next_group(self) -> list[_Wanted]:
        """Who waits, as long as the events of all are not too many for one reading."""
        group: list[_Wanted] = []
        rest: list[_Wanted] = []
        room = self._limits.events
        for wanted in self._waiting:
            if wanted.done.done():
                continue
            fits = wanted.missing <= room
            room -= wanted.missing if fits else 0
            (group if fits else rest).append(wanted)
        self._waiting = rest
        return group

    async def _replay(self, group: list[_Wanted]) -> None:
        if not group:
            return
        part = Part(wanted.member_id for wanted in group)
        after_seq = await self._begin(part, min(group, key=lambda wanted: wanted.place.row_seq))
        last_seq = max(wanted.until_seq for wanted in group)
        async for stored in self._journal.read(after_seq, last_seq):
            for start in range(0, len(stored), SLICE_ROWS):
                for row in stored[start : start + SLICE_ROWS]:
                    self._take(row, part, group)
                await asyncio.sleep(0)
                if all(wanted.done.done() for wanted in group):
                    return
        for wanted in group:
            wanted.settle()

    async def _begin(self, part: Part, furthest: _Wanted) -> int:
        """Bring the part to a row before the furthest place; answers which."""
        for snapshot in await self._beginnings(furthest):
            if snapshot is None:
                return 0
            try:
                await self._load(part, snapshot)
            except JournalError as error:
                log.warning("%s; an older one is tried", error)
            else:
                return snapshot.seq
        raise OutOfReach("no snapshot before it can be read")

    async def _load(self, part: Part, snapshot: SnapshotHead) -> None:
        row = await self._journal.row(snapshot.seq)
        if row is None or row.hash != snapshot.hash:
            raise JournalError(f"the snapshot at row {snapshot.seq} is of another journal")
        kept: list[tuple[str, Any, Any]] = []
        async for rows in read_slices(self._codec, self._journal, snapshot, TABLES):
            kept.extend(filter(part.holds, rows))
            await asyncio.sleep(0)
        part.load(kept)

    def _take(self, stored: StoredRow, part: Part, group: list[_Wanted]) -> None:
        """Fold one row, and keep what it tells those who want it."""
        picked = part.pick(self._codec.decode_all(stored.events))
        if not picked:
            return
        asking = [wanted for wanted in group if wanted.wants(stored.seq)]
        members = _touched(picked, part).members if asking else {}
        told = [(each, members[each.member_id]) for each in asking if each.member_id in members]
        before = [parcels_before(part.state, theirs) for _, theirs in told]
        part.fold(stored.at_us, picked)
        for (wanted, theirs), parcels in zip(told, before, strict=True):
            add_ended(wanted.totals, wanted.member_id, theirs)
            after = After(part.state, wanted.totals, stored.seq, picked, parcels)
            events = private_events(after, wanted.member_id, theirs)
            wanted.found.extend((stored.at_us, event) for event in events)


class _Picked(NamedTuple):
    """As much of a row as a batch looks at."""

    events: Sequence[Any]


def _touched(picked: Sequence[Any], part: Part) -> Touched:
    rows: Any = (_Picked(picked),)
    batch = Batch(rows, part.state)
    touched = Touched(batch.order, batch.lot)
    for event in picked:
        touched.add(event)
    return touched


def _fail(group: Sequence[_Wanted], error: Exception) -> None:
    for wanted in group:
        wanted.fail(error)


def _nothing() -> None:
    """Nobody waits for the end."""
