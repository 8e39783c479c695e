"""The whole state of one partition: plain tables of immutable records, and their undo log.

Which changes are made is decided elsewhere; `apply` alone calls `put`, `delete` and `post`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from thegrid_exchange.engine.indices import Indices
from thegrid_exchange.engine.policy import POLICY_DEFAULTS
from thegrid_exchange.engine.quantities import (
    CONTRA_ACCOUNTS,
    INT64_MAX,
    SECOND_US,
    number_of,
    numbered,
)
from thegrid_exchange.engine.records import (
    AbleHistory,
    Admission,
    Alarm,
    Alert,
    Auction,
    Benchmark,
    Cancellation,
    CancelTimer,
    ClosedDelivery,
    ClosedOrder,
    CollateralMark,
    Dispute,
    FeeTier,
    IndexInput,
    IndexWindow,
    Instrument,
    Key,
    Lot,
    LotParcel,
    Market,
    Member,
    MeteringPolicy,
    Offer,
    Order,
    Parcel,
    PerformanceBucket,
    ReceiptKey,
    ReferenceIndex,
    Reservation,
    Shortfall,
    SpecReview,
    SpecVersion,
    Spend,
    Standing,
    Supplier,
    SupplierLink,
    Sweep,
    Webhook,
)
from thegrid_exchange.engine.refusals import InvariantBroken

FORGET_SLACK_US: Final = 60 * SECOND_US
"""Memory may be kept this much longer, so that the ticker is not woken for each closed order."""


class State:
    """Tables, the indices that follow them, the time of the last row, and the undo log.

    Reading is free for all; keys are strings or tuples of strings and integers.
    """

    def __init__(self) -> None:
        self.now_us = 0
        """Stamp of the last row; never goes back."""
        self.event_count = 0
        """Events of the command at hand; not part of the state proper."""
        self.policy: dict[str, int] = {}
        """Figures that were set; `term` adds the defaults."""
        self.counters: dict[str, int] = {}
        """Last number given per id prefix, and of `rank`."""
        self.totals: dict[str, int] = {}
        """`outage_us`: all outages so far; `policy_version`: changes of the policy so far;
        `disputable_from_us`: see the property.
        """
        self.instruments: dict[str, Instrument] = {}
        self.spec_versions: dict[tuple[str, int], SpecVersion] = {}
        self.markets: dict[str, Market] = {}
        self.members: dict[str, Member] = {}
        self.keys: dict[str, Key] = {}
        self.balances: dict[tuple[str, str, str], int] = {}
        """Amount by owner, account and asset; a balance of zero has no row."""
        self.orders: dict[str, Order] = {}
        """Open orders alone."""
        self.closed_orders: dict[str, ClosedOrder] = {}
        self.parcels: dict[tuple[str, int], Parcel] = {}
        """By queue id (see `ParcelChange`) and number."""
        self.cancellations: dict[str, Cancellation] = {}
        self.cancel_timers: dict[str, CancelTimer] = {}
        """By member; those that fired or were disarmed have no row."""
        self.auctions: dict[str, Auction] = {}
        """Unfinished auctions alone."""
        self.fee_tiers: dict[str, FeeTier] = {}
        self.lots: dict[str, Lot] = {}
        """Lots with tokens that have not ended."""
        self.lot_parcels: dict[tuple[str, int], LotParcel] = {}
        self.sweeps: dict[str, Sweep] = {}
        """Unfinished sweeps alone."""
        self.reservations: dict[str, Reservation] = {}
        self.closed_deliveries: dict[str, ClosedDelivery] = {}
        self._begin_supply()
        self._begin_quality()
        self._begin_usage()
        self._begin_controls()
        self.tables: dict[str, dict[Any, Any]] = {
            name: table for name, table in vars(self).items() if isinstance(table, dict)
        }
        self.indices = Indices()
        self.indices.balances = self.balances
        self.indices.performance = self.performance
        self._rows: dict[str, tuple[dict[Any, Any], Callable[[Any, Any, Any], None] | None]] = {
            name: (table, getattr(self.indices, f"follow_{name}", None))
            for name, table in self.tables.items()
        }
        self._undo: list[tuple[str, Any, Any]] = []

    def _begin_supply(self) -> None:
        self.suppliers: dict[str, Supplier] = {}
        self.admissions: dict[tuple[str, str], Admission] = {}
        self.offers: dict[tuple[str, str], Offer] = {}
        self.supplier_links: dict[tuple[str, str], SupplierLink] = {}
        """By member and relay."""
        self.able_histories: dict[tuple[str, str], AbleHistory] = {}
        self.collateral_marks: dict[str, CollateralMark] = {}
        self.shortfalls: dict[str, Shortfall] = {}
        self.index_windows: dict[str, IndexWindow] = {}
        self.index_inputs: dict[tuple[str, str], IndexInput] = {}
        """By window and trade; those of a final index are forgotten."""
        self.reference_indexes: dict[str, ReferenceIndex] = {}
        """The latest of each instrument."""

    def _begin_quality(self) -> None:
        self.performance: dict[tuple[str, str, str, int], PerformanceBucket] = {}
        """By supplier, instrument, grain and slot of the ring."""
        self.standings: dict[tuple[str, str], Standing] = {}
        """By supplier and instrument; admissions of which nothing is known have no row."""
        self.spec_reviews: dict[str, SpecReview] = {}
        self.benchmarks: dict[tuple[str, str], Benchmark] = {}
        """By supplier and instrument: the last of each offer."""

    def _begin_usage(self) -> None:
        self.metering_policies: dict[str, MeteringPolicy] = {}
        """By version, written out; `rules.metering` knows the first one."""
        self.receipt_keys: dict[str, ReceiptKey] = {}
        self.disputes: dict[str, Dispute] = {}
        """By id: open ones, and decided ones of records that could still be disputed."""

    def _begin_controls(self) -> None:
        self.spends: dict[str, Spend] = {}
        """By key or member; those that never spent have no row."""
        self.alerts: dict[tuple[str, str, str], Alert] = {}
        """Standing notices by member, kind and subject."""
        self.alarms: dict[str, Alarm] = {}
        """By Lot or key."""
        self.webhooks: dict[str, Webhook] = {}

    # ---- reading -------------------------------------------------------------------------------

    def term(self, name: str) -> int:
        """A figure of the policy in force."""
        figure = self.policy.get(name)
        return POLICY_DEFAULTS[name] if figure is None else figure

    def balance(self, owner: str, account: str, asset: str) -> int:
        """What lies on an account: micro-dollars of `usd`, else tokens."""
        return self.balances.get((owner, account, asset), 0)

    def next_id(self, prefix: str) -> str:
        """The id that the next thing of this kind gets; `count` then marks it as given."""
        return numbered(prefix, self.counters.get(prefix, 0) + 1)

    @property
    def outage_us(self) -> int:
        """Length of all outages so far."""
        return self.totals.get("outage_us", 0)

    @property
    def disputable_from_us(self) -> int:
        """Calls settled before this instant can be disputed no more, however long the time for it.

        What was decided about them is forgotten, so nobody could tell a second dispute.
        """
        return self.totals.get("disputable_from_us", 0)

    @property
    def up_us(self) -> int:
        """Now, on the up-time clock, from which outages are taken off."""
        return self.now_us - self.outage_us

    @property
    def policy_version(self) -> int:
        """How often the policy was changed."""
        return self.totals.get("policy_version", 0)

    def deadline_us(self, instant_us: int, outage_base_us: int) -> int:
        """Where a deadline lies by now: outages since its making have moved it."""
        return instant_us + self.outage_us - outage_base_us

    def work_left(self) -> int:
        """Events that the command at hand may still bring about."""
        return self.term("max_events") - self.event_count

    def next_deadline_us(self) -> int | None:
        """When the next Tick is wanted; `now_us` when there is unfinished work, None for never."""
        indices = self.indices
        if indices.open_sweeps or indices.cancellations:
            return self.now_us
        deadlines = []
        for keys in (
            indices.reservation_deadlines,
            indices.lot_deadlines,
            indices.order_deadlines,
            indices.standing_deadlines,
            indices.benchmark_deadlines,
        ):
            first = keys.first()
            if first is not None:
                deadlines.append(first[0] + self.outage_us)
        for keys in (
            indices.sweep_slots,
            indices.timer_deadlines,
            indices.auction_slots,
            indices.auction_deadlines,
            indices.spec_deadlines,
            indices.alarms,
            indices.index_deadlines,
        ):
            first = keys.first()
            if first is not None:
                deadlines.append(first[0])
        closed = indices.closed.first()
        if closed is not None:
            deadlines.append(self.forget_at_us(closed) + FORGET_SLACK_US)
        return min(deadlines, default=None)

    def forget_at_us(self, closed: tuple[int, str]) -> int:
        """When a closed order or delivery (instant, id) need not be remembered any longer."""
        closed_at_us, identifier = closed
        is_order = identifier.startswith("ord_")
        return closed_at_us + self.term(
            "closed_order_memory_us" if is_order else "closed_delivery_memory_us"
        )

    # ---- writing: for `apply` alone ------------------------------------------------------------

    def put(self, table_name: str, key: Any, record: Any) -> None:
        """Set a row, keeping what it was for the undo."""
        table, follow = self._rows[table_name]
        old = table.get(key)
        self._undo.append((table_name, key, old))
        table[key] = record
        if follow is not None:
            follow(key, old, record)

    def delete(self, table_name: str, key: Any) -> None:
        """Take a row out; KeyError if it is not there."""
        table, follow = self._rows[table_name]
        old = table.pop(key)
        self._undo.append((table_name, key, old))
        if follow is not None:
            follow(key, old, None)

    def post(self, owner: str, account: str, asset: str, amount: int) -> None:
        """Add a posted amount; only accounts of the outside world may go below zero."""
        key = (owner, account, asset)
        before = self.balances.get(key, 0)
        after = before + amount
        if after < 0 and account not in CONTRA_ACCOUNTS:
            raise InvariantBroken(f"{key} would fall to {after}")
        if abs(after) > INT64_MAX:
            raise InvariantBroken(f"{key} would leave the range of 64 bits")
        if before and after:
            # The row stays, so no index changes; this is the hottest write there is.
            self._undo.append(("balances", key, before))
            self.balances[key] = after
        elif after:
            self.put("balances", key, after)
        elif before:
            self.delete("balances", key)

    def count(self, identifier: str) -> None:
        """Mark an id made by `next_id` as given."""
        self.put("counters", identifier[:-13], number_of(identifier))

    # ---- undo ----------------------------------------------------------------------------------

    def mark(self) -> int:
        """A point to which `unwind` can come back."""
        return len(self._undo)

    def unwind(self, mark: int) -> None:
        """Undo every change since the mark, latest first."""
        undo = self._undo
        while len(undo) > mark:
            table_name, key, old = undo.pop()
            table, follow = self._rows[table_name]
            new = table.get(key)
            if old is None:
                del table[key]
            else:
                table[key] = old
            if follow is not None:
                follow(key, new, old)

    def commit(self) -> None:
        """Make the changes so far final."""
        self._undo.clear()

    # ---- whole ---------------------------------------------------------------------------------

    def dump(self) -> Iterator[tuple[str, Any, Any]]:
        """Every row as (table, key, record), enough for `load` to build an equal state."""
        yield "now_us", "", self.now_us
        for name, table in self.tables.items():
            for key, record in table.items():
                yield name, key, record

    @classmethod
    def load(cls, rows: Iterable[tuple[str, Any, Any]]) -> "State":
        """The state that `dump` showed; rows may come in any order."""
        state = cls()
        for name, key, record in rows:
            if name == "now_us":
                state.now_us = record
            else:
                state.put(name, tuple(key) if isinstance(key, list) else key, record)
                state.commit()
        return state

    def digest(self) -> str:
        """SHA-256 over all rows in key order and over every queue of the books, in hex.

        It does not depend on the hash seed nor on how the state was reached. The stamp of the last
        row is left out, since a refused command moves nothing else.
        """
        sha256 = hashlib.sha256()
        for name, table in self.tables.items():
            for key in sorted(table):
                sha256.update(f"{name}|{key!r}|{table[key]!r}\n".encode())
        for market_id, book in sorted(self.indices.books.items()):
            for side in (book.buy, book.sell):
                for price_micros, level in side.walk():
                    queue = f"{market_id}|{price_micros}|{level.quantity_units}|{list(level.queue)}"
                    sha256.update(queue.encode())
        return sha256.hexdigest()
