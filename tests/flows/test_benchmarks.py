"""Admission by a benchmark and probes that go on, through the real stream of a supplier."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.flows.marketplace import Marketplace, info_of
from tests.support.embedding import DIMENSIONS, EMBED, SPACE, define_embeddings
from tests.support.exchange import SYMBOL, Exchange, Participant, an_offer, running_exchange
from tests.support.market import SECOND
from tests.support.supplier import WAIT_S, ScriptedSupplier, chunk, serving
from tests.support.until import until
from thegrid.v1 import admin_pb2, embeddings_pb2, notices_pb2, performance_pb2, supply_pb2

LONG = "A word or two about nothing in particular. " * 12


async def newcomer(exchange: Exchange, handle: str = "newcomer") -> Participant:
    """A supplier that offers the instrument and was never admitted."""
    supplier = await exchange.create_member(
        handle, scopes=("TRADE_READ", "TRADE_WRITE", "SUPPLY"), roles=("TRADER", "SUPPLIER")
    )
    await supplier.supply.RegisterOffer(
        supply_pb2.RegisterOfferRequest(
            request_id=exchange.request_id(), instrument=SYMBOL, terms=an_offer()
        )
    )
    return supplier


async def asked(
    exchange: Exchange, supplier: Participant, symbol: str = SYMBOL
) -> performance_pb2.Benchmark:
    """A benchmark asked for by the operator."""
    performance = exchange.operator.performance
    request = performance_pb2.RunBenchmarkRequest(
        request_id=exchange.request_id(), instrument=symbol, supplier_id=supplier.member_id
    )
    answer = await performance.RunBenchmark(request)
    return answer.benchmark  # type: ignore[no-any-return]


async def ended(
    exchange: Exchange, supplier: Participant, symbol: str = SYMBOL
) -> performance_pb2.Benchmark:
    """The last benchmark, once it has ended."""
    async with asyncio.timeout(2 * WAIT_S):
        while True:
            request = performance_pb2.GetBenchmarkRequest(instrument=symbol)
            found = (await supplier.performance.GetBenchmark(request)).benchmark
            if found.status != performance_pb2.BENCHMARK_STATUS_RUNNING:
                return found  # type: ignore[no-any-return]
            await asyncio.sleep(0.01)


async def answer_waves(
    exchange: Exchange, scripted: ScriptedSupplier, first_us: int, streamed_us: int
) -> None:
    """Answer two waves of eight: so long to the first token, so long from there to the last."""
    for wave in (range(1, 9), range(9, 17)):
        await scripted.handed(wave[-1])
        exchange.clock.advance(first_us)
        for number in wave:
            await scripted.say(number, chunk(LONG, role="assistant"))
        await until(lambda: streaming(exchange) == 8, WAIT_S)
        exchange.clock.advance(streamed_us)
        for number in wave:
            await scripted.answer(number, LONG)


def streaming(exchange: Exchange) -> int:
    """Deliveries whose first token has come."""
    links = exchange.running.services.relay.suppliers.links()
    attempts = [attempt for link in links for attempt in link.attempts.values()]
    return sum(attempt is not None and attempt.is_streaming for attempt in attempts)


# ---- admission ---------------------------------------------------------------------------------


async def test_a_supplier_that_keeps_the_contract_is_admitted_at_its_speed(
    exchange: Exchange,
) -> None:
    await exchange.define_instrument()
    supplier = await newcomer(exchange)
    async with serving(exchange, supplier) as scripted:
        await connected(exchange, supplier)
        opened = await asked(exchange, supplier)
        assert opened.status == performance_pb2.BENCHMARK_STATUS_RUNNING
        await answer_waves(exchange, scripted, SECOND // 2, 2 * SECOND)
        closed = await ended(exchange, supplier)
        assert closed.status == performance_pb2.BENCHMARK_STATUS_PASSED, closed
        assert len(closed.probes) == closed.probes_wanted == len(scripted.opened)
        tokens = sum(probe.completion_tokens for probe in closed.probes)
        busy_us = sum(probe.duration_us for probe in closed.probes)
        measured = tokens * SECOND * closed.concurrent_probes // busy_us
        assert closed.measured_tokens_per_second == measured
        assert closed.verified_tokens_per_second == measured * 8 // 10
        assert closed.first_token_p95_us >= SECOND // 2
    changes = await supplier.performance.ListSupplierChanges(
        performance_pb2.ListSupplierChangesRequest()
    )
    (change,) = changes.changes
    assert change.cause == performance_pb2.STANDING_CAUSE_BENCHMARK
    assert change.benchmark_id == closed.benchmark_id
    trial = await exchange.admin.GetTrialBalance(admin_pb2.GetTrialBalanceRequest())
    assert not trial.lines, "probes cost nobody anything"


async def test_probes_are_offered_as_members_calls_are(exchange: Exchange) -> None:
    await exchange.define_instrument()
    supplier = await newcomer(exchange)
    async with serving(exchange, supplier) as scripted:
        await connected(exchange, supplier)
        await asked(exchange, supplier)
        await scripted.handed(8)
        assert len({each.delivery_id for each in scripted.opened.values()}) == 8
        texts = {each.request.messages[-1].text for each in scripted.opened.values()}
        assert len(texts) == 8
        for opened in scripted.opened.values():
            assert opened.delivery_id.startswith("dlv_")
            assert len(opened.delivery_id) == 30
            assert (opened.symbol, opened.model) == (SYMBOL, "demo-model")
            assert opened.first_token_ms == 2_000
            assert opened.max_output_tokens == 128
            assert opened.request.messages[-1].role == "user"


async def test_a_slow_and_a_failing_supplier_are_refused_with_figures(exchange: Exchange) -> None:
    await exchange.define_instrument()
    slow, failing = await newcomer(exchange, "slow"), await newcomer(exchange, "failing")
    async with serving(exchange, slow) as scripted:
        await connected(exchange, slow)
        await asked(exchange, slow)
        await answer_waves(exchange, scripted, SECOND // 2, 12 * SECOND)
        closed = await ended(exchange, slow)
    assert closed.status == performance_pb2.BENCHMARK_STATUS_FAILED
    assert ("faults", 16, 1) in [(each.figure, each.value, each.limit) for each in closed.findings]
    async with serving(exchange, failing) as scripted:
        await connected(exchange, failing)
        await asked(exchange, failing)
        for number in range(1, 17):
            await scripted.handed(number)
            await scripted.fail(number, "CLIENT_FAULT" if number == 1 else "FAILED")
        closed = await ended(exchange, failing)
    assert closed.findings[0].figure == "faults"
    assert closed.probes[0].cause == "client_fault"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await failing.supply.IssueUnits(
            supply_pb2.IssueUnitsRequest(
                request_id=exchange.request_id(), instrument=SYMBOL, quantity_units=1
            )
        )
    assert info_of(refused.value)[0].reason == "SUPPLIER_NOT_ADMITTED"


async def test_a_supplier_that_is_lost_meanwhile_is_refused_at_the_deadline(
    exchange: Exchange,
) -> None:
    await exchange.define_instrument()
    supplier = await newcomer(exchange)
    async with serving(exchange, supplier) as scripted:
        await connected(exchange, supplier)
        opened = await asked(exchange, supplier)
        await scripted.handed(8)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await supplier.performance.RunBenchmark(
            performance_pb2.RunBenchmarkRequest(request_id="again", instrument=SYMBOL)
        )
    assert info_of(refused.value)[0].reason == "SELF_ADMISSION_CLOSED"
    await until(lambda: len(benchmark_of(exchange, supplier).probes) == 8)
    await exchange.advance(opened.deadline_time.ToMicroseconds() - exchange.clock.now_us())
    closed = await ended(exchange, supplier)
    assert [(each.figure, each.value) for each in closed.findings] == [
        ("probes", 8),
        ("faults", 8),
        ("verified_tokens_per_second", 0),
    ]


async def test_a_supplier_may_ask_itself_where_the_policy_allows_and_is_told_the_result(
    exchange: Exchange,
) -> None:
    await exchange.define_instrument()
    await policy(exchange, self_admission=1, benchmark_probes=1)
    supplier = await newcomer(exchange)
    async with serving(exchange, supplier) as scripted:
        await connected(exchange, supplier)
        answer = await supplier.performance.RunBenchmark(
            performance_pb2.RunBenchmarkRequest(request_id="self", instrument=SYMBOL)
        )
        await scripted.handed(1)
        await scripted.fail(1, "FAILED")
        closed = await ended(exchange, supplier)
        again = await supplier.performance.RunBenchmark(
            performance_pb2.RunBenchmarkRequest(request_id="self", instrument=SYMBOL)
        )
        assert again == answer, "a repeat is answered alike and measures nothing"
    assert closed.status == performance_pb2.BENCHMARK_STATUS_FAILED
    told = await supplier.notices.ListNotices(notices_pb2.ListNoticesRequest())
    (notice,) = told.notices
    assert notice.kind == notices_pb2.NOTICE_KIND_SUPPLIER
    assert notice.subject_id == closed.benchmark_id
    assert "benchmark failed" in notice.message


async def test_a_benchmark_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        await policy(exchange, benchmark_probes=8, benchmark_us=3600 * SECOND)
        supplier = await newcomer(exchange)
        async with serving(exchange, supplier) as scripted:
            await connected(exchange, supplier)
            await asked(exchange, supplier)
            await scripted.handed(8)
            for number in (1, 2, 3):
                await scripted.answer(number, LONG)
            await until(lambda: len(benchmark_of(exchange, supplier).probes) == 3)
    async with running_exchange(tmp_path, clock=exchange.clock) as again:
        supplier = Participant(supplier.member_id, supplier.secret, again)
        async with serving(again, supplier) as scripted:
            again.clock.advance(SECOND)
            await scripted.handed(5)
            for number in range(1, 6):
                await scripted.answer(number, LONG)
            closed = await ended(again, supplier)
            assert len(scripted.opened) == 5
    assert [each.cause for each in closed.probes] == ["completed"] * 8


async def test_an_embedding_instrument_is_probed_with_inputs(exchange: Exchange) -> None:
    await define_embeddings(exchange)
    await policy(exchange, benchmark_probes=1)
    supplier = await exchange.create_member("vectors", scopes=("SUPPLY",), roles=("SUPPLIER",))
    await supplier.supply.RegisterOffer(
        supply_pb2.RegisterOfferRequest(
            request_id="offer",
            instrument=EMBED,
            terms=an_offer(model="demo-embedding", output_tokens=0, embedding_space=SPACE),
        )
    )
    async with serving(exchange, supplier, instruments=(EMBED,)) as scripted:
        await connected(exchange, supplier)
        await asked(exchange, supplier, EMBED)
        opened = await scripted.handed(1)
        assert len(opened.embedding.inputs) == 1
        exchange.clock.advance(SECOND)
        vector = embeddings_pb2.Embedding(index=0, values=[0.5] * DIMENSIONS)
        reply = embeddings_pb2.EmbeddingReply(embeddings=[vector])
        await scripted.send(
            events=[
                supply_pb2.SupplierEvent(call=1, embedding=reply),
                supply_pb2.SupplierEvent(call=1, end=supply_pb2.SupplierEnd()),
            ]
        )
        closed = await ended(exchange, supplier, EMBED)
    (probe,) = closed.probes
    assert closed.status == performance_pb2.BENCHMARK_STATUS_PASSED, closed
    assert closed.measured_tokens_per_second == probe.prompt_tokens


# ---- probes that go on -------------------------------------------------------------------------


async def test_probes_go_on_at_the_policys_rate_and_count(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    exchange, serving_all = market.exchange, asyncio.create_task(supplier.serve_all(LONG))
    await policy(exchange, probes_per_hour=60)
    before = await market.balance()
    for _ in range(120):
        await exchange.advance(15 * SECOND)
        await asyncio.sleep(0.005)
    # Half an hour at one a minute on the average, each after half to one and a half of that.
    assert 20 <= len(supplier.opened) <= 60
    await until(lambda: probes_of(market) == len(supplier.opened))
    assert await market.balance() == before
    serving_all.cancel()


async def test_probes_never_wait_for_a_place(market: Marketplace) -> None:
    exchange, owner = market.exchange, market.suppliers[0]
    await policy(exchange, probes_per_hour=3_600)
    async with serving(exchange, owner, slots=1) as scripted:
        _, call = await market.session.open(market.consumer.secret)
        await scripted.handed(1)
        await scripted.say(1, chunk(LONG, role="assistant"))
        await until(lambda: streaming(exchange) == 1)
        for _ in range(3):
            await exchange.advance(16 * SECOND)
            await asyncio.sleep(0.02)
        assert len(scripted.opened) == 1
        await scripted.answer(1)
        await call.done()
        await exchange.advance(16 * SECOND)
        await scripted.handed(2)


async def policy(exchange: Exchange, **figures: int) -> None:
    await exchange.admin.SetPolicy(
        admin_pb2.SetPolicyRequest(
            request_id=exchange.request_id(),
            changes=[
                admin_pb2.PolicyValue(name=name, value=each) for name, each in figures.items()
            ],
        )
    )


async def connected(exchange: Exchange, supplier: Participant) -> None:
    links = exchange.running.services.live.state.supplier_links
    await until(lambda: any(key[0] == supplier.member_id for key in links))


def benchmark_of(exchange: Exchange, supplier: Participant) -> Any:
    state = exchange.running.services.live.state
    return next(each for key, each in state.benchmarks.items() if key[0] == supplier.member_id)


def probes_of(market: Marketplace) -> int:
    state = market.exchange.running.services.live.state
    return sum(bucket.probes for bucket in state.performance.values() if bucket.grain == "fine")
