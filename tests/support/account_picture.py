"""A follower of one private stream that folds it: orders, cash, Units and Lots as it was told.

It knows the words of the contract alone; `agrees` holds its picture against a fresh snapshot.
"""

import asyncio
import contextlib
from typing import Any

import grpc

from tests.support.exchange import Participant
from tests.support.until import until
from thegrid.v1 import accounts_pb2, lots_pb2, trading_pb2

APART = ("snapshot", "heartbeat", "stream_end")
"""Payloads that are no step of the sequence."""


class AccountPicture:
    """Follows from the start, or from where another follower of the same account ended."""

    def __init__(self, person: Participant, before: "AccountPicture | None" = None) -> None:
        self.person = person
        self.orders: dict[str, Any] = dict(before.orders) if before else {}
        self.units: dict[str, Any] = dict(before.units) if before else {}
        self.lots: dict[str, Any] = dict(before.lots) if before else {}
        self.cash = before.cash if before else accounts_pb2.CashBalance()
        self.sequence = before.sequence if before else -1
        self.token = before.token if before else ""
        self.told: list[Any] = before.told if before else []
        """Every event so far."""
        self._call = self._stream(self.token)
        self._reading = asyncio.create_task(self._read())

    def _stream(self, resume_token: str = "") -> Any:
        request = accounts_pb2.StreamAccountRequest(resume_token=resume_token)
        return self.person.accounts.StreamAccount(request)

    async def _read(self) -> None:
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
            while (frame := await self._call.read()) is not grpc.aio.EOF:
                for event in frame.events:
                    self._take(event)

    def _take(self, event: accounts_pb2.AccountEvent) -> None:
        kind = event.WhichOneof("payload")
        if kind not in APART:
            assert event.sequence == self.sequence + 1, (event.sequence, self.sequence)
        if kind == "snapshot":
            self._begin(event.snapshot)
        elif kind == "order":
            is_open = event.order.status == trading_pb2.ORDER_STATUS_OPEN
            _keep(self.orders, event.order.order_id, event.order, is_open)
        elif kind == "lot":
            is_open = event.lot.state == lots_pb2.LOT_STATE_OPEN
            _keep(self.lots, event.lot.lot_id, event.lot, is_open)
        elif kind == "units":
            self.units[event.units.instrument_id] = event.units
        elif kind == "cash":
            self.cash = event.cash
        self.told.append(event)
        if kind != "heartbeat":
            self.token = event.resume_token or self.token
        self.sequence = event.sequence

    def _begin(self, snapshot: accounts_pb2.AccountSnapshot) -> None:
        self.orders = {order.order_id: order for order in snapshot.orders}
        self.lots = {lot.lot_id: lot for lot in snapshot.lots}
        self.units = {units.instrument_id: units for units in snapshot.units}
        self.cash = snapshot.cash

    async def agrees(self) -> None:
        """What was followed is what a new reader is shown."""
        other = self._stream()
        first = (await asyncio.wait_for(other.read(), 10)).events[0]
        other.cancel()
        await until(lambda: self.sequence >= first.sequence or self._reading.done())
        assert self.sequence == first.sequence
        shown = first.snapshot
        assert self.cash == shown.cash
        assert self.orders == {order.order_id: order for order in shown.orders}
        assert self.lots == {lot.lot_id: lot for lot in shown.lots}
        assert _filled(self.units) == _filled({each.instrument_id: each for each in shown.units})

    async def close(self) -> None:
        """Follow no more."""
        self._call.cancel()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


def _keep(kept: dict[str, Any], name: str, value: Any, is_open: bool) -> None:
    if is_open:
        kept[name] = value
    else:
        kept.pop(name, None)


def _filled(units: dict[str, Any]) -> dict[str, Any]:
    """Balances without those that are all zero."""
    empty = type(accounts_pb2.UnitBalance())
    return {
        name: each
        for name, each in units.items()
        if each != empty(instrument_id=each.instrument_id, symbol=each.symbol)
    }
