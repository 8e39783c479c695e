"""Events of suppliers, and of time itself.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import (
    Admission,
    Offer,
    Supplier,
    SupplierLink,
)


class SupplierChanged(NamedTuple):
    """A capacity pool now reads so; `admission` is the one that changed with it, if any."""

    supplier: Supplier
    admission: Admission | None = None


class OfferRegistered(NamedTuple):
    """A supplier answers an instrument with this."""

    offer: Offer


class OfferWithdrawn(NamedTuple):
    """A supplier no longer answers this instrument."""

    member_id: str
    instrument_id: str


class UnitsIssued(NamedTuple):
    """New Units to sell."""

    member_id: str
    instrument_id: str
    quantity_units: int


class UnitsRetired(NamedTuple):
    """Unsold Units were taken back; `cause` is `request` or `sweep`."""

    member_id: str
    instrument_id: str
    quantity_units: int
    cause: str


class UnitsBoughtBack(NamedTuple):
    """An issuer bought its own Units, which ended them; their escrow went back to it."""

    member_id: str
    instrument_id: str
    quantity_units: int
    trade_id: str
    released_micros: int


class AvailabilityChanged(NamedTuple):
    """A supplier's link to a relay now reads so."""

    link: SupplierLink


class OutageRecorded(NamedTuple):
    """The exchange was down; open deadlines move by `gap_us`.

    Deadlines carry the outage total of their making (`outage_base_us`), so nothing else changes.
    """

    from_us: int
    until_us: int
    gap_us: int
    outage_us: int
    """All outages so far."""


class ClosedForgotten(NamedTuple):
    """Ids of orders and deliveries closed so long ago that they need not be remembered."""

    order_ids: tuple[str, ...]
    delivery_ids: tuple[str, ...]
