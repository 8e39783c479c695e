"""Purchases of auto mode: what a call lacks, and ahead of need, under the member's ceilings.

They are market orders like any other, tagged `auto_buy`; what a call draws is in `delivery`.
"""

from typing import NamedTuple

from thegrid_exchange.engine import commands, events
from thegrid_exchange.engine.quantities import (
    PER_MILLE,
    TOKENS_PER_UNIT,
    next_day_us,
    units_covering,
)
from thegrid_exchange.engine.records import Instrument, Market, Member, Order
from thegrid_exchange.engine.refusals import Refusal, Refused, refuse
from thegrid_exchange.engine.rule import Rule, Trial
from thegrid_exchange.engine.rules.lookups import open_market
from thegrid_exchange.engine.rules.lots import move_to_lot, units_for_one_lot
from thegrid_exchange.engine.rules.notices import raise_standing, rearm
from thegrid_exchange.engine.rules.spending import spend_of
from thegrid_exchange.engine.rules.trading import enter, order_from
from thegrid_exchange.engine.state import State


class Bought(NamedTuple):
    """What an automatic purchase bought, and for how much, fees included."""

    units: int = 0
    micros: int = 0


def provide(
    state: State,
    member: Member,
    instrument: Instrument,
    missing_tokens: int,
    max_price_micros: int | None,
) -> Rule[Bought]:
    """Bring at least so many tokens into a Lot: Units in Trading first, then bought ones."""
    wanted_units = units_covering(missing_tokens)
    bought = Bought()
    free_units = _free_units(state, member, instrument)
    if free_units < wanted_units:
        market = open_market(state, instrument.market_id)
        bought = yield from _buy_size(
            state, member, market, wanted_units - free_units, max_price_micros
        )
    fitting_units = units_for_one_lot(state, member.member_id, instrument.instrument_id)
    moved_units = min(fitting_units, max(wanted_units, bought.units))
    if moved_units:
        yield from move_to_lot(
            state, member.member_id, instrument.instrument_id, moved_units, "auto_buy"
        )
    return bought


def top_up(state: State, member: Member, instrument: Instrument) -> Rule[None]:
    """Buy ahead of need once free tokens fall below the member's threshold, if that can be done.

    A purchase that is refused leaves no trace and stops no call; the next call tries again.
    """
    threshold_tokens = member.auto_buy_threshold_tokens
    if not threshold_tokens or member.account_mode != "auto":
        return
    free_tokens = state.balance(member.member_id, "lots", instrument.instrument_id)
    if free_tokens < threshold_tokens:
        tokens = member.auto_buy_units * TOKENS_PER_UNIT
        yield Trial(provide(state, member, instrument, tokens, None))


def _buy_size(
    state: State, member: Member, market: Market, needed_units: int, max_price_micros: int | None
) -> Rule[Bought]:
    """Buy the member's size, or only what is needed where the day's ceiling allows no more."""
    if member.auto_buy_units <= needed_units or not member.auto_buy_day_ceiling_micros:
        wanted_units = max(needed_units, member.auto_buy_units)
        return (
            yield from _auto_buy(
                state, member, market, needed_units, wanted_units, max_price_micros
            )
        )
    answer = yield Trial(
        _auto_buy(state, member, market, needed_units, member.auto_buy_units, max_price_micros)
    )
    if isinstance(answer, Bought):
        return answer
    if not isinstance(answer, Refusal) or answer.reason != "SPEND_LIMIT_REACHED":
        raise Refused(answer)
    return (
        yield from _auto_buy(state, member, market, needed_units, needed_units, max_price_micros)
    )


def _free_units(state: State, member: Member, instrument: Instrument) -> int:
    tokens = state.balance(member.member_id, "trading", instrument.instrument_id)
    return tokens // TOKENS_PER_UNIT


def _auto_buy(
    state: State,
    member: Member,
    market: Market,
    needed_units: int,
    wanted_units: int,
    max_price_micros: int | None,
) -> Rule[Bought]:
    """Buy at market under the member's and the call's ceilings, or refuse by what stood against."""
    best_micros = state.indices.books[market.market_id].sell.best_price_micros()
    if not member.auto_buy_ceiling_micros:
        message = "auto mode buys nothing before its owner sets a ceiling per Unit; set one"
        refuse("ABOVE_CEILING", "auto_buy_ceiling_micros", message, limit=0, value=best_micros)
    terms = market.terms
    steps = -(-max(wanted_units, terms.quantity_units_min) // terms.quantity_units_step)
    ceiling_micros = member.auto_buy_ceiling_micros
    order = order_from(
        state,
        member,
        market,
        commands.PlaceOrder(
            member_id=member.member_id,
            market_id=market.market_id,
            side="buy",
            type="market",
            quantity_units=steps * terms.quantity_units_step,
            price_micros=min(ceiling_micros, max_price_micros or ceiling_micros),
            time_in_force="ioc",
            self_trade_prevention="cancel_oldest",
            tag="auto_buy",
        ),
    )
    # The Units go into the Lot together with what was there before, so not fill by fill.
    reply = yield from enter(state, market, order._replace(auto_transfer=False))
    bought = reply.order
    if bought.filled_units < needed_units:
        _refuse_purchase(state, bought, needed_units)
    cost_micros = bought.filled_micros + bought.fee_micros
    yield from _note_purchase(state, member, cost_micros)
    return Bought(bought.filled_units, cost_micros)


def _note_purchase(state: State, member: Member, cost_micros: int) -> Rule[None]:
    """Count a purchase for the member's day, or refuse what goes beyond the day's ceiling."""
    spend = spend_of(state, member.member_id)
    limit, day_micros = member.auto_buy_day_ceiling_micros, spend.day_micros + cost_micros
    if limit and day_micros > limit:
        refuse(
            "SPEND_LIMIT_REACHED",
            "auto_buy_day_ceiling_micros",
            f"auto mode may spend {limit} micro-dollars a day, {spend.day_micros} are spent and "
            f"this would cost {cost_micros}; wait for the next UTC day, or raise the ceiling",
            limit=limit,
            value=day_micros,
            retry_after_us=next_day_us(state.now_us) - state.now_us,
        )
    noted = spend._replace(
        day_micros=day_micros,
        month_micros=spend.month_micros + cost_micros,
        total_micros=spend.total_micros + cost_micros,
        calls=spend.calls + 1,
    )
    yield events.SpendNoted((noted,))
    subject_id = "auto_buy_day_ceiling_micros"
    if day_micros * PER_MILLE < limit * state.term("spend_notice_per_mille") or not limit:
        yield from rearm(state, member.member_id, "spend_limit", subject_id)
        return
    yield from raise_standing(
        state,
        member.member_id,
        "spend_limit",
        subject_id,
        f"auto mode has spent {day_micros} of {limit} micro-dollars today ({subject_id})",
        limit=limit,
        value=day_micros,
        due_us=next_day_us(state.now_us),
    )


def _refuse_purchase(state: State, bought: Order, needed_units: int) -> None:
    filled_units = bought.filled_units
    if bought.closure_reason == "max_slippage":
        next_micros = state.indices.books[bought.market_id].sell.best_price_micros()
        message = "the Units on offer cost more than the ceiling; raise it or wait"
        refuse(
            "ABOVE_CEILING",
            "max_price_micros",
            message,
            limit=bought.price_micros,
            value=next_micros,
        )
    limit, value = filled_units, needed_units
    if bought.closure_reason == "work_limit":
        message = "too many small offers for one call; ask for fewer tokens"
        refuse("WORK_LIMIT", "prompt_tokens", message, limit=limit, value=value)
    message = f"the book offers {filled_units} of {needed_units} Units; try later"
    refuse("NO_LIQUIDITY", "instrument_id", message, limit=limit, value=value)
