"""A whole market kept in the simplest way: the naive book, and a handful of sums for each member.

It knows nothing of parcels, escrow, postings or the engine; fees are zero, and issuers only sell.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.naive_book import NaiveBook, NaiveOrder

TOKENS = 1_000_000
"""Tokens of one Unit."""


class Wish(NamedTuple):
    """An order as somebody asks for it; prices in micro-dollars, `lasts_us` is for gtd."""

    side: str
    units: int
    price: int | None = None
    time_in_force: str = "gtc"
    prevention: str = "cancel_newest"
    post_only: bool = False
    slides: bool = False
    slippage_bps: int | None = None
    average: int | None = None
    spend: int | None = None
    auto_transfer: bool = False
    tag: str = ""
    lasts_us: int = 0


class Answer(NamedTuple):
    """What became of an order: `open`, why it closed, or with which word it was refused."""

    order_id: str
    outcome: str
    fills: tuple[tuple[int, int], ...] = ()
    """Price and quantity, in order."""

    @property
    def is_refused(self) -> bool:
        return self.outcome.isupper()


@dataclass
class NaiveLot:
    """Tokens with one expiry; `gone` are those that expired or were refunded."""

    expires_us: int
    free: int
    reserved: int = 0
    consumed: int = 0
    gone: int = 0

    @property
    def figures(self) -> tuple[int, int, int, int]:
        return self.free, self.reserved, self.consumed, self.gone


@dataclass
class NaiveMember:
    """What a member has; `wealth` is its cash over all accounts together."""

    issues: bool = False
    wealth: int = 0
    units: int = 0
    """Bought and in Trading, bound to sells or not; of an issuer what it has not sold."""
    lots: list[NaiveLot] = field(default_factory=list)
    is_auto: bool = False
    fires_us: int = 0
    """When the dead man's switch goes off; 0 for never."""


@dataclass
class NaiveCall:
    """An open call: what it set aside of which Lots, in the order in which they are spent."""

    owner: str
    draws: list[tuple[NaiveLot, int]]
    deadline_us: int
    prompt: int
    marked: int = 0

    @property
    def tokens(self) -> int:
        return sum(tokens for _, tokens in self.draws)


@dataclass
class NaiveMarket:
    """One market with its members; every change is asked for by name of the one who asks."""

    now_us: int
    slot_us: int
    """When the next sweep is due."""
    interval_us: int
    lot_us: int
    auto_ceiling: int
    members: dict[str, NaiveMember] = field(default_factory=dict)
    book: NaiveBook = field(default_factory=NaiveBook)
    wishes: dict[str, Wish] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    expiries: dict[str, int] = field(default_factory=dict)
    """Of every order there ever was, by name, as is what it asked for and whose it is."""
    calls: dict[str, NaiveCall] = field(default_factory=dict)
    is_open: bool = True
    volume_units: int = 0

    def kept(self) -> dict[str, Any]:
        """All there is, to come back to by `restore`."""
        return copy.deepcopy(self.__dict__)

    def restore(self, kept: dict[str, Any]) -> None:
        """Undo everything since."""
        self.__dict__.update(kept)

    # ---- orders --------------------------------------------------------------------------------

    def place(self, owner: str, wish: Wish, name: str) -> Answer:
        """Enter an order under the name that the exchange gave it."""
        if not self.is_open:
            return Answer("", "MARKET_NOT_OPEN")
        order = NaiveOrder(
            name, owner, wish.side, wish.price, wish.units, wish.units, wish.prevention,
            wish.post_only, wish.slides, wish.average, wish.spend,
        )  # fmt: skip
        if wish.side == "sell" and wish.units > self.free_units(owner):
            trial = copy.deepcopy(self.book).place(copy.copy(order), "gtc")
            return Answer("", trial if trial.isupper() else "INSUFFICIENT_UNITS")
        self._remember(order, wish)
        naive_force = wish.time_in_force if wish.time_in_force in ("ioc", "fok") else "gtc"
        outcome = self.book.place(order, naive_force, wish.slippage_bps)
        return Answer("" if outcome.isupper() else name, outcome, self._settle_trades(order))

    def amend(self, owner: str, name: str, price: int, units: int) -> Answer:
        """Change an order that rests."""
        order = next((o for o in self.book.resting if (o.name, o.owner) == (name, owner)), None)
        if not self.is_open:
            return Answer("", "MARKET_NOT_OPEN")
        assert order is not None
        more = units - order.quantity
        if order.side == "sell" and more > self.free_units(owner):
            trial = copy.deepcopy(self.book).amend(name, price, units)
            return Answer("", trial if trial.isupper() else "INSUFFICIENT_UNITS")
        outcome = self.book.amend(name, price, units)
        return Answer("" if outcome.isupper() else name, outcome, self._settle_trades(order))

    def cancel(self, name: str) -> None:
        """Take an order out."""
        self.book.cancel(name)

    def cancel_all(self, owner: str, tag: str = "") -> set[str]:
        """Take all orders of a member out, or those with a tag; answers their names."""
        mine = {o.name for o in self.book.resting if o.owner == owner}
        gone = {name for name in mine if tag in ("", self.wishes[name].tag)}
        self.book.resting = [o for o in self.book.resting if o.name not in gone]
        return gone

    def open_orders(self, owner: str = "") -> list[NaiveOrder]:
        """Resting orders, oldest name first."""
        mine = [o for o in self.book.resting if owner in ("", o.owner)]
        return sorted(mine, key=lambda order: order.name)

    def free_units(self, owner: str) -> int:
        """Units that no sell has bound."""
        bound = sum(o.remaining for o in self.open_orders(owner) if o.side == "sell")
        return self.members[owner].units - bound

    def _settle_trades(self, taker: NaiveOrder) -> tuple[tuple[int, int], ...]:
        """Move money and Units of the trades just made; answers their prices and quantities."""
        made, self.book.trades = self.book.trades, []
        gained = 0
        for maker_name, _, price, units in made:
            buyer, seller = self.owners[maker_name], taker.owner
            if taker.side == "buy":
                buyer, seller = seller, buyer
            self.members[buyer].wealth -= price * units
            self.members[seller].wealth += price * units
            self.members[buyer].units += units
            self.members[seller].units -= units
            self.volume_units += units
            if taker.side == "buy":
                gained += units
            elif self.wishes[maker_name].auto_transfer:
                self.mint(buyer, units)
        if gained and self.wishes[taker.name].auto_transfer:
            self.mint(taker.owner, gained)
        return tuple((price, units) for _, _, price, units in made)

    def _remember(self, order: NaiveOrder, wish: Wish) -> None:
        """Keep what the book does not; in auto mode every buy goes into a Lot."""
        transfers = wish.auto_transfer or self.members[order.owner].is_auto
        self.wishes[order.name] = wish._replace(auto_transfer=transfers and wish.side == "buy")
        self.owners[order.name] = order.owner
        if wish.time_in_force == "gtd":
            self.expiries[order.name] = self.now_us + wish.lasts_us

    # ---- Lots and calls ------------------------------------------------------------------------

    def mint(self, owner: str, units: int) -> None:
        """Move Units into a new Lot."""
        self.members[owner].units -= units
        self.members[owner].lots.append(NaiveLot(self.now_us + self.lot_us, units * TOKENS))

    def transfer(self, owner: str, units: int) -> str:
        """Move Units that are free; answers with which word it is refused."""
        if units > self.free_units(owner):
            return "INSUFFICIENT_UNITS"
        self.mint(owner, units)
        return ""

    def reserve(
        self, name: str, owner: str, prompt: int, output: int, window_us: int, grace_us: int
    ) -> str:
        """Set tokens aside for a call, in auto mode buying what is missing."""
        tokens = prompt + output
        missing = tokens - sum(lot.free for lot in self._live_lots(owner))
        if missing > 0 and self.members[owner].is_auto:
            refused = self._provide(owner, -(-missing // TOKENS))
            if refused:
                return refused
        elif missing > 0:
            return "INSUFFICIENT_UNITS"
        draws = []
        for lot in self._live_lots(owner):
            drawn = min(lot.free, tokens)
            if drawn:
                lot.free, lot.reserved, tokens = (
                    lot.free - drawn,
                    lot.reserved + drawn,
                    tokens - drawn,
                )
                draws.append((lot, drawn))
        first_us = min(lot.expires_us for lot, _ in draws)
        deadline_us = min(self.now_us + window_us, first_us + grace_us)
        self.calls[name] = NaiveCall(owner, draws, deadline_us, prompt)
        return ""

    def _live_lots(self, owner: str) -> list[NaiveLot]:
        live = [lot for lot in self.members[owner].lots if lot.expires_us > self.now_us]
        return sorted(live, key=lambda lot: lot.expires_us)

    def _provide(self, owner: str, wanted: int) -> str:
        """Bring so many Units into a Lot: free ones first, then bought up to the ceiling."""
        bought = 0
        needed = wanted - self.free_units(owner)
        if needed > 0:
            if not self.is_open:
                return "MARKET_NOT_OPEN"
            kept = self.kept()
            wish = Wish("buy", needed, self.auto_ceiling, "ioc", "cancel_oldest")
            order = NaiveOrder(
                "auto", owner, "buy", self.auto_ceiling, needed, needed, "cancel_oldest"
            )
            self._remember(order, wish)
            self.wishes["auto"] = wish
            self.book.place(order, "ioc")
            bought = sum(units for _, units in self._settle_trades(order))
            if bought < needed:
                refused = "ABOVE_CEILING" if self.book.best_for(order) else "NO_LIQUIDITY"
                self.restore(kept)
                return refused
        self.mint(owner, max(wanted, bought))
        return ""

    def settle(self, name: str, billed: int) -> None:
        """End a call: so much is used, the rest goes back, or is gone where its Lot is."""
        for lot, tokens in self.calls.pop(name).draws:
            used = min(billed, tokens)
            billed -= used
            lot.reserved -= tokens
            lot.consumed += used
            if lot.expires_us > self.now_us:
                lot.free += tokens - used
            else:
                lot.gone += tokens - used

    # ---- time ----------------------------------------------------------------------------------

    def pass_time(self, span_us: int) -> None:
        """Move time, and do everything that is due by then."""
        self.now_us += span_us
        for name, call in list(self.calls.items()):
            if call.deadline_us <= self.now_us:
                self.settle(name, call.marked)
        for member in self.members.values():
            for lot in member.lots:
                if lot.expires_us <= self.now_us:
                    lot.gone, lot.free = lot.gone + lot.free, 0
        ended = {name for name, us in self.expiries.items() if us <= self.now_us}
        self.book.resting = [o for o in self.book.resting if o.name not in ended]
        for owner, member in self.members.items():
            if 0 < member.fires_us <= self.now_us:
                self.cancel_all(owner)
                member.fires_us = 0
        if self.now_us >= self.slot_us:
            self._sweep()

    def _sweep(self) -> None:
        """Sells go, and what is good till the sweep; Units become Lots, unsold ones vanish."""
        self.slot_us = (self.now_us // self.interval_us + 1) * self.interval_us
        for order in self.open_orders():
            if order.side == "sell" or self.wishes[order.name].time_in_force == "gts":
                self.book.cancel(order.name)
        for owner, member in self.members.items():
            if member.issues:
                member.units = 0
            elif member.units:
                self.mint(owner, member.units)
