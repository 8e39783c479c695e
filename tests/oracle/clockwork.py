"""What time brings: calls settled at their last mark, Lots and orders that expire, and sweeps.

A command first does its own member's due items; a Tick does everybody's.
"""

from tests.oracle import auctions, consuming, index, lots, orders, supplying
from tests.oracle.books import Books

Due = tuple[int, str]


def due_calls(books: Books, owner: str | None = None) -> list[Due]:
    return _due(
        books, [(c.deadline, n) for n, c in books.calls.items() if owner in (None, c.owner)]
    )


def due_lots(books: Books, owner: str | None = None) -> list[Due]:
    live = [(n, lot) for n, lot in books.lots.items() if owner in (None, lot.owner) and lot.free]
    return _due(books, [(lot.expires, n) for n, lot in live])


def due_orders(books: Books, owner: str | None = None) -> list[Due]:
    dated = [(n, o) for n, o in books.orders.items() if owner in (None, o.owner) and o.expires]
    return _due(books, [(o.expires or 0, n) for n, o in dated])


def _due(books: Books, deadlines: list[Due]) -> list[Due]:
    return sorted(each for each in deadlines if each[0] <= books.now)


def run_own(books: Books, owner: str) -> None:
    """Do what is due of a member, so many items at the most."""
    for _ in range(books.figure("max_due_items")):
        due = sorted(due_calls(books, owner) + due_lots(books, owner) + due_orders(books, owner))
        if not due:
            return
        do(books, due[0][1])


def do(books: Books, name: str) -> None:
    if name in books.calls:
        consuming.settle_at_mark(books, name)
    elif name in books.lots:
        consuming.expire(books, name)
    else:
        orders.close(books, books.orders[name], "expired")


def tick(books: Books) -> None:
    """Everything that is due, kind by kind."""
    for due_of in (due_calls, due_lots, due_orders):
        while due := due_of(books):
            do(books, due[0][1])
    auctions.run(books)
    sweep(books)
    index.set_due(books)


# ---- sweeps ------------------------------------------------------------------------------------


def sweep(books: Books) -> None:
    """Sweep the markets that are due, one turn of each after the other."""
    due = sorted((m.next_sweep, name) for name, m in books.markets.items())
    waiting = {name: "" for slot, name in due if slot <= books.now}
    while waiting:
        for name in tuple(waiting):
            issuer = turn(books, name, waiting[name])
            if issuer is None:
                del waiting[name]
            else:
                waiting[name] = issuer
    interval = books.figure("sweep_interval_us")
    for slot, name in due:
        if slot <= books.now:
            next_sweep = (books.now // interval + 1) * interval
            books.markets[name] = books.markets[name]._replace(next_sweep=next_sweep)


def turn(books: Books, market: str, renewed: str) -> str | None:
    """One turn: orders good till the sweep, else a holder, else an issuer; None when all is done.

    Issuers up to `renewed` keep what they have not sold.
    """
    instrument = books.markets[market].instrument
    till_now = [o for o in books.orders.values() if o.market == market and o.lasts == "gts"]
    if till_now:
        for order in sorted(till_now):
            orders.close(books, order, "swept")
        return renewed
    holders = owners_of(books, instrument, ("trading", "held"))
    if holders:
        close_sells(books, market, holders[0], "trading")
        units = lots.units_for_a_lot(books, holders[0], instrument)
        lots.mint(books, holders[0], instrument, units, "sweep")
        return renewed
    issuers = [
        each for each in owners_of(books, instrument, ("unsold", "listed")) if each > renewed
    ]
    if not issuers or not books.figure("retire_unsold_at_sweep"):
        return None
    if supplying.may_renew(books, issuers[0], instrument):
        return issuers[0]
    close_sells(books, market, issuers[0], "issuance")
    tokens = books.balance(issuers[0], "unsold", instrument)
    books.move("retire", issuers[0], instrument, tokens, "unsold", "retired")
    return renewed


def owners_of(books: Books, instrument: str, accounts: tuple[str, str]) -> list[str]:
    return sorted(
        {
            owner
            for (owner, account, asset), amount in books.balances.items()
            if asset == instrument and account in accounts and amount
        }
    )


def close_sells(books: Books, market: str, owner: str, source: str) -> None:
    for _, order in sorted(books.orders.items()):
        if (order.market, order.owner, order.side, order.source) == (market, owner, "sell", source):
            orders.close(books, order, "swept")
