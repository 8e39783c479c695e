"""What happens when two orders meet: a trade, or its prevention; and what becomes of the rest.

Orders before and after that are in `orders`, the Units that change hands in `parcels`.
"""

from tests.oracle import parcels
from tests.oracle.books import HOUSE, Books, Market, Order, demand, fee_of, refuse
from tests.oracle.lots import auto_transfer
from tests.oracle.orders import (
    affiliated,
    agrees,
    best_of_all,
    change,
    close,
    hold_of,
    lapsed,
    move_bounds,
    one_party,
    open_auction,
    rest,
)

AT_ONCE = ("ioc", "fok")


def trade_on(books: Books, order: Order, bound: int) -> Order:
    """Trade as far as the bound allows, then rest or close; bought Units may go into a Lot."""
    order, gained, stop = match(books, order, bound)
    if stop != "filled":
        order = rest_or_close(books, order, stop)
    if order.transfers and gained:
        auto_transfer(books, order.owner, books.markets[order.market].instrument, gained)
    return order


def rest_or_close(books: Books, order: Order, stop: str) -> Order:
    """What is left of an order waits, or closes for a reason."""
    if order.lasts == "fok":
        refuse("FILL_OR_KILL")
    if stop in ("self_trade", "average_price", "spend_limit"):
        return close(books, order, stop)
    if stop == "halted" and order.lasts in AT_ONCE:
        return close(books, order, "halted")
    best = best_of_all(books, order.market, order.side)
    if stop == "price" and (
        order.kind == "market" or best is None or agrees(order.side, best.price, order.price)
    ):
        return close(books, order, "max_slippage")
    if order.lasts in AT_ONCE:
        return close(books, order, "no_liquidity")
    return rest(books, order)


def match(books: Books, taker: Order, bound: int) -> tuple[Order, int, str]:
    """Meet the best of the other side again and again; answers what was gained and what stopped."""
    gained = 0
    bounds = move_bounds(books, taker.market)
    while taker.left:
        best = best_of_all(books, taker.market, taker.side)
        if best is None:
            return taker, gained, "empty"
        if not agrees(taker.side, best.price, bound):
            return taker, gained, "price"
        if lapsed(books, best):
            close(books, best, "expired")
            continue
        if one_party(books, best.owner, taker.owner):
            goes_on = keep_apart(books, taker, best)
            taker = books.orders[taker.name]
            if not goes_on:
                return taker, gained, "self_trade"
            continue
        if bounds is not None and not bounds[0] <= best.price <= bounds[1]:
            halt = books.markets[taker.market].halt
            open_auction(books, taker.market, books.now + halt)
            return taker, gained, "halted"
        units, cap = within_caps(books.markets[taker.market], taker, best.price)
        if not units:
            return taker, gained, cap
        taker, kept = trade(books, best, taker, min(units, best.left))
        gained += kept
    return taker, gained, "filled"


def keep_apart(books: Books, taker: Order, maker: Order) -> bool:
    """Do as the newer of two orders of one party says; answers whether it goes on."""
    mode = taker.prevention
    if mode == "decrement":
        units = min(taker.left, maker.left)
        maker = change(books, maker, maker.price, maker.quantity - units)
        taker = change(books, taker, taker.price, taker.quantity - units)
        if not maker.left:
            close(books, maker, "self_trade")
        return taker.left > 0
    if mode in ("cancel_oldest", "cancel_both"):
        close(books, maker, "self_trade")
    return mode == "cancel_oldest"


def within_caps(market: Market, taker: Order, price: int) -> tuple[int, str]:
    """The most Units at this price that the order's caps allow, tried one by one."""
    units, cap = taker.left, "average_price"
    while units and taker.most_average and breaks_average(taker, price, units):
        units -= 1
    while units and taker.most_spend and breaks_spend(market, taker, price, units):
        units, cap = units - 1, "spend_limit"
    return units, cap


def breaks_average(taker: Order, price: int, units: int) -> bool:
    spent = taker.spent + price * units
    allowed = (taker.most_average or 0) * (taker.quantity - taker.left + units)
    return spent > allowed if taker.side == "buy" else spent < allowed


def breaks_spend(market: Market, taker: Order, price: int, units: int) -> bool:
    fee = fee_of(price * units, rate_of(market, taker, is_maker=False))
    return taker.spent + taker.fees + price * units + fee > (taker.most_spend or 0)


def rate_of(market: Market, order: Order, *, is_maker: bool) -> int:
    rates = order.rates or (market.terms.maker_fee_bps, market.terms.taker_fee_bps)
    return rates[0] if is_maker else rates[1]


# ---- one trade ---------------------------------------------------------------------------------


def trade(
    books: Books, maker: Order, taker: Order, units: int, at: int | None = None
) -> tuple[Order, int]:
    """One trade at the price that waited, or at an auction's, in which both have waited.

    Answers the taker after it, and the Units it gained.
    """
    buyer, seller = (taker, maker) if taker.side == "buy" else (maker, taker)
    market, price = books.markets[taker.market], maker.price if at is None else at
    both = at is not None
    buyer_fee = fee_of(price * units, rate_of(market, buyer, is_maker=both or buyer is maker))
    seller_bps = rate_of(market, seller, is_maker=both or seller is maker)
    seller_fee = fee_of(price * units, seller_bps)
    kin = affiliated(books, buyer.owner, seller.owner)
    name = books.next("trd")
    books.trades.append(
        (name, maker.name, taker.name, price, units, buyer_fee, seller_fee, seller.source, kin)
    )
    if not kin:
        books.markets[taker.market] = market._replace(last_price=price)
    waited = buyer.held > 0
    if waited:
        buyer = rehold_after(books, buyer, units)
    demand(
        waited or books.balance(buyer.owner, "available") >= price * units + buyer_fee,
        "INSUFFICIENT_FUNDS",
    )
    books.pay("trade", (buyer.owner, "available"), (HOUSE, "fees"), buyer_fee)
    sale = (seller, buyer.owner, name, price, units, seller_bps, kin)
    if seller.source == "issuance":
        parcels.first_sale(books, *sale)
        kept, seller_fee = units, 0
    else:
        kept = parcels.resale(books, *sale)
    note_dealings(books, buyer.owner, seller, (units, kept), price, (buyer_fee, seller_fee))
    filled_buyer = fill(books, buyer, price, units, buyer_fee)
    filled_seller = fill(books, seller, price, units, seller_fee)
    if buyer.age and buyer.transfers and kept:
        auto_transfer(books, buyer.owner, market.instrument, kept)
    return (filled_buyer, kept) if taker.side == "buy" else (filled_seller, 0)


def note_dealings(
    books: Books,
    buyer: str,
    seller: Order,
    units: tuple[int, int],
    price: int,
    fees: tuple[int, int],
) -> None:
    """Write down what buyer and seller gained and gave, of `units` how many were sold and kept."""
    sold, kept = units
    instrument = books.markets[seller.market].instrument
    how = "issued" if seller.source == "issuance" else "resold"
    books.dealings += [
        (how, seller.owner, instrument, sold, price * sold, fees[1]),
        ("bought", buyer, instrument, kept, price * kept, fees[0]),
        ("bought_back", buyer, instrument, sold - kept, price * (sold - kept), 0),
    ]


def rehold_after(books: Books, buyer: Order, units: int) -> Order:
    """A buy that waited pays from what it held: what it need hold no longer is set free first."""
    held = hold_of(buyer, buyer.price, buyer.left - units)
    books.pay("trade", (buyer.owner, "held"), (buyer.owner, "available"), buyer.held - held)
    return buyer._replace(held=held)


def fill(books: Books, order: Order, price: int, units: int, fee: int) -> Order:
    """An order's side of a trade; what is filled whole closes."""
    order = order._replace(
        left=order.left - units, spent=order.spent + price * units, fees=order.fees + fee
    )
    if order.left:
        books.orders[order.name] = order
    else:
        del books.orders[order.name]
        books.closed[order.name] = (order.owner, "filled")
    return order
