"""A second order book, written from the rules alone: one list, searched through for everything.

It knows nothing of the engine, of money or of Units; tests compare what both do with one tape.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class NaiveOrder:
    """An order as the naive book remembers it."""

    name: str
    owner: str
    side: str
    price: int | None
    remaining: int
    quantity: int
    prevention: str
    post_only: bool = False
    slides: bool = False
    max_average: int | None = None
    max_spend: int | None = None
    spent: int = 0
    age: int = 0


@dataclass
class NaiveBook:
    """Resting orders in no particular order, and every trade so far."""

    resting: list[NaiveOrder] = field(default_factory=list)
    trades: list[tuple[str, str, int, int]] = field(default_factory=list)
    """Maker, taker, price, quantity."""
    age: int = 0
    parties: dict[str, str] = field(default_factory=dict)
    """Prevention group by owner, where there is one."""

    def place(
        self, order: NaiveOrder, time_in_force: str, max_slippage_bps: int | None = None
    ) -> str:
        """Enter an order and say what became of it, or with which word it was refused."""
        best = self.best_for(order)
        if order.post_only and best is not None and self.agrees(order, best, None):
            if not order.slides:
                return "POST_ONLY_WOULD_CROSS"
            order.price = best.price + (-1 if order.side == "buy" else 1)
        bound = None
        if max_slippage_bps is not None and best is not None:
            reach = best.price * (10_000 + max_slippage_bps * (1 if order.side == "buy" else -1))
            bound = reach // 10_000 if order.side == "buy" else max(-(-reach // 10_000), 1)
        kept = self._copy() if time_in_force == "fok" else None
        ended = self._take(order, bound)
        if ended == "filled":
            return "filled"
        if kept is not None:
            self.resting, self.trades = kept
            return "FILL_OR_KILL"
        if ended in ("self_trade", "average_price", "spend_limit"):
            return ended
        beyond = ended == "price" and (order.price is None or not self.outside_own(order))
        if beyond:
            return "max_slippage"
        if order.price is None or time_in_force == "ioc":
            return "no_liquidity"
        self._rest(order)
        return "open"

    def amend(self, name: str, price: int, quantity: int) -> str:
        """Change a resting order."""
        order = self.find(name)
        filled = order.quantity - order.remaining
        if quantity <= filled:
            return "QUANTITY_OUT_OF_RANGE"
        if (price, quantity) == (order.price, order.quantity):
            return "open"
        if price == order.price and quantity < order.quantity:
            order.quantity, order.remaining = quantity, quantity - filled
            return "open"
        changed = NaiveOrder(**{**vars(order), "price": price})
        best = self.best_for(changed)
        if order.post_only and best is not None and self.agrees(changed, best, None):
            if not order.slides:
                return "POST_ONLY_WOULD_CROSS"
            price = best.price + (-1 if order.side == "buy" else 1)
        self.resting.remove(order)
        order.price, order.quantity, order.remaining = price, quantity, quantity - filled
        ended = self._take(order, None)
        if ended in ("filled", "self_trade"):
            return ended
        self._rest(order)
        return "open"

    def cancel(self, name: str) -> None:
        """Take a resting order out."""
        self.resting.remove(self.find(name))

    def find(self, name: str) -> NaiveOrder:
        """The resting order of this name."""
        return next(order for order in self.resting if order.name == name)

    def ladder(self, side: str) -> list[tuple[int, list[tuple[str, int]]]]:
        """Price levels, best first, each with its queue of names and remainders."""
        prices = sorted({o.price for o in self.resting if o.side == side}, reverse=side == "buy")
        return [
            (
                price,
                [
                    (order.name, order.remaining)
                    for order in sorted(self.resting, key=lambda order: order.age)
                    if order.side == side and order.price == price
                ],
            )
            for price in prices
        ]

    def best_for(self, order: NaiveOrder) -> Any:
        """The order that would be met first, or None."""
        others = [other for other in self.resting if other.side != order.side]
        sign = 1 if order.side == "buy" else -1
        return min(others, key=lambda other: (sign * other.price, other.age), default=None)

    def agrees(self, order: NaiveOrder, other: NaiveOrder, bound: int | None) -> bool:
        """Whether the price of the resting order is good enough."""
        for limit in (order.price, bound):
            if limit is None:
                continue
            if order.side == "buy" and other.price > limit:
                return False
            if order.side == "sell" and other.price < limit:
                return False
        return True

    def outside_own(self, order: NaiveOrder) -> bool:
        """Whether the best price left is beyond the order's own limit."""
        return not self.agrees(order, self.best_for(order), None)

    def _take(self, order: NaiveOrder, bound: int | None) -> str:
        while order.remaining:
            best = self.best_for(order)
            if best is None:
                return "empty"
            if not self.agrees(order, best, bound):
                return "price"
            if self.party(best) == self.party(order):
                if not self._keep_apart(order, best):
                    return "self_trade"
                continue
            quantity = min(order.remaining, best.remaining)
            for stop in ("average_price", "spend_limit"):
                while quantity and self.breaks(stop, order, best.price, quantity):
                    quantity -= 1
                if not quantity:
                    return stop
            order.spent += best.price * quantity
            self.trades.append((best.name, order.name, best.price, quantity))
            order.remaining -= quantity
            best.remaining -= quantity
            if best.remaining == 0:
                self.resting.remove(best)
        return "filled"

    def party(self, order: NaiveOrder) -> str:
        """Whose orders do not trade with this one."""
        return self.parties.get(order.owner, order.owner)

    def breaks(self, stop: str, order: NaiveOrder, price: int, quantity: int) -> bool:
        """Whether so many at this price would be too many for a cap."""
        spent = order.spent + price * quantity
        if stop == "spend_limit":
            return order.max_spend is not None and spent > order.max_spend
        if order.max_average is None:
            return False
        allowed = order.max_average * (order.quantity - order.remaining + quantity)
        return spent > allowed if order.side == "buy" else spent < allowed

    def _keep_apart(self, order: NaiveOrder, best: NaiveOrder) -> bool:
        if order.prevention == "decrement":
            quantity = min(order.remaining, best.remaining)
            for each in (order, best):
                each.remaining -= quantity
                each.quantity -= quantity
            if best.remaining == 0:
                self.resting.remove(best)
            return order.remaining > 0
        if order.prevention in ("cancel_oldest", "cancel_both"):
            self.resting.remove(best)
        return order.prevention == "cancel_oldest"

    def _rest(self, order: NaiveOrder) -> None:
        self.age += 1
        order.age = self.age
        self.resting.append(order)

    def _copy(self) -> tuple[list[NaiveOrder], list[tuple[str, str, int, int]]]:
        return [NaiveOrder(**vars(order)) for order in self.resting], list(self.trades)
