"""Members: who may act, their settings, suspension and reinstatement.

Keys have their own module; suppliers' rights are in `supply`.
"""

from typing import Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import INT64_MAX
from thegrid_exchange.engine.records import Member
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import note_ability
from thegrid_exchange.engine.rules.batches import cancel_all
from thegrid_exchange.engine.rules.fees import check_fee_tier
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.rules.notices import reset_alarms
from thegrid_exchange.engine.state import State

_AMOUNTS: Final = (
    "auto_buy_day_ceiling_micros",
    "auto_buy_threshold_tokens",
    "notice_cash_micros",
    "notice_tokens",
    "notice_lot_lead_us",
    "notice_key_lead_us",
)

ROLES: Final = frozenset({"trader", "consumer", "supplier", "operator"})


def create_member(state: State, command: commands.CreateMember) -> Rule[replies.MemberReply]:
    """Admit a participant under a handle that nobody has."""
    if not command.handle:
        refuse("INVALID_ARGUMENT", "handle", "is empty; give the member a handle")
    if command.handle in state.indices.member_by_handle:
        refuse("INVALID_ARGUMENT", "handle", f"`{command.handle}` is taken; choose another")
    unknown = sorted(set(command.roles) - ROLES)
    if unknown:
        refuse("INVALID_ARGUMENT", "roles", f"no such role {unknown}; use {sorted(ROLES)}")
    _check_ceiling(command.auto_buy_ceiling_micros)
    check_fee_tier(state, command.fee_tier)
    member = Member(
        member_id=state.next_id("mem"),
        handle=command.handle,
        roles=tuple(sorted(set(command.roles))),
        affiliation_group=command.affiliation_group,
        suspended=False,
        account_mode=command.account_mode,
        auto_buy_ceiling_micros=command.auto_buy_ceiling_micros,
        auto_buy_units=1,
        auto_transfer=False,
        self_trade_prevention="cancel_newest",
        created_at_us=state.now_us,
        prevention_group=command.prevention_group,
        fee_tier=command.fee_tier,
    )
    yield events.MemberCreated(member)
    return replies.MemberReply(member)


def update_settings(state: State, command: commands.UpdateSettings) -> Rule[replies.MemberReply]:
    """Change the settings that are given; None leaves one as it is."""
    member = the_member(state, command.member_id)
    if command.auto_buy_ceiling_micros is not None:
        _check_ceiling(command.auto_buy_ceiling_micros)
    if command.auto_buy_units is not None and not 1 <= command.auto_buy_units <= 10_000:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "auto_buy_units",
            "must be 1 to 10,000 Units",
            limit=10_000,
            value=command.auto_buy_units,
        )
    given = command._asdict()
    del given["member_id"]
    for name in _AMOUNTS:
        _check_amount(name, given[name])
    changed = member._replace(**{name: value for name, value in given.items() if value is not None})
    if changed != member:
        yield events.MemberChanged(changed)
        yield from reset_alarms(state, member, changed)
    return replies.MemberReply(changed)


def update_member(state: State, command: commands.UpdateMember) -> Rule[replies.MemberReply]:
    """Change a member's groups and fee tier; None leaves one as it is.

    The groups count from the next match or delivery on, the tier from the next order on.
    """
    member = the_member(state, command.member_id)
    changed = member
    if command.prevention_group is not None:
        changed = changed._replace(prevention_group=command.prevention_group)
    if command.affiliation_group is not None:
        changed = changed._replace(affiliation_group=command.affiliation_group)
    if command.fee_tier is not None:
        check_fee_tier(state, command.fee_tier)
        changed = changed._replace(fee_tier=command.fee_tier)
    if changed != member:
        yield events.MemberChanged(changed, command.reason)
    return replies.MemberReply(changed)


def suspend_member(state: State, command: commands.SuspendMember) -> Rule[replies.MemberReply]:
    """Stop a member and cancel its orders; what is left over the work bound goes on in Ticks."""
    member = the_member(state, command.member_id)
    changed = member._replace(suspended=True)
    if changed != member:
        yield events.MemberChanged(changed, command.reason)
        yield from note_ability(state, member.member_id)
        yield from cancel_all(state, commands.CancelOrders(member.member_id))
    return replies.MemberReply(changed)


def reinstate_member(state: State, command: commands.ReinstateMember) -> Rule[replies.MemberReply]:
    """Let a suspended member act again."""
    member = the_member(state, command.member_id)
    changed = member._replace(suspended=False)
    if changed != member:
        yield events.MemberChanged(changed)
        yield from note_ability(state, member.member_id)
    return replies.MemberReply(changed)


def _check_ceiling(ceiling_micros: int) -> None:
    if not 0 <= ceiling_micros <= INT64_MAX:
        refuse(
            "PRICE_OUT_OF_RANGE",
            "auto_buy_ceiling_micros",
            "must be 0 for none, or a price in micro-dollars per Unit",
            limit=INT64_MAX,
            value=ceiling_micros,
        )


def _check_amount(name: str, amount: int | None) -> None:
    if amount is not None and not 0 <= amount <= INT64_MAX:
        message = "must be 0 for none, or a positive figure"
        refuse("INVALID_ARGUMENT", name, message, limit=INT64_MAX, value=amount)
