"""Every fact that a command can bring about, with its absolute result.

Applying one is a plain write (see `apply`); only `Posted` adds, since postings are amounts.
"""

from thegrid_exchange.engine.events.consumption import (
    DeliveryMarked,
    LotChanged,
    LotClosed,
    LotMinted,
    MemberSwept,
    ReservationExtended,
    ReservationOpened,
    SweepFinished,
    SweepStarted,
    UnitsTransferred,
    UsageRecorded,
)
from thegrid_exchange.engine.events.membership import (
    FeeTierSet,
    InstrumentDefined,
    KeyCreated,
    KeyRevoked,
    MarketPolicyChanged,
    MarketStateChanged,
    MemberChanged,
    MemberCreated,
    PolicyChanged,
    Posted,
    SpecPublished,
)
from thegrid_exchange.engine.events.quality import (
    AbilityChanged,
    PerformanceNoted,
    SpecReviewed,
    StandingSet,
    SupplierChangeRecorded,
)
from thegrid_exchange.engine.events.supply import (
    AvailabilityChanged,
    ClosedForgotten,
    OfferRegistered,
    OfferWithdrawn,
    OutageRecorded,
    SupplierChanged,
    UnitsBoughtBack,
    UnitsIssued,
    UnitsRetired,
)
from thegrid_exchange.engine.events.trading import (
    AuctionChanged,
    AuctionClosed,
    AuctionOpened,
    CancellationAdvanced,
    CancellationClosed,
    CancellationOpened,
    CancelTimerCleared,
    CancelTimerSet,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderDecremented,
    OrderFilled,
    OrderRested,
    OrdersSwept,
    OrderUnrested,
    ParcelsMoved,
    ReferenceSet,
    SelfTradePrevented,
    TradeExecuted,
)

Event = (
    Posted
    | PolicyChanged
    | InstrumentDefined
    | SpecPublished
    | MarketStateChanged
    | FeeTierSet
    | MarketPolicyChanged
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
    | AuctionChanged
    | AuctionClosed
    | AuctionOpened
    | CancelTimerCleared
    | CancelTimerSet
    | OrdersSwept
    | ReferenceSet
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
    | AbilityChanged
    | PerformanceNoted
    | SpecReviewed
    | StandingSet
    | SupplierChangeRecorded
)


__all__ = [
    "AbilityChanged",
    "AuctionChanged",
    "AuctionClosed",
    "AuctionOpened",
    "AvailabilityChanged",
    "CancelTimerCleared",
    "CancelTimerSet",
    "CancellationAdvanced",
    "CancellationClosed",
    "CancellationOpened",
    "ClosedForgotten",
    "DeliveryMarked",
    "Event",
    "FeeTierSet",
    "InstrumentDefined",
    "KeyCreated",
    "KeyRevoked",
    "LotChanged",
    "LotClosed",
    "LotMinted",
    "MarketPolicyChanged",
    "MarketStateChanged",
    "MemberChanged",
    "MemberCreated",
    "MemberSwept",
    "OfferRegistered",
    "OfferWithdrawn",
    "OrderAccepted",
    "OrderAmended",
    "OrderClosed",
    "OrderDecremented",
    "OrderFilled",
    "OrderRested",
    "OrderUnrested",
    "OrdersSwept",
    "OutageRecorded",
    "ParcelsMoved",
    "PerformanceNoted",
    "PolicyChanged",
    "Posted",
    "ReferenceSet",
    "ReservationExtended",
    "ReservationOpened",
    "SelfTradePrevented",
    "SpecPublished",
    "SpecReviewed",
    "StandingSet",
    "SupplierChangeRecorded",
    "SupplierChanged",
    "SweepFinished",
    "SweepStarted",
    "TradeExecuted",
    "UnitsBoughtBack",
    "UnitsIssued",
    "UnitsRetired",
    "UnitsTransferred",
    "UsageRecorded",
]
