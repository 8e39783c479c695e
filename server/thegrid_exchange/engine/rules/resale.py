"""What is withheld of a resale: the gain, until the Units are delivered or end otherwise.

The gains of all resales of a parcel lie in layers between its first price and its last, so that
whoever paid that can be given it back by those who gained, should the issuer fail.
"""

from thegrid_exchange.engine.quantities import BASIS_POINTS, CASH
from thegrid_exchange.engine.records import Gain, Parcel, Posting, Trade


def resold(
    parcel: Parcel, trade: Trade, fee_bps: int, gains_max: int
) -> tuple[Parcel, list[Posting]]:
    """A parcel in its buyer's hands, and what its sale withholds and sets free.

    A sale at a loss sets free the layers above its price. The seller's fee is not withheld.
    """
    units, price_micros = parcel.quantity_units, trade.price_micros
    lines: list[Posting] = []
    layers: list[Gain] = []
    for gain in parcel.gains:
        until_micros = max(min(gain.until_micros, price_micros), gain.from_micros)
        lines += _freed(gain._replace(from_micros=until_micros), units)
        if until_micros > gain.from_micros:
            layers.append(gain._replace(until_micros=until_micros))
    from_micros = max(parcel.issue_price_micros, parcel.cost_price_micros)
    net_micros = price_micros + -price_micros * fee_bps // BASIS_POINTS
    if net_micros > from_micros:
        amount = (net_micros - from_micros) * units
        lines.append(Posting(trade.seller_id, "available", CASH, -amount))
        lines.append(Posting(trade.seller_id, "withheld", CASH, amount))
        layers.append(Gain(trade.seller_id, from_micros, net_micros))
    if len(layers) > gains_max:
        least = min(layers, key=lambda gain: gain.until_micros - gain.from_micros)
        layers.remove(least)
        lines += _freed(least, units)
    sold = parcel._replace(
        cost_trade_id=trade.trade_id,
        cost_price_micros=price_micros,
        cost_affiliated=trade.affiliated,
        gains=tuple(layers),
    )
    return sold, lines


def freed_whole(parcel: Parcel) -> list[Posting]:
    """What is set free when a parcel's issuer takes it back: nobody can fail on it any more."""
    return [line for gain in parcel.gains for line in _freed(gain, parcel.quantity_units)]


def _freed(gain: Gain, units: int) -> list[Posting]:
    amount = (gain.until_micros - gain.from_micros) * units
    return [
        Posting(gain.member_id, "withheld", CASH, -amount),
        Posting(gain.member_id, "available", CASH, amount),
    ]
