"""The heart: take a command, stamp it, step, append, await durable, publish, answer, in one order.
What commands mean is the engine's; who may send them, and how they are shown, is the edge's.
"""

import asyncio
import logging
import secrets
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from thegrid_exchange.calls import (
    Call,
    Committed,
    Draining,
    InternalFault,
    Limits,
    Overloaded,
    RequestConflict,
    RequestExpired,
    SequencerError,
    Stopped,
    asks_for_repeat,
)
from thegrid_exchange.clock import Clock
from thegrid_exchange.engine.refusals import InvariantBroken
from thegrid_exchange.journal import quarantine
from thegrid_exchange.journal.chain import seal
from thegrid_exchange.journal.codec import CodecError
from thegrid_exchange.journal.protocol import (
    Head,
    Journal,
    Projector,
    Quarantined,
    Row,
    Rules,
    StoredRow,
)
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.process import fail_stop
from thegrid_exchange.recovery import Recovered

__all__ = [
    "Committed",
    "Draining",
    "InternalFault",
    "Limits",
    "Overloaded",
    "RequestConflict",
    "RequestExpired",
    "Sequencer",
    "SequencerError",
    "Stopped",
    "fail_stop",
]

log = logging.getLogger(__name__)

DEFAULT_LIMITS = Limits()

IDLE_PASSES = 2
"""Passes of the loop that bring no command before a batch is committed."""

SLICE_COMMANDS = 64
"""Waiting commands that run before others get the loop again."""


class _Entry(NamedTuple):
    row: Row
    stored: StoredRow
    call: Call


class Sequencer:
    """The one writer of one partition."""

    def __init__(
        self,
        recovered: Recovered,
        rules: Rules,
        journal: Journal,
        clock: Clock,
        *,
        limits: Limits = DEFAULT_LIMITS,
        projector: Projector | None = None,
        snapshotter: Snapshotter | None = None,
        on_fault: Callable[[str], object] = fail_stop,
    ) -> None:
        self.state = recovered.state
        """Ahead of the disk: for the step, the ticker and tests; readers use the views."""
        self.durable: Head = recovered.head
        """The last row that is durable and published."""
        self._head: Head = recovered.head
        self._stamped_us = 0  # of this process: what was before its start was checked there
        self._repeats = recovered.repeats
        self._quarantine = quarantine.Quarantine(recovered.quarantined)
        self._rules, self._codec, self._journal, self._clock = rules, rules.codec, journal, clock
        self._limits, self._projector, self._snapshotter = limits, projector, snapshotter
        self._on_fault = on_fault
        if snapshotter is not None:
            snapshotter.on_fault = self._stop
        self._folds: list[Callable[[Sequence[Row]], None]] = []
        self._in_flight: dict[bytes, Call] = {}
        self._waiting: deque[Call] = deque()
        self._gathering: list[_Entry] = []
        self._committing: list[_Entry] = []
        self._gathered_bytes = 0
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._draining = False
        self._broken: Quarantined | None = None
        self._runner: asyncio.Task[None] | None = None

    def subscribe(self, fold: Callable[[Sequence[Row]], None]) -> None:
        """Call `fold` with durable rows in order, before their callers are answered."""
        self._folds.append(fold)

    def start(self) -> None:
        """Begin to commit. Call once, inside the loop."""
        self._runner = asyncio.create_task(self._run(), name="sequencer")

    async def drain(self) -> None:
        """Take nothing more, finish what was taken, stop."""
        self._draining = True
        await self._idle.wait()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._snapshotter is not None:
            await self._snapshotter.finish()

    async def submit(
        self, command: Any, *, actor: str, request_id: str = "", request_hash: bytes = b""
    ) -> Committed:
        """Run one command and return its answer once that is durable.

        `actor` is who sends it, the scope of `request_id`; `request_hash` is over the converted
        command (made from it when empty). A repeat of a request id inside the horizon gets the
        first answer, also in flight and after a restart. Raises Draining, Overloaded,
        RequestConflict, RequestExpired, InternalFault; Stopped when the outcome is unknown.
        """
        try:
            call = Call(command, self._codec.encode(command), actor, request_id, request_hash)
        except CodecError as error:
            raise self._internal_fault(command, error) from error
        repeat = await self._repeat(call) if call.key else None
        if repeat is not None:
            return repeat._replace(repeated=True)
        self._admit(call)
        return await _outcome(call)

    async def _repeat(self, call: Call) -> Committed | None:
        """The first answer to this request, or None when it is new."""
        while True:
            if (first := self._in_flight.get(call.key)) is not None:
                call.refuse_other_body(first.hash)
                return await _outcome(first)
            if (seq := self._repeats.find(call.key)) is None:
                break
            if (stored := await self._journal.row(seq)) is None:
                raise self._internal_fault(call.command, LookupError("row"))
            call.refuse_other_body(stored.request_hash)
            reply = self._codec.decode(stored.reply)
            if not asks_for_repeat(reply):
                events = self._codec.decode_all(stored.events)
                return Committed(seq, stored.at_us, reply, events, True)
            # Another repeat may have come by during the wait, so everything is looked at again.
            self._repeats.forget(call.key, seq)
        if self._repeats.is_expired(call.request_id, self._stamp()):
            raise RequestExpired(f"request {call.request_id} is older than the horizon")
        return None

    def _admit(self, call: Call) -> None:
        if self._draining:
            raise Draining("the exchange is going down; reconnect and retry")
        ids_full = bool(call.key) and self._repeats.is_full()
        if ids_full or len(self._waiting) >= self._limits.waiting_commands:
            raise Overloaded(self._limits.overload_retry_us)
        if call.key:
            self._in_flight[call.key] = call
        if self._waiting or not self._has_room():
            self._waiting.append(call)
        else:
            self._take(call)

    # ---- take, stamp, step ---------------------------------------------------------------------

    def _stamp(self) -> int:
        state_us: int = self.state.now_us
        return max(self._head.at_us, state_us, self._clock.now_us())

    def _has_room(self) -> bool:
        return (
            self._broken is None
            and len(self._gathering) < self._limits.batch_commands
            and self._gathered_bytes < self._limits.batch_bytes
        )

    def _take(self, call: Call) -> None:
        """Step one command; its row joins the batch that gathers while the last one commits."""
        at_us = self._stamp()
        jump_us = at_us - (self._stamped_us or at_us)
        if 0 < self._limits.clock_jump_us < jump_us:
            self._stop(f"the clock jumped {jump_us // 1_000_000} s ahead")
            self._leave(call, Stopped("the clock jumped"))
            return
        if self._quarantine.holds(call.actor, call.request_id, self._head.seq, call.payload):
            refused = Committed(self.durable.seq, at_us, quarantine.REFUSAL, (), False)
            self._leave(call, refused)
            return
        try:
            outcome = self._rules.step(self.state, call.command, at_us)
        except InvariantBroken as error:
            self._break(call, error)
            return
        except Exception as error:
            self._leave(call, self._internal_fault(call.command, error))
            return
        try:
            entry = self._entry(call, at_us, outcome)
        except CodecError as error:
            self._break(call, error)
            return
        self._head = Head(entry.stored.seq, entry.stored.hash, at_us)
        self._stamped_us = at_us
        self._gathering.append(entry)
        self._gathered_bytes += len(call.payload) + len(entry.stored.events)
        self._idle.clear()
        self._wake.set()

    def _entry(self, call: Call, at_us: int, outcome: Any) -> _Entry:
        content = StoredRow(
            partition=self._journal.partition,
            seq=self._head.seq + 1,
            epoch=self._journal.epoch,
            at_us=at_us,
            rules_version=self._rules.version,
            actor=call.actor,
            request_id=call.request_id,
            request_hash=call.hash,
            kind=type(call.command).__name__,
            command=call.payload,
            events=self._codec.encode_all(outcome.events),
            reply=self._codec.encode(outcome.reply),
            prev_hash=b"",
            hash=b"",
        )
        stored = seal(content, self._head.hash)
        row = Row(*stored[:9], call.command, outcome.events, outcome.reply, *stored[12:])
        return _Entry(row, stored, call)

    def _leave(self, call: Call, outcome: Committed | SequencerError) -> None:
        """Answer a call that leaves no row, once it waits; its request id stays free."""
        self._in_flight.pop(call.key, None)
        asyncio.get_running_loop().call_soon(call.settle, outcome)

    # ---- append, publish, answer ---------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while self._broken is None:
                await self._wake.wait()
                self._wake.clear()
                while self._broken is None and (self._gathering or self._waiting):
                    await self._commit_one()
                if self._broken is None:
                    self._idle.set()
            await self._journal.quarantine(self._broken)
            self._stop(f"a broken invariant ({self._broken.message})")
        except Exception as error:
            log.debug("the batch that failed", exc_info=error)
            self._stop(f"the journal could not be written ({error})")

    async def _commit_one(self) -> None:
        if not self._gathering:
            self._take_slice()
            return
        await self._gather()
        batch, self._gathering, self._gathered_bytes = self._gathering, [], 0
        self._committing = batch
        rows = [entry.row for entry in batch]
        head = Head(rows[-1].seq, rows[-1].hash, rows[-1].at_us)
        writes = self._projector.project(rows, self.state) if self._projector else ()
        if self._snapshotter is not None:
            self._snapshotter.sealed(self.state, head)
        stored = [entry.stored for entry in batch]
        commit = asyncio.create_task(self._journal.append(stored, writes), name="commit")
        while self._waiting and self._has_room() and not commit.done():
            self._take_slice()
            await asyncio.sleep(0)
        await commit
        self._publish(batch, rows, head)

    async def _gather(self) -> None:
        """Let commands that are already on their way join the batch, pass by pass of the loop.

        A commit costs as much processor as several commands, so a busy loop commits more at once;
        an idle one passes through in microseconds. There is no timer.
        """
        idle_passes = 0
        while idle_passes < IDLE_PASSES and self._has_room():
            count = len(self._gathering)
            await asyncio.sleep(0)
            idle_passes = 0 if len(self._gathering) > count else idle_passes + 1

    def _take_slice(self) -> None:
        for _ in range(min(SLICE_COMMANDS, len(self._waiting))):
            if self._has_room():
                self._take(self._waiting.popleft())

    def _publish(self, batch: list[_Entry], rows: list[Row], head: Head) -> None:
        self.durable = head
        for fold in self._folds:
            fold(rows)
        for row, _, call in batch:
            if call.key:
                if not asks_for_repeat(row.reply):
                    self._repeats.remember(call.key, row.seq, row.at_us)
                self._in_flight.pop(call.key, None)
            call.settle(Committed(row.seq, row.at_us, row.reply, row.events, False))
        self._committing = []
        if self._snapshotter is not None:
            self._snapshotter.durable(head.seq)

    # ---- faults --------------------------------------------------------------------------------

    def _internal_fault(self, command: Any, error: Exception) -> InternalFault:
        """Log where it happened, never what the command held."""
        reference = f"fault_{secrets.token_hex(6)}"
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))
        kinds = type(error).__name__, type(command).__name__
        log.error("%s: %s in %s at %s", reference, *kinds, where)
        return InternalFault(reference)

    def _break(self, call: Call, error: Exception) -> None:
        """Set the command aside; nothing runs after it, and nothing unacknowledged is kept."""
        message = f"{type(error).__name__} in {type(call.command).__name__}: {error}"
        after_seq = self._head.seq
        self._broken = Quarantined(call.actor, call.request_id, after_seq, call.payload, message)
        self._draining = True
        self._waiting.appendleft(call)  # it waits, for ever unanswered, for the stop
        self._wake.set()

    def _stop(self, reason: str) -> None:
        self._draining = True
        self._on_fault(reason)
        taken = [entry.call for entry in (*self._committing, *self._gathering)]
        for call in (*taken, *self._waiting):
            call.settle(Stopped(reason))
        self._in_flight.clear()
        self._idle.set()


async def _outcome(call: Call) -> Committed:
    outcome = await call.answer()
    if isinstance(outcome, SequencerError):
        raise outcome
    return outcome
