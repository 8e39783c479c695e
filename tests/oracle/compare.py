"""The engine and the naive exchange side by side: one command through both, every effect compared.

What each does with it is theirs; here stands what must be equal afterwards.
"""

from collections import Counter
from typing import Any

from tests.oracle import books
from tests.oracle.books import Books, Gain, Parcel
from tests.oracle.day import Day
from tests.oracle.naive import Naive
from thegrid_exchange.engine import events, replies
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.records import LotParcel, Order
from thegrid_exchange.engine.records import Parcel as EngineParcel
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.state import State
from thegrid_exchange.engine.step import Outcome, step

# A Tick forgets closed orders and settled calls after a while, the naive books never do.
FORGOTTEN = {"ORDER_NOT_FOUND": "ORDER_CLOSED", "DELIVERY_NOT_FOUND": "DELIVERY_CLOSED"}
EVENTS_MOST = 1_900
"""Beyond it the engine puts work off, which the naive exchange does not."""


class Differs(AssertionError):
    """The engine and the naive exchange do not agree."""


class Pair:
    """An engine and a naive exchange that are given the same commands."""

    def __init__(self) -> None:
        self.state = State()
        self.naive = Naive()
        self.outcome = Outcome((), replies.TickReply(0, False))
        self.counts: Counter[str] = Counter()

    def send(self, command: Any, at_us: int) -> None:
        """Carry out a command in both, and compare everything that it did."""
        said = self.naive.carry_out(command, at_us)
        self.outcome = step(self.state, command, at_us)
        self.counts[type(command).__name__] += 1
        self.counts["events"] += len(self.outcome.events)
        if len(self.outcome.events) > EVENTS_MOST:
            raise Differs("the engine has put work off; give it smaller commands")
        try:
            self._compare_reply(said)
            compare_effects(self.naive, self.outcome.events, self.counts)
            compare_tables(self.state, self.naive, touched=bool(self.outcome.events))
        except Differs as differs:
            raise Differs(f"{command}\n{differs}") from None

    def _compare_reply(self, said: Any) -> None:
        reply = self.outcome.reply
        if not isinstance(reply, Refusal):
            self.counts["accepted"] += 1
            same(f"reply {reply}", told(reply, self.state.outage_us), in_words(said))
            return
        self.counts[f"refused {reply.reason}"] += 1
        reason = FORGOTTEN.get(reply.reason, reply.reason)
        same(
            f"refusal ({reply})",
            reason,
            FORGOTTEN.get(said, said) if isinstance(said, str) else f"taken: {said}",
        )


def lived_through(seed: int, length: int) -> Pair:
    """A pair after its opening and so many random commands, each compared."""
    day, pair = Day(seed), Pair()
    for command in day.opening():
        pair.send(command, day.at_us)
        if isinstance(pair.outcome.reply, Refusal):
            raise Differs(f"the opening is refused: {pair.outcome.reply}")
    for number in range(length):
        command, at_us = day.next(pair.naive)
        try:
            pair.send(command, at_us)
        except Differs as differs:
            raise Differs(f"seed {seed}, command {number}: {differs}") from None
        if number % 50 == 0:
            check(pair.state)
    check(pair.state)
    return pair


def same(name: Any, engine: Any, naive: Any) -> None:
    if engine != naive:
        raise Differs(f"{name}\n engine: {engine}\n naive:  {naive}")


# ---- replies -----------------------------------------------------------------------------------


def told(reply: Any, down_us: int) -> Any:
    """Of an answer what the naive exchange tells as well."""
    match reply:
        case replies.OrderReply():
            # What was only tried has not happened, nor has an outage that it found.
            undone = reply.validated_only
            return order_in_naive_words(
                reply.order, reply.order.outage_base_us if undone else down_us
            )
        case replies.BatchReply() | replies.QuotesReply():
            return [
                each.reason if isinstance(each, Refusal) else told(each, down_us)
                for each in reply.items
            ]
        case replies.OrdersCancelledReply():
            return list(reply.order_ids)
        case replies.TransferReply():
            return reply.transfer.lot_id
        case replies.ReserveReply():
            draws = tuple((draw.lot_id, draw.number, draw.tokens) for draw in reply.draws)
            return (draws, reply.bought_units, reply.bought_micros)
        case replies.MarkReply():
            return (reply.reserved_tokens, reply.deadline_us, bool(reply.extension_refused))
        case replies.CashReply():
            return reply.available_micros
        case replies.CollateralReply():
            mark = reply.mark
            return (mark.required_micros, mark.posted_micros, mark.missing_micros)
        case replies.IssuanceReply():
            return (reply.unsold_units, reply.capacity_tokens, reply.obligation_tokens)
        case replies.LateReportReply():
            return "late"
    return None


def in_words(said: Any) -> Any:
    """An answer of the naive exchange, its orders as tuples."""
    if isinstance(said, list):
        return [in_words(each) for each in said]
    return order_in_naive_words(said) if isinstance(said, books.Order) else said


def order_in_naive_words(order: Any, down_us: int = 0) -> tuple[Any, ...]:
    """An order of either as one tuple."""
    if not isinstance(order, Order):
        filled = order.quantity - order.left
        caps = (order.most_average or 0, order.most_spend or 0)
        return (*order[:9], filled, order.source, *order[11:17], *caps, *order[-3:])
    return (
        *(order.order_id, order.member_id, order.market_id, order.side, order.type),
        *(order.time_in_force, order.price_micros, order.quantity_units, order.remaining_units),
        *(order.filled_units, order.source, order.worst_fee_bps),
        None if order.maker_fee_bps is None else (order.maker_fee_bps, order.taker_fee_bps),
        *(order.auto_transfer, order.self_trade_prevention, order.tag),
        order.expires_at_us and order.expires_at_us + down_us - order.outage_base_us,
        *(order.max_average_price_micros, order.max_spend_micros),
        *(order.held_micros, order.filled_micros, order.fee_micros),
    )


# ---- effects -----------------------------------------------------------------------------------


def compare_effects(naive: Books, made: tuple[Any, ...], counts: Counter[str]) -> None:
    """Postings by cause and account, trades, closures, settled calls and indexes, in this order."""
    postings: Counter[tuple[str, str, str, str]] = Counter()
    trades, usage, indexed = [], [], []
    for event in made:
        match event:
            case events.Posted():
                for line in event.postings:
                    postings[event.cause, line.owner, line.account, line.asset] += line.amount
            case events.TradeExecuted():
                trades.append(_of_trade(event.trade))
            case events.OrderClosed():
                closed = (event.order.member_id, event.order.closure_reason)
                same(event.order.order_id, closed, naive.closed.get(event.order.order_id))
            case events.UsageRecorded():
                usage.append(_of_usage(event.usage))
            case events.ReferenceIndexSet():
                indexed.append(_of_index(event.reference_index))
    mine: Counter[tuple[str, str, str, str]] = Counter()
    for *account, amount in naive.postings:
        mine[tuple(account)] += amount  # type: ignore[index]
    same("postings", _without_zeros(postings), _without_zeros(mine))
    same("trades", trades, naive.trades)
    same("usage", usage, naive.usage)
    same("indexes", indexed, naive.indexed)
    count_effects(made, counts)


def count_effects(made: tuple[Any, ...], counts: Counter[str]) -> None:
    """What happened by kind, so that a world in which nothing happens any more is noticed."""
    for event in made:
        counts[type(event).__name__] += 1
        if isinstance(event, events.Posted):
            counts[f"posted {event.cause}"] += 1
        elif isinstance(event, events.UsageRecorded):
            counts[f"verdict {event.usage.verdict}"] += 1
        elif isinstance(event, events.AuctionOpened):
            counts[f"auction {event.auction.cause}"] += 1
        elif isinstance(event, events.TradeExecuted):
            counts["traded in auctions"] += bool(event.trade.auction_id)
        elif isinstance(event, events.ShortfallRecorded):
            counts["losses"] += len(event.losses)


def _without_zeros(totals: Counter[Any]) -> dict[Any, int]:
    return {key: amount for key, amount in totals.items() if amount}


def _of_trade(trade: Any) -> tuple[Any, ...]:
    return (
        *(trade.trade_id, trade.maker_order_id, trade.taker_order_id, trade.price_micros),
        *(trade.quantity_units, trade.buyer_fee_micros, trade.seller_fee_micros),
        *(trade.source, trade.affiliated),
    )


def _of_usage(record: Any) -> tuple[Any, ...]:
    draws = tuple(
        (draw.lot_id, draw.number, draw.tokens, draw.cost_micros, draw.earned_micros)
        for draw in record.draws
    )
    return (
        *(record.delivery_id, record.verdict, record.billed_tokens, record.tendered_tokens),
        *(draws, record.venue_paid_micros),
    )


def _of_index(index: Any) -> tuple[Any, ...]:
    return (
        *(index.instrument_id, index.window_start_us, index.price_micros),
        *(index.trade_count, index.volume_tokens, index.status),
    )


# ---- tables ------------------------------------------------------------------------------------


def compare_tables(state: State, naive: Books, *, touched: bool) -> None:
    """Every balance; and where anything happened every order, parcel, Lot, call and debt."""
    same("balances", state.balances, naive.balances)
    if not touched:
        return
    for name, order in naive.orders.items():
        engine = state.orders.get(name)
        same(
            name,
            engine and order_in_naive_words(engine, state.outage_us),
            order_in_naive_words(order),
        )
    resting = sorted((o.rank, name) for name, o in state.orders.items() if o.rank)
    aged = sorted((o.age, name) for name, o in naive.orders.items() if o.age)
    same("queue of orders", [name for _, name in resting], [name for _, name in aged])
    same("number of orders", len(state.orders), len(naive.orders))
    same("parcels", parcels_of(state), dict(naive.queues))
    same("lots", lots_of(state), {name: (lot[:6], lot[6:]) for name, lot in naive.lots.items()})
    same(
        "calls",
        calls_of(state),
        {n: (c.reserved, c.marked, c.draws, c.deadline) for n, c in naive.calls.items()},
    )
    debts = {name: debt[1:] for name, debt in state.shortfalls.items()}
    same("debts", debts, naive.debts)


def in_naive_words(parcel: EngineParcel) -> Parcel:
    return Parcel(
        parcel.issuer_id,
        parcel.issue_trade_id,
        parcel.issue_price_micros,
        parcel.issue_fee_bps,
        parcel.cost_trade_id,
        parcel.cost_price_micros,
        parcel.cost_affiliated,
        tuple(Gain(*gain) for gain in parcel.gains),
        parcel.quantity_units,
    )


def parcels_of(state: State) -> dict[str, Any]:
    """The queues of parcels; a place is the number of its trade, and where it stood in it."""
    queues: dict[str, Any] = {}
    for (queue, number), parcel in sorted(state.parcels.items()):
        placed = (divmod(number, 1 << 16), in_naive_words(parcel))
        queues[queue] = (*queues.get(queue, ()), placed)
    return queues


def lots_of(state: State) -> dict[str, Any]:
    """The Lots with what is in them."""
    held: dict[str, list[LotParcel]] = {}
    for (lot_id, _), parcel in sorted(state.lot_parcels.items()):
        held.setdefault(lot_id, []).append(parcel)
    return {
        name: (
            (
                *(lot.member_id, lot.instrument_id, lot.origin),
                lot.minted_at_us - lot.outage_base_us,
                state.deadline_us(lot.expires_at_us, lot.outage_base_us),
                tuple((in_naive_words(each.parcel), *each[3:]) for each in held[name]),
            ),
            (lot.consumed_tokens, lot.expired_tokens, lot.refunded_tokens),
        )
        for name, lot in state.lots.items()
    }


def calls_of(state: State) -> dict[str, Any]:
    return {
        name: (
            call.reserved_tokens,
            call.marked_tokens,
            tuple((draw.lot_id, draw.number, draw.tokens) for draw in call.draws),
            state.deadline_us(call.deadline_us, call.outage_base_us),
        )
        for name, call in state.reservations.items()
    }
