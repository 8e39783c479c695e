"""Ways to find rows without looking through a table: derived from the tables, never stored.

Each `follow_` method brings the indices in line with one changed row, whether a command changed it,
an undo put it back, or a snapshot loaded it; so there is no second way to build an index.
"""

from bisect import bisect_left, insort
from collections import defaultdict

from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.control_indices import ControlIndices
from thegrid_exchange.engine.dispute_indices import DisputeIndices
from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.quality_indices import (
    Deadline,
    QualityIndices,
    follow_presence,
    set_key,
)
from thegrid_exchange.engine.records import (
    Auction,
    Cancellation,
    CancelTimer,
    ClosedDelivery,
    ClosedOrder,
    Lot,
    LotParcel,
    Market,
    Member,
    Order,
    Parcel,
    Reservation,
    Sweep,
)
from thegrid_exchange.engine.supply_indices import SupplyIndices

_HOLDER_ACCOUNTS = ("trading", "held")
_ISSUER_ACCOUNTS = ("unsold", "listed")


class Indices(ControlIndices, DisputeIndices, SupplyIndices, QualityIndices):
    """Every derived look-up of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.books: defaultdict[str, Book] = defaultdict(Book)
        """By market."""
        self.open_orders: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Open order ids by member, oldest first."""
        self.open_order_count: defaultdict[str, int] = defaultdict(int)
        self.client_order_ids: dict[tuple[str, str], str] = {}
        """Order id by member and client order id, open or remembered."""
        self.tagged_orders: defaultdict[tuple[str, str, str], SortedKeys[str]] = defaultdict(
            SortedKeys
        )
        """Open order ids by member, market and tag, oldest first; untagged ones left out."""
        self.sweep_orders: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Open orders that are good till the sweep, by market."""
        self.timer_deadlines: SortedKeys[Deadline] = SortedKeys()
        """Members by when their dead man's switch fires (wall clock)."""
        self.auction_deadlines: SortedKeys[Deadline] = SortedKeys()
        """Auctions by when they end (wall clock)."""
        self.auction_slots: SortedKeys[Deadline] = SortedKeys()
        """Open markets by when the auction before their next sweep begins (wall clock)."""
        self.order_deadlines: SortedKeys[Deadline] = SortedKeys()
        self.lot_deadlines: SortedKeys[Deadline] = SortedKeys()
        self.reservation_deadlines: SortedKeys[Deadline] = SortedKeys()
        self.member_deadlines: defaultdict[str, SortedKeys[Deadline]] = defaultdict(SortedKeys)
        """Lots, orders and reservations of one member together; the id's prefix tells which."""
        self.closed: SortedKeys[Deadline] = SortedKeys()
        """Closed orders and deliveries by the instant they closed (not on the up-time clock)."""
        self.sweep_slots: SortedKeys[Deadline] = SortedKeys()
        """Markets by their next slot (wall clock)."""
        self.open_sweeps: SortedKeys[str] = SortedKeys()
        self.cancellations: SortedKeys[str] = SortedKeys()
        self.holders: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Owners of Units in Trading, listed or not, by instrument."""
        self.issuers: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Owners of unsold Units, listed or not, by instrument."""
        self.parcel_numbers: defaultdict[str, list[int]] = defaultdict(list)
        """Numbers of the parcels in a queue, first in first."""
        self.live_lots: defaultdict[tuple[str, str], list[Deadline]] = defaultdict(list)
        """Lots with free tokens by member and instrument, in the order they are spent."""
        self.lot_parcel_numbers: defaultdict[str, list[int]] = defaultdict(list)
        self.free_parcel_numbers: defaultdict[str, list[int]] = defaultdict(list)
        """Numbers of a Lot's parcels that have free tokens, in the order they are spent."""
        self.member_by_handle: dict[str, str] = {}
        self.calls_by_request: dict[tuple[str, str], str] = {}
        """Open deliveries by member and what their client knows them by."""

    # ---- orders --------------------------------------------------------------------------------

    def follow_orders(self, order_id: str, old: Order | None, new: Order | None) -> None:
        """Book, open orders, client ids and deadlines."""
        order = new if new is not None else old
        assert order is not None
        self.books[order.market_id].follow(old, new)
        if old is not None and new is not None:
            return
        member_id = order.member_id
        if new is not None:
            self.open_orders[member_id].add(order_id)
            self.open_order_count[member_id] += 1
        else:
            self.open_orders[member_id].remove(order_id)
            self.open_order_count[member_id] -= 1
        if order.client_order_id:
            self._follow_client_id(member_id, order.client_order_id, order_id, new is not None)
        if order.tag:
            tagged = self.tagged_orders[(member_id, order.market_id, order.tag)]
            set_key(tagged, order_id, new is not None)
        if order.time_in_force == "gts":
            set_key(self.sweep_orders[order.market_id], order_id, new is not None)
        if order.expires_at_us is not None:
            deadline = (order.expires_at_us - order.outage_base_us, order_id)
            set_key(self.order_deadlines, deadline, new is not None)
            set_key(self.member_deadlines[member_id], deadline, new is not None)

    def follow_closed_orders(
        self, order_id: str, old: ClosedOrder | None, new: ClosedOrder | None
    ) -> None:
        """Memory of closed orders and client ids."""
        order = new if new is not None else old
        assert order is not None
        set_key(self.closed, (order.closed_at_us, order_id), new is not None)
        if order.client_order_id:
            self._follow_client_id(
                order.member_id, order.client_order_id, order_id, new is not None
            )

    def _follow_client_id(
        self, member_id: str, client_order_id: str, order_id: str, present: bool
    ) -> None:
        key = (member_id, client_order_id)
        if present:
            self.client_order_ids[key] = order_id
        elif self.client_order_ids.get(key) == order_id:
            del self.client_order_ids[key]

    def follow_cancellations(
        self, identifier: str, old: Cancellation | None, new: Cancellation | None
    ) -> None:
        """Unfinished cancel-alls."""
        follow_presence(self.cancellations, identifier, old, new)

    # ---- balances and parcels ------------------------------------------------------------------

    def follow_balances(self, key: tuple[str, str, str], old: int | None, new: int | None) -> None:
        """Holders and issuers; zero balances have no row."""
        _, account, _ = key
        if (old is None) == (new is None):
            return
        if account in _HOLDER_ACCOUNTS:
            self._follow_owner(self.holders, key, _HOLDER_ACCOUNTS, new is not None)
        elif account in _ISSUER_ACCOUNTS:
            self._follow_owner(self.issuers, key, _ISSUER_ACCOUNTS, new is not None)

    balances: dict[tuple[str, str, str], int]
    """The table, lent by the state: an owner leaves an index when both accounts are empty."""

    def _follow_owner(
        self,
        index: defaultdict[str, SortedKeys[str]],
        key: tuple[str, str, str],
        accounts: tuple[str, str],
        present: bool,
    ) -> None:
        owner, account, instrument_id = key
        other = accounts[1] if account == accounts[0] else accounts[0]
        if (owner, other, instrument_id) not in self.balances:
            set_key(index[instrument_id], owner, present)

    def follow_parcels(self, key: tuple[str, int], old: Parcel | None, new: Parcel | None) -> None:
        """Queues of parcels; an empty queue leaves the index."""
        _follow_number(self.parcel_numbers, key, old is not None, new is not None)
        for parcel, sign in ((old, -1), (new, 1)):
            if parcel is not None:
                self.follow_sold(parcel, 0, sign)

    # ---- consumption ---------------------------------------------------------------------------

    def follow_lots(self, lot_id: str, old: Lot | None, new: Lot | None) -> None:
        """Lots to spend from, and their deadlines."""
        lot = new if new is not None else old
        assert lot is not None
        deadline = (lot.expires_at_us - lot.outage_base_us, lot_id)
        had_free = old is not None and old.free_tokens > 0
        has_free = new is not None and new.free_tokens > 0
        if had_free == has_free:
            return
        lots = self.live_lots[(lot.member_id, lot.instrument_id)]
        if has_free:
            insort(lots, deadline)
        else:
            del lots[bisect_left(lots, deadline)]
        # Reserved tokens have a deadline of their own, so only free ones make a lot due.
        set_key(self.lot_deadlines, deadline, has_free)
        set_key(self.member_deadlines[lot.member_id], deadline, has_free)

    def follow_lot_parcels(
        self, key: tuple[str, int], old: LotParcel | None, new: LotParcel | None
    ) -> None:
        """Parcels of a Lot, and those of them with free tokens."""
        _follow_number(self.lot_parcel_numbers, key, old is not None, new is not None)
        had_free = old is not None and old.free_tokens > 0
        has_free = new is not None and new.free_tokens > 0
        _follow_number(self.free_parcel_numbers, key, had_free, has_free)
        for held, sign in ((old, -1), (new, 1)):
            if held is not None:
                self.follow_sold(held.parcel, held.ended_tokens, sign)

    def follow_reservations(
        self, delivery_id: str, old: Reservation | None, new: Reservation | None
    ) -> None:
        """Deadlines of open deliveries, which marks move, and the clients' names for them."""
        call = new if new is not None else old
        assert call is not None
        if call.client_request_id and (old is None or new is None):
            name = (call.member_id, call.client_request_id)
            if new is not None:
                self.calls_by_request[name] = delivery_id
            elif self.calls_by_request.get(name) == delivery_id:
                del self.calls_by_request[name]
        for reservation, present in ((old, False), (new, True)):
            if reservation is not None:
                deadline = (reservation.deadline_us - reservation.outage_base_us, delivery_id)
                set_key(self.reservation_deadlines, deadline, present)
                set_key(self.member_deadlines[reservation.member_id], deadline, present)

    def follow_closed_deliveries(
        self, delivery_id: str, old: ClosedDelivery | None, new: ClosedDelivery | None
    ) -> None:
        """Memory of settled deliveries."""
        if old is not None and new is not None:
            return
        delivery = new if new is not None else old
        assert delivery is not None
        set_key(self.closed, (delivery.closed_at_us, delivery_id), new is not None)

    # ---- markets, members, supply --------------------------------------------------------------

    def follow_markets(self, market_id: str, old: Market | None, new: Market | None) -> None:
        """Sweep slots, and the auctions before them."""
        before, after = _auction_slot(old), _auction_slot(new)
        if before != after:
            if before is not None:
                self.auction_slots.remove(before)
            if after is not None:
                self.auction_slots.add(after)
        if old is not None and new is not None and old.next_sweep_us == new.next_sweep_us:
            return
        if old is not None:
            self.sweep_slots.remove((old.next_sweep_us, market_id))
        if new is not None:
            self.sweep_slots.add((new.next_sweep_us, market_id))

    def follow_auctions(self, auction_id: str, old: Auction | None, new: Auction | None) -> None:
        """When auctions end."""
        if old is not None:
            self.auction_deadlines.remove((old.ends_at_us, auction_id))
        if new is not None:
            self.auction_deadlines.add((new.ends_at_us, auction_id))

    def follow_cancel_timers(
        self, member_id: str, old: CancelTimer | None, new: CancelTimer | None
    ) -> None:
        """When dead man's switches fire."""
        if old is not None:
            self.timer_deadlines.remove((old.fires_at_us, member_id))
        if new is not None:
            self.timer_deadlines.add((new.fires_at_us, member_id))

    def follow_sweeps(self, sweep_id: str, old: Sweep | None, new: Sweep | None) -> None:
        """Unfinished sweeps; finished ones have no row."""
        follow_presence(self.open_sweeps, sweep_id, old, new)

    def follow_members(self, member_id: str, old: Member | None, new: Member | None) -> None:
        """Handles."""
        if old is not None:
            del self.member_by_handle[old.handle]
        if new is not None:
            self.member_by_handle[new.handle] = member_id
        self.follow_watching(member_id, new)


def _auction_slot(market: Market | None) -> Deadline | None:
    """When the auction before a market's next sweep begins; None for none."""
    if market is None or not market.policy.sweep_auction_us:
        return None
    if market.state != "open" or market.sweep_id:
        return None
    return market.next_sweep_us - market.policy.sweep_auction_us, market.market_id


def _follow_number(
    index: defaultdict[str, list[int]], key: tuple[str, int], was: bool, now: bool
) -> None:
    if was == now:
        return
    owner, number = key
    numbers = index[owner]
    if now:
        insort(numbers, number)
        return
    del numbers[bisect_left(numbers, number)]
    if not numbers:
        del index[owner]
