"""How a market stops trading continuously: the max-move breaker, and auctions being opened.

How an auction ends is in `auctions`. A price band refuses an order; the breaker halts the market.
"""

from typing import NamedTuple

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import BASIS_POINTS, AuctionCause
from thegrid_exchange.engine.records import Auction, Market
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State


class MoveBounds(NamedTuple):
    """The prices between which a market may trade, and where they come from."""

    low_micros: int
    high_micros: int
    reference_micros: int

    def allows(self, price_micros: int) -> bool:
        """Whether a trade at this price leaves the market open."""
        return self.low_micros <= price_micros <= self.high_micros


def move_bounds(state: State, market: Market) -> Rule[MoveBounds | None]:
    """How far the market may trade now; None when any price will do.

    A reference holds for the window of the market's policy; the next one is the last price.
    """
    policy, last_micros = market.policy, market.last_trade_price_micros
    if not policy.max_move_bps or not last_micros:
        return None
    reference_micros = market.reference_price_micros
    age_us = state.now_us - market.reference_at_us
    if not reference_micros or age_us >= policy.max_move_window_us:
        reference_micros = last_micros
        yield events.ReferenceSet(market.market_id, reference_micros, state.now_us)
    reach_micros = reference_micros * policy.max_move_bps // BASIS_POINTS
    return MoveBounds(
        reference_micros - reach_micros, reference_micros + reach_micros, reference_micros
    )


def halt_for_move(
    state: State, market: Market, bounds: MoveBounds, price_micros: int
) -> Rule[None]:
    """Halt a market that would have traded too far off; it reopens by an auction."""
    policy = market.policy
    reason = (
        f"max_move: {price_micros} lies beyond {policy.max_move_bps} basis points "
        f"of {bounds.reference_micros}"
    )
    ends_at_us = state.now_us + policy.max_move_auction_us
    yield from open_auction(state, market, "max_move", ends_at_us, reason)


def open_auction(
    state: State, market: Market, cause: AuctionCause, ends_at_us: int, reason: str
) -> Rule[None]:
    """Let orders collect; a sweep waits for no auction, so it ends at the slot at the latest."""
    auction = Auction(
        auction_id=state.next_id("auc"),
        market_id=market.market_id,
        cause=cause,
        opened_at_us=state.now_us,
        ends_at_us=min(ends_at_us, market.next_sweep_us),
        reference_micros=market.last_trade_price_micros,
    )
    yield events.AuctionOpened(auction, reason)
