"""What every order does: it holds what it may cost, waits in the book, and closes.

Which orders are taken is in `trading`, whom they meet in `matching`. The book is no structure: the
best order is searched for among all of them, each time.
"""

from tests.oracle import parcels
from tests.oracle.books import Books, Member, Order, demand, fee_of, refuse

# ---- who may, and what ---------------------------------------------------------------------------


def active(books: Books, name: str, role: str) -> Member:
    member = books.members.get(name)
    if member is None:
        refuse("MEMBER_NOT_FOUND")
    demand(not member.suspended, "MEMBER_SUSPENDED")
    demand(role in member.roles, "ROLE_MISSING")
    return member


def affiliated(books: Books, one: str, other: str) -> bool:
    if one == other:
        return True
    group = books.members[one].group
    return bool(group) and other in books.members and books.members[other].group == group


def one_party(books: Books, one: str, other: str) -> bool:
    party = books.members[one].party
    return one == other or (party != "" and books.members[other].party == party)


# ---- holding and closing -------------------------------------------------------------------------


def hold_of(order: Order, price: int, left: int) -> int:
    return price * left + fee_of(price * left, order.worst_bps)


def rehold(books: Books, order: Order, held: int) -> Order:
    """Bring the cash that an order holds to this."""
    more = held - order.held
    demand(more <= books.balance(order.owner, "available"), "INSUFFICIENT_FUNDS")
    if more > 0:
        books.pay("hold", (order.owner, "available"), (order.owner, "held"), more)
    else:
        books.pay("release", (order.owner, "held"), (order.owner, "available"), -more)
    return order._replace(held=held)


def change(books: Books, order: Order, price: int, quantity: int) -> Order:
    """Give an order another price and quantity, and let it hold what goes with them."""
    left = quantity - (order.quantity - order.left)
    if order.side == "sell" and left > order.left:
        parcels.bind(books, order, left - order.left)
    elif order.side == "sell" and left < order.left:
        parcels.unbind(books, order, order.left - left)
    elif order.held:
        order = rehold(books, order, hold_of(order, price, left))
    order = order._replace(price=price, quantity=quantity, left=left)
    books.orders[order.name] = order
    return order


def rest(books: Books, order: Order) -> Order:
    """Wait at the end of the queue of its price."""
    if order.side == "buy":
        order = rehold(books, order, hold_of(order, order.price, order.left))
    books.numbers["age"] = books.numbers.get("age", 0) + 1
    order = order._replace(age=books.numbers["age"])
    books.orders[order.name] = order
    return order


def close(books: Books, order: Order, reason: str) -> Order:
    """Release what an order holds; it is open no more."""
    if order.held:
        order = rehold(books, order, 0)
    if order.side == "sell" and order.left:
        parcels.unbind(books, order, order.left)
    del books.orders[order.name]
    books.closed[order.name] = (order.owner, reason)
    return order


# ---- the other side ------------------------------------------------------------------------------


def best_of_all(books: Books, market: str, side: str) -> Order | None:
    """Of all that wait on the other side, the best price, and of these the oldest."""
    sign = 1 if side == "buy" else -1
    others = [
        other
        for other in books.orders.values()
        if other.age and other.market == market and other.side != side
    ]
    return min(others, key=lambda other: (sign * other.price, other.age), default=None)


def lapsed(books: Books, order: Order) -> bool:
    return order.expires is not None and order.expires <= books.now


def first_in_line(books: Books, order: Order) -> Order | None:
    """The best of the other side, after those are closed whose time has passed."""
    while (best := best_of_all(books, order.market, order.side)) is not None and lapsed(
        books, best
    ):
        close(books, best, "expired")
    return best


def agrees(side: str, price: int, bound: int) -> bool:
    """Whether an order may trade at a price; without a bound it may at any."""
    return not bound or (price <= bound if side == "buy" else price >= bound)


# ---- markets that stop trading -----------------------------------------------------------------


def open_auction(books: Books, name: str, ends: int) -> None:
    """Let orders collect, until the next sweep at the latest."""
    market = books.markets[name]
    books.markets[name] = market._replace(
        state="auction",
        auction=books.next("auc"),
        ends=min(ends, market.next_sweep),
        aim=market.last_price,
    )


def move_bounds(books: Books, name: str) -> tuple[int, int] | None:
    """How far a market may trade now; the price it is measured from holds for a while."""
    market = books.markets[name]
    if not market.most_move or not market.last_price:
        return None
    price, since = market.reference
    if not price or books.now - since >= market.move_window:
        price = market.last_price
        books.markets[name] = market._replace(reference=(price, books.now))
    reach = price * market.most_move // 10_000
    return price - reach, price + reach
