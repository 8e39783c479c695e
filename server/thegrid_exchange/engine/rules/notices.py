"""Notices: given once when a figure crosses its bound, and again only after it has come back.

Who is told how is not said here; the limits of keys give theirs in `spending`.
"""

from collections.abc import Iterable, Sequence

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import CASH, NoticeKind
from thegrid_exchange.engine.records import Alarm, Key, Lot, Member, Notice
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.state import State


def raise_notice(
    state: State,
    member_id: str,
    kind: NoticeKind,
    subject_id: str,
    message: str,
    *,
    standing: bool = False,
    instrument_id: str = "",
    limit: int | None = None,
    value: int | None = None,
    due_us: int | None = None,
) -> Rule[None]:
    """Tell a member of something."""
    notice = Notice(
        notice_id=state.next_id("ntc"),
        member_id=member_id,
        kind=kind,
        subject_id=subject_id,
        message=message,
        raised_at_us=state.now_us,
        instrument_id=instrument_id,
        limit=limit,
        value=value,
        due_us=due_us,
    )
    yield events.NoticeRaised(notice, standing)


def raise_standing(
    state: State,
    member_id: str,
    kind: NoticeKind,
    subject_id: str,
    message: str,
    *,
    instrument_id: str = "",
    limit: int | None = None,
    value: int | None = None,
    due_us: int | None = None,
) -> Rule[None]:
    """Tell a member of something that goes on, unless it was told and nothing has changed since."""
    if (member_id, kind, subject_id) in state.alerts:
        return
    yield from raise_notice(
        state,
        member_id,
        kind,
        subject_id,
        message,
        standing=True,
        instrument_id=instrument_id,
        limit=limit,
        value=value,
        due_us=due_us,
    )


def rearm(state: State, member_id: str, kind: NoticeKind, subject_id: str) -> Rule[None]:
    """What was told of is over: the next time it is told again."""
    if (member_id, kind, subject_id) in state.alerts:
        yield events.NoticeRearmed(member_id, kind, subject_id)


# ---- figures -----------------------------------------------------------------------------------


def watch(state: State, done: Sequence[events.Event]) -> Rule[None]:
    """Look at the figures that a command has moved, of members who asked for notices."""
    watching = state.indices.watching
    moved: dict[tuple[str, str], None] = {}
    for event in done:
        if isinstance(event, events.Posted):
            moved.update(dict.fromkeys(_figures(event, watching)))
        elif isinstance(event, events.LotMinted) and event.lot.member_id in watching:
            yield from _set_lot_alarm(state, event.lot)
        elif isinstance(event, events.LotClosed):
            yield from clear_alarm(state, event.lot.lot_id)
    for member_id, asset in moved:
        yield from _look(state, state.members[member_id], asset)


def _figures(posted: events.Posted, watching: set[str]) -> Iterable[tuple[str, str]]:
    """Members and assets whose watched figure a posting moves: cash, or free tokens of Lots."""
    for owner, account, asset, _ in posted.postings:
        is_watched = account == "lots" or (account == "available" and asset == CASH)
        if is_watched and owner in watching:
            yield owner, asset


def _look(state: State, member: Member, asset: str) -> Rule[None]:
    """Give or rearm the notice of one figure."""
    member_id = member.member_id
    if asset == CASH:
        limit, value = member.notice_cash_micros, state.balance(member_id, "available", CASH)
        kind: NoticeKind = "low_cash"
        subject_id = instrument_id = ""
        message = f"{value} micro-dollars are available, fewer than {limit}"
    else:
        limit, value = member.notice_tokens, state.balance(member_id, "lots", asset)
        kind = "low_tokens"
        subject_id = instrument_id = asset
        message = f"{value} tokens of {asset} are free in Lots, fewer than {limit}"
    if value >= limit:
        yield from rearm(state, member_id, kind, subject_id)
        return
    yield from raise_standing(
        state,
        member_id,
        kind,
        subject_id,
        message,
        instrument_id=instrument_id,
        limit=limit,
        value=value,
    )


# ---- ends --------------------------------------------------------------------------------------


def _set_lot_alarm(state: State, lot: Lot) -> Rule[None]:
    lead_us = state.members[lot.member_id].notice_lot_lead_us
    if lead_us and lot.lot_id in state.lots:
        due_us = state.deadline_us(lot.expires_at_us, lot.outage_base_us) - lead_us
        yield events.AlarmSet(Alarm(lot.lot_id, lot.member_id, "lot_expiring", due_us))


def set_key_alarm(state: State, key: Key) -> Rule[None]:
    """Have notice given before a key expires, if its member asked for that."""
    lead_us = state.members[key.member_id].notice_key_lead_us
    is_live = key.revoked_at_us is None and key.expires_at_us is not None
    if not lead_us or not is_live:
        yield from clear_alarm(state, key.key_id)
    elif key.expires_at_us is not None and key.expires_at_us > state.now_us:
        due_us = key.expires_at_us - lead_us
        yield events.AlarmSet(Alarm(key.key_id, key.member_id, "key_expiring", due_us))


def clear_alarm(state: State, subject_id: str) -> Rule[None]:
    """There is nothing to give notice of any more."""
    if subject_id in state.alarms:
        yield events.AlarmCleared(subject_id)


def reset_alarms(state: State, before: Member, member: Member) -> Rule[None]:
    """Set or clear what changed leads ask for; Lots beyond the work bound keep what they had."""
    if before.notice_key_lead_us != member.notice_key_lead_us:
        for key_id in tuple(state.indices.keys_of[member.member_id]):
            if state.work_left() < WORK_MARGIN:
                return
            yield from set_key_alarm(state, state.keys[key_id])
    if before.notice_lot_lead_us == member.notice_lot_lead_us:
        return
    deadlines = state.indices.member_deadlines.get(member.member_id, ())
    for lot_id in [name for _, name in deadlines if name in state.lots]:
        if state.work_left() < WORK_MARGIN:
            return
        if member.notice_lot_lead_us:
            yield from _set_lot_alarm(state, state.lots[lot_id])
        else:
            yield from clear_alarm(state, lot_id)


def fire_alarms(state: State) -> Rule[int]:
    """Give the notices that are due, as far as the work bound goes."""

    def fire(alarm_id: str) -> Rule[None]:
        return _fire(state, state.alarms[alarm_id])

    return (yield from run_due(state, state.indices.alarms, state.now_us, fire))


def _fire(state: State, alarm: Alarm) -> Rule[None]:
    lot = state.lots.get(alarm.subject_id)
    if lot is None:
        yield events.AlarmCleared(alarm.subject_id)
        if alarm.subject_id in state.keys:
            yield from _tell_of_key(state, state.keys[alarm.subject_id])
        return
    expires_at_us = state.deadline_us(lot.expires_at_us, lot.outage_base_us)
    due_us = expires_at_us - state.members[lot.member_id].notice_lot_lead_us
    if due_us > state.now_us:
        # An outage has lengthened the Lot since.
        yield events.AlarmSet(alarm._replace(due_us=due_us))
        return
    yield events.AlarmCleared(alarm.subject_id)
    if lot.free_tokens:
        yield from raise_notice(
            state,
            lot.member_id,
            "lot_expiring",
            lot.lot_id,
            f"{lot.free_tokens} tokens of {lot.instrument_id} are free in a Lot about to expire",
            instrument_id=lot.instrument_id,
            value=lot.free_tokens,
            due_us=expires_at_us,
        )


def _tell_of_key(state: State, key: Key) -> Rule[None]:
    if key.revoked_at_us is None and key.expires_at_us is not None:
        yield from raise_notice(
            state,
            key.member_id,
            "key_expiring",
            key.key_id,
            f"the key {key.key_id} is about to expire; make another",
            due_us=key.expires_at_us,
        )
