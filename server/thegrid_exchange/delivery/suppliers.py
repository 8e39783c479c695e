"""Who is connected and who serves a call: links, slots, eligibility and the order of choice.
What passes over a link is the attempt's affair; what a supplier owes is the engine's.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from thegrid_exchange.delivery.catalogue import Catalogue
from thegrid_exchange.delivery.eligibility import Wants, honours, is_wanted, why_none
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.parts import Failure, SupplierWire
from thegrid_exchange.delivery.waiting import Waiter, WaitingRoom
from thegrid_exchange.engine.records import Offer

if TYPE_CHECKING:
    from thegrid_exchange.delivery.attempt import Attempt


class Link:
    """One supplier's stream."""

    __slots__ = (
        "attempts",
        "draining",
        "instrument_ids",
        "last_number",
        "slots",
        "supplier_id",
        "wire",
    )

    def __init__(
        self, supplier_id: str, instrument_ids: Collection[str], slots: int, wire: SupplierWire
    ) -> None:
        self.supplier_id = supplier_id
        self.instrument_ids = frozenset(instrument_ids)
        self.slots = slots
        self.wire = wire
        self.draining = False
        self.last_number = 0
        self.attempts: dict[int, Attempt | None] = {}
        """By number; a slot that is taken and not yet used has None."""


class Slot(NamedTuple):
    """A place at a supplier, taken until it is released."""

    link: Link
    number: int
    offer: Offer
    ask_price_micros: int | None = None
    """The supplier's lowest ask for Units it issued when the place was taken."""


class Suppliers:
    """The suppliers of one relay."""

    def __init__(
        self,
        catalogue: Catalogue,
        limits: DeliveryLimits,
        on_change: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self._catalogue = catalogue
        self._on_change = on_change
        self._links: defaultdict[str, list[Link]] = defaultdict(list)
        self._busy: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.room = WaitingRoom(limits)

    # ---- links ---------------------------------------------------------------------------------

    def join(self, link: Link) -> None:
        """A supplier is here; calls that wait for it begin."""
        for instrument_id in link.instrument_ids:
            self._links[instrument_id].append(link)
        self._tell(link.supplier_id)
        self._serve_waiting(link)

    def leave(self, link: Link) -> None:
        """A supplier's stream is gone: each delivery it carried has lost its supplier."""
        for instrument_id in link.instrument_ids:
            if link in self._links[instrument_id]:
                self._links[instrument_id].remove(link)
        self._tell(link.supplier_id)
        self._dismiss_waiting(link)
        for attempt in list(link.attempts.values()):
            if attempt is not None:
                attempt.on_lost()

    def drain(self, link: Link) -> None:
        """The supplier takes no new calls over this stream."""
        link.draining = True
        self._tell(link.supplier_id)
        self._dismiss_waiting(link)

    def connected(self, supplier_id: str) -> tuple[str, ...]:
        """Instruments that a supplier serves here now."""
        return tuple(
            sorted(
                instrument_id
                for instrument_id, links in self._links.items()
                if any(link.supplier_id == supplier_id and not link.draining for link in links)
            )
        )

    def links(self) -> list[Link]:
        """Every stream."""
        return list({id(link): link for links in self._links.values() for link in links}.values())

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot, over all instruments."""
        return sum(self.room.waiting(instrument_id) for instrument_id in self._links)

    def _tell(self, supplier_id: str) -> None:
        self._on_change(supplier_id, self.connected(supplier_id))

    # ---- choice --------------------------------------------------------------------------------

    def choose(self, wants: Wants, tried: Collection[str]) -> Slot | None:
        """Take a slot at the best supplier that has one free and was not tried."""
        best: tuple[tuple[int, int, int, int, int], Link, Offer] | None = None
        for link in self._links[wants.instrument_id]:
            if link.supplier_id in tried:
                continue
            offer = self._suitable(link, wants)
            if offer is None or not self._is_free(link, offer):
                continue
            rank = self._rank(link, wants)
            if best is None or rank < best[0]:
                best = rank, link, offer
        return None if best is None else self._take(best[1], best[2])

    def release(self, slot: Slot) -> None:
        """Give a slot back; a call that waits gets it."""
        slot.link.attempts.pop(slot.number, None)
        slot.link.wire.release(slot.number)
        self._busy[slot.link.supplier_id, slot.offer.instrument_id] -= 1
        self._serve_waiting(slot.link)

    def could_serve(self, wants: Wants, tried: Collection[str] = ()) -> bool:
        """Whether any connected supplier not yet tried could serve the call, busy or not."""
        return any(
            link.supplier_id not in tried and self._suitable(link, wants) is not None
            for link in self._links[wants.instrument_id]
        )

    def why_none(self, wants: Wants, retry_us: int) -> Failure:
        """Why no connected supplier could serve the call."""
        links = self._links[wants.instrument_id]
        offers = (self._offer(link, wants) for link in links)
        connected = [offer for offer in offers if offer is not None]
        return why_none(wants, self._catalogue.offers(wants.instrument_id), connected, retry_us)

    def _offer(self, link: Link, wants: Wants) -> Offer | None:
        """The offer of a link that takes such calls."""
        supplier_id, instrument_id = link.supplier_id, wants.instrument_id
        if link.draining or wants.probed_id not in ("", supplier_id):
            return None
        if wants.probed_id:
            return self._catalogue.registered_offer(supplier_id, instrument_id)
        return self._catalogue.offer(supplier_id, instrument_id)

    def _suitable(self, link: Link, wants: Wants) -> Offer | None:
        offer = self._offer(link, wants)
        if offer is None or not is_wanted(wants, offer):
            return None
        if (wants.fields or wants.capabilities) and not honours(offer, wants.needed):
            return None
        return offer

    def _is_free(self, link: Link, offer: Offer) -> bool:
        busy = self._busy[link.supplier_id, offer.instrument_id]
        return len(link.attempts) < link.slots and busy < offer.concurrent_deliveries

    def _rank(self, link: Link, wants: Wants) -> tuple[int, int, int, int, int]:
        """Whom the caller names, who owes most, who asks least, who came first, who is idle."""
        supplier_id, issuers = link.supplier_id, wants.issuers
        order = wants.preferences.order_supplier_ids
        ask_micros = self._catalogue.best_ask_micros(supplier_id, wants.instrument_id)
        return (
            order.index(supplier_id) if supplier_id in order else len(order),
            issuers.index(supplier_id) if supplier_id in issuers else len(issuers),
            ask_micros if ask_micros is not None else 2**63,
            self._catalogue.admitted_at_us(supplier_id),
            len(link.attempts) * 1_000 // link.slots,
        )

    def _take(self, link: Link, offer: Offer) -> Slot:
        link.last_number += 1
        link.attempts[link.last_number] = None
        self._busy[link.supplier_id, offer.instrument_id] += 1
        ask_micros = self._catalogue.best_ask_micros(link.supplier_id, offer.instrument_id)
        return Slot(link, link.last_number, offer, ask_micros)

    # ---- waiting -------------------------------------------------------------------------------

    def wait(self, waiter: Waiter) -> None:
        """Hand the call the next slot that suits it."""
        self.room.enter(waiter)

    def _serve_waiting(self, link: Link) -> None:
        for instrument_id in link.instrument_ids:
            while self._serve_one(link, instrument_id):
                pass

    def _dismiss_waiting(self, link: Link) -> None:
        for instrument_id in link.instrument_ids:
            self.room.dismiss(
                instrument_id, lambda waits: not self.could_serve(waits.wants, waits.tried)
            )

    def _serve_one(self, link: Link, instrument_id: str) -> bool:
        if not self.room.waiting(instrument_id) or link not in self._links[instrument_id]:
            return False
        offer = self._catalogue.offer(link.supplier_id, instrument_id)
        if offer is None or link.draining or not self._is_free(link, offer):
            return False
        waiter = self.room.next(
            instrument_id,
            lambda waits: (
                link.supplier_id not in waits.tried
                and self._suitable(link, waits.wants) is not None
            ),
        )
        if waiter is None:
            return False
        waiter.grant(self._take(link, offer))
        return True


class WaitingFor(NamedTuple):
    """What a waiting call wants, and whom it has tried."""

    wants: Wants
    tried: frozenset[str]
