"""Deliveries: reserving tokens for a call, following it by marks, and taking its report.

Money moves when a delivery is settled, in `usage`; a mark only says how far it has come.
"""

from typing import NamedTuple

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import TOKENS_PER_UNIT, units_covering
from thegrid_exchange.engine.records import (
    Draw,
    Instrument,
    Market,
    Member,
    Order,
    Reservation,
    TokenCounts,
)
from thegrid_exchange.engine.refusals import Refusal, refuse
from thegrid_exchange.engine.rule import Rule, Trial
from thegrid_exchange.engine.rules.lookups import (
    active_member,
    open_market,
    spec_in_force,
    the_instrument,
)
from thegrid_exchange.engine.rules.lots import (
    choose_draws,
    lot_deadline_us,
    move_to_lot,
    set_aside,
    units_for_one_lot,
)
from thegrid_exchange.engine.rules.trading import enter, order_from
from thegrid_exchange.engine.rules.usage import largest_issuers, record_late_report, settle
from thegrid_exchange.engine.state import State


class _Bought(NamedTuple):
    """What an automatic purchase bought, and for how much, fees included."""

    units: int = 0
    micros: int = 0


def reserve(state: State, command: commands.Reserve) -> Rule[replies.ReserveReply]:
    """Set aside the prompt and the first step of output, all or nothing, across Lots."""
    member = active_member(state, command.member_id, "consumer")
    instrument = the_instrument(state, command.instrument_id)
    version = spec_in_force(state, instrument)
    _check_call(state, command, version.spec.context_tokens_min)
    step_tokens = min(command.max_output_tokens, state.term("reserve_step_tokens"))
    tokens = command.prompt_tokens + command.choices * step_tokens
    draws, bought = yield from _draw_or_buy(
        state, member, instrument, tokens, command.max_price_micros, command.delivery_id
    )
    reservation = Reservation(
        delivery_id=command.delivery_id,
        member_id=member.member_id,
        key_id=command.key_id,
        instrument_id=instrument.instrument_id,
        spec_version=version.version,
        relay_id=command.relay_id,
        requested_model=command.requested_model,
        prompt_tokens=command.prompt_tokens,
        max_output_tokens=command.max_output_tokens,
        choices=command.choices,
        max_price_micros=command.max_price_micros,
        reserved_tokens=tokens,
        marked_tokens=0,
        draws=tuple(draws),
        deadline_us=_deadline_us(state, draws),
        outage_base_us=state.outage_us,
        opened_at_us=state.now_us,
        client_request_id=command.client_request_id,
    )
    yield events.ReservationOpened(reservation)
    return replies.ReserveReply(
        delivery_id=command.delivery_id,
        spec_version=version.version,
        reserved_tokens=tokens,
        completion_tokens=tokens - command.prompt_tokens,
        draws=reservation.draws,
        issuers=tuple(replies.IssuerShare(*share) for share in largest_issuers(reservation.draws)),
        deadline_us=reservation.deadline_us,
        bought_units=bought.units,
        bought_micros=bought.micros,
    )


def mark(state: State, command: commands.Mark) -> Rule[replies.MarkReply]:
    """Note how far a delivery has come, and extend it once half a step is used.

    A refused extension is named and ends the answer at what is reserved; the mark itself holds.
    """
    reservation = _open_reservation(state, command.delivery_id)
    completion_tokens = max(command.completion_tokens, 0)
    marked_tokens = min(reservation.prompt_tokens + completion_tokens, reservation.reserved_tokens)
    marked_tokens = max(marked_tokens, reservation.marked_tokens)
    extension_refused = reservation.extension_refused
    more_tokens = _extension_tokens(state, reservation, completion_tokens)
    if more_tokens and not extension_refused:
        answer = yield Trial(_extend(state, reservation, more_tokens))
        if isinstance(answer, Refusal):
            extension_refused = answer.reason
        else:
            reservation = state.reservations[command.delivery_id]
    deadline_us = _deadline_us(state, reservation.draws)
    yield events.DeliveryMarked(
        reservation.delivery_id, marked_tokens, deadline_us, extension_refused
    )
    return replies.MarkReply(
        reservation.delivery_id,
        reservation.reserved_tokens,
        reservation.reserved_tokens - reservation.prompt_tokens,
        deadline_us,
        extension_refused,
    )


def report(
    state: State, command: commands.Report
) -> Rule[replies.ReportReply | replies.LateReportReply]:
    """Settle a delivery as its relay tells it ended; a second report moves nothing.

    One that comes after the delivery was settled without it is recorded, and moves nothing either.
    """
    closed = state.closed_deliveries.get(command.delivery_id)
    if closed is not None and closed.awaits_report:
        return (yield from record_late_report(state, closed, command))
    reservation = _open_reservation(state, command.delivery_id)
    usage = yield from settle(state, reservation, command, "settled")
    return replies.ReportReply(usage)


def settle_at_mark(state: State, reservation: Reservation) -> Rule[None]:
    """Settle a delivery whose report never came, at the last mark; without one nobody pays."""
    was_marked = reservation.marked_tokens > 0
    stand_in = commands.Report(
        delivery_id=reservation.delivery_id,
        verdict="in_spec" if was_marked else "venue_fault",
        billed_tokens=reservation.marked_tokens,
        cause="RESERVATION_ENDED",
        stage="streaming" if was_marked else "reserved",
        canonical=TokenCounts(
            reservation.prompt_tokens,
            max(reservation.marked_tokens - reservation.prompt_tokens, 0),
        ),
    )
    yield from settle(state, reservation, stand_in, "settled_at_deadline")


def _check_call(state: State, command: commands.Reserve, context_tokens: int) -> None:
    if command.delivery_id in state.reservations or command.delivery_id in state.closed_deliveries:
        refuse("DELIVERY_EXISTS", "delivery_id", "is in use; make a new id for a new delivery")
    if command.prompt_tokens < 1 or command.max_output_tokens < 0:
        refuse(
            "INVALID_ARGUMENT",
            "prompt_tokens",
            "a call has at least one token of prompt",
            limit=1,
            value=command.prompt_tokens,
        )
    most = state.term("max_choices")
    if not 1 <= command.choices <= most:
        refuse(
            "INVALID_ARGUMENT",
            "choices",
            f"must be 1 to {most}",
            limit=most,
            value=command.choices,
        )
    wanted = command.prompt_tokens + command.max_output_tokens
    if wanted > context_tokens:
        refuse(
            "CONTEXT_EXCEEDED",
            "max_output_tokens",
            f"prompt and output are {wanted} tokens, the context {context_tokens}; ask for less",
            limit=context_tokens,
            value=wanted,
        )


def _open_reservation(state: State, delivery_id: str) -> Reservation:
    reservation = state.reservations.get(delivery_id)
    if reservation is not None:
        return reservation
    closed = state.closed_deliveries.get(delivery_id)
    if closed is None:
        refuse("DELIVERY_NOT_FOUND", "delivery_id", f"no delivery `{delivery_id}`")
    return refuse("DELIVERY_CLOSED", "delivery_id", f"is settled as {closed.usage_id}")


def _draw_or_buy(
    state: State,
    member: Member,
    instrument: Instrument,
    tokens: int,
    max_price_micros: int | None,
    delivery_id: str,
) -> Rule[tuple[list[Draw], _Bought]]:
    """Set tokens aside, in auto mode buying what is missing in the same command."""
    most = state.term("max_draws")
    owner_id, instrument_id = member.member_id, instrument.instrument_id
    draws, missing = choose_draws(state, owner_id, instrument_id, tokens, most)
    bought = _Bought()
    if missing and member.account_mode == "auto":
        bought = yield from _provide(state, member, instrument, missing, max_price_micros)
        draws, missing = choose_draws(state, owner_id, instrument_id, tokens, most)
    if missing:
        refuse(
            "INSUFFICIENT_UNITS",
            "prompt_tokens",
            f"the call needs {tokens} tokens, Lots hold {tokens - missing}; buy or transfer Units",
            limit=tokens - missing,
            value=tokens,
        )
    yield from set_aside(state, owner_id, instrument_id, draws, delivery_id)
    return draws, bought


def _provide(
    state: State,
    member: Member,
    instrument: Instrument,
    missing_tokens: int,
    max_price_micros: int | None,
) -> Rule[_Bought]:
    """Bring at least so many tokens into a Lot: Units in Trading first, then bought ones."""
    wanted_units = units_covering(missing_tokens)
    bought = _Bought()
    free_units = _free_units(state, member, instrument)
    if free_units < wanted_units:
        market = open_market(state, instrument.market_id)
        more_units = max(wanted_units - free_units, member.auto_buy_units)
        bought = yield from _auto_buy(
            state, member, market, wanted_units - free_units, more_units, max_price_micros
        )
    fitting_units = units_for_one_lot(state, member.member_id, instrument.instrument_id)
    moved_units = min(fitting_units, max(wanted_units, bought.units))
    if moved_units:
        yield from move_to_lot(
            state, member.member_id, instrument.instrument_id, moved_units, "auto_buy"
        )
    return bought


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
) -> Rule[_Bought]:
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
    return _Bought(bought.filled_units, bought.filled_micros + bought.fee_micros)


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


def _extension_tokens(state: State, reservation: Reservation, completion_tokens: int) -> int:
    """How much more output to set aside now: a step, once half of the last one is used."""
    reserved_output = reservation.reserved_tokens - reservation.prompt_tokens
    most = reservation.choices * reservation.max_output_tokens
    step = reservation.choices * state.term("reserve_step_tokens")
    if reserved_output - completion_tokens > step // 2:
        return 0
    return min(step, most - reserved_output)


def _extend(state: State, reservation: Reservation, more_tokens: int) -> Rule[None]:
    member = active_member(state, reservation.member_id, "consumer")
    instrument = state.instruments[reservation.instrument_id]
    draws, _ = yield from _draw_or_buy(
        state,
        member,
        instrument,
        more_tokens,
        reservation.max_price_micros,
        reservation.delivery_id,
    )
    yield events.ReservationExtended(
        reservation.delivery_id,
        reservation.reserved_tokens + more_tokens,
        _joined_draws(reservation.draws, draws),
    )


def _joined_draws(before: tuple[Draw, ...], more: list[Draw]) -> tuple[Draw, ...]:
    """Draws in order of use; one entry for each parcel of a Lot."""
    joined = {(draw.lot_id, draw.number): draw for draw in before}
    for draw in more:
        there = joined.get((draw.lot_id, draw.number))
        tokens = draw.tokens + (there.tokens if there else 0)
        joined[(draw.lot_id, draw.number)] = draw._replace(tokens=tokens)
    return tuple(joined.values())


def _deadline_us(state: State, draws: list[Draw] | tuple[Draw, ...]) -> int:
    """When the next mark or the report is due: soon, and not long after the first Lot expires."""
    first_expiry_us = min(lot_deadline_us(state, state.lots[draw.lot_id]) for draw in draws)
    return min(
        state.now_us + state.term("reservation_window_us"),
        first_expiry_us + state.term("reservation_grace_us"),
    )
