"""Finding what a command names, or refusing by the name of what is missing.

Only look-ups that several rules share are here.
"""

from typing import Final

from thegrid_exchange.engine.quantities import PER_MILLE
from thegrid_exchange.engine.records import Instrument, Market, Member, SpecVersion
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.state import State

_MOMENT_US: Final = 100_000
"""When to repeat what Ticks are about to make possible."""


def the_member(state: State, member_id: str) -> Member:
    """The member with this id, suspended or not."""
    member = state.members.get(member_id)
    if member is None:
        refuse("MEMBER_NOT_FOUND", "member_id", f"no member `{member_id}`")
    return member


def active_member(state: State, member_id: str, role: str) -> Member:
    """The member with this id, which must not be suspended and must have the role."""
    member = state.members.get(member_id)
    if member is None:
        refuse("MEMBER_NOT_FOUND", "member_id", f"no member `{member_id}`")
    if member.suspended:
        refuse("MEMBER_SUSPENDED", "member_id", "is suspended; ask the operator")
    if role not in member.roles:
        refuse("ROLE_MISSING", "member_id", f"lacks the role `{role}`; ask the operator for it")
    return member


def the_instrument(state: State, instrument_id: str) -> Instrument:
    """The instrument with this id."""
    instrument = state.instruments.get(instrument_id)
    if instrument is None:
        refuse("INSTRUMENT_NOT_FOUND", "instrument_id", f"no instrument `{instrument_id}`")
    return instrument


def the_market(state: State, market_id: str) -> Market:
    """The market with this id, whatever its state."""
    market = state.markets.get(market_id)
    if market is None:
        refuse("MARKET_NOT_FOUND", "market_id", f"no market `{market_id}`")
    return market


def open_market(state: State, market_id: str) -> Market:
    """The market with this id, which must trade continuously now.

    From the instant of a slot on a market takes no orders, though its sweep may not have begun yet;
    the same holds for the auction before a sweep.
    """
    market = the_market(state, market_id)
    if market.state == "auction":
        wait_us = max(state.auctions[market.auction_id].ends_at_us - state.now_us, _MOMENT_US)
        refuse(
            "MARKET_NOT_OPEN",
            "market_id",
            "orders collect for an auction; give a limit order that may wait, or come back",
            retry_after_us=wait_us,
        )
    if market.state != "open":
        refuse("MARKET_NOT_OPEN", "market_id", f"the market is `{market.state}`")
    if market.sweep_id or state.now_us >= market.next_sweep_us:
        refuse(
            "MARKET_SWEEPING",
            "market_id",
            "the market's sweep is under way; repeat in a moment",
            retry_after_us=_MOMENT_US,
        )
    if state.now_us >= market.next_sweep_us - market.policy.sweep_auction_us:
        _refuse_moment()
    return market


def ordering_market(state: State, market_id: str) -> Market:
    """The market with this id, which must take orders that may wait: open, or in an auction."""
    market = the_market(state, market_id)
    if market.state != "auction":
        return open_market(state, market_id)
    if state.now_us >= state.auctions[market.auction_id].ends_at_us:
        _refuse_moment()
    return market


def _refuse_moment() -> None:
    refuse(
        "MARKET_NOT_OPEN",
        "market_id",
        "an auction is just beginning or ending; repeat in a moment",
        retry_after_us=_MOMENT_US,
    )


def spec_in_force(state: State, instrument: Instrument) -> SpecVersion:
    """The version whose time has come last; the first one holds from the start."""
    for version in range(instrument.latest_version, 1, -1):
        published = state.spec_versions[(instrument.instrument_id, version)]
        if published.effective_at_us <= state.now_us:
            return published
    return state.spec_versions[(instrument.instrument_id, 1)]


def weighted_tokens(state: State, instrument_id: str, tokens: int) -> int:
    """Tokens times the weight that one of them has in a capacity pool, rounded up."""
    spec = spec_in_force(state, state.instruments[instrument_id]).spec
    return -(-tokens * spec.capacity_weight_per_mille // PER_MILLE)


def are_affiliated(state: State, member_id: str, other_id: str) -> bool:
    """Whether two members are one, or belong to one affiliation group."""
    if member_id == other_id:
        return True
    group = state.members[member_id].affiliation_group
    other = state.members.get(other_id)
    return group != "" and other is not None and group == other.affiliation_group
