"""The named results with which a command is refused, and the exceptions that carry them.

How a refusal becomes a status on the wire is the edge's business, not this module's.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, NoReturn

Reason = Literal[
    "INVALID_ARGUMENT",
    "TOO_LARGE",
    "COMMAND_QUARANTINED",
    "RATE_LIMITED",
    "KEY_LIMIT",
    "KEY_ABOVE_PARENT",
    "SPEND_LIMIT_REACHED",
    "INSTRUMENT_NOT_ALLOWED",
    "WEBHOOK_NOT_FOUND",
    "WEBHOOK_LIMIT",
    "KEY_NOT_FOUND",
    "KEY_REVOKED",
    "KEY_EXPIRED",
    "INSTRUMENT_NOT_FOUND",
    "INSTRUMENT_EXISTS",
    "MARKET_NOT_FOUND",
    "MARKET_NOT_OPEN",
    "MARKET_SWEEPING",
    "MEMBER_NOT_FOUND",
    "MEMBER_SUSPENDED",
    "ROLE_MISSING",
    "POLICY_INVALID",
    "FEE_TIER_NOT_FOUND",
    "INSUFFICIENT_FUNDS",
    "INSUFFICIENT_UNITS",
    "NO_LIQUIDITY",
    "ABOVE_CEILING",
    "PRICE_OFF_TICK",
    "PRICE_OUT_OF_RANGE",
    "PRICE_OUT_OF_BAND",
    "QUANTITY_OUT_OF_RANGE",
    "POST_ONLY_WOULD_CROSS",
    "FILL_OR_KILL",
    "ORDER_TERMS_INVALID",
    "ORDER_TOO_LATE",
    "ORDER_NOT_FOUND",
    "ORDER_CLOSED",
    "CLIENT_ORDER_ID_TAKEN",
    "OPEN_ORDER_LIMIT",
    "WORK_LIMIT",
    "BATCH_UNDONE",
    "DELIVERY_NOT_FOUND",
    "DELIVERY_CLOSED",
    "DELIVERY_EXISTS",
    "SUPPLIER_NOT_ADMITTED",
    "OFFER_NOT_FOUND",
    "CAPACITY_EXCEEDED",
    "OFFER_BELOW_SPEC",
    "COLLATERAL_SHORT",
    "CONTEXT_EXCEEDED",
    "WRONG_REQUEST_KIND",
    "SUPPLIER_ON_PROBATION",
    "SELF_ADMISSION_CLOSED",
    "SUPPLIER_NOT_CONNECTED",
    "BENCHMARK_RUNNING",
    "METERING_POLICY_NOT_FOUND",
    "DISPUTE_NOT_FOUND",
    "DISPUTE_EXISTS",
    "DISPUTE_TOO_LATE",
    "DISPUTE_CLOSED",
    "DISPUTE_LIMIT",
]
"""Every reason the engine gives: names of `ErrorReason` in errors.proto, without the prefix."""


class Refusal(NamedTuple):
    """Why a command changed nothing: `reason`, the `field` at fault, and what to do about it.

    `limit` and `value` are the bound and the figure offered, in the field's own unit.
    `retry_after_us` is set where waiting helps.
    """

    reason: Reason
    field: str
    message: str
    limit: int | None = None
    value: int | None = None
    retry_after_us: int | None = None


class Refused(Exception):
    """Raised by a rule at any point; `step` unwinds the command and answers the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason, refusal.message)
        self.refusal = refusal


class Unwound(Exception):
    """Raised by a rule that wants its answer given and its events undone (`validate_only`)."""

    def __init__(self, reply: object) -> None:
        super().__init__()
        self.reply = reply


class InvariantBroken(Exception):
    """A law of the exchange does not hold; the process must stop and the command be set aside."""


def refuse(
    reason: Reason,
    field: str,
    message: str,
    *,
    limit: int | None = None,
    value: int | None = None,
    retry_after_us: int | None = None,
) -> NoReturn:
    """Refuse the command at hand; the message says what is wrong and what to do."""
    raise Refused(Refusal(reason, field, message, limit, value, retry_after_us))


def refuse_outside(
    record: object,
    ranges: Mapping[str, tuple[int, int]],
    path: str,
    reason: Reason = "INVALID_ARGUMENT",
) -> None:
    """Refuse the first figure of a record, which the command has at `path`, outside its range."""
    for name, (least, most) in ranges.items():
        figure = getattr(record, name)
        if not least <= figure <= most:
            refuse(
                reason,
                f"{path}.{name}",
                f"must be {least} to {most}",
                limit=least if figure < least else most,
                value=figure,
            )
