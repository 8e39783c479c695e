"""The laws that always hold: a cheap look after each command, and the whole set on demand.

A breach raises `InvariantBroken`; nothing here changes anything.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import (
    CASH,
    CONTRA_ACCOUNTS,
    TOKENS_PER_UNIT,
    hold_micros,
    value_between,
    value_micros,
)
from thegrid_exchange.engine.records import Order, Parcel
from thegrid_exchange.engine.refusals import InvariantBroken
from thegrid_exchange.engine.state import State

_ORDER_EVENTS = frozenset(
    {events.OrderFilled, events.OrderAmended, events.OrderDecremented, events.OrderRested}
)


def check_touched(state: State, command_events: Sequence[events.Event]) -> None:
    """The orders of one command hold what they must; balances were checked as they moved."""
    for event in command_events:
        if event.__class__ in _ORDER_EVENTS:
            order = state.orders.get(event.order_id)  # type: ignore[union-attr]
            if order is not None:
                _check_order(order)


def check(state: State) -> None:
    """Every law over the whole state; takes time with its size, for tests and for recovery."""
    _check_balances(state)
    _check_holds(state)
    _check_parcels(state)
    _check_lots(state)
    _check_reservations(state)
    _check_spends(state)
    _check_escrow(state)
    _check_withheld(state)
    _check_ability(state)
    _check_records(state)
    _check_standings(state)
    _check_shortfalls(state)
    _check_obligations(state)
    _check_disputes(state)
    _check_books(state)


def _check_order(order: Order) -> None:
    _require(order.remaining_units > 0, f"{order.order_id} is open with nothing remaining")
    _require(
        order.filled_units + order.remaining_units == order.quantity_units,
        f"{order.order_id} does not add up to its quantity",
    )
    must_hold = 0
    if order.side == "buy":
        must_hold = hold_micros(order.price_micros, order.remaining_units, order.worst_fee_bps)
    _require(order.held_micros == must_hold, f"{order.order_id} holds other than {must_hold}")


def _check_balances(state: State) -> None:
    sums: Counter[str] = Counter()
    for (owner, account, asset), amount in state.balances.items():
        sums[asset] += amount
        _require(amount > 0 or account in CONTRA_ACCOUNTS, f"{owner}/{account}/{asset} is {amount}")
    for asset, total in sums.items():
        _require(total == 0, f"{asset} sums to {total}")


def _check_holds(state: State) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    for order in state.orders.values():
        _check_order(order)
        _require(order.rank > 0, f"{order.order_id} is open and not in the book")
        instrument_id = state.markets[order.market_id].instrument_id
        if order.side == "buy":
            expected[(order.member_id, "held", CASH)] += order.held_micros
        else:
            account = "listed" if order.source == "issuance" else "held"
            tokens = order.remaining_units * TOKENS_PER_UNIT
            expected[(order.member_id, account, instrument_id)] += tokens
    _require_accounts(state, expected, ("held", "listed"))


def _check_parcels(state: State) -> None:
    trading: Counter[tuple[str, str, str]] = Counter()
    bound: Counter[str] = Counter()
    for (queue_id, _), parcel in state.parcels.items():
        _require(parcel.quantity_units > 0, f"an empty parcel in {queue_id}")
        if "/" in queue_id:
            member_id, instrument_id = queue_id.split("/", 1)
            tokens = parcel.quantity_units * TOKENS_PER_UNIT
            trading[(member_id, "trading", instrument_id)] += tokens
        else:
            bound[queue_id] += parcel.quantity_units
    _require_accounts(state, trading, ("trading",))
    for order in state.orders.values():
        if order.side == "sell" and order.source == "trading":
            units = bound.pop(order.order_id, 0)
            _require(
                units == order.remaining_units, f"{order.order_id} has {units} Units of parcels"
            )
    _require(not bound, f"parcels bound to no open order: {dict(bound)}")


def _check_lots(state: State) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    free: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for (lot_id, number), held in state.lot_parcels.items():
        figures = (held.free_tokens, held.reserved_tokens, held.ended_tokens, held.tendered_tokens)
        _require(min(figures) >= 0, f"{lot_id}/{number} is negative: {figures}")
        total = held.parcel.quantity_units * TOKENS_PER_UNIT
        _require(sum(figures[:3]) == total, f"{lot_id}/{number} does not add up")
        free[lot_id] += held.free_tokens
        reserved[lot_id] += held.reserved_tokens
        ended[lot_id] += held.ended_tokens
    for lot_id, lot in state.lots.items():
        endings = lot.consumed_tokens + lot.expired_tokens + lot.refunded_tokens
        of_parcels = (free[lot_id], reserved[lot_id], ended[lot_id])
        _require(
            of_parcels == (lot.free_tokens, lot.reserved_tokens, endings),
            f"{lot_id} differs from its parcels",
        )
        _require(sum(of_parcels) == lot.total_tokens, f"{lot_id} does not add up")
        expected[(lot.member_id, "lots", lot.instrument_id)] += lot.free_tokens
        expected[(lot.member_id, "reserved", lot.instrument_id)] += lot.reserved_tokens
    _require_accounts(state, expected, ("lots", "reserved"))


def _check_reservations(state: State) -> None:
    drawn: Counter[tuple[str, int]] = Counter()
    for reservation in state.reservations.values():
        tokens = sum(draw.tokens for draw in reservation.draws)
        _require(
            tokens == reservation.reserved_tokens, f"{reservation.delivery_id} does not add up"
        )
        for draw in reservation.draws:
            drawn[(draw.lot_id, draw.number)] += draw.tokens
    for key, held in state.lot_parcels.items():
        _require(drawn[key] == held.reserved_tokens, f"{key} is reserved for no delivery")


def _check_spends(state: State) -> None:
    """What a key holds against its limits is what open deliveries, its own and below it, hold."""
    held: Counter[str] = Counter()
    for reservation in state.reservations.values():
        key = state.keys.get(reservation.key_id)
        while key is not None:
            held[key.key_id] += reservation.spend_held_micros
            key = state.keys.get(key.parent_id)
    for owner_id, spend in state.spends.items():
        _require(spend.held_micros == held.pop(owner_id, 0), f"{owner_id} holds what no call does")
        figures = (spend.day_micros, spend.month_micros, spend.held_micros, spend.backlog)
        _require(min(figures) >= 0, f"{owner_id} has spent less than nothing")
    _require(not any(held.values()), f"held by calls and noted nowhere: {dict(held)}")


def _check_escrow(state: State) -> None:
    """Each issuer's escrow is what its sold and not ended tokens were first sold for."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for parcel in state.parcels.values():
        expected[_escrow(parcel)] += parcel.issue_price_micros * parcel.quantity_units
    for held in state.lot_parcels.values():
        parcel = held.parcel
        whole_micros = parcel.issue_price_micros * parcel.quantity_units
        released_micros = value_micros(parcel.issue_price_micros, held.ended_tokens)
        expected[_escrow(parcel)] += whole_micros - released_micros
    _require_accounts(state, expected, ("escrow",))
    by_issuer: Counter[tuple[str, str, str]] = Counter()
    for (issuer_id, _), amount in state.indices.sold_micros.items():
        by_issuer[(issuer_id, "escrow", CASH)] += amount
    _require(by_issuer == expected, "escrow by instrument does not add up to escrow")


def _check_withheld(state: State) -> None:
    """What is withheld of each member is its gains on Units that have not ended."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for parcel in state.parcels.values():
        _expect_gains(expected, parcel, 0)
    for held in state.lot_parcels.values():
        _expect_gains(expected, held.parcel, held.ended_tokens)
    _require_accounts(state, expected, ("withheld",))


def _expect_gains(
    expected: Counter[tuple[str, str, str]], parcel: Parcel, ended_tokens: int
) -> None:
    floor_micros = parcel.issue_price_micros
    whole = parcel.quantity_units * TOKENS_PER_UNIT
    for gain in parcel.gains:
        _require(floor_micros <= gain.from_micros < gain.until_micros, f"{gain} is no layer")
        floor_micros = gain.until_micros
        amount = value_between(gain.until_micros - gain.from_micros, ended_tokens, whole)
        expected[(gain.member_id, "withheld", CASH)] += amount
    _require(floor_micros <= max(parcel.cost_price_micros, parcel.issue_price_micros), f"{parcel}")


def _check_ability(state: State) -> None:
    """No supplier was ever able for longer than time passed, and time is told in order."""
    now_us = state.now_us - state.outage_us
    for key, history in state.able_histories.items():
        samples = history.samples
        for (from_us, able_from), (until_us, able_until) in pairwise(samples):
            _require(from_us < until_us <= now_us, f"ability of {key} is out of order")
            _require(0 <= able_until - able_from <= until_us - from_us, f"{key} was able too long")


def _check_records(state: State) -> None:
    """Every judged call has one caller, at most one sample of each time, and one bucket."""
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for key, bucket in state.performance.items():
        _require(bucket.calls > 0, f"bucket {key} counts nothing")
        callers = bucket.callers
        _require(sum(each.calls for each in callers) == bucket.calls, f"callers of {key}")
        _require(sum(each.faults for each in callers) == bucket.faults, f"faults of {key}")
        for bins in (bucket.first_token_bins, bucket.speed_bins):
            _require(sum(count for _, count in bins) <= bucket.calls, f"samples of {key}")
        if bucket.grain == "fine":
            end_us = bucket.start_us + bucket.length_us
            spans.setdefault(key[:2], []).append((bucket.start_us, end_us))
    for ring, taken in spans.items():
        for (_, until_us), (from_us, _) in pairwise(sorted(taken)):
            _require(until_us <= from_us, f"buckets of {ring} overlap")


def _check_standings(state: State) -> None:
    """Who is suspended or ended is so in its admission, and nobody else."""
    for pair, standing in state.standings.items():
        admission = state.admissions.get(pair)
        _require(admission is not None, f"{pair} stands without an admission")
        is_out = standing.status in ("suspended", "ended")
        _require(admission is None or admission.suspended == is_out, f"{pair} is {standing.status}")
        waits = standing.status in ("warned", "probation")
        _require(not waits or standing.review_at_us is not None, f"nobody looks at {pair} again")


def _check_shortfalls(state: State) -> None:
    for issuer_id, shortfall in state.shortfalls.items():
        _require(min(shortfall[1:]) >= 0, f"{issuer_id} falls short by less than nothing")


def _escrow(parcel: Parcel) -> tuple[str, str, str]:
    return parcel.issuer_id, "escrow", CASH


def _check_obligations(state: State) -> None:
    """What each issuer brought out is unsold, ended, or in somebody's parcels."""
    expected: Counter[tuple[str, str]] = Counter()
    for (owner, account, asset), amount in state.balances.items():
        if asset == CASH or account in ("trading", "held", "lots", "reserved"):
            continue
        # Contra `issued` is negative, so what is left over is sold and not ended.
        expected[(owner, asset)] -= amount
    for (queue_id, _), parcel in state.parcels.items():
        asset = _instrument_of(state, queue_id)
        expected[(parcel.issuer_id, asset)] -= parcel.quantity_units * TOKENS_PER_UNIT
    for (lot_id, _), held in state.lot_parcels.items():
        asset = state.lots[lot_id].instrument_id
        living = held.free_tokens + held.reserved_tokens
        expected[(held.parcel.issuer_id, asset)] -= living
    for key, difference in expected.items():
        _require(difference == 0, f"issuance of {key} is off by {difference} tokens")


def _check_disputes(state: State) -> None:
    """No refund is more than the call cost, and each was paid by somebody."""
    for dispute in state.disputes.values():
        paid_micros = sum(payment.amount_micros for payment in dispute.payments)
        _require(
            paid_micros == dispute.refunded_micros, f"{dispute.dispute_id} is not paid for in full"
        )
        decided_micros = dispute.refunded_micros + dispute.shortfall_micros
        _require(
            min(dispute.refunded_micros, dispute.shortfall_micros) >= 0
            and decided_micros <= dispute.cost_micros,
            f"{dispute.dispute_id} refunds more than was paid",
        )


def _instrument_of(state: State, queue_id: str) -> str:
    if "/" in queue_id:
        return queue_id.split("/", 1)[1]
    return state.markets[state.orders[queue_id].market_id].instrument_id


def _check_books(state: State) -> None:
    resting = 0
    for market_id, book in state.indices.books.items():
        best_buy, best_sell = book.buy.best_price_micros(), book.sell.best_price_micros()
        # A book that was not called to trade yet may be crossed: in an auction, or halted in one.
        trades = state.markets[market_id].state == "open"
        if best_buy is not None and best_sell is not None and trades:
            _require(best_buy < best_sell, f"{market_id} rests crossed")
        for side in (book.buy, book.sell):
            for price_micros, level in side.walk():
                orders = [state.orders[order_id] for order_id in level.queue]
                resting += len(orders)
                units = sum(order.remaining_units for order in orders)
                ranks = [order.rank for order in orders]
                _require(ranks == sorted(ranks), f"{market_id} at {price_micros} is out of order")
                _require(units == level.quantity_units, f"{market_id} at {price_micros} miscounts")
    _require(resting == len(state.orders), "open orders and books differ")


def _require_accounts(
    state: State, expected: Counter[tuple[str, str, str]], accounts: tuple[str, ...]
) -> None:
    actual = {key: amount for key, amount in state.balances.items() if key[1] in accounts}
    wanted = {key: amount for key, amount in expected.items() if amount}
    if actual != wanted:
        different = sorted(set(actual.items()) ^ set(wanted.items()))
        raise InvariantBroken(f"accounts differ from what they stand for: {different[:4]}")


def _require(holds: bool, breach: str) -> None:
    if not holds:
        raise InvariantBroken(breach)
