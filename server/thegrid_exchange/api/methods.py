"""Which scope each method asks for, in one table; a method that is not here cannot be called.

Whose things a caller may see is each handler's affair; this only opens the door to the service.
"""

from typing import Final

PACKAGE: Final = "thegrid.v1"

_READ: Final = ("trade:read", "trade:write", "consume", "supply", "admin", "keys")
_TRADE: Final = ("trade:write",)
_TRADE_READ: Final = ("trade:read", "trade:write")
_ACCOUNT_READ: Final = ("trade:read", "trade:write", "consume")
_DISPUTE: Final = ("consume", "trade:write")
_SUPPLY: Final = ("supply",)
_KEYS: Final = ("trade:write", "admin", "keys")
_ADMIN: Final = ("admin",)
ANY: Final = (*_READ, "gateway")

_TABLE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "InstrumentService": {
        "GetInstrument": ANY,
        "ListInstruments": ANY,
        "ListMeteringPolicies": ANY,
    },
    "MarketDataService": {
        "GetMarket": ANY,
        "ListMarkets": ANY,
        "GetBook": ANY,
        "GetOrderBook": ANY,
        "GetTicker": ANY,
        "ListTickers": ANY,
        "ListCandles": ANY,
        "ListTrades": ANY,
        "StreamMarketData": ANY,
        "GetReferenceIndex": ANY,
        "ListReferenceIndexes": ANY,
        "ListReferenceIndexInputs": ANY,
    },
    "TradingService": {
        "PlaceOrder": _TRADE,
        "AmendOrder": _TRADE,
        "CancelOrder": _TRADE,
        "CancelOrders": _TRADE,
        "BatchOrders": _TRADE,
        "ReplaceQuotes": _TRADE,
        "CancelAllAfter": _TRADE,
        "GetCancelAllAfter": _TRADE_READ,
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
    "UsageService": {
        "GetUsage": _ACCOUNT_READ,
        "ListUsage": _ACCOUNT_READ,
        "SummarizeUsage": _ACCOUNT_READ,
        "DisputeUsage": _DISPUTE,
        "ListReceiptKeys": ANY,
    },
    "HistoryService": {
        "ListPositions": _ACCOUNT_READ,
        "GetStatistics": _ACCOUNT_READ,
        "GetStatement": _ACCOUNT_READ,
        "ListSweeps": _ACCOUNT_READ,
    },
    "MemberService": {
        "GetMember": ANY,
        "UpdateSettings": ("trade:write", "admin"),
        "CreateKey": _KEYS,
        "UpdateKey": _KEYS,
        "RotateKey": _KEYS,
        "RevokeKey": _KEYS,
        "GetKey": ANY,
        "ListKeys": ANY,
    },
    "NoticeService": {
        "ListNotices": _ACCOUNT_READ,
        "CreateWebhook": _TRADE,
        "UpdateWebhook": _TRADE,
        "DeleteWebhook": _TRADE,
        "ListWebhooks": _ACCOUNT_READ,
        "TestWebhook": _TRADE,
    },
    "SupplyService": {
        "RegisterOffer": _SUPPLY,
        "WithdrawOffer": _SUPPLY,
        "ListOffers": _SUPPLY,
        "IssueUnits": _SUPPLY,
        "RetireUnits": _SUPPLY,
        "SetRenewal": _SUPPLY,
        "PostCollateral": _SUPPLY,
        "WithdrawCollateral": _SUPPLY,
        "GetSupply": (*_SUPPLY, *_ADMIN),
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
        "DefineMeteringPolicy": _ADMIN,
        "ListDisputes": _ADMIN,
        "ResolveDispute": _ADMIN,
    },
    "DeliveryService": {
        "Deliver": ("consume",),
        "DeliverySession": ("gateway",),
        "CountTokens": ("consume",),
        "CancelDelivery": ("consume",),
    },
    "PerformanceService": {
        "ListPerformance": ANY,
        "ListSupplierChanges": ("supply", "admin"),
        "RunBenchmark": ("supply", "admin"),
        "GetBenchmark": ("supply", "admin"),
    },
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
