"""The order book of one market: queues by price, the best price at the end of a sorted list.

It holds ids and quantities only and follows the table `orders`; matching is in `rules`.
"""

from bisect import bisect_left
from collections.abc import Iterator

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.quantities import Side
from thegrid_exchange.engine.records import Order


class Queue:
    """Order ids at one price in the order of their ranks.

    Orders are nearly always added behind and taken from the front, yet cancels, and the undo of
    cancels, reach the middle; all of it costs the same however long the queue is.
    """

    __slots__ = ("_ids", "_ranks")

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}
        self._ranks: SortedKeys[int] = SortedKeys()

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return (self._ids[rank] for rank in self._ranks)

    def __reversed__(self) -> Iterator[str]:
        return (self._ids[rank] for rank in reversed(self._ranks))

    def insert(self, order_id: str, rank: int) -> None:
        """Put an order at the place of its rank."""
        self._ids[rank] = order_id
        self._ranks.add(rank)

    def remove(self, rank: int) -> None:
        """Take the order of this rank out."""
        del self._ids[rank]
        self._ranks.remove(rank)


class Level:
    """All resting orders at one price."""

    __slots__ = ("quantity_units", "queue")

    def __init__(self) -> None:
        self.queue = Queue()
        self.quantity_units = 0


class BookSide:
    """The levels of one side, keyed so that the best key is the greatest."""

    __slots__ = ("_sign", "keys", "levels")

    def __init__(self, side: Side) -> None:
        self._sign = 1 if side == "buy" else -1
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.keys)

    def best_price_micros(self) -> int | None:
        """The price that is matched first, or None on an empty side."""
        return self._sign * self.keys[-1] if self.keys else None

    def first_order_id(self) -> str:
        """The order that is matched first; the side must not be empty."""
        return next(iter(self.levels[self.keys[-1]].queue))

    def reaches(self, price_micros: int, other_micros: int) -> bool:
        """Whether an order of this side at a price agrees to another price."""
        return self._sign * (price_micros - other_micros) >= 0

    def walk(self) -> Iterator[tuple[int, Level]]:
        """Prices and levels, best first."""
        for key in reversed(self.keys):
            yield self._sign * key, self.levels[key]

    def insert(self, order: Order) -> None:
        """Put a resting order into the queue of its price."""
        key = self._sign * order.price_micros
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level()
            self.keys.insert(bisect_left(self.keys, key), key)
        level.queue.insert(order.order_id, order.rank)
        level.quantity_units += order.remaining_units

    def resize(self, old: Order, new: Order) -> None:
        """Follow a change of quantity that keeps the place."""
        level = self.levels[self._sign * old.price_micros]
        level.quantity_units += new.remaining_units - old.remaining_units

    def remove(self, order: Order) -> None:
        """Take a resting order out, and its level when that was the last one."""
        key = self._sign * order.price_micros
        level = self.levels[key]
        level.queue.remove(order.rank)
        level.quantity_units -= order.remaining_units
        if not level.queue:
            del self.levels[key]
            del self.keys[bisect_left(self.keys, key)]


class Book:
    """Both sides of one market."""

    __slots__ = ("buy", "sell")

    def __init__(self) -> None:
        self.buy = BookSide("buy")
        self.sell = BookSide("sell")

    def side(self, side: Side) -> BookSide:
        """The side on which orders of this kind rest."""
        return self.buy if side == "buy" else self.sell

    def opposite(self, side: Side) -> BookSide:
        """The side that an order of this kind trades against."""
        return self.sell if side == "buy" else self.buy

    def follow(self, old: Order | None, new: Order | None) -> None:
        """Bring the book in line with one changed row of `orders`; a rank above 0 means resting."""
        was_resting = old is not None and old.rank > 0
        is_resting = new is not None and new.rank > 0
        if was_resting and is_resting:
            assert old is not None
            assert new is not None
            if old.rank == new.rank and old.price_micros == new.price_micros:
                self.side(old.side).resize(old, new)
                return
        if was_resting:
            assert old is not None
            self.side(old.side).remove(old)
        if is_resting:
            assert new is not None
            self.side(new.side).insert(new)
