"""Events of spend, notices, alarms and webhooks.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import NoticeKind
from thegrid_exchange.engine.records import Alarm, Key, Notice, Spend, Webhook


class KeyChanged(NamedTuple):
    """A key now reads so."""

    key: Key


class SpendNoted(NamedTuple):
    """The spend of keys, or of a member's auto mode, now reads so."""

    spends: tuple[Spend, ...]


class NoticeRaised(NamedTuple):
    """A member is told of something; a standing one is not repeated until it is rearmed."""

    notice: Notice
    standing: bool = False


class NoticeRearmed(NamedTuple):
    """The figure of a standing notice is back over its bound."""

    member_id: str
    kind: NoticeKind
    subject_id: str


class AlarmSet(NamedTuple):
    """A notice will be due at this instant, whatever instant was set before."""

    alarm: Alarm


class AlarmCleared(NamedTuple):
    """The notice is given, or there is nothing to give notice of any more."""

    subject_id: str


class WebhookChanged(NamedTuple):
    """A webhook now reads so."""

    webhook: Webhook


class WebhookDeleted(NamedTuple):
    """A webhook is gone."""

    webhook_id: str
    member_id: str
