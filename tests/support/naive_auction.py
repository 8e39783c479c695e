"""A second call auction, written from the rules alone: every price is tried, every list is sorted.

It knows nothing of the engine, of levels or of ranks; tests compare what both make of one book.
"""

from typing import NamedTuple


class Waiting(NamedTuple):
    """An order that waits in the auction; the greater the age, the later it came."""

    name: str
    owner: str
    side: str
    price: int
    quantity: int
    age: int


def naive_price(orders: list[Waiting], tick: int, reference: int) -> tuple[int, int, int] | None:
    """Price, volume and surplus of the best price, found by trying each; None for no trade."""
    bids = [order.price for order in orders if order.side == "buy"]
    asks = [order.price for order in orders if order.side == "sell"]
    if not bids or not asks or max(bids) < min(asks):
        return None
    aim = reference or (min(asks) + max(bids)) // 2
    tried = []
    for price in range(min(asks), max(bids) + 1, tick):
        demand = sum(o.quantity for o in orders if o.side == "buy" and o.price >= price)
        supply = sum(o.quantity for o in orders if o.side == "sell" and o.price <= price)
        volume, surplus = min(demand, supply), demand - supply
        tried.append((-volume, abs(surplus), abs(price - aim), price, surplus))
    volume, _, _, price, surplus = min(tried)
    return price, -volume, surplus


def naive_trades(orders: list[Waiting], price: int) -> list[tuple[str, str, int]]:
    """Buyer's order, seller's order and quantity of each trade at the price, in order."""
    buys = sorted(
        (o for o in orders if o.side == "buy" and o.price >= price), key=lambda o: (-o.price, o.age)
    )
    sells = sorted(
        (o for o in orders if o.side == "sell" and o.price <= price), key=lambda o: (o.price, o.age)
    )
    left = {order.name: order.quantity for order in orders}
    trades = []
    while buys and sells:
        buy, sell = buys[0].name, sells[0].name
        quantity = min(left[buy], left[sell])
        trades.append((buy, sell, quantity))
        for name, queue in ((buy, buys), (sell, sells)):
            left[name] -= quantity
            if not left[name]:
                queue.pop(0)
    return trades
