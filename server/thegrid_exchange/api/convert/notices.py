"""Notices and webhooks.

Signing secrets never come here.
"""

from typing import Final

from thegrid.v1 import notices_pb2
from thegrid_exchange.api.convert.common import Names, optional_time, time_of
from thegrid_exchange.engine.records import Notice, Webhook

KINDS: Final = Names(
    notices_pb2.NoticeKind,
    "NOTICE_KIND",
    (
        "low_cash",
        "low_tokens",
        "lot_expiring",
        "spend_limit",
        "key_expiring",
        "webhook_disabled",
        "supplier",
    ),
)


def notice_message(notice: Notice) -> notices_pb2.Notice:
    """Something a member asked to be told of."""
    return notices_pb2.Notice(
        notice_id=notice.notice_id,
        member_id=notice.member_id,
        kind=KINDS.wire(notice.kind),
        subject_id=notice.subject_id,
        instrument_id=notice.instrument_id,
        message=notice.message,
        limit=notice.limit,
        value=notice.value,
        due_time=optional_time(notice.due_us),
        create_time=time_of(notice.raised_at_us),
    )


def webhook_message(webhook: Webhook) -> notices_pb2.Webhook:
    """An address to which notices are sent."""
    return notices_pb2.Webhook(
        webhook_id=webhook.webhook_id,
        member_id=webhook.member_id,
        url=webhook.url,
        kinds=[KINDS.wire(kind) for kind in webhook.kinds],
        create_time=time_of(webhook.created_at_us),
        disable_time=optional_time(webhook.disabled_at_us),
        disable_reason=webhook.disabled_reason,
    )
