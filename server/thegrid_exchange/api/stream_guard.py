"""What every long stream hangs on: new things, the beat of each second, and reasons to end.

What a stream says when it ends is in its own words.
"""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from google.rpc.status_pb2 import Status

from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.errors import refusal, status_of
from thegrid_exchange.api.services import Services

LAST_WORDS_S: Final = 0.5
"""How long a stream may take to say why it ends, before it is ended without a word."""

_TEXTS: Final = {
    "DRAINING": "the exchange is going down in good order; reconnect and resume",
    "KEY_REVOKED": "the key of this stream was revoked",
    "KEY_EXPIRED": "the time of this stream's key has passed",
    "MEMBER_SUSPENDED": "the member is suspended; ask the operator",
    "READER_TOO_SLOW": "the reader fell too far behind; resume after the last event it has",
}


class StreamGuard:
    """Wakes a stream when there is something to do; use it as a context manager."""

    def __init__(self, services: Services, caller: Caller) -> None:
        self._services, self._caller = services, caller
        self._is_awake = False
        self._waiter: asyncio.Future[None] | None = None
        self._has_beaten = False
        self.reason = ""
        """Why the stream has to end, or empty while it may go on."""

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        authenticator, pulse = self._services.authenticator, self._services.pulse
        self._undo = [
            authenticator.on_revoked(self._caller.key_id, self._on_revoked),
            pulse.listen(self._on_beat),
        ]
        if pulse.draining:
            self.reason = "DRAINING"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for undo in self._undo:
            undo()

    def wake(self) -> None:
        """There is something to look at."""
        self._is_awake = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self) -> None:
        """Return when there is something to look at; one task alone may wait."""
        if not self._is_awake:  # a bare future, as this is the hot path of every fan-out
            self._waiter = self._loop.create_future()
            await self._waiter
        self._is_awake = False

    def took_beat(self) -> bool:
        """Whether a second has gone by since this was last asked."""
        has_beaten, self._has_beaten = self._has_beaten, False
        return has_beaten

    def status(self) -> Status:
        """The reason as a status for the stream's last event."""
        return status_of(refusal(self.reason, "", _TEXTS[self.reason]))

    def _on_beat(self) -> None:
        self._has_beaten = True
        if self._services.pulse.draining and not self.reason:
            self.reason = "DRAINING"
        self.wake()

    def _on_revoked(self, reason: str) -> None:
        """End the stream: with last words if the reader takes them soon, without if not."""
        self.reason = reason
        self.wake()
        task = self._task
        if task is not None:
            self._loop.call_later(LAST_WORDS_S, _cancel_if_running, task)


def _cancel_if_running(task: "asyncio.Task[Any]") -> None:
    if not task.done():
        task.cancel()
