"""Every fact that a command can bring about, with its absolute result.

Applying one is a plain write (see `apply`); only `Posted` adds, since postings are amounts.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import MarketState, SelfTradePrevention
from thegrid_exchange.engine.records import (
    Admission,
    Cancellation,
    Draw,
    Instrument,
    Key,
    Lot,
    LotParcel,
    LotParcelChange,
    Market,
    Member,
    Offer,
    Order,
    ParcelChange,
    Posting,
    Reservation,
    SpecVersion,
    Supplier,
    SupplierLink,
    Sweep,
    Trade,
    Transfer,
    UsageRecord,
)

# ---- ledger ------------------------------------------------------------------------------------


class Posted(NamedTuple):
    """A double entry: the amounts of each asset sum to zero.

    `cause` is one of `deposit withdrawal hold release trade issue retire buy_back list unlist bind
    unbind transfer reserve unreserve consume expire venue_fault guarantee`; `reference` names the
    order, trade, lot, delivery or outside reference it belongs to.
    """

    postings: tuple[Posting, ...]
    cause: str
    reference: str = ""


# ---- operator, members, keys -------------------------------------------------------------------


class PolicyChanged(NamedTuple):
    """Named figures now have these values."""

    changes: tuple[tuple[str, int], ...]


class InstrumentDefined(NamedTuple):
    """A new instrument, its first contract and its market."""

    instrument: Instrument
    spec_version: SpecVersion
    market: Market


class SpecPublished(NamedTuple):
    """A further version of a contract; it takes force at its `effective_at_us`."""

    spec_version: SpecVersion


class MarketStateChanged(NamedTuple):
    """A market is now in this state."""

    market_id: str
    state: MarketState
    reason: str


class MemberCreated(NamedTuple):
    """A new participant."""

    member: Member


class MemberChanged(NamedTuple):
    """A participant's record now reads so; `reason` is given by who changed it."""

    member: Member
    reason: str = ""


class KeyCreated(NamedTuple):
    """A new key."""

    key: Key


class KeyRevoked(NamedTuple):
    """A key no longer works."""

    key_id: str
    member_id: str
    revoked_at_us: int


# ---- orders and trades -------------------------------------------------------------------------


class OrderAccepted(NamedTuple):
    """An order passed every check.

    With a rank above 0 it rests in the book from the start; without, it meets the other side first
    and what becomes of it follows in the same command.
    """

    order: Order


class OrderRested(NamedTuple):
    """What is left of an order after matching stands in the book, behind all of smaller rank."""

    order_id: str
    rank: int
    held_micros: int


class OrderUnrested(NamedTuple):
    """An order left the book to be amended; it is still open."""

    order_id: str


class OrderFilled(NamedTuple):
    """An order's figures after a trade that left some of it; else it is `OrderClosed` at once."""

    order_id: str
    trade_id: str
    remaining_units: int
    filled_units: int
    filled_micros: int
    fee_micros: int
    held_micros: int


class OrderAmended(NamedTuple):
    """An order's terms and figures after an amendment; in the book it keeps its rank."""

    order_id: str
    price_micros: int
    quantity_units: int
    remaining_units: int
    held_micros: int


class OrderDecremented(NamedTuple):
    """Self-trade prevention took quantity off an order without a trade."""

    order_id: str
    quantity_units: int
    remaining_units: int
    held_micros: int


class OrderClosed(NamedTuple):
    """An order left the exchange; `order` is its last state."""

    order: Order


class TradeExecuted(NamedTuple):
    """Two orders matched."""

    trade: Trade


class SelfTradePrevented(NamedTuple):
    """Two orders of one member would have matched; what was done instead follows."""

    market_id: str
    member_id: str
    taker_order_id: str
    maker_order_id: str
    quantity_units: int
    mode: SelfTradePrevention


class ParcelsMoved(NamedTuple):
    """Parcels of Trading accounts and of sell orders now read so."""

    changes: tuple[ParcelChange, ...]


class CancellationOpened(NamedTuple):
    """A cancel-all goes on in Ticks."""

    cancellation: Cancellation


class CancellationAdvanced(NamedTuple):
    """A cancel-all is done with every order before this one."""

    cancellation_id: str
    first_order_id: str


class CancellationClosed(NamedTuple):
    """A cancel-all has come to its end."""

    cancellation_id: str


# ---- consumption -------------------------------------------------------------------------------


class UnitsTransferred(NamedTuple):
    """Units went from a Trading account into a Lot."""

    transfer: Transfer


class LotMinted(NamedTuple):
    """A new Lot with its parcels, all tokens free."""

    lot: Lot
    parcels: tuple[LotParcel, ...]


class LotChanged(NamedTuple):
    """New figures of a Lot and of those of its parcels that changed."""

    lot_id: str
    free_tokens: int
    reserved_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int
    parcels: tuple[LotParcelChange, ...]
    cause: str
    """`reserve`, `settle` or `expire`."""


class LotClosed(NamedTuple):
    """Every token of the Lot has ended; `lot` is its last state."""

    lot: Lot


class SweepStarted(NamedTuple):
    """A market's slot has come; the market takes no orders until `SweepFinished`."""

    sweep: Sweep
    next_sweep_us: int


class MemberSwept(NamedTuple):
    """One member's Units of a market went into a Lot, or an issuer's unsold ones were retired.

    `sweep` carries the totals so far.
    """

    sweep: Sweep
    member_id: str
    lot_id: str
    swept_units: int
    retired_units: int


class SweepFinished(NamedTuple):
    """The market takes orders again; the next slot is at `next_sweep_us`."""

    sweep: Sweep
    next_sweep_us: int


class ReservationOpened(NamedTuple):
    """Tokens are set aside for a delivery."""

    reservation: Reservation


class ReservationExtended(NamedTuple):
    """More tokens are set aside; `draws` are all of them in order of use."""

    delivery_id: str
    reserved_tokens: int
    draws: tuple[Draw, ...]


class DeliveryMarked(NamedTuple):
    """A delivery has come this far; `extension_refused` names why no more is set aside."""

    delivery_id: str
    marked_tokens: int
    deadline_us: int
    extension_refused: str = ""


class UsageRecorded(NamedTuple):
    """A delivery is settled: its reservation is closed and this is what is known of it."""

    usage: UsageRecord


# ---- supply ------------------------------------------------------------------------------------


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


# ---- time --------------------------------------------------------------------------------------


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


Event = (
    Posted
    | PolicyChanged
    | InstrumentDefined
    | SpecPublished
    | MarketStateChanged
    | MemberCreated
    | MemberChanged
    | KeyCreated
    | KeyRevoked
    | OrderAccepted
    | OrderRested
    | OrderUnrested
    | OrderFilled
    | OrderAmended
    | OrderDecremented
    | OrderClosed
    | TradeExecuted
    | SelfTradePrevented
    | ParcelsMoved
    | CancellationOpened
    | CancellationAdvanced
    | CancellationClosed
    | UnitsTransferred
    | LotMinted
    | LotChanged
    | LotClosed
    | SweepStarted
    | MemberSwept
    | SweepFinished
    | ReservationOpened
    | ReservationExtended
    | DeliveryMarked
    | UsageRecorded
    | SupplierChanged
    | OfferRegistered
    | OfferWithdrawn
    | UnitsIssued
    | UnitsRetired
    | UnitsBoughtBack
    | AvailabilityChanged
    | OutageRecorded
    | ClosedForgotten
)
