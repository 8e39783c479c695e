"""Suppliers: what they may issue, what must stand behind it, and when they were able to serve.

Nothing is kept that can be added up again: what waits in escrow is found in all parcels there are.
"""

from typing import Any

from tests.oracle.books import HOUSE, UNIT, Books, Parcel, Supplier, demand, refuse
from tests.oracle.index import index_price
from tests.oracle.orders import active

ENDED = ("retired", "bought_back", "consumed", "expired", "refunded")


# ---- ability -----------------------------------------------------------------------------------


def is_able(books: Books, member: str, instrument: str) -> bool:
    supplier = books.suppliers.get(member)
    admission = books.admissions.get((member, instrument))
    if supplier is None or supplier.suspended or admission is None or admission.suspended:
        return False
    if books.members[member].suspended:
        return False
    linked = [names for (owner, _), names in books.links.items() if owner == member]
    return (member, instrument) in books.offers and any(instrument in names for names in linked)


def note_turns(books: Books, member: str) -> None:
    """Write down, with the time, in which instruments a supplier's ability has turned."""
    for owner, instrument in books.admissions:
        turns = books.turns.get((owner, instrument), ())
        able = is_able(books, owner, instrument)
        if owner == member and able != (bool(turns) and turns[-1][1]):
            books.turns[owner, instrument] = (*turns, (books.up, able))


def able_time(books: Books, member: str, instrument: str, start: int, end: int) -> int:
    """For how long of a span a supplier was able, span by span of its turns."""
    total = 0
    turns = books.turns.get((member, instrument), ())
    for number, (since, able) in enumerate(turns):
        until = turns[number + 1][0] if number + 1 < len(turns) else end
        if able:
            total += max(0, min(end, until) - max(start, since))
    return total


def availability(books: Books, ask: Any) -> None:
    known = ask.member_id in books.suppliers or (ask.member_id, ask.relay_id) in books.links
    offers = any((ask.member_id, each) in books.offers for each in ask.instrument_ids)
    demand(known or offers, "SUPPLIER_NOT_ADMITTED")
    books.links[ask.member_id, ask.relay_id] = ask.instrument_ids if ask.connected else ()
    note_turns(books, ask.member_id)


def suspend(books: Books, ask: Any, suspended: bool) -> None:
    """Suspend or reinstate a supplier, in one instrument or in all."""
    key = (ask.member_id, ask.instrument_id)
    demand(ask.member_id in books.suppliers, "SUPPLIER_NOT_ADMITTED")
    if ask.instrument_id:
        demand(key in books.admissions, "SUPPLIER_NOT_ADMITTED")
        books.admissions[key] = books.admissions[key]._replace(suspended=suspended)
    else:
        supplier = books.suppliers[ask.member_id]
        books.suppliers[ask.member_id] = supplier._replace(suspended=suspended)
    note_turns(books, ask.member_id)


# ---- obligations -------------------------------------------------------------------------------


def admitted(books: Books, member: str) -> list[str]:
    return sorted(instrument for owner, instrument in books.admissions if owner == member)


def outstanding(books: Books, member: str, instrument: str) -> int:
    """Tokens issued that have not ended."""
    ended = sum(books.balance(member, account, instrument) for account in ENDED)
    return -books.balance(member, "issued", instrument) - ended


def unsold(books: Books, member: str, instrument: str) -> int:
    return sum(books.balance(member, account, instrument) for account in ("unsold", "listed"))


def owed_by_all(books: Books, member: str) -> int:
    return sum(outstanding(books, member, each) for each in admitted(books, member))


def capacity(books: Books, supplier: Supplier) -> int:
    verified = supplier.speed * books.figure("capacity_window_us") // UNIT
    return verified * books.figure("capacity_derating_per_mille") // 1_000


def proceeds(books: Books, member: str, instrument: str) -> int:
    """What waits in escrow for an issuer's Units of an instrument, parcel by parcel."""
    waiting: list[tuple[Parcel, int]] = []
    for queue, placed in books.queues.items():
        of = books.markets[books.orders[queue].market].instrument if queue in books.orders else ""
        if instrument in (of, queue.partition("/")[2]):
            waiting += [(parcel, 0) for _, parcel in placed]
    for lot in books.lots.values():
        if lot.instrument == instrument:
            waiting += [(held.parcel, held.ended) for held in lot.held]
    return sum(
        parcel.first_price * parcel.units - parcel.first_price * ended // UNIT
        for parcel, ended in waiting
        if parcel.issuer == member
    )


# ---- collateral --------------------------------------------------------------------------------


def required(books: Books, member: str, besides: dict[str, int]) -> int:
    """Collateral for all that is owed, and for so many tokens besides, sold at the index."""
    loaded = 1_000 + books.figure("supply_penalty_per_mille")
    total = waiting = 0
    for instrument in admitted(books, member):
        index, more = index_price(books, instrument), besides.get(instrument, 0)
        owed = outstanding(books, member, instrument) - unsold(books, member, instrument) + more
        money = proceeds(books, member, instrument) + index * more // UNIT
        total += -(-max(money, index * owed // UNIT) * loaded // 1_000)
        waiting += money
    return max(0, total - waiting * books.figure("collateral_escrow_per_mille") // 1_000)


def required_to_issue(books: Books, member: str, instrument: str, units: int) -> int:
    besides = {each: unsold(books, member, each) for each in admitted(books, member)}
    besides[instrument] = besides.get(instrument, 0) + units * UNIT
    return required(books, member, besides)


def missing(books: Books, member: str) -> int:
    lacking = required(books, member, {}) - books.balance(member, "collateral")
    return max(0, lacking) + books.debts.get(member, (0, 0))[0]


def standing(books: Books, member: str) -> tuple[int, int, int]:
    """Collateral that is required, posted and missing."""
    posted = books.balance(member, "collateral")
    return required(books, member, {}), posted, missing(books, member)


def post_collateral(books: Books, ask: Any) -> tuple[int, int, int]:
    """Put cash behind what was sold; the guarantee gets back what it advanced."""
    member = ask.member_id
    demand(member in books.members, "MEMBER_NOT_FOUND")
    demand(member in books.suppliers, "SUPPLIER_NOT_ADMITTED")
    demand(ask.amount_micros > 0, "INVALID_ARGUMENT")
    demand(ask.amount_micros <= books.balance(member, "available"), "INSUFFICIENT_FUNDS")
    books.pay("collateral", (member, "available"), (member, "collateral"), ask.amount_micros)
    advanced, lost = books.debts.get(member, (0, 0))
    amount = min(advanced, books.balance(member, "collateral"))
    if amount:
        books.pay("repay_guarantee", (member, "collateral"), (HOUSE, "guarantee"), amount)
        books.debts[member] = (advanced - amount, lost)
    return standing(books, member)


def withdraw_collateral(books: Books, ask: Any) -> tuple[int, int, int]:
    member, amount = ask.member_id, ask.amount_micros
    demand(member in books.members, "MEMBER_NOT_FOUND")
    demand(member in books.suppliers, "SUPPLIER_NOT_ADMITTED")
    demand(amount > 0, "INVALID_ARGUMENT")
    free = books.balance(member, "collateral") - required(books, member, {})
    demand(amount <= free, "COLLATERAL_SHORT")
    books.pay("collateral", (member, "collateral"), (member, "available"), amount)
    return standing(books, member)


# ---- issuing -----------------------------------------------------------------------------------


def room(books: Books, member: str, instrument: str) -> tuple[int, int, int]:
    """Units that are unsold and not listed, the capacity, and what of it is taken."""
    units = books.balance(member, "unsold", instrument) // UNIT
    return units, capacity(books, books.suppliers[member]), owed_by_all(books, member)


def issue(books: Books, ask: Any) -> tuple[int, int, int]:
    """Make Units to sell, within capacity and with collateral behind them."""
    member, instrument, tokens = ask.member_id, ask.instrument_id, ask.quantity_units * UNIT
    active(books, member, "supplier")
    supplier, admission = books.suppliers.get(member), books.admissions.get((member, instrument))
    if supplier is None or admission is None:
        refuse("SUPPLIER_NOT_ADMITTED")
    demand(not supplier.suspended and not admission.suspended, "SUPPLIER_NOT_ADMITTED")
    demand((member, instrument) in books.offers, "OFFER_NOT_FOUND")
    demand(tokens > 0, "QUANTITY_OUT_OF_RANGE")
    demand(owed_by_all(books, member) + tokens <= capacity(books, supplier), "CAPACITY_EXCEEDED")
    needed = required_to_issue(books, member, instrument, ask.quantity_units)
    needed += books.debts.get(member, (0, 0))[0]
    demand(needed <= books.balance(member, "collateral"), "COLLATERAL_SHORT")
    books.move("issue", member, instrument, tokens, "issued", "unsold")
    return room(books, member, instrument)


def retire(books: Books, ask: Any) -> tuple[int, int, int]:
    member, instrument, tokens = ask.member_id, ask.instrument_id, ask.quantity_units * UNIT
    demand(member in books.suppliers, "SUPPLIER_NOT_ADMITTED")
    demand(tokens > 0, "QUANTITY_OUT_OF_RANGE")
    demand(tokens <= books.balance(member, "unsold", instrument), "INSUFFICIENT_UNITS")
    books.move("retire", member, instrument, tokens, "unsold", "retired")
    return room(books, member, instrument)


def renew(books: Books, ask: Any) -> None:
    key = (ask.member_id, ask.instrument_id)
    demand(ask.member_id in books.suppliers and key in books.admissions, "SUPPLIER_NOT_ADMITTED")
    books.admissions[key] = books.admissions[key]._replace(renews=ask.renews_unsold)


def may_renew(books: Books, member: str, instrument: str) -> bool:
    """Whether unsold Units may stay for another window: as far as they could be issued now."""
    supplier, admission = books.suppliers.get(member), books.admissions.get((member, instrument))
    if supplier is None or admission is None or not admission.renews:
        return False
    if supplier.suspended or admission.suspended:
        return False
    if owed_by_all(books, member) > capacity(books, supplier):
        return False
    needed = required_to_issue(books, member, instrument, 0)
    return needed <= books.balance(member, "collateral")
