"""What a call may ask of its supplier: order, region, data policy, model, hedge; or a refusal."""

from typing import Any

import pytest

from tests.delivery.pipe import Pipe, Supplier, running_pipe, until
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.parts import Preferences


@pytest.fixture
async def owner(pipe: Pipe) -> Supplier:
    """Who sold the consumer's Lot, and so owes every call."""
    made = await pipe.supplier("owner", data_policy="zero-retention", region="eu-north")
    await pipe.lot(1)
    return made


async def refused(pipe: Pipe, **preferences: Any) -> tuple[str, str]:
    """Reason and field of a call that nobody may serve."""
    _, client = pipe.open(preferences=Preferences(**preferences))
    await client.over.wait()
    return client.failure.reason, client.failure.field


async def test_the_order_comes_before_what_is_owed(pipe: Pipe, owner: Supplier) -> None:
    dear = await pipe.supplier("dear", price=9_000_000)
    cheap = await pipe.supplier("cheap", price=1_000)
    order = Preferences(order_supplier_ids=(dear.member_id, cheap.member_id))
    _, client = await pipe.serving(dear, preferences=order)
    dear.fail("refused")
    await until(lambda: cheap.opened)
    cheap.fail("refused")
    await until(lambda: owner.opened)
    owner.answer("Hi")
    await client.over.wait()
    served = [attempt.supplier_id for attempt in client.usage.attempts]
    assert served == [dear.member_id, cheap.member_id, owner.member_id]
    asks = [attempt.ask_price_micros for attempt in client.usage.attempts]
    assert asks == [9_000_000, 1_000, 1_000_000]


async def test_without_fallbacks_only_the_order_serves(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other")
    lone = Preferences(order_supplier_ids=(other.member_id,), allow_fallbacks=False)
    _, client = await pipe.serving(other, preferences=lone)
    other.fail("refused")
    await client.over.wait()
    assert client.failure.reason == "NO_SUPPLIER"
    assert not owner.opened


async def test_without_fallbacks_or_order_only_who_owes_serves(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other", price=1_000)
    lone = Preferences(allow_fallbacks=False)
    _, client = await pipe.serving(owner, preferences=lone)
    owner.fail("refused")
    await client.over.wait()
    assert not other.opened
    owner.leave()
    _, client = pipe.open(preferences=lone)
    await client.over.wait()
    assert (client.failure.reason, client.failure.field) == (
        "NO_SUPPLIER",
        "preferences.allow_fallbacks",
    )
    assert (client.usage.cause, client.usage.billed_tokens) == ("no_supplier", 0)
    await pipe.settled()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_policies", "no-training"),
        ("regions", "us-east"),
        ("models", "beta/model"),
    ],
)
async def test_offers_are_chosen_by_what_they_say(
    pipe: Pipe, owner: Supplier, name: str, value: str
) -> None:
    said = {"data_policy": "no-training", "region": "us-east"}
    other = await pipe.supplier("beta", price=9_000_000, **said)
    wanted = Preferences(**{name: frozenset({value, "something else"})})
    _, client = await pipe.serving(other, preferences=wanted)
    other.answer("Hi")
    await client.over.wait()
    assert client.start.serving_model == "beta/model"
    assert await refused(pipe, **{name: frozenset({"nonsense"})}) == (
        "FIELD_NOT_HONOURED",
        f"preferences.{name}",
    )
    other.leave()
    assert await refused(pipe, **{name: frozenset({value})}) == (
        "NO_SUPPLIER",
        f"preferences.{name}",
    )


async def test_the_first_preference_that_leaves_nobody_is_named(
    pipe: Pipe, owner: Supplier
) -> None:
    other = await pipe.supplier("other", region="us-east")
    assert await refused(
        pipe, only_supplier_ids=frozenset({other.member_id}), regions=frozenset({"eu-north"})
    ) == ("FIELD_NOT_HONOURED", "preferences.regions")
    assert await refused(
        pipe, ignore_supplier_ids=frozenset({owner.member_id, other.member_id})
    ) == ("FIELD_NOT_HONOURED", "preferences.ignore_supplier_ids")
    assert await refused(pipe, order_supplier_ids=("mem_nobody",), allow_fallbacks=False) == (
        "FIELD_NOT_HONOURED",
        "preferences.order_supplier_ids",
    )


async def test_a_busy_supplier_is_passed_over_for_the_next_by_price(
    pipe: Pipe, owner: Supplier
) -> None:
    """Saturation of who owes moves the call at once; the record says who owed and who served."""
    busy = await pipe.supplier("busy", slots=1, price=1_000)
    await pipe.lot(5)  # from `busy`, the cheapest; the owner's Lot is used first
    await pipe.supplier("dear", price=9_000_000)
    cheap = await pipe.supplier("cheap", price=2_000)
    only_busy = Preferences(only_supplier_ids=frozenset({busy.member_id}))
    await pipe.serving(busy, preferences=only_busy)
    owner.leave()
    _, client = await pipe.serving(cheap)
    cheap.answer("Hi")
    await client.over.wait()
    assert client.usage.owed_by_id == owner.member_id
    assert client.usage.supplier_id == cheap.member_id
    (draw,) = client.usage.draws
    assert (draw.issuer_id, draw.tokens) == (owner.member_id, client.usage.billed_tokens)


# ---- hedges ------------------------------------------------------------------------------------

HEDGED = Preferences(hedge_after_percent=50)
HALF_US = 4_620_000 // 2


async def hedged(pipe: Pipe, owner: Supplier, other: Supplier, **changes: Any) -> Any:
    """A hedged call that both suppliers have."""
    _, client = await pipe.serving(owner, preferences=HEDGED, **changes)
    pipe.clock.advance(HALF_US - 1)
    await until(lambda: True)
    assert not other.opened
    pipe.clock.advance(1)
    await until(lambda: other.opened)
    return client


async def test_the_hedge_wins_and_the_other_bears_no_fault(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other")
    client = await hedged(pipe, owner, other)
    owner.say(role="assistant")
    other.say(role="assistant")
    other.say("Hi")
    assert owner.cancelled == {1: "hedge_lost"}
    owner.say("too late", 1)
    other.say(finish="stop")
    other.end()
    await client.over.wait()
    assert client.text == "Hi"
    assert client.start.supplier_id == client.usage.supplier_id == other.member_id
    tries = [(each.supplier_id, each.outcome, each.is_hedge) for each in client.usage.attempts]
    assert tries == [
        (owner.member_id, "hedge_lost", False),
        (other.member_id, "served", True),
    ]
    assert client.usage.first_token_us == 0
    assert client.usage.tendered_tokens == 0
    await pipe.settled()
    assert pipe.tokens("consumed") == client.usage.billed_tokens


async def test_the_first_wins_and_the_hedge_is_cancelled(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other")
    client = await hedged(pipe, owner, other)
    other.say(role="assistant")
    owner.answer("Hi")
    await client.over.wait()
    assert other.cancelled == {1: "hedge_lost"}
    assert client.words == ["started", "part", "ended"]
    assert [each.outcome for each in client.usage.attempts] == ["served", "hedge_lost"]
    assert len(pipe.usages()) == 1
    await pipe.settled()


@pytest.mark.parametrize("first", ["owner", "other"])
@pytest.mark.parametrize("how", ["refused", "lost", "late", "broken"])
async def test_one_that_fails_leaves_the_call_to_the_other(
    pipe: Pipe, owner: Supplier, first: str, how: str
) -> None:
    other = await pipe.supplier("other")
    client = await hedged(pipe, owner, other)
    failing, serving = (owner, other) if first == "owner" or how == "late" else (other, owner)
    serving.say(role="assistant")
    if how == "refused":
        failing.fail("refused")
    elif how == "lost":
        failing.leave()
    elif how == "broken":
        failing.end()
    else:
        pipe.clock.advance(HALF_US)
        await until(lambda: failing.cancelled)
    assert not client.over.is_set()
    serving.answer("Hi")
    await client.over.wait()
    assert client.text == "Hi"
    assert client.usage.verdict == "in_spec"
    outcomes = {each.supplier_id: each.outcome for each in client.usage.attempts}
    causes = {
        "refused": "supplier_refused",
        "lost": "supplier_lost",
        "late": "first_token_late",
        "broken": "protocol_broken",
    }
    assert outcomes == {serving.member_id: "served", failing.member_id: causes[how]}
    await pipe.settled()


async def test_both_fail_and_a_third_serves(pipe: Pipe, owner: Supplier) -> None:
    other, third = await pipe.supplier("other"), await pipe.supplier("third", slots=1)
    client = await hedged(pipe, owner, other)
    owner.fail("refused")
    other.fail("failed")
    await until(lambda: third.opened)
    third.answer("Hi")
    await client.over.wait()
    assert [each.outcome for each in client.usage.attempts] == [
        "supplier_refused",
        "supplier_failed",
        "served",
    ]
    await pipe.settled()


async def test_a_malformed_request_ends_both(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other")
    client = await hedged(pipe, owner, other)
    other.fail("client_fault", message="your schema is wrong")
    await client.over.wait()
    assert client.failure.reason == "CLIENT_FAULT"
    assert owner.cancelled == {1: "hedge_lost"}
    assert [each.outcome for each in client.usage.attempts] == ["hedge_lost", "client_fault"]
    await pipe.settled()


async def test_a_client_that_leaves_stops_both(pipe: Pipe, owner: Supplier) -> None:
    other = await pipe.supplier("other")
    call, _ = await pipe.serving(owner, preferences=HEDGED)
    pipe.clock.advance(HALF_US)
    await until(lambda: other.opened)
    call.end("client_left")
    await pipe.settled()
    assert owner.cancelled
    assert other.cancelled
    assert pipe.tokens("consumed") == 0


async def test_no_hedge_without_a_free_place_or_when_nobody_asks(
    pipe: Pipe, owner: Supplier
) -> None:
    other = await pipe.supplier("other", slots=1)
    only_other = Preferences(only_supplier_ids=frozenset({other.member_id}))
    await pipe.serving(other, preferences=only_other)
    await pipe.serving(owner)
    _, client = await pipe.serving(owner, preferences=HEDGED)
    other.say("busy")
    pipe.clock.advance(HALF_US)
    await until(lambda: True)
    assert list(other.opened) == [1]
    owner.answer("Hi")
    await client.over.wait()
    assert [each.outcome for each in client.usage.attempts] == ["served"]


async def test_hedges_count_among_the_attempts() -> None:
    async with running_pipe(DeliveryLimits(attempts=1)) as pipe:
        owner = await pipe.supplier("owner")
        await pipe.lot(1)
        other = await pipe.supplier("other")
        _, client = await pipe.serving(owner, preferences=HEDGED)
        pipe.clock.advance(HALF_US)
        await until(lambda: True)
        assert not other.opened
        owner.answer("Hi")
        await client.over.wait()


async def test_a_hedge_that_can_have_no_second_supplier_is_refused(
    pipe: Pipe, owner: Supplier
) -> None:
    assert await refused(pipe, hedge_after_percent=50, allow_fallbacks=False) == (
        "FIELD_NOT_HONOURED",
        "preferences.hedge_after_percent",
    )


async def test_what_comes_before_the_first_token_is_bounded() -> None:
    async with running_pipe(DeliveryLimits(queued_parts=10)) as pipe:
        owner = await pipe.supplier("owner")
        await pipe.lot(1)
        _, client = await pipe.serving(owner)
        for _ in range(11):
            owner.say(role="assistant")
        await client.over.wait()
        assert client.usage.cause == "protocol_broken"
        await pipe.settled()
