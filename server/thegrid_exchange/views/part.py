"""The part of the state that is some members' own, folded by the engine's own `apply`.

It holds their open orders, Lots and balances and nothing else, so it stays small in any exchange.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from thegrid_exchange.engine import events as happened
from thegrid_exchange.engine.apply import fold
from thegrid_exchange.engine.quantities import HOUSE
from thegrid_exchange.engine.records import Posting
from thegrid_exchange.engine.state import State

TABLES: Final = ("now_us", "totals", "balances", "orders", "lots", "lot_parcels")
"""The tables that a part has rows of, Lots before their parcels as `State.dump` shows them."""

_OTHERS: Final = "external"
"""The house's account that everybody else's lines are summed on, so that postings balance."""


class Part:
    """What some members have, as of the last row folded."""

    def __init__(self, member_ids: Iterable[str]) -> None:
        self.member_ids = frozenset(member_ids)
        self.state = State()
        self._orders: set[str] = set()
        self._lots: set[str] = set()

    # ---- beginning with a snapshot -----------------------------------------------------------

    def load(self, rows: Iterable[tuple[str, Any, Any]]) -> None:
        """Begin with rows that `holds` has let through."""
        self.state = State.load(rows)
        self._orders, self._lots = set(self.state.orders), set(self.state.lots)

    def holds(self, row: tuple[str, Any, Any]) -> bool:
        """Whether a row of a whole state is the members' own; ask in the order of `dump`."""
        table, key, record = row
        if table == "balances":
            return key[0] in self.member_ids
        if table == "orders":
            return record.member_id in self.member_ids
        if table == "lots":
            is_theirs = record.member_id in self.member_ids
            if is_theirs:
                self._lots.add(key)
            return is_theirs
        if table == "lot_parcels":
            return key[0] in self._lots
        return table in TABLES

    # ---- going on row by row -----------------------------------------------------------------

    def pick(self, row_events: Iterable[happened.Event]) -> list[Any]:
        """The events of the next row that touch the members; ask once for each row."""
        return [
            event
            for event in row_events
            if (test := TESTS.get(type(event))) is not None and test(self, event)
        ]

    def fold(self, at_us: int, picked: Sequence[Any]) -> None:
        """Bring the part past the row whose events were picked."""
        if picked:
            fold(self.state, at_us, [self._own(each) for each in picked if type(each) in _FOLDED])

    def _own(self, event: Any) -> Any:
        if type(event) is not happened.Posted:
            return event
        own = [line for line in event.postings if line.owner in self.member_ids]
        sums: dict[str, int] = {}
        for line in own:
            sums[line.asset] = sums.get(line.asset, 0) + line.amount
        others = (Posting(HOUSE, _OTHERS, asset, -amount) for asset, amount in sums.items())
        return event._replace(postings=(*own, *others))

    # ---- one test per kind of event ----------------------------------------------------------

    def _order(self, event: Any) -> bool:
        return event.order_id in self._orders

    def _accepted(self, event: happened.OrderAccepted) -> bool:
        is_theirs = event.order.member_id in self.member_ids
        if is_theirs:
            self._orders.add(event.order.order_id)
        return is_theirs

    def _closed(self, event: happened.OrderClosed) -> bool:
        is_theirs = event.order.member_id in self.member_ids
        self._orders.discard(event.order.order_id)
        return is_theirs

    def _traded(self, event: happened.TradeExecuted) -> bool:
        trade = event.trade
        return trade.buyer_id in self.member_ids or trade.seller_id in self.member_ids

    def _posted(self, event: happened.Posted) -> bool:
        return any(line.owner in self.member_ids for line in event.postings)

    def _transferred(self, event: happened.UnitsTransferred) -> bool:
        return event.transfer.member_id in self.member_ids

    def _minted(self, event: happened.LotMinted) -> bool:
        is_theirs = event.lot.member_id in self.member_ids
        if is_theirs:
            self._lots.add(event.lot.lot_id)
        return is_theirs

    def _lot_changed(self, event: happened.LotChanged) -> bool:
        return event.lot_id in self._lots

    def _lot_closed(self, event: happened.LotClosed) -> bool:
        self._lots.discard(event.lot.lot_id)
        return event.lot.member_id in self.member_ids

    def _used(self, event: happened.UsageRecorded) -> bool:
        return event.usage.member_id in self.member_ids

    def _told(self, event: happened.NoticeRaised) -> bool:
        return event.notice.member_id in self.member_ids

    def _disputed(self, event: happened.DisputeOpened | happened.DisputeResolved) -> bool:
        return event.dispute.member_id in self.member_ids

    def _reported_late(self, event: happened.LateReportRecorded) -> bool:
        return event.member_id in self.member_ids

    def _outage(self, event: happened.OutageRecorded) -> bool:
        """It moves everybody's deadlines."""
        return True


TESTS: Final[dict[type[Any], Callable[[Part, Any], bool]]] = {
    happened.OrderAccepted: Part._accepted,
    happened.OrderRested: Part._order,
    happened.OrderUnrested: Part._order,
    happened.OrderFilled: Part._order,
    happened.OrderAmended: Part._order,
    happened.OrderDecremented: Part._order,
    happened.OrderClosed: Part._closed,
    happened.TradeExecuted: Part._traded,
    happened.Posted: Part._posted,
    happened.UnitsTransferred: Part._transferred,
    happened.LotMinted: Part._minted,
    happened.LotChanged: Part._lot_changed,
    happened.LotClosed: Part._lot_closed,
    happened.UsageRecorded: Part._used,
    happened.NoticeRaised: Part._told,
    happened.DisputeOpened: Part._disputed,
    happened.DisputeResolved: Part._disputed,
    happened.LateReportRecorded: Part._reported_late,
    happened.OutageRecorded: Part._outage,
}
"""Every event that may touch a member's orders, Units, cash, Lots or usage."""

_FOLDED: Final = frozenset(TESTS) - {
    happened.TradeExecuted,  # moves the market's last price,
    happened.UnitsTransferred,  # the count of transfers,
    happened.UsageRecorded,  # reservations,
    happened.NoticeRaised,  # alerts,
    happened.DisputeOpened,  # disputes
    happened.DisputeResolved,
    happened.LateReportRecorded,  # and settled calls: no part holds those
}
