"""Balances, transfers, sweeps, Lots and postings over real gRPC; time is moved by hand."""

from tests.support.exchange import HOUR_US, SYMBOL, Exchange, Participant
from tests.support.refusals import refused
from thegrid.v1 import accounts_pb2, admin_pb2, lots_pb2, supply_pb2


async def bought(exchange: Exchange, supplier: Participant, buyer: Participant, units: int) -> None:
    await exchange.sell_issuance(supplier, units, 1_000_000)
    await exchange.place(buyer, side="buy", quantity_units=units, price_micros=1_000_000)


async def assert_sums_are_zero(exchange: Exchange) -> None:
    balance = await exchange.admin.GetTrialBalance(admin_pb2.GetTrialBalanceRequest())
    sums: dict[str, int] = {}
    for line in balance.lines:
        sums[line.asset] = sums.get(line.asset, 0) + line.amount
    assert set(sums.values()) == {0}


async def test_a_transfer_makes_a_lot_that_expires_and_the_supply_adds_up(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await bought(exchange, supplier, buyer, 10)
    made = await buyer.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(request_id="t", instrument=SYMBOL, quantity_units=3)
    )
    assert made.lot.free_tokens == 3_000_000
    assert made.lot.parcels[0].issuer_id == supplier.member_id
    got = await buyer.accounts.GetLot(accounts_pb2.GetLotRequest(lot_id=made.lot.lot_id))
    assert got.lot == made.lot
    await exchange.advance(4 * HOUR_US)
    got = await buyer.accounts.GetLot(accounts_pb2.GetLotRequest(lot_id=made.lot.lot_id))
    assert (got.lot.state, got.lot.expired_tokens) == (lots_pb2.LOT_STATE_EXPIRED, 3_000_000)
    assert got.lot.parcels[0].ended_tokens == 3_000_000
    transfers = await buyer.accounts.ListTransfers(accounts_pb2.ListTransfersRequest())
    causes = [each.cause for each in transfers.transfers]
    assert causes == [accounts_pb2.TRANSFER_CAUSE_SWEEP, accounts_pb2.TRANSFER_CAUSE_VOLUNTARY]
    assert transfers.transfers[0].sweep_id.startswith("swp_")
    balances = await buyer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    units = balances.units[0]
    assert (units.trading_tokens, units.lot_tokens, units.expired_tokens) == (
        0,
        7_000_000,
        3_000_000,
    )
    [supply] = (await supplier.supply.GetSupply(supply_pb2.GetSupplyRequest())).supplies
    assert supply.issued_tokens == (
        supply.retired_tokens
        + supply.unsold_tokens
        + supply.bought_back_tokens
        + supply.outstanding_tokens
        + supply.consumed_tokens
        + supply.expired_tokens
        + supply.refunded_tokens
    )
    assert supply.outstanding_tokens == 7_000_000
    await assert_sums_are_zero(exchange)


async def test_open_lots_come_soonest_first_then_closed_ones_page_by_page(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await bought(exchange, supplier, buyer, 10)
    for number in range(4):
        await buyer.accounts.CreateTransfer(
            accounts_pb2.CreateTransferRequest(
                request_id=f"t{number}", instrument=SYMBOL, quantity_units=1
            )
        )
        await exchange.advance(HOUR_US)
    await exchange.advance(HOUR_US)
    request = accounts_pb2.ListLotsRequest(page_size=2, include_closed=True)
    lots: list[lots_pb2.Lot] = []
    while True:
        page = await buyer.accounts.ListLots(request)
        lots += page.lots
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    states = [lot.state for lot in lots]
    assert states == sorted(states)
    assert len({lot.lot_id for lot in lots}) == len(lots) == 5
    open_expiries = [lot.expire_time.seconds for lot in lots if lot.state == 1]
    assert open_expiries == sorted(open_expiries)
    only_open = await buyer.accounts.ListLots(accounts_pb2.ListLotsRequest())
    assert [lot.lot_id for lot in only_open.lots] == [lot.lot_id for lot in lots if lot.state == 1]


async def test_postings_carry_the_balance_after_each_line(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await bought(exchange, supplier, buyer, 3)
    await exchange.place(buyer, side="buy", quantity_units=2, price_micros=500_000)
    request = accounts_pb2.ListPostingsRequest(page_size=2)
    lines: list[accounts_pb2.Posting] = []
    while True:
        page = await buyer.accounts.ListPostings(request)
        lines += page.postings
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert [(each.seq, each.line) for each in lines] == sorted(
        ((each.seq, each.line) for each in lines), reverse=True
    )
    balances: dict[tuple[str, str], int] = {}
    for each in reversed(lines):
        key = (each.asset, each.account)
        balances[key] = balances.get(key, 0) + each.amount
        assert each.balance == balances[key]
    cash = (await buyer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())).cash
    assert balances[("usd", "available")] == cash.available_micros
    assert balances[("usd", "held")] == cash.held_micros == 1_000_000
    only = await buyer.accounts.ListPostings(accounts_pb2.ListPostingsRequest(asset=SYMBOL))
    assert {each.asset for each in only.postings} == {f"ins_{SYMBOL}"}


async def test_more_than_there_is_cannot_be_transferred(buyer: Participant) -> None:
    request = accounts_pb2.CreateTransferRequest(
        request_id="t", instrument=SYMBOL, quantity_units=1
    )
    answer = await refused(buyer.accounts.CreateTransfer(request))
    assert (answer.reason, list(answer.fields)) == ("INSUFFICIENT_UNITS", ["quantity_units"])
