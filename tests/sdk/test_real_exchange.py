"""Both clients against the real exchange: every noun once, and what only a whole market shows.
Faults that a real exchange does not show on command are in test_calls and test_streams.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import thegrid
from tests.support.clients import KINDS, Both, connected
from tests.support.exchange import SYMBOL, Exchange, Participant, a_spec, an_offer, running_exchange
from thegrid import Gap, errors, micros
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.demo import DemoModel
from thegrid.v1 import market_data_pb2, trading_pb2

PRICE = micros("1.25")


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with running_exchange(tmp_path) as started:
        await started.define_instrument()
        yield started


@pytest.fixture
async def trader(exchange: Exchange) -> Participant:
    return await exchange.create_member("trader", deposit_micros=micros("1000"))


@pytest.fixture(params=KINDS)
async def both(
    request: pytest.FixtureRequest, exchange: Exchange, trader: Participant
) -> AsyncIterator[Both]:
    async with connected(request.param, exchange.target, trader.secret) as client:
        yield client


@pytest.fixture(params=KINDS)
async def operator(request: pytest.FixtureRequest, exchange: Exchange) -> AsyncIterator[Both]:
    async with connected(request.param, exchange.target, exchange.operator_key) as client:
        yield client


async def test_an_order_from_entry_to_close(both: Both) -> None:
    placed = await both.call(
        lambda c: c.orders.buy(SYMBOL, 10, PRICE, client_order_id="mine", tag="t")
    )
    order_id = placed.order.order_id
    got = await both.call(lambda c: c.orders.get(client_order_id="mine"))
    assert (got.order_id, got.price_micros) == (order_id, PRICE)
    amended = await both.call(lambda c: c.orders.amend(order_id, quantity_units=4))
    assert amended.order.quantity_units == 4
    book = await both.call(lambda c: c.market_data.book(SYMBOL))
    assert [(each.price_micros, each.quantity_units) for each in book.book.bids] == [(PRICE, 4)]
    closed = await both.call(lambda c: c.orders.cancel(order_id))
    assert closed.closure_reason == trading_pb2.CLOSURE_REASON_CANCELLED
    listed = await both.take(lambda c: c.orders.list(SYMBOL, "closed"), 9)
    assert [order.order_id for order in listed] == [order_id]


async def test_a_repeat_with_the_same_request_id_changes_nothing(both: Both) -> None:
    first = await both.call(lambda c: c.orders.buy(SYMBOL, 1, PRICE, request_id="once"))
    again = await both.call(lambda c: c.orders.buy(SYMBOL, 1, PRICE, request_id="once"))
    assert first.order.order_id == again.order.order_id
    with pytest.raises(errors.Conflict) as caught:
        await both.call(lambda c: c.orders.buy(SYMBOL, 2, PRICE, request_id="once"))
    assert caught.value.reason == "REQUEST_CONFLICT"


async def test_a_dry_run_answers_and_changes_nothing(both: Both) -> None:
    await both.call(lambda c: c.orders.buy(SYMBOL, 1, PRICE, validate_only=True))
    assert await both.take(lambda c: c.orders.list(), 5) == []


@pytest.mark.parametrize(
    ("market", "units", "price", "family", "reason"),
    [
        ("nothing-such", 1, PRICE, errors.NotFound, "MARKET_NOT_FOUND"),
        (SYMBOL, 0, PRICE, errors.InvalidArgument, "INVALID_ARGUMENT"),
        (SYMBOL, 10_000, PRICE, errors.InsufficientFunds, "INSUFFICIENT_FUNDS"),
        (SYMBOL, 1, PRICE + 1, errors.GridError, "PRICE_OFF_TICK"),
    ],
)
async def test_refusals_are_typed(
    both: Both, market: str, units: int, price: int, family: type, reason: str
) -> None:
    with pytest.raises(family) as caught:
        await both.call(lambda c: c.orders.buy(market, units, price))
    assert caught.value.reason == reason
    assert caught.value.fields, "each says which field"


async def test_a_batch_answers_each_item(both: Both) -> None:
    terms = thegrid.order_terms(SYMBOL, "buy", 1, PRICE)
    items = [thegrid.place_item(terms), thegrid.cancel_item("ord_none")]
    answer = await both.call(lambda c: c.orders.batch(items))
    assert answer.results[0].order.order_id
    refusal = errors.from_status(answer.results[1].error)
    assert (type(refusal), refusal.reason) == (errors.NotFound, "ORDER_NOT_FOUND")


async def test_lists_go_over_many_pages(both: Both) -> None:
    terms = thegrid.order_terms(SYMBOL, "buy", 1, PRICE)
    await both.call(lambda c: c.orders.batch([thegrid.place_item(terms)] * 25))
    orders = await both.take(lambda c: c.orders.list(page_size=4), 100)
    assert len({order.order_id for order in orders}) == 25
    answer = await both.call(lambda c: c.orders.cancel_all(SYMBOL))
    assert len(answer.order_ids) == 25


async def test_a_book_is_followed_live(both: Both, exchange: Exchange, trader: Participant) -> None:
    async def trade() -> None:
        await asyncio.sleep(0.3)
        for step in range(5):
            await exchange.place(
                trader, side="buy", quantity_units=1 + step, price_micros=PRICE - step * 1_000
            )

    trading = asyncio.create_task(trade())
    books: list[Any] = []

    def until_done(client: Any) -> Any:
        return client.market_data.watch_book(SYMBOL)

    if both.kind == "aio":
        async with until_done(both.client) as stream:
            async for book in stream:
                books.append(book)
                if len(book.bids) == 5:
                    break
    else:

        def run() -> None:
            with until_done(both.client) as stream:
                for book in stream:
                    books.append(book)
                    if len(book.bids) == 5:
                        return

        await asyncio.to_thread(run)
    await trading
    assert [level.quantity_units for level in books[-1].bids] == [1, 2, 3, 4, 5]
    assert not any(isinstance(book, Gap) for book in books)


async def test_the_private_stream_goes_on_after_its_token(both: Both) -> None:
    first = await both.take(lambda c: c.accounts.stream(), 1)
    assert first[0].HasField("snapshot")
    token = first[0].resume_token
    placed = await both.call(lambda c: c.orders.buy(SYMBOL, 1, PRICE))
    seen = await both.take(lambda c: c.accounts.stream(token), 2)
    kinds = {event.WhichOneof("payload"): event for event in seen}
    assert {"order", "cash"} & set(kinds)
    assert seen[0].sequence == first[0].sequence + 1
    if "order" in kinds:
        assert kinds["order"].order.order_id == placed.order.order_id


async def test_public_streams_carry_trades_and_states(
    both: Both, exchange: Exchange, trader: Participant
) -> None:
    supplier = await exchange.create_supplier(issue_units=10)
    await exchange.sell_issuance(supplier, 10, PRICE)
    await exchange.place(trader, side="buy", quantity_units=3, price_micros=PRICE)
    trades = await both.take(lambda c: c.market_data.trades(SYMBOL), 5)
    assert [(trade.quantity_units, trade.price_micros) for trade in trades] == [(3, PRICE)]
    events = await both.take(
        lambda c: c.market_data.stream([SYMBOL], ["trades"], after_sequence=0), 1
    )
    assert events[0].WhichOneof("payload") in ("trade", "heartbeat", "market")


async def test_an_order_session_is_pipelined_and_its_orders_fall_with_it(
    both: Both, exchange: Exchange
) -> None:
    terms = thegrid.order_terms(SYMBOL, "buy", 1, PRICE)
    steps = [thegrid.place_item(terms)] * 40 + [thegrid.cancel_item("ord_none")]

    async def over_aio() -> list[Any]:
        async with both.client.order_session("s", cancel_on_disconnect=True) as session:
            return await asyncio.gather(*map(session.send, steps), return_exceptions=True)

    def over_sync() -> list[Any]:
        with both.client.order_session("s", cancel_on_disconnect=True) as session:
            return [f.exception(5) or f.result() for f in [session.submit(s) for s in steps]]

    answers = await (over_aio() if both.kind == "aio" else asyncio.to_thread(over_sync))
    assert all(answer.result.order.order_id for answer in answers[:40])
    assert isinstance(answers[40], errors.NotFound)
    for _ in range(50):
        if not await both.take(lambda c: c.orders.list("", "open"), 1):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the session's orders are still open")


async def test_a_wrong_key_is_an_auth_error_everywhere(exchange: Exchange) -> None:
    async with connected("aio", exchange.target, "key_aaaaaaaaaaaaaaaaaaaa.wrong") as both:
        with pytest.raises(errors.AuthError):
            await both.call(lambda c: c.accounts.balances())
        with pytest.raises(errors.AuthError):
            await both.take(lambda c: c.accounts.stream(), 1)
        with pytest.raises(errors.AuthError):
            await both.client.deliver(SYMBOL, "Hello").text()
        with pytest.raises((errors.AuthError, errors.Unavailable)):
            await both.client.order_session().open()


async def test_a_revoked_key_ends_its_open_stream(both: Both, exchange: Exchange) -> None:
    key = (await both.take(lambda c: c.members.keys(), 1))[0]
    reading = asyncio.create_task(both.take(lambda c: c.accounts.stream(), 1_000))
    await asyncio.sleep(0.2)
    async with connected("aio", exchange.target, exchange.operator_key) as operator:
        await operator.client.members.revoke_key(key.key_id)
    with pytest.raises(errors.AuthError):
        await asyncio.wait_for(reading, 10)


async def test_the_reads_of_an_empty_account(both: Both) -> None:
    balances = await both.call(lambda c: c.accounts.balances())
    assert balances.cash.available_micros == micros("1000")
    start = datetime.now(UTC) - timedelta(days=1)
    for ask in (
        lambda c: c.accounts.transfers(SYMBOL),
        lambda c: c.accounts.lots(SYMBOL, include_closed=True),
        lambda c: c.usage.list(SYMBOL, start_time=start),
        lambda c: c.orders.fills(SYMBOL, start_time=start),
    ):
        assert await both.take(ask, 5) == []
    postings = await both.take(lambda c: c.accounts.postings("usd"), 5)
    assert [posting.reason for posting in postings] == ["deposit"]
    assert (await both.take(lambda c: c.market_data.list(), 5))[0].symbol == SYMBOL
    assert (await both.take(lambda c: c.instruments.list(), 5))[0].symbol == SYMBOL
    instrument = await both.call(lambda c: c.instruments.get(SYMBOL))
    assert (await both.call(lambda c: c.market_data.get(SYMBOL))).market_id == instrument.market_id
    for ask in (
        lambda c: c.accounts.lot("lot_none"),
        lambda c: c.usage.get("usg_none"),
    ):
        with pytest.raises(errors.NotFound):
            await both.call(ask)


async def test_settings_and_keys(both: Both) -> None:
    settings = await both.call(
        lambda c: c.members.update_settings(
            account_mode="auto", auto_buy_ceiling_micros=PRICE, self_trade_prevention="decrement"
        )
    )
    assert settings.auto_buy_ceiling_micros == PRICE
    made = await both.call(lambda c: c.members.create_key(["trade_read"], "reader"))
    assert made.secret.startswith(made.key.key_id)
    assert (await both.call(lambda c: c.members.get())).member.handle == "trader"
    revoked = await both.call(lambda c: c.members.revoke_key(made.key.key_id))
    assert revoked.HasField("revoke_time")


async def test_the_operators_side(operator: Both, exchange: Exchange) -> None:
    call = operator.call
    member = await call(lambda c: c.admin.create_member("new", ["trader", "supplier"]))
    assert await call(lambda c: c.admin.deposit(member.member_id, 500)) == 500
    assert await call(lambda c: c.admin.withdraw(member.member_id, 200)) == 300
    assert await call(lambda c: c.admin.fund_guarantee(70)) == 70
    terms = market_data_pb2.MarketTerms(
        tick_size_micros=1, quantity_min_units=1, quantity_max_units=9
    )
    made = await call(lambda c: c.admin.define_instrument("text-new", "New", a_spec(), terms))
    assert (await call(lambda c: c.admin.publish_spec(made.symbol, a_spec()))).symbol == "text-new"
    halted = await call(lambda c: c.admin.set_market_state(SYMBOL, "halted", "a test"))
    assert halted.state == market_data_pb2.MARKET_STATE_HALTED
    await call(lambda c: c.admin.admit_supplier(member.member_id, SYMBOL, 1_000))
    assert (await call(lambda c: c.admin.suspend(member.member_id, "a test"))).suspended
    assert not (await call(lambda c: c.admin.reinstate(member.member_id, "a test"))).suspended
    await call(lambda c: c.admin.set_policy({"max_batch_items": 400}))
    policy = {each.name: each.value for each in await call(lambda c: c.admin.policy())}
    assert policy["max_batch_items"] == 400
    lines = (await call(lambda c: c.admin.trial_balance())).lines
    assert sum(line.amount for line in lines if line.asset == "usd") == 0
    handles = {each.handle for each in await operator.take(lambda c: c.admin.members(), 50)}
    assert {"new", "operator"} <= handles


async def test_the_suppliers_side(exchange: Exchange) -> None:
    supplier = await exchange.create_supplier(issue_units=5)
    for kind in KINDS:
        async with connected(kind, exchange.target, supplier.secret) as both:
            offer = await both.call(lambda c: c.supply.register_offer(SYMBOL, an_offer()))
            assert offer.symbol == SYMBOL
            assert len(await both.take(lambda c: c.supply.offers(), 5)) == 1
            issued = await both.call(lambda c: c.supply.issue(SYMBOL, 2))
            retired = await both.call(lambda c: c.supply.retire(SYMBOL, 1))
            assert retired.unsold_tokens == issued.unsold_tokens - 1_000_000
            positions = await both.call(lambda c: c.supply.positions())
            assert positions[0].unsold_tokens == retired.unsold_tokens


async def test_a_call_is_bought_delivered_and_recorded(
    both: Both, exchange: Exchange, trader: Participant
) -> None:
    supplier = await exchange.create_supplier(issue_units=10)
    await exchange.sell_issuance(supplier, 10, PRICE)
    settings = thegrid.load_settings(exchange.target, supplier.secret, environment={})
    agent = SupplierAgent(settings, (SYMBOL,), DemoModel())
    await agent.start()
    try:
        with pytest.raises(errors.InsufficientUnits):
            await _text(both)
        await both.call(
            lambda c: c.members.update_settings(account_mode="auto", auto_buy_ceiling_micros=PRICE)
        )
        text, delivery = await _text(both)
    finally:
        await agent.stop()
    assert text.startswith("This is the demo model")
    assert delivery.started.supplier_id == supplier.member_id
    record = await both.call(lambda c: c.usage.get(delivery.delivery_id))
    assert record.billed_tokens == delivery.usage.billed_tokens > 0
    assert record.draws[0].cost_price_micros == PRICE
    lots = await both.take(lambda c: c.accounts.lots(), 5)
    assert sum(lot.consumed_tokens for lot in lots) == record.billed_tokens


async def _text(both: Both) -> Any:
    if both.kind == "aio":
        delivery = both.client.deliver(SYMBOL, "Hello", max_output_tokens=200)
        return await delivery.text(), delivery

    def run() -> Any:
        delivery = both.client.deliver(SYMBOL, "Hello", max_output_tokens=200)
        return delivery.text(), delivery

    return await asyncio.to_thread(run)


async def test_a_prompt_is_counted_and_an_absent_call_is_not_cancelled(both: Both) -> None:
    counted = await both.call(lambda c: c.count_tokens(SYMBOL, "hello there"))
    more = await both.call(lambda c: c.count_tokens(SYMBOL, [("user", "hello there you")]))
    assert more.prompt_tokens == counted.prompt_tokens + 1
    with pytest.raises(errors.NotFound) as absent:
        await both.call(lambda c: c.cancel_delivery("usg_00000000000000000000"))
    assert absent.value.reason == "DELIVERY_NOT_FOUND"
