"""A stream for many orders at once: commands go out as they are given, results come as they are
durable. Written by hand beside `aio/order_session.py`, for tasks and threads wait differently.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from thegrid.errors import GridError, Unavailable
from thegrid.identifiers import new_request_id
from thegrid.sessions import FRAME_COMMANDS, Pending, Step
from thegrid.sync.channel import Incoming
from thegrid.sync.transport import Transport
from thegrid.v1 import trading_pb2

_Result = trading_pb2.OrderSessionResult
_Waiter = Future[_Result]
_SERVICE = "thegrid.v1.TradingService"


class OrderSession:
    """`send` a step and wait for its result, or `submit` it and ask the Future later.

    Threads may share it. A lost session fails what was under way with Unavailable, whose
    `request_id` repeats the step safely in another session; it does not reconnect by itself, for
    with `cancel_on_disconnect` its orders are gone. `open_orders` are those that an earlier
    session of this name left open.
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
        self._changed = threading.Condition()
        self._incoming: Incoming[trading_pb2.OrderSessionResponse] | None = None
        self._reader: threading.Thread | None = None
        self._is_closing = False
        self._is_over = False
        self._error: GridError | None = None
        self.open_orders: list[trading_pb2.Order] = []
        self.is_draining = False

    def open(self) -> "OrderSession":
        """Log on. Raises GridError."""
        incoming = self._transport.channel.duplex(
            trading_pb2.OrderSessionRequest, self._frames(), trading_pb2.OrderSessionResponse
        )
        self._incoming = incoming
        try:
            first = incoming.read(self._transport.timeout_s(_SERVICE))
        except BaseException:
            self.abort()
            raise
        if first is None:
            self.abort()
            raise Unavailable("the exchange closed the session at logon", code="UNAVAILABLE")
        self.open_orders = [*first.ready.open_orders]
        self._reader = threading.Thread(
            target=self._read, args=(incoming,), name="thegrid-order-session", daemon=True
        )
        self._reader.start()
        return self

    def submit(self, item: Step, request_id: str = "") -> _Waiter:
        """Send one step and return the Future of its result."""
        waiter: _Waiter = Future()
        waiter.set_running_or_notify_cancel()
        with self._changed:
            if self._reader is None or self._is_over or self._is_closing:
                cause = self._error or Unavailable("it is not open", code="UNAVAILABLE")
                raise Unavailable(
                    f"the session takes no orders: {cause.message}",
                    code=cause.code,
                    reason=cause.reason,
                )
            self._outgoing.append(self._pending.add(item, request_id, waiter))
            self._changed.notify_all()
        return waiter

    def send(self, item: Step, request_id: str = "") -> _Result:
        """Run one step; make it with `thegrid.place_item` and its likes, or `quotes_item`.

        Raises the refusal of the step, or Unavailable when the session is lost.
        """
        return self.submit(item, request_id).result()

    def close(self) -> None:
        """Send what was given, wait for the results, and end the session."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._reader is not None:
            self._reader.join()
        self.abort()

    def abort(self) -> None:
        """End the session at once, as if the line were cut."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._incoming is not None:
            self._incoming.cancel()

    def __enter__(self) -> "OrderSession":
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _frames(self) -> Iterator[Any]:
        yield trading_pb2.OrderSessionRequest(logon=self._logon)
        while commands := self._next_commands():
            yield trading_pb2.OrderSessionRequest(commands=commands)

    def _next_commands(self) -> list[trading_pb2.OrderSessionCommand]:
        """Wait for commands and return them; none when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._outgoing or self._is_closing or self._is_over)
            if self._is_over:
                return []
            commands = self._outgoing[:FRAME_COMMANDS]
            del self._outgoing[:FRAME_COMMANDS]
            return commands

    def _read(self, incoming: Incoming[trading_pb2.OrderSessionResponse]) -> None:
        try:
            while (frame := incoming.read()) is not None:
                self.is_draining = self.is_draining or frame.draining
                for result in frame.results:
                    self._answer(result)
        except GridError as error:
            self._error = error
        finally:
            self._end(incoming)

    def _end(self, incoming: Incoming[trading_pb2.OrderSessionResponse]) -> None:
        with self._changed:
            self._is_over = True
            lost = list(self._pending.lost(self._error))
            self._changed.notify_all()
        incoming.cancel()
        for waiter, loss in lost:
            waiter.set_exception(loss)

    def _answer(self, result: _Result) -> None:
        with self._changed:
            answered = self._pending.answered(result)
        if answered is None:
            return
        waiter, refusal = answered
        if refusal is None:
            waiter.set_result(result)
        else:
            waiter.set_exception(refusal)
