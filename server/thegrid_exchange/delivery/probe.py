"""One probe: a delivery of the venue's own, offered, streamed and judged as any member's is.
Nothing is reserved for it and nobody pays it; when probes are made is told in `prober`.
"""

from typing import TYPE_CHECKING, Any

from thegrid_exchange.delivery.admission import Admitted
from thegrid_exchange.delivery.answer import Answer
from thegrid_exchange.delivery.answer_count import AnswerCount
from thegrid_exchange.delivery.encodings import encoding_named
from thegrid_exchange.delivery.endings import ending_of
from thegrid_exchange.delivery.facts import facts_of
from thegrid_exchange.delivery.parts import CallRequest, Ended, Failure, Started
from thegrid_exchange.delivery.serving import Serving
from thegrid_exchange.delivery.settlement import counted, judged_cause, report_of
from thegrid_exchange.delivery.windows import Window
from thegrid_exchange.engine.commands import ReportProbe

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay


class Probe:
    """The venue as the client of one call, which reads as fast as it can and keeps nothing."""

    def __init__(self, relay: "Relay", request: CallRequest, admitted: Admitted) -> None:
        self._relay, self._request, self._admitted = relay, request, admitted
        self._spec = admitted.terms.contract.spec
        self._count = AnswerCount(encoding_named(self._spec.tokenizer))
        self._answer = Answer(
            self,
            self,
            relay.edits,
            self._count,
            request.choices,
            admitted.cap_tokens,
            Window(request.window_bytes),
            relay.limits.queued_parts,
            admitted.dimensions,
        )
        self._answer.allow(admitted.cap_tokens * request.choices)
        self._serving = Serving(relay, request, admitted, self._spec, admitted.wants, self._answer)

    async def run(self, benchmark_id: str) -> ReportProbe | None:
        """Serve and judge it; None when no supplier was asked, as when all its places are taken."""
        cause = await self._serving.run()
        if not self._serving.attempts():
            return None
        wants = self._admitted.wants
        facts = facts_of(self._request, self._admitted.prompt_tokens, self._serving, self._count)
        row = ending_of(self._serving.stage, judged_cause(cause, self._spec, facts))
        report = report_of(row, facts, 0)
        return ReportProbe(
            wants.probed_id,
            wants.instrument_id,
            self._request.delivery_id,
            report.verdict,
            report.cause,
            counted(facts),
            facts.by_supplier,
            report.first_token_us,
            report.streamed_us,
            report.duration_us,
            benchmark_id,
        )

    # ---- the answer's host ---------------------------------------------------------------------

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        return self._relay.clock.steady_us()

    def on_show(self) -> None:
        """Nobody needs to be told who serves."""

    def on_released(self, released_bytes: int) -> None:
        """The supplier may send so much more."""
        self._serving.release(released_bytes)

    def ask_extension(self, tokens: int) -> None:
        """The whole output is allowed from the beginning."""

    def on_answered(self, cause: str) -> None:
        """All has come."""
        self._serving.finish(cause)

    # ---- the answer's client -------------------------------------------------------------------

    def started(self, started: Started) -> None:
        """See Client."""

    def part(self, payload: Any) -> None:
        """See Client: counted before it comes here, and not kept."""

    def ended(self, ended: Ended) -> None:
        """See Client."""

    def failed(self, failure: Failure, usage: Any) -> None:
        """See Client."""
