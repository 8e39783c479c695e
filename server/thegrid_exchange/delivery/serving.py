"""Who serves a reserved call: a place is found or waited for, suppliers are tried in their order.
A hedged call may be with two at once until a first token comes; showing and judging are elsewhere.
"""

import asyncio
from typing import TYPE_CHECKING

from thegrid_exchange.delivery.admission import Admitted
from thegrid_exchange.delivery.answer import Answer
from thegrid_exchange.delivery.attempt import Attempt
from thegrid_exchange.delivery.eligibility import Wants
from thegrid_exchange.delivery.endings import ending_of
from thegrid_exchange.delivery.parts import CallRequest, Failure, Offered, Part
from thegrid_exchange.delivery.settlement import GOOD_CAUSES
from thegrid_exchange.delivery.silence import SilenceWatch
from thegrid_exchange.delivery.suppliers import Slot, WaitingFor
from thegrid_exchange.delivery.timers import Timer
from thegrid_exchange.delivery.verdict import first_token_limit_us
from thegrid_exchange.delivery.waiting import Waiter
from thegrid_exchange.engine import records
from thegrid_exchange.engine.records import InstrumentSpec

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay

HEDGE_LOST = "hedge_lost"
"""Outcome of an attempt that another's first token overtook: nobody's fault."""


class Serving:
    """The attempts of one call, from its reservation to the cause of its end."""

    def __init__(
        self,
        relay: "Relay",
        request: CallRequest,
        admitted: Admitted,
        spec: InstrumentSpec,
        wants: Wants,
        answer: Answer,
    ) -> None:
        self._relay, self._request, self._admitted = relay, request, admitted
        self._wants, self._answer = wants, answer
        metering = relay.catalogue.metering(spec.metering_policy_version)
        self._drops_reasoning = metering is not None and metering.reasoning == "forbidden"
        self._limit_us = first_token_limit_us(spec, admitted.prompt_tokens)
        self._tries: list[Attempt] = []
        self._running: list[Attempt] = []
        self._turn: asyncio.Future[str] | None = None
        self._timer: Timer | SilenceWatch | None = None
        self._ended_by = ""
        self.leader: Attempt | None = None
        """The attempt that tells how far the call has come, and in the end the one that serves."""
        self.failure: Failure | None = None
        """What is known of a bad end beyond its cause."""
        self.waited_us = 0

    async def run(self) -> str:
        """Offer the call to one supplier after the other until one serves it; answers the cause."""
        try:
            return await self._run()
        except BaseException:
            self.close("venue_fault")
            raise
        finally:
            self._answer.close()

    async def _run(self) -> str:
        while True:
            slot = await self._slot()
            if isinstance(slot, str):
                return slot
            cause = await self._try(slot)
            is_last = not (ending_of(self.stage, cause).reroutes and self._may_try_another())
            self.close(cause)
            if is_last:
                return cause
            self.leader = None

    def end(self, cause: str) -> None:
        """End it from outside."""
        if not self._ended_by:
            self._ended_by = cause
            self.finish(cause)

    def finish(self, cause: str) -> None:
        """What is waited for now has come to this; a later word changes nothing."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(cause)

    def close(self, cause: str) -> None:
        """Stop whoever still runs, note what came of it and give the places back."""
        self._cancel_timer()
        for attempt in list(self._running):
            self._stop(attempt, cause if attempt is self.leader else HEDGE_LOST)

    def release(self, released_bytes: int) -> None:
        """The supplier that serves may send so much more."""
        if self.leader is not None:
            self.leader.release(released_bytes)

    @property
    def stage(self) -> str:
        """How far the call has come."""
        return "admitted" if self.leader is None else self.leader.stage

    def attempts(self) -> tuple[records.Attempt, ...]:
        """What came of each supplier that was asked, in order."""
        return tuple(attempt.record() for attempt in self._tries)

    def _new_turn(self) -> asyncio.Future[str]:
        self._turn = asyncio.get_running_loop().create_future()
        if self._ended_by:
            self._turn.set_result(self._ended_by)
        return self._turn

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # ---- places --------------------------------------------------------------------------------

    def _tried(self) -> frozenset[str]:
        return frozenset(attempt.supplier_id for attempt in self._tries)

    def _may_try_another(self) -> bool:
        return (
            not self._ended_by
            and len(self._tries) < self._relay.limits.attempts
            and self._relay.suppliers.could_serve(self._wants, self._tried())
        )

    async def _slot(self) -> Slot | str:
        """A place at a supplier, waited for if need be; or the cause for which there is none."""
        suppliers, tried = self._relay.suppliers, self._tried()
        if self._ended_by:
            return self._ended_by
        slot = suppliers.choose(self._wants, tried)
        if slot is not None:
            return slot
        if not suppliers.could_serve(self._wants, tried):
            return self._nobody()
        if self._wants.probed_id:
            # A probe never stands in line with members' calls: it is made another time.
            return "saturated"
        instrument_id, member_id = self._wants.instrument_id, self._request.member_id
        self.failure = suppliers.room.refusal(instrument_id, member_id)
        if self.failure is not None:
            return "saturated"
        return await self._wait(WaitingFor(self._wants.kind, tried))

    def _nobody(self) -> str:
        self.failure = self._relay.suppliers.why_none(self._wants, self._relay.limits.retry_us)
        return "no_supplier"

    def _on_dismissed(self, displaced: Failure | None) -> None:
        if displaced is None:
            self.finish(self._nobody())
        else:
            self.failure = displaced
            self.finish("saturated")

    def _on_waited_out(self) -> None:
        limit_ms = self._relay.limits.wait_us // 1_000
        self.failure = Failure(
            "SATURATED",
            f"every supplier stayed busy for {limit_ms} ms, as long as a call waits"
            " (delivery_wait_ms); try again in a moment",
            "delivery_wait_ms",
            limit_ms,
            limit_ms,
            self._relay.limits.retry_us,
        )
        self.finish("saturated")

    async def _wait(self, waiting_for: WaitingFor) -> Slot | str:
        relay, granted = self._relay, list[Slot]()

        def grant(slot: Slot) -> None:
            granted.append(slot)
            self.finish("granted")

        waiter = Waiter(
            waiting_for.wants.instrument_id,
            self._request.member_id,
            waiting_for,
            grant,
            self._on_dismissed,
        )
        turn, since_us = self._new_turn(), self.steady_us()
        self._timer = relay.timers.after(relay.limits.wait_us, self._on_waited_out)
        relay.suppliers.wait(waiter)
        cause = await turn
        self._cancel_timer()
        self.waited_us += self.steady_us() - since_us
        relay.suppliers.room.leave(waiter)
        if granted and cause == "granted":
            return granted[0]
        if granted:
            relay.suppliers.release(granted[0])
        return cause

    # ---- tries ---------------------------------------------------------------------------------

    async def _try(self, slot: Slot) -> str:
        """Hand the call to one supplier, perhaps hedged, and answer what ended that."""
        turn = self._new_turn()
        self.leader = self._hand(slot)
        share_percent = self._wants.preferences.hedge_after_percent
        if share_percent is not None:
            after_us = self._limit_us * share_percent // 100
            self._timer = self._relay.timers.after(after_us, self._hedge)
        return await turn

    def _hand(self, slot: Slot, *, is_hedge: bool = False) -> Attempt:
        request, instrument = self._request, self._admitted.terms.instrument
        window_bytes = self._relay.limits.supplier_window_bytes
        attempt = Attempt(self, slot, window_bytes, is_hedge=is_hedge)
        self._tries.append(attempt)
        self._running.append(attempt)
        attempt.deadline = self._relay.timers.after(
            self._limit_us, lambda: self.on_failed(attempt, "first_token_late", None)
        )
        attempt.offer(
            Offered(
                request.delivery_id,
                instrument.instrument_id,
                instrument.symbol,
                slot.offer.model,
                request.payload,
                request.payload_bytes,
                window_bytes,
                self._limit_us,
                self._admitted.cap_tokens,
                request.traceparent,
                self._admitted.dimensions,
            )
        )
        return attempt

    def _hedge(self) -> None:
        """No first token yet: ask one more, if there is a free place."""
        if self._ended_by or len(self._tries) >= self._relay.limits.attempts:
            return
        slot = self._relay.suppliers.choose(self._wants, self._tried())
        if slot is not None:
            self._hand(slot, is_hedge=True)

    def _win(self, attempt: Attempt) -> None:
        """Its first token, or its end without any, has come: the others stop, without fault."""
        self._cancel_timer()
        self.leader = attempt
        for other in [each for each in self._running if each is not attempt]:
            self._stop(other, HEDGE_LOST)
        relay = self._relay
        self._timer = SilenceWatch(relay.timers, relay.limits, attempt, self._answer, self.finish)
        for part in attempt.won():
            self._answer.add(part)

    def _stop(self, attempt: Attempt, cause: str) -> None:
        attempt.close("served" if cause in GOOD_CAUSES else cause, cause)
        self._running.remove(attempt)
        self._release_slot(attempt)

    def _release_slot(self, attempt: Attempt) -> None:
        """Give the place back, also while a slow client still reads what the supplier has ended."""
        if not attempt.is_released:
            attempt.is_released = True
            self._relay.suppliers.release(attempt.slot)

    # ---- what suppliers say --------------------------------------------------------------------

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        return self._relay.clock.steady_us()

    def fits(self, part: Part) -> bool:
        """Whether a part is of the choices that were asked for."""
        return self._answer.fits(part)

    def on_first_token(self, attempt: Attempt) -> None:
        """In time: from now on only silence has a limit."""
        self._win(attempt)

    def on_part(self, attempt: Attempt, part: Part) -> None:
        """A part of an answer; until a token comes it is kept, as far as there is room."""
        if self._drops_reasoning:
            part = self._relay.edits.without_reasoning(part)
        if attempt.is_streaming:
            self._answer.add(part)
        elif not attempt.keep(part, self._relay.limits.queued_parts):
            self.on_failed(attempt, "protocol_broken", None)

    def on_end(self, attempt: Attempt) -> None:
        """The supplier's own end; without every finish reason it is none."""
        if not self._answer.is_whole(attempt.kept):
            self.on_failed(attempt, "protocol_broken", None)
            return
        if not attempt.is_streaming:
            self._win(attempt)
        self._answer.end()
        self._release_slot(attempt)

    def on_failed(self, attempt: Attempt, cause: str, failure: Failure | None) -> None:
        """An attempt has failed; the call has not, while another may still serve it."""
        others = [each for each in self._running if each is not attempt]
        if others and ending_of(attempt.stage, cause).reroutes:
            self._stop(attempt, cause)
            self.leader = others[0]
        else:
            # A token that comes from here on is too late to change what was decided.
            attempt.cancel(cause)
            self.leader, self.failure = attempt, failure
            self.finish(cause)
