# Made by `make proto` from thegrid/aio/notices.py; edit that file instead.
"""What the caller was told of, and the webhooks to which that is sent.
Of what notices are given is a setting, in `members`; checking a webhook's events is in `webhooks`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from thegrid.enums import enum_number
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, notices_pb2


class Notices:
    """Notices and webhooks of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        kind: int | str = 0,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[notices_pb2.Notice]:
        """Iterate over notices, newest first; a kind is named such as `lot_expiring`."""
        request = notices_pb2.ListNoticesRequest(
            kind=enum_number(notices_pb2.NoticeKind, kind, "kind") if kind else 0,  # type: ignore[arg-type]
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            min_position=min_position,
        )
        return self._transport.pages(
            request, notices_pb2.ListNoticesResponse, lambda page: page.notices
        )

    def create_webhook(
        self, url: str, kinds: Iterable[int | str] = (), *, request_id: str = ""
    ) -> notices_pb2.CreateWebhookResponse:
        """Have notices sent to an address; the signing `secret` is shown this once."""
        request = notices_pb2.CreateWebhookRequest(
            request_id=request_id,
            url=url,
            kinds=[enum_number(notices_pb2.NoticeKind, kind, "kinds") for kind in kinds],  # type: ignore[misc]
        )
        return self._transport.call(request, notices_pb2.CreateWebhookResponse)

    def update_webhook(
        self,
        webhook_id: str,
        *,
        url: str = "",
        enabled: bool | None = None,
        request_id: str = "",
    ) -> notices_pb2.Webhook:
        """Change a webhook's address, or stop and start it."""
        request = notices_pb2.UpdateWebhookRequest(
            request_id=request_id, webhook_id=webhook_id, url=url
        )
        if enabled is not None:
            request.enabled = enabled
        response = self._transport.call(request, notices_pb2.UpdateWebhookResponse)
        return response.webhook

    def delete_webhook(self, webhook_id: str, *, request_id: str = "") -> notices_pb2.Webhook:
        """Send nothing more to an address."""
        request = notices_pb2.DeleteWebhookRequest(request_id=request_id, webhook_id=webhook_id)
        response = self._transport.call(request, notices_pb2.DeleteWebhookResponse)
        return response.webhook

    def webhooks(
        self, *, min_position: common_pb2.Position | None = None
    ) -> Iterable[notices_pb2.Webhook]:
        """Return the caller's webhooks, oldest first, without secrets."""
        request = notices_pb2.ListWebhooksRequest(min_position=min_position)
        response = self._transport.call(request, notices_pb2.ListWebhooksResponse)
        return response.webhooks

    def test_webhook(
        self, webhook_id: str, *, request_id: str = ""
    ) -> notices_pb2.TestWebhookResponse:
        """Send a test event now and return what came of it."""
        request = notices_pb2.TestWebhookRequest(request_id=request_id, webhook_id=webhook_id)
        return self._transport.call(request, notices_pb2.TestWebhookResponse)
