"""Deliveries: reserving tokens for a call, following it by marks, and taking its report.

Money moves when a delivery is settled, in `usage`; a mark only says how far it has come.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import (
    Draw,
    Instrument,
    Member,
    Reservation,
    TokenCounts,
)
from thegrid_exchange.engine.refusals import Refusal, refuse
from thegrid_exchange.engine.rule import Rule, Trial
from thegrid_exchange.engine.rules.embeddings import check_reserved_output
from thegrid_exchange.engine.rules.lookups import (
    active_member,
    spec_in_force,
    the_instrument,
)
from thegrid_exchange.engine.rules.lots import (
    choose_draws,
    lot_deadline_us,
    set_aside,
)
from thegrid_exchange.engine.rules.purchases import Bought, provide, top_up
from thegrid_exchange.engine.rules.spending import check_admission, hold, line_of, standing_of
from thegrid_exchange.engine.rules.usage import largest_issuers, record_late_report, settle
from thegrid_exchange.engine.state import State


def reserve(state: State, command: commands.Reserve) -> Rule[replies.ReserveReply]:
    """Set aside the prompt and the first step of output, all or nothing, across Lots."""
    member = active_member(state, command.member_id, "consumer")
    instrument = the_instrument(state, command.instrument_id)
    version = spec_in_force(state, instrument)
    _check_call(state, command, version.spec.context_tokens_min)
    check_reserved_output(version.spec, command.max_output_tokens)
    step_tokens = min(command.max_output_tokens, state.term("reserve_step_tokens"))
    tokens = command.prompt_tokens + command.choices * step_tokens
    line = line_of(state, command.key_id)
    check_admission(state, line, instrument.instrument_id, tokens)
    draws, bought = yield from _draw_or_buy(
        state, member, instrument, tokens, command.max_price_micros, command.delivery_id
    )
    held_micros = yield from hold(state, line, draws, tokens)
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
        spend_held_micros=held_micros,
        client_request_id=command.client_request_id,
        request_digest=command.request_digest,
    )
    yield events.ReservationOpened(reservation)
    yield from top_up(state, member, instrument)
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
        limits=standing_of(state, line),
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
    member = state.members[usage.member_id]
    yield from top_up(state, member, state.instruments[usage.instrument_id])
    return replies.ReportReply(usage)


def settle_at_mark(state: State, reservation: Reservation) -> Rule[None]:
    """Settle a delivery whose report never came, at the last mark; without one nobody pays."""
    was_marked = reservation.marked_tokens > 0
    stand_in = commands.Report(
        delivery_id=reservation.delivery_id,
        verdict="in_spec" if was_marked else "venue_fault",
        billed_tokens=reservation.marked_tokens,
        cause="report_lost",
        stage="streaming" if was_marked else "admitted",
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
) -> Rule[tuple[list[Draw], Bought]]:
    """Set tokens aside, in auto mode buying what is missing in the same command."""
    most = state.term("max_draws")
    owner_id, instrument_id = member.member_id, instrument.instrument_id
    draws, missing = choose_draws(state, owner_id, instrument_id, tokens, most)
    bought = Bought()
    if missing and member.account_mode == "auto":
        bought = yield from provide(state, member, instrument, missing, max_price_micros)
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
    line = line_of(state, reservation.key_id)
    held_micros = yield from hold(state, line, draws, more_tokens)
    yield events.ReservationExtended(
        reservation.delivery_id,
        reservation.reserved_tokens + more_tokens,
        _joined_draws(reservation.draws, draws),
        reservation.spend_held_micros + held_micros,
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
