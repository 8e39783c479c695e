"""The one price at which a book that collected orders trades the most.

Maximum volume, then the least surplus, then nearest to the reference, then the lower price. Who
trades with whom at that price is decided in `rules.auctions`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from thegrid_exchange.engine.book import Book, BookSide


class Clearing(NamedTuple):
    """A price, what trades at it, and what is left over: above 0 on the buy side, below on sell."""

    price_micros: int
    volume_units: int
    surplus_units: int


class _Span(NamedTuple):
    """Prices between which demand and supply do not change; `first` and `last` are among them."""

    first_micros: int
    last_micros: int
    volume_units: int
    surplus_units: int


def is_crossed(book: Book) -> bool:
    """Whether some buy and some sell agree on a price."""
    best_buy, best_sell = book.buy.best_price_micros(), book.sell.best_price_micros()
    return best_buy is not None and best_sell is not None and best_buy >= best_sell


def clearing(book: Book, tick_micros: int, reference_micros: int) -> Clearing | None:
    """Where the book clears, or None when nothing would trade.

    Only the levels that cross are looked at. Without a reference (0) the middle of the crossed
    prices stands for it.
    """
    low_micros, high_micros = book.sell.best_price_micros(), book.buy.best_price_micros()
    if low_micros is None or high_micros is None or low_micros > high_micros:
        return None
    aim_micros = reference_micros or (low_micros + high_micros) // 2
    best: Clearing | None = None
    best_rank: tuple[int, int, int, int] | None = None
    for span in _spans(book, low_micros, high_micros, tick_micros):
        price_micros = _nearest(span, aim_micros, tick_micros)
        rank = (
            -span.volume_units,
            abs(span.surplus_units),
            abs(price_micros - aim_micros),
            price_micros,
        )
        if best_rank is None or rank < best_rank:
            best = Clearing(price_micros, span.volume_units, span.surplus_units)
            best_rank = rank
    return best


def _spans(book: Book, low_micros: int, high_micros: int, tick_micros: int) -> Iterator[_Span]:
    """Each price of the crossed levels, and the open stretches between them, lowest first."""
    buys, sells = _levels(book.buy, low_micros), _levels(book.sell, high_micros)
    demand_units, supply_units = sum(buys.values()), 0
    before_micros = None
    for price_micros in sorted({*buys, *sells}):
        if before_micros is not None and before_micros + tick_micros < price_micros:
            inside = (before_micros + tick_micros, price_micros - tick_micros)
            yield _span(*inside, demand_units, supply_units)
        supply_units += sells.get(price_micros, 0)
        yield _span(price_micros, price_micros, demand_units, supply_units)
        demand_units -= buys.get(price_micros, 0)
        before_micros = price_micros


def _levels(side: BookSide, limit_micros: int) -> dict[int, int]:
    """Quantities by price, as far as the other side's best price reaches."""
    found: dict[int, int] = {}
    for price_micros, level in side.walk():
        if not side.reaches(price_micros, limit_micros):
            break
        found[price_micros] = level.quantity_units
    return found


def _span(first_micros: int, last_micros: int, demand_units: int, supply_units: int) -> _Span:
    volume_units = min(demand_units, supply_units)
    return _Span(first_micros, last_micros, volume_units, demand_units - supply_units)


def _nearest(span: _Span, aim_micros: int, tick_micros: int) -> int:
    """The price of a span that lies nearest, the lower one of two."""
    if aim_micros >= span.last_micros:
        return span.last_micros
    if aim_micros <= span.first_micros:
        return span.first_micros
    steps, rest_micros = divmod(aim_micros - span.first_micros, tick_micros)
    lower_micros = span.first_micros + steps * tick_micros
    return lower_micros + tick_micros if rest_micros * 2 > tick_micros else lower_micros
