"""Embeddings through public doors: reserved, handed over, judged vector by vector, billed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.marketplace import Marketplace, details, marketplace
from tests.support.embedding import (
    DIMENSIONS,
    EMBED,
    UNIT,
    define_embeddings,
    inputs,
    offer_embeddings,
    vectors,
)
from tests.support.supplier import ScriptedSupplier, chat, chunk, serving
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    delivery_pb2,
    delivery_pb2_grpc,
    embeddings_pb2,
    usage_pb2,
)

VERDICT = usage_pb2.Verdict.Name


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Marketplace]:
    """A market whose consumer owns a Lot of embeddings too."""
    async with marketplace(tmp_path) as made:
        exchange = made.exchange
        await define_embeddings(exchange)
        await offer_embeddings(exchange, made.suppliers[0])
        await exchange.place(
            made.consumer, side="buy", market=EMBED, quantity_units=1, price_micros=UNIT
        )
        await made.consumer.accounts.CreateTransfer(
            accounts_pb2.CreateTransferRequest(
                request_id=exchange.request_id(), instrument=EMBED, quantity_units=1
            )
        )
        yield made
        await made.check()


@pytest.fixture
async def supplier(market: Marketplace) -> AsyncIterator[ScriptedSupplier]:
    async with serving(market.exchange, market.suppliers[0], instruments=(EMBED,)) as made:
        yield made


async def ask(market: Marketplace, request: Any, **fields: Any) -> Any:
    """Begin a call for embeddings; answers it."""
    _, call = await market.session.open(
        market.consumer.secret, instrument=EMBED, embedding=request, **fields
    )
    return call


async def refusal(market: Marketplace, request: Any, **fields: Any) -> tuple[str, set[str]]:
    """The reason and the field of a call that is refused before anything is set aside."""
    failed = (await (await ask(market, request, **fields)).done()).failed
    assert not failed.HasField("usage")
    info, named = details(failed.status)
    return info.reason, named


async def test_every_input_gets_its_vector_and_the_input_alone_is_billed(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    call = await ask(market, inputs("hello world", "good morning, good people"))
    handed = await supplier.handed(1)
    assert [each.text for each in handed.embedding.inputs] == [
        "hello world",
        "good morning, good people",
    ]
    assert (handed.max_output_tokens, handed.HasField("request")) == (0, False)
    assert (handed.dimensions, handed.embedding.HasField("dimensions")) == (DIMENSIONS, False)
    await supplier.give(1, vectors(1), vectors(0))
    await supplier.end(1, prompt_tokens=7)
    ended = (await call.done()).ended
    assert call.kinds == ["started", "embedding", "embedding", "ended"]
    given = [each for event in call.events[1:-1] for each in event.embedding.embeddings]
    assert [each.index for each in given] == [1, 0]
    assert list(given[0].values) == [0.25] * DIMENSIONS
    usage = ended.usage
    assert VERDICT(usage.verdict) == "VERDICT_IN_SPEC"
    assert (usage.counted.prompt_tokens, usage.counted.completion_tokens) == (7, 0)
    assert (usage.billed_tokens, usage.cost_micros) == (7, 7)
    assert (ended.reply.usage.prompt_tokens, ended.reply.usage.total_tokens) == (7, 7)
    assert not ended.reply.choices
    assert ended.HasField("receipt")


async def test_tokens_are_counted_as_they_are_and_handed_over_as_text(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    # `hello world` by cl100k_base, and the first byte of a two-byte letter, as splitters leave it.
    call = await ask(market, inputs([15339, 1917], [127]))
    handed = await supplier.handed(1)
    assert [each.text for each in handed.embedding.inputs] == ["hello world", "\ufffd"]
    await supplier.give(1, vectors(0, 1))
    await supplier.end(1)
    assert (await call.done()).ended.usage.billed_tokens == 3


@pytest.mark.parametrize(
    ("replies", "number"),
    [
        ([vectors(0, length=DIMENSIONS - 1)], "a vector too short"),
        ([vectors(0, length=0)], "an empty vector"),
        ([vectors(0, value=float("nan"))], "what is no number"),
        ([vectors(0, value=float("inf"))], "what is not finite"),
        ([vectors(0, value=float("-inf"))], "what is not finite and below nothing"),
        ([vectors(0), vectors(0)], "the same input twice"),
        ([vectors(0), vectors(0), vectors(1)], "the same input twice, and the other too"),
        ([vectors(0, 0)], "the same input twice in one reply"),
        ([vectors(2)], "an input that there is not"),
        ([vectors(0)], "one vector too few"),
        ([embeddings_pb2.EmbeddingReply(), vectors(0)], "an empty reply, and one too few"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_that_is_not_as_promised_fails_and_bills_nothing(
    market: Marketplace, supplier: ScriptedSupplier, replies: list[Any], number: str
) -> None:
    call = await ask(market, inputs("one", "two"))
    await supplier.handed(1)
    await supplier.give(1, *replies)
    await supplier.end(1)
    failed = (await call.done()).failed
    assert details(failed.status)[0].reason == "SUPPLIER_FAILED"
    assert VERDICT(failed.usage.verdict) == "VERDICT_FAILED"
    assert (failed.usage.billed_tokens, failed.usage.cost_micros) == (0, 0)


@pytest.mark.parametrize("reply", [chunk("hello"), chunk(role="assistant"), chunk(finish="stop")])
async def test_a_chat_is_no_answer_to_embeddings(
    market: Marketplace, supplier: ScriptedSupplier, reply: Any
) -> None:
    call = await ask(market, inputs("one"))
    await supplier.handed(1)
    await supplier.say(1, reply)
    failed = (await call.done()).failed
    assert details(failed.status)[0].reason == "SUPPLIER_FAILED"


async def test_vectors_are_no_answer_to_a_chat(market: Marketplace) -> None:
    async with serving(market.exchange, market.suppliers[0]) as supplier:
        _, call = await market.session.open(market.consumer.secret)
        await supplier.handed(1)
        await supplier.give(1, vectors(0))
        failed = (await call.done()).failed
    assert details(failed.status)[0].reason == "SUPPLIER_FAILED"


async def test_the_deadline_runs_to_the_first_vector(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    call = await ask(market, inputs("one", "two"))
    await supplier.handed(1)
    market.exchange.clock.advance(2_000_001)
    failed = (await call.done()).failed
    assert details(failed.status)[0].reason == "FIRST_TOKEN_LATE"
    assert VERDICT(failed.usage.verdict) == "VERDICT_LATE_FIRST_TOKEN"


async def test_vectors_that_trickle_are_too_slow(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    text = "one two three four " * 25
    for number, (waited_us, verdict) in enumerate(
        ((4_900_000, "VERDICT_IN_SPEC"), (5_300_000, "VERDICT_TOO_SLOW")), 1
    ):
        call = await ask(market, inputs(text, "end"))
        await supplier.handed(number)
        await supplier.give(number, vectors(0))
        await call.until(lambda call=call: "embedding" in call.kinds)
        market.exchange.clock.advance(waited_us)
        await supplier.give(number, vectors(1))
        await supplier.end(number)
        last = await call.done()
        usage = (last.ended if last.HasField("ended") else last.failed).usage
        assert (VERDICT(usage.verdict), usage.counted.prompt_tokens) == (verdict, 102)
        assert usage.throughput_millitokens_per_second == 102 * 1_000 * UNIT // waited_us


async def test_shorter_vectors_where_the_instrument_has_them(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    call = await ask(market, inputs("one", dimensions=3))
    handed = await supplier.handed(1)
    assert (handed.dimensions, handed.embedding.dimensions) == (3, 3)
    await supplier.give(1, vectors(0, length=3))
    await supplier.end(1)
    assert (await call.done()).HasField("ended")
    for asked in (1, DIMENSIONS + 1):
        request = inputs("one", dimensions=asked)
        assert await refusal(market, request) == ("FIELD_NOT_HONOURED", {"dimensions"})


async def test_requests_that_cannot_be_are_refused_by_field(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    long = "word " * 8_200
    for request, reason, field in (
        (inputs(), "INVALID_ARGUMENT", "input"),
        (inputs("one", ""), "INVALID_ARGUMENT", "input[1]"),
        (inputs([]), "INVALID_ARGUMENT", "input[0]"),
        (inputs("one", dimensions=0), "INVALID_ARGUMENT", "dimensions"),
        (inputs("one", [100_257]), "CONTENT_REFUSED", "input[1]"),
        (inputs([-1]), "CONTENT_REFUSED", "input[0]"),
        (inputs([999_999]), "CONTENT_REFUSED", "input[0]"),
        (inputs(" " * 70_000), "CONTENT_REFUSED", "input[0]"),
        (inputs("one", long), "CONTEXT_EXCEEDED", "input[1]"),
        (inputs("one", extra_json=b'{"seed": 1}'), "FIELD_NOT_HONOURED", "seed"),
        (inputs("one", extra_json=b"["), "INVALID_ARGUMENT", "request.extra_json"),
    ):
        assert await refusal(market, request) == (reason, {field}), request
    many = inputs(*["a"] * 2_049)
    assert await refusal(market, many) == ("TOO_LARGE", {"input"})


async def test_each_kind_of_request_has_its_own_instruments(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    _, call = await market.session.open(market.consumer.secret, instrument=EMBED)
    info, named = details((await call.done()).failed.status)
    assert (info.reason, named) == ("WRONG_REQUEST_KIND", {"messages"})
    _, call = await market.session.open(market.consumer.secret, embedding=inputs("one"))
    info, named = details((await call.done()).failed.status)
    assert (info.reason, named) == ("WRONG_REQUEST_KIND", {"input"})
    _, call = await market.session.open(market.consumer.secret, chat(), embedding=inputs("one"))
    assert details((await call.done()).failed.status)[0].reason == "INVALID_ARGUMENT"


async def test_long_requests_come_and_go_in_parts(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = inputs(*["some words to be embedded " * 300] * 60)
    content = request.SerializeToString()
    assert len(content) > 400_000
    number, call = await market.session.open(
        market.consumer.secret,
        instrument=EMBED,
        parts_bytes=len(content),
        parts_kind=delivery_pb2.REQUEST_KIND_EMBEDDING,
    )
    for start in range(0, len(content), 65_536):
        part = delivery_pb2.RequestPart(data=content[start : start + 65_536])
        await market.session.send(delivery_pb2.DeliveryCommand(call=number, part=part))
    handed = await supplier.handed(1)
    assert (handed.parts_kind, handed.parts_bytes) == (
        delivery_pb2.REQUEST_KIND_EMBEDDING,
        len(content),
    )
    await supplier.until(lambda: len(supplier.parts.get(1, b"")) == len(content))
    assert embeddings_pb2.EmbeddingRequest.FromString(supplier.parts[1]) == request
    await supplier.give(1, vectors(*range(60)))
    await supplier.end(1)
    assert (await call.done()).ended.usage.verdict == usage_pb2.VERDICT_IN_SPEC


async def test_a_slow_reader_is_sent_no_more_than_its_window(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    one = vectors(0).ByteSize()
    number, call = await market.session.open(
        market.consumer.secret,
        instrument=EMBED,
        embedding=inputs(*["a"] * 40),
        window_bytes=10 * one,
    )
    await supplier.handed(1)
    await supplier.give(1, *(vectors(place) for place in range(40)))
    await supplier.end(1)
    await call.until(lambda: call.kinds.count("embedding") >= 10)
    assert call.kinds.count("embedding") <= 11
    await market.session.grant(number, 100 * one)
    assert (await call.done()).ended.usage.billed_tokens == 40
    places = [event.embedding.embeddings[0].index for event in call.events[1:-1]]
    assert places == list(range(40)), "in order, none lost"


async def test_a_hedged_call_takes_the_first_vector(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    other = await market.exchange.create_supplier("other")
    await offer_embeddings(market.exchange, other)
    async with serving(market.exchange, other, instruments=(EMBED,)) as hedge:
        call = await ask(
            market,
            inputs("one", "two"),
            preferences=delivery_pb2.DeliveryPreferences(hedge_after_percent=50),
        )
        await supplier.handed(1)
        market.exchange.clock.advance(1_000_001)
        await hedge.handed(1)
        await hedge.give(1, vectors(0))
        await supplier.until(lambda: 1 in supplier.cancelled)
        await supplier.give(1, vectors(0, 1))
        await hedge.give(1, vectors(1))
        await hedge.end(1)
        usage = (await call.done()).ended.usage
    assert [attempt.outcome for attempt in usage.attempts] == ["hedge_lost", "served"]
    assert (usage.supplier_id, usage.billed_tokens) == (other.member_id, 2)


async def test_a_supplier_that_fails_before_its_first_vector_is_left_for_the_next(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    other = await market.exchange.create_supplier("other")
    await offer_embeddings(market.exchange, other)
    async with serving(market.exchange, other, instruments=(EMBED,)) as second:
        call = await ask(market, inputs("one"))
        await supplier.handed(1)
        await supplier.give(1, vectors(0, length=3))
        await second.handed(1)
        await second.give(1, vectors(0))
        await second.end(1)
        usage = (await call.done()).ended.usage
    assert [attempt.outcome for attempt in usage.attempts] == ["protocol_broken", "served"]


async def test_a_client_that_leaves_pays_for_its_input(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    number, call = await market.session.open(
        market.consumer.secret, instrument=EMBED, embedding=inputs("one", "two")
    )
    opened = await supplier.handed(1)
    await supplier.give(1, vectors(0))
    await call.until(lambda: "embedding" in call.kinds)
    await market.session.cancel(number)
    usage = await market.usage(opened.delivery_id.replace("dlv_", "usg_"))
    assert VERDICT(usage.verdict) == "VERDICT_CANCELLED_BY_CLIENT"
    assert usage.billed_tokens == 2


async def test_inputs_are_counted_beforehand_and_as_the_policy_says(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any, operator: Any
) -> None:
    policy = (await operator.instruments.metering_policies())[0]
    policy.input_tokens = 5
    made = await operator.admin.define_metering_policy(policy)
    instrument = await operator.instruments.get(EMBED)
    spec = instrument.spec
    assert spec.embedding.dimensions == DIMENSIONS
    spec.metering.version = made.version
    spec.ClearField("effective_time")
    await market.exchange.admin.PublishSpec(
        admin_pb2.PublishSpecRequest(
            request_id=market.exchange.request_id(), instrument=EMBED, spec=spec
        )
    )
    call = await ask(market, inputs("hello world", [15339, 1917]))
    await supplier.handed(1)
    await supplier.give(1, vectors(0, 1))
    await supplier.end(1)
    usage = (await call.done()).ended.usage
    assert (usage.billed_tokens, usage.metering_version) == (14, made.version)
    doors = market.exchange.stub(delivery_pb2_grpc.DeliveryServiceStub, market.consumer.secret)
    counted = await doors.CountTokens(
        delivery_pb2.CountTokensRequest(
            instrument=EMBED, embedding=inputs("hello world", [15339, 1917])
        )
    )
    assert (counted.prompt_tokens, counted.tokenizer) == (14, "cl100k_base")
    versions = await consumer.instruments.metering_policies()
    assert [version.input_tokens for version in versions] == [0, 5]
