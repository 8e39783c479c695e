"""Fees: what a tier makes of a market's rates, and the tiers themselves.

All sums are rounded down, against the exchange; where they are posted is decided in `matching`.
"""

import re
from typing import Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import BASIS_POINTS
from thegrid_exchange.engine.records import FeeTier, Market, MarketTerms, Member, Order
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State

_TIER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def set_fee_tier(state: State, command: commands.SetFeeTier) -> Rule[replies.FeeTierReply]:
    """Create a tier or change it; orders in the book keep the rates they were accepted with."""
    if not _TIER.fullmatch(command.fee_tier):
        refuse("INVALID_ARGUMENT", "fee_tier", "must be 1 to 32 of a-z, 0-9 and hyphen")
    most, there = state.term("max_fee_tiers"), len(state.fee_tiers)
    if command.fee_tier not in state.fee_tiers and there >= most:
        refuse(
            "TOO_LARGE", "fee_tier", f"there are {there} tiers; change one", limit=most, value=there
        )
    for name in ("maker_bps", "taker_bps"):
        figure = getattr(command, name)
        if not 0 <= figure <= BASIS_POINTS:
            refuse(
                "INVALID_ARGUMENT",
                name,
                "must be 0 to 10,000 basis points",
                limit=BASIS_POINTS if figure > 0 else 0,
                value=figure,
            )
    tier = FeeTier(*command)
    if state.fee_tiers.get(tier.fee_tier) != tier:
        yield events.FeeTierSet(tier)
    return replies.FeeTierReply(tier)


def check_fee_tier(state: State, fee_tier: str) -> None:
    """Refuse a tier that does not exist; empty stands for the market's own fees."""
    if fee_tier and fee_tier not in state.fee_tiers:
        refuse("FEE_TIER_NOT_FOUND", "fee_tier", f"no fee tier `{fee_tier}`; set it first")


def rates_of(state: State, member: Member, terms: MarketTerms) -> tuple[int, int] | None:
    """Maker's and taker's rate of a member's tier in a market; None for the market's own."""
    tier = state.fee_tiers.get(member.fee_tier)
    if tier is None:
        return None
    if tier.mode == "rates":
        return tier.maker_bps, tier.taker_bps
    return (
        terms.maker_fee_bps * (BASIS_POINTS - tier.maker_bps) // BASIS_POINTS,
        terms.taker_fee_bps * (BASIS_POINTS - tier.taker_bps) // BASIS_POINTS,
    )


def rate_bps(order: Order, market: Market, *, is_maker: bool) -> int:
    """What an order pays on a match, in basis points of its value."""
    if is_maker:
        own, usual = order.maker_fee_bps, market.terms.maker_fee_bps
    else:
        own, usual = order.taker_fee_bps, market.terms.taker_fee_bps
    return usual if own is None else own
