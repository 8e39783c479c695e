"""Whom and what one journal row touches: the one place that says how many events a row publishes.

The projector counts by it before the row is durable, the feed shows by it after; so the sequences
of both always agree, and none is ever given twice.
"""

from collections.abc import Callable
from typing import Any

from thegrid_exchange.engine import events as happened
from thegrid_exchange.engine.quantities import CASH, HOUSE
from thegrid_exchange.engine.records import (
    Auction,
    Dispute,
    LateReport,
    Lot,
    Notice,
    Order,
    ReferenceIndex,
    Trade,
    Transfer,
    UsageRecord,
)

OrderOf = Callable[[str], Order]
LotOf = Callable[[str], Lot]


_ENDING_CAUSES = frozenset({"consume", "expire"})


class Theirs:
    """What changed for one member; dicts stand for ordered sets."""

    __slots__ = (
        "assets",
        "cash",
        "disputes",
        "ended",
        "fills",
        "late_reports",
        "lots",
        "notices",
        "orders",
        "transfers",
        "usages",
    )

    def __init__(self) -> None:
        self.orders: dict[str, None] = {}
        self.fills: list[tuple[Trade, str]] = []
        self.cash = False
        self.assets: dict[str, None] = {}
        self.transfers: list[Transfer] = []
        self.lots: dict[str, None] = {}
        self.usages: list[UsageRecord] = []
        self.notices: list[Notice] = []
        self.disputes: list[Dispute] = []
        self.late_reports: list[tuple[str, LateReport]] = []
        """Each with the delivery that it is of."""
        self.ended: dict[str, int] = {}
        """Tokens that ended in the member's Lots, by `<instrument>/<how>`; they make no events."""

    def count(self) -> int:
        """How many private events the row makes for the member."""
        return (
            len(self.orders)
            + len(self.fills)
            + self.cash
            + len(self.assets)
            + len(self.transfers)
            + len(self.lots)
            + len(self.usages)
            + len(self.notices)
            + len(self.disputes)
            + len(self.late_reports)
        )


class Public:
    """What changed in one market; `book` holds the orders whose levels changed.

    An auction that ended makes no event of its own: it goes with that of the status.
    """

    __slots__ = ("book", "ended_auction", "status", "trades")

    def __init__(self) -> None:
        self.book: dict[str, None] = {}
        self.trades: list[Trade] = []
        self.status = False
        self.ended_auction: Auction | None = None

    def count(self) -> int:
        """How many public events the row makes in the market."""
        return bool(self.book) + len(self.trades) + self.status


class Touched:
    """What one row touches, by member and by market."""

    __slots__ = ("_lot_of", "_order_of", "indexes", "markets", "members")

    def __init__(self, order_of: OrderOf, lot_of: LotOf) -> None:
        self._order_of, self._lot_of = order_of, lot_of
        self.members: dict[str, Theirs] = {}
        self.markets: dict[str, Public] = {}
        self.indexes: list[ReferenceIndex] = []
        """Reference indexes that were set; they take no sequence of their own."""

    def add(self, event: Any) -> None:
        """Note what one event touches."""
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)

    def member(self, member_id: str) -> Theirs:
        """What changed for a member."""
        theirs = self.members.get(member_id)
        if theirs is None:
            theirs = self.members[member_id] = Theirs()
        return theirs

    def market(self, market_id: str) -> Public:
        """What changed in a market."""
        public = self.markets.get(market_id)
        if public is None:
            public = self.markets[market_id] = Public()
        return public

    def release(self) -> None:
        """Let go of the state that orders and lots were looked up in."""
        del self._order_of, self._lot_of

    # ---- one method per kind of event ----------------------------------------------------------

    def _filled(self, event: Any) -> None:
        self.member(self._order_of(event.order_id).member_id).orders[event.order_id] = None

    def _level(self, event: Any) -> None:
        order = self._order_of(event.order_id)
        self.member(order.member_id).orders[event.order_id] = None
        self.market(order.market_id).book[event.order_id] = None

    def _order(self, event: happened.OrderAccepted | happened.OrderClosed) -> None:
        """An order that rests at once is accepted with its rank; one that closes still has it."""
        order = event.order
        self.member(order.member_id).orders[order.order_id] = None
        if order.rank > 0:
            self.market(order.market_id).book[order.order_id] = None

    def _traded(self, event: happened.TradeExecuted) -> None:
        trade = event.trade
        market = self.market(trade.market_id)
        market.trades.append(trade)
        market.book[trade.maker_order_id] = None
        if trade.auction_id:
            market.book[trade.taker_order_id] = None
        taker_id, maker_id = trade.buyer_id, trade.seller_id
        if trade.taker_side == "sell":
            taker_id, maker_id = maker_id, taker_id
        self.member(taker_id).fills.append((trade, trade.taker_order_id))
        self.member(maker_id).fills.append((trade, trade.maker_order_id))

    def _posted(self, event: happened.Posted) -> None:
        for owner, _, asset, _ in event.postings:
            if owner == HOUSE:
                continue
            if asset == CASH:
                self.member(owner).cash = True
            else:
                self.member(owner).assets[asset] = None
        if event.cause in _ENDING_CAUSES:
            self._ended(event)

    def _ended(self, event: happened.Posted) -> None:
        """Tokens leave one holder's Lots and are booked with their issuers by how they ended."""
        holders = [line.owner for line in event.postings if line.account in ("lots", "reserved")]
        if not holders:
            return
        ended = self.member(holders[0]).ended
        for _, account, asset, amount in event.postings:
            if account in ("consumed", "expired"):
                name = f"{asset}/{account}"
                ended[name] = ended.get(name, 0) + amount

    def _transferred(self, event: happened.UnitsTransferred) -> None:
        self.member(event.transfer.member_id).transfers.append(event.transfer)

    def _lot(self, event: Any) -> None:
        self.member(event.lot.member_id).lots[event.lot.lot_id] = None

    def _lot_changed(self, event: happened.LotChanged) -> None:
        self.member(self._lot_of(event.lot_id).member_id).lots[event.lot_id] = None

    def _used(self, event: happened.UsageRecorded) -> None:
        self.member(event.usage.member_id).usages.append(event.usage)

    def _told(self, event: happened.NoticeRaised) -> None:
        self.member(event.notice.member_id).notices.append(event.notice)

    def _disputed(self, event: happened.DisputeOpened | happened.DisputeResolved) -> None:
        self.member(event.dispute.member_id).disputes.append(event.dispute)

    def _reported_late(self, event: happened.LateReportRecorded) -> None:
        found = event.delivery_id, event.report
        self.member(event.member_id).late_reports.append(found)

    def _market_state(self, event: Any) -> None:
        self.market(event.market_id).status = True

    def _sweep(self, event: Any) -> None:
        self.market(event.sweep.market_id).status = True

    def _auction(self, event: happened.AuctionOpened | happened.AuctionChanged) -> None:
        self.market(event.auction.market_id).status = True

    def _auction_closed(self, event: happened.AuctionClosed) -> None:
        market = self.market(event.auction.market_id)
        market.status, market.ended_auction = True, event.auction

    def _index_set(self, event: happened.ReferenceIndexSet) -> None:
        self.indexes.append(event.reference_index)

    def _defined(self, event: happened.InstrumentDefined) -> None:
        self.market(event.market.market_id).status = True


_NOTES: dict[type[Any], Callable[[Touched, Any], None]] = {
    happened.OrderAccepted: Touched._order,
    happened.OrderRested: Touched._level,
    happened.OrderUnrested: Touched._level,
    happened.OrderFilled: Touched._filled,
    happened.OrderAmended: Touched._level,
    happened.OrderDecremented: Touched._level,
    happened.OrderClosed: Touched._order,
    happened.TradeExecuted: Touched._traded,
    happened.Posted: Touched._posted,
    happened.UnitsTransferred: Touched._transferred,
    happened.LotMinted: Touched._lot,
    happened.LotChanged: Touched._lot_changed,
    happened.LotClosed: Touched._lot,
    happened.UsageRecorded: Touched._used,
    happened.NoticeRaised: Touched._told,
    happened.DisputeOpened: Touched._disputed,
    happened.DisputeResolved: Touched._disputed,
    happened.LateReportRecorded: Touched._reported_late,
    happened.MarketStateChanged: Touched._market_state,
    happened.MarketPolicyChanged: Touched._market_state,
    happened.AuctionOpened: Touched._auction,
    happened.AuctionChanged: Touched._auction,
    happened.AuctionClosed: Touched._auction_closed,
    happened.SweepStarted: Touched._sweep,
    happened.SweepFinished: Touched._sweep,
    happened.InstrumentDefined: Touched._defined,
    happened.ReferenceIndexSet: Touched._index_set,
}
