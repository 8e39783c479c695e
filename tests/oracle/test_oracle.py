"""A hundred thousand random commands through the engine and through a naive exchange beside it.

The naive one is written from the rules of the market alone; every reply, refusal, posting, balance,
trade, order, parcel, Lot, call, index and debt must be the same in both after every command.
"""

import functools
from collections import Counter

import pytest

from tests.oracle.compare import Differs, Pair, lived_through
from tests.oracle.day import MEMBERS, Day
from tests.support.market import DOLLAR
from thegrid_exchange.engine import commands

SEEDS = range(1, 21)
LENGTH = 5_000

AT_LEAST_EACH = {
    "PlaceOrder": 1_200,
    "AmendOrder": 100,
    "CancelOrder": 100,
    "CancelOrders": 15,
    "BatchOrders": 25,
    "ReplaceQuotes": 50,
    "TransferUnits": 80,
    "Reserve": 250,
    "Mark": 90,
    "Report": 150,
    "Tick": 150,
    "IssueUnits": 200,
    "TradeExecuted": 60,
    "LotMinted": 60,
    "UsageRecorded": 50,
    "posted expire": 40,
    "posted refund": 30,
}
"""Commands and effects that no chunk may lack; else its world has gone to sleep."""
AT_LEAST_IN_ALL = {
    "TradeExecuted": 4_000,
    "traded in auctions": 200,
    "auction operator": 100,
    "auction max_move": 100,
    "auction sweep": 20,
    "SelfTradePrevented": 900,
    "UnitsBoughtBack": 100,
    "LotMinted": 3_000,
    "ReservationExtended": 600,
    "LateReportRecorded": 50,
    "ReferenceIndexSet": 500,
    "UnitsRetired": 300,
    "UnitsRenewed": 80,
    "posted bind": 900,
    "posted cover_collateral": 20,
    "posted cover_earnings": 2,
    "posted penalty_collateral": 80,
    "posted dispute_guarantee": 100,
    "OutageRecorded": 400,
    "losses": 2,
    "RetireUnits": 200,
    "PostCollateral": 300,
    "WithdrawCollateral": 200,
    "Deposit": 500,
    "Withdraw": 300,
    "ResolveDispute": 800,
    "refused INSUFFICIENT_FUNDS": 800,
    "refused FILL_OR_KILL": 500,
    "refused COLLATERAL_SHORT": 200,
    "OfferWithdrawn": 30,
    "refused CAPACITY_EXCEEDED": 10,
    "refused ABOVE_CEILING": 20,
}


@functools.cache
def counts_of(seed: int) -> Counter[str]:
    """What a chunk did; it fails at the first difference."""
    return lived_through(seed, LENGTH).counts


def test_both_agree_on_a_short_day() -> None:
    for seed in (101, 102, 103):
        counts = lived_through(seed, 700).counts
        assert counts["TradeExecuted"] > 10
        assert counts["UsageRecorded"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_both_agree_on_everything(seed: int) -> None:
    counts = counts_of(seed)
    lacking = {name: counts[name] for name, least in AT_LEAST_EACH.items() if counts[name] < least}
    assert not lacking


@pytest.mark.slow
def test_a_hundred_thousand_commands_trade_consume_fail_and_expire(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total: Counter[str] = sum((counts_of(seed) for seed in SEEDS), Counter())
    with capsys.disabled():
        print("\n" + "\n".join(f"{count:9,} {name}" for name, count in sorted(total.items())))
    sent = sum(total[kind.__name__] for kind in commands.Command.__args__)
    assert sent >= 100_000
    lacking = {name: total[name] for name, least in AT_LEAST_IN_ALL.items() if total[name] < least}
    assert not lacking


# ---- the checker itself ------------------------------------------------------------------------


def opened() -> tuple[Pair, Day]:
    day, pair = Day(1), Pair()
    for command in day.opening():
        pair.send(command, day.at_us)
    return pair, day


def test_a_micro_dollar_too_many_is_seen() -> None:
    pair, day = opened()
    pair.state.post(MEMBERS[0], "available", "usd", 1)
    with pytest.raises(Differs, match="balances"):
        pair.send(commands.Deposit(MEMBERS[1], DOLLAR), day.at_us)


def test_another_reason_to_refuse_is_seen() -> None:
    pair, day = opened()
    del pair.naive.offers[MEMBERS[0], "ins_text-prime"]
    with pytest.raises(Differs, match="OFFER_NOT_FOUND"):
        pair.send(commands.IssueUnits(MEMBERS[0], "ins_text-prime", 1), day.at_us)
