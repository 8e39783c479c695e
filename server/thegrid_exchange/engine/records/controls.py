"""Records of what bounds and warns a consumer: spend, notices, alarms and webhooks.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import NoticeKind


class Spend(NamedTuple):
    """What a key with all keys below it, or a member's auto mode, has spent.

    Figures of a day or month are those of the day or month named, and nothing in any later one.
    """

    owner_id: str
    """A key or a member."""
    day: int = 0
    """UTC day, counted from 1970-01-01."""
    day_micros: int = 0
    """Cost of what settled calls used; of a member, what automatic purchases cost."""
    day_tokens: int = 0
    month: int = 0
    """UTC month, counted from January 1970."""
    month_micros: int = 0
    month_tokens: int = 0
    total_micros: int = 0
    total_tokens: int = 0
    calls: int = 0
    """Settled calls; of a member, automatic purchases."""
    held_micros: int = 0
    """Cost of everything that open calls have set aside."""
    backlog: int = 0
    """Tokens times microseconds that the tokens-per-minute limit has yet to work off."""
    backlog_at_us: int = 0


class Notice(NamedTuple):
    """Something a member asked to be told of."""

    notice_id: str
    member_id: str
    kind: NoticeKind
    subject_id: str
    """The Lot, key, instrument or webhook it is about; empty for cash."""
    message: str
    raised_at_us: int
    instrument_id: str = ""
    limit: int | None = None
    """The bound that was crossed, in the unit of the setting or limit."""
    value: int | None = None
    """The figure that crossed it."""
    due_us: int | None = None
    """When what it warns of happens, or when the limit frees."""


class Alert(NamedTuple):
    """A notice whose figure has not come back over its bound, so that it is not given again."""

    member_id: str
    kind: NoticeKind
    subject_id: str
    notice_id: str


class Alarm(NamedTuple):
    """A notice that is due at an instant."""

    subject_id: str
    """A Lot or a key; each has at most one alarm."""
    member_id: str
    kind: NoticeKind
    due_us: int


class Webhook(NamedTuple):
    """Where a member wants its notices sent; the signing secret follows from the id."""

    webhook_id: str
    member_id: str
    url: str
    kinds: tuple[NoticeKind, ...]
    """Kinds of notice sent; empty for all."""
    created_at_us: int
    delivered_number: int
    """Number of the last notice that was delivered, or passed over."""
    disabled_at_us: int | None = None
    disabled_reason: str = ""
