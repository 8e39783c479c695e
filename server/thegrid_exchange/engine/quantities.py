"""Money, units, tokens and ids: integers and strings with names, and the few sums done on them.

Balances, orders and lots live elsewhere; this module knows no state.
"""

from typing import Final, Literal

MICROS_PER_DOLLAR: Final = 1_000_000
TOKENS_PER_UNIT: Final = 1_000_000
BASIS_POINTS: Final = 10_000
PER_MILLE: Final = 1_000
SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
MINUTE_US: Final = 60 * SECOND_US
DAY_US: Final = 24 * HOUR_US
INT64_MAX: Final = 2**63 - 1

HOUSE: Final = "house"
"""Owner of the exchange's own accounts: fees, guarantee, external."""

CASH: Final = "usd"
"""The asset name of money, counted in micro-dollars; every other asset is an instrument id."""

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["gtc", "ioc", "fok", "gtd", "gts"]
PostOnlyMode = Literal["reject", "slide"]
UnitSource = Literal["issuance", "trading"]
SelfTradePrevention = Literal["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]
MarketState = Literal["open", "cancel_only", "halted", "auction"]
AuctionCause = Literal["operator", "max_move", "sweep"]
IndexStatus = Literal["provisional", "final", "forgotten"]
FeeTierMode = Literal["rates", "discount"]
AccountMode = Literal["auto", "advanced"]
ClosureReason = Literal[
    "filled",
    "cancelled",
    "no_liquidity",
    "max_slippage",
    "expired",
    "swept",
    "self_trade",
    "halted",
    "work_limit",
    "average_price",
    "spend_limit",
]
LotOrigin = Literal["transfer", "auto_transfer", "auto_buy", "sweep"]
Verdict = Literal[
    "in_spec",
    "late_first_token",
    "too_slow",
    "failed",
    "cancelled_by_client",
    "client_fault",
    "venue_fault",
]
SupplierStatus = Literal["none", "admitted", "warned", "suspended", "probation", "ended"]
StandingCause = Literal["operator", "performance", "uptime", "offer", "benchmark"]
BenchmarkStatus = Literal["running", "passed", "failed"]
NoticeKind = Literal[
    "low_cash",
    "low_tokens",
    "lot_expiring",
    "spend_limit",
    "key_expiring",
    "webhook_disabled",
    "supplier",
]
ReasoningBilling = Literal["counted", "visible", "forbidden"]
DisputeReason = Literal[
    "wrong_count",
    "wrong_cost",
    "not_delivered",
    "out_of_spec",
    "wrong_model",
    "not_mine",
    "other",
]
DisputeStatus = Literal["open", "refused", "refunded"]
DisputePayer = Literal["supplier", "venue"]
CashAccount = Literal[
    "available", "held", "escrow", "withheld", "collateral", "fees", "guarantee", "external"
]
TokenAccount = Literal[
    "issued",
    "retired",
    "bought_back",
    "unsold",
    "listed",
    "trading",
    "held",
    "lots",
    "reserved",
    "consumed",
    "expired",
    "refunded",
]

CONTRA_ACCOUNTS: Final = frozenset({"external", "issued"})
"""Accounts that stand for the world outside and may go below zero."""


def numbered(prefix: str, number: int) -> str:
    """The id of the `number`-th thing of its kind; equal width makes text order number order."""
    return f"{prefix}_{number:012d}"


def number_of(identifier: str) -> int:
    """The number inside an id made by `numbered`."""
    return int(identifier[-12:])


def instrument_id_of(symbol: str) -> str:
    """The id of the instrument with this symbol."""
    return f"ins_{symbol}"


def market_id_of(symbol: str) -> str:
    """The id of the one market of the instrument with this symbol."""
    return f"mkt_{symbol}"


def fee_micros(notional_micros: int, fee_bps: int) -> int:
    """A fee on a notional, rounded down: the fees of parts never exceed that of the whole."""
    return notional_micros * fee_bps // BASIS_POINTS


def hold_micros(price_micros: int, quantity_units: int, worst_fee_bps: int) -> int:
    """What a buy must set aside: its price for every Unit, and the dearer of the two fees."""
    notional_micros = price_micros * quantity_units
    return notional_micros + fee_micros(notional_micros, worst_fee_bps)


def value_micros(price_micros: int, tokens: int) -> int:
    """The worth of the first `tokens` tokens at a price per Unit, rounded down.

    Money for a stretch of tokens is the difference of two such values, so parts add up to all.
    """
    return price_micros * tokens // TOKENS_PER_UNIT


def value_between(price_micros: int, before_tokens: int, after_tokens: int) -> int:
    """The worth of the tokens from one count to another."""
    return value_micros(price_micros, after_tokens) - value_micros(price_micros, before_tokens)


def units_covering(tokens: int) -> int:
    """The least number of whole Units that holds this many tokens."""
    return -(-tokens // TOKENS_PER_UNIT)


def day_of(instant_us: int) -> int:
    """The UTC day of an instant, counted from 1970-01-01."""
    return instant_us // DAY_US


def month_of(instant_us: int) -> int:
    """The UTC month of an instant, counted from January 1970."""
    # Days are counted from 1 March of year 0, so that a leap day is the last of its year.
    days = day_of(instant_us) + 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    return (era * 400 + year_of_era - 1_970) * 12 + month_from_march + 2


def month_start_us(month: int) -> int:
    """The first instant of a UTC month that `month_of` counted."""
    year, month_from_january = divmod(month + 1_970 * 12, 12)
    year_from_march, month_from_march = (
        (year, month_from_january - 2)
        if month_from_january >= 2
        else (year - 1, month_from_january + 10)
    )
    era, year_of_era = divmod(year_from_march, 400)
    days = era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100
    return (days + (153 * month_from_march + 2) // 5 - 719_468) * DAY_US


def next_day_us(instant_us: int) -> int:
    """When the UTC day of an instant ends."""
    return (day_of(instant_us) + 1) * DAY_US


def next_month_us(instant_us: int) -> int:
    """When the UTC month of an instant ends."""
    return month_start_us(month_of(instant_us) + 1)
