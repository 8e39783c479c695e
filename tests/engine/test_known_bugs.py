"""Every class of fault that surveys found in real matching engines, and the test named for it.

The table is walked: a class whose test is gone, is left out of a run or notices nothing fails here.
"""

import ast
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.simulation.mutants import MUTANTS
from tests.support.auctions import shown
from tests.support.market import DOLLAR, HOUR, MARKET, Exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import SweepStarted, TradeExecuted

ROOT: Final = Path(__file__).parents[2]
MATCHING: Final = "tests/engine/test_matching.py::test_"
TRADING: Final = "tests/engine/test_trading.py::test_"
HERE: Final = "tests/engine/test_known_bugs.py::test_"


class KnownBug(NamedTuple):
    """A class of fault, in the words in which it is planted too, and the test that notices it."""

    bug: str
    test: str


KNOWN_BUGS: Final = (
    KnownBug(
        "a cancelled middle order loses those behind it",
        MATCHING + "cancelling_a_middle_order_keeps_those_behind_it",
    ),
    KnownBug(
        "a partial fill sends the resting order to the back",
        MATCHING + "a_partial_fill_keeps_its_place",
    ),
    KnownBug(
        "a trade is printed at the taker's price",
        MATCHING + "the_best_price_trades_first_and_at_the_resting_price",
    ),
    KnownBug(
        "a marketable limit walks past its own limit",
        MATCHING + "a_marketable_limit_never_walks_past_its_own_limit",
    ),
    KnownBug(
        "an amendment that crosses rests crossed",
        MATCHING + "an_amendment_that_crosses_trades_and_never_rests_crossed",
    ),
    KnownBug(
        "amending one order drops its siblings",
        MATCHING + "amending_one_order_keeps_its_siblings",
    ),
    KnownBug(
        "a stale cancel after the full fill is acknowledged",
        MATCHING + "cancelling_after_the_full_fill_is_refused",
    ),
    KnownBug("an empty best level stays visible", MATCHING + "an_emptied_level_is_no_longer_seen"),
    KnownBug(
        "the rest of an immediate order rests",
        MATCHING + "the_rest_of_an_immediate_order_never_rests",
    ),
    KnownBug(
        "an id is unusable for ever after cancel or fill",
        MATCHING + "a_client_order_id_comes_free_a_day_after_its_order_closed",
    ),
    KnownBug(
        "fill or kill looks at one level only", MATCHING + "fill_or_kill_looks_through_all_levels"
    ),
    KnownBug("one side alone is priced wrongly", MATCHING + "both_sides_price_alike"),
    KnownBug(
        "a sweep through five thousand orders recurses to its death",
        HERE + "a_sweep_through_five_thousand_orders_does_not_recurse",
    ),
    KnownBug(
        "what an event sets off is looked at once",
        HERE + "what_one_end_sets_off_is_looked_at_until_nothing_is_due",
    ),
    KnownBug(
        "orders of one instant change places",
        MATCHING + "orders_of_one_instant_keep_their_sequence",
    ),
    KnownBug(
        "the expiry of a filled order is kept",
        MATCHING + "the_expiry_of_a_filled_order_is_forgotten",
    ),
    KnownBug(
        "less quantity loses its place", TRADING + "less_quantity_keeps_the_place_and_more_loses_it"
    ),
)


def found(test: str) -> ast.FunctionDef:
    """The function of a test, read from its file."""
    path, _, name = test.partition("::")
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise AssertionError(f"{test} is gone; name the test that took its place")


def left_out_by(function: ast.FunctionDef) -> list[str]:
    """Marks that keep a test from running, or from mattering."""
    marks = [ast.unparse(each) for each in function.decorator_list]
    return [mark for mark in marks if any(word in mark for word in ("skip", "xfail", "slow"))]


@pytest.mark.parametrize("known", KNOWN_BUGS, ids=lambda known: known.bug.replace(" ", "-"))
def test_each_known_bug_has_a_test_that_runs_and_a_planted_fault(known: KnownBug) -> None:
    function = found(known.test)
    assert not left_out_by(function), f"{known.test} is left out"
    statements = [*ast.walk(function)]
    assert any(isinstance(each, ast.Assert) for each in statements), f"{known.test} asserts nothing"
    [planted] = [mutant for mutant in MUTANTS if mutant.name == known.bug]
    assert planted.tests == known.test


def test_a_vanished_test_and_one_left_out_are_noticed() -> None:
    with pytest.raises(AssertionError, match="is gone"):
        found(MATCHING + "nothing_of_the_kind")
    skipped = ast.parse("@pytest.mark.skip\ndef test_x(): pass").body[0]
    assert isinstance(skipped, ast.FunctionDef)
    assert left_out_by(skipped)


# ---- the classes that no other room has a test for ---------------------------------------------


def test_a_sweep_through_five_thousand_orders_does_not_recurse() -> None:
    market = Exchange(checked=False)
    market.instrument()
    market.policy(max_events=100_000)
    seller, buyer = market.supplier("seller", 5_000), market.member("buyer")
    for number in range(5_000):
        market.issue_and_sell(seller, 1, DOLLAR + number // 1_000)
    order = market.order(buyer, "buy", 5_000, None)
    assert (order.closure_reason, len(market.events(TradeExecuted))) == ("filled", 5_000)
    assert market.ladder() == {"buy": [], "sell": []}
    market.checked = True
    market.ok(commands.Tick())


def test_what_one_end_sets_off_is_looked_at_until_nothing_is_due() -> None:
    """There are no stop orders; what goes off by itself is an auction's end and the sweep after it.

    The trades of the one make the Units that the other must move, over many bounded Ticks.
    """
    market = Exchange(checked=False)
    market.instrument()
    market.policy(max_events=1_000)
    seller, buyer = market.supplier("seller", 400), market.member("buyer")
    slot_us = market.state.markets[MARKET].next_sweep_us
    market.at_us = slot_us - HOUR
    market.ok(commands.StartAuction(MARKET, slot_us))
    for _ in range(300):
        market.issue_and_sell(seller, 1, DOLLAR)
        market.order(buyer, "buy", 1, DOLLAR)
    market.at_us = slot_us
    assert market.tick() > 1
    assert len(market.all_events(TradeExecuted)) == 300
    assert len(market.all_events(SweepStarted)) == 1
    assert market.units(buyer, "lots") == 300
    assert (market.units(seller, "unsold"), market.units(seller, "retired")) == (0, 100)
    assert market.ladder() == {"buy": [], "sell": []}
    assert shown(market).state == "open"
    market.checked = True
    market.ok(commands.Tick())
