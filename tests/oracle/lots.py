"""Lots: how they are minted of parcels, what a call draws from them, and what it gives back.

What the money of ending tokens does is in `endings`.
"""

from tests.oracle import parcels
from tests.oracle.books import UNIT, Books, Held, Lot, demand, merged

Draw = tuple[str, int, int]
"""Lot, place of the parcel in it, tokens."""


def auto_transfer(books: Books, owner: str, instrument: str, units: int) -> None:
    """Move what a buy gained, as far as it lies in no more parcels than one Lot takes."""
    fitting = units_for_a_lot(books, owner, instrument)
    mint(books, owner, instrument, min(units, fitting), "auto_transfer")


def units_for_a_lot(books: Books, owner: str, instrument: str) -> int:
    queue = parcels.queue_of(owner, instrument)
    return parcels.units_in(books, queue, books.figure("max_parcels"))


def mint(books: Books, owner: str, instrument: str, units: int, origin: str) -> str:
    """Make a Lot of the oldest Units of a Trading account."""
    queue = parcels.queue_of(owner, instrument)
    taken = parcels.take(books, queue, units, most=books.figure("max_parcels"))
    books.move("transfer", owner, instrument, units * UNIT, "trading", "lots")
    books.dealings.append(("used", owner, instrument, units, 0, 0))
    books.next("trf")
    name = books.next("lot")
    books.lots[name] = Lot(
        owner,
        instrument,
        origin,
        books.up,
        books.now + books.figure("lot_window_us"),
        tuple(Held(each, each.units * UNIT) for each in merged(each for _, each in taken)),
    )
    return name


def choose(books: Books, owner: str, instrument: str, tokens: int) -> tuple[list[Draw], int]:
    """What a call would draw, soonest to expire first; also the tokens that are missing."""
    draws: list[Draw] = []
    live = [
        (lot.expires, name)
        for name, lot in books.lots.items()
        if (lot.owner, lot.instrument) == (owner, instrument) and lot.expires > books.now
    ]
    free = [
        (name, place, held.free)
        for _, name in sorted(live)
        for place, held in enumerate(books.lots[name].held)
        if held.free
    ]
    for name, place, there in free:
        if not tokens:
            break
        demand(len(draws) < books.figure("max_draws"), "WORK_LIMIT")
        draws.append((name, place, min(tokens, there)))
        tokens -= draws[-1][2]
    return draws, tokens


def set_aside(books: Books, owner: str, instrument: str, draws: list[Draw]) -> None:
    """Reserve what was chosen."""
    for name, place, tokens in draws:
        held = books.lots[name].held[place]
        aside = held._replace(free=held.free - tokens, reserved=held.reserved + tokens)
        change(books, name, place, aside)
        books.move("reserve", owner, instrument, tokens, "lots", "reserved")


def change(books: Books, name: str, place: int, held: Held) -> None:
    """Give a parcel of a Lot other figures."""
    lot = books.lots[name]
    books.lots[name] = lot._replace(held=(*lot.held[:place], held, *lot.held[place + 1 :]))


def forget_if_ended(books: Books, name: str) -> None:
    lot = books.lots[name]
    if not lot.free and not lot.reserved:
        del books.lots[name]
