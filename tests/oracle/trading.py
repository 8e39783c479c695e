"""Orders as members ask for them: what they must look like, and what becomes of them.

What they hold is in `orders`, and whom they meet in `matching`.
"""

from typing import Any

from tests.oracle import parcels
from tests.oracle.books import Books, Market, Order, Refused, Undone, demand, refuse
from tests.oracle.matching import AT_ONCE, trade_on
from tests.oracle.orders import active, agrees, change, close, first_in_line, rest

# ---- terms ---------------------------------------------------------------------------------------


def trading_market(books: Books, name: str) -> Market:
    market = books.markets.get(name)
    if market is None:
        refuse("MARKET_NOT_FOUND")
    demand(market.state == "open", "MARKET_NOT_OPEN")
    demand(books.now < market.next_sweep, "MARKET_SWEEPING")
    demand(books.now < market.next_sweep - market.before_sweep, "MARKET_NOT_OPEN")
    return market


def ordering_market(books: Books, name: str) -> Market:
    """A market that takes orders, if only to collect them."""
    market = books.markets.get(name)
    if market is None or not market.auction:
        return trading_market(books, name)
    demand(books.now < market.ends, "MARKET_NOT_OPEN")
    return market


def check_terms(books: Books, market: Market, ask: Any) -> None:
    """The fields of an order, each by itself and together."""
    limit, buys, lasts = ask.type == "limit", ask.side == "buy", ask.time_in_force
    demand(limit or not ask.post_only, "ORDER_TERMS_INVALID")
    demand(limit or lasts not in ("gtd", "gts"), "ORDER_TERMS_INVALID")
    demand(not limit or ask.price_micros is not None, "ORDER_TERMS_INVALID")
    if ask.price_micros is not None:
        check_price(books, market, ask.price_micros)
    check_quantity(market, ask.quantity_units)
    caps = [cap for cap in (ask.max_average_price_micros, ask.max_spend_micros) if cap is not None]
    demand(not caps or not limit, "ORDER_TERMS_INVALID")
    demand(all(cap > 0 for cap in caps), "ORDER_TERMS_INVALID")
    demand(ask.max_spend_micros is None or buys, "ORDER_TERMS_INVALID")
    demand((lasts == "gtd") == (ask.expires_at_us is not None), "ORDER_TERMS_INVALID")
    demand(ask.expires_at_us is None or ask.expires_at_us > books.now, "ORDER_TERMS_INVALID")
    demand(ask.post_only or ask.post_only_mode != "slide", "ORDER_TERMS_INVALID")
    demand(not ask.post_only or lasts not in AT_ONCE, "ORDER_TERMS_INVALID")
    demand(not buys or ask.source == "trading", "ORDER_TERMS_INVALID")
    demand(buys or not ask.auto_transfer, "ORDER_TERMS_INVALID")
    slippage = ask.max_slippage_bps
    demand(slippage is None or 0 <= slippage <= 10_000, "ORDER_TERMS_INVALID")


def check_price(books: Books, market: Market, price: int) -> None:
    demand(0 < price <= market.terms.price_micros_max, "PRICE_OUT_OF_RANGE")
    demand(price % market.terms.tick_micros == 0, "PRICE_OFF_TICK")
    band, last = books.figure("price_band_bps"), market.last_price
    if band and last:
        demand(abs(price - last) <= last * band // 10_000, "PRICE_OUT_OF_BAND")


def check_quantity(market: Market, quantity: int) -> None:
    terms = market.terms
    demand(
        terms.quantity_units_min <= quantity <= terms.quantity_units_max, "QUANTITY_OUT_OF_RANGE"
    )
    demand(quantity % terms.quantity_units_step == 0, "QUANTITY_OUT_OF_RANGE")


# ---- the three commands --------------------------------------------------------------------------


def place(books: Books, ask: Any) -> Order:
    """Enter an order; with `validate_only` tell what would come of it."""
    active(books, ask.member_id, "trader")
    market = ordering_market(books, ask.market_id)
    check_terms(books, market, ask)
    may_wait = ask.type == "limit" and ask.time_in_force not in AT_ONCE
    demand(may_wait or not market.auction, "MARKET_NOT_OPEN")
    order = enter(books, order_of(books, ask), ask.max_slippage_bps)
    if ask.validate_only:
        raise Undone(order)
    return order


def order_of(books: Books, ask: Any) -> Order:
    """The order that a command asks for, with the rates that hold for it from now on."""
    member, terms = books.members[ask.member_id], books.markets[ask.market_id].terms
    usual = (terms.maker_fee_bps, terms.taker_fee_bps)
    mode, *figures = books.tiers.get(member.tier, ("", 0, 0))
    rates = {"rates": tuple(figures), "": None}.get(
        mode,
        tuple(rate * (10_000 - off) // 10_000 for rate, off in zip(usual, figures, strict=True)),
    )
    wants = member.transfers if ask.auto_transfer is None else ask.auto_transfer
    at_market = ask.type == "market" and ask.time_in_force == "gtc"
    return Order(
        name=books.next("ord"),
        owner=ask.member_id,
        market=ask.market_id,
        side=ask.side,
        kind=ask.type,
        lasts="ioc" if at_market else ask.time_in_force,
        price=ask.price_micros or 0,
        quantity=ask.quantity_units,
        left=ask.quantity_units,
        source=ask.source,
        age=0,
        worst_bps=max(rates or usual),
        rates=rates,  # type: ignore[arg-type]
        transfers=ask.side == "buy" and (member.mode == "auto" or wants),
        prevention=ask.self_trade_prevention or member.prevention,
        tag=ask.tag,
        expires=ask.expires_at_us,
        post_only=ask.post_only,
        slides=ask.post_only_mode == "slide",
        most_average=ask.max_average_price_micros,
        most_spend=ask.max_spend_micros,
    )


def enter(books: Books, order: Order, slippage: int | None = None) -> Order:
    """Accept an order: it trades at once, and what is left of it rests or closes."""
    collects = books.markets[order.market].auction
    best = None if collects else first_in_line(books, order)
    meets = best is not None and agrees(order.side, best.price, order.price)
    if meets and order.post_only:
        order, meets = order._replace(price=price_behind(books, order, best.price)), False
    rests = not meets and order.lasts not in AT_ONCE
    if order.side == "sell":
        parcels.bind(books, order, order.left)
    books.orders[order.name] = order
    if rests:
        return rest(books, order)
    bound = order.price
    if slippage is not None and best is not None:
        bound = worst_price(order, best.price, slippage)
    return trade_on(books, order, bound)


def worst_price(order: Order, best: int, slippage: int) -> int:
    if order.side == "buy":
        reach = best * (10_000 + slippage) // 10_000
        return min(order.price or reach, reach)
    return max(order.price, -(-best * (10_000 - slippage) // 10_000), 1)


def price_behind(books: Books, order: Order, best: int) -> int:
    """Where a post-only order that would trade may rest."""
    market = books.markets[order.market]
    price = best + market.terms.tick_micros * (-1 if order.side == "buy" else 1)
    possible = order.slides and 0 < price <= market.terms.price_micros_max
    demand(possible, "POST_ONLY_WOULD_CROSS")
    check_price(books, market, price)
    return price


def amend(books: Books, ask: Any) -> Order:
    """Another price or quantity; only less of the same price keeps its place."""
    active(books, ask.member_id, "trader")
    order = own_order(books, ask)
    market = ordering_market(books, order.market)
    demand(ask.price_micros is not None or ask.quantity_units is not None, "ORDER_TERMS_INVALID")
    filled = order.quantity - order.left
    quantity = order.quantity if ask.quantity_units is None else ask.quantity_units
    price = order.price if ask.price_micros is None else ask.price_micros
    demand(ask.quantity_units is None or quantity > filled, "QUANTITY_OUT_OF_RANGE")
    if price != order.price:
        check_price(books, market, price)
    if quantity != order.quantity:
        check_quantity(market, quantity)
    if (price, quantity) == (order.price, order.quantity):
        return order
    if price == order.price and quantity < order.quantity:
        return change(books, order, price, quantity)
    if market.auction:
        return rest(books, change(books, order._replace(age=0), price, quantity))
    best = first_in_line(books, order)
    if order.post_only and best is not None and agrees(order.side, best.price, price):
        price = price_behind(books, order, best.price)
    order = change(books, order._replace(age=0), price, quantity)
    return trade_on(books, order, price)


def cancel(books: Books, ask: Any) -> Order:
    return close(books, own_order(books, ask), "cancelled")


def own_order(books: Books, ask: Any) -> Order:
    order = books.orders.get(ask.order_id)
    if order is not None and order.owner == ask.member_id:
        return order
    owner, _ = books.closed.get(ask.order_id, ("", ""))
    return refuse("ORDER_CLOSED" if owner == ask.member_id else "ORDER_NOT_FOUND")


def cancel_matching(books: Books, member: str, market: str, tag: str) -> list[str]:
    """Cancel a member's orders, those of one market or tag where these are given."""
    names = [
        name
        for name, order in sorted(books.orders.items())
        if order.owner == member and market in ("", order.market) and tag in ("", order.tag)
    ]
    for name in names:
        close(books, books.orders[name], "cancelled")
    return names


def batch(books: Books, items: Any, *, all_or_none: bool) -> list[Any]:
    """Orders in turn, each on trial; the first refusal ends a batch that is all or none."""
    rules = {"PlaceOrder": place, "AmendOrder": amend, "CancelOrder": cancel}
    answers: list[Any] = []
    for item in items:
        rule = rules[type(item).__name__]
        answer = books.attempt(lambda rule=rule, item=item: rule(books, item))
        answers.append(answer.reason if isinstance(answer, Refused) else answer)
        if all_or_none and isinstance(answer, Refused):
            undone: list[Any] = ["BATCH_UNDONE"] * len(items)
            undone[len(answers) - 1] = answer.reason
            raise Undone(undone)
    return answers


def quotes(books: Books, ask: Any) -> list[Any]:
    """Other quotes in place of all with the tag."""
    demand(ask.market_id in books.markets, "MARKET_NOT_FOUND")
    if ask.quotes:
        active(books, ask.member_id, "trader")
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    cancel_matching(books, ask.member_id, ask.market_id, ask.tag)
    return batch(books, ask.quotes, all_or_none=True)
