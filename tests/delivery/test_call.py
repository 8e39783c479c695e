"""The life of a call at the relay: served, cut, extended, rerouted, cancelled, refused."""

import pytest

from tests.delivery.pipe import PROMPT_TOKENS, Pipe, running_pipe, turns, until
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.meter import Prompt, PromptText
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import TokenCounts

UNIT = 1_000_000


@pytest.fixture
async def patient():
    """A relay that lets a supplier be silent for ever."""
    async with running_pipe(DeliveryLimits(supplier_silence_us=10**15)) as made:
        supplier = await made.supplier("acme")
        await made.lot(1)
        yield made, supplier


async def test_a_plain_call(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    supplier.say(role="assistant")
    assert client.words == []
    supplier.say("Hello")
    supplier.say(" there.")
    supplier.say(finish="stop")
    assert client.words == ["started", "part", "part", "part"]
    assert all(not choice.finish_reason for each in client.replies for choice in each.choices)
    supplier.end(counts=TokenCounts(9, 3, 2, 0))
    await client.over.wait()
    assert client.text == "Hello there."
    assert client.end.finishes == ((0, "stop"),)
    assert client.end.billed == TokenCounts(PROMPT_TOKENS, 3, 2, 0)
    assert client.usage.verdict == "in_spec"
    assert client.usage.cause == "completed"
    assert client.usage.billed_tokens == PROMPT_TOKENS + 3
    assert client.usage.by_supplier == TokenCounts(9, 3, 2, 0)
    assert client.usage.serving_model == "acme/model"
    await pipe.settled()
    assert pipe.tokens("consumed") == PROMPT_TOKENS + 3
    assert pipe.tokens("lots") == UNIT - PROMPT_TOKENS - 3
    assert not supplier.link.attempts
    assert supplier.cancelled == {}


async def test_two_visits_to_the_sequencer(pipe: Pipe, supplier) -> None:
    before = len(pipe.core.rows)
    _, client = await pipe.serving(supplier)
    for _ in range(300):
        supplier.say("word ")
    supplier.answer("end.")
    await client.over.wait()
    kinds = [row.kind for row in pipe.core.rows[before:]]
    assert kinds == ["Reserve", "Report"]


async def test_the_cap_cuts_with_length(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, output_cap_tokens=5)
    supplier.say("one two three")
    supplier.say(" four five six seven eight")
    await client.over.wait()
    assert client.text == "one two three four five"
    assert client.end.finishes == ((0, "length"),)
    assert client.usage.cause == "cut_at_cap"
    assert client.usage.billed_tokens == PROMPT_TOKENS + 5
    assert supplier.cancelled == {1: "cut_at_cap"}


async def test_one_choice_is_cut_and_the_other_goes_on(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, output_cap_tokens=3, choices=2)
    supplier.say("one two three four")
    supplier.say(" five")
    supplier.say("alpha", choice=1)
    supplier.say(choice=1, finish="stop")
    supplier.say(finish="stop")
    supplier.end()
    await client.over.wait()
    assert client.end.finishes == ((0, "length"), (1, "stop"))
    assert client.text == "one two threealpha"
    assert client.usage.canonical.completion_tokens == 4


async def test_a_long_answer_is_marked_and_extended(pipe: Pipe, supplier) -> None:
    before = len(pipe.core.rows)
    _, client = await pipe.serving(supplier, output_cap_tokens=20_000)
    for _ in range(12_000):
        supplier.say(" word")
        if len(pipe.core.rows) == before:
            await until(lambda: True)
    await until(lambda: client.text.count("word") == 12_000)
    supplier.say(finish="stop")
    supplier.end()
    await client.over.wait()
    marks = [row for row in pipe.core.rows[before:] if row.kind == "Mark"]
    assert len(marks) == 3
    assert client.usage.billed_tokens == PROMPT_TOKENS + 12_000
    await pipe.settled()


async def test_one_part_longer_than_a_step_waits_for_extensions(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, output_cap_tokens=20_000)
    supplier.answer(" word" * 10_000)
    await client.over.wait()
    assert client.usage.billed_tokens == PROMPT_TOKENS + 10_000
    assert client.end.finishes == ((0, "stop"),)


async def test_a_refused_extension_ends_with_length() -> None:
    async with running_pipe(policy=[("reserve_step_tokens", 400_000)]) as pipe:
        await pipe.do(commands.SetPolicy((("reserve_step_tokens", 4_096),)))
        supplier = await pipe.supplier("acme")
        await pipe.lot(1)
        blocker, _ = await pipe.serving(supplier)
        await pipe.do(commands.SetPolicy((("reserve_step_tokens", 990_000),)))
        big_call, _ = await pipe.serving(supplier, output_cap_tokens=30_000)
        many = [await pipe.serving(supplier, output_cap_tokens=30_000) for _ in range(32)]
        await pipe.do(commands.SetPolicy((("reserve_step_tokens", 1_000),)))
        number = len(supplier.opened) + 1
        _, client = await pipe.serving(supplier, output_cap_tokens=8_000)
        while pipe.tokens("lots") >= 1_000:
            many.append(await pipe.serving(supplier, output_cap_tokens=1_000))
        supplier.say(" word" * 3_000, number)
        await client.over.wait()
        assert client.usage.cause == "extension_refused"
        assert client.usage.verdict == "in_spec"
        assert client.end.finishes == ((0, "length"),)
        assert client.usage.billed_tokens == client.usage.reserved_tokens
        for call in (blocker, big_call, *(call for call, _ in many)):
            call.end("client_left")
        await pipe.settled()


async def test_a_supplier_lost_in_the_stream_is_not_billed(pipe: Pipe, supplier) -> None:
    await pipe.supplier("beta")
    _, client = await pipe.serving(supplier)
    supplier.say("Hel")
    supplier.leave()
    await client.over.wait()
    assert client.failure.reason == "SUPPLIER_LOST"
    assert client.usage.billed_tokens == 0
    await pipe.settled()
    assert pipe.tokens("consumed") == 0


async def test_an_end_without_finish_reasons_is_none(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    supplier.say("Hel")
    supplier.end()
    await client.over.wait()
    assert client.failure.reason == "SUPPLIER_FAILED"
    assert client.usage.cause == "protocol_broken"


@pytest.mark.parametrize("choice", [1, -1, 7])
async def test_a_choice_that_was_not_asked_for_is_no_answer(
    pipe: Pipe, supplier, choice: int
) -> None:
    _, client = await pipe.serving(supplier)
    supplier.say("one", choice=choice)
    await client.over.wait()
    assert client.failure.reason == "SUPPLIER_FAILED"
    assert client.text == ""
    assert client.usage.cause == "protocol_broken"


async def test_a_client_that_leaves_pays_prompt_and_what_was_delivered(
    pipe: Pipe, supplier
) -> None:
    call, client = await pipe.serving(supplier)
    supplier.say("one two")
    call.end("client_left")
    await pipe.settled()
    assert supplier.cancelled == {1: "client_left"}
    assert client.words == ["started", "part"]
    assert pipe.tokens("consumed") == PROMPT_TOKENS + 2


async def test_undelivered_tokens_are_not_billed_to_a_client_that_left(
    pipe: Pipe, supplier
) -> None:
    call, client = await pipe.serving(supplier, window_bytes=1)
    supplier.say("one")
    supplier.say(" two three")
    assert client.text == "one"
    call.end("client_left")
    await pipe.settled()
    assert pipe.tokens("consumed") == PROMPT_TOKENS + 1


async def test_too_slow_is_not_billed(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    supplier.say(" word")
    for _ in range(7):
        pipe.clock.advance(1_000_000)
        supplier.say(" word" * 20)
    supplier.say(finish="stop")
    supplier.end()
    await client.over.wait()
    assert client.usage.verdict == "too_slow"
    assert client.usage.billed_tokens == 0
    assert client.end.billed == TokenCounts()


async def test_the_reservation_is_kept_alive_and_ends(patient) -> None:
    pipe, supplier = patient
    _, client = await pipe.serving(supplier)
    supplier.say("one")
    for _ in range(25):
        before = len(pipe.core.rows)
        pipe.clock.advance(599_000_000)
        await until(lambda before=before: len(pipe.core.rows) > before)
        assert pipe.core.rows[-1].kind == "Mark"
        await turns(20)
        assert not client.over.is_set()
    pipe.clock.advance(24_000_000)
    await client.over.wait()
    assert client.failure.reason == "RESERVATION_ENDED"
    assert client.usage.billed_tokens == PROMPT_TOKENS + 1
    assert client.usage.status == "settled"


async def test_a_report_after_the_tick_moves_nothing(patient) -> None:
    pipe, supplier = patient
    _, client = await pipe.serving(supplier)
    supplier.say("one")
    pipe.clock.advance(700_000_000)
    await pipe.do(commands.Tick())
    supplier.answer(" two")
    await client.over.wait()
    assert client.failure.reason == "RESERVATION_ENDED"
    assert [usage.status for usage in pipe.usages()] == ["settled_at_deadline"]
    await pipe.settled()


async def test_unseen_reasoning_bills_within_the_cap(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, output_cap_tokens=100)
    pipe.clock.advance(1_000_000)
    supplier.say("one")
    supplier.say(finish="stop")
    supplier.end(counts=TokenCounts(8, 500, 0, 499))
    await client.over.wait()
    assert client.usage.canonical.completion_tokens == 100
    assert client.usage.canonical.reasoning_tokens == 99
    assert client.usage.billed_tokens == PROMPT_TOKENS + 100


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"instrument": "nothing"}, "INSTRUMENT_NOT_FOUND", "instrument"),
        ({"output_cap_tokens": 30_001}, "CONTEXT_EXCEEDED", "max_completion_tokens"),
        (
            {"prompt": Prompt([PromptText("messages[0].content", "a b " * 70_000)], 1)},
            "CONTEXT_EXCEEDED",
            "messages",
        ),
        (
            {"prompt": Prompt([PromptText("messages[2].content", " " * 1_000_000)], 3)},
            "CONTENT_REFUSED",
            "messages[2].content",
        ),
        ({"member_id": "mem_000000000099"}, "MEMBER_NOT_FOUND", "member_id"),
    ],
)
async def test_refusals_name_field_and_reason(
    pipe: Pipe, supplier, changes: dict, reason: str, field: str
) -> None:
    _, client = pipe.open(**changes)
    await client.over.wait()
    assert (client.failure.reason, client.failure.field) == (reason, field)
    assert client.failure.message
    await pipe.settled()


async def test_not_enough_units(pipe: Pipe) -> None:
    await pipe.supplier("acme")
    _, client = pipe.open()
    await client.over.wait()
    assert client.failure.reason == "INSUFFICIENT_UNITS"


async def test_auto_mode_buys_inside_the_call(pipe: Pipe) -> None:
    supplier = await pipe.supplier("acme")
    await pipe.do(
        commands.UpdateSettings(
            pipe.consumer_id, account_mode="auto", auto_buy_ceiling_micros=2_000_000
        )
    )
    _, client = await pipe.serving(supplier)
    supplier.answer("Hi")
    await client.over.wait()
    assert client.usage.cost_micros > 0
    other_id = await pipe.member("poor", account_mode="auto", auto_buy_ceiling_micros=500_000)
    _, client = pipe.open(member_id=other_id)
    await client.over.wait()
    assert client.failure.reason == "ABOVE_CEILING"


async def test_a_delivery_id_is_used_once(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, delivery_id="dlv_twice")
    _, second = pipe.open(delivery_id="dlv_twice")
    await second.over.wait()
    assert second.failure.reason == "DELIVERY_EXISTS"
    supplier.answer("x")
    await client.over.wait()
    _, third = pipe.open(delivery_id="dlv_twice")
    await third.over.wait()
    assert third.failure.reason == "DELIVERY_EXISTS"
    await pipe.settled()


async def test_an_uncountable_answer_is_the_suppliers_failure(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier, output_cap_tokens=20_000)
    supplier.say(" " * 100_000)
    await client.over.wait()
    assert client.failure.reason == "SUPPLIER_FAILED"
    assert client.usage.billed_tokens == 0


async def test_a_thousand_calls_on_a_lot_with_room_for_some(pipe: Pipe) -> None:
    supplier = await pipe.supplier("acme", slots=1_000)
    await pipe.lot(1)
    opened = [pipe.open(output_cap_tokens=1_992) for _ in range(1_000)]
    await until(lambda: len(supplier.opened) == 500, turns=200_000)
    await until(lambda: sum(c.over.is_set() for _, c in opened) == 500, turns=200_000)
    for number in list(supplier.opened):
        supplier.answer("Hello there.", number)
    for _, client in opened:
        await client.over.wait()
    refused = [client.failure.reason for _, client in opened if client.failure]
    assert refused == ["INSUFFICIENT_UNITS"] * 500
    await pipe.settled()
    assert pipe.tokens("consumed") == 500 * (PROMPT_TOKENS + 3)
    assert pipe.tokens("lots") == UNIT - 500 * (PROMPT_TOKENS + 3)
