"""Which scope each method asks for, in one table; a method that is not here cannot be called.

Whose things a caller may see is each handler's affair; this only opens the door to the service.
"""

from typing import Final

PACKAGE: Final = "thegrid.v1"

_READ: Final = ("trade:read", "trade:write", "consume", "supply", "admin")
_TRADE: Final = ("trade:write",)
_TRADE_READ: Final = ("trade:read", "trade:write")
_ACCOUNT_READ: Final = ("trade:read", "trade:write", "consume")
_SUPPLY: Final = ("supply",)
_ADMIN: Final = ("admin",)
ANY: Final = (*_READ, "gateway")

_TABLE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "InstrumentService": {"GetInstrument": ANY, "ListInstruments": ANY},
    "MarketDataService": {
        "GetMarket": ANY,
        "ListMarkets": ANY,
        "GetBook": ANY,
        "ListTrades": ANY,
        "StreamMarketData": ANY,
    },
    "TradingService": {
        "PlaceOrder": _TRADE,
        "AmendOrder": _TRADE,
        "CancelOrder": _TRADE,
        "CancelOrders": _TRADE,
        "BatchOrders": _TRADE,
        "ReplaceQuotes": _TRADE,
        "CancelAllAfter": _TRADE,
        "GetOrder": _TRADE_READ,
        "ListOrders": _TRADE_READ,
        "ListFills": _TRADE_READ,
        "ListPreventedMatches": _TRADE_READ,
        "OrderSession": _TRADE,
    },
    "AccountService": {
        "GetBalances": _ACCOUNT_READ,
        "CreateTransfer": _TRADE,
        "ListTransfers": _ACCOUNT_READ,
        "GetLot": _ACCOUNT_READ,
        "ListLots": _ACCOUNT_READ,
        "ListPostings": _ACCOUNT_READ,
        "StreamAccount": _ACCOUNT_READ,
    },
    "UsageService": {"GetUsage": _ACCOUNT_READ, "ListUsage": _ACCOUNT_READ},
    "MemberService": {
        "GetMember": ANY,
        "UpdateSettings": ("trade:write", "admin"),
        "CreateKey": ("trade:write", "admin"),
        "RevokeKey": ("trade:write", "admin"),
        "ListKeys": ANY,
    },
    "SupplyService": {
        "RegisterOffer": _SUPPLY,
        "WithdrawOffer": _SUPPLY,
        "ListOffers": _SUPPLY,
        "IssueUnits": _SUPPLY,
        "RetireUnits": _SUPPLY,
        "GetSupply": _SUPPLY,
        "Serve": _SUPPLY,
    },
    "AdminService": {
        "CreateMember": _ADMIN,
        "ListMembers": _ADMIN,
        "SetMemberSuspended": _ADMIN,
        "Deposit": _ADMIN,
        "Withdraw": _ADMIN,
        "FundGuarantee": _ADMIN,
        "DefineInstrument": _ADMIN,
        "PublishSpec": _ADMIN,
        "SetMarketState": _ADMIN,
        "SetMarketPolicy": _ADMIN,
        "StartAuction": _ADMIN,
        "SetFeeTier": _ADMIN,
        "ListFeeTiers": _ADMIN,
        "UpdateMember": _ADMIN,
        "AdmitSupplier": _ADMIN,
        "SetSupplierSuspended": _ADMIN,
        "SetPolicy": _ADMIN,
        "GetPolicy": _ADMIN,
        "GetTrialBalance": _ADMIN,
    },
    "PerformanceService": {
        "ListPerformance": ANY,
        "ListSupplierChanges": ("supply", "admin"),
    },
    "DeliveryService": {"Deliver": ("consume",), "DeliverySession": ("gateway",)},
}

SCOPES: Final[dict[str, tuple[str, ...]]] = {
    f"/{PACKAGE}.{service}/{method}": scopes
    for service, methods in _TABLE.items()
    for method, scopes in methods.items()
}
"""Full method name to the scopes of which a key must carry at least one."""

CHECKS_ITSELF: Final = frozenset({f"/{PACKAGE}.DeliveryService/DeliverySession"})
"""Streams that carry commands of many callers, so that a bad one must not end the stream."""

LIMITED_ELSEWHERE: Final = frozenset({f"/{PACKAGE}.DeliveryService/Deliver"})
"""Streams that do not count as open streams of a key: the relay bounds a key's deliveries."""
