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
    Member,
)
from thegrid_exchange.engine.records.supply import (
    AbleHistory,
    Admission,
    CollateralMark,
    Loss,
    Offer,
    Shortfall,
    Supplier,
    SupplierLink,
)
from thegrid_exchange.engine.records.trading import (
    Cancellation,
    CancelTimer,
    ClosedOrder,
    Fill,
    Gain,
    Order,
    Parcel,
    ParcelChange,
    Posting,
    Trade,
)

__all__ = [
    "AbleHistory",
    "Admission",
    "Attempt",
    "Auction",
    "CancelTimer",
    "Cancellation",
    "ClosedDelivery",
    "ClosedOrder",
    "CollateralMark",
    "Draw",
    "FeeTier",
    "Fill",
    "FirstTokenBand",
    "Gain",
    "IndexInput",
    "IndexWindow",
    "Instrument",
    "InstrumentSpec",
    "Key",
    "Loss",
    "Lot",
    "LotParcel",
    "LotParcelChange",
    "Market",
    "MarketPolicy",
    "MarketTerms",
    "Member",
    "Offer",
    "Order",
    "Parcel",
    "ParcelChange",
    "Posting",
    "ReferenceIndex",
    "Reservation",
    "Shortfall",
    "SpecVersion",
    "Supplier",
    "SupplierLink",
    "Sweep",
    "TokenCounts",
    "Trade",
    "Transfer",
    "UsageRecord",
    "UsedDraw",
]
