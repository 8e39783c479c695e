"""A market as a state machine for Hypothesis: what people may do, and what must hold after it.

Every step goes through a door and through the naive market alike. Which door is the test's to say.
"""

from collections import Counter
from typing import Any, ClassVar, Final, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.naive_market import Answer, NaiveMarket, Wish

ISSUERS: Final = ("acme", "bolt")
TRADERS: Final = ("ann", "bob", "cal")
AUTO: Final = "cal"
"""Who begins in auto mode, with a Lot and nothing else."""
DESK: Final = ("ann", "bob")
"""Two whose orders never trade with each other."""
SECOND: Final = 1_000_000
CEILING: Final = 101_000
"""What auto mode pays per Unit at most, in the midst of all prices."""

Ladder = list[tuple[int, list[tuple[str, int]]]]


class Door(Protocol):
    """A way into an exchange with one market and the people above; all blocking."""

    is_behind: bool
    """Whether something that is due by now has not been done yet."""

    def place(self, owner: str, wish: Wish, *, rehearses: bool = False) -> Answer: ...
    def amend(self, owner: str, order_id: str, price: int, units: int) -> Answer: ...
    def cancel(self, owner: str, order_id: str) -> str: ...
    def cancel_all(self, owner: str, tag: str) -> set[str]: ...
    def batch(self, owner: str, wishes: list[Wish], *, all_or_none: bool) -> list[Answer]: ...
    def quote(self, owner: str, tag: str, quotes: list[Wish]) -> tuple[set[str], list[Answer]]: ...
    def transfer(self, owner: str, units: int) -> str: ...
    def issue(self, owner: str, units: int) -> str: ...
    def arm(self, owner: str, span_us: int) -> None: ...
    def set_auto(self, owner: str, *, is_auto: bool) -> None: ...
    def set_open(self, *, is_open: bool) -> None: ...
    def pass_time(self, span_us: int) -> None: ...
    def restart(self) -> None: ...
    def wealth(self, owner: str) -> int: ...
    def units(self, owner: str) -> int: ...
    def lots(self, owner: str) -> list[tuple[int, int, int, int]]: ...
    def ladder(self, side: str) -> Ladder: ...


PRICES = st.integers(95, 106).map(lambda thousands: thousands * 1_000)
UNITS = st.integers(1, 5)
TAGS = st.sampled_from(("", "a", "b"))
PREVENTIONS = st.sampled_from(("cancel_newest", "cancel_oldest", "cancel_both", "decrement"))
SPANS = st.sampled_from((1, 60, 1_200, 3_600, 9_000, 15_000)).map(lambda seconds: seconds * SECOND)


@st.composite
def waiting(draw: Any, side: str = "") -> Wish:
    """A limit order that may wait."""
    force = draw(st.sampled_from(("gtc", "gtc", "gtd", "gts")))
    post_only = draw(st.booleans()) and draw(st.booleans())
    wish = Wish(
        side or draw(st.sampled_from(("buy", "sell"))),
        draw(UNITS),
        draw(PRICES),
        force,
        draw(PREVENTIONS),
        post_only,
        post_only and draw(st.booleans()),
        tag=draw(TAGS),
        lasts_us=draw(st.sampled_from((30, 3_600))) * SECOND if force == "gtd" else 0,
    )
    return wish._replace(auto_transfer=wish.side == "buy" and draw(st.booleans()))


@st.composite
def hasty(draw: Any) -> Wish:
    """An order that trades at once or not at all, perhaps at any price."""
    side = draw(st.sampled_from(("buy", "sell")))
    wish = Wish(
        side,
        draw(UNITS),
        draw(PRICES),
        draw(st.sampled_from(("ioc", "fok"))),
        draw(PREVENTIONS),
        slippage_bps=draw(st.sampled_from((None, 0, 200))),
        auto_transfer=side == "buy" and draw(st.booleans()),
    )
    if draw(st.booleans()):
        return wish
    average = draw(st.none() | PRICES)
    spend = draw(st.sampled_from((None, 250_000))) if side == "buy" else None
    return wish._replace(price=None, average=average, spend=spend)


WISHES = waiting() | waiting() | hasty()
QUOTES = st.lists(
    st.tuples(st.sampled_from(("buy", "sell")), UNITS, PRICES, st.booleans()).map(
        lambda q: Wish(q[0], q[1], q[2], prevention="decrement", post_only=q[3], tag="q")
    ),
    max_size=3,
)


class MarketMachine(RuleBasedStateMachine):
    """What all doors have in common; a subclass opens its door in `open_door`."""

    door: Door
    model: NaiveMarket
    seen: ClassVar[Counter[str]] = Counter()
    """What all examples together have met."""

    def __init__(self) -> None:
        super().__init__()
        self.door, self.model = self.open_door()
        self.is_exact = True
        """Whether nobody was refunded so far; from then on only the sum of all is known."""
        self.closed: list[tuple[str, str]] = []

    def open_door(self) -> tuple[Door, NaiveMarket]:
        """A fresh exchange, and the naive market that is like it."""
        raise NotImplementedError

    # ---- orders --------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Units on offer at three prices, some of them bought, and a call's worth in Lots."""
        for owner in ISSUERS:
            self.issue_and_sell(owner, [Wish("sell", 6, 1_000 * n) for n in (99, 101, 103)])
        for owner in TRADERS:
            units = 1 if owner == AUTO else 5
            self.place([(owner, Wish("buy", units, 101_000))])
            self.transfer(owner, 1)
        self.set_auto(AUTO, is_auto=True)

    @rule(orders=st.lists(st.tuples(st.sampled_from(TRADERS), WISHES), min_size=1, max_size=6))
    def place(self, orders: list[tuple[str, Wish]]) -> None:
        for owner, wish in orders:
            answer = self.door.place(owner, wish)
            assert answer == self.model.place(owner, wish, answer.order_id)
            self._note(owner, answer)

    @rule(
        owner=st.sampled_from(ISSUERS),
        wishes=st.lists(waiting(side="sell"), min_size=1, max_size=4),
    )
    def issue_and_sell(self, owner: str, wishes: list[Wish]) -> None:
        units = sum(wish.units for wish in wishes)
        assert self.door.issue(owner, units) == ""
        self.model.members[owner].units += units
        self.place([(owner, wish) for wish in wishes])

    @rule(owner=st.sampled_from(TRADERS), wish=WISHES)
    def rehearse(self, owner: str, wish: Wish) -> None:
        """The answer is that of the order itself, and nothing changes, as every law then says."""
        answer = self.door.place(owner, wish, rehearses=True)
        kept = self.model.kept()
        assert answer == self.model.place(owner, wish, answer.order_id)
        self.model.restore(kept)

    @precondition(lambda self: self.model.open_orders())
    @rule(number=st.integers(0, 999), price=PRICES | st.none(), units=st.integers(1, 7))
    def amend(self, number: int, price: int | None, units: int) -> None:
        order = self._some_order(number)
        new_price = price if price is not None else order.price
        answer = self.door.amend(order.owner, order.name, new_price, units)
        assert answer == self.model.amend(order.owner, order.name, new_price, units)
        self._note(order.owner, answer)

    @precondition(lambda self: self.model.open_orders())
    @rule(number=st.integers(0, 999))
    def cancel(self, number: int) -> None:
        order = self._some_order(number)
        assert self.door.cancel(order.owner, order.name) == ""
        self.model.cancel(order.name)
        self.closed.append((order.owner, order.name))

    @precondition(lambda self: self.model.open_orders())
    @rule(number=st.integers(0, 999), owner=st.sampled_from(TRADERS))
    def cancel_what_is_anothers(self, number: int, owner: str) -> None:
        order = self._some_order(number)
        if order.owner != owner:
            assert self.door.cancel(owner, order.name) == "ORDER_NOT_FOUND"

    @precondition(lambda self: self.closed)
    @rule(number=st.integers(0, 999))
    def cancel_too_late(self, number: int) -> None:
        assert self.door.cancel(*self.closed[number % len(self.closed)]) == "ORDER_CLOSED"

    @rule(owner=st.sampled_from(TRADERS + ISSUERS), tag=TAGS)
    def cancel_all(self, owner: str, tag: str) -> None:
        cancelled = self.door.cancel_all(owner, tag)
        assert cancelled == self.model.cancel_all(owner, tag)

    @rule(
        owner=st.sampled_from(TRADERS),
        wishes=st.lists(WISHES, min_size=1, max_size=4),
        all_or_none=st.booleans(),
    )
    def batch(self, owner: str, wishes: list[Wish], all_or_none: bool) -> None:
        answers = self.door.batch(owner, wishes, all_or_none=all_or_none)
        kept = self.model.kept()
        if self._run(owner, wishes, answers, stops=all_or_none):
            self.model.restore(kept)

    @rule(owner=st.sampled_from(TRADERS), quotes=QUOTES)
    def quote(self, owner: str, quotes: list[Wish]) -> None:
        cancelled, answers = self.door.quote(owner, "q", quotes)
        kept = self.model.kept()
        expected = self.model.cancel_all(owner, "q")
        if self._run(owner, quotes, answers, stops=True):
            self.model.restore(kept)
        else:
            assert cancelled == expected

    def _run(self, owner: str, wishes: list[Wish], answers: list[Answer], *, stops: bool) -> bool:
        """Place one after the other; answers whether a refusal stopped and undid all."""
        undone = stops and any(answer.is_refused for answer in answers)
        for wish, answer in zip(wishes, answers, strict=True):
            if answer.outcome == "BATCH_UNDONE":
                assert undone
                # Its name is not told; any will do for what is undone anyway.
                found = self.model.place(owner, wish, "undone")
                assert not found.is_refused
                continue
            assert answer == self.model.place(owner, wish, answer.order_id)
            if undone:
                return True
        return False

    # ---- members, time, the operator -----------------------------------------------------------

    @rule(owner=st.sampled_from(TRADERS), units=UNITS)
    def transfer(self, owner: str, units: int) -> None:
        assert self.door.transfer(owner, units) == self.model.transfer(owner, units)

    @rule(owner=st.sampled_from(TRADERS), span_us=st.sampled_from((0, 5, 600)))
    def arm(self, owner: str, span_us: int) -> None:
        self.door.arm(owner, span_us * SECOND)
        fires_us = self.model.now_us + span_us * SECOND
        self.model.members[owner].fires_us = fires_us if span_us else 0

    @rule(owner=st.sampled_from(TRADERS), is_auto=st.booleans())
    def set_auto(self, owner: str, is_auto: bool) -> None:
        self.door.set_auto(owner, is_auto=is_auto)
        self.model.members[owner].is_auto = is_auto

    @rule(owner=st.sampled_from(TRADERS), wishes=st.lists(WISHES, max_size=2))
    def close_and_reopen(self, owner: str, wishes: list[Wish]) -> None:
        """In between orders are refused, and cancels are not."""
        for is_open in (False, True):
            self.door.set_open(is_open=is_open)
            self.model.is_open = is_open
            if not is_open:
                self.place([(owner, wish) for wish in wishes])
                self.cancel_all(owner, "a")

    @rule(span_us=SPANS)
    def pass_time(self, span_us: int) -> None:
        ended = self._lots_ended()
        self.seen["swept"] += self.model.now_us + span_us >= self.model.slot_us
        self.door.pass_time(span_us)
        self.model.pass_time(span_us)
        self.seen["Lots ended"] += self._lots_ended() - ended

    @rule()
    def restart(self) -> None:
        self.door.restart()

    # ---- laws ----------------------------------------------------------------------------------

    @invariant()
    def books_agree(self) -> None:
        for side in ("buy", "sell"):
            assert self.door.ladder(side) == self.model.book.ladder(side)

    @invariant()
    def balances_agree(self) -> None:
        if self.door.is_behind:
            return
        for owner, member in self.model.members.items():
            assert self.door.units(owner) == member.units * 1_000_000, owner
            assert self.door.lots(owner) == [
                lot.figures for lot in member.lots if lot.free or lot.reserved
            ]
            if self.is_exact and not member.issues:
                assert self.door.wealth(owner) == member.wealth, owner
        if self.is_exact:
            # Who serves a call earns its tokens, whichever of the issuers sold them.
            earned = sum(self.door.wealth(owner) for owner in ISSUERS)
            assert earned == sum(self.model.members[owner].wealth for owner in ISSUERS)

    def _lots_ended(self) -> int:
        lots = [lot for member in self.model.members.values() for lot in member.lots]
        return sum(not lot.free and not lot.reserved for lot in lots)

    def _some_order(self, number: int) -> Any:
        orders = self.model.open_orders()
        return orders[number % len(orders)]

    def _note(self, owner: str, answer: Answer) -> None:
        self.seen[answer.outcome] += 1
        self.seen["fills"] += len(answer.fills)
        if answer.order_id and answer.outcome != "open":
            self.closed.append((owner, answer.order_id))
