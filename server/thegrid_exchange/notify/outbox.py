"""The outbox: every notice to every webhook of its member, in order, at least once.

It keeps nothing of its own: notices lie in the read models, and how far each webhook has come in
the journal, so a restart goes on where the last one stopped.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol

from thegrid_exchange.calls import Committed, Overloaded, SequencerError
from thegrid_exchange.clock import Clock
from thegrid_exchange.engine.commands import NoteWebhook
from thegrid_exchange.engine.events import NoticeRaised, WebhookChanged
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.engine.records import Notice, Webhook
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Row
from thegrid_exchange.notify.events import body_of, test_body
from thegrid_exchange.notify.sender import Posted, Sends

log = logging.getLogger(__name__)

ACTOR = "outbox"


class OutboxLimits(NamedTuple):
    """Bounds of the outbox."""

    attempts: int = 16
    """Times that one notice is sent before the address is given up."""
    first_wait_us: int = 5_000_000
    """Wait before the second attempt; it doubles each time."""
    longest_wait_us: int = 3_600_000_000
    at_once: int = 32
    """Posts under way."""
    batch: int = 100
    """Notices read at a time."""


class Notices(Protocol):
    """The read model of notices."""

    async def after(self, member_id: str, number: int, limit: int) -> list[Notice]:
        """Notices numbered above `number`, oldest first."""
        ...


class Sequences(Protocol):
    """The sequencer, as far as the outbox speaks to it."""

    async def submit(
        self, command: Any, *, actor: str, request_id: str = "", request_hash: bytes = b""
    ) -> Committed:
        """Run one command and answer once it is durable."""
        ...

    def subscribe(self, fold: Callable[[Sequence[Row]], None]) -> None:
        """Call `fold` with durable rows in order."""
        ...


class Outbox:
    """Sends notices; `state` must be folded before this is told of the same rows."""

    def __init__(
        self,
        sequencer: Sequences,
        state: State,
        notices: Notices,
        sender: Sends,
        clock: Clock,
        secret_of: Callable[[str], str],
        *,
        limits: OutboxLimits,
    ) -> None:
        self._sequencer, self._state, self._notices = sequencer, state, notices
        self._sender, self._clock, self._secret_of = sender, clock, secret_of
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_once)
        self._random = Random()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._news: set[str] = set()
        """Webhooks for which something came while their task was at work."""
        self._stopped = False
        sequencer.subscribe(self._look)

    def start(self) -> None:
        """Go on where the last process stopped."""
        for webhook_id in self._state.webhooks:
            self._wake(webhook_id)

    async def stop(self) -> None:
        """Send nothing more; what was under way is sent again after the next start."""
        self._stopped = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def test(self, webhook: Webhook) -> Posted:
        """Send one event now, whatever else waits; nothing is recorded of it."""
        body = test_body(webhook.webhook_id, webhook.member_id, self._clock.now_us())
        return await self._post(webhook, body)

    # ---- waking --------------------------------------------------------------------------------

    def _look(self, rows: Sequence[Row]) -> None:
        for row in rows:
            for event in row.events:
                if type(event) is NoticeRaised:
                    self._wake_all(event.notice.member_id)
                elif type(event) is WebhookChanged:
                    self._wake(event.webhook.webhook_id)

    def _wake_all(self, member_id: str) -> None:
        for webhook_id in self._state.indices.webhooks_of.get(member_id, ()):
            self._wake(webhook_id)

    def _wake(self, webhook_id: str) -> None:
        if self._stopped:
            return
        if webhook_id in self._running:
            self._news.add(webhook_id)
            return
        task = asyncio.get_running_loop().create_task(self._run(webhook_id), name="webhook")
        self._running[webhook_id] = task

    # ---- one webhook ---------------------------------------------------------------------------

    async def _run(self, webhook_id: str) -> None:
        try:
            while True:
                self._news.discard(webhook_id)
                if not await self._deliver(webhook_id) and webhook_id not in self._news:
                    return
        except SequencerError as error:
            log.warning("the outbox stops for %s: %s", webhook_id, error)
        finally:
            del self._running[webhook_id]

    async def _deliver(self, webhook_id: str) -> bool:
        """Send what waits for a webhook, as far as one reading goes; whether there was any."""
        webhook = self._open(webhook_id)
        if webhook is None:
            return False
        found = await self._notices.after(
            webhook.member_id, webhook.delivered_number, self._limits.batch
        )
        delivered = webhook.delivered_number
        for notice in found:
            if not await self._insist(webhook_id, notice, delivered):
                return False
            delivered = number_of(notice.notice_id)
        if found:
            await self._note(webhook, delivered)
        return bool(found)

    async def _insist(self, webhook_id: str, notice: Notice, delivered: int) -> bool:
        """Send one notice until it is taken; False when the webhook is gone or given up."""
        attempt = 0
        while (webhook := self._open(webhook_id)) is not None:
            if webhook.kinds and notice.kind not in webhook.kinds:
                return True
            posted = await self._post(webhook, body_of(notice))
            if not posted.failure:
                return True
            attempt += 1
            if attempt >= self._limits.attempts:
                reason = f"{attempt} attempts failed; the last one: {posted.failure}"
                await self._note(webhook, delivered, reason)
                return False
            if delivered > webhook.delivered_number:
                # A long wait begins: a restart in it shall not send again what was taken.
                await self._note(webhook, delivered)
            await self._clock.sleep(self._wait_us(attempt))
        return False

    def _wait_us(self, attempt: int) -> int:
        """Twice as long after each attempt, up to a bound, and less by chance up to a half."""
        span_us = min(self._limits.first_wait_us << (attempt - 1), self._limits.longest_wait_us)
        return span_us - self._random.randrange(span_us // 2)

    def _open(self, webhook_id: str) -> Webhook | None:
        webhook = self._state.webhooks.get(webhook_id)
        return None if webhook is None or webhook.disabled_at_us is not None else webhook

    async def _post(self, webhook: Webhook, body: bytes) -> Posted:
        async with self._places:
            secret = self._secret_of(webhook.webhook_id)
            return await self._sender.post(webhook.url, body, secret)

    async def _note(self, webhook: Webhook, delivered: int, disabled_reason: str = "") -> None:
        command = NoteWebhook(webhook.member_id, webhook.webhook_id, delivered, disabled_reason)
        while True:
            try:
                await self._sequencer.submit(command, actor=ACTOR)
            except Overloaded as busy:
                await self._clock.sleep(busy.retry_after_us)
            else:
                return
