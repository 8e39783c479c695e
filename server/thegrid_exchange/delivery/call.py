"""A call until it is reserved for, and the door through which it is spoken to from outside.
What happens to it from then on is in `delivery`.
"""

import logging
from typing import TYPE_CHECKING

from thegrid_exchange.calls import SequencerError
from thegrid_exchange.delivery.admission import Admitted, admit
from thegrid_exchange.delivery.delivery import Delivery
from thegrid_exchange.delivery.endings import MESSAGES
from thegrid_exchange.delivery.parts import (
    CallRequest,
    Client,
    Failure,
)
from thegrid_exchange.delivery.submitting import failure_of_error, failure_of_refusal
from thegrid_exchange.engine.commands import Reserve
from thegrid_exchange.engine.records import UsageRecord
from thegrid_exchange.engine.refusals import Refusal

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay

log = logging.getLogger(__name__)


class Call:
    """One call before its reservation, and the door to it from outside."""

    def __init__(self, relay: "Relay", request: CallRequest, client: Client) -> None:
        self.request = request
        self._relay, self._client = relay, client
        self._window_bytes = request.window_bytes
        self._ended_by = ""
        self._delivery: Delivery | None = None

    @property
    def usage(self) -> UsageRecord | None:
        """The record, once the call is settled."""
        return self._delivery.usage if self._delivery is not None else None

    def grant(self, window_bytes: int) -> None:
        """The client takes so much more of the answer."""
        if self._delivery is not None:
            self._delivery.grant(window_bytes)
        else:
            most_bytes = self._relay.limits.client_window_bytes
            self._window_bytes = min(self._window_bytes + window_bytes, most_bytes)

    def end(self, cause: str) -> None:
        """End the call from outside: `client_left`, `session_lost`, `key_revoked`, `cancelled`, or
        `drained`.
        """
        if not self._ended_by:
            self._ended_by = cause
            if self._delivery is not None:
                self._delivery.end(cause)

    async def run(self) -> None:
        """Live from admission to the last word."""
        try:
            await self._live()
        except SequencerError as error:
            self._fail(error)
        except Exception as error:
            log.exception("delivery %s failed in the relay", self.request.delivery_id)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._delivery is None or not self._delivery.is_told:
            self._client.failed(failure_of_error(error), None)

    async def _live(self) -> None:
        relay = self._relay
        admitted = await admit(
            self.request, relay.catalogue, relay.suppliers, relay.limits, relay.clock.now_us()
        )
        if isinstance(admitted, Failure):
            self._client.failed(admitted, None)
        elif self._ended_by:
            self._refuse_unreserved()
        else:
            await self._reserve(admitted)

    def _spell(self, admitted: Admitted) -> None:
        """Have the supplier read what tokens stand for: it may know another tokenizer."""
        payload = self._relay.edits.spelled(self.request.payload, admitted.texts)
        self.request = self.request._replace(payload=payload, payload_bytes=payload.ByteSize())

    def _refuse_unreserved(self) -> None:
        """It ended before anything was set aside: nothing is to be settled, there is no record."""
        if self._ended_by == "key_revoked":
            self._client.failed(Failure("KEY_REVOKED", MESSAGES["KEY_REVOKED"]), None)
        elif self._ended_by == "cancelled":
            told = Failure("DELIVERY_CANCELLED", MESSAGES["DELIVERY_CANCELLED"])
            self._client.failed(told, None)
        elif self._ended_by == "drained":
            self._client.failed(Failure("DRAINING", "the exchange is going down; retry"), None)

    async def _reserve(self, admitted: Admitted) -> None:
        if admitted.texts:
            self._spell(admitted)
        request = self.request
        reply = await self._relay.submitter.submit(
            Reserve(
                delivery_id=request.delivery_id,
                member_id=request.member_id,
                key_id=request.key_id,
                instrument_id=admitted.terms.instrument.instrument_id,
                prompt_tokens=admitted.prompt_tokens,
                max_output_tokens=admitted.cap_tokens,
                choices=request.choices if request.embedding is None else 1,
                max_price_micros=request.preferences.max_price_micros,
                relay_id=self._relay.relay_id,
                requested_model=request.requested_model,
                client_request_id=request.client_request_id,
                request_digest=request.request_digest,
            )
        )
        if isinstance(reply, Refusal):
            self._client.failed(failure_of_refusal(reply), None)
            return
        delivery = Delivery(
            self._relay, self.request, self._client, admitted, reply, self._window_bytes
        )
        self._delivery = delivery
        if self._ended_by:
            delivery.end(self._ended_by)
        await delivery.run()
