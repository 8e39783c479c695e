"""Call auctions: opening and ending them, and trading all that agrees at one price.

Orders in them come and go as ever (see `trading`); the price is found in `clearing`.
"""

from collections.abc import Iterator

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.clearing import clearing, is_crossed
from thegrid_exchange.engine.records import Auction, Market, Order
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.rules.halts import open_auction
from thegrid_exchange.engine.rules.lookups import the_market
from thegrid_exchange.engine.rules.matching import are_one_party, prevent_self_trade, trade
from thegrid_exchange.engine.rules.orders import close_order, lapse_reason
from thegrid_exchange.engine.state import State


def start_auction(state: State, command: commands.StartAuction) -> Rule[replies.MarketStateReply]:
    """Let a market collect orders until an instant; one that does so already ends then instead."""
    market = the_market(state, command.market_id)
    _check_no_sweep(state, market)
    if not state.now_us < command.until_us <= market.next_sweep_us:
        refuse(
            "INVALID_ARGUMENT",
            "until_us",
            "must lie in the future, and not after the market's next sweep",
            limit=state.now_us if command.until_us <= state.now_us else market.next_sweep_us,
            value=command.until_us,
        )
    if market.auction_id:
        auction = _collecting(state, market)
        if auction.ends_at_us != command.until_us:
            yield events.AuctionChanged(auction._replace(ends_at_us=command.until_us))
    else:
        yield from open_auction(state, market, "operator", command.until_us, command.reason)
    return replies.MarketStateReply(market.market_id, "auction")


def reopen(state: State, market: Market, reason: str) -> Rule[replies.MarketStateReply]:
    """Open a market whose book may be crossed: what agrees trades in an auction that ends now."""
    _check_no_sweep(state, market)
    if not market.auction_id:
        yield from open_auction(state, market, "operator", state.now_us, reason)
    else:
        auction = state.auctions[market.auction_id]
        if auction.ends_at_us > state.now_us:
            yield events.AuctionChanged(auction._replace(ends_at_us=state.now_us))
    return replies.MarketStateReply(market.market_id, "auction")


def call_off(state: State, market: Market, command: commands.SetMarketState) -> Rule[None]:
    """End an auction without trading; its orders stay in the book."""
    yield events.AuctionClosed(state.auctions[market.auction_id], command.state, command.reason)


def book_is_crossed(state: State, market_id: str) -> bool:
    """Whether a market left an auction with orders that agree on a price."""
    return is_crossed(state.indices.books[market_id])


def run_auctions(state: State) -> Rule[int]:
    """Begin the auctions before sweeps that are due, and trade and close those that have ended."""
    yield from _open_before_sweeps(state)

    def uncross(auction_id: str) -> Rule[None]:
        return _uncross(state, state.auctions[auction_id])

    return (yield from run_due(state, state.indices.auction_deadlines, state.now_us, uncross))


def auctions_due(state: State) -> bool:
    """Whether an auction waits to begin or to end."""
    first = state.indices.auction_deadlines.first()
    if first is not None and first[0] <= state.now_us:
        return True
    return next(_slots_due(state), None) is not None


def _slots_due(state: State) -> Iterator[str]:
    for start_us, market_id in state.indices.auction_slots:
        if start_us > state.now_us:
            return
        # From the slot on it is too late for an auction: the sweep itself is due.
        if state.now_us < state.markets[market_id].next_sweep_us:
            yield market_id


def _open_before_sweeps(state: State) -> Rule[None]:
    for market_id in tuple(_slots_due(state)):
        if state.work_left() < WORK_MARGIN:
            return
        market = state.markets[market_id]
        yield from open_auction(state, market, "sweep", market.next_sweep_us, "sweep auction")


def _uncross(state: State, auction: Auction) -> Rule[None]:
    """Trade what agrees, price by price, and reopen the market; goes on in Ticks when long.

    There is one price, unless orders that were kept from trading with their own party leave
    others crossed behind them: those meet at a price of their own.
    """
    market = state.markets[auction.market_id]
    book = state.indices.books[auction.market_id]
    while True:
        if auction.price_micros:
            units, is_done = yield from _trade_at(state, market, book, auction)
            auction = auction._replace(volume_units=auction.volume_units + units)
            if not is_done:
                yield events.AuctionChanged(auction)
                return
        found = clearing(book, market.terms.tick_micros, auction.reference_micros)
        if found is None:
            break
        auction = auction._replace(price_micros=found.price_micros)
    yield events.AuctionClosed(auction, "open", "")


def _trade_at(state: State, market: Market, book: Book, auction: Auction) -> Rule[tuple[int, bool]]:
    """Trade at the auction's price, best prices and oldest orders first, as far as work allows."""
    units = 0
    while state.work_left() >= WORK_MARGIN:
        pair = _first_pair(state, book, auction.price_micros)
        if pair is None:
            return units, True
        maker, taker = pair
        lapsed = next((each for each in pair if lapse_reason(state, each)), None)
        if lapsed is not None:
            yield from close_order(state, lapsed, lapse_reason(state, lapsed) or "expired")
        elif are_one_party(state, maker, taker):
            goes_on = yield from prevent_self_trade(state, taker, maker)
            if not goes_on:
                yield from close_order(state, state.orders[taker.order_id], "self_trade")
        else:
            quantity_units = min(maker.remaining_units, taker.remaining_units)
            yield from trade(
                state,
                market,
                maker,
                taker,
                auction.price_micros,
                quantity_units,
                auction.auction_id,
            )
            units += quantity_units
    return units, False


def _first_pair(state: State, book: Book, price_micros: int) -> tuple[Order, Order] | None:
    """The first buy and the first sell that agree to a price, the older one first."""
    best_buy, best_sell = book.buy.best_price_micros(), book.sell.best_price_micros()
    if best_buy is None or best_sell is None or not best_sell <= price_micros <= best_buy:
        return None
    buy = state.orders[book.buy.first_order_id()]
    sell = state.orders[book.sell.first_order_id()]
    return (buy, sell) if buy.rank < sell.rank else (sell, buy)


def _collecting(state: State, market: Market) -> Auction:
    """The auction of a market, which must still take orders."""
    auction = state.auctions[market.auction_id]
    if auction.ends_at_us <= state.now_us:
        refuse(
            "MARKET_NOT_OPEN",
            "market_id",
            "the auction is just ending; repeat in a moment",
            retry_after_us=100_000,
        )
    return auction


def _check_no_sweep(state: State, market: Market) -> None:
    if market.sweep_id or state.now_us >= market.next_sweep_us:
        refuse(
            "MARKET_SWEEPING",
            "market_id",
            "the market's sweep is under way; repeat in a moment",
            retry_after_us=100_000,
        )
