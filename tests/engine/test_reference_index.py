"""The reference index: what counts, the median, provisional and final, and who is left out."""

import random

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    Exchange,
    place,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import IndexInputsForgotten, ReferenceIndexSet
from thegrid_exchange.engine.records import ReferenceIndex
from thegrid_exchange.engine.rules.reference_index import weighted_median

MILLION = 1_000_000
WINDOW = HOUR


@pytest.fixture
def exchange() -> Exchange:
    exchange = small_exchange()
    exchange.policy(index_trades_min=2)
    exchange.ann = exchange.supplier("ann", 500)
    exchange.bob = exchange.member("bob")
    return exchange


def delivered(exchange: Exchange, price: int, tokens: int, verdict: str = "in_spec") -> None:
    """Let a new consumer buy one Unit at a price, call, and be told how the call ended."""
    consumer_id = exchange.member(f"consumer-{len(exchange.rows)}")
    exchange.bought(exchange.ann, consumer_id, 1, price, auto_transfer=True)
    exchange.ok(reserve(f"dlv_{consumer_id}", consumer_id, tokens, 0))
    exchange.ok(report(f"dlv_{consumer_id}", verdict, tokens, supplier_id=exchange.ann))


def indexes(exchange: Exchange, later: int) -> list[ReferenceIndex]:
    """The indexes that are set as time passes."""
    before = len(exchange.rows)
    exchange.later(later)
    exchange.tick()
    return [
        event.reference_index
        for _, _, outcome in exchange.rows[before:]
        for event in outcome.events
        if isinstance(event, ReferenceIndexSet)
    ]


def test_the_price_of_half_the_delivered_tokens_is_the_index(exchange: Exchange) -> None:
    delivered(exchange, 1 * DOLLAR, 100)
    delivered(exchange, 2 * DOLLAR, 300)
    delivered(exchange, 9 * DOLLAR, 250)
    (index,) = indexes(exchange, WINDOW // 2)
    assert (index.price_micros, index.trade_count, index.volume_tokens) == (2 * DOLLAR, 3, 650)
    assert (index.status, index.method_version) == ("provisional", 1)
    assert index.window_end_us - index.window_start_us == WINDOW
    assert exchange.state.reference_indexes[INSTRUMENT] == index


def test_below_the_least_number_of_trades_there_is_no_index(exchange: Exchange) -> None:
    delivered(exchange, 2 * DOLLAR, 300)
    delivered(exchange, 3 * DOLLAR, 100)
    first, _ = indexes(exchange, WINDOW)
    delivered(exchange, 9 * DOLLAR, 300)
    (last,) = [each for each in indexes(exchange, WINDOW) if each.status == "provisional"]
    assert (first.price_micros, last.price_micros, last.trade_count) == (2 * DOLLAR, None, 1)
    assert last.carried_price_micros == 2 * DOLLAR


def test_what_settles_late_counts_until_the_index_is_final(exchange: Exchange) -> None:
    exchange.policy(reservation_window_us=2 * HOUR)
    delivered(exchange, 1 * DOLLAR, 100)
    delivered(exchange, 1 * DOLLAR, 100)
    exchange.bought(exchange.ann, exchange.bob, 1, 5 * DOLLAR, auto_transfer=True)
    exchange.ok(reserve("dlv_late", exchange.bob, 900, 0))
    (provisional,) = indexes(exchange, WINDOW // 2)
    exchange.ok(report("dlv_late", "in_spec", 900))
    (final,) = indexes(exchange, 1_800 * SECOND)
    assert (provisional.price_micros, provisional.volume_tokens) == (1 * DOLLAR, 200)
    assert (final.price_micros, final.volume_tokens) == (5 * DOLLAR, 1_100)
    assert final.status == "final"
    assert final.window_start_us == provisional.window_start_us
    assert not exchange.state.index_inputs
    assert not exchange.state.index_windows


def test_what_settles_after_that_counts_in_the_window_of_its_settlement(
    exchange: Exchange,
) -> None:
    exchange.policy(reservation_window_us=3 * HOUR)
    exchange.bought(exchange.ann, exchange.bob, 1, 5 * DOLLAR, auto_transfer=True)
    exchange.ok(reserve("dlv_late", exchange.bob, 900, 0))
    assert indexes(exchange, WINDOW + 1_801 * SECOND) == []
    exchange.ok(report("dlv_late", "in_spec", 900))
    (index,) = indexes(exchange, WINDOW)
    assert index.volume_tokens == 900
    assert index.window_end_us <= exchange.at_us


@pytest.mark.parametrize("verdict", ["cancelled_by_client", "failed", "venue_fault"])
def test_only_what_was_delivered_in_spec_counts(exchange: Exchange, verdict: str) -> None:
    delivered(exchange, 5 * DOLLAR, 100, verdict=verdict)
    assert indexes(exchange, WINDOW) == []


def test_trades_inside_an_affiliation_group_do_not_count() -> None:
    exchange = small_exchange()
    exchange.policy(index_trades_min=1)
    exchange.ann = exchange.supplier("ann", 50, affiliation_group="kin")
    exchange.bob = exchange.member("bob", affiliation_group="kin")
    exchange.bought(exchange.ann, exchange.bob, 1, 90 * DOLLAR, auto_transfer=True)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 1_000))
    # Nor does what bob bought of a stranger and lets his kin serve.
    exchange.later(5 * HOUR)
    exchange.tick()
    abe = exchange.supplier("abe", 50)
    exchange.bought(abe, exchange.bob, 1, 90 * DOLLAR, auto_transfer=True)
    exchange.ok(reserve("dlv_kin", exchange.bob, 1_000, 0))
    exchange.ok(report("dlv_kin", "in_spec", 1_000, supplier_id=exchange.ann))
    assert indexes(exchange, WINDOW) == []
    exchange.ok(reserve("dlv_abe", exchange.bob, 1_000, 0))
    exchange.ok(report("dlv_abe", "in_spec", 1_000, supplier_id=abe))
    assert [each.volume_tokens for each in indexes(exchange, WINDOW // 2)] == [1_000]


def test_a_resale_counts_at_what_the_consumer_paid(exchange: Exchange) -> None:
    exchange.policy(index_trades_min=1)
    exchange.bea = exchange.member("bea")
    exchange.bought(exchange.ann, exchange.bob, 1, 2 * DOLLAR)
    exchange.ok(place(exchange.bob, "sell", 1, 3 * DOLLAR))
    exchange.ok(place(exchange.bea, "buy", 1, 3 * DOLLAR, auto_transfer=True))
    exchange.ok(reserve("dlv_1", exchange.bea, 1_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 1_000))
    assert [each.price_micros for each in indexes(exchange, WINDOW // 2)] == [3 * DOLLAR]


def test_a_resale_inside_an_affiliation_group_does_not_count(exchange: Exchange) -> None:
    exchange.policy(index_trades_min=1)
    exchange.kim = exchange.member("kim", affiliation_group="kin")
    exchange.kit = exchange.member("kit", affiliation_group="kin")
    exchange.bought(exchange.ann, exchange.kim, 1, 2 * DOLLAR)
    exchange.ok(place(exchange.kim, "sell", 1, 90 * DOLLAR))
    exchange.ok(place(exchange.kit, "buy", 1, 90 * DOLLAR, auto_transfer=True))
    exchange.ok(reserve("dlv_1", exchange.kit, 1_000, 0))
    exchange.ok(report("dlv_1", "in_spec", 1_000))
    assert indexes(exchange, WINDOW // 2) == []


def test_inputs_of_a_final_index_are_forgotten_in_bounded_steps(exchange: Exchange) -> None:
    exchange.checked = False
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 100))
    for _ in range(505):
        delivered(exchange, DOLLAR, 10)
    final = indexes(exchange, WINDOW)[-1]
    assert (final.trade_count, final.volume_tokens) == (505, 5_050)
    forgotten = exchange.all_events(IndexInputsForgotten)
    assert [(len(event.trade_ids), event.is_last) for event in forgotten] == [
        (500, False),
        (5, True),
    ]
    assert not exchange.state.index_inputs
    assert not exchange.state.index_windows


def test_the_median_is_that_of_every_token_laid_out_in_a_row() -> None:
    rand = random.Random(7)
    for _ in range(300):
        weights = [(rand.randint(1, 9), rand.randint(1, 6)) for _ in range(rand.randint(1, 8))]
        row = sorted(price for price, tokens in weights for _ in range(tokens))
        assert weighted_median(weights) == row[(len(row) - 1) // 2]
