"""Versions of the metering policy, how far counts differ, and the keys that sign receipts."""

import pytest

from tests.support.market import (
    INSTRUMENT,
    SPEC,
    Exchange,
    consuming_exchange,
    report,
    reserve,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import ReceiptKeyRegistered
from thegrid_exchange.engine.records import TokenCounts, UsageRecord
from thegrid_exchange.engine.rules.metering import FIRST_POLICY, metering_policies, metering_policy


@pytest.fixture
def exchange() -> Exchange:
    return consuming_exchange()


def test_versions_are_numbered_and_never_change(exchange: Exchange) -> None:
    strict = FIRST_POLICY._replace(message_tokens=9, version=77)
    second = exchange.ok(commands.DefineMeteringPolicy(strict)).policy
    third = exchange.ok(commands.DefineMeteringPolicy(FIRST_POLICY)).policy
    assert (second.version, second.message_tokens, third.version) == (2, 9, 3)
    assert second.defined_at_us == exchange.at_us
    assert metering_policies(exchange.state) == [FIRST_POLICY, second, third]
    assert metering_policy(exchange.state, 4) is None


def test_figures_have_ranges_that_are_told(exchange: Exchange) -> None:
    images = FIRST_POLICY.images._replace(tile_px=70_000)
    refusal = exchange.refused(commands.DefineMeteringPolicy(FIRST_POLICY._replace(images=images)))
    assert (refusal.field, refusal.limit, refusal.value) == (
        "policy.images.tile_px",
        65_536,
        70_000,
    )
    refusal = exchange.refused(commands.DefineMeteringPolicy(FIRST_POLICY._replace(tool_tokens=-1)))
    assert (refusal.field, refusal.limit) == ("policy.tool_tokens", 0)


def test_there_are_so_many_versions(exchange: Exchange) -> None:
    exchange.policy(max_metering_policies=2)
    exchange.ok(commands.DefineMeteringPolicy(FIRST_POLICY))
    assert exchange.refused(commands.DefineMeteringPolicy(FIRST_POLICY)).reason == "TOO_LARGE"


def test_a_specification_names_a_version_that_there_is(exchange: Exchange) -> None:
    spec = SPEC._replace(metering_policy_version=2)
    refusal = exchange.refused(commands.PublishSpec(INSTRUMENT, spec, 0))
    assert (refusal.reason, refusal.limit) == ("METERING_POLICY_NOT_FOUND", 1)
    exchange.ok(commands.DefineMeteringPolicy(FIRST_POLICY._replace(tokenizer="cl100k_base")))
    refusal = exchange.refused(commands.PublishSpec(INSTRUMENT, spec, 0))
    assert refusal.field == "spec.tokenizer"
    exchange.ok(commands.PublishSpec(INSTRUMENT, spec._replace(tokenizer="cl100k_base"), 0))
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 10))
    usage = exchange.ok(report("dlv_1", "in_spec", 1_000)).usage
    assert usage.metering_policy_version == 2


def reported(
    exchange: Exchange, canonical: TokenCounts, by_supplier: TokenCounts | None
) -> UsageRecord:
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 4_000))
    command = report("dlv_1", "in_spec", 3_000, canonical=canonical, by_supplier=by_supplier)
    usage: UsageRecord = exchange.ok(command).usage
    return usage


@pytest.mark.parametrize(
    ("by_supplier", "difference", "divergent"),
    [
        (None, None, False),
        (TokenCounts(1_000, 2_000), 0, False),
        (TokenCounts(1_250, 2_500), 750, False),  # a quarter of each
        (TokenCounts(1_251, 2_000), 251, True),
        (TokenCounts(1_000, 2_501), 501, True),
        (TokenCounts(749, 2_000), 251, True),
        (TokenCounts(1_300, 1_700), 600, True),  # what is too much does not make up for too little
    ],
)
def test_a_count_that_differs_too_much_is_flagged(
    exchange: Exchange, by_supplier: TokenCounts | None, difference: int, divergent: bool
) -> None:
    usage = reported(exchange, TokenCounts(1_000, 2_000), by_supplier)
    assert (usage.divergence_tokens, usage.divergent) == (difference, divergent)


@pytest.mark.parametrize(("tokens", "divergent"), [(128, False), (129, True)])
def test_few_tokens_are_never_flagged(exchange: Exchange, tokens: int, divergent: bool) -> None:
    usage = reported(exchange, TokenCounts(10, 0), TokenCounts(10, tokens))
    assert usage.divergent is divergent


def test_one_receipt_key_is_in_use_and_all_are_remembered(exchange: Exchange) -> None:
    first = exchange.ok(commands.RegisterReceiptKey("rck_a", "aa")).key
    exchange.ok(commands.RegisterReceiptKey("rck_a", "aa"))
    assert exchange.outcome.events == ()
    exchange.later(5)
    second = exchange.ok(commands.RegisterReceiptKey("rck_b", "bb")).key
    assert [each.key_id for each in exchange.events(ReceiptKeyRegistered)[0].keys] == [
        "rck_a", "rck_b",
    ]  # fmt: skip
    assert exchange.state.receipt_keys == {
        "rck_a": first._replace(ended_at_us=exchange.at_us),
        "rck_b": second,
    }
    assert exchange.ok(commands.RegisterReceiptKey("rck_a", "aa")).key == first
    assert exchange.state.receipt_keys["rck_b"].ended_at_us == exchange.at_us
