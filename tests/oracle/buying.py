"""Accounts that buy by themselves: what a call lacks, and ahead of need, under their ceilings.

A purchase is a market order like any other; what calls draw is in `lots`.
"""

from types import SimpleNamespace

from tests.oracle import lots
from tests.oracle.books import DAY, UNIT, Books, Refused, demand, refuse
from tests.oracle.trading import enter, order_of, trading_market


def provide(
    books: Books, owner: str, instrument: str, missing: int, most_price: int | None
) -> tuple[int, int]:
    """Bring tokens into a Lot: free Units first, then bought ones; answers Units and money."""
    wanted = -(-missing // UNIT)
    free = books.balance(owner, "trading", instrument) // UNIT
    bought = (0, 0)
    if free < wanted:
        bought = buy_size(books, owner, instrument, wanted - free, most_price)
    moved = min(lots.units_for_a_lot(books, owner, instrument), max(wanted, bought[0]))
    if moved:
        lots.mint(books, owner, instrument, moved, "auto_buy")
    return bought


def top_up(books: Books, owner: str, instrument: str) -> None:
    """Buy ahead of need where that can be done; where not, nothing happens."""
    member = books.members[owner]
    there = books.balance(owner, "lots", instrument)
    if member.mode == "auto" and there < member.threshold:
        books.attempt(lambda: provide(books, owner, instrument, member.size * UNIT, None))


def buy_size(
    books: Books, owner: str, instrument: str, needed: int, most_price: int | None
) -> tuple[int, int]:
    """Buy the member's size, or only the need where the day's ceiling allows no more."""
    member = books.members[owner]
    market = next(name for name, each in books.markets.items() if each.instrument == instrument)
    trading_market(books, market)
    if member.size <= needed or not member.day_ceiling:
        return buy(books, owner, market, needed, max(needed, member.size), most_price)
    answer: tuple[int, int] | Refused = books.attempt(
        lambda: buy(books, owner, market, needed, member.size, most_price)
    )
    if not isinstance(answer, Refused):
        return answer
    if answer.reason != "SPEND_LIMIT_REACHED":
        raise answer
    return buy(books, owner, market, needed, needed, most_price)


def buy(
    books: Books, owner: str, market: str, needed: int, wanted: int, most_price: int | None
) -> tuple[int, int]:
    """Buy at market, never above the ceilings; answers Units and money, fees included."""
    member = books.members[owner]
    demand(member.ceiling, "ABOVE_CEILING")
    ask = SimpleNamespace(
        member_id=owner,
        market_id=market,
        side="buy",
        type="market",
        time_in_force="ioc",
        quantity_units=wanted,
        price_micros=min(member.ceiling, most_price or member.ceiling),
        source="trading",
        auto_transfer=None,
        self_trade_prevention="cancel_oldest",
        tag="auto_buy",
        expires_at_us=None,
        post_only=False,
        post_only_mode="reject",
        max_average_price_micros=None,
        max_spend_micros=None,
    )
    order = enter(books, order_of(books, ask)._replace(transfers=False))
    units, money = order.quantity - order.left, order.spent + order.fees
    if units < needed:
        above = books.closed[order.name][1] == "max_slippage"
        refuse("ABOVE_CEILING" if above else "NO_LIQUIDITY")
    today = books.now // DAY
    day, spent = books.spent_today.get(owner, (today, 0))
    spent = money + (spent if day == today else 0)
    demand(not member.day_ceiling or spent <= member.day_ceiling, "SPEND_LIMIT_REACHED")
    books.spent_today[owner] = (today, spent)
    return units, money
