"""The relay's way to the sequencer: who it speaks as, and what its errors are to a client.
What the commands mean is the engine's.
"""

from typing import Any, Protocol

from thegrid_exchange.calls import Committed, Draining, InternalFault, Overloaded
from thegrid_exchange.clock import Clock
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.parts import Failure
from thegrid_exchange.engine.refusals import Refusal


class Submits(Protocol):
    """The sequencer, as far as a relay speaks to it."""

    async def submit(
        self, command: Any, *, actor: str, request_id: str = "", request_hash: bytes = b""
    ) -> Committed:
        """Run one command and answer once it is durable."""
        ...


class Submitter:
    """Sends a relay's commands, with patience where a command must not be lost."""

    def __init__(
        self, sequencer: Submits, actor: str, clock: Clock, limits: DeliveryLimits
    ) -> None:
        self._sequencer, self._actor = sequencer, actor
        self._clock, self._limits = clock, limits

    async def submit(self, command: Any) -> Any:
        """The reply, a Refusal included; raises what the sequencer raises."""
        return (await self._sequencer.submit(command, actor=self._actor)).reply

    async def insist(self, command: Any) -> Any:
        """The reply, sent again for a while when the queue is full."""
        for _ in range(self._limits.report_attempts - 1):
            try:
                return await self.submit(command)
            except Overloaded as error:
                await self._clock.sleep(error.retry_after_us)
        return await self.submit(command)


def failure_of_refusal(refusal: Refusal) -> Failure:
    """The engine's refusal as the client reads it."""
    return Failure(
        refusal.reason,
        refusal.message,
        refusal.field,
        refusal.limit,
        refusal.value,
        refusal.retry_after_us,
    )


def failure_of_error(error: Exception) -> Failure:
    """What a client reads when the sequencer, or the relay itself, did not do its part."""
    if isinstance(error, Overloaded):
        return Failure("OVERLOADED", str(error), retry_after_us=error.retry_after_us)
    if isinstance(error, Draining):
        return Failure("DRAINING", str(error), retry_after_us=1_000_000)
    if isinstance(error, InternalFault):
        return Failure("INTERNAL", f"an unexpected fault; report {error.reference}")
    return Failure("VENUE_FAULT", "the exchange could not settle the call; look at its usage later")
