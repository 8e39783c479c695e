"""Usage through public doors: found, listed, added up, signed and disputed."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import thegrid
from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, a_call, connected, marketplace
from tests.support.exchange import SYMBOL, a_spec
from tests.support.supplier import ScriptedSupplier, serving
from tests.support.until import until
from thegrid import errors, receipts
from thegrid.times import instant
from thegrid.v1 import usage_pb2
from thegrid_exchange.app import start
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import TokenCounts

FINAL = usage_pb2.USAGE_STATUS_FINAL


# ---- finding, listing, adding up ---------------------------------------------------------------


async def test_a_running_call_is_found_by_every_name_and_is_pending(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any
) -> None:
    _, call = await market.session.open(market.consumer.secret, client_request_id="req-1")
    opened = await supplier.handed(1)
    for name in ("req-1", opened.delivery_id, "usg_" + opened.delivery_id[4:]):
        found = await consumer.usage.get_with_receipt(name)
        assert found.usage.status == usage_pb2.USAGE_STATUS_PENDING
        assert found.usage.client_request_id == "req-1"
        assert found.usage.reserved_tokens > 0
        assert not found.HasField("receipt")
    with pytest.raises(errors.GridError) as refused:
        await consumer.usage.dispute("req-1", "other")
    assert refused.value.reason == "USAGE_PENDING"
    await supplier.answer(1)
    await call.done()
    assert (await consumer.usage.get("req-1")).status == FINAL


async def test_a_record_tells_who_what_how_fast_and_what_was_promised(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any
) -> None:
    await a_call(market, supplier)
    record = await anext(aiter(consumer.usage.list()))
    spec = a_spec()
    assert record.member_id == market.consumer.member_id
    assert record.first_token_max_us == spec.first_token_bands[0].first_token_max_us
    assert record.throughput_min_tokens_per_second == spec.throughput_min_tokens_per_second
    assert record.HasField("first_token_us")
    draw = record.draws[0]
    assert (draw.parcel_number, draw.issue_trade_id) == (0, draw.cost_trade_id)
    assert record.cost_micros == sum(each.cost_micros for each in record.draws)
    assert not record.HasField("dispute")
    assert not record.HasField("late_report")


async def test_lists_are_narrowed_and_summaries_add_up_to_them(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any
) -> None:
    for text in ("Hello there.", "one two three four"):
        await a_call(market, supplier, text)
    await market.exchange.advance(3_600 * UNIT)
    market.exchange.clock.advance(0)
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(3)
    await supplier.fail(3, "FAILED")
    await call.done()
    records = [each async for each in consumer.usage.list()]
    assert len(records) == 3
    failed = [each async for each in consumer.usage.list(verdict="failed")]
    assert [each.usage_id for each in failed] == [records[0].usage_id]
    serving_id = market.suppliers[0].member_id
    for filters, count in (
        ({"verdict": "in_spec"}, 2),
        ({"serving_model": "demo-model"}, 3),
        ({"serving_model": "another"}, 0),
        ({"supplier_id": serving_id}, 3),
        ({"supplier_id": "mem_none"}, 0),
        ({"end_time": instant(records[0].start_time)}, 2),
        ({"disputed": True}, 0),
    ):
        assert len([each async for each in consumer.usage.list(**filters)]) == count, filters
    answer = await consumer.usage.summary(["model", "verdict"], interval="hour")
    assert [row.totals.calls for row in answer.rows] == [2, 1]
    assert [row.verdict for row in answer.rows] == [
        usage_pb2.VERDICT_IN_SPEC, usage_pb2.VERDICT_FAILED,
    ]  # fmt: skip
    assert all(row.serving_model == "demo-model" and not row.key_id for row in answer.rows)
    hour = instant(answer.rows[0].start_time)
    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    assert hour <= instant(records[2].start_time) < hour + timedelta(hours=1)
    totals = answer.totals
    assert (totals.calls, totals.unbilled_calls) == (3, 1)
    assert totals.cost_micros == sum(each.cost_micros for each in records)
    assert totals.billed_tokens == sum(each.billed_tokens for each in records)
    assert totals.prompt_tokens == 3 * PROMPT_TOKENS
    assert totals.completion_tokens == sum(each.counted.completion_tokens for each in records)
    stranger = await market.exchange.create_member("stranger")
    async with connected(market, stranger.secret) as other:
        assert (await other.usage.summary(["key"])).totals.calls == 0
        assert [each async for each in other.usage.list()] == []
    one = await consumer.usage.summary(verdict="failed")
    assert (one.totals.calls, len(one.rows)) == (1, 0)


async def test_a_summary_is_bounded_and_each_group_is_named_once(consumer: Any) -> None:
    with pytest.raises(errors.InvalidArgument, match="group_by"):
        await consumer.usage.summary(["model", "model"])
    end = instant(usage_pb2.ReceiptBody().issue_time) + timedelta(days=20_000)
    with pytest.raises(errors.InvalidArgument, match="start_time"):
        await consumer.usage.summary(start_time=end - timedelta(days=367), end_time=end)
    with pytest.raises(errors.InvalidArgument, match="start_time"):
        await consumer.usage.summary(start_time=end, end_time=end - timedelta(days=1))
    empty = await consumer.usage.summary(["supplier"], interval="day")
    assert (empty.totals.calls, len(empty.rows)) == (0, 0)


async def test_a_late_report_stands_on_the_record(market: Marketplace, consumer: Any) -> None:
    services = market.exchange.running.services
    delivery_id, acme = "dlv_late00000000000000000001", market.suppliers[0].member_id
    owner = market.consumer.member_id
    for command in (
        commands.Reserve(delivery_id, owner, "key_x", f"ins_{SYMBOL}", 100, 50),
        commands.Mark(delivery_id, 20),
    ):
        await services.sequencer.submit(command, actor="relay")
    await market.exchange.advance(601 * UNIT)
    settled = await consumer.usage.get(delivery_id)
    assert settled.settled_at_deadline
    assert settled.billed_tokens == 120
    before = await consumer.accounts.balances()
    report = commands.Report(delivery_id, "in_spec", 150, acme, "m", canonical=TokenCounts(100, 50))
    async with consumer.accounts.stream() as stream:
        await anext(stream)
        await services.sequencer.submit(report, actor="relay")
        told = (await anext(stream)).late_report
    after = await consumer.usage.get(delivery_id)
    assert told == after.late_report
    late = after.late_report
    assert late.usage_id == after.usage_id
    assert (late.billable_tokens, late.counted.completion_tokens) == (150, 50)
    assert late.verdict == usage_pb2.VERDICT_IN_SPEC
    after.ClearField("late_report")
    assert after == settled
    now = await consumer.accounts.balances()
    assert (now.cash, list(now.units)) == (before.cash, list(before.units))


# ---- receipts ----------------------------------------------------------------------------------


async def test_every_end_carries_a_receipt_that_proves_the_record(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any
) -> None:
    ended = await a_call(market, supplier)
    keys = await consumer.usage.receipt_keys()
    body = receipts.verify(ended.receipt, keys)
    assert body.usage == ended.usage
    assert body.usage.status == FINAL
    later = await consumer.usage.get_with_receipt(ended.usage.usage_id)
    assert receipts.verify(later.receipt.SerializeToString(), keys).usage == later.usage
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(2)
    await supplier.fail(2, "FAILED")
    failed = (await call.done()).failed
    assert receipts.verify(failed.receipt, keys).usage.verdict == usage_pb2.VERDICT_FAILED


async def test_a_changed_or_foreign_receipt_proves_nothing(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any
) -> None:
    ended = await a_call(market, supplier)
    keys = await consumer.usage.receipt_keys()

    def refused(receipt: Any, keys: Any, why: str) -> None:
        with pytest.raises(receipts.ReceiptInvalid, match=why):
            receipts.verify(receipt, keys)

    body = usage_pb2.ReceiptBody.FromString(ended.receipt.body)
    body.usage.cost_micros += 1
    changed = usage_pb2.Receipt()
    changed.CopyFrom(ended.receipt)
    changed.body = body.SerializeToString()
    refused(changed, keys, "does not fit")
    refused(ended.receipt, [], "not known")
    refused("not base64!", keys, "no receipt")
    foreign = usage_pb2.ReceiptKey(key_id=ended.receipt.key_id, public_key=bytes(32))
    refused(ended.receipt, [foreign], "does not belong")
    old = usage_pb2.ReceiptKey()
    old.CopyFrom(keys[0])
    old.end_time.CopyFrom(keys[0].start_time)
    market.exchange.clock.advance(120 * UNIT)
    again = await consumer.usage.get_with_receipt(ended.usage.usage_id)
    refused(again.receipt, [old], "not in use")


async def test_the_key_stays_over_restarts_and_a_new_one_ends_it(tmp_path: Path) -> None:
    async with marketplace(tmp_path) as market:
        config = market.exchange.running.config
        key_file = config.data / "receipt.key"
        assert key_file.stat().st_mode & 0o777 == 0o600
        async with serving(market.exchange, market.suppliers[0]) as supplier:
            receipt = (await a_call(market, supplier)).receipt
        clock = market.exchange.clock
    again = await start(config, clock)
    assert list(again.services.live.state.receipt_keys) == [receipt.key_id]
    await again.stop()
    key_file.unlink()
    clock.advance(600 * UNIT)
    renewed = await start(config, clock)
    try:
        first, second = renewed.services.live.state.receipt_keys.values()
        assert (first.key_id, first.ended_at_us is None) == (receipt.key_id, False)
        assert second.ended_at_us is None
        secret = market.exchange.operator_key
        async with thegrid.AsyncClient(renewed.target, secret, tls=False) as client:
            keys = await client.usage.receipt_keys()
        assert [key.key_id for key in keys] == [second.key_id, first.key_id]
        assert receipts.verify(receipt, keys).usage.billed_tokens > 0
    finally:
        await renewed.stop()


# ---- disputes ----------------------------------------------------------------------------------


async def test_a_dispute_ends_in_a_posting_that_both_sides_see(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any, operator: Any
) -> None:
    usage = (await a_call(market, supplier)).usage
    opened = await consumer.usage.dispute(usage.client_request_id or usage.usage_id, "wrong_count")
    assert opened.supplier_id == market.suppliers[0].member_id
    with pytest.raises(errors.GridError) as twice:
        await consumer.usage.dispute(usage.usage_id, "other")
    assert twice.value.reason == "DISPUTE_EXISTS"
    waiting = [each async for each in operator.admin.disputes("open")]
    assert [each.dispute_id for each in waiting] == [opened.dispute_id]
    with pytest.raises(errors.PermissionDenied):
        await consumer.admin.resolve_dispute(opened.dispute_id, 1, "mine")
    decided = await operator.admin.resolve_dispute(
        opened.dispute_id, usage.cost_micros, "counted twice"
    )
    assert decided.refunded_micros == usage.cost_micros
    record = await consumer.usage.get(usage.usage_id)
    assert record.dispute == decided
    assert record.cost_micros == usage.cost_micros, "the record itself is not edited"
    assert [each async for each in operator.admin.disputes("open")] == []
    narrowed = [each async for each in operator.admin.disputes(member_id=record.member_id)]
    assert narrowed == [decided]
    assert [each.usage_id async for each in consumer.usage.list(disputed=True)] == [usage.usage_id]
    for who, sign in ((market.consumer, 1), (market.suppliers[0], -1)):
        async with connected(market, who.secret) as client:
            posted = [
                each
                async for each in client.accounts.postings("usd")
                if each.reason.startswith("dispute")
            ]
        assert [(each.amount, each.reference) for each in posted] == [
            (sign * usage.cost_micros, usage.usage_id)
        ]


async def test_disputes_and_refunds_reach_the_streams_and_are_resumed(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any, operator: Any
) -> None:
    connected_now: list[Any] = []
    async with (
        consumer.accounts.stream() as whole,
        consumer.usage.stream(on_state=connected_now.append) as told,
    ):
        await anext(whole)
        reading = asyncio.ensure_future(anext(told))
        await until(lambda: connected_now)
        usage = (await a_call(market, supplier)).usage
        assert (await reading).usage == usage
        opened = await consumer.usage.dispute(usage.usage_id, "wrong_count")
        first = await anext(told)
        assert first.dispute == opened
        decided = await operator.admin.resolve_dispute(opened.dispute_id, 5, "counted twice")
        second = await anext(told)
        assert second.dispute == decided
        assert second.dispute.refunded_micros == 5
        kinds: list[str | None] = []
        while kinds.count("dispute") < 2:
            kinds.append((await anext(whole)).WhichOneof("payload"))
        assert kinds[-1] == "dispute"
        assert kinds.count("cash") == 1, "the refund itself is told in the same row"
    async with consumer.usage.stream(first.resume_token) as again:
        assert (await anext(again)).dispute == decided
    stranger = await market.exchange.create_member("stranger")
    async with (
        connected(market, stranger.secret) as other,
        other.accounts.stream() as theirs,
        connected(market, market.suppliers[0].secret) as serving_member,
        serving_member.accounts.stream() as suppliers,
    ):
        await anext(theirs)
        await anext(suppliers)
        usage = (await a_call(market, supplier)).usage
        await consumer.usage.dispute(usage.usage_id, "other")
        await market.exchange.deposit(stranger.member_id, 1)
        assert (await anext(theirs)).WhichOneof("payload") == "cash"
        await market.exchange.deposit(market.suppliers[0].member_id, 1)
        seen: list[str | None] = []
        while "cash" not in seen:
            seen.append((await anext(suppliers)).WhichOneof("payload"))
        assert "dispute" not in seen


async def test_a_strangers_record_cannot_be_disputed(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    usage = (await a_call(market, supplier)).usage
    stranger = await market.exchange.create_member("stranger")
    async with connected(market, stranger.secret) as client:
        with pytest.raises(errors.NotFound):
            await client.usage.dispute(usage.usage_id, "other")
