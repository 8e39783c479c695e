"""What sold Units bring: escrow, availability, withheld gains, and who covers a failure."""

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    Exchange,
    consuming_exchange,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import Posted, ShortfallRecorded
from thegrid_exchange.engine.records import Gain, Shortfall
from thegrid_exchange.engine.rules.availability import able_us
from thegrid_exchange.engine.rules.parcels import trading_queue

MILLION = 1_000_000
RELAY = "relay-1"


@pytest.fixture
def exchange() -> Exchange:
    """Ann sold bob three Units at 2 dollars, which lie in one Lot."""
    return consuming_exchange()


def expire(exchange: Exchange) -> list[str]:
    """Let every Lot end; answers the causes of the postings."""
    before = len(exchange.rows)
    exchange.later(5 * HOUR)
    exchange.tick()
    return [
        event.cause
        for _, _, outcome in exchange.rows[before:]
        for event in outcome.events
        if isinstance(event, Posted)
    ]


def resold(exchange: Exchange, seller_id: str, buyer_id: str, price: int, **more: bool) -> None:
    """One Unit goes on at a price."""
    exchange.order(seller_id, "sell", 1, price)
    exchange.order(buyer_id, "buy", 1, price, **more)


# ---- availability ------------------------------------------------------------------------------


def test_expired_tokens_earn_for_the_share_of_the_lots_life_their_issuer_was_able(
    exchange: Exchange,
) -> None:
    ann, bob = exchange.cash(exchange.ann), exchange.cash(exchange.bob)
    exchange.later(HOUR)
    exchange.connect(exchange.ann, connected=False)
    exchange.later(2 * HOUR)
    exchange.connect(exchange.ann)
    exchange.later(HOUR)
    exchange.tick()
    # Of four hours it was away for two.
    assert exchange.cash(exchange.ann) - ann == 3 * DOLLAR
    assert exchange.cash(exchange.bob) - bob == 3 * DOLLAR
    assert exchange.cash(exchange.ann, "escrow") == 0
    assert exchange.tokens(exchange.ann, "expired") == 3 * MILLION


def test_what_happens_after_a_lots_life_does_not_count(exchange: Exchange) -> None:
    """A Tick that comes late, and tokens that return late, are judged by the life itself."""
    exchange.later(2 * HOUR)
    exchange.connect(exchange.ann, connected=False)
    exchange.later(2 * HOUR - SECOND)
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    exchange.later(300 * SECOND)
    exchange.connect(exchange.ann)
    exchange.later(200 * SECOND)
    ann, bob = exchange.cash(exchange.ann), exchange.cash(exchange.bob)
    exchange.ok(report("dlv_1", "client_fault", 0))
    exchange.tick()
    assert exchange.cash(exchange.ann) - ann == 3 * DOLLAR
    assert exchange.cash(exchange.bob) - bob == 3 * DOLLAR


@pytest.mark.parametrize("how", ["suspended", "not admitted", "no offer", "other instrument"])
def test_who_may_not_serve_is_not_able(exchange: Exchange, how: str) -> None:
    if how == "suspended":
        exchange.ok(commands.SuspendSupplier(exchange.ann, INSTRUMENT, "test"))
    elif how == "not admitted":
        exchange.ok(commands.AdmitSupplier(exchange.ann, INSTRUMENT, 0))
    elif how == "no offer":
        exchange.ok(commands.WithdrawOffer(exchange.ann, INSTRUMENT))
    else:
        exchange.connect(exchange.ann, "ins_other")
    bob = exchange.cash(exchange.bob)
    expire(exchange)
    assert exchange.cash(exchange.bob) - bob == 6 * DOLLAR


def test_one_link_of_several_is_enough(exchange: Exchange) -> None:
    exchange.ok(commands.Availability(exchange.ann, "relay-2", (INSTRUMENT,), True))
    exchange.connect(exchange.ann, connected=False)
    ann = exchange.cash(exchange.ann)
    expire(exchange)
    assert exchange.cash(exchange.ann) - ann == 6 * DOLLAR


def test_an_outage_of_the_exchange_is_nobodys_absence(exchange: Exchange) -> None:
    exchange.policy(outage_gap_us=60 * SECOND)
    exchange.later(3 * HOUR)
    exchange.connect(exchange.ann, connected=False)
    exchange.later(30 * SECOND)
    exchange.connect(exchange.ann)
    ann = exchange.cash(exchange.ann)
    for _ in range(250):
        exchange.later(60 * SECOND)
        exchange.ok(commands.Tick())
    # Half a minute of four hours, the three hours of outage left out of both.
    away_micros = -(-6 * DOLLAR * 30 // (4 * 3_600))
    assert exchange.cash(exchange.ann) - ann == 6 * DOLLAR - away_micros


def test_time_able_is_added_up_exactly_and_many_turns_lose_none_of_it(exchange: Exchange) -> None:
    exchange.policy(availability_samples_max=8)
    start_us, expected = exchange.at_us, 0
    for number in range(40):
        exchange.later(number * SECOND)
        expected += number * SECOND
        exchange.connect(exchange.ann, connected=False)
        exchange.later(7 * SECOND)
        exchange.connect(exchange.ann)
    history = exchange.state.able_histories[(exchange.ann, INSTRUMENT)]
    assert len(history.samples) == 8
    whole = able_us(exchange.state, exchange.ann, INSTRUMENT, start_us, exchange.at_us)
    assert whole == expected
    recent_us = exchange.at_us - 7 * SECOND
    assert able_us(exchange.state, exchange.ann, INSTRUMENT, recent_us, exchange.at_us) == 0


def test_parts_of_what_is_kept_and_given_back_add_up_to_the_whole(exchange: Exchange) -> None:
    """Odd prices, fees, resales and shares: nothing is left on any account and nothing is made."""
    odd = small_exchange(maker_fee_bps=37, taker_fee_bps=13)
    odd.policy(supply_penalty_per_mille=77)
    ann = odd.supplier("ann", 10, dollars=0)
    people = [odd.member(f"member-{number}", dollars=50) for number in range(3)]
    odd.bought(ann, people[0], 3, 1_000_003)
    odd.order(people[0], "sell", 3, 1_333_331)
    odd.order(people[1], "buy", 3, 1_333_331)
    odd.order(people[1], "sell", 3, 1_777_779)
    odd.order(people[2], "buy", 3, 1_777_779, auto_transfer=True)
    for number in range(30):
        odd.ok(reserve(f"dlv_{number}", people[2], 33_331 + number, 0))
        verdict = ("in_spec", "failed", "cancelled_by_client")[number % 3]
        odd.ok(report(f"dlv_{number}", verdict, 17_777 + number, supplier_id=ann))
    odd.later(1_234_567_891)
    odd.connect(ann, connected=False)
    expire(odd)
    everybody = (ann, *people)
    assert [odd.cash(each, "withheld") for each in everybody] == [0, 0, 0, 0]
    assert odd.cash(ann, "escrow") == 0
    house = odd.cash("house", "fees") + odd.cash("house", "guarantee")
    assert sum(odd.cash(each) for each in everybody) + house == 150 * DOLLAR


# ---- gains of resales --------------------------------------------------------------------------


def test_a_resellers_gain_is_withheld_until_the_unit_is_used(exchange: Exchange) -> None:
    bea = exchange.member("bea")
    exchange.bought(exchange.abe, exchange.bob, 1, 2 * DOLLAR)
    bob = exchange.cash(exchange.bob)
    resold(exchange, exchange.bob, bea, 3 * DOLLAR, auto_transfer=True)
    assert exchange.cash(exchange.bob) - bob == 2 * DOLLAR
    assert exchange.cash(exchange.bob, "withheld") == DOLLAR
    exchange.ok(reserve("dlv_1", bea, 100_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 100_000))
    assert exchange.cash(exchange.bob, "withheld") == DOLLAR - 100_000
    expire(exchange)
    assert exchange.cash(exchange.bob, "withheld") == 0
    assert exchange.cash(exchange.bob) - bob == 3 * DOLLAR


def test_a_failed_unit_is_refunded_at_cost_by_its_issuer_and_by_those_who_gained(
    exchange: Exchange,
) -> None:
    """Resellers and the last owner are left with what they paid, and the issuer with nothing."""
    bea, cat = exchange.member("bea"), exchange.member("cat")
    start = {each: exchange.cash(each) for each in (exchange.abe, exchange.bob, bea, cat)}
    exchange.bought(exchange.abe, exchange.bob, 1, DOLLAR)
    resold(exchange, exchange.bob, bea, 2 * DOLLAR)
    resold(exchange, bea, cat, 5 * DOLLAR, auto_transfer=True)
    exchange.policy(refund_index_per_mille=100_000)
    set_index(exchange, 4 * DOLLAR)
    for number in range(10):
        exchange.ok(reserve(f"dlv_{number}", cat, 100_000, 0))
    for number in range(10):
        exchange.ok(report(f"dlv_{number}", "failed", 0, supplier_id=exchange.abe))
    expire(exchange)
    assert exchange.tokens(exchange.abe, "refunded") == MILLION
    for each, before in start.items():
        assert exchange.cash(each) == before


def test_a_resale_at_a_loss_frees_the_gains_above_its_price(exchange: Exchange) -> None:
    bea, cat = exchange.member("bea"), exchange.member("cat")
    exchange.bought(exchange.abe, exchange.bob, 1, DOLLAR)
    resold(exchange, exchange.bob, bea, 5 * DOLLAR)
    assert exchange.cash(exchange.bob, "withheld") == 4 * DOLLAR
    resold(exchange, bea, cat, 3 * DOLLAR)
    assert exchange.cash(exchange.bob, "withheld") == 2 * DOLLAR
    assert exchange.cash(bea, "withheld") == 0
    resold(exchange, cat, exchange.abe, 4 * DOLLAR)
    # The issuer has it back, so nobody can fail on it any more.
    assert exchange.cash(exchange.bob, "withheld") == 0
    assert exchange.cash(cat, "withheld") == 0


def test_beyond_the_greatest_number_of_resales_the_least_gain_is_let_go(
    exchange: Exchange,
) -> None:
    exchange.policy(resale_gains_max=2)
    names = [exchange.member(f"member-{number}") for number in range(4)]
    exchange.bought(exchange.abe, names[0], 1, DOLLAR)
    for seller, buyer, price in zip(names, names[1:], (9, 10, 14), strict=False):
        resold(exchange, seller, buyer, price * DOLLAR)
    (number,) = exchange.state.indices.parcel_numbers[trading_queue(names[3], INSTRUMENT)]
    parcel = exchange.state.parcels[(trading_queue(names[3], INSTRUMENT), number)]
    assert parcel.gains == (
        Gain(names[0], DOLLAR, 9 * DOLLAR),
        Gain(names[2], 10 * DOLLAR, 14 * DOLLAR),
    )
    assert exchange.cash(names[1], "withheld") == 0


# ---- who covers --------------------------------------------------------------------------------


def set_index(exchange: Exchange, price: int) -> None:
    """Let one Unit be delivered at a price, and its window end."""
    exchange.policy(index_trades_min=1)
    seller, user = exchange.supplier("index-seller", 5), exchange.member("index-user")
    exchange.bought(seller, user, 1, price, auto_transfer=True)
    exchange.ok(reserve("dlv_index", user, 1_000, 0))
    exchange.ok(report("dlv_index", "in_spec", 1_000, supplier_id=seller))
    exchange.later(HOUR // 2)
    exchange.tick()
    assert exchange.state.reference_indexes[INSTRUMENT].price_micros == price


def failing(
    exchange: Exchange, *, collateral: int, earnings: int, guarantee: int
) -> tuple[str, str]:
    """A supplier sells at 1 dollar what is resold at 5 with no gain withheld, and fails wholly.

    So 4 dollars lie in no escrow. Answers the supplier and the owner; the means are dollars.
    """
    exchange.policy(resale_gains_max=0, refund_index_per_mille=1_000)
    set_index(exchange, 5 * DOLLAR)
    poor = exchange.supplier("poor", 1, dollars=collateral + earnings)
    owner = exchange.member("owner", dollars=5)
    exchange.bought(poor, exchange.bob, 1, DOLLAR)
    resold(exchange, exchange.bob, owner, 5 * DOLLAR, auto_transfer=True)
    if collateral:
        exchange.ok(commands.PostCollateral(poor, collateral * DOLLAR))
    if guarantee:
        exchange.ok(commands.FundGuarantee(guarantee * DOLLAR))
    for number in range(10):
        exchange.ok(reserve(f"dlv_f{number}", owner, 100_000, 0))
    for number in range(10):
        exchange.ok(report(f"dlv_f{number}", "failed", 0, supplier_id=poor))
    return poor, owner


@pytest.mark.parametrize(
    ("means", "left", "causes", "shortfall"),
    [
        ((9, 9, 9), (5, 9, 9), ["cover_collateral"], None),
        ((3, 9, 9), (0, 8, 9), ["cover_collateral", "cover_earnings"], None),
        ((0, 4, 9), (0, 0, 9), ["cover_earnings"], None),
        ((1, 1, 9), (0, 0, 7), ["cover_collateral", "cover_earnings", "cover_guarantee"], (2, 0)),
        ((0, 0, 1), (0, 0, 0), ["cover_guarantee"], (1, 3)),
        ((0, 0, 0), (0, 0, 0), [], (0, 4)),
    ],
)
def test_a_failure_is_covered_by_collateral_then_earnings_then_the_guarantee(
    exchange: Exchange,
    means: tuple[int, int, int],
    left: tuple[int, int, int],
    causes: list[str],
    shortfall: tuple[int, int] | None,
) -> None:
    collateral, earnings, guarantee = means
    poor, owner = failing(exchange, collateral=collateral, earnings=earnings, guarantee=guarantee)
    posted = expire(exchange)
    assert [cause for cause in posted if cause.startswith("cover")] == causes
    after = (
        exchange.cash(poor, "collateral"),
        exchange.cash(poor),
        exchange.cash("house", "guarantee"),
    )
    assert after == tuple(each * DOLLAR for each in left)
    uncovered = shortfall[1] * DOLLAR if shortfall else 0
    assert exchange.cash(owner) == 5 * DOLLAR - uncovered
    recorded = exchange.state.shortfalls.get(poor)
    if shortfall is None:
        assert recorded is None
    else:
        assert recorded == Shortfall(poor, shortfall[0] * DOLLAR, uncovered)


def test_a_debt_to_the_guarantee_stops_issuing_until_it_is_paid(exchange: Exchange) -> None:
    poor, _ = failing(exchange, collateral=0, earnings=0, guarantee=9)
    expire(exchange)
    assert exchange.state.shortfalls[poor].guarantee_micros == 4 * DOLLAR
    issue = commands.IssueUnits(poor, INSTRUMENT, 1)
    refusal = exchange.refused(issue)
    assert (refusal.reason, refusal.limit, refusal.value) == ("COLLATERAL_SHORT", 0, 4 * DOLLAR)
    exchange.ok(commands.Deposit(poor, 7 * DOLLAR))
    assert exchange.refused(commands.Withdraw(poor, 4 * DOLLAR)).limit == 3 * DOLLAR
    mark = exchange.ok(commands.PostCollateral(poor, 5 * DOLLAR)).mark
    assert (mark.posted_micros, mark.missing_micros) == (DOLLAR, 0)
    assert exchange.cash("house", "guarantee") == 9 * DOLLAR
    assert exchange.events(ShortfallRecorded)[0].shortfalls == (Shortfall(poor, 0, 0),)
    exchange.ok(issue)
    exchange.ok(commands.Withdraw(poor, 2 * DOLLAR))


def test_a_refund_goes_no_higher_than_the_first_price_or_the_index_with_its_margin(
    exchange: Exchange,
) -> None:
    """Units that two accomplices passed on at a false price are not paid for by anybody."""
    exchange.policy(resale_gains_max=0, refund_index_per_mille=1_250)
    set_index(exchange, 2 * DOLLAR)
    bea = exchange.member("bea")
    exchange.bought(exchange.abe, exchange.bob, 1, DOLLAR)
    resold(exchange, exchange.bob, bea, 900 * DOLLAR, auto_transfer=True)
    before = exchange.cash(bea)
    exchange.ok(reserve("dlv_1", bea, 100_000, 0))
    exchange.ok(report("dlv_1", "failed", 0, supplier_id=exchange.abe))
    expire(exchange)
    assert exchange.cash(bea) - before == 250_000


def test_a_penalty_on_failed_calls_goes_to_the_guarantee(exchange: Exchange) -> None:
    exchange.policy(supply_penalty_per_mille=100)
    ann, bob = exchange.cash(exchange.ann), exchange.cash(exchange.bob)
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    exchange.ok(report("dlv_1", "failed", 0, supplier_id=exchange.ann))
    assert "penalty_earnings" in expire(exchange)
    assert exchange.cash(exchange.bob) - bob == 200_000
    assert exchange.cash("house", "guarantee") == 20_000
    assert exchange.cash(exchange.ann) - ann == 5_800_000 - 20_000
