"""What a call auction would trade at now: worked out from the durable book when somebody asks.

How it will trade is the engine's affair; the price comes from the same function.
"""

from typing import NamedTuple

from thegrid_exchange.engine.clearing import clearing
from thegrid_exchange.engine.records import Auction
from thegrid_exchange.engine.state import State


class Indication(NamedTuple):
    """An auction as it stands or as it ended; without an auction (None) all is empty."""

    auction: Auction | None = None
    price_micros: int = 0
    volume_units: int = 0
    surplus_units: int = 0
    is_finished: bool = False


def indicated(state: State, market_id: str) -> Indication:
    """What the market's auction would trade at; it looks at the crossed levels alone."""
    market = state.markets[market_id]
    if not market.auction_id:
        return Indication()
    auction = state.auctions[market.auction_id]
    book = state.indices.books[market_id]
    found = clearing(book, market.terms.tick_micros, auction.reference_micros)
    return Indication(auction) if found is None else Indication(auction, *found)


def finished(auction: Auction) -> Indication:
    """How an auction ended."""
    return Indication(auction, auction.price_micros, auction.volume_units, 0, is_finished=True)
