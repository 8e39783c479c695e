"""A call's reservation as the relay holds it: opened, extended while the answer grows, kept alive.
What is reserved, and of which Lots, the engine decides; settling is in `settlement`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Protocol

from thegrid_exchange.calls import SequencerError
from thegrid_exchange.clock import Clock
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.submitting import Submitter
from thegrid_exchange.delivery.timers import Timer, Timers
from thegrid_exchange.engine.commands import Mark
from thegrid_exchange.engine.replies import MarkReply, ReserveReply


class Host(Protocol):
    """The call that the reservation is for."""

    def output_tokens(self) -> int:
        """Canonical output so far."""
        ...

    def on_extended(self, allowance_tokens: int, refused: str) -> None:
        """So much output is set aside now; a reason names why it is no more than before."""
        ...

    def on_reservation_ended(self) -> None:
        """The reservation ends in a moment and cannot be lengthened."""
        ...


class Reservation:
    """One open reservation."""

    def __init__(
        self,
        host: Host,
        reply: ReserveReply,
        submitter: Submitter,
        timers: Timers,
        clock: Clock,
        limits: DeliveryLimits,
    ) -> None:
        self.reply = reply
        self.allowance_tokens = reply.completion_tokens
        self._host, self._submitter = host, submitter
        self._timers, self._clock, self._limits = timers, clock, limits
        self._deadline_us = reply.deadline_us
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._arm()

    def close(self) -> None:
        """Mark no more and watch the deadline no more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def extend(self, tokens: int) -> None:
        """Ask for the next step, the output having come this far; the host hears the answer."""
        self._spawn(self._extend(tokens))

    async def extend_now(self, tokens: int) -> str:
        """As `extend`; answers why nothing was added, or an empty string."""
        reply = await self._mark(tokens)
        if isinstance(reply, str):
            return reply
        grown = reply.completion_tokens > self.allowance_tokens
        self.allowance_tokens = max(self.allowance_tokens, reply.completion_tokens)
        return "" if grown else reply.extension_refused or "WORK_LIMIT"

    async def _extend(self, tokens: int) -> None:
        refused = await self.extend_now(tokens)
        self._host.on_extended(self.allowance_tokens, refused)

    async def _lengthen(self) -> None:
        before_us = self._deadline_us
        reply = await self._mark(self._host.output_tokens())
        if (
            isinstance(reply, str)
            or self._deadline_us - before_us <= self._limits.deadline_margin_us
        ):
            self._host.on_reservation_ended()

    async def _mark(self, tokens: int) -> MarkReply | str:
        try:
            reply = await self._submitter.submit(Mark(self.reply.delivery_id, tokens))
        except SequencerError as error:
            return type(error).__name__.upper()
        if not isinstance(reply, MarkReply):
            return str(reply.reason)
        if reply.deadline_us != self._deadline_us:
            self._deadline_us = reply.deadline_us
            self._arm()
        return reply

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        left_us = max(self._deadline_us - self._clock.now_us(), 0)
        margin_us = min(self._limits.deadline_margin_us, left_us // 2)
        self._timer = self._timers.after(left_us - margin_us, self._on_deadline)

    def _on_deadline(self) -> None:
        self._spawn(self._lengthen())

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
