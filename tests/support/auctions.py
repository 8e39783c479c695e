"""Call auctions in one line each, for tests of the engine.

The exchange they act on is made in `market`.
"""

from typing import Final

from tests.support.market import DOLLAR, MARKET, SECOND, Exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import TradeExecuted
from thegrid_exchange.engine.records import Market

SLOT_US: Final = 1_780_012_800_000_000
"""The first sweep after the start of every test."""


def shown(market: Exchange) -> Market:
    return market.state.markets[MARKET]


def call(market: Exchange, seconds: int = 60) -> None:
    until_us = market.at_us + seconds * SECOND
    market.ok(commands.StartAuction(MARKET, until_us, "for a test"))


def end(market: Exchange, seconds: int = 60) -> list[tuple[int, int]]:
    """Let the auction end; answers price in dollars and quantity of its trades."""
    market.later(seconds * SECOND)
    market.tick()
    trades = [event.trade for event in market.all_events(TradeExecuted)]
    return [(t.price_micros // DOLLAR, t.quantity_units) for t in trades if t.auction_id]
