"""The books of the naive exchange: every table, every posting, and how a refusal undoes both.

It knows nothing of the engine. What the rules do with the books lies beside it, one file per noun.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, NoReturn

USD: Final = "usd"
HOUSE: Final = "house"
UNIT: Final = 1_000_000
"""Tokens of one Unit; prices are per Unit."""
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
MAY_BE_NEGATIVE: Final = ("external", "issued")
FIGURES: Final = {
    "outage_gap_us": 60 * SECOND,
    "max_parcels": 1_000,
    "max_draws": 256,
    "max_due_items": 16,
    "price_band_bps": 0,
    "lot_window_us": 4 * 3_600 * SECOND,
    "sweep_interval_us": 4 * 3_600 * SECOND,
    "retire_unsold_at_sweep": 1,
    "reserve_step_tokens": 4_096,
    "reservation_window_us": 600 * SECOND,
    "reservation_grace_us": 600 * SECOND,
    "dispute_window_us": 7 * DAY,
    "index_window_us": 3_600 * SECOND,
    "index_final_after_us": 1_800 * SECOND,
    "index_trades_min": 5,
    "refund_index_per_mille": 1_250,
    "resale_gains_max": 8,
    "supply_penalty_per_mille": 0,
    "collateral_escrow_per_mille": 1_000,
    "capacity_window_us": 4 * 3_600 * SECOND,
    "capacity_derating_per_mille": 800,
}
"""What the rules say while nobody sets another figure."""


class Refused(Exception):
    """The command is not allowed, for this reason."""

    @property
    def reason(self) -> str:
        return str(self.args[0])


class Undone(Exception):
    """The command was tried and is taken back; its answer stands."""

    @property
    def answer(self) -> Any:
        return self.args[0]


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


def demand(holds: object, reason: str) -> None:
    if not holds:
        refuse(reason)


# ---- what is written down ----------------------------------------------------------------------


class Member(NamedTuple):
    roles: tuple[str, ...]
    group: str = ""
    party: str = ""
    tier: str = ""
    mode: str = "advanced"
    ceiling: int = 0
    day_ceiling: int = 0
    size: int = 1
    threshold: int = 0
    transfers: bool = False
    prevention: str = "cancel_newest"
    suspended: bool = False


class Market(NamedTuple):
    instrument: str
    terms: Any
    next_sweep: int
    state: str = "open"
    last_price: int = 0
    auction: str = ""
    ends: int = 0
    aim: int = 0
    """The last price before the auction, to which its own keeps near."""
    before_sweep: int = 0
    most_move: int = 0
    move_window: int = 0
    halt: int = 0
    reference: tuple[int, int] = (0, 0)
    """What a move is measured from, and since when."""


class Order(NamedTuple):
    name: str
    owner: str
    market: str
    side: str
    kind: str
    lasts: str
    price: int
    quantity: int
    left: int
    source: str
    age: int
    """Place in the queue of its price; 0 while it is in none."""
    worst_bps: int
    rates: tuple[int, int] | None
    transfers: bool
    prevention: str
    tag: str
    expires: int | None
    post_only: bool
    slides: bool
    most_average: int | None
    most_spend: int | None
    held: int = 0
    spent: int = 0
    fees: int = 0


class Gain(NamedTuple):
    owner: str
    low: int
    high: int


class Parcel(NamedTuple):
    issuer: str
    first_trade: str
    first_price: int
    fee_bps: int
    trade: str
    cost: int
    kin: bool
    gains: tuple[Gain, ...]
    units: int


class Held(NamedTuple):
    """A parcel inside a Lot."""

    parcel: Parcel
    free: int
    reserved: int = 0
    ended: int = 0
    tendered: int = 0


class Lot(NamedTuple):
    owner: str
    instrument: str
    origin: str
    minted: int
    """On the clock that stands still while the exchange is down."""
    expires: int
    held: tuple[Held, ...]
    consumed: int = 0
    expired: int = 0
    refunded: int = 0

    @property
    def free(self) -> int:
        return sum(each.free for each in self.held)

    @property
    def reserved(self) -> int:
        return sum(each.reserved for each in self.held)


class Call(NamedTuple):
    owner: str
    instrument: str
    prompt: int
    output: int
    choices: int
    most_price: int | None
    reserved: int
    draws: tuple[tuple[str, int, int], ...]
    """Lot, place of the parcel in it, tokens."""
    deadline: int
    opened: int
    marked: int = 0
    stopped: bool = False


class Supplier(NamedTuple):
    speed: int
    suspended: bool = False


class Admission(NamedTuple):
    suspended: bool = False
    renews: bool = False


class Books:
    """Everything the naive exchange knows; rows are never changed, only replaced."""

    def __init__(self) -> None:
        self.now = 0
        self.clock = {"down": 0}
        """How long the exchange was down in all."""
        self.figures: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self.balances: dict[tuple[str, str, str], int] = {}
        self.members: dict[str, Member] = {}
        self.tiers: dict[str, tuple[str, int, int]] = {}
        self.markets: dict[str, Market] = {}
        self.orders: dict[str, Order] = {}
        self.closed: dict[str, tuple[str, str]] = {}
        self.queues: dict[str, tuple[tuple[tuple[int, int], Parcel], ...]] = {}
        """Parcels by owner and instrument, or by order; each with its place, oldest first."""
        self.lots: dict[str, Lot] = {}
        self.calls: dict[str, Call] = {}
        self.settled: dict[str, bool] = {}
        """Whether a report may still come."""
        self.suppliers: dict[str, Supplier] = {}
        self.admissions: dict[tuple[str, str], Admission] = {}
        self.offers: dict[tuple[str, str], bool] = {}
        self.links: dict[tuple[str, str], tuple[str, ...]] = {}
        self.turns: dict[tuple[str, str], tuple[tuple[int, bool], ...]] = {}
        self.windows: dict[tuple[str, int], tuple[str, int]] = {}
        """By instrument and beginning: what comes next, and when."""
        self.inputs: dict[tuple[str, int], dict[str, tuple[int, int]]] = {}
        self.indexes: dict[str, tuple[int, int]] = {}
        """By instrument: beginning of the latest window, and the price that holds."""
        self.debts: dict[str, tuple[int, int]] = {}
        self.spent_today: dict[str, tuple[int, int]] = {}
        self.disputes: dict[str, Any] = {}
        self.postings: list[tuple[str, str, str, str, int]] = []
        self.trades: list[tuple[Any, ...]] = []
        self.usage: list[tuple[Any, ...]] = []
        self.indexed: list[tuple[Any, ...]] = []
        self.dealings: list[tuple[str, str, str, int, int, int]] = []
        """What came to Trading or left it: how, whose, of what, Units, money, fee."""

    def figure(self, name: str) -> int:
        return self.figures.get(name, FIGURES[name])

    @property
    def up(self) -> int:
        """The time on a clock that stands still while the exchange is down."""
        return self.now - self.clock["down"]

    def balance(self, owner: str, account: str, asset: str = USD) -> int:
        return self.balances.get((owner, account, asset), 0)

    def next(self, kind: str) -> str:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return f"{kind}_{self.numbers[kind]:012d}"

    # ---- writing -------------------------------------------------------------------------------

    def post(self, cause: str, *lines: tuple[str, str, str, int]) -> None:
        """Enter lines (owner, account, asset, amount) that come to nothing per asset."""
        for asset in {line[2] for line in lines}:
            assert sum(line[3] for line in lines if line[2] == asset) == 0, lines
        for owner, account, asset, amount in lines:
            if not amount:
                continue
            after = self.balance(owner, account, asset) + amount
            assert after >= 0 or account in MAY_BE_NEGATIVE, (cause, owner, account, after)
            self.balances[owner, account, asset] = after
            if not after:
                del self.balances[owner, account, asset]
            self.postings.append((cause, owner, account, asset, amount))

    def pay(self, cause: str, giver: tuple[str, str], taker: tuple[str, str], amount: int) -> None:
        """Money from one (owner, account) to another."""
        self.post(cause, (*giver, USD, -amount), (*taker, USD, amount))

    def move(
        self, cause: str, owner: str, asset: str, amount: int, source: str, target: str
    ) -> None:
        """An amount of any asset from one account of an owner to another."""
        self.post(cause, (owner, source, asset, -amount), (owner, target, asset, amount))

    def attempt(self, rule: Callable[[], Any]) -> Any:
        """What a rule answers; one that is refused or undone leaves no trace."""
        tables = {
            name: table.copy()
            for name, table in vars(self).items()
            if isinstance(table, dict | list)
        }
        try:
            return rule()
        except (Refused, Undone) as undone:
            vars(self).update(tables)
            return undone if isinstance(undone, Refused) else undone.answer

    def was_down(self, gap: int) -> None:
        """Give every deadline there is as much more time as the exchange was down."""
        self.clock["down"] += gap
        for name, lot in self.lots.items():
            self.lots[name] = lot._replace(expires=lot.expires + gap)
        for name, call in self.calls.items():
            self.calls[name] = call._replace(deadline=call.deadline + gap)
        for name, order in self.orders.items():
            if order.expires is not None:
                self.orders[name] = order._replace(expires=order.expires + gap)

    def begin(self, at: int) -> None:
        """Note the time of the next command and forget what the last one did."""
        self.now = max(self.now, at)
        for effects in (self.postings, self.trades, self.usage, self.indexed, self.dealings):
            effects.clear()


# ---- sums --------------------------------------------------------------------------------------


def fee_of(money: int, bps: int) -> int:
    return money * bps // 10_000


def worth(price: int, before: int, after: int) -> int:
    """The money of the tokens from one count to another of a parcel's, in whole micro-dollars."""
    return price * after // UNIT - price * before // UNIT


def fee_worth(parcel: Parcel, before: int, after: int) -> int:
    """The issuer's fee on the first-sale money of these tokens."""
    first, last = (
        fee_of(parcel.first_price * count // UNIT, parcel.fee_bps) for count in (before, after)
    )
    return last - first


def merged(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Neighbours that differ in nothing but their number become one."""
    result: list[Parcel] = []
    for parcel in parcels:
        if result and result[-1]._replace(units=0) == parcel._replace(units=0):
            parcel = parcel._replace(units=parcel.units + result.pop().units)
        result.append(parcel)
    return result
