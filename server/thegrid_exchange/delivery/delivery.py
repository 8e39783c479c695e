"""A reserved call on its way: offered, streamed, judged, reported, answered.
Every way it can end is a row of the table of endings; this module only finds out which.
"""

import asyncio
from typing import TYPE_CHECKING

from thegrid_exchange.delivery.admission import Admitted
from thegrid_exchange.delivery.answer import Answer
from thegrid_exchange.delivery.attempt import Attempt
from thegrid_exchange.delivery.encodings import Uncountable, encoding_named
from thegrid_exchange.delivery.endings import MESSAGES, Ending, ending_of
from thegrid_exchange.delivery.meter import AnswerCount
from thegrid_exchange.delivery.parts import (
    CallRequest,
    Client,
    Ended,
    Failure,
    Offered,
    Part,
    Started,
)
from thegrid_exchange.delivery.reservation import Reservation
from thegrid_exchange.delivery.settlement import (
    GOOD_CAUSES,
    Facts,
    billed,
    counted,
    failure_of,
    judged_cause,
    report_of,
)
from thegrid_exchange.delivery.silence import SilenceWatch
from thegrid_exchange.delivery.suppliers import Slot, WaitingFor
from thegrid_exchange.delivery.timers import Timer
from thegrid_exchange.delivery.verdict import first_token_limit_us, unseen_reasoning_tokens
from thegrid_exchange.delivery.waiting import Waiter
from thegrid_exchange.delivery.windows import Window
from thegrid_exchange.engine import records
from thegrid_exchange.engine.records import InstrumentSpec, UsageRecord
from thegrid_exchange.engine.replies import ReportReply, ReserveReply

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay


class Delivery:
    """One call from its reservation on; suppliers, clients and clocks speak to it."""

    def __init__(
        self,
        relay: "Relay",
        request: CallRequest,
        client: Client,
        admitted: Admitted,
        reply: ReserveReply,
        window_bytes: int,
    ) -> None:
        self._relay, self._client, self._admitted = relay, client, admitted
        self._request = request
        self._contract = relay.catalogue.contract(
            admitted.terms.instrument.instrument_id, reply.spec_version
        )
        self._reservation = Reservation(
            self, reply, relay.submitter, relay.timers, relay.clock, relay.limits
        )
        self._count = AnswerCount(encoding_named(self._spec.tokenizer))
        self._answer = Answer(
            self,
            client,
            relay.edits,
            self._count,
            request.choices,
            admitted.cap_tokens,
            Window(window_bytes),
        )
        self._answer.allow(reply.completion_tokens)
        self._wants = admitted.wants._replace(
            issuers=tuple(share.issuer_id for share in reply.issuers)
        )
        self._attempt: Attempt | None = None
        self._attempts: list[records.Attempt] = []
        self._failure: Failure | None = None
        self._ended_by = ""
        self._turn: asyncio.Future[str] | None = None
        self._timer: Timer | SilenceWatch | None = None

    @property
    def _spec(self) -> InstrumentSpec:
        return self._contract.spec

    async def run(self) -> None:
        """Serve, judge, report, answer."""
        try:
            cause = await self._serve()
        except BaseException:
            self._close_attempt("venue_fault")
            raise
        finally:
            self._answer.close()
            self._cancel_timer()
        try:
            await self._settle(cause)
        finally:
            self._reservation.close()

    # ---- from outside --------------------------------------------------------------------------

    def grant(self, window_bytes: int) -> None:
        """The client takes so much more of the answer."""
        self._answer.grant(window_bytes, self._relay.limits.client_window_bytes)

    def end(self, cause: str) -> None:
        """End it from outside."""
        if not self._ended_by:
            self._ended_by = cause
            self._finish(cause)

    def _finish(self, cause: str) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(cause)

    def _new_turn(self) -> asyncio.Future[str]:
        self._turn = asyncio.get_running_loop().create_future()
        if self._ended_by:
            self._turn.set_result(self._ended_by)
        return self._turn

    # ---- reservation and answer ----------------------------------------------------------------

    def output_tokens(self) -> int:
        """Canonical output so far."""
        return self._count.tokens()

    def ask_extension(self, tokens: int) -> None:
        """The answer needs more set aside."""
        self._reservation.extend(tokens)

    def on_extended(self, allowance_tokens: int, refused: str) -> None:
        """The engine's answer to that."""
        self._answer.extended(allowance_tokens, refused)

    def on_reservation_ended(self) -> None:
        """The deadline is near and stays where it is."""
        self._finish("reservation_ended")

    def on_show(self) -> None:
        """The first part goes to the client: say first who serves."""
        self._say_started()

    def on_released(self, released_bytes: int) -> None:
        """The supplier may send so much more."""
        if self._attempt is not None:
            self._attempt.release(released_bytes)

    def on_answered(self, cause: str) -> None:
        """All that will be shown was shown."""
        self._finish(cause)

    def _say_started(self) -> None:
        assert self._attempt is not None
        self._client.started(
            Started(
                usage_id=f"usg_{self._request.delivery_id.removeprefix('dlv_')}",
                supplier_id=self._attempt.supplier_id,
                serving_model=self._attempt.slot.offer.model,
                instrument_id=self._admitted.terms.instrument.instrument_id,
                spec_version=self._contract.version,
                prompt_tokens=self._admitted.prompt_tokens,
                limits=self._reservation.reply.limits,
            )
        )

    # ---- attempts ------------------------------------------------------------------------------

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        return self._relay.clock.steady_us()

    def on_first_token(self) -> None:
        """In time: from now on only silence has a limit."""
        self._cancel_timer()
        assert self._attempt is not None
        relay = self._relay
        self._timer = SilenceWatch(
            relay.timers, relay.limits, self._attempt, self._answer, self._finish
        )

    def on_part(self, part: Part) -> None:
        """A part of the answer; one of a choice that was not asked for is no answer."""
        if not self._answer.add(part):
            self._finish("protocol_broken")

    def on_end(self) -> None:
        """The supplier's own end; without every finish reason it is none."""
        if self._answer.end():
            self._release_slot()
        else:
            self._finish("protocol_broken")

    def on_failed(self, cause: str, failure: Failure | None) -> None:
        """The attempt has failed."""
        self._failure = failure
        self._finish(cause)

    async def _serve(self) -> str:
        """Offer the call to one supplier after the other until one serves it; answers the cause."""
        while True:
            slot = await self._slot()
            if isinstance(slot, str):
                return slot
            cause = await self._try(slot)
            row = ending_of(self.stage, cause)
            self._close_attempt(cause)
            if not (row.reroutes and self._may_try_another()):
                return cause
            self._answer.reset()
            self._attempt = None

    def _may_try_another(self) -> bool:
        return (
            not self._ended_by
            and len(self._attempts) < self._relay.limits.attempts
            and self._relay.suppliers.could_serve(self._wants, self._tried())
        )

    def _tried(self) -> frozenset[str]:
        return frozenset(attempt.supplier_id for attempt in self._attempts)

    async def _slot(self) -> Slot | str:
        """A slot at a supplier, waited for if need be; or the cause for which there is none."""
        suppliers, tried = self._relay.suppliers, self._tried()
        if self._ended_by:
            return self._ended_by
        slot = suppliers.choose(self._wants, tried)
        if slot is not None:
            return slot
        if not suppliers.could_serve(self._wants, tried):
            return "no_supplier"
        if not suppliers.room.has_place(self._wants.instrument_id, self._request.member_id):
            return "saturated"
        return await self._wait(WaitingFor(self._wants, tried))

    async def _wait(self, waiting_for: WaitingFor) -> Slot | str:
        granted: list[Slot] = []

        def grant(slot: Slot) -> None:
            granted.append(slot)
            self._finish("granted")

        instrument_id = waiting_for.wants.instrument_id
        waiter = Waiter(
            instrument_id,
            self._request.member_id,
            waiting_for,
            grant,
            lambda: self._finish("no_supplier"),
        )
        turn = self._new_turn()
        self._arm(self._relay.limits.wait_us, "saturated")
        self._relay.suppliers.wait(waiter)
        cause = await turn
        self._cancel_timer()
        self._relay.suppliers.room.leave(waiter)
        if granted and cause == "granted":
            return granted[0]
        if granted:
            self._relay.suppliers.release(granted[0])
        return cause

    async def _try(self, slot: Slot) -> str:
        """Hand the call to one supplier and answer what ended the attempt."""
        request, instrument = self._request, self._admitted.terms.instrument
        turn = self._new_turn()
        window_bytes = self._relay.limits.supplier_window_bytes
        self._attempt = Attempt(self, slot, window_bytes)
        limit_us = first_token_limit_us(self._spec, self._admitted.prompt_tokens)
        if not turn.done():
            self._arm(limit_us, "first_token_late")
        self._attempt.offer(
            Offered(
                request.delivery_id,
                instrument.instrument_id,
                instrument.symbol,
                slot.offer.model,
                request.payload,
                request.payload_bytes,
                window_bytes,
                limit_us,
                self._admitted.cap_tokens,
                request.traceparent,
            )
        )
        return await turn

    def _arm(self, span_us: int, cause: str) -> None:
        self._timer = self._relay.timers.after(span_us, lambda: self._finish(cause))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_attempt(self, cause: str) -> None:
        """Stop the supplier, note what came of it and give its slot back."""
        self._cancel_timer()
        if self._attempt is not None and not self._attempt.is_closed:
            self._attempt.is_closed = True
            self._attempt.cancel(cause)
            outcome = "served" if cause in GOOD_CAUSES else cause
            self._attempts.append(self._attempt.record(outcome))
        self._release_slot()

    def _release_slot(self) -> None:
        """Give the slot back, also while a slow client still reads what the supplier has ended."""
        if self._attempt is not None and not self._attempt.is_released:
            self._attempt.is_released = True
            self._relay.suppliers.release(self._attempt.slot)

    @property
    def stage(self) -> str:
        """How far it has come."""
        if self._attempt is None:
            return "admitted"
        if self._attempt.is_streaming:
            return "streaming"
        return "accepted" if self._attempt.accepted else "offered"

    # ---- settlement ----------------------------------------------------------------------------

    async def _settle(self, cause: str) -> None:
        facts = await self._facts(cause)
        row = ending_of(self.stage, judged_cause(cause, self._spec, facts))
        reserved_tokens = self._admitted.prompt_tokens + self._reservation.allowance_tokens
        reply = await self._relay.submitter.insist(report_of(row, facts, reserved_tokens))
        if not isinstance(reply, ReportReply):
            self._client.failed(Failure("RESERVATION_ENDED", MESSAGES["RESERVATION_ENDED"]), None)
            return
        self._relay.on_settled(reply.usage)
        if row.client_sees == "ended":
            self._say_ended(row, facts, reply.usage)
        elif row.client_sees != "nothing":
            failure = failure_of(row, self._failure, self._relay.limits.retry_us)
            self._client.failed(failure, reply.usage)

    def _say_ended(self, row: Ending, facts: Facts, usage: UsageRecord) -> None:
        finishes = tuple(sorted(self._answer.finishes.items()))
        if not self._answer.is_shown:
            self._say_started()
        self._client.ended(Ended(finishes, billed(row, counted(facts)), usage))

    async def _facts(self, cause: str) -> Facts:
        attempt = self._attempt
        try:
            completion_tokens = self._count.tokens()
            reasoning_tokens = self._count.of_channel("reasoning")
        except Uncountable:
            completion_tokens = reasoning_tokens = 0
        facts = Facts(
            delivery_id=self._request.delivery_id,
            client_request_id=self._request.client_request_id,
            prompt_tokens=self._admitted.prompt_tokens,
            completion_tokens=completion_tokens,
            reasoning_tokens=reasoning_tokens,
            unseen_tokens=0,
            by_supplier=attempt.by_supplier if attempt is not None else None,
            timing=attempt.timing() if attempt is not None else None,
            duration_us=self._attempts[-1].duration_us if attempt is not None else None,
            supplier_id=attempt.supplier_id if attempt is not None else "",
            serving_model=attempt.slot.offer.model if attempt is not None else "",
            attempts=tuple(self._attempts),
        )
        if cause in GOOD_CAUSES:
            return facts._replace(unseen_tokens=await self._unseen_tokens(facts))
        return facts

    async def _unseen_tokens(self, facts: Facts) -> int:
        """Reasoning that the supplier claims and the client did not see, as far as it may bill."""
        by_supplier = facts.by_supplier
        if by_supplier is None or by_supplier.reasoning_tokens <= facts.reasoning_tokens:
            return 0
        cap_tokens = self._admitted.cap_tokens * self._request.choices
        unseen_tokens = unseen_reasoning_tokens(
            self._spec,
            by_supplier.reasoning_tokens - facts.reasoning_tokens,
            cap_tokens - facts.completion_tokens,
            self._relay.catalogue.verified_speed(facts.supplier_id),
            facts.duration_us or 0,
        )
        output_tokens = facts.completion_tokens + unseen_tokens
        while output_tokens > self._reservation.allowance_tokens:
            if await self._reservation.extend_now(self._reservation.allowance_tokens):
                break
        return min(unseen_tokens, self._reservation.allowance_tokens - facts.completion_tokens)
