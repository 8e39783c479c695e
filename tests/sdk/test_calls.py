"""Unary calls of both clients against a scripted exchange: repeats, deadlines, errors, pages.
The rules themselves are in test_policy.
"""

import asyncio
import dataclasses

import grpc
import grpc_testing
import pytest

import thegrid
from tests.support.clients import KINDS, Both, connected
from tests.support.fault_server import Answer, FaultServer, Refusal
from tests.support.frozen_line import FrozenLine
from thegrid import errors, policy
from thegrid.sync.channel import Channel
from thegrid.v1 import accounts_pb2, trading_pb2

GONE = Refusal(grpc.StatusCode.UNAVAILABLE, message="gone")
PLACED = trading_pb2.PlaceOrderResponse(order=trading_pb2.Order(order_id="ord_1"))


async def test_two_losses_then_the_answer_under_one_request_id(
    both: Both, server: FaultServer
) -> None:
    server.script("PlaceOrder", GONE, GONE, PLACED)
    answer = await both.call(lambda client: client.orders.buy("text-prime", 1, 1_000_000))
    assert answer.order.order_id == "ord_1"
    seen = server.calls("PlaceOrder")
    assert len(seen) == 3
    assert len({each.request.request_id for each in seen}) == 1
    assert seen[0].request.request_id
    assert all(each.metadata["authorization"] == "Bearer key_a.secret" for each in seen)
    assert "thegrid-python/" in str(seen[0].metadata["user-agent"])


async def test_a_refusal_is_not_repeated_and_says_all_it_knows(
    both: Both, server: FaultServer
) -> None:
    server.script(
        "PlaceOrder",
        Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            "INSUFFICIENT_FUNDS",
            "1.00 is not covered",
            (("order.quantity_units", "costs 2.00"),),
            1500,
            {"limit": "1000000"},
        ),
    )
    with pytest.raises(errors.InsufficientFunds) as caught:
        await both.call(lambda client: client.orders.buy("a", 2, 1_000_000, request_id="mine"))
    error = caught.value
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "INSUFFICIENT_FUNDS")
    assert error.fields == (("order.quantity_units", "costs 2.00"),)
    assert error.retry_after_s == 1.5
    assert error.metadata == {"limit": "1000000"}
    assert error.request_id == "mine"
    assert "order.quantity_units: costs 2.00" in str(error)
    assert len(server.seen) == 1


async def test_an_unknown_reason_survives_and_goes_by_its_code(
    both: Both, server: FaultServer
) -> None:
    server.script("GetBalances", Refusal(grpc.StatusCode.NOT_FOUND, "MADE_UP_LATER"))
    with pytest.raises(errors.NotFound) as caught:
        await both.call(lambda client: client.accounts.balances())
    assert caught.value.reason == "MADE_UP_LATER"
    assert caught.value.request_id == "req-of-the-server"


async def test_garbage_in_the_details_is_still_an_error_of_the_family(
    both: Both, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Refusal, "status", lambda self: _Garbage())
    server.script("GetBalances", Refusal(grpc.StatusCode.PERMISSION_DENIED, message="no"))
    with pytest.raises(errors.PermissionDenied, match="no"):
        await both.call(lambda client: client.accounts.balances())


class _Garbage:
    def SerializeToString(self) -> bytes:  # noqa: N802
        return b"\xff\xff\xff"


async def test_every_call_has_a_deadline_and_repeats_share_it(
    both: Both, server: FaultServer
) -> None:
    busy = Refusal(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", retry_after_ms=300)
    server.script("GetBalances", busy, accounts_pb2.GetBalancesResponse())
    await both.call(lambda client: client.accounts.balances())
    first, second = (each.remaining_s for each in server.calls("GetBalances"))
    assert first is not None
    assert second is not None
    # gRPC writes the time that is left rounded up, by up to a tenth of a second.
    assert 9 < first <= 10.1
    assert second < first - 0.19, "the pause that was asked for was kept"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deadline_of_the_client_ends_a_call_that_hangs(
    kind: str, server: FaultServer
) -> None:
    server.script("PlaceOrder", Answer(end="hang"))
    async with connected(kind, server.target, timeout_s=0.3) as both:
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await both.call(lambda client: client.orders.buy("a", 1, 1))
        assert caught.value.request_id, "the write can be repeated under its id"
    assert await asyncio.to_thread(server.left.acquire, timeout=5)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_exchange_that_is_down_is_unavailable_and_never_hangs(
    kind: str, server: FaultServer
) -> None:
    server.stop()
    async with connected(kind, server.target, timeout_s=2.0) as both:
        with pytest.raises((errors.Unavailable, errors.DeadlineExceeded)):
            await both.call(lambda client: client.accounts.balances())


async def test_the_client_comes_back_by_itself_after_a_restart(
    both: Both, server: FaultServer
) -> None:
    server.script("GetBalances", *[accounts_pb2.GetBalancesResponse()] * 2)
    await both.call(lambda client: client.accounts.balances())
    server.stop()
    server.start()
    await both.call(lambda client: client.accounts.balances())


async def test_pages_are_asked_for_only_when_needed(both: Both, server: FaultServer) -> None:
    pages = [
        trading_pb2.ListOrdersResponse(
            orders=[trading_pb2.Order(order_id=f"ord_{page}{n}") for n in range(2)],
            next_page_token=token,
        )
        for page, token in enumerate(("t1", "t2", ""))
    ]
    server.script("ListOrders", *pages)
    some = await both.take(lambda client: client.orders.list("text-prime", "open"), 3)
    assert [order.order_id for order in some] == ["ord_00", "ord_01", "ord_10"]
    assert [seen.request.page_token for seen in server.calls("ListOrders")] == ["", "t1"]
    assert {(seen.request.market, seen.request.status) for seen in server.seen} == {
        ("text-prime", trading_pb2.ORDER_STATUS_OPEN)
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_an_observer_sees_every_attempt_and_nothing_secret(
    kind: str, server: FaultServer
) -> None:
    server.script("PlaceOrder", GONE, PLACED)
    told: list[thegrid.Call] = []
    async with connected(kind, server.target, observer=told.append) as both:
        await both.call(lambda client: client.orders.buy("a", 1, 1, request_id="mine"))
    assert [(call.code, call.attempt, call.request_id) for call in told] == [
        ("UNAVAILABLE", 1, "mine"),
        ("OK", 2, "mine"),
    ]
    assert "secret" not in repr(told)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_frozen_peer_is_noticed_by_pings(
    kind: str, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = dataclasses.replace(policy.rules(), keepalive_time_ms=500, ping_timeout_ms=500)
    monkeypatch.setattr("thegrid.settings.rules", lambda: quick)
    server.script("Deliver", Answer(end="hang"))
    with FrozenLine(server.target) as line:
        async with connected(kind, line.target) as both:
            reading = asyncio.create_task(
                both.take(lambda client: client.deliver("text-prime", "Hello"), 1)
            )
            while not server.seen:  # noqa: ASYNC110 the server is a thread
                await asyncio.sleep(0.01)
            line.freeze()
            with pytest.raises(errors.Unavailable):
                await asyncio.wait_for(reading, 15)


async def test_closing_twice_is_no_error(both: Both) -> None:
    await both.close()
    await both.close()


def test_the_blocking_client_calls_what_the_contract_names() -> None:
    """Drives the client over grpcio-testing's channel, which has no network and no clock."""
    service = trading_pb2.DESCRIPTOR.services_by_name["TradingService"]
    fake = grpc_testing.channel([service], grpc_testing.strict_fake_time(0))
    settings = thegrid.load_settings(api_key="key_a.secret", environment={})
    client = thegrid.Client(settings=settings, channel=Channel(settings, fake))
    with _in_thread(lambda: client.orders.cancel("ord_9", request_id="mine")) as result:
        method = service.methods_by_name["CancelOrder"]
        metadata, request, rpc = fake.take_unary_unary(method)
        assert ("authorization", "Bearer key_a.secret") in metadata
        assert request == trading_pb2.CancelOrderRequest(
            request_id="mine", order=trading_pb2.OrderRef(order_id="ord_9")
        )
        closed = trading_pb2.CancelOrderResponse(order=trading_pb2.Order(order_id="ord_9"))
        rpc.terminate(closed, (), grpc.StatusCode.OK, "")
        assert result().order_id == "ord_9"


class _in_thread:  # noqa: N801 reads as what it does
    def __init__(self, run) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(run)

    def __enter__(self):
        return lambda: self._future.result(5)

    def __exit__(self, *_) -> None:
        self._pool.shutdown()
