"""Suppliers: admission, offers, issuing and retiring Units, and whether they are connected.

What their Units earn is settled in `lots` and `usage`.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import INT64_MAX, TOKENS_PER_UNIT
from thegrid_exchange.engine.records import (
    Admission,
    InstrumentSpec,
    Offer,
    Posting,
    Supplier,
    SupplierLink,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import note_ability
from thegrid_exchange.engine.rules.collateral import check_issue
from thegrid_exchange.engine.rules.embeddings import check_space
from thegrid_exchange.engine.rules.lookups import (
    active_member,
    spec_in_force,
    the_instrument,
    weighted_tokens,
)
from thegrid_exchange.engine.rules.obligations import capacity_tokens, obligation_tokens
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
    yield events.SupplierChanged(supplier, admission)
    yield from note_ability(state, member.member_id)
    return replies.SupplierReply(supplier, admission)


def suspend_supplier(
    state: State, command: commands.SuspendSupplier
) -> Rule[replies.SupplierReply]:
    """Stop a supplier, in one instrument or in all; what it sold stays owed."""
    return (yield from _set_suspended(state, command, True, command.reason))


def reinstate_supplier(
    state: State, command: commands.ReinstateSupplier
) -> Rule[replies.SupplierReply]:
    """Let a suspended supplier issue and serve again."""
    return (yield from _set_suspended(state, command, False, ""))


def _set_suspended(
    state: State,
    command: commands.SuspendSupplier | commands.ReinstateSupplier,
    suspended: bool,
    reason: str,
) -> Rule[replies.SupplierReply]:
    supplier = state.suppliers.get(command.member_id)
    if supplier is None:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is no supplier; admit it first")
    admission = None
    if command.instrument_id:
        admission = state.admissions.get((command.member_id, command.instrument_id))
        if admission is None:
            refuse("SUPPLIER_NOT_ADMITTED", "instrument_id", "the supplier is not admitted to it")
        admission = admission._replace(suspended=suspended)
    else:
        supplier = supplier._replace(suspended=suspended, suspension_reason=reason)
    yield events.SupplierChanged(supplier, admission)
    yield from note_ability(state, command.member_id)
    return replies.SupplierReply(supplier, admission)


# ---- offers ------------------------------------------------------------------------------------


def register_offer(state: State, command: commands.RegisterOffer) -> Rule[replies.OfferReply]:
    """Take a supplier's offer when it meets the contract in force."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    require_admission(state, member.member_id, instrument.instrument_id)
    offer = Offer(registered_at_us=state.now_us, **command._asdict())
    _check_offer(offer, spec_in_force(state, instrument).spec)
    yield events.OfferRegistered(offer)
    yield from note_ability(state, member.member_id)
    return replies.OfferReply(offer)


def withdraw_offer(
    state: State, command: commands.WithdrawOffer
) -> Rule[replies.OfferWithdrawnReply]:
    """End an offer; Units already sold stay owed."""
    if (command.member_id, command.instrument_id) not in state.offers:
        refuse("OFFER_NOT_FOUND", "instrument_id", "the supplier offers nothing for it")
    yield events.OfferWithdrawn(command.member_id, command.instrument_id)
    yield from note_ability(state, command.member_id)
    return replies.OfferWithdrawnReply(command.member_id, command.instrument_id)


def require_admission(state: State, member_id: str, instrument_id: str) -> Supplier:
    """The supplier's pool, if it may issue and serve this instrument now."""
    supplier = state.suppliers.get(member_id)
    admission = state.admissions.get((member_id, instrument_id))
    if supplier is None or admission is None:
        refuse("SUPPLIER_NOT_ADMITTED", "instrument_id", "ask the operator for admission to it")
    if supplier.suspended or admission.suspended:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "the supplier is suspended here")
    return supplier


def _check_offer(offer: Offer, spec: InstrumentSpec) -> None:
    floors = (
        ("quality_score", offer.quality_score, spec.quality_score_min),
        ("context_tokens", offer.context_tokens, spec.context_tokens_min),
        ("output_tokens", offer.output_tokens, spec.output_tokens_min),
        ("tokens_per_second", offer.tokens_per_second, spec.tokens_per_second_min),
        ("concurrent_deliveries", offer.concurrent_deliveries, 1),
    )
    for field, value, least in floors:
        if value < least:
            refuse("OFFER_BELOW_SPEC", field, f"must be at least {least}", limit=least, value=value)
    slowest_us = spec.first_token_bands[0].first_token_us_max
    if offer.first_token_us > slowest_us:
        refuse(
            "OFFER_BELOW_SPEC",
            "first_token_us",
            f"must be at most {slowest_us}",
            limit=slowest_us,
            value=offer.first_token_us,
        )
    check_space(offer, spec)
    missing = sorted(set(spec.capabilities) - set(offer.capabilities))
    if missing:
        refuse("OFFER_BELOW_SPEC", "capabilities", f"must include {', '.join(missing)}")


# ---- issuance ----------------------------------------------------------------------------------


def issue_units(state: State, command: commands.IssueUnits) -> Rule[replies.IssuanceReply]:
    """Create Units to sell, if all that the supplier then owes stays within its capacity."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    instrument_id = instrument.instrument_id
    supplier = require_admission(state, member.member_id, instrument_id)
    if (member.member_id, instrument_id) not in state.offers:
        refuse("OFFER_NOT_FOUND", "instrument_id", "register an offer before issuing Units")
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
    if command.member_id not in state.suppliers:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is no supplier")
    before = state.supplier_links.get((command.member_id, command.relay_id))
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
    return replies.AvailabilityReply(command.member_id, command.relay_id, command.connected)
