"""Writing events of spend, notices, alarms and webhooks into the tables.

Nothing is decided or worked out here, as in the rest of `apply`.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.records import Alert
from thegrid_exchange.engine.state import State


def _key_changed(state: State, event: events.KeyChanged) -> None:
    state.put("keys", event.key.key_id, event.key)


def _spend_noted(state: State, event: events.SpendNoted) -> None:
    for spend in event.spends:
        state.put("spends", spend.owner_id, spend)


def _notice_raised(state: State, event: events.NoticeRaised) -> None:
    notice = event.notice
    state.count(notice.notice_id)
    if event.standing:
        alert = Alert(notice.member_id, notice.kind, notice.subject_id, notice.notice_id)
        state.put("alerts", alert[:3], alert)


def _notice_rearmed(state: State, event: events.NoticeRearmed) -> None:
    state.delete("alerts", (event.member_id, event.kind, event.subject_id))


def _alarm_set(state: State, event: events.AlarmSet) -> None:
    state.put("alarms", event.alarm.subject_id, event.alarm)


def _alarm_cleared(state: State, event: events.AlarmCleared) -> None:
    state.delete("alarms", event.subject_id)


def _webhook_changed(state: State, event: events.WebhookChanged) -> None:
    state.put("webhooks", event.webhook.webhook_id, event.webhook)


def _webhook_deleted(state: State, event: events.WebhookDeleted) -> None:
    state.delete("webhooks", event.webhook_id)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.KeyChanged: _key_changed,
    events.SpendNoted: _spend_noted,
    events.NoticeRaised: _notice_raised,
    events.NoticeRearmed: _notice_rearmed,
    events.AlarmSet: _alarm_set,
    events.AlarmCleared: _alarm_cleared,
    events.WebhookChanged: _webhook_changed,
    events.WebhookDeleted: _webhook_deleted,
}
