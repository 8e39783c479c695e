"""Several events as few: what a reader who is behind gets instead of each of them.

Only what the later of two events replaces is left out; trades are never merged.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from thegrid_exchange.views.pictures import BookChange, OrdersChange


def levels(contents: Sequence[BookChange]) -> list[Any]:
    """The latest of each level."""
    bids = {each.price_micros: each for change in contents for each in change.bids}
    asks = {each.price_micros: each for change in contents for each in change.asks}
    return [BookChange(tuple(bids.values()), tuple(asks.values()), contents[-1].checksum)]


def orders(contents: Sequence[OrdersChange]) -> list[Any]:
    """The latest of each order; orders that came and went in between are told as gone."""
    bids = {each.order_id: each for change in contents for each in change.bids}
    asks = {each.order_id: each for change in contents for each in change.asks}
    return [OrdersChange(tuple(bids.values()), tuple(asks.values()), contents[-1].checksum)]


def latest(contents: Sequence[Any]) -> list[Any]:
    """The last one, for each tells all of its subject."""
    return [contents[-1]]


def candles(contents: Sequence[Any]) -> list[Any]:
    """The latest of each candle, so that none is missing its end."""
    return list({each.bar.start_us: each for each in contents}.values())


def indexes(contents: Sequence[Any]) -> list[Any]:
    """The latest of each window."""
    return list({each.window_start_us: each for each in contents}.values())


MERGES: Final[dict[str, Callable[[Sequence[Any]], list[Any]]]] = {
    "book": levels,
    "orders": orders,
    "best": latest,
    "auction": latest,
    "ticker": latest,
    "candles": candles,
    "index": indexes,
}
"""By channel; one that is not here is sent event by event."""
