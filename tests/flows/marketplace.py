"""A small market behind public doors: a consumer with a Lot, suppliers, a gateway.
Its laws are checked through the doors too.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

import thegrid
from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.supplier import ScriptedSession, ScriptedSupplier, session
from tests.support.until import until
from thegrid.v1 import accounts_pb2, admin_pb2, delivery_pb2, supply_pb2, usage_pb2
from thegrid_exchange.engine.invariants import check

UNIT = 1_000_000
PROMPT_TOKENS = 8
"""`Say hello` of a user: two tokens, a message, a request; see the metering policy."""


@dataclass
class Marketplace:
    """An exchange with one instrument, a consumer who owns a Lot, and a gateway's key."""

    exchange: Exchange
    consumer: Participant
    gateway_secret: str
    session: ScriptedSession
    suppliers: list[Participant] = field(default_factory=list)

    async def supplier(self, handle: str, price_micros: int, **terms: Any) -> Participant:
        """Another supplier with Units on sale."""
        supplier = await self.exchange.create_supplier(handle, issue_units=50, **terms)
        await self.exchange.sell_issuance(supplier, 50, price_micros)
        self.suppliers.append(supplier)
        return supplier

    async def lot(self, units: int) -> None:
        """Buy and move into Consumption."""
        await self.exchange.place(
            self.consumer, side="buy", quantity_units=units, price_micros=10 * UNIT,
        )  # fmt: skip
        await self.consumer.accounts.CreateTransfer(
            accounts_pb2.CreateTransferRequest(
                request_id=self.exchange.request_id(), instrument=SYMBOL, quantity_units=units
            )
        )

    async def balance(self) -> accounts_pb2.UnitBalance:
        """The consumer's Units."""
        balances = await self.consumer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
        return next(units for units in balances.units if units.symbol == SYMBOL)

    async def usage(self, identifier: str) -> usage_pb2.UsageRecord:
        """A usage record, once it is final."""
        async with asyncio.timeout(10):
            while True:
                found = await self.consumer.usage.GetUsage(usage_pb2.GetUsageRequest(id=identifier))
                if found.usage.status == usage_pb2.USAGE_STATUS_FINAL:
                    return found.usage  # type: ignore[no-any-return]
                await asyncio.sleep(0.01)

    async def check(self) -> None:
        """Nothing is reserved, tokens are conserved, every asset sums to zero."""
        if self.exchange.running is not None:
            await until(lambda: not self.exchange.running.services.relay.open_calls, 10)
            self._check_inside()
        trial = await self.exchange.admin.GetTrialBalance(admin_pb2.GetTrialBalanceRequest())
        sums: dict[str, int] = {}
        for line in trial.lines:
            sums[line.asset] = sums.get(line.asset, 0) + line.amount
        assert not any(sums.values()), sums
        assert (await self.balance()).reserved_tokens == 0
        for supplier in self.suppliers:
            supplies = await supplier.supply.GetSupply(supply_pb2.GetSupplyRequest())
            for each in supplies.supplies:
                parts = (
                    each.retired_tokens + each.unsold_tokens + each.bought_back_tokens
                    + each.outstanding_tokens + each.consumed_tokens + each.expired_tokens
                    + each.refunded_tokens
                )  # fmt: skip
                assert parts == each.issued_tokens, each
        lots = await self.consumer.accounts.ListLots(
            accounts_pb2.ListLotsRequest(include_closed=True)
        )
        for lot in lots.lots:
            parts = (
                lot.free_tokens + lot.reserved_tokens + lot.consumed_tokens
                + lot.expired_tokens + lot.refunded_tokens
            )  # fmt: skip
            assert parts == lot.tokens, lot

    def _check_inside(self) -> None:
        """What cannot be seen from another process: the invariants, and that nobody is watched."""
        services = self.exchange.running.services
        check(services.live.state)
        assert self.consumer.secret.partition(".")[0] not in services.authenticator.watched()


@asynccontextmanager
async def marketplace(folder: Path, units: int = 1, **settings: Any) -> AsyncIterator[Marketplace]:
    """Open a market with one supplier `acme`, whose Units the consumer bought."""
    async with running_exchange(folder, **settings) as exchange:
        await exchange.define_instrument()
        consumer = await exchange.create_member("consumer", deposit_micros=1_000 * UNIT)
        house = await exchange.create_member("house", scopes=("GATEWAY",))
        async with session(exchange, house.secret) as gateway:
            market = Marketplace(exchange, consumer, house.secret, gateway)
            await market.supplier("acme", UNIT, concurrent_deliveries=2_000)
            await market.lot(units)
            yield market


@asynccontextmanager
async def connected(market: Marketplace, secret: str) -> AsyncIterator[Any]:
    """The SDK with a key of its own."""
    async with thegrid.AsyncClient(market.exchange.target, secret, tls=False) as client:
        yield client


async def a_call(
    market: Marketplace, supplier: ScriptedSupplier, text: str = "Hello there.", **fields: Any
) -> delivery_pb2.DeliveryEnded:
    """A whole call; answers its good end."""
    _, call = await market.session.open(market.consumer.secret, **fields)
    number = len(supplier.opened) + 1
    await supplier.handed(number)
    await supplier.answer(number, text)
    return (await call.done()).ended


def info_of(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, set[str]]:
    """ErrorInfo and the fields at fault of a refused call."""
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return details(status_pb2.Status.FromString(raw))


def details(status: status_pb2.Status) -> tuple[error_details_pb2.ErrorInfo, set[str]]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, {violation.field for violation in bad.field_violations}
