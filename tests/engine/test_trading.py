"""Orders as members ask for them: terms, holds, amendments, cancels, batches, rehearsals."""

from typing import Any

import pytest

from tests.support.market import DOLLAR, HOUR, MARKET, Exchange, place, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import CancellationClosed, Posted, TradeExecuted
from thegrid_exchange.engine.refusals import Refusal


@pytest.fixture
def market() -> Exchange:
    exchange = small_exchange(
        maker_fee_bps=10, taker_fee_bps=30, tick_micros=1_000, quantity_units_max=100
    )
    exchange.ann = exchange.supplier("ann", 200)
    exchange.bob = exchange.member("bob", dollars=1_000)
    exchange.bea = exchange.member("bea", dollars=1_000)
    return exchange


# ---- terms -------------------------------------------------------------------------------------

WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("PRICE_OFF_TICK", "price_micros", {"price_micros": DOLLAR + 1}),
    ("PRICE_OUT_OF_RANGE", "price_micros", {"price_micros": 0}),
    ("PRICE_OUT_OF_RANGE", "price_micros", {"price_micros": -1_000}),
    ("PRICE_OUT_OF_RANGE", "price_micros", {"price_micros": 2**63 - 1}),
    ("PRICE_OUT_OF_RANGE", "price_micros", {"price_micros": 2**70}),
    ("QUANTITY_OUT_OF_RANGE", "quantity_units", {"quantity_units": 0}),
    ("QUANTITY_OUT_OF_RANGE", "quantity_units", {"quantity_units": 101}),
    ("QUANTITY_OUT_OF_RANGE", "quantity_units", {"quantity_units": 2**70}),
    ("ORDER_TERMS_INVALID", "price_micros", {"price_micros": None}),
    ("ORDER_TERMS_INVALID", "post_only", {"post_only": True, "time_in_force": "ioc"}),
    ("ORDER_TERMS_INVALID", "post_only", {"post_only": True, "type": "market"}),
    ("ORDER_TERMS_INVALID", "time_in_force", {"time_in_force": "gtd", "type": "market"}),
    ("ORDER_TERMS_INVALID", "expires_at_us", {"time_in_force": "gtd"}),
    ("ORDER_TERMS_INVALID", "expires_at_us", {"expires_at_us": 2**60}),
    ("ORDER_TERMS_INVALID", "expires_at_us", {"time_in_force": "gtd", "expires_at_us": 5}),
    ("ORDER_TERMS_INVALID", "source", {"source": "issuance"}),
    ("ORDER_TERMS_INVALID", "max_slippage_bps", {"max_slippage_bps": 10_001}),
    ("ORDER_TERMS_INVALID", "auto_transfer", {"side": "sell", "auto_transfer": True}),
    ("ORDER_TOO_LATE", "valid_until_us", {"valid_until_us": 5}),
    ("MARKET_NOT_FOUND", "market_id", {"market_id": "mkt_none"}),
    ("MEMBER_NOT_FOUND", "member_id", {"member_id": "mem_none"}),
    ("INSUFFICIENT_FUNDS", "quantity_units", {"quantity_units": 100, "price_micros": 10**10}),
    ("INSUFFICIENT_UNITS", "quantity_units", {"side": "sell"}),
]


@pytest.mark.parametrize(("reason", "field", "changes"), WRONG)
def test_a_wrong_order_is_refused_by_name_and_field(
    market: Exchange, reason: str, field: str, changes: dict[str, Any]
) -> None:
    good = place(market.bob, "buy", 1, DOLLAR)
    refusal = market.refused(good._replace(**changes))
    assert (refusal.reason, refusal.field) == (reason, field)
    assert refusal.message
    assert not isinstance(market.send(good), Refusal)


def test_a_price_outside_the_band_is_refused_once_there_is_a_reference(market: Exchange) -> None:
    market.policy(price_band_bps=1_000)
    market.bought(market.ann, market.bob, 1, 10 * DOLLAR)
    refusal = market.refused(place(market.bob, "buy", 1, 12 * DOLLAR))
    assert refusal.reason == "PRICE_OUT_OF_BAND"
    market.order(market.bob, "buy", 1, 11 * DOLLAR)


@pytest.mark.parametrize("state", ["cancel_only", "halted"])
def test_a_market_that_is_not_open_takes_cancels_alone(market: Exchange, state: Any) -> None:
    order = market.order(market.bob, "buy", 2, DOLLAR)
    market.ok(commands.SetMarketState(MARKET, state, "news"))
    assert market.refused(place(market.bob, "buy", 1, DOLLAR)).reason == "MARKET_NOT_OPEN"
    amendment = commands.AmendOrder(market.bob, order.order_id, quantity_units=1)
    assert market.refused(amendment).reason == "MARKET_NOT_OPEN"
    market.ok(commands.CancelOrder(market.bob, order.order_id))


def test_open_orders_are_limited(market: Exchange) -> None:
    market.policy(max_open_orders=2)
    for _ in range(2):
        market.order(market.bob, "buy", 1, DOLLAR)
    refusal = market.refused(place(market.bob, "buy", 1, DOLLAR))
    assert (refusal.reason, refusal.limit) == ("OPEN_ORDER_LIMIT", 2)


# ---- money -------------------------------------------------------------------------------------


def test_a_resting_buy_holds_its_price_and_the_worst_fee(market: Exchange) -> None:
    market.order(market.bob, "buy", 10, 2 * DOLLAR)
    assert market.cash(market.bob, "held") == 20 * DOLLAR + 20 * DOLLAR * 30 // 10_000


def test_fees_go_to_the_house_and_the_difference_back_to_the_buyer(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 2 * DOLLAR)
    order = market.order(market.bob, "buy", 5, 3 * DOLLAR)
    fee = 10 * DOLLAR * 30 // 10_000
    assert order.fee_micros == fee
    assert market.cash(market.bob) == 990 * DOLLAR - fee
    assert market.cash(market.bob, "held") == 0
    assert market.cash("house", "fees") == fee
    assert market.cash(market.ann, "escrow") == 10 * DOLLAR


def test_proceeds_of_a_resale_go_to_the_seller_but_for_fee_and_gain(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 5, 2 * DOLLAR)
    before = market.cash(market.bob)
    market.order(market.bob, "sell", 5, 3 * DOLLAR)
    market.order(market.bea, "buy", 5, 3 * DOLLAR)
    maker_fee = 15 * DOLLAR * 10 // 10_000
    assert market.cash(market.bob) == before + 10 * DOLLAR
    assert market.cash(market.bob, "withheld") == 5 * DOLLAR - maker_fee
    assert market.cash(market.ann, "escrow") == 10 * DOLLAR


def test_an_issuer_that_buys_its_own_units_ends_them_with_their_escrow(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 5, 2 * DOLLAR)
    before = market.cash(market.ann)
    market.order(market.bob, "sell", 5, 3 * DOLLAR)
    market.order(market.ann, "buy", 2, 3 * DOLLAR)
    taker_fee = 6 * DOLLAR * 30 // 10_000
    assert market.cash(market.ann) == before - 6 * DOLLAR - taker_fee + 4 * DOLLAR
    assert market.cash(market.ann, "escrow") == 6 * DOLLAR
    assert market.units(market.ann, "bought_back") == 2
    assert market.units(market.ann, "trading") == 0


def test_a_market_buy_beyond_the_means_is_refused_whole(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 50, 30 * DOLLAR)
    assert market.refused(place(market.bob, "buy", 40, None)).reason == "INSUFFICIENT_FUNDS"


def test_a_sell_binds_the_oldest_parcels_and_a_cancel_puts_them_back(market: Exchange) -> None:
    for dollars in (1, 2, 3):
        market.bought(market.ann, market.bob, 2, dollars * DOLLAR)
    queue = dict(market.state.parcels)
    first = market.order(market.bob, "sell", 3, 9 * DOLLAR)
    second = market.order(market.bob, "sell", 1, 9 * DOLLAR)
    bound = [
        parcel.cost_price_micros
        for (queue_id, _), parcel in sorted(market.state.parcels.items())
        if queue_id == first.order_id
    ]
    assert bound == [DOLLAR, 2 * DOLLAR]
    market.ok(commands.CancelOrder(market.bob, second.order_id))
    market.ok(commands.CancelOrder(market.bob, first.order_id))
    assert market.state.parcels == queue


# ---- amending ----------------------------------------------------------------------------------


def test_less_quantity_keeps_the_place_and_more_loses_it(market: Exchange) -> None:
    first = market.issue_and_sell(market.ann, 5, DOLLAR)
    second = market.issue_and_sell(market.ann, 5, DOLLAR)
    market.ok(commands.AmendOrder(market.ann, first.order_id, quantity_units=4))
    market.order(market.bob, "buy", 1, DOLLAR)
    assert market.events(TradeExecuted)[0].trade.maker_order_id == first.order_id
    market.ok(commands.AmendOrder(market.ann, first.order_id, quantity_units=6))
    market.order(market.bob, "buy", 1, DOLLAR)
    assert market.events(TradeExecuted)[0].trade.maker_order_id == second.order_id
    assert market.state.orders[first.order_id].remaining_units == 5
    assert market.units(market.ann, "listed") == 9


def test_an_amendment_moves_the_hold(market: Exchange) -> None:
    order = market.order(market.bob, "buy", 10, 2 * DOLLAR, client_order_id="mine")
    market.ok(commands.AmendOrder(market.bob, client_order_id="mine", price_micros=DOLLAR))
    assert market.cash(market.bob, "held") == 10 * DOLLAR * 10_030 // 10_000
    dear = commands.AmendOrder(market.bob, order.order_id, price_micros=1_000 * DOLLAR)
    assert market.refused(dear).reason == "INSUFFICIENT_FUNDS"


def test_an_amendment_below_what_is_filled_is_refused(market: Exchange) -> None:
    order = market.issue_and_sell(market.ann, 5, DOLLAR)
    market.order(market.bob, "buy", 3, DOLLAR)
    amend = commands.AmendOrder(market.ann, order.order_id, quantity_units=3)
    assert market.refused(amend).reason == "QUANTITY_OUT_OF_RANGE"
    assert market.refused(amend._replace(quantity_units=None)).reason == "ORDER_TERMS_INVALID"
    market.ok(amend._replace(quantity_units=5))
    assert market.outcome.events == ()


def test_a_post_only_amendment_may_not_cross(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 3 * DOLLAR)
    order = market.order(market.bob, "buy", 1, DOLLAR, post_only=True)
    amend = commands.AmendOrder(market.bob, order.order_id, price_micros=3 * DOLLAR)
    assert market.refused(amend).reason == "POST_ONLY_WOULD_CROSS"


# ---- cancelling --------------------------------------------------------------------------------


def test_nobody_cancels_an_order_of_another(market: Exchange) -> None:
    order = market.order(market.bob, "buy", 1, DOLLAR)
    cancel = commands.CancelOrder(market.bea, order.order_id)
    assert market.refused(cancel).reason == "ORDER_NOT_FOUND"
    assert market.refused(commands.CancelOrder(market.bea)).reason == "ORDER_NOT_FOUND"


def test_cancel_all_goes_by_its_filters(market: Exchange) -> None:
    tagged = market.order(market.bob, "buy", 1, DOLLAR, tag="x", session_id="s1")
    other = market.order(market.bob, "buy", 1, DOLLAR, tag="y", session_id="s2")
    market.order(market.bea, "buy", 1, DOLLAR, tag="x")
    reply = market.ok(commands.CancelOrders(market.bob, tag="x"))
    assert reply.order_ids == (tagged.order_id,)
    assert market.ok(commands.CancelOrders(market.bob, session_id="s1")).order_ids == ()
    reply = market.ok(commands.CancelOrders(market.bob, market_id=MARKET))
    assert reply.order_ids == (other.order_id,)
    assert market.ladder()["buy"] == [(DOLLAR, 1)]


def test_a_long_cancel_all_goes_on_in_ticks_and_spares_what_comes_after() -> None:
    market = Exchange(checked=False)
    market.instrument()
    bob = market.member("bob")
    market.policy(max_events=1_000)
    for _ in range(1_200):
        market.order(bob, "buy", 1, DOLLAR)
    reply = market.ok(commands.CancelOrders(bob))
    assert reply.more_follow
    assert len(market.outcome.events) <= 1_000
    late = market.order(bob, "buy", 1, DOLLAR)
    assert market.state.next_deadline_us() == market.state.now_us
    market.tick()
    assert market.all_events(CancellationClosed)
    assert list(market.state.orders) == [late.order_id]
    market.checked = True
    market.ok(commands.Tick())


# ---- batches and rehearsals --------------------------------------------------------------------


def test_a_refused_item_of_a_batch_changes_nothing_and_the_others_stand(market: Exchange) -> None:
    items = (
        place(market.bob, "buy", 1, DOLLAR),
        place(market.bob, "buy", 100, 99 * DOLLAR),
        place(market.bob, "buy", 1, 2 * DOLLAR),
    )
    first, second, third = market.ok(commands.BatchOrders(market.bob, items)).items
    assert second.reason == "INSUFFICIENT_FUNDS"
    assert (first.order.order_id, third.order.order_id) == ("ord_000000000001", "ord_000000000002")
    assert market.ladder()["buy"] == [(2 * DOLLAR, 1), (DOLLAR, 1)]


def test_all_or_none_undoes_the_whole_batch(market: Exchange) -> None:
    items = (place(market.bob, "buy", 1, DOLLAR), place(market.bob, "sell", 1, DOLLAR))
    before = market.state.digest()
    answers = market.ok(commands.BatchOrders(market.bob, items, all_or_none=True)).items
    assert [answer.reason for answer in answers] == ["BATCH_UNDONE", "INSUFFICIENT_UNITS"]
    assert market.outcome.events == ()
    assert market.state.digest() == before


def test_a_batch_is_of_one_member_and_of_limited_length(market: Exchange) -> None:
    foreign = commands.BatchOrders(market.bob, (place(market.bea, "buy", 1, DOLLAR),))
    assert market.refused(foreign).reason == "INVALID_ARGUMENT"
    market.policy(max_batch_items=2)
    long = commands.BatchOrders(market.bob, (place(market.bob, "buy", 1, DOLLAR),) * 3)
    assert market.refused(long).reason == "TOO_LARGE"


def test_a_full_batch_of_resting_orders_fits_one_command(market: Exchange) -> None:
    market.checked = False
    items = (place(market.bob, "buy", 1, 1_000),) * 500
    answers = market.ok(commands.BatchOrders(market.bob, items)).items
    assert not any(isinstance(answer, Refusal) for answer in answers)


def test_a_rehearsal_tells_fills_and_fees_and_changes_nothing(market: Exchange) -> None:
    market.issue_and_sell(market.ann, 5, 2 * DOLLAR)
    before = market.state.digest()
    rehearsal = place(market.bob, "buy", 3, 2 * DOLLAR, validate_only=True)
    reply = market.ok(rehearsal)
    assert reply.validated_only
    assert [fill.quantity_units for fill in reply.fills] == [3]
    assert reply.order.fee_micros == 6 * DOLLAR * 30 // 10_000
    assert market.outcome.events == ()
    assert market.state.digest() == before
    assert market.refused(rehearsal._replace(quantity_units=101)).reason == "QUANTITY_OUT_OF_RANGE"


# ---- auto-transfer -----------------------------------------------------------------------------


def test_what_a_buy_fills_goes_into_a_lot_when_it_asks_so(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 3, DOLLAR, auto_transfer=True)
    assert market.units(market.bob, "lots") == 3
    assert market.units(market.bob, "trading") == 0


def test_a_resting_buy_transfers_fill_by_fill(market: Exchange) -> None:
    market.ok(commands.UpdateSettings(market.bob, auto_transfer=True))
    market.order(market.bob, "buy", 3, DOLLAR)
    market.issue_and_sell(market.ann, 1, DOLLAR)
    market.issue_and_sell(market.ann, 2, DOLLAR)
    assert [lot.total_tokens for lot in market.state.lots.values()] == [1_000_000, 2_000_000]


def test_suspending_a_member_cancels_its_orders(market: Exchange) -> None:
    market.order(market.bob, "buy", 3, DOLLAR)
    market.ok(commands.SuspendMember(market.bob, "unpaid"))
    assert market.state.orders == {}
    assert market.refused(place(market.bob, "buy", 1, DOLLAR)).reason == "MEMBER_SUSPENDED"
    market.ok(commands.ReinstateMember(market.bob))
    market.order(market.bob, "buy", 1, DOLLAR)


def test_every_posting_of_a_day_sums_to_zero(market: Exchange) -> None:
    market.bought(market.ann, market.bob, 3, DOLLAR)
    market.later(5 * HOUR)
    market.tick()
    for posted in market.all_events(Posted):
        totals: dict[str, int] = {}
        for line in posted.postings:
            assert line.amount
            totals[line.asset] = totals.get(line.asset, 0) + line.amount
        assert set(totals.values()) == {0}
