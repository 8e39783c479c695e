"""A reserved call on its way: offered, streamed, judged, reported, answered.
Every way it can end is a row of the table of endings; this module only finds out which.
"""

import contextlib
from typing import TYPE_CHECKING

from thegrid_exchange.delivery.admission import Admitted
from thegrid_exchange.delivery.answer import Answer
from thegrid_exchange.delivery.answer_count import AnswerCount
from thegrid_exchange.delivery.encodings import Uncountable, encoding_named
from thegrid_exchange.delivery.endings import MESSAGES, Ending, ending_of
from thegrid_exchange.delivery.facts import facts_of
from thegrid_exchange.delivery.parts import (
    CallRequest,
    Client,
    Ended,
    Failure,
    Started,
)
from thegrid_exchange.delivery.reservation import Reservation
from thegrid_exchange.delivery.serving import Serving
from thegrid_exchange.delivery.settlement import (
    GOOD_CAUSES,
    Facts,
    billed,
    counted,
    failure_of,
    judged_cause,
    report_of,
)
from thegrid_exchange.delivery.verdict import unseen_reasoning_tokens
from thegrid_exchange.delivery.windows import Window
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
        self.usage: UsageRecord | None = None
        """The record, once it is settled."""
        self.is_told = False
        """Whether the client has had its last word."""
        self._request = request
        self._contract = relay.catalogue.contract(
            admitted.terms.instrument.instrument_id, reply.spec_version
        )
        self._reservation = Reservation(
            self, reply, relay.submitter, relay.timers, relay.clock, relay.limits
        )
        metering = relay.catalogue.metering(self._spec.metering_policy_version)
        self._reasoning = "counted" if metering is None else metering.reasoning
        self._count = AnswerCount(encoding_named(self._spec.tokenizer))
        self._answer = Answer(
            self,
            client,
            relay.edits,
            self._count,
            request.choices,
            admitted.cap_tokens,
            Window(window_bytes),
            relay.limits.queued_parts,
            admitted.dimensions,
        )
        self._answer.allow(reply.completion_tokens)
        wants = admitted.wants._replace(issuers=tuple(share.issuer_id for share in reply.issuers))
        self._serving = Serving(relay, request, admitted, self._spec, wants, self._answer)

    @property
    def _spec(self) -> InstrumentSpec:
        return self._contract.spec

    async def run(self) -> None:
        """Serve, judge, report, answer."""
        cause = await self._serving.run()
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
        self._serving.end(cause)

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
        self._serving.finish("reservation_ended")

    def on_show(self) -> None:
        """The first part goes to the client: say first who serves."""
        self._say_started()

    def on_released(self, released_bytes: int) -> None:
        """The supplier may send so much more."""
        self._serving.release(released_bytes)

    def on_answered(self, cause: str) -> None:
        """All that will be shown was shown."""
        self._serving.finish(cause)

    def _say_started(self) -> None:
        attempt = self._serving.leader
        assert attempt is not None
        self._client.started(
            Started(
                usage_id=f"usg_{self._request.delivery_id.removeprefix('dlv_')}",
                supplier_id=attempt.supplier_id,
                serving_model=attempt.slot.offer.model,
                instrument_id=self._admitted.terms.instrument.instrument_id,
                spec_version=self._contract.version,
                prompt_tokens=self._admitted.prompt_tokens,
                limits=self._reservation.reply.limits,
            )
        )

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        return self._relay.clock.steady_us()

    # ---- settlement ----------------------------------------------------------------------------

    async def _settle(self, cause: str) -> None:
        facts = await self._facts(cause)
        row = ending_of(self._serving.stage, judged_cause(cause, self._spec, facts))
        reserved_tokens = self._admitted.prompt_tokens + self._reservation.allowance_tokens
        # Whoever waits for a settlement that takes long is told how it will be, and reads it later.
        late = self._relay.timers.after(
            self._relay.limits.settle_wait_us, lambda: self._tell(row, facts, None)
        )
        try:
            reply = await self._relay.submitter.insist(report_of(row, facts, reserved_tokens))
        finally:
            late.cancel()
        if isinstance(reply, ReportReply):
            self.usage = reply.usage
            self._relay.on_settled(reply.usage)
            self._tell(row, facts, reply.usage)
        elif not self.is_told:
            self._client.failed(Failure("RESERVATION_ENDED", MESSAGES["RESERVATION_ENDED"]), None)

    def _tell(self, row: Ending, facts: Facts, usage: UsageRecord | None) -> None:
        """The last word to the client, once; without a record while it is not settled."""
        if self.is_told:
            return
        self.is_told = True
        if row.client_sees == "ended":
            if not self._answer.is_shown:
                self._say_started()
            finishes = tuple(sorted(self._answer.finishes.items()))
            bill = billed(row, counted(facts))
            self._client.ended(Ended(finishes, bill, usage, facts.delivery_id))
        elif row.client_sees != "nothing":
            failure = failure_of(row, self._serving.failure, self._relay.limits.retry_us)
            self._client.failed(failure, usage)

    async def _facts(self, cause: str) -> Facts:
        with contextlib.suppress(Uncountable):
            await self._count.finish()
        facts = facts_of(self._request, self._admitted.prompt_tokens, self._serving, self._count)
        if cause in GOOD_CAUSES:
            return facts._replace(unseen_tokens=await self._unseen_tokens(facts))
        return facts

    async def _unseen_tokens(self, facts: Facts) -> int:
        """Reasoning that the supplier claims and the client did not see, as far as it may bill."""
        by_supplier = facts.by_supplier
        if self._reasoning != "counted":
            return 0
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
