"""Every refusal of the trading rules over real gRPC: reason, limit and value."""

import ast
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant
from tests.support.refusals import refused
from thegrid.v1 import accounts_pb2, trading_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.engine import rules
from thegrid_exchange.engine.commands import SetPolicy

RULES = Path(rules.__file__).parent
TRADING = ("terms", "trading", "orders", "quotes", "batches", "parcels", "accounts")
WITHOUT_LIMIT = {
    "ORDER_NOT_FOUND",
    "ORDER_CLOSED",
    "CLIENT_ORDER_ID_TAKEN",
    "MARKET_NOT_OPEN",
    "MARKET_SWEEPING",
}
"""Reasons that name a thing or a state and never a bound."""
NOT_A_FIGURE = {
    ("ORDER_TERMS_INVALID", "post_only"),
    ("ORDER_TERMS_INVALID", "post_only_mode"),
    ("ORDER_TERMS_INVALID", "time_in_force"),
    ("ORDER_TERMS_INVALID", "expires_at_us"),
    ("ORDER_TERMS_INVALID", "source"),
    ("ORDER_TERMS_INVALID", "auto_transfer"),
    ("ORDER_TERMS_INVALID", "price_micros"),
    ("ORDER_TERMS_INVALID", "max_spend_micros"),
    ("ORDER_TERMS_INVALID", ""),
    ("INVALID_ARGUMENT", "items"),
    ("INVALID_ARGUMENT", "tag"),
    ("INVALID_ARGUMENT", ""),
}
"""Terms that do not go together, or are missing; where one has a bound, another line tells it."""


class Refusing(NamedTuple):
    """One place in the rules that refuses."""

    where: str
    reason: str
    field: str
    figures: frozenset[str]


def refusals_of(source: str, name: str) -> list[Refusing]:
    """Every `refuse(...)` in the text of a module; a field made at run time is empty."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse":
            reason, field = (getattr(each, "value", "") for each in node.args[:2])
            told = frozenset(str(keyword.arg) for keyword in node.keywords) & {"limit", "value"}
            field = field if isinstance(field, str) else ""
            found.append(Refusing(f"{name}:{node.lineno}", str(reason), field, told))
    return found


def faults(refusals: list[Refusing]) -> list[str]:
    """Refusals that have a bound and do not tell it, or tell half of it."""
    return [
        f"{each.where} {each.reason} {each.field}"
        for each in refusals
        if each.figures != {"limit", "value"}
        and not (
            not each.figures
            and (each.reason in WITHOUT_LIMIT or (each.reason, each.field) in NOT_A_FIGURE)
        )
    ]


def trading_refusals() -> list[Refusing]:
    return [
        each
        for name in TRADING
        for each in refusals_of((RULES / f"{name}.py").read_text("utf-8"), name)
    ]


def test_every_refusal_with_a_bound_tells_it() -> None:
    assert len(trading_refusals()) > 30
    assert not faults(trading_refusals())


def test_a_refusal_that_keeps_its_bound_to_itself_is_seen() -> None:
    planted = (
        'refuse("PRICE_OFF_TICK", "price_micros", "no", limit=1)\nrefuse("TOO_LARGE", "x", "")'
    )
    assert faults(refusals_of(planted, "planted")) == [
        "planted:1 PRICE_OFF_TICK price_micros",
        "planted:2 TOO_LARGE x",
    ]


class Told(NamedTuple):
    """What a client reads of a refusal."""

    reason: str
    limit: int
    value: int


Call = Callable[["Scene"], Awaitable[Told]]


class Scene:
    """A market with a book, and members who run into its bounds."""

    def __init__(self, exchange: Exchange, buyer: Participant, supplier: Participant) -> None:
        self.exchange, self.buyer, self.supplier = exchange, buyer, supplier

    async def policy(self, **figures: int) -> None:
        command = SetPolicy(tuple(figures.items()))
        await self.exchange.running.services.sequencer.submit(command, actor="test")

    async def place(self, **changes: Any) -> Told:
        order = {"market": SYMBOL, "side": 1, "type": 1, "quantity_units": 1, "price_micros": 1_000}
        request = trading_pb2.PlaceOrderRequest(
            request_id=self.exchange.request_id(),
            order=trading_pb2.OrderTerms(**{**order, **changes}),
        )
        return await told(self.buyer.trading.PlaceOrder(request))

    async def buy(self, price_micros: int, quantity_units: int = 1) -> str:
        made = await self.exchange.place(
            self.buyer, side="buy", quantity_units=quantity_units, price_micros=price_micros
        )
        return made.order.order_id

    async def ask(self, price_micros: int, quantity_units: int) -> None:
        await self.exchange.sell_issuance(self.supplier, quantity_units, price_micros)


async def told(call: Any) -> Told:
    answer = await refused(call)
    return Told(answer.reason, int(answer.metadata["limit"]), int(answer.metadata["value"]))


async def off_tick(scene: Scene) -> Told:
    return await scene.place(price_micros=1_500)


async def no_units(scene: Scene) -> Told:
    return await scene.place(side=2, quantity_units=3)


async def no_funds(scene: Scene) -> Told:
    return await scene.place(quantity_units=2, price_micros=20_000_000_000)


async def too_many_units(scene: Scene) -> Told:
    return await scene.place(quantity_units=100_001)


async def too_dear(scene: Scene) -> Told:
    return await scene.place(price_micros=2**62)


async def would_cross(scene: Scene) -> Told:
    await scene.ask(1_000_000, 5)
    return await scene.place(price_micros=2_000_000, post_only=True)


async def fill_or_kill(scene: Scene) -> Told:
    await scene.ask(1_000_000, 5)
    fok = trading_pb2.TIME_IN_FORCE_FOK
    return await scene.place(price_micros=1_000_000, quantity_units=7, time_in_force=fok)


async def too_late(scene: Scene) -> Told:
    return await scene.place(valid_until_time=time_of(7))


async def too_much_slippage(scene: Scene) -> Told:
    return await scene.place(max_slippage_bps=20_000)


async def out_of_band(scene: Scene) -> Told:
    await scene.ask(1_000_000, 1)
    await scene.buy(1_000_000)
    await scene.policy(price_band_bps=1_000)
    return await scene.place(price_micros=2_000_000)


async def open_orders(scene: Scene) -> Told:
    await scene.policy(max_open_orders=1)
    await scene.buy(1_000)
    return await scene.place()


async def batch(scene: Scene) -> Told:
    await scene.policy(max_batch_items=1)
    cancel = trading_pb2.BatchItem(cancel=trading_pb2.OrderRef(order_id="ord_000000000001"))
    request = trading_pb2.BatchOrdersRequest(request_id="b", items=[cancel, cancel])
    return await told(scene.buyer.trading.BatchOrders(request))


async def timer(scene: Scene) -> Told:
    request = trading_pb2.CancelAllAfterRequest(request_id="t", span_us=5)
    return await told(scene.buyer.trading.CancelAllAfter(request))


async def parcels(scene: Scene) -> Told:
    for price_micros in (1_000_000, 2_000_000):
        await scene.ask(price_micros, 2)
        await scene.buy(price_micros, 2)
    await scene.policy(max_parcels=1)
    request = accounts_pb2.CreateTransferRequest(
        request_id="t", instrument=SYMBOL, quantity_units=3
    )
    return await told(scene.buyer.accounts.CreateTransfer(request))


CALLS: dict[Call, tuple[str, int | None, int]] = {
    off_tick: ("PRICE_OFF_TICK", 1_000, 1_500),
    no_units: ("INSUFFICIENT_UNITS", 0, 3),
    no_funds: ("INSUFFICIENT_FUNDS", 10_000_000_000, 40_000_000_000),
    too_many_units: ("QUANTITY_OUT_OF_RANGE", 100_000, 100_001),
    too_dear: ("PRICE_OUT_OF_RANGE", None, 2**62),
    would_cross: ("POST_ONLY_WOULD_CROSS", 1_000_000, 2_000_000),
    fill_or_kill: ("FILL_OR_KILL", 5, 7),
    too_late: ("ORDER_TOO_LATE", 7, 0),
    too_much_slippage: ("ORDER_TERMS_INVALID", 10_000, 20_000),
    out_of_band: ("PRICE_OUT_OF_BAND", None, 2_000_000),
    open_orders: ("OPEN_ORDER_LIMIT", 1, 2),
    batch: ("TOO_LARGE", 1, 2),
    timer: ("INVALID_ARGUMENT", 1_000_000, 5),
    parcels: ("WORK_LIMIT", 2, 3),
}
"""What is told; a limit of None is whatever the policy says, a value of 0 is now."""


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
async def test_the_limit_and_the_value_reach_the_client(
    exchange: Exchange, supplier: Participant, buyer: Participant, call: Call
) -> None:
    answer = await call(Scene(exchange, buyer, supplier))
    reason, limit, value = CALLS[call]
    assert answer.reason == reason
    assert answer.limit == limit if limit is not None else answer.limit > 0
    assert answer.value == value if value else answer.value > answer.limit


def test_no_reason_with_a_bound_is_left_out() -> None:
    bounded = {each.reason for each in trading_refusals() if each.figures}
    assert bounded == {reason for reason, _, _ in CALLS.values()}
