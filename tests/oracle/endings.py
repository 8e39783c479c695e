"""What the money of tokens does when they end: earned, given back, or covered by somebody else.

Used tokens pay who served; called ones that failed go back to their owner; expired ones are the
issuer's for the time in which it could have served. Lots are in `lots`, calls in `consuming`.
"""

from typing import NamedTuple

from tests.oracle.books import HOUSE, Books, Held, Lot, Parcel, fee_worth, worth
from tests.oracle.index import index_price
from tests.oracle.orders import affiliated
from tests.oracle.supplying import able_time


class Claims:
    """What issuers owe beyond the money that waited, in the order in which it came up."""

    def __init__(self) -> None:
        self.covers: dict[str, int] = {}
        self.penalties: dict[str, int] = {}

    def add(self, issuer: str, cover: int, penalty: int) -> None:
        if cover or penalty:
            self.covers[issuer] = self.covers.get(issuer, 0) + cover
            self.penalties[issuer] = self.penalties.get(issuer, 0) + penalty


class Stretch(NamedTuple):
    """Tokens of one parcel, by its count of ended ones, and the share of them that failed."""

    lot: Lot
    parcel: Parcel
    start: int
    end: int
    failed: int
    of: int

    def money(self, price: int) -> int:
        return worth(price, self.start, self.end)

    def back(self, amount: int) -> int:
        return amount * self.failed // self.of

    def earned(self, amount: int) -> int:
        return amount * (self.of - self.failed) // self.of


def end(
    books: Books,
    cause: str,
    lot: Lot,
    held: Held,
    counts: tuple[int, int, int],
    claims: Claims,
    *,
    account: str,
    server: str = "",
) -> tuple[int, int]:
    """End tokens (used, refunded, expired) of a parcel; answers what the used cost and earned.

    `account` is where its owner has them.
    """
    parcel = held.parcel
    used, called, gone = (held.ended + sum(counts[:number]) for number in (1, 2, 3))
    for name, tokens in zip(("consumed", "refunded", "expired"), counts, strict=True):
        units = (lot.owner, account, lot.instrument, -tokens)
        books.post(cause, units, (parcel.issuer, name, lot.instrument, tokens))
    earned = worth(parcel.first_price, held.ended, used)
    fee = fee_worth(parcel, held.ended, used)
    books.pay(
        cause, (parcel.issuer, "escrow"), (server or parcel.issuer, "available"), earned - fee
    )
    books.pay(cause, (parcel.issuer, "escrow"), (HOUSE, "fees"), fee)
    for gain in parcel.gains:
        amount = worth(gain.high - gain.low, held.ended, used)
        books.pay(cause, (gain.owner, "withheld"), (gain.owner, "available"), amount)
    refund, cover = give_back(books, cause, Stretch(lot, parcel, used, called, 1, 1))
    until = lot.expires - books.clock["down"]
    life = until - lot.minted
    able = able_time(books, parcel.issuer, lot.instrument, lot.minted, until)
    lapsed = Stretch(lot, parcel, called, gone, life - able, life)
    _, cover_of_lapsed = give_back(books, cause, lapsed)
    penalty = refund * books.figure("supply_penalty_per_mille") // 1_000
    claims.add(parcel.issuer, cover + cover_of_lapsed, penalty)
    return worth(parcel.cost, held.ended, used), earned


def give_back(books: Books, cause: str, stretch: Stretch) -> tuple[int, int]:
    """Give the failed share back, the rest is earned; answers what the owner gets, and what of
    it nobody's waiting money pays."""
    lot, parcel = stretch.lot, stretch.parcel
    owner, escrow = (lot.owner, "available"), (parcel.issuer, "escrow")
    waiting = stretch.money(parcel.first_price)
    earned = stretch.earned(waiting)
    fee = stretch.earned(fee_worth(parcel, stretch.start, stretch.end))
    books.pay(cause, escrow, (parcel.issuer, "available"), earned - fee)
    books.pay(cause, escrow, (HOUSE, "fees"), fee)
    price = refund_price(books, lot.instrument, parcel)
    low = min(price, parcel.first_price)
    refund = min(waiting - earned, stretch.back(stretch.money(low)))
    books.pay("refund", escrow, owner, refund)
    books.pay("refund", escrow, (HOUSE, "guarantee"), waiting - earned - refund)
    uncovered = price - low
    for gain in parcel.gains:
        layer = max(0, min(gain.high, price) - gain.low)
        whole = stretch.money(gain.high - gain.low)
        taken = min(whole, stretch.back(stretch.money(layer)))
        books.pay("refund", (gain.owner, "withheld"), owner, taken)
        books.pay(cause, (gain.owner, "withheld"), (gain.owner, "available"), whole - taken)
        uncovered -= layer
        refund += taken
    cover = stretch.back(stretch.money(uncovered))
    return refund + cover, cover


def refund_price(books: Books, instrument: str, parcel: Parcel) -> int:
    """The most that an owner gets back per Unit."""
    usual = index_price(books, instrument) * books.figure("refund_index_per_mille") // 1_000
    return min(parcel.cost, max(parcel.first_price, usual))


# ---- the waterfall -----------------------------------------------------------------------------


def settle(books: Books, owner: str, claims: Claims, name: str = "cover") -> None:
    """Pay what issuers owe: by their collateral, their cash, the guarantee; the rest is lost."""
    left = by_own_means(books, claims.covers, (owner, "available"), name)
    for issuer, amount in left.items():
        pot = books.balance(HOUSE, "guarantee")
        advanced = 0 if affiliated(books, issuer, owner) else min(amount, pot)
        books.pay(f"{name}_guarantee", (HOUSE, "guarantee"), (owner, "available"), advanced)
        before = books.debts.get(issuer, (0, 0))
        books.debts[issuer] = (before[0] + advanced, before[1] + amount - advanced)
    by_own_means(books, claims.penalties, (HOUSE, "guarantee"), "penalty")


def by_own_means(
    books: Books, owed: dict[str, int], taker: tuple[str, str], name: str
) -> dict[str, int]:
    """Let issuers pay, all of them from one account before any from the next."""
    left = dict(owed)
    for account, word in (("collateral", "collateral"), ("available", "earnings")):
        for issuer, amount in left.items():
            paid = min(amount, books.balance(issuer, account))
            books.pay(f"{name}_{word}", (issuer, account), taker, paid)
            left[issuer] -= paid
    return {issuer: amount for issuer, amount in left.items() if amount}
