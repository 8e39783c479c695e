"""Counting through public doors: by policies, beside long prompts, and against suppliers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, a_call, connected, marketplace
from tests.support.exchange import SYMBOL, a_spec
from tests.support.supplier import ScriptedSupplier, chat, chunk, serving
from thegrid import errors
from thegrid.v1 import admin_pb2, instruments_pb2


async def publish(market: Marketplace, operator: Any, **changes: Any) -> int:
    """Define a further version of the policy and have the instrument counted by it."""
    policy = (await operator.instruments.metering_policies())[0]
    policy.MergeFrom(instruments_pb2.MeteringPolicyVersion(**changes))
    made = await operator.admin.define_metering_policy(policy)
    spec = a_spec()
    spec.metering.version = made.version
    spec.metering.bills_hidden_reasoning = True
    await market.exchange.admin.PublishSpec(
        admin_pb2.PublishSpecRequest(
            request_id=market.exchange.request_id(), instrument=SYMBOL, spec=spec
        )
    )
    return int(made.version)


async def test_a_new_version_counts_new_calls_and_old_ones_stay_readable(
    market: Marketplace, supplier: ScriptedSupplier, consumer: Any, operator: Any
) -> None:
    before = (await a_call(market, supplier)).usage
    version = await publish(market, operator, message_tokens=10, request_tokens=20)
    after = (await a_call(market, supplier)).usage
    assert (before.metering_version, after.metering_version) == (1, version)
    assert after.counted.prompt_tokens == PROMPT_TOKENS - 6 + 30
    first, second = await consumer.instruments.metering_policies()
    assert (first.message_tokens, second.message_tokens) == (3, 10)
    with pytest.raises(errors.InvalidArgument, match="tokenizer"):
        await operator.admin.define_metering_policy(
            instruments_pb2.MeteringPolicyVersion(
                tokenizer="nonsense", reasoning="REASONING_BILLING_COUNTED", images={}
            )
        )


@pytest.mark.parametrize(
    ("reasoning", "billed", "seen"),
    [("COUNTED", 12, "hm"), ("VISIBLE", 4, "hm"), ("FORBIDDEN", 3, "")],
)
async def test_reasoning_bills_as_the_policy_says(
    market: Marketplace,
    supplier: ScriptedSupplier,
    operator: Any,
    reasoning: str,
    billed: int,
    seen: str,
) -> None:
    kind = instruments_pb2.ReasoningBilling.Value(f"REASONING_BILLING_{reasoning}")
    await publish(market, operator, reasoning=kind)
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(1)
    await supplier.say(1, chunk(reasoning="hm"), chunk("Hello there."), chunk(finish="stop"))
    market.exchange.clock.advance(UNIT)
    await supplier.end(1, prompt_tokens=PROMPT_TOKENS, completion_tokens=12, reasoning_tokens=9)
    usage = (await call.done()).ended.usage
    shown = "".join(
        choice.delta.reasoning
        for event in call.events
        if event.WhichOneof("event") == "reply"
        for choice in event.reply.choices
    )
    assert (usage.billed_tokens - PROMPT_TOKENS, shown) == (billed, seen)


async def test_a_supplier_that_counts_otherwise_is_flagged(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(1)
    await supplier.say(1, chunk("Hello there."), chunk(finish="stop"))
    await supplier.end(1, prompt_tokens=PROMPT_TOKENS + 500, completion_tokens=3)
    usage = (await call.done()).ended.usage
    assert usage.divergent
    assert usage.divergence_tokens == 500
    assert usage.billed_tokens == PROMPT_TOKENS + 3, "the canonical count bills"


async def test_short_calls_are_not_held_up_by_a_very_long_prompt(tmp_path: Path) -> None:
    text = "some words of no great weight, again and again; " * 84_000
    assert len(text) > 4_000_000
    async with (
        marketplace(tmp_path, units=3) as market,
        serving(market.exchange, market.suppliers[0]) as supplier,
    ):
        serve = asyncio.create_task(supplier.serve_all())
        await _short_calls(market, 3)
        long_call = asyncio.create_task(_counted(market, chat(text, max_tokens=10)))
        ended_beside = 0
        while not long_call.done():
            await _short_calls(market, 1)
            ended_beside += not long_call.done()
        serve.cancel()
    assert long_call.result() > 800_000
    assert ended_beside >= 3, "short calls go from end to end while it is counted"


async def _short_calls(market: Marketplace, count: int) -> None:
    for _ in range(count):
        _, call = await market.session.open(market.consumer.secret)
        await call.done()


async def _counted(market: Marketplace, request: Any) -> int:
    async with connected(market, market.consumer.secret) as client:
        return int((await client.count_tokens(SYMBOL, request)).prompt_tokens)
