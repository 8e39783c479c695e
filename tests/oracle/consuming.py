"""Calls: what they set aside, how far they have come, and what they used in the end.

Purchases on the way are in `buying`, the money of what was used in `endings`.
"""

from typing import Any

from tests.oracle import endings, lots
from tests.oracle.books import HOUSE, UNIT, Books, Call, Held, Lot, Refused, demand, refuse
from tests.oracle.buying import provide, top_up
from tests.oracle.index import note_delivered
from tests.oracle.lots import Draw
from tests.oracle.orders import active

BILLS = ("in_spec", "cancelled_by_client")
FAILS = ("late_first_token", "too_slow", "failed")


def transfer(books: Books, ask: Any) -> str:
    """Whole Units out of the Trading account into a Lot."""
    active(books, ask.member_id, "consumer")
    demand(ask.quantity_units > 0, "QUANTITY_OUT_OF_RANGE")
    there = books.balance(ask.member_id, "trading", ask.instrument_id)
    demand(ask.quantity_units * UNIT <= there, "INSUFFICIENT_UNITS")
    return lots.mint(books, ask.member_id, ask.instrument_id, ask.quantity_units, "transfer")


# ---- opening and extending ---------------------------------------------------------------------


def reserve(books: Books, ask: Any) -> tuple[Any, ...]:
    """Set aside prompt and first step; in auto mode buy what is missing."""
    active(books, ask.member_id, "consumer")
    known = ask.delivery_id in books.calls or ask.delivery_id in books.settled
    demand(not known, "DELIVERY_EXISTS")
    demand(ask.prompt_tokens >= 1, "INVALID_ARGUMENT")
    demand(1 <= ask.choices <= 128, "INVALID_ARGUMENT")
    demand(ask.prompt_tokens + ask.max_output_tokens <= 128_000, "CONTEXT_EXCEEDED")
    step = min(ask.max_output_tokens, books.figure("reserve_step_tokens"))
    tokens = ask.prompt_tokens + ask.choices * step
    owner, instrument = ask.member_id, ask.instrument_id
    draws, bought = draw_or_buy(books, owner, instrument, tokens, ask.max_price_micros)
    books.calls[ask.delivery_id] = Call(
        owner,
        instrument,
        ask.prompt_tokens,
        ask.max_output_tokens,
        ask.choices,
        ask.max_price_micros,
        tokens,
        tuple(draws),
        deadline_of(books, draws),
        books.now,
    )
    top_up(books, owner, instrument)
    return (tuple(draws), *bought)


def draw_or_buy(
    books: Books, owner: str, instrument: str, tokens: int, most_price: int | None
) -> tuple[list[Draw], tuple[int, int]]:
    """Set tokens aside, bought ones among them where the member's account buys by itself."""
    bought = (0, 0)
    draws, missing = lots.choose(books, owner, instrument, tokens)
    if missing and books.members[owner].mode == "auto":
        bought = provide(books, owner, instrument, missing, most_price)
        draws, missing = lots.choose(books, owner, instrument, tokens)
    demand(not missing, "INSUFFICIENT_UNITS")
    lots.set_aside(books, owner, instrument, draws)
    return draws, bought


def deadline_of(books: Books, draws: Any) -> int:
    """When the next mark is due: soon, and not long after the first Lot expires."""
    first = min(books.lots[name].expires for name, _, _ in draws)
    soon = books.now + books.figure("reservation_window_us")
    return min(soon, first + books.figure("reservation_grace_us"))


def mark(books: Books, ask: Any) -> tuple[int, int, bool]:
    """Note how far a call has come; once half a step is used it gets another."""
    call = open_call(books, ask.delivery_id)
    done = max(ask.completion_tokens, 0)
    marked = max(call.marked, min(call.prompt + done, call.reserved))
    call = call._replace(marked=marked)
    step = call.choices * books.figure("reserve_step_tokens")
    ahead = call.reserved - call.prompt
    more = min(step, call.choices * call.output - ahead) if ahead - done <= step // 2 else 0
    if more and not call.stopped:
        answer = books.attempt(lambda: extend(books, call, more))
        call = call._replace(stopped=True) if isinstance(answer, Refused) else answer
    call = call._replace(deadline=deadline_of(books, call.draws))
    books.calls[ask.delivery_id] = call
    return call.reserved, call.deadline, call.stopped


def extend(books: Books, call: Call, more: int) -> Call:
    active(books, call.owner, "consumer")
    draws, _ = draw_or_buy(books, call.owner, call.instrument, more, call.most_price)
    joined = {(name, place): tokens for name, place, tokens in call.draws}
    for name, place, tokens in draws:
        joined[name, place] = joined.get((name, place), 0) + tokens
    return call._replace(
        reserved=call.reserved + more, draws=tuple((*key, joined[key]) for key in joined)
    )


def open_call(books: Books, name: str) -> Call:
    if name not in books.calls:
        refuse("DELIVERY_CLOSED" if name in books.settled else "DELIVERY_NOT_FOUND")
    return books.calls[name]


# ---- ending ------------------------------------------------------------------------------------


def report(books: Books, ask: Any) -> str | None:
    """Settle a call as it is told to have ended; a late report moves nothing."""
    if books.settled.get(ask.delivery_id):
        books.settled[ask.delivery_id] = False
        return "late"
    call = open_call(books, ask.delivery_id)
    counted = ask.canonical.prompt_tokens + ask.canonical.completion_tokens
    settle(books, ask.delivery_id, ask.verdict, ask.billed_tokens, counted, ask.supplier_id)
    top_up(books, call.owner, call.instrument)
    return None


def settle_at_mark(books: Books, name: str) -> None:
    """Settle a call whose report never came; where nothing was marked it is the venue's fault."""
    call = books.calls[name]
    verdict = "in_spec" if call.marked else "venue_fault"
    settle(books, name, verdict, call.marked, max(call.prompt, call.marked), "", awaits=True)


def settle(
    books: Books,
    name: str,
    verdict: str,
    billed: int,
    counted: int,
    supplier: str,
    *,
    awaits: bool = False,
) -> None:
    """End a call: what was used moves, what was called in vain is noted, the rest goes back."""
    call = books.calls.pop(name)
    billed = min(max(billed, 0), call.reserved) if verdict in BILLS else 0
    tendered = min(max(counted, call.prompt), call.reserved) if verdict in FAILS else 0
    server = supplier if supplier in books.members else ""
    paid = venue_pays(books, call, counted) if verdict == "venue_fault" and server else 0
    shares = []
    for draw in call.draws:
        used = min(billed, draw[2])
        failed = min(tendered, draw[2] - used)
        billed, tendered = billed - used, tendered - failed
        shares.append((draw, used, failed))
    claims = endings.Claims()
    by_lot = list(dict.fromkeys(draw[0] for draw in call.draws))
    shares.sort(key=lambda share: by_lot.index(share[0][0]))
    lines = [end_draw(books, share, server, claims) for share in shares]
    books.pay("consume", (HOUSE, "guarantee"), (server or HOUSE, "available"), paid)
    if verdict == "in_spec":
        used_up = [line[-1] for line in lines if line[2]]
        note_delivered(books, call.owner, call.instrument, call.opened, supplier, used_up)
    for lot in by_lot:
        lots.forget_if_ended(books, lot)
    endings.settle(books, call.owner, claims)
    books.settled[name] = awaits
    drawn = tuple(line[:-1] for line in lines if line[2])
    billed_in_all = sum(used for _, used, _ in shares)
    failed_in_all = sum(failed for _, _, failed in shares)
    books.usage.append((name, verdict, billed_in_all, failed_in_all, drawn, paid))


def venue_pays(books: Books, call: Call, counted: int) -> int:
    """What the guarantee owes who worked in vain, as far as it goes."""
    owed = 0
    for name, place, tokens in call.draws:
        part = min(counted, tokens)
        owed += books.lots[name].held[place].parcel.first_price * part // UNIT
        counted -= part
    return min(owed, books.balance(HOUSE, "guarantee"))


def end_draw(
    books: Books, share: tuple[Draw, int, int], server: str, claims: endings.Claims
) -> tuple[Any, ...]:
    """End one draw: lot, place, tokens used, their cost and earnings, and what the index counts."""
    (name, place, tokens), used, failed = share
    lot, held = books.lots[name], books.lots[name].held[place]
    back = tokens - used
    # What is delivered in spec makes good for as many tokens that failed before.
    tendered = max(held.tendered - used, 0) + failed
    tendered = min(tendered, held.free + held.reserved - used)
    gone = back if lot.expires <= books.now else 0
    refunded = min(tendered, gone)
    counts = (used, refunded, gone - refunded)
    cost, earned = endings.end(
        books, "consume", lot, held, counts, claims, account="reserved", server=server
    )
    books.move("consume", lot.owner, lot.instrument, back - gone, "reserved", "lots")
    after = Held(
        held.parcel,
        held.free + back - gone,
        held.reserved - tokens,
        held.ended + used + gone,
        tendered - refunded,
    )
    count_ended(books, name, place, after, counts)
    parcel = held.parcel
    of_index = (parcel.issuer, parcel.trade, parcel.cost, parcel.kin, used)
    return name, place, used, cost, earned, of_index


def expire(books: Books, name: str) -> None:
    """End what is free of a Lot whose time has passed, so many parcels at a time."""
    lot = books.lots[name]
    claims = endings.Claims()
    free = [place for place, held in enumerate(lot.held) if held.free]
    for place in free[: books.figure("max_parcels")]:
        held = lot.held[place]
        refunded = min(held.tendered, held.free)
        counts = (0, refunded, held.free - refunded)
        endings.end(books, "expire", lot, held, counts, claims, account="lots")
        after = Held(
            held.parcel, 0, held.reserved, held.ended + held.free, held.tendered - refunded
        )
        count_ended(books, name, place, after, counts)
    endings.settle(books, lot.owner, claims)
    lots.forget_if_ended(books, name)


def count_ended(
    books: Books, name: str, place: int, held: Held, counts: tuple[int, int, int]
) -> None:
    lots.change(books, name, place, held)
    lot: Lot = books.lots[name]
    books.lots[name] = lot._replace(
        consumed=lot.consumed + counts[0],
        refunded=lot.refunded + counts[1],
        expired=lot.expired + counts[2],
    )
