"""Who serves a call: turns, waiting, preferences, fields, limits, links that come and go."""

import asyncio

from tests.delivery.pipe import Client, Pipe, running_pipe, until
from thegrid_exchange.api.chat import ChatEdits
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.parts import Preferences
from thegrid_exchange.delivery.relay import Relay


async def test_the_next_supplier_serves_when_the_first_refuses(pipe: Pipe, supplier) -> None:
    other = await pipe.supplier("beta", price=2_000_000)
    _, client = await pipe.serving(supplier)
    supplier.say(role="assistant")
    supplier.fail("refused")
    await until(lambda: other.opened)
    other.answer("Hi")
    await client.over.wait()
    assert client.words == ["started", "part", "ended"]
    assert client.start.supplier_id == other.member_id
    assert [each.outcome for each in client.usage.attempts] == ["supplier_refused", "served"]
    assert client.usage.owed_by_id == supplier.member_id
    assert client.usage.supplier_id == other.member_id


async def test_a_late_first_token_is_cut_and_rerouted(pipe: Pipe, supplier) -> None:
    other = await pipe.supplier("beta")
    _, client = await pipe.serving(supplier)
    pipe.clock.advance(4_619_999)
    await until(lambda: True)
    assert not other.opened
    pipe.clock.advance(1)
    await until(lambda: other.opened)
    assert supplier.cancelled == {1: "first_token_late"}
    supplier.say("too late", 1)
    other.answer("in time")
    await client.over.wait()
    assert client.text == "in time"
    assert [each.outcome for each in client.usage.attempts] == ["first_token_late", "served"]


async def test_a_token_right_after_the_deadline_is_too_late(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    pipe.clock.advance(4_620_000)
    pipe.relay.timers._run_due()
    supplier.say("in the same moment")
    await client.over.wait()
    assert (client.usage.cause, client.usage.stage) == ("first_token_late", "offered")
    assert client.text == ""
    await pipe.settled()


async def test_calls_wait_by_turns_between_members() -> None:
    limits = DeliveryLimits(waiting_deliveries_per_member=3)
    async with running_pipe(limits) as pipe:
        supplier = await pipe.supplier("acme", slots=1)
        await pipe.lot(1)
        other_id = await pipe.member("other")
        await pipe.lot(1, other_id)
        await pipe.serving(supplier)
        mine = [pipe.open()[1] for _ in range(4)]
        await until(lambda: pipe.relay.suppliers.room.waiting("ins_text-prime") == 3)
        await until(lambda: mine[3].over.is_set())
        assert mine[3].failure.reason == "SATURATED"
        theirs = pipe.open(member_id=other_id, key_id="key_2")[1]
        await until(lambda: pipe.relay.suppliers.room.waiting("ins_text-prime") == 4)
        served = []
        for number in range(1, 6):
            await until(lambda number=number: number in supplier.opened)
            served.append(supplier.opened[number].delivery_id)
            supplier.answer("x", number)
        await theirs.over.wait()
        assert theirs.usage.delivery_id == served[2]
        await pipe.settled()


async def test_who_waits_too_long_is_told_so(pipe: Pipe) -> None:
    supplier = await pipe.supplier("acme", slots=1)
    await pipe.lot(1)
    await pipe.serving(supplier)
    _, client = pipe.open()
    await until(lambda: pipe.relay.suppliers.room.waiting("ins_text-prime") == 1)
    pipe.clock.advance(1_000_000)
    supplier.say("keeps the slot")
    pipe.clock.advance(9_000_000)
    await client.over.wait()
    assert client.failure.reason == "SATURATED"
    assert (client.failure.field, client.failure.limit) == ("delivery_wait_ms", 10_000)
    assert client.failure.retry_after_us
    assert client.usage.verdict == "failed"
    assert client.usage.waited_us == 10_000_000


async def test_the_issuer_of_the_largest_draw_is_asked_first(pipe: Pipe) -> None:
    dear = await pipe.supplier("dear", price=3_000_000, units=5)
    await pipe.lot(5)
    cheap = await pipe.supplier("cheap", price=1_000_000)
    await pipe.serving(dear)
    assert not cheap.opened


async def test_then_the_cheapest_ask_decides(pipe: Pipe) -> None:
    owner = await pipe.supplier("owner", price=1_000_000, units=5)
    await pipe.lot(5)
    owner.leave()
    await pipe.supplier("dear", price=3_000_000)
    cheap = await pipe.supplier("cheap", price=2_000_000)
    await pipe.serving(cheap)


async def test_fields_are_honoured_or_refused_by_name(pipe: Pipe, supplier) -> None:
    _, client = pipe.open(fields=frozenset({"seed"}))
    await client.over.wait()
    assert (client.failure.reason, client.failure.field) == ("FIELD_NOT_HONOURED", "seed")
    able = await pipe.supplier("able", honoured_fields=("seed",), capabilities=("tools",))
    await pipe.serving(able, fields=frozenset({"seed", "tools", "tool_choice"}))
    _, client = pipe.open(fields=frozenset({"logit_bias", "seed"}))
    await client.over.wait()
    assert client.failure.field == "logit_bias"
    anything = await pipe.supplier("any", honoured_fields=("*",))
    await pipe.serving(anything, fields=frozenset({"logit_bias", "seed"}))


async def test_preferences_narrow_who_may_serve(pipe: Pipe, supplier) -> None:
    other = await pipe.supplier("beta")
    only = Preferences(only_supplier_ids=frozenset({other.member_id}))
    await pipe.serving(other, preferences=only)
    ignored = Preferences(ignore_supplier_ids=frozenset({supplier.member_id}))
    await pipe.serving(other, preferences=ignored)
    _, client = pipe.open(preferences=Preferences(only_supplier_ids=frozenset({"mem_nobody"})))
    await client.over.wait()
    assert client.failure.field == "preferences.only_supplier_ids"


async def test_nobody_is_connected(pipe: Pipe, supplier) -> None:
    supplier.leave()
    before = len(pipe.core.rows)
    _, client = pipe.open()
    await client.over.wait()
    assert client.failure.reason == "NO_SUPPLIER"
    assert client.failure.retry_after_us
    assert not [row for row in pipe.core.rows[before:] if row.kind == "Reserve"]


async def test_a_key_has_a_greatest_number_of_calls(pipe: Pipe, supplier) -> None:
    await pipe.serving(supplier, concurrent_deliveries=1)
    client = Client()
    assert pipe.relay.open(pipe.request(concurrent_deliveries=1), client) is None
    assert client.failure.reason == "RATE_LIMITED"
    assert client.failure.limit == 1


async def test_announced_concurrency_is_never_passed(pipe: Pipe) -> None:
    supplier = await pipe.supplier("acme", slots=10, concurrent_deliveries=3)
    await pipe.lot(1)
    for _ in range(6):
        pipe.open()
    await until(lambda: pipe.relay.suppliers.room.waiting("ins_text-prime") == 3)
    assert len(supplier.opened) == 3


async def test_draining_lets_calls_end_and_takes_no_new_ones(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    _, stuck = await pipe.serving(supplier)
    draining = asyncio.create_task(pipe.relay.drain(0.1))
    await asyncio.sleep(0)
    late = Client()
    assert pipe.relay.open(pipe.request(), late) is None
    assert late.failure.reason == "DRAINING"
    supplier.answer("x", 1)
    await client.over.wait()
    assert not stuck.over.is_set()
    supplier.say("y", 2)
    await draining
    assert stuck.failure.reason == "VENUE_FAULT"
    assert stuck.usage.verdict == "venue_fault"
    assert stuck.usage.billed_tokens == 0


async def test_a_relay_that_died_is_told_of_at_the_next_start(pipe: Pipe, supplier) -> None:
    link = (supplier.member_id, "relay")
    await until(lambda: pipe.state.supplier_links.get(link) is not None)
    assert pipe.state.supplier_links[link].connected
    reborn = Relay(pipe.core.sequencer, pipe.relay.catalogue, pipe.clock, ChatEdits())
    await reborn.start()
    await until(lambda: not pipe.state.supplier_links[link].connected)


async def test_availability_is_journaled(pipe: Pipe, supplier) -> None:
    def link():
        return pipe.state.supplier_links.get((supplier.member_id, "relay"))

    await until(lambda: link() is not None)
    assert link().connected
    supplier.leave()
    await until(lambda: not link().connected)
