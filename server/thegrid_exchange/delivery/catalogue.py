"""What a relay must know of the market to admit and to route: contracts, offers, live asks.
It reads the durable state and decides nothing; only the asks of each supplier are kept apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from thegrid_exchange.delivery.encodings import ENCODINGS
from thegrid_exchange.engine.events import OrderAccepted, OrderAmended, OrderClosed
from thegrid_exchange.engine.quantities import instrument_id_of
from thegrid_exchange.engine.records import (
    Benchmark,
    Instrument,
    MeteringPolicy,
    Offer,
    Order,
    SpecVersion,
    SupplierLink,
)
from thegrid_exchange.engine.rules.metering import metering_policy
from thegrid_exchange.engine.state import State

_Route = tuple[str, str]
"""Supplier and instrument."""


class FoldedRow(Protocol):
    """A durable row, as far as a fold looks at it."""

    @property
    def events(self) -> tuple[Any, ...]:
        """What happened."""
        ...


class Terms(NamedTuple):
    """An instrument and the contract in force, with the policy that it is counted by."""

    instrument: Instrument
    contract: SpecVersion
    metering: MeteringPolicy | None
    """None when the contract names a version that does not exist, as old journals may."""


class Catalogue:
    """Contracts, offers and asks of `state`, which must be folded up to the last durable row."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._asks: dict[str, tuple[_Route, int]] = {}
        self._asks_of: defaultdict[_Route, dict[str, int]] = defaultdict(dict)
        self._best: dict[_Route, int] = {}
        for order in state.orders.values():
            self._set_ask(order)

    def fold(self, rows: Sequence[FoldedRow]) -> None:
        """Take in durable rows, in order, after the state has."""
        for row in rows:
            for event in row.events:
                kind = type(event)
                if kind is OrderAccepted:
                    self._set_ask(event.order)
                elif kind is OrderAmended:
                    self._move_ask(event.order_id, event.price_micros)
                elif kind is OrderClosed:
                    self._drop_ask(event.order.order_id)

    # ---- reading -------------------------------------------------------------------------------

    def terms(self, name: str, now_us: int) -> Terms | None:
        """The instrument of this symbol or id with the contract in force, or None."""
        instruments, versions = self._state.instruments, self._state.spec_versions
        instrument = instruments.get(name) or instruments.get(instrument_id_of(name))
        if instrument is None:
            return None
        number = instrument.latest_version
        while number > 1:
            version = versions[instrument.instrument_id, number]
            if version.effective_at_us <= now_us:
                break
            number -= 1
        version = versions[instrument.instrument_id, number]
        return Terms(instrument, version, self.metering(version.spec.metering_policy_version))

    def metering(self, version: int) -> MeteringPolicy | None:
        """One version of the metering policy, or None."""
        return metering_policy(self._state, version)

    def contract(self, instrument_id: str, version: int) -> SpecVersion:
        """One version of a contract; KeyError when it is unknown."""
        return self._state.spec_versions[instrument_id, version]

    def tokenizers(self) -> set[str]:
        """Names of the tokenizers that any contract counts with and that are carried here."""
        named = {version.spec.tokenizer for version in self._state.spec_versions.values()}
        return named & set(ENCODINGS)

    def has_offer(self, member_id: str, instrument_id: str) -> bool:
        """Whether a supplier offers the instrument, able to serve it now or not."""
        return (member_id, instrument_id) in self._state.offers

    def registered_offer(self, member_id: str, instrument_id: str) -> Offer | None:
        """What a supplier offers for the instrument, admitted or not."""
        return self._state.offers.get((member_id, instrument_id))

    def running_benchmarks(self) -> list[Benchmark]:
        """Benchmarks under way."""
        return [each for each in self._state.benchmarks.values() if each.status == "running"]

    def benchmark(self, member_id: str, instrument_id: str) -> Benchmark | None:
        """The last benchmark of an offer."""
        return self._state.benchmarks.get((member_id, instrument_id))

    def term(self, name: str) -> int:
        """A figure of the exchange's policy."""
        return self._state.term(name)

    def offers(self, instrument_id: str) -> list[Offer]:
        """Every offer for the instrument, whether or not its supplier may serve it now."""
        return [each for each in self._state.offers.values() if each.instrument_id == instrument_id]

    def offer(self, member_id: str, instrument_id: str) -> Offer | None:
        """What a supplier offers for the instrument, if it may serve it now."""
        offer = self._state.offers.get((member_id, instrument_id))
        if offer is None or not self.is_able(member_id, instrument_id):
            return None
        standing = self._state.standings.get((member_id, instrument_id))
        if standing is None or standing.status != "probation":
            return offer
        most = self._state.term("probation_deliveries")
        return offer._replace(concurrent_deliveries=min(offer.concurrent_deliveries, most))

    def is_able(self, member_id: str, instrument_id: str) -> bool:
        """Whether a supplier is admitted and neither it nor its admission is suspended."""
        state = self._state
        admission = state.admissions.get((member_id, instrument_id))
        supplier, member = state.suppliers.get(member_id), state.members.get(member_id)
        if admission is None or supplier is None or member is None:
            return False
        return not (admission.suspended or supplier.suspended or member.suspended)

    def verified_speed(self, member_id: str) -> int:
        """A supplier's verified tokens per second over all its deliveries."""
        supplier = self._state.suppliers.get(member_id)
        return supplier.verified_tokens_per_second if supplier is not None else 0

    def admitted_at_us(self, member_id: str) -> int:
        """When a supplier was admitted."""
        supplier = self._state.suppliers.get(member_id)
        return supplier.admitted_at_us if supplier is not None else 0

    def open_links(self, relay_id: str) -> list[SupplierLink]:
        """Links of this relay that the journal holds for up."""
        links = self._state.supplier_links.values()
        return [link for link in links if link.relay_id == relay_id and link.connected]

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

    # ---- asks ----------------------------------------------------------------------------------

    def _set_ask(self, order: Order) -> None:
        if order.side == "sell" and order.source == "issuance":
            route = order.member_id, self._state.markets[order.market_id].instrument_id
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
