"""Faults of suppliers at every stage of a call, through the public doors, and what they come to.
After each the books are proved; the proof itself is shown to notice planted faults.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.flows.faults import BEFORE, CASES, SAID, Misdeed, Scene
from tests.flows.marketplace import PROMPT_TOKENS, marketplace
from tests.flows.proof import Made, prove
from tests.support.supplier import chunk, serving
from thegrid.v1 import accounts_pb2, supply_pb2
from thegrid_exchange.delivery import delivery as delivery_module
from thegrid_exchange.delivery import settlement


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with (
        marketplace(tmp_path) as market,
        serving(market.exchange, market.suppliers[0], slots=2_000) as supplier,
    ):
        yield Scene(market, supplier)


@pytest.mark.parametrize(("misdeed", "stage"), CASES)
async def test_a_supplier_that_fails_is_not_paid(
    scene: Scene, misdeed: Misdeed, stage: str
) -> None:
    made = await scene.reach(stage, window_bytes=misdeed.window_bytes, max_tokens=16_000)
    await misdeed.strike(scene)
    await made.call.done()
    late = misdeed.late_reason if stage == "streaming" else ""
    assert made.reason == (late or misdeed.reason)
    usage = await scene.market.usage(made.delivery_id)
    assert usage.tendered_tokens >= PROMPT_TOKENS
    assert (usage.stage, usage.owing_supplier_id) == (stage, scene.supplier_id)
    await prove(scene.market, scene.calls)


@pytest.mark.parametrize(("misdeed", "stage"), [case for case in CASES if case.values[1] in BEFORE])
async def test_before_the_first_token_the_next_by_price_serves(
    scene: Scene, misdeed: Misdeed, stage: str
) -> None:
    market = scene.market
    dear = await market.supplier("dear", 9_000_000)
    cheap = await market.supplier("cheap", 2_000_000)
    async with AsyncExitStack() as stack:
        backups = [
            await stack.enter_async_context(serving(market.exchange, each))
            for each in (dear, cheap)
        ]
        made = await scene.reach(stage)
        await misdeed.strike(scene)
        await backups[1].handed(1)
        await backups[1].answer(1, "served after all")
        assert (await made.call.done()).WhichOneof("event") == "ended"
        assert made.call.text == "served after all"
        assert not backups[0].opened
    usage = await market.usage(made.delivery_id)
    assert usage.supplier_id == cheap.member_id
    assert usage.owing_supplier_id == scene.supplier_id
    assert usage.covered_tokens == usage.billed_tokens > 0
    first, second = usage.attempts
    assert (first.supplier_id, second.supplier_id) == (scene.supplier_id, cheap.member_id)
    assert first.outcome not in ("served", "hedge_lost")
    assert (second.outcome, second.ask_price_micros) == ("served", 2_000_000)
    await prove(market, scene.calls)


# ---- what suppliers say that is not so ---------------------------------------------------------

LIES = (
    {"prompt_tokens": 10**9, "completion_tokens": 10**9, "total_tokens": 2 * 10**9},
    {"prompt_tokens": 0, "completion_tokens": 0},
    {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "cached_tokens": 10**12,
        "reasoning_tokens": 2**62,
    },
    {"prompt_tokens": -7, "completion_tokens": -1, "reasoning_tokens": -9},
)


@pytest.mark.parametrize("lie", LIES, ids=["much", "nothing", "absurd", "negative"])
async def test_lies_about_tokens_bill_nothing_more(scene: Scene, lie: dict[str, int]) -> None:
    made = await scene.reach("streaming", max_tokens=50)
    await scene.supplier.say(1, chunk(finish="stop"))
    await scene.supplier.end(1, **lie)
    await made.call.done()
    usage = await scene.market.usage(made.delivery_id)
    unseen = usage.counted.completion_tokens - made.seen_tokens
    assert 0 <= unseen <= 50 - made.seen_tokens
    # Reasoning that nobody saw bills within the cap; all else bills what was seen.
    assert usage.billed_tokens == PROMPT_TOKENS + made.seen_tokens + unseen
    assert unseen == 0 or lie.get("reasoning_tokens", 0) > 0
    if not unseen:
        await prove(scene.market, scene.calls)
    await scene.market.check()


async def test_frames_and_ends_that_come_twice_bill_once(scene: Scene) -> None:
    made = await scene.reach("offered")
    end = supply_pb2.SupplierEvent(call=1, end=supply_pb2.SupplierEnd())
    finish = supply_pb2.SupplierEvent(call=1, reply=chunk(finish="stop"))
    said = supply_pb2.SupplierEvent(call=1, reply=chunk(SAID, role="assistant"))
    await scene.supplier.send(events=[said, finish, finish, end, end, said, end])
    await scene.supplier.send(events=[said, finish, end])
    assert (await made.call.done()).WhichOneof("event") == "ended"
    # The next call over the same stream is not touched by what was said twice.
    other = await scene.open()
    await scene.supplier.handed(2)
    await scene.supplier.send(events=[end, end])
    await scene.supplier.answer(2)
    await other.call.done()
    assert [each.call.text for each in scene.calls] == [SAID, "Hello there."]
    assert [each.call.kinds.count("ended") for each in scene.calls] == [1, 1]
    await prove(scene.market, scene.calls)


async def test_what_comes_of_calls_that_never_were_is_dropped(scene: Scene) -> None:
    made = await scene.reach("streaming")
    for number in (99, 2, 2**63):
        await scene.supplier.answer(number)
    await scene.supplier.say(1, chunk(finish="stop"))
    await scene.supplier.end(1)
    assert (await made.call.done()).WhichOneof("event") == "ended"
    await prove(scene.market, scene.calls)


@pytest.mark.parametrize("stage", [*BEFORE, "streaming"])
async def test_an_answer_after_the_cancel_bills_nothing_more(scene: Scene, stage: str) -> None:
    made = await scene.reach(stage)
    made.has_left = True
    await scene.market.session.cancel(scene.number)
    await scene.supplier.until(lambda: 1 in scene.supplier.cancelled)
    await scene.supplier.answer(1, " four five six")
    usage = await scene.market.usage(made.delivery_id)
    billed = {"offered": 0, "accepted": PROMPT_TOKENS}.get(stage, PROMPT_TOKENS + 3)
    assert usage.billed_tokens == billed
    assert SAID.startswith(made.call.text)
    await prove(scene.market, scene.calls)


# ---- what happens around calls -----------------------------------------------------------------


MARKED_EVERY_US = 599_000_000
"""A reservation is renewed a second before its ten minutes are over."""


async def long_call(scene: Scene, steps: int, rest_us: int) -> Made:
    """A call that has been streaming for so many renewals, and a while more."""
    made = await scene.open()
    await scene.supplier.handed(1)
    services = scene.market.exchange.running.services
    services.relay.limits = services.relay.limits._replace(supplier_silence_us=10**12)
    await scene.supplier.say(1, chunk(SAID, role="assistant"))
    await made.call.until(lambda: made.call.text == SAID)
    clock, timers = scene.market.exchange.clock, services.relay.timers
    for _ in range(steps):
        await scene.market.exchange.advance(MARKED_EVERY_US)
        # The mark is answered and the next one planned.
        next_us = clock.steady_us() + MARKED_EVERY_US
        await scene.until(
            lambda next_us=next_us: any(at == next_us and t.action for at, _, t in timers._heap)
        )
    await scene.market.exchange.advance(rest_us)
    await scene.supplier.say(1, chunk(" and on"))
    return made


async def finish(scene: Scene, made: Made) -> None:
    await scene.supplier.say(1, chunk(finish="stop"))
    await scene.supplier.end(1)
    assert (await made.call.done()).WhichOneof("event") == "ended"
    assert made.call.text == SAID + " and on"


async def test_a_lot_that_expires_in_mid_call_pays_for_the_call(scene: Scene) -> None:
    made = await long_call(scene, 24, 300_000_000)
    balance = await scene.market.balance()
    assert (balance.lot_tokens, balance.reserved_tokens > 0) == (0, True)
    await finish(scene, made)
    await prove(scene.market, scene.calls)
    balance = await scene.market.balance()
    assert (balance.lot_tokens, balance.consumed_tokens) == (0, PROMPT_TOKENS + made.seen_tokens)


async def test_a_sweep_during_calls_moves_nothing_of_theirs(scene: Scene) -> None:
    market = scene.market
    bought = {"side": "buy", "quantity_units": 2, "price_micros": 10_000_000}
    await market.exchange.place(market.consumer, **bought)
    made = await long_call(scene, 21, 60_000_000)
    balance = await market.balance()
    assert (balance.trading_tokens, balance.reserved_tokens > 0) == (0, True)
    await finish(scene, made)
    lots = await market.consumer.accounts.ListLots(accounts_pb2.ListLotsRequest())
    assert [lot.free_tokens for lot in lots.lots if lot.free_tokens == 2_000_000]
    await prove(market, scene.calls)


async def test_a_thousand_calls_at_once_on_a_lot_with_room_for_half(scene: Scene) -> None:
    most = 1_000_000 // 500 - PROMPT_TOKENS
    for _ in range(1_000):
        await scene.open(max_tokens=most)
    await scene.supplier.until(lambda: len(scene.supplier.opened) == 500)
    await scene.until(lambda: sum(each.call.over.is_set() for each in scene.calls) == 500)
    for number in list(scene.supplier.opened):
        if number % 10 == 0:
            await scene.supplier.fail(number, "FAILED")
        elif number % 10 == 1:
            await scene.supplier.say(number, chunk(" word" * 2_500))
        else:
            await scene.supplier.answer(number)
    for made in scene.calls:
        await made.call.done()
    reasons = [made.reason for made in scene.calls]
    assert reasons.count("INSUFFICIENT_UNITS") == 500
    assert reasons.count("SUPPLIER_FAILED") == 50
    await prove(scene.market, scene.calls)


# ---- the proof notices -------------------------------------------------------------------------


def _billing(change: Callable[[int], int]) -> Callable[..., Any]:
    real = settlement.report_of

    def wrong(*arguments: Any) -> Any:
        report = real(*arguments)
        return report._replace(billed_tokens=change(report.billed_tokens))

    return wrong


def _always_billed(row: Any, facts: Any, reserved_tokens: int) -> Any:
    return settlement.report_of(
        row._replace(verdict="in_spec", billed="delivered"), facts, reserved_tokens
    )


@pytest.mark.parametrize(
    ("wrong", "ends"),
    [
        pytest.param(_billing(lambda tokens: 0), "well", id="free"),
        pytest.param(_billing(lambda tokens: 2 * tokens), "well", id="twice"),
        pytest.param(_billing(lambda tokens: tokens - 1), "well", id="one-short"),
        pytest.param(_always_billed, "badly", id="failed-and-billed"),
    ],
)
async def test_wrong_bills_are_noticed(
    scene: Scene, wrong: Any, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "report_of", wrong)
    made = await scene.reach("streaming")
    if ends == "well":
        await scene.supplier.say(1, chunk(finish="stop"))
        await scene.supplier.end(1)
    else:
        await scene.supplier.fail(1, "FAILED")
    await made.call.done()
    with pytest.raises(AssertionError):
        await prove(scene.market, scene.calls)


@pytest.mark.parametrize(
    ("account", "asset"),
    [("available", "usd"), ("lots", "ins_text-prime"), ("consumed", "ins_text-prime")],
)
async def test_a_ledger_that_does_not_add_up_is_noticed(
    scene: Scene, account: str, asset: str
) -> None:
    made = await scene.reach("offered")
    await scene.supplier.answer(1)
    await made.call.done()
    await prove(scene.market, scene.calls)
    balances = scene.market.exchange.running.services.live.state.balances
    key = next(each for each in balances if each[1:] == (account, asset))
    balances[key] += 1
    with pytest.raises(Exception, match=r"."):
        await prove(scene.market, scene.calls)
    balances[key] -= 1


async def test_a_call_cut_off_and_billed_for_what_was_not_seen_is_noticed(scene: Scene) -> None:
    made = await scene.reach("offered")
    await scene.supplier.answer(1)
    await made.call.done()
    made.was_cut = True
    await prove(scene.market, scene.calls)
    made.call.events = []
    with pytest.raises(AssertionError, match="never saw"):
        await prove(scene.market, scene.calls)


async def test_a_call_without_a_record_is_noticed(scene: Scene) -> None:
    made = await scene.reach("offered")
    await scene.supplier.answer(1)
    await made.call.done()
    with pytest.raises(AssertionError, match="nobody made"):
        await prove(scene.market, [])
    with pytest.raises(AssertionError, match="neither a record nor a refusal"):
        await prove(scene.market, [made, Made("dlv_never", made.call, PROMPT_TOKENS)])
