"""What a relay must know of the market to admit and to route: contracts, offers, live asks.
A read model folded from durable rows; it decides nothing and can be rebuilt from any state.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import instrument_id_of
from thegrid_exchange.engine.records import (
    Admission,
    Instrument,
    Market,
    Member,
    Offer,
    Order,
    SpecVersion,
    Supplier,
    SupplierLink,
)

_Route = tuple[str, str]
"""Supplier and instrument."""


class FoldedRow(Protocol):
    """A durable row, as far as a fold looks at it."""

    @property
    def events(self) -> tuple[Any, ...]:
        """What happened."""
        ...


class Terms(NamedTuple):
    """An instrument and the contract in force."""

    instrument: Instrument
    contract: SpecVersion


class Catalogue:
    """Contracts, offers and asks, up to the last durable row."""

    def __init__(self) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._versions: defaultdict[str, list[SpecVersion]] = defaultdict(list)
        self._markets: dict[str, str] = {}
        self._offers: defaultdict[str, dict[str, Offer]] = defaultdict(dict)
        self._admissions: dict[_Route, Admission] = {}
        self._suppliers: dict[str, Supplier] = {}
        self._suspended: set[str] = set()
        self._links: dict[_Route, SupplierLink] = {}
        self._asks: dict[str, tuple[_Route, int]] = {}
        self._asks_of: defaultdict[_Route, dict[str, int]] = defaultdict(dict)
        self._best: dict[_Route, int] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.InstrumentDefined: self._on_instrument,
            events.SpecPublished: lambda event: self._add_version(event.spec_version),
            events.MemberCreated: lambda event: self._set_member(event.member),
            events.MemberChanged: lambda event: self._set_member(event.member),
            events.SupplierChanged: self._on_supplier,
            events.OfferRegistered: lambda event: self._set_offer(event.offer),
            events.OfferWithdrawn: self._on_withdrawn,
            events.AvailabilityChanged: lambda event: self._set_link(event.link),
            events.OrderAccepted: lambda event: self._set_ask(event.order),
            events.OrderAmended: lambda event: self._move_ask(event.order_id, event.price_micros),
            events.OrderClosed: lambda event: self._drop_ask(event.order.order_id),
        }

    # ---- folding -------------------------------------------------------------------------------

    def load(self, state: Any) -> None:
        """Begin with a recovered state; every row in it is durable."""
        for instrument in state.instruments.values():
            self._set_instrument(instrument)
        for market in state.markets.values():
            self._set_market(market)
        for version in state.spec_versions.values():
            self._add_version(version)
        for member in state.members.values():
            self._set_member(member)
        self._suppliers.update(state.suppliers)
        self._admissions.update(state.admissions)
        for offer in state.offers.values():
            self._set_offer(offer)
        for link in state.supplier_links.values():
            self._set_link(link)
        for order in state.orders.values():
            self._set_ask(order)

    def fold(self, rows: Sequence[FoldedRow]) -> None:
        """Take in durable rows, in order."""
        handlers = self._handlers
        for row in rows:
            for event in row.events:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)

    def _on_instrument(self, event: events.InstrumentDefined) -> None:
        self._set_instrument(event.instrument)
        self._set_market(event.market)
        self._add_version(event.spec_version)

    def _set_instrument(self, instrument: Instrument) -> None:
        self._instruments[instrument.instrument_id] = instrument

    def _set_market(self, market: Market) -> None:
        self._markets[market.market_id] = market.instrument_id

    def _add_version(self, version: SpecVersion) -> None:
        versions = self._versions[version.instrument_id]
        versions.append(version)
        versions.sort(key=lambda each: each.version)

    def _set_member(self, member: Member) -> None:
        (self._suspended.add if member.suspended else self._suspended.discard)(member.member_id)

    def _on_supplier(self, event: events.SupplierChanged) -> None:
        self._suppliers[event.supplier.member_id] = event.supplier
        if event.admission is not None:
            admission = event.admission
            self._admissions[admission.member_id, admission.instrument_id] = admission

    def _set_offer(self, offer: Offer) -> None:
        self._offers[offer.instrument_id][offer.member_id] = offer

    def _on_withdrawn(self, event: events.OfferWithdrawn) -> None:
        self._offers[event.instrument_id].pop(event.member_id, None)

    def _set_link(self, link: SupplierLink) -> None:
        self._links[link.member_id, link.relay_id] = link

    def _set_ask(self, order: Order) -> None:
        if order.side == "sell" and order.source == "issuance":
            route = order.member_id, self._markets[order.market_id]
            self._asks[order.order_id] = route, order.price_micros
            self._asks_of[route][order.order_id] = order.price_micros
            self._best.pop(route, None)

    def _move_ask(self, order_id: str, price_micros: int) -> None:
        known = self._asks.get(order_id)
        if known is not None:
            self._asks[order_id] = known[0], price_micros
            self._asks_of[known[0]][order_id] = price_micros
            self._best.pop(known[0], None)

    def _drop_ask(self, order_id: str) -> None:
        known = self._asks.pop(order_id, None)
        if known is not None:
            self._asks_of[known[0]].pop(order_id, None)
            self._best.pop(known[0], None)

    # ---- reading -------------------------------------------------------------------------------

    def terms(self, name: str, now_us: int) -> Terms | None:
        """The instrument of this symbol or id with the contract in force, or None."""
        instrument = self._instruments.get(name) or self._instruments.get(instrument_id_of(name))
        if instrument is None:
            return None
        versions = self._versions[instrument.instrument_id]
        current = [version for version in versions if version.effective_at_us <= now_us]
        return Terms(instrument, (current or versions)[-1 if current else 0])

    def contract(self, instrument_id: str, version: int) -> SpecVersion:
        """One version of a contract; KeyError when it is unknown."""
        for each in self._versions[instrument_id]:
            if each.version == version:
                return each
        raise KeyError(instrument_id, version)

    def offers(self, instrument_id: str) -> Iterable[Offer]:
        """Every offer for the instrument."""
        return self._offers[instrument_id].values()

    def offer(self, member_id: str, instrument_id: str) -> Offer | None:
        """What a supplier offers for the instrument, if it may serve it now."""
        offer = self._offers[instrument_id].get(member_id)
        return offer if offer is not None and self.is_able(member_id, instrument_id) else None

    def is_able(self, member_id: str, instrument_id: str) -> bool:
        """Whether a supplier is admitted and neither it nor its admission is suspended."""
        admission = self._admissions.get((member_id, instrument_id))
        supplier = self._suppliers.get(member_id)
        return (
            admission is not None
            and not admission.suspended
            and supplier is not None
            and not supplier.suspended
            and member_id not in self._suspended
        )

    def verified_speed(self, member_id: str) -> int:
        """A supplier's verified tokens per second over all its deliveries."""
        supplier = self._suppliers.get(member_id)
        return supplier.verified_tokens_per_second if supplier is not None else 0

    def best_ask_micros(self, member_id: str, instrument_id: str) -> int | None:
        """The lowest price at which a supplier offers Units it issued, or None."""
        route = member_id, instrument_id
        best = self._best.get(route)
        if best is None:
            asks = self._asks_of.get(route)
            if not asks:
                return None
            best = self._best[route] = min(asks.values())
        return best

    def admitted_at_us(self, member_id: str) -> int:
        """When a supplier was admitted."""
        supplier = self._suppliers.get(member_id)
        return supplier.admitted_at_us if supplier is not None else 0

    def open_links(self, relay_id: str) -> list[SupplierLink]:
        """Links of this relay that the journal holds for up."""
        return [
            link for link in self._links.values() if link.relay_id == relay_id and link.connected
        ]
