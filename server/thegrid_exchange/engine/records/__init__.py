"""The immutable records that state tables hold, that events carry and that replies show.

Nothing here computes; the tables that hold them are in `state`. Instants are microseconds since
1970 UTC, money is micro-dollars, quantities are whole Units, `tokens` are tokens.
"""

from thegrid_exchange.engine.records.consumption import (
    Attempt,
    ClosedDelivery,
    Draw,
    Lot,
    LotParcel,
    LotParcelChange,
    Reservation,
    Sweep,
    TokenCounts,
    Transfer,
    UsageRecord,
    UsedDraw,
)
from thegrid_exchange.engine.records.controls import (
    Alarm,
    Alert,
    Notice,
    Spend,
    Webhook,
)
from thegrid_exchange.engine.records.index import (
    IndexInput,
    IndexWindow,
    ReferenceIndex,
)
from thegrid_exchange.engine.records.markets import (
    Auction,
    FirstTokenBand,
    Instrument,
    InstrumentSpec,
    Market,
    MarketPolicy,
    MarketTerms,
    SpecVersion,
)
from thegrid_exchange.engine.records.members import (
    FeeTier,
    Key,
    KeyLimits,
    Member,
)
from thegrid_exchange.engine.records.supply import (
    Admission,
    Offer,
    Supplier,
    SupplierLink,
)
from thegrid_exchange.engine.records.trading import (
    Cancellation,
    CancelTimer,
    ClosedOrder,
    Fill,
    Order,
    Parcel,
    ParcelChange,
    Posting,
    Trade,
)
from thegrid_exchange.engine.records.usage import (
    Dispute,
    DisputePayment,
    ImageMetering,
    LateReport,
    MeteringPolicy,
    ReceiptKey,
)

__all__ = [
    "Admission",
    "Alarm",
    "Alert",
    "Attempt",
    "Auction",
    "CancelTimer",
    "Cancellation",
    "ClosedDelivery",
    "ClosedOrder",
    "Dispute",
    "DisputePayment",
    "Draw",
    "FeeTier",
    "Fill",
    "FirstTokenBand",
    "ImageMetering",
    "IndexInput",
    "IndexWindow",
    "Instrument",
    "InstrumentSpec",
    "Key",
    "KeyLimits",
    "LateReport",
    "Lot",
    "LotParcel",
    "LotParcelChange",
    "Market",
    "MarketPolicy",
    "MarketTerms",
    "Member",
    "MeteringPolicy",
    "Notice",
    "Offer",
    "Order",
    "Parcel",
    "ParcelChange",
    "Posting",
    "ReceiptKey",
    "ReferenceIndex",
    "Reservation",
    "SpecVersion",
    "Spend",
    "Supplier",
    "SupplierLink",
    "Sweep",
    "TokenCounts",
    "Trade",
    "Transfer",
    "UsageRecord",
    "UsedDraw",
    "Webhook",
]
