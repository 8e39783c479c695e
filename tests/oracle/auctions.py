"""Call auctions and halts: when a market collects orders, and the one price at which they trade.

The price is the best of all that could matter, each of them tried. What two orders do when they
meet is in `matching`.
"""

from typing import Any

from tests.oracle.books import Books, Market, Order, demand
from tests.oracle.matching import keep_apart, trade
from tests.oracle.orders import best_of_all, close, lapsed, one_party, open_auction


def start(books: Books, ask: Any) -> None:
    """Let a market collect until an instant, or change that instant."""
    demand(ask.market_id in books.markets, "MARKET_NOT_FOUND")
    market = books.markets[ask.market_id]
    demand(books.now < market.next_sweep, "MARKET_SWEEPING")
    demand(books.now < ask.until_us <= market.next_sweep, "INVALID_ARGUMENT")
    if not market.auction:
        open_auction(books, ask.market_id, ask.until_us)
        return
    demand(books.now < market.ends, "MARKET_NOT_OPEN")
    books.markets[ask.market_id] = market._replace(ends=ask.until_us)


def set_state(books: Books, ask: Any) -> None:
    """Open, halt or half close a market; a crossed book trades in an auction first."""
    market = books.markets[ask.market_id]
    if ask.state == "open" and (market.auction or clearing_price(books, ask.market_id)):
        demand(books.now < market.next_sweep, "MARKET_SWEEPING")
        if not market.auction:
            open_auction(books, ask.market_id, books.now)
        elif market.ends > books.now:
            books.markets[ask.market_id] = market._replace(ends=books.now)
    elif market.auction:
        reopen(books, ask.market_id, ask.state)
    else:
        books.markets[ask.market_id] = market._replace(state=ask.state)


def set_policy(books: Books, ask: Any) -> None:
    policy = ask.policy
    books.markets[ask.market_id] = books.markets[ask.market_id]._replace(
        most_move=policy.max_move_bps,
        move_window=policy.max_move_window_us,
        halt=policy.max_move_auction_us,
        before_sweep=policy.sweep_auction_us,
    )


def run(books: Books) -> None:
    """Begin the auctions before sweeps, and end those whose time has come."""
    slots = sorted((m.next_sweep - m.before_sweep, name) for name, m in books.markets.items())
    for slot, name in slots:
        market = books.markets[name]
        waits = market.before_sweep and market.state == "open"
        if waits and slot <= books.now < market.next_sweep:
            open_auction(books, name, market.next_sweep)
    while ended := sorted(
        (m.ends, m.auction, name)
        for name, m in books.markets.items()
        if m.auction and m.ends <= books.now
    ):
        uncross(books, ended[0][2])


def uncross(books: Books, name: str) -> None:
    """Trade all that agrees; what preventions left crossed meets at a price of its own."""
    while price := clearing_price(books, name):
        while pair := first_pair(books, name, price):
            meet(books, *pair, price)
    reopen(books, name, "open")


def reopen(books: Books, name: str, state: str) -> None:
    books.markets[name] = books.markets[name]._replace(
        state=state, auction="", ends=0, aim=0, reference=(0, 0)
    )


def meet(books: Books, maker: Order, taker: Order, price: int) -> None:
    """The older and the younger of two orders: they trade, or one of them closes."""
    for order in (maker, taker):
        if lapsed(books, order):
            close(books, order, "expired")
            return
    if not one_party(books, maker.owner, taker.owner):
        trade(books, maker, taker, min(maker.left, taker.left), price)
    elif not keep_apart(books, taker, maker):
        close(books, books.orders[taker.name], "self_trade")


def first_pair(books: Books, name: str, price: int) -> tuple[Order, Order] | None:
    """The best buy and the best sell if both agree to a price, the older one first."""
    buy, sell = best(books, name, "buy"), best(books, name, "sell")
    if buy is None or sell is None or not sell.price <= price <= buy.price:
        return None
    return (buy, sell) if buy.age < sell.age else (sell, buy)


def best(books: Books, name: str, side: str) -> Order | None:
    other = "sell" if side == "buy" else "buy"
    return best_of_all(books, name, other)


def clearing_price(books: Books, name: str) -> int | None:
    """Greatest volume, then least surplus, then nearest to the last price, then lowest."""
    waiting = [order for order in books.orders.values() if order.market == name and order.age]
    buys = [order for order in waiting if order.side == "buy"]
    sells = [order for order in waiting if order.side == "sell"]
    market: Market = books.markets[name]
    low = min((order.price for order in sells), default=None)
    high = max((order.price for order in buys), default=None)
    if low is None or high is None or low > high:
        return None
    aim, tick = market.aim or (low + high) // 2, market.terms.tick_micros
    # Between two prices of orders nothing changes but how near it is to the aim.
    steps = [step + order.price for order in waiting for step in (-tick, 0, tick)]
    steps += [aim // tick * tick, aim // tick * tick + tick]

    def rank(price: int) -> tuple[int, int, int, int]:
        demanded = sum(order.left for order in buys if order.price >= price)
        supplied = sum(order.left for order in sells if order.price <= price)
        volume, surplus = min(demanded, supplied), abs(demanded - supplied)
        return -volume, surplus, abs(price - aim), price

    return min((price for price in steps if low <= price <= high), key=rank)
