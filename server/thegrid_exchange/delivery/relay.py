"""The relay: takes calls and suppliers in, keeps count of them, and lets them go in good order.
It reaches the core by commands alone and loses nothing but live streams when it dies.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from thegrid_exchange.calls import SequencerError
from thegrid_exchange.clock import Clock
from thegrid_exchange.delivery.call import Call
from thegrid_exchange.delivery.catalogue import Catalogue
from thegrid_exchange.delivery.encodings import ready_encoding
from thegrid_exchange.delivery.endings import endings
from thegrid_exchange.delivery.limits import DEFAULT_LIMITS, DeliveryLimits
from thegrid_exchange.delivery.parts import CallRequest, Client, Failure, PayloadEdits
from thegrid_exchange.delivery.prober import Drafts, Prober
from thegrid_exchange.delivery.submitting import Submits, Submitter
from thegrid_exchange.delivery.suppliers import Link, Suppliers
from thegrid_exchange.delivery.timers import Timers
from thegrid_exchange.engine.commands import Availability
from thegrid_exchange.engine.records import UsageRecord

log = logging.getLogger(__name__)


class Relay:
    """One relay; `catalogue` must be folded with every durable row."""

    def __init__(
        self,
        sequencer: Submits,
        catalogue: Catalogue,
        clock: Clock,
        edits: PayloadEdits,
        *,
        relay_id: str = "relay",
        addresses: Sequence[str] = (),
        limits: DeliveryLimits = DEFAULT_LIMITS,
        drafts: Drafts | None = None,
    ) -> None:
        self.catalogue, self.clock, self.edits = catalogue, clock, edits
        self.relay_id, self.limits = relay_id, limits
        self.addresses = tuple(addresses)
        """Where suppliers reach the relays, this one included."""
        self.submitter = Submitter(sequencer, relay_id, clock, limits)
        self.suppliers = Suppliers(catalogue, limits, self._on_supplier)
        self.timers = Timers(clock)
        self.prober = Prober(self, drafts)
        self._calls: dict[Call, asyncio.Task[None]] = {}
        self._calls_of: defaultdict[str, int] = defaultdict(int)
        self._availability: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, tuple[str, ...]] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self.is_draining = False
        self.on_settled: Callable[[UsageRecord], None] = lambda usage: None
        """Told the record of every delivery that this relay has settled."""
        self.on_over: Callable[[Call], None] = lambda call: None
        """Told of every call that is over, settled or not."""

    async def start(self) -> None:
        """Read tables and tokenizers; tell the journal that links of an earlier life are down."""
        endings()
        for name in self.catalogue.tokenizers():
            await ready_encoding(name)
        for link in self.catalogue.open_links(self.relay_id):
            self._told[link.member_id] = link.instrument_ids
            self._on_supplier(link.member_id, self.suppliers.connected(link.member_id))
        self.prober.start()

    # ---- calls ---------------------------------------------------------------------------------

    def open(self, request: CallRequest, client: Client) -> Call | None:
        """Take a call in; None when it was refused, which the client was told."""
        refused = self._refusal(request)
        if refused is not None:
            client.failed(refused, None)
            return None
        call = Call(self, request, client)
        for key_id in _key_ids(request):
            self._calls_of[key_id] += 1
        task = asyncio.get_running_loop().create_task(call.run())
        self._calls[call] = task
        task.add_done_callback(lambda _: self._forget(call))
        return call

    @property
    def open_calls(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def running(self, delivery_id: str, member_id: str) -> Call | None:
        """The member's call under way with this id."""
        for call in self._calls:
            if call.request.delivery_id == delivery_id and call.request.member_id == member_id:
                return call
        return None

    def _refusal(self, request: CallRequest) -> Failure | None:
        if self.is_draining:
            return Failure(
                "DRAINING",
                "the exchange is going down; reconnect and retry",
                retry_after_us=1_000_000,
            )
        if len(self._calls) >= self.limits.concurrent_deliveries:
            return Failure(
                "SATURATED",
                f"this relay carries {len(self._calls)} calls, its greatest number"
                " (deliveries); try again in a moment",
                "deliveries",
                self.limits.concurrent_deliveries,
                len(self._calls),
                self.limits.retry_us,
            )
        own_most = request.concurrent_deliveries or self.limits.concurrent_deliveries_per_key
        for key_id, most in ((request.key_id, own_most), *request.keys_above):
            if most and self._calls_of.get(key_id, 0) >= most:
                whose = "this key" if key_id == request.key_id else f"the key {key_id} above it"
                return Failure(
                    "RATE_LIMITED",
                    f"{whose} has {most} calls under way, its greatest number; wait for one to end",
                    "concurrent_deliveries",
                    most,
                    retry_after_us=self.limits.retry_us,
                )
        return None

    def _forget(self, call: Call) -> None:
        self._calls.pop(call, None)
        self.on_over(call)
        for key_id in _key_ids(call.request):
            self._calls_of[key_id] -= 1
            if not self._calls_of[key_id]:
                del self._calls_of[key_id]

    # ---- suppliers -----------------------------------------------------------------------------

    def join(self, link: Link) -> None:
        """A supplier's stream is up."""
        self.suppliers.join(link)

    def leave(self, link: Link) -> None:
        """A supplier's stream is gone."""
        self.suppliers.leave(link)

    def _on_supplier(self, supplier_id: str, instrument_ids: tuple[str, ...]) -> None:
        """Journal what a supplier serves now; one command at a time for each, the last one wins."""
        self._availability[supplier_id] = instrument_ids
        if supplier_id not in self._telling:
            task = asyncio.get_running_loop().create_task(self._tell(supplier_id))
            self._telling[supplier_id] = task

    async def _tell(self, supplier_id: str) -> None:
        try:
            while self._told.get(supplier_id, ()) != self._availability[supplier_id]:
                serves = self._availability[supplier_id]
                named = serves or self._told.get(supplier_id, ())
                command = Availability(supplier_id, self.relay_id, named, bool(serves))
                await self.submitter.insist(command)
                self._told[supplier_id] = serves
        except SequencerError as error:
            log.warning("availability of %s could not be journaled: %s", supplier_id, error)
        finally:
            del self._telling[supplier_id]

    # ---- the end -------------------------------------------------------------------------------

    def _cut_all(self) -> None:
        for call in list(self._calls):
            call.end("drained")

    async def drain(self, grace_s: float) -> None:
        """Take no new calls, let the running ones end, end what is left as the venue's fault.

        The grace is real time: a process that goes down cannot wait for a clock that stands still.
        """
        self.is_draining = True
        await self.prober.stop()
        if self._calls:
            _, running = await asyncio.wait(self._calls.values(), timeout=grace_s)
            self._cut_all()
            await asyncio.gather(*running, return_exceptions=True)
        for link in self.suppliers.links():
            self.suppliers.leave(link)
            link.wire.close("draining")
        await asyncio.gather(*self._telling.values(), return_exceptions=True)
        self.timers.close()


def _key_ids(request: CallRequest) -> list[str]:
    """The key of a call and those above it: the call counts for each."""
    return [request.key_id, *(key_id for key_id, _ in request.keys_above)]
