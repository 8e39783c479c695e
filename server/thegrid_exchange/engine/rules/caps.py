"""How far the caps of a market order let it go at the next price: by average and by total spend.

Its worst price is the bound that `matching` has for every order.
"""

from typing import Literal

from thegrid_exchange.engine.quantities import fee_micros
from thegrid_exchange.engine.records import Market, Order
from thegrid_exchange.engine.rules.fees import rate_bps

CapStop = Literal["average_price", "spend_limit"]


def most_units(order: Order, market: Market, price_micros: int) -> tuple[int, CapStop]:
    """The most Units a capped order may take at a price, and the cap that says so.

    Whole steps of the market alone, so that nobody is left with a part of one.
    """
    units, stop = order.remaining_units, "average_price"
    if order.max_average_price_micros:
        units = min(units, _within_average(order, price_micros))
    if order.max_spend_micros:
        affordable = _within_spend(order, price_micros, rate_bps(order, market, is_maker=False))
        if affordable < units:
            units, stop = affordable, "spend_limit"
    units -= units % market.terms.quantity_units_step
    return units, stop  # type: ignore[return-value]  # one of the two words above


def _within_average(order: Order, price_micros: int) -> int:
    """Units until the average of all fills would pass the cap, which cheaper ones put off."""
    cap_micros = order.max_average_price_micros
    room_micros = cap_micros * order.filled_units - order.filled_micros
    beyond_micros = price_micros - cap_micros
    if order.side == "sell":
        room_micros, beyond_micros = -room_micros, -beyond_micros
    if beyond_micros <= 0:
        return order.remaining_units
    return max(room_micros, 0) // beyond_micros


def _within_spend(order: Order, price_micros: int, fee_bps: int) -> int:
    """Units whose price and fee what is left of the spend still covers."""
    left_micros = order.max_spend_micros - order.filled_micros - order.fee_micros
    # The fee is rounded down, so a first guess by exact shares is short by one at the most.
    units = max(left_micros * 10_000 // (price_micros * (10_000 + fee_bps)), 0)
    notional_micros = price_micros * (units + 1)
    return units + (notional_micros + fee_micros(notional_micros, fee_bps) <= left_micros)
