"""OrderSession: commands pipelined over one open stream, results in their order.

Each command follows the rules of the unary calls; nothing waits for the answer of the one before.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from google.rpc.status_pb2 import Status

from thegrid.v1 import trading_pb2
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.trading import (
    item_command,
    order_message,
    quotes_command,
    shown_quotes,
    shown_result,
)
from thegrid_exchange.api.errors import invalid, refused, status_of_error
from thegrid_exchange.api.faults import status_of_sequencer, unexpected
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.idempotency import order_hash
from thegrid_exchange.api.stream_guard import StreamGuard
from thegrid_exchange.calls import SequencerError
from thegrid_exchange.engine.commands import CancelOrders
from thegrid_exchange.engine.refusals import Refusal

IN_FLIGHT: Final = 4_096
"""Commands of one session under way; past this the next frame waits."""
FRAME_RESULTS: Final = 500


class SessionMixin(Handler):
    """The stream of TradingService."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._sessions: set[tuple[str, str]] = set()

    async def OrderSession(  # noqa: N802
        self, frames: AsyncIterator[trading_pb2.OrderSessionRequest], context: Any
    ) -> AsyncIterator[trading_pb2.OrderSessionResponse]:
        asking = caller()
        logon = await _logon(frames)
        key = (asking.member_id, logon.session_id)
        if key in self._sessions:
            raise refused(
                "ALREADY_OPEN",
                "logon.session_id",
                "a session of this name is open; close it or choose another name",
            )
        self._sessions.add(key)
        try:
            with StreamGuard(self.services, asking) as guard:
                session = _Session(self, asking, logon.session_id, guard)
                async for frame in session.run(frames):
                    yield frame
        finally:
            self._sessions.discard(key)
            if logon.cancel_on_disconnect:
                self.services.background.spawn(self._cancel_all(*key))

    async def _cancel_all(self, member_id: str, session_id: str) -> None:
        command = CancelOrders(member_id, session_id=session_id)
        with contextlib.suppress(SequencerError):
            await self.services.sequencer.submit(command, actor=member_id)


async def _logon(
    frames: AsyncIterator[trading_pb2.OrderSessionRequest],
) -> trading_pb2.OrderSessionLogon:
    first = await anext(aiter(frames), None)
    if first is None or not first.HasField("logon") or first.commands:
        raise refused(
            "PROTOCOL_VIOLATION", "logon", "the first frame must hold a logon and nothing else"
        )
    return first.logon


class _Session:
    """One open session: what is under way, in the order of its commands."""

    def __init__(
        self, handler: Handler, asking: Caller, session_id: str, guard: StreamGuard
    ) -> None:
        self._handler, self._services = handler, handler.services
        self._asking, self._session_id, self._guard = asking, session_id, guard
        self._under_way: deque[tuple[int, asyncio.Future[trading_pb2.OrderSessionResult]]] = deque()
        self._room = asyncio.Event()
        self._last_seq = 0
        self._fault: Exception | None = None
        self._has_ended = False

    async def run(
        self, frames: AsyncIterator[trading_pb2.OrderSessionRequest]
    ) -> AsyncIterator[trading_pb2.OrderSessionResponse]:
        """Answer until the client is done, the exchange drains, or the key ends."""
        orders = self._services.live.open_orders(self._asking.member_id)
        mine = [order_message(each) for each in orders if each.session_id == self._session_id]
        yield trading_pb2.OrderSessionResponse(
            ready=trading_pb2.OrderSessionReady(open_orders=mine)
        )
        reading = asyncio.create_task(self._read(frames))
        was_told = False
        try:
            while True:
                results = self._finished()
                if results:
                    yield trading_pb2.OrderSessionResponse(results=results)
                    continue
                if self._guard.reason == "DRAINING" and not was_told:
                    was_told = True
                    yield trading_pb2.OrderSessionResponse(draining=True)
                if not self._under_way and self._is_over():
                    break
                await self._guard.wait()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if self._fault is not None:
            raise self._fault
        if self._guard.reason and self._guard.reason != "DRAINING":
            raise refused(self._guard.reason, "authorization", self._guard.status().message)

    def _is_over(self) -> bool:
        return self._has_ended or bool(self._guard.reason)

    # ---- commands in ---------------------------------------------------------------------------

    async def _read(self, frames: AsyncIterator[trading_pb2.OrderSessionRequest]) -> None:
        try:
            async for frame in frames:
                if self._guard.reason:
                    break
                self._take(frame)
                while len(self._under_way) >= IN_FLIGHT:
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._fault = error
        finally:
            self._has_ended = True
            self._guard.wake()

    def _take(self, frame: trading_pb2.OrderSessionRequest) -> None:
        if frame.HasField("logon"):
            raise refused("PROTOCOL_VIOLATION", "logon", "a session logs on once, at its beginning")
        limiter, clock = self._services.requests, self._services.clock
        for index, command in enumerate(frame.commands):
            if command.client_seq <= self._last_seq:
                raise refused(
                    "PROTOCOL_VIOLATION",
                    f"commands[{index}].client_seq",
                    f"must rise; the last one was {self._last_seq}",
                )
            self._last_seq = command.client_seq
            if index:  # the frame itself was counted when it came in
                limiter.take(self._asking, clock.steady_us())
            task = asyncio.create_task(self._answer(command, f"commands[{index}]."))
            task.add_done_callback(self._on_done)
            self._under_way.append((command.client_seq, task))

    def _on_done(self, _task: Any) -> None:
        if self._under_way and self._under_way[0][1].done():
            self._guard.wake()

    async def _answer(
        self, command: trading_pb2.OrderSessionCommand, path: str
    ) -> trading_pb2.OrderSessionResult:
        """Have one command carried out; every refusal stands in its result."""
        shown = trading_pb2.OrderSessionResult(client_seq=command.client_seq)
        try:
            made = self._command(command, path)
            answer = await self._services.sequencer.submit(
                made,
                actor=self._asking.member_id,
                request_id=command.request_id,
                request_hash=order_hash(made),
            )
            if command.HasField("quotes") and not isinstance(answer.reply, Refusal):
                shown.quotes.CopyFrom(shown_quotes(answer.reply, answer.at_us))
            else:
                shown.result.CopyFrom(shown_result(answer.reply, answer.at_us))
            shown.position.CopyFrom(self._handler.position(answer.seq))
        except Exception as error:
            shown.result.error.CopyFrom(_status_of(error))
        return shown

    def _command(self, command: trading_pb2.OrderSessionCommand, path: str) -> Any:
        """What the engine is asked; raises what is wrong with the message."""
        asking, market_of = self._asking, self._handler.market_id
        if command.HasField("item") == command.HasField("quotes"):
            raise invalid(f"{path}item", "set exactly one of item and quotes", "session.one_of")
        if command.HasField("item"):
            return item_command(
                command.item,
                asking.member_id,
                asking.key_id,
                market_of,
                f"{path}item.",
                self._session_id,
            )
        if command.quotes.request_id != command.request_id:
            field = f"{path}quotes.request_id"
            raise invalid(field, "must be the request_id of its command", "session.request_id")
        market_id = market_of(command.quotes.market, f"{path}quotes.market")
        return quotes_command(
            command.quotes, asking.member_id, asking.key_id, market_id, self._session_id
        )

    # ---- results out ---------------------------------------------------------------------------

    def _finished(self) -> list[trading_pb2.OrderSessionResult]:
        """Results of the commands at the front that are done, as many as a frame holds."""
        results: list[trading_pb2.OrderSessionResult] = []
        under_way = self._under_way
        while under_way and under_way[0][1].done() and len(results) < FRAME_RESULTS:
            results.append(under_way.popleft()[1].result())
        if results:
            self._room.set()
        return results


def _status_of(error: Exception) -> Status:
    return status_of_error(error) or status_of_sequencer(error) or unexpected(error)
