"""Embedding instruments: their contracts, offers, reservations and bills."""

from typing import Any

import pytest

from tests.support.market import (
    DOLLAR,
    EMBED,
    EMBED_MARKET,
    EMBED_SPEC,
    SPEC,
    VECTORS,
    Exchange,
    embedding_offer,
    report,
    reserve,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import UsageRecorded
from thegrid_exchange.engine.records import InstrumentSpec, MarketTerms, TokenCounts
from thegrid_exchange.engine.rules.metering import FIRST_POLICY


def define(spec: InstrumentSpec = EMBED_SPEC) -> commands.DefineInstrument:
    return commands.DefineInstrument("embed-small", "Embed Small", spec, MarketTerms())


@pytest.fixture
def exchange() -> Exchange:
    """ann supplies embeddings at 2 dollars, of which bob has three Units in a Lot."""
    exchange = Exchange()
    exchange.instrument()
    exchange.ok(define())
    exchange.ann, exchange.bob = exchange.member("ann"), exchange.member("bob")
    exchange.ok(commands.AdmitSupplier(exchange.ann, EMBED, 10_000_000))
    exchange.ok(embedding_offer(exchange.ann))
    exchange.connect(exchange.ann, EMBED)
    exchange.ok(commands.IssueUnits(exchange.ann, EMBED, 10))
    exchange.bought(
        exchange.ann, exchange.bob, 3, 2 * DOLLAR, market_id=EMBED_MARKET, auto_transfer=True
    )
    return exchange


@pytest.mark.parametrize(
    ("changes", "field", "limit", "value"),
    [
        ({"output_tokens_min": 1}, "spec.output_tokens_min", 0, 1),
        ({"embedding": VECTORS._replace(space="")}, "spec.embedding.space", None, None),
        ({"embedding": VECTORS._replace(dimensions=0)}, "spec.embedding.dimensions", 1, 0),
        (
            {"embedding": VECTORS._replace(dimensions=20_000)},
            "spec.embedding.dimensions",
            16_384,
            20_000,
        ),
        (
            {"embedding": VECTORS._replace(dimensions_min=385)},
            "spec.embedding.dimensions_min",
            384,
            385,
        ),
        (
            {"embedding": VECTORS._replace(input_tokens_max=300_001)},
            "spec.embedding.input_tokens_max",
            300_000,
            300_001,
        ),
        ({"embedding": VECTORS._replace(inputs_max=0)}, "spec.embedding.inputs_max", 1, 0),
        ({"embedding": None}, "spec.output_tokens_min", 1, 0),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused(
    changes: dict[str, Any], field: str, limit: int | None, value: int | None
) -> None:
    refusal = Exchange().refused(define(EMBED_SPEC._replace(**changes)))
    assert (refusal.reason, refusal.field) == ("INVALID_ARGUMENT", field)
    assert (refusal.limit, refusal.value) == (limit, value)


@pytest.mark.parametrize(
    "spec", [SPEC, EMBED_SPEC._replace(embedding=VECTORS._replace(space="other-1"))]
)
def test_a_new_version_keeps_the_kind_and_the_space(
    exchange: Exchange, spec: InstrumentSpec
) -> None:
    refusal = exchange.refused(commands.PublishSpec(EMBED, spec, 0))
    assert refusal.field == "spec.embedding"
    longer = EMBED_SPEC._replace(embedding=VECTORS._replace(dimensions=512, dimensions_min=64))
    exchange.ok(commands.PublishSpec(EMBED, longer, 0))


@pytest.mark.parametrize("space", ["", "other-1"])
def test_only_models_of_its_space_supply_it(exchange: Exchange, space: str) -> None:
    refusal = exchange.refused(embedding_offer(exchange.ann, embedding_space=space))
    assert (refusal.reason, refusal.field) == ("OFFER_BELOW_SPEC", "embedding_space")
    exchange.ok(commands.AdmitSupplier(exchange.ann, "ins_text-prime", 10_000_000))
    chat = {"instrument_id": "ins_text-prime", "output_tokens": 64_000}
    refusal = exchange.refused(embedding_offer(exchange.ann, **chat))
    assert (refusal.reason, refusal.field) == ("OFFER_BELOW_SPEC", "embedding_space")
    exchange.ok(embedding_offer(exchange.ann, **chat, embedding_space=""))


def test_no_output_is_set_aside_and_none_is_billed(exchange: Exchange) -> None:
    refusal = exchange.refused(reserve("dlv_1", exchange.bob, 1_000, 1, instrument_id=EMBED))
    assert (refusal.reason, refusal.field) == ("WRONG_REQUEST_KIND", "max_output_tokens")
    assert (refusal.limit, refusal.value) == (0, 1)
    reply = exchange.ok(reserve("dlv_1", exchange.bob, 250_000, 0, instrument_id=EMBED))
    assert (reply.reserved_tokens, reply.completion_tokens) == (250_000, 0)
    exchange.ok(commands.Mark("dlv_1", 5_000))
    usage = exchange.ok(
        report(
            "dlv_1",
            "in_spec",
            255_000,
            supplier_id=exchange.ann,
            canonical=TokenCounts(250_000, 0),
        )
    ).usage
    assert (usage.billed_tokens, usage.cost_micros) == (250_000, DOLLAR // 2)
    assert exchange.events(UsageRecorded)[0].usage == usage
    assert exchange.tokens(exchange.bob, "lots", EMBED) == 2_750_000
    assert exchange.tokens(exchange.bob, "reserved", EMBED) == 0


@pytest.mark.parametrize(
    ("verdict", "billed", "tendered"),
    [
        ("failed", 0, 250_000),
        ("late_first_token", 0, 250_000),
        ("too_slow", 0, 250_000),
        ("client_fault", 0, 0),
        ("cancelled_by_client", 250_000, 0),
    ],
)
def test_endings_bill_the_input_or_nothing(
    exchange: Exchange, verdict: str, billed: int, tendered: int
) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 250_000, 0, instrument_id=EMBED))
    usage = exchange.ok(
        report(
            "dlv_1",
            verdict,
            250_000,
            supplier_id=exchange.ann,
            canonical=TokenCounts(250_000, 0),
        )
    ).usage
    assert (usage.billed_tokens, usage.tendered_tokens) == (billed, tendered)
    assert exchange.tokens(exchange.bob, "lots", EMBED) == 3_000_000 - billed


def test_what_each_input_adds_is_journaled_data(exchange: Exchange) -> None:
    policy = exchange.ok(
        commands.DefineMeteringPolicy(FIRST_POLICY._replace(input_tokens=2))
    ).policy
    assert (policy.version, policy.input_tokens) == (2, 2)
    refusal = exchange.refused(
        commands.DefineMeteringPolicy(FIRST_POLICY._replace(input_tokens=-1))
    )
    assert (refusal.field, refusal.limit) == ("policy.input_tokens", 0)
    exchange.ok(commands.PublishSpec(EMBED, EMBED_SPEC._replace(metering_policy_version=2), 0))
