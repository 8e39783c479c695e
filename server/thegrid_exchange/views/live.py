"""The live side of the read models: the durable state, who waits for it, and the feeds from it.

Folded synchronously with each durable batch, before its callers are answered; so a reply is never
ahead of what a read or a stream shows.
"""

import asyncio
import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from thegrid_exchange.engine.apply import fold
from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.events import KeyRevoked
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.engine.records import Order, Trade
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Head, Row
from thegrid_exchange.views.accounts import all_units_of, cash_of
from thegrid_exchange.views.auctions import finished, indicated
from thegrid_exchange.views.catalogue import Catalogue
from thegrid_exchange.views.feed import Log, MarketFeed
from thegrid_exchange.views.lots import LotWithParcels, deadline_of, open_lot
from thegrid_exchange.views.members import Members
from thegrid_exchange.views.pictures import Orders, best_prices
from thegrid_exchange.views.private import (
    After,
    Parcels,
    add_ended,
    parcels_before,
    private_events,
)
from thegrid_exchange.views.projector import Projector
from thegrid_exchange.views.statistics import Statistics, TickerFigures
from thegrid_exchange.views.touched import Public, Theirs, Touched

IDLE_KEPT_US: Final = 300_000_000
"""How long logs that nobody reads go on, so that a lost reader can resume."""

ENDINGS: Final = ("consumed", "expired")
"""How tokens in Lots end, as their totals are named."""

OnEnded = Callable[[list[str]], None]
"""Told the key ids that may have ended."""


class Live:
    """Everything that is shown from memory, exactly as of the last durable row."""

    def __init__(self, state: State, head: Head, projector: Projector, *, kept: int) -> None:
        self.state = State.load(state.dump())
        """The engine's tables as of the last durable row; read, never written."""
        self.durable = head
        self.catalogue = Catalogue(self.state)
        self.members = Members(self.state)
        self._lots_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for lot in self.state.lots.values():
            self._lots_of[lot.member_id][lot.lot_id] = None
        self.on_ended: OnEnded = lambda key_ids: None
        self._projector, self._kept = projector, kept
        self.totals: dict[str, int] = {}
        """Last event number by market and member, and what `accounts.ended_of` reads."""
        self._markets: dict[str, MarketFeed] = {}
        self._accounts: dict[str, tuple[Log, list[int | None]]] = {}
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._parcels: Parcels = {}
        self._auctions: dict[str, None] = {}
        """Markets whose auctions the batch at hand has changed."""
        self._tickers: dict[str, None] = {}
        """Markets whose tickers the batch at hand has changed."""
        self._statistics: dict[str, Statistics] = {}
        self.next_candle_us: int | None = None
        """When the next candle becomes final; None while none grows."""

    def begin(self, totals: dict[str, int], statistics: Iterable[Statistics]) -> None:
        """Take up running totals and figures where the last durable row left them."""
        self.totals = totals
        self._statistics = {each.market_id: each for each in statistics}
        self._plan_candles()

    # ---- waiting -------------------------------------------------------------------------------

    async def reach(self, seq: int) -> None:
        """Return once the row `seq` is durable and folded."""
        if seq <= self.durable.seq:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (seq, next(self._order), reached))
        await reached

    def _wake(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.durable.seq:
            reached = heapq.heappop(self._waiting)[2]
            if not reached.done():
                reached.set_result(None)

    # ---- reading -------------------------------------------------------------------------------

    def book(self, market_id: str) -> Book:
        """The book of a market."""
        return self.state.indices.books[market_id]

    def market_feed(self, market_id: str) -> MarketFeed:
        """The public logs of a market."""
        feed = self._markets.get(market_id)
        if feed is None:
            sequence = self.totals.get(market_id, 0)
            feed = self._markets[market_id] = MarketFeed(market_id, self._kept, sequence)
        return feed

    def statistics(self, market_id: str) -> Statistics:
        """What traded in a market of late."""
        found = self._statistics.get(market_id)
        if found is None:
            found = self._statistics[market_id] = Statistics(market_id)
        return found

    def ticker(self, market_id: str) -> TickerFigures:
        """A market's ticker as it stands."""
        statistics, now_us = self.statistics(market_id), self.state.now_us
        return TickerFigures(
            market_id,
            self.state.markets[market_id].symbol,
            now_us,
            best_prices(self.book(market_id)),
            statistics.last,
            statistics.day.figures(now_us),
        )

    def account_log(self, member_id: str) -> Log:
        """The private log of a member; it is kept from the first time somebody asks for it."""
        found = self._accounts.get(member_id)
        if found is None:
            log = Log(self._kept, self.totals.get(member_id, 0))
            found = self._accounts[member_id] = (log, [None])
        found[1][0] = None
        return found[0]

    def leave_account(self, member_id: str, log: Log) -> None:
        """Somebody reads no longer; the log goes on for a while."""
        found = self._accounts.get(member_id)
        if found is not None and found[0] is log and not log.readers:
            found[1][0] = self.state.now_us

    def ended_of(self, member_id: str) -> dict[str, int]:
        """Tokens that ended in the member's Lots, by `<instrument>/<how>`."""
        names = (f"{each}/{how}" for each in self.state.instruments for how in ENDINGS)
        return {name: self.totals.get(f"{member_id}/{name}", 0) for name in names}

    def open_orders(self, member_id: str) -> list[Order]:
        """The member's open orders, oldest first."""
        ids = self.state.indices.open_orders.get(member_id, ())
        return [self.state.orders[order_id] for order_id in ids]

    def open_lots(self, member_id: str, instrument_id: str = "") -> list[LotWithParcels]:
        """The member's open Lots, soonest expiry first."""
        found = [
            made
            for lot_id in self._lots_of.get(member_id, ())
            if (made := open_lot(self.state, lot_id)) is not None
            and instrument_id in ("", made.lot.instrument_id)
        ]
        return sorted(found, key=lambda made: deadline_of(made.lot))

    # ---- folding -------------------------------------------------------------------------------

    def fold(self, rows: Sequence[Row]) -> None:
        """Bring memory up to these durable rows and tell who listens."""
        for row in rows:
            if self.next_candle_us is not None and self.next_candle_us <= row.at_us:
                self._end_candles(row.at_us)
            touched = self._projector.take(row.seq)
            before = self._resting_before(touched) if touched is not None else {}
            self._parcels = self._lots_before(touched) if touched is not None else {}
            fold(self.state, row.at_us, row.events)
            if touched is not None:
                self._publish(touched, before, row)
        self._publish_auctions()
        last = rows[-1]
        self._publish_tickers()
        self.durable = Head(last.seq, last.hash, last.at_us)
        self.members.fold(rows)
        self._wake()
        ended = [key_id for row in rows for key_id in self._ended(row)]
        if ended:
            self.on_ended(ended)

    def _ended(self, row: Row) -> Iterable[str]:
        """Keys that the row may have ended."""
        if row.kind == "RevokeKey":
            for event in row.events:
                if type(event) is KeyRevoked:
                    yield from (event.key_id, *event.descendant_ids)
        elif row.kind == "SuspendMember":
            yield from self.members.key_ids(row.command.member_id)

    def _lots_before(self, touched: Touched) -> Parcels:
        """Parcels of the touched Lots whose owners listen: a Lot that closes leaves the state."""
        made: Parcels = {}
        for member_id, theirs in touched.members.items():
            if theirs.lots and member_id in self._accounts:
                made.update(parcels_before(self.state, theirs))
        return made

    def _resting_before(self, touched: Touched) -> dict[str, Orders]:
        """The touched orders that rested before the row, by market."""
        return {market_id: self._resting(public) for market_id, public in touched.markets.items()}

    def _resting(self, public: Public) -> Orders:
        found = ((order_id, self.state.orders.get(order_id)) for order_id in public.book)
        return {order_id: each for order_id, each in found if each and each.rank > 0}

    def _publish(self, touched: Touched, before: dict[str, Orders], row: Row) -> None:
        for market_id, public in touched.markets.items():
            self._publish_market(market_id, public, before[market_id], row)
        for index in touched.indexes:
            market_id = self.state.instruments[index.instrument_id].market_id
            self.market_feed(market_id).add_index(index, row.at_us)
        for member_id, theirs in touched.members.items():
            self._publish_member(member_id, theirs, row)

    def _publish_market(self, market_id: str, public: Public, before: Orders, row: Row) -> None:
        feed = self.market_feed(market_id)
        if feed.idle_since_us is not None and row.at_us - feed.idle_since_us > IDLE_KEPT_US:
            feed.forget()
        if public.trades:
            self._publish_trades(feed, public.trades, row.at_us)
        if public.book:
            after, book = self._resting(public), self.book(market_id)
            both = (*before.values(), *after.values())
            feed.add_book({(each.side, each.price_micros) for each in both}, book, row.at_us)
            feed.add_orders(public.book, before, book, self.state.orders, row.at_us)
        if public.status:
            feed.add_status(self.state.markets[market_id], row.at_us)
        if public.ended_auction is not None:
            feed.add_auction(finished(public.ended_auction), row.at_us)
        if self.state.markets[market_id].auction_id and feed.hears("auction"):
            self._auctions[market_id] = None
        if feed.hears("ticker"):
            self._tickers[market_id] = None
        self.totals[market_id] = feed.sequence

    # ---- candles and tickers -------------------------------------------------------------------

    def _publish_trades(self, feed: MarketFeed, trades: list[Trade], at_us: int) -> None:
        statistics = self.statistics(feed.market_id)
        for sequence, trade in enumerate(trades, feed.sequence + 1):
            statistics.add(trade, sequence)
        feed.add_trades(trades, at_us)
        for interval_us in feed.candle_lengths():
            candle = statistics.candle(interval_us, at_us)
            if candle is not None:
                feed.add_candle(candle, at_us)
        end_us = statistics.next_end_us()
        if end_us is not None and (self.next_candle_us is None or end_us < self.next_candle_us):
            self.next_candle_us = end_us

    def _end_candles(self, now_us: int) -> None:
        """Time has passed the end of a candle: tell those that are final, before what comes now."""
        for market_id, statistics in self._statistics.items():
            feed = self.market_feed(market_id)
            for candle in statistics.end(now_us):
                feed.add_candle(candle, now_us)
            if feed.hears("ticker") and statistics.day.pass_to(now_us):
                self._tickers[market_id] = None
        self._plan_candles()

    def _plan_candles(self) -> None:
        ends = (each.next_end_us() for each in self._statistics.values())
        self.next_candle_us = min((each for each in ends if each is not None), default=None)

    def _publish_tickers(self) -> None:
        """Tell once per batch how the tickers that it changed stand."""
        for market_id in self._tickers:
            self.market_feed(market_id).add_ticker(self.ticker(market_id))
        self._tickers.clear()

    def _publish_auctions(self) -> None:
        """Say once per batch what the auctions it changed would trade at now."""
        for market_id in self._auctions:
            if self.state.markets[market_id].auction_id:
                found = indicated(self.state, market_id)
                self.market_feed(market_id).add_auction(found, self.state.now_us)
        self._auctions.clear()

    def _publish_member(self, member_id: str, theirs: Theirs, row: Row) -> None:
        for lot_id in theirs.lots:
            if lot_id in self.state.lots:
                self._lots_of[member_id][lot_id] = None
            else:
                self._lots_of[member_id].pop(lot_id, None)
        add_ended(self.totals, member_id, theirs)
        before = self.totals.get(member_id, 0)
        self.totals[member_id] = before + theirs.count()
        found = self._accounts.get(member_id)
        if found is None:
            return
        log, (idle_since_us,) = found
        if idle_since_us is not None and row.at_us - idle_since_us > IDLE_KEPT_US:
            del self._accounts[member_id]
            return
        after = After(self.state, self.totals, row.seq, row.events, self._parcels)
        for sequence, event in enumerate(private_events(after, member_id, theirs), before + 1):
            log.append(sequence, row.at_us, event)


def account_picture(live: Live, member_id: str) -> tuple[Any, ...]:
    """Everything open of a member: orders, cash, Units and Lots."""
    state = live.state
    return (
        live.open_orders(member_id),
        cash_of(state.balances, member_id),
        all_units_of(state.balances, live.totals, member_id, state.instruments),
        live.open_lots(member_id),
    )


def trial_balance(state: State) -> list[tuple[str, str, int]]:
    """The sum of each kind of account over all owners, by asset; each asset sums to zero."""
    sums: dict[tuple[str, str], int] = {}
    for (_, account, asset), amount in state.balances.items():
        sums[(asset, account)] = sums.get((asset, account), 0) + amount
    cash_first = sorted(sums.items(), key=lambda item: (item[0][0] != CASH, item[0]))
    return [(asset, account, amount) for (asset, account), amount in cash_first]
