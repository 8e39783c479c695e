"""Positions, statistics, statements and sweeps over real gRPC, against what the ledger holds."""

from pathlib import Path

import pytest

from tests.support.exchange import HOUR_US, SLOT_US, SYMBOL, Exchange, Participant, running_exchange
from tests.support.random_day import trade_at_random
from tests.support.refusals import refused
from thegrid.v1 import accounts_pb2, history_pb2, lots_pb2, trading_pb2, trading_pb2_grpc
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.engine.quantities import TOKENS_PER_UNIT
from thegrid_exchange.views.positions import Position
from thegrid_exchange.views.statements import Span, StatementBroken


async def position_of(exchange: Exchange, member: Participant) -> history_pb2.InstrumentPosition:
    answer = await member.history.ListPositions(history_pb2.ListPositionsRequest())
    [position] = answer.positions
    return position


async def trade(
    exchange: Exchange, seller: Participant, buyer: Participant, units: int, price: int, source: int
) -> None:
    await exchange.place(
        seller, side="sell", quantity_units=units, price_micros=price, source=source
    )
    await exchange.place(buyer, side="buy", quantity_units=units, price_micros=price)


async def test_a_position_is_at_average_cost_and_consumption_is_no_loss(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    other = await exchange.create_member("other", deposit_micros=10**9)
    issuance, trading = trading_pb2.UNIT_SOURCE_ISSUANCE, trading_pb2.UNIT_SOURCE_TRADING
    await trade(exchange, supplier, buyer, 2, 1_000_000, issuance)
    await trade(exchange, supplier, buyer, 1, 2_000_000, issuance)  # 3 Units for $4
    await trade(exchange, buyer, other, 1, 3_000_000, trading)
    position = await position_of(exchange, buyer)
    assert (position.quantity_units, position.cost_micros) == (2, 2_666_667)
    assert position.realised_micros == 3_000_000 - 1_333_333
    assert position.average_cost_micros == 1_333_333
    assert position.last_price_micros == 3_000_000
    assert position.unrealised_micros == 6_000_000 - 2_666_667
    await buyer.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(request_id="t", instrument=SYMBOL, quantity_units=2)
    )
    position = await position_of(exchange, buyer)
    assert (position.quantity_units, position.cost_micros) == (0, 0)
    assert position.consumption_cost_micros == 2_666_667
    assert position.realised_micros == 1_666_667
    sold = await position_of(exchange, supplier)
    assert (sold.issued_units, sold.issued_micros) == (3, 4_000_000)
    assert (sold.quantity_units, sold.realised_micros) == (0, 0)


async def test_bought_back_issuance_is_no_holding(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.deposit(supplier.member_id, 10**9)
    await trade(exchange, supplier, buyer, 3, 1_000_000, trading_pb2.UNIT_SOURCE_ISSUANCE)
    await trade(exchange, buyer, supplier, 2, 1_500_000, trading_pb2.UNIT_SOURCE_TRADING)
    position = await position_of(exchange, supplier)
    assert (position.quantity_units, position.cost_micros, position.bought_units) == (0, 0, 0)
    assert (position.bought_back_units, position.bought_back_micros) == (2, 3_000_000)


@pytest.mark.parametrize("seed", [3, 4])
async def test_positions_and_statements_add_up_in_a_random_day(tmp_path: Path, seed: int) -> None:
    async with running_exchange(tmp_path) as exchange:
        members = await trade_at_random(exchange, seed, 120)
        for member in members:
            await assert_position_adds_up(exchange, member)
            await assert_statements_add_up(exchange, member)
            await assert_statistics_are_the_fills(exchange, member)


async def assert_position_adds_up(exchange: Exchange, member: Participant) -> None:
    position = await position_of(exchange, member)
    balances = await member.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    [units] = balances.units
    assert position.quantity_units * TOKENS_PER_UNIT == units.trading_tokens + units.held_tokens
    fills = await member.trading.ListFills(trading_pb2.ListFillsRequest(page_size=1_000))
    bought = sum(each.quantity_units for each in fills.fills if each.side == 1)
    sold = sum(each.quantity_units for each in fills.fills if each.side == 2)
    assert (position.bought_units, position.resold_units + position.issued_units) == (bought, sold)
    cost_of_resold = position.resold_micros - position.realised_micros
    gone = cost_of_resold + position.consumption_cost_micros
    assert position.bought_micros - gone == position.cost_micros


async def statement(
    exchange: Exchange, member: Participant, start_us: int, end_us: int
) -> dict[tuple[str, str], history_pb2.AccountStatement]:
    answer = await member.history.GetStatement(
        history_pb2.GetStatementRequest(start_time=time_of(start_us), end_time=time_of(end_us))
    )
    return {(each.asset, each.account): each for each in answer.accounts}


async def assert_statements_add_up(exchange: Exchange, member: Participant) -> None:
    """Any span, against every single posting."""
    listed = await member.accounts.ListPostings(accounts_pb2.ListPostingsRequest(page_size=1_000))
    assert not listed.next_page_token
    postings = [(each.posting_time.ToMicroseconds(), each) for each in reversed(listed.postings)]
    first_us, last_us = postings[0][0], postings[-1][0]
    step = (last_us - first_us) // 7 + 1
    cuts = [first_us - 1, *(first_us + step * n for n in range(1, 8)), last_us - last_us % HOUR_US]
    spans = [(start, end) for start in cuts for end in cuts if start <= end]
    for start_us, end_us in spans:
        accounts = await statement(exchange, member, start_us, end_us)
        for key, account in accounts.items():
            mine = [(at, p) for at, p in postings if (p.asset, p.account) == key]
            opening = sum(p.amount for at, p in mine if at < start_us)
            within = [p for at, p in mine if start_us <= at < end_us]
            by_reason = {p.reason: 0 for p in within}
            for posting in within:
                by_reason[posting.reason] += posting.amount
            assert account.opening_balance == opening
            assert {each.reason: each.amount for each in account.entries} == by_reason
            assert sum(each.postings for each in account.entries) == len(within)
            assert account.closing_balance == opening + sum(by_reason.values())
        touched = {(p.asset, p.account) for at, p in postings if start_us <= at < end_us}
        assert touched <= set(accounts)


async def assert_statistics_are_the_fills(exchange: Exchange, member: Participant) -> None:
    answer = await member.history.GetStatistics(history_pb2.GetStatisticsRequest())
    start_us, end_us = answer.start_time.ToMicroseconds(), answer.end_time.ToMicroseconds()
    assert end_us - start_us == 86_400_000_000
    fills = (await member.trading.ListFills(trading_pb2.ListFillsRequest(page_size=1_000))).fills
    [sums] = answer.instruments
    assert sums.fills == len(fills)
    bought = [each for each in fills if each.side == 1]
    assert sums.bought_micros == sum(each.quantity_units * each.price_micros for each in bought)
    assert sums.sold_units == sum(each.quantity_units for each in fills if each.side == 2)


async def test_a_statement_that_does_not_add_up_is_not_given(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    """The planted fault: one sum of the read model is lost."""
    services = exchange.running.services
    await trade(exchange, supplier, buyer, 3, 1_000_000, trading_pb2.UNIT_SOURCE_ISSUANCE)
    await exchange.advance(2 * HOUR_US)
    journal = exchange.running._journal
    fault = "UPDATE view_posting_sums SET amount = amount - 1 WHERE owner = ? AND cause = 'deposit'"
    await journal.project([(fault, [(buyer.member_id,)])])
    durable = services.live.durable
    span = Span(0, durable.at_us + 2 * HOUR_US, durable.seq)
    with pytest.raises(StatementBroken, match="do not come to closing"):
        await services.statements.accounts(buyer.member_id, span)


async def test_pages_of_a_statement_are_of_one_moment(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await trade(exchange, supplier, buyer, 3, 1_000_000, trading_pb2.UNIT_SOURCE_ISSUANCE)
    stub = buyer.history
    whole = await stub.GetStatement(history_pb2.GetStatementRequest())
    first = await stub.GetStatement(history_pb2.GetStatementRequest(page_size=1))
    await exchange.deposit(buyer.member_id, 5)
    rest = await stub.GetStatement(
        history_pb2.GetStatementRequest(page_size=1_000, page_token=first.next_page_token)
    )
    assert [*first.accounts, *rest.accounts] == list(whole.accounts)
    assert [each.account for each in whole.accounts] == ["available", "trading"]


async def test_sweeps_are_public_and_shares_are_not(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    other = await exchange.create_member("other")
    await trade(exchange, supplier, buyer, 3, 1_000_000, trading_pb2.UNIT_SOURCE_ISSUANCE)
    await exchange.advance(SLOT_US)
    await exchange.advance(SLOT_US)
    request = history_pb2.ListSweepsRequest(state=history_pb2.SWEEP_STATE_FINISHED)
    answer = await buyer.history.ListSweeps(request)
    later, earlier = answer.sweeps
    assert (earlier.members, earlier.swept_units, earlier.share.swept_units) == (1, 3, 3)
    assert len(earlier.share.lot_ids) == 1
    assert not later.HasField("share")
    seen = await other.history.ListSweeps(request)
    assert [each.swept_units for each in seen.sweeps] == [0, 3]
    assert not any(each.HasField("share") for each in seen.sweeps)
    own = history_pb2.ListSweepsRequest(own_only=True)
    answer = await buyer.history.ListSweeps(own)
    assert [each.sweep_id for each in answer.sweeps] == [earlier.sweep_id]
    retired = await supplier.history.ListSweeps(own)
    assert retired.sweeps[0].share.retired_units == 997


async def test_bad_spans_are_refused_by_field(exchange: Exchange, buyer: Participant) -> None:
    long_ago = history_pb2.GetStatisticsRequest(start_time=time_of(86_400_000_000))
    told = await refused(buyer.history.GetStatistics(long_ago))
    assert (told.reason, list(told.fields)) == ("INVALID_ARGUMENT", ["start_time"])
    backwards = history_pb2.GetStatementRequest(start_time=time_of(2), end_time=time_of(1))
    told = await refused(buyer.history.GetStatement(backwards))
    assert (told.reason, list(told.fields)) == ("INVALID_ARGUMENT", ["end_time"])


async def test_lists_are_filtered_by_time_state_and_cause(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await trade(exchange, supplier, buyer, 5, 1_000_000, trading_pb2.UNIT_SOURCE_ISSUANCE)
    await buyer.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(request_id="t", instrument=SYMBOL, quantity_units=2)
    )
    middle = time_of(exchange.clock.now_us() + 1)
    await exchange.advance(SLOT_US)
    transfers = accounts_pb2.ListTransfersRequest
    sweep, voluntary = accounts_pb2.TRANSFER_CAUSE_SWEEP, accounts_pb2.TRANSFER_CAUSE_VOLUNTARY
    for request, causes in (
        (transfers(), [sweep, voluntary]),
        (transfers(cause=sweep), [sweep]),
        (transfers(start_time=middle), [sweep]),
        (transfers(end_time=middle), [voluntary]),
    ):
        answer = await buyer.accounts.ListTransfers(request)
        assert [each.cause for each in answer.transfers] == causes
    lots = accounts_pb2.ListLotsRequest
    for request, states in (
        (lots(), [lots_pb2.LOT_STATE_OPEN]),
        (lots(include_closed=True), [lots_pb2.LOT_STATE_OPEN, lots_pb2.LOT_STATE_EXPIRED]),
        (lots(state=lots_pb2.LOT_STATE_EXPIRED), [lots_pb2.LOT_STATE_EXPIRED]),
        (lots(state=lots_pb2.LOT_STATE_CONSUMED), []),
        (lots(include_closed=True, end_time=middle), [lots_pb2.LOT_STATE_EXPIRED]),
    ):
        answer = await buyer.accounts.ListLots(request)
        assert [each.state for each in answer.lots] == states
    postings = accounts_pb2.ListPostingsRequest
    answer = await buyer.accounts.ListPostings(postings(account="trading", reason="transfer"))
    assert [each.amount for each in answer.postings] == [-3_000_000, -2_000_000]
    answer = await buyer.accounts.ListPostings(postings(account="trading", end_time=middle))
    assert [each.amount for each in answer.postings] == [-2_000_000, 5_000_000]


async def test_few_postings_among_many_are_found_page_by_page(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    for number in range(30):
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000 * (number + 1))
        if number % 10 == 0:
            await exchange.deposit(buyer.member_id, 7)
    found, token = [], ""
    while True:
        answer = await buyer.accounts.ListPostings(
            accounts_pb2.ListPostingsRequest(page_size=1, reason="deposit", page_token=token)
        )
        found += answer.postings
        token = answer.next_page_token
        if not token:
            break
    assert [each.amount for each in found] == [7, 7, 7, 10_000_000_000]


async def test_orders_are_found_by_client_id_tag_and_time(
    exchange: Exchange, buyer: Participant, supplier: Participant
) -> None:
    placed = []
    for number in range(4):
        placed.append(
            await exchange.place(
                buyer,
                side="buy",
                quantity_units=1,
                price_micros=1_000,
                client_order_id=f"c{number}",
                tag="even" if number % 2 == 0 else "odd",
            )
        )
        await exchange.advance(1_000_000)
    ids = [each.order.order_id for each in placed]
    orders = trading_pb2.ListOrdersRequest
    for request, expected in (
        (orders(client_order_id="c2"), [2]),
        (orders(tag="odd"), [3, 1]),
        (orders(start_time=placed[2].order.create_time), [3, 2]),
        (orders(end_time=placed[2].order.create_time), [1, 0]),
    ):
        answer = await buyer.trading.ListOrders(request)
        assert [each.order_id for each in answer.orders] == [ids[number] for number in expected]


async def test_the_dead_mans_switch_can_be_read(exchange: Exchange, buyer: Participant) -> None:
    read = trading_pb2.GetCancelAllAfterRequest()
    assert not (await buyer.trading.GetCancelAllAfter(read)).HasField("fire_time")
    armed = await buyer.trading.CancelAllAfter(
        trading_pb2.CancelAllAfterRequest(request_id="arm", span_us=5_000_000)
    )
    shown = await buyer.trading.GetCancelAllAfter(read)
    assert (shown.fire_time, shown.span_us) == (armed.fire_time, 5_000_000)
    await exchange.advance(6_000_000)
    assert not (await buyer.trading.GetCancelAllAfter(read)).HasField("fire_time")


async def test_an_order_is_found_by_client_id_long_after_its_end_and_a_restart(
    tmp_path: Path,
) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        await exchange.place(
            buyer, side="buy", quantity_units=1, price_micros=1_000, client_order_id="mine"
        )
        ref = trading_pb2.OrderRef(client_order_id="mine")
        closed = await buyer.trading.CancelOrder(
            trading_pb2.CancelOrderRequest(request_id="c", order=ref)
        )
        memory_us = exchange.running.services.live.state.term("closed_order_memory_us")
        for _ in range(memory_us // HOUR_US + 2):
            await exchange.advance(HOUR_US)
        state = exchange.running.services.live.state
        assert not state.closed_orders, "the engine has forgotten it"
        clock, secret = exchange.clock, buyer.secret
        request = trading_pb2.GetOrderRequest(order=ref)
        assert (await buyer.trading.GetOrder(request)).order == closed.order
    async with running_exchange(tmp_path, clock=clock) as exchange:
        stub = exchange.stub(trading_pb2_grpc.TradingServiceStub, secret)
        assert (await stub.GetOrder(request)).order == closed.order
        listed = await stub.ListOrders(trading_pb2.ListOrdersRequest(client_order_id="mine"))
        assert list(listed.orders) == [closed.order]


def test_shares_of_cost_leave_nothing_behind() -> None:
    position = Position().bought(3, 10, 0)
    for _ in range(3):
        position = position.resold(1, 4, 0)
    assert (position.quantity_units, position.cost_micros, position.realised_micros) == (0, 0, 2)
