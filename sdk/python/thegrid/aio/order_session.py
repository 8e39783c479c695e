"""A stream for many orders at once: commands go out as they are given, results come as they are
durable. Written by hand beside `sync/order_session.py`, for tasks and threads wait differently.
"""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

from thegrid.aio.channel import Incoming
from thegrid.aio.transport import Transport
from thegrid.errors import GridError, Unavailable
from thegrid.identifiers import new_request_id
from thegrid.sessions import FRAME_COMMANDS, Pending, Step
from thegrid.v1 import trading_pb2

_Result = trading_pb2.OrderSessionResult
_Waiter = asyncio.Future[_Result]
_SERVICE = "thegrid.v1.TradingService"
_LOGONS = 3


class OrderSession:
    """`send` a step and await its result; any number may be under way.

    A lost session fails what was under way with Unavailable, whose `request_id` repeats the step
    safely in another session; it does not reconnect by itself, for with `cancel_on_disconnect`
    its orders are gone. `open_orders` are those that an earlier session of this name left open.
    """

    def __init__(
        self, transport: Transport, session_id: str = "", cancel_on_disconnect: bool = False
    ) -> None:
        self._transport = transport
        self._logon = trading_pb2.OrderSessionLogon(
            session_id=session_id or new_request_id(), cancel_on_disconnect=cancel_on_disconnect
        )
        self._pending: Pending[_Waiter] = Pending()
        self._outgoing: list[trading_pb2.OrderSessionCommand] = []
        self._wake = asyncio.Event()
        self._incoming: Incoming[trading_pb2.OrderSessionResponse] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._is_closing = False
        self._error: GridError | None = None
        self.open_orders: list[trading_pb2.Order] = []
        self.is_draining = False

    async def open(self) -> "OrderSession":
        """Log on. Raises GridError."""
        for attempt in range(_LOGONS):
            incoming = self._transport.channel.duplex(
                trading_pb2.OrderSessionRequest, self._frames(), trading_pb2.OrderSessionResponse
            )
            try:
                return await self._begin(incoming)
            except Unavailable:
                incoming.cancel()
                if attempt == _LOGONS - 1:
                    raise
            except BaseException:
                incoming.cancel()
                raise
            # A call that is refused before its logon is read may lose the reason on the way.
            await self._transport.channel.sleep(0.05)
        raise AssertionError("the last attempt returns or raises")

    async def _begin(self, incoming: Incoming[trading_pb2.OrderSessionResponse]) -> "OrderSession":
        first = await incoming.read(self._transport.timeout_s(_SERVICE))
        if first is None:
            raise Unavailable("the exchange closed the session at logon", code="UNAVAILABLE")
        self.open_orders = [*first.ready.open_orders]
        self._incoming = incoming
        self._reader = asyncio.create_task(self._read(incoming))
        return self

    async def send(self, item: Step, request_id: str = "") -> _Result:
        """Run one step; make it with `thegrid.place_item` and its likes, or `quotes_item`.

        Raises the refusal of the step, or Unavailable when the session is lost.
        """
        if self._reader is None or self._reader.done():
            cause = self._error or Unavailable("it is not open", code="UNAVAILABLE")
            raise Unavailable(
                f"the session takes no orders: {cause.message}",
                code=cause.code,
                reason=cause.reason,
            )
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        self._outgoing.append(self._pending.add(item, request_id, waiter))
        self._wake.set()
        return await waiter

    async def close(self) -> None:
        """Send what was given, await the results, and end the session."""
        self._is_closing = True
        self._wake.set()
        if self._reader is not None:
            try:
                await self._reader
            finally:
                self.abort()

    def abort(self) -> None:
        """End the session at once, as if the line were cut."""
        if self._incoming is not None:
            self._incoming.cancel()
        if self._reader is not None:
            self._reader.cancel()

    async def __aenter__(self) -> "OrderSession":
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
        else:
            self.abort()

    async def _frames(self) -> AsyncIterator[Any]:
        yield trading_pb2.OrderSessionRequest(logon=self._logon)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                commands = self._outgoing[:FRAME_COMMANDS]
                del self._outgoing[:FRAME_COMMANDS]
                yield trading_pb2.OrderSessionRequest(commands=commands)
            if self._is_closing:
                return

    async def _read(self, incoming: Incoming[trading_pb2.OrderSessionResponse]) -> None:
        try:
            while (frame := await incoming.read()) is not None:
                self.is_draining = self.is_draining or frame.draining
                for result in frame.results:
                    self._answer(result)
        except GridError as error:
            self._error = error
        finally:
            incoming.cancel()
            self._end_frames()
            for waiter, loss in self._pending.lost(self._error):
                if not waiter.done():
                    waiter.set_exception(loss)

    def _end_frames(self) -> None:
        """Let the frames come to an end: gRPC itself leaves them waiting when the peer is gone."""
        self._is_closing = True
        self._outgoing.clear()
        self._wake.set()

    def _answer(self, result: _Result) -> None:
        answered = self._pending.answered(result)
        if answered is None or answered[0].done():
            return
        waiter, refusal = answered
        if refusal is None:
            waiter.set_result(result)
        else:
            waiter.set_exception(refusal)
