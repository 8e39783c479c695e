"""Where Units come from: queues of parcels, first in first out, and what a resale withholds.

Lots, which are minted of parcels, are in `consuming`.
"""

from tests.oracle.books import HOUSE, UNIT, Books, Gain, Order, Parcel, demand, fee_of, merged

Placed = tuple[tuple[int, int], Parcel]


def queue_of(member: str, instrument: str) -> str:
    return f"{member}/{instrument}"


def units_in(books: Books, queue: str, most_parcels: int) -> int:
    """Units in the first so many parcels of a queue."""
    return sum(parcel.units for _, parcel in books.queues.get(queue, ())[:most_parcels])


def put(books: Books, queue: str, placed: list[Placed]) -> None:
    """Put parcels at their places; two of one place are one parcel again."""
    there = dict(books.queues.get(queue, ()))
    for place, parcel in placed:
        units = parcel.units + (there[place].units if place in there else 0)
        there[place] = parcel._replace(units=units)
    books.queues[queue] = tuple(sorted(there.items()))


def take(
    books: Books, queue: str, units: int, *, last: bool = False, most: int | None = None
) -> list[Placed]:
    """Take Units from the front, or the back, of a queue that has so many."""
    taken: list[Placed] = []
    waiting = list(books.queues.get(queue, ()))
    while units:
        demand(most is None or len(taken) < most, "WORK_LIMIT")
        place, parcel = waiting.pop(-1 if last else 0)
        part = min(units, parcel.units)
        taken.append((place, parcel._replace(units=part)))
        units -= part
        if part < parcel.units:
            waiting.append((place, parcel._replace(units=parcel.units - part)))
    books.queues[queue] = tuple(sorted(waiting))
    if not waiting:
        del books.queues[queue]
    return taken


# ---- binding to orders -------------------------------------------------------------------------


def bind(books: Books, order: Order, units: int) -> None:
    """Take a sell's Units off the account it names."""
    instrument = books.markets[order.market].instrument
    account = "unsold" if order.source == "issuance" else "trading"
    demand(books.balance(order.owner, account, instrument) >= units * UNIT, "INSUFFICIENT_UNITS")
    if order.source == "issuance":
        books.move("list", order.owner, instrument, units * UNIT, "unsold", "listed")
        return
    queue = queue_of(order.owner, instrument)
    put(books, order.name, take(books, queue, units, most=books.figure("max_parcels")))
    books.move("bind", order.owner, instrument, units * UNIT, "trading", "held")


def unbind(books: Books, order: Order, units: int) -> None:
    """Give a sell's newest Units back to their old places."""
    instrument = books.markets[order.market].instrument
    if order.source == "issuance":
        books.move("unlist", order.owner, instrument, units * UNIT, "listed", "unsold")
        return
    put(books, queue_of(order.owner, instrument), take(books, order.name, units, last=True))
    books.move("unbind", order.owner, instrument, units * UNIT, "held", "trading")


# ---- changing hands ----------------------------------------------------------------------------


def first_sale(
    books: Books, seller: Order, buyer: str, trade: str, price: int, units: int, bps: int, kin: bool
) -> None:
    """Units out of issuance: they have no past, and their price waits in escrow."""
    instrument = books.markets[seller.market].instrument
    parcel = Parcel(seller.owner, trade, price, bps, trade, price, kin, (), units)
    put(books, queue_of(buyer, instrument), [((int(trade[4:]), 0), parcel)])
    books.pay("trade", (buyer, "available"), (seller.owner, "escrow"), price * units)
    _hand_over(books, (seller.owner, "listed"), (buyer, "trading"), instrument, units)


def resale(
    books: Books, seller: Order, buyer: str, trade: str, price: int, units: int, bps: int, kin: bool
) -> int:
    """Bought Units once more; answers how many of them the buyer keeps.

    The seller has its money at once, but for its gain. Units that come home to their issuer end.
    """
    instrument = books.markets[seller.market].instrument
    fee = fee_of(price * units, bps)
    books.pay("trade", (buyer, "available"), (seller.owner, "available"), price * units)
    books.pay("trade", (seller.owner, "available"), (HOUSE, "fees"), fee)
    kept: list[Parcel] = []
    for _, parcel in take(books, seller.name, units):
        if parcel.issuer == buyer:
            free_gains(books, parcel, parcel.gains)
            books.pay(
                "trade", (buyer, "escrow"), (buyer, "available"), parcel.first_price * parcel.units
            )
            _hand_over(
                books, (seller.owner, "held"), (buyer, "bought_back"), instrument, parcel.units
            )
            continue
        gains = layers_after(books, parcel, seller.owner, price, bps)
        kept.append(parcel._replace(trade=trade, cost=price, kin=kin, gains=gains))
        _hand_over(books, (seller.owner, "held"), (buyer, "trading"), instrument, parcel.units)
    placed = [((int(trade[4:]), place), parcel) for place, parcel in enumerate(merged(kept))]
    if placed:
        put(books, queue_of(buyer, instrument), placed)
    return sum(parcel.units for parcel in kept)


def layers_after(
    books: Books, parcel: Parcel, seller: str, price: int, bps: int
) -> tuple[Gain, ...]:
    """The gains withheld of a parcel after one more sale: none above its price."""
    layers: list[Gain] = []
    for gain in parcel.gains:
        cut = max(gain.low, min(gain.high, price))
        free_gains(books, parcel, (gain._replace(low=cut),))
        if cut > gain.low:
            layers.append(gain._replace(high=cut))
    low = max(parcel.first_price, parcel.cost)
    high = price - -(-price * bps // 10_000)
    if high > low:
        amount = (high - low) * parcel.units
        books.pay("trade", (seller, "available"), (seller, "withheld"), amount)
        layers.append(Gain(seller, low, high))
    if len(layers) > books.figure("resale_gains_max"):
        least = min(layers, key=lambda gain: gain.high - gain.low)
        layers.remove(least)
        free_gains(books, parcel, (least,))
    return tuple(layers)


def free_gains(books: Books, parcel: Parcel, gains: tuple[Gain, ...]) -> None:
    for gain in gains:
        amount = (gain.high - gain.low) * parcel.units
        books.pay("trade", (gain.owner, "withheld"), (gain.owner, "available"), amount)


def _hand_over(
    books: Books, giver: tuple[str, str], taker: tuple[str, str], instrument: str, units: int
) -> None:
    tokens = units * UNIT
    books.post("trade", (*giver, instrument, -tokens), (*taker, instrument, tokens))
