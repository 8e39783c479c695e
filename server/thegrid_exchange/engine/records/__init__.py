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
    "Draw",
    "FeeTier",
    "Fill",
    "FirstTokenBand",
    "Instrument",
    "InstrumentSpec",
    "Key",
    "KeyLimits",
    "Lot",
    "LotParcel",
    "LotParcelChange",
    "Market",
    "MarketPolicy",
    "MarketTerms",
    "Member",
    "Notice",
    "Offer",
    "Order",
    "Parcel",
    "ParcelChange",
    "Posting",
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
