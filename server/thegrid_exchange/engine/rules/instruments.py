"""Instruments, the versions of their contracts, and the states of their markets.

Sweep slots are set here when a market begins and moved by `sweeps` from then on.
"""

import re
from typing import Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import (
    BASIS_POINTS,
    HOUR_US,
    INT64_MAX,
    SECOND_US,
    instrument_id_of,
    market_id_of,
)
from thegrid_exchange.engine.records import (
    Instrument,
    InstrumentSpec,
    Market,
    MarketPolicy,
    MarketTerms,
    SpecVersion,
)
from thegrid_exchange.engine.refusals import refuse, refuse_outside
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.auctions import book_is_crossed, call_off, reopen
from thegrid_exchange.engine.rules.embeddings import (
    check_embedding,
    check_successor,
    output_tokens_least,
)
from thegrid_exchange.engine.rules.lookups import the_instrument, the_market
from thegrid_exchange.engine.rules.metering import check_metering
from thegrid_exchange.engine.rules.sweeps import slot_after
from thegrid_exchange.engine.state import State

_SYMBOL: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
MARKET_VALUE_MAX: Final = 2**62
"""Greatest price times greatest quantity, so that sums with fees stay within 64 bits."""


def define_instrument(
    state: State, command: commands.DefineInstrument
) -> Rule[replies.InstrumentReply]:
    """Create an instrument, the first version of its contract, and its market, open at once."""
    if not _SYMBOL.fullmatch(command.symbol):
        refuse(
            "INVALID_ARGUMENT",
            "symbol",
            "must be 1 to 63 of a-z, 0-9, dot and hyphen, not beginning with dot or hyphen",
        )
    instrument_id = instrument_id_of(command.symbol)
    if instrument_id in state.instruments:
        refuse("INSTRUMENT_EXISTS", "symbol", f"`{command.symbol}` exists; publish a new version")
    _check_spec(state, command.spec)
    _check_terms(command.terms)
    market_id = market_id_of(command.symbol)
    now_us = state.now_us
    yield events.InstrumentDefined(
        Instrument(instrument_id, command.symbol, command.name, market_id, 1, now_us),
        SpecVersion(instrument_id, 1, command.spec, now_us, now_us),
        Market(
            market_id=market_id,
            instrument_id=instrument_id,
            symbol=command.symbol,
            terms=command.terms,
            state="open",
            state_reason="",
            next_sweep_us=slot_after(state, now_us),
        ),
    )
    return replies.InstrumentReply(instrument_id, market_id)


def publish_spec(state: State, command: commands.PublishSpec) -> Rule[replies.SpecReply]:
    """Publish the next version, in force from now or later, never before the one it follows."""
    instrument = the_instrument(state, command.instrument_id)
    _check_spec(state, command.spec)
    latest = state.spec_versions[(instrument.instrument_id, instrument.latest_version)]
    check_successor(latest.spec, command.spec)
    earliest_us = max(state.now_us, latest.effective_at_us)
    effective_at_us = command.effective_at_us or earliest_us
    if effective_at_us < earliest_us:
        refuse(
            "INVALID_ARGUMENT",
            "effective_at_us",
            "must not lie in the past, nor before the version published last",
            limit=earliest_us,
            value=command.effective_at_us,
        )
    version = SpecVersion(
        instrument.instrument_id,
        instrument.latest_version + 1,
        command.spec,
        effective_at_us,
        state.now_us,
    )
    yield events.SpecPublished(version)
    return replies.SpecReply(version.instrument_id, version.version, version.effective_at_us)


def set_market_state(
    state: State, command: commands.SetMarketState
) -> Rule[replies.MarketStateReply]:
    """Open, half close or halt a market; resting orders stay and may be cancelled.

    Opening a market whose book crossed while it was called off, or whose auction is under way,
    trades what agrees at one price first.
    """
    market = the_market(state, command.market_id)
    if command.state == "auction":
        refuse("INVALID_ARGUMENT", "state", "is not set by hand; start an auction")
    if command.state == "open" and (market.auction_id or book_is_crossed(state, market.market_id)):
        return (yield from reopen(state, market, command.reason))
    if market.auction_id:
        yield from call_off(state, market, command)
    elif (market.state, market.state_reason) != (command.state, command.reason):
        yield events.MarketStateChanged(market.market_id, command.state, command.reason)
    return replies.MarketStateReply(market.market_id, command.state)


def set_market_policy(
    state: State, command: commands.SetMarketPolicy
) -> Rule[replies.MarketPolicyReply]:
    """Give a market its own figures; an auction under way keeps the end it was given."""
    market = the_market(state, command.market_id)
    policy = command.policy
    refuse_outside(policy, _policy_ranges(state, policy), "policy", "POLICY_INVALID")
    if market.policy != policy:
        yield events.MarketPolicyChanged(market.market_id, policy)
    return replies.MarketPolicyReply(market.market_id, policy)


def _policy_ranges(state: State, policy: MarketPolicy) -> dict[str, tuple[int, int]]:
    least_us = SECOND_US if policy.max_move_bps else 0
    return {
        "max_move_bps": (0, 100 * BASIS_POINTS),
        "max_move_window_us": (least_us, 24 * HOUR_US),
        "max_move_auction_us": (least_us, 24 * HOUR_US),
        # Between two sweeps a market trades for at least half of the time.
        "sweep_auction_us": (0, state.term("sweep_interval_us") // 2),
    }


def _check_spec(state: State, spec: InstrumentSpec) -> None:
    check_metering(state, spec)
    ceilings = [band.prompt_tokens_max for band in spec.first_token_bands]
    if not ceilings or ceilings != sorted(set(ceilings)):
        refuse("INVALID_ARGUMENT", "spec.first_token_bands", "must be there, smallest prompt first")
    floors = {
        "context_tokens_min": 1,
        "output_tokens_min": output_tokens_least(spec),
        "capacity_weight_per_mille": 1,
    }
    for name, least in floors.items():
        figure = getattr(spec, name)
        if figure < least:
            must = "must be above 0" if least else "must not be negative"
            refuse("INVALID_ARGUMENT", f"spec.{name}", must, limit=least, value=figure)
    check_embedding(spec)


def _check_terms(terms: MarketTerms) -> None:
    ranges = {
        "tick_micros": (1, MARKET_VALUE_MAX),
        "quantity_units_step": (1, MARKET_VALUE_MAX),
        "quantity_units_min": (1, terms.quantity_units_max),
        "maker_fee_bps": (0, BASIS_POINTS),
        "taker_fee_bps": (0, BASIS_POINTS),
    }
    refuse_outside(terms, ranges, "terms")
    if not 0 < terms.price_micros_max * terms.quantity_units_max <= MARKET_VALUE_MAX:
        refuse(
            "INVALID_ARGUMENT",
            "terms.price_micros_max",
            "times the greatest quantity must be above 0 and within 62 bits",
            limit=MARKET_VALUE_MAX,
            value=min(terms.price_micros_max * terms.quantity_units_max, INT64_MAX),
        )
