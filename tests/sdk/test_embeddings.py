"""Embeddings in the SDK: JSON and messages, the demo's vectors, an upstream, and `client.embed`."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import thegrid
from tests.support.embedding import EMBED, define_embeddings, offer_embeddings
from tests.support.exchange import Exchange, Participant, running_exchange
from tests.support.upstream import Upstream
from tests.support.upstream_embeddings import vector
from thegrid.cli.embedding import cosine
from thegrid.delivering import Embeddings
from thegrid.errors import GridError
from thegrid.openai import (
    MappingError,
    embedding_request_from_json,
    embedding_request_to_json,
    embedding_to_json,
    embeddings_from_json,
    replies_of,
)
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.backend import CLIENT_FAULT, FAILED, REFUSED, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.supplier.demo import DemoModel
from thegrid.supplier.hashed import DIMENSIONS, embed
from thegrid.supplier.upstream import Upstream as UpstreamBackend
from thegrid.v1 import delivery_pb2, embeddings_pb2, supply_pb2

# ---- JSON and messages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"model": "m", "input": ["a", "b"], "dimensions": 8, "user": "u"},
        {"model": "m", "input": [[1, 2], [3]], "seed": 1, "user": None},
        {"model": "m", "input": ["a", [1, 2]]},
        {"model": None, "dimensions": "8", "input": 5},
        {"input": []},
        {"input": ["a", ""], "dimensions": 1.5},
        {"input": [[1 << 31]]},
        {"input": [[-1]]},
        {"input": [[True]]},
        {"input": ["a", []]},
        {"input": ["\ud800"]},
    ],
)
def test_requests_come_back(value: dict[str, Any]) -> None:
    message = embedding_request_from_json(value)
    copy = embeddings_pb2.EmbeddingRequest.FromString(message.SerializeToString())
    assert embedding_request_to_json(copy) == value


@pytest.mark.parametrize(("given", "listed"), [("a", ["a"]), ([1, 2], [[1, 2]])])
def test_one_input_is_a_list_of_one(given: Any, listed: list[Any]) -> None:
    assert embedding_request_to_json(embedding_request_from_json({"input": given})) == {
        "input": listed
    }


def test_vectors_come_back_in_both_encodings() -> None:
    made = embeddings_pb2.Embedding(index=3, values=[0.1, -2.5, 3e38, 0.0])
    for as_base64 in (False, True):
        written = embedding_to_json(made, as_base64=as_base64)
        assert isinstance(written["embedding"], str) is as_base64
        assert embeddings_from_json({"data": [written]}) == [made]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"data": {}},
        {"data": ["a"]},
        {"data": [{}]},
        {"data": [{"embedding": "?"}]},
        {"data": [{"embedding": "AAAAAAA="}]},
        {"data": [{"embedding": ["a"]}]},
        {"data": [{"embedding": 1}]},
        {"data": [{"index": "a", "embedding": [1]}]},
        {"data": [{"index": 1 << 40, "embedding": [1]}]},
    ],
)
def test_what_is_no_vector_is_named(value: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="data"):
        embeddings_from_json(value)


def test_replies_stay_short() -> None:
    made = [embeddings_pb2.Embedding(index=place, values=[1.0] * 3_000) for place in range(40)]
    replies = replies_of("m", made)
    assert [each for reply in replies for each in reply.embeddings] == made
    assert all(reply.ByteSize() < 80_000 for reply in replies)
    assert len(replies) < 15
    longest = embeddings_pb2.Embedding(values=[1.0] * 16_384)
    assert len(replies_of("m", [longest] * 2)) == 2


# ---- the demo's vectors ------------------------------------------------------------------------


TOPICS = {
    "passwords": [
        "how do I reset my password",
        "steps to reset a forgotten password",
        "password reset for a locked account",
    ],
    "weather": [
        "the weather in Paris is mild in spring",
        "mild spring weather across Paris",
        "spring in Paris brings mild and rainy weather",
    ],
    "refunds": [
        "our refund policy lasts thirty days",
        "refunds are paid within thirty days",
        "a refund is paid after thirty days by policy",
    ],
}


@pytest.mark.parametrize("dimensions", [DIMENSIONS, 128])
def test_texts_of_one_topic_are_each_others_neighbours(dimensions: int) -> None:
    texts = [(topic, text) for topic, group in TOPICS.items() for text in group]
    vectors = {text: embed(text, dimensions) for _, text in texts}
    for topic, text in texts:
        others = [(each, other) for each, other in texts if other != text]
        others.sort(key=lambda pair: -cosine(vectors[text], vectors[pair[1]]))
        assert {each for each, _ in others[:2]} == {topic}, (text, others[:3])


def test_the_cosine_grows_with_what_two_texts_share() -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(60)]
    whole = embed(" ".join(words[:30]))
    near = [
        cosine(whole, embed(" ".join(words[30 - shared : 60 - shared])))
        for shared in (0, 10, 20, 30)
    ]
    assert near == sorted(near)
    assert abs(near[0]) < 0.2
    assert near[3] > 0.99


def test_a_vector_is_the_same_everywhere_and_has_length_one() -> None:
    # The values are part of the space: another build must give the same.
    assert embed("the bid, the ask", 24) == pytest.approx(BID_AND_ASK, abs=1e-8)
    for text in ("a", "!?", " ", "汉字 и кириллица", "\ud800", "x" * 5_000):
        for dimensions in (1, 2, 64, DIMENSIONS):
            made = embed(text, dimensions)
            assert len(made) == dimensions
            assert math.hypot(*made) == pytest.approx(1.0)
    assert embed("Hello, World") == embed("hello world")


BID_AND_ASK = [
    -0.216793499, 0.0, -0.428240518, 0.0, 0.0, 0.428240518,
    0.0, 0.216793499, 0.0, -0.428240518, 0.0, 0.17531477,
    0.216793499, 0.0, 0.0, 0.0, 0.0, -0.17531477,
    -0.428240518, 0.0, 0.0, 0.252925749, 0.0, 0.0,
]  # fmt: skip


# ---- backends ----------------------------------------------------------------------------------


class Delivery:
    """One delivery handed to a backend, and what came of it."""

    def __init__(self, *texts: str, dimensions: int = 8, asked: int | None = None) -> None:
        opening = supply_pb2.SupplierOpen(
            delivery_id="dlv_0123456789abcdef",
            model="served-model",
            embedding=embedding_request_from_json({"model": "m", "input": list(texts)}),
            window_bytes=1 << 30,
            dimensions=dimensions,
            traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        )
        if asked is not None:
            opening.embedding.dimensions = asked
        self.events: list[supply_pb2.SupplierEvent] = []
        self.call = SupplierCall(1, opening, self.events.append)

    def vectors(self) -> list[tuple[int, list[float]]]:
        return [
            (each.index, list(each.values))
            for event in self.events
            for each in event.embedding.embeddings
        ]


async def upstream_answers(
    upstream: Upstream, delivery: Delivery, **settings: Any
) -> tuple[int, int]:
    backend = UpstreamBackend(upstream.base_url, **settings)
    await backend.start()
    try:
        usage = await backend.answer(delivery.call)
    finally:
        await backend.close()
    return usage.prompt_tokens, usage.completion_tokens


async def test_an_upstreams_vectors_are_passed_on() -> None:
    async with Upstream() as upstream:
        delivery = Delivery("one", "three", asked=8)
        counts = await upstream_answers(upstream, delivery, model="up", key="k")
        assert counts == (10, 0)
        assert delivery.vectors() == [(0, vector("one", 8)), (1, vector("three", 8))]
        assert upstream.requests == [
            {"model": "up", "input": ["one", "three"], "dimensions": 8, "encoding_format": "float"}
        ]
        assert upstream.headers[0][b"authorization"] == b"Bearer k"
        assert upstream.headers[0][b"traceparent"].startswith(b"00-aaa")
        for mode in ("mode=base64", "mode=backwards"):
            delivery = Delivery(mode, "b")
            await upstream_answers(upstream, delivery)
            assert sorted(delivery.vectors()) == [(0, vector(mode, 8)), (1, vector("b", 8))]


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("mode=http:400", CLIENT_FAULT, "upstream says 400"),
        ("mode=http:429", REFUSED, "429"),
        ("mode=http:503", REFUSED, "503"),
        ("mode=http:500", FAILED, "500"),
        ("mode=length:7", FAILED, "7 dimensions, and 8 were asked for"),
        ("mode=fewer", FAILED, "1 vectors for 2 inputs"),
        ("mode=garbage", FAILED, "no object"),
    ],
)
async def test_an_upstream_that_does_not_answer_well(mode: str, kind: int, words: str) -> None:
    delivery = Delivery(mode, "b")
    async with Upstream() as upstream:
        with pytest.raises(BackendError, match=words) as failed:
            await upstream_answers(upstream, delivery)
    assert failed.value.kind == kind
    assert delivery.events == []


async def test_the_demo_model_embeds_in_batches_and_refuses_what_it_has_not() -> None:
    texts = ["some words " * 300, "others " * 3_000, "the end"]
    delivery = Delivery(*texts, dimensions=DIMENSIONS)
    usage = await DemoModel().answer(delivery.call)
    assert not usage.ListFields(), "it has no tokenizer"
    assert len(delivery.events) > 1
    assert [place for place, _ in delivery.vectors()] == [0, 1, 2]
    assert delivery.vectors()[2][1] == pytest.approx(embed("the end"), abs=1e-7)
    with pytest.raises(BackendError, match="384"):
        await DemoModel().answer(Delivery("a", dimensions=385).call)
    tokens = Delivery("a")
    tokens.call.embedding.inputs[0].tokens.ids.append(1)
    with pytest.raises(BackendError, match="texts alone"):
        await DemoModel().answer(tokens.call)


def test_a_request_in_parts_is_put_together() -> None:
    request = embedding_request_from_json({"input": ["word " * 20_000, "b"]})
    content = request.SerializeToString()
    opening = supply_pb2.SupplierOpen(
        parts_bytes=len(content), parts_kind=delivery_pb2.REQUEST_KIND_EMBEDDING
    )
    call = SupplierCall(1, opening, lambda event: None)
    call.take_part(content[:50_000])
    assert not call.is_whole
    call.take_part(content[50_000:])
    assert call.is_embedding
    assert call.embedding == request


# ---- the client --------------------------------------------------------------------------------


class Market:
    """A running exchange with a served embedding instrument and a funded member in auto mode."""

    def __init__(self, exchange: Exchange, member: Participant) -> None:
        self.exchange, self.member = exchange, member


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        await define_embeddings(exchange, dimensions=DIMENSIONS, dimensions_min=16)
        supplier = await exchange.create_supplier()
        await offer_embeddings(exchange, supplier)
        member = await exchange.create_member("reader", deposit_micros=100_000_000)
        async with thegrid.AsyncClient(exchange.target, member.secret) as client:
            await client.members.update_settings(
                account_mode="auto", auto_buy_ceiling_micros=2_000_000
            )
        settings = thegrid.load_settings(exchange.target, supplier.secret, environment={})
        agent = SupplierAgent(settings, (EMBED,), DemoModel())
        await agent.start()
        yield Market(exchange, member)
        await agent.stop()


async def test_the_client_embeds(market: Market) -> None:
    async with thegrid.AsyncClient(market.exchange.target, market.member.secret) as client:
        embedded = await client.embed(EMBED, ["hello world", [15339, 1917], "bye"])
        assert [len(each) for each in embedded.vectors] == [DIMENSIONS] * 3
        assert embedded.vectors[0] == embedded.vectors[1] != embedded.vectors[2]
        assert embedded.usage.billed_tokens == 5
        assert embedded.receipt is not None
        assert embedded.started.serving_model == "demo-embedding"
        short = await client.embed(EMBED, "hello world", dimensions=16)
        assert short.vectors[0] == pytest.approx(embed("hello world", 16), abs=1e-7)
        counted = await client.count_tokens(EMBED, embedding_request_from_json({"input": "a b"}))
        assert counted.prompt_tokens == 2
        with pytest.raises(GridError) as refused:
            await client.embed("text-prime", "hello")
        assert refused.value.reason == "WRONG_REQUEST_KIND"
        with pytest.raises(TypeError, match="lists of tokens"):
            await client.embed(EMBED, [15339, 1917])  # type: ignore[list-item]
        with pytest.raises(GridError, match="input"):
            await client.embed(EMBED, [])


async def test_the_blocking_client_embeds_long_inputs(market: Market) -> None:
    texts = [f"text number {number} " * 40 for number in range(600)]

    def run() -> Embeddings:
        with thegrid.Client(market.exchange.target, market.member.secret) as client:
            return client.embed(EMBED, texts)

    embedded = await asyncio.to_thread(run)
    assert len(embedded.vectors) == 600
    assert embedded.vectors[599] == pytest.approx(embed(texts[599]), abs=1e-7)
