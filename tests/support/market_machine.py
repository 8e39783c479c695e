"""A market as a state machine for Hypothesis: what people may do, and what must hold after it.

Every step goes through a door and through the naive market alike. Which door is the test's to say.
"""

from collections import Counter
from typing import Any, ClassVar, Final, Protocol

from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from tests.support.naive_book import NaiveOrder
from tests.support.naive_market import Answer, NaiveMarket, NaiveMember, Wish
from thegrid_exchange.engine.policy import POLICY_DEFAULTS
from thegrid_exchange.engine.state import State

ISSUERS: Final = ("acme", "bolt")
TRADERS: Final = ("ann", "bob", "cal")
AUTO: Final = "cal"
"""Who begins in auto mode, with a Lot and nothing else."""
DESK: Final = ("ann", "bob")
"""Two whose orders never trade with each other."""
SECOND: Final = 1_000_000
DOLLARS: Final = 1_000
"""What each trader begins with."""
SEARCH: Final = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"""All that Hypothesis does but explaining, which traces every line and takes minutes."""
FIND: Final = (Phase.generate,)
"""For planted faults, where the first example that shows one will do."""
MEMORY_US: Final = POLICY_DEFAULTS["closed_order_memory_us"]
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
AMENDS = st.tuples(st.integers(0, 999), PRICES | st.none(), st.integers(1, 7))
CANCELS = st.tuples(st.integers(0, 999), st.sampled_from(TRADERS))
"""Which of the open orders, counted round, and how, or by whom."""
QUOTES = st.lists(
    st.tuples(st.sampled_from(("buy", "sell")), UNITS, PRICES, st.booleans()).map(
        lambda q: Wish(q[0], q[1], q[2], prevention="decrement", post_only=q[3], tag="q")
    ),
    max_size=3,
)


def naive_market(state: State, now_us: int) -> NaiveMarket:
    """The naive market that is like a fresh exchange with the people above."""
    members = {name: NaiveMember(issues=True) for name in ISSUERS}
    members |= {name: NaiveMember(wealth=DOLLARS * 1_000_000) for name in TRADERS}
    model = NaiveMarket(
        now_us=now_us,
        slot_us=next(iter(state.markets.values())).next_sweep_us,
        interval_us=state.term("sweep_interval_us"),
        lot_us=state.term("lot_window_us"),
        auto_ceiling=CEILING,
        members=members,
    )
    model.book.parties = dict.fromkeys(DESK, "desk")
    return model


def same(exchange: object, naive: object) -> None:
    """What the exchange says is what the naive market says."""
    assert exchange == naive, f"the exchange says {exchange}, the naive market {naive}"


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
        self.closed: list[tuple[int, str, str]] = []
        """When an order closed at once, whose it was, and its id."""

    def open_door(self) -> tuple[Door, NaiveMarket]:
        """A fresh exchange, and the naive market that is like it."""
        raise NotImplementedError

    # ---- orders --------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Units on offer at three prices, some of them bought, and a call's worth in Lots.

        A sweep is near, so that most examples live to see it.
        """
        self.pass_time(self.model.slot_us - self.model.now_us - 2_400 * SECOND)
        for owner in ISSUERS:
            self.issue_and_sell(owner, [Wish("sell", 6, 1_000 * n) for n in (99, 101, 103)])
        for owner in TRADERS:
            units = 1 if owner == AUTO else 5
            self.place([(owner, Wish("buy", units, 101_000))])
            self.transfer(owner, 1)
        self.arrange(AUTO, is_auto=True, span_us=0)

    @rule(orders=st.lists(st.tuples(st.sampled_from(TRADERS), WISHES), min_size=1, max_size=6))
    def place(self, orders: list[tuple[str, Wish]]) -> None:
        for owner, wish in orders:
            answer = self.door.place(owner, wish)
            same(answer, self.model.place(owner, wish, answer.order_id))
            self._note(owner, answer)

    @rule(orders=st.lists(st.tuples(st.sampled_from(TRADERS), hasty()), min_size=1, max_size=4))
    def trade(self, orders: list[tuple[str, Wish]]) -> None:
        """Rehearsed first, which answers as the order itself would and changes nothing."""
        for owner, wish in orders:
            answer = self.door.place(owner, wish, rehearses=True)
            kept = self.model.kept()
            same(answer, self.model.place(owner, wish, answer.order_id))
            self.model.restore(kept)
            self.place([(owner, wish)])

    @rule(
        owner=st.sampled_from(ISSUERS),
        wishes=st.lists(waiting(side="sell"), min_size=1, max_size=4),
    )
    def issue_and_sell(self, owner: str, wishes: list[Wish]) -> None:
        units = sum(wish.units for wish in wishes)
        same(self.door.issue(owner, units), "")
        self.model.members[owner].units += units
        self.place([(owner, wish) for wish in wishes])

    @rule(changes=st.lists(AMENDS | CANCELS, min_size=1, max_size=4))
    def change(self, changes: list[tuple[Any, ...]]) -> None:
        for number, *how in changes:
            if not self.model.open_orders():
                return
            order = self._some_order(number)
            if len(how) == 2:
                self._amend(order, *how)
            else:
                self._cancel(order, *how)

    def _amend(self, order: NaiveOrder, price: int | None, units: int) -> None:
        new_price = price or order.price or 0
        answer = self.door.amend(order.owner, order.name, new_price, units)
        same(answer, self.model.amend(order.owner, order.name, new_price, units))
        self._note(order.owner, answer)

    def _cancel(self, order: NaiveOrder, owner: str) -> None:
        """Another's order is none of theirs; a cancelled one is closed."""
        if owner != order.owner:
            same(self.door.cancel(owner, order.name), "ORDER_NOT_FOUND")
        same(self.door.cancel(order.owner, order.name), "")
        self.model.cancel(order.name)
        same(self.door.cancel(order.owner, order.name), "ORDER_CLOSED")
        closed_us, closed_owner, name = self.closed[-1] if self.closed else (0, owner, "")
        if self.model.now_us < closed_us + MEMORY_US:
            same(self.door.cancel(closed_owner, name), "ORDER_CLOSED")

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

    @rule(owner=st.sampled_from(TRADERS), quotes=QUOTES, tag=TAGS | st.just("q"))
    def quote(self, owner: str, quotes: list[Wish], tag: str) -> None:
        """Replace the quotes, and cancel what has some tag."""
        cancelled, answers = self.door.quote(owner, "q", quotes)
        kept = self.model.kept()
        expected = self.model.cancel_all(owner, "q")
        if self._run(owner, quotes, answers, stops=True):
            self.model.restore(kept)
        else:
            same(cancelled, expected)
        same(self.door.cancel_all(owner, tag), self.model.cancel_all(owner, tag))

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
            same(answer, self.model.place(owner, wish, answer.order_id))
            self._note(owner, answer)
            if undone:
                return True
        return False

    # ---- members, time, the operator -----------------------------------------------------------

    @rule(owner=st.sampled_from(TRADERS), units=UNITS)
    def transfer(self, owner: str, units: int) -> None:
        same(self.door.transfer(owner, units), self.model.transfer(owner, units))

    @rule(owner=st.sampled_from(TRADERS), is_auto=st.booleans(), span_us=st.sampled_from((0, 600)))
    def arrange(self, owner: str, is_auto: bool, span_us: int) -> None:
        """Auto mode on or off, and the dead man's switch."""
        self.door.set_auto(owner, is_auto=is_auto)
        self.model.members[owner].is_auto = is_auto
        self.door.arm(owner, span_us * SECOND)
        fires_us = self.model.now_us + span_us * SECOND
        self.model.members[owner].fires_us = fires_us if span_us else 0

    @rule(number=st.integers(0, 3), orders=st.lists(st.tuples(st.sampled_from(TRADERS), WISHES)))
    def interrupt(self, number: int, orders: list[tuple[str, Wish]]) -> None:
        """The exchange restarts, or the market takes no orders for a while; neither often."""
        if number == 0:
            self.door.restart()
            self.seen["restarts"] += 1
        elif number == 1:
            self._set_open(is_open=False)
            self.place(orders[:2])
            self._set_open(is_open=True)

    def _set_open(self, *, is_open: bool) -> None:
        self.door.set_open(is_open=is_open)
        self.model.is_open = is_open

    @rule(span_us=SPANS)
    def pass_time(self, span_us: int) -> None:
        ended = self._lots_ended()
        self.seen["swept"] += self.model.now_us + span_us >= self.model.slot_us
        self.door.pass_time(span_us)
        self.model.pass_time(span_us)
        self.seen["Lots ended"] += self._lots_ended() - ended

    # ---- laws ----------------------------------------------------------------------------------

    @invariant()
    def books_agree(self) -> None:
        for side in ("buy", "sell"):
            same(self.door.ladder(side), self.model.book.ladder(side))

    @invariant()
    def balances_agree(self) -> None:
        if self.door.is_behind:
            return
        for owner, member in self.model.members.items():
            same(self.door.units(owner), member.units * 1_000_000)
            open_lots = [lot.figures for lot in member.lots if lot.free or lot.reserved]
            same(self.door.lots(owner), open_lots)
            if self.is_exact and not member.issues:
                same(self.door.wealth(owner), member.wealth)
        if self.is_exact:
            # Who serves a call earns its tokens, whichever of the issuers sold them.
            earned = sum(self.door.wealth(owner) for owner in ISSUERS)
            same(earned, sum(self.model.members[owner].wealth for owner in ISSUERS))

    def _lots_ended(self) -> int:
        lots = [lot for member in self.model.members.values() for lot in member.lots]
        return sum(not lot.free and not lot.reserved for lot in lots)

    def _some_order(self, number: int) -> NaiveOrder:
        orders = self.model.open_orders()
        return orders[number % len(orders)]

    def _note(self, owner: str, answer: Answer) -> None:
        self.seen[answer.outcome] += 1
        self.seen["fills"] += len(answer.fills)
        if answer.order_id and answer.outcome != "open":
            self.closed.append((self.model.now_us, owner, answer.order_id))
