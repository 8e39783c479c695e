"""How suppliers do, through the public doors: figures for all, changes for those they concern."""

import asyncio

import grpc
import grpc.aio
import pytest

from tests.flows.marketplace import Marketplace, info_of
from tests.flows.test_delivery import deliver
from tests.support.exchange import SYMBOL
from tests.support.supplier import ScriptedSupplier, chat
from thegrid.v1 import admin_pb2, performance_pb2


async def test_members_read_what_was_delivered_and_what_failed(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    answering = deliver(market, chat(max_tokens=100))
    await supplier.handed(1)
    await supplier.answer(1)
    assert [event async for frame in answering for event in frame.events]
    failing = deliver(market, chat(max_tokens=100))
    await supplier.handed(2)
    await supplier.fail(2, "FAILED")
    events = [event async for frame in failing for event in frame.events]
    assert events[-1].WhichOneof("event") == "failed"
    answer = await market.consumer.performance.ListPerformance(
        performance_pb2.ListPerformanceRequest(
            instrument=SYMBOL, supplier_id=market.suppliers[0].member_id
        )
    )
    (found,) = answer.performance
    assert found.status == performance_pb2.SUPPLIER_STATUS_ADMITTED
    assert found.able
    assert found.handle
    hour, day, week = found.windows
    assert (hour.calls, hour.delivered, hour.failed) == (2, 1, 1)
    assert hour.error_rate_ppm == 500_000
    assert hour.HasField("first_token_p50_us")
    assert (day.calls, week.calls) == (2, 2)


async def test_the_operators_word_stops_calls_and_is_on_record(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    exchange, member_id = market.exchange, market.suppliers[0].member_id
    told = {"member_id": member_id, "instrument": SYMBOL}
    await exchange.admin.SetSupplierSuspended(
        admin_pb2.SetSupplierSuspendedRequest(
            request_id="suspend-1", suspended=True, reason="looked into", **told
        )
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        _ = [frame async for frame in deliver(market, chat(max_tokens=100))]
    assert info_of(refused.value)[0].reason == "NO_SUPPLIER"
    await exchange.admin.SetSupplierSuspended(
        admin_pb2.SetSupplierSuspendedRequest(
            request_id="reinstate-1", suspended=False, reason="cleared", **told
        )
    )
    serving = asyncio.create_task(supplier.serve_all())
    assert [frame async for frame in deliver(market, chat(max_tokens=100))]
    serving.cancel()
    own = performance_pb2.ListSupplierChangesRequest(page_size=2)
    changes = await market.suppliers[0].performance.ListSupplierChanges(own)
    assert [each.reason for each in changes.changes] == ["cleared", "looked into"]
    assert changes.next_page_token
    others = performance_pb2.ListSupplierChangesRequest(supplier_id=market.consumer.member_id)
    with pytest.raises(grpc.aio.AioRpcError) as foreign:
        await market.suppliers[0].performance.ListSupplierChanges(others)
    assert info_of(foreign.value)[0].reason == "SCOPE_MISSING"
