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
from thegrid_exchange.engine.events.controls import (
    AlarmCleared,
    AlarmSet,
    KeyChanged,
    NoticeRaised,
    NoticeRearmed,
    SpendNoted,
    WebhookChanged,
    WebhookDeleted,
)
from thegrid_exchange.engine.events.index import (
    IndexInputsForgotten,
    IndexInputsSet,
    ReferenceIndexSet,
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
    BenchmarkChanged,
    PerformanceNoted,
    SpecReviewed,
    StandingSet,
    SupplierChangeRecorded,
)
from thegrid_exchange.engine.events.supply import (
    AbilityChanged,
    AvailabilityChanged,
    ClosedForgotten,
    CollateralMarked,
    OfferRegistered,
    OfferWithdrawn,
    OutageRecorded,
    ShortfallRecorded,
    SupplierChanged,
    UnitsBoughtBack,
    UnitsIssued,
    UnitsRenewed,
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
from thegrid_exchange.engine.events.usage import (
    DisputeOpened,
    DisputeResolved,
    DisputesForgotten,
    LateReportRecorded,
    MeteringPolicyDefined,
    ReceiptKeyRegistered,
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
    | KeyChanged
    | SpendNoted
    | NoticeRaised
    | NoticeRearmed
    | AlarmSet
    | AlarmCleared
    | WebhookChanged
    | WebhookDeleted
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
    | CollateralMarked
    | ShortfallRecorded
    | UnitsRenewed
    | IndexInputsSet
    | ReferenceIndexSet
    | IndexInputsForgotten
    | OutageRecorded
    | ClosedForgotten
    | AbilityChanged
    | BenchmarkChanged
    | PerformanceNoted
    | SpecReviewed
    | StandingSet
    | SupplierChangeRecorded
    | MeteringPolicyDefined
    | ReceiptKeyRegistered
    | LateReportRecorded
    | DisputeOpened
    | DisputeResolved
    | DisputesForgotten
)


__all__ = [
    "AbilityChanged",
    "AlarmCleared",
    "AlarmSet",
    "AuctionChanged",
    "AuctionClosed",
    "AuctionOpened",
    "AvailabilityChanged",
    "BenchmarkChanged",
    "CancelTimerCleared",
    "CancelTimerSet",
    "CancellationAdvanced",
    "CancellationClosed",
    "CancellationOpened",
    "ClosedForgotten",
    "CollateralMarked",
    "DeliveryMarked",
    "DisputeOpened",
    "DisputeResolved",
    "DisputesForgotten",
    "Event",
    "FeeTierSet",
    "IndexInputsForgotten",
    "IndexInputsSet",
    "InstrumentDefined",
    "KeyChanged",
    "KeyCreated",
    "KeyRevoked",
    "LateReportRecorded",
    "LotChanged",
    "LotClosed",
    "LotMinted",
    "MarketPolicyChanged",
    "MarketStateChanged",
    "MemberChanged",
    "MemberCreated",
    "MemberSwept",
    "MeteringPolicyDefined",
    "NoticeRaised",
    "NoticeRearmed",
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
    "ReceiptKeyRegistered",
    "ReferenceIndexSet",
    "ReferenceSet",
    "ReservationExtended",
    "ReservationOpened",
    "SelfTradePrevented",
    "ShortfallRecorded",
    "SpecPublished",
    "SpecReviewed",
    "SpendNoted",
    "StandingSet",
    "SupplierChangeRecorded",
    "SupplierChanged",
    "SweepFinished",
    "SweepStarted",
    "TradeExecuted",
    "UnitsBoughtBack",
    "UnitsIssued",
    "UnitsRenewed",
    "UnitsRetired",
    "UnitsTransferred",
    "UsageRecorded",
    "WebhookChanged",
    "WebhookDeleted",
]
