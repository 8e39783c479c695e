"""Webhooks against a real HTTP server that takes, fails, stalls, redirects; and a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.exchange import Exchange, Participant, running_exchange
from tests.support.refusals import refused
from tests.support.until import until
from thegrid.v1 import members_pb2, notices_pb2
from thegrid.webhooks import WebhookRefused, verify
from thegrid_exchange.engine.commands import Deposit, Withdraw

LIVE = {"webhook_allow_private": True, "webhook_attempts": 3, "webhook_timeout_s": 1}
HOUR_US = 3_600_000_000


@dataclass
class Hook:
    """An address of a member, on this machine."""

    url: str = ""
    status: int = 200
    stalls: bool = False
    asked: int = 0
    taken: list[tuple[bytes, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        body = await request.read()
        if self.stalls:
            await asyncio.sleep(30)
        if 200 <= self.status < 300:
            self.taken.append((body, request.headers["x-grid-signature"]))
        if self.status == 307:
            return web.Response(status=307, headers={"location": f"{self.url}/elsewhere"})
        return web.Response(status=self.status, text="not read")

    def events(self, secret: str, exchange: Exchange) -> list[dict[str, Any]]:
        """What was taken, each signature checked."""
        now_s = exchange.clock.now_us() / 1_000_000
        return [
            verify(body, signature, secret, now_s=now_s, tolerance_s=10**9)
            for body, signature in self.taken
        ]


@asynccontextmanager
async def listening() -> AsyncIterator[Hook]:
    hook = Hook()
    served = web.Application()
    served.router.add_route("*", "/{tail:.*}", hook.answer)
    runner = web.AppRunner(served, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hook
    finally:
        await runner.cleanup()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with listening() as made:
        yield made


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with running_exchange(tmp_path, **LIVE) as running:
        yield running


async def watched_member(exchange: Exchange, handle: str = "member") -> Participant:
    """A member who is told of every withdrawal that `notice` makes."""
    member = await exchange.create_member(handle, deposit_micros=1_000_000)
    await member.members.UpdateSettings(
        members_pb2.UpdateSettingsRequest(
            request_id="s", notices=members_pb2.NoticeSettings(cash_micros=1_000_000)
        )
    )
    return member


async def notice(exchange: Exchange, member: Participant) -> str:
    """Take a micro-dollar and give it back: one notice; answers its id."""
    submit = exchange.running.services.sequencer.submit
    done = await submit(Withdraw(member.member_id, 1), actor="test")
    await submit(Deposit(member.member_id, 1), actor="test")
    return next(each.notice.notice_id for each in done.events if hasattr(each, "notice"))


async def create(member: Participant, url: str, **more: Any) -> Any:
    return await member.notices.CreateWebhook(
        notices_pb2.CreateWebhookRequest(request_id=f"w-{url}", url=url, **more)
    )


async def the_webhook(member: Participant) -> notices_pb2.Webhook:
    listed = await member.notices.ListWebhooks(notices_pb2.ListWebhooksRequest())
    webhook: notices_pb2.Webhook = listed.webhooks[0]
    return webhook


async def wait_a_while(exchange: Exchange) -> None:
    """Let the outbox go to sleep, and wake it."""
    await until(lambda: exchange.clock.sleepers >= 2)
    exchange.clock.advance(3 * HOUR_US)


async def test_notices_arrive_signed_and_in_order(exchange: Exchange, hook: Hook) -> None:
    member = await watched_member(exchange)
    made = await create(member, hook.url)
    assert (await create(member, hook.url)).secret == made.secret, "a repeat shows it again"
    sent = [await notice(exchange, member) for _ in range(5)]
    await until(lambda: len(hook.taken) >= 5)
    events = hook.events(made.secret, exchange)
    assert [each["id"] for each in events] == sent
    assert events[0]["type"] == "low_cash"
    assert events[0]["data"]["value"] == 999_999
    with pytest.raises(WebhookRefused):
        verify(hook.taken[0][0] + b" ", hook.taken[0][1], made.secret, tolerance_s=10**9)
    assert made.secret not in str(await the_webhook(member))


async def test_a_failing_address_is_tried_again_and_nothing_overtakes(
    exchange: Exchange, hook: Hook
) -> None:
    member = await watched_member(exchange)
    made = await create(member, hook.url)
    hook.status = 500
    sent = [await notice(exchange, member) for _ in range(2)]
    await until(lambda: hook.asked == 1)
    await wait_a_while(exchange)
    await until(lambda: hook.asked == 2)
    hook.status = 204
    await wait_a_while(exchange)
    await until(lambda: len(hook.taken) == 2)
    assert [each["id"] for each in hook.events(made.secret, exchange)] == sent
    assert hook.asked == 4


async def test_an_address_that_never_answers_well_is_given_up_with_a_notice(
    exchange: Exchange, hook: Hook
) -> None:
    member = await watched_member(exchange)
    await create(member, hook.url)
    hook.status = 307
    await notice(exchange, member)
    for attempt in (1, 2):
        await until(lambda attempt=attempt: hook.asked == attempt)  # type: ignore[misc]
        await wait_a_while(exchange)
    await until(lambda: hook.asked == 3)
    state = exchange.running.services.live.state
    await until(lambda: all(each.disabled_at_us for each in state.webhooks.values()))
    assert "answered 307" in (await the_webhook(member)).disable_reason
    listed = await member.notices.ListNotices(notices_pb2.ListNoticesRequest())
    assert listed.notices[0].kind == notices_pb2.NOTICE_KIND_WEBHOOK_DISABLED
    await notice(exchange, member)
    hook.status = 200
    webhook_id = (await the_webhook(member)).webhook_id
    await member.notices.UpdateWebhook(
        notices_pb2.UpdateWebhookRequest(request_id="e", webhook_id=webhook_id, enabled=True)
    )
    fresh = await notice(exchange, member)
    await until(lambda: hook.taken)
    assert fresh.encode() in hook.taken[0][0]
    assert hook.asked == 4, "a redirect is never followed"


async def test_a_stalling_address_holds_up_nobody_else(exchange: Exchange, hook: Hook) -> None:
    slow, quick = await watched_member(exchange, "slow"), await watched_member(exchange, "quick")
    async with listening() as other:
        other.stalls = True
        await create(slow, other.url)
        await create(quick, hook.url)
        await notice(exchange, slow)
        await notice(exchange, quick)
        await until(lambda: hook.taken and other.asked)
        assert not other.taken


async def test_kinds_choose_what_is_sent(exchange: Exchange, hook: Hook) -> None:
    member = await watched_member(exchange)
    await create(member, hook.url, kinds=[notices_pb2.NOTICE_KIND_LOT_EXPIRING])
    await notice(exchange, member)
    state = exchange.running.services.live.state
    await until(lambda: all(each.delivered_number == 1 for each in state.webhooks.values()))
    assert not hook.asked


async def test_a_test_event_says_what_came_of_it(exchange: Exchange, hook: Hook) -> None:
    member = await watched_member(exchange)
    made = await create(member, hook.url)
    request = notices_pb2.TestWebhookRequest(webhook_id=made.webhook.webhook_id)
    answer = await member.notices.TestWebhook(request)
    assert (answer.delivered, answer.http_status) == (True, 200)
    assert hook.events(made.secret, exchange)[0]["type"] == "test"
    hook.status = 404
    answer = await member.notices.TestWebhook(request)
    assert (answer.delivered, answer.failure) == (False, "the address answered 404")
    hook.stalls = True
    answer = await member.notices.TestWebhook(request)
    assert answer.failure == "no answer within 1000 ms"
    stranger = await exchange.create_member("stranger")
    for method, each in (
        ("TestWebhook", request),
        (
            "DeleteWebhook",
            notices_pb2.DeleteWebhookRequest(request_id="d", webhook_id=made.webhook.webhook_id),
        ),
        (
            "UpdateWebhook",
            notices_pb2.UpdateWebhookRequest(
                request_id="u", webhook_id=made.webhook.webhook_id, url=hook.url
            ),
        ),
    ):
        refusal = await refused(getattr(stranger.notices, method)(each))
        assert refusal.reason == "WEBHOOK_NOT_FOUND", method


async def test_a_restart_sends_what_was_not_taken_and_nothing_else(
    tmp_path: Path, hook: Hook
) -> None:
    async with running_exchange(tmp_path, **LIVE) as exchange:
        member = await watched_member(exchange)
        made = await create(member, hook.url)
        sent = [await notice(exchange, member)]
        state = exchange.running.services.live.state
        await until(lambda: all(each.delivered_number == 1 for each in state.webhooks.values()))
        hook.status = 503
        sent += [await notice(exchange, member) for _ in range(2)]
        await until(lambda: hook.asked == 2)
        clock = exchange.clock
    hook.status = 200
    async with running_exchange(tmp_path, clock=clock, **LIVE) as exchange:
        await until(lambda: len(hook.taken) == 3)
        assert [each["id"] for each in hook.events(made.secret, exchange)] == sent


async def test_private_addresses_are_refused_unless_the_operator_allows_them(
    tmp_path: Path, hook: Hook
) -> None:
    async with running_exchange(tmp_path) as exchange:
        member = await watched_member(exchange)
        for url in (
            hook.url,
            "https://127.0.0.1/hook",
            "https://[::1]/hook",
            "https://[::ffff:10.0.0.1]/hook",
            "https://[64:ff9b::a00:1]/hook",
            "https://169.254.169.254/latest/meta-data",
            "https://192.168.1.1/",
            "https://0.0.0.0/",
            "https://localhost/hook",
            "https://user:pass@example.com/",
            "https://example.com/#part",
            "ftp://example.com/",
            "https:///nowhere",
            "not a url",
        ):
            refusal = await refused(create(member, url))
            assert refusal.reason == "WEBHOOK_URL_REFUSED", url
