"""Bad input, bad keys and unknown things over real gRPC: a clear error with field and reason."""

from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant, credentials
from tests.support.refusals import read, refused
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    common_pb2,
    market_data_pb2,
    members_pb2,
    supply_pb2,
    trading_pb2,
    trading_pb2_grpc,
    usage_pb2,
)

LIMIT = trading_pb2.ORDER_TYPE_LIMIT


def an_order(**changes: Any) -> trading_pb2.OrderTerms:
    terms = {"market": SYMBOL, "side": 1, "type": LIMIT, "quantity_units": 1}
    return trading_pb2.OrderTerms(**{**terms, "price_micros": 1_000, **changes})


async def place(member: Participant, **changes: Any) -> Any:
    return await refused(
        member.trading.PlaceOrder(
            trading_pb2.PlaceOrderRequest(
                request_id=member.exchange.request_id(), order=an_order(**changes)
            )
        )
    )


# ---- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "KEY_MISSING"),
        (credentials(""), "KEY_MISSING"),
        (credentials("nonsense"), "KEY_UNKNOWN"),
        (credentials("key_aaaaaaaaaaaaaaaaaaaa.secret"), "KEY_UNKNOWN"),
    ],
)
async def test_a_call_without_a_good_key(exchange: Exchange, metadata: Any, reason: str) -> None:
    answer = await refused(
        exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest(), metadata=metadata)
    )
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)
    assert "authorization" in answer.fields


async def test_a_key_with_a_changed_secret_is_unknown(exchange: Exchange) -> None:
    changed = exchange.operator_key[:-1] + ("a" if exchange.operator_key[-1] != "a" else "b")
    answer = await refused(
        exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest(), metadata=credentials(changed))
    )
    assert answer.reason == "KEY_UNKNOWN"


async def test_a_key_without_the_scope_is_told_which_it_lacks(buyer: Participant) -> None:
    answer = await refused(buyer.admin.GetPolicy(admin_pb2.GetPolicyRequest()))
    assert (answer.code, answer.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert answer.metadata["scope"] == "admin"


async def test_a_revoked_key_and_an_expired_key(exchange: Exchange, buyer: Participant) -> None:
    expire = exchange.clock.now_us() // 1_000_000 + 60
    made = await buyer.members.CreateKey(
        members_pb2.CreateKeyRequest(request_id="k", scopes=[1], expire_time={"seconds": expire})
    )
    short = Participant(buyer.member_id, made.secret, exchange)
    await short.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    await exchange.advance(60_000_000)
    answer = await refused(short.accounts.GetBalances(accounts_pb2.GetBalancesRequest()))
    assert answer.reason == "KEY_EXPIRED"
    key_id = buyer.secret.partition(".")[0]
    await exchange.operator.members.RevokeKey(
        members_pb2.RevokeKeyRequest(request_id="r", key_id=key_id)
    )
    answer = await refused(buyer.accounts.GetBalances(accounts_pb2.GetBalancesRequest()))
    assert answer.reason == "KEY_REVOKED"


async def test_a_suspended_member_is_shut_out_until_reinstated(
    exchange: Exchange, buyer: Participant
) -> None:
    for suspended in (True, False):
        await exchange.admin.SetMemberSuspended(
            admin_pb2.SetMemberSuspendedRequest(
                request_id=exchange.request_id(),
                member_id=buyer.member_id,
                suspended=suspended,
                reason="test",
            )
        )
        call = buyer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
        if suspended:
            assert (await refused(call)).reason == "MEMBER_SUSPENDED"
        else:
            await call


async def test_an_operator_cannot_shut_itself_out(exchange: Exchange) -> None:
    request = admin_pb2.SetMemberSuspendedRequest(
        request_id="self", member_id="mem_000000000001", suspended=True, reason="test"
    )
    answer = await refused(exchange.admin.SetMemberSuspended(request))
    assert (answer.reason, list(answer.fields)) == ("INVALID_ARGUMENT", ["member_id"])
    await exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest())


async def test_a_key_cannot_give_scopes_it_lacks(buyer: Participant) -> None:
    request = members_pb2.CreateKeyRequest(request_id="k", scopes=[members_pb2.SCOPE_ADMIN])
    answer = await refused(buyer.members.CreateKey(request))
    assert (answer.reason, answer.metadata["scope"]) == ("SCOPE_MISSING", "admin")


# ---- names and shapes --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no-such", "mkt_no-such", "ünïcode", "'; DROP TABLE--", "\x00"])
async def test_an_unknown_market(buyer: Participant, name: str) -> None:
    answer = await place(buyer, market=name)
    assert (answer.code, answer.reason) == (grpc.StatusCode.NOT_FOUND, "MARKET_NOT_FOUND")
    assert list(answer.fields) == ["order.market"]


async def test_an_unknown_instrument(buyer: Participant) -> None:
    request = accounts_pb2.CreateTransferRequest(
        request_id="a", instrument="no-such", quantity_units=1
    )
    answer = await refused(buyer.accounts.CreateTransfer(request))
    assert (answer.reason, list(answer.fields)) == ("INSTRUMENT_NOT_FOUND", ["instrument"])


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"quantity_units": 0}, "INVALID_ARGUMENT", "order.quantity_units"),
        ({"quantity_units": -1}, "INVALID_ARGUMENT", "order.quantity_units"),
        ({"quantity_units": -(2**63)}, "INVALID_ARGUMENT", "order.quantity_units"),
        ({"quantity_units": 2**63 - 1}, "QUANTITY_OUT_OF_RANGE", "quantity_units"),
        ({"price_micros": -1}, "INVALID_ARGUMENT", "order.price_micros"),
        ({"price_micros": 0}, "INVALID_ARGUMENT", "order.price_micros"),
        ({"price_micros": 2**63 - 1}, "PRICE_OUT_OF_RANGE", "price_micros"),
        ({"price_micros": 1_001}, "PRICE_OFF_TICK", "price_micros"),
        ({"price_micros": 10**12, "quantity_units": 100_000}, "INSUFFICIENT_FUNDS", None),
        ({"side": 0}, "INVALID_ARGUMENT", "order.side"),
        ({"side": 7}, "INVALID_ARGUMENT", "order.side"),
        ({"type": 0}, "INVALID_ARGUMENT", "order.type"),
        ({"time_in_force": 9}, "INVALID_ARGUMENT", "order.time_in_force"),
        ({"time_in_force": trading_pb2.TIME_IN_FORCE_GTD}, "ORDER_TERMS_INVALID", None),
        ({"side": 2}, "INSUFFICIENT_UNITS", None),
        ({"client_order_id": "x" * 65}, "INVALID_ARGUMENT", "order.client_order_id"),
        ({"expire_time": {"seconds": 2**62}}, "INVALID_ARGUMENT", "order.expire_time"),
        ({"expire_time": {"seconds": -1}}, "INVALID_ARGUMENT", "order.expire_time"),
        ({"valid_until_time": {"seconds": 1}}, "ORDER_TOO_LATE", None),
    ],
)
async def test_orders_that_make_no_sense(
    buyer: Participant, changes: dict[str, Any], reason: str, field: str | None
) -> None:
    answer = await place(buyer, **changes)
    assert answer.reason == reason
    assert answer.message
    if field is not None:
        assert field in answer.fields


async def test_unicode_ids_come_back_as_they_went(exchange: Exchange, buyer: Participant) -> None:
    name = "注文-ü-\U0001f600"
    placed = await exchange.place(
        buyer, side="buy", quantity_units=1, price_micros=1_000, client_order_id=name, tag=name
    )
    ref = trading_pb2.OrderRef(client_order_id=name)
    found = await buyer.trading.GetOrder(trading_pb2.GetOrderRequest(order=ref))
    assert (found.order.order_id, found.order.tag) == (placed.order.order_id, name)


async def test_a_second_use_of_a_client_order_id(exchange: Exchange, buyer: Participant) -> None:
    await exchange.place(
        buyer, side="buy", quantity_units=1, price_micros=1_000, client_order_id="ü1"
    )
    assert (await place(buyer, client_order_id="ü1")).reason == "CLIENT_ORDER_ID_TAKEN"


async def test_orders_lots_and_records_that_do_not_exist(buyer: Participant) -> None:
    for order_id in ("ord_000000000099", "ord_x", "lot_000000000001", "ord_" + "9" * 40, "ørd"):
        ref = trading_pb2.OrderRef(order_id=order_id)
        answer = await refused(buyer.trading.GetOrder(trading_pb2.GetOrderRequest(order=ref)))
        assert (answer.reason, list(answer.fields)) == ("ORDER_NOT_FOUND", ["order.order_id"])
    cancel = trading_pb2.CancelOrderRequest(
        request_id="c", order=trading_pb2.OrderRef(client_order_id="none")
    )
    assert (await refused(buyer.trading.CancelOrder(cancel))).reason == "ORDER_NOT_FOUND"
    for lot_id in ("lot_000000000099", "x", "ord_000000000001"):
        call = buyer.accounts.GetLot(accounts_pb2.GetLotRequest(lot_id=lot_id))
        assert (await refused(call)).reason == "LOT_NOT_FOUND"
    for usage_id in ("usg_x", "dlv_x", "anything"):
        call = buyer.usage.GetUsage(usage_pb2.GetUsageRequest(id=usage_id))
        assert (await refused(call)).reason == "USAGE_NOT_FOUND"


@pytest.mark.parametrize("page_size", [-1, 1_001, 2**31 - 1])
async def test_absurd_page_sizes(buyer: Participant, page_size: int) -> None:
    request = trading_pb2.ListOrdersRequest(page_size=page_size)
    answer = await refused(buyer.trading.ListOrders(request))
    assert (answer.reason, list(answer.fields)) == ("INVALID_ARGUMENT", ["page_size"])


@pytest.mark.parametrize("token", ["x", "AAAA", "!!!", "ü", "A" * 512])
async def test_page_tokens_that_nobody_gave_out(buyer: Participant, token: str) -> None:
    request = trading_pb2.ListOrdersRequest(page_token=token)
    answer = await refused(buyer.trading.ListOrders(request))
    assert (answer.reason, list(answer.fields)) == ("PAGE_TOKEN_INVALID", ["page_token"])


async def test_a_message_that_is_too_large(buyer: Participant) -> None:
    request = trading_pb2.PlaceOrderRequest(
        request_id="a", order=an_order(tag="x" * (5 * 1024 * 1024))
    )
    answer = await refused(buyer.trading.PlaceOrder(request))
    assert (answer.code, answer.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE")
    assert int(answer.metadata["limit"]) == 4_194_304


async def test_bytes_that_are_no_message(exchange: Exchange, buyer: Participant) -> None:
    call = exchange.channel.unary_unary("/thegrid.v1.TradingService/PlaceOrder")
    answer = await refused(call(b"\xff\xff\xff", metadata=buyer.metadata, timeout=5))
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")


async def test_a_batch_of_too_many(buyer: Participant) -> None:
    item = trading_pb2.BatchItem(place=an_order())
    request = trading_pb2.BatchOrdersRequest(request_id="a", items=[item] * 501)
    answer = await refused(buyer.trading.BatchOrders(request))
    assert answer.fields == {"items": "must have at most 500 items"}


async def test_a_method_that_does_not_exist(exchange: Exchange, buyer: Participant) -> None:
    call = exchange.channel.unary_unary("/thegrid.v1.TradingService/Nothing")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"", metadata=buyer.metadata, timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_position_that_is_never_reached_ends_with_the_deadline(buyer: Participant) -> None:
    request = accounts_pb2.GetBalancesRequest(min_position=common_pb2.Position(seq=2**62))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await buyer.accounts.GetBalances(request, timeout=0.2)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    request.min_position.partition = 77
    answer = await refused(buyer.accounts.GetBalances(request))
    assert list(answer.fields) == ["min_position.partition"]


# ---- operator and suppliers --------------------------------------------------------------------


async def test_operator_mistakes(exchange: Exchange, market: str) -> None:
    admin, request_id = exchange.admin, exchange.request_id
    calls = {
        "MEMBER_NOT_FOUND": admin.Deposit(
            admin_pb2.DepositRequest(request_id=request_id(), member_id="mem_x", amount_micros=1)
        ),
        "POLICY_INVALID": admin.SetPolicy(
            admin_pb2.SetPolicyRequest(
                request_id=request_id(), changes=[admin_pb2.PolicyValue(name="nope", value=1)]
            )
        ),
        "MARKET_NOT_FOUND": admin.SetMarketState(
            admin_pb2.SetMarketStateRequest(
                request_id=request_id(), market="nope", state=1, reason="x"
            )
        ),
    }
    for reason, call in calls.items():
        assert (await refused(call)).reason == reason
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await exchange.define_instrument()
    assert read(caught.value).reason == "INSTRUMENT_EXISTS"


async def test_supplier_mistakes(exchange: Exchange, supplier: Participant) -> None:
    issue = supply_pb2.IssueUnitsRequest(request_id="i", instrument=SYMBOL, quantity_units=10**12)
    answer = await refused(supplier.supply.IssueUnits(issue))
    assert answer.reason == "CAPACITY_EXCEEDED"
    assert int(answer.metadata["limit"]) < int(answer.metadata["value"])
    stranger = await exchange.create_member("s2", scopes=("SUPPLY",), roles=("SUPPLIER",))
    issue = supply_pb2.IssueUnitsRequest(request_id="i", instrument=SYMBOL, quantity_units=1)
    assert (await refused(stranger.supply.IssueUnits(issue))).reason == "SUPPLIER_NOT_ADMITTED"


# ---- limits and faults -------------------------------------------------------------------------


async def test_a_key_that_calls_too_often_is_told_when_to_come_back(
    exchange: Exchange, buyer: Participant
) -> None:
    secret = await exchange.create_key(
        buyer.member_id, ("TRADE_READ",), limits=members_pb2.KeyLimits(requests_per_second=2)
    )
    busy = Participant(buyer.member_id, secret, exchange)
    for _ in range(4):
        await busy.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    answer = await refused(busy.accounts.GetBalances(accounts_pb2.GetBalancesRequest()))
    assert (answer.code, answer.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert answer.retry_after_us is not None
    exchange.clock.advance(answer.retry_after_us)
    await busy.accounts.GetBalances(accounts_pb2.GetBalancesRequest())


async def test_a_fault_shows_a_reference_and_nothing_else(
    exchange: Exchange, buyer: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise KeyError("what the command held")

    monkeypatch.setattr(exchange.running.services.trading, "orders", explode)
    answer = await refused(buyer.trading.ListOrders(trading_pb2.ListOrdersRequest()))
    assert (answer.code, answer.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert answer.metadata["reference"] in answer.message
    assert "held" not in answer.message


async def test_the_request_id_goes_back_in_the_metadata(
    exchange: Exchange, buyer: Participant
) -> None:
    stub: Any = trading_pb2_grpc.TradingServiceStub(exchange.channel)
    call = stub.ListOrders(
        trading_pb2.ListOrdersRequest(),
        metadata=(*buyer.metadata, ("x-request-id", "mine-1")),
        timeout=5,
    )
    await call
    assert ("x-request-id", "mine-1") in tuple(await call.trailing_metadata())
    call = stub.ListOrders(trading_pb2.ListOrdersRequest(), metadata=buyer.metadata, timeout=5)
    await call
    assert dict(await call.trailing_metadata())["x-request-id"].startswith("req_")


async def test_a_closed_market_names_its_state(exchange: Exchange, buyer: Participant) -> None:
    await exchange.admin.SetMarketState(
        admin_pb2.SetMarketStateRequest(
            request_id="s",
            market=SYMBOL,
            state=market_data_pb2.MARKET_STATE_HALTED,
            reason="for a test",
        )
    )
    assert (await place(buyer)).reason == "MARKET_NOT_OPEN"
