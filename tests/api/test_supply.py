"""The supplier's statement: what was issued adds up, and what stands behind what is owed."""

from tests.support.exchange import SYMBOL, Exchange, Participant
from tests.support.refusals import refused
from thegrid.v1 import supply_pb2

DOLLAR = 1_000_000
MILLION = 1_000_000


async def sold(exchange: Exchange, supplier: Participant, units: int) -> Participant:
    """A new member buys Units of the supplier at 2 dollars."""
    buyer = await exchange.create_member("customer", deposit_micros=1_000 * DOLLAR)
    await exchange.sell_issuance(supplier, units, 2 * DOLLAR)
    await exchange.place(buyer, side="buy", quantity_units=units, price_micros=2 * DOLLAR)
    return buyer


async def test_the_statement_adds_up_to_what_was_issued(
    exchange: Exchange, supplier: Participant
) -> None:
    await sold(exchange, supplier, 30)
    await supplier.supply.RetireUnits(
        supply_pb2.RetireUnitsRequest(request_id="r", instrument=SYMBOL, quantity_units=100)
    )
    answer = await supplier.supply.GetSupply(supply_pb2.GetSupplyRequest())
    (position,) = answer.supplies
    assert position.issued_tokens == 1_000 * MILLION
    assert position.outstanding_tokens == 30 * MILLION
    assert position.issued_tokens == sum(
        (
            position.retired_tokens,
            position.unsold_tokens,
            position.bought_back_tokens,
            position.outstanding_tokens,
            position.consumed_tokens,
            position.expired_tokens,
            position.refunded_tokens,
        )
    )
    assert position.escrow_micros == answer.collateral.escrow_micros == 60 * DOLLAR
    assert not position.HasField("index_price_micros")
    assert answer.collateral.missing_micros == 0


async def test_the_operator_reads_anybodys_statement_and_nobody_else_does(
    exchange: Exchange, supplier: Participant
) -> None:
    await sold(exchange, supplier, 3)
    other = await exchange.create_supplier("other")
    request = supply_pb2.GetSupplyRequest(member_id=supplier.member_id)
    answer = await refused(other.supply.GetSupply(request))
    assert (answer.reason, list(answer.fields)) == ("SCOPE_MISSING", ["member_id"])
    shown = await exchange.operator.supply.GetSupply(request)
    assert shown.supplies[0].outstanding_tokens == 3 * MILLION
    nobody = supply_pb2.GetSupplyRequest(member_id="mem_nobody")
    assert (await refused(exchange.operator.supply.GetSupply(nobody))).reason == "MEMBER_NOT_FOUND"


async def test_collateral_is_posted_once_by_its_request_id_and_given_back(
    exchange: Exchange, supplier: Participant
) -> None:
    await exchange.deposit(supplier.member_id, 10 * DOLLAR)
    post = supply_pb2.PostCollateralRequest(request_id="p", amount_micros=7 * DOLLAR)
    for _ in range(2):
        answer = await supplier.supply.PostCollateral(post)
        assert answer.collateral.posted_micros == 7 * DOLLAR
    too_much = supply_pb2.PostCollateralRequest(request_id="q", amount_micros=4 * DOLLAR)
    refusal = await refused(supplier.supply.PostCollateral(too_much))
    assert (refusal.reason, refusal.metadata["limit"]) == ("INSUFFICIENT_FUNDS", str(3 * DOLLAR))
    withdraw = supply_pb2.WithdrawCollateralRequest(request_id="w", amount_micros=8 * DOLLAR)
    refusal = await refused(supplier.supply.WithdrawCollateral(withdraw))
    assert (refusal.reason, refusal.metadata["limit"]) == ("COLLATERAL_SHORT", str(7 * DOLLAR))
    withdraw.amount_micros, withdraw.request_id = 7 * DOLLAR, "x"
    answer = await supplier.supply.WithdrawCollateral(withdraw)
    assert answer.collateral.posted_micros == 0


async def test_a_standing_instruction_keeps_unsold_units_and_asks_through_a_sweep(
    exchange: Exchange, supplier: Participant
) -> None:
    ask = await exchange.sell_issuance(supplier, 10, 2 * DOLLAR)
    renew = supply_pb2.SetRenewalRequest(request_id="n", instrument=SYMBOL, renews_unsold=True)
    assert (await supplier.supply.SetRenewal(renew)).supply.renews_unsold
    await exchange.advance(4 * 3_600 * MILLION)
    (position,) = (await supplier.supply.GetSupply(supply_pb2.GetSupplyRequest())).supplies
    assert (position.unsold_tokens, position.retired_tokens) == (1_000 * MILLION, 0)
    buyer = await exchange.create_member("late", deposit_micros=1_000 * DOLLAR)
    taken = await exchange.place(buyer, side="buy", quantity_units=10, price_micros=2 * DOLLAR)
    assert taken.order.filled_units == ask.order.quantity_units
