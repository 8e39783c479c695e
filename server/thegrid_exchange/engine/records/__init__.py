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
from thegrid_exchange.engine.records.markets import (
    FirstTokenBand,
    Instrument,
    InstrumentSpec,
    Market,
    MarketTerms,
    SpecVersion,
)
from thegrid_exchange.engine.records.members import (
    Key,
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
    "Attempt",
    "Cancellation",
    "ClosedDelivery",
    "ClosedOrder",
    "Draw",
    "Fill",
    "FirstTokenBand",
    "Instrument",
    "InstrumentSpec",
    "Key",
    "Lot",
    "LotParcel",
    "LotParcelChange",
    "Market",
    "MarketTerms",
    "Member",
    "Offer",
    "Order",
    "Parcel",
    "ParcelChange",
    "Posting",
    "Reservation",
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
