"""Dollars as people write them, micro-dollars as the exchange counts them.
Nothing here rounds: what has no exact answer is refused, and a float is never taken.
"""

from decimal import Decimal, InvalidOperation

MICROS_PER_DOLLAR = 1_000_000
TOKENS_PER_UNIT = 1_000_000
INT64_MAX = 2**63 - 1


def micros(amount: str | int | Decimal) -> int:
    """Return dollars as micro-dollars: ``micros("1.25") == 1_250_000``.

    Raises TypeError for a float, which cannot hold most decimal prices, and ValueError for text
    that is no number, for more than six decimals, and for more than the exchange can count.
    """
    if isinstance(amount, bool) or not isinstance(amount, (str, int, Decimal)):
        raise TypeError(
            f"a dollar amount is a str, an int or a Decimal, not {type(amount).__name__}; "
            'write it in quotes: micros("1.25")'
        )
    scaled = _decimal(amount) * MICROS_PER_DOLLAR
    if scaled != scaled.to_integral_value():
        raise ValueError(
            f"{amount} dollars have more than six decimals; the exchange counts micros"
        )
    if abs(scaled) > INT64_MAX:
        raise ValueError(f"{amount} dollars are more than the exchange can count")
    return int(scaled)


def dollars(amount_micros: int) -> Decimal:
    """Return micro-dollars as exact dollars: ``dollars(1_250_000) == Decimal("1.25")``."""
    if isinstance(amount_micros, bool) or not isinstance(amount_micros, int):
        raise TypeError(f"micro-dollars are an int, not {type(amount_micros).__name__}")
    return Decimal(amount_micros).scaleb(-6)


def dollar_text(amount_micros: int) -> str:
    """Return micro-dollars for display, with at least two decimals and never more than needed."""
    whole, _, parts = f"{dollars(amount_micros):.6f}".partition(".")
    return f"{whole}.{parts.rstrip('0'):0<2}"


def _decimal(amount: str | int | Decimal) -> Decimal:
    try:
        value = Decimal(amount.strip().removeprefix("$") if isinstance(amount, str) else amount)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount of dollars; write it like 1.25") from None
    if not value.is_finite() or value.adjusted() > 20:
        raise ValueError(f"{amount} is no amount of dollars that the exchange can count")
    return value
