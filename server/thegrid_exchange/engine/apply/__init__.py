"""The only writer: each event's absolute result becomes rows, in live steps and in recovery alike.

Nothing is decided or worked out here; `State.post` adds amounts, and that is all the arithmetic.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.apply import controls, index, quality, supply, trading, usage
from thegrid_exchange.engine.records import ClosedDelivery
from thegrid_exchange.engine.refusals import InvariantBroken
from thegrid_exchange.engine.state import State


def apply(state: State, event: events.Event) -> None:
    """Write one event into the tables."""
    APPLIERS[type(event)](state, event)


def fold(state: State, at_us: int, row_events: Iterable[events.Event]) -> None:
    """Bring the state past one journal row, whose command is not decided again.

    `at_us` is the row's stamp; a refused command's row has no events.
    """
    recorded = tuple(row_events)
    advance(state, at_us, silent=not recorded)
    for event in recorded:
        APPLIERS[type(event)](state, event)
    state.commit()


def advance(state: State, at_us: int, *, silent: bool) -> None:
    """Move the state's clock, never back.

    A row without events does not move it over an outage, so that the outage stays to be recorded.
    """
    if silent and is_outage(state, at_us):
        return
    state.now_us = max(state.now_us, at_us)


def is_outage(state: State, at_us: int) -> bool:
    """Whether the time since the last row means that the exchange was down."""
    gap_us = state.term("outage_gap_us")
    return gap_us > 0 and state.now_us > 0 and at_us - state.now_us > gap_us


# ---- ledger, operator, members, keys -----------------------------------------------------------


def _posted(state: State, event: events.Posted) -> None:
    totals: dict[str, int] = {}
    for owner, account, asset, amount in event.postings:
        state.post(owner, account, asset, amount)
        totals[asset] = totals.get(asset, 0) + amount
    if any(totals.values()):
        raise InvariantBroken(f"postings for {event.cause} {event.reference} sum to {totals}")


def _policy_changed(state: State, event: events.PolicyChanged) -> None:
    for name, figure in event.changes:
        state.put("policy", name, figure)
    if event.version:
        state.put("totals", "policy_version", event.version)


def _instrument_defined(state: State, event: events.InstrumentDefined) -> None:
    version = event.spec_version
    state.put("instruments", event.instrument.instrument_id, event.instrument)
    state.put("spec_versions", (version.instrument_id, version.version), version)
    state.put("markets", event.market.market_id, event.market)


def _spec_published(state: State, event: events.SpecPublished) -> None:
    version = event.spec_version
    instrument = state.instruments[version.instrument_id]
    state.put("spec_versions", (version.instrument_id, version.version), version)
    state.put(
        "instruments",
        version.instrument_id,
        instrument._replace(latest_version=version.version),
    )


def _market_state_changed(state: State, event: events.MarketStateChanged) -> None:
    market = state.markets[event.market_id]
    changed = market._replace(state=event.state, state_reason=event.reason)
    state.put("markets", event.market_id, changed)


def _market_policy_changed(state: State, event: events.MarketPolicyChanged) -> None:
    market = state.markets[event.market_id]
    state.put("markets", event.market_id, market._replace(policy=event.policy))


def _fee_tier_set(state: State, event: events.FeeTierSet) -> None:
    state.put("fee_tiers", event.tier.fee_tier, event.tier)


def _member_created(state: State, event: events.MemberCreated) -> None:
    state.count(event.member.member_id)
    state.put("members", event.member.member_id, event.member)


def _member_changed(state: State, event: events.MemberChanged) -> None:
    state.put("members", event.member.member_id, event.member)


def _key_created(state: State, event: events.KeyCreated) -> None:
    state.put("keys", event.key.key_id, event.key)


def _key_revoked(state: State, event: events.KeyRevoked) -> None:
    for key_id in (event.key_id, *event.descendant_ids):
        key = state.keys[key_id]
        state.put("keys", key_id, key._replace(revoked_at_us=event.revoked_at_us))


# ---- consumption -------------------------------------------------------------------------------


def _units_transferred(state: State, event: events.UnitsTransferred) -> None:
    state.count(event.transfer.transfer_id)


def _lot_minted(state: State, event: events.LotMinted) -> None:
    state.count(event.lot.lot_id)
    state.put("lots", event.lot.lot_id, event.lot)
    for parcel in event.parcels:
        state.put("lot_parcels", (parcel.lot_id, parcel.number), parcel)


def _lot_changed(state: State, event: events.LotChanged) -> None:
    lot_id = event.lot_id
    changed = state.lots[lot_id]._replace(
        free_tokens=event.free_tokens,
        reserved_tokens=event.reserved_tokens,
        consumed_tokens=event.consumed_tokens,
        expired_tokens=event.expired_tokens,
        refunded_tokens=event.refunded_tokens,
    )
    state.put("lots", lot_id, changed)
    for change in event.parcels:
        parcel = state.lot_parcels[(lot_id, change.number)]._replace(
            free_tokens=change.free_tokens,
            reserved_tokens=change.reserved_tokens,
            ended_tokens=change.ended_tokens,
            tendered_tokens=change.tendered_tokens,
        )
        state.put("lot_parcels", (lot_id, change.number), parcel)


def _lot_closed(state: State, event: events.LotClosed) -> None:
    lot_id = event.lot.lot_id
    for number in tuple(state.indices.lot_parcel_numbers[lot_id]):
        state.delete("lot_parcels", (lot_id, number))
    state.delete("lots", lot_id)


def _sweep_started(state: State, event: events.SweepStarted) -> None:
    sweep = event.sweep
    state.count(sweep.sweep_id)
    state.put("sweeps", sweep.sweep_id, sweep)
    market = state.markets[sweep.market_id]
    changed = market._replace(sweep_id=sweep.sweep_id, next_sweep_us=event.next_sweep_us)
    state.put("markets", sweep.market_id, changed)


def _member_swept(state: State, event: events.MemberSwept) -> None:
    state.put("sweeps", event.sweep.sweep_id, event.sweep)


def _sweep_finished(state: State, event: events.SweepFinished) -> None:
    state.delete("sweeps", event.sweep.sweep_id)
    market = state.markets[event.sweep.market_id]
    changed = market._replace(sweep_id="", next_sweep_us=event.next_sweep_us)
    state.put("markets", event.sweep.market_id, changed)


def _reservation_opened(state: State, event: events.ReservationOpened) -> None:
    state.put("reservations", event.reservation.delivery_id, event.reservation)


def _reservation_extended(state: State, event: events.ReservationExtended) -> None:
    extended = state.reservations[event.delivery_id]._replace(
        reserved_tokens=event.reserved_tokens,
        draws=event.draws,
        spend_held_micros=event.spend_held_micros,
    )
    state.put("reservations", event.delivery_id, extended)


def _delivery_marked(state: State, event: events.DeliveryMarked) -> None:
    marked = state.reservations[event.delivery_id]._replace(
        marked_tokens=event.marked_tokens,
        deadline_us=event.deadline_us,
        outage_base_us=state.outage_us,
        extension_refused=event.extension_refused,
    )
    state.put("reservations", event.delivery_id, marked)


def _usage_recorded(state: State, event: events.UsageRecorded) -> None:
    record = event.usage
    state.delete("reservations", record.delivery_id)
    closed = ClosedDelivery(
        record.delivery_id,
        record.member_id,
        record.usage_id,
        record.settled_at_us,
        awaits_report=record.status == "settled_at_deadline",
    )
    state.put("closed_deliveries", record.delivery_id, closed)


# ---- time --------------------------------------------------------------------------------------


def _outage_recorded(state: State, event: events.OutageRecorded) -> None:
    state.put("totals", "outage_us", event.outage_us)


def _closed_forgotten(state: State, event: events.ClosedForgotten) -> None:
    for order_id in event.order_ids:
        state.delete("closed_orders", order_id)
    for delivery_id in event.delivery_ids:
        state.delete("closed_deliveries", delivery_id)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.Posted: _posted,
    events.PolicyChanged: _policy_changed,
    events.InstrumentDefined: _instrument_defined,
    events.SpecPublished: _spec_published,
    events.MarketStateChanged: _market_state_changed,
    events.MarketPolicyChanged: _market_policy_changed,
    events.FeeTierSet: _fee_tier_set,
    events.MemberCreated: _member_created,
    events.MemberChanged: _member_changed,
    events.KeyCreated: _key_created,
    events.KeyRevoked: _key_revoked,
    **controls.APPLIERS,
    **trading.APPLIERS,
    events.UnitsTransferred: _units_transferred,
    events.LotMinted: _lot_minted,
    events.LotChanged: _lot_changed,
    events.LotClosed: _lot_closed,
    events.SweepStarted: _sweep_started,
    events.MemberSwept: _member_swept,
    events.SweepFinished: _sweep_finished,
    events.ReservationOpened: _reservation_opened,
    events.ReservationExtended: _reservation_extended,
    events.DeliveryMarked: _delivery_marked,
    events.UsageRecorded: _usage_recorded,
    **quality.APPLIERS,
    **supply.APPLIERS,
    **index.APPLIERS,
    events.OutageRecorded: _outage_recorded,
    events.ClosedForgotten: _closed_forgotten,
    **usage.APPLIERS,
}
