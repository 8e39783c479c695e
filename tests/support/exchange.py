"""A real exchange for tests: real journal, real gRPC on a free port, and a clock moved by hand.

    async with running_exchange(tmp_path) as exchange:
        await exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest(), metadata=exchange.metadata)

Stubs carry no credential by themselves: give `metadata=`, or use `exchange.stub(Stub, secret)`.
"""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc

from thegrid.v1 import (
    accounts_pb2_grpc,
    admin_pb2,
    admin_pb2_grpc,
    history_pb2_grpc,
    instruments_pb2,
    instruments_pb2_grpc,
    market_data_pb2,
    market_data_pb2_grpc,
    members_pb2,
    members_pb2_grpc,
    notices_pb2_grpc,
    performance_pb2_grpc,
    supply_pb2,
    supply_pb2_grpc,
    trading_pb2,
    trading_pb2_grpc,
    usage_pb2_grpc,
)
from thegrid_exchange import app
from thegrid_exchange.clock import ManualClock, SystemClock
from thegrid_exchange.config import Config
from thegrid_exchange.engine.commands import SetPolicy

HOUR_US = 3_600_000_000
SLOT_US = 4 * HOUR_US
SYMBOL = "text-prime"

Metadata = tuple[tuple[str, str], ...]


def started_clock() -> ManualClock:
    """Half an hour into the present sweep slot: no sweep is near, and no request id too old."""
    now_us = SystemClock().now_us()
    return ManualClock(now_us - now_us % SLOT_US + HOUR_US // 2)


def credentials(secret: str) -> Metadata:
    """The metadata that carries an API key."""
    return (("authorization", f"Bearer {secret}"),)


@dataclass
class Participant:
    """A member with a key, and stubs that use it."""

    member_id: str
    secret: str
    exchange: "Exchange"

    @property
    def metadata(self) -> Metadata:
        return credentials(self.secret)

    @property
    def trading(self) -> Any:
        return self.exchange.stub(trading_pb2_grpc.TradingServiceStub, self.secret)

    @property
    def accounts(self) -> Any:
        return self.exchange.stub(accounts_pb2_grpc.AccountServiceStub, self.secret)

    @property
    def supply(self) -> Any:
        return self.exchange.stub(supply_pb2_grpc.SupplyServiceStub, self.secret)

    @property
    def performance(self) -> Any:
        return self.exchange.stub(performance_pb2_grpc.PerformanceServiceStub, self.secret)

    @property
    def history(self) -> Any:
        return self.exchange.stub(history_pb2_grpc.HistoryServiceStub, self.secret)

    @property
    def usage(self) -> Any:
        return self.exchange.stub(usage_pb2_grpc.UsageServiceStub, self.secret)

    @property
    def members(self) -> Any:
        return self.exchange.stub(members_pb2_grpc.MemberServiceStub, self.secret)

    @property
    def notices(self) -> Any:
        return self.exchange.stub(notices_pb2_grpc.NoticeServiceStub, self.secret)

    @property
    def market_data(self) -> Any:
        return self.exchange.stub(market_data_pb2_grpc.MarketDataServiceStub, self.secret)

    @property
    def instruments(self) -> Any:
        return self.exchange.stub(instruments_pb2_grpc.InstrumentServiceStub, self.secret)

    @property
    def admin(self) -> Any:
        return self.exchange.stub(admin_pb2_grpc.AdminServiceStub, self.secret)


class BoundStub:
    """A stub whose calls carry one key and, when unary, a deadline."""

    def __init__(self, stub: Any, metadata: Metadata) -> None:
        self._stub, self._metadata = stub, metadata

    def __getattr__(self, name: str) -> Any:
        method, metadata = getattr(self._stub, name), self._metadata

        def call(*arguments: Any, **options: Any) -> Any:
            options.setdefault("metadata", metadata)
            if isinstance(method, grpc.aio.UnaryUnaryMultiCallable):
                options.setdefault("timeout", 10)
            return method(*arguments, **options)

        return call


@dataclass
class Exchange:
    """A running exchange and what tests need of it."""

    running: app.RunningExchange
    clock: ManualClock
    operator_key: str
    channel: grpc.aio.Channel
    faults: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def target(self) -> str:
        return self.running.target

    @property
    def metadata(self) -> Metadata:
        """The operator's credential."""
        return credentials(self.operator_key)

    @property
    def admin(self) -> Any:
        return self.stub(admin_pb2_grpc.AdminServiceStub, self.operator_key)

    @property
    def operator(self) -> Participant:
        return Participant("", self.operator_key, self)

    def stub(self, stub: Any, secret: str) -> BoundStub:
        """A stub of the channel whose calls carry the key."""
        return BoundStub(stub(self.channel), credentials(secret))

    def request_id(self) -> str:
        """A request id not used before in this exchange."""
        return f"test-{next(self._numbers)}"

    async def advance(self, span_us: int) -> None:
        """Move time, and let everything that is due by then happen."""
        self.clock.advance(span_us)
        await self.running.ticker.catch_up()

    # ---- a market in few words -----------------------------------------------------------------

    async def create_member(
        self,
        handle: str,
        *,
        scopes: tuple[str, ...] = ("TRADE_READ", "TRADE_WRITE", "CONSUME"),
        roles: tuple[str, ...] = ("TRADER", "CONSUMER"),
        deposit_micros: int = 0,
        affiliation_group: str = "",
    ) -> Participant:
        """A member with one key and perhaps some cash."""
        made = await self.admin.CreateMember(
            admin_pb2.CreateMemberRequest(
                request_id=self.request_id(),
                handle=handle,
                roles=[members_pb2.Role.Value(f"ROLE_{role}") for role in roles],
                affiliation_group=affiliation_group,
            )
        )
        member_id = made.member.member_id
        secret = await self.create_key(member_id, scopes)
        if deposit_micros:
            await self.deposit(member_id, deposit_micros)
        return Participant(member_id, secret, self)

    async def create_key(self, member_id: str, scopes: tuple[str, ...], **more: Any) -> str:
        """A key of a member, made by the operator; answers the secret."""
        made = await self.operator.members.CreateKey(
            members_pb2.CreateKeyRequest(
                request_id=self.request_id(),
                label="test",
                scopes=[members_pb2.Scope.Value(f"SCOPE_{scope}") for scope in scopes],
                member_id=member_id,
                **more,
            )
        )
        return str(made.secret)

    async def deposit(self, member_id: str, amount_micros: int) -> None:
        """Credit a member."""
        await self.admin.Deposit(
            admin_pb2.DepositRequest(
                request_id=self.request_id(), member_id=member_id, amount_micros=amount_micros
            )
        )

    async def define_instrument(
        self,
        symbol: str = SYMBOL,
        *,
        spec: instruments_pb2.InstrumentSpec | None = None,
        **terms: Any,
    ) -> str:
        """An instrument with its market; answers the market id."""
        made = await self.admin.DefineInstrument(
            admin_pb2.DefineInstrumentRequest(
                request_id=self.request_id(),
                symbol=symbol,
                name=symbol.title(),
                spec=spec or a_spec(),
                terms=market_data_pb2.MarketTerms(
                    **{
                        "tick_size_micros": 1_000,
                        "quantity_min_units": 1,
                        "quantity_max_units": 100_000,
                        **terms,
                    }
                ),
            )
        )
        return str(made.instrument.market_id)

    async def create_supplier(
        self,
        handle: str = "supplier",
        symbol: str = SYMBOL,
        *,
        issue_units: int = 0,
        tokens_per_second: int = 1_000_000,
        concurrent_deliveries: int = 64,
        **terms: Any,
    ) -> Participant:
        """An admitted supplier with an offer and perhaps some Units to sell."""
        supplier = await self.create_member(
            handle,
            scopes=("TRADE_READ", "TRADE_WRITE", "SUPPLY"),
            roles=("TRADER", "SUPPLIER"),
        )
        await self.admin.AdmitSupplier(
            admin_pb2.AdmitSupplierRequest(
                request_id=self.request_id(),
                member_id=supplier.member_id,
                instrument=symbol,
                verified_tokens_per_second=tokens_per_second,
            )
        )
        await supplier.supply.RegisterOffer(
            supply_pb2.RegisterOfferRequest(
                request_id=self.request_id(),
                instrument=symbol,
                terms=an_offer(concurrent_deliveries=concurrent_deliveries, **terms),
            )
        )
        if issue_units:
            await supplier.supply.IssueUnits(
                supply_pb2.IssueUnitsRequest(
                    request_id=self.request_id(), instrument=symbol, quantity_units=issue_units
                )
            )
        return supplier

    async def place(self, member: Participant, **terms: Any) -> trading_pb2.PlaceOrderResponse:
        """Enter a limit order; `side="buy"` or `"sell"`, the rest as in OrderTerms."""
        side = trading_pb2.OrderTerms(side=1 if terms.pop("side") == "buy" else 2)
        order = trading_pb2.OrderTerms(
            **{"market": SYMBOL, "type": trading_pb2.ORDER_TYPE_LIMIT, **terms}
        )
        order.side = side.side
        answer: trading_pb2.PlaceOrderResponse = await member.trading.PlaceOrder(
            trading_pb2.PlaceOrderRequest(request_id=self.request_id(), order=order)
        )
        return answer

    async def sell_issuance(
        self, supplier: Participant, quantity_units: int, price_micros: int, symbol: str = SYMBOL
    ) -> trading_pb2.PlaceOrderResponse:
        """Offer Units that the supplier issued."""
        return await self.place(
            supplier,
            side="sell",
            market=symbol,
            quantity_units=quantity_units,
            price_micros=price_micros,
            source=trading_pb2.UNIT_SOURCE_ISSUANCE,
        )


def a_spec(**changes: Any) -> instruments_pb2.InstrumentSpec:
    """A text contract that easy suppliers meet."""
    return instruments_pb2.InstrumentSpec(
        **{
            "service_type": "text",
            "quality_index": "intelligence",
            "quality_min_milli": 40_000,
            "first_token_bands": [
                instruments_pb2.FirstTokenBand(
                    prompt_max_tokens=8_192, first_token_max_us=2_000_000
                ),
                instruments_pb2.FirstTokenBand(
                    prompt_max_tokens=131_072, first_token_max_us=10_000_000
                ),
            ],
            "throughput_min_tokens_per_second": 20,
            "context_min_tokens": 131_072,
            "output_min_tokens": 16_384,
            "availability_min_ppm": 990_000,
            "error_rate_max_ppm": 10_000,
            "metering": instruments_pb2.MeteringPolicy(version=1, tokenizer="o200k_base"),
            **changes,
        }
    )


def an_offer(**changes: Any) -> supply_pb2.OfferTerms:
    """Terms that meet `a_spec`."""
    return supply_pb2.OfferTerms(
        **{
            "model": "demo-model",
            "context_tokens": 131_072,
            "output_tokens": 16_384,
            "concurrent_deliveries": 64,
            "throughput_tokens_per_second": 100_000,
            "quality_milli": 50_000,
            "first_token_us": 500_000,
            "honoured_fields": ["*"],
            **changes,
        }
    )


def a_config(folder: Path, **settings: Any) -> Config:
    """Settings for a test: free ports, and limits that do not get in the way."""
    defaults: dict[str, Any] = {
        "data": folder,
        "grpc_port": 0,
        "operator_port": 0,
        "requests_per_second_per_key": 100_000,
        "request_horizon_s": 86_400,
        "drain_s": 1,
    }
    return replace(Config(), **{**defaults, **settings})


@asynccontextmanager
async def running_exchange(
    folder: Path,
    *,
    clock: Any = None,
    outages: bool = False,
    **settings: Any,
) -> AsyncIterator[Exchange]:
    """Start an exchange in the folder, and stop it in good order.

    Unless `outages`, moving time is no outage. Settings are those of Config.
    """
    config = a_config(folder, **settings)
    clock = clock or started_clock()
    faults: list[str] = []
    running = await app.start(config, clock, on_fault=faults.append)
    if not outages and running.services.live.state.term("outage_gap_us"):
        await running.services.sequencer.submit(SetPolicy((("outage_gap_us", 0),)), actor="test")
    operator_key = (folder / "operator.key").read_text().strip()
    channel = grpc.aio.insecure_channel(running.target)
    exchange = Exchange(running, clock, operator_key, channel, faults)
    try:
        yield exchange
    finally:
        await channel.close()
        await running.stop(grace_s=0.2)
