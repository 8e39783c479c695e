"""Events of suppliers, and of time itself.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import (
    AbleHistory,
    Admission,
    CollateralMark,
    IndexWindow,
    Loss,
    Offer,
    Shortfall,
    Supplier,
    SupplierLink,
    Sweep,
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


class AbilityChanged(NamedTuple):
    """A supplier's ability to serve these instruments has turned."""

    histories: tuple[AbleHistory, ...]


class CollateralMarked(NamedTuple):
    """Collateral of suppliers was reckoned anew; `window` is of the index that asked for it."""

    marks: tuple[CollateralMark, ...]
    window: IndexWindow | None = None


class ShortfallRecorded(NamedTuple):
    """Issuers could not cover what they owed, or paid the guarantee back; `shortfalls` read so now.

    `reference` is the Lot, delivery or member for which it happened.
    """

    losses: tuple[Loss, ...]
    shortfalls: tuple[Shortfall, ...]
    reference: str


class UnitsRenewed(NamedTuple):
    """A sweep left a supplier's unsold Units as they were, by its standing instruction."""

    member_id: str
    instrument_id: str
    quantity_units: int
    sweep: Sweep


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
