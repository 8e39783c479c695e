"""Suppliers: admission, issuing and retiring Units, and whether they are connected.

Offers have their own module; what Units earn is settled in `lots` and `usage`.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import INT64_MAX, TOKENS_PER_UNIT, SupplierStatus
from thegrid_exchange.engine.records import (
    Admission,
    Posting,
    Supplier,
    SupplierChange,
    SupplierLink,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import note_ability
from thegrid_exchange.engine.rules.collateral import check_issue
from thegrid_exchange.engine.rules.lookups import active_member, the_instrument, weighted_tokens
from thegrid_exchange.engine.rules.obligations import capacity_tokens, obligation_tokens
from thegrid_exchange.engine.rules.offers import require_offer
from thegrid_exchange.engine.rules.standing import ask_review, move, standing_of
from thegrid_exchange.engine.rules.sweeps import retire
from thegrid_exchange.engine.state import State

_SPEED_MAX = 10**11


# ---- admission ---------------------------------------------------------------------------------


def admit_supplier(state: State, command: commands.AdmitSupplier) -> Rule[replies.SupplierReply]:
    """Admit a member to an instrument at the pool's verified speed; speed 0 ends it."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    speed = command.verified_tokens_per_second
    if not 0 <= speed <= _SPEED_MAX:
        refuse(
            "INVALID_ARGUMENT",
            "verified_tokens_per_second",
            f"must be 0 to {_SPEED_MAX}",
            limit=_SPEED_MAX,
            value=speed,
        )
    known = state.suppliers.get(member.member_id)
    supplier = known or Supplier(member.member_id, speed, False, "", state.now_us)
    if speed:
        supplier = supplier._replace(verified_tokens_per_second=speed)
    admission = state.admissions.get((member.member_id, instrument.instrument_id))
    if admission is None:
        admission = Admission(member.member_id, instrument.instrument_id, state.now_us)
    admission = admission._replace(suspended=speed == 0)
    pair = (member.member_id, instrument.instrument_id)
    before = standing_of(state, pair).status
    yield events.SupplierChanged(supplier, admission)
    status: SupplierStatus = "admitted" if speed else "ended"
    if before != status:
        yield from move(
            state, pair, status, "operator", reason=command.reason, suspensions=0, came_from=before
        )
    yield from note_ability(state, member.member_id)
    return replies.SupplierReply(supplier, admission)


def suspend_supplier(
    state: State, command: commands.SuspendSupplier
) -> Rule[replies.SupplierReply]:
    """Stop a supplier, in one instrument or in all; what it sold stays owed."""
    return (yield from _override(state, command, "suspended"))


def reinstate_supplier(
    state: State, command: commands.ReinstateSupplier
) -> Rule[replies.SupplierReply]:
    """Let a suspended supplier issue and serve again, whatever suspended it."""
    return (yield from _override(state, command, "admitted"))


def _override(
    state: State,
    command: commands.SuspendSupplier | commands.ReinstateSupplier,
    status: SupplierStatus,
) -> Rule[replies.SupplierReply]:
    """The operator's word, which the rules do not undo."""
    member_id, instrument_id = command.member_id, command.instrument_id
    supplier = state.suppliers.get(member_id)
    if supplier is None:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is no supplier; admit it first")
    if not instrument_id:
        return (yield from _override_all(state, supplier, status, command.reason))
    if (member_id, instrument_id) not in state.admissions:
        refuse("SUPPLIER_NOT_ADMITTED", "instrument_id", "the supplier is not admitted to it")
    yield from move(
        state,
        (member_id, instrument_id),
        status,
        "operator",
        reason=command.reason,
        suspensions=None if status == "suspended" else 0,
    )
    return replies.SupplierReply(supplier, state.admissions[(member_id, instrument_id)])


def _override_all(
    state: State, supplier: Supplier, status: SupplierStatus, reason: str
) -> Rule[replies.SupplierReply]:
    is_suspended = status == "suspended"
    before: SupplierStatus = "suspended" if supplier.suspended else "admitted"
    changed = supplier._replace(
        suspended=is_suspended, suspension_reason=reason if is_suspended else ""
    )
    yield events.SupplierChanged(changed)
    yield events.SupplierChangeRecorded(
        SupplierChange(
            state.next_id("sch"),
            supplier.member_id,
            "",
            state.now_us,
            before,
            status,
            "operator",
            reason,
            None,
            state.policy_version,
        )
    )
    yield from note_ability(state, supplier.member_id)
    return replies.SupplierReply(changed, None)


def require_admission(state: State, member_id: str, instrument_id: str) -> Supplier:
    """The supplier's pool, if it may issue and serve this instrument now."""
    supplier = state.suppliers.get(member_id)
    admission = state.admissions.get((member_id, instrument_id))
    if supplier is None or admission is None:
        refuse("SUPPLIER_NOT_ADMITTED", "instrument_id", "ask the operator for admission to it")
    if supplier.suspended or admission.suspended:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "the supplier is suspended here")
    return supplier


def _require_no_probation(state: State, pair: tuple[str, str]) -> None:
    if standing_of(state, pair).status == "probation":
        refuse(
            "SUPPLIER_ON_PROBATION",
            "instrument_id",
            "issues nothing before its probation ends; what was sold is still served",
        )


# ---- issuance ----------------------------------------------------------------------------------


def issue_units(state: State, command: commands.IssueUnits) -> Rule[replies.IssuanceReply]:
    """Create Units to sell, if all that the supplier then owes stays within its capacity."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    instrument_id = instrument.instrument_id
    supplier = require_admission(state, member.member_id, instrument_id)
    _require_no_probation(state, (member.member_id, instrument_id))
    require_offer(state, member.member_id, instrument_id)
    _check_units(command.quantity_units)
    tokens = command.quantity_units * TOKENS_PER_UNIT
    issued_tokens = -state.balance(member.member_id, "issued", instrument_id)
    if tokens + issued_tokens > INT64_MAX:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            "all ever issued must fit 64 bits",
            limit=(INT64_MAX - issued_tokens) // TOKENS_PER_UNIT,
            value=command.quantity_units,
        )
    capacity = capacity_tokens(state, supplier)
    owed = obligation_tokens(state, member.member_id)
    wanted = owed + weighted_tokens(state, instrument_id, tokens)
    if wanted > capacity:
        refuse(
            "CAPACITY_EXCEEDED",
            "quantity_units",
            f"all issued would be {wanted} weighted tokens, the capacity is {capacity}",
            limit=capacity,
            value=min(wanted, INT64_MAX),
        )
    check_issue(state, member.member_id, instrument_id, command.quantity_units)
    yield events.Posted(
        (
            Posting(member.member_id, "issued", instrument_id, -tokens),
            Posting(member.member_id, "unsold", instrument_id, tokens),
        ),
        "issue",
        member.member_id,
    )
    yield events.UnitsIssued(member.member_id, instrument_id, command.quantity_units)
    return _issuance_reply(state, supplier, instrument_id, command.quantity_units)


def retire_units(state: State, command: commands.RetireUnits) -> Rule[replies.IssuanceReply]:
    """Take unsold Units back; listed ones must be cancelled first."""
    supplier = state.suppliers.get(command.member_id)
    if supplier is None:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is no supplier")
    _check_units(command.quantity_units)
    unsold_tokens = state.balance(command.member_id, "unsold", command.instrument_id)
    unsold_units = unsold_tokens // TOKENS_PER_UNIT
    if command.quantity_units > unsold_units:
        refuse(
            "INSUFFICIENT_UNITS",
            "quantity_units",
            f"{unsold_units} Units are unsold and not listed; cancel sells or retire fewer",
            limit=unsold_units,
            value=command.quantity_units,
        )
    yield from retire(
        state, command.member_id, command.instrument_id, command.quantity_units, "request"
    )
    return _issuance_reply(state, supplier, command.instrument_id, command.quantity_units)


def set_renewal(state: State, command: commands.SetRenewal) -> Rule[replies.RenewalReply]:
    """Take a supplier's standing instruction for what sweeps do with its unsold Units."""
    key = (command.member_id, command.instrument_id)
    supplier, admission = state.suppliers.get(command.member_id), state.admissions.get(key)
    if supplier is None or admission is None:
        refuse("SUPPLIER_NOT_ADMITTED", "instrument_id", "ask the operator for admission to it")
    if admission.renews_unsold != command.renews_unsold:
        changed = admission._replace(renews_unsold=command.renews_unsold)
        yield events.SupplierChanged(supplier, changed)
    return replies.RenewalReply(*command)


def _check_units(quantity_units: int) -> None:
    most = 10**12
    if not 1 <= quantity_units <= most:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            f"must be 1 to {most} Units",
            limit=most,
            value=quantity_units,
        )


def _issuance_reply(
    state: State, supplier: Supplier, instrument_id: str, quantity_units: int
) -> replies.IssuanceReply:
    member_id = supplier.member_id
    return replies.IssuanceReply(
        member_id,
        instrument_id,
        quantity_units,
        state.balance(member_id, "unsold", instrument_id) // TOKENS_PER_UNIT,
        capacity_tokens(state, supplier),
        min(obligation_tokens(state, member_id), INT64_MAX),
    )


# ---- availability ------------------------------------------------------------------------------


def availability(state: State, command: commands.Availability) -> Rule[replies.AvailabilityReply]:
    """Note that a supplier's link to a relay came up, changed or went down."""
    before = state.supplier_links.get((command.member_id, command.relay_id))
    is_offering = any((command.member_id, each) in state.offers for each in command.instrument_ids)
    if before is None and not is_offering and command.member_id not in state.suppliers:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "neither is a supplier nor offers these")
    connected_us = 0
    if before is not None:
        since_us = state.now_us - before.changed_at_us if before.connected else 0
        connected_us = before.connected_us + since_us
    link = SupplierLink(
        member_id=command.member_id,
        relay_id=command.relay_id,
        instrument_ids=command.instrument_ids,
        connected=command.connected,
        changed_at_us=state.now_us,
        connected_us=connected_us,
    )
    yield events.AvailabilityChanged(link)
    yield from note_ability(state, command.member_id)
    if not command.connected:
        for instrument_id in state.indices.admissions_of[command.member_id]:
            yield from ask_review(state, (command.member_id, instrument_id))
    return replies.AvailabilityReply(command.member_id, command.relay_id, command.connected)
