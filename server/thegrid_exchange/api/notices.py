"""NoticeService: what a member was told of, and the addresses to which that is sent.

Only the caller's own notices and webhooks are ever shown; sending is the outbox's.
"""

from typing import Any

from thegrid.v1 import notices_pb2, notices_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of, optional_of, span_of
from thegrid_exchange.api.convert.notices import KINDS, notice_message, webhook_message
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.keys import hash_of
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.commands import CreateWebhook, DeleteWebhook, UpdateWebhook
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.notify.addresses import AddressRefused


class NoticeServicer(Handler, notices_pb2_grpc.NoticeServiceServicer):
    """Notices and webhooks."""

    async def ListNotices(  # noqa: N802
        self, request: notices_pb2.ListNoticesRequest, context: Any
    ) -> notices_pb2.ListNoticesResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        kind = KINDS.optional_word(request.kind) or ""
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, member_id, kind, start_us, end_us)
        found = await self.services.notices.newest(
            member_id,
            kind=kind,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [number_of(each.notice_id) for each in found])
        return notices_pb2.ListNoticesResponse(
            notices=[notice_message(notice) for notice in shown], next_page_token=token
        )

    async def CreateWebhook(  # noqa: N802
        self, request: notices_pb2.CreateWebhookRequest, context: Any
    ) -> notices_pb2.CreateWebhookResponse:
        self._check_url(request.url)
        vault = self.services.vault
        command = CreateWebhook(
            member_id=caller().member_id,
            webhook_id=vault.new_webhook_id(),
            url=request.url,
            kinds=tuple(dict.fromkeys(KINDS.word(kind) for kind in request.kinds)),
        )
        asked = hash_of(command._replace(webhook_id=""))
        answer = await self.ask(command, request.request_id, asked)
        webhook = answer.reply.webhook
        return notices_pb2.CreateWebhookResponse(
            webhook=webhook_message(webhook),
            secret=vault.webhook_secret(webhook.webhook_id),
            position=self.position(answer.seq),
        )

    async def UpdateWebhook(  # noqa: N802
        self, request: notices_pb2.UpdateWebhookRequest, context: Any
    ) -> notices_pb2.UpdateWebhookResponse:
        if request.url:
            self._check_url(request.url)
        command = UpdateWebhook(
            member_id=caller().member_id,
            webhook_id=request.webhook_id,
            url=request.url or None,
            enabled=optional_of(request, "enabled"),
        )
        answer = await self.ask(command, request.request_id)
        return notices_pb2.UpdateWebhookResponse(
            webhook=webhook_message(answer.reply.webhook), position=self.position(answer.seq)
        )

    async def DeleteWebhook(  # noqa: N802
        self, request: notices_pb2.DeleteWebhookRequest, context: Any
    ) -> notices_pb2.DeleteWebhookResponse:
        command = DeleteWebhook(caller().member_id, request.webhook_id)
        answer = await self.ask(command, request.request_id)
        return notices_pb2.DeleteWebhookResponse(
            webhook=webhook_message(answer.reply.webhook), position=self.position(answer.seq)
        )

    async def ListWebhooks(  # noqa: N802
        self, request: notices_pb2.ListWebhooksRequest, context: Any
    ) -> notices_pb2.ListWebhooksResponse:
        await self.reach(request)
        state = self.services.live.state
        ids = state.indices.webhooks_of.get(caller().member_id, ())
        found = sorted((state.webhooks[each] for each in ids), key=lambda each: each.created_at_us)
        return notices_pb2.ListWebhooksResponse(webhooks=[webhook_message(each) for each in found])

    async def TestWebhook(  # noqa: N802
        self, request: notices_pb2.TestWebhookRequest, context: Any
    ) -> notices_pb2.TestWebhookResponse:
        webhook = self.services.live.state.webhooks.get(request.webhook_id)
        if webhook is None or webhook.member_id != caller().member_id:
            raise refused("WEBHOOK_NOT_FOUND", "webhook_id", "you have no such webhook")
        posted = await self.services.outbox.test(webhook)
        return notices_pb2.TestWebhookResponse(
            delivered=not posted.failure,
            http_status=posted.http_status,
            failure=posted.failure,
            duration=span_of(posted.duration_us),
        )

    def _check_url(self, url: str) -> None:
        try:
            self.services.guard.check_url(url)
        except AddressRefused as error:
            raise refused("WEBHOOK_URL_REFUSED", "url", f"{error}; give another") from error
